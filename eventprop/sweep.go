package eventprop

import (
	"math"
	"math/bits"
	"slices"

	"github.com/surge-snn/surge/internal/lanes"
)

// sweep is the fast way through a feed-forward layer of neurons that are alike, with dense
// weights and no delays: the neurons do not see each other, so that one pass over the sorted input
// serves all of them, and the propagator between two inputs is common to them. A neuron takes part
// in a root search only where it may cross the threshold before the next input. Few neurons stay in
// registers from input to input, see sweep.few.
//
// Only the spikes are kept; silent has the maxima of the neurons without one.
type sweep struct {
	v, i         []float64 // states, V counted from VLeak
	nextV, nextI []float64
	mask         []uint64     // neurons that may have crossed the threshold
	intervals    []interval   // of many neurons
	round        round        // of many neurons
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
	Factors                      // over it
	start, stop          float64 // s
	index                int32
	firstInput, endInput int32 // inputs at its end
	firstSpike, endSpike int32 // in sweep.found
	firstTrain, endTrain int32 // in sweep.trains
}

// end returns the end of the interval as a moment in it.
func (x *interval) end() passage { return passage{x.stop - x.start, x.Mem, x.Syn} }

// sweptSpike is a spike of an interval as it was found.
type sweptSpike struct {
	Factors  // from the spike of the neuron before it in the interval, or from the beginning
	current  float64
	neuron   int32
	interval int32
	index    int32 // in Tape.Spikes
}

// train is the spikes of a neuron in an interval.
type train struct {
	Factors  // from the last of them to the end of the interval
	neuron   int32
	interval int32
}

// dense tells whether the neurons are alike, with dense weights and no delays.
func (p *plan) dense() bool {
	l := p.layer
	return l.Params.uniform() && l.In.Row == nil && l.In.Delay == nil && (l.Rec == nil || l.Rec.Row == nil && l.Rec.Delay == nil)
}

// alike tells whether the layer is of the kind that the fast engines of spiking neurons are for.
func (p *plan) alike() bool {
	return len(p.cells) > 0 && p.dense() && !p.layer.InputFirst &&
		p.cells[0].q > 0 && !math.IsInf(p.cells[0].q, 1) && p.init[0].V < p.cells[0].q
}

// forward is the forward pass.
func (w *sweep) forward(t *Tape) error {
	n := len(t.plan.cells)
	w.silent.reset(n)
	w.v, w.i = resize(w.v, n), resize(w.i, n)
	for j, s := range t.plan.init {
		w.v[j], w.i[j] = s.V, s.I
	}
	w.found, w.trains = w.found[:0], w.trains[:0]
	w.order.reset()
	pass := w.many
	if n <= few {
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

// many carries all neurons together over interval after interval.
func (w *sweep) many(t *Tape) error {
	p, n := t.plan, len(t.plan.cells)
	w.nextV, w.nextI, w.mask = resize(w.nextV, n), resize(w.nextI, n), resize(w.mask, lanes.Words(n))
	w.intervals = w.intervals[:0]
	w.round.grow(n)
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
		x.Factors = p.cells[0].Factors(x.stop - x.start)
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
	lanes.Advance(w.mask, w.nextV, w.nextI, w.v, w.i, lanes.Factors(x.Factors), c.q)
	var err error
	if c.tauMem == 2*c.tauSyn && x.Mem > shortest {
		err = w.rounds(t, x)
	} else {
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
			after, err := w.spikes(t, j, x, State{w.v[j], w.i[j]}, opening, -1)
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
	c := &t.plan.cells[0]
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
				w.trains = append(w.trains, train{leg, int32(j), x.index})
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
	if err := t.allowed(j, len(w.found), current, before, at, x.stop); err != nil {
		return err
	}
	w.order.add(at, int32(j))
	w.found = append(w.found, sweptSpike{})
	f := &w.found[len(w.found)-1] // field by field: a copy would wait for its parts
	f.Mem, f.Syn, f.Kappa, f.current, f.neuron, f.interval = leg.Mem, leg.Syn, leg.Kappa, current, int32(j), x.index
	return nil
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
	return w.silent.max(t, j)
}

// Voltages at times and integrals are those of events.
func (w *sweep) voltages(*Tape, []float64, int, float64) bool  { return false }
func (w *sweep) integrals(*Tape, []float64, int, float64) bool { return false }
