package eventprop

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/internal/lanes"
)

// sweep is the fast way through a feed-forward layer of neurons that are alike, with dense weights
// and no delays: the neurons do not see each other, so that one pass over the sorted input
// serves all of them, and the propagator between two inputs is common to them. A
// neuron takes part in a root search only where it crosses the threshold before the next input.
//
// Only the spikes are kept. Tape.unfold makes the touches of the general engine from
// them where a voltage of a neuron that spikes, an integral or a gradient of a time constant is asked for; readout has
// the maxima of the others.
type sweep struct {
	v, i         []float64 // states, V counted from VLeak
	nextV, nextI []float64
	mask         []uint64 // neurons that may have crossed the threshold
	intervals    []interval
	spikes       []sweptSpike

	order order
	back  sweptAdjoint
}

// interval is the time from one input to the next: no event reaches a neuron within it. Inputs at one
// instant end one interval together.
type interval struct {
	Factors                      // over it
	start, stop          float64 // s
	firstInput, endInput int32   // inputs at its end
	firstSpike, endSpike int32   // spikes within it
}

// sweptSpike is a spike with the decays from the beginning of its interval.
type sweptSpike struct {
	Spike
	passage
}

// end returns the end of the interval as a moment in it.
func (x *interval) end() passage { return passage{x.stop - x.start, x.Mem, x.Syn} }

// passage is a moment in an interval between inputs: its time, and the decays from the beginning of the interval.
type passage struct{ time, mem, syn float64 }

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

// kappaOf returns Kappa over h from the decays over h.
func (f *Flow) kappaOf(mem, syn, h float64) float64 {
	delta := f.beta - f.alpha
	d := float64(delta * h)
	if math.Abs(d) > 0.1 {
		return f.alpha * (mem - syn) / delta
	}
	// (1 - e^-d)/d = 1 - d/2! + d²/3! - ..., to 0.1^10/11! = 3e-18, even and odd terms apart
	d2 := float64(d * d)
	even := 1 + float64(d2*(1./6+float64(d2*(1./120+float64(d2*(1./5040+float64(d2*(1./362880))))))))
	odd := 1./2 + float64(d2*(1./24+float64(d2*(1./720+float64(d2*(1./40320+float64(d2*(1./3628800))))))))
	return float64(f.alpha*h) * mem * (even - float64(d*odd))
}

// between returns the propagator from a to b, b.time > a.time, in one interval.
func (f *Flow) between(a, b passage) Factors {
	h := b.time - a.time
	if a.time == 0 {
		return Factors{b.mem, b.syn, f.kappaOf(b.mem, b.syn, h)}
	}
	if !(a.syn > 1e-250) || !(a.mem > 1e-250) { // far into a long interval the ratios lose their digits
		return f.Factors(h)
	}
	mem, syn := b.mem/a.mem, b.syn/a.syn
	return Factors{mem, syn, f.kappaOf(mem, syn, h)}
}

// mayCross tells whether a neuron in state s, and in state after at the end of an interval, may cross the threshold
// on the way: it is over it at the end, or V has a maximum on the way and the current could lift it so far.
func (c *cell) mayCross(s, after State) bool {
	return after.V >= c.q || s.I > c.q && after.I < after.V
}

// crossingFrom returns the time to the crossing from s, with the decays up to it. At TauMem = 2 TauSyn
// it is the closed form of [TTFSDouble].
func (c *cell) crossingFrom(s State) (x passage, ok bool) {
	if c.tauMem == 2*c.tauSyn {
		a := s.V + s.I
		d := float64(a*a) - float64(4*s.I*c.q)
		switch margin := 1e-6 * float64(a*a); {
		case d < -margin:
			return passage{}, false
		case d > margin: // away from grazing, where the square root loses digits
			r := math.Sqrt(d)
			z := (s.I - s.V - r) / (a + r)
			if !(z > 0) || !(a > 0) {
				return passage{}, false
			}
			mem := 1 / (1 + z)
			return passage{c.tauMem * fmath.Log1p(z), mem, mem * mem}, true
		}
	}
	h, p, solved := c.next(s.V, s.I)
	return passage{h, p.Mem, p.Syn}, solved
}

