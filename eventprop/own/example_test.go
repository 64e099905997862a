package own_test

import (
	"fmt"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/eventprop/own"
)

// measured is a neuron whose leak current is a table of measured points, with lines between them:
//
//	tau_mem dV/dt = I - leak(V),  tau_syn dI/dt = -I
//
// It spikes at v_th, and is V = 0 after it. Arrivals add to the last state, I.
type measured struct{ current []float64 } // at V = 0, 1/4, 1/2, ...

func (m measured) leak(v float64) (current, slope float64) {
	k := min(max(int(4*v), 0), len(m.current)-2)
	slope = 4 * (m.current[k+1] - m.current[k])
	return m.current[k] + float64(slope*(v-float64(k)/4)), slope
}

func (measured) States() []string { return []string{"V", "I"} }
func (measured) Params() []string { return []string{"tau_mem", "tau_syn", "v_th"} }
func (m measured) Slope(dx, x, p []float64) {
	leak, _ := m.leak(x[0])
	dx[0], dx[1] = (x[1]-leak)/p[0], -x[1]/p[1]
}
func (m measured) PullSlope(ax, ap, a, x, p []float64) {
	leak, slope := m.leak(x[0])
	v, i := a[0]/p[0], a[1]/p[1]
	ax[0] -= v * slope
	ax[1] += v - i
	ap[0] -= v * (x[1] - leak) / p[0]
	ap[1] += i * x[1] / p[1]
}
func (measured) Threshold(x, p []float64) float64 { return x[0] - p[2] }
func (measured) PullThreshold(ax, ap []float64, a float64, _, _ []float64) {
	ax[0] += a
	ap[2] -= a
}
func (measured) Reset(x, _ []float64)           { x[0] = 0 }
func (measured) PullReset(a, _, _, _ []float64) { a[0] = 0 }

// A neuron with a measured current learns the weights of two inputs until its first spikes are at
// 4 and at 11 ms.
func Example() {
	layer := eventprop.Layer{In: eventprop.NewDense(2, 1), Neuron: own.Neurons{
		Cell:   measured{current: []float64{0, 0.2, 0.5, 0.6, 1.4}},
		Params: map[string][]float64{"tau_mem": {10e-3}, "tau_syn": {5e-3}, "v_th": {1}},
	}}
	copy(layer.In.Weight, []float64{5, 3.5})
	input := []eventprop.Spike{{Time: 1e-3, Neuron: 0}, {Time: 9e-3, Neuron: 1}}
	target := []float64{4e-3, 11e-3}
	var tape eventprop.Tape
	for range 400 {
		if err := tape.Forward(&layer, input, 30e-3); err != nil {
			fmt.Println(err)
			return
		}
		time := make([]float64, len(tape.Spikes))
		for k := range min(len(time), len(target)) {
			time[k] = tape.Spikes[k].Time - target[k] // dL/dt of L = sum (t - target)²/2
		}
		g := layer.NewWeightGradients()
		if err := tape.Backward(g, &eventprop.Cotangent{Time: time}); err != nil {
			fmt.Println(err)
			return
		}
		for k, d := range g.In {
			layer.In.Weight[k] -= 1e5 * d
		}
	}
	for _, s := range tape.Spikes {
		fmt.Printf("a spike at %.3f ms\n", 1e3*s.Time)
	}
	// Output:
	// a spike at 4.000 ms
	// a spike at 11.000 ms
}
