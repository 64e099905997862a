package equation

import (
	"fmt"

	"github.com/surge-snn/surge/eventprop"
)

// Backward returns the gradients of a loss with the derivatives time to the times of the spikes.
//
// It is the adjoint of the series that the forward pass took (discretise, then differentiate), with
// the jumps of EventProp between them. With a = dL/dx of a neuron, f the slopes and J the
// derivative of the jump x <- j(x) at an event at T,
//
//	a <- J' a,  D = (J' a) f(before) - a f(after)            dL/dT by the states after it
//	a <- J' a - (D + G)/(g_x f(before)) g_x                  at a spike, where g reaches 0
//
// with G the derivative of the loss to the time of the spike by its arrivals, the end of its hold,
// and the loss itself. That of an arrival goes to the spike that arrives and to its delay; that of
// the end of a hold to its spike and to the refractory time. The steps themselves are taken as
// given, so that the gradient is that of the numbers of the forward pass to its tolerance.
func (r *Run) Backward(time []float64) (*Gradients, error) {
	if r == nil || r.work == nil {
		return nil, fmt.Errorf("%w: a backward pass needs a forward pass", eventprop.ErrShape)
	}
	g := r.work.l.NewGradients()
	g.InputTime = make([]float64, len(r.input))
	b := newBackward(r.work, g)
	if _, err := b.run([]*Run{r}, [][]float64{time}, [][]float64{g.InputTime}); err != nil {
		return nil, err
	}
	b.finish()
	return g, nil
}

// backward is adjoint passes of one or many runs, which add to the same gradients.
type backward struct {
	*work
	g    *Gradients
	cons [][]float64 // dL/d(constants) of each neuron
	vars [][]float64 // dL/d(w, states, parameters) of each neuron

	before, after, kept []float64 // slopes, and states
}

// sample is one of the runs.
type sample struct {
	*Run
	time    []float64 // dL/d(time) of each found spike
	input   []float64 // of each input spike; nil if that is not asked for
	extra   []float64 // dL/d(time) of spikes that an arrival of the neuron made at once
	adj     []float64 // dL/dx, [N][state]
	current []int32   // entry of each neuron that is undone next, or -1
}

func newBackward(w *work, g *Gradients) *backward {
	n := len(w.l.Model.States)
	b := &backward{work: w, g: g, before: make([]float64, n), after: make([]float64, n), kept: make([]float64, n)}
	for k := range w.cons {
		b.cons, b.vars = append(b.cons, make([]float64, len(w.cons[k]))), append(b.vars, make([]float64, len(w.vars[k])))
	}
	return b
}

// run takes the derivatives times to the spikes of runs back to the start. An error is of the run
// that is returned.
func (b *backward) run(runs []*Run, times, inputs [][]float64) (which int, err error) {
	samples := make([]sample, len(runs))
	var chains []chain
	n, states := b.l.In.Post, len(b.l.Model.States)
	for k, r := range runs {
		if len(times[k]) != len(r.Spikes) {
			return k, fmt.Errorf("%w: %d derivatives for %d spikes", eventprop.ErrShape, len(times[k]), len(r.Spikes))
		}
		s := &samples[k]
		*s = sample{Run: r, input: inputs[k], time: make([]float64, len(r.found)), extra: make([]float64, n), adj: make([]float64, n*states), current: append([]int32(nil), r.last...)}
		for i, at := range r.place {
			s.time[i] = times[k][at]
		}
		if b.l.Rec != nil {
			if err := b.ordered(s); err != nil {
				return k, err
			}
		}
		for j := range n {
			chains = append(chains, chain{s, k, j, -1})
		}
	}
	if which, err := b.bring(chains); err != nil {
		return which, err
	}
	for k := range samples {
		s := &samples[k]
		for j := range n {
			copy(b.s.x, b.work.vars[b.one(j)])
			clear(b.s.state())
			b.s.jumpBack(&b.l.Model.start, s.adj[j*states:(j+1)*states], b.vars[b.one(j)], false)
		}
	}
	return 0, nil
}

// finish adds the gradients of parameters.
func (b *backward) finish() {
	m := b.l.Model
	c := &m.series.constants
	values, bar := make([]float64, len(c.code)), make([]float64, len(c.code))
	for j := range b.vars {
		c.eval(values, b.work.vars[j])
		c.pull(b.vars[j], bar, values, b.cons[j])
		for k, name := range m.Params {
			g := b.g.Params[name]
			if g == nil {
				continue
			}
			g[min(j, len(g)-1)] += b.vars[j][1+len(m.States)+k]
		}
	}
}

// chain is to undo what happens to neuron j of a sample after entry stop.
type chain struct {
	*sample
	which int // of the samples
	j     int
	stop  int32
}

// bring undoes what chains say, which are different neurons, several at a time. An error is of the
// sample that is returned.
func (b *backward) bring(chains []chain) (which int, err error) {
	var (
		lanes [width]chain
		adj   [width][]float64
		h     lane
		used  lane
	)
	v := b.b
	states := len(b.l.Model.States)
	for next := 0; ; {
		left := 0
		for l := range lanes {
			adj[l] = nil
			for {
				if x := &lanes[l]; x.sample != nil {
					waits, err := b.walk(x)
					if err != nil {
						return x.which, err
					}
					if waits {
						break
					}
					x.sample = nil
				}
				if next == len(chains) {
					break
				}
				lanes[l] = chains[next]
				next++
			}
			x := &lanes[l]
			if x.sample == nil {
				continue
			}
			e := &x.log[x.current[x.j]]
			left++
			v.load(l, x.states[e.x:e.x+states], x.states[e.x:e.x+states], e.held, b.work.cons[b.one(x.j)], 0)
			adj[l], h[l], used[l] = x.adj[x.j*states:(x.j+1)*states], e.h, float64(e.order)
			if e.scale != 0 {
				b.l.Model.scaleBy(adj[l], int(e.scale))
			}
		}
		if left == 0 {
			return 0, nil
		}
		v.pull(&adj, &h, &used)
		for l := range lanes {
			if x := &lanes[l]; x.sample != nil {
				sums := b.cons[b.one(x.j)]
				for k := range sums {
					sums[k] += v.conBar[k][l]
				}
				x.current[x.j] = x.log[x.current[x.j]].before
			}
		}
	}
}

