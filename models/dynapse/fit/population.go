package fit

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/optim/minimize"
)

// Neurons that share their currents differ all the same, by the mismatch of their transistors. The
// currents that fit all of them best are not those that they share: a membrane that runs away a
// little earlier is off by many e-folds, and the least squares pay any price to avoid that. Each
// neuron by itself is fitted well, and what they share is in the middle of what was found:
// hierarchy.go. This is the two-stage estimator of a population (Steimer, Mallet, Golmard &
// Boisvieux 1984, doi:10.3109/03602538409015066).

// scouts is the number of neurons that are fitted from all starts; the others begin at their
// median.
const scouts = 3

// several says whether neurons share a fitted current and can be fitted each by itself, to
// recordings alone.
func several(p *problem) bool {
	return p.Network.WRec == nil && len(p.summed)+len(p.wishes) == 0 && p.spikes != nil && slices.ContainsFunc(p.coords, func(c coordinate) bool { return len(p.seen(c.neurons)) > 1 })
}

// seen returns those of some neurons that were recorded.
func (p *targets) seen(neurons []int) (list []int) {
	for _, j := range neurons {
		for i := range p.recordings {
			r := &p.recordings[i]
			at := j
			for at < r.size() && r.weight(at) == 0 {
				at += p.neurons
			}
			if at < r.size() {
				list = append(list, j)
				break
			}
		}
	}
	return list
}

// ofNeuron returns the experiment of neuron j, from the point x, in which some given parameters may
// deviate.
func ofNeuron(p *problem, j int, x []float64, given ...dynapse.Param) Experiment {
	n := p.Network.N
	e := Experiment{Space: p.Space}
	e.Space.Network.N, e.Space.Core, e.Space.Tie = 1, nil, Core
	if e.Space.deviates = given; given != nil {
		e.Noise = noiseFloor // as that by which intervals are
	}
	for q, v := range p.start {
		e.Space.Network.Params[q] = []float64{v[j]}
	}
	for k, c := range p.coords {
		if slices.Contains(c.neurons, j) {
			if q, ok := c.quantity.(current); ok {
				e.Space.Network.Params[q.param] = []float64{p.value(k, x[k])}
			}
		}
	}
	columns := func(v []float64, types int) (out []float64) {
		for i := j * types; i < len(v); i += n * types {
			out = append(out, v[i:i+types]...)
		}
		return out
	}
	column := func(v []float64) []float64 { return columns(v, 1) }
	for _, r := range p.recordings {
		r.Name = fmt.Sprintf("%s, neuron %d", r.Name, j) // its label stays
		r.Input, r.Weight, r.DC = columns(r.Input, p.types()), column(r.Weight), column(r.DC)
		for q := range r.Target {
			r.Target[q] = column(r.Target[q])
		}
		if r.samples() > 0 {
			e.Recordings = append(e.Recordings, r)
		}
	}
	return e
}

// alike is the standard deviation of ln I up to which neurons are taken to have the same currents,
// and wellApart the part of the loss that is left by fits of single neurons where they have not.
const (
	alike     = 0.02
	wellApart = 0.25
)

// populationEstimate fits every neuron by itself. The mean of each current over the neurons that
// share it is a start where the neurons are alike, and with errors the answer where they differ and
// single ones are fitted much better than all are, or where mismatch is to be inferred. Otherwise
// nothing changes. least is a good loss.
func populationEstimate(ctx context.Context, f *session, least float64) error {
	const phase = "neurons"
	o, err := f.memoize(phase, func(*optim.State) (outcome, error) { return population(ctx, f, phase) })
	if err != nil {
		return err
	}
	list, own, err := f.decodePopulation(o.values)
	if err != nil {
		return err
	}
	x, se := make([]float64, len(list)), make([]float64, len(list))
	for k, h := range list {
		x[k], se[k] = h.mean, h.se
	}
	if !f.Infer {
		if differ(f.problem, list) <= alike {
			if err := forcedFit(ctx, f, x, 1, f.Seed); err != nil || f.best.loss <= least {
				return err
			}
		}
		if own > wellApart*f.best.loss {
			return nil
		}
	}
	late := ctx.Err()
	if errors.Is(late, context.DeadlineExceeded) {
		ctx = context.WithoutCancel(ctx)
	}
	loss, err := f.problem.loss(ctx, x)
	if err != nil {
		return err
	}
	f.best = answer{x: x, loss: loss + f.penalty(x), errors: se, hierarchies: list}
	f.notes = append(f.notes, fmt.Sprintf("the neurons differ: each was fitted by itself, with a median loss of %.3g, and the currents are the means over the neurons that share them", own))
	if late != nil {
		f.notes = append(f.notes, "the time was over before all neurons were fitted: the means are over those that were")
	}
	return late
}

// encodePopulation is what decodePopulation reads: of each coordinate the numbers of its hierarchy,
// and then the median of the losses.
func encodePopulation(list []hierarchy, own float64) (values [][]float64) {
	for _, h := range list {
		values = append(values, append([]float64{h.mean, h.low, h.high, h.se, h.sd}, h.value...))
	}
	return append(values, []float64{own})
}

