package fit

import (
	"context"
	"math"
	"slices"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/optim/minimize"
)

// With several steps in a bin, a recording says in which bin a spike is, and not in which step;
// forced at the end of its bin, it comes up to a bin late. So the fit goes on with bins as short as
// the steps, in which only the last of each bin was recorded. In which step a spike is follows from
// the trace up to the next spike, which a reset alone begins anew: of all steps of the bin the one
// with the least squares is taken, for all spikes at once, as they do not depend on each other.
// Currents and steps are found in turn.
//
// A reset that is earlier, and a refractory time that is longer by as much, leave the same trace.
// Which of them is right the threshold says: it must lie above the membrane in the steps before a
// spike, and below in that of the spike.

// stepRounds is how often currents and steps are found in turn, at most, and mostShift by how many
// steps the refractory time is moved against the spikes.
const (
	stepRounds  = 40
	crossRounds = 6 // how often the free network is asked for them
	mostShift   = 15
)

// stepsOf are the steps of spikes: of each recording, in each bin of a neuron.
type stepsOf [][]int

func (s stepsOf) equal(t stepsOf) bool { return slices.EqualFunc(s, t, slices.Equal) }

// stepping is a problem with several steps in a bin.
type stepping struct{ *problem }

// coarse returns the problem with one step in a bin.
func (p stepping) coarse() *problem {
	if p.Network.Substeps <= 1 {
		return p.problem
	}
	q, s := *p.problem, *p.space
	s.Network.Substeps = 1
	q.space = &s
	return &q
}

// placeable says whether traces tell in which step of its bin a spike is.
func (p *problem) placeable() bool {
	return p.Network.Substeps > 1 && p.spikes != nil && p.hasTraces() && !slices.ContainsFunc(p.segments, func(list []restart) bool { return len(list) > 0 })
}

// stepsAt are the steps in which the free network at x spikes, and of spikes that it has elsewhere
// those that leave the least squares.
func (p stepping) stepsAt(ctx context.Context, x []float64) (stepsOf, error) {
	steps, err := p.place(ctx, x, nil)
	if err != nil {
		return nil, err
	}
	return p.crossed(ctx, x, steps)
}

// withinBins fits with spikes forced in steps, from x. It ends with the round that leaves spikes in
// steps with which one began: from there on all repeat.
func withinBins(ctx context.Context, f *session, x []float64) error {
	if !f.placeable() {
		return nil
	}
	in := stepping{f.problem}
	steps, err := in.stepsAt(ctx, x)
	if err != nil {
		return err
	}
	var loss float64
	var begun []stepsOf
	for range crossRounds {
		begun = append(begun, steps)
		limit := 30 // a start is far; afterwards a few steps are as good as the spikes are known
		for range stepRounds {
			q := in.stepped(steps)
			if x, loss, err = f.minimise(ctx, "steps", q.forced(0, 0).optim(), x, minimize.LevenbergMarquardt{Steps: limit}, nil); err != nil {
				return err
			}
			placed, err := in.place(ctx, x, steps)
			if err != nil {
				return err
			}
			if placed.equal(steps) {
				break
			}
			steps, limit = placed, 3
		}
		for _, k := range f.index(dynapse.Iref) {
			if x, steps, loss, err = lengthen(ctx, f, k, x, steps, loss); err != nil {
				return err
			}
			if x, steps, err = in.shift(ctx, k, x, steps, loss); err != nil {
				return err
			}
		}
		f.found = x
		before := f.best.loss
		points, err := stepping{in.stepped(steps)}.crossings(ctx, x)
		if err != nil {
			return err
		}
		for _, y := range points {
			if err := f.offer(ctx, y); err != nil {
				return err
			}
		}
		if f.best.loss < before {
			x = f.best.x
		}
		if steps, err = in.crossed(ctx, x, steps); err != nil {
			return err
		}
		if f.best.loss <= exact || slices.ContainsFunc(begun, steps.equal) {
			break
		}
	}
	return nil
}

// nearlyExact is a loss of traces that is left by a spike or two in a wrong step.
const nearlyExact = 1e-5

// lengthen looks for a refractory time of some steps more or less, with spikes and currents of its
// own, that leaves less of the traces. It goes on where it was right, by twice as many steps.
func lengthen(ctx context.Context, f *session, k int, x []float64, steps stepsOf, loss float64) ([]float64, stepsOf, float64, error) {
	in, last := stepping{f.problem}, 0
	for again := loss > nearlyExact; again; {
		again = false
		tries := []int{-1, 1, -2, 2}
		if last != 0 {
			tries = []int{2 * last, last, -1, 1}
		}
		for _, by := range tries {
			y := slices.Clone(x)
			y[k] = f.lnIref(k, float64(f.bins(k, x[k])+by)-0.5)
			if lo, hi := f.box.At(k); f.bins(k, x[k])+by < 1 || y[k] < lo || y[k] > hi {
				continue
			}
			placed, err := in.place(ctx, y, steps)
			if err != nil {
				return nil, nil, 0, err
			}
			y, l, err := f.minimise(ctx, "steps", in.stepped(placed).forced(0, 0).optim(), y, minimize.LevenbergMarquardt{Steps: 5}, nil)
			if err != nil {
				return nil, nil, 0, err
			}
			if l < 0.9*loss {
				x, steps, loss, last, again = y, placed, l, by, l > nearlyExact
				break
			}
		}
	}
	return x, steps, loss, nil
}

