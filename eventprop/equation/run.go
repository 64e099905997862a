package equation

import (
	"container/heap"
	"fmt"
	"math"

	"github.com/surge-snn/surge/eventprop"
)

// Run is a pass of one sample through a layer: its spikes, and what the gradients need. The zero
// value is ready. It is not for concurrent use, and the layer must not change between a pass and
// its gradient.
type Run struct {
	Spikes []eventprop.Spike // of the layer, by time; Current is 0
	Steps  int               // steps of the solver, those of rejected ones left out

	layer   *Layer
	input   []eventprop.Spike
	end     float64
	s       *stepper
	neurons []neuron
	log     []entry
	states  []float64 // those that entries begin with
	queue   arrivals
}

// entry is something that happens to a neuron.
type entry struct {
	kind
	held    bool // whether states are held in a step, or at an arrival
	neuron  int32
	x       int     // its state before, in Run.states
	time, h float64 // when, and for how long
	source  int32   // input spike, or spike of the layer: of an arrival, a spike, a release
	synapse int32
	w       float64
}

type kind uint8

const (
	step kind = iota
	arrivalIn
	arrivalRec
	crossing // spike as the threshold is reached
	lifted   // spike at an arrival that jumps over the threshold
	release  // end of a hold
)

// neuron is the state of a neuron, and the way ahead of it as long as nothing arrives.
type neuron struct {
	x     []float64 // variables: w, states up to which ahead goes, parameters
	ahead []entry   // not in the log yet: an arrival may come before
	at    float64   // time up to which ahead goes
	fires bool      // whether it ends there with a spike
	g     float64   // threshold there
	h     float64   // next step
	held  bool
	until float64 // of the hold
	since int32   // spike of the hold
}

// arrivals is a heap of arrivals under way, by time and then by age.
type arrivals []entry

func (a arrivals) Len() int { return len(a) }
func (a arrivals) Less(i, j int) bool {
	return a[i].time < a[j].time || a[i].time == a[j].time && a[i].x < a[j].x
}
func (a arrivals) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *arrivals) Push(x any)   { *a = append(*a, x.(entry)) }
func (a *arrivals) Pop() any {
	last := len(*a) - 1
	x := (*a)[last]
	*a = (*a)[:last]
	return x
}

// Forward simulates the layer until end, in seconds. The input is kept, not copied. The times of
// spikes are as exact as the steps: the last step to a spike is a step of the method itself, whose
// length is found by Newton's iteration on the threshold, and not a point of an interpolant.
//
// Errors: those of [Layer.Check], eventprop.ErrSpikes, eventprop.ErrLimit, eventprop.ErrRunaway for
// a neuron that is above threshold after its reset, and ErrStep.
func (r *Run) Forward(l *Layer, input []eventprop.Spike, end float64) error {
	*r = Run{Spikes: r.Spikes[:0], log: r.log[:0], states: r.states[:0], neurons: r.neurons[:0]}
	if err := l.Check(); err != nil {
		return err
	}
	if err := checkInput(input, l.In.Pre, end); err != nil {
		return err
	}
	err := r.forward(l, input, end)
	if err != nil {
		r.layer = nil
	}
	return err
}

func (r *Run) forward(l *Layer, input []eventprop.Spike, end float64) error {
	r.layer, r.input, r.end, r.s = l, input, end, newStepper(l.Model)
	m := l.Model
	for j := range l.In.Post {
		n := neuron{x: make([]float64, 1+len(m.States)+len(m.Params)), h: end / 1000}
		for k := range m.Params {
			n.x[1+len(m.States)+k] = l.value(k, j)
		}
		copy(r.s.x, n.x)
		r.s.jump(&m.start, false)
		copy(n.x, r.s.x)
		if n.g = r.s.threshold(); n.g >= 0 {
			return fmt.Errorf("%w: neuron %d starts at threshold", eventprop.ErrParameter, j)
		}
		r.neurons = append(r.neurons, n)
	}
	for head := 0; ; {
		next := r.end
		if head < len(input) {
			next = min(next, input[head].Time)
		}
		if len(r.queue) > 0 {
			next = min(next, r.queue[0].time)
		}
		first, bound := next, r.end
		if l.In.Row == nil && l.In.Delay == nil { // the next input reaches all neurons: a step beyond it would be cut
			bound = next
		}
		for j := range r.neurons {
			if err := r.look(j, first, bound); err != nil {
				return err
			}
			if n := &r.neurons[j]; n.fires {
				first = min(first, n.at)
			}
		}
		var err error
		switch {
		case first < r.end && r.firing(first):
			err = r.fire(first)
		case next >= r.end:
			return nil
		case len(r.queue) > 0 && r.queue[0].time == next:
			err = r.arrive(heap.Pop(&r.queue).(entry))
		default:
			head++
			err = r.emit(arrivalIn, int32(head-1), next)
		}
		if err != nil {
			return err
		}
	}
}

