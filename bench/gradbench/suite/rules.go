package suite

import (
	"context"
	"errors"
	"math"

	"github.com/surge-snn/surge/bench/gradbench"
	"github.com/surge-snn/surge/bench/gradbench/lif"
	"github.com/surge-snn/surge/surrogate"
)

// contender is an estimator with what the report says of it.
type contender struct {
	gradbench.Estimator
	kind        string
	slope, area float64
	descend     bool // the step along it is measured, too
}

func of(kind string, s surrogate.Surrogate, e gradbench.Estimator) contender {
	c := contender{Estimator: e, kind: kind, slope: s.Peak()}
	if area := s.Area(); !math.IsInf(area, 0) {
		c.area = area
	}
	return c
}

// matched is the surrogate that is the derivative of the escape function: logistic, of the width of
// the noise.
func matched(width float64) surrogate.Surrogate { return surrogate.Sigmoid{Sharpness: 1 / width} }

// rules are the contenders of the suites that vary the network.
func rules(p *lif.Problem) []contender {
	s := matched(p.Width)
	list := []contender{
		of("surrogate", s, p.BPTT(lif.Rule{Surrogate: s, Noisy: true})),
		of("detached", s, p.BPTT(lif.Rule{Surrogate: s, Noisy: true, Detach: true})),
		of("quiet", s, p.BPTT(lif.Rule{Surrogate: s})),
		of("quiet", surrogate.FastSigmoid{}, p.BPTT(lif.Rule{Surrogate: surrogate.FastSigmoid{}})),
		of("truncated", s, p.BPTT(lif.Rule{Surrogate: s, Noisy: true, Detach: true, Window: 10})),
		of("online", s, p.EProp(s, true)),
		of("online", s, p.OSTL(s, true)),
		of("online", s, p.OTPE(s, true)),
		of("forward", s, p.Forward(s, 1)),
	}
	if e, ok := p.OTTT(s, true); ok {
		list = append(list, of("online", s, e))
	}
	return list
}

// expected averages the stochastic truth of a problem.
func expected(ctx context.Context, s Settings, p *lif.Problem, share float64, most int) (*gradbench.Blocks, error) {
	if s.Quick {
		share, most = 2*share, most/4
	}
	return gradbench.Until(ctx, p, p.Difference(32), 0, 4, share, max(most, 16))
}

// compare sets the contenders beside the truth.
func compare(ctx context.Context, s Settings, p *lif.Problem, t *gradbench.Blocks, vary string, x float64, suite string, list []contender) ([]Row, error) {
	row := Row{Suite: suite, Network: p.Title, Vary: vary, X: x, TruthError: t.Error()}
	row.Values = map[string]gradbench.Estimate{}
	for l, r := range p.Rates() {
		row.Values[rateName(l+1)] = gradbench.Estimate{Value: r}
	}
	rows := []Row{row}
	draws := 8
	if s.Quick {
		draws = 2
	}
	for _, c := range list {
		g, err := gradbench.Sample(ctx, p, c.Estimator, 1, 16, draws)
		if errors.Is(err, gradbench.ErrNotFinite) {
			rows = append(rows, notFinite(row, c))
			continue
		}
		if err != nil {
			return nil, err
		}
		classes := append([]gradbench.Class{{Name: "weights", To: p.Net.Weights}}, p.Classes()...)
		for i, m := range gradbench.Compare(g, t, classes) {
			r := Row{
				Main: i == 1, Suite: suite, Network: p.Title, Vary: vary, X: x, Estimator: c.Name, Kind: c.kind, Slope: c.slope, Area: c.area,
				Comparison: m, TruthError: row.TruthError,
			}
			if r.Main && c.descend {
				d, err := gradbench.Step(ctx, p, g.Gradient(), 2, 8*draws, 8, 16)
				if err != nil {
					return nil, err
				}
				r.Descent = &d
			}
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// notFinite is the row of a contender whose gradient is no number.
func notFinite(row Row, c contender) Row {
	row.Estimator, row.Kind, row.Slope, row.Area = c.Name, c.kind, c.slope, c.area
	row.Main, row.Note, row.Values = true, "the gradient is not finite", nil
	row.Class = "weights"
	return row
}

func rateName(layer int) string { return "rate" + string(rune('0'+layer)) }
