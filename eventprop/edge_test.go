package eventprop

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/surge-snn/surge/internal/random"
)

// forward runs a layer and fails the test where that fails.
func forward(t *testing.T, l *Layer, input []Spike, end float64) *Tape {
	t.Helper()
	tape := new(Tape)
	if err := tape.Forward(l, input, end); err != nil {
		t.Fatal(err)
	}
	return tape
}

func gradients(t *testing.T, l *Layer, tape *Tape, times []float64) *Gradients {
	t.Helper()
	g := l.NewGradients()
	if err := tape.Backward(g, &Cotangent{Time: times}); err != nil {
		t.Fatal(err)
	}
	return g
}

// dense returns synapses of the given weights.
func dense(pre, post int, w ...float64) Synapses {
	return Synapses{Pre: pre, Post: post, Weight: w}
}

// TestAdjointIdentity: <A(h)' a, s> = <a, A(h) s> for the flow, for any time constants.
func TestAdjointIdentity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.Float64Range(-10, 10)
		tau := rapid.Float64Range(0.1, 10)
		f, err := NewFlow(tau.Draw(t, "TauMem"), tau.Draw(t, "TauSyn"))
		if err != nil {
			t.Fatal(err)
		}
		h := rapid.Float64Range(0, 20).Draw(t, "h")
		s, a := State{number.Draw(t, "V"), number.Draw(t, "I")}, State{number.Draw(t, "a"), number.Draw(t, "b")}
		end, start := f.Apply(s, h), f.Adjoint(a, h)
		left, right := start.V*s.V+start.I*s.I, a.V*end.V+a.I*end.I
		// 4 products of numbers up to 10, with some ulp each
		if math.Abs(left-right) > 1e-15*(math.Abs(a.V*s.V)+math.Abs(a.V*s.I)+math.Abs(a.I*s.I)+1e-300)*4 {
			t.Fatalf("%v and %v", left, right)
		}
	})
}

// TestFactors compares with the plain formula in 200 bits, and holds the semigroup
// property Factors(g + h) = Factors(g) Factors(h).
func TestFactors(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tauMem := rapid.Float64Range(0.1, 10).Draw(t, "TauMem")
		ratio := rapid.OneOf(rapid.Just(1.0), rapid.Float64Range(0.999999, 1.000001), rapid.Float64Range(0.1, 10)).Draw(t, "ratio")
		h := rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(1e-6, 30)).Draw(t, "h") // 200 bits are too few below
		f, err := NewFlow(tauMem, tauMem*ratio)
		if err != nil {
			t.Fatal(err)
		}
		p := f.Factors(h)
		want := preciseVoltage(f.tauMem, f.tauSyn, 0, 1, h)
		// the exponentials have an error of h/tau/2 ulp from the rounding of h/tau
		tolerance := 4e-16 * (2 + h/tauMem + h/f.tauSyn)
		if math.Abs(p.Kappa-want) > tolerance*want {
			t.Fatalf("Kappa %v, want %v", p.Kappa, want)
		}
		if want := preciseVoltage(f.tauMem, f.tauSyn, 1, 0, h); math.Abs(p.Mem-want) > tolerance*want {
			t.Fatalf("Mem %v, want %v", p.Mem, want)
		}
		s := State{0.3, 1.7}
		one, two := f.Apply(s, h), f.Apply(f.Apply(s, h/3), h-h/3)
		if d := math.Abs(one.V - two.V); d > 4*tolerance*(math.Abs(one.V)+p.Kappa+p.Mem) {
			t.Fatalf("in one step %v, in two %v", one.V, two.V)
		}
	})
}

