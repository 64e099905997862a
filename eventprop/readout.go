package eventprop

import (
	"math"
	"sort"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/internal/lanes"
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
	known   bool // whether peaks holds those of the silent neurons
	silent  []int32
	state   []State     // of the neurons that are followed
	v, i    []float64   // the same of readouts
	best    []float64   // V - VLeak at the peak of readouts
	current []float64   // and the current, where it is just before an input
	last    []int64     // that input, or -1
	peaks   []Peak      // by neuron
	arrival []float64   // coefficients of the inputs
	rest    []integrals // from the beginning of each interval to the end; empty: not known yet
	rate    float64     // of their weight

	a, b     []float64 // dL/dV and dL/dI, by neuron
	active   []int32   // neurons whose adjoint is not 0
	at       []bool    // whether they are
	interval []int32   // first probe of each interval, -1 for none
	next     []int32   // probe of the same interval after each
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
	r.peaks, r.v, r.i = resize(r.peaks, n), resize(r.v, n), resize(r.i, n)
	r.best, r.current, r.last = resize(r.best, n), resize(r.current, n), resize(r.last, n)
	t.makeSteps()
	for lo := 0; lo < n; lo += lanes.Block {
		t.climb(lo, min(lo+lanes.Block, n))
	}
	t.complete = true
	t.Report.Inputs, t.Report.LateInputs, t.Report.Arrivals = t.head, len(t.input)-t.head, t.head*n
	for j := range n {
		if s := (State{r.v[j], r.i[j]}); !s.finite() {
			return t.overflow(j, s)
		}
	}
	return nil
}

