package equation

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/internal/random"
)

// example is a model with parameters with which it spikes, the unit of its weights, and the times
// in s.
type example struct {
	name, text string
	params     map[string]float64
	weight     float64
}

var examples = []example{
	{"LIF", LIF, map[string]float64{"v_leak": 0.1, "tau_mem": 10e-3, "tau_syn": 5e-3, "v_th": 1, "v_reset": -0.2, "t_ref": 3e-3}, 4},
	{"Alpha", Alpha, map[string]float64{"v_leak": 0.1, "tau_mem": 10e-3, "tau_syn": 5e-3, "tau_rise": 2e-3, "v_th": 1, "v_reset": -0.2, "t_ref": 2e-3}, 8},
	{"ALIF", ALIF, map[string]float64{"v_leak": 0.1, "tau_mem": 10e-3, "tau_syn": 5e-3, "tau_adapt": 30e-3, "beta": 0.3, "v_th": 1, "v_reset": -0.2}, 4},
	{"QIF", QIF, map[string]float64{"tau_mem": 5e-3, "tau_syn": 5e-3, "v_th": 8, "v_reset": -4, "v_init": -1, "i_ext": -0.5}, 6},
	{"Theta", Theta, map[string]float64{"tau_mem": 5e-3, "tau_syn": 5e-3, "theta_init": -1.5, "i_ext": -0.3}, 6},
	{"EIF", EIF, map[string]float64{"v_leak": 0, "tau_mem": 10e-3, "tau_syn": 5e-3, "delta_t": 0.2, "v_t": 0.8, "v_th": 2, "v_reset": -0.2, "t_ref": 2e-3}, 4},
	{"AdEx", AdEx, map[string]float64{"v_leak": 0, "tau_mem": 10e-3, "tau_syn": 5e-3, "tau_adapt": 30e-3, "a": 0.1, "b": 0.3, "delta_t": 0.2, "v_t": 0.8, "v_th": 2,
		"v_reset": -0.2, "t_ref": 2e-3}, 4},
	{"Izhikevich", Izhikevich, map[string]float64{"a": 0.02, "b": 0.2, "c": -65, "d": 8, "tau_syn": 5e-3}, 20},
}

// net draws a layer of 3 neurons that differ with 2 inputs, dense recurrence with delays, and an
// input of 6 spikes.
func (x example) net(t *testing.T, r *rand.Rand) (*Layer, []eventprop.Spike) {
	t.Helper()
	m, err := Parse(x.text)
	if err != nil {
		t.Fatal(err)
	}
	l := &Layer{Model: m, In: eventprop.NewDense(2, 3), Params: map[string][]float64{}, Tolerance: 1e-12}
	for _, name := range m.Params {
		v, ok := x.params[name]
		if !ok {
			t.Fatalf("%s has no %s", x.name, name)
		}
		l.Params[name] = make([]float64, 3)
		for j := range 3 {
			l.Params[name][j] = v * (0.9 + 0.2*r.Float64())
		}
	}
	delays := func(s *eventprop.Synapses, scale float64) {
		s.Delay = make([]float64, len(s.Weight))
		for k := range s.Weight {
			s.Weight[k] = scale * x.weight * (0.6 + 0.5*random.Normal(r))
			s.Delay[k] = 1e-3 * (0.2 + r.Float64())
		}
	}
	delays(&l.In, 1)
	rec := eventprop.NewDense(3, 3)
	delays(&rec, 0.3)
	l.Rec = &rec
	var input []eventprop.Spike
	for range 6 {
		input = append(input, eventprop.Spike{Time: 15e-3 * r.Float64(), Neuron: r.IntN(2)})
	}
	eventprop.SortSpikes(input)
	return l, input
}

