package lif

import (
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/surge-snn/surge/bench/gradbench"
	"github.com/surge-snn/surge/internal/random"
	"github.com/surge-snn/surge/surrogate"
)

// small is a network with everything in it: two layers of current-based neurons, the first
// recurrent, both resets.
func small(readout bool) *Problem {
	specs := []Spec{
		{N: 2, TauMem: 4e-3, TauSyn: 3e-3, VTh: 0.7, Recurrent: true, Bias: true},
		{N: 1, TauMem: 6e-3, TauSyn: 6e-3, Hold: true, VTh: 0.3, Zero: true},
	}
	var loss Loss = VanRossum{Dt: 1e-3, Tau: 3e-3, Target: [][]float64{{0, 1, 0}}}
	if readout {
		specs = append(specs, Spec{N: 2, TauMem: 5e-3, Readout: true})
		loss = CrossEntropy{Readout: Max, Label: []int{1}, Length: []int{3}}
	}
	n := New(1e-3, 2, specs...)
	n.Init(3, 2.5, 1, 1)
	for _, c := range n.Classes {
		if c.Name == "bias1" {
			n.Params[c.From] = 0.3
		}
	}
	return &Problem{Title: "small", Net: n, Steps: 3, Input: [][]float64{{1, 0, 1, 1, 0, 1}}, Data: loss, Width: 0.3, Seed: 5}
}

// expected returns the expected loss of small by enumeration of all spike patterns, in formulas of
// its own.
func expected(p *Problem, x []float64) float64 {
	at := func(name string) []float64 {
		for _, c := range p.Net.Classes {
			if c.Name == name {
				return x[c.From:c.To]
			}
		}
		return nil
	}
	logistic := func(x float64) float64 { return 1 / (1 + math.Exp(-x/p.Width)) }
	const dt = 1e-3
	m1, s1 := math.Exp(at("ln_tau_mem1")[0]), math.Exp(at("ln_tau_syn1")[0])
	a1, b1 := math.Exp(-dt/m1), math.Exp(-dt/s1)
	k1 := s1 / (m1 - s1) * (a1 - b1)
	a2, b2 := math.Exp(-dt/math.Exp(at("ln_tau_mem2")[0])), math.Exp(-dt/math.Exp(at("ln_tau_syn2")[0]))
	mean := 0.0
	for pattern := range 1 << 9 {
		bit := func(t, j int) float64 { return float64(pattern >> (3*t + j) & 1) }
		prob := 1.0
		var v, i [3]float64
		var y []float64
		v3 := make([]float64, 2)
		top := []float64{math.Inf(-1), math.Inf(-1)}
		for t := range 3 {
			for j := range 3 {
				var u, vth float64
				if j < 2 {
					in := at("bias1")[j]
					for c := range 2 {
						in += p.Input[0][2*t+c] * at("w1")[2*c+j]
						if t > 0 {
							in += bit(t-1, c) * at("w_rec1")[2*c+j]
						}
					}
					i[j] = b1*i[j] + in
					u, vth = a1*v[j]+k1*i[j], at("v_th1")[0]
					v[j] = u - vth*bit(t, j)
				} else {
					i[2] = b2*i[2] + bit(t, 0)*at("w2")[0] + bit(t, 1)*at("w2")[1]
					u, vth = a2*v[2]+(1-a2)*i[2], at("v_th2")[0]
					v[2] = u * (1 - bit(t, 2))
				}
				q := logistic(u - vth)
				if bit(t, j) == 0 {
					q = 1 - q
				}
				prob *= q
			}
			y = append(y, bit(t, 2))
			if w := at("w3"); w != nil {
				for j := range v3 {
					v3[j] = v3[j]*math.Exp(-dt/math.Exp(at("ln_tau_mem3")[0])) + bit(t, 2)*w[j]
					top[j] = max(top[j], v3[j])
				}
			}
		}
		if at("w3") != nil {
			mean += prob * (math.Log(math.Exp(top[0])+math.Exp(top[1])) - top[1])
			continue
		}
		f, loss := 0.0, 0.0
		for t, s := range y {
			f = f*math.Exp(-1.0/3) + s
			if t == 1 {
				f--
			}
			loss += f * f / 6
		}
		mean += prob * loss
	}
	return mean
}

