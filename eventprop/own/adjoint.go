package own

import (
	"fmt"

	"github.com/surge-snn/surge/eventprop"
)

// backward is the adjoint of a pass. With y the states after the step before an event at time T, h
// the length of that step, and a the derivatives of the loss to the states after the jump r(y),
//
//	a <- r' a
//	dL/dT = a.dy/dh + C                                  at an arrival
//	a <- a - c g_x,  c = (a.dy/dh + G + C)/(g_x.dy/dh)   at a spike, g(y) = 0
//
// with G the derivative of the loss to the time of the spike by its arrivals and the loss itself,
// and C that by the steps after the event, which begin at T: -dL/dh of the step up to the next.
type backward struct {
	*pass
	g     *eventprop.Gradients
	time  []float64   // dL/d(time) of each found spike
	input []float64   // of each input spike; nil if that is not asked for
	adj   [][]float64 // dL/dx of each neuron
	carry []float64   // C of each neuron
	sums  [][]float64 // dL/dp of each neuron, of one for all if they are alike
	g1    []float64   // of the threshold
	p1    []float64
}

// Backward adds the gradients of the sample. Errors: eventprop.ErrShape, eventprop.ErrGrazing for a
// spike that touches its threshold with slope 0, and ErrCell for a cell that panics.
func (r *pass) Backward(g *eventprop.Gradients, time, inputTime []float64) (err error) {
	defer caught(&err)
	if r == nil || !r.ready || g == nil {
		return fmt.Errorf("%w: a backward pass needs a forward pass", eventprop.ErrShape)
	}
	if len(time) != len(r.spikes) {
		return fmt.Errorf("%w: %d derivatives for %d spikes", eventprop.ErrShape, len(time), len(r.spikes))
	}
	n := len(r.states)
	b := &backward{
		pass: r, g: g, time: make([]float64, len(r.found)), input: inputTime, carry: make([]float64, r.in.Post),
		g1: make([]float64, n), p1: make([]float64, len(r.params)),
	}
	for i, at := range r.place {
		b.time[i] = time[at]
	}
	all := make([]float64, n*r.in.Post)
	for j := range r.in.Post {
		b.adj = append(b.adj, all[j*n:(j+1)*n])
	}
	for range r.p {
		b.sums = append(b.sums, make([]float64, len(r.params)))
	}
	for k := len(r.log) - 1; k >= 0; k-- {
		if err := b.undo(&r.log[k]); err != nil {
			return err
		}
	}
	for j, a := range b.adj {
		r.f.pullStart(b.sums[r.one(j)], a, r.p[r.one(j)])
	}
	for j, sum := range b.sums {
		for k, v := range sum {
			if k < len(g.Neuron) && len(g.Neuron[k]) > 0 {
				g.Neuron[k][min(j, len(g.Neuron[k])-1)] += v
			}
		}
	}
	return nil
}

// undo takes the adjoint of a neuron to before an entry.
func (b *backward) undo(e *entry) error {
	j := int(e.neuron)
	a, p, ap := b.adj[j], b.p[b.one(j)], b.sums[b.one(j)]
	x := b.held[e.x : e.x+len(a)]
	switch e.kind {
	case given:
		if !zero(a) {
			b.pull(a, ap, x, e.h, p)
		}
	case lifted:
		b.f.PullReset(a, ap, x, p)
		b.carry[j] += b.time[e.source]
	case crossed:
		d := b.time[e.source] + b.carry[j]
		if b.carry[j] = 0; d == 0 && zero(a) {
			return nil
		}
		b.step(x, e.h, p)
		copy(b.spike, b.z[6])
		b.f.PullReset(a, ap, b.spike, p)
		clear(b.g1)
		clear(b.p1)
		b.f.PullThreshold(b.g1, b.p1, 1, b.spike, p)
		slope := b.pull(b.g1, b.p1, x, e.h, p)
		c := (b.pull(a, ap, x, e.h, p) + d) / slope
		if c-c != 0 {
			return fmt.Errorf("%w: neuron %d at %g s, with dg/dt = %g", eventprop.ErrGrazing, j, b.found[e.source].Time, slope)
		}
		for n, v := range b.g1 {
			a[n] -= float64(c * v)
		}
		for k, v := range b.p1 {
			ap[k] -= float64(c * v)
		}
		b.carry[j] = d
	default:
		if b.carry[j] == 0 && zero(a) {
			return nil
		}
		weight := b.in.Weight
		if e.kind == arrivalRec {
			weight = b.rec.Weight
		}
		b.step(x, e.h, p)
		copy(b.spike, b.z[6])
		dw := b.f.pullArrive(a, ap, b.spike, weight[e.synapse], p)
		length := b.pull(a, ap, x, e.h, p)
		b.arrival(e, length+b.carry[j], dw)
		b.carry[j] = -length
	}
	return nil
}

// arrival adds the derivatives d to the time and dw to the weight of an arrival.
func (b *backward) arrival(e *entry, d, dw float64) {
	weight, delay := b.g.In, b.g.InDelay
	if e.kind == arrivalRec {
		weight, delay = b.g.Rec, b.g.RecDelay
		b.time[e.source] += d
	} else if b.input != nil {
		b.input[e.source] += d
	}
	if weight != nil {
		weight[e.synapse] += dw
	}
	if len(delay) > 0 {
		delay[e.synapse] += d
	}
}

func zero(x []float64) bool {
	for _, v := range x {
		if v != 0 {
			return false
		}
	}
	return true
}