// nearThreshold are the distances from the ends of what the spikes allow at which a threshold is
// tried, in e-folds.
var nearThreshold = [...]float64{2e-4, 2e-3, 2e-2}

// crossings returns x with thresholds in the middle of what the spikes allow, and next to its ends:
// where the step of a spike that nothing depends on is a wrong one, one of the ends is wrong.
func (p stepping) crossings(ctx context.Context, x []float64) ([][]float64, error) {
	middle, err := p.centre(ctx, x)
	if err != nil {
		return nil, err
	}
	points := [][]float64{middle}
	ks := p.index(dynapse.Ispkthr)
	if len(ks) == 0 {
		return points, nil
	}
	brackets, err := p.thresholds(ctx, x)
	if err != nil {
		return nil, err
	}
	for _, d := range nearThreshold {
		for _, side := range []float64{-1, 1} {
			y := slices.Clone(x)
			for i, k := range ks {
				end := brackets[i].High
				if side > 0 {
					end = brackets[i].Low
				}
				if end > 0 && !math.IsInf(end, 0) {
					y[k] = fmath.Log(end) + float64(side*d)
				}
			}
			p.box.Project(y)
			points = append(points, y)
		}
	}
	return points, nil
}

// crossed returns the steps in which the free network at x spikes where it spikes in the bins of
// the recording, and those given elsewhere.
func (p stepping) crossed(ctx context.Context, x []float64, steps stepsOf) (stepsOf, error) {
	q := p.stepped(steps)
	net := q.system(x)
	out := make(stepsOf, len(steps))
	for i := range p.recordings {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		r := &q.recordings[i]
		run, err := net.Simulate(dynapse.Input{T: r.T, B: r.B, Counts: q.input(&net, i), DC: q.dc(i, 1), Initial: q.initial(&net, i)})
		if err != nil {
			return nil, notFinite(err)
		}
		out[i] = slices.Clone(steps[i])
		for bin, count := range p.spikes[i] {
			at, sum := -1, 0.0
			for s := range p.Network.Substeps {
				if c := run.Spikes[p.inStep(i, bin, s)]; c > 0 {
					at, sum = s, sum+c
				}
			}
			if count == 1 && sum == 1 {
				out[i][bin] = at
			}
		}
	}
	return out, nil
}

// stepped returns the problem whose bins are the steps of p, with spikes in these steps, or in the
// last of their bins.
func (p stepping) stepped(steps stepsOf) *problem {
	k, n := p.Network.Substeps, p.Network.N
	q, s := *p.problem, *p.space
	s.Network.Substeps = 1
	s.start[dynapse.Dt] = make([]float64, n)
	for j := range n {
		s.start[dynapse.Dt][j] = p.start[dynapse.Dt][j] / float64(k)
	}
	s.Network.Params[dynapse.Dt] = s.start[dynapse.Dt]
	q.space, q.dt, q.interval, q.recordings, q.spikes = &s, p.dt/float64(k), k, slices.Clone(p.recordings), nil
	for i := range q.recordings {
		r, old := &q.recordings[i], &p.recordings[i]
		r.T *= k
		r.Input = p.spaced(i, old.Input, 0, 0)
		r.DC = p.everywhere(i, old.DC)
		r.Weight = make([]float64, k*old.size())
		for bin := range old.size() {
			r.Weight[p.inStep(i, bin, k-1)] = old.weight(bin)
		}
		for quantity := range r.Target {
			r.Target[quantity] = p.spaced(i, old.Target[quantity], k-1, math.NaN())
		}
		spikes := make([]float64, k*old.size())
		for bin, count := range p.spikes[i] {
			for step := range k {
				if count != count {
					spikes[p.inStep(i, bin, step)] = count
				}
			}
			if count > 0 {
				step := k - 1
				if steps != nil && count == 1 {
					step = steps[i][bin]
				}
				spikes[p.inStep(i, bin, step)] = count
			}
		}
		if r.Target[Spikes] != nil {
			r.Target[Spikes] = spikes
		}
		q.spikes = append(q.spikes, spikes)
	}
	q.segments = make([][]restart, len(q.recordings))
	return &q
}

// inStep is the index of a step of a bin of recording i.
func (p stepping) inStep(i, bin, step int) int {
	width := p.recordings[i].B * p.Network.N
	return (bin/width*p.Network.Substeps+step)*width + bin%width
}

