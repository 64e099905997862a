package fit

import (
	"context"
	"slices"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/optim/minimize"
)

// confidenceSearch looks among the currents that the traces allow for those with which the free
// network does best. Noise of a recording moves the currents of the fit with forced spikes by a
// standard deviation or so, and a membrane that is that much lower may spike a bin later, which
// costs the free network more than all noise. The points are
//
//	x(z) = x + Σ_k z_k v_k / s_k,   |z_k| <= 3
//
// with the singular values s and vectors v of the sensitivities in units of the noise, of all
// directions that the traces determine, and with each threshold between the ends of what the spikes
// allow at x(z), at (1 + z/3)/2 of the way. They are searched without gradients.
func confidenceSearch(ctx context.Context, f *session, x []float64) error {
	const phase = "nearby"
	smooth := f.smooths()
	if len(smooth) == 0 {
		return nil
	}
	seen, err := f.sensitivities(ctx, x, smooth)
	if err != nil {
		return err
	}
	found := seen.found
	point := func(ctx context.Context, z []float64) ([]float64, error) {
		y := slices.Clone(x)
		for k, s := range found.Singular {
			if s < leastSeen {
				break
			}
			for i, at := range smooth {
				v := found.Vectors.At(i, k) * f.coords[at].relative(x[at])
				y[at] += float64(z[smooth[k]] / s * v)
			}
		}
		f.box.Project(y)
		return f.between(ctx, y, z)
	}
	n := len(x)
	box := minimize.Box{Lower: slices.Repeat([]float64{-farthest}, n), Upper: slices.Repeat([]float64{farthest}, n)}
	for i, k := range smooth {
		if found.Singular[i] < leastSeen {
			box.Lower[k], box.Upper[k] = 0, 0
		}
	}
	for _, k := range f.index(dynapse.Iref) {
		box.Lower[k], box.Upper[k] = 0, 0
	}
	p := minimize.Problem{Names: f.names(), Box: box, Func: func(ctx context.Context, z []float64) (float64, error) {
		y, err := point(ctx, z)
		if err != nil {
			return 0, err
		}
		return f.problem.loss(ctx, y)
	}}
	z, _, err := f.minimise(ctx, phase, p, make([]float64, n), minimize.CMAES{Seed: f.Seed, Sigma: 1, Evaluations: 60 * (4 + n), Tol: 1e-2}, point)
	if err != nil {
		return err
	}
	y, err := point(ctx, z)
	if err != nil {
		return err
	}
	return f.offer(ctx, y)
}

// farthest bounds a search in standard deviations, and leastSeen is the singular value of a
// direction that the traces determine to 10 %.
const (
	farthest  = 3
	leastSeen = 10
)
