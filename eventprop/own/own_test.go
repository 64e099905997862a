package own_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/eventprop/equation"
	"github.com/surge-snn/surge/eventprop/own"
)

// network is a random layer with delays, some of whose synapses are missing, and its input.
func network(rng *rand.Rand, kind string, scale float64) (l eventprop.Layer, input []eventprop.Spike) {
	const pre, post = 3, 4
	synapses := func(pre int, mean float64) eventprop.Synapses {
		s := eventprop.NewDense(pre, post)
		s.Delay = make([]float64, len(s.Weight))
		for k := range s.Weight {
			s.Weight[k] = scale * mean * (0.3 + rng.Float64())
			s.Delay[k] = 4e-3 * rng.Float64()
		}
		switch kind {
		case "sparse":
			for k := range s.Weight {
				if rng.IntN(3) == 0 {
					s.Weight[k] = 0
				}
			}
			sparse, err := eventprop.NewSparse(pre, post, s.Weight, s.Delay)
			if err != nil {
				panic(err)
			}
			return sparse
		case "at once":
			s.Delay = nil
		}
		return s
	}
	l.In = synapses(pre, 1)
	if kind != "forward" {
		rec := synapses(post, -0.2)
		for k := range rec.Weight {
			if rng.IntN(2) == 0 {
				rec.Weight[k] *= -1
			}
		}
		l.Rec = &rec
	}
	for range 12 {
		input = append(input, eventprop.Spike{Time: 25e-3 * rng.Float64(), Neuron: rng.IntN(pre)})
	}
	eventprop.SortSpikes(input)
	return l, input
}

// around returns n numbers around x.
func around(rng *rand.Rand, x float64, n int) []float64 {
	v := make([]float64, n)
	for k := range v {
		v[k] = x * (0.9 + 0.2*rng.Float64())
	}
	return v
}

const end = 35e-3 // s

// gradients takes a layer forward, and back with the derivatives d of the times of its spikes.
func gradients(t *testing.T, l *eventprop.Layer, input []eventprop.Spike) ([]eventprop.Spike, *eventprop.Gradients, []float64) {
	t.Helper()
	var tape eventprop.Tape
	if err := tape.Forward(l, input, end); err != nil {
		t.Fatal(err)
	}
	g, d := l.NewGradients(), make([]float64, len(tape.Spikes))
	for k := range d {
		d[k] = math.Cos(float64(k))
	}
	tape.InputTime = make([]float64, len(input))
	if err := tape.Backward(g, &eventprop.Cotangent{Time: d}); err != nil {
		t.Fatal(err)
	}
	return slices.Clone(tape.Spikes), g, tape.InputTime
}

func compare(t *testing.T, name string, got, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", name, len(got), len(want))
	}
	size := 0.0
	for _, x := range want {
		size = max(size, math.Abs(x))
	}
	for k, x := range want {
		if e := math.Abs(got[k] - x); !(e <= tolerance*size) {
			t.Errorf("%s[%d] is %v, want %v (%.1e of the largest)", name, k, got[k], x, e/size)
		}
	}
}

func compareAll(t *testing.T, got, want *eventprop.Gradients, tolerance float64) {
	t.Helper()
	compare(t, "In", got.In, want.In, tolerance)
	compare(t, "InDelay", got.InDelay, want.InDelay, tolerance)
	compare(t, "Rec", got.Rec, want.Rec, tolerance)
	compare(t, "RecDelay", got.RecDelay, want.RecDelay, tolerance)
}

func compareSpikes(t *testing.T, got, want []eventprop.Spike, tolerance float64) {
	t.Helper()
	if len(want) < 4 || len(got) != len(want) {
		t.Fatalf("%d spikes, want %d, which should be 4 at least", len(got), len(want))
	}
	for k, s := range want {
		if got[k].Neuron != s.Neuron || !(math.Abs(got[k].Time-s.Time) <= tolerance) {
			t.Errorf("spike %d: %v, want %v", k, got[k], s)
		}
	}
}

