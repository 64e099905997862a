package eventprop

import "github.com/surge-snn/surge/internal/lanes"

// course is the states at the beginning of intervals, for the gradients of time constants of a
// swept layer. It keeps those of one stretch of intervals, and that at the beginning of each
// stretch, so that its memory does not grow with the input as all states would.
type course struct {
	marks    []float64 // states at the beginning of each stretch
	v, i     []float64 // at the beginning of each interval of one stretch, and after it
	own      []propagators
	stretch  int       // of v, i and own
	mem, syn []float64 // gradients, of each neuron
	n        int
}

// stretch is the most intervals whose states are kept at once.
const stretch = 64

// begin follows the pass that w has made, from the start to the end.
func (c *course) begin(t *Tape, w *sweep) {
	n := len(t.plan.cells)
	c.n, c.mem, c.syn = n, zeroed(c.mem, n), zeroed(c.syn, n)
	c.v, c.i = resize(c.v, (stretch+1)*n), resize(c.i, (stretch+1)*n)
	stretches := (len(w.intervals) + stretch - 1) / stretch
	c.marks = resize(c.marks, 2*stretches*n)
	if w.differ && len(c.own) == 0 {
		c.own = make([]propagators, stretch)
	}
	for j, s := range t.plan.init {
		c.v[j], c.i[j] = s.V, s.I
	}
	for k := range stretches {
		copy(c.marks[2*k*n:], c.v[:n])
		copy(c.marks[(2*k+1)*n:], c.i[:n])
		last := c.follow(t, w, k)
		if k+1 < stretches {
			copy(c.v[:n], c.v[last*n:(last+1)*n])
			copy(c.i[:n], c.i[last*n:(last+1)*n])
		}
	}
}

// follow makes the states of stretch k from those at its beginning, and returns the number of its
// intervals.
func (c *course) follow(t *Tape, w *sweep, k int) int {
	n := c.n
	c.stretch = k
	intervals := w.intervals[k*stretch : min((k+1)*stretch, len(w.intervals))]
	for m := range intervals {
		x := &intervals[m]
		v, i, nextV, nextI := c.v[m*n:(m+1)*n], c.i[m*n:(m+1)*n], c.v[(m+1)*n:(m+2)*n], c.i[(m+1)*n:(m+2)*n]
		if w.differ {
			p := &c.own[m]
			p.grow(n)
			w.flows.over(p, x.stop-x.start, t.plan.cells)
			lanes.AdvanceEach(w.mask, nextV, nextI, v, i, p.Each, w.flows.q)
		} else {
			lanes.Advance(w.mask, nextV, nextI, v, i, lanes.Factors(x.Factors), t.plan.cells[0].q)
		}
		for _, r := range w.trains[x.firstTrain:x.endTrain] {
			s := r.Apply(State{t.plan.cells[r.neuron].rho, w.found[r.last].current})
			nextV[r.neuron], nextI[r.neuron] = s.V, s.I
		}
		for s := x.firstInput; s < x.endInput; s++ {
			row := t.input[s].Neuron * n
			lanes.Add(nextI, t.plan.layer.In.Weight[row:row+n])
		}
	}
	return len(intervals)
}

// open makes the states of an interval, if they are not there.
func (c *course) open(t *Tape, w *sweep, x *interval) {
	if k := int(x.index) / stretch; k != c.stretch {
		copy(c.v[:c.n], c.marks[2*k*c.n:])
		copy(c.i[:c.n], c.marks[(2*k+1)*c.n:])
		c.follow(t, w, k)
	}
}

// state returns that of neuron j at the beginning of an interval.
func (c *course) state(x *interval, j int) State {
	m := int(x.index)%stretch*c.n + j
	return State{c.v[m], c.i[m]}
}

// propagators returns those over an interval.
func (c *course) propagators(x *interval) *propagators { return &c.own[int(x.index)%stretch] }

// leg adds the gradients of neuron j over a part h of an interval, from state s. a is the adjoint
// at its end.
func (c *course) leg(t *Tape, j int, p Factors, s, a State, h float64) {
	uMem, uSyn, iSyn := t.plan.cells[j].slopes(p, s.V, s.I, h)
	c.mem[j] += float64(a.V * uMem)
	c.syn[j] += float64(a.V*uSyn) + float64(a.I*iSyn)
}

// slopes adds the gradients of all neurons over an interval.
func (c *course) slopes(t *Tape, w *sweep, x *interval) {
	h, m := x.stop-x.start, int(x.index)%stretch*c.n
	n := c.n
	v, i, a, b, mem, syn := c.v[m:m+n], c.i[m:m+n], w.back.a[:n], w.back.b[:n], c.mem[:n], c.syn[:n]
	if !w.differ {
		s := t.plan.cells[0].rateSlopes(x.Factors, h)
		for j, y := range a {
			mem[j] += float64(y * (float64(s.memV*v[j]) + float64(s.memI*i[j])))
			syn[j] += float64(i[j] * (float64(s.synI*y) + float64(s.currentI*b[j])))
		}
		return
	}
	p := c.propagators(x)
	if w.flows.widest*h < 1./8 {
		lanes.Slopes(mem, syn, v, i, a, b, p.Each, w.flows.Rates, h)
		return
	}
	for j, y := range a {
		if y == 0 && b[j] == 0 {
			continue
		}
		s := t.plan.cells[j].rateSlopes(p.of(j), h)
		mem[j] += float64(y * (float64(s.memV*v[j]) + float64(s.memI*i[j])))
		syn[j] += float64(i[j] * (float64(s.synI*y) + float64(s.currentI*b[j])))
	}
}

// end adds the sums to the gradients.
func (c *course) end(g *Gradients) {
	for j := range c.n {
		accumulate(g.TauMem, j, c.mem[j])
		accumulate(g.TauSyn, j, c.syn[j])
	}
}
