package dynapse

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestTruthIsRecorded: the estimate from the stored inputs agrees with the recorded one, which is
// from 16 times as many inputs, within four of its own standard errors.
func TestTruthIsRecorded(t *testing.T) {
	for _, setting := range []string{"def", "ahp"} {
		f := readTruth(t, setting)
		count := func(r *Run) []float64 {
			l := make([]float64, r.B)
			for i, s := range r.Spikes {
				l[i%r.B] += s
			}
			return l
		}
		params := []Param{IgainMem, ItauMem, Ispkthr, Iref, IwAHP}
		got, err := f.net.Truth(Input{T: f.T, B: f.Batch, Counts: f.input}, 0.1, params, count)
		if err != nil {
			t.Fatal(err)
		}
		l := f.Losses["count"]
		for i, p := range params {
			want := l.Truth[p.String()]
			if p == Iref {
				want = l.TruthIrefStep.Value
			}
			if e := got[0][i]; !(math.Abs(e.Mean-want) <= 4*e.StdErr) {
				t.Errorf("%s: %v: %v +- %v, want %v", setting, p, e.Mean, e.StdErr, want)
			}
		}
	}
}

// elsewhere are small recurrent networks, for which no data are recorded, on a number of inputs.
func elsewhere(rows int, f func(name string, net Network, input []float64, steps, rows int)) {
	const n, steps = 3, 300
	ref := Params{}
	ref[Iref] = []float64{2.3e-10}
	several := ref
	several[Ispkthr] = []float64{1e-9}
	for _, c := range []struct {
		name   string
		at     Params
		weight float64
	}{{"excitatory", ref, 0.3}, {"inhibitory", ref, -0.5}, {"adapting", adapting(), 0.2}, {"several spikes per bin", several, 0.05}} {
		rng := rand.New(rand.NewPCG(1, 2))
		net := Network{N: n, Params: c.at, WRec: make([]float64, n*n)}
		for i := range net.WRec {
			if i/n != i%n {
				net.WRec[i] = c.weight * (0.5 + rng.Float64())
			}
		}
		f(c.name, net, poisson(rng, n*rows*steps, 0.03, 1), steps, rows)
	}
}

// judge compares the gradient of a loss by a rule with the truth of it: cosine, ratio of norms, and
// the norm of the truth relative to that of its standard errors.
func judge(t *testing.T, net Network, input []float64, steps, rows int, loss Loss, rule Rule, params ...Param) (cos, ratio, certainty float64) {
	t.Helper()
	all, err := net.Truth(Input{T: steps, B: rows, Counts: input}, 0.1, params, func(r *Run) []float64 {
		l, _, err := loss(r)
		if err != nil {
			t.Fatal(err)
		}
		return l
	})
	if err != nil {
		t.Fatal(err)
	}
	estimates := all[0]
	net.Rule = rule
	r, err := net.Simulate(Input{T: steps, B: rows, Counts: input})
	if err != nil {
		t.Fatal(err)
	}
	_, c, err := loss(r)
	if err != nil {
		t.Fatal(err)
	}
	g, err := r.Gradient(c)
	if err != nil {
		t.Fatal(err)
	}
	got, truth := map[string]float64{}, map[string]float64{}
	var names []string
	var norm, errors float64
	for i, p := range params {
		got[p.String()], truth[p.String()] = g.Log(p)[0], estimates[i].Mean
		names = append(names, p.String())
		norm, errors = math.Hypot(norm, estimates[i].Mean), math.Hypot(errors, estimates[i].StdErr)
	}
	cos, ratio, _ = against(got, truth, names)
	return cos, ratio, norm / errors
}

// TestCountsElsewhere: SurgeS on counts keeps its bounds (0.97, a factor of 2) in recurrent
// networks and with several spikes per bin.
func TestCountsElsewhere(t *testing.T) {
	elsewhere(200, func(name string, net Network, input []float64, steps, rows int) {
		cos, ratio, _ := judge(t, net, input, steps, rows, SpikeCount, SurgeS, IgainMem, IgainSyn, Ispkthr, ItauMem)
		t.Logf("%s: cosine %.4f, ratio %.3f", name, cos, ratio)
		if !(cos >= 0.97 && ratio > 0.5 && ratio < 2) {
			t.Errorf("%s: cosine %v, ratio %v", name, cos, ratio)
		}
	})
}

// TestTimingElsewhere bounds SurgeT on the van Rossum distance in recurrent networks, for five
// targets each, with rows clipped at 5 times the median row. The median cosine over targets is at
// least 0.98 and the median ratio 0.25 to 3 in every network. A single target is held to a cosine
// of 0.9 only where the truth is larger than 15 of its standard errors: elsewhere the loss is flat,
// the truth is below a tenth of what it is for other targets and changes its direction with the
// step of the difference, and a rule that is right to a tenth decides nothing.
//
// Without the clip the mean over 200 rows can be that of one row: for the last target of the
// adapting network one has a derivative of -661 where nine tenths are between -28 and 28, and the
// cosine is -0.94.
func TestTimingElsewhere(t *testing.T) {
	elsewhere(100, func(name string, net Network, input []float64, steps, rows int) {
		net.Clip = 5
		var cosines, ratios []float64
		for seed := range uint64(5) {
			target := net
			target.Params = around(rand.New(rand.NewPCG(seed, 3)), 1, 1.35, net.Params)
			other, err := target.Simulate(Input{T: steps, B: rows, Counts: input})
			if err != nil {
				t.Fatal(err)
			}
			cos, ratio, certainty := judge(t, net, input, steps, rows, VanRossum(other.Spikes, 10), SurgeT, IgainSyn, Ispkthr, ItauMem)
			t.Logf("%s, target %d: cosine %.4f, ratio %.3f, truth of %.1f standard errors", name, seed, cos, ratio, certainty)
			if certainty > 15 && !(cos >= 0.9) {
				t.Errorf("%s, target %d: cosine %v with a truth of %v standard errors", name, seed, cos, certainty)
			}
			cosines, ratios = append(cosines, cos), append(ratios, ratio)
		}
		slices.Sort(cosines)
		slices.Sort(ratios)
		if cos, ratio := cosines[2], ratios[2]; !(cos >= 0.98 && ratio > 0.25 && ratio < 3) {
			t.Errorf("%s: median cosine %v, median ratio %v", name, cos, ratio)
		}
	})
}
