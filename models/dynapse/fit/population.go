package fit

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/optim/minimize"
)

// Neurons that share their currents differ all the same, by the mismatch of their transistors. The currents that fit all of them best are not those that they share:
// a membrane that runs away a little earlier is off by many e-folds, and the least squares pay any price to avoid that. Each neuron by itself is fitted well, and what they
// share is in the middle of what was found. This is the two-stage estimator of a population (Steimer, Mallet, Golmard & Boisvieux 1984, doi:10.3109/03602538409015066) with
// medians in place of means, as some of the neurons end far away:
//
//	x = median_j x_j,   SE = 1.2533 · 1.4826 median_j |x_j - x| / sqrt(J)
//
// with an interval of SE times the quantile of Student's t of J-1 degrees of freedom: the standard error of the median of J normal variables, and their standard deviation from the median of their distances. For currents that act in steps the interval that
// leaves a neuron as it is adds to that.

// scouts is the number of neurons that are fitted from all starts; the others begin at their median.
const scouts = 3

// several says whether neurons share a fitted current and can be fitted each by itself, to recordings alone.
func (p *problem) several() bool {
	return p.Network.WRec == nil && len(p.summed)+len(p.wishes) == 0 && p.spikes != nil && slices.ContainsFunc(p.coords, func(c coordinate) bool { return len(p.seen(c.neurons)) > 1 })
}

// seen returns those of some neurons that were recorded.
func (p *problem) seen(neurons []int) (list []int) {
	for _, j := range neurons {
		for i := range p.recordings {
			r := &p.recordings[i]
			at := j
			for at < len(r.Input) && r.weight(at) == 0 {
				at += p.Network.N
			}
			if at < len(r.Input) {
				list = append(list, j)
				break
			}
		}
	}
	return list
}

// alone returns the experiment of neuron j, from the point x.
func (p *problem) alone(j int, x []float64) Experiment {
	n := p.Network.N
	e := Experiment{Space: p.Space}
	e.Space.Network.N, e.Space.Core, e.Space.Tie = 1, nil, Core
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
	column := func(v []float64) (out []float64) {
		for i := j; i < len(v); i += n {
			out = append(out, v[i])
		}
		return out
	}
	for _, r := range p.recordings {
		r.Name = fmt.Sprintf("%s, neuron %d", r.Name, j) // its label stays
		r.Input, r.Weight = column(r.Input), column(r.Weight)
		for q := range r.Target {
			r.Target[q] = column(r.Target[q])
		}
		if r.samples() > 0 {
			e.Recordings = append(e.Recordings, r)
		}
	}
	return e
}

// alike is the standard deviation of ln I up to which neurons are taken to have the same currents, and wellApart the part of the loss that is left by fits of single neurons where they have not.
const (
	alike     = 0.02
	wellApart = 0.25
)

// populationEstimate fits every neuron by itself. The median of each current over the neurons that share it is a start where the neurons are alike, and with errors the answer where they
// differ and single ones are fitted much better than all are. Otherwise nothing changes. least is a good loss.
func populationEstimate(ctx context.Context, f *session, least float64) error {
	const phase = "neurons"
	o, err := f.memoize(phase, func(*optim.State) (outcome, error) { return population(ctx, f, phase) })
	if err != nil {
		return err
	}
	if len(o.values) != 3 || len(o.values[0]) != len(f.coords) || len(o.values[1]) != 1 || len(o.values[2]) != len(f.coords) {
		return errCheckpoint
	}
	x, own, se := o.values[0], o.values[1][0], o.values[2]
	if f.differ(se) <= alike {
		if err := forcedFit(ctx, f, x, 1, f.Seed); err != nil || f.best.loss <= least {
			return err
		}
	}
	if own > wellApart*f.best.loss {
		return nil
	}
	loss, err := f.problem.loss(ctx, x)
	if err != nil {
		return err
	}
	f.best = answer{x: x, loss: loss + f.penalty(x), errors: se}
	f.notes = append(f.notes, "the neurons differ: each was fitted by itself, and the currents are the medians over the neurons that share them")
	return nil
}

// differ returns the largest standard deviation between neurons of a current that acts smoothly, from standard errors of the median.
func (p *problem) differ(se []float64) (most float64) {
	for k, c := range p.coords {
		if !c.steps() && !math.IsInf(se[k], 1) {
			most = max(most, se[k]*math.Sqrt(float64(len(p.seen(c.neurons))))/medianError)
		}
	}
	return most
}

