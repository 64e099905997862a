package eventprop

import (
	"math"
	"slices"
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
	fired   []bool      // whether each neuron has spiked
	known   bool        // whether peaks holds those of the neurons that did not spike
	v, i    []float64   // states
	best    []float64   // V - VLeak at the peak; +Inf of neurons that spiked, whose course is another
	current []float64   // and the current, where the peak is just before an input
	last    []int64     // that input, or -1
	peaks   []Peak      // by neuron
	arrival []float64   // coefficients of the inputs
	rest    []integrals // from the beginning of each interval to the end; empty: not known yet
	rate    float64     // of their weight

	steps     []lanes.Step // from input to input; empty: not made yet
	exponents []float64    // memory of makeSteps

	a, b  []float64 // dL/dV and dL/dI, by neuron
	block []int32   // first probe of each block of neurons, -1 for none
	next  []int32   // probe of the same block after each
	order []placed  // those of a block
}

// placed is a probe and the interval it is in.
type placed struct{ interval, probe int32 }

// readouts tells whether the layer is of the kind that read is for.
func (p *plan) readouts() bool {
	return len(p.cells) > 0 && p.dense() && p.layer.Rec == nil && math.IsInf(p.cells[0].q, 1)
}

// reset forgets the pass before.
func (r *readout) reset(n int) {
	r.fired = zeroed(r.fired, n)
	r.steps, r.known, r.rest = r.steps[:0], false, r.rest[:0]
}

// forward is the pass through a layer of readouts.
func (r *readout) forward(t *Tape) error {
	t.head = sort.Search(len(t.input), func(k int) bool { return t.input[k].Time >= t.end })
	n := len(t.plan.cells)
	r.reset(n)
	r.follow(t)
	t.complete = true
	t.Report.Inputs, t.Report.LateInputs, t.Report.Arrivals = t.head, len(t.input)-t.head, t.head*n
	for j := range n {
		if s := (State{r.v[j], r.i[j]}); !s.finite() {
			return t.overflow(j, s)
		}
	}
	return nil
}

// follow finds the peaks of the neurons that did not spike.
func (r *readout) follow(t *Tape) {
	n := len(t.plan.cells)
	if r.known {
		return
	}
	r.peaks, r.v, r.i = resize(r.peaks, n), resize(r.v, n), resize(r.i, n)
	r.best, r.current, r.last = resize(r.best, n), resize(r.current, n), resize(r.last, n)
	r.makeSteps(t)
	for lo := 0; lo < n; lo += lanes.Block {
		hi := min(lo+lanes.Block, n)
		if slices.Contains(r.fired[lo:hi], false) {
			r.climb(t, lo, hi)
		}
	}
	r.known = true
}

