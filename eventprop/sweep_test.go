package eventprop

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/surge-snn/surge/internal/random"
)

// uniformLayer draws a layer of six neurons that are alike, in units of 1 s.
func uniformLayer(r *rand.Rand, ratio float64, recurrent bool) (l *Layer, input []Spike) {
	return uniformLayerOf(6, r, ratio, recurrent)
}

// uniformLayerOf draws a layer of n neurons that are alike.
func uniformLayerOf(n int, r *rand.Rand, ratio float64, recurrent bool) (l *Layer, input []Spike) {
	between := func(lo, hi float64) float64 { return lo + (hi-lo)*r.Float64() }
	const sources = 4
	tau := between(5, 12)
	l = &Layer{
		Params: LIFParameters{
			TauMem: []float64{tau}, TauSyn: []float64{tau / ratio}, VLeak: []float64{between(-0.2, 0.2)},
			VReset: []float64{between(-0.5, 0.4)}, VInit: []float64{between(-0.3, 0.5)}, IInit: []float64{between(-0.5, 0.5)},
		},
		In: NewDense(sources, n),
	}
	for s := range l.In.Weight {
		l.In.Weight[s] = 1 + 2*random.Normal(r)
	}
	if recurrent {
		rec := NewDense(n, n)
		for s := range rec.Weight {
			rec.Weight[s] = 0.3*random.Normal(r) - 0.4
		}
		l.Rec = &rec
	}
	for i := range sources {
		for range 3 {
			input = append(input, Spike{Time: between(0, 25), Neuron: i})
		}
	}
	input = append(input, input[0]) // and two at one instant
	SortSpikes(input)
	return l, input
}

// TestFastEngines compares the sweep over feed-forward layers and the lockstep of recurrent ones
// with the steps of the general engine: the same spikes and gradients to rounding.
func TestFastEngines(t *testing.T) {
	spikes := 0
	for k := range 300 {
		r := random.New(uint64(k), "eventprop/sweep")
		ratio := []float64{2, 1, 1 + 1e-9, 0.4, 3.7}[k%5]
		n := []int{6, 6, 1, 11, 2 * few}[k/10%5] // one block, two, many, with each ratio
		l, input := uniformLayerOf(n, r, ratio, k%2 == 1)
		var swept, stepped Tape
		if err := swept.Forward(l, input, 30); err != nil {
			t.Fatal(err)
		}
		if err := stepped.Begin(l, input, 30); err != nil {
			t.Fatal(err)
		}
		for {
			more, err := stepped.Step()
			if err != nil {
				t.Fatal(err)
			}
			if !more {
				break
			}
		}
		if swept.engine == &swept.events || stepped.engine != &stepped.events {
			t.Fatal("the two passes are of one engine")
		}
		if len(swept.Spikes) != len(stepped.Spikes) {
			t.Errorf("net %d: %v and %v", k, swept.Spikes, stepped.Spikes)
			continue
		}
		spikes += len(swept.Spikes)
		cot := make([]float64, len(swept.Spikes))
		steep := 1.0 // rounding of a spike time grows with the inverse slope of it and of later ones
		for i, s := range swept.Spikes {
			o := stepped.Spikes[i]
			cell := &stepped.plan.cells[0]
			steep = max(steep, (s.Current-cell.rho)/(s.Current-cell.q))
			if s.Neuron != o.Neuron || math.Abs(s.Time-o.Time) > 1e-12*steep*30 || math.Abs(s.Current-o.Current) > 1e-12*steep*10 {
				t.Errorf("net %d: spike %d is %v, by steps %v", k, i, s, o)
			}
			cot[i] = random.Normal(r)
		}
		all := func(tape *Tape) []slot {
			g := l.NewGradients()
			g.TauMem, g.TauSyn = nil, nil // the sweep leaves them to the general engine
			if err := tape.Backward(g, &Cotangent{Time: cot}); err != nil {
				t.Fatal(err)
			}
			p := &l.Params
			return []slot{{"Rec", nil, g.Rec}, {"In", l.In.Weight, g.In}, {"VTh", p.VTh, g.VTh}, {"VLeak", p.VLeak, g.VLeak}, {"VReset", p.VReset, g.VReset},
				{"VInit", p.VInit, g.VInit}, {"IInit", p.IInit, g.IInit}, {"InputTime", nil, tape.InputTime}}
		}
		want, got := all(&stepped), all(&swept)
		for i, s := range got {
			largest := 0.0
			for _, x := range want[i].grads {
				largest = max(largest, math.Abs(x))
			}
			for e, x := range s.grads {
				if d := math.Abs(x - want[i].grads[e]); d > 1e-11*steep*largest {
					t.Errorf("net %d ratio %v: %s[%d] is %v, by steps %v", k, ratio, s.name, e, x, want[i].grads[e])
				}
			}
		}
		if swept.engine == &swept.events {
			t.Error("the backward pass was not the sweep")
		}
		// voltages of the two
		a, err := swept.Max(n - 1)
		if err != nil {
			t.Fatal(err)
		}
		b, err := stepped.Max(n - 1)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(a.Value-b.Value) > 1e-12*steep {
			t.Errorf("net %d: maximum %v, by steps %v", k, a, b)
		}
	}
	if spikes < 3000 {
		t.Errorf("only %d spikes", spikes)
	}
}