// walk undoes entries of a chain up to a step, for which it waits, or to its stop.
func (b *backward) walk(x *chain) (waits bool, err error) {
	states := len(b.l.Model.States)
	adj := x.adj[x.j*states : (x.j+1)*states]
	for at := &x.current[x.j]; *at != x.stop; {
		e := &x.log[*at]
		if e.kind == step {
			if zero(adj) {
				*at = e.before
				continue
			}
			return true, nil
		}
		if err := b.undo(x.sample, e); err != nil {
			return false, err
		}
		*at = e.before
	}
	return false, nil
}

func zero(x []float64) bool {
	for _, v := range x {
		if v != 0 {
			return false
		}
	}
	return true
}

// ordered undoes the events of a recurrent layer in their order: first those of each neuron down to
// an event, then the event.
func (b *backward) ordered(s *sample) error {
	var group []chain
	in := make([]bool, b.l.In.Post)
	flush := func() error {
		if _, err := b.bring(group); err != nil {
			return err
		}
		for _, x := range group {
			in[x.j] = false
			e := &s.log[x.stop]
			if err := b.undo(s, e); err != nil {
				return err
			}
			s.current[x.j] = e.before
		}
		group = group[:0]
		return nil
	}
	for k := len(s.log) - 1; k >= 0; k-- {
		e := &s.log[k]
		if e.kind == step || e.kind == release {
			continue
		}
		arrives := e.kind == arrivalIn || e.kind == arrivalRec
		if in[e.neuron] || !arrives {
			if err := flush(); err != nil {
				return err
			}
		}
		group = append(group, chain{s, 0, int(e.neuron), int32(k)})
		if in[e.neuron] = true; !arrives {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// undo takes the adjoint of a neuron to before an event.
func (b *backward) undo(s *sample, e *entry) error {
	m, j, v := b.l.Model, int(e.neuron), b.s
	n := len(m.States)
	adj, grads := s.adj[j*n:(j+1)*n], b.vars[b.one(j)]
	if e.kind == arrivalIn && m.additive >= 0 && !e.held && s.input == nil && b.l.In.Delay == nil { // of weights alone
		b.g.In[e.synapse] += adj[m.additive]
		return nil
	}
	copy(v.x, b.work.vars[b.one(j)]) // parameters
	copy(v.state(), s.states[e.x:e.x+n])
	switch e.kind {
	case release:
		v.slope(b.before, true)
		v.slope(b.after, false)
		d := dot(adj, b.before) - dot(adj, b.after)
		s.time[e.source] += d
		grads[1+n+m.refractory] += d
	case arrivalIn, arrivalRec:
		if zero(adj) && s.extra[j] == 0 {
			return nil
		}
		if m.additive >= 0 && !e.held {
			v.slope(b.before, false)
			v.x[1+m.additive] += b.weight(e.kind, e.synapse)
			v.slope(b.after, false)
			b.arrival(s, e, dot(adj, b.before)-dot(adj, b.after), adj[m.additive])
			return nil
		}
		grads[0] = 0
		v.x[0] = b.weight(e.kind, e.synapse)
		d := b.through(&m.input, adj, grads, e.held, e.held) + s.extra[j]
		s.extra[j] = 0
		b.arrival(s, e, d, grads[0])
	default:
		d := b.through(&m.reset, adj, grads, e.held, m.refractory >= 0 && b.l.value(m.refractory, j) > 0) + s.time[e.source]
		if e.kind == lifted {
			s.extra[j] += d
			return nil
		}
		if d == 0 {
			return nil
		}
		v.thresholdSlopes()
		slope := dot(v.grad[1:1+n], b.before)
		c := d / slope
		if c-c != 0 {
			return fmt.Errorf("%w: neuron %d at %g s, with dg/dt = %g", eventprop.ErrGrazing, j, e.time, slope)
		}
		for i := range adj {
			adj[i] -= float64(c * v.grad[1+i])
		}
		for k := 1 + n; k < len(grads); k++ {
			grads[k] -= float64(c * v.grad[k])
		}
	}
	return nil
}

// through takes the adjoint through a jump of the state at the variables, and returns D. held says
// whether states are held before and after it. b.before are the slopes before.
func (b *backward) through(p *program, adj, grads []float64, heldBefore, heldAfter bool) float64 {
	v := b.s
	held := heldBefore && p == &b.l.Model.input
	copy(b.kept, v.state())
	v.slope(b.before, heldBefore)
	v.jump(p, held)
	v.slope(b.after, heldAfter)
	copy(v.state(), b.kept)
	d := -dot(adj, b.after)
	v.jumpBack(p, adj, grads, held)
	return d + dot(adj, b.before)
}

// arrival adds the derivatives d to the time and w to the weight of an arrival.
func (b *backward) arrival(s *sample, e *entry, d, w float64) {
	weight, delay := b.g.In, b.g.InDelay
	if e.kind == arrivalRec {
		weight, delay = b.g.Rec, b.g.RecDelay
		s.time[e.source] += d
	} else if s.input != nil {
		s.input[e.source] += d
	}
	if weight != nil {
		weight[e.synapse] += w
	}
	if len(delay) > 0 {
		delay[e.synapse] += d
	}
}