// TestGradients compares all gradients of random recurrent nets of all models with
// Richardson-extrapolated differences.
func TestGradients(t *testing.T) {
	nets, every, tolerance := 3, 1, 1e-12
	if testing.Short() { // a part of them
		nets, every, tolerance = 1, 3, 1e-11
	}
	for _, x := range examples {
		t.Run(x.name, func(t *testing.T) {
			var differences []float64 // relative to the largest entry
			for k := range nets {
				r := random.New(uint64(k), "equation/"+x.name)
				l, input := x.net(t, r)
				l.Tolerance = tolerance
				var run Run
				const end = 25e-3
				if err := run.Forward(l, input, end); err != nil {
					t.Fatal(err)
				}
				if len(run.Spikes) == 0 {
					continue
				}
				time := make([]float64, len(run.Spikes))
				for i := range time {
					time[i] = random.Normal(r)
				}
				order := run.Pattern()
				g, err := run.Backward(time)
				if err != nil {
					t.Fatal(err)
				}
				loss := func() float64 {
					var other Run
					if err := other.Forward(l, input, end); err != nil {
						t.Fatal(err)
					}
					if !slices.Equal(other.Pattern(), order) {
						return math.NaN() // the events of a neuron change within the difference
					}
					sum := 0.0
					for i, s := range other.Spikes {
						sum += time[i] * s.Time
					}
					return sum
				}
				check := func(name string, values, grad []float64, scale float64) {
					largest := 0.0
					for _, v := range grad {
						largest = max(largest, math.Abs(v))
					}
					for i := k % every; i < len(values); i += every {
						at := values[i]
						difference := func(h float64) float64 {
							values[i] = at + h
							up := loss()
							values[i] = at - h
							down := loss()
							values[i] = at
							return (up - down) / (2 * h)
						}
						h := 2e-4 * max(math.Abs(at), scale)
						d1, d2 := difference(h), difference(h/2)
						want := d2 + (d2-d1)/3
						// the steps differ between the two sides by their tolerance, of some 10 ms,
						// and the extrapolation leaves h^4
						rounding := tolerance * 25e-3 * 10 / h
						if math.IsNaN(want) {
							continue
						}
						differences = append(differences, math.Abs(grad[i]-want)/max(largest, 1e-300))
						if math.Abs(grad[i]-want) > 1e-6*largest+rounding+math.Abs(d2-d1)*0.02 {
							t.Errorf("net %d: %s[%d] is %v, differences %v (%v, %v)", k, name, i, grad[i], want, d1, d2)
						}
					}
				}
				check("In", l.In.Weight, g.In, x.weight)
				check("InDelay", l.In.Delay, g.InDelay, 1e-3)
				check("Rec", l.Rec.Weight, g.Rec, x.weight)
				check("RecDelay", l.Rec.Delay, g.RecDelay, 1e-3)
				for _, name := range l.Model.Params {
					check(name, l.Params[name], g.Params[name], math.Abs(x.params[name]))
				}
				checkTimes(t, input, g.InputTime, tolerance, loss)
			}
			if len(differences) < 30*nets/every {
				t.Fatalf("only %d derivatives compared", len(differences))
			}
			slices.Sort(differences)
			t.Logf("%d derivatives: median %.1e, 99 %% below %.1e, largest %.1e", len(differences), differences[len(differences)/2],
				differences[len(differences)*99/100], differences[len(differences)-1])
		})
	}
}

// checkTimes compares the gradients of the times of inputs, whose order must not change.
func checkTimes(t *testing.T, input []eventprop.Spike, grad []float64, tolerance float64, loss func() float64) {
	t.Helper()
	largest := 0.0
	for _, v := range grad {
		largest = max(largest, math.Abs(v))
	}
	for i := range input {
		const h = 2e-6
		at := input[i].Time
		if i > 0 && input[i-1].Time > at-h || i+1 < len(input) && input[i+1].Time < at+h || at < h {
			continue
		}
		difference := func(h float64) float64 {
			input[i].Time = at + h
			up := loss()
			input[i].Time = at - h
			down := loss()
			input[i].Time = at
			return (up - down) / (2 * h)
		}
		d1, d2 := difference(h), difference(h/2)
		if want := d2 + (d2-d1)/3; !math.IsNaN(want) && math.Abs(grad[i]-want) > 1e-6*largest+tolerance*25e-3*10/h+math.Abs(d2-d1)*0.02 {
			t.Errorf("InputTime[%d] is %v, differences %v (%v, %v)", i, grad[i], want, d1, d2)
		}
	}
}

func neuronsOf(s []eventprop.Spike) (n []int) {
	for _, s := range s {
		n = append(n, s.Neuron)
	}
	return n
}

// one returns a layer of one neuron without input.
func one(t *testing.T, text string, params map[string]float64) *Layer {
	t.Helper()
	m, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	l := &Layer{Model: m, In: eventprop.NewDense(1, 1), Params: map[string][]float64{}, Tolerance: 1e-12}
	for name, v := range params {
		l.Params[name] = []float64{v}
	}
	return l
}

