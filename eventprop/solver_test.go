package eventprop

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"pgregory.net/rapid"

	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/internal/random"
)

var states = flag.Int("states", 2000, "random states in TestNextSpikeAgainstSearch")

// searchCrossing finds the next crossing slowly and by other means than the solver: it
// looks for a sign change on a grid, then at the maximum, and bisects. u is
// evaluated by the plain formula, in 200 bits wherever it is near the threshold.
// near says that the maximum is too close to the threshold to tell.
func searchCrossing(f Flow, q, u0, i0 float64) (h float64, near bool) {
	scale := math.Abs(u0) + math.Abs(i0) + math.Abs(q)
	u := func(t float64) float64 {
		if v := roughVoltage(f.tauMem, f.tauSyn, u0, i0, t) - q; math.Abs(v) > 1e-4*scale {
			return v
		}
		return preciseVoltage(f.tauMem, f.tauSyn, u0, i0, t) - q
	}
	span := 60 * max(f.tauMem, f.tauSyn)
	const n = 200
	at := func(k int) float64 { return span * math.Pow(float64(k)/n, 4) } // fine near 0
	best, top := 0, math.Inf(-1)
	for k := range n + 1 {
		v := u(at(k))
		if v >= 0 {
			return bisect(u, at(max(k-1, 0)), at(k)), false
		}
		if v > top {
			best, top = k, v
		}
	}
	// V' has the sign of I - u; where V' is zero its error moves V by its square
	peak := bisect(func(t float64) float64 {
		return roughVoltage(f.tauMem, f.tauSyn, u0, i0, t) - i0*math.Exp(-t/f.tauSyn)
	}, at(max(best-1, 0)), at(min(best+1, n)))
	top = preciseVoltage(f.tauMem, f.tauSyn, u0, i0, peak) - q
	near = math.Abs(top) < 4e-16*scale // u and q are rounded to float64
	if top > 0 {
		return bisect(u, 0, peak), near
	}
	return math.Inf(1), near
}

// roughVoltage is preciseVoltage to some 1e-7 of its terms or better.
func roughVoltage(tauMem, tauSyn, u, i, t float64) float64 {
	em, es := math.Exp(-t/tauMem), math.Exp(-t/tauSyn)
	kappa := tauSyn / (tauMem - tauSyn) * (em - es)
	if math.Abs(tauMem/tauSyn-1) < 1e-3 {
		kappa = t / tauMem * math.Sqrt(em*es) // the error is of the order of the square
	}
	return em*u + kappa*i
}

func bisect(u func(float64) float64, lo, hi float64) float64 {
	for range 2000 {
		mid := lo + (hi-lo)/2
		if mid <= lo || mid >= hi {
			break
		}
		if u(mid) >= 0 {
			hi = mid
		} else {
			lo = mid
		}
	}
	return hi
}

// grazing returns the current that lifts the maximum of u from u0 to q (1+gap),
// found by bisection on the plain formula.
func grazing(f Flow, q, u0, gap float64) float64 {
	lo, hi := q, 1e6*q
	for range 200 {
		i := (lo + hi) / 2
		peak := math.Inf(-1)
		c := newCell(f, q, 0, -1)
		if t, ok := c.extremum(u0, i); ok {
			peak = i * math.Exp(-t/f.tauSyn)
		}
		if peak < q*(1+gap) {
			lo = i
		} else {
			hi = i
		}
	}
	return hi
}

type draw struct {
	f        Flow
	q, u0, i float64
	grazes   bool // the maximum is within 1e-13 to 1e-1 of the threshold
}

