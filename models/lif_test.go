package models

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/surrogate"
)

// sequence returns a shape's worth of numbers, some of them zero.
func sequence(n int) []float64 {
	rng := rand.New(rand.NewPCG(7, 7))
	x := make([]float64, n)
	for i := range x {
		if rng.Float64() < 0.6 {
			x[i] = rng.NormFloat64() + 0.6
		}
	}
	return x
}

// run builds a float64 program, runs it, and returns it.
func run(t *testing.T, params *graph.Params, engine graph.Engine, model func(b *graph.Builder)) *graph.Program {
	t.Helper()
	p, err := graph.Build(params, graph.Settings{DType: tensor.Float64, Engine: engine}, model)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestLIFEquations runs the equations of the documentation, neuron by neuron, against
// both engines, for all kinds of synapse and reset, with and without recurrence.
func TestLIFEquations(t *testing.T) {
	const T, B, N = 20, 3, 4
	x := sequence(T * B * N)
	tauMem, tauSyn := []float64{3e-3, 5e-3, 8e-3, 20e-3}, []float64{2e-3, 2e-3, 4e-3, 5e-3}
	vth, vreset := []float64{0.8, 1, 0.5, 0.9}, []float64{0, 0.1, -0.2, 0.3}
	for kind := range 8 {
		synapse, toValue, recurrent := kind&1 != 0, kind&2 != 0, kind&4 != 0
		l := LIF{TauMem: Fixed(tauMem...), VTh: Learned(vth...), Recurrent: recurrent}
		if synapse {
			l.TauSyn = Learned(tauSyn...)
		}
		if toValue {
			l.Reset, l.VReset = ToValue, Fixed(vreset...)
		}
		for _, engine := range []graph.Engine{graph.FusedEngine, graph.UnrolledEngine} {
			params := graph.NewParams(1)
			p := run(t, params, engine, func(b *graph.Builder) {
				h := l.Apply(b, "h", b.Const("x", x, T, B, N))
				b.Output("spikes", h.Spikes)
				b.Output("vmem", h.Vmem)
			})
			spikes, vmem := p.Output("spikes").Float64s(), p.Output("vmem").Float64s()
			fired := 0
			for b := range B {
				v, i, s := make([]float64, N), make([]float64, N), make([]float64, N)
				for step := range T {
					at := (step*B + b) * N
					before := slices.Clone(s)
					for n := range N {
						drive := x[at+n]
						if recurrent {
							for m := range N {
								drive += before[m] * params.Value("h/w_rec").Float64s()[m*N+n]
							}
						}
						alpha := math.Exp(-1e-3 / tauMem[n])
						if synapse {
							i[n] = math.Exp(-1e-3/tauSyn[n])*i[n] + held(tauMem[n], tauSyn[n])*drive
							v[n] = alpha*v[n] + (1-alpha)*i[n]
						} else {
							v[n] = alpha*v[n] + drive
						}
						// Some 100 roundings of numbers of order one; no voltage comes
						// nearer to the threshold.
						if math.Abs(v[n]-vmem[at+n]) > 1e-14 {
							t.Fatalf("kind %d, %v: vmem[%d, %d, %d] = %v, want %v", kind, engine, step, b, n, vmem[at+n], v[n])
						}
						s[n] = 0
						if v[n] > vth[n] {
							s[n] = 1
							fired++
							if v[n] -= vth[n]; toValue {
								v[n] = vreset[n]
							}
						}
						if spikes[at+n] != s[n] {
							t.Fatalf("kind %d, %v: spikes[%d, %d, %d] = %v, want %v", kind, engine, step, b, n, spikes[at+n], s[n])
						}
					}
				}
				want := map[string][]float64{"h/vmem": v}
				if synapse {
					want["h/isyn"] = i
				}
				if recurrent {
					want["h/spikes"] = s
				}
				final := p.FinalState()
				if len(final) != len(want) {
					t.Errorf("kind %d, %v: %d final states, want %d", kind, engine, len(final), len(want))
				}
				for name, w := range want {
					for n, got := range final[name].Float64s()[b*N : (b+1)*N] {
						if math.Abs(got-w[n]) > 1e-14 {
							t.Errorf("kind %d, %v: final %q is %v, want %v", kind, engine, name, got, w[n])
						}
					}
				}
			}
			if fired < 10 || fired > T*B*N-10 {
				t.Errorf("kind %d: %d spikes in %d steps of neurons: the test shows little", kind, fired, T*B*N)
			}
		}
	}
}

// held is the factor of a current that decays within a step of 1 ms, from the exact propagator
// τs/(τm-τs) (α-β) of the current to the voltage.
func held(mem, syn float64) float64 {
	alpha, beta := math.Exp(-1e-3/mem), math.Exp(-1e-3/syn)
	return syn / (mem - syn) * (alpha - beta) / (1 - alpha)
}

// TestPostsynapticPotential: after one spike the voltage at the end of each step is that of the
// differential equations, for any step, in both dtypes, and also for equal time constants.
func TestPostsynapticPotential(t *testing.T) {
	for _, c := range []struct{ mem, syn, dt float64 }{{20e-3, 5e-3, 1e-3}, {20e-3, 5e-3, 2e-3}, {20e-3, 5e-3, 1e-4}, {5e-3, 20e-3, 1e-3}, {10e-3, 10e-3, 1e-3}, {10, 5e-3, 1e-3}} {
		for dt, tolerance := range map[tensor.Dtype]float64{tensor.Float64: 1e-12, tensor.Float32: 1e-4} {
			steps := int(80e-3/c.dt + 0.5)
			x := make([]float64, steps)
			x[0] = 1
			for _, engine := range []graph.Engine{graph.FusedEngine, graph.UnrolledEngine} {
				p, err := graph.Build(graph.NewParams(1), graph.Settings{DType: dt, Dt: c.dt, NoGrad: true, Engine: engine}, func(b *graph.Builder) {
					in := b.Const("x", x, steps, 1, 1)
					b.Output("li", LI{TauMem: Fixed(c.mem), TauSyn: Fixed(c.syn)}.Apply(b, "li", in).Vmem)
					b.Output("lif", LIF{TauMem: Fixed(c.mem), TauSyn: Fixed(c.syn), VTh: Fixed(9)}.Apply(b, "lif", in).Vmem)
				})
				if err != nil {
					t.Fatal(err)
				}
				if err := p.Run(); err != nil {
					t.Fatal(err)
				}
				for _, name := range []string{"li", "lif"} {
					for k := range steps {
						h := float64(k+1) * c.dt
						want := c.syn / (c.mem - c.syn) * (math.Exp(-h/c.mem) - math.Exp(-h/c.syn))
						if c.mem == c.syn {
							want = h / c.mem * math.Exp(-h/c.mem)
						}
						var got float64
						if dt == tensor.Float32 {
							got = float64(p.Output(name).Float32s()[k])
						} else {
							got = p.Output(name).Float64s()[k]
						}
						// Relative to the peak, of order syn/mem; in float32 some 80 roundings of
						// numbers of which the sums cancel to a tenth, and a decay per step of 1 -
						// 1e-4.
						if math.Abs(got-want) > tolerance*math.Min(1, c.syn/c.mem) {
							t.Fatalf("%s, %v, %v, %+v: v[%d] is %v, want %v", name, dt, engine, c, k, got, want)
						}
					}
				}
			}
		}
	}
}

// TestIntegrateAndFire: without a leak the voltage is the sum of the current.
func TestIntegrateAndFire(t *testing.T) {
	for _, engine := range []graph.Engine{graph.FusedEngine, graph.UnrolledEngine} {
		p := run(t, graph.NewParams(1), engine, func(b *graph.Builder) {
			in := b.Const("x", []float64{0.25, 0.25, 0.25, 0.25, 0.5, 0.25}, 6, 1, 1)
			h := LIF{TauMem: Fixed(math.Inf(1))}.Apply(b, "if", in)
			b.Output("v", h.Vmem)
			b.Output("s", h.Spikes)
			b.Output("i", LI{TauMem: Fixed(math.Inf(1))}.Apply(b, "i", in).Vmem)
		})
		if v, s, i := p.Output("v").Float64s(), p.Output("s").Float64s(), p.Output("i").Float64s(); !slices.Equal(v, []float64{0.25, 0.5, 0.75, 1, 1.5, 0.75}) ||
			!slices.Equal(s, []float64{0, 0, 0, 0, 1, 0}) || !slices.Equal(i, []float64{0.25, 0.5, 0.75, 1, 1.5, 1.75}) {
			t.Errorf("%v: voltage %v, spikes %v, sum %v", engine, v, s, i) // exactly at the threshold there is no spike
		}
	}
	for _, layer := range []func(b *graph.Builder, x *G.Node){
		func(b *graph.Builder, x *G.Node) { LIF{TauMem: Fixed(math.Inf(1)), TauSyn: Fixed(1)}.Apply(b, "h", x) },
		func(b *graph.Builder, x *G.Node) { LIF{TauMem: Learned(math.Inf(1))}.Apply(b, "h", x) },
		func(b *graph.Builder, x *G.Node) { LIF{TauMem: Fixed(-1)}.Apply(b, "h", x) },
	} {
		if _, err := graph.Build(graph.NewParams(1), graph.Settings{}, func(b *graph.Builder) { layer(b, b.Input("x", 2, 1, 1)) }); !errors.Is(err, ErrParameter) {
			t.Errorf("error %v, want one about tau_mem", err)
		}
	}
}

// TestLIEquations: a readout has a closed form, v[t] = Σ_k α^(t-k) x[k].
func TestLIEquations(t *testing.T) {
	const T, B, N = 12, 5, 2
	x := sequence(T * B * N)
	alpha, beta := math.Exp(-1./5), math.Exp(-1./3)
	for _, engine := range []graph.Engine{graph.FusedEngine, graph.UnrolledEngine} {
		p := run(t, graph.NewParams(1), engine, func(b *graph.Builder) {
			in := b.Const("x", x, T, B, N)
			b.Output("delta", LI{TauMem: Fixed(5e-3)}.Apply(b, "delta", in).Vmem)
			b.Output("current", LI{TauMem: Learned(5e-3), TauSyn: Fixed(3e-3)}.Apply(b, "current", in).Vmem)
			b.Output("hold", LI{TauMem: Learned(5e-3), TauSyn: Fixed(3e-3), Hold: true}.Apply(b, "hold", in).Vmem)
		})
		for at, got := range p.Output("delta").Float64s() {
			step, rest := at/(B*N), at%(B*N)
			delta, current, hold := 0.0, 0.0, 0.0
			for k := range step + 1 {
				delta += math.Pow(alpha, float64(step-k)) * x[k*B*N+rest]
				for m := range k + 1 {
					current += math.Pow(alpha, float64(step-k)) * (1 - alpha) * held(5e-3, 3e-3) * math.Pow(beta, float64(k-m)) * x[m*B*N+rest]
					hold += math.Pow(alpha, float64(step-k)) * (1 - alpha) * math.Pow(beta, float64(k-m)) * x[m*B*N+rest]
				}
			}
			// Some 100 roundings of numbers of order one.
			if math.Abs(got-delta) > 1e-13 || math.Abs(p.Output("current").Float64s()[at]-current) > 1e-13 || math.Abs(p.Output("hold").Float64s()[at]-hold) > 1e-13 {
				t.Fatalf("%v: element %d: %v and %v, want %v and %v", engine, at, got, p.Output("current").Float64s()[at], delta, current)
			}
		}
	}
}

// TestLinear: events, a dense product and the unrolled engine give the same.
func TestLinear(t *testing.T) {
	const T, B, N, M = 4, 3, 5, 6
	for _, share := range []float64{0, 0.1, 0.5, 1} {
		rng := rand.New(rand.NewPCG(1, 1))
		x := make([]float64, T*B*N)
		for i := range x {
			if rng.Float64() < share {
				x[i] = rng.NormFloat64()
			}
		}
		params := graph.NewParams(1)
		for _, engine := range []graph.Engine{graph.FusedEngine, graph.UnrolledEngine} {
			p := run(t, params, engine, func(b *graph.Builder) {
				in := b.Const("x", x, T, B, N)
				y := Linear{Out: M, Bias: true, Init: Normal(0, 1)}.Apply(b, "w", in)
				b.Output("y", y)
				b.Loss(b.Check(G.Sum(b.Check(G.Square(y)))))
			})
			w, y := params.Value("w").Float64s(), p.Output("y").Float64s()
			dw := make([]float64, N*M)
			bias := params.Value("w/bias").Float64s()
			for j := range bias {
				bias[j] = float64(j)
			}
			if err := p.Run(); err != nil {
				t.Fatal(err)
			}
			for row := range T * B {
				for m := range M {
					want := bias[m]
					for n := range N {
						want += x[row*N+n] * w[n*M+m]
					}
					if math.Abs(y[row*M+m]-want) > 1e-14 { // six terms of order one
						t.Fatalf("share %v, %v: y[%d, %d] = %v, want %v", share, engine, row, m, y[row*M+m], want)
					}
					for n := range N {
						dw[n*M+m] += 2 * want * x[row*N+n]
					}
				}
			}
			for i, g := range p.Grad("w").Float64s() {
				if math.Abs(g-dw[i]) > 1e-13*(1+math.Abs(dw[i])) { // twelve terms of order ten
					t.Fatalf("share %v, %v: dw[%d] = %v, want %v", share, engine, i, g, dw[i])
				}
			}
		}
	}
}

// TestMaskedWeightsHaveNoEffect: a weight of a connection that does not exist has no
// influence and no gradient.
func TestMaskedWeightsHaveNoEffect(t *testing.T) {
	params := graph.NewParams(1)
	mask := []float64{1, 0, 0, 1}
	model := func(b *graph.Builder) {
		y := Linear{Out: 2, Mask: mask}.Apply(b, "w", b.Const("x", sequence(12), 3, 2, 2))
		h := LIF{Recurrent: true, RecMask: mask}.Apply(b, "h", y)
		b.Output("vmem", h.Vmem)
		b.Loss(b.Check(G.Sum(b.Check(G.Square(h.Vmem)))))
	}
	p := run(t, params, graph.FusedEngine, model)
	want := slices.Clone(p.Output("vmem").Float64s())
	for _, name := range []string{"w", "h/w_rec"} {
		for i, g := range p.Grad(name).Float64s() {
			if mask[i] == 0 && g != 0 {
				t.Errorf("gradient of masked %s[%d] is %v", name, i, g)
			}
		}
		for i, m := range mask {
			if m == 0 {
				params.Value(name).Float64s()[i] = 1e6
			}
		}
	}
	if err := p.Run(); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(p.Output("vmem").Float64s(), want) {
		t.Error("a masked weight has an effect")
	}
}

// TestLogParameters: learned time constants and thresholds are kept as logarithms.
func TestLogParameters(t *testing.T) {
	params := graph.NewParams(1)
	run(t, params, graph.FusedEngine, func(b *graph.Builder) {
		l := LIF{TauMem: Learned(5e-3), TauSyn: Learned(3e-3).PerNeuron(), VTh: Learned(1, 2), Reset: ToValue, VReset: Learned(-0.5)}
		b.Output("s", l.Apply(b, "h", b.Const("x", sequence(12), 3, 2, 2)).Spikes)
	})
	for name, want := range map[string][]float64{
		"h/log_tau_mem": {math.Log(5e-3)}, "h/log_tau_syn": {math.Log(3e-3), math.Log(3e-3)},
		"h/log_v_th": {0, math.Log(2)}, "h/v_reset": {-0.5},
	} {
		if v := params.Value(name); v == nil || !slices.Equal(v.Float64s(), want) {
			t.Errorf("%q is %v, want %v", name, v, want)
		}
	}
	if len(params.Names()) != 4 {
		t.Errorf("parameters %v", params.Names())
	}
}

func TestLayerErrors(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		text  string
		model func(b *graph.Builder, x *G.Node)
	}{
		{`LIF "h": current of shape (3, 2)`, func(b *graph.Builder, _ *G.Node) { LIF{}.Apply(b, "h", b.Input("m", 3, 2)) }},
		{`LI "h": current of shape (3, 2)`, func(b *graph.Builder, _ *G.Node) { LI{}.Apply(b, "h", b.Input("m", 3, 2)) }},
		{`Linear "w": input of shape (3, 2)`, func(b *graph.Builder, _ *G.Node) { Linear{Out: 1}.Apply(b, "w", b.Input("m", 3, 2)) }},
		{`Linear "w": input of shape (4, 2, 3) to 0 outputs`, func(b *graph.Builder, x *G.Node) { Linear{}.Apply(b, "w", x) }},
		{`h/tau_mem[0] = 0, want a positive number`, func(b *graph.Builder, x *G.Node) { LIF{TauMem: Fixed(0)}.Apply(b, "h", x) }},
		{`h/tau_mem[1] = -1`, func(b *graph.Builder, x *G.Node) { LIF{TauMem: Learned(1, -1, 1)}.Apply(b, "h", x) }},
		{`h/v_th[0] = NaN`, func(b *graph.Builder, x *G.Node) { LIF{VTh: Fixed(nan)}.Apply(b, "h", x) }},
		{`h/v_reset[0] = NaN, want a finite number`, func(b *graph.Builder, x *G.Node) { LIF{Reset: ToValue, VReset: Fixed(nan)}.Apply(b, "h", x) }},
		{`h/tau_mem has 2 values, want 1 or 3`, func(b *graph.Builder, x *G.Node) { LIF{TauMem: Fixed(1, 1)}.Apply(b, "h", x) }},
		{`has 2 values, want 1 or 3`, func(b *graph.Builder, x *G.Node) { LIF{TauSyn: Learned(1, 1)}.Apply(b, "h", x) }},
		{"VReset without Reset: ToValue", func(b *graph.Builder, x *G.Node) { LIF{VReset: Fixed(1)}.Apply(b, "h", x) }},
		{"RecInit or RecMask without Recurrent", func(b *graph.Builder, x *G.Node) { LIF{RecMask: []float64{1}}.Apply(b, "h", x) }},
		{`mask of "h/w_rec": element 0 is 0.5, want 0 or 1`, func(b *graph.Builder, x *G.Node) {
			LIF{Recurrent: true, RecMask: []float64{0.5, 1, 1, 1, 1, 1, 1, 1, 1}}.Apply(b, "h", x)
		}},
		{"has 1 elements, want 9", func(b *graph.Builder, x *G.Node) { LIF{Recurrent: true, RecMask: []float64{1}}.Apply(b, "h", x) }},
		{`"h": 1 initial states, want 2`, func(b *graph.Builder, x *G.Node) {
			LI{TauSyn: Fixed(1), Initial: []*G.Node{x}}.Apply(b, "h", x)
		}},
		{`LIF "h": surrogate: invalid`, func(b *graph.Builder, x *G.Node) { LIF{Surrogate: surrogate.ATan{Sharpness: nan}}.Apply(b, "h", x) }},
	} {
		for _, engine := range []graph.Engine{graph.FusedEngine, graph.UnrolledEngine} {
			_, err := graph.Build(graph.NewParams(1), graph.Settings{Engine: engine}, func(b *graph.Builder) {
				x := b.Input("x", 4, 2, 3)
				b.Output("x", b.Check(ops.Exp(x)))
				c.model(b, x)
			})
			if err == nil || !strings.Contains(err.Error(), c.text) {
				t.Errorf("%v: error %v, want %q", engine, err, c.text)
			} else if !errors.Is(err, ErrParameter) && !errors.Is(err, graph.ErrBuild) {
				t.Errorf("%v: error %v wraps neither ErrParameter nor graph.ErrBuild", engine, err)
			}
		}
	}
}

