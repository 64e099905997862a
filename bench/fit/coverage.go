package fit

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/surge-snn/surge/internal/random"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/fit"
)

// Noise of the coverage benchmarks: of ln Imem, and its correlation from bin to bin where it has
// one; of Vmem, V, with the standard deviations of gain, offset and drift.
const (
	coverageNoise       = 0.05
	coverageCorrelation = 0.95
	coverageVolts       = 1e-3
	coverageGain        = 0.02
	coverageOffset      = 2e-3
	coverageMismatch    = 0.1
	coverageNeurons     = 6
)

// CoveragePrefix begins the names of the benchmarks of coverage.
const CoveragePrefix = "coverage-"

// kinds of noise, each with a benchmark.
var noiseKinds = []struct {
	name, text string
	disturb    func(p *Problem, r *fit.Recording) error // the recording of the problem
	settings   fit.Settings
}{
	{name: "white", text: "5 % white noise on imem", disturb: func(p *Problem, r *fit.Recording) error { return onImem(p, r, 0) }},
	{name: "correlated", text: "5 % noise on imem, correlated by 0.95 from bin to bin", disturb: func(p *Problem, r *fit.Recording) error { return onImem(p, r, coverageCorrelation) }},
	{name: "gain", text: "1 mV white noise on vmem, with a gain of 2 % that is fitted", disturb: func(p *Problem, r *fit.Recording) error { return onVmem(p, r, true, false, false) }},
	{name: "offset", text: "1 mV white noise on vmem, with an offset of 2 mV that is fitted", disturb: func(p *Problem, r *fit.Recording) error { return onVmem(p, r, false, true, false) }},
	{name: "drift", text: "1 mV white noise on vmem, with a drift of 2 mV that is fitted", disturb: func(p *Problem, r *fit.Recording) error { return onVmem(p, r, false, false, true) }},
	{name: "measured", text: "1 mV white noise on vmem, with gain, offset and drift that are fitted", disturb: func(p *Problem, r *fit.Recording) error { return onVmem(p, r, true, true, true) }},
	{name: "mismatch", text: "5 % white noise on imem of 6 neurons whose fitted currents differ by 10 %, which is inferred", disturb: onNeurons, settings: fit.Settings{Infer: true}},
	{name: "posterior", text: "5 % white noise on imem, intervals from samples of the posterior", disturb: func(p *Problem, r *fit.Recording) error { return onImem(p, r, 0) }, settings: fit.Settings{Method: fit.MCMC}},
}

// coverages are the benchmarks of coverage.
func coverages() (list []Benchmark) {
	for _, k := range noiseKinds {
		list = append(list, Benchmark{
			Name: CoveragePrefix + k.name, Text: k.text + ": part of the intervals of determined currents that hold the truth",
			Seeds: first(500), judge: covered, Target: "93 to 97 %, ranks p > 0.05", format: "%.1f %%", remark: counted,
			solve: func(ctx context.Context, p Problem, o *Outcome) error {
				r := p.Experiment.Recordings[0]
				if err := k.disturb(&p, &r); err != nil {
					return err
				}
				e := p.Experiment
				e.Recordings = []fit.Recording{r}
				return cover(ctx, p, e, k.settings, o)
			}})
	}
	return list
}

// cover fits and counts. Numbers:
//
//	claimed  currents that the fit says are determined
//	held     those whose interval of 95 % holds the truth
//	low      those of which the truth lies in the lower half of the interval or below: half of
//	         them, where intervals are not biased
//	rank     Φ((ln truth - ln middle)/SD) of one of them, drawn, with the interval ±1.96 SD around
//	         the middle: uniform from 0 to 1 where intervals are calibrated (Cook, Gelman & Rubin
//	         2006, doi:10.1198/106186006X136976); one of each fit, as those of one fit are not
//	         independent
func cover(ctx context.Context, p Problem, e fit.Experiment, s fit.Settings, o *Outcome) error {
	res, err := o.fitted(ctx, e, s)
	if err != nil {
		return err
	}
	claimed, held, low := 0.0, 0.0, 0.0
	var ranks []float64
	for _, c := range p.Currents() {
		got := res.Parameter(c.Name)
		if got.Verdict != fit.Identified {
			continue
		}
		truth := p.Truth.Params[c.Param][c.Neurons[0]]
		claimed++
		if got.Interval[0] <= truth && truth <= got.Interval[1] {
			held++
		}
		if truth < math.Sqrt(got.Interval[0]*got.Interval[1]) {
			low++
		}
		bottom, top := math.Log(got.Interval[0]), math.Log(got.Interval[1])
		z := (math.Log(truth) - (bottom+top)/2) / ((top - bottom) / (2 * 1.96))
		ranks = append(ranks, math.Erfc(-z/math.Sqrt2)/2)
	}
	if len(ranks) > 0 {
		o.Numbers["rank"] = ranks[random.New(o.Seed, "bench/fit/rank").IntN(len(ranks))]
	}
	o.Numbers["claimed"], o.Numbers["held"], o.Numbers["low"] = claimed, held, low
	if o.Passed = held == claimed; !o.Passed {
		o.Note = fmt.Sprintf("%v of %v intervals hold the truth", held, claimed)
	}
	return nil
}

// covered judges the part of all intervals, in percent, and the ranks.
func covered(outcomes []Outcome) (float64, bool) {
	claimed, held := intervals(outcomes)
	share := 100 * held / max(claimed, 1)
	_, p := rankHistogram(outcomes)
	return share, share >= 93 && share <= 97 && p > 0.05
}

