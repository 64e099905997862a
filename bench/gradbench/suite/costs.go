package suite

import (
	"context"
	"fmt"

	"github.com/surge-snn/surge/bench/gradbench"
	"github.com/surge-snn/surge/internal/given"
)

// Cost is what a gradient costs: seconds, forward and backward, on one core, and bytes allocated.
type Cost struct {
	Estimator string
	Seconds   float64
	Bytes     uint64
}

// CostWidth is the width of the escape noise of the network whose gradients are timed, one of those
// of the suite surrogate.
const CostWidth = 0.2

// Costs times the rules, the score function, and the stochastic truth on the base network.
func Costs(ctx context.Context, s Settings) ([]Cost, error) {
	if err := given.Need("ctx", ctx); err != nil {
		return nil, fmt.Errorf("suite: %w", err)
	}
	shape := base
	shape.width = CostWidth
	p := problem("2 layers of delta LIF", s.Seed, shape)
	list := append(rules(p), contender{Estimator: p.Score(8)}, contender{Estimator: p.Difference(8)}, contender{Estimator: p.Difference(32)},
		contender{Estimator: gradbench.Differences(p, 0.05)})
	var all []Cost
	for _, c := range list {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		time, bytes, err := gradbench.Cost(p, c.Estimator, 9)
		if err != nil {
			return nil, err
		}
		all = append(all, Cost{c.Name, time.Seconds(), bytes})
	}
	return all, nil
}