func (r *Run) firing(at float64) bool {
	for j := range r.neurons {
		if r.neurons[j].fires && r.neurons[j].at == at {
			return true
		}
	}
	return false
}

// look follows neuron j ahead until a time or its next spike, and not beyond bound.
func (r *Run) look(j int, until, bound float64) error {
	n, s := &r.neurons[j], r.s
	tolerance := r.layer.tolerance()
	for n.at < until && !n.fires {
		limit := bound
		if n.held {
			limit = min(limit, n.until)
		}
		copy(s.x, n.x)
		x0, h, whole := n.x[1:1+len(r.layer.Model.States)], n.h, false
		if h >= limit-n.at {
			h, whole = limit-n.at, true
		}
		e := s.step(x0, h, tolerance, n.held)
		if !(e <= 1) {
			if n.h = h * max(0.1, 0.9*math.Pow(e, -0.2)); e-e != 0 {
				n.h = h / 10
			}
			if n.h < 1e-13*r.end {
				return fmt.Errorf("%w: neuron %d at %g s", ErrStep, j, n.at)
			}
			continue
		}
		grown := h * min(5, 0.9*math.Pow(max(e, 1e-10), -0.2))
		if whole {
			grown = max(grown, n.h)
		}
		g := s.threshold()
		n.h = grown
		if n.g < 0 { // else a hold, after which that is an error
			if at := r.crossing(x0, h, n.g, g, n.held); at > 0 {
				h, whole, n.fires = at, false, true
				s.step(x0, h, tolerance, n.held)
			}
		}
		n.ahead = append(n.ahead, entry{kind: step, held: n.held, neuron: int32(j), x: len(r.states), time: n.at, h: h})
		r.states = append(r.states, x0...)
		if n.at += h; whole {
			n.at = limit
		}
		copy(n.x, s.x)
		n.g = g
		r.Steps++
		if n.held && n.at == n.until && !n.fires {
			n.ahead = append(n.ahead, entry{kind: release, neuron: int32(j), x: len(r.states), time: n.at, source: n.since})
			r.states = append(r.states, n.x[1:1+len(x0)]...)
			if n.held = false; n.g >= 0 {
				return fmt.Errorf("%w: neuron %d is above threshold after its refractory time at %g s", eventprop.ErrRunaway, j, n.at)
			}
		}
	}
	return nil
}

// crossing returns the length of the step from x0 at whose end the threshold is reached from below,
// or 0 where it is not within h. It looks at the cubic through the thresholds g0 and g1 at both
// ends, with their slopes, for a maximum between them.
func (r *Run) crossing(x0 []float64, h, g0, g1 float64, held bool) float64 {
	hi := h
	if !(g1 >= 0) {
		s0, s1 := r.slopeOf(x0, held, 0)*h, r.slopeOf(nil, held, stages)*h
		if !(s0 > 0 && s1 < 0) {
			return 0
		}
		// g = g0 + s0 t + c t² + d t³
		c, d := 3*(g1-g0)-2*s0-s1, 2*(g0-g1)+s0+s1
		root := math.Sqrt(max(c*c-3*d*s0, 0))
		t := s0 / (root - c) // the maximum, without cancellation where c < 0
		if !(t > 0 && t < 1) || !(g0+t*(s0+t*(c+t*d)) > -1e-3*(math.Abs(g0)+math.Abs(g1))) {
			return 0
		}
		hi = t * h
		if r.s.step(x0, hi, 1, held); !(r.s.threshold() >= 0) {
			r.s.step(x0, h, 1, held)
			return 0
		}
	}
	lo, at := 0.0, hi*min(max(-g0/(math.Abs(g1)-g0), 0.1), 0.9)
	for range 200 {
		r.s.step(x0, at, 1, held)
		g := r.s.threshold()
		if g >= 0 {
			hi = at
		} else {
			lo = at
		}
		next := at - g/r.slopeOf(nil, held, stages)
		if !(next > lo && next < hi) {
			next = lo + (hi-lo)/2
		}
		if math.Abs(next-at) <= 2e-16*at || next <= lo || next >= hi {
			break
		}
		at = next
	}
	return at
}

// slopeOf returns dg/dt at state x, nil: where the stepper is, with the slopes of a stage.
func (r *Run) slopeOf(x []float64, held bool, stage int) float64 {
	s := r.s
	if x != nil {
		keep := append([]float64(nil), s.state()...)
		defer copy(s.state(), keep)
		copy(s.state(), x)
	}
	s.threshold()
	clear(s.grad)
	s.m.threshold.pull(s.grad, s.bar, s.other, []float64{1})
	return dot(s.grad[1:1+len(s.m.States)], s.k[stage])
}

