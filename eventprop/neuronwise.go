package eventprop

import (
	"math"
	"sort"

	"github.com/surge-snn/surge/internal/lanes"
)

// neuronwise is the fast way through any feed-forward layer, of neurons that differ and with
// delays: one neuron after the other goes from the start to the end, over arrivals that are sorted
// before. Only the spikes and the largest voltages are kept; [neuronwise.path] makes the way of a
// neuron again.
type neuronwise struct {
	found  []ownSpike // neuron by neuron
	bounds []int32    // those of neuron j are from bounds[j] to bounds[j+1]
	order  order      // of the spikes
	peaks  []Peak     // by neuron

	arrivals inbox
	pieces   []piece // of the path of one neuron
	probes   []probe // by neuron, the latest first
	valid    bool    // whether found is of the pass on the tape
}

// ownSpike is a spike as it was found.
type ownSpike struct {
	Factors         // from the event of the neuron before it
	time    float64 // s
	current float64
	leg     int32 // before arrival leg of the neuron, or before the end
	index   int32 // in Tape.Spikes
}

// separate tells whether the layer is of the kind that neuronwise is for.
func (p *plan) separate() bool {
	if p.layer.Rec != nil || p.layer.InputFirst || len(p.cells) == 0 {
		return false
	}
	for j := range p.cells {
		if !(p.cells[j].q > 0) || p.init[j].V >= p.cells[j].q {
			return false // tonic, or spikes at 0
		}
	}
	return true
}

func (w *neuronwise) forward(t *Tape) error {
	n := len(t.plan.cells)
	t.head = sort.Search(len(t.input), func(k int) bool { return t.input[k].Time >= t.end })
	w.found, w.bounds, w.peaks = w.found[:0], resize(w.bounds, n+1), resize(w.peaks, n)
	w.order.reset()
	w.arrivals.collect(t)
	for j := range n {
		w.bounds[j] = int32(len(w.found))
		w.arrivals.open(t, j)
		t.Report.Arrivals += len(w.arrivals.weight)
		if err := w.run(t, j); err != nil {
			return err
		}
	}
	w.bounds[n], w.valid = int32(len(w.found)), true
	for _, k := range w.order.sort() {
		s := &w.found[k.at]
		s.index = int32(len(t.Spikes))
		t.Spikes = append(t.Spikes, Spike{k.time, int(k.neuron), s.current})
	}
	t.complete = true
	r := &t.Report
	r.Inputs, r.LateInputs, r.Spikes = t.head, len(t.input)-t.head, len(t.Spikes)
	for j := range n {
		if !w.spiked(j) && !math.IsInf(t.plan.cells[j].q, 1) {
			r.SilentNeurons++
		}
	}
	return nil
}

func (w *neuronwise) spiked(j int) bool { return w.bounds[j] < w.bounds[j+1] }

// run takes neuron j to the end, and keeps its spikes and its peak. best is the largest u so far: a
// crossing is a voltage above it as any other, so that the search for peaks is the search for
// spikes.
func (w *neuronwise) run(t *Tape, j int) error {
	c, x := &t.plan.cells[j], &w.arrivals
	s, start := t.plan.init[j], 0.0
	best := s.V
	peak := Peak{neuron: int32(j), kind: still}
	spiked := false
	for k, mem := range x.mem {
		kappa, syn := x.kappa[k], x.syn[k]
		after := State{float64(mem*s.V) + float64(kappa*s.I), float64(syn * s.I)}
		stop := t.end
		if k < len(x.time) {
			stop = x.time[k]
		}
		// inside: it may have a maximum above best on the way, which is below the tangent, where it
		// is concave
		inside := s.I > best && after.I <= after.V && s.V+float64(float64(c.alpha*x.h[k])*(s.I-s.V)) > best
		if after.V >= best || inside {
			if c.mayCross(s, after) {
				leg := interval{Factors: Factors{mem, syn, kappa}, start: start, stop: stop, index: int32(k)}
				before := len(w.found)
				var err error
				if after, err = w.spikes(t, j, &leg, s, after); err != nil {
					return err
				}
				if len(w.found) > before {
					spiked, best = true, c.q
				}
			}
			if !spiked {
				if inside {
					if at, ok := c.extremum(s.V, s.I); ok && at < x.h[k] {
						if top := c.Apply(s, at).V; top > best {
							best, peak.Time, peak.kind = top, start+at, still
						}
					}
				}
				if after.V > best {
					best, peak.Time, peak.kind, peak.slope = after.V, stop, still, c.alpha*(after.I-after.V)
					if k < len(x.time) {
						peak.kind, peak.source, peak.synapse = arrivalIn, x.source[k], x.synapse[k]
					}
				}
			}
		}
		s, start = after, stop
		if k < len(x.weight) {
			s.I += x.weight[k]
		}
	}
	peak.Value = c.leak + best
	w.peaks[j] = peak
	if !s.finite() {
		return t.overflow(j, s)
	}
	return nil
}