// climb carries the neurons lo to hi-1 to the end as if they did not spike, and finds the peaks of
// those that did not.
func (r *readout) climb(t *Tape, lo, hi int) {
	c := &t.plan.cells[0]
	weights := t.plan.layer.In.from(lo)
	v, i, best, current, last := r.v[lo:hi], r.i[lo:hi], r.best[lo:hi], r.current[lo:hi], r.last[lo:hi]
	for j := range v {
		s := t.plan.init[lo+j]
		v[j], i[j], best[j], last[j] = s.V, s.I, s.V, -1
		r.peaks[lo+j] = Peak{neuron: int32(lo + j), kind: still}
		if r.fired[lo+j] {
			best[j] = math.Inf(1)
		}
	}
	for k := 0; k <= t.head; k++ {
		done, _ := lanes.Climb(v, i, best, current, last, r.steps[k:t.head], k, weights)
		k += done
		f := Factors(r.steps[k].Factors)
		for j := range v {
			s := State{v[j], i[j]}
			after := f.Apply(s)
			if time, top, ok := r.inside(t, k, s, after, best[j]); ok && top > best[j] {
				best[j], last[j], r.peaks[lo+j].Time = top, -1, time
			}
			if after.V > best[j] {
				best[j], current[j], last[j] = after.V, after.I, int64(k)
			}
			v[j], i[j] = after.V, after.I
			if k < t.head {
				i[j] += weights[r.steps[k].Row+j]
			}
		}
	}
	for j := range v {
		p := &r.peaks[lo+j]
		p.Value = c.leak + best[j]
		if k := int(last[j]); k >= 0 {
			p.Time, p.slope = t.closing(k), c.alpha*(current[j]-best[j])
			if k < t.head {
				p.kind, p.source, p.synapse = arrivalIn, int32(k), int32(r.steps[k].Row+lo+j)
			}
		}
	}
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
func (r *readout) makeSteps(t *Tape) {
	if len(r.steps) > 0 {
		return
	}
	c, n := &t.plan.cells[0], len(t.plan.cells)
	r.steps, r.exponents = resize(r.steps, t.head+1), resize(r.exponents, t.head+1)
	start := 0.0
	for k := range r.steps {
		stop, row := t.end, 0
		if k < t.head {
			stop, row = t.input[k].Time, t.input[k].Neuron*n
		}
		r.steps[k].Row, r.exponents[k] = row, stop-start
		start = stop
	}
	r.fillSteps(c.Flow)
}

// fillSteps makes the propagators of the steps, over the times in exponents: those of
// [Flow.Factors], most of them together at TauMem = 2 TauSyn.
func (r *readout) fillSteps(f Flow) {
	if f.tauMem != 2*f.tauSyn {
		for k, h := range r.exponents {
			r.steps[k].Factors = lanes.Factors(f.Factors(h))
		}
		return
	}
	for k, h := range r.exponents {
		x := -float64(f.alpha * h)
		if !(x > -1./8 && x < 0) {
			r.steps[k].Factors = lanes.Factors(f.Factors(h))
			x = math.NaN()
		}
		r.exponents[k] = x
	}
	lanes.Expm1(r.exponents, r.exponents)
	for k, rest := range r.exponents {
		if mem := 1 + rest; mem == mem {
			r.steps[k].Factors = lanes.Factors{Mem: mem, Syn: mem * mem, Kappa: -rest * mem}
		}
	}
}

// inside returns the maximum of V - VLeak within interval k of a neuron in state s at its beginning
// and in state after at its end. It is looked for where V' changes its sign from + to -, and where
// V could come above best, with the bounds
//
//	V <= V(0) + h V'(0)        V is concave up to there
//	V =  I(t) <= I(0)          because V' = 0
//
// counted from VLeak, as it takes a logarithm and exponentials.
func (r *readout) inside(t *Tape, k int, s, after State, best float64) (time, top float64, ok bool) {
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

// respond writes the linear function of the neurons from first on to dst whose coefficients are
// those of VLeak, of the initial state, and readout.arrival of the weights.
func (r *readout) respond(t *Tape, dst []float64, first int, own integrals) {
	p := t.plan
	leak, n := p.cells[0].leak, len(p.cells)
	for i := range dst {
		s := p.init[first+i]
		dst[i] = float64(own.one*leak) + float64(own.u*s.V) + float64(own.i*s.I)
	}
	for k, a := range r.arrival {
		from := t.input[k].Neuron*n + first
		for i, w := range p.layer.In.Weight[from : from+len(dst)] {
			dst[i] += float64(a * w)
		}
	}
}

// voltages writes the voltages at time s of the neurons from first on to dst.
func (r *readout) voltages(t *Tape, dst []float64, first int, s float64) bool {
	c := &t.plan.cells[0]
	r.arrival = r.arrival[:0]
	for k := 0; k < t.head && t.input[k].Time <= s; k++ {
		r.arrival = append(r.arrival, c.Factors(s-t.input[k].Time).Kappa)
	}
	f := c.Factors(s)
	r.respond(t, dst, first, integrals{1, f.Mem, f.Kappa})
	return true
}

// integrals writes the integrals with the weight e^(-rate t) of the neurons from first on to dst.
func (r *readout) integrals(t *Tape, dst []float64, first int, rate float64) bool {
	r.makeRest(t, rate)
	r.arrival = r.arrival[:0]
	for _, w := range r.rest[1:] {
		r.arrival = append(r.arrival, w.i)
	}
	r.respond(t, dst, first, r.rest[0])
	return true
}

// makeRest sets the integrals from the beginning of each interval to the end.
func (r *readout) makeRest(t *Tape, rate float64) {
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

// readable tells whether back can do the voltages in c, of a layer that spikes.
func (r *readout) readable(c *Cotangent) bool {
	if c.Integral != nil {
		return false
	}
	for _, p := range c.probes {
		if p.kind != crossing && r.fired[p.neuron] {
			return false
		}
	}
	return true
}

func (r *readout) spiked(j int) bool { return false }

func (r *readout) max(t *Tape, j int) (Peak, bool) {
	r.follow(t)
	return r.peaks[j], true
}

// backward is [Tape.Backward] of readouts, for everything but time constants.
func (r *readout) backward(t *Tape, g *Gradients, c *Cotangent) (ok bool, err error) {
	if g.TauMem != nil || g.TauSyn != nil {
		return false, nil
	}
	r.back(t, g, c)
	return true, nil
}

// back adds the gradients of the voltages and integrals in c, which are of neurons that do not
// spike, to g and InputTime. The adjoint of an integral is the same for all neurons but for a
// factor, and has a closed form; that of voltages is carried from input to input.
func (r *readout) back(t *Tape, g *Gradients, c *Cotangent) {
	r.makeSteps(t)
	r.sortBlocks(t, c)
	n := len(t.plan.cells)
	r.a, r.b = zeroed(r.a, n), zeroed(r.b, n)
	for k, first := range r.block {
		if lo := k * lanes.Block; first >= 0 {
			r.backBlock(t, g, c, first, lo, min(lo+lanes.Block, n))
		}
	}
	for j := range n {
		r.backStart(t, g, j, State{r.a[j], r.b[j]})
	}
	if c.Integral != nil {
		r.backIntegral(t, g, c)
	}
}

// backBlock carries the adjoints of the voltages of the neurons lo to hi-1, whose probes are first
// and those after it, from probe to probe.
func (r *readout) backBlock(t *Tape, g *Gradients, c *Cotangent, first int32, lo, hi int) {
	r.order = r.order[:0]
	for i := first; i >= 0; i = r.next[i] {
		switch p := &c.probes[i]; p.kind {
		case crossing:
			accumulate(g.VTh, int(p.neuron), p.grad)
		case arrivalIn:
			r.order = append(r.order, placed{p.source, i})
		default: // after the inputs at its own time
			k := sort.Search(t.head, func(k int) bool { return t.input[k].Time > p.time })
			r.order = append(r.order, placed{int32(k), i})
		}
	}
	if len(r.order) == 0 {
		return
	}
	slices.SortStableFunc(r.order, func(x, y placed) int { return int(y.interval - x.interval) })
	upTo := int(r.order[0].interval) // intervals from here on are undone
	for _, x := range r.order {
		if k := int(x.interval); k < upTo {
			r.undoSteps(t, g, r.a[lo:hi], r.b[lo:hi], lo, k, upTo)
			upTo = k
		}
		r.backProbe(t, g, upTo, &c.probes[x.probe])
	}
	r.undoSteps(t, g, r.a[lo:hi], r.b[lo:hi], lo, 0, upTo)
}

// backIntegral adds the gradients of the integrals.
func (r *readout) backIntegral(t *Tape, g *Gradients, c *Cotangent) {
	cell, n := &t.plan.cells[0], len(t.plan.cells)
	rate, _ := decayRate(c.Decay) // check has seen it
	r.makeRest(t, rate)
	for k := t.head; k > 0; k-- {
		from := t.input[k-1].Neuron * n
		w := r.rest[k]
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
	w := r.rest[0]
	for j, x := range c.Integral {
		accumulate(g.VLeak, j, x*w.one) // V = VLeak + u
		r.backStart(t, g, j, State{x * w.u, x * w.i})
	}
}

// backProbe adds probe p, which is in interval k, to the adjoint at the beginning of the interval.
func (r *readout) backProbe(t *Tape, g *Gradients, k int, p *probe) {
	j := p.neuron
	f := Factors(r.steps[k].Factors)
	switch p.kind {
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
}

// backStart adds the adjoint of neuron j at time 0.
func (r *readout) backStart(t *Tape, g *Gradients, j int, a State) {
	accumulate(g.IInit, j, a.I)
	if t.plan.layer.Params.VInit != nil { // u = VInit - VLeak, else 0
		accumulate(g.VInit, j, a.V)
		accumulate(g.VLeak, j, -a.V)
	}
}

// sortBlocks makes the lists of the probes of each block of neurons.
func (r *readout) sortBlocks(t *Tape, c *Cotangent) {
	n := len(t.plan.cells)
	r.block, r.next = resize(r.block, (n+lanes.Block-1)/lanes.Block), resize(r.next, len(c.probes))
	for k := range r.block {
		r.block[k] = -1
	}
	for i := len(c.probes) - 1; i >= 0; i-- {
		k := c.probes[i].neuron / lanes.Block
		r.next[i], r.block[k] = r.block[k], int32(i)
	}
}

// undoSteps carries the adjoints a, b of a block of neurons from lo on back over the steps first <=
// k < end, with the inputs that end them.
func (r *readout) undoSteps(t *Tape, g *Gradients, a, b []float64, lo, first, end int) {
	cell := &t.plan.cells[0]
	var grad, time []float64
	if g.In != nil {
		grad = g.In[min(lo, len(g.In)):]
	}
	if len(t.InputTime) > 0 {
		time = t.InputTime[first:end]
	}
	lanes.RunBack(a, b, r.steps[first:end], t.plan.layer.In.from(lo), grad, time, cell.alpha, cell.beta)
}
