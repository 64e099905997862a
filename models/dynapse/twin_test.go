package dynapse

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// workload is a network with input, and a loss with weights on all records.
type workload struct {
	net     Network
	t, b    int
	input   []float64
	initial State
	forced  []float64
	dc      []float64    // factors of Idc
	h       float64      // of finite differences; 0 means 1e-4
	weights [8][]float64 // of spikes, ln imem, vmem, isyn, iahp, igaba, inmda, ishunt; the last with four synapse types
}

// poisson returns counts of n neurons at rate spikes per bin.
func poisson(rng *rand.Rand, n int, rate, weight float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		if rng.Float64() < rate {
			x[i] = weight
		}
	}
	return x
}

// around returns the defaults times factors that are uniform in the logarithm within [1/spread,
// spread], for each neuron: the bias currents alone.
func around(rng *rand.Rand, n int, spread float64, at Params) Params {
	return spreadOut(rng, n, spread, at, false)
}

// spreadOut is around, for four synapse types or one.
func spreadOut(rng *rand.Rand, n int, spread float64, at Params, four bool) Params {
	var p Params
	for i := range p {
		base := Param(i).Default()
		if at[i] != nil {
			base = at[i][0]
		}
		p[i] = []float64{base}
		if Param(i).IsCurrent() && (i < NumSingle || four) {
			p[i] = make([]float64, n)
			for j := range p[i] {
				p[i][j] = base * math.Exp(math.Log(spread)*(2*rng.Float64()-1))
			}
		}
	}
	return p
}

// adapting is a working point at which the AHP acts and the refractory time is longer than a bin.
func adapting() Params {
	var p Params
	p[Iref], p[IpulseAHP], p[IwAHP] = []float64{2.3e-10}, []float64{3.5e-9}, []float64{2e-9}
	return p
}

func newWorkload(rng *rand.Rand, n, steps, rows int, p Params, recurrent bool) *workload {
	return newTypedWorkload(rng, n, steps, rows, p, recurrent, false)
}

// newTypedWorkload is newWorkload for four synapse types or one.
func newTypedWorkload(rng *rand.Rand, n, steps, rows int, p Params, recurrent, four bool) *workload {
	w := &workload{net: Network{N: n, Params: p, FourSynapses: four}, t: steps, b: rows}
	size, types := n*steps*rows, mode{four: four}.types()
	w.input = poisson(rng, size*types, 0.1, 1)
	if recurrent {
		w.net.WRec = make([]float64, n*n*types)
		for i := range w.net.WRec {
			w.net.WRec[i] = 0.1 + 0.5*rng.Float64()
		}
	}
	for i := range 4 + types {
		w.weights[i] = make([]float64, size)
		for j := range w.weights[i] {
			w.weights[i][j] = (2*rng.Float64() - 1) * [...]float64{1, 0.1, 1, 1e8, 1e10, 1e8, 1e8, 1e8}[i]
		}
	}
	return w
}

func (w *workload) run(t testing.TB, net Network, input []float64, initial State) (float64, *Run) {
	t.Helper()
	r, err := net.Simulate(Input{T: w.t, B: w.b, Counts: input, Initial: initial, Forced: w.forced, DC: w.dc})
	if err != nil {
		t.Fatal(err)
	}
	loss := 0.0
	for i := range r.Spikes {
		loss += w.weights[0][i]*r.Spikes[i] + w.weights[1][i]*math.Log(r.Imem[i]) + w.weights[2][i]*r.Vmem[i] + w.weights[3][i]*r.Isyn[i] + w.weights[4][i]*r.Iahp[i]
	}
	for i, x := range [][]float64{r.Igaba, r.Inmda, r.Ishunt} {
		for j := range x {
			loss += w.weights[5+i][j] * x[j]
		}
	}
	return loss, r
}

func (w *workload) cotangents() Cotangents {
	return Cotangents{Records: Records{Spikes: w.weights[0], Vmem: w.weights[2], Isyn: w.weights[3], Iahp: w.weights[4], Igaba: w.weights[5], Inmda: w.weights[6], Ishunt: w.weights[7]}, LnImem: w.weights[1]}
}

// difference is the derivative of f at 0, by Richardson extrapolation of two central differences:
// the error is of order h⁴.
func difference(f func(h float64) float64, h float64) float64 {
	central := func(h float64) float64 { return (f(h) - f(-h)) / (2 * h) }
	return (4*central(h/2) - central(h)) / 3
}

// compare returns the error of the gradient of the workload against finite differences, relative to
// the largest derivative with respect to the logarithm of any parameter that is checked.
func (w *workload) compare(t testing.TB, skip ...Param) (worst float64, at string) {
	t.Helper()
	_, r := w.run(t, w.net, w.input, w.initial)
	g, err := r.Gradient(w.cotangents())
	if err != nil {
		t.Fatal(err)
	}
	scale := 0.0
	params := NumSingle
	if w.net.FourSynapses {
		params = NumParams
	}
	for p := range Param(params) {
		if !slices.Contains(skip, p) {
			for _, d := range g.Log(p) {
				scale = max(scale, math.Abs(d))
			}
		}
	}
	h := w.h
	if h == 0 {
		h = 1e-4
	}
	note := func(name string, got float64, f func(h float64) float64) {
		if e := math.Abs(got-difference(f, h)) / scale; !(e <= worst) {
			worst, at = e, name
		}
	}
	for p := range Param(params) {
		if slices.Contains(skip, p) {
			continue
		}
		for j, got := range g.Log(p) {
			note(p.String(), got, func(h float64) float64 {
				net := w.net
				v := []float64{p.Default()}
				if net.Params[p] != nil {
					v = slices.Clone(net.Params[p])
				}
				v[j] *= math.Exp(h)
				net.Params[p] = v
				l, _ := w.run(t, net, w.input, w.initial)
				return l
			})
		}
	}
	for i := 0; i < len(w.net.WRec); i += 4 {
		note("w_rec", g.WRec[i], func(h float64) float64 {
			net := w.net
			net.WRec = slices.Clone(net.WRec)
			net.WRec[i] += h
			l, _ := w.run(t, net, w.input, w.initial)
			return l
		})
	}
	for i := 0; i < len(w.input); i++ {
		if w.input[i] == 0 || i%3 != 0 {
			continue
		}
		note("input", g.Input[i], func(h float64) float64 {
			in := slices.Clone(w.input)
			in[i] += h
			l, _ := w.run(t, w.net, in, w.initial)
			return l
		})
	}
	return worst, at
}

