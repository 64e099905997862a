package equation

import (
	"math"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/internal/earliest"
)

// together is the way of a recurrent layer: events in the order of time. Neurons are taken ahead of
// the others until their next spike or the end of their series; an arrival before it cuts the way
// ahead. What is known of all neurons is in a heap, so that an event costs what the neurons cost
// that it reaches.
type together struct {
	*work
	r       *Run
	neurons []runner
	known   earliest.Times    // up to which neurons are known
	fresh   []int32           // neurons without a way ahead
	queue   earliest.Arrivals // over synapses with delays
	head    int               // next input
}

// runner is a neuron and the way ahead of it as long as nothing arrives, whose end is its tip.
type runner struct {
	path             // where the neuron is for sure
	ahead  []entry   // steps, and ends of holds, that are not in the log yet
	starts []float64 // states that they begin with
	series []float64 // of the last of ahead, [state][order+1]
	tip    struct {
		time  float64
		x     []float64 // states
		held  bool
		fires bool // whether it is a spike
	}
	fresh bool // in together.fresh
}

func (t *together) run() error {
	w, r, n := t.work, t.r, t.l.In.Post
	t.neurons = make([]runner, n)
	t.known.Reset(n)
	for j := range n {
		x := &t.neurons[j]
		w.open(&x.path, r, j)
		x.series = make([]float64, len(x.largest)*(w.b.order+1))
		x.tip.x = append([]float64(nil), x.state()...)
		t.renew(j)
	}
	for {
		next := r.end
		if t.head < len(r.input) {
			next = min(next, r.input[t.head].Time)
		}
		arrival := t.queue.First()
		next = min(next, arrival)
		if err := t.ahead(next); err != nil {
			return err
		}
		j, first := t.known.First()
		var err error
		switch {
		case first < r.end && first <= next && t.neurons[j].tip.fires:
			err = t.fire(first)
		case next >= r.end:
			for j := range t.neurons {
				t.commit(j, r.end)
			}
			return nil
		case arrival == next:
			err = t.deliver(t.queue.Pop(), next)
		default:
			t.head++
			err = t.emit(arrivalIn, int32(t.head-1), next)
		}
		if err != nil {
			return err
		}
	}
}

// renew says that the way ahead of neuron j is gone.
func (t *together) renew(j int) {
	x := &t.neurons[j]
	x.ahead, x.starts = x.ahead[:0], x.starts[:0]
	x.tip.time, x.tip.fires, x.tip.held = x.now, false, x.held
	copy(x.tip.x, x.state())
	if !x.fresh {
		x.fresh = true
		t.fresh = append(t.fresh, int32(j))
	}
	t.known.Set(j, math.Inf(1))
}

// ahead takes the neurons ahead until a time or the first spike.
func (t *together) ahead(until float64) error {
	var lanes [width]int32
	for {
		n := 0
		for n < width && len(t.fresh) > 0 {
			last := len(t.fresh) - 1
			j := t.fresh[last]
			t.fresh = t.fresh[:last]
			t.neurons[j].fresh = false
			lanes[n] = j
			n++
		}
		for n < width && len(t.fresh) == 0 {
			j, at := t.known.First()
			if at >= until || t.neurons[j].tip.fires {
				break
			}
			t.known.Set(j, math.Inf(1))
			lanes[n] = int32(j)
			n++
		}
		if n == 0 {
			return nil
		}
		if err := t.expand(lanes[:n]); err != nil {
			return err
		}
	}
}

// expand adds a step to the ways ahead of neurons.
func (t *together) expand(neurons []int32) error {
	b, r := t.b, t.r
	bound := r.end
	if t.l.In.Row == nil && t.l.In.Delay == nil && t.head < len(r.input) { // the next input reaches all neurons
		bound = min(bound, r.input[t.head].Time)
	}
	var active [width]bool
	var limits lane
	for l, j := range neurons {
		x := &t.neurons[j]
		limits[l] = r.end
		if x.tip.time < bound {
			limits[l] = bound
		}
		if x.tip.held {
			limits[l] = min(limits[l], x.until)
		}
		active[l] = true
		largest := x.largest
		if t.l.Model.ratio != nil { // of the tip
			largest = append(b.sizes[:0], largest...)
			for _, n := range t.l.Model.ratio {
				largest[n] = t.l.Model.size(x.tip.x)
			}
		}
		b.load(l, x.tip.x, largest, x.tip.held, t.cons[t.one(int(j))], limits[l]-x.tip.time)
	}
	b.expand(active)
	for l := range neurons {
		if err := t.follow(&t.neurons[neurons[l]], l, limits[l]); err != nil {
			return err
		}
	}
	return nil
}

