package eventprop

import (
	"fmt"
	"iter"
	"math"

	"github.com/surge-snn/surge/internal/lanes"
)

// Tape is a pass of one sample through a layer: its spikes, its report, and what the
// gradients need. The zero value is ready; a tape that is used again keeps its memory,
// so that nothing is allocated once it has grown. A tape is not for concurrent use,
// and its layer must not change between a pass and its gradient.
type Tape struct {
	Spikes []Spike // of the layer, by time
	Report Report

	// InputTime is dL/d(time) of each input spike, which the backward pass sets.
	InputTime []float64

	plan     *plan
	own      plan
	input    []Spike
	recorded []Spike // spikes that are given instead of solved
	forced   bool
	end      float64
	touches  []touch
	fired    []bool  // whether each neuron has spiked, after a fast engine
	last     []int32 // latest touch of each neuron, -1 for none

	predictions predictions
	arrivals    arrivals
	head        int     // next input spike
	recordHead  int     // next recorded spike
	pending     []int32 // spikes whose synapses are not served yet

	back backward

	complete  bool         // whether the pass has come to the end
	engine    engine       // of the pass on the tape
	steps     []lanes.Step // of the fast engines; empty: not made yet
	exponents []float64    // memory of makeSteps
	swept     sweep
	lockstep  lockstep
	readout   readout
}

// engine is a way through a layer.
type engine uint8

const (
	stepwise engine = iota // touch by touch: any layer
	sweeping               // sweep
	locked                 // lockstep
	reading                // readout
)

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

// Begin checks everything and sets the tape to time 0, for [Tape.Step]. end is the
// duration of the simulation in seconds. The input is kept, not copied.
func (t *Tape) Begin(l *Layer, input []Spike, end float64) error {
	if err := t.own.prepare(l); err != nil {
		return err
	}
	if err := t.begin(&t.own, input, nil, false, end); err != nil {
		return err
	}
	return t.start()
}

// Forward simulates the layer until end (the trajectory of all steps). Cost without
// delays: a touch (two exponentials) of every neuron per spike, and a root search for
// those that may reach threshold.
func (t *Tape) Forward(l *Layer, input []Spike, end float64) error {
	if err := t.own.prepare(l); err != nil {
		return err
	}
	return t.forward(&t.own, input, end)
}

func (t *Tape) forward(p *plan, input []Spike, end float64) error {
	if err := t.begin(p, input, nil, false, end); err != nil {
		return err
	}
	switch {
	case p.readouts():
		return t.readPass()
	case !p.alike():
	case p.layer.Rec == nil:
		return t.sweep()
	default:
		return t.lockedPass()
	}
	return t.run()
}

// ForwardRecorded takes the spikes of the layer as given, as from a recording of
// neuromorphic hardware, and computes the currents and voltages that belong to them:
// the neuron is reset at each recorded spike, whatever its voltage, and threshold is
// not looked at. The gradients that follow take the recorded times as the solution of
// the model (HardwareLIF and HardwareRecurrentLIF of jaxsnn). Currents in recorded
// are not read.
func (t *Tape) ForwardRecorded(l *Layer, input, recorded []Spike, end float64) error {
	if err := t.own.prepare(l); err != nil {
		return err
	}
	if err := t.begin(&t.own, input, recorded, true, end); err != nil {
		return err
	}
	return t.run()
}

func (t *Tape) begin(p *plan, input, recorded []Spike, forced bool, end float64) error {
	if !(end > 0) || math.IsInf(end, 1) {
		return fmt.Errorf("%w: the end is %g s, want a positive number", ErrParameter, end)
	}
	if err := checkSpikes("input", input, p.layer.In.Pre); err != nil {
		return err
	}
	if err := checkSpikes("recorded", recorded, len(p.cells)); err != nil {
		return err
	}
	n := len(p.cells)
	t.plan, t.input, t.recorded, t.forced, t.end = p, input, recorded, forced, end
	t.Spikes, t.Report, t.touches = t.Spikes[:0], Report{}, t.touches[:0]
	t.head, t.recordHead, t.pending = 0, 0, t.pending[:0]
	t.back.ready, t.complete, t.engine = false, false, stepwise
	t.arrivals.reset()
	t.steps, t.readout.known, t.readout.rest = t.steps[:0], false, t.readout.rest[:0]
	t.last = resize(t.last, n)
	for j := range n {
		t.last[j] = -1
	}
	return nil
}

// start predicts all neurons at 0, and lets those spike that are at threshold already.
func (t *Tape) start() error {
	p := t.plan
	t.predictions.reset(len(p.cells))
	for j := range p.cells {
		if c := &p.cells[j]; !t.forced && p.init[j].V >= c.q {
			if err := t.spike(j, overStart, 0, p.init[j].I); err != nil {
				return err
			}
		} else {
			t.predict(j, 0, p.init[j].V, p.init[j].I)
		}
	}
	return t.serve(0)
}