// TestRounds: neurons that are found side by side have the crossings of the general engine, next to
// grazing, on both sides of it, and in intervals so long that squares of the decays underflow.
func TestRounds(t *testing.T) {
	const n = 70 // more than one word of a mask
	l := &Layer{Params: LIFParameters{TauMem: []float64{2}, TauSyn: []float64{1}}, In: NewDense(2, n)}
	for j := range n {
		// From rest a current of 4 VTh grazes: VTh = Kappa 4 VTh at e^(-t/TauMem) = 1/2.
		l.In.Weight[j] = 4 * (1 + 1e-8*float64(j-n/2)*math.Abs(float64(j-n/2)))
		l.In.Weight[n+j] = 2 + float64(j) // and many spikes
	}
	for _, gap := range []float64{1, 20, 800, 3000} {
		input := []Spike{{Time: 0}, {Time: 30, Neuron: 1}, {Time: 30 + gap}}
		var swept, stepped Tape
		if err := swept.Forward(l, input, 40+gap); err != nil {
			t.Fatal(err)
		}
		stepThrough(t, &stepped, l, input, 40+gap)
		if swept.engine != &swept.sweep || len(swept.Spikes) != len(stepped.Spikes) {
			t.Fatalf("gap %g: %d spikes, by steps %d", gap, len(swept.Spikes), len(stepped.Spikes))
		}
		if len(swept.Spikes) < 3*n {
			t.Errorf("gap %g: only %d spikes", gap, len(swept.Spikes))
		}
		for k, s := range swept.Spikes {
			o := stepped.Spikes[k]
			steep := s.Current / (s.Current - 1) // rounding of a time grows with the inverse slope
			if s.Neuron != o.Neuron || math.Abs(s.Time-o.Time) > 1e-14*steep*(30+gap) {
				t.Errorf("gap %g: spike %d is %v, by steps %v", gap, k, s, o)
			}
		}
	}
}

// TestNothingIsAllocated: after the first passes the memory of a batch is used again.
func TestNothingIsAllocated(t *testing.T) {
	r := random.New(1, "eventprop/alloc")
	first, input := uniformLayer(r, 2, true)
	second := &Layer{Params: first.Params, In: NewDense(6, 3)}
	if err := second.In.Init(Normal{1, 1}, 1, r); err != nil {
		t.Fatal(err)
	}
	net := Serial{first, second}
	g := net.NewWeightGradients()
	var p Pass
	step := func() {
		if err := net.Forward(&p, input, 30); err != nil {
			t.Fatal(err)
		}
		tape, c := p.Last()
		for k := range tape.Spikes {
			c.Time[k] = 1
		}
		if err := p.Backward(g, Adjoint); err != nil {
			t.Fatal(err)
		}
	}
	step()
	if n := testing.AllocsPerRun(10, step); n != 0 {
		t.Errorf("%v allocations per pass", n)
	}

	batch := Batch{Net: net, End: 30}
	inputs := [][]Spike{input, input[:5], input, input[3:], input}
	loss := func(k int, p *Pass) (float64, error) {
		tape, c := p.Last()
		for k := range tape.Spikes {
			c.Time[k] = 1
		}
		return 1, nil
	}
	step = func() {
		if _, _, err := batch.Step(g, inputs, loss); err != nil {
			t.Fatal(err)
		}
	}
	step()
	if n := testing.AllocsPerRun(10, step); n != 0 {
		t.Errorf("%v allocations per step", n)
	}
}

// TestBatchError: the error of the first sample that has one comes back, whichever group ends
// first.
func TestBatchError(t *testing.T) {
	l, input := uniformLayer(random.New(1, "eventprop/error"), 2, false)
	batch := Batch{Net: Serial{l}, End: 30}
	inputs := make([][]Spike, 40)
	for k := range inputs {
		inputs[k] = input
	}
	failure := errors.New("no loss")
	for _, g := range [][]*Gradients{nil, batch.Net.NewWeightGradients()} {
		_, _, err := batch.Step(g, inputs, func(sample int, p *Pass) (float64, error) {
			if sample >= 17 {
				return 0, failure
			}
			return 1, nil
		})
		if !errors.Is(err, failure) || !strings.HasPrefix(err.Error(), "sample 17: ") {
			t.Errorf("error %v, want that of sample 17", err)
		}
	}
}

