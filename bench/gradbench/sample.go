package gradbench

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/internal/kernel"
)

// ErrNotFinite signifies a gradient that is NaN, infinite, or too large to be squared.
var ErrNotFinite = errors.New("gradbench: the gradient is not finite")

// Blocks are means of a gradient over independent blocks of draws; the mean of the blocks is the
// estimate. One block stands for a gradient that does not depend on draws.
type Blocks struct {
	Estimator string
	Mean      [][]float64
	// Draws is how many draws of each input a block has.
	Draws int
	// Spread is the mean squared distance of the gradient of one draw, averaged over the inputs,
	// from the mean.
	Spread float64
}

// draws of different uses are apart by this number: the truth takes those from 0.
const stream = 1 << 32

// check returns an error where something is missing.
func check(ctx context.Context, n Network, e Estimator) error {
	if err := given.Need("ctx", ctx, "a Network", n, "Estimator.Gradient", e.Gradient); err != nil {
		return fmt.Errorf("gradbench: %w", err)
	}
	return nil
}

// size returns the number of parameters of a mean; -1 where there is none.
func (b *Blocks) size() int {
	if b == nil || len(b.Mean) == 0 {
		return -1
	}
	for _, m := range b.Mean {
		if len(m) != len(b.Mean[0]) {
			return -1
		}
	}
	return len(b.Mean[0])
}

// within tells whether a class is one of so many parameters.
func (c Class) within(size int) bool { return 0 <= c.From && c.From <= c.To && c.To <= size }

// Sample averages an estimator over the inputs of a network and over blocks of draws. The stream, a
// small number, keeps the draws of two averages apart; independent averages need different ones.
//
// Errors are those of the estimator, a gradient that is not finite, and that of ctx.
func Sample(ctx context.Context, n Network, e Estimator, of uint64, blocks, draws int) (*Blocks, error) {
	if err := check(ctx, n, e); err != nil {
		return nil, err
	}
	if blocks < 1 || draws < 1 {
		return nil, fmt.Errorf("gradbench: %d blocks of %d draws, want at least 1", blocks, draws)
	}
	b := &Blocks{Estimator: e.Name, Draws: draws}
	if !e.Random {
		blocks, b.Draws = 1, 1
	}
	if err := b.add(ctx, n, e, of, blocks); err != nil {
		return nil, err
	}
	return b, nil
}

// Until averages an estimator as Sample, with draws of each input in a block, until the standard
// error of the mean, over all parameters together, is below a share of its norm, or there are most
// blocks. It takes at least 16 blocks.
func Until(ctx context.Context, n Network, e Estimator, of uint64, draws int, share float64, most int) (*Blocks, error) {
	if err := check(ctx, n, e); err != nil {
		return nil, err
	}
	if draws < 1 || most < 1 {
		return nil, fmt.Errorf("gradbench: at most %d blocks of %d draws, want at least 1", most, draws)
	}
	b := &Blocks{Estimator: e.Name, Draws: draws}
	if !e.Random {
		return Sample(ctx, n, e, of, 1, 1)
	}
	for more := min(16, most); more > 0; {
		if err := b.add(ctx, n, e, of, more); err != nil {
			return nil, err
		}
		if b.Error() <= share {
			break
		}
		more = min(len(b.Mean), most-len(b.Mean))
	}
	return b, nil
}

// add adds blocks. Each is computed by one worker from first to last draw.
func (b *Blocks) add(ctx context.Context, n Network, e Estimator, of uint64, blocks int) error {
	first := len(b.Mean)
	b.Mean = append(b.Mean, make([][]float64, blocks)...)
	spread, errs := make([]float64, blocks), make([]error, blocks)
	kernel.Blocks(blocks, 1, func(i, _ int) {
		b.Mean[first+i], spread[i], errs[i] = b.block(ctx, n, e, of*stream+uint64((first+i)*b.Draws))
	})
	sum := b.Spread * float64(first)
	for i, err := range errs {
		if err != nil {
			return err
		}
		sum += spread[i]
	}
	b.Spread = sum / float64(len(b.Mean))
	return nil
}

// block returns the mean over the inputs and the draws of one block, and the variance over its
// draws.
func (b *Blocks) block(ctx context.Context, n Network, e Estimator, draw uint64) (mean []float64, spread float64, err error) {
	p := n.Params()
	mean = make([]float64, len(p))
	one, g := make([]float64, len(p)), make([]float64, len(p))
	squares := 0.0
	for d := range b.Draws {
		clear(one)
		for input := range n.Inputs() {
			if ctx.Err() != nil {
				return nil, 0, ctx.Err()
			}
			clear(g)
			if err := e.Gradient(g, p, input, draw+uint64(d)); err != nil {
				return nil, 0, fmt.Errorf("gradbench: %s on %s: %w", e.Name, n.Name(), err)
			}
			for k, x := range g {
				if !(x*x <= math.MaxFloat64) {
					return nil, 0, fmt.Errorf("%w: %s on %s: parameter %d has %v", ErrNotFinite, e.Name, n.Name(), k, x)
				}
				one[k] += x / float64(n.Inputs())
			}
		}
		for k, x := range one {
			mean[k] += x / float64(b.Draws)
			squares += x * x / float64(b.Draws)
		}
	}
	if b.Draws > 1 {
		for _, x := range mean {
			squares -= x * x
		}
		spread = squares * float64(b.Draws) / float64(b.Draws-1)
	}
	return mean, spread, nil
}

// Gradient returns the mean of the blocks, nil without any.
func (b *Blocks) Gradient() []float64 {
	if b.size() < 0 {
		return nil
	}
	g := make([]float64, len(b.Mean[0]))
	for _, m := range b.Mean {
		for k, x := range m {
			g[k] += x
		}
	}
	for k := range g {
		g[k] /= float64(len(b.Mean))
	}
	return g
}

// errors returns the squared standard error of each parameter; zeros for one block.
func (b *Blocks) errors() []float64 {
	v := make([]float64, len(b.Mean[0]))
	if len(b.Mean) < 2 {
		return v
	}
	mean, n := b.Gradient(), float64(len(b.Mean))
	for _, m := range b.Mean {
		for k, x := range m {
			v[k] += (x - mean[k]) * (x - mean[k]) / n / (n - 1)
		}
	}
	return v
}

// Error returns the standard error of the mean, over all parameters together, as a share of its
// norm; +Inf where the norm is not larger than its error.
func (b *Blocks) Error() float64 {
	if b.size() < 0 {
		return math.Inf(1)
	}
	norm, noise := square(b.Gradient()), sum(b.errors())
	if norm <= noise {
		if norm == 0 && len(b.Mean) == 1 {
			return 0
		}
		return math.Inf(1)
	}
	return math.Sqrt(noise / (norm - noise))
}
