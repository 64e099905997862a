package fit

import (
	"math"

	"github.com/surge-snn/surge/optim"
)

// wish is a term of the loss that is a square in a coordinate, weight (x - mean)²: a time constant that is wanted, or a prior. sd is how well the coordinate is known by it.
type wish struct {
	at               int // the coordinate
	mean, sd, weight float64
	prior            bool
}

// wished is the sum of all wishes, without the part that does not depend on x: a prior of each coordinate, as optim has them, or nil.
func (p *problem) wished() []optim.Prior {
	if len(p.wishes) == 0 {
		return nil
	}
	list := make([]optim.Prior, len(p.coords))
	for k := range list {
		weight, mean := 0.0, 0.0
		for _, w := range p.wishes {
			if w.at == k {
				weight += w.weight
				mean += float64(w.weight * w.mean)
			}
		}
		if weight > 0 {
			list[k] = optim.Prior{Mean: mean / weight, SD: 1 / math.Sqrt(2*weight)}
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

// wishesOf returns the mean and standard deviation that wishes, or priors alone, give a coordinate; 0 is none.
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
