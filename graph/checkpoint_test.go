package graph_test

import (
	"bytes"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
)

// TestCheckpoint: a sequence that is cut into segments gives the bits of the whole one: outputs,
// final states, loss, gradients; and so it does in the second run, and from another state.
func TestCheckpoint(t *testing.T) {
	const T = 10
	for _, dt := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		params, x := graph.NewParams(3), drive(T)
		s := graph.Settings{Engine: graph.UnrolledEngine, DType: dt}
		whole := setup(t, params, s, network(T, nil), x)
		mustRun(t, whole)
		want, final := result(t, whole), whole.FinalState()
		if slices.Max(values(whole.Output("spikes"))) != 1 {
			t.Fatal("no neuron has fired: the test shows nothing")
		}
		for _, s.Checkpoint = range []int{1, 2, 3, 4, 5, 7, 9, 10, 11} {
			p := setup(t, params, s, network(T, nil), x)
			for range 2 {
				mustRun(t, p)
				if !bytes.Equal(result(t, p), want) {
					t.Errorf("%v: segments of %d steps give other bits", dt, s.Checkpoint)
				}
				for name, v := range final {
					if !slices.Equal(values(p.FinalState()[name]), values(v)) {
						t.Errorf("%v: segments of %d steps give another final state %q", dt, s.Checkpoint, name)
					}
				}
			}
		}
	}
}

// bent is a cell with all that is hard to cut: a state that is an output, one that is handed on
// as it is, one that depends on nothing that is trained, what is the same in every time step and
// is used twice, inputs and parameters that are outputs.
type bent struct{ initial *G.Node }

func (bent) Kind() string      { return "bent" }
func (bent) Outputs() []string { return []string{"y", "x", "w", "c"} }
func (c bent) State() []graph.StateSpec {
	return []graph.StateSpec{{Name: "v", Width: 3, Initial: c.initial}, {Name: "same", Width: 3, Initial: c.initial}, {Name: "clock", Width: 3}}
}
func (bent) Step(b *graph.Builder, x, p, s []*G.Node) (out, next []*G.Node) {
	mul := func(x, y *G.Node) *G.Node { return b.Check(G.HadamardProd(x, y)) }
	add := func(x, y *G.Node) *G.Node { return b.Check(G.Add(x, y)) }
	shared := b.Check(G.Tanh(p[0]))
	product := b.Check(G.Mul(s[0], p[1]))
	v := add(mul(shared, s[0]), b.Check(G.Sin(add(x[0], mul(product, b.Check(G.Exp(shared)))))))
	v = add(v, mul(p[0], b.Check(G.Sub(s[1], v))))
	clock := b.Check(ops.Affine(s[2], 1, 0.25))
	y := mul(v, mul(clock, s[0]))
	return []*G.Node{v, x[0], p[0], shared}, []*G.Node{y, s[1], clock}
}

// TestCheckpointOfAnyCell compares what a cut cell computes with the whole one; where the cell
// hands nodes on, sums may have another order.
func TestCheckpointOfAnyCell(t *testing.T) {
	const T, B = 11, 2
	model := func(b *graph.Builder) {
		ramp := func(n int) graph.Init {
			v := make([]float64, n)
			for i := range v {
				v[i] = 0.4 + 0.05*float64(i%13)
			}
			return fill(v...)
		}
		x := b.Param("x", ramp(T*B*3), T, B, 3)
		c := bent{b.Param("initial", ramp(B*3), B, 3)}
		out, final := b.Scan("bent", c, []*G.Node{x}, []*G.Node{b.Param("p", ramp(3), 3), b.Param("w", ramp(9), 3, 3)})
		var loss *G.Node
		for i, n := range slices.Concat(out, final) {
			term := b.Check(ops.Affine(b.Check(G.Sum(b.Check(G.Square(n)))), 1+0.125*float64(i), 0))
			if loss == nil {
				loss = term
			} else {
				loss = b.Check(G.Add(loss, term))
			}
		}
		b.Loss(loss)
	}
	params := graph.NewParams(1)
	s := float64s
	whole, err := graph.Build(params, s, model)
	if err != nil {
		t.Fatal(err)
	}
	mustRun(t, whole)
	for _, s.Checkpoint = range []int{1, 3, 5, 10} {
		p, err := graph.Build(params, s, model)
		if err != nil {
			t.Fatal(err)
		}
		mustRun(t, p)
		if p.Loss() != whole.Loss() {
			t.Errorf("segments of %d: loss %v, want %v", s.Checkpoint, p.Loss(), whole.Loss())
		}
		for _, name := range whole.Report().Trained {
			got, want := values(p.Grad(name)), values(whole.Grad(name))
			for i := range got {
				// Sums of some 100 terms of one sign in another order.
				if d := got[i] - want[i]; d > 1e-13*abs(want[i]) || d < -1e-13*abs(want[i]) {
					t.Errorf("segments of %d: gradient of %q: element %d is %v, want %v", s.Checkpoint, name, i, got[i], want[i])
				}
			}
		}
	}
}