// TestClosedFormSpike: one input of weight w into a neuron at TauMem = 2 TauSyn spikes at
// t_in + 2 TauSyn ln(2/(1 + sqrt(1 - 4/w))), the root of the quadratic.
func TestClosedFormSpike(t *testing.T) {
	const w, tIn = 6.0, 1e-3
	l := Layer{In: dense(1, 1, w)}
	tape := forward(t, &l, []Spike{{Time: tIn}}, 6e-3)
	want := tIn + 10e-3*math.Log(2/(1+math.Sqrt(1-4/w)))
	if len(tape.Spikes) != 1 || math.Abs(tape.Spikes[0].Time-want) > 1e-17 {
		t.Fatalf("%v, want one spike at %v", tape.Spikes, want)
	}
	g := gradients(t, &l, tape, []float64{1})
	r := math.Sqrt(1 - 4/w)
	dw := -10e-3 / (1 + r) * 2 / (w * w) / r
	if math.Abs(g.In[0]-dw) > 1e-14*math.Abs(dw) || math.Abs(tape.InputTime[0]-1) > 1e-13 {
		t.Errorf("d/dw %v, want %v; d/dt %v, want 1", g.In[0], dw, tape.InputTime[0])
	}
}

// TestInputAtSpike: an input exactly at a spike comes after it, and with InputFirst before.
func TestInputAtSpike(t *testing.T) {
	l := Layer{In: dense(1, 1, 6)}
	l.InputFirst = true // one engine for all: another one may round the crossing to another number
	alone := forward(t, &l, []Spike{{Time: 1e-3}}, 6e-3).Spikes[0]
	l.InputFirst = false
	both := []Spike{{Time: 1e-3}, {Time: alone.Time}}
	after := forward(t, &l, both, 6e-3)
	if s := after.Spikes[0]; s.Time != alone.Time || math.Abs(s.Current-alone.Current) > 1e-13 {
		t.Errorf("spike %v, without the input %v", s, alone)
	}
	l.InputFirst = true
	before := forward(t, &l, both, 6e-3)
	if s := before.Spikes[0]; math.Abs(s.Time-alone.Time) > 1e-17 || math.Abs(s.Current-alone.Current-6) > 1e-13 {
		t.Errorf("with the input first: spike %v, without the input %v", s, alone)
	}
	// the state after both is the same, so the later spikes are too
	if len(before.Spikes) != len(after.Spikes) {
		t.Errorf("%d and %d spikes", len(before.Spikes), len(after.Spikes))
	}
}

// TestSimultaneousSpikes: neurons that cross at one instant all spike, by rising index, even
// where the first inhibits the others without delay.
func TestSimultaneousSpikes(t *testing.T) {
	rec := NewDense(3, 3)
	for s := range rec.Weight {
		rec.Weight[s] = -10
	}
	l := Layer{In: dense(1, 3, 6, 6, 6), Rec: &rec}
	tape := forward(t, &l, []Spike{{Time: 1e-3}}, 40e-3)
	if len(tape.Spikes) != 3 {
		t.Fatalf("%v, want 3 spikes", tape.Spikes)
	}
	for k, s := range tape.Spikes {
		if s.Neuron != k || s.Time != tape.Spikes[0].Time || s.Current != tape.Spikes[0].Current {
			t.Errorf("spike %d: %v", k, s)
		}
	}
	tape.unfold()
	for _, x := range tape.events.present {
		if i := tape.events.touches[x.last].i; math.Abs(i-(tape.Spikes[0].Current-30)) > 1e-12 {
			t.Errorf("current %v after the spikes", i)
		}
	}
}

// TestGrazing: a neuron whose maximum is the threshold does not spike; a little more weight
// makes it spike, with a slope that MinSlope clips.
func TestGrazing(t *testing.T) {
	// at TauMem = 2 TauSyn the maximum of u is w/4
	graze := forward(t, &Layer{In: dense(1, 1, 4)}, []Spike{{}}, 40e-3)
	if len(graze.Spikes) != 0 || graze.Report.SilentNeurons != 1 {
		t.Errorf("%v at grazing", graze.Spikes)
	}
	l := Layer{In: dense(1, 1, 4*(1+1e-10))}
	tape := forward(t, &l, []Spike{{}}, 40e-3)
	if len(tape.Spikes) != 1 || tape.Report.Grazing != 1 {
		t.Fatalf("%v, %v", tape.Spikes, tape.Report)
	}
	exact := gradients(t, &l, tape, []float64{1}).In[0]
	l.MinSlope = 1e-3
	clipped := gradients(t, &l, tape, []float64{1}).In[0]
	m := tape.Spikes[0].Current - 1
	if tape.Report.ClippedJumps != 1 || math.Abs(clipped*1e-3-exact*m) > 1e-12*math.Abs(exact*m) {
		t.Errorf("gradient %v clipped to %v at slope %v; %v", exact, clipped, m, tape.Report)
	}
}