// TestTheta: with a constant current the theta neuron fires at the period pi tau/sqrt(I), from
// infinity to infinity.
func TestTheta(t *testing.T) {
	const tau, current = 10e-3, 0.7
	l := one(t, Theta, map[string]float64{"tau_mem": tau, "tau_syn": 5e-3, "theta_init": -math.Pi, "i_ext": current})
	var run Run
	if err := run.Forward(l, nil, 0.2); err != nil {
		t.Fatal(err)
	}
	period := math.Pi * tau / math.Sqrt(current)
	if want := int(0.2 / period); len(run.Spikes) != want {
		t.Fatalf("%d spikes, want %d", len(run.Spikes), want)
	}
	for k, s := range run.Spikes {
		n := float64(k + 1)
		if math.Abs(s.Time-n*period) > 1e-10*n*period { // some 100 steps a period of the tolerance 1e-12
			t.Errorf("spike %d at %v, want %v", k, s.Time, n*period)
		}
		time := make([]float64, len(run.Spikes))
		time[k] = 1
		g, err := run.Backward(time)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := g.Params["i_ext"][0], -n*period/2/current; math.Abs(got-want) > 1e-9*math.Abs(want) {
			t.Errorf("dt_%d/dI is %v, want %v", k, got, want)
		}
		if got, want := g.Params["tau_mem"][0], n*period/tau; math.Abs(got-want) > 1e-9*math.Abs(want) {
			t.Errorf("dt_%d/dtau is %v, want %v", k, got, want)
		}
	}
}

// TestRefractory: with a leak above the threshold the neuron fires at the period t_ref + tau ln((E
// - V_reset)/(E - V_th)).
func TestRefractory(t *testing.T) {
	const tau, leak, reset, hold = 10e-3, 1.5, -0.3, 4e-3
	l := one(t, LIF, map[string]float64{"tau_mem": tau, "tau_syn": 5e-3, "v_leak": leak, "v_th": 1, "v_reset": reset, "t_ref": hold})
	l.Model.start = program{} // start at the reset
	if err := l.Model.start.parse("v_reset", func(n string) (int, error) { return l.Model.variable(n, false, false) }); err != nil {
		t.Fatal(err)
	}
	if err := l.Model.start.parse("0", nil); err != nil {
		t.Fatal(err)
	}
	var run Run
	if err := run.Forward(l, nil, 0.1); err != nil {
		t.Fatal(err)
	}
	rise := tau * math.Log((leak-reset)/(leak-1))
	for k, s := range run.Spikes {
		want := rise + float64(k)*(rise+hold)
		if math.Abs(s.Time-want) > 1e-10*want {
			t.Errorf("spike %d at %v, want %v", k, s.Time, want)
		}
		time := make([]float64, len(run.Spikes))
		time[k] = 1
		g, err := run.Backward(time)
		if err != nil {
			t.Fatal(err)
		}
		n := float64(k + 1)
		for name, want := range map[string]float64{"t_ref": n - 1, "tau_mem": n * rise / tau, "v_th": n * tau / (leak - 1), "v_reset": -n * tau / (leak - reset)} {
			if got := g.Params[name][0]; math.Abs(got-want) > 1e-9*max(math.Abs(want), 1e-3) {
				t.Errorf("dt_%d/d%s is %v, want %v", k, name, got, want)
			}
		}
	}
	if want := 1 + int((0.1-rise)/(rise+hold)); len(run.Spikes) != want {
		t.Errorf("%d spikes, want %d", len(run.Spikes), want)
	}
}

// TestHoldIsOpenOnTheRight: an input that jumps V is lost during the hold, and felt at its very
// end.
func TestHoldIsOpenOnTheRight(t *testing.T) {
	l := one(t, `
dV/dt = -V/tau
threshold: V - 1
reset: V = 0
hold: V for t_ref
input: V = V + w`, map[string]float64{"tau": 10e-3, "t_ref": 0.25})
	l.In.Weight[0] = 2
	for _, c := range []struct {
		second float64
		spikes int
	}{{0.25, 1}, {0.4999, 1}, {0.5, 2}, {0.6, 2}} {
		var run Run
		if err := run.Forward(l, []eventprop.Spike{{Time: 0.25}, {Time: c.second}}, 1); err != nil {
			t.Fatal(err)
		}
		if len(run.Spikes) != c.spikes {
			t.Errorf("second input at %v: %d spikes, want %d", c.second, len(run.Spikes), c.spikes)
		}
		// a spike by a jump is at its input
		time := make([]float64, len(run.Spikes))
		time[len(time)-1] = 1
		g, err := run.Backward(time)
		if err != nil {
			t.Fatal(err)
		}
		if got := g.InputTime[c.spikes-1]; got != 1 {
			t.Errorf("second input at %v: dt/dt_in is %v, want 1", c.second, got)
		}
	}
}

