package eventprop

import (
	"fmt"

	"github.com/surge-snn/surge/internal/fmath"
)

// Analytical adds the gradients of the loss with cotangent c to g, and sets InputTime, as
// [Tape.Backward] does, by another way: it follows the derivatives of all states and
// spike times to all parameters forward in time, each spike by the implicit derivative of
//
//	V(t, x) = VTh:  dt/dx = (dVTh/dx - dV/dx)/V'
//
// It is for checks and small layers: the memory is (2 N + spikes) P numbers and the cost P
// operations per arrival, with P the number of derivatives in g and the input times. Recorded
// spikes (ForwardRecorded) are no function of the parameters, which is an error (ErrParameter);
// Settings.MinSlope is not applied.
func (t *Tape) Analytical(g *Gradients, c *Cotangent) error {
	if t == nil || !t.complete || t.events.given {
		return fmt.Errorf("%w: implicit derivatives need a forward pass that solved for its spikes", ErrParameter)
	}
	if err := t.noVoltage(); err != nil {
		return err
	}
	if err := c.check(t); err != nil {
		return err
	}
	if err := g.check(t.plan.layer); err != nil {
		return err
	}
	e := t.unfold()
	n := len(t.plan.cells)
	s := sensitivity{Tape: t, events: e, grads: g, c: c}
	s.rate, _ = decayRate(c.Decay)
	for k, p := range g.parts(t.plan.layer) {
		s.offset[k], s.length[k] = s.size, len(p.values)
		s.size += len(p.values)
	}
	s.inputs = s.size
	s.size += len(t.input)
	s.u, s.i = make([]float64, n*s.size), make([]float64, n*s.size)
	s.times = make([]float64, len(t.Spikes)*s.size)
	s.sum, s.du, s.di, s.dt = make([]float64, s.size), make([]float64, s.size), make([]float64, s.size), make([]float64, s.size)
	var probes backward
	if err := probes.sortProbes(e, n, c.probes); err != nil {
		return err
	}
	s.probes = probes

	for j := range n {
		s.start(j)
	}
	for k := range e.touches {
		if err := s.touch(int32(k)); err != nil {
			return err
		}
	}
	for j := range n {
		start, from := e.latest(j)
		s.flow(j, start, t.end, from)
	}
	for k, p := range g.parts(t.plan.layer) {
		for i := range p.values {
			p.values[i] += s.sum[s.offset[k]+i]
		}
	}
	t.InputTime = append(t.InputTime[:0], s.sum[s.inputs:]...)
	return nil
}

// The order of [Gradients.parts].
const (
	inWeight = iota
	inDelay
	recWeight
	recDelay
	tauMem
	tauSyn
	vTh
	vLeak
	vReset
	vInit
	iInit
)

// sensitivity is the state of the forward mode. A tangent is a vector of the derivatives to all P
// parameters.
type sensitivity struct {
	*Tape
	*events
	grads          *Gradients
	c              *Cotangent
	rate           float64
	size, inputs   int
	offset, length [11]int
	u, i           []float64 // [N, P]: of u = V - VLeak and I after the latest touch, at a fixed time
	times          []float64 // [spikes, P]
	sum            []float64 // [P]: the gradient
	du, di, dt     []float64 // [P]: at the next touch
	probes         backward
}

func (s *sensitivity) of(x []float64, k int) []float64 { return x[k*s.size : (k+1)*s.size] }

// add adds x to the derivative to entry k of a part.
func (s *sensitivity) add(tangent []float64, part, k int, x float64) {
	if s.length[part] == 0 {
		return
	}
	if part >= tauMem && s.length[part] == 1 {
		k = 0
	}
	tangent[s.offset[part]+k] += float64(x)
}

// axpy is y += a x.
func axpy(y []float64, a float64, x []float64) {
	for k, v := range x {
		y[k] += float64(a * v)
	}
}

func (s *sensitivity) start(j int) {
	s.add(s.of(s.i, j), iInit, j, 1)
	if s.plan.layer.Params.VInit != nil {
		s.add(s.of(s.u, j), vInit, j, 1)
		s.add(s.of(s.u, j), vLeak, j, -1)
	}
}

// advance sets du, di to the tangents h after the latest touch of neuron j, where its state is
// from, at a fixed time.
func (s *sensitivity) advance(j int, h float64, from State) State {
	c := &s.plan.cells[j]
	p := c.Factors(h)
	u, i := s.of(s.u, j), s.of(s.i, j)
	for k := range u {
		s.du[k] = float64(p.Mem*u[k]) + float64(p.Kappa*i[k])
		s.di[k] = p.Syn * i[k]
	}
	uMem, uSyn, iSyn := c.slopes(p, from.V, from.I, h)
	s.add(s.du, tauMem, j, uMem)
	s.add(s.du, tauSyn, j, uSyn)
	s.add(s.di, tauSyn, j, iSyn)
	return p.Apply(from)
}

