package own

import (
	"fmt"
	"math"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/internal/fmath"
)

// pass is a pass of one sample after the other: its spikes, and what the gradients need.
type pass struct {
	*stepper
	input   []eventprop.Spike
	end     float64
	found   []eventprop.Spike // spikes in the order in which they were found
	spikes  []eventprop.Spike // by time
	place   []int32           // of each of those found among those by time
	log     []entry
	held    []float64 // states that entries begin with
	steps   int
	neurons []runner
	ready   bool // for its gradient
}

// entry is something that happens to a neuron. It begins with a step: one of a length that is
// taken as given, or up to an event.
type entry struct {
	h       float64
	x       int   // its states before, in pass.held
	source  int32 // input spike or found spike of the layer: of an arrival, a spike
	synapse int32
	neuron  int32
	kind    kind
}

type kind uint8

const (
	given kind = iota // a step of a length that is taken as given
	arrivalIn
	arrivalRec
	crossed // spike as the threshold is reached
	lifted  // spike at an arrival that jumps over the threshold, without a step
)

// maxSteps bounds the steps of a pass, and with them its memory.
const maxSteps = 1 << 24

// NewPass makes memory for passes.
func (w *prepared) NewPass() eventprop.NeuronPass { return &pass{} }

// Forward simulates a sample. Errors: eventprop.ErrSpikes, eventprop.ErrLimit,
// eventprop.ErrRunaway, ErrStep, and ErrCell for a cell that panics.
func (r *pass) Forward(l eventprop.NeuronLayer, input []eventprop.Spike, end float64) (_ []eventprop.Spike, err error) {
	defer caught(&err)
	r.ready = false
	w, ok := l.(*prepared)
	if !ok {
		return nil, fmt.Errorf("%w: a pass of own.Neurons through a layer of others", eventprop.ErrShape)
	}
	if r.stepper == nil || len(r.k[0]) != len(w.states) || len(r.ap) != len(w.params) {
		r.stepper = newStepper(w)
	}
	r.prepared = w
	if err := eventprop.CheckInput(input, w.in.Pre, end); err != nil {
		return nil, err
	}
	r.input, r.end, r.steps = input, end, 0
	r.found, r.spikes, r.log, r.held = r.found[:0], r.spikes[:0], r.log[:0], r.held[:0]
	if w.rec == nil {
		err = r.separate()
	} else {
		err = (&together{pass: r}).run()
	}
	if err != nil {
		return nil, err
	}
	r.spikes, r.place = eventprop.AppendSorted(r.spikes, r.place[:0], r.found)
	r.ready = true
	return r.spikes, nil
}

// runner is a neuron at an event, and the way ahead of it as long as nothing arrives.
type runner struct {
	j       int
	p, x    []float64 // parameters, and states now
	largest []float64 // of each state so far
	now     float64
	spiked  float64 // when it spiked last, -1 before

	ahead []piece
	tip   struct { // end of the way ahead
		time  float64
		x     []float64
		next  float64 // length of the next step that is tried; 0: not known
		fires bool    // whether it is a spike
	}
	starts []float64 // states that pieces begin with
}

// piece is a step ahead.
type piece struct{ time, h float64 }

// open puts neuron j at its start.
func (r *pass) open(x *runner, j int) {
	w := r.prepared
	start, p := w.x[w.one(j)], w.p[w.one(j)]
	*x = runner{
		j: j, p: p, x: append(x.x[:0], start...), largest: append(x.largest[:0], start...), spiked: -1,
		ahead: x.ahead[:0], starts: x.starts[:0], tip: x.tip,
	}
	for n, v := range start {
		x.largest[n] = math.Abs(v)
	}
	x.tip.next = 0
	x.renew()
}

// renew says that the way ahead is gone.
func (x *runner) renew() {
	x.ahead, x.starts = x.ahead[:0], x.starts[:0]
	x.tip.time, x.tip.fires = x.now, false
	x.tip.x = append(x.tip.x[:0], x.x...)
}

func (x *runner) grow() {
	for n, v := range x.x {
		x.largest[n] = max(x.largest[n], math.Abs(v))
	}
}

// extend adds a step, up to a limit at most, to the way ahead.
func (r *pass) extend(x *runner, limit float64) error {
	tip := &x.tip
	left := limit - tip.time
	h := tip.next
	if h == 0 {
		h = r.guess(x, left)
	}
	rejected := false
	for {
		if r.steps++; r.steps > maxSteps {
			return fmt.Errorf("%w: neuron %d at %g s, after %d steps in all", ErrStep, x.j, tip.time, maxSteps)
		}
		cut := h >= left
		if cut {
			h = left
		}
		r.step(tip.x, h, x.p)
		e := r.err(tip.x, h, x.p, x.largest)
		ok := e <= 1 && finite(r.z[6])
		factor := 0.2
		if e-e == 0 {
			factor = 5
			if e > 0 {
				factor = min(5, max(0.2, 0.9*fmath.Pow(e, -0.2))) // the error is of order 5
			}
		}
		if !ok {
			rejected = true
			if h = float64(h * min(factor, 0.9)); h < float64(0x1p-50*r.end) || tip.time+h == tip.time {
				return r.stuck(x)
			}
			continue
		}
		if !cut || rejected || factor < 1 || tip.next == 0 {
			tip.next = float64(h * factor)
		}
		x.ahead = append(x.ahead, piece{tip.time, h})
		x.starts = append(x.starts, tip.x...)
		copy(r.after, r.z[6])
		root, fires := r.crossing(tip.x, h, x.p)
		if fires {
			x.ahead[len(x.ahead)-1].h = root
			copy(tip.x, r.spike)
			tip.time, tip.fires = min(tip.time+root, limit), true
			return nil
		}
		copy(tip.x, r.after)
		if tip.time = min(tip.time+h, limit); cut {
			tip.time = limit
		}
		return nil
	}
}

