package eventprop

import (
	"math"
	"math/bits"
	"slices"

	"github.com/surge-snn/surge/internal/lanes"
)

// sweep is the fast way through a feed-forward layer with dense weights and no delays: the neurons
// do not see each other, so that one pass over the sorted input serves all of them. The propagator
// between two inputs is common to neurons that are alike; those that differ have theirs side by
// side. A neuron takes part in a root search only where it may cross the threshold before the next
// input. Few neurons that are alike stay in registers from input to input, see sweep.few.
//
// Only the spikes are kept; silent has the maxima of the neurons without one, if they are alike.
type sweep struct {
	differ       bool        // whether the neurons do,
	flows        flows       // with these flows
	own          propagators // over the interval
	v, i         []float64   // states, V counted from VLeak
	nextV, nextI []float64
	mask         []uint64     // neurons that may have crossed the threshold
	intervals    []interval   // of many neurons
	round        round        // of many neurons that are alike
	apart        apart        // of those that differ
	latest       []int32      // spike of each neuron in found
	one          interval     // see of
	found        []sweptSpike // interval by interval, and those of a neuron by time in each
	trains       []train      // interval by interval
	blocks       []blockEnd   // of few neurons
	order        order        // of the spikes

	back   sweptAdjoint
	silent readout // the course of the neurons that do not spike
}

// interval is the time from one input to the next: no event reaches a neuron within it. Inputs at
// one instant end one interval together.
type interval struct {
	Factors                      // over it, of neurons that are alike
	start, stop          float64 // s
	index                int32
	firstInput, endInput int32 // inputs at its end
	firstSpike, endSpike int32 // in sweep.found
	firstTrain, endTrain int32 // in sweep.trains
}

// end returns the end of the interval as a moment in it.
func (x *interval) end() passage { return passage{x.stop - x.start, x.Mem, x.Syn} }

// following returns the time of a spike in the interval, which is not that of the arrival before
// it: a spike at the instant of an arrival comes first, and has the current before it. before is
// the spike of the neuron before it in the interval, or -1.
func (x *interval) following(at, before float64) float64 {
	if at == x.start && before < 0 && x.index > 0 && x.stop > x.start {
		return math.Nextafter(x.start, x.stop)
	}
	return at
}

// of returns the interval with the propagator of neuron j.
func (w *sweep) of(x *interval, j int) *interval {
	if !w.differ {
		return x
	}
	w.one = *x
	w.one.Factors = w.own.of(j)
	return &w.one
}

// sweptSpike is a spike of an interval as it was found.
type sweptSpike struct {
	Factors  // from the spike of the neuron before it in the interval, or from the beginning
	current  float64
	neuron   int32
	interval int32
	index    int32 // in Tape.Spikes
	before   int32 // of the same neuron and interval, -1 for none
}

// train is the spikes of a neuron in an interval.
type train struct {
	Factors  // from the last of them to the end of the interval
	neuron   int32
	interval int32
	last     int32 // in sweep.found
}

// dense tells whether the neurons are alike, with dense weights and no delays.
func (p *plan) dense() bool {
	l := p.layer
	return l.Params.uniform() && l.In.Row == nil && l.In.Delay == nil && (l.Rec == nil || l.Rec.Row == nil && l.Rec.Delay == nil)
}

// columns tells whether the neurons of a feed-forward layer differ and are swept side by side. Few
// are faster one by one.
func (p *plan) columns() bool {
	l := p.layer
	return len(p.cells) > few && !l.Params.uniform() && l.In.Row == nil && l.In.Delay == nil && p.separate()
}

// alike tells whether the layer is of the kind that the fast engines of spiking neurons are for.
func (p *plan) alike() bool {
	return len(p.cells) > 0 && p.dense() && !p.layer.InputFirst &&
		p.cells[0].q > 0 && !math.IsInf(p.cells[0].q, 1) && p.init[0].V < p.cells[0].q
}

