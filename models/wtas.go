package models

import (
	"fmt"
	"math"
	"strings"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/random"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/surrogate"
)

// thrFloor is the smallest adaptive threshold of a WTASCell.
const thrFloor = 0.025

// WTASCell is a layer of spiking units that compete: a unit fires when its share of the
// softmax over the layer exceeds its threshold. In each step, for each row of the batch,
// with the current j[t]:
//
//	m[t]    = 1 if rfr[t-1] >= RefractTime, else 0
//	v[t]    = ResistM·j[t]·m[t]                              (no integration)
//	vp[t]   = softmax(v[t]) over the units
//	s[t]    = H(vp[t] - thr[t-1])
//	thr[t]  = max(thr[t-1] + ThrGain (Σ s[t] - 1), 0.025)    (Σ over the units)
//	rfr[t]  = (rfr[t-1] + dt) (1 - s[t]) + dt s[t]           (in whole numbers of dt, see SumTime)
//	tols[t] = (1 - s[t]) tols[t-1] + s[t] (T0 + n dt)        n: steps since the start
//
// Thresholds fall while nobody fires, stay when one unit does, and rise when several do.
//
// H is differentiated by the surrogate. The gradient flows through the softmax to the
// current, and through the thresholds and Σ s from step to step; the floor shares it on a
// tie; m, rfr and tols are cut. States: v, thr, rfr, tols, steps. At rest thr is Thr, rfr
// is RefractTime (ready), tols is 0; a state thr or rfr of exactly 0, which no step gives,
// stands for its value at rest, so that the zeros of a new program mean rest, and
// graph.Program.SetState(nil) resets the thresholds too (see [ResetWTAS] for ngc-learn's
// reset).
//
// As in ngc-learn, a refractory unit still takes part in the softmax with v = 0, and can
// fire, and several units can fire at once. See Hard and ExcludeRefractory. Its time constant
// tau_m has no effect and is not a setting.
//
// Source: WTASCell of ngc-learn 3.2, which counts time in milliseconds; surge counts it in
// seconds. Parameters, where they are learned: name/resist_m, name/thr, name/thr_gain.
type WTASCell struct {
	ResistM Value // membrane resistance; default Fixed(1)
	Thr     Value // threshold at rest, a share of the softmax; default Fixed(0.4)
	ThrGain Value // change of the threshold per spike too many; default Fixed(0.002)
	// ThrJitter adds to the threshold at rest of each unit a number of its own from the
	// uniform distribution over [-ThrJitter, ThrJitter), drawn from the random source that
	// Seed and the name of the layer determine. 0 means none; ngc-learn's default is 0.05.
	ThrJitter float64
	Seed      uint64
	// RefractTime is the refractory time in seconds, counted from the beginning of the
	// step of the spike: a time of at most dt has no effect.
	RefractTime float64
	// SumTime adds time steps up in milliseconds in float32, as ngc-learn does, where the rounding
	// of the sum may make the refractory time a step longer: with steps of 0.1 ms one of 3 ms takes
	// 31. Else steps are counted.
	SumTime bool
	// T0 is the time of the first step in seconds, for tols.
	T0 float64
	// Hard makes exactly one unit fire in each step, the one with the largest vp - thr (the
	// first of equals; nobody where ExcludeRefractory leaves nobody). Thresholds then stay as
	// they are.
	Hard bool
	// ExcludeRefractory takes refractory units out of the competition: they have no share
	// of the softmax and do not fire.
	ExcludeRefractory bool
	// Surrogate stands in for the derivative of the spike; nil means
	// surrogate.FastSigmoid{}.
	Surrogate surrogate.Surrogate
	// Sharpness, where it is not nil, is a node [N] of positive factors of x in the surrogate,
	// learned or set from run to run, see [LIF]. Not with Hard, where it would choose another unit.
	Sharpness *G.Node
	// Initial is the state before the first step, five nodes [B, N]: v, thr, rfr, tols,
	// steps. It is taken as it is and replaces Thr. Nil leaves it to the program: rest, or
	// what graph.Program.SetState says.
	Initial []*G.Node
}