// spikes finds the spikes of neuron j in a leg from state s to after, and returns the state at its
// end.
func (w *neuronwise) spikes(t *Tape, j int, x *interval, s, after State) (State, error) {
	c := &t.plan.cells[j]
	now, end, before := opening, x.end(), -1.0
	for {
		t.Report.RootSolves++
		leg, to, state, crosses := c.crossingWithin(s, now, end)
		at := x.following(min(x.start+to.time, x.stop), before)
		if !crosses || !(at < t.end) {
			if before < 0 {
				return after, nil
			}
			return c.over(now, end).Apply(s), nil
		}
		if err := t.allowed(j, len(w.found), state.I, before, at, x.stop); err != nil {
			return s, err
		}
		w.order.add(at, int32(j))
		w.found = append(w.found, ownSpike{Factors: leg, time: at, current: state.I, leg: x.index})
		before, now, s = at, to, State{c.rho, state.I}
	}
}

// max returns the largest voltage, which run has found.
func (w *neuronwise) max(t *Tape, j int) (Peak, bool) {
	if w.spiked(j) {
		return t.firing(j, w.found[w.bounds[j]].time), true
	}
	return w.peaks[j], true
}

// peak returns the largest voltage of neuron j, which does not spike, of a pass that another engine
// has made.
func (w *neuronwise) peak(t *Tape, j int) Peak {
	w.adopt(t)
	w.peaks = resize(w.peaks, len(t.plan.cells))
	w.arrivals.open(t, j)
	found := len(w.found)
	_ = w.run(t, j) // cannot fail: it has been passed
	w.found = w.found[:found]
	return w.peaks[j]
}

// inbox is the arrivals of one neuron after the other.
type inbox struct {
	inOrder
	flow Flow // that of the propagators: neurons of one flow share them where there are no delays

	begin []int32 // sparse synapses: those of neuron j are from begin[j] to begin[j+1] in
	of    []post
	order order

	keep   bool      // whether those of all neurons are kept for the backward pass,
	kept   []inOrder // here
	opened []bool    // once they are made
}

// inOrder is the arrivals of a neuron by time, and the propagators over the legs from one to the
// next, of which the last goes to the end.
type inOrder struct {
	time, weight    []float64
	source, synapse []int32
	h               []float64 // of the legs
	mem, syn, kappa []float64
}

// mostKept is the most arrivals of all neurons that are kept, in 7 MB.
const mostKept = 1 << 17

// post is an arrival: a spike of the input and a synapse.
type post struct{ source, synapse int32 }

// oneFlow tells whether all neurons have one.
func (p *plan) oneFlow() bool {
	for j := range p.cells {
		if p.cells[j].Flow != p.cells[0].Flow {
			return false
		}
	}
	return true
}

// collect takes the input of a pass.
func (x *inbox) collect(t *Tape) {
	in, m, n := &t.plan.layer.In, t.head, len(t.plan.cells)
	x.flow = Flow{}
	x.begin = x.begin[:0]
	x.keep, x.opened = (in.Delay != nil || !t.plan.oneFlow()) && m*n <= mostKept, zeroed(x.opened, n)
	if in.Row == nil { // all neurons have the same sources
		if x.keep {
			return // by delay each has an order of its own, by its flow propagators of its own
		}
		x.time, x.source = resize(x.time, m), resize(x.source, m)
		for k := range m {
			x.time[k], x.source[k] = t.input[k].Time, int32(k)
		}
		return
	}
	x.begin = zeroed(x.begin, n+1)
	for k := range m {
		lo, hi := in.fan(t.input[k].Neuron)
		for _, j := range in.Col[lo:hi] {
			x.begin[j+1]++
		}
	}
	for j := range n {
		x.begin[j+1] += x.begin[j]
	}
	x.of = resize(x.of, int(x.begin[n]))
	x.keep = len(x.of) <= mostKept
	for k := range m {
		lo, hi := in.fan(t.input[k].Neuron)
		for s := lo; s < hi; s++ {
			j := in.Col[s]
			x.of[x.begin[j]] = post{int32(k), int32(s)}
			x.begin[j]++
		}
	}
	copy(x.begin[1:], x.begin) // each was moved to its end
	x.begin[0] = 0
}