// TestLIF: a cell is LIF as package eventprop computes it, by closed forms.
func TestLIF(t *testing.T) {
	for _, kind := range []string{"forward", "recurrent", "sparse", "at once"} {
		for seed := range uint64(8) {
			t.Run(fmt.Sprint(kind, seed), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(seed, 1))
				l, input := network(rng, kind, 3)
				of := []int{1, 4}[seed%2]
				p := eventprop.LIFParameters{
					TauMem: around(rng, 10e-3, of), TauSyn: around(rng, 5e-3, 1), VTh: around(rng, 1, of), VLeak: around(rng, 0.1, of), VReset: around(rng, -0.2, 1),
				}
				mine := l
				l.Params = p
				mine.Neuron = own.Neurons{Cell: lif{}, Params: map[string][]float64{"tau_mem": p.TauMem, "tau_syn": p.TauSyn, "v_th": p.VTh, "v_leak": p.VLeak, "v_reset": p.VReset}}
				spikes, want, wantInput := gradients(t, &l, input)
				got, g, gotInput := gradients(t, &mine, input)
				compareSpikes(t, got, spikes, 1e-9*end) // some ten steps of 1e-10
				compareAll(t, g, want, 1e-7)
				compare(t, "InputTime", gotInput, wantInput, 1e-7)
				for k, x := range [][]float64{want.TauMem, want.TauSyn, want.VTh, want.VLeak, want.VReset} {
					compare(t, lif{}.Params()[k], g.Neuron[k], x, 1e-7)
				}
			})
		}
	}
}

// TestQIF: a cell is equation.QIF, which is integrated by Taylor series in other coordinates.
func TestQIF(t *testing.T) {
	model, err := equation.Parse(equation.QIF)
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(6) {
		kind := []string{"forward", "recurrent", "sparse"}[seed%3]
		t.Run(fmt.Sprint(kind, seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 2))
			l, input := network(rng, kind, 4)
			params := map[string][]float64{
				"tau_mem": around(rng, 5e-3, 4), "tau_syn": around(rng, 5e-3, 1), "i_ext": around(rng, -0.5, 1), "v_th": around(rng, 8, 1), "v_reset": around(rng, -4, 4), "v_init": around(rng, -1, 1),
			}
			mine := l
			l.Neuron = equation.Neurons{Model: model, Params: params, Tolerance: 1e-13}
			mine.Neuron = own.Neurons{Cell: qif{}, Params: params, Tolerance: 1e-13}
			spikes, want, wantInput := gradients(t, &l, input)
			got, g, gotInput := gradients(t, &mine, input)
			compareSpikes(t, got, spikes, 1e-11*end) // some hundred steps of 1e-13
			compareAll(t, g, want, 1e-9)
			compare(t, "InputTime", gotInput, wantInput, 1e-9)
			for k, name := range (qif{}).Params() {
				compare(t, name, g.Neuron[k], want.Neuron[slices.Index(model.Params, name)], 1e-9)
			}
		})
	}
}

// TestDifferences: gradients of a neuron whose functions depend on all that they can are
// differences of its spike times.
func TestDifferences(t *testing.T) {
	for seed := range uint64(6) {
		kind := []string{"forward", "recurrent", "sparse"}[seed%3]
		t.Run(fmt.Sprint(kind, seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 3))
			l, input := network(rng, kind, 0.5)
			params := map[string][]float64{
				"tau_mem": around(rng, 8e-3, 4), "tau_syn": around(rng, 5e-3, 1), "tau_b": around(rng, 20e-3, 1), "e": around(rng, 3, 4),
				"v_th": around(rng, 1, 1), "jump": around(rng, 0.2, 4), "keep": around(rng, 0.3, 1), "full": around(rng, 2, 1),
			}
			l.Neuron = own.Neurons{Cell: conductance{}, Params: params}
			spikes, g, inputTime := gradients(t, &l, input)
			if len(spikes) < 4 {
				t.Fatalf("%d spikes, want 4 at least", len(spikes))
			}
			loss := func() (sum float64) {
				var tape eventprop.Tape
				if err := tape.Forward(&l, input, end); err != nil {
					t.Fatal(err)
				}
				for k, s := range tape.Spikes {
					if k >= len(spikes) || s.Neuron != spikes[k].Neuron {
						t.Fatal("other spikes")
					}
					sum += math.Cos(float64(k)) * s.Time
				}
				return sum
			}
			check := func(name string, values, g []float64, size float64) {
				want := make([]float64, len(values))
				for k, x := range values {
					var d [2]float64
					for i, h := range []float64{1e-4 * size, 5e-5 * size} {
						values[k] = x + h
						up := loss()
						values[k] = x - h
						d[i] = (up - loss()) / (2 * h)
						values[k] = x
					}
					want[k] = d[1] + (d[1]-d[0])/3
				}
				compare(t, name, g, want, 1e-7) // steps of other lengths, with other errors of 1e-10, at h = 1e-4
			}
			check("In", l.In.Weight, g.In, 0.5)
			check("InDelay", l.In.Delay, g.InDelay, 1e-3)
			if l.Rec != nil {
				check("Rec", l.Rec.Weight, g.Rec, 0.5)
				check("RecDelay", l.Rec.Delay, g.RecDelay, 1e-3)
			}
			for k, name := range (conductance{}).Params() {
				check(name, params[name], g.Neuron[k], params[name][0])
			}
			times := make([]float64, len(input))
			for k := range input {
				times[k] = input[k].Time
			}
			all := loss
			loss = func() float64 {
				for k := range input {
					input[k].Time = times[k]
				}
				return all()
			}
			check("InputTime", times, inputTime, 1e-3)
		})
	}
}

