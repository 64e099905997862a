package fit

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/surge-snn/surge/optim/minimize"
)

// Where the noise of a recording is correlated from bin to bin, least squares are not the best
// answer: slow noise moves them as a slow current does. The likelihood of autoregressive noise is
// that of residuals which a filter makes independent (Aitken 1935, doi:10.1017/S0370164600014346),
// and its maximum knows the currents from the fast parts of the traces, which the noise has not.
// What least squares and likelihood differ by is tested (Hausman 1978, doi:10.2307/1913827): both
// are right where the residuals are noise.

// generalised returns the sensitivities and residuals filtered so that noise is independent, of
// variance 1, at the noise that the likelihood leaves; nil where noise is white.
func (s *sensitivity) generalised() (*mat.Dense, []float64, error) {
	var svd mat.SVD
	if !svd.Factorize(s.sens, mat.SVDThin) {
		return nil, nil, nil
	}
	var u, v mat.Dense
	svd.UTo(&u)
	svd.VTo(&v)
	m := s.noises.estimate(s.e, &u)
	if s.noises.white() {
		return nil, nil, nil
	}
	at := s.fromPriors()
	var sens *mat.Dense
	var e []float64
	plain := leastSquares(s.sens, scaled(s.e, 1/s.noise), s.priors, at)
	for range 3 { // the noise follows from the currents, and they from the noise
		sens, e = s.noises.filterColumns(s.sens, s.noise), s.noises.filter(s.e)
		s.likely = leastSquares(sens, e, s.priors, at)
		left := slices.Clone(s.e)
		for m := range left {
			for i, d := range s.likely {
				left[m] += float64(s.sens.At(m, i) * d * s.noise)
			}
		}
		s.noises.settled(left, len(s.likely))
		if s.noises.white() {
			s.likely = nil
			return nil, nil, nil
		}
	}
	sens, e = s.noises.filterColumns(s.sens, s.noise), s.noises.filter(s.e)
	s.against = make([]float64, len(plain))
	values := svd.Values(nil)
	for i := range plain {
		variance := 0.0 // of least squares: v diag(1/s) M diag(1/s) v, where priors do not narrow it
		for a, sa := range values {
			for b, sb := range values {
				if sa > 0 && sb > 0 {
					variance += float64(v.At(i, a) / sa * m.At(a, b) * v.At(i, b) / sb)
				}
			}
		}
		if variance > 0 {
			s.against[i] = (plain[i] - s.likely[i]) / math.Sqrt(variance)
		}
	}
	return sens, e, nil
}

// fromPriors returns where the coordinates are, with their distances from the means of the priors
// in the units of the sensitivities.
func (s *sensitivity) fromPriors() []float64 {
	at := make([]float64, len(s.smooth))
	for i, k := range s.smooth {
		at[i] = s.priors[i].Mean + (s.x[k]-s.priors[i].Mean)/s.coords[k].relative(s.x[k])
	}
	return at
}

// leastSquares returns the change of the coordinates at which linearized residuals e, in units of
// their noise, are least, with priors of the coordinates that are at some point now.
func leastSquares(sens *mat.Dense, e []float64, priors []minimize.Prior, at []float64) []float64 {
	return newNormal(sens, priors).solve(e, at)
}

// normal are the normal equations of linearized residuals with priors. A change of an e-fold is as
// large as any may be.
type normal struct {
	sens   *mat.Dense
	priors []minimize.Prior
	lu     mat.LU
}

func newNormal(sens *mat.Dense, priors []minimize.Prior) *normal {
	n := &normal{sens: sens, priors: priors}
	var a mat.Dense
	a.Mul(sens.T(), sens)
	for i, p := range priors {
		if informs(p) {
			a.Set(i, i, a.At(i, i)+1/(p.SD*p.SD))
		}
		a.Set(i, i, a.At(i, i)+1)
	}
	n.lu.Factorize(&a)
	return n
}

func informs(p minimize.Prior) bool { return p.SD > 0 && !math.IsInf(p.SD, 0) }

// solve is leastSquares for residuals e.
func (n *normal) solve(e, at []float64) []float64 {
	right := mat.NewVecDense(len(n.priors), nil)
	for i, p := range n.priors {
		for m, v := range e {
			right.SetVec(i, right.AtVec(i)-float64(n.sens.At(m, i)*v))
		}
		if informs(p) {
			right.SetVec(i, right.AtVec(i)+(p.Mean-at[i])/(p.SD*p.SD))
		}
	}
	var out mat.VecDense
	if err := n.lu.SolveVecTo(&out, false, right); err != nil {
		return make([]float64, len(n.priors))
	}
	return out.RawVector().Data
}

// likelihood moves the best point to where the likelihood is largest, where noise is not white, as
// long as the free network still spikes as the recording.
func likelihood(ctx context.Context, f *session) error {
	if f.best.x == nil || f.best.errors != nil || f.best.nominal != nil || f.spikes == nil || !f.hasTraces() {
		return nil
	}
	p, err := f.forcing(ctx)
	if err != nil || f.best.loss > p.goodEnough(f.best.x) {
		return err
	}
	const (
		steps = 4
		near  = 0.02 // standard errors
	)
	smooth := f.smooths()
	if len(smooth) == 0 {
		return nil
	}
	x, least := f.best.x, f.best.loss
	for range steps {
		s, err := p.sensitivities(ctx, x, smooth)
		if err != nil {
			return err
		}
		f.evaluations += f.cost
		if s.likely == nil || s.noise > unexplained || slices.ContainsFunc(s.against, func(z float64) bool { return math.Abs(z) > surelyMeasured }) {
			break
		}
		far := 0.0
		for i, d := range s.likely {
			far = max(far, math.Abs(d)/s.found.Estimates[i].SD)
		}
		if far < near {
			break
		}
		y, part := x, 1.0
		for ; part > 0.1; part /= 2 {
			y = slices.Clone(x)
			for i, k := range smooth {
				y[k] += float64(part * s.likely[i] * f.coords[k].relative(x[k]))
			}
			f.box.Project(y)
			if y, err = p.centre(ctx, y); err != nil {
				return err
			}
			loss, err := f.problem.loss(ctx, y)
			f.evaluations += 2
			if err != nil {
				return err
			}
			if loss += f.penalty(y); loss <= p.goodEnough(y) {
				f.best.x, f.best.loss, f.likely = y, loss, true
				break
			}
		}
		if part <= 0.1 {
			break
		}
		x = y
	}
	if f.likely {
		f.notes = append(f.notes, fmt.Sprintf("the noise is correlated from bin to bin: the currents are those of the largest likelihood, at a loss of %.4g, where the least is %.4g", f.best.loss, least))
	}
	return nil
}
