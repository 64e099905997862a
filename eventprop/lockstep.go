package eventprop

import (
	"fmt"
	"math/bits"
	"slices"

	"github.com/surge-snn/surge/internal/lanes"
)

// lockstep is the fast way through a layer of neurons that are alike with dense recurrent weights
// and no delays: every event reaches every neuron, so that they all go from event to event
// together, with a propagator that is common to them. Only the events are kept; see Tape.unfold.
type lockstep struct {
	v, i         []float64 // states after the latest event, V counted from VLeak
	nextV, nextI []float64 // and just before the next one
	mask         []uint64  // of the neurons that may cross
	fired        []int32   // at the latest instant
	everFired    []bool
	instants     []instant
	a, b         []float64 // dL/dV, dL/dI
	time         []float64 // dL/d(time) of each spike
}

// instant is a moment at which something happens to all neurons.
type instant struct {
	Factors       // from the instant before it
	input   int32 // input spike, or -1
	first   int32 // spikes first <= k < first + count
	count   int32
}

// forward is the forward pass.
func (w *lockstep) forward(t *Tape) error {
	p, n := t.plan, len(t.plan.cells)
	w.v, w.i, w.nextV, w.nextI = resize(w.v, n), resize(w.i, n), resize(w.nextV, n), resize(w.nextI, n)
	w.mask, w.instants = resize(w.mask, lanes.Words(n)), w.instants[:0]
	for j, s := range p.init {
		w.v[j], w.i[j] = s.V, s.I
	}
	now, guess := 0.0, t.end
	for {
		horizon := t.end
		if t.head < len(t.input) {
			horizon = min(horizon, t.input[t.head].Time)
		}
		h, f := w.next(t, horizon-now, guess)
		at := min(now+h, horizon)
		if len(w.fired) == 0 {
			at = horizon
		}
		w.v, w.i, w.nextV, w.nextI = w.nextV, w.nextI, w.v, w.i
		if !(at < t.end) {
			break
		}
		x := instant{Factors: f, input: -1, first: int32(len(t.Spikes)), count: int32(len(w.fired))}
		if len(w.fired) == 0 {
			x.input = int32(t.head)
			row := t.input[t.head].Neuron * n
			lanes.Add(w.i, p.layer.In.Weight[row:row+n])
			t.head++
			t.Report.Arrivals += n
		} else {
			if err := w.spikes(t, now, at); err != nil {
				return err
			}
			guess = 3 * h
		}
		w.instants = append(w.instants, x)
		now = at
	}
	w.everFired = zeroed(w.everFired, n)
	t.summarize(w.everFired)
	for j, v := range w.v {
		if s := (State{v, w.i[j]}); !s.finite() {
			return t.overflow(j, s)
		}
	}
	return nil
}

// next finds the neurons that are the first to cross the threshold within limit seconds, into fired
// by rising index, and sets the next states to those at that time. It returns the time and the
// propagator to it; without a crossing, the limit and the propagator to it.
//
// It looks for crossings up to the guess, and if there are none, up to eight times that and so on,
// so that few neurons are candidates. The time never depends on the guess. Of the candidates, the
// first to be solved is the one whose tangent reaches the threshold first: V is concave up to a
// crossing, so that the tangent
//
//	TauMem (q - V)/(I - V)
//
// comes before it. Each crossing that is found shortens the time within which the others are looked
// at (record-minimum pruning), by their tangents, and then by two multiplications and three
// compares.
func (w *lockstep) next(t *Tape, limit, guess float64) (float64, Factors) {
	c := &t.plan.cells[0]
	w.fired = w.fired[:0]
	for h := min(guess, limit); ; h = min(8*h, limit) {
		if !(h > 0x1p-40*limit) { // a guess of next to nothing
			h = limit
		}
		f := c.Factors(h)
		lanes.Advance(w.mask, w.nextV, w.nextI, w.v, w.i, lanes.Factors(f), c.q)
		first := w.nearest(c.q)
		if first < 0 && h == limit {
			return h, f
		}
		if first < 0 {
			continue
		}
		r := record{time: h, Factors: f, limit: h == limit}
		w.candidate(t, &r, first)
		for k, word := range w.mask {
			for ; word != 0; word &= word - 1 {
				if j := k<<6 + bits.TrailingZeros64(word); j != first {
					w.candidate(t, &r, j)
				}
			}
		}
		if len(w.fired) == 0 {
			if h == limit {
				return h, f
			}
			continue
		}
		lanes.Advance(w.mask, w.nextV, w.nextI, w.v, w.i, lanes.Factors(r.Factors), c.q)
		for k, word := range w.mask {
			for ; word != 0; word &= word - 1 { // over threshold by rounding: at the same instant
				if j := k<<6 + bits.TrailingZeros64(word); w.nextV[j] >= c.q && !slices.Contains(w.fired, int32(j)) {
					w.fired = append(w.fired, int32(j))
				}
			}
		}
		if len(w.fired) > 1 {
			slices.Sort(w.fired)
		}
		return r.time, r.Factors
	}
}

// nearest returns the neuron in the mask whose tangent reaches q first, or -1.
func (w *lockstep) nearest(q float64) int {
	first, gap, slope := -1, 1.0, 0.0 // gap/slope is the smallest so far
	for k, word := range w.mask {
		for ; word != 0; word &= word - 1 {
			j := k<<6 + bits.TrailingZeros64(word)
			g, s := q-w.v[j], w.i[j]-w.v[j]
			if first < 0 || float64(g*slope) < float64(gap*s) {
				first, gap, slope = j, g, s
			}
		}
	}
	return first
}