// commit takes neuron j to a time, up to which it has been looked at without a spike before.
func (r *Run) commit(j int, at float64) {
	n := &r.neurons[j]
	m := len(r.layer.Model.States)
	for k, e := range n.ahead {
		var end float64
		if k+1 < len(n.ahead) {
			end = n.ahead[k+1].time
		} else {
			end = max(n.at, e.time)
		}
		if end <= at {
			r.log = append(r.log, e)
			continue
		}
		if e.h = at - e.time; e.h > 0 && e.kind == step {
			r.log = append(r.log, e)
			copy(r.s.x, n.x)
			r.s.step(r.states[e.x:e.x+m], e.h, 1, e.held)
			copy(n.x, r.s.x)
		} else {
			copy(n.x[1:1+m], r.states[e.x:e.x+m])
		}
		n.held = e.held // a hold ends with a release, which comes later
		break
	}
	n.ahead, n.at, n.fires = n.ahead[:0], at, false
	copy(r.s.x, n.x)
	n.g = r.s.threshold()
}

// fire lets all neurons spike that reach threshold now.
func (r *Run) fire(now float64) error {
	first := len(r.Spikes)
	for j := range r.neurons {
		if n := &r.neurons[j]; n.fires && n.at == now {
			r.commit(j, now)
			if err := r.spike(j, now, crossing); err != nil {
				return err
			}
		}
	}
	return r.send(first, now)
}

// send lets the spikes from first on go to their synapses.
func (r *Run) send(first int, now float64) error {
	if r.layer.Rec == nil {
		return nil
	}
	for k := first; k < len(r.Spikes); k++ {
		if err := r.emit(arrivalRec, int32(k), now); err != nil {
			return err
		}
	}
	return nil
}

// spike resets neuron j.
func (r *Run) spike(j int, now float64, k kind) error {
	if len(r.Spikes) >= r.layer.maxSpikes() {
		return fmt.Errorf("%w: %d at %g s, the limit is %d", eventprop.ErrLimit, len(r.Spikes)+1, now, r.layer.maxSpikes())
	}
	n, m := &r.neurons[j], r.layer.Model
	index := int32(len(r.Spikes))
	r.log = append(r.log, entry{kind: k, neuron: int32(j), x: len(r.states), time: now, source: index, held: n.held})
	r.states = append(r.states, n.x[1:1+len(m.States)]...)
	r.Spikes = append(r.Spikes, eventprop.Spike{Time: now, Neuron: j})
	copy(r.s.x, n.x)
	r.s.jump(&m.reset, false)
	copy(n.x, r.s.x)
	if n.g = r.s.threshold(); n.g >= 0 {
		return fmt.Errorf("%w: neuron %d is above threshold after its reset at %g s", eventprop.ErrRunaway, j, now)
	}
	if m.refractory >= 0 {
		if until := now + r.layer.value(m.refractory, j); until > now {
			n.held, n.until, n.since = true, until, index
		}
	}
	return nil
}

// emit lets a spike reach all synapses without delay, and puts it on its way to the others.
func (r *Run) emit(k kind, source int32, now float64) error {
	w, neuron := &r.layer.In, 0
	if k == arrivalRec {
		w, neuron = r.layer.Rec, r.Spikes[source].Neuron
	} else {
		neuron = r.input[source].Neuron
	}
	lo, hi := fan(w, neuron)
	for i := lo; i < hi; i++ {
		e := entry{kind: k, neuron: int32(target(w, neuron, i)), time: now, source: source, synapse: int32(i), w: w.Weight[i]}
		if w.Delay != nil && w.Delay[i] > 0 {
			if e.time += w.Delay[i]; e.time < r.end {
				e.x = len(r.log) + len(r.queue) // its age
				heap.Push(&r.queue, e)
			}
			continue
		}
		if err := r.arrive(e); err != nil {
			return err
		}
	}
	return nil
}

// arrive serves an arrival.
func (r *Run) arrive(e entry) error {
	j := int(e.neuron)
	if err := r.look(j, e.time, e.time); err != nil {
		return err
	}
	r.commit(j, e.time)
	n, m := &r.neurons[j], r.layer.Model
	e.x, e.held = len(r.states), n.held
	r.states = append(r.states, n.x[1:1+len(m.States)]...)
	r.log = append(r.log, e)
	copy(r.s.x, n.x)
	r.s.x[0] = e.w
	r.s.jump(&m.input, n.held)
	copy(n.x[1:], r.s.x[1:])
	if n.g = r.s.threshold(); n.g < 0 || n.held {
		return nil
	}
	first := len(r.Spikes)
	if err := r.spike(j, e.time, lifted); err != nil {
		return err
	}
	return r.send(first, e.time)
}
