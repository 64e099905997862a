package models_test

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
)

// One neuron integrates a constant current, V <- V exp(-1 ms/20 ms) + 0.3, spikes above its
// threshold 1, which is subtracted: at 1.115, and with what is left at 1.209 and 1.037. The
// gradient of the number of spikes is that of a surrogate.
func ExampleLIF() {
	params := graph.NewParams(1)
	prog, err := graph.Build(params, graph.Settings{DType: tensor.Float64, Dt: 1e-3}, func(b *graph.Builder) {
		x := b.Input("x", 12, 1, 1) // [T, B, N]
		s := models.LIF{TauMem: models.Learned(20e-3), VTh: models.Fixed(1)}.Apply(b, "neuron", x)
		b.Output("spikes", s.Spikes)
		b.Loss(b.Check(G.Sum(s.Spikes)))
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer prog.Close()
	current := make([]float64, 12)
	for t := range current {
		current[t] = 0.3
	}
	if err := prog.Set("x", current); err != nil {
		fmt.Println(err)
		return
	}
	if err := prog.Run(); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(prog.Output("spikes").Float64s())
	fmt.Println(prog.Report().Trained)
	// Output:
	// [0 0 0 1 0 0 0 1 0 0 1 0]
	// [neuron/log_tau_mem]
}
