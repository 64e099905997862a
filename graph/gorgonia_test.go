package graph_test

// How Gorgonia fails without saying so, and what a program makes of it. Each test first
// shows the failure with plain Gorgonia; where that part fails, Gorgonia has changed.

import (
	"fmt"
	"hash"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
)

var float64s = graph.Settings{DType: tensor.Float64}

// input is a float64 input of plain Gorgonia; values nil means zeros.
func input(g *G.ExprGraph, name string, values []float64, shape ...int) *G.Node {
	if values == nil {
		values = make([]float64, tensor.Shape(shape).TotalSize())
	}
	v := tensor.New(tensor.WithShape(shape...), tensor.WithBacking(values))
	return G.NewTensor(g, tensor.Float64, len(shape), G.WithShape(shape...), G.WithName(name), G.WithValue(v))
}

// run runs a plain graph once on Gorgonia's tape machine.
func run(t *testing.T, g *G.ExprGraph) {
	t.Helper()
	m := G.NewTapeMachine(g)
	defer m.Close()
	if err := m.RunAll(); err != nil {
		t.Fatal(err)
	}
}

// build builds a float64 program and runs it once.
func build(t *testing.T, model func(b *graph.Builder)) *graph.Program {
	t.Helper()
	p, err := graph.Build(graph.NewParams(1), float64s, model)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(); err != nil {
		t.Fatal(err)
	}
	return p
}

func wantOutput(t *testing.T, p *graph.Program, name string, want ...float64) {
	t.Helper()
	if got := p.Output(name).Float64s(); !slices.Equal(got, want) {
		t.Errorf("output %q is %v, want %v", name, got, want)
	}
}

// fill initialises a parameter with numbers.
func fill(v ...float64) graph.Init {
	return func(dst []float64, _ []int, _ *rand.Rand) { copy(dst, v) }
}

// TestRegisterReuse: after a run node.Value() may be the value of another node.
func TestRegisterReuse(t *testing.T) {
	g := G.NewGraph()
	x := input(g, "x", []float64{1, 2, 3, 4}, 4)
	square := G.Must(G.Square(x))
	G.Must(G.Add(square, input(g, "ten", []float64{10, 10, 10, 10}, 4)))
	run(t, g)
	if got := square.Value().Data().([]float64); slices.Equal(got, []float64{1, 4, 9, 16}) {
		t.Errorf("plain Gorgonia: the value of x² is right after the run, %v", got)
	}

	p := build(t, func(b *graph.Builder) {
		x := b.Const("x", []float64{1, 2, 3, 4}, 4)
		square := b.Check(G.Square(x))
		b.Output("square", square)
		b.Output("sum", b.Check(G.Add(square, b.Const("ten", []float64{10, 10, 10, 10}, 4))))
		b.Output("x", x)
	})
	wantOutput(t, p, "square", 1, 4, 9, 16)
	wantOutput(t, p, "sum", 11, 14, 19, 26)
	wantOutput(t, p, "x", 1, 2, 3, 4)
}

