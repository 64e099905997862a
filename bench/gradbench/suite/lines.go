package suite

import (
	"context"
	"fmt"
	"math"

	"github.com/surge-snn/surge/bench/gradbench"
	"github.com/surge-snn/surge/bench/gradbench/event"
	"github.com/surge-snn/surge/eventprop/equation"
)

// lineNeuron is a neuron of the suite lines, with the sum of its weights, in the mean, for which it
// spikes about as often as the others.
type lineNeuron struct {
	name, text string // the equation; empty: LIF of package eventprop
	constants  map[string][]float64
	mean       float64
}

func lineNeurons() []lineNeuron {
	refractory := map[string][]float64{
		"tau_mem": {20e-3}, "tau_syn": {5e-3}, "v_leak": {0}, "v_th": {1}, "v_reset": {0}, "t_ref": {5e-3},
	}
	// Without input V rests at -0.5, and spikes from 0.5 on.
	quadratic := map[string][]float64{"tau_mem": {20e-3}, "tau_syn": {5e-3}, "i_ext": {-0.25}, "theta_init": {2 * math.Atan(-0.5)}}
	return []lineNeuron{
		{"lif", "", nil, 5},
		{"lif, refractory for 5 ms", equation.LIF, refractory, 6.5},
		{"qif", equation.Theta, quadratic, 19},
	}
}

// Names of the Values of a [Row] of the suite lines.
const (
	Jumps         = "jumps per unit length"
	JumpsPerSpike = "jumps per unit length and spike"
	JumpSize      = "size of the jumps per unit length"
	Spikes        = "spikes"
)

// lines counts the jumps of the loss along random lines through the weights, for neurons with exact
// gradients: 8-6-3 networks as in the other suites of events, a line and an input each.
func lines(s Settings) []Run {
	var runs []Run
	for i, neuron := range lineNeurons() {
		runs = append(runs, Run{ID: "lines/" + neuron.name, Do: func(ctx context.Context) ([]Row, error) {
			model := (*equation.Model)(nil)
			if neuron.text != "" {
				var err error
				if model, err = equation.Parse(neuron.text); err != nil {
					return nil, err
				}
			}
			const half, bound = 0.25, 1e-3 // of the norm of the weights; of the loss
			names := []string{Jumps, JumpsPerSpike, JumpSize, Spikes}
			sums, squares := make([]float64, len(names)), make([]float64, len(names))
			nets := pick2(s, 40, 6)
			var profile [][2]float64
			for net := range nets {
				if ctx.Err() != nil {
					return nil, ctx.Err()
				}
				n := event.New(event.Net{
					Title: "8-6-3", Sizes: []int{8, 6, 3}, TauMem: 20e-3, TauSyn: 5e-3, End: 100e-3, Rate: 50, Tau: 20e-3,
					Seed: s.Seed + uint64(net)<<32, Model: model, Constants: neuron.constants,
				}, neuron.mean, 0.4*neuron.mean)
				line, err := n.Line(0, 0)
				if err != nil {
					return nil, err
				}
				if net == 0 {
					if profile, err = along(line, half); err != nil {
						return nil, err
					}
				}
				jumps, err := line.Jumps(half, pick2(s, 128, 32), bound)
				if err != nil {
					return nil, fmt.Errorf("suite: network %d of %s: %w", net, neuron.name, err)
				}
				count := float64(jumps.Count) / (2 * half)
				for k, x := range []float64{count, count / max(jumps.Spikes, 1), jumps.Size / (2 * half), jumps.Spikes} {
					sums[k], squares[k] = sums[k]+x, squares[k]+x*x
				}
			}
			row := Row{Suite: "lines", Network: "8-6-3 from event to event, van Rossum distance with 20 ms", Vary: "neuron", X: float64(i), Estimator: neuron.name, Kind: "neuron", Profile: profile}
			row.Values = map[string]gradbench.Estimate{}
			for k, name := range names {
				row.Values[name] = gradbench.Mean(sums[k], squares[k], nets)
			}
			// Where nothing was found, one jump is the error.
			if e := row.Values[names[0]]; e.Value == 0 {
				row.Values[names[0]] = gradbench.Estimate{SE: 1 / (2 * half * float64(nets))}
			}
			return []Row{row}, nil
		}})
	}
	return runs
}

// along returns the loss on a line from -half to half.
func along(line *event.Line, half float64) ([][2]float64, error) {
	const points = 256
	var profile [][2]float64
	for k := range points + 1 {
		x := half * (2*float64(k)/points - 1)
		loss, _, _, err := line.At(x)
		if err != nil {
			return nil, err
		}
		profile = append(profile, [2]float64{x, loss})
	}
	return profile, nil
}
