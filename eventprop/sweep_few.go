package eventprop

import (
	"sort"

	"github.com/surge-snn/surge/internal/lanes"
)

// few is the most neurons of which sweep.few is faster than sweep.many.
const few = 2 * lanes.Block

// blockEnd is where the spikes and the trains of a block of neurons end.
type blockEnd struct{ spike, train int32 }

// few carries a block of neurons in registers over interval after interval, until some of them may
// cross the threshold, and then the next block. An interval ends at each input here.
func (w *sweep) few(t *Tape) error {
	n := len(t.plan.cells)
	t.head = sort.Search(len(t.input), func(k int) bool { return t.input[k].Time >= t.end })
	w.silent.makeSteps(t)
	w.latest = resize(w.latest, n)
	w.blocks = w.blocks[:0]
	for lo := 0; lo < n; lo += lanes.Block {
		if err := w.block(t, lo, min(lo+lanes.Block, n)); err != nil {
			return err
		}
		w.blocks = append(w.blocks, blockEnd{int32(len(w.found)), int32(len(w.trains))})
	}
	return nil
}

// step returns the interval before input k.
func (w *sweep) step(t *Tape, k int) interval {
	return interval{Factors: Factors(w.silent.steps[k].Factors), start: t.opening(k), stop: t.closing(k), index: int32(k)}
}

// block carries the neurons lo to hi-1 to the end.
func (w *sweep) block(t *Tape, lo, hi int) error {
	c, weights := &t.plan.cells[0], t.plan.layer.In.from(lo)
	v, i := w.v[lo:hi], w.i[lo:hi]
	for k := 0; k <= t.head; k++ {
		done, hits := lanes.Run(v, i, w.silent.steps[k:t.head], weights, c.q)
		k += done
		x := w.step(t, k)
		if k == t.head { // the last interval has no input at its end
			for j := range v {
				if s := (State{v[j], i[j]}); c.mayCross(s, x.Apply(s)) {
					hits |= 1 << j
				}
			}
		}
		for j := range v {
			s := State{v[j], i[j]}
			after := x.Apply(s)
			if hits>>j&1 != 0 {
				var err error
				if after, err = w.spikes(t, lo+j, &x, s, opening, -1); err != nil {
					return err
				}
			}
			v[j], i[j] = after.V, after.I
			if k < t.head {
				i[j] += weights[w.silent.steps[k].Row+j]
			}
		}
	}
	return nil
}

// backFew undoes few, with the derivatives time to the times of the spikes.
func (w *sweep) backFew(t *Tape, g *Gradients, time []float64) error {
	n := len(t.plan.cells)
	var first blockEnd
	for b, end := range w.blocks {
		lo := b * lanes.Block
		if err := w.backBlock(t, g, time, lo, min(lo+lanes.Block, n), first, end); err != nil {
			return err
		}
		first = end
	}
	return nil
}

// backBlock goes back with the neurons lo to hi-1, of which are the spikes and trains from first to
// before end.
func (w *sweep) backBlock(t *Tape, g *Gradients, time []float64, lo, hi int, first, end blockEnd) error {
	back := &w.back
	back.quiet = true
	upTo := t.head + 1 // intervals from here on are undone
	for end.spike > first.spike {
		k := w.found[end.spike-1].interval
		if !back.quiet {
			w.silent.undoSteps(t, g, back.a[lo:hi], back.b[lo:hi], lo, int(k)+1, upTo)
		}
		x := w.step(t, int(k))
		x.firstSpike, x.endSpike, x.firstTrain, x.endTrain = end.spike-1, end.spike, end.train-1, end.train
		for x.firstSpike > first.spike && w.found[x.firstSpike-1].interval == k {
			x.firstSpike--
		}
		for x.firstTrain > first.train && w.trains[x.firstTrain-1].interval == k {
			x.firstTrain--
		}
		if !back.quiet && int(k) < t.head {
			w.backInput(t, g, k, lo, hi)
		}
		if err := w.backInterval(t, g, &x, time, lo, hi); err != nil {
			return err
		}
		end, upTo = blockEnd{x.firstSpike, x.firstTrain}, int(k)
	}
	if !back.quiet {
		w.silent.undoSteps(t, g, back.a[lo:hi], back.b[lo:hi], lo, 0, upTo)
	}
	return nil
}