// forward is the forward pass.
func (w *sweep) forward(t *Tape) error {
	n := len(t.plan.cells)
	w.differ = !t.plan.layer.Params.uniform()
	if w.differ {
		w.flows.set(t.plan.cells)
	}
	w.silent.reset(n)
	w.v, w.i = resize(w.v, n), resize(w.i, n)
	for j, s := range t.plan.init {
		w.v[j], w.i[j] = s.V, s.I
	}
	w.found, w.trains = w.found[:0], w.trains[:0]
	w.order.reset()
	pass := w.many
	if w.inRegisters(n) {
		pass = w.few
	}
	if err := pass(t); err != nil {
		return err
	}
	for _, k := range w.order.sort() {
		s := &w.found[k.at]
		s.index = int32(len(t.Spikes))
		t.Spikes = append(t.Spikes, Spike{k.time, int(s.neuron), s.current})
	}
	t.Report.Arrivals = t.head * n
	t.summarize(w.silent.fired)
	for j := range n {
		if s := (State{w.v[j], w.i[j]}); !s.finite() {
			return t.overflow(j, s)
		}
	}
	return nil
}

// inRegisters tells whether n neurons are carried by few.
func (w *sweep) inRegisters(n int) bool { return n <= few && !w.differ }

// many carries all neurons together over interval after interval.
func (w *sweep) many(t *Tape) error {
	p, n := t.plan, len(t.plan.cells)
	w.nextV, w.nextI, w.mask = resize(w.nextV, n), resize(w.nextI, n), resize(w.mask, lanes.Words(n))
	w.intervals, w.latest = w.intervals[:0], resize(w.latest, n)
	w.own.grow(n)
	if w.differ {
		w.apart.grow(n)
	} else {
		w.round.grow(n)
	}
	for start, last := 0.0, false; !last; {
		x := interval{
			start: start, stop: t.end, index: int32(len(w.intervals)),
			firstInput: int32(t.head), firstSpike: int32(len(w.found)), firstTrain: int32(len(w.trains)),
		}
		last = t.head == len(t.input) || t.input[t.head].Time >= t.end
		if !last {
			for x.stop = t.input[t.head].Time; t.head < len(t.input) && t.input[t.head].Time == x.stop; {
				t.head++
			}
		}
		x.endInput = int32(t.head)
		if w.differ {
			w.flows.over(&w.own, x.stop-x.start, p.cells)
		} else {
			x.Factors = p.cells[0].Factors(x.stop - x.start)
		}
		if err := w.interval(t, &x); err != nil {
			return err
		}
		x.endSpike, x.endTrain = int32(len(w.found)), int32(len(w.trains))
		w.intervals = append(w.intervals, x)
		start = x.stop
	}
	return nil
}

// interval carries all neurons over an interval and the inputs at its end.
func (w *sweep) interval(t *Tape, x *interval) error {
	c, n := &t.plan.cells[0], len(t.plan.cells)
	var err error
	switch {
	case w.differ:
		lanes.AdvanceEach(w.mask, w.nextV, w.nextI, w.v, w.i, w.own.Each, w.flows.q)
		if float64(w.flows.fastest*(x.stop-x.start)) < longest {
			err = w.roundsApart(t, x)
		} else {
			err = w.each(t, x)
		}
	case c.tauMem == 2*c.tauSyn && x.Mem > shortest:
		lanes.Advance(w.mask, w.nextV, w.nextI, w.v, w.i, lanes.Factors(x.Factors), c.q)
		err = w.rounds(t, x)
	default:
		lanes.Advance(w.mask, w.nextV, w.nextI, w.v, w.i, lanes.Factors(x.Factors), c.q)
		err = w.each(t, x)
	}
	if err != nil {
		return err
	}
	w.v, w.i, w.nextV, w.nextI = w.nextV, w.nextI, w.v, w.i
	for k := x.firstInput; k < x.endInput; k++ {
		from := t.input[k].Neuron * n
		lanes.Add(w.i, t.plan.layer.In.Weight[from:from+n])
	}
	return nil
}