// flow adds what the loss has from neuron j between start and stop, fixed times.
func (s *sensitivity) flow(j int, start, stop float64, from State) {
	b := &s.probes
	for ; b.neurons[j].head < b.neurons[j].stop; b.neurons[j].stop-- {
		p := &b.probes[b.neurons[j].stop-1] // the earliest
		if p.kind == crossing {
			s.add(s.sum, vTh, j, p.grad)
			continue
		}
		if p.moves >= 0 || p.time >= stop && stop < s.end {
			break // at the touch that ends the segment, or in a later one
		}
		s.advance(j, p.time-start, from)
		axpy(s.sum, p.grad, s.du)
		s.add(s.sum, vLeak, j, p.grad)
	}
	if s.c.Integral == nil || s.c.Integral[j] == 0 {
		return
	}
	c := &s.plan.cells[j]
	g := s.c.Integral[j] * fmath.Exp(-s.rate*start)
	w := c.integrals(stop-start, s.rate)
	axpy(s.sum, g*w.u, s.of(s.u, j))
	axpy(s.sum, g*w.i, s.of(s.i, j))
	mem, syn := c.integralSlopes(from.V, from.I, stop-start, s.rate)
	s.add(s.sum, tauMem, j, g*mem)
	s.add(s.sum, tauSyn, j, g*syn)
	s.add(s.sum, vLeak, j, g*w.one)
}

func (s *sensitivity) touch(k int32) error {
	x := &s.touches[k]
	j := int(x.neuron)
	c := &s.plan.cells[j]
	start, from := s.after(s.Tape, j, x.before)
	s.flow(j, start, x.time, from)
	end := s.advance(j, x.time-start, from)
	slope := c.alpha * (end.I - end.V) // u' before the touch
	if x.kind < crossing {
		s.arrival(k, x, slope)
	} else if err := s.spike(x, end); err != nil {
		return err
	}
	copy(s.of(s.u, j), s.du)
	copy(s.of(s.i, j), s.di)
	return nil
}

// arrival turns du, di at a fixed time just before an arrival into those just after it.
func (s *sensitivity) arrival(k int32, x *touch, slope float64) {
	j, syn := int(x.neuron), int(x.synapse)
	c := &s.plan.cells[j]
	clear(s.dt)
	var w float64
	if x.kind == arrivalIn {
		w = s.plan.layer.In.Weight[syn]
		s.dt[s.inputs+int(x.source)] = 1
		s.add(s.dt, inDelay, syn, 1)
		s.add(s.di, inWeight, syn, 1)
	} else {
		w = s.plan.layer.Rec.Weight[syn]
		copy(s.dt, s.of(s.times, int(x.source)))
		s.add(s.dt, recDelay, syn, 1)
		s.add(s.di, recWeight, syn, 1)
	}
	b := &s.probes
	for ; b.neurons[j].head < b.neurons[j].stop && b.probes[b.neurons[j].stop-1].moves == k; b.neurons[j].stop-- {
		g := b.probes[b.neurons[j].stop-1].grad // V at the arrival, which moves
		axpy(s.sum, g, s.du)
		axpy(s.sum, g*slope, s.dt)
		s.add(s.sum, vLeak, j, g)
	}
	// u' jumps by w/TauMem and I' by -w/TauSyn as the arrival does not take place yet
	axpy(s.du, -w*c.alpha, s.dt)
	axpy(s.di, w*c.beta, s.dt)
}

// spike solves for the derivative of the time of a spike, with du, di those at a fixed time
// just before it, and makes them those after it.
func (s *sensitivity) spike(x *touch, end State) error {
	j := int(x.neuron)
	c := &s.plan.cells[j]
	dt := s.of(s.times, int(x.source))
	if x.kind == crossing {
		slope := c.alpha * (end.I - c.q) // at threshold exactly
		if slope == 0 {
			return fmt.Errorf("%w: neuron %d at %g s", ErrGrazing, j, x.time)
		}
		for k := range dt {
			dt[k] = -s.du[k] / slope
		}
		s.add(dt, vTh, j, 1/slope)
		s.add(dt, vLeak, j, -1/slope)
	}
	axpy(s.sum, s.c.Time[x.source], dt)
	if s.c.Integral != nil {
		axpy(s.sum, s.c.Integral[j]*fmath.Exp(-s.rate*x.time)*(c.q-c.rho), dt)
	}
	// I is the same function before and after; u starts at VReset - VLeak at a time that moves
	clear(s.du)
	s.add(s.du, vReset, j, 1)
	s.add(s.du, vLeak, j, -1)
	axpy(s.du, -c.alpha*(x.i-c.rho), dt)
	return nil
}
