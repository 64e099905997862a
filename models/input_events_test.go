package models

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/ops"
)

// TestInputsThatStay: a program whose input is set or left as it is, with runs that fail in
// between, has the bits of one that lists its input in every run, because somebody holds the array;
// with few and many numbers that are not zero, whole and in pieces.
func TestInputsThatStay(t *testing.T) {
	const steps, batch, n = 6, 3, 20
	for _, checkpoint := range []int{0, 4, 6} {
		t.Run(fmt.Sprint(checkpoint), func(t *testing.T) {
			params := graph.NewParams(1)
			build := func() *graph.Program {
				p, err := graph.Build(params, graph.Settings{DType: tensor.Float32, Checkpoint: checkpoint}, func(b *graph.Builder) {
					x := b.Input("x", steps, batch, n)
					h := LIF{VTh: Fixed(0.3)}.Apply(b, "hidden", Linear{Out: 70}.Apply(b, "w", x))
					y := LI{}.Apply(b, "out", Linear{Out: 3}.Apply(b, "out/w", h.Spikes))
					z := Linear{Out: 3}.Apply(b, "direct", x)
					sum := b.Check(ops.SumOverTime(y.Vmem))
					b.Output("y", sum)
					b.Loss(b.Check(ops.MSE(sum, b.Check(ops.SumOverTime(z)))))
				})
				if err != nil {
					t.Fatal(err)
				}
				return p
			}
			kept, anew := build(), build()
			array := anew.Input("x").Float32s()
			rng := rand.New(rand.NewPCG(1, 1))
			x := make([]float32, steps*batch*n)
			for run := range 60 {
				switch rng.IntN(4) {
				case 0: // the input stays
				case 1:
					share, ones := rng.Float64(), rng.IntN(2) == 0
					for i := range x {
						switch x[i] = 0; {
						case rng.Float64() > share*share:
						case ones:
							x[i] = 1
						default:
							x[i] = rng.Float32()
						}
					}
					copy(array, x)
					if err := kept.Set("x", x); err != nil {
						t.Fatal(err)
					}
				case 2: // weights do not
					for i, w := range params.Value("w").Float32s() {
						params.Value("w").Float32s()[i] = w + rng.Float32()/10
					}
				case 3:
					w := params.Value("direct").Float32s()
					before := slices.Clone(w)
					for i := range w {
						w[i] = 3e38
					}
					_ = kept.Run() // whatever comes of it
					copy(w, before)
				}
				for _, p := range []*graph.Program{kept, anew} {
					if err := p.Run(); err != nil {
						t.Fatal(err)
					}
				}
				if got, want := kept.Output("y").Float32s(), anew.Output("y").Float32s(); !slices.Equal(got, want) {
					t.Fatalf("run %d: output %v, want %v", run, got, want)
				}
				for _, name := range []string{"w", "out/w", "direct"} {
					if got, want := kept.Grad(name).Float32s(), anew.Grad(name).Float32s(); !slices.Equal(got, want) {
						t.Fatalf("run %d: another gradient of %s", run, name)
					}
				}
			}
		})
	}
}
