package eventprop

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/surge-snn/surge/internal/fmath"
)

// piece is the way of a neuron from one of its events to the next.
type piece struct {
	Factors
	State            // at its start, V counted from VLeak
	start, h float64 // s
	at       int32   // the arrival or, of neuronwise.found, the spike at its end
	kind     kind    // of that; still: the end of the simulation
}

// adopt takes the spikes of a pass that another engine has made.
func (w *neuronwise) adopt(t *Tape) {
	if w.valid {
		return
	}
	w.valid = true
	n := len(t.plan.cells)
	w.bounds = zeroed(w.bounds, n+1)
	for _, s := range t.Spikes {
		w.bounds[s.Neuron+1]++
	}
	for j := range n {
		w.bounds[j+1] += w.bounds[j]
	}
	w.found = resize(w.found, len(t.Spikes))
	for k, s := range t.Spikes {
		w.found[w.bounds[s.Neuron]] = ownSpike{time: s.Time, current: s.Current, index: int32(k)}
		w.bounds[s.Neuron]++
	}
	copy(w.bounds[1:], w.bounds)
	w.bounds[0] = 0
	w.arrivals.collect(t)
}

// path makes the pieces of neuron j.
func (w *neuronwise) path(t *Tape, j int) {
	c, x := &t.plan.cells[j], &w.arrivals
	x.open(t, j)
	w.pieces = w.pieces[:0]
	s, start := t.plan.init[j], 0.0
	next, last := w.bounds[j], w.bounds[j+1]
	for k, mem := range x.mem {
		stop, kind := t.end, still
		if k < len(x.time) {
			stop, kind = x.time[k], arrivalIn
		}
		p := Factors{mem, x.syn[k], x.kappa[k]}
		for ; next < last && (w.found[next].time <= stop); next++ {
			spike := &w.found[next]
			w.pieces = append(w.pieces, piece{c.Factors(spike.time - start), s, start, spike.time - start, next, crossing})
			s, start = State{c.rho, spike.current}, spike.time
			p = c.Factors(stop - start)
		}
		w.pieces = append(w.pieces, piece{p, s, start, stop - start, int32(k), kind})
		s, start = p.Apply(s), stop
		if k < len(x.weight) {
			s.I += x.weight[k]
		}
	}
}

func (w *neuronwise) voltages(t *Tape, dst []float64, first int, s float64) bool {
	w.adopt(t)
	for i := range dst {
		j := first + i
		w.path(t, j)
		k := len(w.pieces) - 1
		for w.pieces[k].start > s {
			k--
		}
		p, c := &w.pieces[k], &t.plan.cells[j]
		dst[i] = c.leak + c.Apply(p.State, s-p.start).V
	}
	return true
}

func (w *neuronwise) integrals(t *Tape, dst []float64, first int, rate float64) bool {
	w.adopt(t)
	for i := range dst {
		j := first + i
		w.path(t, j)
		c, sum := &t.plan.cells[j], 0.0
		for k := range w.pieces {
			p := &w.pieces[k]
			s := c.integrals(p.h, rate)
			sum += float64(fmath.Exp(-rate*p.start) * (float64(c.leak*s.one) + float64(p.V*s.u) + float64(p.I*s.i)))
		}
		dst[i] = sum
	}
	return true
}

// ownAdjoint is the adjoint pass of one neuron.
type ownAdjoint struct {
	t     *Tape
	grads *Gradients
	c     *Cotangent
	rate  float64
	taus  bool
	j     int
	cell  *cell
	adj   State // dL/dV, dL/dI

	probes []probe // of this neuron, from the latest to the earliest
}

// backward is [Tape.Backward], neuron by neuron.
func (w *neuronwise) backward(t *Tape, g *Gradients, c *Cotangent) (ok bool, err error) {
	return true, w.back(t, g, c, false)
}

// backProbed does the same for the neurons alone whose voltage is in the loss.
func (w *neuronwise) backProbed(t *Tape, g *Gradients, c *Cotangent) error {
	return w.back(t, g, c, true)
}

