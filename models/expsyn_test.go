package models

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
)

// A pulse of 1 in step k leaves β^(t-k+1) in step t: it has decayed once in its own step.
func TestExpSynImpulse(t *testing.T) {
	const steps, rows, n, at = 12, 2, 3, 4
	tau := []float64{2e-3, 10e-3, 0.5}
	for _, s := range engines {
		p := build(t, s, func(b *graph.Builder) {
			y := ExpSyn{TauSyn: Fixed(tau...)}.Apply(b, "syn", b.Input("x", steps, rows, n))
			b.Output("isyn", y.Isyn)
		})
		x := make([]float64, steps*rows*n)
		for j := range n {
			x[(at*rows+1)*n+j] = 1
		}
		evaluate(t, p, map[string][]float64{"x": x})
		got := numbers(p.Output("isyn"))
		// One rounding of β, relative, and one per step.
		eps := 20 * 0x1p-53
		if s.DType == tensor.Float32 {
			eps = 20 * 0x1p-24
		}
		for i, v := range got {
			step, row, j := i/(rows*n), i/n%rows, i%n
			want := 0.0
			if row == 1 && step >= at {
				want = math.Exp(-1e-3 / tau[j] * float64(step-at+1))
			}
			if math.Abs(v-want) > eps*want {
				t.Errorf("%s: step %d, row %d, synapse %d: %v, want %v", label(s), step, row, j, v, want)
			}
		}
		if final := numbers(p.FinalState()["syn/isyn"]); !slices.Equal(final, got[len(got)-rows*n:]) {
			t.Errorf("%s: final state %v, want the last step of every row, %v", label(s), final, got[len(got)-rows*n:])
		}
	}
}

// The default time constant is 10 ms, one for all.
func TestExpSynDefaults(t *testing.T) {
	p := build(t, graph.Settings{DType: tensor.Float64}, func(b *graph.Builder) {
		b.Output("default", ExpSyn{}.Apply(b, "a", b.Input("x", 1, 1, 2)).Isyn)
	})
	evaluate(t, p, map[string][]float64{"x": {1, 2}})
	beta := math.Exp(-0.1)
	if got := numbers(p.Output("default")); math.Abs(got[0]-beta) > 0x1p-52 || math.Abs(got[1]-2*beta) > 0x1p-51 {
		t.Errorf("one step after rest: %v, want %v, %v", got, beta, 2*beta)
	}
}

// The noise of a step is σ sqrt(dt) ζ, added to the input.
func TestExpSynNoise(t *testing.T) {
	const steps, rows, n, sigma = 5, 2, 3, 7.0
	x, zeta := normal("x", steps*rows*n), normal("zeta", steps*rows*n)
	sum := make([]float64, len(x))
	for i := range x {
		sum[i] = x[i] + float64(sigma*math.Sqrt(1e-3)*zeta[i])
	}
	for _, s := range engines[:2] {
		p := build(t, s, func(b *graph.Builder) {
			y := ExpSyn{NoiseStd: Fixed(sigma), Noise: b.Input("noise", steps, rows, n)}.Apply(b, "syn", b.Input("x", steps, rows, n))
			b.Output("noisy", y.Isyn)
			b.Output("same", ExpSyn{}.Apply(b, "same", b.Input("sum", steps, rows, n)).Isyn)
		})
		evaluate(t, p, map[string][]float64{"x": x, "noise": zeta, "sum": sum})
		got, want := numbers(p.Output("noisy")), numbers(p.Output("same"))
		for i, v := range got {
			if math.Abs(v-want[i]) > 1e-14 { // a few roundings of numbers below 10
				t.Errorf("%s: element %d is %v, want %v", label(s), i, v, want[i])
			}
		}
	}
}

