package fit_test

import (
	"context"
	"fmt"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/fit"
)

// A neuron with another leak and another synaptic gain than those of the default is driven by
// spikes every 20 ms, and its membrane current is recorded. Which currents does it have, and to
// which codes is the bias generator of the chip to be set?
func ExampleRun() {
	neuron := dynapse.Network{N: 1}
	neuron.Params[dynapse.ItauMem] = []float64{8e-12} // A
	neuron.Params[dynapse.IgainSyn] = []float64{3e-10}
	input := make([]float64, 300) // bins of 1 ms
	for t := 0; t < len(input); t += 20 {
		input[t] = 1
	}
	run, err := neuron.Simulate(dynapse.Input{T: len(input), B: 1, Counts: input})
	if err != nil {
		panic(err)
	}

	recording := fit.Recording{T: len(input), B: 1, Input: input}
	recording.Target[fit.Imem], recording.Use[fit.Imem] = run.Imem, true
	recording.Target[fit.Spikes], recording.Use[fit.Spikes] = run.Spikes, true
	res, err := fit.Run(context.Background(), fit.Experiment{
		Space: fit.Space{
			Network: dynapse.Network{N: 1}, // where the fit starts
			Params:  []dynapse.Param{dynapse.ItauMem, dynapse.IgainSyn},
		},
		Recordings: []fit.Recording{recording},
	}, fit.Settings{DAC: true, Starts: 1})
	if err != nil {
		panic(err)
	}
	for _, p := range res.Parameters {
		fmt.Printf("%s = %.3g A, determined: %v, coarse %d, fine %d\n",
			p.Name, p.Value, p.Verdict, p.Codes[0].Coarse, p.Codes[0].Fine)
	}
	// Output:
	// Itau_mem = 8e-12 A, determined: yes, coarse 0, fine 45
	// Igain_syn = 3e-10 A, determined: yes, coarse 1, fine 210
}
