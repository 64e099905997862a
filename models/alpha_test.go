package models

import (
	"math"
	"slices"
	"testing"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
)

// pulse returns the conductance after one pulse of 1 in step 0 over a weight of 1.
func pulse(t *testing.T, s graph.Settings, l AlphaSynapse, steps int) []float64 {
	l.Out, l.Nonplastic = 1, true
	p := build(t, s, func(b *graph.Builder) {
		b.Output("g", l.Apply(b, "syn", b.Input("x", steps, 1, 1)).G)
	})
	x := make([]float64, steps)
	x[0] = 1
	evaluate(t, p, map[string][]float64{"x": x})
	return numbers(p.Output("g"))
}

// The exact rule has the closed form gbar (t/τ) exp(-t/τ), whatever dt is.
func TestAlphaExact(t *testing.T) {
	const tau, gbar = 5e-3, 0.7
	for _, s := range engines {
		for _, dt := range []float64{0.2e-3, 1e-3, 3e-3, 20e-3} {
			s.Dt = dt
			for k, g := range pulse(t, s, AlphaSynapse{Rule: AlphaExact, TauDecay: Fixed(tau), GSynBar: Fixed(gbar)}, 30) {
				x := float64(k) * dt / tau
				want := gbar * x * math.Exp(-x)
				// Of the 30 steps each multiplies twice; an error of the decay counts k times, as
				// dt/τ times one of exp.
				eps := 200 * 0x1p-53
				if s.DType == tensor.Float32 {
					eps = 200 * 0x1p-24
				}
				if math.Abs(g-want) > eps*want+0x1p-100 { // less is 0 in float32
					t.Errorf("%s, dt %v: step %d is %v, want %v", label(s), dt, k, g, want)
				}
			}
		}
	}
}

// Euler's rules: after k steps with a = 1 - dt/τ, h is gbar a^k and g is c (k+1) gbar a^k.
func TestAlphaEuler(t *testing.T) {
	const tau, gbar, dt = 5e-3, 0.7, 0.5e-3
	for _, s := range engines[:2] {
		s.Dt = dt
		for rule, c := range map[AlphaRule]float64{AlphaEulerDt: 1, AlphaEulerTau: dt / tau} {
			g := pulse(t, s, AlphaSynapse{Rule: rule, TauDecay: Fixed(tau), GSynBar: Fixed(gbar)}, 40)
			for k, v := range g {
				want := c * gbar * float64(k+1) * math.Pow(1-dt/tau, float64(k))
				if math.Abs(v-want) > 400*0x1p-53*want { // some 5 roundings in each of 40 steps, and those of Pow
					t.Errorf("%s, rule %d: step %d is %v, want %v", label(s), rule, k, v, want)
				}
			}
			// What the documentation says of the peak: (k+1) a^k is largest near k = τ/dt, where it
			// is τ/(e dt) but for terms of the order dt/τ, 0.1.
			if peak, want := slices.Max(g), c*gbar*tau/(math.E*dt); math.Abs(peak/want-1) > 0.1 {
				t.Errorf("rule %d: peak %v, want about %v", rule, peak, want)
			}
		}
	}
}

// The current: -R g without a reversal potential, -R g (v - rest) with one, plus the bias.
func TestAlphaCurrent(t *testing.T) {
	const steps, rows, n = 4, 2, 3
	x, v := normal("x", steps*rows*2), normal("v", steps*rows*n)
	bias := []float64{0.5, -1, 2}
	for _, s := range engines[:2] {
		s.Partial = true // the bias is given, the weights are not
		params := graph.NewParams(1)
		if err := params.Set("b/bias", tensor.New(tensor.WithShape(n), tensor.WithBacking(slices.Clone(bias)))); err != nil {
			t.Fatal(err)
		}
		p, err := graph.Build(params, s, func(b *graph.Builder) {
			in := b.Input("x", steps, rows, 2)
			a := AlphaSynapse{Out: n, ResistScale: Fixed(2)}.Apply(b, "a", in)
			c := AlphaSynapse{Out: n, ResistScale: Fixed(2), SynRest: Fixed(-0.5), V: b.Input("v", steps, rows, n), Bias: true}.Apply(b, "b", in)
			b.Output("i", a.Isyn)
			b.Output("g", a.G)
			b.Output("i, rest", c.Isyn)
			b.Output("g, rest", c.G)
		})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		evaluate(t, p, map[string][]float64{"x": x, "v": v})
		g, gr := numbers(p.Output("g")), numbers(p.Output("g, rest"))
		for k, i := range numbers(p.Output("i")) {
			if i != -2*g[k] {
				t.Errorf("%s: current %d is %v, want %v", label(s), k, i, -2*g[k])
			}
		}
		for k, i := range numbers(p.Output("i, rest")) {
			want := -2*gr[k]*(v[k]+0.5) + bias[k%n]
			if math.Abs(i-want) > 4*0x1p-52*(math.Abs(want)+2) { // four roundings of terms of this size
				t.Errorf("%s: current %d with a reversal potential is %v, want %v", label(s), k, i, want)
			}
		}
	}
}

// A masked connection has no effect and no gradient; one that is not plastic has weight 1 and no
// parameter.
func TestAlphaMask(t *testing.T) {
	mask := []float64{1, 0, 0, 1, 1, 0} // [3, 2]
	for _, s := range engines[:2] {
		p := build(t, s, func(b *graph.Builder) {
			x := b.Input("x", 2, 1, 3)
			a := AlphaSynapse{Out: 2, Mask: mask, Init: Constant(0.5)}.Apply(b, "a", x)
			c := AlphaSynapse{Out: 2, Mask: mask, Nonplastic: true}.Apply(b, "b", x)
			b.Output("a", a.H)
			b.Output("b", c.H)
			b.Loss(weighted(b, a.Isyn))
		})
		evaluate(t, p, map[string][]float64{"x": {1, 10, 100, 0, 0, 0}})
		if got := numbers(p.Output("a"))[:2]; !slices.Equal(got, []float64{50.5, 5}) {
			t.Errorf("%s: h is %v, want 50.5, 5", label(s), got)
		}
		if got := numbers(p.Output("b"))[:2]; !slices.Equal(got, []float64{101, 10}) {
			t.Errorf("%s: h over weights of 1 is %v, want 101, 10", label(s), got)
		}
		for i, g := range numbers(p.Grad("a/w")) {
			if (g == 0) != (mask[i] == 0) {
				t.Errorf("%s: gradient %v of weight %d with mask %v", label(s), g, i, mask[i])
			}
		}
		if !slices.Equal(p.Report().Trained, []string{"a/w"}) {
			t.Errorf("%s: parameters %v, want a/w alone", label(s), p.Report().Trained)
		}
	}
}
