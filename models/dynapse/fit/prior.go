package fit

import (
	"fmt"
	"math"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/optim/minimize"
)

// Prior is what is known of a current beforehand: a log-normal distribution with the median Mean,
// in amperes, and the standard deviation SD of ln I. An SD of 0 is no prior. The fit is the maximum
// a posteriori: to the loss comes, for each group of neurons that share the current,
//
//	(Noise²/M) ((ln I - ln Mean)/SD)²,   M the samples of a target (mean if several)
//
// so that the loss is, times M/(2 Noise²), the negative logarithm of the posterior density where
// residuals have the standard deviation Noise. Intervals take the prior with the noise that the
// traces have.
type Prior struct {
	Mean float64 `toml:"mean"` // A
	SD   float64 `toml:"sd"`
}

// defaultNoise is that of [Experiment].
const defaultNoise = 0.05

// addPriors adds the priors of the space to the wishes.
func addPriors(p *problem, noise float64) error {
	if !(noise >= 0) || math.IsInf(noise, 0) {
		return fmt.Errorf("%w: noise of %v, want a finite number >= 0", ErrExperiment, noise)
	}
	if noise == 0 {
		noise = defaultNoise
	}
	samples, targets := 0, 0
	for i := range p.recordings {
		samples, targets = samples+p.recordings[i].samples(), targets+1
	}
	for i := range p.summed {
		samples, targets = samples+p.summed[i].size(), targets+1
	}
	m := max(float64(samples)/float64(max(targets, 1)), 1)
	type known struct {
		quantity
		Prior
	}
	var priors []known
	for q, prior := range p.Priors {
		priors = append(priors, known{current{dynapse.Param(q)}, prior})
	}
	for k, b := range p.Bases {
		priors = append(priors, known{base{k}, b.Prior})
	}
	for _, q := range priors {
		prior, name := q.Prior, q.parameter()
		if prior == (Prior{}) {
			continue
		}
		if !(prior.Mean > 0) || !(prior.SD > 0) || math.IsInf(prior.Mean, 0) || math.IsInf(prior.SD, 0) {
			return fmt.Errorf("%w: prior of %s has the mean %v A and the standard deviation %v, want finite numbers > 0", ErrExperiment, name, prior.Mean, prior.SD)
		}
		ks := p.where(func(c coordinate) bool { return c.quantity == q.quantity })
		if len(ks) == 0 {
			return fmt.Errorf("%w: a prior of %s, which is not fitted", ErrExperiment, name)
		}
		for _, k := range ks {
			p.wishes = append(p.wishes, wish{at: k, mean: fmath.Log(prior.Mean), sd: prior.SD, weight: noise * noise / (m * prior.SD * prior.SD), prior: true})
		}
	}
	for k, c := range p.coords {
		if _, ok := c.quantity.(nuisance); ok {
			p.wishes = append(p.wishes, wish{at: k, sd: 1, weight: noise * noise / m, prior: true})
		}
	}
	return nil
}

// wish is a term of the loss that is a square in a coordinate, weight (x - mean)²: a time constant
// that is wanted, or a prior. sd is how well the coordinate is known by it.
type wish struct {
	at               int // the coordinate
	mean, sd, weight float64
	prior            bool
}

// wished is the sum of all wishes, without the part that does not depend on x: a prior of each
// coordinate, as optim has them, or nil.
func (p *problem) wished() []minimize.Prior {
	if len(p.wishes) == 0 {
		return nil
	}
	list := make([]minimize.Prior, len(p.coords))
	for k := range list {
		weight, mean := 0.0, 0.0
		for _, w := range p.wishes {
			if w.at == k {
				weight += w.weight
				mean += float64(w.weight * w.mean)
			}
		}
		if weight > 0 {
			list[k] = minimize.Prior{Mean: mean / weight, SD: 1 / math.Sqrt(2*weight)}
		}
	}
	return list
}

// penalty is the sum of all wishes at x.
func (p *problem) penalty(x []float64) (loss float64) {
	for _, w := range p.wishes {
		d := x[w.at] - w.mean
		loss += float64(w.weight * d * d)
	}
	return loss
}

// wishesOf returns the mean and standard deviation that wishes, or priors alone, give a coordinate;
// 0 is none.
func (p *problem) wishesOf(k int, priors bool) (mean, sd float64) {
	precision := 0.0
	for _, w := range p.wishes {
		if w.at == k && (w.prior || !priors) {
			precision += 1 / (w.sd * w.sd)
			mean += w.mean / (w.sd * w.sd)
		}
	}
	if precision == 0 {
		return 0, 0
	}
	return mean / precision, 1 / math.Sqrt(precision)
}