// medianError is the standard error of the median of J normal variables, times sqrt(J) and over their standard deviation, and fromDistances their standard deviation over the median of their
// distances from it.
const (
	medianError   = 1.2533 // sqrt(π/2)
	fromDistances = 1.4826
)

// population returns the medians of the neurons, the median of their losses, and the standard errors, infinite where half of them do not determine a current.
func population(ctx context.Context, f *session, phase string) (outcome, error) {
	neurons := f.seen(every(f.Network.N))
	found := make([]*Result, f.Network.N)
	x := f.start
	first := min(scouts, len(neurons))
	starts := f.Starts
	o := outcome{status: minimize.Converged}
	var se, losses []float64
	for _, part := range [][]int{neurons[:first], neurons[first:]} {
		fitted, err := separately(ctx, f, part, x, starts)
		if err != nil {
			return o, err
		}
		for i, r := range fitted {
			found[part[i]] = r
			o.evaluations += r.Evaluations
			losses = append(losses, r.Loss)
		}
		x, se = f.medians(found)
		starts = min(2, starts)
		if err := f.report(Progress{Phase: phase, Step: len(part), Loss: f.best.loss, Best: f.best.loss, Evaluations: f.evaluations + o.evaluations, Gradients: f.gradients}, nil); err != nil {
			return o, err
		}
	}
	o.values = [][]float64{x, {median(losses)}, se}
	return o, nil
}

// separately fits neurons, each by itself, from the point x.
func separately(ctx context.Context, f *session, neurons []int, x []float64, starts int) ([]*Result, error) {
	results, errs := make([]*Result, len(neurons)), make([]error, len(neurons))
	kernel.Blocks(len(neurons), 1, func(i, _ int) {
		if errs[i] = ctx.Err(); errs[i] == nil {
			results[i], errs[i] = single(ctx, f, neurons[i], x, starts)
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return results, nil
}

// single fits neuron j from the point x, in one round.
func single(ctx context.Context, f *session, j int, x []float64, starts int) (*Result, error) {
	p, err := f.alone(j, x).compile()
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
	return g.result(schedule{ctx, ctx, ctx}, first)
}

// medians returns the median of each coordinate over its neurons, and the standard error. Neurons whose fit has ended in a bad minimum do not count where others have not.
func (f *session) medians(found []*Result) (x, se []float64) {
	x, se = make([]float64, len(f.coords)), make([]float64, len(f.coords))
	limit := noisy * f.wellFitted()
	good := func(j int) bool { return found[j] != nil && found[j].Loss <= limit }
	for k, c := range f.coords {
		some := slices.ContainsFunc(c.neurons, good)
		var values, widths []float64
		open := 0
		for _, j := range c.neurons {
			if r := found[j]; r != nil && (good(j) || !some) {
				p := r.Parameter(c.alone())
				if p.Name == "" {
					continue
				}
				values = append(values, c.at(p.Value))
				width := 0.0
				switch p.Verdict {
				case Unidentified:
					open++
				case SetOnly:
					width = c.at(p.Interval[1]) - c.at(p.Interval[0])
				}
				widths = append(widths, width)
			}
		}
		if x[k], se[k] = f.start[k], math.Inf(1); len(values) == 0 {
			continue
		}
		x[k] = median(values)
		if 2*open < len(values) && len(values) > 1 {
			for i, v := range values {
				values[i] = math.Abs(v - x[k])
			}
			se[k] = medianError*fromDistances*median(values)/math.Sqrt(float64(len(values))) + median(widths)/(2*1.96)
		}
	}
	f.box.Project(x)
	return x, se
}

// median sorts x and returns its middle.
func median(x []float64) float64 {
	slices.Sort(x)
	n := len(x)
	return (x[(n-1)/2] + x[n/2]) / 2
}

// assess replaces what the sensitivities say of the currents by what the differences between the neurons do.
func (p *problem) assess(id *identification, x, errors []float64) {
	const resolution = 0.1 // as that of identify.Analyze
	for k, c := range p.coords {
		lo, hi := p.box.At(k)
		id.verdict[c.name] = Unidentified
		if se := errors[k]; !math.IsInf(se, 1) {
			t := distuv.StudentsT{Sigma: 1, Nu: float64(len(p.seen(c.neurons)) - 1)}.Quantile(0.975)
			lo, hi = max(lo, x[k]-float64(t*se)), min(hi, x[k]+float64(t*se))
			se *= t / 1.96
			if c.steps() {
				id.verdict[c.name] = SetOnly
			} else if se <= resolution {
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