// TestAgainstClosedForm compares LIF neurons without a refractory time with those of package
// eventprop.
func TestAgainstClosedForm(t *testing.T) {
	for k := range 20 {
		r := random.New(uint64(k), "equation/closed")
		l, input := examples[0].net(t, r)
		l.Params["t_ref"] = []float64{0}
		p := l.Params
		closed := &eventprop.Layer{In: l.In, Rec: l.Rec, Params: eventprop.LIFParameters{
			TauMem: p["tau_mem"], TauSyn: p["tau_syn"], VTh: p["v_th"], VLeak: p["v_leak"], VReset: p["v_reset"],
		}}
		var run Run
		var tape eventprop.Tape
		if err := errors.Join(run.Forward(l, input, 40e-3), tape.Forward(closed, input, 40e-3)); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(neuronsOf(run.Spikes), neuronsOf(tape.Spikes)) {
			t.Fatalf("net %d: %v, closed form %v", k, run.Spikes, tape.Spikes)
		}
		if len(run.Spikes) == 0 {
			continue
		}
		var c eventprop.Cotangent
		c.Reset(&tape)
		for i := range c.Time {
			c.Time[i] = random.Normal(r)
			if d := math.Abs(run.Spikes[i].Time - tape.Spikes[i].Time); d > 1e-9*40e-3 {
				t.Errorf("net %d: spike %d differs by %v", k, i, d)
			}
		}
		want := closed.NewGradients()
		got, err := run.Backward(c.Time)
		if err := errors.Join(err, tape.Backward(want, &c)); err != nil {
			t.Fatal(err)
		}
		for name, x := range map[string][2][]float64{
			"In": {got.In, want.In}, "Rec": {got.Rec, want.Rec}, "InDelay": {got.InDelay, want.InDelay}, "RecDelay": {got.RecDelay, want.RecDelay},
			"TauMem": {got.Params["tau_mem"], want.TauMem}, "TauSyn": {got.Params["tau_syn"], want.TauSyn}, "VTh": {got.Params["v_th"], want.VTh},
			"VReset": {got.Params["v_reset"], want.VReset}, "VLeak": {got.Params["v_leak"], want.VLeak}, "InputTime": {got.InputTime, tape.InputTime},
		} {
			largest := 0.0
			for _, v := range x[1] {
				largest = max(largest, math.Abs(v))
			}
			for i, v := range x[1] {
				if d := math.Abs(v - x[0][i]); d > 1e-7*largest+1e-15 { // steps of 1e-12, and steep dependence of late spikes
					t.Errorf("net %d: %s[%d] is %v, closed form %v", k, name, i, x[0][i], v)
				}
			}
		}
	}
}

// TestLayerErrors: a layer that makes no sense is an error that names what is wrong.
func TestLayerErrors(t *testing.T) {
	params := examples[0].params
	good := func() *Layer { return one(t, LIF, params) }
	for name, c := range map[string]struct {
		change func(l *Layer) *Layer
		end    float64
		input  []eventprop.Spike
		want   error
	}{
		"nil":         {func(*Layer) *Layer { return nil }, 1, nil, eventprop.ErrShape},
		"no model":    {func(*Layer) *Layer { return &Layer{} }, 1, nil, eventprop.ErrShape},
		"zero model":  {func(*Layer) *Layer { return &Layer{Model: &Model{}} }, 1, nil, eventprop.ErrShape},
		"missing":     {func(l *Layer) *Layer { delete(l.Params, "v_th"); return l }, 1, nil, eventprop.ErrShape},
		"unknown":     {func(l *Layer) *Layer { l.Params["x"] = []float64{1}; return l }, 1, nil, eventprop.ErrParameter},
		"NaN":         {func(l *Layer) *Layer { l.Params["v_th"] = []float64{math.NaN()}; return l }, 1, nil, eventprop.ErrParameter},
		"t_ref":       {func(l *Layer) *Layer { l.Params["t_ref"] = []float64{-1}; return l }, 1, nil, eventprop.ErrParameter},
		"tolerance":   {func(l *Layer) *Layer { l.Tolerance = math.NaN(); return l }, 1, nil, eventprop.ErrParameter},
		"end":         {func(l *Layer) *Layer { return l }, 0, nil, eventprop.ErrParameter},
		"input":       {func(l *Layer) *Layer { return l }, 1, []eventprop.Spike{{Neuron: 3}}, eventprop.ErrSpikes},
		"starts high": {func(l *Layer) *Layer { l.Params["v_leak"] = []float64{2}; return l }, 1, nil, eventprop.ErrParameter},
		"limit":       {func(l *Layer) *Layer { l.MaxSpikes, l.In.Weight[0] = 2, 100; return l }, 1, []eventprop.Spike{{}}, eventprop.ErrLimit},
		"blows up": {func(*Layer) *Layer {
			l := one(t, "dV/dt = V^2\nthreshold: V - 1e300\nstart: V = v", map[string]float64{"v": 1})
			return l
		}, 2, nil, ErrStep},
	} {
		var run Run
		if err := run.Forward(c.change(good()), c.input, c.end); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if _, err := run.Backward(nil); !errors.Is(err, eventprop.ErrShape) {
			t.Errorf("%s: a gradient of a failed pass: %v", name, err)
		}
	}
}

