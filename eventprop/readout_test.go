package eventprop

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/surge-snn/surge/internal/random"
)

// stepThrough is Forward by the general engine.
func stepThrough(t *testing.T, tape *Tape, l *Layer, input []Spike, end float64) {
	t.Helper()
	if err := tape.Begin(l, input, end); err != nil {
		t.Fatal(err)
	}
	for {
		more, err := tape.Step()
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			return
		}
	}
}

// readoutLayer draws a layer of readouts and a dense input, partly at equal times and after the
// end.
func readoutLayer(r *rand.Rand, ratio float64) (*Layer, []Spike) {
	l, input := uniformLayer(r, ratio, false)
	l.Params.VTh = []float64{math.Inf(1)}
	if r.IntN(2) == 0 {
		l.Params.VInit = nil
	}
	for range 40 {
		input = append(input, Spike{Time: 32 * r.Float64(), Neuron: r.IntN(4)})
	}
	for s := range l.In.Weight {
		l.In.Weight[s] = random.Normal(r)
	}
	SortSpikes(input)
	return l, input
}

// slotsOf returns the gradients that need no time constants, and InputTime.
func slotsOf(t *testing.T, l *Layer, tape *Tape, c *Cotangent) []slot {
	t.Helper()
	g := l.NewGradients()
	g.TauMem, g.TauSyn = nil, nil
	if err := tape.Backward(g, c); err != nil {
		t.Fatal(err)
	}
	return []slot{{"In", nil, g.In}, {"VTh", nil, g.VTh}, {"VLeak", nil, g.VLeak}, {"VReset", nil, g.VReset}, {"VInit", nil, g.VInit}, {"IInit", nil, g.IInit},
		{"InputTime", nil, tape.InputTime}}
}

func compareSlots(t *testing.T, name string, got, want []slot, tolerance float64) {
	t.Helper()
	for i, s := range got {
		largest := 0.0
		for _, x := range want[i].grads {
			largest = max(largest, math.Abs(x))
		}
		for e, x := range s.grads {
			// 1e-14: sums of terms of the order of 1 that cancel
			if d := math.Abs(x - want[i].grads[e]); !(d <= tolerance*largest+1e-14) {
				t.Errorf("%s: %s[%d] is %v, by steps %v", name, s.name, e, x, want[i].grads[e])
			}
		}
	}
}

// TestReadout compares maxima, integrals and voltages of readouts, and their gradients, with the
// general engine.
func TestReadout(t *testing.T) {
	interior, kinks := 0, 0
	for k := range 200 {
		r := random.New(uint64(k), "eventprop/readout")
		ratio := []float64{2, 1, 1 + 1e-9, 0.4, 3.7}[k%5]
		l, input := readoutLayer(r, ratio)
		var read, stepped Tape
		if err := read.Forward(l, input, 30); err != nil {
			t.Fatal(err)
		}
		stepThrough(t, &stepped, l, input, 30)
		if read.engine != &read.readout || stepped.engine != &stepped.events {
			t.Fatal("the two passes are of one engine")
		}
		if read.Report != func() Report { s := stepped.Report; s.RootSolves = 0; return s }() {
			t.Errorf("net %d: report %+v, by steps %+v", k, read.Report, stepped.Report)
		}
		at := 30 * r.Float64()
		if k%4 == 0 {
			at = input[len(input)/2].Time
		}
		for _, b := range []Observable{Max{}, Integral{}, Integral{Decay: 9}, At{Time: at}, At{Time: 30}, At{}} {
			got, want, grad := make([]float64, 6), make([]float64, 6), make([]float64, 6)
			var c, d Cotangent
			c.Reset(&read)
			d.Reset(&stepped)
			for j := range grad {
				grad[j] = random.Normal(r)
			}
			for _, pass := range []struct {
				tape *Tape
				x    []float64
				c    *Cotangent
			}{{&read, got, &c}, {&stepped, want, &d}} {
				if err := b.Observe(pass.x, pass.tape); err != nil {
					t.Fatal(err)
				}
				if err := b.Pull(pass.c, pass.tape, grad); err != nil {
					t.Fatal(err)
				}
			}
			for j := range got {
				// sums of 50 terms of the order of 1, times 30 s for the integral
				scale := 1.0
				if _, ok := b.(Integral); ok {
					scale = 30
				}
				if math.Abs(got[j]-want[j]) > 1e-13*scale*(1+math.Abs(want[j])) {
					t.Errorf("net %d: %T of %d is %v, by steps %v", k, b, j, got[j], want[j])
				}
			}
			for _, p := range c.probes {
				if _, ok := b.(Max); ok && p.kind == arrivalIn {
					kinks++
				} else if ok && p.time > 0 && p.time < 30 {
					interior++
				}
			}
			// the recursion of the general engine rounds anew at each of 50 inputs
			compareSlots(t, "readout", slotsOf(t, l, &read, &c), slotsOf(t, l, &stepped, &d), 1e-12)
		}
		if read.engine != &read.readout {
			t.Error("the readout took the general engine")
		}
		// single neurons, and a gradient of time constants, which takes the general engine with the
		// peaks found here
		x, err := read.Integral(3, 9)
		y, _ := stepped.Integral(3, 9)
		if err != nil || math.Abs(x-y) > 1e-12*(1+math.Abs(y)) {
			t.Errorf("net %d: integral %v, by steps %v, %v", k, x, y, err)
		}
		v, err := read.Voltage(3, at)
		u, _ := stepped.Voltage(3, at)
		if err != nil || math.Abs(u-v) > 1e-13*(1+math.Abs(u)) {
			t.Errorf("net %d: voltage %v, by steps %v, %v", k, v, u, err)
		}
		taus := func(tape *Tape) []float64 {
			var c Cotangent
			c.Reset(tape)
			for j := range 6 {
				p, err := tape.Max(j)
				if err != nil {
					t.Fatal(err)
				}
				c.AddPeak(p, float64(j-2))
			}
			g := l.NewGradients()
			if err := tape.Backward(g, &c); err != nil {
				t.Fatal(err)
			}
			return append(g.TauMem, g.TauSyn...)
		}
		want := taus(&stepped)
		for i, x := range taus(&read) {
			if math.Abs(x-want[i]) > 1e-11*(1+math.Abs(want[i])) {
				t.Errorf("net %d: gradient of time constant %d is %v, by steps %v", k, i, x, want[i])
			}
		}
	}
	if interior < 200 || kinks < 200 {
		t.Errorf("%d maxima between events and %d in kinks say little", interior, kinks)
	}
}

