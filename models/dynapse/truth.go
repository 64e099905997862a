package dynapse

import (
	"fmt"
	"math"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/internal/given"
)

// Estimate is a mean over rows with its standard error.
type Estimate struct{ Mean, StdErr float64 }

// Truth estimates the gradient of the expected loss of the model itself, without any rule: the
// central difference over a common change of a parameter's logarithm in all neurons,
//
//	dL/d ln p = mean over rows of (L(ln p + h) - L(ln p - h)) / 2h
//
// on the same inputs, for several losses of the same simulations: one list for each, with an entry
// for each parameter. A loss returns that of each of the rows. Spikes appear and vanish one by
// one, and only the mean over many rows is smooth: several thousand rows give an error of a few
// percent at h = 0.1. It is the measure of a gradient rule, and a means of last resort to fit.
//
// Iref acts through the number of bins m = ceil(t_ref/dt) alone; its derivative is that of the
// staircase averaged over its phase, over one bin to either side:
//
//	dL/d ln Iref = -(t_ref/dt) (L(m+1) - L(m-1))/2, or -(t_ref/dt) (L(2) - L(1)) where m = 1
//
// and needs one value for all neurons. Cost: two simulations per parameter.
//
// Errors: those of [Network.Simulate]; [ErrParameter] for h that is not positive, a loss of another
// length, an Iref per neuron.
func (n Network) Truth(in Input, h float64, params []Param, losses ...func(*Run) []float64) ([][]Estimate, error) {
	if !(h > 0) || math.IsInf(h, 0) {
		return nil, fmt.Errorf("%w: difference h = %v, want a positive number", ErrParameter, h)
	}
	for _, loss := range losses {
		if err := given.Need("a loss", loss); err != nil {
			return nil, fmt.Errorf("dynapse: %w", err)
		}
	}
	values := func(p Param, v []float64) ([][]float64, error) {
		m := n
		m.Params[p] = v
		r, err := m.Simulate(in)
		if err != nil {
			return nil, fmt.Errorf("%v: %w", p, err)
		}
		all := make([][]float64, len(losses))
		for k, loss := range losses {
			if all[k] = loss(r); len(all[k]) != in.B {
				return nil, fmt.Errorf("%w: the loss has %d values for %d rows", ErrParameter, len(all[k]), in.B)
			}
		}
		return all, nil
	}
	list := make([][]Estimate, len(losses))
	for k := range list {
		list[k] = make([]Estimate, len(params))
	}
	for i, p := range params {
		if int(p) >= NumParams {
			return nil, fmt.Errorf("%w: %v", ErrParameter, p)
		}
		v := n.Params[p]
		if len(v) == 0 {
			v = []float64{p.Default()}
		}
		up, down := make([]float64, len(v)), make([]float64, len(v))
		for j, x := range v {
			up[j], down[j] = x*fmath.Exp(h), x*fmath.Exp(-h)
		}
		scale := 1 / (2 * h)
		if p == Iref {
			all, err := n.Params.Expand(1)
			if err != nil {
				return nil, fmt.Errorf("current Iref is judged for one value for all neurons: %w", err)
			}
			var c [NumParams]float64
			for q := range c {
				c[q] = all[q][0]
			}
			bins := coefficients(&c)[refractory]
			m := math.Ceil(bins - tolerance[float64]())
			more, less := m+0.5, m-1.5 // half a bin below m+1 and m-1
			if scale = -bins / 2; m <= 1 {
				less, scale = bins, -bins
			}
			up[0], down[0] = v[0]*bins/more, v[0]*bins/less
		}
		lu, err := values(p, up)
		if err != nil {
			return nil, err
		}
		ld, err := values(p, down)
		if err != nil {
			return nil, err
		}
		for k := range losses {
			list[k][i] = meanDifference(lu[k], ld[k], scale)
		}
	}
	return list, nil
}

// meanDifference returns the mean over rows of the difference of two losses times a factor.
func meanDifference(up, down []float64, scale float64) Estimate {
	var sum, squares float64
	for r := range up {
		d := float64((up[r] - down[r]) * scale)
		sum += d
		squares += float64(d * d)
	}
	rows := float64(len(up))
	mean := sum / rows
	return Estimate{mean, math.Sqrt(max(squares/rows-float64(mean*mean), 0) / rows)}
}
