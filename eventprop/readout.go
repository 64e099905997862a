package eventprop

import (
	"math"
	"sort"
)

// readout is the way through neurons that do not spike: a layer of readouts (VTh = +Inf) that are
// alike, with dense weights and no delays, and the silent neurons of a layer of the same
// kind that was swept. No reset interrupts them, so that V is linear in the weights,
//
//	V_j(t) = VLeak + Mem(t) (VInit - VLeak) + Kappa(t) IInit + sum_{t_k <= t} w_kj Kappa(t - t_k)
//
// and the coefficients of voltages and integrals are common to all neurons. Only a maximum needs
// the course of each neuron.
type readout struct {
	factors []Factors // of the intervals between inputs, the last one to the end; empty: not known yet
	known   bool      // whether peaks holds those of the silent neurons
	silent  []int32
	state   []State   // of the neurons that are followed
	peaks   []Peak    // by neuron
	arrival []float64 // coefficients of the inputs

	adj      []State // backwards, by neuron
	active   []int32 // neurons whose adjoint is not 0
	at       []bool  // whether they are
	interval []int32 // first probe of each interval, -1 for none
	next     []int32 // probe of the same interval after each
}

// readouts tells whether the layer is of the kind that read is for.
func (p *plan) readouts() bool {
	return len(p.cells) > 0 && p.dense() && p.layer.Rec == nil && math.IsInf(p.cells[0].q, 1)
}

// readPass is the forward pass through a layer of readouts.
func (t *Tape) readPass() error {
	t.engine = reading
	t.head = sort.Search(len(t.input), func(k int) bool { return t.input[k].Time >= t.end })
	n := len(t.plan.cells)
	t.fired = zeroed(t.fired, n)
	r := &t.readout
	r.silent = r.silent[:0]
	for j := range n {
		r.silent = append(r.silent, int32(j))
	}
	t.follow()
	t.complete = true
	t.Report.Inputs, t.Report.LateInputs, t.Report.Arrivals = t.head, len(t.input)-t.head, t.head*n
	for j, s := range r.state {
		if !s.finite() {
			return t.overflow(j, s)
		}
	}
	return nil
}

// followSilent finds the peaks of the neurons of a swept layer that did not spike.
func (t *Tape) followSilent() {
	r := &t.readout
	if r.known {
		return
	}
	r.silent = r.silent[:0]
	for j, fired := range t.fired {
		if !fired {
			r.silent = append(r.silent, int32(j))
		}
	}
	t.follow()
}

// closing returns the time at which interval k ends: that of input k, or the end.
func (t *Tape) closing(k int) float64 {
	if k < t.head {
		return t.input[k].Time
	}
	return t.end
}

// opening returns the time at which interval k begins.
func (t *Tape) opening(k int) float64 {
	if k > 0 {
		return t.input[k-1].Time
	}
	return 0
}

// intervals sets the propagators.
func (t *Tape) intervals() {
	r := &t.readout
	if len(r.factors) > 0 {
		return
	}
	for k := range t.head + 1 {
		r.factors = append(r.factors, t.plan.cells[0].Factors(t.closing(k)-t.opening(k)))
	}
}