func (f *session) decodePopulation(values [][]float64) (list []hierarchy, own float64, err error) {
	if len(values) != len(f.coords)+1 || len(values[len(f.coords)]) != 1 {
		return nil, 0, errCheckpoint
	}
	for _, v := range values[:len(f.coords)] {
		if len(v) < 5 {
			return nil, 0, errCheckpoint
		}
		list = append(list, hierarchy{v[0], v[1], v[2], v[3], v[4], v[5:]})
	}
	return list, values[len(f.coords)][0], nil
}

// differ returns the largest standard deviation between neurons of a current that acts smoothly and
// that they know.
func differ(p *problem, list []hierarchy) (most float64) {
	for k, c := range p.coords {
		if !c.steps() && !math.IsInf(list[k].se, 1) {
			most = max(most, list[k].sd)
		}
	}
	return most
}

// population returns the hierarchies of the coordinates and the median of the losses of single
// neurons: of those that were fitted in time, if they are two or more.
func population(ctx context.Context, f *session, phase string) (outcome, error) {
	neurons := f.seen(every(f.Network.N))
	found := make([]*alone, f.Network.N)
	x := f.start
	first := min(scouts, len(neurons))
	starts := f.Starts
	o := outcome{status: minimize.Converged}
	var list []hierarchy
	var losses []float64
	for _, part := range [][]int{neurons[:first], neurons[first:]} {
		fitted, err := separately(ctx, f, part, x, starts)
		for i, r := range fitted {
			if r != nil {
				found[part[i]] = r
				o.evaluations += r.Evaluations
				losses = append(losses, r.Loss)
			}
		}
		if err != nil && (len(losses) < 2 || !errors.Is(err, context.DeadlineExceeded)) {
			return o, err
		}
		if list = f.hierarchies(found); len(part) > 0 {
			x = slices.Clone(x)
			for k, h := range list {
				x[k] = h.mean
			}
		}
		starts = min(2, starts)
		if err := f.report(Progress{Phase: phase, Step: len(part), Loss: f.best.loss, Best: f.best.loss, Evaluations: f.evaluations + o.evaluations, Gradients: f.gradients}, nil); err != nil {
			return o, err
		}
	}
	o.values = encodePopulation(list, fmath.Median(losses))
	return o, nil
}

// separately fits neurons, each by itself, from the point x; those that were not done in time are
// nil beside the error.
func separately(ctx context.Context, f *session, neurons []int, x []float64, starts int) ([]*alone, error) {
	results, errs := make([]*alone, len(neurons)), make([]error, len(neurons))
	kernel.Blocks(len(neurons), 1, func(i, _ int) {
		if errs[i] = ctx.Err(); errs[i] == nil {
			results[i], errs[i] = single(ctx, f, neurons[i], x, starts)
		}
	})
	for _, err := range errs {
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			return nil, err
		}
	}
	return results, errors.Join(errs...)
}

// alone is what a fit of a neuron by itself found.
type alone struct {
	*Result
	forced float64 // loss of its traces where the spikes are those of the recording
}

// single fits neuron j from the point x, in one round.
func single(ctx context.Context, f *session, j int, x []float64, starts int) (*alone, error) {
	var given []dynapse.Param
	if f.Infer {
		given = f.deviating()
	}
	e := ofNeuron(f.problem, j, x, given...)
	e.Space.deviateSD = f.GivenSD
	p, err := e.compile()
	if err != nil {
		return nil, err
	}
	g := newSession(p, Settings{Method: GaussNewton, Starts: starts, Seed: f.Seed, Logger: f.Logger})
	if err := g.offer(ctx, p.x); err != nil {
		return nil, err
	}
	first := g.best.loss
	if err := forcedFit(ctx, g, g.start, starts, f.Seed); err != nil {
		return nil, err
	}
	if err := likelihood(ctx, g); err != nil {
		return nil, err
	}
	r, err := g.result(schedule{ctx, ctx, ctx}, first)
	if err != nil {
		return nil, err
	}
	if p, err = g.forcing(ctx); err != nil {
		return nil, err
	}
	forced, err := p.forced(0, 0).loss(ctx, g.best.x)
	return &alone{r, forced}, err
}

// assessPopulation replaces what the sensitivities say of the currents by what the differences
// between the neurons do.
func assessPopulation(p *problem, id *identification, list []hierarchy) {
	const resolution = 0.1 // as that of identify.Analyze
	for k, c := range p.coords {
		lo, hi := p.box.At(k)
		id.verdict[c.name] = Unidentified
		if h := list[k]; !math.IsInf(h.se, 1) {
			lo, hi = h.low, h.high
			if c.steps() {
				id.verdict[c.name] = SetOnly
			} else if h.se <= resolution {
				id.verdict[c.name] = Identified
			}
		}
		id.interval[c.name] = [2]float64{p.value(k, lo), p.value(k, hi)}
	}
	id.open = slices.DeleteFunc(id.open, func(o Open) bool {
		for name := range o.Direction {
			if id.verdict[name] == Unidentified {
				return false
			}
		}
		return true
	})
}
