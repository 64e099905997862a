package suite

import (
	"context"
	"fmt"

	"github.com/surge-snn/surge/bench/gradbench"
	"github.com/surge-snn/surge/bench/gradbench/lif"
)

// vary returns one run for each value of a thing.
func vary(s Settings, suite, what string, values []float64, share float64, most int, change func(shape *shape, x float64)) []Run {
	var runs []Run
	for _, x := range values {
		network := func() *lif.Problem {
			shape := base
			change(&shape, x)
			return problem(fmt.Sprintf("delta LIF, %s %g", what, x), s.Seed, shape)
		}
		runs = append(runs, Run{Problem: network, ID: fmt.Sprintf("%s/%g", suite, x), Do: func(ctx context.Context) ([]Row, error) {
			p := network()
			t, err := expected(ctx, s, p, share, most)
			if err != nil {
				return nil, err
			}
			return compare(ctx, s, p, t, 4*most, Row{Suite: suite, Vary: what, X: x}, rules(p))
		}})
	}
	return runs
}

func depths(s Settings) []Run {
	return vary(s, "depth", "layers", pick(s, []float64{1, 2, 3, 4, 6, 8}, []float64{1, 3}), 0.08, 256, func(shape *shape, x float64) {
		shape.layers = int(x)
	})
}

func lengths(s Settings) []Run {
	return vary(s, "steps", "time steps", pick(s, []float64{50, 100, 200, 500, 1000}, []float64{50, 200}), 0.06, 96, func(shape *shape, x float64) {
		shape.steps = int(x)
	})
}

func rates(s Settings) []Run {
	return vary(s, "rate", "drive", pick(s, []float64{0.6, 1, 1.4, 2.5, 5}, []float64{1, 5}), 0.06, 256, func(shape *shape, x float64) {
		shape.drive = x
	})
}

func taus(s Settings) []Run {
	return vary(s, "tau", "membrane time constant (ms)", pick(s, []float64{2, 5, 10, 20, 50, 100}, []float64{5, 50}), 0.06, 256, func(shape *shape, x float64) {
		shape.tau = 1e-3 * x
	})
}

// cells are base, reset to zero, recurrent, and current-based.
func cells(s Settings) []Run {
	var runs []Run
	for x, one := range cellShapes {
		if s.Quick && !one.quick {
			continue
		}
		runs = append(runs, vary(s, "cell", one.name, []float64{float64(x)}, 0.06, 256, func(shape *shape, _ float64) { one.change(shape) })...)
	}
	return runs
}

var cellShapes = []struct {
	name   string
	quick  bool // in the quick suite, too
	change func(shape *shape)
}{
	{"reset by subtraction", false, func(*shape) {}},
	{"reset to zero", false, func(s *shape) { s.zero = true }},
	{"recurrent", true, func(s *shape) { s.recur = true }},
	// The current reaches the voltage over the membrane's 20 ms, 5 ms long.
	{"exponential currents of 5 ms", false, func(s *shape) { s.syn, s.drive = 5e-3, 3*s.drive }},
}

// sweeps compares K sweeps with as many as there are steps, which are exact.
func sweeps(s Settings) []Run {
	var runs []Run
	for _, drive := range pick(s, []float64{1.4, 5}, []float64{1.4}) {
		network := func() *lif.Problem {
			shape := base
			shape.drive, shape.inputs = drive, 16
			return problem(fmt.Sprintf("delta LIF, drive %g", drive), s.Seed, shape)
		}
		runs = append(runs, Run{Problem: network, ID: fmt.Sprintf("sweeps/%g", drive), Do: func(ctx context.Context) ([]Row, error) {
			p := network()
			one := matched(p.Width)
			exact, err := gradbench.Sample(ctx, p, p.BPTT(lif.Rule{Surrogate: one}), 0, 1, 1)
			if err != nil {
				return nil, err
			}
			var rows []Row
			for k := 1; k <= 5; k++ {
				g, err := gradbench.Sample(ctx, p, p.BPTT(lif.Rule{Surrogate: one, Sweeps: k}), 0, 1, 1)
				if err != nil {
					return nil, err
				}
				c := gradbench.Compare(g, exact, []gradbench.Class{{Name: "weights", To: p.Net.Weights}})[1]
				rows = append(rows, Row{
					Suite: "sweeps", Network: p.Title, Vary: "sweeps", X: float64(k), Main: true, Estimator: g.Estimator, Kind: "sweeps", Slope: one.Peak(), Area: 1, Comparison: c,
					Values: map[string]gradbench.Estimate{"spike mismatch": p.Mismatch(k), "rate": {Value: p.Rates()[0]}},
				})
			}
			return rows, nil
		}})
	}
	return runs
}
