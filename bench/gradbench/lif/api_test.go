package lif_test

import (
	"testing"

	"github.com/surge-snn/surge/bench/gradbench"
	"github.com/surge-snn/surge/bench/gradbench/lif"
	"github.com/surge-snn/surge/internal/hostile"
	"github.com/surge-snn/surge/surrogate"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	net := lif.New(1e-3, 2, lif.Spec{N: 3, TauMem: 20e-3, VTh: 1}, lif.Spec{N: 2, TauMem: 20e-3, Readout: true})
	net.Init(1, 1, 1, 0)
	good := &lif.Problem{Net: net, Steps: 4, Input: lif.Poisson(1, 2, 4, 2, 0.5), Width: 0.2, Data: lif.CrossEntropy{Readout: lif.Sum, Label: []int{0, 1}, Length: []int{4, 4}}}
	// an estimator is called, too
	estimate := func(of func(p *lif.Problem, s surrogate.Surrogate, n int, x float64) gradbench.Estimator) any {
		return func(p *lif.Problem, s surrogate.Surrogate, n int, x float64, g, params []float64, input int, draw uint64) error {
			return of(p, s, n, x).Gradient(g, params, input, draw)
		}
	}
	hostile.API{
		Functions: map[string]any{
			"New": lif.New, "Poisson": lif.Poisson,
			"Problem.BPTT": estimate(func(p *lif.Problem, s surrogate.Surrogate, n int, _ float64) gradbench.Estimator {
				return p.BPTT(lif.Rule{Surrogate: s, Window: n, Noisy: n > 1})
			}),
			"Problem.EProp": estimate(func(p *lif.Problem, s surrogate.Surrogate, n int, _ float64) gradbench.Estimator {
				return p.EProp(s, n > 0)
			}),
			"Problem.OSTL": estimate(func(p *lif.Problem, s surrogate.Surrogate, n int, _ float64) gradbench.Estimator {
				return p.OSTL(s, n > 0)
			}),
			"Problem.OTPE": estimate(func(p *lif.Problem, s surrogate.Surrogate, n int, _ float64) gradbench.Estimator {
				return p.OTPE(s, n > 0)
			}),
			"Problem.Forward": estimate(func(p *lif.Problem, s surrogate.Surrogate, n int, _ float64) gradbench.Estimator {
				return p.Forward(s, n)
			}),
			"Problem.Score":   estimate(func(p *lif.Problem, _ surrogate.Surrogate, n int, _ float64) gradbench.Estimator { return p.Score(n) }),
			"Problem.Relaxed": estimate(func(p *lif.Problem, _ surrogate.Surrogate, _ int, x float64) gradbench.Estimator { return p.Relaxed(x) }),
			"Problem.Difference": estimate(func(p *lif.Problem, _ surrogate.Surrogate, n int, _ float64) gradbench.Estimator {
				return p.Difference(n)
			}),
		},
		Types: []any{new(lif.Rule), new(lif.Problem), new(lif.VanRossum), new(lif.CrossEntropy), new(lif.Count), new(lif.Net)},
		Pool:  hostile.Of(good, *good, net, *net, net.Params, good.Data, surrogate.Sigmoid{Sharpness: 5}, []float64{0, 1, 0, 1, 0, 1, 0, 1}),
	}.Test(t)
}
