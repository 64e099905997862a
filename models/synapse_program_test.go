package models

import (
	"fmt"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/random"
)

// engines are the settings under which the tests of synapses and competing cells run.
var engines = []graph.Settings{
	{Engine: graph.FusedEngine, DType: tensor.Float64},
	{Engine: graph.UnrolledEngine, DType: tensor.Float64},
	{Engine: graph.FusedEngine, DType: tensor.Float32},
	{Engine: graph.UnrolledEngine, DType: tensor.Float32},
}

func label(s graph.Settings) string { return fmt.Sprintf("%v, %v", s.Engine, s.DType) }

// build makes a program that is closed at the end of the test.
func build(t testing.TB, s graph.Settings, model func(b *graph.Builder)) *graph.Program {
	t.Helper()
	p, err := graph.Build(graph.NewParams(1), s, model)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// evaluate runs the program on its inputs, which are given by name.
func evaluate(t testing.TB, p *graph.Program, inputs map[string][]float64) {
	t.Helper()
	for name, x := range inputs {
		if err := p.Set(name, x); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Run(); err != nil {
		t.Fatal(err)
	}
}

// numbers returns the elements of a record as float64.
func numbers(d *tensor.Dense) []float64 {
	if d.Dtype() == tensor.Float64 {
		return slices.Clone(d.Float64s())
	}
	var x []float64
	for _, v := range d.Float32s() {
		x = append(x, float64(v))
	}
	return x
}

// normal draws n normal numbers.
func normal(name string, n int) []float64 {
	rng := random.New(3, name)
	x := make([]float64, n)
	for i := range x {
		x[i] = random.Normal(rng)
	}
	return x
}

// layers are one layer of each kind, as functions from an input [T, B, 4] to records
// [T, B, N].
var layers = map[string]func(b *graph.Builder, x *G.Node) []*G.Node{
	"expsyn": func(b *graph.Builder, x *G.Node) []*G.Node {
		return []*G.Node{ExpSyn{TauSyn: Learned(4e-3)}.Apply(b, "l", x).Isyn}
	},
	"alpha": func(b *graph.Builder, x *G.Node) []*G.Node {
		y := AlphaSynapse{Out: 3, Rule: AlphaExact, TauDecay: Learned(4e-3), Bias: true}.Apply(b, "l", x)
		return []*G.Node{y.Isyn, y.G, y.H}
	},
	"wtas": func(b *graph.Builder, x *G.Node) []*G.Node {
		y := WTASCell{Thr: Learned(0.3), ThrGain: Fixed(0.05), RefractTime: 2.5e-3, ThrJitter: 0.1}.Apply(b, "l", x)
		return []*G.Node{y.Spikes, y.V, y.Prob, y.Thr, y.Rfr, y.Tols}
	},
	"wtas, hard": func(b *graph.Builder, x *G.Node) []*G.Node {
		y := WTASCell{Hard: true, ExcludeRefractory: true, RefractTime: 2.5e-3}.Apply(b, "l", x)
		return []*G.Node{y.Spikes, y.V, y.Prob, y.Thr, y.Rfr, y.Tols}
	},
	"coupled": func(b *graph.Builder, x *G.Node) []*G.Node {
		y, h := Couple(b, "l", AlphaSynapse{Out: 3, SynRest: Fixed(2), GSynBar: Fixed(0.5)}, x, LIF{Recurrent: true})
		return []*G.Node{y.Isyn, y.G, h.Spikes, h.Vmem}
	},
	"coupled, wtas": func(b *graph.Builder, x *G.Node) []*G.Node {
		y, h := Couple(b, "l", AlphaSynapse{Out: 3, SynRest: Fixed(2)}, x, WTASCell{Thr: Fixed(0.3)})
		return []*G.Node{y.Isyn, h.Spikes, h.V, h.Thr}
	},
}

// layerProgram is a layer with a loss over all of its records, for T steps of b rows.
func layerProgram(t testing.TB, s graph.Settings, layer func(*graph.Builder, *G.Node) []*G.Node, steps, rows int) *graph.Program {
	return build(t, s, func(b *graph.Builder) {
		var loss *G.Node
		for i, y := range layer(b, b.Input("x", steps, rows, 4)) {
			b.Output(fmt.Sprint(i), y)
			term := b.Check(G.Sum(y))
			if loss == nil {
				loss = term
			} else {
				loss = b.Check(G.Add(loss, term))
			}
		}
		b.Loss(loss)
	})
}

// TestStateIsCarried cuts a sequence into two: the records of the pieces, the second started from
// the final state of the first, are those of the whole, bit by bit.
func TestStateIsCarried(t *testing.T) {
	const steps, rows = 10, 3
	x := normal("x", steps*rows*4)
	for name, layer := range layers {
		for _, s := range engines {
			whole := layerProgram(t, s, layer, steps, rows)
			half := layerProgram(t, s, layer, steps/2, rows)
			evaluate(t, whole, map[string][]float64{"x": x})
			evaluate(t, half, map[string][]float64{"x": x[:len(x)/2]})
			var first [][]float64
			for _, o := range half.Outputs() {
				first = append(first, numbers(half.Output(o)))
			}
			if err := half.SetState(half.FinalState()); err != nil {
				t.Fatal(err)
			}
			evaluate(t, half, map[string][]float64{"x": x[len(x)/2:]})
			for i, o := range half.Outputs() {
				if got := append(first[i], numbers(half.Output(o))...); !slices.Equal(got, numbers(whole.Output(o))) {
					t.Errorf("%s, %s: record %s in two pieces\n%v\nwhole\n%v", name, label(s), o, got, numbers(whole.Output(o)))
				}
			}
			for state, v := range whole.FinalState() {
				if got := numbers(half.FinalState()[state]); !slices.Equal(got, numbers(v)) {
					t.Errorf("%s, %s: final state %s %v, want %v", name, label(s), state, got, numbers(v))
				}
			}
			// Rest again: the first half is as it was.
			if err := half.SetState(nil); err != nil {
				t.Fatal(err)
			}
			evaluate(t, half, map[string][]float64{"x": x[:len(x)/2]})
			for i, o := range half.Outputs() {
				if !slices.Equal(numbers(half.Output(o)), first[i]) {
					t.Errorf("%s, %s: record %s after a reset differs from the first run", name, label(s), o)
				}
			}
		}
	}
}

// TestRowsAreIndependent runs the rows of a batch one by one: each gives what it gives in the
// batch, its state included, and the gradients add up. float64 sums of up to 9 terms, in another
// order.
func TestRowsAreIndependent(t *testing.T) {
	const steps, rows = 5, 9
	x := normal("x", steps*rows*4)
	for name, layer := range layers {
		s := engines[0]
		batch, single := layerProgram(t, s, layer, steps, rows), layerProgram(t, s, layer, steps, 1)
		evaluate(t, batch, map[string][]float64{"x": x})
		sums := map[string][]float64{}
		for row := range rows {
			var part []float64
			for k := range steps {
				part = append(part, x[(k*rows+row)*4:(k*rows+row+1)*4]...)
			}
			evaluate(t, single, map[string][]float64{"x": part})
			for _, o := range single.Outputs() {
				got, want := numbers(single.Output(o)), numbers(batch.Output(o))
				n := len(got) / steps
				for k := range steps {
					if !slices.Equal(got[k*n:(k+1)*n], want[(k*rows+row)*n:(k*rows+row+1)*n]) {
						t.Errorf("%s: record %s of row %d in step %d differs from that in the batch", name, o, row, k)
					}
				}
			}
			for state, v := range single.FinalState() {
				n := v.DataSize()
				if !slices.Equal(numbers(v), numbers(batch.FinalState()[state])[row*n:(row+1)*n]) {
					t.Errorf("%s: final state %s of row %d differs from that in the batch", name, state, row)
				}
			}
			for _, p := range single.Report().Trained {
				if sums[p] == nil {
					sums[p] = make([]float64, single.Grad(p).DataSize())
				}
				for i, g := range numbers(single.Grad(p)) {
					sums[p][i] += g
				}
			}
		}
		for p, sum := range sums {
			want := numbers(batch.Grad(p))
			scale := max(slices.Max(want), -slices.Min(want))
			for i, g := range sum {
				if d := g - want[i]; d > 1e-13*scale || d < -1e-13*scale {
					t.Errorf("%s: gradient %d of %s is %v in the batch, %v over its rows", name, i, p, want[i], g)
				}
			}
		}
	}
}

// TestStepsDoNotAllocate compares runs of 20 and of 200 steps: what Gorgonia and the kernels
// allocate in a run does not depend on the number of steps.
func TestStepsDoNotAllocate(t *testing.T) {
	for name, layer := range layers {
		p := layerProgram(t, engines[2], layer, 20, 3)
		evaluate(t, p, nil)
		one := testing.AllocsPerRun(5, func() {
			if err := p.Run(); err != nil {
				t.Fatal(err)
			}
		})
		long := layerProgram(t, engines[2], layer, 200, 3)
		evaluate(t, long, nil)
		ten := testing.AllocsPerRun(5, func() {
			if err := long.Run(); err != nil {
				t.Fatal(err)
			}
		})
		if ten > one+20 { // some objects are the runtime's own
			t.Errorf("%s: %v allocations for 20 steps, %v for 200", name, one, ten)
		}
	}
}