func (w *neuronwise) back(t *Tape, g *Gradients, c *Cotangent, probed bool) error {
	w.adopt(t)
	b := ownAdjoint{t: t, grads: g, c: c, taus: g.TauMem != nil || g.TauSyn != nil}
	b.rate, _ = decayRate(c.Decay) // check has seen it
	w.probes = append(w.probes[:0], c.probes...)
	slices.SortStableFunc(w.probes, func(x, y probe) int {
		return cmp.Or(cmp.Compare(x.neuron, y.neuron), cmp.Compare(y.time, x.time), cmp.Compare(y.kind, x.kind)) // arrivals last
	})
	rest := w.probes
	for j := range t.plan.cells {
		k := 0
		for k < len(rest) && int(rest[k].neuron) == j {
			k++
		}
		b.j, b.cell, b.adj, b.probes, rest = j, &t.plan.cells[j], State{}, rest[:k], rest[k:]
		if probed && k == 0 {
			continue
		}
		if err := w.neuronBack(&b); err != nil {
			return err
		}
	}
	return nil
}

// neuronBack takes the adjoint of a neuron from the end to the start.
func (w *neuronwise) neuronBack(b *ownAdjoint) error {
	j, integral := b.j, b.c.Integral != nil && b.c.Integral[b.j] != 0
	seen := integral || len(b.probes) > 0
	for _, s := range w.found[w.bounds[j]:w.bounds[j+1]] {
		seen = seen || b.c.Time[s.index] != 0
	}
	if !seen {
		return nil
	}
	if !integral && !b.taus && len(b.probes) == 0 {
		if err := w.quickBack(b); err != nil {
			return err
		}
		b.atStart()
		return nil
	}
	w.path(b.t, j)
	x := &w.arrivals
	for k := len(w.pieces) - 1; k >= 0; k-- {
		p := &w.pieces[k]
		switch {
		case p.kind == arrivalIn:
			b.arrival(x, int(p.at))
		case p.kind == crossing:
			if err := b.spike(&w.found[p.at]); err != nil {
				return err
			}
		}
		if integral || len(b.probes) > 0 && b.probes[0].time >= p.start {
			b.flow(p)
			continue
		}
		if b.taus && b.adj != (State{}) {
			b.slopes(p.Factors, p.State, p.h)
		}
		b.adj = p.Adjoint(b.adj)
	}
	for _, p := range b.probes {
		if p.kind != crossing {
			return fmt.Errorf("%w: cotangent of a peak of neuron %d at %g s, which is not of this pass", ErrShape, p.neuron, p.time)
		}
		accumulate(b.grads.VTh, j, p.grad)
	}
	b.atStart()
	return nil
}

// quickBack is neuronBack where the loss has spike times alone and no time constants are wanted:
// the states are not needed then.
func (w *neuronwise) quickBack(b *ownAdjoint) error {
	x := &w.arrivals
	x.open(b.t, b.j)
	first, spike := w.bounds[b.j], w.bounds[b.j+1]-1
	for b.c.Time[w.found[spike].index] == 0 { // nothing is behind the last spike that is in the loss
		spike--
	}
	stop := b.t.end
	for k := len(x.mem) - 1; k >= 0; k-- {
		start, after := 0.0, -1.0 // spikes of the leg are after that
		if k > 0 {
			start = x.time[k-1]
			after = start
		}
		if spike >= first && w.found[spike].time <= after && b.adj == (State{}) {
			stop = start
			continue
		}
		p := Factors{x.mem[k], x.syn[k], x.kappa[k]}
		if spike >= first && w.found[spike].time > after {
			from := w.found[spike].time
			b.adj = b.cell.Factors(stop - from).Adjoint(b.adj)
			for {
				s := &w.found[spike]
				if err := b.spike(s); err != nil {
					return err
				}
				if spike--; spike < first || !(w.found[spike].time > after) {
					p = b.cell.Factors(s.time - start)
					break
				}
				b.adj = b.cell.Factors(s.time - w.found[spike].time).Adjoint(b.adj)
			}
		}
		b.adj = p.Adjoint(b.adj)
		if k > 0 {
			b.arrival(x, k-1)
		}
		stop = start
	}
	return nil
}

// atStart ends the way back of a neuron.
func (b *ownAdjoint) atStart() {
	accumulate(b.grads.IInit, b.j, b.adj.I)
	if b.t.plan.layer.Params.VInit != nil { // u = VInit - VLeak, else 0
		accumulate(b.grads.VInit, b.j, b.adj.V)
		accumulate(b.grads.VLeak, b.j, -b.adj.V)
	}
}

