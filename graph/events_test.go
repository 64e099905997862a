package graph_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
)

// TestEventInput: lists give the bits of the array that has the same elements, in the outputs and
// all gradients; with layers that take lists and with an operation that takes none, whole and in
// pieces, by turns with arrays in one program.
func TestEventInput(t *testing.T) {
	const steps, batch, n = 7, 3, 5
	x := make([]float64, steps*batch*n)
	channels, values := make([][]int32, steps*batch), make([][]float32, steps*batch)
	for i := range channels {
		for c := range n {
			if (i*n+c)%3 == 0 || i%4 == 3 { // i%4 == 3: more than are listed of an array
				channels[i], x[i*n+c] = append(channels[i], int32(c)), 1
				if i%2 == 1 {
					values[i], x[i*n+c] = append(values[i], float32(c)-1.5), float64(c)-1.5
				}
			}
		}
	}
	for name, s := range map[string]graph.Settings{
		"float32": {}, "float64": {DType: tensor.Float64}, "pieces": {Checkpoint: 2}, "unrolled": {Engine: graph.UnrolledEngine},
	} {
		for _, dense := range []bool{false, true} {
			model := func(events bool) func(b *graph.Builder) {
				return func(b *graph.Builder) {
					in := b.Input
					if events {
						in = func(name string, s ...int) *G.Node { return b.EventInput(name, s[0], s[1], s[2]) }
					}
					x := in("x", steps, batch, n)
					if dense {
						x = b.Check(G.Square(x))
					}
					y := models.Linear{Out: 4, Bias: true}.Apply(b, "w", x)
					spikes := models.LIF{VTh: models.Fixed(0.3)}.Apply(b, "lif", y).Spikes
					rate := b.Check(ops.SumOverTime(spikes))
					b.Output("rate", rate)
					b.Loss(b.Check(G.Sum(b.Check(G.Square(rate)))))
				}
			}
			var runs [2]*graph.Program
			for i := range runs {
				p, err := graph.Build(graph.NewParams(3), s, model(i == 1))
				if err != nil {
					t.Fatal(name, err)
				}
				runs[i] = p
			}
			if err := runs[0].Set("x", x); err != nil {
				t.Fatal(err)
			}
			for turn := range 3 {
				var err error
				if turn == 1 {
					err = runs[1].Set("x", x)
				} else {
					err = runs[1].SetEvents("x", channels, values)
				}
				if err = errors.Join(err, runs[0].Run(), runs[1].Run()); err != nil {
					t.Fatal(name, err)
				}
				for _, what := range []string{"w", "w/bias", "rate"} {
					a, b := runs[0].Grad(what), runs[1].Grad(what)
					if what == "rate" {
						a, b = runs[0].Output(what), runs[1].Output(what)
					}
					if got, want := numbers(b), numbers(a); !slices.Equal(got, want) || slices.Max(want) == slices.Min(want) {
						t.Errorf("%s, dense %v, turn %d, %s: %v, want %v", name, dense, turn, what, got, want)
					}
				}
			}
		}
	}
}

func numbers(d *tensor.Dense) (x []float64) {
	if d.Dtype() == tensor.Float64 {
		return d.Float64s()
	}
	for _, v := range d.Float32s() {
		x = append(x, float64(v))
	}
	return x
}

func TestEventInputErrors(t *testing.T) {
	p, err := graph.Build(graph.NewParams(1), graph.Settings{}, func(b *graph.Builder) {
		b.Output("y", b.Check(G.Add(b.EventInput("x", 2, 1, 3), b.Input("z", 2, 1, 3))))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.SetEvents("x", [][]int32{{2}, {0, 1}}, nil); err != nil {
		t.Fatal(err)
	}
	nan := float32(math.NaN())
	for _, c := range []struct {
		name     string
		channels [][]int32
		values   [][]float32
		want     error
	}{
		{"z", [][]int32{{2}, {0, 1}}, nil, graph.ErrParam},
		{"none", [][]int32{{2}, {0, 1}}, nil, graph.ErrParam},
		{"x", [][]int32{{2}}, nil, ops.ErrShape},
		{"x", [][]int32{{2}, {3}}, nil, ops.ErrValue},
		{"x", [][]int32{{-1}, {0}}, nil, ops.ErrValue},
		{"x", [][]int32{{1, 1}, {0}}, nil, ops.ErrValue},
		{"x", [][]int32{{1, 2}, {0}}, [][]float32{{1}, nil}, ops.ErrShape},
		{"x", [][]int32{{1, 2}, {0}}, [][]float32{{1, 2}}, ops.ErrShape},
		{"x", [][]int32{{1, 2}, {0}}, [][]float32{{1, nan}, nil}, graph.ErrNotFinite},
	} {
		if err := p.SetEvents(c.name, c.channels, c.values); !errors.Is(err, c.want) {
			t.Errorf("%s, %v, %v: error %v, want %v", c.name, c.channels, c.values, err, c.want)
		}
	}
	if err := p.Run(); err != nil {
		t.Fatal(err)
	}
	if got := p.Output("y").Float32s(); !slices.Equal(got, []float32{0, 0, 1, 1, 1, 0}) {
		t.Errorf("%v after errors, want what was given before", got)
	}
}
