package speed

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/internal/random"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
)

// Point is one product of inputs [T B, N] and weights [N, N], forward and backward, by the share of
// the inputs that are not 0.
type Point struct {
	N      int     `json:"n"`
	Active float64 `json:"active"`
	// Seconds is the least time of a run; Dense that with all inputs not 0.
	Seconds float64 `json:"seconds"`
	Dense   float64 `json:"dense_seconds"`
}

// Speedup is how many times as fast as the dense product it is.
func (p Point) Speedup() float64 { return p.Dense / p.Seconds }

// Crossover measures a linear layer, N to N, for every size and share of inputs that are not 0,
// each against the same layer with dense inputs in turns: where sparsity pays. B is 64, and T such
// that the dense product takes some 2^31 multiplications, but at least 1. report is called with
// each point.
func Crossover(ctx context.Context, sizes []int, active []float64, runs int, report func(Point) error) error {
	if err := given.Need("ctx", ctx, "report", report); err != nil {
		return fmt.Errorf("speed: %w", err)
	}
	for _, n := range sizes {
		if n < 1 || n > 1<<14 {
			return fmt.Errorf("speed: a layer of %d neurons, want 1 to %d", n, 1<<14)
		}
		const rows = 64
		steps := max(1, 1<<31/(rows*n*n*2))
		steps = min(steps, 100)
		programs := make([]*graph.Program, len(active)+1)
		least := make([]float64, len(programs))
		err := func() error {
			defer func() {
				for _, p := range programs {
					if p != nil {
						p.Close()
					}
				}
			}()
			for i := range programs {
				share := 1.0
				if i > 0 {
					share = active[i-1]
				}
				var err error
				if programs[i], err = product(n, rows, steps, share); err != nil {
					return err
				}
			}
			for k := range runs + warmup {
				for i, p := range programs {
					if ctx.Err() != nil {
						return ctx.Err()
					}
					begin := time.Now()
					if err := p.Run(); err != nil {
						return err
					}
					if t := time.Since(begin).Seconds(); k == warmup || k > warmup && t < least[i] {
						least[i] = t
					}
				}
			}
			return nil
		}()
		if err != nil {
			return err
		}
		runtime.GC()
		for i, share := range active {
			if err := report(Point{n, share, least[i+1], least[0]}); err != nil {
				return err
			}
		}
	}
	return nil
}

// product is a linear layer alone. Its input is what spikes are, 0 and 1, but for dense inputs.
func product(n, rows, steps int, share float64) (*graph.Program, error) {
	p, err := graph.Build(graph.NewParams(1), graph.Settings{}, func(b *graph.Builder) {
		y := models.Linear{Out: n}.Apply(b, "w", b.Input("x", steps, rows, n))
		b.Loss(b.Check(ops.MSE(b.Check(ops.MeanOverTime(y)), b.Input("y", rows, n))))
	})
	if err != nil {
		return nil, err
	}
	rng := random.New(1, "speed/crossover")
	size := p.Input("x").DataSize() // whoever holds the array may change it: each run lists it anew
	err = set(p, "x", size, func(int) float64 {
		switch {
		case share == 1:
			return 1 - rng.Float64() // not 0
		case rng.Float64() < share:
			return 1
		}
		return 0
	})
	if err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}
