package fit

import (
	"context"
	"math"
	"slices"

	"github.com/surge-snn/surge/internal/random"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/optim/minimize"
)

// freshSamples is the number of chips on which a fit is judged.
const freshSamples = 256

// Spread is the distribution of the loss over chips that differ by mismatch.
type Spread struct {
	Mean float64 `json:"mean"`
	P50  float64 `json:"p50"`
	P95  float64 `json:"p95"`
}

// chips returns the network at x as chips that differ. The same stream gives the same chips for any
// x.
func (f *session) chips(x []float64, m int, stream string) (net system, err error) {
	net = f.system(x)
	net.Network, err = dynapse.Mismatch{Percent: f.Mismatch}.Frozen(net.Network, m, random.New(f.Seed, stream))
	return net, err
}

// chipsProblem is the mean loss over chips, which are the same at every point.
func (f *session) chipsProblem() (minimize.Problem, error) {
	r := f.robustLoss()
	p, err := r.Problem()
	p.Names, p.Box, p.Priors = f.names(), f.box, f.wished()
	return p, err
}

// robust minimises the mean loss over chips, from the best point for the nominal one, by surrogate
// gradients and then without gradients. What is best for the nominal chip stays if nothing suits
// the chips better.
func robust(ctx context.Context, f *session) error {
	p, err := f.chipsProblem()
	if err != nil {
		return err
	}
	x, _, err := f.minimise(ctx, "robust", p, f.best.x, minimize.Descent{Transform: optim.Adam{LR: optim.Constant(0.02)}, Steps: 100, Patience: 30}, nil)
	if err != nil {
		return err
	}
	p.Grad = nil
	x, _, err = f.minimise(ctx, "robust polish", p, x, minimize.CMAES{Seed: f.Seed, Sigma: 0.05, Evaluations: 30 * (4 + len(x)), Tol: 1e-5}, nil)
	if err != nil {
		return err
	}
	loss, err := f.problem.loss(ctx, x)
	if err != nil {
		return err
	}
	f.best = answer{x: slices.Clone(x), loss: loss + f.penalty(x), errors: f.best.errors, hierarchies: f.best.hierarchies, nominal: f.best.x} // the nominal loss, of a point that is chosen by another
	return nil
}

// robustLoss is the mean over chips, with its gradient.
func (f *session) robustLoss() minimize.Robust {
	return minimize.Robust{Samples: f.Samples,
		Losses: func(ctx context.Context, losses, x []float64) error {
			net, err := f.chips(x, f.Samples, "fit/mismatch")
			if err != nil {
				return err
			}
			return f.sampleLosses(ctx, losses, net, full)
		},
		Grad: func(ctx context.Context, grad, losses []float64, weigh func(weights, losses []float64), x []float64) error {
			net, err := f.chips(x, f.Samples, "fit/mismatch")
			if err != nil {
				return err
			}
			net.Clip, net.SoftFloors = 10, true
			if err := f.sampleLosses(ctx, losses, net, full); err != nil {
				return err
			}
			weights, again := make([]float64, len(losses)), make([]float64, len(losses))
			weigh(weights, losses)
			clear(grad)
			return f.each(ctx, again, net, full, func(k int, run *dynapse.Run, c *dynapse.Cotangents) error {
				for _, list := range [][]float64{c.LnImem, c.Spikes, c.Isyn, c.Iahp, c.Vmem} {
					each := run.B * run.N / f.Samples
					for i := range list {
						list[i] *= weights[i/each%f.Samples]
					}
				}
				g, err := run.Gradient(*c)
				if err != nil {
					return notFinite(err)
				}
				f.pull(grad, x, net.Network, g, f.pullProbes(&net, k, run, c, g))
				return nil
			})
		}}
}

// spread returns the distribution of the loss at x over fresh chips.
func (f *session) spread(ctx context.Context, x []float64) (*Spread, error) {
	f.evaluations += freshSamples
	return f.problem.spread(ctx, f.system(x), f.Mismatch, f.Seed)
}

// Spread returns the distribution of the loss over 256 chips, for a network that stands in the
// place of the start of the experiment. It is what Result.Mismatch says of a fit with that seed:
// networks that are to be compared meet the same chips, which no fit has seen.
//
// Errors: those of [Experiment.Loss].
func (e Experiment) Spread(ctx context.Context, n dynapse.Network, mismatch float64, seed uint64) (*Spread, error) {
	p, err := e.compile()
	if err != nil {
		return nil, err
	}
	net, err := p.measuring(n)
	if err != nil {
		return nil, err
	}
	return p.spread(ctx, net, mismatch, seed)
}

func (p *problem) spread(ctx context.Context, n system, mismatch float64, seed uint64) (*Spread, error) {
	chunk := max(min(mostElements/p.elements(), freshSamples), 1)
	var losses []float64
	for len(losses) < freshSamples {
		m := min(chunk, freshSamples-len(losses))
		net, err := dynapse.Mismatch{Percent: mismatch}.Frozen(n.Network, m, random.New(seed, "fit/fresh", uint64(len(losses))))
		if err != nil {
			return nil, err
		}
		part := make([]float64, m)
		if err := p.sampleLosses(ctx, part, system{Network: net, probes: n.probes}, full); err != nil {
			return nil, err
		}
		losses = append(losses, part...)
	}
	slices.Sort(losses)
	q := func(p float64) float64 { // linear between order statistics
		at := p * float64(len(losses)-1)
		i := min(int(at), len(losses)-2)
		w := at - math.Floor(at)
		return float64((1-w)*losses[i]) + float64(w*losses[i+1])
	}
	mean := 0.0
	for _, l := range losses {
		mean += l / freshSamples
	}
	return &Spread{mean, q(0.5), q(0.95)}, nil
}
