package eventprop

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/surge-snn/surge/internal/fmath"
)

// backward is the state of the adjoint pass.
type backward struct {
	ready   bool
	grads   *Gradients
	c       *Cotangent
	rate    float64
	neurons []neuronBack
	time    []float64 // dL/d(time) of each spike, complete once all its arrivals are served
	probes  []probe   // by neuron, the latest first
	at      int       // touches still to come
	taus    bool      // gradients of time constants are wanted
	fetched float64
}

// neuronBack is the way back of a neuron: side by side, as each arrival looks at another neuron.
type neuronBack struct {
	State              // dL/dV, dL/dI
	upTo       float64 // s, the time of these
	head, stop int32   // its probes that are still to come
}

// Backward adds the gradients of the loss with cotangent c to g, and sets InputTime. It is
// the adjoint method, with a = dL/dV, b = dL/dI of each neuron. Between events, backwards
// over a time h,
//
//	a <- Mem a,  b <- Kappa a + Syn b
//
// at an arrival over a synapse of weight w, with G the derivative with respect to the time of the
// spike that arrives,
//
//	dL/dw += b,  D = w (b/TauSyn - a/TauMem),  dL/d(delay) += D,  G += D
//
// and at a spike, with the slopes TauMem V' before it, m = VLeak - VTh + I, and after it, p = VLeak
// - VReset + I,
//
//	dL/dVReset += a,  a <- (p a - TauMem G)/m,  dL/dVTh -= a
//
// (Wunderlich and Pehle 2021, doi:10.1038/s41598-021-91786-z, has the case VLeak = VReset = 0.)
//
// The cost is that of the forward pass without its root searches; TauMem and TauSyn make it up to
// twice as much. A cotangent or gradient of the wrong
// shape is an error (ErrShape), a spike with slope 0 too (ErrGrazing, see Settings.MinSlope).
// After an error g is not to be used.
func (t *Tape) Backward(g *Gradients, c *Cotangent) error { return t.backward(g, c, true) }

// backward is Backward, which sets InputTime where it is wanted.
func (t *Tape) backward(g *Gradients, c *Cotangent, inputTime bool) error {
	if err := t.differentiable(g, c); err != nil {
		return err
	}
	t.InputTime = t.InputTime[:0]
	if inputTime {
		t.InputTime = zeroed(t.InputTime, len(t.input))
	}
	t.Report.ClippedJumps = 0
	if ok, err := t.engine.backward(t, g, c); ok || err != nil {
		return err
	}
	_, err := t.detailed().backward(t, g, c)
	return err
}

// differentiable returns an error unless there is a pass that g and c fit.
func (t *Tape) differentiable(g *Gradients, c *Cotangent) error {
	if t == nil || !t.complete {
		return fmt.Errorf("%w: a backward pass needs a complete forward pass", ErrShape)
	}
	t.events.back.ready = false
	if err := c.check(t); err != nil {
		return err
	}
	return g.check(t.plan.layer)
}

// BeginBackward prepares [Tape.StepBackward]; the two are [Tape.Backward] jump by jump.
func (t *Tape) BeginBackward(g *Gradients, c *Cotangent) error {
	if err := t.differentiable(g, c); err != nil {
		return err
	}
	if err := t.noVoltage(); err != nil {
		return err
	}
	t.InputTime = zeroed(t.InputTime, len(t.input))
	t.Report.ClippedJumps = 0
	return t.unfold().beginBackward(t, g, c)
}

// StepBackward undoes the latest jump of the state of a neuron that is not undone yet;
// more is false when all are, and the gradients are complete.
func (t *Tape) StepBackward() (more bool, err error) {
	if t == nil || !t.events.back.ready {
		return false, fmt.Errorf("%w: StepBackward without BeginBackward", ErrShape)
	}
	return t.events.stepBackward(t)
}

// backward undoes jump by jump.
func (e *events) backward(t *Tape, g *Gradients, c *Cotangent) (ok bool, err error) {
	if !e.detailed {
		return e.backSteps(t, g, c)
	}
	if err := e.beginBackward(t, g, c); err != nil {
		return false, err
	}
	for {
		if more, err := e.stepBackward(t); !more {
			return err == nil, err
		}
	}
}

func (e *events) beginBackward(t *Tape, g *Gradients, c *Cotangent) error {
	b := &e.back
	b.begin(t, g, c)
	if err := b.sortProbes(e, len(t.plan.cells), c.probes); err != nil {
		return err
	}
	b.at = len(e.touches)
	b.ready = true
	return nil
}