// each takes the neurons that may have crossed the threshold through an interval one by one.
func (w *sweep) each(t *Tape, x *interval) error {
	for k, word := range w.mask {
		for ; word != 0; word &= word - 1 {
			j := k<<6 + bits.TrailingZeros64(word)
			after, err := w.spikes(t, j, w.of(x, j), State{w.v[j], w.i[j]}, opening, -1)
			if err != nil {
				return err
			}
			w.nextV[j], w.nextI[j] = after.V, after.I
		}
	}
	return nil
}

// spikes finds the spikes of neuron j in an interval from now on, where it is in state s,
// and returns its state at the end. before is the time of its spike at now, or -1.
func (w *sweep) spikes(t *Tape, j int, x *interval, s State, now passage, before float64) (State, error) {
	c := &t.plan.cells[j]
	end := x.end()
	for {
		t.Report.RootSolves++
		leg, to, state, crosses := c.crossingWithin(s, now, end)
		at := min(x.start+to.time, x.stop)
		if crosses && !(at < t.end) { // too late
			leg, crosses = c.over(now, end), false
			state = leg.Apply(s)
		}
		if !crosses {
			if before >= 0 {
				w.end(leg, int32(j), x.index)
			}
			return state, nil
		}
		if err := w.spike(t, j, x, leg, state.I, before, at); err != nil {
			return s, err
		}
		before, now, s = at, to, State{c.rho, state.I}
	}
}

// spike adds a spike of neuron j at a time in an interval, with the propagator and the time from
// the moment before.
func (w *sweep) spike(t *Tape, j int, x *interval, leg Factors, current, before, at float64) error {
	at = x.following(at, before)
	if err := t.allowed(j, len(w.found), current, before, at, x.stop); err != nil {
		return err
	}
	w.order.add(at, int32(j))
	k := len(w.found)
	w.found = append(w.found, sweptSpike{})
	f := &w.found[k] // field by field: a copy would wait for its parts
	f.Mem, f.Syn, f.Kappa, f.current, f.neuron, f.interval, f.before = leg.Mem, leg.Syn, leg.Kappa, current, int32(j), x.index, -1
	if before >= 0 {
		f.before = w.latest[j]
	}
	w.latest[j] = int32(k)
	return nil
}

// end adds the train of neuron j in an interval, with the propagator from its last spike on.
func (w *sweep) end(leg Factors, j, interval int32) {
	w.trains = append(w.trains, train{leg, j, interval, w.latest[j]})
}

// summarize completes the report of a fast engine, and fills in whether each neuron has spiked.
func (t *Tape) summarize(fired []bool) {
	t.complete = true
	r := &t.Report
	r.Inputs, r.LateInputs, r.Spikes = t.head, len(t.input)-t.head, len(t.Spikes)
	for _, s := range t.Spikes {
		fired[s.Neuron] = true
	}
	r.SilentNeurons = 0
	for _, fired := range fired {
		if !fired {
			r.SilentNeurons++
		}
	}
}

func (w *sweep) spiked(j int) bool { return w.silent.fired[j] }

func (w *sweep) max(t *Tape, j int) (Peak, bool) {
	if w.spiked(j) {
		first := slices.IndexFunc(t.Spikes, func(s Spike) bool { return s.Neuron == j })
		return t.firing(j, t.Spikes[first].Time), true
	}
	if w.differ {
		return t.neuronwise.peak(t, j), true
	}
	return w.silent.max(t, j)
}

// Voltages at times and integrals are those of events.
func (w *sweep) voltages(*Tape, []float64, int, float64) bool  { return false }
func (w *sweep) integrals(*Tape, []float64, int, float64) bool { return false }
