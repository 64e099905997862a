package eventprop

import (
	"fmt"
	"math"
	"slices"
)

// sweep is the fast way through a feed-forward layer of neurons that are alike, with dense weights
// and no delays: the neurons do not see each other, so that one pass over the sorted input
// serves all of them, and the propagator between two inputs is common to them. A
// neuron takes part in a root search only where it crosses the threshold before the next input.
//
// Only the spikes are kept. Tape.unfold makes the touches of the general engine from
// them where a voltage or a gradient of a time constant is asked for.
type sweep struct {
	state  []State
	begin  []int32 // first spike of each interval between inputs; one more for the end
	spikes []sweptSpike

	keys     []sortKey
	unsorted []sweptSpike

	adj    []State // backwards
	upTo   []passage
	active []int32 // neurons whose adjoint is not 0
	at     []bool  // whether they are
	moved  []int32 // interval in which the adjoint is not at the end of the interval any more
}

// sweptSpike is a spike with the decays from the beginning of its interval.
type sweptSpike struct {
	Spike
	passage
}

// sortKey is the time and place of a spike to sort.
type sortKey struct {
	time float64
	at   int32
}

// passage is a moment in an interval between inputs: its time, and the decays from the beginning of the interval.
type passage struct{ time, mem, syn float64 }

// alike tells whether the layer is of the kind that the fast engines are for.
func (p *plan) alike() bool {
	l := p.layer
	return len(p.cells) > 0 && !l.InputFirst && l.Params.uniform() && l.In.Row == nil && l.In.Delay == nil &&
		(l.Rec == nil || l.Rec.Row == nil && l.Rec.Delay == nil) &&
		p.cells[0].q > 0 && !math.IsInf(p.cells[0].q, 1) && p.init[0].V < p.cells[0].q
}

// kappaOf returns Kappa over h from the decays over h.
func (f *Flow) kappaOf(mem, syn, h float64) float64 {
	delta := f.beta - f.alpha
	d := delta * h
	if math.Abs(d) > 0.1 {
		return f.alpha * (mem - syn) / delta
	}
	phi := 1.0 // (1 - e^-d)/d, to 0.1^10/11! = 3e-18
	for n := 10.0; n > 1; n-- {
		phi = 1 - float64(d/n*phi)
	}
	return float64(f.alpha*h) * mem * phi
}

// between returns the propagator from a to b, b.time > a.time, in one interval.
func (f *Flow) between(a, b passage) Factors {
	h := b.time - a.time
	if !(a.syn > 1e-250) || !(a.mem > 1e-250) { // far into a long interval the ratios lose their digits
		return f.Factors(h)
	}
	mem, syn := b.mem/a.mem, b.syn/a.syn
	return Factors{mem, syn, f.kappaOf(mem, syn, h)}
}

// mayCross tells whether a neuron in state s, and in state after at the end of an interval, may cross the threshold
// on the way: it is over it at the end, or V has a maximum on the way and the current could lift it so far.
func (c *cell) mayCross(s, after State) bool {
	return after.V >= c.q || s.I > c.q && after.I < after.V
}

// crossingFrom returns the time to the crossing from s, with the decays up to it. At TauMem = 2 TauSyn
// it is the closed form of [TTFSDouble].
func (c *cell) crossingFrom(s State) (x passage, ok bool) {
	if c.tauMem == 2*c.tauSyn {
		a := s.V + s.I
		d := float64(a*a) - float64(4*s.I*c.q)
		switch margin := 1e-6 * float64(a*a); {
		case d < -margin:
			return passage{}, false
		case d > margin: // away from grazing, where the square root loses digits
			r := math.Sqrt(d)
			z := (s.I - s.V - r) / (a + r)
			if !(z > 0) || !(a > 0) {
				return passage{}, false
			}
			mem := 1 / (1 + z)
			return passage{c.tauMem * math.Log1p(z), mem, mem * mem}, true
		}
	}
	h, p, solved := c.next(s.V, s.I)
	return passage{h, p.Mem, p.Syn}, solved
}

