package gradbench

import (
	"context"
	"fmt"
	"math"

	"github.com/surge-snn/surge/internal/given"
)

// Descent is how the expected loss changes by one step along a gradient.
type Descent struct {
	// Change is the relative change of the loss at the best step, which is found with other draws.
	Change Estimate `json:"change"`
	// Length is that of the best step, in the norm of the parameters.
	Length float64 `json:"length"`
}

// Step moves the parameters against g, by lengths from the largest one down to 2^-(sizes-1) of it,
// and returns the change of the loss for the best of them. One half of the draws of each input
// chooses, the other judges; both compare with common random numbers. A network without random
// numbers needs draws = 1: its inputs choose and judge.
func Step(ctx context.Context, n Network, g []float64, of uint64, draws, sizes int, largest float64) (Descent, error) {
	if err := given.Need("ctx", ctx, "a Network", n); err != nil {
		return Descent{}, fmt.Errorf("gradbench: %w", err)
	}
	norm := math.Sqrt(square(g))
	if norm == 0 {
		return Descent{}, nil
	}
	p := n.Params()
	if len(g) != len(p) {
		return Descent{}, fmt.Errorf("gradbench: a gradient of %d numbers for %d parameters", len(g), len(p))
	}
	moved := make([]float64, len(p))
	// change returns the mean relative change with its error over one half.
	change := func(length float64, half int) (Estimate, error) {
		for k := range p {
			moved[k] = p[k] - length*g[k]/norm
		}
		var s, ss, base, count float64
		for d := range max(draws/2, 1) {
			draw := of*stream + uint64(2*d+half)
			for i := range n.Inputs() {
				if ctx.Err() != nil {
					return Estimate{}, ctx.Err()
				}
				a, err := n.Loss(p, i, draw)
				if err != nil {
					return Estimate{}, err
				}
				b, err := n.Loss(moved, i, draw)
				if err != nil {
					return Estimate{}, err
				}
				x := b.Loss - a.Loss
				s, ss, base, count = s+x, ss+x*x, base+a.Loss, count+1
			}
		}
		if base == 0 {
			return Estimate{}, nil
		}
		se := math.Sqrt(max(ss/count-s*s/count/count, 0) / count)
		return Estimate{s / base, se * count / math.Abs(base)}, nil
	}
	best, length := math.Inf(1), 0.0
	for i := range sizes {
		x := math.Ldexp(largest, -i)
		c, err := change(x, 0)
		if err != nil {
			return Descent{}, err
		}
		if c.Value < best {
			best, length = c.Value, x
		}
	}
	c, err := change(length, 1)
	return Descent{c, length}, err
}

// Prediction compares the change of the loss that a gradient predicts for a small step with the
// real one, over the inputs and draws whose spikes stayed, and over those where one appeared or
// vanished.
type Prediction struct {
	// Same and Changed are sums over the samples of either kind, as shares of the sum of all real
	// changes.
	Same, Changed Part
	Length        float64 `json:"length"` // of the step
	// Samples is how many there are, ChangedShare the share of those with other spikes.
	Samples      int     `json:"samples"`
	ChangedShare float64 `json:"changed_share"`
}

// Part holds the means, over all samples, of what belongs to one kind.
type Part struct {
	Predicted Estimate `json:"predicted"`
	Real      Estimate `json:"real"`
	// Missed is the real change without the predicted one. Both are of the same samples, so that it
	// is known better than either.
	Missed Estimate `json:"missed"`
}

// Predict makes a step of a length along a direction u (any vector), and compares the real change
// of the loss of every input and draw with the one that the estimator predicts for it,
//
//	ℓ(p + length u/2|u|) - ℓ(p - length u/2|u|)  and  length (g·u)/|u|
//
// with g taken in the middle, so that what the loss is curved is in neither.
func Predict(ctx context.Context, n Network, e Estimator, u []float64, of uint64, draws int, length float64) (Prediction, error) {
	if err := check(ctx, n, e); err != nil {
		return Prediction{}, err
	}
	norm := math.Sqrt(square(u))
	p := n.Params()
	if len(u) != len(p) {
		return Prediction{}, fmt.Errorf("gradbench: a direction of %d numbers for %d parameters", len(u), len(p))
	}
	from, to, g := make([]float64, len(p)), make([]float64, len(p)), make([]float64, len(p))
	for k := range p {
		from[k], to[k] = p[k]-length/2*u[k]/norm, p[k]+length/2*u[k]/norm
	}
	r := Prediction{Length: length}
	var m [6]struct{ s, ss float64 } // predicted, real and missed, of either kind
	changed := 0
	for d := range draws {
		draw := of*stream + uint64(d)
		for i := range n.Inputs() {
			if ctx.Err() != nil {
				return r, ctx.Err()
			}
			clear(g)
			if err := e.Gradient(g, p, i, draw); err != nil {
				return r, err
			}
			a, err := n.Loss(from, i, draw)
			if err != nil {
				return r, err
			}
			b, err := n.Loss(to, i, draw)
			if err != nil {
				return r, err
			}
			predicted, real := length*inner(g, u)/norm, b.Loss-a.Loss
			x := [6]float64{predicted, real, real - predicted}
			if a.Spikes != b.Spikes {
				x = [6]float64{3: predicted, 4: real, 5: real - predicted}
				changed++
			}
			for j, x := range x {
				m[j].s += x
				m[j].ss += x * x
			}
			r.Samples++
		}
	}
	count := float64(r.Samples)
	part := func(j int) Part {
		of := func(j int) Estimate { return Mean(m[j].s, m[j].ss, r.Samples) }
		return Part{of(j), of(j + 1), of(j + 2)}
	}
	r.Same, r.Changed = part(0), part(3)
	r.ChangedShare = float64(changed) / count
	return r, nil
}
