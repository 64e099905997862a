package suite

import (
	"context"
	"fmt"
	"math"

	"github.com/surge-snn/surge/bench/gradbench"
	"github.com/surge-snn/surge/bench/truth"
	"github.com/surge-snn/surge/models/dynapse"
)

// chipSetting is an operating point of DynapSim neurons with Poisson input.
type chipSetting struct {
	name     string
	currents map[dynapse.Param]float64 // A
	rate     float64                   // Hz
	rows     int                       // inputs: more where spikes are few
	jitter   float64                   // of ln of the weight of each spike that comes in
	wRec     []float64                 // of three neurons; nil: one neuron
}

var (
	ref = map[dynapse.Param]float64{dynapse.Iref: 2.3e-10}
	ahp = map[dynapse.Param]float64{dynapse.Iref: 2.3e-10, dynapse.IpulseAHP: 3.5e-9, dynapse.IwAHP: 2e-9}
)

// chips compares the rules of package dynapse, Rockpool's among them, with the gradient of the
// expected loss by ln I: central differences of the hard model on common inputs, see package truth.
// The difference in ln I is 0.03: with 0.1 the truth of the van Rossum distance and of traces is
// not settled at the defaults, and no rule comes nearer to it than it is to itself. At 20 Hz it is
// not settled by any difference, as there are few different inputs of spikes of one size in bins:
// the last setting has weights that vary, with which the expected loss is smooth. Mixture is the
// best sum a S + b T for the truth at hand: no weights of the two can be better.
func chips(s Settings) []Run {
	all := []chipSetting{
		{"defaults, 40 Hz", nil, 40, 4096, 0, nil}, {"t_ref 4.6 ms, 40 Hz", ref, 40, 4096, 0, nil}, {"AHP, 40 Hz", ahp, 40, 4096, 0, nil},
		{"defaults, 80 Hz", nil, 80, 4096, 0, nil}, {"t_ref 4.6 ms, 80 Hz", ref, 80, 4096, 0, nil}, {"AHP, 80 Hz", ahp, 80, 4096, 0, nil},
		{"AHP, 20 Hz", ahp, 20, 16384, 0, nil}, {"AHP, 20 Hz, weights of the input vary by 10 %", ahp, 20, 4096, 0.1, nil},
		{"three neurons that excite each other, 30 Hz", ref, 30, 1024, 0.1, []float64{0, 0.25, 0.4, 0.35, 0, 0.2, 0.3, 0.4, 0}},
		{"three neurons that inhibit each other, 30 Hz", ref, 30, 1024, 0.1, []float64{0, -0.4, -0.7, -0.6, 0, -0.3, -0.5, -0.7, 0}},
	}
	var runs []Run
	for i, setting := range pick(s, all, all[2:3]) {
		runs = append(runs, Run{ID: fmt.Sprintf("chip/%s", setting.name), Do: func(ctx context.Context) ([]Row, error) {
			net := dynapse.Network{N: 1}
			if setting.wRec != nil {
				net.N, net.WRec = 3, setting.wRec
			}
			for p, x := range setting.currents {
				net.Params[p] = []float64{x}
			}
			var params []dynapse.Param
			for p := range dynapse.Param(dynapse.NumSingle) {
				if p.IsCurrent() && p != dynapse.Iref { // the loss is a staircase in Iref
					params = append(params, p)
				}
			}
			r, err := truth.Measure(ctx, truth.Settings{
				Rows: pick2(s, setting.rows, 512), Steps: 300, Rate: []float64{setting.rate}, Weight: []float64{1}, Jitter: setting.jitter, Seed: s.Seed, Change: 0.03, Target: 0.3,
				Losses: []string{"count", "van_rossum", "trace"}, Rules: []string{"rockpool", "surge-S", "surge-T", "surge-mixed", "surge"}, Net: net, Params: params,
			})
			if err != nil {
				return nil, err
			}
			var rows []Row
			for _, loss := range r.Settings.Losses {
				rows = append(rows, chipRows(fmt.Sprintf("DynapSim, %s, %s", setting.name, loss), float64(i), r.Settings.Rules, r.Losses[loss])...)
			}
			return rows, nil
		}})
	}
	return runs
}

