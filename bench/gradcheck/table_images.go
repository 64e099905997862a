package gradcheck

import (
	"math"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/surrogate"
)

// imageCases are the layers of images: kernels that overlap, leave places out, or reach beyond the
// image; few events and many.
func imageCases() []Case {
	in := models.Image{Channels: 4, Height: 4, Width: 3}
	window := func(k, s, p, d int) models.Window {
		return models.Window{Kernel: [2]int{k, k - 1}, Stride: [2]int{s, 1}, Padding: [2]int{p, 0}, Dilation: [2]int{1, d}}
	}
	few := make([]float64, 3*2*in.Size())
	for i := 0; i < len(few); i += 17 {
		few[i] = 1 + 0.1*float64(i%5)
	}
	conv := func(name string, c models.Conv, init graph.Init) Case {
		return Case{Name: "models.Conv/" + name, Covers: []string{"models.Conv"}, Model: func(b *graph.Builder) {
			probe(b, c.Apply(b, "w", b.Param("x", init, 3, 2, c.In.Size())))
		}}
	}
	pool := func(name string, p models.Pool) Case {
		return Case{Name: "models.Pool/" + name, Covers: []string{"models.Pool"}, Model: func(b *graph.Builder) {
			probe(b, p.Apply(b, "p", b.Param("x", models.Normal(0, 1), 3, 2, p.In.Size())))
		}}
	}
	soft := surrogate.FastSigmoid{Sharpness: 2}
	return []Case{
		conv("plain", models.Conv{In: in, Out: 3, Window: window(3, 1, 0, 1)}, models.Normal(0, 1)),
		conv("stride, padding, bias", models.Conv{In: in, Out: 3, Window: window(3, 2, 1, 1), Bias: true}, models.Normal(0, 1)),
		conv("groups, dilation, events", models.Conv{In: in, Out: 6, Window: window(2, 1, 1, 2), Groups: 2, Bias: true}, numbers(few...)),
		conv("same size", models.Conv{In: in, Out: 2, Window: models.Window{Kernel: [2]int{2, 3}, Same: true}, Groups: 2}, models.Normal(0, 1)),
		conv("one dimension", models.Conv{In: models.Image{Channels: 2, Height: 1, Width: 7}, Out: 3, Window: models.Window{Kernel: [2]int{1, 3}, Stride: [2]int{1, 2}}, Bias: true}, models.Normal(0, 1)),
		pool("sum", models.Pool{In: in, Window: models.Window{Kernel: [2]int{2, 2}}}),
		pool("average, overlap", models.Pool{In: in, Window: window(3, 1, 1, 1), Average: true}),
		{
			Name: "network of images", Covers: []string{"models.Conv", "models.Pool", "models.BatchNorm", "models.Flatten"},
			Model: func(b *graph.Builder) {
				x := models.Flatten(b, b.Param("x", current, 3, 2, 1, 6, 6))
				c := models.Conv{In: models.Image{Channels: 1, Height: 6, Width: 6}, Out: 4, Window: models.Window{Kernel: [2]int{3, 3}, Padding: [2]int{1, 1}}, Init: models.FanIn(1, 2)}
				h := models.LIF{Surrogate: soft}.Apply(b, "h", models.BatchNorm{Channels: 4}.Apply(b, "bn", c.Apply(b, "c", x)))
				p := models.Pool{In: models.Image{Channels: 4, Height: 6, Width: 6}, Window: models.Window{Kernel: [2]int{2, 2}}}
				d := models.Conv{In: models.Image{Channels: 4, Height: 3, Width: 3}, Out: 3, Window: models.Window{Kernel: [2]int{2, 2}}, Bias: true, Init: models.FanIn(1, 2)}
				g := models.LIF{TauSyn: models.Learned(4e-3), Surrogate: soft}.Apply(b, "g", d.Apply(b, "d", p.Apply(b, "p", h.Spikes)))
				q := models.Pool{In: models.Image{Channels: 3, Height: 2, Width: 2}, Window: models.Window{Kernel: [2]int{2, 2}}, Average: true}
				y := models.LI{}.Apply(b, "out", models.Linear{Out: 3}.Apply(b, "w", q.Apply(b, "q", g.Spikes)))
				b.Output("h", h.Spikes)
				b.Output("g", g.Spikes)
				probe(b, y.Vmem)
			},
		},
		{
			Name: "ops.Take", Covers: []string{"ops.Take"},
			Model: func(b *graph.Builder) {
				x := b.Param("x", models.Normal(0, 1), 2, 3)
				probe(b, b.Check(ops.Take(x, []int32{5, -1, 0, 5, 3, 3}, 3, 2)), b.Check(ops.Take(x, []int32{5, 1, 0}, 3)))
			},
			Value: func(value func(string) []float64) ([]int, []float64) {
				x := value("x")
				return []int{3, 2}, []float64{x[5], 0, x[0], x[5], x[3], x[3]}
			},
		},
		{
			Name: "models.BatchNorm/channels", Covers: []string{"models.BatchNorm"},
			Model: func(b *graph.Builder) {
				probe(b, models.BatchNorm{Channels: 2}.Apply(b, "n", b.Param("x", models.Normal(1, 2), 3, 2, 6)))
			},
			Value: func(value func(string) []float64) ([]int, []float64) {
				x := value("x")
				y := make([]float64, len(x))
				for c := range 2 {
					mean, squares, m := 0.0, 0.0, 18.0
					each := func(f func(i int)) {
						for i := range x {
							if i%6/3 == c {
								f(i)
							}
						}
					}
					each(func(i int) { mean += x[i] / m })
					each(func(i int) { squares += (x[i] - mean) * (x[i] - mean) / m })
					each(func(i int) { y[i] = (x[i] - mean) / math.Sqrt(squares+1e-5) })
				}
				return []int{3, 2, 6}, y
			},
		},
	}
}
