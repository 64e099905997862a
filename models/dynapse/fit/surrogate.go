package fit

import (
	"context"
	"slices"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/optim/minimize"
)

// free is the problem of the free network.
func (p *problem) free(rule dynapse.Rule) minimize.Problem {
	return minimize.Problem{Names: p.names(), Box: p.box, Priors: p.wished(), Func: p.loss, Batch: p.batch,
		Grad: func(ctx context.Context, grad, x []float64) (float64, error) {
			return p.grad(ctx, grad, x, full, rule)
		}}
}

// descend minimises a problem and offers what it finds.
func descend(ctx context.Context, f *session, phase string, p minimize.Problem, x []float64, m minimize.Method) ([]float64, error) {
	y, _, err := f.minimise(ctx, phase, p, x, m, nil)
	if err != nil {
		return nil, err
	}
	return y, f.offer(ctx, y)
}

// polish minimises the loss itself, without gradients.
func polish(ctx context.Context, f *session, phase string, x []float64, m minimize.Method) error {
	p := f.free(dynapse.SurgeMixed)
	p.Grad = nil
	_, err := descend(ctx, f, phase, p, x, m)
	return err
}

// surrogate follows surrogate gradients: first the number of spikes with rule S, then their times
// with T and a part of S.
func surrogate(ctx context.Context, f *session) error {
	x := f.best.x
	starts := func(steps, patience int, tol float64) minimize.MultiStart {
		return minimize.MultiStart{Method: minimize.Descent{Steps: steps, Patience: patience, Tol: tol}, Starts: f.Starts, Keep: 2, Seed: f.Seed}
	}
	if f.hasSpikes() {
		y, err := descend(ctx, f, "counts", f.counted(), f.start, starts(150, 30, 1e-12))
		if err != nil {
			return err
		}
		if err := timing(ctx, f, y); err != nil {
			return err
		}
	} else if slices.Equal(x, f.start) {
		if _, err := descend(ctx, f, "descent", f.free(dynapse.SurgeMixed), x, starts(200, 40, 0)); err != nil {
			return err
		}
	}
	return timing(ctx, f, f.best.x)
}

// counted is the problem of the number of spikes of the free network.
func (p *problem) counted() minimize.Problem {
	return minimize.Problem{Names: p.names(), Box: p.box, Priors: p.wished(),
		Func: func(ctx context.Context, x []float64) (float64, error) {
			var l [1]float64
			err := p.sampleLosses(ctx, l[:], p.system(x), counts)
			return l[0], err
		},
		Grad: func(ctx context.Context, grad, x []float64) (float64, error) {
			return p.grad(ctx, grad, x, counts, dynapse.SurgeS)
		}}
}

// timing goes down the loss of the experiment from x.
func timing(ctx context.Context, f *session, x []float64) error {
	_, err := descend(ctx, f, "timing", f.free(dynapse.SurgeMixed), x, minimize.Descent{Transform: optim.Adam{LR: optim.Constant(0.02)}, Steps: 200, Patience: 60})
	return err
}