func intervals(outcomes []Outcome) (claimed, held float64) {
	for _, o := range outcomes {
		claimed, held = claimed+o.Numbers["claimed"], held+o.Numbers["held"]
	}
	return claimed, held
}

// counted says how many intervals there are, and how flat the histogram of the ranks is.
func counted(outcomes []Outcome) string {
	claimed, held := intervals(outcomes)
	bins, p := rankHistogram(outcomes)
	return fmt.Sprintf("%g of %g; ranks %v, p = %.2g", held, claimed, bins, p)
}

// rankBins are as many as the expected number in each, of 5 at least, allows.
const rankBins = 10

// rankHistogram returns the histogram of the ranks and the probability of one that is less flat, by
// Pearson's χ² test; 1 for fewer than 10 ranks.
func rankHistogram(outcomes []Outcome) (bins []int, p float64) {
	var ranks []float64
	for _, o := range outcomes {
		if r, ok := o.Numbers["rank"]; ok {
			ranks = append(ranks, r)
		}
	}
	n := min(rankBins, len(ranks)/5)
	if n < 2 {
		return []int{len(ranks)}, 1
	}
	bins = make([]int, n)
	for _, r := range ranks {
		bins[min(int(r*float64(n)), n-1)]++
	}
	expected, chi := float64(len(ranks))/float64(n), 0.0
	for _, b := range bins {
		d := float64(b) - expected
		chi += d * d / expected
	}
	return bins, distuv.ChiSquared{K: float64(n - 1)}.Survival(chi)
}

// onImem makes noise of ln Imem that is correlated by r from bin to bin, of each neuron and row by
// itself.
func onImem(p *Problem, r *fit.Recording, rho float64) error {
	rng := random.New(p.Seed, "bench/fit/coverage")
	width := len(r.Input) / r.T
	z, noisy := make([]float64, len(r.Input)), make([]float64, len(r.Input))
	for i, x := range r.Target[fit.Imem] {
		z[i] = random.Normal(rng)
		if i >= width {
			z[i] = float64(rho*z[i-width]) + float64(math.Sqrt(1-rho*rho)*z[i])
		}
		noisy[i] = x * math.Exp(coverageNoise*z[i])
	}
	r.Target[fit.Imem] = noisy
	return nil
}

// onVmem records Vmem alone, as a scope that is not calibrated does.
func onVmem(p *Problem, r *fit.Recording, gains, offsets, drifts bool) error {
	run, err := p.simulate(p.Truth)
	if err != nil {
		return err
	}
	rng := random.New(p.Seed, "bench/fit/coverage")
	gain, offset, drift := math.Exp(coverageGain*random.Normal(rng)), coverageOffset*random.Normal(rng), coverageOffset*random.Normal(rng)
	if r.Gain = (fit.Nuisance{Fit: true, Mean: 1, SD: coverageGain}); !gains {
		gain, r.Gain = 1, fit.Nuisance{}
	}
	if r.Offset = (fit.Nuisance{Fit: true, SD: coverageOffset}); !offsets {
		offset, r.Offset = 0, fit.Nuisance{}
	}
	if r.Drift = (fit.Nuisance{Fit: true, SD: coverageOffset}); !drifts {
		drift, r.Drift = 0, fit.Nuisance{}
	}
	width := len(r.Input) / r.T
	shown := make([]float64, len(r.Input))
	for i, v := range run.Vmem {
		shown[i] = float64(gain*v) + offset + float64(drift*float64(i/width)/float64(r.T)) + float64(coverageVolts*random.Normal(rng))
	}
	r.Target[fit.Vmem] = shown
	r.Target[fit.Imem] = nil
	clear(r.Use[:])
	r.Use[fit.Vmem] = true
	return nil
}

// onNeurons makes a core of several neurons of the first neuron of the problem, whose fitted
// currents are its own times exp(0.1 z), each with an input of its own, at the rate of the first's,
// and white noise on Imem. The truth is what they share.
func onNeurons(p *Problem, r *fit.Recording) error {
	rng := random.New(p.Seed, "bench/fit/mismatch")
	first := func(n dynapse.Network) dynapse.Network {
		one := dynapse.Network{N: coverageNeurons}
		for q, v := range n.Params {
			if len(v) > 0 {
				one.Params[q] = slices.Repeat(v[:1], coverageNeurons)
			}
		}
		return one
	}
	rate := 0.0
	for i := 0; i < len(r.Input); i += p.Truth.N {
		rate += r.Input[i] / (steps * rows)
	}
	s := &p.Experiment.Space
	s.Network, s.Core, p.Truth = first(s.Network), make([]int, coverageNeurons), first(p.Truth)
	chip := p.Truth
	for _, q := range s.Params {
		chip.Params[q] = slices.Clone(chip.Params[q])
		for j := range chip.Params[q] {
			chip.Params[q][j] *= math.Exp(coverageMismatch * random.Normal(rng))
		}
	}
	r.Input = make([]float64, steps*rows*coverageNeurons)
	for i := range r.Input {
		if rng.Float64() < rate {
			r.Input[i] = 1
		}
	}
	run, err := chip.Simulate(dynapse.Input{T: steps, B: rows, Counts: r.Input})
	if err != nil {
		return err
	}
	r.Target[fit.Imem], r.Target[fit.Spikes] = run.Imem, run.Spikes
	return onImem(p, r, 0)
}