// drawState draws a state: ratios of time constants on both sides of 1, equal, and
// equal but for 1e-14 to 1e-3; a third of the states with a maximum within 1e-13
// to 1e-1 of the threshold; a fifth tonic.
func drawState(r *rand.Rand) draw {
	tauMem := math.Exp(2 * random.Normal(r))
	ratio := math.Exp(random.Normal(r))
	switch r.IntN(6) {
	case 0:
		ratio = 1
	case 1:
		ratio = 2
	case 2:
		ratio = 1 + math.Pow(10, -3-11*r.Float64())
	}
	f, err := NewFlow(tauMem, tauMem/ratio)
	if err != nil {
		panic(err)
	}
	d := draw{f: f, q: math.Exp(random.Normal(r))}
	d.u0 = d.q - math.Exp(random.Normal(r))
	d.i = 4 * d.q * random.Normal(r)
	switch r.IntN(5) {
	case 0, 1:
		gap := math.Pow(10, -13+12*r.Float64())
		if r.IntN(2) == 0 {
			gap = -gap
		}
		d.i, d.grazes = grazing(f, d.q, d.u0, gap), true
	case 2:
		d.q = -d.q
		d.u0 = d.q - math.Exp(random.Normal(r))
	}
	return d
}

// verdict is what a check of the solver found.
type verdict struct {
	spike bool
	near  bool // too close to grazing to tell
	wrong string
}

// checkNext holds the solver against the slow reference.
func checkNext(d draw) (v verdict) {
	want, near := searchCrossing(d.f, d.q, d.u0, d.i)
	if near {
		return verdict{near: true}
	}
	c := newCell(d.f, d.q, 0, d.q-1)
	s := State{d.u0, d.i}
	v.spike = !math.IsInf(want, 1)
	v.wrong = d.checkCrossing("NextSpike", NextSpike(d.f, d.q, 0, s), want)
	if v.wrong != "" || d.q < 0 {
		return v
	}
	// The fast engines solve in another way, and look first whether there is a crossing before a
	// horizon.
	x, ok := c.crossingFrom(s)
	if !ok {
		x.time = math.Inf(1)
	}
	if v.wrong = d.checkCrossing("crossingFrom", x.time, want); v.wrong != "" || !v.spike {
		return v
	}
	for _, h := range []float64{want * (1 + 1e-12), want * 1.5, want + 30*d.f.tauMem} {
		// Between a crossing and its horizon V may have risen by less than its rounding, which is
		// no loss: the next interval begins there.
		after := d.f.Apply(s, h)
		if over := preciseVoltage(d.f.tauMem, d.f.tauSyn, d.u0, d.i, h) - d.q; !c.mayCross(s, after) && math.Abs(over) > 1e-14*(math.Abs(d.u0)+math.Abs(d.i)+d.q) {
			v.wrong = fmt.Sprintf("mayCross says no for %v s, the crossing is at %v", h, want)
		}
	}
	return v
}

// checkCrossing says what is wrong with a crossing at got, where the reference has it at want.
func (d draw) checkCrossing(what string, got, want float64) (wrong string) {
	if math.IsInf(got, 1) != math.IsInf(want, 1) {
		return fmt.Sprintf("%s says %v, reference %v", what, got, want)
	}
	if math.IsInf(got, 1) {
		return ""
	}
	// The solver promises a time at which the voltage is right to its rounding. That is a few ulp
	// of the terms of u, and that of the exponents: 1/tau, its product with the time, and the time
	// itself are rounded, 1.5 ulp together, as if each time constant were another by so much. For a
	// steep rise, or after many time constants, the second is the larger one.
	p := d.f.Factors(got)
	scale := math.Abs(p.Mem*d.u0) + math.Abs(p.Kappa*d.i) + math.Abs(d.q)
	u := preciseVoltage(d.f.tauMem, d.f.tauSyn, d.u0, d.i, got)
	slack := 8e-16 * scale
	for _, other := range [][2]float64{{d.f.tauMem * (1 + 0x1p-51), d.f.tauSyn}, {d.f.tauMem, d.f.tauSyn * (1 + 0x1p-51)}} {
		slack += math.Abs(preciseVoltage(other[0], other[1], d.u0, d.i, got) - u)
	}
	if residual := math.Abs(u - d.q); residual > slack {
		return fmt.Sprintf("%s is %v, reference %v, residual %v of %v", what, got, want, residual, scale)
	}
	// and it is the first crossing, not a later one: earlier by more than the
	// rounding of the voltage allows is wrong too.
	if slack := math.Abs(got - want); slack > 1e-6*want+1e-300 {
		mid := preciseVoltage(d.f.tauMem, d.f.tauSyn, d.u0, d.i, (got+want)/2)
		if math.Abs(mid-d.q) > 1e-14*scale { // a flat top may hide the difference
			return fmt.Sprintf("%s is %v, reference %v", what, got, want)
		}
	}
	return ""
}