// begin sets all adjoints to the end.
func (b *backward) begin(t *Tape, g *Gradients, c *Cotangent) {
	b.grads, b.c = g, c
	b.rate, _ = decayRate(c.Decay) // check has seen it
	b.neurons = zeroed(b.neurons, len(t.plan.cells))
	for j := range b.neurons {
		b.neurons[j].upTo = t.end
	}
	b.time = append(b.time[:0], c.Time...)
	b.taus = g.TauMem != nil || g.TauSyn != nil
}

// sortProbes orders probes by neuron, and those of a neuron from the latest to the earliest, and
// finds the touches they move with.
func (b *backward) sortProbes(e *events, n int, probes []probe) error {
	b.probes = append(b.probes[:0], probes...)
	for i := range b.probes {
		p := &b.probes[i]
		p.moves = -1
		if p.kind >= crossing {
			continue
		}
		k := e.present[p.neuron].last
		for ; k >= 0; k = e.touches[k].before {
			if x := &e.touches[k]; x.kind == p.kind && x.source == p.source && x.synapse == p.synapse {
				break
			}
		}
		if k < 0 {
			return fmt.Errorf("%w: cotangent %d is of a peak of neuron %d at %g s, which is not of this pass", ErrShape, i, p.neuron, p.time)
		}
		p.moves = k
	}
	slices.SortStableFunc(b.probes, func(x, y probe) int {
		if c := cmp.Compare(x.neuron, y.neuron); c != 0 {
			return c
		}
		if c := cmp.Compare(y.time, x.time); c != 0 {
			return c
		}
		if (x.moves < 0) != (y.moves < 0) {
			return cmp.Compare(x.moves, y.moves) // those that move belong to the left end of a segment
		}
		return cmp.Compare(y.moves, x.moves)
	})
	if len(b.neurons) != n {
		b.neurons = make([]neuronBack, n)
	}
	for k, p := range b.probes {
		if k == 0 || b.probes[k-1].neuron != p.neuron {
			b.neurons[p.neuron].head = int32(k)
		}
		b.neurons[p.neuron].stop = int32(k) + 1
	}
	return nil
}

func (e *events) stepBackward(t *Tape) (more bool, err error) {
	b := &e.back
	if b.at == 0 {
		b.ready = false
		e.backToStart(t)
		return false, nil
	}
	b.at--
	k := int32(b.at)
	x := &e.touches[k]
	e.backFlow(t, int(x.neuron), x.time, State{x.u, x.i})
	if x.kind < crossing {
		e.backArrival(t, k, x)
		return true, nil
	}
	err = e.backSpike(t, x)
	return err == nil, err
}

// backFlow carries the adjoint of neuron j back to the start of its segment, at which its
// state is s.
func (e *events) backFlow(t *Tape, j int, start float64, s State) {
	b := &e.back
	cell := t.plan.cell(j)
	own := &b.neurons[j]
	for ; own.head < own.stop; own.head++ {
		p := &b.probes[own.head]
		if p.kind == crossing {
			accumulate(b.grads.VTh, j, p.grad)
			continue
		}
		if p.time < start || p.moves >= 0 {
			break
		}
		from := s
		if p.time > start {
			from = cell.Apply(s, p.time-start)
		}
		e.backOver(t, j, p.time, from)
		own.V += p.grad
		accumulate(b.grads.VLeak, j, p.grad) // V = VLeak + u
	}
	e.backOver(t, j, start, s)
}

// backOver carries the adjoint back to a time at which the state is s, without probes
// on the way. The adjoint is that of u = V - VLeak.
func (e *events) backOver(t *Tape, j int, start float64, s State) {
	b := &e.back
	cell := t.plan.cell(j)
	own := &b.neurons[j]
	h := own.upTo - start
	own.upTo = start
	if h <= 0 {
		return
	}
	p := cell.Factors(h)
	a := own.State
	before := p.Adjoint(a)
	if b.taus && (a.V != 0 || a.I != 0) {
		uMem, uSyn, iSyn := cell.slopes(p, s.V, s.I, h)
		accumulate(b.grads.TauMem, j, a.V*uMem)
		accumulate(b.grads.TauSyn, j, float64(a.V*uSyn)+float64(a.I*iSyn))
	}
	if b.c.Integral != nil && b.c.Integral[j] != 0 {
		g := b.c.Integral[j] * fmath.Exp(-b.rate*start)
		w := cell.integrals(h, b.rate)
		before.V += float64(g * w.u)
		before.I += float64(g * w.i)
		if b.taus {
			tauMem, tauSyn := cell.integralSlopes(s.V, s.I, h, b.rate)
			accumulate(b.grads.TauMem, j, g*tauMem)
			accumulate(b.grads.TauSyn, j, g*tauSyn)
		}
		accumulate(b.grads.VLeak, j, g*w.one) // V = VLeak + u
	}
	own.State = before
}