// run goes through all steps.
func (t *Tape) run() error {
	if err := t.start(); err != nil {
		return err
	}
	for {
		if more, err := t.Step(); !more {
			return err
		}
	}
}

// Step goes to the next instant at which something happens, and lets it happen: an
// input, arrivals over synapses with delays, or spikes with what they do at once.
// more is false at the end.
func (t *Tape) Step() (more bool, err error) {
	in, arrival := math.Inf(1), t.arrivals.next()
	if t.head < len(t.input) {
		in = t.input[t.head].Time
	}
	spike := t.nextSpike()
	now := min(spike, in, arrival)
	if !(now < t.end) {
		return false, t.finish()
	}
	inputFirst := t.plan.layer.InputFirst && in == now
	switch {
	case spike == now && !inputFirst:
		err = t.fire(now)
	case in == now:
		t.head++
		t.Report.Inputs++
		t.emit(int32(t.head-1), false, now)
	default:
		c := t.arrivals.pop()
		t.deliver(c, now)
	}
	if err == nil {
		err = t.serve(now)
	}
	return err == nil, err
}

func (t *Tape) nextSpike() float64 {
	if !t.forced {
		_, s := t.predictions.first()
		return s
	}
	if t.recordHead < len(t.recorded) {
		return t.recorded[t.recordHead].Time
	}
	return math.Inf(1)
}

// fire lets all neurons spike whose time is now.
func (t *Tape) fire(now float64) error {
	for t.nextSpike() == now {
		var j int
		if t.forced {
			j = t.recorded[t.recordHead].Neuron
			t.recordHead++
		} else {
			j, _ = t.predictions.first()
			if k := t.last[j]; k >= 0 && t.touches[k].kind >= crossing && t.touches[k].time == now {
				return fmt.Errorf("%w: neuron %d at %g s, current %g", ErrRunaway, j, now, t.touches[k].i)
			}
		}
		_, i := t.state(j, now)
		if err := t.spike(j, crossing, now, i); err != nil {
			return err
		}
	}
	return nil
}

// spike resets neuron j, whose current is i, and leaves its synapses to serve.
func (t *Tape) spike(j int, k kind, now, i float64) error {
	if len(t.Spikes) >= t.plan.maxSpikes {
		return fmt.Errorf("%w: %d at %g s, the limit is %d", ErrLimit, len(t.Spikes)+1, now, t.plan.maxSpikes)
	}
	c := &t.plan.cells[j]
	index := int32(len(t.Spikes))
	t.Spikes = append(t.Spikes, Spike{Time: now, Neuron: j, Current: i})
	t.pending = append(t.pending, index)
	if k == crossing && i-c.q < 1e-3*math.Abs(c.q) {
		t.Report.Grazing++
	}
	t.touch(touch{time: now, u: c.rho, i: i, neuron: int32(j), kind: k, source: index})
	return nil
}

// serve sends out the spikes that are pending, and those that follow at the same instant
// because an arrival finds its neuron over threshold by rounding.
func (t *Tape) serve(now float64) error {
	if t.plan.layer.Rec != nil {
		for k := 0; k < len(t.pending); k++ {
			t.emit(t.pending[k], true, now)
		}
	}
	t.pending = t.pending[:0]
	if len(t.Spikes) > t.plan.maxSpikes {
		return fmt.Errorf("%w: %d at %g s, the limit is %d", ErrLimit, len(t.Spikes), now, t.plan.maxSpikes)
	}
	return nil
}

// emit lets a spike reach all synapses without delay, and puts it on its way to the others.
func (t *Tape) emit(source int32, rec bool, now float64) {
	w, neuron := &t.plan.layer.In, 0
	if rec {
		w, neuron = t.plan.layer.Rec, t.Spikes[source].Neuron
	} else {
		neuron = t.input[source].Neuron
	}
	lo, hi := w.fan(neuron)
	if w.Delay != nil {
		t.deliver(cursor{src: source, pos: int32(lo), rec: rec}, now)
		return
	}
	for k := lo; k < hi; k++ {
		t.arrive(w.target(neuron, k), k, w.Weight[k], source, rec, now)
	}
}

// deliver serves the synapses of a spike under way whose time has come.
func (t *Tape) deliver(c cursor, now float64) {
	w, order, start, neuron := &t.plan.layer.In, t.plan.inOrder, 0.0, 0
	if c.rec {
		w, order = t.plan.layer.Rec, t.plan.recOrder
		start, neuron = t.Spikes[c.src].Time, t.Spikes[c.src].Neuron
	} else {
		start, neuron = t.input[c.src].Time, t.input[c.src].Neuron
	}
	_, hi := w.fan(neuron)
	for ; int(c.pos) < hi; c.pos++ {
		k := int(order[c.pos])
		if at := start + w.Delay[k]; at > now {
			c.time = at
			t.arrivals.push(c)
			return
		}
		t.arrive(w.target(neuron, k), k, w.Weight[k], c.src, c.rec, now)
	}
}