// TestReshapedParameterIsOverwritten: Reshape returns the memory of its operand, and the
// operation behind it writes its result there.
func TestReshapedParameterIsOverwritten(t *testing.T) {
	add := func(w, ones *G.Node) (*G.Node, error) {
		flat, err := G.Reshape(w, tensor.Shape{4})
		if err != nil {
			return nil, err
		}
		return G.Add(flat, ones)
	}
	g := G.NewGraph()
	w := []float64{1, 2, 3, 4}
	loss := G.Must(G.Sum(G.Must(add(input(g, "w", w, 2, 2), input(g, "ones", []float64{1, 1, 1, 1}, 4)))))
	run(t, g)
	if loss.Value().Data() != 14.0 || slices.Equal(w, []float64{1, 2, 3, 4}) {
		t.Errorf("plain Gorgonia: loss %v, parameter %v after the run", loss.Value(), w)
	}

	params := graph.NewParams(1)
	p, err := graph.Build(params, float64s, func(b *graph.Builder) {
		w := b.Param("w", fill(1, 2, 3, 4), 2, 2)
		b.Loss(b.Check(G.Sum(b.Check(add(w, b.Const("ones", []float64{1, 1, 1, 1}, 4))))))
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := p.Run(); err != nil {
			t.Fatal(err)
		}
		if p.Loss() != 14 || !slices.Equal(params.Value("w").Float64s(), []float64{1, 2, 3, 4}) {
			t.Fatalf("loss %v, parameter %v", p.Loss(), params.Value("w"))
		}
	}
}

// TestInPlaceOperationsAroundKernels: elementwise operations that may write over an
// operand stand on all sides of a kernel whose adjoint reads its inputs and outputs.
func TestInPlaceOperationsAroundKernels(t *testing.T) {
	const T, B, N = 4, 2, 3
	elements := func(f func(i int) float64) []float64 {
		v := make([]float64, T*B*N)
		for i := range v {
			v[i] = f(i)
		}
		return v
	}
	drive := elements(func(i int) float64 { return 0.3 + 0.7*math.Abs(math.Sin(float64(i))) })
	weight := elements(func(i int) float64 { return math.Cos(float64(i)) })
	// Each variant computes Σ w∘f(spikes) + Σ w∘f(current): once such that the
	// operations see the kernel's tensors themselves, once with reshapes in between.
	variants := map[string]func(b *graph.Builder, x *G.Node) *G.Node{
		"direct": func(_ *graph.Builder, x *G.Node) *G.Node { return x },
		"reshaped": func(b *graph.Builder, x *G.Node) *G.Node {
			flat := b.Check(G.Reshape(x, tensor.Shape{T * B, N}))
			return b.Check(G.Reshape(b.Check(G.Neg(b.Check(G.Neg(flat)))), tensor.Shape{T, B, N}))
		},
	}
	gradients := map[string][]float64{}
	for name, via := range variants {
		for _, engine := range []graph.Engine{graph.FusedEngine, graph.UnrolledEngine} {
			params := graph.NewParams(1)
			s := float64s
			s.Engine = engine
			p, err := graph.Build(params, s, func(b *graph.Builder) {
				w := b.Const("weight", weight, T, B, N)
				current := b.Check(G.HadamardProd(b.Param("x", fill(drive...), T, B, N), w))
				current = b.Check(G.HadamardProd(current, w))
				h := models.LIF{TauMem: models.Learned(5e-3), TauSyn: models.Learned(4e-3), VTh: models.Learned(0.3)}.Apply(b, "h", current)
				spikes := b.Check(G.HadamardProd(via(b, h.Spikes), w))
				vmem := b.Check(G.Add(via(b, h.Vmem), w))
				vmem = b.Check(G.HadamardProd(vmem, w))
				again := b.Check(G.Sub(via(b, current), w))
				b.Loss(b.Check(G.Sum(b.Check(G.Add(spikes, b.Check(G.Add(vmem, b.Check(G.HadamardProd(again, w)))))))))
			})
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if err := p.Run(); err != nil {
					t.Fatal(err)
				}
			}
			for _, param := range p.Report().Trained {
				got := p.Grad(param).Float64s()
				want, ok := gradients[param]
				if !ok {
					gradients[param] = slices.Clone(got)
					continue
				}
				for i := range got {
					// Four ways to the same sum of some 100 terms of order one.
					if math.Abs(got[i]-want[i]) > 1e-13 {
						t.Errorf("%s, %v: gradient of %q: element %d is %v, want %v", name, engine, param, i, got[i], want[i])
					}
				}
			}
		}
	}
}