// Winners is what a layer of competing units gives out.
type Winners struct {
	Spikes *G.Node   // [T, B, N], 0 or 1
	V      *G.Node   // [T, B, N], what enters the softmax
	Prob   *G.Node   // [T, B, N], vp, the softmax
	Thr    *G.Node   // [T, B, N], threshold after the step
	Rfr    *G.Node   // [T, B, N], time since the beginning of the step of the last spike, s; no gradient
	Tols   *G.Node   // [T, B, N], time of the last spike, s, 0 for none; no gradient
	Final  []*G.Node // state after the last step, each [B, N], in the order of Initial
}

// Apply adds the layer for a current j [T, B, N].
func (l WTASCell) Apply(b *graph.Builder, name string, j *G.Node) Winners {
	if j.Dims() != 3 {
		b.Fail(fmt.Errorf("%w: WTASCell %q: current of shape %v, want [T, B, N]", ErrParameter, name, j.Shape()))
	}
	c, p := l.cell(b, name, j.Shape()[2])
	out, final := b.Scan(name, c, []*G.Node{j}, p)
	return l.result(out, final)
}

func (l WTASCell) cell(b *graph.Builder, name string, n int) (graph.Fused, []*G.Node) {
	for _, v := range []struct {
		name  string
		value float64
		least float64
	}{{"ThrJitter", l.ThrJitter, 0}, {"RefractTime", l.RefractTime, 0}, {"T0", l.T0, math.Inf(-1)}} {
		if !(v.value >= v.least) || math.IsInf(v.value, 0) {
			b.Fail(fmt.Errorf("%w: WTASCell %q: %s = %v, want a finite number, at least %v", ErrParameter, name, v.name, v.value, v.least))
		}
	}
	c := wtasCell{
		n: n, clock: clock{b.Dt(), l.SumTime}, t0: l.T0,
		hard: l.Hard, exclude: l.ExcludeRefractory, given: l.Initial != nil,
		surrogate: l.Surrogate,
	}
	c.refract = c.clock.bound(l.RefractTime, b.DType())
	if c.surrogate == nil {
		c.surrogate = surrogate.FastSigmoid{}
	}
	p := []*G.Node{l.ResistM.or(1).real(b, name+"/resist_m", n), l.ThrGain.or(0.002).real(b, name+"/thr_gain", n)}
	if !c.given {
		p = append(p, l.thresholds(b, name, n).real(b, name+"/thr", n))
	} else if !l.Thr.IsZero() || l.ThrJitter != 0 {
		b.Fail(fmt.Errorf("%w: WTASCell %q: Thr or ThrJitter with Initial has no effect", ErrParameter, name))
	}
	if l.Sharpness != nil {
		if l.Hard {
			b.Fail(fmt.Errorf("%w: WTASCell %q: Sharpness with Hard would choose another unit", ErrParameter, name))
		}
		checkSharpness(b, "WTASCell", name, l.Sharpness, n)
		p, c.sharp = append(p, l.Sharpness), true
	}
	c.initial = initial(b, name, l.Initial, c.State())
	return c, p
}

// thresholds returns the thresholds at rest with their jitter.
func (l WTASCell) thresholds(b *graph.Builder, name string, n int) Value {
	thr := l.Thr.or(0.4)
	if l.ThrJitter == 0 {
		return thr
	}
	rng := random.New(l.Seed, "thr_jitter/"+name)
	jittered := make([]float64, n)
	for i, x := range thr.spread(b, name+"/thr", n) {
		jittered[i] = x + float64(l.ThrJitter*float64(2*rng.Float64()-1))
	}
	thr.v = jittered
	return thr
}