// arrive adds weight w to the current of neuron j. A neuron that the prediction let pass
// the threshold by rounding spikes first, as it is due now.
func (t *Tape) arrive(j, synapse int, w float64, source int32, rec bool, now float64) {
	t.Report.Arrivals++
	u, i := t.state(j, now)
	if c := &t.plan.cells[j]; !t.forced && u >= c.q {
		if !t.plan.layer.InputFirst || rec {
			// spike would fail beyond the limit alone, which serve looks at
			_ = t.spike(j, crossing, now, i)
			u = c.rho
		} else {
			u = math.Nextafter(c.q, math.Inf(-1)) // at threshold: crosses next, if its current still lets it
		}
	}
	k := arrivalIn
	if rec {
		k = arrivalRec
	}
	t.touch(touch{time: now, u: u, i: i + w, neuron: int32(j), kind: k, source: source, synapse: int32(synapse)})
}

// state returns the state of neuron j just before now.
func (t *Tape) state(j int, now float64) (u, i float64) {
	start, s := t.latest(j)
	if h := now - start; h > 0 {
		s = t.plan.cells[j].Apply(s, h)
	}
	return s.V, s.I
}

// latest returns the state of neuron j after its latest touch, and the time of it.
func (t *Tape) latest(j int) (time float64, s State) { return t.after(j, t.last[j]) }

// after returns the state of neuron j after touch k, or at 0 for k < 0.
func (t *Tape) after(j int, k int32) (time float64, s State) {
	if k < 0 {
		return 0, t.plan.init[j]
	}
	x := &t.touches[k]
	return x.time, State{x.u, x.i}
}

// touch records x and predicts the neuron anew.
func (t *Tape) touch(x touch) {
	j := int(x.neuron)
	x.before = t.last[j]
	t.last[j] = int32(len(t.touches))
	t.touches = append(t.touches, x)
	t.predict(j, x.time, x.u, x.i)
}

func (t *Tape) predict(j int, now, u, i float64) {
	if t.forced {
		return
	}
	h, _, solved := t.plan.cells[j].next(u, i)
	if solved {
		t.Report.RootSolves++
	}
	at := now + h
	if !(at < t.end) {
		at = math.Inf(1)
	}
	t.predictions.set(j, at)
}

// finish completes the report, and looks for states that overflowed.
func (t *Tape) finish() error {
	t.complete = true
	r := &t.Report
	r.Spikes = len(t.Spikes)
	r.LateInputs = len(t.input) - t.head + len(t.recorded) - t.recordHead
	r.SilentNeurons = 0
	for j := range t.plan.cells {
		if !math.IsInf(t.plan.cells[j].q, 1) && !t.spiked(j) {
			r.SilentNeurons++
		}
		if _, s := t.latest(j); !s.finite() {
			return t.overflow(j, s)
		}
	}
	return nil
}

// overflow is the error for a state that is not finite, which it stays once it is not.
func (t *Tape) overflow(j int, s State) error {
	return fmt.Errorf("%w: neuron %d has V = %g and I = %g", ErrNonFinite, j, t.plan.cells[j].leak+s.V, s.I)
}

// spiked tells whether neuron j has a spike.
func (t *Tape) spiked(j int) bool {
	if t.engine != stepwise {
		return t.fired[j]
	}
	for k := t.last[j]; k >= 0; k = t.touches[k].before {
		if t.touches[k].kind >= crossing {
			return true
		}
	}
	return false
}

// unfold makes the touches of the general engine after a pass of a fast one: the same pass with the spikes
// given instead of solved.
func (t *Tape) unfold() {
	if t.engine == stepwise {
		return
	}
	report := t.Report
	given := make([]Spike, len(t.Spikes)) // rarely needed, so that its memory is not kept
	copy(given, t.Spikes)
	// neither the check nor the pass can fail: both have been passed with the same layer and input
	_ = t.begin(t.plan, t.input, given, true, t.end)
	_ = t.run()
	copy(t.Spikes, given)
	t.Report, t.forced = report, false
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
func (t *Tape) segments(j int) iter.Seq[segment] {
	return func(yield func(segment) bool) {
		stop, next := t.end, int32(-1)
		for k := t.last[j]; ; k = t.touches[k].before {
			start, s := t.after(j, k)
			if !yield(segment{&t.plan.cells[j], k, next, start, stop - start, s}) || k < 0 {
				return
			}
			stop, next = start, k
		}
	}
}

// First returns the index in Spikes of the first spike of each neuron, or -1. It uses
// the memory of dst if that is large enough.
func (t *Tape) First(dst []int) []int {
	dst = resize(dst, t.neurons())
	for j := range dst {
		dst[j] = -1
	}
	for k := len(t.Spikes) - 1; k >= 0; k-- {
		dst[t.Spikes[k].Neuron] = k
	}
	return dst
}
