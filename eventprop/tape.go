package eventprop

import (
	"fmt"
	"math"

	"github.com/surge-snn/surge/internal/fmath"
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
	head     int // input spikes before it are served
	end      float64
	complete bool // whether the pass has come to the end

	engine   engine // of the pass on the tape: one of those below
	events   events
	sweep    sweep
	lockstep lockstep
	readout  readout

	neuronwise neuronwise
	other      other
}

// engine is a way through a layer. It owns what it remembers of a pass; the tape has the
// rest. What an engine does not keep enough for, false says: that of
// [Tape.detailed] has it all.
type engine interface {
	// forward goes from the start to the end.
	forward(t *Tape) error
	// backward adds the gradients to g and, where the tape has room for them, InputTime.
	backward(t *Tape, g *Gradients, c *Cotangent) (ok bool, err error)
	// voltages writes the voltages at time s of the neurons from first on to dst.
	voltages(t *Tape, dst []float64, first int, s float64) (ok bool)
	// integrals writes those of the voltages with the weight e^(-rate t).
	integrals(t *Tape, dst []float64, first int, rate float64) (ok bool)
	// max returns the largest voltage of neuron j.
	max(t *Tape, j int) (p Peak, ok bool)
	// spiked tells whether neuron j has a spike.
	spiked(j int) bool
}

// choose returns the fastest engine for the layer.
func (t *Tape) choose() engine {
	switch p := t.plan; {
	case p.neuron != nil:
		return &t.other
	case p.readouts():
		return &t.readout
	case p.alike() && p.layer.Rec == nil, p.columns():
		return &t.sweep
	case p.alike():
		return &t.lockstep
	case p.separate():
		return &t.neuronwise
	}
	return &t.events
}

// End returns the end of the simulation in s; 0 of no tape.
func (t *Tape) End() float64 {
	if t == nil {
		return 0
	}
	return t.end
}

// Begin checks everything and sets the tape to time 0, for [Tape.Step]. end is the
// duration of the simulation in seconds. The input is kept, not copied.
func (t *Tape) Begin(l *Layer, input []Spike, end float64) error {
	if err := t.prepare(l); err != nil {
		return err
	}
	if err := t.begin(&t.own, input, end); err != nil {
		return err
	}
	if err := t.noVoltage(); err != nil {
		return t.cleared(err)
	}
	t.engine = &t.events
	t.events.solve()
	return t.cleared(t.events.start(t))
}

// prepare forgets the pass and makes a plan of the layer.
func (t *Tape) prepare(l *Layer) error {
	if t == nil {
		return fmt.Errorf("%w: no tape, want new(Tape)", ErrShape)
	}
	t.clear()
	return t.own.prepare(l)
}

// clear forgets the pass.
func (t *Tape) clear() {
	t.plan, t.engine, t.complete, t.Spikes = nil, nil, false, t.Spikes[:0]
	t.events.back.ready, t.neuronwise.valid = false, false
}

// cleared forgets the pass where err is an error, which it returns: what there is of it is not to
// be used.
func (t *Tape) cleared(err error) error {
	if err != nil {
		t.clear()
	}
	return err
}

// Step goes to the next instant at which something happens, and lets it happen: an
// input, arrivals over synapses with delays, or spikes with what they do at once.
// more is false at the end.
func (t *Tape) Step() (more bool, err error) {
	if t == nil || t.engine != &t.events || t.complete {
		return false, fmt.Errorf("%w: Step without Begin", ErrShape)
	}
	more, err = t.events.step(t)
	return more, t.cleared(err)
}

// Forward simulates the layer until end (the trajectory of all steps). Cost without
// delays: a touch (two exponentials) of every neuron per spike, and a root search for
// those that may reach threshold.
func (t *Tape) Forward(l *Layer, input []Spike, end float64) error {
	if err := t.prepare(l); err != nil {
		return err
	}
	return t.forward(&t.own, input, end)
}

func (t *Tape) forward(p *plan, input []Spike, end float64) error {
	if err := t.begin(p, input, end); err != nil {
		return err
	}
	t.events.solve()
	t.events.detailed = t.events.wanted
	t.engine = t.choose()
	return t.cleared(t.engine.forward(t))
}

