package gradcheck

import (
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/race"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/surrogate"
)

func TestTable(t *testing.T) {
	for _, c := range Table() {
		if race.Detector && c.Gorgonia {
			continue // hundreds of rows of one operation, without a kernel
		}
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			results, err := Run(c, 1)
			if err != nil {
				t.Fatal(err)
			}
			if len(results) == 0 {
				t.Error("nothing was checked")
			}
			for _, r := range results {
				if !r.Passed {
					t.Errorf("%s: error %.3g in %s, limit %.3g", r.Check, r.Error, r.Where, r.Limit)
				}
			}
		})
	}
}

// failed returns the checks of a case that did not pass.
func failed(t *testing.T, c Case) []string {
	t.Helper()
	results, err := Run(c, 1)
	if err != nil {
		t.Fatal(err)
	}
	var checks []string
	for _, r := range results {
		if !r.Passed {
			checks = append(checks, r.Check)
		}
	}
	return checks
}

// TestWrongGradientsFail makes sure that the checks can fail.
func TestWrongGradientsFail(t *testing.T) {
	kernelCase := func(k ops.Kernels) Case {
		return Case{Name: "wrong", Model: func(b *graph.Builder) {
			x, y := b.Param("x", models.Normal(0, 1), 2, 3), b.Param("y", models.Normal(0, 1), 2, 3)
			probe(b, b.CheckAll(ops.Apply(k, nil, x, y))...)
		}}
	}
	wrong := ops.Kernels{Float64: &almost{}}
	if got := failed(t, kernelCase(wrong)); !slices.Equal(got, []string{"twin/fused"}) {
		t.Errorf("a gradient that is off by 1e-5 fails %v, want twin/fused", got)
	}
	off := kernelCase(wrong)
	off.Inexact = "to be checked by its formula alone"
	off.Formula = func(value func(string) []float64) map[string][]float64 {
		return map[string][]float64{"x": make([]float64, 6), "y": make([]float64, 6)}
	}
	if got := failed(t, off); !slices.Equal(got, []string{"formula"}) {
		t.Errorf("a wrong formula fails %v, want formula", got)
	}
	missing := off
	missing.Formula = func(func(string) []float64) map[string][]float64 { return nil }
	if got := failed(t, missing); !slices.Equal(got, []string{"formula"}) {
		t.Errorf("a missing formula fails %v, want formula", got)
	}
	// The hard spike has another derivative than the surrogate says.
	hard := Case{Name: "hard", Model: func(b *graph.Builder) {
		probe(b, b.Check(ops.Spike(b.Param("x", models.Normal(0, 1), 2, 3), surrogate.ATan{})))
	}}
	if got := failed(t, hard); !slices.Equal(got, []string{"twin/fused"}) {
		t.Errorf("a spike that is not smooth on the twin fails %v, want twin/fused", got)
	}
	engines := Case{Name: "engines", Model: func(b *graph.Builder) {
		out, _ := b.Scan("c", twoFaced{}, []*G.Node{b.Param("x", models.Normal(0, 1), 2, 2, 3)}, nil)
		probe(b, out...)
	}}
	if got, want := failed(t, engines), []string{"engines", "float32", "engines/twin", "float32/twin", "twin/unrolled"}; !slices.Equal(got, want) {
		t.Errorf("engines that differ fail %v, want %v", got, want)
	}
	unreached := Case{Name: "unreached", Model: func(b *graph.Builder) {
		x := b.Param("x", models.Normal(0, 1), 3)
		probe(b, b.Check(ops.Affine(x, 0, 1)))
	}}
	if got := failed(t, unreached); !slices.Equal(got, []string{"twin/fused"}) {
		t.Errorf("a parameter with zero gradient fails %v, want twin/fused", got)
	}
}

// almost is polar with one derivative off by 1e-5.
type almost struct{ polar[float64] }

func (k *almost) Backward(in, out, gout, gin [][]float64) error {
	err := k.polar.Backward(in, out, gout, gin)
	gin[1][2] *= 1 + 1e-5
	return err
}

// twoFaced is a cell whose kernel computes something else than its step.
type twoFaced struct{}

func (twoFaced) Kind() string             { return "two-faced" }
func (twoFaced) State() []graph.StateSpec { return nil }
func (twoFaced) Outputs() []string        { return []string{"y"} }
func (twoFaced) Step(b *graph.Builder, x, _, _ []*G.Node) (out, next []*G.Node) {
	return []*G.Node{b.Check(ops.Affine(x[0], 1.001, 0))}, nil
}
func (twoFaced) Kernel(*graph.Builder) ops.Kernels {
	return ops.Kernels{Float32: &same[float32]{}, Float64: &same[float64]{}}
}

type same[T ops.Float] struct{}

func (same[T]) Name() string                                     { return "same" }
func (same[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) { return in, nil }
func (same[T]) Forward(in, out [][]T) error                      { copy(out[0], in[0]); return nil }
func (same[T]) Backward(_, _, gout, gin [][]T) error             { copy(gin[0], gout[0]); return nil }