// sweep is the forward pass.
func (t *Tape) sweep() error {
	w, p, n := &t.swept, t.plan, len(t.plan.cells)
	w.v, w.i = resize(w.v, n), resize(w.i, n)
	w.nextV, w.nextI, w.mask = resize(w.nextV, n), resize(w.nextI, n), resize(w.mask, lanes.Words(n))
	for j, s := range p.init {
		w.v[j], w.i[j] = s.V, s.I
	}
	w.intervals, w.spikes = w.intervals[:0], w.spikes[:0]
	for start, last := 0.0, false; !last; {
		x := interval{start: start, stop: t.end, firstInput: int32(t.head), firstSpike: int32(len(w.spikes))}
		last = t.head == len(t.input) || t.input[t.head].Time >= t.end
		if !last {
			for x.stop = t.input[t.head].Time; t.head < len(t.input) && t.input[t.head].Time == x.stop; {
				t.head++
			}
		}
		x.endInput = int32(t.head)
		x.Factors = p.cells[0].Factors(x.stop - x.start)
		if err := t.sweepInterval(&x); err != nil {
			return err
		}
		x.endSpike = int32(len(w.spikes))
		w.intervals = append(w.intervals, x)
		start = x.stop
	}
	for k := range w.spikes {
		t.Spikes = append(t.Spikes, w.spikes[k].Spike)
	}
	t.engine = sweeping
	t.Report.Arrivals = t.head * n
	t.summarize()
	for j := range n {
		if s := (State{w.v[j], w.i[j]}); !s.finite() {
			return t.overflow(j, s)
		}
	}
	return nil
}

// sweepInterval carries all neurons over an interval and the inputs at its end.
func (t *Tape) sweepInterval(x *interval) error {
	w, c, n := &t.swept, &t.plan.cells[0], len(t.plan.cells)
	lanes.Advance(w.mask, w.nextV, w.nextI, w.v, w.i, lanes.Factors[float64](x.Factors), c.q)
	for k, word := range w.mask {
		for ; word != 0; word &= word - 1 {
			j := k<<6 + bits.TrailingZeros64(word)
			after, err := t.sweepSpikes(j, x, State{w.v[j], w.i[j]}, State{w.nextV[j], w.nextI[j]})
			if err != nil {
				return err
			}
			w.nextV[j], w.nextI[j] = after.V, after.I
		}
	}
	w.v, w.i, w.nextV, w.nextI = w.nextV, w.nextI, w.v, w.i
	w.order.sort(w.spikes[x.firstSpike:])
	for k := x.firstInput; k < x.endInput; k++ {
		from := t.input[k].Neuron * n
		lanes.Add(w.i, t.plan.layer.In.Weight[from:from+n])
	}
	return nil
}

// summarize is finish for a fast engine, but for the look at the states.
func (t *Tape) summarize() {
	t.complete = true
	r := &t.Report
	r.Inputs, r.LateInputs, r.Spikes = t.head, len(t.input)-t.head, len(t.Spikes)
	t.fired = zeroed(t.fired, len(t.plan.cells))
	for _, s := range t.Spikes {
		t.fired[s.Neuron] = true
	}
	r.SilentNeurons = 0
	for _, fired := range t.fired {
		if !fired {
			r.SilentNeurons++
		}
	}
}

// sweepSpikes finds the spikes of neuron j in an interval, at the beginning of which it is in state s,
// and returns its state at the end, which is after where it does not spike.
func (t *Tape) sweepSpikes(j int, x *interval, s, after State) (State, error) {
	c, w := &t.plan.cells[0], &t.swept
	end := x.end()
	now := passage{0, 1, 1}
	before := -1.0
	for c.mayCross(s, after) {
		t.Report.RootSolves++
		to, ok := c.crossingFrom(s)
		to.time += now.time
		to.mem *= now.mem
		to.syn *= now.syn
		if !ok || to.time > end.time {
			if after.V < c.q {
				break
			}
			to = end // over threshold at the end by rounding
		}
		at := min(x.start+to.time, x.stop)
		if !(at < t.end) {
			break
		}
		if at == before {
			return after, fmt.Errorf("%w: neuron %d at %g s, current %g", ErrRunaway, j, at, s.I)
		}
		if len(w.spikes) >= t.plan.maxSpikes {
			return after, fmt.Errorf("%w: %d at %g s, the limit is %d", ErrLimit, len(w.spikes)+1, at, t.plan.maxSpikes)
		}
		before = at
		current := s.I * to.syn / now.syn
		if !(now.syn > 1e-250) {
			current = c.Apply(s, to.time-now.time).I
		}
		if current-c.q < 1e-3*c.q {
			t.Report.Grazing++
		}
		w.spikes = append(w.spikes, sweptSpike{Spike{at, j, current}, to})
		s = State{c.rho, current}
		now = to
		if now.time < end.time {
			after = c.between(now, end).Apply(s)
		} else {
			after = s
		}
	}
	return after, nil
}