// TestKernelsDoNotAllocate: after the first run a kernel works in memory that it has.
// (testing.AllocsPerRun runs on one CPU; kernel.Blocks has a test of its own.)
func TestKernelsDoNotAllocate(t *testing.T) {
	t.Run("float32", testAllocations[float32])
	t.Run("float64", testAllocations[float64])
}

func testAllocations[T kernel.Float](t *testing.T) {
	const steps, rows, n, m = 6, 9, 5, 7
	lif := lifCell{n: n, synapse: true, toValue: true, recurrent: true, surrogate: surrogate.FastSigmoid{}}
	seq, state, vector := tensor.Shape{steps, rows, n}, tensor.Shape{rows, n}, tensor.Shape{n}
	for name, c := range map[string]struct {
		k  ops.Kernel[T]
		in []tensor.Shape
	}{
		"lif":    {&lifKernel[T]{lifCell: lif}, []tensor.Shape{seq, vector, vector, vector, vector, {n, n}, state, state, state}},
		"twin":   {&lifKernel[T]{lifCell: lif, twin: true}, []tensor.Shape{seq, vector, vector, vector, vector, {n, n}, state, state, state}},
		"li":     {&liKernel[T]{liCell: liCell{n: n, synapse: true}}, []tensor.Shape{seq, vector, vector, state, state}},
		"linear": {&linearKernel[T]{}, []tensor.Shape{seq, {n, m}, {m}}},
	} {
		out, err := c.k.Shapes(c.in)
		if err != nil {
			t.Fatal(err)
		}
		alloc := func(shapes []tensor.Shape) (x [][]T) {
			for _, s := range shapes {
				x = append(x, make([]T, s.TotalSize()))
			}
			return x
		}
		in, y, gy, gin := alloc(c.in), alloc(out), alloc(out), alloc(c.in)
		for i, v := range sequence(len(in[0])) {
			if i%3 == 0 { // few enough events for a list
				in[0][i] = T(v)
			}
		}
		for _, v := range append(in[1:], gy...) {
			for i := range v {
				v[i] = 0.5
			}
		}
		n := testing.AllocsPerRun(10, func() {
			if err := c.k.Forward(in, y); err != nil {
				t.Fatal(err)
			}
			if err := c.k.Backward(in, y, gy, gin); err != nil {
				t.Fatal(err)
			}
		})
		if n != 0 {
			t.Errorf("%s: %v allocations per run, want none", name, n)
		}
	}
}