// TestLogOfSoftMax: Log makes a LogSoftMax of the SoftMax that it is applied to, for all who read
// it.
func TestLogOfSoftMax(t *testing.T) {
	entropy := func(x *G.Node, check func(*G.Node, error) *G.Node) *G.Node {
		p := check(G.SoftMax(x))
		return check(G.Sum(check(G.HadamardProd(p, check(G.Log(p))))))
	}
	want := -math.Ln2 // Σ p ln p of two equal logits
	g := G.NewGraph()
	plain := entropy(input(g, "x", []float64{3, 3}, 2), func(n *G.Node, err error) *G.Node { return G.Must(n, err) })
	run(t, g)
	if got := plain.Value().Data().(float64); got == want {
		t.Errorf("plain Gorgonia: %v is right", got)
	}

	p := build(t, func(b *graph.Builder) { b.Loss(entropy(b.Param("x", fill(3, 3), 2), b.Check)) })
	if got := p.Loss(); math.Abs(got-want) > 1e-15 {
		t.Errorf("Σ p ln p of two equal logits is %v, want %v", got, want)
	}
	wantBuildError(t, graph.ErrShape, "want an axis of it", func(b *graph.Builder) { b.Loss(b.Check(G.Sum(b.Check(G.SoftMax(b.Param("x", fill(3, 3), 2), 1))))) })
}

// TestBetweenScalars: what fails in every run is an error of the build.
func TestBetweenScalars(t *testing.T) {
	for _, f := range []func(a, b *G.Node) (*G.Node, error){G.MinBetween, G.MaxBetween} {
		wantBuildError(t, graph.ErrBuild, "of scalars", func(b *graph.Builder) {
			b.Loss(b.Check(f(b.Param("x", fill(3)), b.Param("y", fill(4)))))
		})
	}
}

// TestSecondRunWithoutReset: the tape machine's second run does nothing.
func TestSecondRunWithoutReset(t *testing.T) {
	g := G.NewGraph()
	x := []float64{1}
	y := G.Must(G.Square(input(g, "x", x, 1)))
	m := G.NewTapeMachine(g)
	defer m.Close()
	for range 2 {
		if err := m.RunAll(); err != nil {
			t.Fatal(err)
		}
		x[0] = 3
	}
	if got := y.Value().Data().([]float64)[0]; got != 1 {
		t.Errorf("plain Gorgonia: the second run gave %v", got)
	}

	p := build(t, func(b *graph.Builder) { b.Output("y", b.Check(G.Square(b.Input("x", 1)))) })
	for _, x := range []float64{1, 3, -2} {
		if err := p.Set("x", []float64{x}); err != nil {
			t.Fatal(err)
		}
		if err := p.Run(); err != nil {
			t.Fatal(err)
		}
		wantOutput(t, p, "y", x*x)
	}
}

// TestGradientsDoNotAccumulate: bound dual values add up over runs.
func TestGradientsDoNotAccumulate(t *testing.T) {
	g := G.NewGraph()
	w := input(g, "w", []float64{3}, 1)
	loss := G.Must(G.Sum(G.Must(G.Square(w))))
	if _, err := G.Grad(loss, w); err != nil {
		t.Fatal(err)
	}
	m := G.NewTapeMachine(g, G.BindDualValues(w))
	defer m.Close()
	for range 10 {
		if err := m.RunAll(); err != nil {
			t.Fatal(err)
		}
		m.Reset()
	}
	grad, err := w.Grad()
	if err != nil {
		t.Fatal(err)
	}
	if got := grad.Data().([]float64)[0]; got == 6 {
		t.Error("plain Gorgonia: bound gradients do not accumulate")
	}

	p := build(t, func(b *graph.Builder) {
		b.Loss(b.Check(G.Sum(b.Check(G.Square(b.Param("w", fill(3), 1))))))
	})
	for range 10 {
		if err := p.Run(); err != nil {
			t.Fatal(err)
		}
		if got := p.Grad("w").Float64s()[0]; got != 6 {
			t.Fatalf("gradient %v, want 6", got)
		}
	}
}