// TestSilenceSwept compares the peaks of silent neurons of swept layers and their gradients, with
// those of spikes, with the general engine.
func TestSilenceSwept(t *testing.T) {
	silent := 0
	for k := range 200 {
		r := random.New(uint64(k), "eventprop/silence")
		l, input := uniformLayer(r, []float64{2, 1, 0.4, 3.7}[k%4], false)
		for s := range l.In.Weight {
			l.In.Weight[s] = 0.4 + 0.8*random.Normal(r)
		}
		var swept, stepped Tape
		if err := swept.Forward(l, input, 30); err != nil {
			t.Fatal(err)
		}
		stepThrough(t, &stepped, l, input, 30)
		if len(swept.Spikes) != len(stepped.Spikes) {
			t.Fatalf("net %d: %v and %v", k, swept.Spikes, stepped.Spikes)
		}
		silent += swept.Report.SilentNeurons
		cell := &swept.plan.cells[0]
		steep := 1.0 // rounding of a spike time grows with the inverse slope of it and of later ones
		time := make([]float64, len(swept.Spikes))
		for i, s := range swept.Spikes {
			steep = max(steep, (s.Current-cell.rho)/(s.Current-cell.q))
			time[i] = random.Normal(r)
		}
		var loss [2]float64
		var grads [2][]slot
		for i, tape := range []*Tape{&swept, &stepped} {
			var c Cotangent
			c.Reset(tape)
			copy(c.Time, time)
			var err error
			if loss[i], err = (Silence{Weight: 0.7}).Add(tape, &c); err != nil {
				t.Fatal(err)
			}
			p, err := tape.Max(1)
			if err != nil {
				t.Fatal(err)
			}
			c.AddPeak(p, 0.3)
			grads[i] = slotsOf(t, l, tape, &c)
		}
		if math.Abs(loss[0]-loss[1]) > 1e-13 {
			t.Errorf("net %d: loss %v, by steps %v", k, loss[0], loss[1])
		}
		compareSlots(t, "silence", grads[0], grads[1], 1e-11*steep)
		if swept.engine != &swept.sweep {
			t.Error("silence took the general engine")
		}
		for j := range 6 {
			a, errA := swept.Max(j)
			b, errB := stepped.Max(j)
			if errA != nil || errB != nil || math.Abs(a.Value-b.Value) > 1e-13 || a.kind != b.kind || math.Abs(a.Time-b.Time) > 1e-9*steep {
				t.Errorf("net %d: peak %+v, by steps %+v, %v %v", k, a, b, errA, errB)
			}
		}
	}
	if silent < 200 {
		t.Errorf("only %d silent neurons", silent)
	}
}

// TestReadoutAllocatesNothing: after the first passes the memory of a pass with readouts and
// silence is used again.
func TestReadoutAllocatesNothing(t *testing.T) {
	r := random.New(2, "eventprop/alloc")
	first, input := uniformLayer(r, 2, false)
	for s := range first.In.Weight {
		first.In.Weight[s] *= 0.4
	}
	out := &Layer{Params: LIFParameters{VTh: []float64{math.Inf(1)}}, In: NewDense(6, 3)}
	if err := out.In.Init(Normal{1, 1}, 1, r); err != nil {
		t.Fatal(err)
	}
	net := Serial{first, out}
	g := net.NewWeightGradients()
	for _, b := range []Observable{Max{}, Integral{Decay: 7}, At{Time: 20}} {
		var p Pass
		x, grad := make([]float64, 3), []float64{1, -1, 0.5}
		step := func() {
			if err := net.Forward(&p, input, 30); err != nil {
				t.Fatal(err)
			}
			tape, c := p.Last()
			if err := b.Observe(x, tape); err != nil {
				t.Fatal(err)
			}
			if err := b.Pull(c, tape, grad); err != nil {
				t.Fatal(err)
			}
			if _, err := (Silence{Weight: 0.1}).Add(&p.Tapes[0], &p.Cotangents[0]); err != nil {
				t.Fatal(err)
			}
			if err := p.Backward(g, Adjoint); err != nil {
				t.Fatal(err)
			}
		}
		step()
		if p.Tapes[0].Report.SilentNeurons == 0 || len(p.Tapes[0].Spikes) == 0 {
			t.Fatalf("%+v says little", p.Tapes[0].Report)
		}
		if n := testing.AllocsPerRun(10, step); n != 0 {
			t.Errorf("%T: %v allocations per pass", b, n)
		}
	}
}

