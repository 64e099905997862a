package eventprop

import (
	"fmt"
	"iter"
	"math"

	"github.com/surge-snn/surge/internal/earliest"
)

// events is the way from event to event through any layer: each neuron is carried to its own events
// alone. It keeps every jump of a state, or where these are not wanted the order of what happened
// alone, which is enough for the gradients of most parameters.
type events struct {
	given    bool    // whether spikes are not solved for,
	recorded []Spike // but are these
	detailed bool    // whether touches are kept, or else steps
	wanted   bool    // whether touches were asked for after a pass without
	touches  []touch
	steps    []step
	present  []present // of each neuron

	queue      earliest.Queue // of times up to which neurons do not spike
	arrivals   earliest.Arrivals
	inOrder    []int32 // synapses by delay
	recOrder   []int32
	recordHead int     // next recorded spike
	pending    []int32 // spikes whose synapses are not served yet

	fetched float64

	back backward
}

// present is what is known of a neuron: side by side in 64 bytes, as each arrival looks at another
// neuron, which is in no cache.
type present struct {
	time   float64 // of the latest touch
	State          // after it
	due    float64 // when its next spike is predicted; +Inf: none
	queued float64 // the earliest time of the neuron in the queue, at most due; +Inf: none
	last   int32   // the latest touch, -1 for none
	unsure bool    // whether the prediction is a bound from below
	fresh  bool    // whether the latest touch is a spike
	fired  bool    // whether there has been one
	_      [16]byte
}

// touch is a moment at which the state of a neuron jumps.
type touch struct {
	time    float64
	u, i    float64 // state after it, u = V - VLeak
	before  int32   // touch of the same neuron before it, -1 for the start
	neuron  int32
	kind    kind
	source  int32 // input spike of an arrivalIn, spike of the layer otherwise
	synapse int32 // of an arrival
}

// step is what happened at once, in the order of the pass: a spike, or that one reached synapses.
type step struct {
	source   int32 // as of a touch
	from, to int32 // synapses from <= k < to, with delays by the order of these
	kind     kind
}

type kind uint8

const (
	arrivalIn  kind = iota // over a synapse of In
	arrivalRec             // over a synapse of Rec
	crossing               // spike of the neuron
	overStart              // spike at 0 of a neuron that starts at or above threshold
	still                  // no jump; only of a Peak
)

// solve lets the spikes of the next pass be solved for.
func (e *events) solve() { e.given, e.recorded, e.detailed = false, nil, true }

// take lets those of the next pass be the recorded ones.
func (e *events) take(recorded []Spike) { e.given, e.recorded, e.detailed = true, recorded, true }

// start predicts all neurons at 0, and lets those spike that are at threshold already.
func (e *events) start(t *Tape) error {
	p := t.plan
	e.touches, e.steps, e.pending, e.recordHead, e.back.ready = e.touches[:0], e.steps[:0], e.pending[:0], 0, false
	e.arrivals.Reset()
	if e.inOrder, e.recOrder = nil, nil; p.byDelay != nil {
		e.inOrder, e.recOrder = p.byDelay()
	}
	e.present = resize(e.present, len(p.cells))
	for j := range e.present {
		e.present[j] = present{State: p.init[j], last: -1, due: math.Inf(1), queued: math.Inf(1)}
	}
	e.queue.Reset(len(p.cells), t.end)
	for j := range p.cells {
		if c := &p.cells[j]; !e.given && p.init[j].V >= c.q {
			if err := e.spike(t, j, overStart, 0, p.init[j].I); err != nil {
				return err
			}
		} else {
			e.predict(t, &e.present[j], c, j)
		}
	}
	return e.serve(t, 0)
}

// forward goes through all steps.
func (e *events) forward(t *Tape) error {
	if err := e.start(t); err != nil {
		return err
	}
	for {
		if more, err := e.step(t); !more {
			return err
		}
	}
}

