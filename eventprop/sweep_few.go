package eventprop

import (
	"github.com/surge-snn/surge/internal/lanes"
)

// few is the most neurons of which sweepFew is faster than sweepMany.
const few = 2 * lanes.Block

// sweepFew carries a block of neurons in registers over interval after interval, until some of them may cross the
// threshold, and then the next block. An interval ends at each input here.
func (t *Tape) sweepFew() error {
	w, c, n := &t.swept, &t.plan.cells[0], len(t.plan.cells)
	w.steps, w.blocks = w.steps[:0], w.blocks[:0]
	for start := 0.0; t.head < len(t.input) && t.input[t.head].Time < t.end; t.head++ {
		s := &t.input[t.head]
		w.steps = append(w.steps, lanes.Step{Factors: lanes.Factors[float64](c.Factors(s.Time - start)), Row: s.Neuron * n})
		start = s.Time
	}
	last := t.step(t.head)
	w.steps = append(w.steps, lanes.Step{Factors: lanes.Factors[float64](c.Factors(last.stop - last.start))})
	for lo := 0; lo < n; lo += lanes.Block {
		if err := t.sweepBlock(lo, min(lo+lanes.Block, n)); err != nil {
			return err
		}
		w.blocks = append(w.blocks, int32(len(w.found)))
	}
	return nil
}

// step returns interval k; its factors are there once they are known.
func (t *Tape) step(k int) (x interval) {
	x.stop = t.end
	if k > 0 {
		x.start = t.input[k-1].Time
	}
	if k < t.head {
		x.stop = t.input[k].Time
	}
	if k < len(t.swept.steps) {
		x.Factors = Factors(t.swept.steps[k].Factors)
	}
	return x
}

// sweepBlock carries the neurons lo to hi-1 to the end.
func (t *Tape) sweepBlock(lo, hi int) error {
	w, c, weights := &t.swept, &t.plan.cells[0], t.plan.layer.In.Weight
	v, i := w.v[lo:hi], w.i[lo:hi]
	for k := 0; k <= t.head; k++ {
		done, hits := lanes.Run(v, i, w.steps[k:t.head], weights[lo:], c.q)
		k += done
		x := t.step(k)
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
				if after, err = t.sweepSpikes(lo+j, k, &x, s); err != nil {
					return err
				}
			}
			v[j], i[j] = after.V, after.I
			if k < t.head {
				i[j] += weights[w.steps[k].Row+lo+j]
			}
		}
	}
	return nil
}

// sweepBackFew undoes sweepFew, with the derivatives time to the times of the spikes.
func (t *Tape) sweepBackFew(g *Gradients, time []float64) error {
	w, n := &t.swept, len(t.plan.cells)
	first := int32(0)
	for b, end := range w.blocks {
		lo := b * lanes.Block
		if err := t.sweepBackBlock(g, time, lo, min(lo+lanes.Block, n), first, end); err != nil {
			return err
		}
		first = end
	}
	return nil
}

// sweepBackBlock goes back with the neurons lo to hi-1, of which are the spikes from first to end-1 in found.
func (t *Tape) sweepBackBlock(g *Gradients, time []float64, lo, hi int, first, end int32) error {
	w, back, cell := &t.swept, &t.swept.back, &t.plan.cells[0]
	back.quiet = true
	upTo := t.head + 1 // intervals from here on are undone
	run := func(k int) {
		if back.quiet || k >= upTo {
			return
		}
		var row, moved []float64
		if g.In != nil {
			row = g.In[lo:]
		}
		if len(t.InputTime) > 0 {
			moved = t.InputTime[k:upTo]
		}
		lanes.RunBack(back.a[lo:hi], back.b[lo:hi], w.steps[k:upTo], t.plan.layer.In.Weight[lo:], row, moved, cell.alpha, cell.beta)
	}
	for end > first {
		k := w.found[end-1].interval
		run(int(k) + 1)
		x := t.step(int(k))
		x.firstSpike, x.endSpike = end-1, end
		for x.firstSpike > first && w.found[x.firstSpike-1].interval == k {
			x.firstSpike--
		}
		if !back.quiet && int(k) < t.head {
			t.sweepBackInput(g, k, lo, hi)
		}
		if err := t.sweepBackInterval(g, &x, time, lo, hi); err != nil {
			return err
		}
		end, upTo = x.firstSpike, int(k)
	}
	run(0)
	return nil
}