// TestErrors: what cannot be simulated is an error.
func TestErrors(t *testing.T) {
	params := map[string][]float64{"tau_mem": {10e-3}, "tau_syn": {5e-3}, "v_th": {1}, "v_leak": {0}, "v_reset": {0}}
	with := func(name string, x ...float64) map[string][]float64 {
		p := map[string][]float64{name: x}
		for n, v := range params {
			if n != name {
				p[n] = v
			}
		}
		return p
	}
	quadratic := map[string][]float64{"tau_mem": {5e-3}, "tau_syn": {5e-3}, "i_ext": {1}, "v_th": {math.MaxFloat64}, "v_reset": {0}, "v_init": {0}}
	for name, x := range map[string]struct {
		n    own.Neurons
		most int
		want error
	}{
		"no cell":         {own.Neurons{}, 0, own.ErrCell},
		"a panic":         {own.Neurons{Cell: panics{}, Params: params}, 0, own.ErrCell},
		"a nil pointer":   {own.Neurons{Cell: (*lif)(nil), Params: params}, 0, own.ErrCell},
		"a value missing": {own.Neurons{Cell: lif{}, Params: with("v_th")}, 0, eventprop.ErrShape},
		"tau below 0":     {own.Neurons{Cell: lif{}, Params: with("tau_mem", -1)}, 0, eventprop.ErrParameter},
		"NaN":             {own.Neurons{Cell: lif{}, Params: with("v_th", math.NaN())}, 0, eventprop.ErrParameter},
		"another name":    {own.Neurons{Cell: lif{}, Params: with("v", 1)}, 0, eventprop.ErrParameter},
		"tolerance":       {own.Neurons{Cell: lif{}, Params: params, Tolerance: 1}, 0, eventprop.ErrParameter},
		"starts above":    {own.Neurons{Cell: lif{}, Params: with("v_leak", 2)}, 0, eventprop.ErrParameter},
		"too many spikes": {own.Neurons{Cell: lif{}, Params: params}, 1, eventprop.ErrLimit},
		"reset above":     {own.Neurons{Cell: lif{}, Params: with("v_reset", 2)}, 0, eventprop.ErrRunaway},
		"infinity":        {own.Neurons{Cell: qif{}, Params: quadratic}, 0, own.ErrStep},
	} {
		t.Run(name, func(t *testing.T) {
			for _, rec := range []*eventprop.Synapses{nil, {Pre: 1, Post: 1, Weight: []float64{0}}} {
				l := &eventprop.Layer{In: eventprop.NewDense(1, 1), Rec: rec, Neuron: x.n, Settings: eventprop.Settings{MaxSpikes: x.most}}
				l.In.Weight[0] = 20
				var tape eventprop.Tape
				if err := tape.Forward(l, []eventprop.Spike{{Time: 1e-3}}, 50e-3); !errors.Is(err, x.want) {
					t.Errorf("found %v, want %v", err, x.want)
				}
			}
		})
	}
}

type panics struct{ lif }

func (panics) Slope(_, x, _ []float64) { _ = x[2] }

// jumps is a neuron that only an arrival can make spike.
type jumps struct{}

