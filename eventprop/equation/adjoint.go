package equation

import (
	"fmt"

	"github.com/surge-snn/surge/eventprop"
)

// Backward returns the gradients of a loss with the derivatives time to the times of the spikes.
//
// It is the adjoint of the steps that the solver took (discretise, then differentiate), with the
// jumps of EventProp between them. With a = dL/dx of a neuron, f the slopes and J the derivative of
// the jump x <- j(x) at an event at T,
//
//	a <- J' a,  D = (J' a) f(before) - a f(after)            dL/dT by the states after it
//	a <- J' a - (D + G)/(g_x f(before)) g_x                  at a spike, where the threshold g reaches 0
//
// with G the derivative of the loss to the time of the spike by its arrivals, the end of its hold,
// and the loss itself. That of an arrival goes to the spike that arrives and to its delay; that of
// the end of a hold to its spike and to the refractory time. The steps themselves are taken as
// given, so that the gradient is that of the numbers of the forward pass to its tolerance.
func (r *Run) Backward(time []float64) (*Gradients, error) {
	if r.layer == nil {
		return nil, fmt.Errorf("%w: a backward pass needs a forward pass", eventprop.ErrShape)
	}
	if len(time) != len(r.Spikes) {
		return nil, fmt.Errorf("%w: %d derivatives for %d spikes", eventprop.ErrShape, len(time), len(r.Spikes))
	}
	l, m := r.layer, r.layer.Model
	n, states := l.In.Post, len(m.States)
	b := backward{
		Run: r, time: append([]float64(nil), time...), extra: make([]float64, n), adj: make([][]float64, n), params: make([][]float64, n),
		before: make([]float64, states), after: make([]float64, states), kept: make([]float64, states),
		g: &Gradients{In: make([]float64, len(l.In.Weight)), InputTime: make([]float64, len(r.input)), Params: map[string][]float64{}},
	}
	for j := range n {
		b.adj[j], b.params[j] = make([]float64, states), make([]float64, len(r.s.x))
	}
	if l.In.Delay != nil {
		b.g.InDelay = make([]float64, len(l.In.Weight))
	}
	if l.Rec != nil {
		b.g.Rec = make([]float64, len(l.Rec.Weight))
		if l.Rec.Delay != nil {
			b.g.RecDelay = make([]float64, len(l.Rec.Weight))
		}
	}
	for k := len(r.log) - 1; k >= 0; k-- {
		if err := b.undo(&r.log[k]); err != nil {
			return nil, err
		}
	}
	for j := range n {
		copy(r.s.x, r.neurons[j].x)
		clear(r.s.state())
		r.s.jumpBack(&m.start, b.adj[j], b.params[j], false)
		for k, name := range m.Params {
			g := b.g.Params[name]
			if g == nil {
				g = make([]float64, len(l.Params[name]))
				b.g.Params[name] = g
			}
			g[min(j, len(g)-1)] += b.params[j][1+states+k]
		}
	}
	return b.g, nil
}

// backward is the state of the adjoint pass.
type backward struct {
	*Run
	g      *Gradients
	time   []float64   // dL/d(time) of each spike
	extra  []float64   // dL/d(time) of spikes that an arrival of the neuron made at once
	adj    [][]float64 // dL/dx of each neuron
	params [][]float64 // dL/d(w, states, parameters) of each neuron

	before, after, kept []float64
}

// undo takes the adjoint of a neuron to before an entry.
func (b *backward) undo(e *entry) error {
	s, m, j := b.s, b.layer.Model, e.neuron
	adj, grads := b.adj[j], b.params[j]
	x := b.states[e.x : e.x+len(m.States)]
	copy(s.x, b.neurons[j].x) // parameters
	copy(s.state(), x)
	switch e.kind {
	case step:
		s.stepBack(adj, grads, x, e.h, e.held)
	case release:
		s.slope(b.before, s.values[0], true)
		s.slope(b.after, s.values[0], false)
		d := dot(adj, b.before) - dot(adj, b.after)
		b.time[e.source] += d
		grads[1+len(x)+m.refractory] += d
	case arrivalIn, arrivalRec:
		grads[0] = 0
		d := b.through(&m.input, e, e.held, e.held) + b.extra[j]
		b.extra[j] = 0
		b.arrival(e, d, grads[0])
	default:
		d := b.through(&m.reset, e, e.held, m.refractory >= 0 && b.layer.value(m.refractory, int(j)) > 0) + b.time[e.source]
		if e.kind == lifted {
			b.extra[j] += d
			return nil
		}
		s.threshold()
		clear(s.grad)
		s.m.threshold.pull(s.grad, s.bar, s.other, []float64{1})
		slope := dot(s.grad[1:1+len(x)], b.before)
		c := d / slope
		if d == 0 {
			return nil
		}
		if c-c != 0 {
			return fmt.Errorf("%w: neuron %d at %g s, with dg/dt = %g", eventprop.ErrGrazing, j, e.time, slope)
		}
		for i := range adj {
			adj[i] -= float64(c * s.grad[1+i])
		}
		for k := 1 + len(x); k < len(grads); k++ {
			grads[k] -= float64(c * s.grad[k])
		}
	}
	return nil
}

// through takes the adjoint through a jump of the state at e, and returns D. held says whether
// states are held before and after it. b.before are the slopes before.
func (b *backward) through(p *program, e *entry, heldBefore, heldAfter bool) float64 {
	s, j := b.s, e.neuron
	held := heldBefore && p == &b.layer.Model.input
	s.x[0] = e.w
	copy(b.kept, s.state())
	s.slope(b.before, s.values[0], heldBefore)
	s.jump(p, held)
	s.slope(b.after, s.values[0], heldAfter)
	copy(s.state(), b.kept)
	d := -dot(b.adj[j], b.after)
	s.jumpBack(p, b.adj[j], b.params[j], held)
	return d + dot(b.adj[j], b.before)
}

// arrival adds the derivatives d to the time and w to the weight of an arrival.
func (b *backward) arrival(e *entry, d, w float64) {
	weight, delay, g := b.g.In, b.g.InDelay, b.g
	if e.kind == arrivalRec {
		weight, delay = b.g.Rec, b.g.RecDelay
		b.time[e.source] += d
	} else {
		g.InputTime[e.source] += d
	}
	weight[e.synapse] += w
	if delay != nil {
		delay[e.synapse] += d
	}
}