// sweep is the forward pass.
func (t *Tape) sweep() error {
	w, p := &t.swept, t.plan
	c, n := &p.cells[0], len(p.cells)
	w.state = resize(w.state, n)
	copy(w.state, p.init)
	w.begin, w.spikes = append(w.begin[:0], 0), w.spikes[:0]
	start := 0.0
	for k := 0; ; k++ {
		stop := t.end
		last := k == len(t.input) || t.input[k].Time >= t.end
		if !last {
			stop = t.input[k].Time
		}
		end := passage{time: stop}
		f := c.Factors(stop - start)
		end.mem, end.syn = f.Mem, f.Syn
		first := len(w.spikes)
		var weights []float64
		if !last {
			from := t.input[k].Neuron * n
			weights = p.layer.In.Weight[from : from+n]
		}
		for j := range w.state {
			s := w.state[j]
			after := f.Apply(s)
			if c.mayCross(s, after) {
				var err error
				if after, err = t.sweepSpikes(j, start, end, s, after); err != nil {
					return err
				}
			}
			if !last {
				after.I += weights[j]
			}
			w.state[j] = after
		}
		w.sort(first)
		w.begin = append(w.begin, int32(len(w.spikes)))
		if last {
			t.head = k
			break
		}
		start = stop
	}
	for k := range w.spikes {
		t.Spikes = append(t.Spikes, w.spikes[k].Spike)
	}
	t.engine = sweeping
	t.Report.Arrivals = t.head * n
	return t.summarize(w.state)
}

// summarize is finish for a fast engine, with the states at the end.
func (t *Tape) summarize(state []State) error {
	t.complete = true
	r := &t.Report
	r.Inputs, r.LateInputs, r.Spikes = t.head, len(t.input)-t.head, len(t.Spikes)
	t.fired = zeroed(t.fired, len(t.plan.cells))
	for _, s := range t.Spikes {
		t.fired[s.Neuron] = true
	}
	r.SilentNeurons = 0
	for _, fired := range t.fired {
		if !fired {
			r.SilentNeurons++
		}
	}
	for j, s := range state {
		if !s.finite() {
			return t.overflow(j, s)
		}
	}
	return nil
}

// sort sorts the spikes from first on, which are by rising neuron, by time.
func (w *sweep) sort(first int) {
	w.keys = w.keys[:0]
	for k, s := range w.spikes[first:] {
		w.keys = append(w.keys, sortKey{s.Time, int32(k)})
	}
	slices.SortFunc(w.keys, func(a, b sortKey) int {
		switch {
		case a.time < b.time:
			return -1
		case a.time > b.time:
			return 1
		}
		return int(a.at - b.at)
	})
	w.unsorted = append(w.unsorted[:0], w.spikes[first:]...)
	for k, key := range w.keys {
		w.spikes[first+k] = w.unsorted[key.at]
	}
}

// sweepSpikes finds the spikes of neuron j in an interval, at the beginning of which it is in state s,
// and returns its state at the end, which is after where it does not spike.
func (t *Tape) sweepSpikes(j int, start float64, end passage, s, after State) (State, error) {
	c, w := &t.plan.cells[0], &t.swept
	stop := end.time
	end.time = stop - start // from here on times count from the beginning of the interval
	now := passage{0, 1, 1}
	before := -1.0
	for c.mayCross(s, after) {
		t.Report.RootSolves++
		x, ok := c.crossingFrom(s)
		x.time += now.time
		x.mem *= now.mem
		x.syn *= now.syn
		if !ok || x.time > end.time {
			if after.V < c.q {
				break
			}
			x = end // over threshold at the end by rounding
		}
		at := min(start+x.time, stop)
		if !(at < t.end) {
			break
		}
		if at == before {
			return after, fmt.Errorf("%w: neuron %d at %g s, current %g", ErrRunaway, j, at, s.I)
		}
		if len(w.spikes) >= t.plan.maxSpikes {
			return after, fmt.Errorf("%w: %d at %g s, the limit is %d", ErrLimit, len(w.spikes)+1, at, t.plan.maxSpikes)
		}
		before = at
		current := s.I * x.syn / now.syn
		if !(now.syn > 1e-250) {
			current = c.Apply(s, x.time-now.time).I
		}
		if current-c.q < 1e-3*c.q {
			t.Report.Grazing++
		}
		w.spikes = append(w.spikes, sweptSpike{Spike{at, j, current}, x})
		s = State{c.rho, current}
		now = x
		if x.time < end.time {
			after = c.between(x, end).Apply(s)
		} else {
			after = s
		}
	}
	return after, nil
}

