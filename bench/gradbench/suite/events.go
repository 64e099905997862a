package suite

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/surge-snn/surge/bench/gradbench"
	"github.com/surge-snn/surge/bench/gradbench/event"
	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/surrogate"
)

// eventNet is the network of the suites of events: 8 channels, 6 hidden neurons and 3 outputs for
// 100 ms.
func eventNet(title string, seed uint64, tauLoss float64) *event.Net {
	return event.New(event.Net{
		Title: title, Sizes: []int{8, 6, 3}, TauMem: 20e-3, TauSyn: 5e-3, End: 100e-3, Rate: 50, Tau: tauLoss, Seed: seed,
	}, 9, 2)
}

// averaged compares estimators on a network whose draws are inputs. first, where it is not nil,
// holds the average of the first estimator of each kind: the lead is that of this over the others.
func averaged(ctx context.Context, n *event.Net, t *gradbench.Blocks, row Row, list []contender, draws int, first map[string]*gradbench.Blocks) ([]Row, error) {
	var rows []Row
	weights := gradbench.Class{Name: "weights", To: n.Layout(1e-3).Weights}
	for _, c := range list {
		g, err := gradbench.Sample(ctx, n, c.Estimator, 1, 16, draws)
		if errors.Is(err, gradbench.ErrNotFinite) {
			rows = append(rows, notFinite(row, c))
			continue
		}
		if err != nil {
			return nil, err
		}
		if first != nil && first[c.kind] == nil {
			first[c.kind] = g
		}
		for i, m := range gradbench.Compare(g, t, append([]gradbench.Class{weights}, n.Classes()...)) {
			r := row
			if start := first[c.kind]; i == 1 && start != nil && start != g {
				lead := gradbench.Lead(start, g, t, weights)
				r.Lead = &lead
			}
			r.Estimator, r.Kind, r.Slope, r.Area, r.Wrong, r.Comparison, r.Main = c.Name, c.kind, c.slope, c.area, c.wrong, m, i == 1
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// grids compares surrogate BPTT in steps of 1 to 1/64 ms with the gradient of the expected loss of
// the same weights from event to event.
func grids(s Settings) []Run {
	return []Run{{ID: "dt/all", Do: func(ctx context.Context) ([]Row, error) {
		n := eventNet("8-6-3 LIF from event to event, and in steps", s.Seed, 20e-3)
		t, err := gradbench.Until(ctx, n, n.Differences(0.05), 0, 16, pick2(s, 0.03, 0.1), pick2(s, 96, 32))
		if err != nil {
			return nil, err
		}
		draws := pick2(s, 8, 4)
		var rows []Row
		first := map[string]*gradbench.Blocks{}
		for _, perMs := range pick(s, []int{1, 2, 4, 8, 16, 64}, []int{1, 4, 16}) {
			wrong, err := n.Mismatch(perMs, 4*draws)
			if err != nil {
				return nil, err
			}
			row := Row{
				Suite: "dt", Network: n.Title, Vary: "steps per ms", X: float64(perMs), TruthError: t.Error(),
				Values: map[string]gradbench.Estimate{"spike mismatch": wrong},
			}
			wide := surrogate.Sigmoid{Sharpness: 10}
			// A width in steps: the voltage passes through the bump within the same number of steps
			// at any dt.
			narrow := surrogate.Sigmoid{Sharpness: 10 * float64(perMs)}
			list := []contender{
				of("fixed width", wide, n.Steps(perMs, wide, 1, false)),
				of("fixed width, detached", wide, n.Steps(perMs, wide, 1, true)),
			}
			if perMs == 1 {
				list = append(list, contender{Estimator: n.Exact(eventprop.Adjoint), kind: "eventprop"})
			} else {
				list = append(list,
					of("fixed width, slope times dt", wide, n.Steps(perMs, wide, 1/float64(perMs), false)),
					of("fixed width, slope times dt, detached", wide, n.Steps(perMs, wide, 1/float64(perMs), true)),
					of("width in steps", narrow, n.Steps(perMs, narrow, 1, false)),
					of("width in steps, detached", narrow, n.Steps(perMs, narrow, 1, true)))
			}
			more, err := averaged(ctx, n, t, row, list, draws, first)
			if err != nil {
				return nil, err
			}
			rows = append(rows, more...)
		}
		return rows, nil
	}}}
}

// births compares EventProp with the gradient of the expected loss, which sees spikes that appear
// and vanish, and what it predicts for a small step with what happens.
func births(s Settings) []Run {
	var runs []Run
	for _, tau := range pick(s, []float64{2, 5, 20, 100}, []float64{5, 100}) {
		runs = append(runs, Run{ID: fmt.Sprintf("birth/%g", tau), Do: func(ctx context.Context) ([]Row, error) {
			n := eventNet(fmt.Sprintf("8-6-3 LIF from event to event, loss with %g ms", tau), s.Seed, 1e-3*tau)
			t, err := gradbench.Until(ctx, n, n.Differences(0.05), 0, 16, pick2(s, 0.03, 0.1), pick2(s, 96, 32))
			if err != nil {
				return nil, err
			}
			half, err := gradbench.Sample(ctx, n, n.Differences(0.025), 0, len(t.Mean), 16)
			if err != nil {
				return nil, err
			}
			row := Row{Suite: "birth", Network: n.Title, Vary: "time constant of the loss (ms)", X: tau, TruthError: t.Error()}
			list := []contender{{Estimator: n.Exact(eventprop.Adjoint), kind: "eventprop"}, {Estimator: n.Exact(eventprop.Implicit), kind: "analytical"}}
			rows, err := averaged(ctx, n, t, row, list, pick2(s, 256, 16), nil)
			if err != nil {
				return nil, err
			}
			p, err := gradbench.Predict(ctx, n, n.Exact(eventprop.Adjoint), t.Gradient(), 2, pick2(s, 4096, 1024), 0.0003)
			if err != nil {
				return nil, err
			}
			for i := range rows {
				if rows[i].Main && rows[i].Kind == "eventprop" {
					rows[i].Prediction = &p
					rows[i].Values = map[string]gradbench.Estimate{CosineAtHalf: gradbench.Compare(half, t, nil)[0].Cosine, "share of samples with other spikes": share(p.ChangedShare, p.Samples)}
				}
			}
			return rows, nil
		}})
	}
	return runs
}

// OfEvents returns the run for a network of the user's that goes from event to event, whose draws
// are noise on its parameters, in units of which these are: its gradient against that of the
// expected loss, by differences of a quarter of the noise, and the change of the loss by a small
// step, predicted and real.
func OfEvents(s Settings, n gradbench.Network, exact gradbench.Estimator) Run {
	if n == nil {
		return Run{}
	}
	return Run{ID: "network/" + n.Name(), Do: func(ctx context.Context) ([]Row, error) {
		t, err := gradbench.Until(ctx, n, gradbench.Differences(n, 0.25), 0, 4, pick2(s, 0.05, 0.1), pick2(s, 128, 32))
		if err != nil {
			return nil, err
		}
		g, err := gradbench.Sample(ctx, n, exact, 1, 16, pick2(s, 128, 32))
		if err != nil {
			return nil, err
		}
		p, err := gradbench.Predict(ctx, n, exact, t.Gradient(), 2, pick2(s, 1024, 256), 0.01)
		if err != nil {
			return nil, err
		}
		var rows []Row
		for i, c := range gradbench.Compare(g, t, n.Classes()) {
			row := Row{Suite: "network", Network: n.Name(), Vary: "noise of the parameters", X: s.Width, Estimator: exact.Name, Kind: "eventprop", Comparison: c, TruthError: t.Error()}
			if i == 0 {
				row.Main, row.Prediction = true, &p
				row.Values = map[string]gradbench.Estimate{"share of samples with other spikes": share(p.ChangedShare, p.Samples)}
			}
			rows = append(rows, row)
		}
		return rows, nil
	}}
}

// share is a share of so many samples, with its error.
func share(x float64, samples int) gradbench.Estimate {
	return gradbench.Estimate{Value: x, SE: math.Sqrt(x * (1 - x) / float64(samples))}
}

// pick2 returns the number of the full suite, or that of the quick one.
func pick2[T any](s Settings, all, quick T) T {
	if s.Quick {
		return quick
	}
	return all
}
