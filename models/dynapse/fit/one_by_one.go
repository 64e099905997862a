package fit

import (
	"context"
	"slices"

	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/optim/minimize"
)

// separable says whether the neurons have nothing in common: no coordinate, and no connection. A
// fit of all of them is then one of each, with starts of its own.
func separable(p *problem) bool {
	return p.Network.N > 1 && p.Network.WRec == nil && len(p.summed) == 0 && p.spikes != nil && p.hasTraces() &&
		!slices.ContainsFunc(p.coords, func(c coordinate) bool { return len(c.neurons) > 1 })
}

// atOnce is how many neurons are fitted between two reports.
const atOnce = 4

// oneByOne fits neurons that have nothing in common, each by itself.
func oneByOne(ctx context.Context, f *session) error {
	const phase = "neurons"
	o, err := f.memoize(phase, func(*optim.State) (outcome, error) {
		o := outcome{status: minimize.Converged}
		x := slices.Clone(f.start)
		var rivals []map[int]float64 // of coordinates of a neuron
		for neurons := range slices.Chunk(f.seen(every(f.Network.N)), atOnce) {
			fits, errs := make([]*session, len(neurons)), make([]error, len(neurons))
			kernel.Blocks(len(neurons), 1, func(i, _ int) {
				var p *problem
				if p, errs[i] = ofNeuron(f.problem, neurons[i], f.start).compile(); errs[i] != nil {
					return
				}
				fits[i] = newSession(p, Settings{Method: f.Method, Starts: f.Starts, Seed: f.Seed, Logger: f.Logger})
				if errs[i] = fits[i].offer(ctx, p.x); errs[i] == nil {
					errs[i] = teacherForcing(ctx, fits[i])
				}
			})
			for i, err := range errs {
				if fits[i] != nil && fits[i].best.x != nil { // also where it was cut short
					others := make([]map[int]float64, len(fits[i].rivals))
					for r := range others {
						others[r] = map[int]float64{}
					}
					for k, c := range f.coords {
						if c.neurons[0] == neurons[i] {
							at := slices.IndexFunc(fits[i].coords, func(d coordinate) bool { return d.name == c.alone() })
							x[k] = fits[i].best.x[at]
							for r := range others {
								others[r][k] = fits[i].rivals[r][at]
							}
						}
					}
					rivals = append(rivals, others...)
					o.evaluations += fits[i].evaluations
					o.gradients += fits[i].gradients
				}
				if err != nil {
					_ = f.offer(context.WithoutCancel(ctx), x)
					return o, err
				}
			}
			if err := f.report(Progress{Phase: phase, Step: len(neurons), Loss: f.best.loss, Best: f.best.loss, Evaluations: f.evaluations + o.evaluations, Gradients: f.gradients + o.gradients}, nil); err != nil {
				return o, err
			}
		}
		o.values = [][]float64{x}
		for _, r := range rivals {
			y := slices.Clone(x)
			for k, v := range r {
				y[k] = v
			}
			o.values = append(o.values, y)
		}
		return o, nil
	})
	if err != nil {
		return err
	}
	if len(o.values) == 0 || slices.ContainsFunc(o.values, func(x []float64) bool { return len(x) != len(f.coords) }) {
		return errCheckpoint
	}
	f.rivals = o.values[1:]
	return f.offer(ctx, o.values[0])
}