// TestNextSpikeAgainstSearch: no crossing is missed and none is a ghost. -states 300000 is the full
// scale.
func TestNextSpikeAgainstSearch(t *testing.T) {
	r := random.New(1, "eventprop/solver")
	draws := make([]draw, *states)
	graze := 0
	for k := range draws {
		draws[k] = drawState(r)
		if draws[k].grazes {
			graze++
		}
	}
	found := make([]verdict, len(draws))
	kernel.Blocks(len(draws), 64, func(lo, hi int) {
		for k := lo; k < hi; k++ {
			found[k] = checkNext(draws[k])
		}
	})
	spikes, near := 0, 0
	for k, v := range found {
		if v.wrong != "" {
			t.Errorf("state %d, %+v: %s", k, draws[k], v.wrong)
		}
		if v.spike {
			spikes++
		}
		if v.near {
			near++
		}
	}
	t.Logf("%d states, %d near grazing, %d spikes, %d too close to grazing to tell", len(draws), graze, spikes, near)
	if spikes < len(draws)/4 || near > len(draws)/100 || graze < len(draws)/3 {
		t.Errorf("draws say little: %d near grazing, %d spikes and %d undecided of %d", graze, spikes, near, len(draws))
	}
}

func FuzzNextSpike(f *testing.F) {
	f.Add(10e-3, 5e-3, 1.0, 0.0, 4.0)
	f.Add(10e-3, 5e-3, 1.0, 0.0, 4.000000000001)
	f.Add(6e-3, 6e-3, 1.0, 0.0, math.E)
	f.Add(6e-3, 6e-3*(1+1e-13), 0.5, 0.1, 2.0)
	f.Add(1.0, 2.0, -0.25, -1.1, 0.3)
	f.Add(1.0, 2.0, 1.0, -40.0, 1e3)
	f.Fuzz(func(t *testing.T, tauMem, tauSyn, q, u, i float64) {
		inside := func(x, lo, hi float64) bool { return math.Abs(x) >= lo && math.Abs(x) <= hi }
		flow, err := NewFlow(tauMem, tauSyn)
		if err != nil || !inside(tauMem, 1e-6, 1e6) || !inside(tauSyn/tauMem, 1e-3, 1e3) ||
			!inside(q, 1e-3, 1e3) || !(u < q) || math.Abs(u) > 1e4 || math.Abs(i) > 1e4 || math.IsNaN(i) {
			t.Skip()
		}
		if v := checkNext(draw{f: flow, q: q, u0: u, i: i}); v.wrong != "" {
			t.Fatal(v.wrong)
		}
	})
}