// step goes to the next instant at which something happens, and lets it happen: an
// input, arrivals over synapses with delays, or spikes with what they do at once.
// more is false at the end.
func (e *events) step(t *Tape) (more bool, err error) {
	in, arrival := math.Inf(1), e.arrivals.First()
	if t.head < len(t.input) {
		in = t.input[t.head].Time
	}
	spike := e.nextSpike(t, min(in, arrival))
	now := min(spike, in, arrival)
	if !(now < t.end) {
		return false, e.finish(t)
	}
	inputFirst := t.plan.layer.InputFirst && in == now
	switch {
	case spike == now && !inputFirst:
		err = e.fire(t, now)
	case in == now:
		t.head++
		t.Report.Inputs++
		e.emit(t, arrivalIn, int32(t.head-1), now)
	default:
		e.deliver(t, e.arrivals.Pop(), now)
	}
	if err == nil {
		err = e.serve(t, now)
	}
	return err == nil, err
}

// nextSpike returns the time of the next spike, or one above limit where it is later than that. A
// neuron is in the queue at a time before which it does not spike. Only when that has come, and
// the prediction is no later by now, its next spike is solved for.
func (e *events) nextSpike(t *Tape, limit float64) float64 {
	for !e.given {
		j, s := e.queue.First()
		if !(s <= limit && s < t.end) {
			return s
		}
		x := &e.present[j]
		switch {
		case s != x.queued: // an earlier one took its place
			e.queue.Pop()
		case x.due > s:
			e.queue.Pop()
			x.queued = math.Inf(1)
			e.expect(t, x, j, x.due)
		case x.unsure:
			e.solveFor(t, x, t.plan.cell(j), j)
		default:
			return s
		}
	}
	if e.recordHead < len(e.recorded) {
		return e.recorded[e.recordHead].Time
	}
	return math.Inf(1)
}

// expect sets the prediction of neuron j.
func (e *events) expect(t *Tape, x *present, j int, at float64) {
	if !(at < t.end) {
		at = math.Inf(1)
	}
	if x.due = at; at < x.queued {
		x.queued = at
		e.queue.Push(at, j)
	}
}

// fire lets all neurons spike whose time is now.
func (e *events) fire(t *Tape, now float64) error {
	for e.nextSpike(t, now) == now {
		var j int
		if e.given {
			j = e.recorded[e.recordHead].Neuron
			e.recordHead++
		} else {
			j, _ = e.queue.First()
			if x := &e.present[j]; x.fresh {
				if err := e.fast(t, j, x.time, now); err != nil {
					return err
				}
			}
		}
		_, i := e.state(t, j, now)
		if err := e.spike(t, j, crossing, now, i); err != nil {
			return err
		}
	}
	return nil
}

// fast looks at a spike of neuron j at now, whose latest event was one too.
func (e *events) fast(t *Tape, j int, before, now float64) error {
	_, i := e.state(t, j, now)
	if now == before {
		return fmt.Errorf("%w: neuron %d at %g s, current %g", ErrRunaway, j, now, i)
	}
	quiet := min(t.end, e.arrivals.First()) // until then no other event can reach the neuron
	if t.head < len(t.input) {
		quiet = min(quiet, t.input[t.head].Time)
	}
	if t.plan.layer.Rec == nil && t.endless(j, len(t.Spikes), i, now-before, quiet-now) {
		return t.tooMany(j, now, i)
	}
	return nil
}

// spike resets neuron j, whose current is i, and leaves its synapses to serve.
func (e *events) spike(t *Tape, j int, k kind, now, i float64) error {
	if len(t.Spikes) >= t.plan.maxSpikes {
		return fmt.Errorf("%w: %d at %g s, the limit is %d", ErrLimit, len(t.Spikes)+1, now, t.plan.maxSpikes)
	}
	c := &t.plan.cells[j]
	index := int32(len(t.Spikes))
	t.Spikes = append(t.Spikes, Spike{Time: now, Neuron: j, Current: i})
	e.pending = append(e.pending, index)
	if k == crossing && i-c.q < 1e-3*math.Abs(c.q) {
		t.Report.Grazing++
	}
	x := &e.present[j]
	x.time, x.State, x.fresh, x.fired = now, State{c.rho, i}, true, true
	if e.detailed {
		e.keep(x, touch{time: now, u: c.rho, i: i, neuron: int32(j), kind: k, source: index})
	} else {
		e.steps = append(e.steps, step{source: index, kind: k})
	}
	e.predict(t, x, c, j)
	return nil
}