// TestAutapse: a neuron that excites itself without delay fires again and again, and its
// gradient is that of finite differences.
func TestAutapse(t *testing.T) {
	rec := dense(1, 1, 2)
	l := Layer{In: dense(1, 1, 8), Rec: &rec}
	times := func() []Spike { return forward(t, &l, []Spike{{}}, 20e-3).Spikes }
	spikes := times()
	if len(spikes) < 3 {
		t.Fatalf("%v", spikes)
	}
	last := len(spikes) - 1
	cot := make([]float64, len(spikes))
	cot[last] = 1
	g := gradients(t, &l, forward(t, &l, []Spike{{}}, 20e-3), cot).Rec[0]
	d, ok := derivative(func(h float64) (float64, bool) {
		defer func(w float64) { rec.Weight[0] = w }(rec.Weight[0])
		rec.Weight[0] += h
		s := times()
		return s[last].Time, len(s) == len(spikes)
	}, 1e-3)
	// 1e-9: rounding of a difference quotient of steps of 1e-6
	if !ok || math.Abs(d-g) > 1e-9*math.Abs(g) {
		t.Errorf("d t_last/d w = %v, finite difference %v (%v)", g, d, ok)
	}
}

// TestSpikesAtTheEnds: a neuron that starts at threshold spikes at 0, one whose crossing is at the
// end or later does not spike, and inputs at the end have no effect.
func TestSpikesAtTheEnds(t *testing.T) {
	for _, start := range []float64{1, 1.5} {
		l := Layer{Params: LIFParameters{VInit: []float64{start}, VReset: []float64{-0.5}, IInit: []float64{6}}, In: dense(1, 1, 6)}
		tape := forward(t, &l, nil, 20e-3)
		if len(tape.Spikes) < 2 || tape.Spikes[0] != (Spike{0, 0, 6}) {
			t.Fatalf("%v, want the first at 0", tape.Spikes)
		}
		cot := make([]float64, len(tape.Spikes))
		cot[0], cot[1] = 1, 1
		g := gradients(t, &l, tape, cot)
		if g.VInit[0] != 0 || !(g.VReset[0] < 0) || !(g.IInit[0] < 0) {
			t.Errorf("gradients to VInit %v, VReset %v, IInit %v", g.VInit[0], g.VReset[0], g.IInit[0])
		}
		other := l.NewGradients()
		if err := tape.Analytical(other, &Cotangent{Time: cot}); err != nil {
			t.Fatal(err)
		}
		if d := math.Abs(other.VReset[0]/g.VReset[0] - 1); d > 1e-12 {
			t.Errorf("gradient to VReset %v, analytical %v", g.VReset[0], other.VReset[0])
		}
	}
	l := Layer{In: dense(1, 1, 6)}
	at := forward(t, &l, []Spike{{}}, 40e-3).Spikes[0].Time
	if s := forward(t, &l, []Spike{{}}, at).Spikes; len(s) != 0 {
		t.Errorf("%v at the end", s)
	}
	if s := forward(t, &l, []Spike{{}}, math.Nextafter(at, 1)).Spikes; len(s) != 1 {
		t.Errorf("%v just before the end", s)
	}
	late := forward(t, &l, []Spike{{}, {Time: 5e-3}, {Time: 6e-3}}, 5e-3)
	if late.Report.LateInputs != 2 || late.Report.Inputs != 1 {
		t.Errorf("%v", late.Report)
	}
}