// TestParseErrors: what is wrong is named.
func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                                                    "no line dX/dt",
		"dV/dt = -V":                                          "no threshold",
		"dV/dt = -V\ndV/dt = 1":                               "once",
		"dV/dt = -V +\nthreshold: V":                          "line 1: equation: bad equations: \" -V +\", column 6: want a number",
		"dV/dt = -V)\nthreshold: V":                           "unexpected",
		"dV/dt = foo(V)\nthreshold: V":                        "column 2: \"foo\" is no function, want exp",
		"dV/dt = 1 + max(V, 0)\nthreshold: V":                 "\"max\" is no function",
		"dV/dt = (2V)\nthreshold: V":                          "want ) or one of",
		"dV/dt = V**2\nthreshold: V":                          "a power is V^2",
		"dV/dt = V^a\nthreshold: V":                           "want a number as the power",
		"dV/dt = sin(t)\nthreshold: V":                        "\"t\" is not allowed here: it would be the time",
		"dV/dt = 1\nthreshold: V\nhold: V for t":              "\"t\" is no parameter",
		"dV/dt = 1\nthreshold: V\nV: mV":                      "\"mV\" is not allowed here: it is no unit",
		"dV/dt = exp V\nthreshold: V":                         "line 1: equation: bad equations: \" exp V\", column 6: want (",
		"dV/dt = w\nthreshold: V":                             "not allowed",
		"dV/dt = 1\nthreshold: V\nstart: V = V":               "line 3: equation: bad equations: \" V\", column 2: \"V\" is not allowed",
		"# a cell\n\nthreshold: V - (1\n\ndV/dt = 1":          "line 3: ",
		"v : V\nthreshold: v\ninput: v = v + w / \ndv/dt = 1": "line 3: ",
		"dV/dt = 1\nthreshold: V\nreset: U = 1":               "no state",
		"dV/dt = 1\nthreshold: V\nthreshold: V":               "second threshold",
		"dV/dt = 1\nthreshold: V\nreset: V = 0\nreset: V = 1": "line 4: equation: bad equations: a second reset of V, the first is in line 3",
		"dV/dt = 1\nthreshold: V\nfoo: V = 1":                 "want threshold",
		"dV/dt = 1\nthreshold: V\nhold: V for 3":              "no parameter",
		"V = 1":                                               "want dX/dt",
	} {
		if _, err := Parse(text); !errors.Is(err, ErrEquation) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// FuzzParse: no text panics, and what is read can be evaluated and differentiated.
func FuzzParse(f *testing.F) {
	for _, x := range examples {
		f.Add(x.text)
	}
	f.Add(inUnits)
	f.Add("dV/dt = -(V^-2.5e1)/exp(tau) \nthreshold: V")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := Parse(text)
		if err != nil {
			if !errors.Is(err, ErrEquation) {
				t.Fatal(err)
			}
			return
		}
		s := newJumper(m)
		for k := range s.x {
			s.x[k] = 1
		}
		adj := make([]float64, len(m.States))
		s.jumpBack(&m.reset, adj, make([]float64, len(s.x)), true)
		b := newBundle(m, 8, 1e-9)
		for l := range width {
			b.load(l, s.state(), s.state(), l%2 == 0, nil, 1e-3)
		}
		b.expand([width]bool{true, true})
		b.pull(&[width][]float64{adj}, &b.h, &b.used)
	})
}
