package graph_test

import (
	"bytes"
	"errors"
	"log/slog"
	"math"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
)

// wantBuildError builds a float64 model that must fail, and leave no parameter behind.
func wantBuildError(t *testing.T, want error, text string, model func(b *graph.Builder)) {
	t.Helper()
	params := graph.NewParams(1)
	_, err := graph.Build(params, float64s, model)
	if !errors.Is(err, want) || !strings.Contains(err.Error(), text) {
		t.Errorf("error %q, want one that wraps %q and says %q", err, want, text)
	}
	if names := params.Names(); len(names) > 0 {
		t.Errorf("%v: parameters %v are left", err, names)
	}
}

// scalar adds a loss that depends on all elements of x.
func scalar(b *graph.Builder, x *G.Node) *G.Node {
	return b.Check(G.Sum(b.Check(G.Square(x))))
}

func TestBuildErrors(t *testing.T) {
	mine := errors.New("mine")
	for _, c := range []struct {
		name  string
		want  error
		text  string
		model func(b *graph.Builder)
	}{
		{"nothing", graph.ErrBuild, "neither a loss nor an output", func(b *graph.Builder) {}},
		{"panic", graph.ErrBuild, "panic: oops", func(b *graph.Builder) { b.Param("w", fill(1), 1); panic("oops") }},
		{"runtime error", graph.ErrBuild, "nil pointer", func(b *graph.Builder) { var n *G.Node; b.Loss(b.Check(G.Sum(n))) }},
		{"own error", mine, "mine", func(b *graph.Builder) { b.Param("w", fill(1), 1); b.Fail(mine) }},
		{"formatted error", mine, "layer 3: mine", func(b *graph.Builder) { b.Failf("layer %d: %w", 3, mine) }},
		{"error of Gorgonia", graph.ErrBuild, "", func(b *graph.Builder) { b.Check(G.Add(b.Input("x", 2), b.Input("y", 3))) }},
		{"error of an operation", ops.ErrShape, "Unstack of (2)", func(b *graph.Builder) { b.Steps(b.Input("x", 2)) }},
		{"two losses", graph.ErrBuild, "two losses", func(b *graph.Builder) {
			w := scalar(b, b.Param("w", fill(1), 1))
			b.Loss(w)
			b.Loss(w)
		}},
		{"loss of many elements", graph.ErrBuild, "loss has shape (2), want a scalar", func(b *graph.Builder) { b.Loss(b.Param("w", fill(1, 2), 2)) }},
		{"two outputs", graph.ErrBuild, `two of output "y"`, func(b *graph.Builder) { x := b.Input("x", 1); b.Output("y", x); b.Output("y", x) }},
		{"two parameters", graph.ErrBuild, `two of parameter "w"`, func(b *graph.Builder) { b.Param("w", fill(1), 1); b.Param("w", fill(1), 1) }},
		{"two layers", graph.ErrBuild, `two of layer "h"`, func(b *graph.Builder) {
			x := b.Input("x", 2, 1, 1)
			models.LI{}.Apply(b, "h", x)
			models.LI{}.Apply(b, "h", x)
		}},
		{"another time step", graph.ErrBuild, "FirstSpikeTime is made for steps of 0.0001 s in a program with steps of 0.001 s", func(b *graph.Builder) {
			b.Output("t", b.Check(ops.FirstSpikeTime(b.Input("x", 3, 2, 2), 1e-4)))
		}},
		{"decay of another time step", graph.ErrBuild, "Decay(0.002) is made for steps of 0.002 s", func(b *graph.Builder) {
			b.Output("a", b.Check(ops.Decay(b.Input("x", 3), 2e-3)))
		}},
		{"shape of zero", graph.ErrBuild, `parameter "w" of shape [2 0]`, func(b *graph.Builder) { b.Param("w", fill(), 2, 0) }},
		{"negative shape", graph.ErrBuild, `input "x" of shape [-1]`, func(b *graph.Builder) { b.Input("x", -1) }},
		{"huge shape", graph.ErrBuild, `input "x" of shape`, func(b *graph.Builder) { b.Input("x", 1<<30, 1<<30, 1<<30) }},
		{"no initialiser", graph.ErrParam, `"w"`, func(b *graph.Builder) { b.Param("w", nil, 2) }},
		{"NaN in a parameter", graph.ErrNotFinite, `"w": element 1 is NaN`, func(b *graph.Builder) { b.Param("w", fill(1, math.NaN()), 2) }},
		{"infinite constant", graph.ErrNotFinite, `"c": element 0 is +Inf`, func(b *graph.Builder) { b.Const("c", []float64{math.Inf(1)}, 1) }},
		{"short constant", graph.ErrBuild, `constant "c" of shape [3] has 2 elements, want 3`, func(b *graph.Builder) { b.Const("c", []float64{1, 2}, 3) }},
		{"input without a value", graph.ErrBuild, `input "loose" has no value`, func(b *graph.Builder) {
			b.Output("y", b.Check(G.Square(G.NewTensor(b.Graph(), tensor.Float64, 1, G.WithShape(2), G.WithName("loose")))))
		}},
		{"Read", graph.ErrBuild, "Builder.Output", func(b *graph.Builder) {
			var v G.Value
			x := b.Input("x", 1)
			b.Output("x", x)
			G.Read(x, &v)
		}},
		{"layer without input", graph.ErrBuild, `layer "h" has no input`, func(b *graph.Builder) { b.Scan("h", cell{}, nil, nil) }},
		{"input of rank 1", graph.ErrShape, `layer "h": input 0 has shape (3), want [T, B, ...]`, func(b *graph.Builder) {
			b.Scan("h", cell{}, []*G.Node{b.Input("x", 3)}, nil)
		}},
		{"inputs of two lengths", graph.ErrShape, `layer "h": input 1 has shape (4, 2, 1), want [T, B, ...] like input 0 with (3, 2, 1)`, func(b *graph.Builder) {
			b.Scan("h", cell{}, []*G.Node{b.Input("x", 3, 2, 1), b.Input("y", 4, 2, 1)}, nil)
		}},
		{"initial state of another shape", graph.ErrShape, `initial state "h/v" has shape (2), want (2, 1)`, func(b *graph.Builder) {
			b.Scan("h", cell{width: 1, initial: b.Input("v", 2)}, []*G.Node{b.Input("x", 3, 2, 1)}, nil)
		}},
		{"state without columns", graph.ErrShape, `state "h/v" has width 0`, func(b *graph.Builder) {
			b.Scan("h", cell{}, []*G.Node{b.Input("x", 3, 2, 1)}, nil)
		}},
		{"state that changes its shape", graph.ErrShape, `state "h/v" has shape (2, 1) after a step, want (2, 5)`, func(b *graph.Builder) {
			b.Scan("h", cell{width: 5}, []*G.Node{b.Input("x", 3, 2, 1)}, nil)
		}},
		{"step without results", graph.ErrBuild, `layer "h": step gave 0 outputs and 0 states, want 1 and 1`, func(b *graph.Builder) {
			b.Scan("h", cell{width: 1, lazy: true}, []*G.Node{b.Input("x", 3, 2, 1)}, nil)
		}},
		{"settings of a layer", models.ErrParameter, `h/tau_mem[0] = -1`, func(b *graph.Builder) {
			models.LI{TauMem: models.Fixed(-1)}.Apply(b, "h", b.Input("x", 3, 2, 1))
		}},
	} {
		t.Run(c.name, func(t *testing.T) { wantBuildError(t, c.want, c.text, c.model) })
	}

	for name, s := range map[string]graph.Settings{
		"dtype":             {DType: tensor.Int},
		"time step":         {Dt: -1},
		"infinite timestep": {Dt: math.Inf(1)},
	} {
		if _, err := graph.Build(graph.NewParams(1), s, func(*graph.Builder) {}); !errors.Is(err, graph.ErrBuild) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if _, err := graph.Build(nil, float64s, func(*graph.Builder) {}); !errors.Is(err, graph.ErrBuild) {
		t.Errorf("nil parameters: error %v", err)
	}
	if _, err := graph.Build(graph.NewParams(1), float64s, nil); !errors.Is(err, graph.ErrBuild) {
		t.Errorf("nil model: error %v", err)
	}
}

// cell is v[t] = v[t-1] + x[t], without a kernel, and with faults.
type cell struct {
	width   int
	initial *G.Node
	lazy    bool // Step returns nothing
}

func (cell) Kind() string      { return "sum" }
func (cell) Outputs() []string { return []string{"v"} }
func (c cell) State() []graph.StateSpec {
	return []graph.StateSpec{{Name: "v", Width: c.width, Initial: c.initial}}
}
func (c cell) Step(b *graph.Builder, x, _, state []*G.Node) (out, next []*G.Node) {
	if c.lazy {
		return nil, nil
	}
	v := x[0]
	if state[0].Shape().Eq(v.Shape()) {
		v = b.Check(G.Add(state[0], v))
	}
	return []*G.Node{v}, []*G.Node{v}
}

// TestModelsThatDiffer: a model function that gives another graph each time, as one with
// colliding hashes under every salt would, is given up after 8 builds.
func TestModelsThatDiffer(t *testing.T) {
	calls := 0
	wantBuildError(t, graph.ErrCollision, "8 builds", func(b *graph.Builder) {
		calls++
		x := b.Input("x", 1)
		for range calls {
			x = b.Check(G.Square(x))
		}
		b.Output("y", x)
	})
	if calls != 8 {
		t.Errorf("%d calls of the model function, want 8", calls)
	}
	// As many nodes as in another build are not enough: the structure must be the same.
	calls = 0
	p := build(t, func(b *graph.Builder) {
		calls++
		x, y := b.Input("x", 1), b.Input("y", 1)
		if calls == 2 {
			x = y
		}
		b.Output("z", b.Check(G.Square(x)))
	})
	if p.Report().Salts != 3 || calls != 3 {
		t.Errorf("%d builds, %d calls, want 3", p.Report().Salts, calls)
	}
}

// TestConstantHash: an operation that does not write its parameters to its hash is not merged
// with others of its kind, or the build ends.
func TestConstantHash(t *testing.T) {
	p := build(t, func(b *graph.Builder) {
		x := b.Const("x", []float64{1}, 1)
		b.Output("2x", b.Check(G.ApplyOp(forgetful{factor: 2}, x)))
		b.Output("3x", b.Check(G.ApplyOp(forgetful{factor: 3}, x)))
	})
	wantOutput(t, p, "2x", 2)
	wantOutput(t, p, "3x", 3)
	wantBuildError(t, graph.ErrBuild, "a Builder.Check of its own", func(b *graph.Builder) {
		x := b.Const("x", []float64{1}, 1)
		b.Output("6x", b.Check(G.Mul(G.Must(G.ApplyOp(forgetful{factor: 2}, x)), G.Must(G.ApplyOp(forgetful{factor: 3}, x)))))
	})
}

type forgetful struct {
	noDerivative
	factor float64
}

func (o forgetful) Do(in ...G.Value) (G.Value, error) {
	x := in[0].(*tensor.Dense)
	return tensor.New(tensor.WithShape(1), tensor.WithBacking([]float64{o.factor * x.Float64s()[0]})), nil
}

func TestSharedParameter(t *testing.T) {
	// d/dw Σ w² + w·x = 2w + x, with the parameter used in two places.
	p := build(t, func(b *graph.Builder) {
		w := b.Param("w", fill(1, 2), 2)
		product := b.Check(G.Sum(b.Check(G.HadamardProd(w, b.Const("x", []float64{10, 20}, 2)))))
		b.Loss(b.Check(G.Add(scalar(b, w), product)))
	})
	if got := p.Grad("w").Float64s(); !slices.Equal(got, []float64{12, 24}) {
		t.Errorf("gradient %v, want [12 24]", got)
	}
	if p.Loss() != 5+50 {
		t.Errorf("loss %v, want 55", p.Loss())
	}
}

func TestNoGradAndFrozen(t *testing.T) {
	params := graph.NewParams(1)
	model := func(b *graph.Builder) {
		b.Loss(b.Check(G.Add(scalar(b, b.Param("a", fill(2), 1)), scalar(b, b.Param("b", fill(3), 1)))))
	}
	for _, c := range []struct {
		name    string
		s       graph.Settings
		trained []string
	}{
		{"all", graph.Settings{DType: tensor.Float64}, []string{"a", "b"}},
		{"frozen", graph.Settings{DType: tensor.Float64, Frozen: func(n string) bool { return n == "a" }}, []string{"b"}},
		{"no gradient", graph.Settings{DType: tensor.Float64, NoGrad: true}, nil},
	} {
		p, err := graph.Build(params, c.s, model)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Run(); err != nil {
			t.Fatal(err)
		}
		if got := p.Report().Trained; !slices.Equal(got, c.trained) || p.Loss() != 13 {
			t.Errorf("%s: trained %v, want %v; loss %v, want 13", c.name, got, c.trained, p.Loss())
		}
		for name, want := range map[string]float64{"a": 4, "b": 6} {
			switch g := p.Grad(name); {
			case slices.Contains(c.trained, name) != (g != nil):
				t.Errorf("%s: gradient of %q is %v", c.name, name, g)
			case g != nil && g.Float64s()[0] != want:
				t.Errorf("%s: gradient of %q is %v, want %v", c.name, name, g, want)
			}
		}
	}
	// A kernel computes no gradient for a frozen parameter or an input.
	full, frozen := 0, 0
	for _, count := range []struct {
		n *int
		s graph.Settings
	}{{&full, float64s}, {&frozen, graph.Settings{DType: tensor.Float64, Frozen: func(n string) bool { return n == "w" }}}} {
		p, err := graph.Build(graph.NewParams(1), count.s, func(b *graph.Builder) {
			y := models.Linear{Out: 2, Bias: true}.Apply(b, "w", b.Input("x", 3, 2, 4))
			b.Loss(scalar(b, y))
		})
		if err != nil {
			t.Fatal(err)
		}
		*count.n = p.Report().Nodes
	}
	if frozen != full-2 { // the gradient's node and its record
		t.Errorf("%d nodes with a frozen parameter, %d without", frozen, full)
	}
}

func TestReport(t *testing.T) {
	var log bytes.Buffer
	s := graph.Settings{Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	p, err := graph.Build(graph.NewParams(1), s, func(b *graph.Builder) {
		h := models.LIF{}.Apply(b, "h", models.Linear{Out: 2}.Apply(b, "w", b.Input("x", 3, 2, 4)))
		out, _ := b.Scan("own", cell{width: 2}, []*G.Node{h.Spikes}, nil)
		b.Loss(b.Check(G.Sum(out[0])))
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []graph.LayerReport{
		{Name: "w", Kind: "linear", Steps: 3, Engine: graph.FusedEngine},
		{Name: "h", Kind: "lif", Steps: 3, Engine: graph.FusedEngine},
		{Name: "own", Kind: "sum", Steps: 3, Engine: graph.UnrolledEngine, Fallback: true},
	}
	r := p.Report()
	if !slices.Equal(r.Layers, want) {
		t.Errorf("layers %+v, want %+v", r.Layers, want)
	}
	if r.Salts != 2 || r.Nodes == 0 || r.Build <= 0 {
		t.Errorf("report %+v", r)
	}
	if !strings.Contains(log.String(), "graph built") {
		t.Errorf("log %q", log.String())
	}
}

func TestParseEngine(t *testing.T) {
	for _, e := range []graph.Engine{graph.FusedEngine, graph.UnrolledEngine} {
		if got, err := graph.ParseEngine(e.String()); got != e || err != nil {
			t.Errorf("ParseEngine(%q) = %v, %v", e, got, err)
		}
	}
	if _, err := graph.ParseEngine("Fused"); err == nil {
		t.Error("no error for another spelling")
	}
}