// TestTonic: without input a neuron whose leak is above threshold fires with the period
// TauMem ln((VLeak - VReset)/(VLeak - VTh)).
func TestTonic(t *testing.T) {
	l := Layer{Params: LIFParameters{VLeak: []float64{1.25}, VReset: []float64{0.25}, VInit: []float64{0.25}}, In: NewDense(0, 1)}
	tape := forward(t, &l, nil, 0.1)
	period := 10e-3 * math.Log(4)
	if len(tape.Spikes) != int(0.1/period) {
		t.Errorf("%d spikes, want %d", len(tape.Spikes), int(0.1/period))
	}
	for k, s := range tape.Spikes {
		if want := period * float64(k+1); math.Abs(s.Time-want) > 1e-15*float64(k+1) {
			t.Errorf("spike %d at %v, want %v", k, s.Time, want)
		}
	}
}

// TestSparseIsDense: sparse and dense matrices give
// the same spikes and gradients to the last bit.
func TestSparseIsDense(t *testing.T) {
	for k := range 10 {
		r := random.New(uint64(k), "eventprop/sparse")
		w := newNetwork(r, kindOfNetwork{rec: true, delays: k%2 == 0})
		var tape Tape
		var c Cotangent
		want, _, err := w.loss(&tape, &c)
		if err != nil {
			t.Fatal(err)
		}
		g := w.layer.NewGradients()
		if err := tape.Backward(g, &c); err != nil {
			t.Fatal(err)
		}
		n := w.layer.Neurons()
		rec := *w.layer.Rec
		full := slices.Repeat([]float64{1}, n*n) // no weight is left out
		sparse, err := NewSparse(n, n, full, rec.Delay)
		if err != nil {
			t.Fatal(err)
		}
		copy(sparse.Weight, rec.Weight)
		w.layer.Rec = &sparse
		got, _, err := w.loss(&tape, &c)
		if err != nil {
			t.Fatal(err)
		}
		h := w.layer.NewGradients()
		if err := tape.Backward(h, &c); err != nil {
			t.Fatal(err)
		}
		if got != want || !slices.Equal(g.Rec, h.Rec) || !slices.Equal(g.TauMem, h.TauMem) {
			t.Errorf("net %d: sparse loss %v, dense %v", k, got, want)
		}
	}
}

// TestRecorded: the spikes of a pass, taken as recorded ones, give the same currents and gradients.
func TestRecorded(t *testing.T) {
	r := random.New(3, "eventprop/recorded")
	w := newNetwork(r, kindOfNetwork{rec: true})
	tape := forward(t, &w.layer, w.input, w.end)
	cot := make([]float64, len(tape.Spikes))
	for k := range cot {
		cot[k] = random.Normal(r)
	}
	want := gradients(t, &w.layer, tape, cot)
	spikes := slices.Clone(tape.Spikes)
	var known Tape
	if err := known.ForwardRecorded(&w.layer, w.input, spikes, w.end); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(known.Spikes, spikes) {
		t.Errorf("%v, want %v", known.Spikes, spikes)
	}
	if g := gradients(t, &w.layer, &known, cot); !slices.Equal(g.In, want.In) || !slices.Equal(g.Rec, want.Rec) {
		t.Errorf("gradients differ")
	}
	if err := known.Analytical(w.layer.NewGradients(), &Cotangent{Time: cot}); !errors.Is(err, ErrParameter) {
		t.Errorf("implicit derivatives of recorded spikes: %v", err)
	}
	// No neuron fires twice at one time, but two neurons may, and one at two times.
	first := spikes[0]
	other := Spike{Time: first.Time, Neuron: (first.Neuron + 1) % w.layer.Neurons()}
	later := Spike{Time: math.Nextafter(first.Time, math.Inf(1)), Neuron: first.Neuron}
	for _, c := range []struct {
		recorded []Spike
		wrong    bool
	}{{[]Spike{first, first}, true}, {[]Spike{first, other, first}, true}, {[]Spike{first, other}, false}, {[]Spike{first, later}, false}} {
		if err := known.ForwardRecorded(&w.layer, w.input, c.recorded, w.end); errors.Is(err, ErrSpikes) != c.wrong {
			t.Errorf("recorded %v: error %v, want one: %v", c.recorded, err, c.wrong)
		}
	}
}