// sweepBack is [Tape.Backward] after a sweep, for everything but time constants and voltages.
func (t *Tape) sweepBack(g *Gradients, c *Cotangent) error {
	if err := c.check(t); err != nil {
		return err
	}
	if err := g.check(t.plan.layer); err != nil {
		return err
	}
	w, cell, n := &t.swept, &t.plan.cells[0], len(t.plan.cells)
	t.InputTime = zeroed(t.InputTime, len(t.input))
	t.Report.ClippedJumps = 0
	w.adj, w.upTo, w.at, w.active = zeroed(w.adj, n), resize(w.upTo, n), zeroed(w.at, n), w.active[:0]
	w.moved = resize(w.moved, n)
	for j := range w.moved {
		w.moved[j] = -1
	}
	for k := t.head; k >= 0; k-- {
		start, stop := 0.0, t.end
		if k > 0 {
			start = t.input[k-1].Time
		}
		if k < t.head {
			stop = t.input[k].Time
		}
		f := cell.Factors(stop - start)
		end := passage{stop - start, f.Mem, f.Syn}
		for s := w.begin[k+1] - 1; s >= w.begin[k]; s-- {
			if err := t.sweepBackSpike(g, int32(k), &w.spikes[s], end, c.Time[s]); err != nil {
				return err
			}
		}
		for _, j := range w.active {
			if w.moved[j] == int32(k) {
				w.adj[j] = cell.between(passage{0, 1, 1}, w.upTo[j]).Adjoint(w.adj[j])
			} else {
				w.adj[j] = f.Adjoint(w.adj[j])
			}
		}
		if k == 0 {
			break
		}
		from := t.input[k-1].Neuron * n
		weights := t.plan.layer.In.Weight[from : from+n]
		d := 0.0
		for _, j := range w.active {
			a := w.adj[j]
			d += float64(weights[j] * (float64(a.I*cell.beta) - float64(a.V*cell.alpha)))
		}
		t.InputTime[k-1] = d
		if g.In != nil {
			row := g.In[from : from+n]
			for _, j := range w.active {
				row[j] += w.adj[j].I
			}
		}
	}
	for _, j := range w.active {
		a := w.adj[j]
		accumulate(g.IInit, int(j), a.I)
		if t.plan.layer.Params.VInit != nil {
			accumulate(g.VInit, int(j), a.V)
			accumulate(g.VLeak, int(j), -a.V)
		}
	}
	return nil
}

// sweepBackSpike undoes a spike in interval k, which ends at end, with derivative time to its time.
func (t *Tape) sweepBackSpike(g *Gradients, k int32, s *sweptSpike, end passage, time float64) error {
	w, j := &t.swept, s.Neuron
	a := &w.adj[j]
	if w.at[j] {
		from := end
		if w.moved[j] == k {
			from = w.upTo[j]
		}
		if from.time > s.passage.time {
			*a = t.plan.cells[0].between(s.passage, from).Adjoint(*a)
		}
	}
	accumulate(g.VReset, j, a.V)
	accumulate(g.VLeak, j, -a.V)
	before, err := t.jump(j, s.Time, s.Current, a.V, time)
	if err != nil {
		return err
	}
	a.V = before
	accumulate(g.VTh, j, -before)
	accumulate(g.VLeak, j, before)
	if !w.at[j] && before != 0 {
		w.at[j] = true
		w.active = append(w.active, int32(j))
	}
	w.moved[j], w.upTo[j] = k, s.passage
	return nil
}