// ForwardRecorded takes the spikes of the layer as given, as from a recording of
// neuromorphic hardware, and computes the currents and voltages that belong to them:
// the neuron is reset at each recorded spike, whatever its voltage, and threshold is
// not looked at. The gradients that follow take the recorded times as the solution of
// the model (HardwareLIF and HardwareRecurrentLIF of jaxsnn). Currents in recorded
// are not read. A neuron that is recorded twice at one time is an error that wraps ErrSpikes.
func (t *Tape) ForwardRecorded(l *Layer, input, recorded []Spike, end float64) error {
	if err := t.prepare(l); err != nil {
		return err
	}
	if err := checkRecorded(recorded, len(t.own.cells)); err != nil {
		return err
	}
	if err := t.begin(&t.own, input, end); err != nil {
		return err
	}
	if err := t.noVoltage(); err != nil {
		return t.cleared(err)
	}
	t.engine = &t.events
	t.events.take(recorded)
	return t.cleared(t.events.forward(t))
}

func (t *Tape) begin(p *plan, input []Spike, end float64) error {
	t.clear()
	if err := CheckInput(input, p.layer.In.Pre, end); err != nil {
		return err
	}
	t.plan, t.input, t.end, t.head = p, input, end, 0
	t.Report = Report{}
	return nil
}

// detailed returns an engine that has all that can be asked for of the pass.
func (t *Tape) detailed() engine {
	if t.engine != &t.events && t.plan.separate() {
		return &t.neuronwise // which adopts the spikes
	}
	return t.unfold()
}

// unfold takes the pass of another engine through that of events, with the spikes given instead of
// solved: it keeps all that can be asked for. A pass of events without details is made again, and
// from then on the tape keeps them.
func (t *Tape) unfold() *events {
	e := &t.events
	report := t.Report
	if t.engine == e {
		if !e.detailed {
			t.Spikes, t.head, e.detailed, e.wanted = t.Spikes[:0], 0, true, true
			_ = e.forward(t)
			t.Report = report
		}
		return e
	}
	given := make([]Spike, len(t.Spikes)) // rarely needed, so that its memory is not kept
	copy(given, t.Spikes)
	t.engine, t.Spikes, t.head = e, t.Spikes[:0], 0
	e.take(given)
	_ = e.forward(t) // cannot fail: it has been passed with the same layer and input
	copy(t.Spikes, given)
	t.Report = report
	e.solve()
	return e
}

// allowed returns an error unless neuron j may spike at a time after the spike before (-1: none)
// with so many spikes of the pass, before the next event at until can reach it.
func (t *Tape) allowed(j, have int, current, before, at, until float64) error {
	q := t.plan.cells[j].q
	switch {
	case at == before:
		return fmt.Errorf("%w: neuron %d at %g s, current %g", ErrRunaway, j, at, current)
	case before >= 0 && t.endless(j, have, current, at-before, until-at):
		return t.tooMany(j, at, current)
	case have >= t.plan.maxSpikes:
		return fmt.Errorf("%w: %d at %g s, the limit is %d", ErrLimit, have+1, at, t.plan.maxSpikes)
	case current-q < 1e-3*q:
		t.Report.Grazing++
	}
	return nil
}

// endless tells whether neuron j, which spikes with current i and did so a time since before, will
// have more spikes than are left of the limit within h, in which no event reaches it: that is found
// before they take memory. While the current is above i/2, for TauSyn ln 2, V rises from reset to
// threshold at least as fast as with a constant i/2, within
//
//	T = TauMem ln((i/2 - rho)/(i/2 - q))
func (t *Tape) endless(j, have int, i, since, h float64) bool {
	left := float64(t.plan.maxSpikes - have)
	if !(since*left < h) {
		return false // since <= T where there are more
	}
	c := &t.plan.cells[j]
	if !(i/2 > max(c.q, 0)) {
		return false
	}
	period := c.tauMem * fmath.Log1p((c.q-c.rho)/(float64(i/2)-c.q))
	return period*left < min(h, math.Ln2*c.tauSyn)
}

func (t *Tape) tooMany(j int, at, current float64) error {
	return fmt.Errorf("%w: neuron %d with current %g at %g s would have more, the limit is %d", ErrLimit, j, current, at, t.plan.maxSpikes)
}

// overflow is the error for a state that is not finite, which it stays once it is not.
func (t *Tape) overflow(j int, s State) error {
	return fmt.Errorf("%w: neuron %d has V = %g and I = %g", ErrNonFinite, j, t.plan.cells[j].leak+s.V, s.I)
}

// First returns the index in Spikes of the first spike of each neuron, or -1. It uses
// the memory of dst if that is large enough. A tape that was never filled has no neurons.
func (t *Tape) First(dst []int) []int {
	if t == nil || t.plan == nil {
		return dst[:0]
	}
	dst = resize(dst, t.neurons())
	for j := range dst {
		dst[j] = -1
	}
	for k := len(t.Spikes) - 1; k >= 0; k-- {
		dst[t.Spikes[k].Neuron] = k
	}
	return dst
}
