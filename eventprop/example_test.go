package eventprop_test

import (
	"fmt"

	"github.com/surge-snn/surge/eventprop"
)

// A neuron gets one input spike; the gradient says how its spike moves with the weight and with the
// time of the input.
func Example() {
	layer := eventprop.Layer{In: eventprop.NewDense(1, 1)}
	layer.In.Weight[0] = 6
	input := []eventprop.Spike{{Time: 1e-3, Neuron: 0}}

	var tape eventprop.Tape
	if err := tape.Forward(&layer, input, 6e-3); err != nil {
		fmt.Println(err)
		return
	}
	var c eventprop.Cotangent
	c.Reset(&tape)
	loss, err := c.Add(&tape, eventprop.First{}, eventprop.Linear{Weight: []float64{1}}, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	g := layer.NewGradients()
	if err := tape.Backward(g, &c); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("spike at %.4f ms\n", 1e3*loss)
	fmt.Printf("dt/dw = %.4f ms, dt/dt_in = %.4f, dt/dVTh = %.4f ms\n", 1e3*g.In[0], tape.InputTime[0], 1e3*g.VTh[0])
	// Output:
	// spike at 3.3740 ms
	// dt/dw = -0.6100 ms, dt/dt_in = 1.0000, dt/dVTh = 3.6603 ms
}