// TestExpectedGradient: both estimators have the exact gradient of the expected loss as their mean,
// for every parameter.
func TestExpectedGradient(t *testing.T) {
	for _, readout := range []bool{false, true} {
		p := small(readout)
		want := make([]float64, len(p.Net.Params))
		x := slices.Clone(p.Net.Params)
		for k := range x {
			at := func(h float64) float64 {
				x[k] = p.Net.Params[k] + h
				defer func() { x[k] = p.Net.Params[k] }()
				return expected(p, x)
			}
			const h = 1e-3
			want[k] = (8*(at(h)-at(-h)) - (at(2*h) - at(-2*h))) / (12 * h)
		}
		estimators, draws := []gradbench.Estimator{p.Difference(0), p.Difference(2), p.Score(4)}, 60
		if !testing.Short() {
			// The differences see rare events only in many draws.
			estimators, draws = append(estimators, gradbench.Differences(p, 0.05)), 250
		}
		for _, e := range estimators {
			b, err := gradbench.Sample(t.Context(), p, e, 0, 16, draws)
			if err != nil {
				t.Fatal(err)
			}
			truth := &gradbench.Blocks{Mean: [][]float64{want}}
			r := gradbench.Compare(b, truth, nil)[0]
			// The largest of 20 deviations in units of its error exceeds 5 with probability 1e-5,
			// for t with 15 degrees of freedom 3e-3; the bias of the difference is h²/6 times third
			// derivatives of order 1/w².
			limit := 5.0
			got, se := b.Gradient(), standardErrors(b)
			for k := range got {
				if d := math.Abs(got[k] - want[k]); d > limit*se[k]+0.05*0.05/6/p.Width/p.Width {
					t.Errorf("readout %v, %s, parameter %d: %v ± %v, want %v", readout, e.Name, k, got[k], se[k], want[k])
				}
			}
			if !(r.Cosine.Value > 0.9) {
				t.Errorf("readout %v, %s: cosine %v", readout, e.Name, r.Cosine)
			}
		}
	}
}

func standardErrors(b *gradbench.Blocks) []float64 {
	mean, n := b.Gradient(), float64(len(b.Mean))
	se := make([]float64, len(mean))
	for k := range se {
		for _, m := range b.Mean {
			se[k] += (m[k] - mean[k]) * (m[k] - mean[k]) / n / (n - 1)
		}
		se[k] = math.Sqrt(se[k])
	}
	return se
}

// TestOneNeuronOneStep: the gradient of the expected loss is known in closed form, and the
// difference over the only site has no variance:
//
//	E ℓ = p (1-c)²/2 + (1-p) c²/2,  dE/dw = p(1-p)/width x (1/2 - c)
func TestOneNeuronOneStep(t *testing.T) {
	const target, x, w, vth, width = 0.2, 2, 0.7, 1, 0.25
	n := New(1e-3, 1, Spec{N: 1, TauMem: 10e-3, VTh: vth})
	n.Params[0] = w
	p := &Problem{Title: "one", Net: n, Steps: 1, Input: [][]float64{{x}}, Data: Count{[][]float64{{target}}}, Width: width, Seed: 1}
	q := 1 / (1 + math.Exp(-(w*x-vth)/width))
	want := q * (1 - q) / width * (0.5 - target)
	for draw := range uint64(20) {
		g := make([]float64, len(n.Params))
		if err := p.Difference(0).Gradient(g, n.Params, 0, draw); err != nil {
			t.Fatal(err)
		}
		if math.Abs(g[0]-want*x) > 1e-14 || math.Abs(g[2]+want) > 1e-14 || g[1] != 0 { // no step before: no time constant
			t.Errorf("draw %d: %v, want %v of the weight, %v of the threshold", draw, g, want*x, -want)
		}
	}
	// The surrogate that is the derivative of the escape function has the loss's own derivative s -
	// c in place of the difference 1/2 - c: with noise its mean is p - c.
	b, err := gradbench.Sample(t.Context(), p, p.BPTT(Rule{Surrogate: surrogate.Sigmoid{Sharpness: 1 / width}, Noisy: true}), 1, 16, 200)
	if err != nil {
		t.Fatal(err)
	}
	got, se := b.Gradient()[0], standardErrors(b)[0]
	if wanted := q * (1 - q) / width * (q - target) * x; math.Abs(got-wanted) > 5*se {
		t.Errorf("surrogate: %v ± %v, want %v", got, se, wanted)
	}
}