// TestErrors holds that each mistake is named.
func TestErrors(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	one := func(p LIFParameters) *Layer { return &Layer{Params: p, In: dense(1, 1, 6)} }
	delayed := &Layer{In: dense(1, 1, 6)}
	delayed.In.Delay = []float64{-1}
	for _, test := range []struct {
		name  string
		l     *Layer
		input []Spike
		end   float64
		is    error
		says  string
	}{
		{"reset", one(LIFParameters{VReset: []float64{1}}), nil, 1, ErrParameter, "VReset is 1, want less than VTh, which is 1"},
		{"TauMem", one(LIFParameters{TauMem: []float64{0}}), nil, 1, ErrParameter, "TauMem is 0"},
		{"TauSyn", one(LIFParameters{TauSyn: []float64{-2}}), nil, 1, ErrParameter, "TauSyn is -2"},
		{"TauMem NaN", one(LIFParameters{TauMem: []float64{nan}}), nil, 1, ErrParameter, "TauMem[0] is NaN"},
		{"leak", one(LIFParameters{VLeak: []float64{inf}}), nil, 1, ErrParameter, "VLeak[0] is +Inf"},
		{"length", one(LIFParameters{VTh: []float64{1, 2}}), nil, 1, ErrShape, "VTh has 2 values, want 1 or 1"},
		{"weight", &Layer{In: dense(1, 1, nan)}, nil, 1, ErrParameter, "weight 0 of In is NaN"},
		{"weights", &Layer{In: dense(1, 2, 1)}, nil, 1, ErrShape, "In has 1 weights, want 1 x 2"},
		{"delay", delayed, nil, 1, ErrParameter, "delay 0 of In is -1"},
		{"end", &Layer{In: dense(1, 1, 6)}, nil, 0, ErrParameter, "the end is 0 s"},
		{"unsorted", &Layer{In: dense(1, 1, 6)}, []Spike{{Time: 2}, {Time: 1}}, 3, ErrSpikes, "input spike 1 is at 1 s, after one at 2 s"},
		{"source", &Layer{In: dense(1, 1, 6)}, []Spike{{Neuron: 1}}, 3, ErrSpikes, "input spike 0 is of 1, want 0 to 0"},
		{"NaN time", &Layer{In: dense(1, 1, 6)}, []Spike{{Time: nan}}, 3, ErrSpikes, "input spike 0 is at NaN s"},
		{"many", &Layer{In: dense(1, 1, 600), Settings: Settings{MaxSpikes: 3}}, []Spike{{}}, 3, ErrLimit, "the limit is 3"},
		{"overflow", one(LIFParameters{VLeak: []float64{1e308}, VTh: []float64{1.5e308}, VReset: []float64{-1.5e308}}), nil, 1, ErrParameter, "VLeak = 1e+308 overflow"},
		{"current", &Layer{In: dense(1, 1, -1.5e308)}, []Spike{{}, {}}, 3, ErrNonFinite, "neuron 0 has V = "},
		{"current of unlike neurons", &Layer{Params: LIFParameters{VTh: []float64{1, 2}}, In: dense(1, 2, -1.5e308, 1)}, []Spike{{}, {}}, 3, ErrNonFinite, "neuron 0 has V = "},
		{"runaway", &Layer{In: dense(1, 1, 1e300)}, []Spike{{Time: 1e-3}}, 3, ErrRunaway, "neuron 0 at 0.001 s"},
	} {
		var tape Tape
		err := tape.Forward(test.l, test.input, test.end)
		if !errors.Is(err, test.is) || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %v: %s", test.name, err, test.is, test.says)
		}
	}
	var unused Tape
	if _, err := unused.Max(0); !errors.Is(err, ErrShape) {
		t.Errorf("maximum of no pass: %v", err)
	}
	if _, err := unused.Voltage(0, 0); !errors.Is(err, ErrShape) {
		t.Errorf("voltage of no pass: %v", err)
	}
	if err := unused.Backward(new(Gradients), new(Cotangent)); !errors.Is(err, ErrShape) {
		t.Errorf("gradient of no pass: %v", err)
	}
	l := one(LIFParameters{})
	tape := forward(t, l, []Spike{{}}, 6e-3)
	if err := tape.Backward(l.NewGradients(), &Cotangent{}); !errors.Is(err, ErrShape) {
		t.Errorf("cotangent of the wrong length: %v", err)
	}
	if err := tape.Backward(&Gradients{In: make([]float64, 2)}, &Cotangent{Time: make([]float64, len(tape.Spikes))}); !errors.Is(err, ErrShape) {
		t.Errorf("gradients of the wrong length: %v", err)
	}
}