// serve sends out the spikes that are pending, and those that follow at the same instant
// because an arrival finds its neuron over threshold by rounding.
func (e *events) serve(t *Tape, now float64) error {
	if t.plan.layer.Rec != nil {
		for k := 0; k < len(e.pending); k++ {
			e.emit(t, arrivalRec, e.pending[k], now)
		}
	}
	e.pending = e.pending[:0]
	if len(t.Spikes) > t.plan.maxSpikes {
		return fmt.Errorf("%w: %d at %g s, the limit is %d", ErrLimit, len(t.Spikes), now, t.plan.maxSpikes)
	}
	if max(len(e.touches), len(e.steps)) > math.MaxInt32 {
		return fmt.Errorf("%w: %d arrivals at %g s, the limit is %d", ErrLimit, t.Report.Arrivals, now, math.MaxInt32)
	}
	return nil
}

// synapses returns those that a spike goes over, as k says, by delay too, and the spike.
func (t *Tape) synapses(k kind, source int32) (w *Synapses, byDelay []int32, s *Spike) {
	if k == arrivalIn {
		return &t.plan.layer.In, t.events.inOrder, &t.input[source]
	}
	return t.plan.layer.Rec, t.events.recOrder, &t.Spikes[source]
}

// emit lets a spike reach all synapses without delay, and puts it on its way to the others.
func (e *events) emit(t *Tape, kind kind, source int32, now float64) {
	w, _, s := t.synapses(kind, source)
	lo, hi := w.fan(s.Neuron)
	if w.Delay != nil {
		e.deliver(t, earliest.Arrival{Kind: uint8(kind), Source: source, At: int32(lo)}, now)
		return
	}
	if w.Row != nil {
		e.fetch(w.Col[lo:hi])
	}
	e.open(kind, source, lo)
	for k, neuron := lo, s.Neuron; k < hi; k++ {
		e.arrive(t, w.target(neuron, k), k, k, w.Weight[k], kind, source, now)
	}
	e.close(hi)
}

// fetch reads what is known of neurons, far from each other in memory, one beside the other: they
// are waited for once, and not one after the other.
func (e *events) fetch(neurons []int) {
	sum := 0.0
	for _, j := range neurons {
		sum += e.present[j].time
	}
	e.fetched = sum
}

// open begins a step over synapses from a position on, which close ends.
func (e *events) open(kind kind, source int32, from int) {
	if !e.detailed {
		e.steps = append(e.steps, step{kind: kind, source: source, from: int32(from)})
	}
}

func (e *events) close(to int) {
	if e.detailed {
		return
	}
	last := len(e.steps) - 1
	if e.steps[last].to = int32(to); e.steps[last].from == e.steps[last].to {
		e.steps = e.steps[:last]
	}
}

// deliver serves the synapses of a spike under way whose time has come.
func (e *events) deliver(t *Tape, c earliest.Arrival, now float64) {
	kind := kind(c.Kind)
	w, order, s := t.synapses(kind, c.Source)
	start, neuron := s.Time, s.Neuron
	_, hi := w.fan(neuron)
	pos := int(c.At)
	e.open(kind, c.Source, pos)
	for ; pos < hi; pos++ {
		k := int(order[pos])
		if at := start + w.Delay[k]; at > now {
			c.Time, c.At = at, int32(pos)
			e.arrivals.Push(c)
			break
		}
		e.arrive(t, w.target(neuron, k), k, pos, w.Weight[k], kind, c.Source, now)
	}
	e.close(pos)
}

// arrive adds weight w to the current of neuron j, over the synapse at pos. A neuron that the
// prediction let pass the threshold by rounding spikes first, as it is due now.
func (e *events) arrive(t *Tape, j, synapse, pos int, w float64, kind kind, source int32, now float64) {
	t.Report.Arrivals++
	x, c := &e.present[j], t.plan.cell(j)
	s := x.State
	if h := now - x.time; h > 0 {
		s = c.Apply(s, h)
	}
	if !e.given && s.V >= c.q {
		if !t.plan.layer.InputFirst || kind == arrivalRec {
			e.close(pos)
			// spike would fail beyond the limit alone, which serve looks at
			_ = e.spike(t, j, crossing, now, s.I)
			e.open(kind, source, pos)
			s.V = c.rho
		} else {
			s.V = math.Nextafter(c.q, math.Inf(-1)) // at threshold: crosses next, if its current still lets it
		}
	}
	s.I += w
	x.time, x.State, x.fresh = now, s, false
	if e.detailed {
		e.keep(x, touch{time: now, u: s.V, i: s.I, neuron: int32(j), kind: kind, source: source, synapse: int32(synapse)})
	}
	e.predict(t, x, c, j)
}