func (jumps) States() []string                                         { return []string{"V"} }
func (jumps) Params() []string                                         { return []string{"tau_mem"} }
func (jumps) Slope(dx, x, p []float64)                                 { dx[0] = -x[0] / p[0] }
func (jumps) Threshold(x, _ []float64) float64                         { return x[0] - 1 }
func (jumps) PullThreshold(ax, _ []float64, a float64, _, _ []float64) { ax[0] += a }
func (jumps) Reset(x, _ []float64)                                     { x[0] = 0 }
func (jumps) PullReset(a, _, _, _ []float64)                           { a[0] = 0 }
func (jumps) PullSlope(ax, ap, a, x, p []float64) {
	ax[0] -= a[0] / p[0]
	ap[0] += a[0] * x[0] / (p[0] * p[0])
}

// TestChain: where arrivals jump over the threshold, a spike goes from neuron to neuron at the sum
// of the delays, from which its derivatives follow.
func TestChain(t *testing.T) {
	l := &eventprop.Layer{In: eventprop.NewDense(1, 3), Neuron: own.Neurons{Cell: jumps{}, Params: map[string][]float64{"tau_mem": {10e-3}}}}
	l.In.Weight[0] = 1.5
	l.In.Delay = []float64{1e-3, 0, 0}
	rec := eventprop.NewDense(3, 3)
	rec.Weight[1], rec.Weight[5] = 2, 1 // to the next; 1 is at threshold, and above it by what is left of the first
	rec.Delay = []float64{0, 2e-3, 0, 0, 0, 3e-3, 0, 0, 0}
	rec.Weight[2] = 0.25
	l.Rec = &rec
	spikes, g, inputTime := gradients(t, l, []eventprop.Spike{{Time: 1e-3}})
	if len(spikes) != 3 {
		t.Fatalf("%d spikes, want 3", len(spikes))
	}
	for k, want := range []float64{2e-3, 4e-3, 7e-3} {
		if s := spikes[k]; s.Neuron != k || math.Abs(s.Time-want) > 1e-16 {
			t.Errorf("spike %d is %v, want one at %g s", k, s, want)
		}
	}
	var tape eventprop.Tape
	if err := tape.Forward(l, []eventprop.Spike{{Time: 1e-3}}, spikes[2].Time); err != nil || len(tape.Spikes) != 2 {
		t.Errorf("%d spikes before the end at the third, want 2: %v", len(tape.Spikes), err)
	}
	c := []float64{1, math.Cos(1), math.Cos(2)}
	compare(t, "InputTime", inputTime, []float64{c[0] + c[1] + c[2]}, 1e-15)
	compare(t, "InDelay", g.InDelay, []float64{c[0] + c[1] + c[2], 0, 0}, 1e-15)
	compare(t, "RecDelay", g.RecDelay, []float64{0, c[1] + c[2], 0, 0, 0, c[2], 0, 0, 0}, 1e-15)
	compare(t, "In", g.In, make([]float64, 3), 0)
	compare(t, "Rec", g.Rec, make([]float64, 9), 0)
}

// TestTouch: a threshold that is passed for a short time within a step is found, and one that is
// nearly reached is not.
func TestTouch(t *testing.T) {
	peak := func(vTh float64) int {
		l := &eventprop.Layer{In: eventprop.NewDense(1, 1), Neuron: own.Neurons{Cell: lif{}, Params: map[string][]float64{
			"tau_mem": {10e-3}, "tau_syn": {5e-3}, "v_th": {vTh}, "v_leak": {0}, "v_reset": {-5},
		}, Tolerance: 1e-4}} // steps are long
		l.In.Weight[0] = 4
		var tape eventprop.Tape
		if err := tape.Forward(l, []eventprop.Spike{{}}, 0.1); err != nil {
			t.Fatal(err)
		}
		return len(tape.Spikes)
	}
	// V = 4 (exp(-t/10 ms) - exp(-t/5 ms)), at most 1 where the first is 1/2
	for _, d := range []float64{1e-2, 1e-3} {
		if got := peak(1 - d); got != 1 {
			t.Errorf("%d spikes below the peak by %g, want 1", got, d)
		}
		if got := peak(1 + d); got != 0 {
			t.Errorf("%d spikes above the peak by %g, want none", got, d)
		}
	}
}
