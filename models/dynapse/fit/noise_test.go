package fit

import (
	"context"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/surge-snn/surge/internal/race"
	"github.com/surge-snn/surge/models/dynapse"
)

// autoregressive is noise with the standard deviation 1 and the correlation r from bin to bin, of
// so many rows, [T, rows].
func autoregressive(rng *rand.Rand, steps, rows int, r float64) []float64 {
	x := make([]float64, steps*rows)
	for i := range x {
		if x[i] = rng.NormFloat64(); i >= rows {
			x[i] = r*x[i-rows] + math.Sqrt(1-r*r)*x[i]
		}
	}
	return x
}

// TestColoured: the variance of a constant that is fitted to noise of known correlation is
// (1+r)/(1-r) times that of white noise, also where samples are missing, and of white noise there
// is nothing to say.
func TestColoured(t *testing.T) {
	const steps, rows = 1500, 4
	for _, r := range []float64{0, 0.5, 0.9} {
		e, _ := draw(t, 1, 1, 60, rows, Core, false)
		rec := &e.Recordings[0]
		rec.T, rec.Input = steps, make([]float64, steps*rows)
		rec.Target, rec.Use = [numQuantities][]float64{Isyn: make([]float64, steps*rows)}, [numQuantities]bool{Isyn: true}
		rec.Weight = make([]float64, steps*rows)
		for i := range rec.Weight {
			rec.Target[Isyn][i] = 1e-12 * (1 + float64(i%2))
			rec.Weight[i] = 1
			if i/rows%100 < 10 { // a gap
				rec.Weight[i] = 0
			}
		}
		fp := compile(t, e).forced(0, 0)
		noise := autoregressive(rand.New(rand.NewPCG(5, 6)), steps, rows, r)
		residuals := make([]float64, len(fp.samples))
		mean := 0.0
		for m, s := range fp.samples {
			residuals[m] = noise[s.at]
			mean += noise[s.at] / float64(len(fp.samples))
		}
		u := mat.NewDense(len(residuals), 1, nil)
		for m := range residuals {
			residuals[m] -= mean // what the fit has absorbed
			u.Set(m, 0, 1/math.Sqrt(float64(len(residuals))))
		}
		c := newColoured(fp)
		got := c.estimate(residuals, u).At(0, 0)
		want := (1 + r) / (1 - r)
		// A correlation is known to sqrt((1-r²)/M) = 0.006 where r = 0.9, 6 % of 1-r; the gaps take
		// an eleventh of 20 bins.
		if math.Abs(got/want-1) > 0.2 || c.white() != (r == 0) {
			t.Errorf("r = %v: variance %v times that of white noise, want %v; white: %v", r, got, want, c.white())
		}
	}
}

// TestCorrelated: with noise that is correlated by 0.95 from bin to bin, intervals hold the truth
// as often as they say, and the recording is warned about.
func TestCorrelated(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("four fits of long recordings")
	}
	held, all := 0, 0
	for seed := range uint64(4) {
		e, truth := draw(t, seed, 1, 600, 2, Core, false)
		r := &e.Recordings[0]
		r.Use[Spikes] = false
		for i, z := range autoregressive(rand.New(rand.NewPCG(seed, 9)), r.T, r.B, 0.95) {
			r.Target[Imem][i] *= math.Exp(0.05 * z)
		}
		res, err := Run(context.Background(), e, Settings{Starts: 3})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range res.Parameters {
			if q, _ := dynapse.ParseParam(p.Param); p.Verdict == Identified {
				all++
				if v := truth.Params[q][0]; p.Interval[0] <= v && v <= p.Interval[1] {
					held++
				}
			}
		}
		if !strings.Contains(strings.Join(res.Warnings, "\n"), "not white") {
			t.Errorf("seed %d: %q", seed, res.Warnings)
		}
	}
	if all < 8 || all-held > 2 { // of 16 intervals of 95 %, more than two miss with a probability of 4 %; those of white noise missed 21 of 24
		t.Errorf("%d of %d intervals hold the truth", held, all)
	}
}

var allFits = flag.Bool("all-fits", false, "fit every kind of recording")

// TestUnmeasured (of an offset, alone and fitted, without -all-fits): errors of a measurement that
// are not fitted are named with their size, intervals have room for what they do to the currents,
// and a current that they have moved is not called determined. Where they are fitted, and where
// there are none, nothing is said, and intervals hold the truth.
func TestUnmeasured(t *testing.T) {
	t.Parallel()
	if race.Detector {
		t.Skip("the numbers of a fit: other tests run what is concurrent in it")
	}
	for _, test := range []struct {
		gain, offset, drift float64
		fit                 bool
		name                string
		size                float64
	}{
		{1, 0, 0, false, "", 0}, {1, 2e-3, 0, false, "an offset of ", 2e-3}, {1, 0, 3e-3, false, "a drift of ", 3e-3}, {1.02, 0, 0, false, "a gain of ", 1.02}, {1.02, 2e-3, 0, true, "", 0},
	} {
		if !*allFits && !test.fit && test.offset == 0 {
			continue
		}
		e, truth := scoped(t, 3, 300, test.gain, test.offset, test.drift, 1e-3)
		if test.fit {
			e.Recordings[0].Gain.Fit, e.Recordings[0].Offset.Fit = true, true
		}
		res, err := Run(context.Background(), e, Settings{Starts: 3})
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Join(res.Warnings, "\n")
		_, found, said := strings.Cut(text, "recorded with "+test.name)
		if size := 0.0; test.name != "" {
			if _, err := fmt.Sscan(found, &size); err != nil || math.Abs(size-test.size) > 5e-4+0.002*test.size { // some standard errors, of 1 mV in 1200 samples beside the currents
				t.Errorf("%+v: %q", test, res.Warnings)
			}
		} else if said {
			t.Errorf("%+v: %q", test, res.Warnings)
		}
		for _, p := range res.Parameters {
			q, err := dynapse.ParseParam(p.Param)
			if err != nil {
				continue
			}
			v := truth.Params[q][0]
			off, in := math.Abs(p.Value/v-1), p.Interval[0] <= v && v <= p.Interval[1]
			if p.Verdict == Identified && !in && off > 0.02 { // one in twenty misses, by little
				t.Errorf("%+v: %s = %v is not in %v", test, p.Name, v, p.Interval)
			}
		}
	}
}