// TestClosedForms holds the general solver to those of ratio 1 and 2, away from
// grazing, where closed forms lose digits.
func TestClosedForms(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tau := rapid.Float64Range(1e-3, 1e2).Draw(t, "tau")
		q := rapid.Float64Range(0.1, 3).Draw(t, "q")
		s := State{V: q - rapid.Float64Range(1e-6, 4).Draw(t, "gap"), I: rapid.Float64Range(-20, 20).Draw(t, "I")}
		const horizon = 1e9
		for _, c := range []struct {
			tauMem, want float64
		}{{tau, TTFSEqual(tau, q, s, horizon)}, {2 * tau, TTFSDouble(2*tau, q, s, horizon)}} {
			f, err := NewFlow(c.tauMem, tau)
			if err != nil {
				t.Fatal(err)
			}
			got := TTFS(f, q, s, horizon)
			cell := newCell(f, q, 0, 0)
			x, ok := cell.crossingFrom(s) // what the fast engines use
			if ok != (got < horizon) {
				peak, _ := cell.extremum(s.V, s.I)
				if top := s.I * math.Exp(-peak/tau); math.Abs(top-q) > 1e-13*q {
					t.Fatalf("%+v, threshold %v: general %v, of the fast engines %v", s, q, got, x)
				}
			} else if p := f.Factors(x.time); ok && math.Abs(p.Mem*s.V+p.Kappa*s.I-q)+math.Abs(p.Mem-x.mem)+math.Abs(p.Syn-x.syn) > 1e-14*(math.Abs(s.V)+math.Abs(s.I)+q+1) {
				t.Fatalf("%+v, threshold %v: general %v, of the fast engines %v", s, q, got, x)
			}
			if (got == horizon) != (c.want == horizon) {
				peak, _ := cell.extremum(s.V, s.I)
				if top := s.I * math.Exp(-peak/tau); math.Abs(top-q) > 1e-13*q {
					t.Fatalf("ratio %v, %+v, threshold %v: general %v, closed %v", c.tauMem/tau, s, q, got, c.want)
				}
				continue
			}
			if got == horizon {
				continue
			}
			// both have a backward error of a few ulp of the terms: the times
			// differ by that over the slope
			slope := (s.I*math.Exp(-got/tau) - q) / c.tauMem
			if d := math.Abs(got - c.want); d*slope > 1e-14*(math.Abs(s.V)+math.Abs(s.I)+q) {
				t.Fatalf("ratio %v, %+v, threshold %v: general %v, closed %v", c.tauMem/tau, s, q, got, c.want)
			}
		}
	})
}

// TestTTFSTable compares with 299 states solved by jaxsnn (before 0.3).
func TestTTFSTable(t *testing.T) {
	var file struct {
		Params          map[string]float64
		Inputs, Outputs map[string]struct{ Data []float64 }
		Grads           map[string]struct{ Data []float64 }
	}
	text, err := os.ReadFile("testdata/jaxsnn_ttfs_table.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	tauSyn, vTh := file.Params["tau_syn"], file.Params["v_th"]
	for k, ratio := range file.Inputs["tau_mem_over_tau_syn"].Data {
		f, err := NewFlow(ratio*tauSyn, tauSyn)
		if err != nil {
			t.Fatal(err)
		}
		s := State{file.Inputs["V"].Data[k], file.Inputs["I"].Data[k]}
		tMax := file.Inputs["t_max"].Data[k]
		got, want := TTFS(f, vTh, s, tMax), file.Outputs["time"].Data[k]
		// 5e-11: the package's own closed form near grazing
		if math.Abs(got-want) > 1e-12*tMax+5e-11*want {
			t.Errorf("row %d, ratio %v, %+v: time %v, want %v", k, ratio, s, got, want)
		}
		dV, dI := TTFSGradient(f, vTh, s)
		for _, g := range []struct {
			name      string
			got, want float64
		}{{"V", dV, file.Grads["V"].Data[k]}, {"I", dI, file.Grads["I"].Data[k]}} {
			if math.Abs(g.got-g.want) > 1e-7*math.Abs(g.want) {
				t.Errorf("row %d, ratio %v, %+v: gradient to %s %v, want %v", k, ratio, s, g.name, g.got, g.want)
			}
		}
	}
}

func BenchmarkNextSpike(b *testing.B) {
	r := random.New(2, "eventprop/solver")
	draws := make([]draw, 1024)
	cells := make([]cell, 1024)
	for k := range draws {
		draws[k] = drawState(r)
		cells[k] = newCell(draws[k].f, draws[k].q, 0, draws[k].q-1)
	}
	b.ResetTimer()
	for k := range b.N {
		cells[k%1024].next(draws[k%1024].u0, draws[k%1024].i)
	}
}
