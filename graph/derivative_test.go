package graph_test

// Derivatives and values of Gorgonia's that package graph replaces, and operations that it
// refuses. The rows of bench/gradcheck go through all of them; here are closed forms.

import (
	"math"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
)

// plainGradient is the gradient of the sum of f(x), at x, in plain Gorgonia.
func plainGradient(t *testing.T, f func(x *G.Node) (*G.Node, error), x []float64, shape ...int) []float64 {
	t.Helper()
	g := G.NewGraph()
	w := input(g, "x", slices.Clone(x), shape...)
	y := G.Must(f(w))
	if !y.IsScalar() {
		y = G.Must(G.Sum(y))
	}
	grads, err := G.Grad(y, w)
	if err != nil {
		return nil
	}
	m := G.NewTapeMachine(g)
	defer m.Close()
	if m.RunAll() != nil {
		return nil
	}
	d, _ := grads[0].Value().Data().([]float64)
	return d
}

func TestReplacedDerivatives(t *testing.T) {
	for name, c := range map[string]struct {
		f       func(x *G.Node) (*G.Node, error)
		x, want []float64
		shape   []int
	}{
		"Log2":        {G.Log2, []float64{2, 3}, []float64{1 / (2 * math.Ln2), 1 / (3 * math.Ln2)}, []int{2}},
		"InverseSqrt": {G.InverseSqrt, []float64{2, 4}, []float64{-0.5 * math.Pow(2, -1.5), -1. / 16}, []int{2}},
		"At":          {func(x *G.Node) (*G.Node, error) { return G.At(x, 1) }, []float64{5, 6, 7}, []float64{0, 1, 0}, []int{3}},
		"Max of ties": {func(x *G.Node) (*G.Node, error) { return G.Max(x, 1) }, []float64{1, 3, 3, 2, 2, 2}, []float64{0, 0.5, 0.5, 1. / 3, 1. / 3, 1. / 3}, []int{2, 3}},
		"outer product": {
			func(x *G.Node) (*G.Node, error) { return G.OuterProd(x, G.Must(G.Square(x))) },
			[]float64{1, 2, 3}, []float64{26, 38, 50}, []int{3}, // Σx² + 2x Σx
		},
		"mean over a middle axis": {
			func(x *G.Node) (*G.Node, error) { return G.Square(G.Must(G.Mean(x, 2))) },
			[]float64{1, 2, 3, 4, 5, 6, 7, 8}, []float64{2, 3, 2, 3, 6, 7, 6, 7}, []int{1, 2, 2, 2}, // the mean of two
		},
		"AveragePool2D": {
			func(x *G.Node) (*G.Node, error) {
				return G.AveragePool2D(x, tensor.Shape{2, 2}, []int{0, 0}, []int{2, 2})
			},
			make([]float64, 16), []float64{.25, .25, .25, .25, .25, .25, .25, .25, .25, .25, .25, .25, .25, .25, .25, .25}, []int{1, 1, 4, 4},
		},
	} {
		near := func(got []float64) bool {
			return slices.EqualFunc(got, c.want, func(a, b float64) bool { return math.Abs(a-b) <= 1e-15*math.Abs(b) })
		}
		if got := plainGradient(t, c.f, c.x, c.shape...); near(got) && name != "mean over a middle axis" {
			t.Errorf("%s: plain Gorgonia's gradient is right, %v", name, got)
		}
		p := build(t, func(b *graph.Builder) {
			y := b.Check(c.f(b.Param("x", fill(c.x...), c.shape...)))
			if !y.IsScalar() {
				y = b.Check(G.Sum(y))
			}
			b.Loss(y)
		})
		if got := p.Grad("x").Float64s(); !near(got) {
			t.Errorf("%s: gradient %v, want %v", name, got, c.want)
		}
	}
}

// TestEqualOperands: of two equal operands each gets half of the gradient.
func TestEqualOperands(t *testing.T) {
	for name, f := range map[string]func(a, b *G.Node) (*G.Node, error){"MinBetween": G.MinBetween, "MaxBetween": G.MaxBetween} {
		p := build(t, func(b *graph.Builder) {
			b.Loss(b.Check(G.Sum(b.Check(f(b.Param("x", fill(1, 2), 2), b.Param("y", fill(1, 2), 2))))))
		})
		for _, w := range []string{"x", "y"} {
			if got := p.Grad(w).Float64s(); !slices.Equal(got, []float64{0.5, 0.5}) {
				t.Errorf("%s: gradient of %s is %v, want halves", name, w, got)
			}
		}
	}
}

