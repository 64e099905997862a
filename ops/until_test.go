package ops_test

import (
	"errors"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/ops"
)

// TestUntil: three sequences of 1, 3 and 2 steps, by hand; 99 stands for what is beyond.
func TestUntil(t *testing.T) {
	x := []float64{1, -1, 2, -2, 3, -3 /**/, 99, 99, 5, -5, 1, -1 /**/, 99, 99, 4, 1, 99, 99}
	for name, c := range map[string]struct {
		f    func(x, length *G.Node) (*G.Node, error)
		want []float64
	}{
		"Sum":  {ops.SumUntil, []float64{1, -1, 11, -6, 4, -4}},
		"Mean": {ops.MeanUntil, []float64{1, -1, 11. / 3, -2, 2, -2}},
		"Max":  {ops.MaxUntil, []float64{1, -1, 5, 1, 3, -1}},
		"Last": {ops.LastUntil, []float64{1, -1, 4, 1, 1, -1}},
		"":     {ops.Until, []float64{1, -1, 2, -2, 3, -3, 0, 0, 5, -5, 1, -1, 0, 0, 4, 1, 0, 0}},
	} {
		s := graph.Settings{DType: tensor.Float64, NoGrad: true}
		prog, err := graph.Build(graph.NewParams(1), s, func(b *graph.Builder) {
			y := b.Check(c.f(b.Input("x", 3, 3, 2), b.Input("length", 3)))
			b.Output("y", y)
			b.Loss(b.Check(G.Sum(y)))
		})
		if err != nil {
			t.Fatal(name, err)
		}
		defer prog.Close()
		run := func(length ...float64) error {
			return errors.Join(prog.Set("x", x), prog.Set("length", length), prog.Run())
		}
		if err := run(1, 3, 2); err != nil {
			t.Fatal(name, err)
		}
		for i, v := range prog.Output("y").Float64s() {
			if v != c.want[i] {
				t.Errorf("%sUntil: %v, want %v", name, prog.Output("y").Float64s(), c.want)
				break
			}
		}
		for _, bad := range []float64{0, 4, 1.5, -1} {
			if err := run(1, 3, bad); !errors.Is(err, ops.ErrValue) {
				t.Errorf("%sUntil of %v steps: %v, want ErrValue", name, bad, err)
			}
		}
	}
}