// guess returns the length of a first step, of at most left: states change by a hundredth of their
// size.
func (r *pass) guess(x *runner, left float64) float64 {
	r.f.Slope(r.out, x.tip.x, x.p)
	h := left
	for n, f := range r.out {
		if size := x.largest[n]; size > 0 && f != 0 {
			h = min(h, max(float64(0.01*(size/math.Abs(f))), float64(1e-9*left)))
		}
	}
	return h
}

// stuck is the error of a neuron whose step is too small: it names the state with the steepest
// slope.
func (r *pass) stuck(x *runner) error {
	r.f.Slope(r.out, x.tip.x, x.p)
	worst := 0
	for n, f := range r.out {
		if f-f != 0 || math.Abs(f) > math.Abs(r.out[worst]) && r.out[worst]-r.out[worst] == 0 {
			worst = n
		}
	}
	return fmt.Errorf("%w: neuron %d at %g s, where d%s/dt is %g at %s", ErrStep, x.j, x.tip.time, r.states[worst], r.out[worst], r.at(x.tip.x))
}

// commit takes a neuron to a time on its way ahead, and logs the steps up to there, the last of
// them as that of an event.
func (r *pass) commit(x *runner, at float64, k kind, source, synapse int32) {
	m := len(x.x)
	last := entry{kind: k, neuron: int32(x.j), source: source, synapse: synapse}
	n := 0
	for n < len(x.ahead) && (x.ahead[n].time < at || n == 0) {
		n++
	}
	for i := range n - 1 {
		r.add(entry{kind: given, neuron: int32(x.j), h: x.ahead[i].h}, x.starts[i*m:(i+1)*m])
	}
	if n == 0 {
		r.add(last, x.x)
	} else {
		start := x.starts[(n-1)*m : n*m]
		if last.h = x.ahead[n-1].h; n < len(x.ahead) || at < x.tip.time {
			if at != x.ahead[n-1].time+last.h {
				last.h = max(0, at-x.ahead[n-1].time)
			}
			r.step(start, last.h, x.p)
			copy(x.x, r.z[6])
		} else {
			copy(x.x, x.tip.x)
		}
		r.add(last, start)
	}
	x.now = at
	x.grow()
}

func (r *pass) add(e entry, x []float64) {
	e.x = len(r.held)
	r.held = append(r.held, x...)
	r.log = append(r.log, e)
}

// fire resets a neuron at its threshold, of which commit has logged the spike.
func (r *pass) fire(x *runner) error {
	if len(r.found) >= r.maxSpikes {
		return fmt.Errorf("%w: %d at %g s, the limit is %d", eventprop.ErrLimit, len(r.found)+1, x.now, r.maxSpikes)
	}
	x.spiked = x.now
	r.found = append(r.found, eventprop.Spike{Time: x.now, Neuron: x.j})
	r.f.Reset(x.x, x.p)
	if !finite(x.x) {
		return fmt.Errorf("%w: neuron %d at %g s, with %s after its reset", ErrStep, x.j, x.now, r.at(x.x))
	}
	x.grow()
	x.renew()
	if r.above(x.x, x.p) {
		return fmt.Errorf("%w: neuron %d is above threshold after its reset at %g s, at %s", eventprop.ErrRunaway, x.j, x.now, r.at(x.x))
	}
	return nil
}

// reach takes a neuron to the spike on its way ahead.
func (r *pass) reach(x *runner) error {
	if x.spiked == x.tip.time {
		return fmt.Errorf("%w: neuron %d spikes twice at %g s", eventprop.ErrRunaway, x.j, x.tip.time)
	}
	r.commit(x, x.tip.time, crossed, int32(len(r.found)), 0)
	return r.fire(x)
}

// arrive lets an arrival reach a neuron. It tells whether it spikes at once.
func (r *pass) arrive(x *runner, at float64, k kind, source, synapse int32) (bool, error) {
	r.commit(x, at, k, source, synapse)
	weight := r.in.Weight
	if k == arrivalRec {
		weight = r.rec.Weight
	}
	r.f.arrive(x.x, weight[synapse], x.p)
	if !finite(x.x) {
		return false, fmt.Errorf("%w: neuron %d at %g s, with %s after an arrival", ErrStep, x.j, x.now, r.at(x.x))
	}
	x.grow()
	x.renew()
	if !r.above(x.x, x.p) {
		return false, nil
	}
	r.add(entry{kind: lifted, neuron: int32(x.j), source: int32(len(r.found))}, x.x)
	return true, r.fire(x)
}