func TestDrawNormal(t *testing.T) {
	draw := func(dt tensor.Dtype, seed uint64, name string, run uint64) []float64 {
		d := tensor.New(tensor.Of(dt), tensor.WithShape(100, 20, 10))
		if err := DrawNormal(d, seed, name, run); err != nil {
			t.Fatal(err)
		}
		return numbers(d)
	}
	x := draw(tensor.Float64, 1, "a", 0)
	if !slices.Equal(x, draw(tensor.Float64, 1, "a", 0)) {
		t.Error("equal arguments give different numbers")
	}
	for i, v := range draw(tensor.Float32, 1, "a", 0) {
		if v != float64(float32(x[i])) {
			t.Fatalf("float32 number %d is %v, want %v rounded", i, v, x[i])
		}
	}
	for name, y := range map[string][]float64{
		"run": draw(tensor.Float64, 1, "a", 1), "name": draw(tensor.Float64, 1, "b", 0), "seed": draw(tensor.Float64, 2, "a", 0),
	} {
		product := 0.0
		for i := range y {
			product += x[i] * y[i]
		}
		// Of 20000 independent numbers: standard deviation sqrt(20000) = 141; five of them.
		if math.Abs(product) > 5*141 {
			t.Errorf("numbers of another %s have product %v, want independence", name, product)
		}
	}
	mean, variance := 0.0, 0.0
	for _, v := range x {
		mean += v / 20000
		variance += v * v / 20000
	}
	// Standard errors 1/sqrt(20000) and sqrt(2/20000), five of them.
	if math.Abs(mean) > 5/math.Sqrt(20000) || math.Abs(variance-1) > 5*math.Sqrt(2./20000) {
		t.Errorf("mean %v, variance %v", mean, variance)
	}
	for _, d := range []*tensor.Dense{nil, tensor.New(tensor.Of(tensor.Int), tensor.WithShape(2))} {
		if err := DrawNormal(d, 1, "a", 0); !errors.Is(err, ErrParameter) {
			t.Errorf("DrawNormal into %v: error %v, want ErrParameter", d, err)
		}
	}
}

