package dynapse_test

import (
	"fmt"

	"github.com/surge-snn/surge/models/dynapse"
)

// A neuron at its defaults receives a spike every 20 ms for half a second. Which currents would
// change the number of its spikes, and in which direction?
func ExampleNetwork() {
	n := dynapse.Network{N: 1, Settings: dynapse.Settings{Rule: dynapse.SurgeS}}
	input := make([]float64, 500)
	for t := 0; t < len(input); t += 20 {
		input[t] = 1
	}
	run, err := n.Simulate(dynapse.Input{T: 500, B: 1, Counts: input})
	if err != nil {
		panic(err)
	}
	count := 0.0
	one := make([]float64, len(input)) // the derivative of the number of spikes
	for t, s := range run.Spikes {
		count += s
		one[t] = 1
	}
	g, err := run.Gradient(dynapse.Cotangents{Records: dynapse.Records{Spikes: one}})
	if err != nil {
		panic(err)
	}
	fmt.Println(count, "spikes")
	for _, p := range []dynapse.Param{dynapse.IgainMem, dynapse.ItauMem, dynapse.IwAHP} {
		fmt.Printf("%v: %v, more spikes: %v\n", p, g.Effect(p), g.Log(p)[0] > 0)
	}
	// Output:
	// 14 spikes
	// Igain_mem: active, more spikes: true
	// Itau_mem: active, more spikes: false
	// Iw_ahp: inactive here, more spikes: false
}