// spaced puts a value of each bin of recording i into a step of it.
func (p stepping) spaced(i int, v []float64, step int, empty float64) []float64 {
	if v == nil {
		return nil
	}
	out, width := slices.Repeat([]float64{empty}, p.Network.Substeps*len(v)), len(v)/p.recordings[i].T
	for bin, x := range v {
		out[(bin/width*p.Network.Substeps+step)*width+bin%width] = x
	}
	return out
}

// everywhere puts a value of each bin of recording i into all steps of it.
func (p stepping) everywhere(i int, v []float64) (out []float64) {
	width := len(v) / p.recordings[i].T
	for bin := range p.recordings[i].T {
		for range p.Network.Substeps {
			out = append(out, v[bin*width:(bin+1)*width]...)
		}
	}
	return out
}

// place returns the steps of spikes with the least squares at x; of those that are equal the one
// that it has in old. It costs as many simulations as a bin has steps.
func (p stepping) place(ctx context.Context, x []float64, old stepsOf) (stepsOf, error) {
	k := p.Network.Substeps
	q := p.stepped(nil)
	net := q.system(slices.Repeat([][]float64{x}, k)...)
	placed := make(stepsOf, len(p.recordings))
	for i := range p.recordings {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		r := &p.recordings[i]
		width := r.B * p.Network.N
		forced := make([]float64, r.T*k*k*width) // [T steps, samples, B, N]: all spikes of sample s are in step s
		for bin, count := range p.spikes[i] {
			for s := range k {
				step := s
				if count > 1 {
					step = k - 1
				}
				if count > 0 {
					forced[((bin/width*k+step)*k+s)*width+bin%width] = count
				}
			}
		}
		run, err := q.shoot(net, i, forced)
		if err != nil {
			return nil, notFinite(err)
		}
		placed[i] = make([]int, len(p.spikes[i]))
		for row := range width {
			var bins []int
			for t := range r.T {
				if p.spikes[i][t*width+row] > 0 {
					bins = append(bins, t)
				}
			}
			for a, from := range bins {
				to := r.T
				if a+1 < len(bins) {
					to = bins[a+1]
				}
				best, least := k-1, math.Inf(1)
				bin := from*width + row
				for s := range k {
					sum := 0.0
					probe := net.probe(s, i)
					for t := from; t < to; t++ {
						at := t*width + row
						if w := r.weight(at); w > 0 {
							sum += float64(w * p.squares(r, run, probe, at, ((t*k+k-1)*k+s)*width+row, t))
						}
					}
					if old != nil && s == old[i][bin] {
						sum *= 1 - 1e-6
					}
					if sum < least {
						best, least = s, sum
					}
				}
				placed[i][bin] = best
			}
		}
	}
	return placed, nil
}

// squares is the loss of the traces of a sample that spikes act on, at element e of a run.
func (p stepping) squares(r *Recording, run *dynapse.Run, probe probe, at, e, t int) (sum float64) {
	for q := range Spikes {
		if !r.Use[q] || q == Isyn {
			continue
		}
		x, _ := probe.shown(q, [...][]float64{Imem: run.Imem, Iahp: run.Iahp, Vmem: run.Vmem}[q][e], t, r.T)
		d := p.difference(q, x, r.Target[q][at])
		sum += float64(r.scale(q) * d * d)
	}
	return sum
}

// shift moves the spikes of the neurons of refractory time k against it, to where their threshold
// has the most room. loss is that of the traces.
func (p stepping) shift(ctx context.Context, k int, x []float64, steps stepsOf, loss float64) ([]float64, stepsOf, error) {
	const tolerated = 2 // times the loss, by spikes that would leave their bin
	last := p.Network.Substeps - 1
	bestX, bestSteps, most := x, steps, math.Inf(-1)
	was := p.bins(k, x[k])
	for by := -mostShift; by <= mostShift; by++ {
		y := slices.Clone(x)
		if by != 0 {
			y[k] = p.lnIref(k, float64(was+by)-0.5)
		}
		if lo, hi := p.box.At(k); was+by < 1 || y[k] < lo || y[k] > hi {
			continue
		}
		moved := make(stepsOf, len(steps))
		n := p.Network.N
		for i := range steps {
			moved[i] = slices.Clone(steps[i])
			for bin := range moved[i] {
				if slices.Contains(p.coords[k].neurons, bin%n) && p.spikes[i][bin] == 1 {
					moved[i][bin] = min(max(moved[i][bin]-by, 0), last)
				}
			}
		}
		q := p.stepped(moved)
		got, err := q.forced(0, 0).loss(ctx, y)
		if err != nil {
			return nil, nil, err
		}
		if got > tolerated*loss+wellFitted*surely {
			continue
		}
		brackets, err := q.thresholds(ctx, y)
		if err != nil {
			return nil, nil, err
		}
		room := 0.0
		for _, b := range brackets {
			room += fmath.Log(b.High / b.Low)
		}
		if math.IsInf(room, 0) || room != room {
			continue
		}
		if room -= math.Log1p(got / (loss + exact)); room > most {
			bestX, bestSteps, most = y, moved, room
		}
	}
	return bestX, bestSteps, nil
}