// TestReadoutErrors: what does not fit is an error that says so, as with the general engine.
func TestReadoutErrors(t *testing.T) {
	l, input := readoutLayer(random.New(1, "eventprop/readout"), 2)
	var tape Tape
	if err := tape.Forward(l, input, 30); err != nil {
		t.Fatal(err)
	}
	x := make([]float64, 6)
	var c Cotangent
	c.Reset(&tape)
	c.AddVoltage(6, 1, 1)
	for name, test := range map[string]struct{ err, want error }{
		"late":     {At{Time: 31}.Observe(x, &tape), ErrShape},
		"NaN":      {At{Time: math.NaN()}.Observe(x, &tape), ErrShape},
		"decay":    {Integral{Decay: -1}.Observe(x, &tape), ErrParameter},
		"length":   {Max{}.Observe(x[:5], &tape), ErrShape},
		"neuron":   {tape.Backward(l.NewWeightGradients(), &c), ErrShape},
		"gradient": {tape.Backward(&Gradients{In: x}, &Cotangent{}), ErrShape},
	} {
		if !errors.Is(test.err, test.want) {
			t.Errorf("%s: %v, want %v", name, test.err, test.want)
		}
	}
	l.In.Weight[0] = math.MaxFloat64
	again := []Spike{{Time: 1}, {Time: 1}, {Time: 1}}
	if err := tape.Forward(l, again, 30); !errors.Is(err, ErrNonFinite) {
		t.Errorf("currents that overflow: %v", err)
	}
}

// BenchmarkReadout is a pass through 350 spikes to 10 readouts, and its gradient.
func BenchmarkReadout(b *testing.B) {
	r := random.New(1, "eventprop/readout")
	l := &Layer{Params: LIFParameters{TauMem: []float64{20e-3}, TauSyn: []float64{10e-3}, VTh: []float64{math.Inf(1)}}, In: NewDense(350, 10)}
	if err := l.In.Init(Normal{0.02, 0.1}, 1, r); err != nil {
		b.Fatal(err)
	}
	input := make([]Spike, 350)
	for k := range input {
		input[k] = Spike{Time: 40e-3 * r.Float64(), Neuron: k}
	}
	SortSpikes(input)
	x, grad := make([]float64, 10), make([]float64, 10)
	for _, o := range []struct {
		name string
		o    Observable
	}{{"max", Max{}}, {"integral", Integral{}}, {"weighted", Integral{Decay: 10e-3}}, {"at", At{Time: 40e-3}}} {
		b.Run(o.name, func(b *testing.B) {
			var t Tape
			var c Cotangent
			g := l.NewWeightGradients()
			b.ReportAllocs()
			for b.Loop() {
				if err := t.Forward(l, input, 40e-3); err != nil {
					b.Fatal(err)
				}
				c.Reset(&t)
				if err := o.o.Observe(x, &t); err != nil {
					b.Fatal(err)
				}
				if _, err := (CrossEntropy{Label: 3}).Value(grad, x); err != nil {
					b.Fatal(err)
				}
				if err := o.o.Pull(&c, &t, grad); err != nil {
					b.Fatal(err)
				}
				if err := t.Backward(g, &c); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSilence is the peaks of the silent ones of 350 hidden neurons, and their gradient, for
// an image: of weights with which a part of the neurons is silent, or all.
func BenchmarkSilence(b *testing.B) {
	for _, c := range []struct {
		name string
		mean float64
	}{{"part", 0.039}, {"all", 0.005}} {
		b.Run(c.name, func(b *testing.B) {
			r := random.New(1, "eventprop/benchmark")
			l := &Layer{Params: LIFParameters{TauMem: []float64{20e-3}, TauSyn: []float64{10e-3}}, In: NewDense(784, 350)}
			if err := l.In.Init(Normal{c.mean, c.mean / 2}, 1, r); err != nil {
				b.Fatal(err)
			}
			input := imagesLike(r, 1)[0]
			var t Tape
			var cot Cotangent
			g := l.NewWeightGradients()
			for b.Loop() {
				if err := t.Forward(l, input, 40e-3); err != nil {
					b.Fatal(err)
				}
				cot.Reset(&t)
				if _, err := (Silence{Weight: 0.1}).Add(&t, &cot); err != nil {
					b.Fatal(err)
				}
				if err := t.Backward(g, &cot); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(t.Report.SilentNeurons), "silent")
		})
	}
}
