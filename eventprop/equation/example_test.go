package equation_test

import (
	"fmt"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/eventprop/equation"
)

// A neuron of one's own: a leaky integrator with a quadratic nonlinearity and a refractory time.
func Example() {
	model, err := equation.Parse(`
		dV/dt = (V*(V - v_c) + I)/tau_mem   # repelled above v_c
		dI/dt = -I/tau_syn
		threshold: V - v_th
		reset: V = 0
		hold: V for t_ref
		input: I = I + w`)
	if err != nil {
		fmt.Println(err)
		return
	}
	layer := equation.Layer{Model: model, In: eventprop.NewDense(1, 1), Params: map[string][]float64{
		"v_c": {0.5}, "tau_mem": {5e-3}, "tau_syn": {5e-3}, "v_th": {2}, "t_ref": {2e-3},
	}}
	layer.In.Weight[0] = 3
	var run equation.Run
	if err := run.Forward(&layer, []eventprop.Spike{{Time: 1e-3}}, 30e-3); err != nil {
		fmt.Println(err)
		return
	}
	time := make([]float64, len(run.Spikes))
	time[len(time)-1] = 1 // L is the time of the last spike
	g, err := run.Backward(time)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range run.Spikes {
		fmt.Printf("spike at %.4f ms\n", 1e3*s.Time)
	}
	fmt.Printf("of the last: dt/dw = %.4f ms, dt/dt_ref = %.4f\n", 1e3*g.In[0], g.Params["t_ref"][0])
	// Output:
	// spike at 4.4993 ms
	// spike at 19.0573 ms
	// of the last: dt/dw = -11.7799 ms, dt/dt_ref = 4.6501
}