// TestMissingGradient: a solver of Gorgonia goes on without the gradient of a parameter.
// Grad is more careful, but does not say which node it means.
func TestMissingGradient(t *testing.T) {
	model := func(lose ...string) func(b *graph.Builder) {
		return func(b *graph.Builder) {
			var sum *G.Node
			for _, name := range []string{"a", "b", "c", "d"} {
				w := b.Param(name, fill(1, 2), 2)
				switch {
				case !slices.Contains(lose, name):
				case name == "a": // not used at all
					continue
				case name == "b": // through Detach alone
					w = b.Check(ops.Detach(w))
				case name == "c": // as the class of a loss, to which no gradient flows
					w = b.Check(ops.SoftmaxCrossEntropy(b.Const("z", make([]float64, 6), 2, 3), w))
					w = b.Check(ops.Affine(w, 1, 0))
					sum = b.Check(G.Add(sum, w))
					continue
				case name == "d": // through an operation of the user's without a derivative
					w = b.Check(G.ApplyOp(noDerivative{}, w))
				}
				s := b.Check(G.Sum(b.Check(G.Square(w))))
				if sum == nil {
					sum = s
				} else {
					sum = b.Check(G.Add(sum, s))
				}
			}
			b.Loss(sum)
		}
	}
	for _, c := range []struct {
		lose []string
		want string
	}{
		{[]string{"a"}, `"a"`},
		{[]string{"b"}, `"b"`},
		{[]string{"b", "c"}, `"b", "c"`},
		{[]string{"a", "b", "d"}, `"a", "b", "d"`},
	} {
		wantBuildError(t, graph.ErrNoGradient, "parameter without gradient: "+c.want, model(c.lose...))
	}
	// Frozen, the same parameters are in nobody's way.
	s := float64s
	s.Frozen = func(name string) bool { return name == "a" || name == "b" }
	p, err := graph.Build(graph.NewParams(1), s, model("a", "b"))
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Report().Trained; !slices.Equal(got, []string{"c", "d"}) {
		t.Errorf("trained: %v, want c and d", got)
	}
}

// TestPartOfTheGradientIsMissing: one way to the loss leads through an operation without
// a derivative, another does not.
func TestPartOfTheGradientIsMissing(t *testing.T) {
	_, err := graph.Build(graph.NewParams(1), float64s, func(b *graph.Builder) {
		w := b.Param("w", fill(1, 2), 2)
		smooth := b.Check(G.Square(w))
		rough := b.Check(G.ApplyOp(noDerivative{}, smooth))
		b.Loss(b.Check(G.Sum(b.Check(G.Add(smooth, rough)))))
	})
	if err == nil {
		t.Error("no error")
	}
}

// TestLispMachine: on a LispMachine an operation with SymDiff alone has a gradient of
// zero.
func TestLispMachine(t *testing.T) {
	g := G.NewGraph()
	w := input(g, "w", []float64{11, 12}, 2)
	G.Must(G.Sum(G.Must(G.ApplyOp(sulky{}, w))))
	m := G.NewLispMachine(g)
	defer m.Close()
	if err := m.RunAll(); err != nil {
		t.Fatal(err)
	}
	grad, err := w.Grad()
	if err != nil || !slices.Equal(grad.Data().([]float64), []float64{0, 0}) {
		t.Errorf("plain Gorgonia: gradient %v, %v on a LispMachine", grad, err)
	}

	p := build(t, func(b *graph.Builder) {
		b.Loss(b.Check(G.Sum(b.Check(G.ApplyOp(sulky{}, b.Param("w", fill(11, 12), 2))))))
	})
	if got := p.Grad("w").Float64s(); !slices.Equal(got, []float64{1, 1}) {
		t.Errorf("gradient %v, want [1 1]", got)
	}
}

// noDerivative is an operation of a user that is no SDOp: y = x.
type noDerivative struct{}

func (noDerivative) Arity() int { return 1 }
func (noDerivative) Type() hm.Type {
	return hm.NewFnType(hm.TypeVariable('a'), hm.TypeVariable('a'))
}
func (noDerivative) InferShape(in ...G.DimSizer) (tensor.Shape, error) {
	return in[0].(tensor.Shape).Clone(), nil
}
func (noDerivative) Do(in ...G.Value) (G.Value, error) { return in[0], nil }
func (noDerivative) ReturnsPtr() bool                  { return true }
func (noDerivative) CallsExtern() bool                 { return false }
func (noDerivative) OverwritesInput() int              { return -1 }
func (noDerivative) WriteHash(h hash.Hash)             { fmt.Fprint(h, "noDerivative") }
func (noDerivative) Hashcode() uint32                  { return 1 }
func (noDerivative) String() string                    { return "noDerivative" }
