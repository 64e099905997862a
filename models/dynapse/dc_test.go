package dynapse

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/surge-snn/surge/graph"
)

// steppedDC are factors of Idc that change for each row and neuron every few bins; some are 0.
func steppedDC(rng *rand.Rand, w *workload) []float64 {
	width := w.b * w.net.N
	dc := make([]float64, w.t*width)
	for i := range dc {
		switch {
		case i >= width && i/width%7 != i%3:
			dc[i] = dc[i-width]
		case rng.Float64() < 0.7:
			dc[i] = 100 * rng.Float64()
		}
	}
	return dc
}

// driven is a workload whose neurons are driven by Idc, too.
func driven(seed uint64, recurrent, four bool) *workload {
	rng := rand.New(rand.NewPCG(seed, 31))
	w := newTypedWorkload(rng, 3, 70, 4, spreadOut(rng, 3, 1.3, adapting(), four), recurrent, four)
	w.net.Params[Idc] = []float64{2e-11, 3e-11, 4e-11}
	return w
}

// everyRule calls f for all rules, with and without recurrence, four synapse types, and substeps.
func everyRule(f func(name string, w *workload)) {
	for rule := range Rule(len(ruleNames)) {
		for i := range 6 {
			w := driven(uint64(i), i%2 == 1, i == 3)
			w.net.Rule = rule
			if i == 2 {
				w.net.Substeps = 3
			}
			if i == 4 {
				w.net.Clip = 2
			}
			if i == 5 {
				w.net.Samples = 2
			}
			f(rule.String(), w)
		}
	}
}

// TestConstantDC: a factor that never changes is another Idc, in traces and gradients of all rules.
// Products are rounded in another order.
func TestConstantDC(t *testing.T) {
	const factor = 1.7
	close := func(a, b []float64) bool {
		largest := 0.0
		for _, x := range b {
			largest = max(largest, math.Abs(x))
		}
		for i, x := range a {
			if !(math.Abs(x-b[i]) <= 1e-8*largest) {
				return false
			}
		}
		return len(a) == len(b)
	}
	everyRule(func(name string, w *workload) {
		w.dc = slices.Repeat([]float64{factor}, w.t*w.b*w.net.N)
		_, with := w.run(t, w.net, w.input, State{})
		net := w.net
		net.Params[Idc] = slices.Clone(net.Params[Idc])
		for j := range net.Params[Idc] {
			net.Params[Idc][j] *= factor
		}
		w.dc = nil
		_, without := w.run(t, net, w.input, State{})
		if !close(with.Vmem, without.Vmem) || !close(with.Spikes, without.Spikes) {
			t.Fatalf("%s: other traces", name)
		}
		a, err := with.Gradient(w.cotangents())
		b, also := without.Gradient(w.cotangents())
		if err != nil || also != nil {
			t.Fatal(err, also)
		}
		for p := range Param(NumParams) {
			if !close(a.Log(p), b.Log(p)) {
				t.Errorf("%s: d/d ln %v: %v, want %v", name, p, a.Log(p), b.Log(p))
			}
		}
	})
}

// TestStepOfDC: a simulation in which Idc changes once is one up to there, and another one from
// where that has ended.
func TestStepOfDC(t *testing.T) {
	const at, factor = 31, 2.5
	everyRule(func(name string, w *workload) {
		width := w.b * w.net.N
		w.dc = append(slices.Repeat([]float64{1}, at*width), slices.Repeat([]float64{factor}, (w.t-at)*width)...)
		_, all := w.run(t, w.net, w.input, State{})
		in := len(w.input) / w.t
		first, err := w.net.Simulate(Input{T: at, B: w.b, Counts: w.input[:at*in]})
		if err != nil {
			t.Fatal(err)
		}
		net := w.net
		net.Params[Idc] = nil
		for _, x := range w.net.Params[Idc] {
			net.Params[Idc] = append(net.Params[Idc], factor*x)
		}
		second, err := net.Simulate(Input{T: w.t - at, B: w.b, Counts: w.input[at*in:], Initial: first.Final})
		if err != nil {
			t.Fatal(err)
		}
		for i, x := range slices.Concat(first.Vmem, second.Vmem) {
			if math.Abs(x-all.Vmem[i]) > 1e-9 { // V; products are rounded in another order
				t.Fatalf("%s: vmem[%d] = %v, want %v", name, i, all.Vmem[i], x)
			}
		}
	})
}

// TestEnginesAgreeOnDC compares the kernel with the step in Gorgonia's operations.
func TestEnginesAgreeOnDC(t *testing.T) {
	for _, forced := range []bool{false, true} {
		w := driven(5, true, false)
		w.dc = steppedDC(rand.New(rand.NewPCG(5, 32)), w)
		w.net.Rule = SurgeS
		if forced {
			_, r := w.run(t, w.net, w.input, State{})
			w.forced = r.Spikes
		}
		var gradients [2]*Gradient
		for i, engine := range []graph.Engine{graph.FusedEngine, graph.UnrolledEngine} {
			w.net.Engine = engine
			_, r := w.run(t, w.net, w.input, State{})
			g, err := r.Gradient(w.cotangents())
			if err != nil {
				t.Fatal(err)
			}
			gradients[i] = g
		}
		for p := range Param(NumSingle) {
			for j, x := range gradients[0].Log(p) {
				if y := gradients[1].Log(p)[j]; math.Abs(x-y) > 1e-9*max(math.Abs(x), 1) {
					t.Errorf("forced %v: d/d ln %v of neuron %d: %v, in Gorgonia's operations %v", forced, p, j, x, y)
				}
			}
		}
	}
}

// TestBadDC: factors of another number, negative or not finite, are errors.
func TestBadDC(t *testing.T) {
	for _, substeps := range []int{1, 2} {
		for _, dc := range [][]float64{{1}, {1, 1, 1, -1}, {1, 1, 1, math.NaN()}, {1, 1, math.Inf(1), 1}, {}} {
			_, err := Network{N: 1, Substeps: substeps}.Simulate(Input{T: 4, B: 1, Counts: make([]float64, 4), DC: dc})
			if !errors.Is(err, ErrParameter) {
				t.Errorf("%d substeps, factors %v: %v", substeps, dc, err)
			}
		}
	}
}
