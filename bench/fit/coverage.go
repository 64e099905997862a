package fit

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/surge-snn/surge/internal/random"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/fit"
)

// Noise of the coverage benchmarks: of ln Imem, and its correlation from bin to bin where it has
// one; of Vmem, V, with the standard deviations of gain, offset and drift, and the mean and
// standard deviation of a latency, s.
const (
	coverageNoise       = 0.05
	coverageCorrelation = 0.95
	coverageVolts       = 1e-3
	coverageGain        = 0.02
	coverageOffset      = 2e-3
	coverageLatency     = 5e-3
	coverageLatencySD   = 1e-3
	coverageMismatch    = 0.1
	coverageNeurons     = 6
)

// CoveragePrefix begins the names of the benchmarks of coverage.
const CoveragePrefix = "coverage-"

// disturb changes the recording of a problem by random numbers, and returns the truth of parameters
// of the measurement by name.
type disturb func(p *Problem, r *fit.Recording, rng *rand.Rand) (map[string]float64, error)

// noiseKind is a way in which recordings are off.
type noiseKind struct {
	name, text string
	disturb    disturb
	settings   fit.Settings
	free       float64 // degrees of freedom of what was estimated; 0: as of a normal distribution
}

// kinds of noise, each with a benchmark.
var noiseKinds = []noiseKind{
	{name: "white", text: "5 % white noise on imem", disturb: onImem(1, 0)},
	{name: "correlated", text: "5 % noise on imem, correlated by 0.95 from bin to bin", disturb: onImem(0, 1)},
	{name: "both", text: "5 % noise on imem, of which a part is white and a part correlated by 0.95", disturb: onImem(0.6, 0.8)},
	{name: "gain", text: "1 mV white noise on vmem, with a gain of 2 % that is fitted", disturb: onVmem(unknown{gain: true})},
	{name: "offset", text: "1 mV white noise on vmem, with an offset of 2 mV that is fitted", disturb: onVmem(unknown{offset: true})},
	{name: "drift", text: "1 mV white noise on vmem, with a drift of 2 mV that is fitted", disturb: onVmem(unknown{drift: true})},
	{name: "latency", text: "1 mV white noise on vmem, with a latency of 5 ms that is fitted", disturb: onVmem(unknown{latency: true})},
	{name: "measured", text: "1 mV white noise on vmem, with gain, offset and drift that are fitted", disturb: onVmem(unknown{gain: true, offset: true, drift: true})},
	{name: "mismatch", text: "5 % white noise on imem of 6 neurons whose fitted currents differ by 10 %, which is inferred", disturb: onNeurons, settings: fit.Settings{Infer: true}, free: coverageNeurons - 1},
	{name: "posterior", text: "5 % white noise on imem, intervals of four currents from samples of the posterior", disturb: onFour, settings: fit.Settings{Method: fit.MCMC}},
}

// nearTruth is the factor within which a search of a benchmark of coverage begins. Intervals belong
// to the optimum that was found: whether a search from afar finds it, the other benchmarks say.
const nearTruth = 1.2

// coverages are the benchmarks of coverage: of Draw's problems those of one or two neurons, with
// one start within 20 % of the truth.
func coverages() (list []Benchmark) {
	for _, k := range noiseKinds {
		list = append(list, Benchmark{
			Name: CoveragePrefix + k.name, Text: k.text + ": part of the intervals of determined currents that hold the truth",
			Seeds: first(500), judge: covered, Target: "93 to 97 %, ranks p > 0.05", format: "%.1f %%", remark: counted,
			draw: func(seed uint64) (Problem, error) { return draw(seed, 1, nearTruth) },
			solve: func(ctx context.Context, p Problem, o *Outcome) error {
				r := p.Experiment.Recordings[0]
				measured, err := k.disturb(&p, &r, random.New(p.Seed, "bench/fit/coverage/"+k.name))
				if err != nil {
					return err
				}
				e, s := p.Experiment, k.settings
				e.Recordings, s.Starts = []fit.Recording{r}, 1
				res, err := o.fitted(ctx, e, s)
				if err != nil {
					return err
				}
				o.compare(res, p, measured, k.free)
				return nil
			}})
	}
	return list
}