// record is the earliest crossing so far, or the end of the time in which one is looked for.
type record struct {
	time float64
	Factors
	limit bool // whether the time is that of the next input or the end
}

// candidate looks whether neuron j crosses before the record or with it.
func (w *lockstep) candidate(t *Tape, r *record, j int) {
	c := &t.plan.cells[0]
	s := State{w.v[j], w.i[j]}
	if len(w.fired) > 0 && float64((c.q-s.V)*c.tauMem) > float64(r.time*(s.I-s.V))*(1+1e-12) {
		return
	}
	after := r.Apply(s)
	if !c.mayCross(s, after) && after.V < c.q*(1-1e-12) { // nearly there: it may be a tie
		return
	}
	t.Report.RootSolves++
	x, ok := c.crossingFrom(s)
	switch {
	case ok && (x.time < r.time || x.time == r.time && len(w.fired) == 0):
		r.time, r.Factors = x.time, Factors{x.mem, x.syn, c.kappaOf(x.mem, x.syn, x.time)}
		w.fired = append(w.fired[:0], int32(j))
	case ok && x.time == r.time:
		w.fired = append(w.fired, int32(j))
	case after.V >= c.q && len(w.fired) == 0 && r.limit: // over threshold at the limit by rounding
		w.fired = append(w.fired, int32(j))
	}
}

// spikes lets the neurons in fired spike: first all are reset, then their spikes arrive.
func (w *lockstep) spikes(t *Tape, before, now float64) error {
	p := t.plan
	c, n := &p.cells[0], len(p.cells)
	if len(t.Spikes)+len(w.fired) > p.maxSpikes {
		return fmt.Errorf("%w: %d at %g s, the limit is %d", ErrLimit, len(t.Spikes)+len(w.fired), now, p.maxSpikes)
	}
	for _, j := range w.fired {
		current := w.i[j]
		for k := len(t.Spikes) - 1; k >= 0 && before == now && t.Spikes[k].Time == now; k-- {
			if t.Spikes[k].Neuron == int(j) {
				return fmt.Errorf("%w: neuron %d at %g s, current %g", ErrRunaway, j, now, current)
			}
		}
		if current-c.q < 1e-3*c.q {
			t.Report.Grazing++
		}
		t.Spikes = append(t.Spikes, Spike{now, int(j), current})
		w.v[j] = c.rho
	}
	for _, j := range w.fired {
		lanes.Add(w.i, p.layer.Rec.Weight[int(j)*n:(int(j)+1)*n])
		t.Report.Arrivals += n
	}
	return nil
}

func (w *lockstep) spiked(j int) bool { return w.everFired[j] }

// Voltages are those of events.
func (w *lockstep) voltages(*Tape, []float64, int, float64) bool  { return false }
func (w *lockstep) integrals(*Tape, []float64, int, float64) bool { return false }
func (w *lockstep) max(*Tape, int) (Peak, bool)                   { return Peak{}, false }

// backward is [Tape.Backward], for everything but time constants and voltages.
func (w *lockstep) backward(t *Tape, g *Gradients, c *Cotangent) (ok bool, err error) {
	if g.TauMem != nil || g.TauSyn != nil || len(c.probes) > 0 || c.Integral != nil {
		return false, nil
	}
	l, cell, n := t.plan.layer, &t.plan.cells[0], len(t.plan.cells)
	w.a, w.b, w.time = zeroed(w.a, n), zeroed(w.b, n), append(w.time[:0], c.Time...)
	// event adds the gradients of an event of source i, whose weights are added to the currents,
	// and returns that of its time
	event := func(grad, weights []float64, i int) float64 {
		if grad != nil {
			lanes.Add(grad[i*n:(i+1)*n], w.b)
		}
		return lanes.Moved(weights[i*n:(i+1)*n], w.a, w.b, cell.alpha, cell.beta)
	}
	active := false // whether an adjoint is not 0: not after the last spike that the loss sees, nor from there to the end
	for k := len(w.instants) - 1; k >= 0; k-- {
		x := &w.instants[k]
		switch {
		case x.input >= 0 && active:
			d := event(g.In, l.In.Weight, t.input[x.input].Neuron)
			if len(t.InputTime) > 0 {
				t.InputTime[x.input] = d
			}
		case x.input < 0 && active:
			for s := x.first; s < x.first+x.count; s++ {
				w.time[s] += event(g.Rec, l.Rec.Weight, t.Spikes[s].Neuron)
			}
		}
		for s := x.first; s < x.first+x.count; s++ {
			active = active || w.time[s] != 0
			if !active {
				continue
			}
			if err := w.backSpike(t, g, &t.Spikes[s], w.time[s]); err != nil {
				return false, err
			}
		}
		if active {
			lanes.Retreat(w.a, w.b, lanes.Factors(x.Factors))
		}
	}
	for j, b := range w.b {
		accumulate(g.IInit, j, b)
		if l.Params.VInit != nil {
			accumulate(g.VInit, j, w.a[j])
			accumulate(g.VLeak, j, -w.a[j])
		}
	}
	return true, nil
}

// backSpike undoes the reset of a spike, with derivative time to its time.
func (w *lockstep) backSpike(t *Tape, g *Gradients, s *Spike, time float64) error {
	a := &w.a[s.Neuron]
	accumulate(g.VReset, s.Neuron, *a)
	accumulate(g.VLeak, s.Neuron, -*a)
	before, err := t.jump(s.Neuron, s.Time, s.Current, *a, time)
	if err != nil {
		return err
	}
	*a = before
	accumulate(g.VTh, s.Neuron, -before)
	accumulate(g.VLeak, s.Neuron, before)
	return nil
}