// CosineAtHalf is the name of a value of rows whose truth is a difference: the cosine between it
// and that at half the difference.
const CosineAtHalf = "cosine of the truth at h/2"

// chipRows are the rules for one loss, over the currents whose truth is larger than three of its
// errors.
func chipRows(network string, x float64, rules []string, l truth.LossReport) []Row {
	if len(l.Significant) < 2 {
		return nil
	}
	of := func(m map[string]truth.Estimate) (v, se []float64) {
		for _, name := range l.Significant {
			v, se = append(v, m[name].Value), append(se, m[name].SE)
		}
		return v, se
	}
	want, wantSE := of(l.Truth)
	var rows []Row
	add := func(name, kind string, c gradbench.Comparison) {
		row := Row{Suite: "chip", Network: network, Vary: "setting", X: x, Estimator: name, Kind: kind, Main: true, Comparison: c}
		row.Class = "significant currents"
		row.Values = map[string]gradbench.Estimate{CosineAtHalf: {Value: l.HCheck.Cosine, SE: l.HCheck.CosineSE}}
		row.TruthError = math.Sqrt(squares(wantSE) / squares(want))
		rows = append(rows, row)
	}
	for _, rule := range rules {
		j := l.Rules[rule]
		got, se := of(j.Gradient)
		c := independent(got, se, want, wantSE)
		// Of the same inputs: what these do to both is no difference.
		c.Cosine, c.Ratio = gradbench.Estimate{Value: j.Cosine, SE: j.CosineSE}, gradbench.Estimate{Value: j.Ratio, SE: j.RatioSE}
		add(rule, rule, c)
	}
	a, aSE := of(l.Rules["surge-S"].Gradient)
	b, bSE := of(l.Rules["surge-T"].Gradient)
	best, se := mixture(a, b, aSE, bSE, want)
	add("best a S + b T", "mixture", independent(best, se, want, wantSE))
	return rows
}

// independent compares two gradients whose parameters have independent errors: cosine and ratio
// with errors to first order.
func independent(g, gSE, t, tSE []float64) gradbench.Comparison {
	gg, tt, gt := squares(g), squares(t), 0.0
	c := gradbench.Comparison{Counted: len(g)}
	right := 0
	for k := range g {
		gt += g[k] * t[k]
		if g[k]*t[k] > 0 {
			right++
		}
	}
	c.Signs = float64(right) / float64(len(g))
	if gg == 0 || tt == 0 {
		return c
	}
	norm := math.Sqrt(gg * tt)
	cos := gt / norm
	var vc, vr float64
	for k := range g {
		dg, dt := (t[k]/norm-cos*g[k]/gg)*gSE[k], (g[k]/norm-cos*t[k]/tt)*tSE[k]
		vc += dg*dg + dt*dt
		dg, dt = g[k]/gg*gSE[k], t[k]/tt*tSE[k]
		vr += dg*dg + dt*dt
	}
	c.Cosine = gradbench.Estimate{Value: cos, SE: math.Sqrt(vc)}
	c.Ratio = gradbench.Estimate{Value: math.Sqrt(gg / tt), SE: math.Sqrt(vr * gg / tt)}
	c.Bias = gradbench.Estimate{Value: math.Sqrt(max(gg+tt-2*gt, 0) / tt)}
	return c
}

func squares(x []float64) float64 {
	s := 0.0
	for _, v := range x {
		s += v * v
	}
	return s
}

// mixture returns the sum of a and b that is nearest to t, by least squares, with its errors.
func mixture(a, b, aSE, bSE, t []float64) (m, se []float64) {
	var aa, ab, bb, at, bt float64
	for k := range t {
		aa, ab, bb = aa+a[k]*a[k], ab+a[k]*b[k], bb+b[k]*b[k]
		at, bt = at+a[k]*t[k], bt+b[k]*t[k]
	}
	det := aa*bb - ab*ab
	x, y := 0.0, 0.0
	switch {
	case det > 1e-12*aa*bb:
		x, y = (at*bb-bt*ab)/det, (bt*aa-at*ab)/det
	case aa > 0:
		x = at / aa
	case bb > 0:
		y = bt / bb
	}
	for k := range t {
		m = append(m, x*a[k]+y*b[k])
		se = append(se, math.Hypot(x*aSE[k], y*bSE[k]))
	}
	return m, se
}