func abs(x float64) float64 { return max(x, -x) }

func TestCheckpointErrors(t *testing.T) {
	for _, s := range []graph.Settings{{Checkpoint: -1}, {Checkpoint: 4, Machine: graph.TapeMachine}} {
		_, err := graph.Build(graph.NewParams(1), s, func(b *graph.Builder) { b.Output("x", b.Input("x", 1)) })
		wantError(t, err, graph.ErrBuild, "Checkpoint")
	}
	s := float64s
	s.Checkpoint = 2
	try := func(c graph.Cell, want error, text string) {
		t.Helper()
		_, err := graph.Build(graph.NewParams(1), s, func(b *graph.Builder) {
			out, _ := b.Scan("h", c, []*G.Node{b.Check(G.HadamardProd(b.Param("w", fill(1, 2, 3, 4, 5, 6), 6, 1, 1), b.Input("x", 6, 1, 1)))}, nil)
			b.Loss(b.Check(G.Sum(out[0])))
		})
		wantError(t, err, want, text)
	}
	try(cell{width: 1, lazy: true}, graph.ErrBuild, `layer "h": step gave 0 outputs and 0 states`)
	try(cell{width: 5}, graph.ErrShape, `state "h/v" has shape (1, 1) after a step, want (1, 5)`)
	try(roughCell{}, graph.ErrBuild, "noDerivative stands between a trained parameter and the loss")
	s.Checkpoint = 0
	try(roughCell{}, graph.ErrBuild, "noDerivative stands between a trained parameter and the loss")

	s.Checkpoint, s.DebugNaNs = 2, true
	p, err := graph.Build(graph.NewParams(1), s, func(b *graph.Builder) {
		out, _ := b.Scan("h", rootCell{}, []*G.Node{b.Input("x", 5, 1, 1)}, nil)
		b.Output("y", out[0])
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Set("x", []float64{1, 1, 1, -1, 1}); err != nil {
		t.Fatal(err)
	}
	wantError(t, p.Run(), graph.ErrNotFinite, `layer "h" (root), time step 3: element 0 of the result of `)
}

// roughCell is y = x + r(x) with an operation r that has no derivative.
type roughCell struct{ rootCell }

func (roughCell) Step(b *graph.Builder, x, _, _ []*G.Node) (out, next []*G.Node) {
	return []*G.Node{b.Check(G.Add(x[0], b.Check(G.ApplyOp(noDerivative{}, x[0]))))}, nil
}

// TestCheckpointSavesMemory: of segments of K steps the buffers hold K steps, not T.
func TestCheckpointSavesMemory(t *testing.T) {
	memory := func(steps, checkpoint int) int {
		s := graph.Settings{Engine: graph.UnrolledEngine, Checkpoint: checkpoint}
		p, err := graph.Build(graph.NewParams(1), s, func(b *graph.Builder) {
			x := b.Input("x", steps, 8, 8)
			h := models.LIF{Recurrent: true}.Apply(b, "h", x)
			b.Loss(b.Check(G.Sum(b.Check(ops.SumOverTime(h.Vmem)))))
		})
		if err != nil {
			t.Fatal(err)
		}
		return p.Report().Memory
	}
	// Three graphs of segments, each there and back, against 40 times as many steps.
	if whole, cut := memory(400, 0), memory(400, 10); cut*10 > whole {
		t.Errorf("%d bytes of buffers with segments of 10 steps, %d with the whole sequence of 400", cut, whole)
	}
	if a, b := memory(100, 10), memory(1000, 10); a != b {
		t.Errorf("%d bytes of buffers for 100 steps, %d for 1000, in segments of 10", a, b)
	}
}