func (WTASCell) result(out, final []*G.Node) Winners {
	return Winners{Spikes: out[0], V: out[1], Prob: out[2], Thr: out[3], Rfr: out[4], Tols: out[5], Final: final}
}

// ResetWTAS returns a copy of s in which the layer name, a [WTASCell], is reset as
// ngc-learn does it: voltages, refractory variables and times of the last spike as at
// rest, but the adapted thresholds are kept. (The reset of all, with the thresholds, is
// graph.Program.SetState(nil).) An unknown layer is an error that wraps [ErrParameter].
func ResetWTAS(s graph.State, name string) (graph.State, error) {
	if s[name+"/thr"] == nil || s[name+"/rfr"] == nil {
		return nil, fmt.Errorf("%w: ResetWTAS: no layer %q with states thr and rfr", ErrParameter, name)
	}
	reset := graph.State{}
	for key, v := range s {
		d := v.Clone().(*tensor.Dense)
		if state, ok := strings.CutPrefix(key, name+"/"); ok && state != "thr" {
			d.Zero()
		}
		reset[key] = d
	}
	return reset, nil
}

// wtasCell is one step of WTASCell. Its parameters are, in this order: resist_m, thr_gain,
// unless the initial state is given the threshold at rest, and where there is one the sharpness.
type wtasCell struct {
	n int
	clock
	t0, refract          float64
	hard, exclude, given bool
	sharp                bool
	initial              []*G.Node
	surrogate            surrogate.Surrogate
}

func (wtasCell) Kind() string      { return "wtas" }
func (wtasCell) Outputs() []string { return []string{"spikes", "v", "vp", "thr", "rfr", "tols"} }

func (c wtasCell) State() []graph.StateSpec {
	return states(c.n, c.initial, "v", "thr", "rfr", "tols", "steps")
}

func (c wtasCell) Step(b *graph.Builder, x, params, state []*G.Node) (out, next []*G.Node) {
	mul := func(x, y *G.Node) *G.Node { return b.Check(G.HadamardProd(x, y)) }
	add := func(x, y *G.Node) *G.Node { return b.Check(G.Add(x, y)) }
	resist, gain := params[0], params[1]
	thr, rfr, tols, steps := state[1], state[2], state[3], state[4]
	if !c.given {
		thr = b.Check(ops.Where(thr, thr, params[2]))
		ready := b.Check(ops.Affine(rfr, 0, c.refract))
		rfr = b.Check(ops.Where(rfr, rfr, ready))
	}
	ready := b.Check(ops.AtLeast(rfr, c.refract))
	v := mul(mul(x[0], resist), ready)
	var compete *G.Node
	if c.exclude {
		compete = ready
	}
	vp := b.Check(ops.Softmax(v, compete))
	above := b.Check(G.Sub(vp, thr))
	if c.sharp {
		above = mul(above, params[len(params)-1])
	}
	var s *G.Node
	if c.hard && !b.Twin() {
		s = b.Check(ops.Winner(above, compete, c.surrogate))
	} else {
		s = Spike(b, above, c.surrogate)
		if c.exclude {
			s = mul(s, ready)
		}
	}
	surplus := b.Check(ops.Affine(b.Check(ops.SumUnits(s)), 1, -1))
	thr = b.Check(ops.Floor(add(thr, mul(surplus, gain)), thrFloor))

	fired := b.Check(ops.Detach(s))
	silent := b.Check(ops.Affine(fired, -1, 1))
	rfr = add(mul(c.clock.later(b, rfr), silent), b.Check(ops.Affine(fired, c.dt, 0)))
	tols = add(mul(silent, tols), mul(fired, b.Check(ops.Affine(steps, c.dt, c.t0))))
	steps = b.Check(ops.Affine(steps, 1, 1))
	return []*G.Node{s, v, vp, thr, rfr, tols}, []*G.Node{v, thr, rfr, tols, steps}
}