// TestRefused: what cannot be made right is an error that names it.
func TestRefused(t *testing.T) {
	vector := func(f func(x *G.Node) (*G.Node, error)) func(b *graph.Builder) {
		return func(b *graph.Builder) { b.Output("y", b.Check(f(b.Param("x", fill(1, 2, -3), 3)))) }
	}
	image := func(f func(x *G.Node) (*G.Node, error)) func(b *graph.Builder) {
		return func(b *graph.Builder) { b.Output("y", b.Check(f(b.Input("x", 1, 2, 4, 4)))) }
	}
	for want, model := range map[string]func(b *graph.Builder){
		"gorgonia.Dropout draws from global randomness": vector(func(x *G.Node) (*G.Node, error) { return G.Dropout(x, 0.5) }),
		"a random node of Gorgonia's": func(b *graph.Builder) {
			b.Output("y", b.Check(G.Square(G.GaussianRandomNode(b.Graph(), tensor.Float64, 0, 1, 3))))
		},
		"gorgonia.BatchNorm": image(func(x *G.Node) (*G.Node, error) {
			y, _, _, _, err := G.BatchNorm(x, nil, nil, 0.9, 1e-5)
			return y, err
		}),
		"gorgonia.LogSumExp": vector(func(x *G.Node) (*G.Node, error) { return G.LogSumExp(x, 0) }),
		"gorgonia.Norm of order 3": func(b *graph.Builder) {
			b.Output("y", b.Check(G.Norm(b.Param("x", fill(1, 2, -3), 1, 3), 1, 3)))
		},
		"gorgonia.Sparsemax":     vector(func(x *G.Node) (*G.Node, error) { return G.Sparsemax(x) }),
		"gorgonia.DiagFlat":      vector(G.DiagFlat),
		"gorgonia.AveragePool1D": image(func(x *G.Node) (*G.Node, error) { return G.AveragePool1D(x, 2, 0, 2) }),
		"padding of two sides": image(func(x *G.Node) (*G.Node, error) {
			return G.MaxPool2D(x, tensor.Shape{2, 2}, []int{1, 0, 0, 1}, []int{1, 1})
		}),
		"removed a node":         vector(func(x *G.Node) (*G.Node, error) { return G.BinaryXent(x, x) }),
		"none of the operations": vector(func(x *G.Node) (*G.Node, error) { return G.ApplyOp(G.Iop{}, x) }),
		"reads a value outside":  func(b *graph.Builder) { var v G.Value; x := b.Input("x", 1); G.Read(x, &v); b.Output("x", x) },
		"without gradient: \"x\"": func(b *graph.Builder) { // a whole number has no slope
			x := b.Param("x", fill(1.5, 2.5), 2)
			whole := b.Check(G.ConvType(b.Check(G.ConvType(x, tensor.Float64, tensor.Int)), tensor.Int, tensor.Float64))
			b.Loss(b.Check(G.Sum(whole)))
		},
	} {
		_, err := graph.Build(graph.NewParams(1), float64s, model)
		if err == nil {
			t.Errorf("no error that says %q", want)
			continue
		}
		wantError(t, err, err, want)
	}
}

// TestScalars: parameters, constants and inputs without axes.
func TestScalars(t *testing.T) {
	for _, m := range []graph.Machine{graph.OwnMachine, graph.TapeMachine} {
		for _, dt := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
			params := graph.NewParams(1)
			p, err := graph.Build(params, graph.Settings{DType: dt, Machine: m}, func(b *graph.Builder) {
				w := b.Param("w", fill(3))
				y := b.Check(G.HadamardProd(b.Const("k", []float64{1, 2, 4}, 3), w))
				y = b.Check(G.Add(b.Check(G.Sum(y)), b.Check(G.HadamardProd(b.Input("x"), b.Const("c", []float64{0.5})))))
				b.Output("w", w)
				b.Loss(y)
			})
			if err != nil {
				t.Fatal(err)
			}
			for run, x := range []float64{8, 2} {
				if err := p.Set("x", []float64{x}); err != nil {
					t.Fatal(err)
				}
				w := []float64{3, 5}[run]
				if err := params.Set("w", tensor.New(tensor.WithShape(), tensor.WithBacking(scalarOf(dt, w)))); err != nil {
					t.Fatal(err)
				}
				mustRun(t, p)
				if got := p.Loss(); got != 7*w+x/2 {
					t.Errorf("%v, %v: loss %v, want %v", m, dt, got, 7*w+x/2)
				}
				g := p.Grad("w")
				if g.Dims() != 0 || params.Value("w").Dims() != 0 {
					t.Errorf("gradient of shape %v for a parameter of %v", g.Shape(), params.Value("w").Shape())
				}
				if got := floats64(g); got[0] != 7 {
					t.Errorf("%v, %v: gradient %v, want 7", m, dt, got)
				}
			}
		}
	}
}

func scalarOf(dt tensor.Dtype, x float64) any {
	if dt == tensor.Float32 {
		return []float32{float32(x)}
	}
	return []float64{x}
}

func floats64(d *tensor.Dense) []float64 {
	if d.Dtype() == tensor.Float64 {
		return d.Float64s()
	}
	var x []float64
	for _, v := range d.Float32s() {
		x = append(x, float64(v))
	}
	return x
}