// follow adds the series in lane l, which goes to limit if it can, to the way ahead of x.
func (t *together) follow(x *runner, l int, limit float64) error {
	b := t.b
	h, tip := b.h[l], &x.tip
	if b.stuck(l, t.r.end) {
		return t.stuck(x.j, tip.time, tip.x, tip.held)
	}
	tip.fires = b.fires[l]
	x.ahead = append(x.ahead, entry{kind: step, held: tip.held, neuron: int32(x.j), time: tip.time, h: h, order: uint8(b.used[l])})
	x.starts = append(x.starts, tip.x...)
	for n := range tip.x {
		for k, c := range b.of(n)[:int(b.used[l])+1] {
			x.series[n*(b.order+1)+k] = c[l]
		}
	}
	if b.at(tip.x, l); !finite(tip.x) {
		return t.stuck(x.j, tip.time, x.starts[len(x.starts)-len(tip.x):], tip.held)
	}
	x.ahead[len(x.ahead)-1].scale = t.l.Model.scale(tip.x)
	if tip.time = min(tip.time+h, limit); !tip.fires && h >= b.until[l] {
		tip.time = limit
	}
	if tip.held && tip.time >= x.until {
		x.ahead = append(x.ahead, entry{kind: release, neuron: int32(x.j), time: tip.time, source: x.since})
		x.starts = append(x.starts, tip.x...)
		tip.held = false
		copy(t.s.x, x.x)
		copy(t.s.state(), tip.x)
		if t.s.above(false) {
			return x.overAfterHold(tip.time)
		}
	}
	t.known.Set(x.j, tip.time)
	return nil
}

// commit takes neuron j to a time that its way ahead reaches.
func (t *together) commit(j int, at float64) {
	x := &t.neurons[j]
	m := len(x.tip.x)
	for k := range x.ahead {
		e := &x.ahead[k]
		last := k+1 == len(x.ahead)
		start, stop, end := x.starts[k*m:(k+1)*m], x.tip.x, x.tip.time
		if !last {
			stop, end = x.starts[(k+1)*m:(k+2)*m], x.ahead[k+1].time
		}
		if end <= at {
			t.r.add(*e, start)
			copy(x.state(), stop)
			if e.kind == release {
				x.held = false
			} else {
				t.r.Steps++
			}
			continue
		}
		copy(x.state(), start)
		if e.h, e.scale = at-e.time, 0; e.h > 0 && e.kind == step {
			t.r.add(*e, start)
			t.r.Steps++
			t.cut(x, e, last || t.onlyRelease(x, k+1))
		}
		break
	}
	x.now = at
	t.grow(&x.path)
	t.renew(j)
}

// onlyRelease tells whether the way ahead from k on is the end of a hold alone.
func (*together) onlyRelease(x *runner, k int) bool {
	return k+1 == len(x.ahead) && x.ahead[k].kind == release
}

// cut sets the state of x to that after a part of step e, whose series is kept if it is the last.
func (t *together) cut(x *runner, e *entry, kept bool) {
	state, order := x.state(), int(e.order)
	if kept {
		for n := range state {
			c := x.series[n*(t.b.order+1):]
			state[n] = polynomial(c[:order+1], e.h)
		}
		return
	}
	b := t.b
	b.load(0, state, x.largest, e.held, t.cons[t.one(x.j)], 0)
	b.make(order)
	b.used[0], b.last, b.h[0] = float64(order), order, e.h
	b.follow()
	b.at(state, 0)
}

// fire lets all neurons spike that reach threshold now.
func (t *together) fire(now float64) error {
	first := len(t.r.found)
	for {
		j, at := t.known.First()
		if at != now || !t.neurons[j].tip.fires {
			break
		}
		t.commit(j, now)
		if err := t.spike(&t.neurons[j].path, crossed); err != nil {
			return err
		}
		t.renew(j)
	}
	return t.send(first, now)
}

// send lets the spikes found from first on go to their synapses.
func (t *together) send(first int, now float64) error {
	for k := first; k < len(t.r.found); k++ {
		if err := t.emit(arrivalRec, int32(k), now); err != nil {
			return err
		}
	}
	return nil
}

// emit lets a spike reach its synapses: at once, or from now on where there are delays.
func (t *together) emit(k kind, source int32, now float64) error {
	w, order, s := t.synapses(k, source)
	lo, hi := w.Fan(s.Neuron)
	if order != nil {
		return t.deliver(earliest.Arrival{Source: source, At: int32(lo), Kind: uint8(k)}, now)
	}
	for i := lo; i < hi; i++ {
		if err := t.reach(w.Target(s.Neuron, i), k, source, int32(i), now); err != nil {
			return err
		}
	}
	return nil
}

// synapses returns those of a spike, in which order they are reached, nil for all at once, and the
// spike.
func (t *together) synapses(k kind, source int32) (w *eventprop.Synapses, order []int32, s eventprop.Spike) {
	if k == arrivalRec {
		return t.l.Rec, t.recOrder, t.r.found[source]
	}
	return &t.l.In, t.inOrder, t.r.input[source]
}

// deliver serves the synapses of a spike under way whose time has come.
func (t *together) deliver(c earliest.Arrival, now float64) error {
	k := kind(c.Kind)
	w, order, s := t.synapses(k, c.Source)
	for _, hi := w.Fan(s.Neuron); int(c.At) < hi; c.At++ {
		i := order[c.At]
		if c.Time = s.Time + w.Delay[i]; c.Time > now {
			t.queue.Push(c)
			return nil
		}
		if err := t.reach(w.Target(s.Neuron, int(i)), k, c.Source, i, now); err != nil {
			return err
		}
	}
	return nil
}

// reach serves an arrival.
func (t *together) reach(j int, k kind, source, synapse int32, now float64) error {
	t.commit(j, now)
	first := len(t.r.found)
	spikes, err := t.arrive(&t.neurons[j].path, k, source, synapse)
	if err != nil {
		return err
	}
	t.renew(j)
	if spikes {
		return t.send(first, now)
	}
	return nil
}
