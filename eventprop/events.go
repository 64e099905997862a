package eventprop

import (
	"fmt"
	"iter"
	"math"

	"github.com/surge-snn/surge/internal/earliest"
)

// events is the way from event to event through any layer: each neuron is carried to its own events
// alone. It keeps every jump of a state.
type events struct {
	given    bool    // whether spikes are not solved for,
	recorded []Spike // but are these
	touches  []touch
	present  []present // of each neuron

	predictions earliest.Times // of the next spike of every neuron; +Inf: none
	arrivals    arrivals
	inOrder     []int32 // synapses by delay
	recOrder    []int32
	recordHead  int     // next recorded spike
	pending     []int32 // spikes whose synapses are not served yet

	back backward
}

// present is what is known of a neuron: side by side, as each arrival looks at another neuron.
type present struct {
	time   float64 // of the latest touch
	State          // after it
	last   int32   // that touch, -1 for none
	unsure bool    // whether the prediction of its next spike is a bound from below
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

type kind uint8

const (
	arrivalIn  kind = iota // over a synapse of In
	arrivalRec             // over a synapse of Rec
	crossing               // spike of the neuron
	overStart              // spike at 0 of a neuron that starts at or above threshold
	still                  // no jump; only of a Peak
)

// solve lets the spikes of the next pass be solved for.
func (e *events) solve() { e.given, e.recorded = false, nil }

// take lets those of the next pass be the recorded ones.
func (e *events) take(recorded []Spike) { e.given, e.recorded = true, recorded }

// start predicts all neurons at 0, and lets those spike that are at threshold already.
func (e *events) start(t *Tape) error {
	p := t.plan
	e.touches, e.pending, e.recordHead, e.back.ready = e.touches[:0], e.pending[:0], 0, false
	e.arrivals.reset()
	if e.inOrder, e.recOrder = nil, nil; p.byDelay != nil {
		e.inOrder, e.recOrder = p.byDelay()
	}
	e.present = resize(e.present, len(p.cells))
	for j := range e.present {
		e.present[j] = present{State: p.init[j], last: -1}
	}
	e.predictions.Reset(len(p.cells))
	for j := range p.cells {
		if c := &p.cells[j]; !e.given && p.init[j].V >= c.q {
			if err := e.spike(t, j, overStart, 0, p.init[j].I); err != nil {
				return err
			}
		} else {
			e.predict(t, j, 0, p.init[j].V, p.init[j].I)
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
	in, arrival := math.Inf(1), e.arrivals.next()
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
		c := e.arrivals.pop()
		e.deliver(t, c, now)
	}
	if err == nil {
		err = e.serve(t, now)
	}
	return err == nil, err
}

// nextSpike returns the time of the next spike, or one above limit where it is later than that.
func (e *events) nextSpike(t *Tape, limit float64) float64 {
	for !e.given {
		j, s := e.predictions.First()
		if !(s <= limit && s < t.end) || !e.present[j].unsure {
			return s
		}
		start, x := e.latest(j)
		e.solveFor(t, j, start, x.V, x.I)
	}
	if e.recordHead < len(e.recorded) {
		return e.recorded[e.recordHead].Time
	}
	return math.Inf(1)
}

// fire lets all neurons spike whose time is now.
func (e *events) fire(t *Tape, now float64) error {
	for e.nextSpike(t, now) == now {
		var j int
		if e.given {
			j = e.recorded[e.recordHead].Neuron
			e.recordHead++
		} else {
			j, _ = e.predictions.First()
			if k := e.present[j].last; k >= 0 && e.touches[k].kind >= crossing {
				if err := e.fast(t, j, e.touches[k].time, now); err != nil {
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
	quiet := min(t.end, e.arrivals.next()) // until then no other event can reach the neuron
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
	e.touch(t, touch{time: now, u: c.rho, i: i, neuron: int32(j), kind: k, source: index})
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
	if len(e.touches) > math.MaxInt32 {
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
		e.deliver(t, cursor{kind: kind, src: source, pos: int32(lo)}, now)
		return
	}
	for k, neuron := lo, s.Neuron; k < hi; k++ {
		e.arrive(t, w.target(neuron, k), k, w.Weight[k], kind, source, now)
	}
}

// deliver serves the synapses of a spike under way whose time has come.
func (e *events) deliver(t *Tape, c cursor, now float64) {
	w, order, s := t.synapses(c.kind, c.src)
	start, neuron := s.Time, s.Neuron
	_, hi := w.fan(neuron)
	for ; int(c.pos) < hi; c.pos++ {
		k := int(order[c.pos])
		if at := start + w.Delay[k]; at > now {
			c.time = at
			e.arrivals.push(c)
			return
		}
		e.arrive(t, w.target(neuron, k), k, w.Weight[k], c.kind, c.src, now)
	}
}

// arrive adds weight w to the current of neuron j. A neuron that the prediction let pass
// the threshold by rounding spikes first, as it is due now.
func (e *events) arrive(t *Tape, j, synapse int, w float64, kind kind, source int32, now float64) {
	t.Report.Arrivals++
	u, i := e.state(t, j, now)
	if c := t.plan.cell(j); !e.given && u >= c.q {
		if !t.plan.layer.InputFirst || kind == arrivalRec {
			// spike would fail beyond the limit alone, which serve looks at
			_ = e.spike(t, j, crossing, now, i)
			u = c.rho
		} else {
			u = math.Nextafter(c.q, math.Inf(-1)) // at threshold: crosses next, if its current still lets it
		}
	}
	e.touch(t, touch{time: now, u: u, i: i + w, neuron: int32(j), kind: kind, source: source, synapse: int32(synapse)})
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

// touch records x and predicts the neuron anew.
func (e *events) touch(t *Tape, x touch) {
	j := int(x.neuron)
	now := &e.present[j]
	x.before = now.last
	now.time, now.State, now.last = x.time, State{x.u, x.i}, int32(len(e.touches))
	e.touches = append(e.touches, x)
	e.predict(t, j, x.time, x.u, x.i)
}

func (e *events) predict(t *Tape, j int, now, u, i float64) {
	if e.given {
		return
	}
	c := t.plan.cell(j)
	if at := now + c.soonest(u, i); at > now {
		if !(at < t.end) {
			at = math.Inf(1)
		}
		e.present[j].unsure = true
		e.predictions.Set(j, at)
		return
	}
	e.solveFor(t, j, now, u, i)
}

// soonest bounds the time to the next crossing from below, or returns 0. While V rises from u on
// its slope is at most (max(I, 0) - u)/TauMem, as I goes to 0; what it falls before only adds to
// the time.
func (c *cell) soonest(u, i float64) float64 {
	m := max(i, 0)
	if !(u < c.q && m > c.q) {
		return 0 // at threshold, or one of the cheap cases of next
	}
	return c.tauMem * ((c.q - u) / (m - u) * (1 - 1e-12))
}

// solveFor predicts neuron j, which is in state u, i now.
func (e *events) solveFor(t *Tape, j int, now, u, i float64) {
	e.present[j].unsure = false
	h, _, solved := t.plan.cell(j).next(u, i)
	if solved {
		t.Report.RootSolves++
	}
	at := now + h
	if !(at < t.end) {
		at = math.Inf(1)
	}
	e.predictions.Set(j, at)
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
func (e *events) spiked(j int) bool {
	for k := e.present[j].last; k >= 0; k = e.touches[k].before {
		if e.touches[k].kind >= crossing {
			return true
		}
	}
	return false
}

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