// arrival undoes arrival k.
func (b *ownAdjoint) arrival(x *inbox, k int) {
	a := b.adj
	d := x.weight[k] * (float64(a.I*b.cell.beta) - float64(a.V*b.cell.alpha))
	for len(b.probes) > 0 {
		p := &b.probes[0]
		if p.kind != arrivalIn || p.source != x.source[k] || p.synapse != x.synapse[k] {
			break
		}
		d += float64(p.grad * p.slope) // the peak moves with the arrival
		b.adj.V += p.grad
		accumulate(b.grads.VLeak, b.j, p.grad)
		b.probes = b.probes[1:]
	}
	if d == 0 && a.I == 0 {
		return
	}
	if b.grads.In != nil {
		b.grads.In[x.synapse[k]] += a.I
	}
	if len(b.grads.InDelay) > 0 {
		b.grads.InDelay[x.synapse[k]] += d
	}
	if len(b.t.InputTime) > 0 {
		b.t.InputTime[x.source[k]] += d
	}
}

// spike undoes a spike, see [events.backSpike].
func (b *ownAdjoint) spike(s *ownSpike) error {
	time := b.c.Time[s.index]
	if b.c.Integral != nil {
		time += float64(b.c.Integral[b.j] * fmath.Exp(-b.rate*s.time) * (b.cell.q - b.cell.rho))
	}
	after := b.adj.V
	before, err := b.t.jump(b.j, s.time, s.current, after, time)
	if err != nil {
		return err
	}
	accumulate(b.grads.VReset, b.j, after)
	accumulate(b.grads.VLeak, b.j, before-after)
	accumulate(b.grads.VTh, b.j, -before)
	b.adj.V = before
	return nil
}

// flow takes the adjoint to the start of a piece, with probes and the integral on the way.
func (b *ownAdjoint) flow(p *piece) {
	upTo := p.start + p.h
	for ; len(b.probes) > 0 && b.probes[0].time >= p.start; b.probes = b.probes[1:] {
		at := &b.probes[0]
		switch at.kind {
		case crossing:
			accumulate(b.grads.VTh, b.j, at.grad)
			continue
		case arrivalIn: // of the arrival at the end of the piece before
			b.over(p.start, upTo, p.State)
			return
		}
		b.over(at.time, upTo, b.cell.Apply(p.State, at.time-p.start))
		b.adj.V += at.grad
		accumulate(b.grads.VLeak, b.j, at.grad) // V = VLeak + u
		upTo = at.time
	}
	b.over(p.start, upTo, p.State)
}

// over takes the adjoint from a time back to start, where the state is s.
func (b *ownAdjoint) over(start, from float64, s State) {
	h := from - start
	if !(h > 0) {
		return
	}
	p := b.cell.Factors(h)
	before := p.Adjoint(b.adj)
	if b.taus && b.adj != (State{}) {
		b.slopes(p, s, h)
	}
	if b.c.Integral != nil && b.c.Integral[b.j] != 0 {
		g := b.c.Integral[b.j] * fmath.Exp(-b.rate*start)
		w := b.cell.integrals(h, b.rate)
		before.V += float64(g * w.u)
		before.I += float64(g * w.i)
		if b.taus {
			tauMem, tauSyn := b.cell.integralSlopes(s.V, s.I, h, b.rate)
			accumulate(b.grads.TauMem, b.j, g*tauMem)
			accumulate(b.grads.TauSyn, b.j, g*tauSyn)
		}
		accumulate(b.grads.VLeak, b.j, g*w.one) // V = VLeak + u
	}
	b.adj = before
}

// slopes adds the gradients of the time constants over a time h, from state s.
func (b *ownAdjoint) slopes(p Factors, s State, h float64) {
	uMem, uSyn, iSyn := b.cell.slopes(p, s.V, s.I, h)
	accumulate(b.grads.TauMem, b.j, b.adj.V*uMem)
	accumulate(b.grads.TauSyn, b.j, float64(b.adj.V*uSyn)+float64(b.adj.I*iSyn))
}
