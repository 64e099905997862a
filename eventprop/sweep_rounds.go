package eventprop

import (
	"math/bits"

	"github.com/surge-snn/surge/internal/lanes"
)

// round is the neurons that may cross the threshold in an interval, side by side, at TauMem = 2
// TauSyn. Each round finds the next crossing of all of them; those that have one are in the next
// round.
type round struct {
	neuron       []int32
	v, i         []float64 // states after the latest spike of each, or at the beginning of the interval
	mem, time    []float64 // the decay of V up to there, and the time in s
	z, leg, log  []float64 // to the crossing, h later: e^(h/TauMem) - 1, e^(-h/TauMem), h/TauMem
	hits, unsure []uint64
	again        bool // whether all of them have spiked in the interval already
}

// shortest is the least decay over an interval that is swept in rounds: its square is far from an
// underflow.
const shortest = 1e-150

// grow makes room for n neurons.
func (r *round) grow(n int) {
	r.neuron = resize(r.neuron, n)
	r.v, r.i, r.mem, r.time = resize(r.v, n), resize(r.i, n), resize(r.mem, n), resize(r.time, n)
	r.z, r.leg, r.log = resize(r.z, n), resize(r.leg, n), resize(r.log, n)
	r.hits, r.unsure = resize(r.hits, lanes.Words(n)), resize(r.unsure, lanes.Words(n))
}

// rounds takes the neurons that may have crossed the threshold through an interval in rounds.
func (w *sweep) rounds(t *Tape, x *interval) error {
	r, c := &w.round, &t.plan.cells[0]
	n := 0
	for k, word := range w.mask {
		for ; word != 0; word &= word - 1 {
			j := k<<6 + bits.TrailingZeros64(word)
			r.neuron[n], r.v[n], r.i[n], r.mem[n], r.time[n] = int32(j), w.v[j], w.i[j], 1, 0
			n++
		}
	}
	for r.again = false; n > 0; r.again = true {
		t.Report.RootSolves += n
		lanes.Cross(r.hits[:lanes.Words(n)], r.unsure[:lanes.Words(n)], r.z[:n], r.leg[:n], r.v[:n], r.i[:n], r.mem[:n], c.q, x.Mem*almost)
		hits, err := w.leave(t, x, n)
		if err != nil {
			return err
		}
		if n, err = w.nextRound(t, x, hits); err != nil {
			return err
		}
	}
	return nil
}

// leave takes those of n neurons that do not cross to the end of the interval, and moves the others
// together.
func (w *sweep) leave(t *Tape, x *interval, n int) (hits int, err error) {
	r := &w.round
	for k := range lanes.Words(n) {
		present := ^uint64(0)
		if rest := n - k<<6; rest < 64 {
			present = 1<<rest - 1
		}
		for word := r.unsure[k]; word != 0; word &= word - 1 {
			t.Report.RootSolves--
			if err := w.alone(t, x, k<<6+bits.TrailingZeros64(word)); err != nil {
				return 0, err
			}
		}
		for word := present &^ (r.hits[k] | r.unsure[k]); word != 0; word &= word - 1 {
			e := k<<6 + bits.TrailingZeros64(word)
			if err := w.rest(t, x, e); err != nil {
				return 0, err
			}
		}
		for word := r.hits[k]; word != 0; word &= word - 1 {
			e := k<<6 + bits.TrailingZeros64(word)
			r.neuron[hits], r.i[hits], r.mem[hits], r.time[hits] = r.neuron[e], r.i[e], r.mem[e], r.time[e]
			r.v[hits], r.z[hits], r.leg[hits] = r.v[e], r.z[e], r.leg[e]
			hits++
		}
	}
	return hits, nil
}

// rest takes neuron e of the round, which does not cross, to the end of the interval.
func (w *sweep) rest(t *Tape, x *interval, e int) error {
	r, c := &w.round, &t.plan.cells[0]
	j := r.neuron[e]
	if r.again {
		mem := x.Mem / r.mem[e]
		leg := Factors{mem, mem * mem, mem * (1 - mem)}
		after := leg.Apply(State{r.v[e], r.i[e]})
		if !(after.V >= c.q) {
			w.nextV[j], w.nextI[j] = after.V, after.I
			w.end(leg, j, x.index)
			return nil
		}
	} else if !(w.nextV[j] >= c.q) {
		return nil
	}
	return w.alone(t, x, e)
}

// alone takes neuron e of the round to the end of the interval on its own.
func (w *sweep) alone(t *Tape, x *interval, e int) error {
	r := &w.round
	before := -1.0
	if r.again {
		before = x.start + r.time[e]
	}
	j, mem := int(r.neuron[e]), r.mem[e]
	after, err := w.spikes(t, j, x, State{r.v[e], r.i[e]}, passage{r.time[e], mem, mem * mem}, before)
	w.nextV[j], w.nextI[j] = after.V, after.I
	return err
}

// nextRound lets n neurons spike, and returns how many of them go on.
func (w *sweep) nextRound(t *Tape, x *interval, n int) (left int, err error) {
	r, c := &w.round, &t.plan.cells[0]
	neuron, v, i, mem, time := r.neuron[:n], r.v[:n], r.i[:n], r.mem[:n], r.time[:n]
	z, decay, log := r.z[:n], r.leg[:n], r.log[:n]
	lanes.Log1p(log, z)
	length, before := x.stop-x.start, -1.0
	for e, m := range decay {
		leg := Factors{m, m * m, z[e] * (m * m)}
		current := i[e] * leg.Syn
		now := time[e] + float64(c.tauMem*log[e])
		if now > length {
			now = length
		}
		at := x.start + now
		if at > x.stop {
			at = x.stop
		}
		if !(at < t.end) { // too late
			if err := w.alone(t, x, e); err != nil {
				return 0, err
			}
			continue
		}
		if r.again {
			before = x.start + time[e]
		}
		if err := w.spike(t, int(neuron[e]), x, leg, current, before, at); err != nil {
			return 0, err
		}
		neuron[left], v[left], i[left], mem[left], time[left] = neuron[e], c.rho, current, mem[e]*m, now
		left++
	}
	return left, nil
}
