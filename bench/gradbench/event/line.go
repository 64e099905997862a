package event

import (
	"fmt"
	"math"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/internal/random"
)

// Line is the loss of one input along a straight line through the weights,
//
//	w(x) = w + x |w| u,  |u| = 1
//
// with the exact slope of the loss: x is the length in units of the norm of the weights.
type Line struct {
	n      *Net
	sample sample
	u      []float64 // the direction times the norm of the weights
	run    *run
	g      []float64
}

// Line returns the line in a direction of normal random numbers, for the input of a draw.
func (n *Net) Line(direction, draw uint64) (*Line, error) {
	s, err := n.sample(draw)
	if err != nil {
		return nil, err
	}
	l := &Line{n: n, sample: s, u: make([]float64, len(n.P)), run: new(run), g: make([]float64, len(n.P))}
	rng := random.New(n.Seed, "gradbench/line", direction)
	weights := n.Layout(grid).Weights
	uu, ww := 0.0, 0.0
	for k := range weights {
		l.u[k] = random.Normal(rng)
		uu, ww = uu+l.u[k]*l.u[k], ww+n.P[k]*n.P[k]
	}
	for k := range weights {
		l.u[k] *= math.Sqrt(ww / uu)
	}
	return l, nil
}

// At returns the loss at x, its slope, and the number of spikes.
func (l *Line) At(x float64) (loss, slope float64, spikes int, err error) {
	if l == nil || l.n == nil {
		return 0, 0, 0, errNet
	}
	p := make([]float64, len(l.u))
	for k := range p {
		p[k] = l.n.P[k] + x*l.u[k]
	}
	r, err := l.n.forward(l.run, p, l.sample.input)
	if err != nil {
		return 0, 0, 0, err
	}
	loss = l.n.loss(r, l.sample, nil)
	for i := range r.tapes {
		spikes += len(r.tapes[i].Spikes)
	}
	clear(l.g)
	if err := l.n.backward(r, l.sample, eventprop.Adjoint, l.g); err != nil {
		return 0, 0, 0, err
	}
	for k, g := range l.g {
		slope += g * l.u[k]
	}
	return loss, slope, spikes, nil
}

// Jumps are the jumps of a loss along a line.
type Jumps struct {
	Count  int
	Size   float64 // sum of their sizes
	Spikes float64 // mean number of spikes along the line
}

// narrow is the length of an interval within which a difference is a jump.
const narrow = 1e-9

// Jumps finds the jumps that are larger than a bound, from -half to half. Between points of a grid
// the loss is what its exact slopes say, by the trapezoid rule; where it is not, to the bound, the
// interval is halved, until that holds or a jump is left. Two jumps between points of the grid that
// cancel are not seen.
func (l *Line) Jumps(half float64, grid int, bound float64) (Jumps, error) {
	type point struct{ x, loss, slope float64 }
	var j Jumps
	if !(half > 0) || math.IsInf(half, 1) || grid < 1 || !(bound > 0) {
		return j, fmt.Errorf("event: jumps from -%g to it at %d points, above %g: want numbers > 0", half, grid, bound)
	}
	at := func(x float64) (point, int, error) {
		loss, slope, spikes, err := l.At(x)
		return point{x, loss, slope}, spikes, err
	}
	var between func(a, b point) error
	between = func(a, b point) error {
		change := b.loss - a.loss
		if math.Abs(change-(b.x-a.x)*(a.slope+b.slope)/2) <= bound {
			return nil
		}
		if b.x-a.x < narrow {
			if math.Abs(change) > bound { // else it is a slope without bound, where a spike grazes
				j.Count++
				j.Size += math.Abs(change)
			}
			return nil
		}
		m, _, err := at((a.x + b.x) / 2)
		if err != nil {
			return err
		}
		if err := between(a, m); err != nil {
			return err
		}
		return between(m, b)
	}
	var last point
	for i := range grid + 1 {
		p, spikes, err := at(half * (2*float64(i)/float64(grid) - 1))
		if err != nil {
			return j, err
		}
		j.Spikes += float64(spikes) / float64(grid+1)
		if i > 0 {
			if err := between(last, p); err != nil {
				return j, err
			}
		}
		last = p
	}
	return j, nil
}
