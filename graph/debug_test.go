package graph_test

import (
	"math"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
)

// TestDebugNaNs: a run ends at the first operation whose result is not finite and says
// where in the model it is.
func TestDebugNaNs(t *testing.T) {
	const T, B = 5, 2
	build := func(engine graph.Engine) (*graph.Program, *graph.Params) {
		params := graph.NewParams(1)
		s := graph.Settings{DType: tensor.Float64, Engine: engine, DebugNaNs: true}
		p, err := graph.Build(params, s, func(b *graph.Builder) {
			x := b.Input("x", T, B, 3)
			h := models.LIF{TauSyn: models.Fixed(5e-3)}.Apply(b, "h", models.Linear{Out: 3}.Apply(b, "w", x))
			// The slope of the root is infinite at 0, and its own value is not.
			root := b.Check(G.Sqrt(b.Check(ops.SumOverTime(b.Check(G.HadamardProd(h.Vmem, h.Vmem))))))
			b.Loss(b.Check(G.Sum(b.Check(G.Add(root, b.Param("offset", fill(), B, 3))))))
		})
		if err != nil {
			t.Fatal(err)
		}
		return p, params
	}
	p, params := build(graph.UnrolledEngine)
	x := make([]float64, T*B*3)
	for i := range x {
		x[i] = 1
	}
	set := func(x []float64) {
		t.Helper()
		if err := p.Set("x", x); err != nil {
			t.Fatal(err)
		}
	}
	set(x)
	mustRun(t, p)

	// A NaN appears in time step 3.
	huge := append([]float64{}, x...)
	huge[3*B*3+4] = 1e308
	w := params.Value("w").Float64s()
	for i := range w {
		w[i] = 2
	}
	set(huge)
	wantError(t, p.Run(), graph.ErrNotFinite, `layer "w" (linear), time step 3: element 3 of the result of A × B, of shape (2, 3), is +Inf`)
	set(make([]float64, T*B*3))
	wantError(t, p.Run(), graph.ErrNotFinite, "gradient: element 0 of the result of ")
	set(x)
	mustRun(t, p)
	w[1] = math.NaN()
	wantError(t, p.Run(), graph.ErrNotFinite, `element 1 of input "w", of shape (3, 3), is NaN`)
	w[1] = 2

	p, params = build(graph.FusedEngine)
	for i := range params.Value("w").Float64s() {
		params.Value("w").Float64s()[i] = 2
	}
	set(huge)
	wantError(t, p.Run(), graph.ErrNotFinite, `layer "w" (linear), time step 3: element 21 of the result of `)
}

// TestDebugNaNsInAGradient: the place of a node of the gradient is that of the node it belongs to.
func TestDebugNaNsInAGradient(t *testing.T) {
	s := graph.Settings{DType: tensor.Float64, DebugNaNs: true}
	p, err := graph.Build(graph.NewParams(1), s, func(b *graph.Builder) {
		x := b.Check(G.HadamardProd(b.Input("x", 4, 1, 2), b.Param("w", fill(1, 1, 1, 1, 1, 1, 1, 1), 4, 1, 2)))
		out, _ := b.Scan("roots", rootCell{}, []*G.Node{x}, nil)
		b.Loss(b.Check(G.Sum(out[0])))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Set("x", []float64{1, 1, 1, 1, 0, 1, 1, 1}); err != nil {
		t.Fatal(err)
	}
	wantError(t, p.Run(), graph.ErrNotFinite, `gradient of layer "roots" (root), time step 2: element 0 of the result of `)
}

// rootCell is y[t] = √x[t].
type rootCell struct{}

func (rootCell) Kind() string             { return "root" }
func (rootCell) State() []graph.StateSpec { return nil }
func (rootCell) Outputs() []string        { return []string{"y"} }
func (rootCell) Step(b *graph.Builder, x, _, _ []*G.Node) (out, next []*G.Node) {
	return []*G.Node{b.Check(G.Sqrt(x[0]))}, nil
}

// TestDebugNaNsNamesParameters: what is computed from a parameter outside of layers names it, with
// its largest element.
func TestDebugNaNsNamesParameters(t *testing.T) {
	s := graph.Settings{DType: tensor.Float64, DebugNaNs: true}
	p, err := graph.Build(graph.NewParams(1), s, func(b *graph.Builder) {
		b.Loss(b.Check(G.Sum(b.Check(G.Log(b.Param("h/log_tau", fill(1, -7, 2), 3))))))
	})
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, p.Run(), graph.ErrNotFinite, ` of parameter "h/log_tau" (largest element -7), of shape (3), is NaN`)
}
