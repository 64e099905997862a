package eventprop

import (
	"math/bits"

	"github.com/surge-snn/surge/internal/lanes"
)

// apart is the neurons that differ and may cross the threshold in an interval, side by side, as
// [round] is those that are alike.
type apart struct {
	neuron     []int32
	v, i       []float64 // states after the latest spike of each, or at the beginning of the interval
	time, rest []float64 // s, up to there and from there to the end of the interval
	q          []float64
	rates      lanes.Rates
	h          []float64  // s, to the crossing
	p          lanes.Each // the propagators over h, and then over rest
	hits       []uint64
	again      bool // whether all of them have spiked in the interval already
}

// grow makes room for n neurons.
func (r *apart) grow(n int) {
	r.neuron, r.hits = resize(r.neuron, n), resize(r.hits, lanes.Words(n))
	for _, x := range []*[]float64{
		&r.v, &r.i, &r.time, &r.rest, &r.q, &r.h, &r.p.Mem, &r.p.Syn, &r.p.Kappa,
		&r.rates.TauMem, &r.rates.Alpha, &r.rates.Beta, &r.rates.PerGap,
	} {
		*x = resize(*x, n)
	}
}

// add makes neuron j of the flows element n.
func (r *apart) add(n, j int, f *flows) {
	r.neuron[n], r.q[n] = int32(j), f.q[j]
	r.rates.TauMem[n], r.rates.Alpha[n], r.rates.Beta[n], r.rates.PerGap[n] = f.TauMem[j], f.Alpha[j], f.Beta[j], f.PerGap[j]
}

// set sets the state of element n, a time after the beginning of the interval.
func (r *apart) set(n int, s State, time, rest float64) {
	r.v[n], r.i[n], r.time[n], r.rest[n] = s.V, s.I, time, rest
}

// first returns room for n propagators.
func (r *apart) first(n int) (lanes.Each, lanes.Rates) {
	return lanes.Each{Mem: r.p.Mem[:n], Syn: r.p.Syn[:n], Kappa: r.p.Kappa[:n]},
		lanes.Rates{TauMem: r.rates.TauMem[:n], Alpha: r.rates.Alpha[:n], Beta: r.rates.Beta[:n], PerGap: r.rates.PerGap[:n]}
}

// reaches tells whether a neuron that may cross can reach the threshold at all, see [cell.peak].
func (c *cell) reaches(s State) bool { return !(max(s.V, 0)+float64(s.I*c.kappaMax) < c.q*(1-1e-14)) }

// roundsApart takes the neurons that may have crossed the threshold through an interval in rounds:
// each finds the next crossing of all of them in two steps of Halley's iteration. Those for which
// that is not enough, or which may not cross, go on alone.
func (w *sweep) roundsApart(t *Tape, x *interval) error {
	r, length := &w.apart, x.stop-x.start
	n := 0
	for k, word := range w.mask {
		for ; word != 0; word &= word - 1 {
			j := k<<6 + bits.TrailingZeros64(word)
			c := &t.plan.cells[j]
			if s := (State{w.v[j], w.i[j]}); w.nextV[j] >= c.q || c.reaches(s) {
				r.add(n, j, &w.flows)
				r.set(n, s, 0, length)
				n++
			}
		}
	}
	for r.again = false; n > 0; r.again = true {
		t.Report.RootSolves += n
		p, rates := r.first(n)
		h, rest, v, i, q := r.h[:n], r.rest[:n], r.v[:n], r.i[:n], r.q[:n]
		lanes.Approach(h, rest, v, i, q, rates)
		lanes.Flow(p, rates, h)
		lanes.Halley(h, rest, v, i, q, p, rates)
		lanes.Flow(p, rates, h)
		lanes.Settle(r.hits, h, rest, v, i, q, p, rates)
		hits, err := w.fire(t, x, n)
		if err != nil {
			return err
		}
		p, rates = r.first(hits)
		lanes.Flow(p, rates, r.rest[:hits])
		n = w.part(t, x, hits)
	}
	return nil
}

// fire lets the neurons of the round that cross spike, and moves them together, in the state after
// it.
func (w *sweep) fire(t *Tape, x *interval, n int) (left int, err error) {
	r, length, before := &w.apart, x.stop-x.start, -1.0
	for e := range n {
		j := int(r.neuron[e])
		now := r.time[e] + r.h[e]
		at := x.start + now
		if r.again {
			before = x.start + r.time[e]
		}
		if r.hits[e>>6]>>(e&63)&1 == 0 || !(now < length && at < t.end) {
			t.Report.RootSolves--
			if err := w.aloneApart(t, x, e, before); err != nil {
				return 0, err
			}
			continue
		}
		leg := Factors{r.p.Mem[e], r.p.Syn[e], r.p.Kappa[e]}
		c, current := &t.plan.cells[j], r.i[e]*leg.Syn
		if err := w.spike(t, j, x, leg, current, before, at); err != nil {
			return 0, err
		}
		if left != e {
			r.add(left, j, &w.flows)
		}
		r.set(left, State{c.rho, current}, now, length-now)
		left++
	}
	return left, nil
}

// part takes those of n neurons that cannot spike again to the end of the interval, and returns how
// many others there are, which it moves together.
func (w *sweep) part(t *Tape, x *interval, n int) (left int) {
	r := &w.apart
	for e := range n {
		j := int(r.neuron[e])
		c, s := &t.plan.cells[j], State{r.v[e], r.i[e]}
		leg := Factors{r.p.Mem[e], r.p.Syn[e], r.p.Kappa[e]}
		after := leg.Apply(s)
		if c.mayCross(s, after) && (after.V >= c.q || c.reaches(s)) {
			if left != e {
				r.add(left, j, &w.flows)
				r.set(left, s, r.time[e], r.rest[e])
			}
			left++
			continue
		}
		w.nextV[j], w.nextI[j] = after.V, after.I
		w.end(leg, int32(j), x.index)
	}
	return left
}

// aloneApart takes neuron e of the round to the end of the interval on its own.
func (w *sweep) aloneApart(t *Tape, x *interval, e int, before float64) error {
	r, j := &w.apart, int(w.apart.neuron[e])
	now := opening
	if r.again {
		p := t.plan.cells[j].Factors(r.time[e])
		now = passage{r.time[e], p.Mem, p.Syn}
	}
	after, err := w.spikes(t, j, w.of(x, j), State{r.v[e], r.i[e]}, now, before)
	w.nextV[j], w.nextI[j] = after.V, after.I
	return err
}
