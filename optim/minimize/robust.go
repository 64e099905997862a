package minimize

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/surge-snn/surge/optim"
)

// Robust makes one loss of the losses of many samples of the model, such as chips that
// differ by mismatch, for a fit that suits them all:
//
//	mean      L = sum_m L_m / M                                   Quantile = 0
//	quantile  L = (1-f) L_(k) + f L_(k+1),  k + f = Quantile (M-1)
//	tail      the mean of the worst (1 - Quantile) M samples      Tail
//
// where L_(0) <= L_(1) <= ... are the sorted losses. All are sums of w_m L_m with
// weights that depend on the order alone, so that the gradient is that of the weighted
// sum. The quantile's gradient is that of one or two samples; the tail is smoother and
// never less than the quantile at the same place.
//
// Rockafellar and Uryasev (2000), doi:10.21314/JOR.2000.038 (tail).
type Robust struct {
	// Samples is the number M of samples.
	Samples int
	// Quantile is in (0, 1); zero means the mean.
	Quantile float64
	// Tail asks for the mean above the quantile.
	Tail bool
	// Losses stores the samples' losses at x, [M], in one batch.
	Losses func(ctx context.Context, losses, x []float64) error
	// Grad stores the samples' losses at x, [M], asks weigh for their weights, [M], and
	// stores sum_m weights[m] dL_m/dx, [n], by a backward pass with these. Nil means
	// that there are no gradients.
	Grad func(ctx context.Context, grad, losses []float64, weigh func(weights, losses []float64), x []float64) error
}

// Problem returns the problem of the robust loss, without names, bounds and priors.
// Errors wrap optim.ErrSettings or ErrProblem.
func (r Robust) Problem() (Problem, error) {
	switch {
	case r.Samples < 1:
		return Problem{}, fmt.Errorf("%w: robust: Samples is %d, want at least 1", optim.ErrSettings, r.Samples)
	case !(r.Quantile >= 0 && r.Quantile < 1):
		return Problem{}, fmt.Errorf("%w: robust: Quantile is %v, want in (0, 1), or 0 for the mean", optim.ErrSettings, r.Quantile)
	case r.Losses == nil:
		return Problem{}, fmt.Errorf("%w: robust: Losses is nil", ErrProblem)
	}
	p := Problem{Func: func(ctx context.Context, x []float64) (float64, error) {
		losses := make([]float64, r.Samples)
		if err := r.Losses(ctx, losses, x); err != nil {
			return 0, err
		}
		return r.Loss(losses), nil
	}}
	if r.Grad != nil {
		p.Grad = func(ctx context.Context, grad, x []float64) (float64, error) {
			losses := make([]float64, r.Samples)
			if err := r.Grad(ctx, grad, losses, r.Weigh, x); err != nil {
				return 0, err
			}
			return r.Loss(losses), nil
		}
	}
	return p, nil
}

// Loss returns the robust loss of samples; NaN if one of them is NaN or infinite.
func (r Robust) Loss(losses []float64) float64 {
	weights := make([]float64, len(losses))
	r.Weigh(weights, losses)
	return dot(weights, losses)
}

// Weigh stores the weights of samples with the given losses, of equal length; they sum
// to 1, and are NaN if a loss is NaN or infinite. Of equal losses the earlier counts
// as the lesser.
func (r Robust) Weigh(weights, losses []float64) {
	m := len(losses)
	if nonFinite(losses) >= 0 || len(weights) != m || !(r.Quantile >= 0 && r.Quantile < 1) {
		for k := range weights {
			weights[k] = math.NaN()
		}
		return
	}
	if r.Quantile == 0 {
		for k := range weights {
			weights[k] = 1 / float64(m)
		}
		return
	}
	clear(weights)
	if m == 0 {
		return
	}
	order := make([]int, m)
	for k := range order {
		order[k] = k
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(losses[a], losses[b]) })
	if r.Tail {
		share := float64((1 - r.Quantile) * float64(m)) // samples in the tail
		share = max(share, 1)
		left := share
		for k := m - 1; k >= 0 && left > 0; k-- {
			weights[order[k]] = min(left, 1) / share
			left -= min(left, 1)
		}
		return
	}
	at := float64(r.Quantile * float64(m-1))
	k := min(int(at), m-1)
	f := at - float64(k)
	weights[order[k]] = 1 - f
	if f > 0 && k+1 < m {
		weights[order[k+1]] = f
	}
}