// compare counts intervals that hold the truth. Numbers:
//
//	claimed    parameters that the fit says are determined, currents and those of the measurement
//	held       those whose interval of 95 % holds the truth
//	low        those of which the truth lies in the lower half of the interval or below: half of
//	           them, where intervals are not biased
//	set        parameters of which it says that all values of an interval do the same
//	set held   those whose interval holds the truth
//	open, open held    the same of those of which it says that they are not determined
//	warnings   of the fit
//	z NAME     (truth - middle)/SD of one that is determined, with the interval ±1.96 SD around
//	           the middle, of currents of logarithms
//	rank       F(z) of one of them, drawn, F the distribution that the interval is one of: uniform
//	           from 0 to 1 where intervals are calibrated (Cook, Gelman & Rubin 2006,
//	           doi:10.1198/106186006X136976); one of each fit, as those of one fit are not
//	           independent
func (o *Outcome) compare(res *fit.Result, p Problem, truths map[string]float64, free float64) {
	truths = maps.Clone(truths)
	if truths == nil {
		truths = map[string]float64{}
	}
	for _, c := range p.Currents() {
		truths[c.Name] = p.Truth.Params[c.Param][c.Neurons[0]]
	}
	for _, name := range []string{"claimed", "held", "low", "set", "set held", "open", "open held"} {
		o.Numbers[name] = 0
	}
	o.Numbers["warnings"] = float64(len(res.Warnings))
	var ranks []float64
	for _, name := range sorted(truths) {
		truth, got := truths[name], res.Parameter(name)
		low, high := got.Interval[0], got.Interval[1]
		held := 0.0
		if low <= truth && truth <= high {
			held = 1
		}
		switch got.Verdict {
		case fit.Unidentified:
			o.Numbers["open"]++
			o.Numbers["open held"] += held
			continue
		case fit.SetOnly:
			o.Numbers["set"]++
			o.Numbers["set held"] += held
			continue
		}
		if got.Unit == "A" {
			truth, low, high = math.Log(truth), math.Log(low), math.Log(high)
		}
		z := (truth - (low+high)/2) / ((high - low) / (2 * z95))
		o.Numbers["claimed"]++
		o.Numbers["held"] += held
		if z < 0 {
			o.Numbers["low"]++
		}
		o.Numbers["z "+name] = z
		ranks = append(ranks, rank(z, free))
	}
	if len(ranks) > 0 {
		o.Numbers["rank"] = ranks[random.New(o.Seed, "bench/fit/rank").IntN(len(ranks))]
	}
	if o.Passed = o.Numbers["held"] == o.Numbers["claimed"]; !o.Passed {
		o.Note = fmt.Sprintf("%v of %v intervals hold the truth", o.Numbers["held"], o.Numbers["claimed"])
	}
}

// z95 standard deviations of a normal distribution hold 95 %.
const z95 = 1.959963984540054