// TestSilence: the regulariser is continuous where a neuron begins to spike, and its gradient is
// that of the finite difference.
func TestSilence(t *testing.T) {
	l := Layer{In: dense(2, 1, 2, 1.5)}
	input := []Spike{{Time: 1e-3}, {Time: 4e-3, Neuron: 1}}
	value := func(g *Gradients) float64 {
		tape := forward(t, &l, input, 40e-3)
		var c Cotangent
		c.Reset(tape)
		v, err := Silence{Weight: 2}.Add(tape, &c)
		if err != nil {
			t.Fatal(err)
		}
		if err := tape.Backward(g, &c); err != nil {
			t.Fatal(err)
		}
		return v
	}
	g := l.NewGradients()
	if v := value(g); !(v > 0) || g.VTh[0] != 2 {
		t.Fatalf("%v, d/dVTh %v", v, g.VTh[0])
	}
	for s := range l.In.Weight {
		d, ok := derivative(func(h float64) (float64, bool) {
			defer func(w float64) { l.In.Weight[s] = w }(l.In.Weight[s])
			l.In.Weight[s] += h
			return value(l.NewGradients()), true
		}, 1e-3)
		if !ok || math.Abs(d-g.In[s]) > 1e-9*math.Abs(d) {
			t.Errorf("weight %d: %v, finite difference %v", s, g.In[s], d)
		}
	}
	l.In.Weight = []float64{4 * (1 - 1e-12), 0}
	if v := value(l.NewGradients()); !(v >= 0 && v < 1e-11) {
		t.Errorf("%v just below threshold", v)
	}
}

// TestExistence: below the margin the cost rises with the slope 1 - d/Margin, which the finite
// difference has too; beyond it there is the constant alone.
func TestExistence(t *testing.T) {
	l := Layer{In: dense(2, 1, 2, 1.5)}
	input := []Spike{{Time: 1e-3}, {Time: 4e-3, Neuron: 1}}
	value := func(margin float64, g *Gradients) float64 {
		tape := forward(t, &l, input, 40e-3)
		var c Cotangent
		c.Reset(tape)
		v, err := Existence{Weight: 2, Margin: margin}.Add(tape, &c)
		if err != nil {
			t.Fatal(err)
		}
		if err := tape.Backward(g, &c); err != nil {
			t.Fatal(err)
		}
		return v
	}
	peak, err := forward(t, &l, input, 40e-3).Max(0)
	if err != nil {
		t.Fatal(err)
	}
	d := 1 - peak.Value
	for _, margin := range []float64{0.99 * d, 1.5 * d, 1e9} {
		g := l.NewGradients()
		v, slope, want := value(margin, g), 2*(1-d/margin), 2*(d-d*d/(2*margin))
		if margin < d {
			slope, want = 0, margin
		}
		if math.Abs(v-want) > 1e-14 || math.Abs(g.VTh[0]-slope) > 1e-14 {
			t.Errorf("margin %v: %v with slope %v, want %v with %v", margin, v, g.VTh[0], want, slope)
		}
		for s := range l.In.Weight {
			num, ok := derivative(func(h float64) (float64, bool) {
				defer func(w float64) { l.In.Weight[s] = w }(l.In.Weight[s])
				l.In.Weight[s] += h
				return value(margin, l.NewGradients()), true
			}, 1e-4*d)
			if !ok || math.Abs(num-g.In[s]) > 1e-8 {
				t.Errorf("margin %v, weight %d: %v, finite difference %v", margin, s, g.In[s], num)
			}
		}
	}
	if _, err := (Existence{Weight: 1}).Add(forward(t, &l, input, 40e-3), new(Cotangent)); !errors.Is(err, ErrParameter) {
		t.Errorf("no margin: %v", err)
	}
}