// state returns the state of neuron j just before now.
func (e *events) state(t *Tape, j int, now float64) (u, i float64) {
	start, s := e.latest(j)
	if h := now - start; h > 0 {
		s = t.plan.cell(j).Apply(s, h)
	}
	return s.V, s.I
}

// latest returns the state of neuron j after its latest touch, and the time of it.
func (e *events) latest(j int) (time float64, s State) {
	x := &e.present[j]
	return x.time, x.State
}

// after returns the state of neuron j after touch k, or at 0 for k < 0.
func (e *events) after(t *Tape, j int, k int32) (time float64, s State) {
	if k < 0 {
		return 0, t.plan.init[j]
	}
	x := &e.touches[k]
	return x.time, State{x.u, x.i}
}

// keep records the latest touch of a neuron.
func (e *events) keep(now *present, x touch) {
	x.before, now.last = now.last, int32(len(e.touches))
	e.touches = append(e.touches, x)
}

// predict looks from the latest touch of neuron j to its next spike.
func (e *events) predict(t *Tape, x *present, c *cell, j int) {
	if e.given {
		return
	}
	if at := x.time + c.soonest(x.V, x.I); at > x.time {
		x.unsure = true
		e.expect(t, x, j, at)
		return
	}
	e.solveFor(t, x, c, j)
}

// soonest bounds the time to the next crossing from below, or returns 0. With m = max(I, 0), which
// I does not exceed later, V rises no faster than with the constant current m, which takes
//
//	TauMem ln(1 + y) >= TauMem 2 y/(2 + y),  y = (q - u)/(m - q)
func (c *cell) soonest(u, i float64) float64 {
	m := max(i, 0)
	if !(u < c.q && m > c.q) {
		return 0 // at threshold, or one of the cheap cases of next
	}
	gap := c.q - u
	return c.tauMem * (2 * gap / (float64(2*(m-c.q)) + gap) * (1 - 1e-12))
}

// solveFor solves for the next spike of neuron j.
func (e *events) solveFor(t *Tape, x *present, c *cell, j int) {
	h, _, solved := c.next(x.V, x.I)
	if solved {
		t.Report.RootSolves++
	}
	x.unsure = false
	e.expect(t, x, j, x.time+h)
}

// finish completes the report, and looks for states that overflowed.
func (e *events) finish(t *Tape) error {
	t.complete = true
	r := &t.Report
	r.Spikes = len(t.Spikes)
	r.LateInputs = len(t.input) - t.head + len(e.recorded) - e.recordHead
	r.SilentNeurons = 0
	for j := range t.plan.cells {
		if !math.IsInf(t.plan.cells[j].q, 1) && !e.spiked(j) {
			r.SilentNeurons++
		}
		if _, s := e.latest(j); !s.finite() {
			return t.overflow(j, s)
		}
	}
	return nil
}

// spiked tells whether neuron j has a spike.
func (e *events) spiked(j int) bool { return e.present[j].fired }

// segment is a stretch of the path of a neuron between two of its touches.
type segment struct {
	cell  *cell
	touch int32   // at its start, -1 for the start of the simulation
	next  int32   // at its end, -1 for the end of the simulation
	start float64 // s
	h     float64 // duration
	State         // at its start, V counted from VLeak
}

// segments goes through the path of neuron j from the end to the start.
func (e *events) segments(t *Tape, j int) iter.Seq[segment] {
	return func(yield func(segment) bool) {
		stop, next := t.end, int32(-1)
		for k := e.present[j].last; ; k = e.touches[k].before {
			start, s := e.after(t, j, k)
			if !yield(segment{&t.plan.cells[j], k, next, start, stop - start, s}) || k < 0 {
				return
			}
			stop, next = start, k
		}
	}
}