// TestTwin: on the smoothed twin the adjoint with the surrogate is the derivative, for every
// surrogate of the catalogue that has a continuous slope, and forward mode gives the same.
func TestTwin(t *testing.T) {
	for _, name := range surrogate.Names() {
		s, err := surrogate.Parse(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, readout := range []bool{false, true} {
			p := small(readout)
			run := func(x []float64) *tape {
				return p.Net.run(x, p.Input[0], p.Steps, fire{smooth: s.Antiderivative})
			}
			tp := run(p.Net.Params)
			d, g := make([]float64, len(tp.out())), make([]float64, len(p.Net.Params))
			p.loss(tp, 0, d)
			tp.adjoint(backward{slope: s.Slope}, d, g)
			rng := random.New(1, "direction")
			u, x := make([]float64, len(g)), make([]float64, len(g))
			for k := range u {
				u[k] = rng.Float64()*2 - 1
			}
			dot, scale := 0.0, 0.0
			for k := range g {
				dot += g[k] * u[k]
				scale += math.Abs(g[k])
			}
			tangent := 0.0
			for at, y := range tp.tangent(s.Slope, u) {
				tangent += y * d[at]
			}
			if math.Abs(tangent-dot) > 1e-12*scale {
				t.Errorf("%s, readout %v: forward mode %v, adjoint %v", s, readout, tangent, dot)
			}
			best := math.Inf(1)
			for _, h := range []float64{1e-3, 1e-4, 1e-5, 1e-6} { // a kink of slope or antiderivative may lie within reach
				at := func(h float64) float64 {
					for k := range x {
						x[k] = p.Net.Params[k] + h*u[k]
					}
					return p.loss(run(x), 0, nil)
				}
				got := (8*(at(h)-at(-h)) - (at(2*h) - at(-2*h))) / (12 * h)
				best = min(best, math.Abs(got-dot))
			}
			if !(best <= 1e-7*scale) {
				t.Errorf("%s, readout %v: adjoint differs from finite differences by %v of %v", s, readout, best, scale)
			}
		}
	}
}

// TestCuts: a window as long as the input cuts nothing, one step leaves only what passes within a
// step; as many sweeps as steps solve the reset; online rules are BPTT where they claim to be.
func TestCuts(t *testing.T) {
	s := surrogate.Sigmoid{Sharpness: 4}
	p := longer(1)
	grad := func(p *Problem, e gradbench.Estimator) []float64 {
		g := make([]float64, len(p.Net.Params))
		if err := e.Gradient(g, p.Net.Params, 0, 0); err != nil {
			t.Fatal(err)
		}
		return g
	}
	full := grad(p, p.BPTT(Rule{Surrogate: s}))
	same := func(name string, a, b []float64, want bool) {
		t.Helper()
		equal := true
		for k := range a {
			equal = equal && math.Abs(a[k]-b[k]) <= 1e-12*(1+math.Abs(b[k]))
		}
		if equal != want {
			t.Errorf("%s: equal %v, want %v: %v and %v", name, equal, want, a, b)
		}
	}
	same("window of all steps", grad(p, p.BPTT(Rule{Surrogate: s, Window: p.Steps})), full, true)
	same("window of 5", grad(p, p.BPTT(Rule{Surrogate: s, Window: 5})), full, false)
	same("sweeps as steps", grad(p, p.BPTT(Rule{Surrogate: s, Sweeps: p.Steps})), full, true)
	same("2 sweeps", grad(p, p.BPTT(Rule{Surrogate: s, Sweeps: 2})), full, false)
	detached := grad(p, p.BPTT(Rule{Surrogate: s, Detach: true}))
	same("1 sweep is no reset", grad(p, p.BPTT(Rule{Surrogate: s, Sweeps: 1})), detached, true)
	weights := func(g []float64) []float64 { return g[p.Net.Classes[0].From:p.Net.Classes[0].To] }
	same("OSTL of one layer", weights(grad(p, p.OSTL(s, false))), weights(full), true)
	same("e-prop of one layer", weights(grad(p, p.EProp(s, false))), weights(detached), true)
	deep := longer(2)
	last := func(g []float64) []float64 { c := deep.Net.Classes[1]; return g[c.From:c.To] }
	deepFull, deepDetached := grad(deep, deep.BPTT(Rule{Surrogate: s})), grad(deep, deep.BPTT(Rule{Surrogate: s, Detach: true}))
	same("OSTL of the last layer", last(grad(deep, deep.OSTL(s, false))), last(deepFull), true)
	same("OSTL of the first layer", weights(grad(deep, deep.OSTL(s, false))), weights(deepFull), false)
	same("OTPE of two layers", weights(grad(deep, deep.OTPE(s, false))), weights(deepDetached), true)
	ottt, ok := p.OTTT(s, false)
	if !ok {
		t.Fatal("OTTT is not defined")
	}
	same("OTTT has no later error", weights(grad(p, ottt)), weights(detached), false)
}

// longer is a feed-forward network of delta synapses with so many layers.
func longer(layers int) *Problem {
	var specs []Spec
	for range layers {
		specs = append(specs, Spec{N: 4, TauMem: 10e-3, VTh: 1})
	}
	n := New(1e-3, 5, specs...)
	n.Init(1, 4, 1, 0)
	p := &Problem{Title: "longer", Net: n, Steps: 30, Input: Poisson(1, 2, 30, 5, 0.2), Seed: 2}
	target := New(1e-3, 5, specs...)
	target.Init(2, 4, 1, 0)
	v := VanRossum{Dt: 1e-3, Tau: 5e-3}
	for i := range p.Input {
		v.Target = append(v.Target, p.Output(target.Params, i))
	}
	p.Data = v
	return p
}

// TestRelaxed: for given noise the loss of relaxed spikes is smooth, and its differences are the
// gradient.
func TestRelaxed(t *testing.T) {
	p := longer(2)
	p.Width = 0.2
	const temperature = 0.3
	g := make([]float64, len(p.Net.Params))
	if err := p.Relaxed(temperature).Gradient(g, p.Net.Params, 1, 7); err != nil {
		t.Fatal(err)
	}
	x, scale := slices.Clone(p.Net.Params), 0.0
	for _, v := range g {
		scale = max(scale, math.Abs(v))
	}
	for k := range x {
		at := func(h float64) float64 {
			x[k] = p.Net.Params[k] + h
			defer func() { x[k] = p.Net.Params[k] }()
			f := fire{smooth: func(x float64) float64 { return 1 / (1 + math.Exp(-x/temperature)) }, width: p.Width, noise: p.noise(1, 7)}
			return p.loss(p.Net.run(x, p.Input[1], p.Steps, f), 1, nil)
		}
		// Of fourth order; the fifth derivative is of order 1/temperature⁵.
		const h = 1e-3
		if want := (8*(at(h)-at(-h)) - (at(2*h) - at(-2*h))) / (12 * h); math.Abs(g[k]-want) > 1e-7*scale {
			t.Errorf("parameter %d: %v, want %v", k, g[k], want)
		}
	}
}

// TestForward: random directions have the gradient of BPTT as their mean.
func TestForward(t *testing.T) {
	p := longer(1)
	s := surrogate.Sigmoid{Sharpness: 4}
	b, err := gradbench.Sample(t.Context(), p, p.Forward(s, 2), 0, 16, 20)
	if err != nil {
		t.Fatal(err)
	}
	want, err := gradbench.Sample(t.Context(), p, p.BPTT(Rule{Surrogate: s}), 1, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	got, se, exact := b.Gradient(), standardErrors(b), want.Gradient()
	for k := range got {
		if math.Abs(got[k]-exact[k]) > 5*se[k] {
			t.Errorf("parameter %d: %v ± %v, want %v", k, got[k], se[k], exact[k])
		}
	}
}

// TestWorkers: the same bytes for any number of workers.
func TestWorkers(t *testing.T) {
	p := longer(2)
	p.Width = 0.2
	var last *gradbench.Blocks
	for _, workers := range []int{1, 3} {
		before := runtime.GOMAXPROCS(workers)
		b, err := gradbench.Until(t.Context(), p, p.Difference(3), 0, 1, 0.2, 64)
		runtime.GOMAXPROCS(before)
		if err != nil {
			t.Fatal(err)
		}
		if last != nil && (len(b.Mean) != len(last.Mean) || !slices.Equal(b.Gradient(), last.Gradient()) || b.Spread != last.Spread) {
			t.Error("the number of workers changes the result")
		}
		last = b
	}
}