func TestSparseMask(t *testing.T) {
	draw := func(p float64, seed uint64, name string) []float64 {
		m, err := SparseMask(p, seed, name, 100, 200)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	count := func(m []float64) (n float64) {
		for _, v := range m {
			n += v
		}
		return n
	}
	if n := count(draw(0, 1, "w")); n != 0 {
		t.Errorf("%v connections with probability 0", n)
	}
	if n := count(draw(1, 1, "w")); n != 20000 {
		t.Errorf("%v connections of 20000 with probability 1", n)
	}
	m := draw(0.3, 1, "w")
	if n := count(m); math.Abs(n-6000) > 5*math.Sqrt(20000*0.3*0.7) { // five standard deviations
		t.Errorf("%v connections of 20000 with probability 0.3", n)
	}
	if !slices.Equal(m, draw(0.3, 1, "w")) || slices.Equal(m, draw(0.3, 2, "w")) || slices.Equal(m, draw(0.3, 1, "v")) {
		t.Error("the mask must be a function of seed and name")
	}
	for _, p := range []float64{-0.1, 1.1, math.NaN()} {
		if _, err := SparseMask(p, 1, "w", 2, 2); !errors.Is(err, ErrParameter) {
			t.Errorf("probability %v: error %v", p, err)
		}
	}
	if _, err := SparseMask(1, 1, "w", 0, 2); !errors.Is(err, ErrParameter) {
		t.Errorf("no inputs: error %v", err)
	}
}

// TestWorkersDoNotMatter runs every layer with different numbers of workers: same bytes.
func TestWorkersDoNotMatter(t *testing.T) {
	const steps, rows = 4, 13
	x := normal("x", steps*rows*4)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for name, layer := range layers {
		var want string
		for _, workers := range []int{1, 2, 3, 8} {
			runtime.GOMAXPROCS(workers)
			p := layerProgram(t, engines[2], layer, steps, rows)
			evaluate(t, p, map[string][]float64{"x": x})
			got := ""
			for _, o := range p.Outputs() {
				got += fmt.Sprint(numbers(p.Output(o)))
			}
			for _, g := range p.Report().Trained {
				got += fmt.Sprint(numbers(p.Grad(g)))
			}
			if want == "" {
				want = got
			}
			if got != want {
				t.Errorf("%s: %d workers give other numbers than 1", name, workers)
			}
		}
	}
}

// TestSynapseSettings holds what is wrong with settings.
func TestSynapseSettings(t *testing.T) {
	nan := math.NaN()
	v := func(b *graph.Builder) *G.Node { return b.Input("v", 5, 2, 3) }
	for name, apply := range map[string]func(b *graph.Builder, x *G.Node){
		"tau 0":                func(b *graph.Builder, x *G.Node) { ExpSyn{TauSyn: Fixed(0)}.Apply(b, "l", x) },
		"tau NaN":              func(b *graph.Builder, x *G.Node) { ExpSyn{TauSyn: Learned(nan)}.Apply(b, "l", x) },
		"2 taus for 4":         func(b *graph.Builder, x *G.Node) { ExpSyn{TauSyn: Fixed(1, 2)}.Apply(b, "l", x) },
		"noise without input":  func(b *graph.Builder, x *G.Node) { ExpSyn{NoiseStd: Fixed(1)}.Apply(b, "l", x) },
		"noise without std":    func(b *graph.Builder, x *G.Node) { ExpSyn{Noise: x}.Apply(b, "l", x) },
		"noise of other shape": func(b *graph.Builder, x *G.Node) { ExpSyn{NoiseStd: Fixed(1), Noise: v(b)}.Apply(b, "l", x) },
		"negative std":         func(b *graph.Builder, x *G.Node) { ExpSyn{NoiseStd: Fixed(-1), Noise: x}.Apply(b, "l", x) },
		"two states":           func(b *graph.Builder, x *G.Node) { ExpSyn{Initial: []*G.Node{x, x}}.Apply(b, "l", x) },
		"a matrix":             func(b *graph.Builder, x *G.Node) { ExpSyn{}.Apply(b, "l", b.Input("m", 2, 3)) },

		"alpha, tau 0":      func(b *graph.Builder, x *G.Node) { AlphaSynapse{Out: 3, TauDecay: Fixed(0)}.Apply(b, "l", x) },
		"no neurons":        func(b *graph.Builder, x *G.Node) { AlphaSynapse{}.Apply(b, "l", x) },
		"not plastic, none": func(b *graph.Builder, x *G.Node) { AlphaSynapse{Nonplastic: true}.Apply(b, "l", x) },
		"init of ones": func(b *graph.Builder, x *G.Node) {
			AlphaSynapse{Out: 3, Nonplastic: true, Init: Constant(2)}.Apply(b, "l", x)
		},
		"rest without v": func(b *graph.Builder, x *G.Node) { AlphaSynapse{Out: 3, SynRest: Fixed(0)}.Apply(b, "l", x) },
		"v without rest": func(b *graph.Builder, x *G.Node) { AlphaSynapse{Out: 3, V: v(b)}.Apply(b, "l", x) },
		"v of other shape": func(b *graph.Builder, x *G.Node) {
			AlphaSynapse{Out: 3, SynRest: Fixed(0), V: x}.Apply(b, "l", x)
		},
		"rule 3":        func(b *graph.Builder, x *G.Node) { AlphaSynapse{Out: 3, Rule: 3}.Apply(b, "l", x) },
		"gbar infinite": func(b *graph.Builder, x *G.Node) { AlphaSynapse{Out: 3, GSynBar: Fixed(math.Inf(1))}.Apply(b, "l", x) },
		"mask of 2":     func(b *graph.Builder, x *G.Node) { AlphaSynapse{Out: 1, Mask: []float64{1, 2, 0, 1}}.Apply(b, "l", x) },

		"coupled without rest": func(b *graph.Builder, x *G.Node) { Couple(b, "l", AlphaSynapse{Out: 3}, x, LIF{}) },
		"coupled with v": func(b *graph.Builder, x *G.Node) {
			Couple(b, "l", AlphaSynapse{Out: 3, SynRest: Fixed(0), V: v(b)}, x, LIF{})
		},

		"jitter below 0":    func(b *graph.Builder, x *G.Node) { WTASCell{ThrJitter: -1}.Apply(b, "l", x) },
		"refractory NaN":    func(b *graph.Builder, x *G.Node) { WTASCell{RefractTime: nan}.Apply(b, "l", x) },
		"infinite start":    func(b *graph.Builder, x *G.Node) { WTASCell{T0: math.Inf(-1)}.Apply(b, "l", x) },
		"3 thresholds of 4": func(b *graph.Builder, x *G.Node) { WTASCell{Thr: Fixed(1, 2, 3)}.Apply(b, "l", x) },
		"two thresholds": func(b *graph.Builder, x *G.Node) {
			s := b.Input("s", 2, 4)
			WTASCell{Thr: Fixed(1), Initial: []*G.Node{s, s, s, s, s}}.Apply(b, "l", x)
		},
		"wtas of a matrix": func(b *graph.Builder, x *G.Node) { WTASCell{}.Apply(b, "l", b.Input("m", 2, 3)) },
	} {
		_, err := graph.Build(graph.NewParams(1), graph.Settings{}, func(b *graph.Builder) {
			x := b.Input("x", 5, 2, 4)
			apply(b, x)
			b.Output("x", x)
		})
		if !errors.Is(err, ErrParameter) {
			t.Errorf("%s: error %v, want one that wraps ErrParameter", name, err)
		}
	}
}