// rank is the probability of less than z, where ±z95 holds 95 %, of a normal distribution or
// Student's t.
func rank(z, free float64) float64 {
	if free == 0 {
		return distuv.UnitNormal.CDF(z)
	}
	t := distuv.StudentsT{Sigma: 1, Nu: free}
	return t.CDF(z / z95 * t.Quantile(0.975))
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
	sets, in := 0.0, 0.0
	for _, o := range outcomes {
		sets, in = sets+o.Numbers["set"], in+o.Numbers["set held"]
	}
	return fmt.Sprintf("%g of %g; ranks %v, p = %.2g; of sets %g of %g", held, claimed, bins, p, in, sets)
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

// disturbance returns normal noise of each of width rows, [T, width], as a sum of white noise and
// of noise that is correlated by coverageCorrelation from bin to bin.
func disturbance(rng *rand.Rand, size, width int, white, correlated float64) []float64 {
	z, slow := make([]float64, size), make([]float64, size)
	for i := range z {
		slow[i] = random.Normal(rng)
		if i >= width {
			slow[i] = float64(coverageCorrelation*slow[i-width]) + float64(math.Sqrt(1-coverageCorrelation*coverageCorrelation)*slow[i])
		}
		z[i] = float64(white*random.Normal(rng)) + float64(correlated*slow[i])
	}
	return z
}

// onImem disturbs ln Imem of each neuron and row by itself.
func onImem(white, correlated float64) disturb {
	return func(_ *Problem, r *fit.Recording, rng *rand.Rand) (map[string]float64, error) {
		noisy := slices.Clone(r.Target[fit.Imem])
		for i, z := range disturbance(rng, len(noisy), len(noisy)/r.T, white, correlated) {
			noisy[i] *= math.Exp(coverageNoise * z)
		}
		r.Target[fit.Imem] = noisy
		return nil, nil
	}
}

// onFour makes white noise of ln Imem, with the currents known but for the first four: those of
// membrane and synapse, whose posterior takes a tenth of the samples of that of all.
func onFour(p *Problem, r *fit.Recording, rng *rand.Rand) (map[string]float64, error) {
	s := &p.Experiment.Space
	start := s.Network
	s.Network, s.Params = p.Truth, s.Params[:min(4, len(s.Params))]
	for _, q := range s.Params {
		s.Network.Params[q] = start.Params[q]
	}
	return onImem(1, 0)(p, r, rng)
}

// unknown says what is not known of a measurement.
type unknown struct{ gain, offset, drift, latency bool }

// onVmem records Vmem alone, as a scope that is not calibrated does.
func onVmem(u unknown) disturb {
	return func(p *Problem, r *fit.Recording, rng *rand.Rand) (map[string]float64, error) {
		gain, offset, drift, latency := 1.0, 0.0, 0.0, 0.0
		truths := map[string]float64{}
		for _, q := range []struct {
			name     string
			unknown  bool
			value    *float64
			nuisance *fit.Nuisance
			mean, sd float64
		}{
			{"gain", u.gain, &gain, &r.Gain, 1, coverageGain},
			{"offset", u.offset, &offset, &r.Offset, 0, coverageOffset},
			{"drift", u.drift, &drift, &r.Drift, 0, coverageOffset},
			{"latency", u.latency, &latency, &r.Latency, coverageLatency, coverageLatencySD},
		} {
			z := random.Normal(rng)
			if !q.unknown {
				continue
			}
			if *q.value = q.mean + float64(q.sd*z); q.name == "gain" {
				*q.value = q.mean * math.Exp(q.sd*z)
			}
			*q.nuisance, truths["target[0]."+q.name] = fit.Nuisance{Fit: true, Mean: q.mean, SD: q.sd}, *q.value
		}
		width := len(r.Input) / r.T
		run, err := p.Truth.Simulate(dynapse.Input{T: r.T, B: r.B, Counts: late(r.Input, width, latency/dynapse.Dt.Default())})
		if err != nil {
			return nil, err
		}
		shown := make([]float64, len(r.Input))
		for i, v := range run.Vmem {
			shown[i] = float64(gain*v) + offset + float64(drift*float64(i/width)/float64(r.T)) + float64(coverageVolts*random.Normal(rng))
		}
		r.Target[fit.Vmem], r.Target[fit.Spikes], r.Target[fit.Imem] = shown, run.Spikes, nil
		clear(r.Use[:])
		r.Use[fit.Vmem] = true
		return truths, nil
	}
}

// late returns input that comes so many bins later, of which a part is none that is whole.
func late(input []float64, width int, bins float64) []float64 {
	out := make([]float64, len(input))
	whole := int(bins)
	f := bins - float64(whole)
	for i, x := range input {
		if at := i + whole*width; at < len(out) {
			out[at] += float64((1 - f) * x)
		}
		if at := i + (whole+1)*width; at < len(out) {
			out[at] += float64(f * x)
		}
	}
	return out
}

// onNeurons makes a core of several neurons of the first neuron of the problem, whose fitted
// currents are its own times exp(0.1 z), each with an input of its own, at the rate of the first's,
// and white noise on Imem. The truth is what they share.
func onNeurons(p *Problem, r *fit.Recording, rng *rand.Rand) (map[string]float64, error) {
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
		return nil, err
	}
	r.Target[fit.Imem], r.Target[fit.Spikes] = run.Imem, run.Spikes
	return onImem(1, 0)(p, r, rng)
}
