package graph_test

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
)

// A spiking network that learns to tell two patterns apart, by plain gradient descent.
func Example() {
	params := graph.NewParams(1)
	prog, err := graph.Build(params, graph.Settings{DType: tensor.Float64}, func(b *graph.Builder) {
		x, class := b.Input("x", 10, 2, 4), b.Input("class", 2)
		i := models.Linear{Out: 8, Init: models.FanIn(0.5, 1)}.Apply(b, "w_in", x)
		h := models.LIF{}.Apply(b, "hidden", i)
		o := models.Linear{Out: 2}.Apply(b, "w_out", h.Spikes)
		y := models.LI{}.Apply(b, "out", o).Vmem
		b.Loss(b.Check(ops.SoftmaxCrossEntropy(b.Check(ops.MaxOverTime(y)), class)))
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer prog.Close()

	x := make([]float64, 10*2*4) // sample 0 drives channels 0 and 1, sample 1 the others
	for t := range 10 {
		for sample := range 2 {
			for c := range 2 {
				x[(t*2+sample)*4+sample*2+c] = 1
			}
		}
	}
	for name, data := range map[string][]float64{"x": x, "class": {0, 1}} {
		if err := prog.Set(name, data); err != nil {
			fmt.Println(err)
			return
		}
	}
	var first, last float64
	for step := range 50 {
		if err := prog.Run(); err != nil {
			fmt.Println(err)
			return
		}
		last = prog.Loss()
		if step == 0 {
			first = last
		}
		for _, name := range prog.Report().Trained {
			w := params.Value(name).Float64s()
			for i, g := range prog.Grad(name).Float64s() {
				w[i] -= 0.2 * g
			}
		}
	}
	fmt.Println("the loss fell tenfold:", last < first/10)
	// Output: the loss fell tenfold: true
}