// climb carries the readouts lo to hi-1 to the end and finds their peaks.
func (t *Tape) climb(lo, hi int) {
	r, c := &t.readout, &t.plan.cells[0]
	weights := t.plan.layer.In.from(lo)
	v, i, best, current, last := r.v[lo:hi], r.i[lo:hi], r.best[lo:hi], r.current[lo:hi], r.last[lo:hi]
	for j := range v {
		s := t.plan.init[lo+j]
		v[j], i[j], best[j], last[j] = s.V, s.I, s.V, -1
		r.peaks[lo+j] = Peak{neuron: int32(lo + j), kind: still}
	}
	for k := 0; k <= t.head; k++ {
		done, _ := lanes.Climb(v, i, best, current, last, t.steps[k:t.head], k, weights)
		k += done
		f := Factors(t.steps[k].Factors)
		for j := range v {
			s := State{v[j], i[j]}
			after := f.Apply(s)
			if time, top, ok := t.inside(k, s, after, best[j]); ok && top > best[j] {
				best[j], last[j], r.peaks[lo+j].Time = top, -1, time
			}
			if after.V > best[j] {
				best[j], current[j], last[j] = after.V, after.I, int64(k)
			}
			v[j], i[j] = after.V, after.I
			if k < t.head {
				i[j] += weights[t.steps[k].Row+j]
			}
		}
	}
	for j := range v {
		p := &r.peaks[lo+j]
		p.Value = c.leak + best[j]
		if k := int(last[j]); k >= 0 {
			p.Time, p.slope = t.closing(k), c.alpha*(current[j]-best[j])
			if k < t.head {
				p.kind, p.source, p.synapse = arrivalIn, int32(k), int32(t.steps[k].Row+lo+j)
			}
		}
	}
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

// makeSteps makes the steps from input to input; the last one has no input.
func (t *Tape) makeSteps() {
	if len(t.steps) > 0 {
		return
	}
	c, n := &t.plan.cells[0], len(t.plan.cells)
	for k := range t.head + 1 {
		s := lanes.Step{Factors: lanes.Factors(c.Factors(t.closing(k) - t.opening(k)))}
		if k < t.head {
			s.Row = t.input[k].Neuron * n
		}
		t.steps = append(t.steps, s)
	}
}

// inside returns the maximum of V - VLeak within interval k of a neuron in state s at its beginning and in state after at its end. It is
// looked for where V' changes its sign from + to -, and where V could come above best, with the bounds
//
//	V <= V(0) + h V'(0)        V is concave up to there
//	V =  I(t) <= I(0)          because V' = 0
//
// counted from VLeak, as it takes a logarithm and exponentials.
func (t *Tape) inside(k int, s, after State, best float64) (time, top float64, ok bool) {
	if !(s.I > s.V && after.I <= after.V && s.I > best) {
		return 0, 0, false
	}
	c, start := &t.plan.cells[0], t.opening(k)
	h := t.closing(k) - start
	if !(s.V+float64(float64(c.alpha*h)*(s.I-s.V)) > best) {
		return 0, 0, false
	}
	at, ok := c.extremum(s.V, s.I)
	if !ok || !(at < h) {
		return 0, 0, false
	}
	return start + at, c.Apply(s, at).V, true
}

// follow carries the silent neurons from input to input and finds their peaks.
func (t *Tape) follow() {
	r, p := &t.readout, t.plan
	c, n := &p.cells[0], len(p.cells)
	t.makeSteps()
	r.peaks, r.state = resize(r.peaks, n), resize(r.state, len(r.silent))
	for i, j := range r.silent {
		s := p.init[j]
		r.state[i] = s
		r.peaks[j] = Peak{Value: c.leak + s.V, neuron: j, kind: still}
	}
	for k := range t.steps {
		f, stop := Factors(t.steps[k].Factors), t.closing(k)
		kind, from := still, int32(0)
		var weights []float64
		if k < t.head {
			from = int32(t.input[k].Neuron * n)
			kind, weights = arrivalIn, p.layer.In.Weight[from:from+int32(n)]
		}
		for i, j := range r.silent {
			s, best := r.state[i], &r.peaks[j]
			after := f.Apply(s)
			if time, top, ok := t.inside(k, s, after, best.Value-c.leak); ok && c.leak+top > best.Value {
				*best = Peak{Value: c.leak + top, Time: time, neuron: j, kind: still}
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
	t.makeRest(rate)
	r.arrival = r.arrival[:0]
	for _, w := range r.rest[1:] {
		r.arrival = append(r.arrival, w.i)
	}
	t.respond(dst, first, r.rest[0])
}

// makeRest sets the integrals from the beginning of each interval to the end.
func (t *Tape) makeRest(rate float64) {
	r := &t.readout
	if len(r.rest) > 0 && r.rate == rate {
		return
	}
	r.rest, r.rate = r.rest[:0], rate
	for k := range t.head + 1 {
		start := t.opening(k)
		w := t.plan.cells[0].integrals(t.end-start, rate)
		if rate != 0 {
			e := fmath.Exp(-rate * start)
			w.one, w.u, w.i = w.one*e, w.u*e, w.i*e
		}
		r.rest = append(r.rest, w)
	}
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
	t.makeSteps()
	t.sortIntervals(c)
	r, n := &t.readout, len(t.plan.cells)
	r.a, r.b, r.at, r.active = zeroed(r.a, n), zeroed(r.b, n), zeroed(r.at, n), r.active[:0]
	if t.engine == reading {
		for lo := 0; lo < n; lo += lanes.Block {
			t.readBackBlock(g, c, lo, min(lo+lanes.Block, n))
		}
	} else {
		t.readBackSilent(g, c)
	}
	for _, j := range r.active {
		t.readBackStart(g, int(j), State{r.a[j], r.b[j]})
	}
	if c.Integral != nil {
		t.readBackIntegral(g, c)
	}
}

// readBackBlock carries the adjoints of the voltages of the readouts lo to hi-1 from probe to probe.
func (t *Tape) readBackBlock(g *Gradients, c *Cotangent, lo, hi int) {
	r, upTo, quiet := &t.readout, t.head+1, true
	for k := t.head; k >= 0; k-- {
		i := r.interval[k]
		if i < 0 {
			continue
		}
		if !quiet {
			t.undoSteps(g, r.a[lo:hi], r.b[lo:hi], lo, k, upTo)
		}
		for upTo = k; i >= 0; i = r.next[i] {
			if p := &c.probes[i]; int(p.neuron) >= lo && int(p.neuron) < hi {
				t.readBackProbe(g, k, p)
				quiet = false
			}
		}
	}
	if !quiet {
		t.undoSteps(g, r.a[lo:hi], r.b[lo:hi], lo, 0, upTo)
	}
}

// readBackSilent carries the adjoints of the voltages of some neurons of a swept layer.
func (t *Tape) readBackSilent(g *Gradients, c *Cotangent) {
	r, cell, n := &t.readout, &t.plan.cells[0], len(t.plan.cells)
	for k := t.head; k >= 0; k-- {
		f := Factors(t.steps[k].Factors)
		for _, j := range r.active {
			a := f.Adjoint(State{r.a[j], r.b[j]})
			r.a[j], r.b[j] = a.V, a.I
		}
		for i := r.interval[k]; i >= 0; i = r.next[i] {
			t.readBackProbe(g, k, &c.probes[i])
		}
		if k == 0 {
			break
		}
		from := t.input[k-1].Neuron * n
		weights := t.plan.layer.In.Weight[from : from+n]
		d := 0.0
		for _, j := range r.active {
			d += float64(weights[j] * (float64(r.b[j]*cell.beta) - float64(r.a[j]*cell.alpha)))
			if g.In != nil {
				g.In[from+int(j)] += r.b[j]
			}
		}
		if len(t.InputTime) > 0 {
			t.InputTime[k-1] += d
		}
	}
}

// readBackIntegral adds the gradients of the integrals.
func (t *Tape) readBackIntegral(g *Gradients, c *Cotangent) {
	cell, n := &t.plan.cells[0], len(t.plan.cells)
	rate, _ := decayRate(c.Decay) // check has seen it
	t.makeRest(rate)
	for k := t.head; k > 0; k-- {
		from := t.input[k-1].Neuron * n
		w := t.readout.rest[k]
		sum := 0.0
		for j, x := range c.Integral {
			sum += float64(x * t.plan.layer.In.Weight[from+j])
			if g.In != nil {
				g.In[from+j] += float64(x * w.i)
			}
		}
		if len(t.InputTime) > 0 {
			t.InputTime[k-1] += float64(sum * (float64(w.i*cell.beta) - float64(w.u*cell.alpha)))
		}
	}
	w := t.readout.rest[0]
	for j, x := range c.Integral {
		accumulate(g.VLeak, j, x*w.one) // V = VLeak + u
		t.readBackStart(g, j, State{x * w.u, x * w.i})
	}
}

// readBackProbe adds probe p, which is in interval k, to the adjoint at the beginning of the interval.
func (t *Tape) readBackProbe(g *Gradients, k int, p *probe) {
	r, j := &t.readout, p.neuron
	f := Factors(t.steps[k].Factors)
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
	r.a[j] += float64(f.Mem * p.grad)
	r.b[j] += float64(f.Kappa * p.grad)
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