// TestTwinIsExact: the gradient on the twin is the derivative of its loss, to 1e-5 of the largest
// entry (finite differences with steps of 1e-4 have errors of 1e-9), at the defaults and at random
// points within a factor of 3, with and without recurrence; within 1.5 where the AHP acts and the
// refractory time is 5 bins: beyond, the twin with its soft reset can be chaotic, and its
// derivatives too large for any finite difference.
func TestTwinIsExact(t *testing.T) {
	for seed := range uint64(8) {
		for _, recurrent := range []bool{false, true} {
			rng := rand.New(rand.NewPCG(seed, 7))
			spread, at := 3.0, Params{}
			if seed < 2 {
				spread = 1
			}
			if seed%2 == 1 {
				spread, at = min(spread, 1.5), adapting()
			}
			w := newWorkload(rng, 2, 60, 2, around(rng, 2, spread, at), recurrent)
			w.net.Rule, w.net.Twin = SurgeS, true
			if seed >= 4 {
				w.dc = steppedDC(rng, w)
			}
			if e, name := w.compare(t); !(e <= 1e-5) {
				t.Errorf("seed %d, recurrent %v: d/d %s is off by %v", seed, recurrent, name, e)
			}
		}
	}
}

// TestForcedSpikesAreExact: with recorded spikes the gradient is that of the model itself in all
// parameters but Ispkthr, which has no effect, and Iref, C_ref, Vth and dt as far as they set the
// refractory time, which is counted in bins. The recorded spikes are those of other parameters.
func TestForcedSpikesAreExact(t *testing.T) {
	for seed := range uint64(6) {
		rng := rand.New(rand.NewPCG(seed, 8))
		at := Params{}
		if seed%2 == 1 {
			at = adapting()
		}
		w := newWorkload(rng, 3, 60, 2, around(rng, 3, 1.3, at), seed%3 == 0)
		_, r := w.run(t, w.net, w.input, State{})
		w.forced = r.Spikes
		w.net.Params = around(rng, 3, 1.3, at)
		w.net.Params[Iref] = []float64{4.3e-10} // t_ref is 2.44 bins
		if seed >= 3 {
			w.dc = steppedDC(rng, w)
		}
		n := 0.0
		for _, s := range r.Spikes {
			n += s
		}
		if n < 5 {
			t.Fatalf("seed %d: %v spikes", seed, n)
		}
		if e, name := w.compare(t); !(e <= 1e-7) {
			t.Errorf("seed %d: d/d %s is off by %v", seed, name, e)
		}
		_, r = w.run(t, w.net, w.input, State{})
		g, err := r.Gradient(w.cotangents())
		if err != nil || g.Log(Ispkthr)[0] != 0 || g.Log(Iref)[0] != 0 {
			t.Errorf("seed %d: Ispkthr %v, Iref %v, %v", seed, g.Log(Ispkthr), g.Log(Iref), err)
		}
	}
}

// TestInitialState compares derivatives with respect to the initial state with finite differences,
// on the twin.
func TestInitialState(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 9))
	w := newWorkload(rng, 2, 20, 2, around(rng, 2, 2, adapting()), true)
	w.net.Rule, w.net.Twin = SurgeS, true
	draw := func(lo, hi float64) []float64 {
		v := make([]float64, 4)
		for i := range v {
			v[i] = lo * math.Exp(math.Log(hi/lo)*rng.Float64())
		}
		return v
	}
	w.initial = State{Isyn: draw(1e-12, 1e-9), Iahp: draw(1e-12, 1e-11), Imem: draw(1e-12, 1e-9), Vmem: draw(0.01, 0.2), Spikes: draw(0.1, 1), Timer: draw(1e-4, 3e-3)}
	_, r := w.run(t, w.net, w.input, w.initial)
	g, err := r.Gradient(w.cotangents())
	if err != nil {
		t.Fatal(err)
	}
	lists := func(s *State) []*[]float64 {
		return []*[]float64{&s.Isyn, &s.Iahp, &s.Imem, &s.Vmem, &s.Spikes, &s.Timer}
	}
	for l := range lists(&g.State) {
		for i := range 4 {
			got := (*lists(&g.State)[l])[i]
			x := (*lists(&w.initial)[l])[i]
			want := difference(func(h float64) float64 {
				s := w.initial
				v := lists(&s)[l]
				*v = slices.Clone(*v)
				(*v)[i] *= 1 + h
				loss, _ := w.run(t, w.net, w.input, s)
				return loss
			}, 1e-4)
			if math.Abs(got*x-want) > 1e-6*max(math.Abs(want), 1e-2) {
				t.Errorf("state %d[%d]: %v, want %v", l, i, got*x, want)
			}
		}
	}
	// The gradient with respect to parameters holds a given state fixed.
	if e, name := w.compare(t); !(e <= 1e-5) {
		t.Errorf("d/d %s is off by %v", name, e)
	}
}
