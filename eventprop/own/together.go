package own

import (
	"math"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/internal/earliest"
)

// together is the way of a recurrent layer: events in the order of time. Neurons are taken ahead of
// the others until their next spike or a step beyond the next event; an arrival before it cuts the
// way ahead.
type together struct {
	*pass
	known earliest.Times    // up to which neurons are known
	queue earliest.Arrivals // over synapses with delays
	head  int               // next input
}

func (t *together) run() error {
	n := t.in.Post
	for len(t.neurons) < n {
		t.neurons = append(t.neurons, runner{})
	}
	t.known.Reset(n)
	for j := range n {
		t.open(&t.neurons[j], j)
		t.renewed(j)
	}
	for {
		next := t.end
		if t.head < len(t.input) {
			next = min(next, t.input[t.head].Time)
		}
		arrival := t.queue.First()
		next = min(next, arrival)
		if err := t.aheadOf(next); err != nil {
			return err
		}
		j, first := t.known.First()
		var err error
		switch {
		case first < t.end && first <= next && n > 0 && t.neurons[j].tip.fires:
			err = t.reached(first)
		case next >= t.end:
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

// renewed enters how far neuron j is known. Of those that are known up to one time, neurons that
// spike then come first.
func (t *together) renewed(j int) {
	x := &t.neurons[j]
	time := x.tip.time
	if !x.tip.fires {
		time = math.Nextafter(time, math.Inf(1))
	}
	t.known.Set(j, time)
}

// aheadOf takes the neurons ahead until a time or the first spike.
func (t *together) aheadOf(until float64) error {
	for t.in.Post > 0 {
		j, at := t.known.First()
		x := &t.neurons[j]
		if at > until || x.tip.fires {
			return nil
		}
		limit := t.end
		if t.in.Row == nil && t.in.Delay == nil && t.head < len(t.input) { // the next input reaches all neurons
			limit = min(limit, t.input[t.head].Time)
		}
		if err := t.extend(x, limit); err != nil {
			return err
		}
		t.renewed(j)
	}
	return nil
}

// reached lets all neurons spike that reach threshold now.
func (t *together) reached(now float64) error {
	first := len(t.found)
	for {
		j, at := t.known.First()
		x := &t.neurons[j]
		if at != now || !x.tip.fires {
			break
		}
		if err := t.reach(x); err != nil {
			return err
		}
		t.renewed(j)
	}
	return t.send(first, now)
}

// send lets the spikes found from first on go to their synapses.
func (t *together) send(first int, now float64) error {
	for k := first; k < len(t.found); k++ {
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
		if err := t.receive(w.Target(s.Neuron, i), k, source, int32(i), now); err != nil {
			return err
		}
	}
	return nil
}

// synapses returns those of a spike, in which order they are reached, nil for all at once, and the
// spike.
func (t *together) synapses(k kind, source int32) (w *eventprop.Synapses, order []int32, s eventprop.Spike) {
	if k == arrivalRec {
		return t.rec, t.recOrder, t.found[source]
	}
	return &t.in, t.inOrder, t.input[source]
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
		if err := t.receive(w.Target(s.Neuron, int(i)), k, c.Source, i, now); err != nil {
			return err
		}
	}
	return nil
}

// receive serves an arrival.
func (t *together) receive(j int, k kind, source, synapse int32, now float64) error {
	first := len(t.found)
	spikes, err := t.arrive(&t.neurons[j], now, k, source, synapse)
	if err != nil {
		return err
	}
	t.renewed(j)
	if spikes {
		return t.send(first, now)
	}
	return nil
}