// follow carries the silent neurons from input to input and finds their peaks. A maximum inside
// of an interval is where V' = 0, which takes a logarithm and exponentials: it is looked for where V' changes
// its sign from + to -, and where V could come above the largest value so far, with the bounds
//
//	V <= V(0) + h V'(0)        V is concave up to there
//	V =  I(t) <= I(0)          because V' = 0
//
// counted from VLeak.
func (t *Tape) follow() {
	r, p := &t.readout, t.plan
	c, n := &p.cells[0], len(p.cells)
	t.intervals()
	r.peaks, r.state = resize(r.peaks, n), resize(r.state, len(r.silent))
	for i, j := range r.silent {
		s := p.init[j]
		r.state[i] = s
		r.peaks[j] = Peak{Value: c.leak + s.V, neuron: j, kind: still}
	}
	for k, f := range r.factors {
		start, stop := t.opening(k), t.closing(k)
		h := stop - start
		kind, from := still, int32(0)
		var weights []float64
		if k < t.head {
			from = int32(t.input[k].Neuron * n)
			kind, weights = arrivalIn, p.layer.In.Weight[from:from+int32(n)]
		}
		for i, j := range r.silent {
			s, best := r.state[i], &r.peaks[j]
			after := f.Apply(s)
			if s.I > s.V && after.I < after.V &&
				c.leak+min(s.I, s.V+float64(float64(c.alpha*h)*(s.I-s.V))) > best.Value {
				if at, ok := c.extremum(s.V, s.I); ok && at < h {
					if v := c.leak + c.Apply(s, at).V; v > best.Value {
						*best = Peak{Value: v, Time: start + at, neuron: j, kind: still}
					}
				}
			}
			if v := c.leak + after.V; v > best.Value {
				*best = Peak{Value: v, Time: stop, slope: c.alpha * (after.I - after.V), neuron: j, kind: kind, source: int32(k), synapse: from + j}
			}
			if weights != nil {
				after.I += weights[j]
			}
			r.state[i] = after
		}
	}
	r.known = true
}

// respond writes the linear function of the neurons from first on to dst whose coefficients are those of
// VLeak, of the initial state, and readout.arrival of the weights.
func (t *Tape) respond(dst []float64, first int, own integrals) {
	p := t.plan
	leak, n := p.cells[0].leak, len(p.cells)
	for i := range dst {
		s := p.init[first+i]
		dst[i] = float64(own.one*leak) + float64(own.u*s.V) + float64(own.i*s.I)
	}
	for k, a := range t.readout.arrival {
		from := t.input[k].Neuron*n + first
		for i, w := range p.layer.In.Weight[from : from+len(dst)] {
			dst[i] += float64(a * w)
		}
	}
}

// readVoltages writes the voltages at time s of the neurons from first on to dst.
func (t *Tape) readVoltages(dst []float64, first int, s float64) {
	r, c := &t.readout, &t.plan.cells[0]
	r.arrival = r.arrival[:0]
	for k := 0; k < t.head && t.input[k].Time <= s; k++ {
		r.arrival = append(r.arrival, c.Factors(s-t.input[k].Time).Kappa)
	}
	f := c.Factors(s)
	t.respond(dst, first, integrals{1, f.Mem, f.Kappa})
}

// readIntegrals writes the integrals with the weight e^(-rate t) of the neurons from first on to dst.
func (t *Tape) readIntegrals(dst []float64, first int, rate float64) {
	r := &t.readout
	r.arrival = r.arrival[:0]
	for k := range t.head {
		r.arrival = append(r.arrival, t.remaining(k+1, rate).i)
	}
	t.respond(dst, first, t.remaining(0, rate))
}

// remaining returns the integrals from the beginning of interval k to the end.
func (t *Tape) remaining(k int, rate float64) integrals {
	start := t.opening(k)
	w := t.plan.cells[0].integrals(t.end-start, rate)
	if rate != 0 {
		e := math.Exp(-rate * start)
		w.one, w.u, w.i = w.one*e, w.u*e, w.i*e
	}
	return w
}

// readable tells whether readBack can do the voltages in c.
func (t *Tape) readable(c *Cotangent) bool {
	if t.engine == reading {
		return true
	}
	if c.Integral != nil {
		return false
	}
	for _, p := range c.probes {
		if p.kind != crossing && t.fired[p.neuron] {
			return false
		}
	}
	return true
}

