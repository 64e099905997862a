package train

import (
	"errors"
	"math"
	"strings"
	"testing"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/random"
	"github.com/surge-snn/surge/train/data"
)

// byHand is a layer of three outputs whose spike times are known. With TauMem = 2 TauSyn and one
// input at 0,
//
//	V(t) = w (x - x²),  x = e^(-t/TauMem),  V = 1 at x = (1 + sqrt(1 - 4/w))/2
//
// which is 2/3 for w = 9/2 and 3/5 for w = 25/6. The third output is silent, and so at the end, x =
// 1/15.
func byHand() (EventProp, data.Batches) {
	in := eventprop.NewDense(1, 3)
	copy(in.Weight, []float64{9. / 2, 25. / 6, 0})
	const tauMem = 10e-3
	return EventProp{Layers: []EventLayer{{Name: "out", Layer: eventprop.Layer{In: in}}}, Scale: -1 / tauMem}, data.Batches{
		// Two samples with the spike, of the classes 0 and 1, and one without input, of the class
		// 0.
		Data: fixed{{1, 0}, {1, 1}, {0, 0}}, Encoder: data.Latency{}, Size: 4, Sequential: true, Duration: tauMem * math.Log(15),
	}
}

// TestEventNetworkByHand: softmax of -t/TauMem is x/(sum of x) = 0.5, 0.45, 0.05.
func TestEventNetworkByHand(t *testing.T) {
	method, set := byHand()
	net, err := method.Build(graph.NewParams(1))
	if err != nil {
		t.Fatal(err)
	}
	for _, run := range []func(data.Batches, uint64, int) (Sums, error){net.Evaluate, net.Gradient} {
		sums, err := run(set, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		// Only the sample of class 0 that has a spike is right: without one there is no answer.
		if sums.Rows != 3 || sums.Correct != 1 || sums.Silent != 1+1+3 {
			t.Errorf("%+v, want 3 rows, 1 correct, 5 silent", sums)
		}
		want := -math.Log(0.5) - math.Log(0.45) + math.Log(3)
		if math.Abs(sums.Loss-want) > 1e-14 || math.Abs(sums.Spikes-4./3) > 1e-15 { // some roundings
			t.Errorf("loss %v, %v spikes, want %v, 4/3", sums.Loss, sums.Spikes, want)
		}
	}
	// dL/dw = mean over the samples of (p - one-hot)(-1/TauMem) dt/dw, with dt/dw = -(x - x²)/V'
	// and V' = w(2x² - x)/TauMem.
	for j, x := range []float64{2. / 3, 3. / 5} {
		p, w := []float64{0.5, 0.45}[j], net.Params().Value("out/w").Float64s()[j]
		want := (p + p - 1) / 3 * (x - x*x) / (w * (2*x*x - x))
		if got := net.Grads()[0].F64[j]; math.Abs(got-want) > 1e-14 { // some roundings
			t.Errorf("gradient[%d] is %v, want %v", j, got, want)
		}
	}
	trace, err := net.Trace(set, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	if trace.Label != 0 || trace.Predicted != 0 || len(trace.Input) != 1 || len(trace.Layers) != 1 || len(trace.Layers[0].Spikes) != 2 {
		t.Errorf("trace %+v", trace)
	}
	set.Data = fixed{{0, 0}}
	if trace, err = net.Trace(set, 0, 0); err != nil || trace.Predicted != -1 {
		t.Errorf("trace without input %+v, error %v", trace, err)
	}
}

// smallEvents is a network of 10 hidden neurons for Yin-Yang.
func smallEvents(seed uint64, recurrent bool) EventProp {
	hidden := eventprop.Layer{In: eventprop.NewDense(5, 10)}
	out := eventprop.Layer{In: eventprop.NewDense(10, 3)}
	rng := random.New(seed, "weights")
	draw := func(s *eventprop.Synapses, mean, std float64) {
		for k := range s.Weight {
			s.Weight[k] = mean + std*random.Normal(rng)
		}
	}
	draw(&hidden.In, 1.5, 1)
	draw(&out.In, 1, 0.5)
	if recurrent {
		rec := eventprop.NewDense(10, 10)
		draw(&rec, 0, 0.3)
		hidden.Rec = &rec
	}
	return EventProp{
		Layers: []EventLayer{{Name: "hidden", Layer: hidden, Silence: 0.1}, {Name: "out", Layer: out, Silence: 0.5}},
		Scale:  -400,
	}
}

func eventBatches(d data.Dataset, size int) data.Batches {
	return data.Batches{Data: d, Encoder: data.TTFSBias{TLate: 10e-3}, Size: size, Duration: 30e-3, Seed: 5}
}

// TestEventGradients compares gradients of the loss of a batch with finite differences of it, for
// all readouts.
func TestEventGradients(t *testing.T) {
	const step = 1e-4
	entries, changed := 0, 0
	for seed := range uint64(4) {
		for _, c := range []struct {
			name    string
			readout eventprop.Observable
			scale   float64
		}{{"first", nil, -400}, {"max", eventprop.Max{}, 4}, {"integral", eventprop.Integral{}, 400}} {
			for _, engine := range []eventprop.Method{eventprop.Adjoint, eventprop.Implicit} {
				m := smallEvents(seed, seed%2 == 1)
				m.Readout, m.Scale, m.Method = c.readout, c.scale, engine
				if c.readout != nil {
					m.Layers[1].Layer.Params.VTh, m.Layers[1].Silence = []float64{math.Inf(1)}, 0
				}
				net, err := m.Build(graph.NewParams(1))
				if err != nil {
					t.Fatal(err)
				}
				set := eventBatches(yinYang(t, 6, 42), 4)
				const last = 1 // of 2 batches: 2 samples of 4 rows
				at, err := net.Gradient(set, 0, last)
				if err != nil {
					t.Fatal(err)
				}
				for _, g := range net.Grads() {
					w := net.Params().Value(g.Name).Float64s()
					largest := 0.0
					for _, v := range g.F64 {
						largest = max(largest, math.Abs(v))
					}
					for k := range w {
						entries++
						same := true
						loss := func(h float64) float64 {
							x := w[k]
							w[k] += h
							s, err := net.Evaluate(set, 0, last)
							w[k] = x
							if err != nil {
								t.Fatal(err)
							}
							same = same && s.Spikes == at.Spikes && s.Silent == at.Silent
							return s.Loss / float64(s.Rows)
						}
						slope := func(h float64) float64 { return (loss(h) - loss(-h)) / (2 * h) }
						want := (4*slope(step/2) - slope(step)) / 3
						if !same {
							changed++
							continue
						}
						// The loss is of size 1 and right to some 1e-15, which differences over
						// 1e-4 make 1e-11; the error of the step is of order step⁴ = 1e-16 times a
						// fifth derivative, which near grazing is large.
						if d := math.Abs(g.F64[k] - want); d > 1e-7*max(largest, 1e-3) {
							t.Errorf("seed %d, %s, engine %v: gradient of %s[%d] is %v, finite difference %v", seed, c.name, engine, g.Name, k, g.F64[k], want)
						}
					}
				}
			}
		}
	}
	// The spikes of a sample change in a share of the steps, and the loss jumps.
	if changed > entries/50 {
		t.Errorf("the number of spikes changed for %d of %d entries", changed, entries)
	}
}

// learning is smallEvents with all that can be learned: one number for all neurons of the first
// layer but for delays, one for each of the second, whose reset has no effect on first spikes.
func learning(seed uint64) EventProp {
	m := smallEvents(seed, true)
	rng := random.New(seed, "delays")
	draw := func(n int) []float64 {
		d := make([]float64, n)
		for k := range d {
			d[k] = 0.5e-3 + 2e-3*rng.Float64()
		}
		return d
	}
	hidden, out := &m.Layers[0], &m.Layers[1]
	hidden.Layer.In.Delay, hidden.Layer.Rec.Delay = draw(len(hidden.Layer.In.Weight)), draw(100)
	hidden.Layer.Params.VInit, out.Layer.Params.VInit = []float64{0.1}, []float64{0}
	hidden.Layer.Params.TauSyn = []float64{4e-3}
	hidden.Learn = EventParams()
	out.Learn, out.PerNeuron = []EventParam{TauMem, TauSyn, VTh, VLeak, VInit, IInit}, true
	return m
}

// TestEventLearnedGradients compares gradients of all that can be learned with finite differences.
func TestEventLearnedGradients(t *testing.T) {
	entries, changed := 0, 0
	for seed := range uint64(2) {
		for _, engine := range []eventprop.Method{eventprop.Adjoint, eventprop.Implicit} {
			m := learning(seed)
			m.Method = engine
			net, err := m.Build(graph.NewParams(1))
			if err != nil {
				t.Fatal(err)
			}
			set := eventBatches(yinYang(t, 2, 42), 2)
			at, err := net.Gradient(set, 0, 0)
			if err != nil {
				t.Fatal(err)
			}
			if want := 3 + len(EventParams()) + len(m.Layers[1].Learn); len(net.Grads()) != want {
				t.Fatalf("%d gradients, want %d", len(net.Grads()), want)
			}
			for _, g := range net.Grads() {
				w := net.Params().Value(g.Name).Float64s()
				largest := 0.0
				for _, v := range g.F64 {
					largest = max(largest, math.Abs(v))
				}
				if largest == 0 {
					t.Errorf("seed %d: gradient of %s is 0", seed, g.Name)
				}
				for k := range w {
					entries++
					same := true
					loss := func(h float64) float64 {
						x := w[k]
						w[k] += h
						s, err := net.Evaluate(set, 0, 0)
						w[k] = x
						if err != nil {
							t.Fatal(err)
						}
						same = same && s.Spikes == at.Spikes && s.Silent == at.Silent
						return s.Loss / float64(s.Rows)
					}
					slope := func(h float64) float64 { return (loss(h) - loss(-h)) / (2 * h) }
					const step = 1e-4
					want := (4*slope(step/2) - slope(step)) / 3
					if !same {
						changed++
						continue
					}
					// as in TestEventGradients; with delays, two arrivals may change places within
					// the step, which is a kink
					if d := math.Abs(g.F64[k] - want); d > 1e-6*max(largest, 1e-3) {
						t.Errorf("seed %d, engine %v: gradient of %s[%d] is %v, finite difference %v", seed, engine, g.Name, k, g.F64[k], want)
					}
				}
			}
		}
	}
	if changed > entries/20 {
		t.Errorf("the number of spikes changed for %d of %d entries", changed, entries)
	}
}

// TestEventBuild: parameters that exist are used; the layers of the method are not changed.
func TestEventBuild(t *testing.T) {
	m := smallEvents(1, true)
	params := graph.NewParams(1)
	one := make([]float64, 100)
	one[7] = 1
	if err := params.Set("hidden/w_rec", tensor.New(tensor.WithShape(10, 10), tensor.WithBacking(one))); err != nil {
		t.Fatal(err)
	}
	before := m.Layers[0].Layer.In.Weight[3]
	if _, err := m.Build(params); !errors.Is(err, graph.ErrParam) || !strings.Contains(err.Error(), `the model has "hidden/w", "out/w" beside them`) || len(params.Names()) != 1 {
		t.Errorf("error %v, want one about the weights that are not given", err)
	}
	m.Partial = true
	net, err := m.Build(params)
	if err != nil {
		t.Fatal(err)
	}
	if v := params.Value("hidden/w").Float64s()[3]; v != before {
		t.Errorf("hidden/w[3] is %v, want that of the layer, %v", v, before)
	}
	if v := params.Value("hidden/w_rec").Float64s()[7]; v != 1 {
		t.Errorf("hidden/w_rec[7] is %v, want that of the parameters, 1", v)
	}
	params.Value("hidden/w").Float64s()[3] = 9
	if m.Layers[0].Layer.In.Weight[3] != before || m.Layers[0].Layer.Rec.Weight[7] == 1 {
		t.Error("the layers of the method changed")
	}
	sums, err := net.Evaluate(eventBatches(yinYang(t, 4, 42), 4), 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	params.Value("hidden/w").Float64s()[3] = before
	if again, err := net.Evaluate(eventBatches(yinYang(t, 4, 42), 4), 0, 0); err != nil || again.Loss == sums.Loss {
		t.Errorf("the loss stays %v with another weight, error %v", again.Loss, err)
	}
}

func TestEventErrors(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(m *EventProp)
		want   error
	}{
		{"scale 0", func(m *EventProp) { m.Scale = 0 }, ErrSettings},
		{"scale NaN", func(m *EventProp) { m.Scale = math.NaN() }, ErrSettings},
		{"no name", func(m *EventProp) { m.Layers[0].Name = "" }, ErrSettings},
		{"one name twice", func(m *EventProp) { m.Layers[1].Name = "hidden" }, ErrSettings},
		{"silence", func(m *EventProp) { m.Layers[1].Silence = -1 }, ErrSettings},
		{"no layers", func(m *EventProp) { m.Layers = nil }, eventprop.ErrShape},
		{"shapes", func(m *EventProp) { m.Layers[1].Layer.In = eventprop.NewDense(9, 3) }, eventprop.ErrShape},
		{"no outputs", func(m *EventProp) { m.Layers[1].Layer.In = eventprop.NewDense(10, 0) }, ErrSettings},
		{"learn what", func(m *EventProp) { m.Layers[0].Learn = []EventParam{"w"} }, ErrSettings},
		{"learn twice", func(m *EventProp) { m.Layers[0].Learn = []EventParam{VTh, VTh} }, ErrSettings},
		{"learn no delay", func(m *EventProp) { m.Layers[0].Learn = []EventParam{Delay} }, ErrSettings},
		{"learn delays that are 0", func(m *EventProp) {
			m.Layers[0].Layer.In.Delay, m.Layers[0].Learn = make([]float64, 50), []EventParam{Delay}
		}, ErrSettings},
		{"learn without recurrence", func(m *EventProp) { m.Layers[0].Learn = []EventParam{DelayRec} }, ErrSettings},
		{"learn no initial voltage", func(m *EventProp) { m.Layers[0].Learn = []EventParam{VInit} }, ErrSettings},
		{"learn threshold of readout", func(m *EventProp) {
			m.Layers[1].Layer.Params.VTh, m.Layers[1].Learn = []float64{math.Inf(1)}, []EventParam{VTh}
		}, ErrSettings},
		{"reset", func(m *EventProp) { m.Layers[0].Layer.Params.VReset = []float64{2} }, eventprop.ErrParameter},
	} {
		m := smallEvents(1, false)
		c.change(&m)
		if _, err := m.Build(graph.NewParams(1)); !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", c.name, err, c.want)
		}
	}
	params := graph.NewParams(1)
	if err := params.Set("hidden/w", tensor.New(tensor.WithShape(5, 9), tensor.WithBacking(make([]float64, 45)))); err != nil {
		t.Fatal(err)
	}
	if _, err := smallEvents(1, false).Build(params); !errors.Is(err, graph.ErrParam) {
		t.Errorf("another shape: error %v", err)
	}
	net, err := smallEvents(1, false).Build(graph.NewParams(1))
	if err != nil {
		t.Fatal(err)
	}
	good := eventBatches(yinYang(t, 4, 42), 4)
	for _, c := range []struct {
		name   string
		change func(s *data.Batches)
		want   error
	}{
		{"no duration", func(s *data.Batches) { s.Duration = 0 }, data.ErrSettings},
		{"short duration", func(s *data.Batches) { s.Duration = 1e-3 }, data.ErrOutside},
		{"encoder", func(s *data.Batches) { s.Encoder = data.Current{} }, data.ErrSettings},
		{"channels", func(s *data.Batches) { s.Encoder = data.Latency{} }, ErrSettings},
	} {
		set := good
		c.change(&set)
		if _, err := net.Gradient(set, 0, 0); !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", c.name, err, c.want)
		}
	}
	net.Params().Value("out/w").Float64s()[2] = math.NaN()
	if _, err := net.Gradient(good, 0, 0); !errors.Is(err, eventprop.ErrParameter) {
		t.Errorf("NaN as a weight: error %v", err)
	}
}
