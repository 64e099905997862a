package dynapse

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestTruthIsRecorded: the estimate from the stored inputs agrees with the recorded one, which is from 16 times as many
// inputs, within four of its own standard errors.
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
		got, err := f.net.Truth(f.T, f.Batch, f.input, count, 0.1, params...)
		if err != nil {
			t.Fatal(err)
		}
		l := f.Losses["count"]
		for i, p := range params {
			want := l.Truth[p.String()]
			if p == Iref {
				want = l.TruthIrefStep.Value
			}
			if e := got[i]; !(math.Abs(e.Mean-want) <= 4*e.StdErr) {
				t.Errorf("%s: %v: %v +- %v, want %v", setting, p, e.Mean, e.StdErr, want)
			}
		}
	}
}

// TestRulesElsewhere measures the rules where no data are recorded: in recurrent networks, excitatory and inhibitory, and with
// several spikes per bin. SurgeS on counts keeps its bounds (0.97, a factor of 2) everywhere, and with several spikes per bin the
// sign of Ispkthr is right, too. SurgeT on the van Rossum distance is logged and has no bound: with other targets its cosine was 0.977
// to 0.9997 and its ratio 0.4 to 2.1 in 11 of 12 cases, and -0.91 and 0.08 in one.
func TestRulesElsewhere(t *testing.T) {
	const n, steps, rows = 3, 300, 200
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
		input := poisson(rng, n*rows*steps, 0.03, 1)
		target := net
		target.Params = around(rand.New(rand.NewPCG(3, 3)), 1, 1.35, c.at)
		other, err := target.Simulate(steps, rows, input, State{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		f := &truth{T: steps, Batch: rows * n, target: other.Spikes}
		params := []Param{IgainMem, IgainSyn, Ispkthr, ItauMem}
		for loss, rule := range map[string]Rule{"count": SurgeS, "van_rossum": SurgeT} {
			perRow := func(r *Run) []float64 {
				l := make([]float64, rows)
				for b := range l {
					one := &truth{T: steps, Batch: n, target: make([]float64, steps*n)}
					part := &Run{T: steps, B: n, N: 1, Records: Records{Spikes: make([]float64, steps*n)}}
					for s := range steps {
						copy(one.target[s*n:(s+1)*n], f.target[(s*rows+b)*n:])
						copy(part.Spikes[s*n:(s+1)*n], r.Spikes[(s*rows+b)*n:])
					}
					l[b], _ = one.loss(loss, part)
				}
				return l
			}
			want, err := net.Truth(steps, rows, input, perRow, 0.1, params...)
			if err != nil {
				t.Fatal(err)
			}
			m := net
			m.Rule = rule
			r, err := m.Simulate(steps, rows, input, State{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			_, d := f.loss(loss, r)
			g, err := r.Gradient(d)
			if err != nil {
				t.Fatal(err)
			}
			got, truth := map[string]float64{}, map[string]float64{}
			var names []string
			for i, p := range params {
				got[p.String()], truth[p.String()] = g.Log(p)[0], want[i].Mean
				names = append(names, p.String())
			}
			cos, ratio, sign := against(got, truth, names)
			t.Logf("%s: %s by %v: cosine %.4f, ratio %.3f, signs %.2f; %.3v, truth %.3v", c.name, loss, rule, cos, ratio, sign, got, want)
			if rule == SurgeS && !(cos >= 0.97 && ratio > 0.5 && ratio < 2) {
				t.Errorf("%s: %s by %v: cosine %v, ratio %v", c.name, loss, rule, cos, ratio)
			}
		}
	}
}