// readBack adds the gradients of the voltages and integrals in c, which are of neurons that do not
// spike, to g and InputTime. The adjoint of an integral is the same for all neurons but for a factor, and has a
// closed form; that of voltages is carried from input to input.
func (t *Tape) readBack(g *Gradients, c *Cotangent) {
	t.intervals()
	t.sortIntervals(c)
	r, cell, n := &t.readout, &t.plan.cells[0], len(t.plan.cells)
	r.adj, r.at, r.active = zeroed(r.adj, n), zeroed(r.at, n), r.active[:0]
	rate, _ := decayRate(c.Decay) // check has seen it
	for k := t.head; k >= 0; k-- {
		f := r.factors[k]
		for _, j := range r.active {
			r.adj[j] = f.Adjoint(r.adj[j])
		}
		for i := r.interval[k]; i >= 0; i = r.next[i] {
			t.readBackProbe(g, k, &c.probes[i])
		}
		if k == 0 {
			break
		}
		from := t.input[k-1].Neuron * n
		weights := t.plan.layer.In.Weight[from : from+n]
		var row []float64
		if g.In != nil {
			row = g.In[from : from+n]
		}
		d := 0.0
		for _, j := range r.active {
			a := r.adj[j]
			d += float64(weights[j] * (float64(a.I*cell.beta) - float64(a.V*cell.alpha)))
			if row != nil {
				row[j] += a.I
			}
		}
		if c.Integral != nil {
			w := t.remaining(k, rate)
			sum := 0.0
			for j, x := range c.Integral {
				sum += float64(x * weights[j])
				if row != nil {
					row[j] += float64(x * w.i)
				}
			}
			d += float64(sum * (float64(w.i*cell.beta) - float64(w.u*cell.alpha)))
		}
		if len(t.InputTime) > 0 {
			t.InputTime[k-1] += d
		}
	}
	for _, j := range r.active {
		t.readBackStart(g, int(j), r.adj[j])
	}
	if c.Integral != nil {
		w := t.remaining(0, rate)
		for j, x := range c.Integral {
			accumulate(g.VLeak, j, x*w.one) // V = VLeak + u
			t.readBackStart(g, j, State{x * w.u, x * w.i})
		}
	}
}

// readBackProbe adds probe p, which is in interval k, to the adjoint at the beginning of the interval.
func (t *Tape) readBackProbe(g *Gradients, k int, p *probe) {
	r, j := &t.readout, p.neuron
	f := r.factors[k]
	switch p.kind {
	case crossing:
		accumulate(g.VTh, int(j), p.grad)
		return
	case arrivalIn:
		if len(t.InputTime) > 0 {
			t.InputTime[k] += float64(p.grad * p.slope) // the peak moves with the input
		}
	default:
		f = t.plan.cells[0].Factors(p.time - t.opening(k))
	}
	accumulate(g.VLeak, int(j), p.grad) // V = VLeak + u
	r.adj[j].V += float64(f.Mem * p.grad)
	r.adj[j].I += float64(f.Kappa * p.grad)
	if !r.at[j] {
		r.at[j] = true
		r.active = append(r.active, j)
	}
}

// readBackStart adds the adjoint of neuron j at time 0.
func (t *Tape) readBackStart(g *Gradients, j int, a State) {
	accumulate(g.IInit, j, a.I)
	if t.plan.layer.Params.VInit != nil { // u = VInit - VLeak, else 0
		accumulate(g.VInit, j, a.V)
		accumulate(g.VLeak, j, -a.V)
	}
}

// sortIntervals makes the lists of the probes of each interval.
func (t *Tape) sortIntervals(c *Cotangent) {
	r := &t.readout
	r.interval, r.next = resize(r.interval, t.head+1), resize(r.next, len(c.probes))
	for k := range r.interval {
		r.interval[k] = -1
	}
	for i := len(c.probes) - 1; i >= 0; i-- {
		p := &c.probes[i]
		k := int(p.source)
		if p.kind == still { // after the inputs at its own time
			k = sort.Search(t.head, func(k int) bool { return t.input[k].Time > p.time })
		}
		r.next[i] = r.interval[k]
		r.interval[k] = int32(i)
	}
}