// open makes the arrivals and legs of neuron j.
func (x *inbox) open(t *Tape, j int) {
	if !x.keep {
		x.make(t, j)
		return
	}
	for len(x.kept) <= j {
		x.kept = append(x.kept, inOrder{})
	}
	x.inOrder = x.kept[j]
	if !x.opened[j] {
		x.make(t, j)
		x.kept[j], x.opened[j] = x.inOrder, true
	}
}

func (x *inbox) make(t *Tape, j int) {
	in := &t.plan.layer.In
	m := t.head
	var of []post
	if in.Row != nil {
		of = x.of[x.begin[j]:x.begin[j+1]]
		m = len(of)
	}
	x.weight, x.synapse = resize(x.weight, m), resize(x.synapse, m)
	switch {
	case in.Row == nil && in.Delay == nil:
		for k := range m {
			s := t.input[k].Neuron*in.Post + j
			x.synapse[k], x.weight[k] = int32(s), in.Weight[s]
		}
		if x.keep {
			x.time, x.source = resize(x.time, m), resize(x.source, m)
			for k := range m {
				x.time[k], x.source[k] = t.input[k].Time, int32(k)
			}
		} else if x.flow == t.plan.cells[j].Flow {
			return
		}
	case in.Delay == nil:
		x.time, x.source = resize(x.time, m), resize(x.source, m)
		for k, p := range of {
			x.time[k], x.source[k], x.synapse[k], x.weight[k] = t.input[p.source].Time, p.source, p.synapse, in.Weight[p.synapse]
		}
	default:
		x.delayed(t, j, of, m)
	}
	x.flow = t.plan.cells[j].Flow
	x.h = resize(x.h, len(x.time)+1)
	start := 0.0
	for k, at := range x.time {
		x.h[k] = at - start
		start = at
	}
	x.h[len(x.time)] = t.end - start
	x.propagators()
}

// delayed sorts the arrivals of neuron j by time: those of sparse synapses are of, those of dense
// ones are m.
func (x *inbox) delayed(t *Tape, j int, of []post, m int) {
	in := &t.plan.layer.In
	x.order.reset()
	for k := range m {
		p := post{int32(k), 0}
		if of != nil {
			p = of[k]
		} else {
			p.synapse = int32(t.input[k].Neuron*in.Post + j)
		}
		if at := t.input[p.source].Time + in.Delay[p.synapse]; at < t.end {
			x.order.add(at, int32(k))
		}
	}
	keys := x.order.sort()
	m = len(keys)
	x.time, x.source, x.synapse, x.weight = resize(x.time, m), resize(x.source, m), resize(x.synapse, m), resize(x.weight, m)
	for i, key := range keys {
		p := post{key.neuron, 0}
		if of != nil {
			p = of[key.neuron]
		} else {
			p.synapse = int32(t.input[key.neuron].Neuron*in.Post + j)
		}
		x.time[i], x.source[i], x.synapse[i], x.weight[i] = key.time, p.source, p.synapse, in.Weight[p.synapse]
	}
}

// propagators makes those of the legs, as [Flow.Factors] does, most of them side by side.
func (x *inbox) propagators() {
	f, m := x.flow, len(x.h)
	slow, fast := min(f.alpha, f.beta), max(f.alpha, f.beta)
	x.mem, x.syn, x.kappa = resize(x.mem, m), resize(x.syn, m), resize(x.kappa, m)
	for k, h := range x.h {
		x.mem[k], x.kappa[k] = -float64(slow*h), -float64((fast-slow)*h)
	}
	lanes.Expm1(x.mem, x.mem)
	if fast > slow {
		lanes.Expm1(x.kappa, x.kappa)
	}
	perRate := 0.0
	if fast > slow {
		perRate = -f.alpha / (fast - slow)
	}
	longest := 1 / 8.5 / max(slow, fast-slow) // Expm1 is for exponents above -1/8
	for k, h := range x.h {
		if !(h > 0 && h < longest) {
			p := f.Factors(h)
			x.mem[k], x.syn[k], x.kappa[k] = p.Mem, p.Syn, p.Kappa
			continue
		}
		e, rest := 1+x.mem[k], x.kappa[k]
		x.kappa[k] = float64(e*rest) * perRate
		if fast == slow {
			x.kappa[k] = float64(f.alpha*h) * e
			rest = 0
		}
		if other := e + float64(e*rest); f.alpha <= f.beta {
			x.mem[k], x.syn[k] = e, other
		} else {
			x.mem[k], x.syn[k] = other, e
		}
	}
}
