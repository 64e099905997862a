package suite

import (
	"context"
	"errors"
	"math"
	"slices"

	"github.com/surge-snn/surge/bench/gradbench"
	"github.com/surge-snn/surge/bench/gradbench/lif"
	"github.com/surge-snn/surge/surrogate"
)

// contender is an estimator with what the report says of it.
type contender struct {
	gradbench.Estimator
	kind        string
	slope, area float64
	wrong       string // why it cannot be right
	descend     bool   // the step along it is measured, too
	claim       bool   // the report says by how much the first of the list is better
	predict     bool   // what it predicts for a small step is compared with what happens
}

func of(kind string, s surrogate.Surrogate, e gradbench.Estimator) contender {
	c := contender{Estimator: e, kind: kind, slope: s.Peak()}
	if wrong := surrogate.Wrong(s); wrong != "" {
		c.wrong = s.String() + ": " + wrong
	}
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
	for i := range list {
		list[i].claim = slices.Contains([]string{"detached", "truncated", "online"}, list[i].kind)
	}
	return list
}

// expected averages the stochastic truth of a problem.
func expected(ctx context.Context, s Settings, p *lif.Problem, share float64, most int) (gradbench.Average, error) {
	if s.Quick {
		share, most = 2*share, most/4
	}
	e := p.Difference(32)
	b, err := gradbench.Until(ctx, p, e, 0, 4, share, max(most, 16))
	return gradbench.Average{Of: e, Blocks: b}, err
}

// settled is the part of a difference that its standard error is brought below, if most blocks
// allow it: what is claimed has three of them.
const settled = 1. / 3

// smallStep is the length of the step of a prediction, in units of the norm of the weights.
const smallStep = 1e-2

// compare sets the contenders beside the truth, of which it takes up to most blocks to settle by
// how much the first contender is better than those that claim it.
func compare(ctx context.Context, s Settings, p *lif.Problem, t gradbench.Average, most int, row Row, list []contender) ([]Row, error) {
	draws := pick2(s, 8, 2)
	weights := gradbench.Class{Name: "weights", To: p.Net.Weights}
	averages, claims := make([]gradbench.Average, len(list)), []gradbench.Average(nil)
	for i, c := range list {
		b, err := gradbench.Sample(ctx, p, c.Estimator, 1, 16, draws)
		if errors.Is(err, gradbench.ErrNotFinite) {
			continue
		}
		if err != nil {
			return nil, err
		}
		averages[i] = gradbench.Average{Of: c.Estimator, Blocks: b}
		if i == 0 || c.claim {
			claims = append(claims, averages[i])
		}
	}
	if averages[0].Blocks != nil {
		if err := gradbench.Settle(ctx, p, t, claims, 1, weights, settled, pick2(s, most, 0)); err != nil {
			return nil, err
		}
	}
	row.Network, row.TruthError = p.Title, t.Error()
	about := row
	about.Values = map[string]gradbench.Estimate{"blocks of the truth": {Value: float64(len(t.Mean))}}
	for l, r := range p.Rates() {
		about.Values[rateName(l+1)] = gradbench.Estimate{Value: r}
	}
	rows := []Row{about}
	for i, c := range list {
		g := averages[i]
		if g.Blocks == nil {
			rows = append(rows, notFinite(row, c))
			continue
		}
		for k, m := range gradbench.Compare(g.Blocks, t.Blocks, append([]gradbench.Class{weights}, p.Classes()...)) {
			r := row
			r.Main, r.Estimator, r.Kind, r.Slope, r.Area, r.Wrong, r.Comparison = k == 1, c.Name, c.kind, c.slope, c.area, c.wrong, m
			if math.Abs(m.Cosine.Value) > 1+3*m.Cosine.SE {
				r.Note = "single draws outweigh all others"
			}
			if r.Main && i > 0 && averages[0].Blocks != nil {
				lead := gradbench.Lead(averages[0].Blocks, g.Blocks, t.Blocks, weights)
				r.Lead = &lead
			}
			if r.Main && c.descend {
				d, err := gradbench.Step(ctx, p, g.Gradient(), 2, 8*draws, 8, 16)
				if err != nil {
					return nil, err
				}
				r.Descent = &d
			}
			if r.Main && c.predict {
				length := smallStep * math.Sqrt(squares(p.Params()[:weights.To]))
				d, err := gradbench.Predict(ctx, p, c.Estimator, t.Gradient(), 3, 64*draws, length)
				if err != nil {
					return nil, err
				}
				r.Prediction = &d
			}
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// notFinite is the row of a contender whose gradient is no number.
func notFinite(row Row, c contender) Row {
	row.Estimator, row.Kind, row.Slope, row.Area, row.Wrong = c.Name, c.kind, c.slope, c.area, c.wrong
	row.Main, row.Note, row.Values = true, "the gradient is not finite", nil
	row.Class = "weights"
	return row
}

func rateName(layer int) string { return "rate" + string(rune('0'+layer)) }