// BenchmarkGradient is a gradient step of the Yin-Yang network: 5 inputs, 100 hidden neurons, 3
// outputs, 64 samples.
func BenchmarkGradient(b *testing.B) {
	r := random.New(1, "eventprop/benchmark")
	s := Settings{MinSlope: 1e-3}
	net := Serial{{In: NewDense(5, 100), Settings: s}, {In: NewDense(100, 3), Settings: s}}
	if err := net[0].In.Init(Normal{1.5, 1}, 1, r); err != nil {
		b.Fatal(err)
	}
	if err := net[1].In.Init(Normal{0.15, 0.25}, 1, r); err != nil {
		b.Fatal(err)
	}
	benchmarkSteps(b, net, yinYangLike(r), 40e-3, 0, First{})
}

// BenchmarkImages is a gradient step of the network for latency-coded images: 784 inputs, of which
// 120 spike in each of the 32 samples, at 60 instants in 20 ms, 350 hidden neurons, 10 readouts of
// which the largest voltages count.
func BenchmarkImages(b *testing.B) {
	r := random.New(1, "eventprop/benchmark")
	tau := LIFParameters{TauMem: []float64{20e-3}, TauSyn: []float64{10e-3}}
	out := tau
	out.VTh = []float64{math.Inf(1)}
	net := Serial{{Params: tau, In: NewDense(784, 350)}, {Params: out, In: NewDense(350, 10)}}
	if err := net[0].In.Init(Normal{0.0765, 0.0464}, 1, r); err != nil {
		b.Fatal(err)
	}
	if err := net[1].In.Init(Normal{0.02, 0.04}, 1, r); err != nil {
		b.Fatal(err)
	}
	benchmarkSteps(b, net, imagesLike(r, 32), 40e-3, 0, Max{})
}

// yinYangLike draws the input of 64 samples of five spikes.
func yinYangLike(r *rand.Rand) [][]Spike {
	inputs := make([][]Spike, 64)
	for k := range inputs {
		x, y := r.Float64()*10e-3, r.Float64()*10e-3
		inputs[k] = []Spike{{Neuron: 4}, {Time: x}, {Time: y, Neuron: 1}, {Time: 10e-3 - x, Neuron: 2}, {Time: 10e-3 - y, Neuron: 3}}
		SortSpikes(inputs[k])
	}
	return inputs
}

// imagesLike draws samples of 120 spikes, of sources in the middle of 28 x 28, at 60 instants.
func imagesLike(r *rand.Rand, samples int) [][]Spike {
	inputs := make([][]Spike, samples)
	for k := range inputs {
		for len(inputs[k]) < 120 {
			row, column := 14+4*random.Normal(r), 14+4*random.Normal(r)
			pixel := Spike{Time: float64(r.IntN(60)) * 20e-3 / 60, Neuron: 28*int(row) + int(column)}
			seen := func(s Spike) bool { return s.Neuron == pixel.Neuron }
			if row >= 0 && row < 28 && column >= 0 && column < 28 && !slices.ContainsFunc(inputs[k], seen) {
				inputs[k] = append(inputs[k], pixel)
			}
		}
		SortSpikes(inputs[k])
	}
	return inputs
}

// benchmarkSteps times gradient steps. The outputs are the last neurons of the last layer, as many
// as n, or all for 0.
func benchmarkSteps(b *testing.B, net Serial, inputs [][]Spike, end float64, n int, o Observable) {
	benchmarkInto(b, net, net.NewWeightGradients(), inputs, end, n, o)
}

// benchmarkInto is benchmarkSteps with the gradients g.
func benchmarkInto(b *testing.B, net Serial, g []*Gradients, inputs [][]Spike, end float64, n int, o Observable) {
	batch := Batch{Net: net, End: end}
	scale := 1.0
	if _, times := o.(First); times {
		scale = -1e3
	}
	var report Report
	b.ReportAllocs()
	for b.Loop() {
		var err error
		_, report, err = batch.Step(g, inputs, func(k int, p *Pass) (float64, error) {
			t, c := p.Last()
			return c.Add(t, o, CrossEntropy{Label: k % 3, Scale: scale}, n)
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(report.Spikes)/float64(len(inputs)), "spikes/sample")
	b.ReportMetric(float64(report.RootSolves)/float64(report.Spikes+report.Inputs), "solves/event")
}

// BenchmarkRecurrent is a gradient step of one recurrent layer that holds 100 hidden neurons and 3
// outputs, 64 samples.
func BenchmarkRecurrent(b *testing.B) {
	r := random.New(1, "eventprop/benchmark")
	rec := NewDense(103, 103)
	l := &Layer{In: NewDense(5, 103), Rec: &rec, Settings: Settings{MinSlope: 1e-3}}
	if err := l.InitLayers([]int{100, 3}, []Normal{{1.5, 1}, {0.15, 0.25}}, 1, r); err != nil {
		b.Fatal(err)
	}
	net := Serial{l}
	benchmarkSteps(b, net, yinYangLike(r), 40e-3, 3, First{})
}