// backArrival undoes touch k, an arrival.
func (e *events) backArrival(t *Tape, k int32, x *touch) {
	b := &e.back
	j := int(x.neuron)
	cell := t.plan.cell(j)
	own := &b.neurons[j]
	a := own.State
	l := t.plan.layer
	weights, grad, delay := l.In.Weight, b.grads.In, b.grads.InDelay
	if x.kind == arrivalRec {
		weights, grad, delay = l.Rec.Weight, b.grads.Rec, b.grads.RecDelay
	}
	w := weights[x.synapse]
	if grad != nil {
		grad[x.synapse] += a.I
	}
	d := w * (float64(a.I*cell.beta) - float64(a.V*cell.alpha))
	for ; own.head < own.stop && b.probes[own.head].moves == k; own.head++ {
		p := &b.probes[own.head]
		g := p.grad
		d += float64(g * p.slope) // the peak moves with the arrival
		own.V += g
		accumulate(b.grads.VLeak, j, g)
	}
	if len(delay) > 0 {
		delay[x.synapse] += d
	}
	switch {
	case x.kind == arrivalRec:
		b.time[x.source] += d
	case len(t.InputTime) > 0:
		t.InputTime[x.source] += d
	}
}

// backSpike undoes a spike.
func (e *events) backSpike(t *Tape, x *touch) error {
	b := &e.back
	j := int(x.neuron)
	cell := &t.plan.cells[j]
	a := &b.neurons[j].State
	time := b.time[x.source]
	if b.c.Integral != nil { // the voltage drops by VTh - VReset at the spike
		drop := cell.q - cell.rho
		if e.given {
			u, _ := e.before(t, x)
			drop = u - cell.rho
		}
		time += float64(b.c.Integral[j] * fmath.Exp(-b.rate*x.time) * drop)
	}
	accumulate(b.grads.VReset, j, a.V)
	accumulate(b.grads.VLeak, j, -a.V) // u = VReset - VLeak
	if x.kind == overStart {
		a.V = 0 // neither its time nor the state after it depends on the voltage at 0
		return nil
	}
	before, err := t.jump(j, x.time, x.i, a.V, time)
	if err != nil {
		return err
	}
	a.V = before
	accumulate(b.grads.VTh, j, -before)
	accumulate(b.grads.VLeak, j, before) // crosses at u = VTh - VLeak
	return nil
}

// jump returns dL/dV just before a spike of neuron j with current i, from a just after it and the
// derivative with respect to its time.
func (t *Tape) jump(j int, at, i, a, time float64) (float64, error) {
	if a == 0 && time == 0 { // the spike has no effect on the loss
		return 0, nil
	}
	cell := &t.plan.cells[j]
	m, p := i-cell.q, i-cell.rho
	if least := t.plan.layer.MinSlope * math.Abs(cell.q); m < least && !(t.events.given && m <= -least) {
		m = least
		t.Report.ClippedJumps++
	}
	before := AdjointTransitionWithoutRecurrence(a, time, cell.tauMem, m, p)
	if before-before != 0 {
		return 0, fmt.Errorf("%w: neuron %d at %g s, with TauMem V' = %g", ErrGrazing, j, at, m)
	}
	return before, nil
}

// before returns the state just before touch x.
func (e *events) before(t *Tape, x *touch) (u, i float64) {
	start, s := e.after(t, int(x.neuron), x.before)
	if h := x.time - start; h > 0 {
		s = t.plan.cells[x.neuron].Apply(s, h)
	}
	return s.V, s.I
}

// backToStart carries the adjoints of all neurons back to 0.
func (e *events) backToStart(t *Tape) {
	b := &e.back
	for j := range t.plan.cells {
		e.backFlow(t, j, 0, t.plan.init[j])
		a := b.neurons[j].State
		accumulate(b.grads.IInit, j, a.I)
		if t.plan.layer.Params.VInit != nil { // u = VInit - VLeak, else 0
			accumulate(b.grads.VInit, j, a.V)
			accumulate(b.grads.VLeak, j, -a.V)
		}
	}
}
