package equation

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/surge-snn/surge/eventprop"
)

// TestCrossing: the first root of a polynomial of given roots is found, and none where there is
// none.
func TestCrossing(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		// below 0 at 0, and through 0 at each root
		g := []float64{-rapid.Float64Range(0.1, 10).Draw(r, "scale")}
		times := func(a, b, c float64) { // a + b t + c t²
			p := make([]float64, len(g)+2)
			for i, x := range g {
				p[i] += x * a
				p[i+1] += x * b
				p[i+2] += x * c
			}
			g = p
		}
		first := math.Inf(1)
		for _, root := range rapid.SliceOfNDistinct(rapid.IntRange(1, 20), 0, 4, rapid.ID).Draw(r, "roots") {
			x := float64(root) / 8
			times(1, -1/x, 0)
			first = min(first, x)
		}
		for range rapid.IntRange(0, 3).Draw(r, "pairs") { // complex ones, that pull the polynomial to 0
			x, y := rapid.Float64Range(0.1, 3).Draw(r, "real"), rapid.Float64Range(0.01, 1).Draw(r, "imaginary")
			times(x*x+y*y, -2*x, 1)
		}
		if len(g) < 2 {
			g = append(g, 0)
		}
		h := rapid.Float64Range(0.01, 3).Draw(r, "h")
		at, ok := crossing(g, h)
		// a root of m-fold order is found to eps^(1/m)
		switch slack := 1e-3; {
		case ok && math.Abs(at-first) > slack && polynomial(g, at-slack)*polynomial(g, at+slack) > 0:
			t.Fatalf("%v has a root at %v, found %v within %v", g, first, at, h)
		case ok && at > first+slack && polynomial(g, first+slack/2) > 1e-9:
			t.Fatalf("%v has a root at %v, found %v", g, first, at)
		case !ok && first+slack < h && polynomial(g, first+slack) > 1e-9:
			t.Fatalf("%v has a root at %v, found none within %v", g, first, h)
		case !ok && polynomial(g, h) > 1e-9:
			t.Fatalf("%v is above 0 at %v, and no root was found", g, h)
		}
	})
}

// TestSeriesOfFunctions: the coefficients of each function are those of its composition with a
// line, e.g. of exp(a + b t), by the values of the series at a time.
func TestSeriesOfFunctions(t *testing.T) {
	for text, f := range map[string]func(x float64) float64{
		"exp(X)":                         math.Exp,
		"log(X)":                         math.Log,
		"sqrt(X)":                        math.Sqrt,
		"sin(X)":                         math.Sin,
		"cos(X)":                         math.Cos,
		"tanh(X)":                        math.Tanh,
		"X^3":                            func(x float64) float64 { return x * x * x },
		"X^-2":                           func(x float64) float64 { return 1 / (x * x) },
		"X^0.3":                          func(x float64) float64 { return math.Pow(x, 0.3) },
		"2/X":                            func(x float64) float64 { return 2 / x },
		"(1 - X)/(2 + X)":                func(x float64) float64 { return (1 - x) / (2 + x) },
		"3 - -X*2":                       func(x float64) float64 { return 3 + 2*x },
		"X*X - X":                        func(x float64) float64 { return x*x - x },
		"tanh(exp(X)/5)*cos(X + log(X))": func(x float64) float64 { return math.Tanh(math.Exp(x)/5) * math.Cos(x+math.Log(x)) },
	} {
		m, err := Parse("dX/dt = b\nthreshold: " + text)
		if err != nil {
			t.Fatal(err)
		}
		const order = 24
		b := newBundle(m, order, 1e-18)
		x0, slope, h := 0.8, 0.5, 0.2
		load := func(x0, slope float64) {
			con := []float64{}
			values := make([]float64, len(m.series.constants.code))
			m.series.constants.eval(values, []float64{0, 0, slope})
			for _, k := range m.series.constants.out {
				con = append(con, values[k])
			}
			for l := range width {
				b.load(l, []float64{x0}, []float64{1}, false, con, h)
			}
			b.make(order)
		}
		load(x0, slope)
		g := make([]float64, order)
		for k := range g {
			g[k] = b.of(m.series.threshold)[k][3]
		}
		if got, want := polynomial(g, h), f(x0+slope*h); math.Abs(got-want) > 1e-14*(1+math.Abs(want)) { // 24 terms of (0.1/0.8)^k
			t.Errorf("%s at %v is %v by its series, want %v", text, x0+slope*h, got, want)
		}
		if got, want := g[0], f(x0); math.Abs(got-want) > 1e-15*(1+math.Abs(want)) {
			t.Errorf("%s at %v is %v, want %v", text, x0, got, want)
		}
	}
}

// TestRatio: the linear form of QIF and theta neurons gives the spikes and gradients of their own
// equations, over long silence too, in which its states grow by e^300.
func TestRatio(t *testing.T) {
	const own = `
dV/dt = (V^2 + I + i_ext)/tau_mem
dI/dt = -I/tau_syn
threshold: V - v_th
reset: V = v_reset
input: I = I + w
start: V = v_init`
	const angle = `
dtheta/dt = (1 - cos(theta) + (1 + cos(theta))*(I + i_ext))/tau_mem
dI/dt = -I/tau_syn
threshold: theta - 3.141592653589793
reset: theta = theta - 6.283185307179586
input: I = I + w
start: theta = theta_init`
	quadratic := map[string]float64{"tau_mem": 5e-3, "tau_syn": 5e-3, "v_th": 8, "v_reset": -4, "v_init": -1, "i_ext": -0.5}
	theta := map[string]float64{"tau_mem": 5e-3, "tau_syn": 5e-3, "theta_init": -1.5, "i_ext": -0.3}
	for _, c := range []struct {
		name, a, b string
		params     map[string]float64
	}{{"QIF", QIF, own, quadratic}, {"Theta", Theta, angle, theta}} {
		input := []eventprop.Spike{{Time: 1e-3}, {Time: 3e-3}, {Time: 2.5}, {Time: 2.502}}
		var runs [2]Run
		var grads [2]*Gradients
		for k, text := range [2]string{c.a, c.b} {
			l := one(t, text, c.params)
			l.In.Weight[0] = 6
			if err := runs[k].Forward(l, input, 2.6); err != nil {
				t.Fatal(err)
			}
			time := make([]float64, len(runs[k].Spikes))
			for i := range time {
				time[i] = float64(i + 1)
			}
			var err error
			if grads[k], err = runs[k].Backward(time); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(runs[0].Spikes); n < 4 || n != len(runs[1].Spikes) {
			t.Fatalf("%s: %v, own equations %v", c.name, runs[0].Spikes, runs[1].Spikes)
		}
		for i, s := range runs[0].Spikes {
			if d := math.Abs(s.Time - runs[1].Spikes[i].Time); d > 1e-10*5e-3 { // steps of 1e-12
				t.Errorf("%s: spike %d differs by %v s", c.name, i, d)
			}
		}
		for name := range c.params {
			if a, b := grads[0].Params[name][0], grads[1].Params[name][0]; math.Abs(a-b) > 1e-8*math.Abs(b)+1e-15 {
				t.Errorf("%s: dL/d%s is %v, own equations %v", c.name, name, a, b)
			}
		}
		if a, b := grads[0].In[0], grads[1].In[0]; math.Abs(a-b) > 1e-8*math.Abs(b) {
			t.Errorf("%s: dL/dw is %v, own equations %v", c.name, a, b)
		}
	}
}
