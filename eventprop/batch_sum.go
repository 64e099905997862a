package eventprop

import (
	"fmt"
	"sync/atomic"

	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/internal/lanes"
)

// The gradients of synapses are kept and summed source by source: a source that did not spike in
// any sample of a group has none in it, so that they are neither zeroed nor added. Of the pixels of
// images many are dark.

// spiked tells of each source of In and of Rec whether it has spiked in a group.
type spiked struct{ in, rec []bool }

// zero makes the gradients of a group zero.
func (g *group) zero(w *work) {
	if len(g.grads) != len(w.grads) {
		g.grads, g.spiked = make([]*Gradients, len(w.grads)), make([]spiked, len(w.grads))
	}
	for k, like := range w.grads {
		g.grads[k] = like.zeroCopy(g.grads[k])
		l, s := w.plans[k].layer, &g.spiked[k]
		s.in = zeroed(s.in, l.In.Pre)
		if l.Rec != nil {
			s.rec = zeroed(s.rec, l.Rec.Pre)
		}
	}
}

// touch makes the gradients of the sources of layer k that spike in the sample zero, if it is the
// first to have them.
func (g *group) touch(k int) {
	t, grad, s := &g.pass.Tapes[k], g.grads[k], &g.spiked[k]
	for _, e := range t.input[:t.head] {
		if !s.in[e.Neuron] {
			s.in[e.Neuron] = true
			t.plan.layer.In.clearSource(e.Neuron, grad.In, grad.InDelay)
		}
	}
	if rec := t.plan.layer.Rec; rec != nil {
		for _, e := range t.Spikes {
			if !s.rec[e.Neuron] {
				s.rec[e.Neuron] = true
				rec.clearSource(e.Neuron, grad.Rec, grad.RecDelay)
			}
		}
	}
}

// clearSource makes the gradients of the synapses of a source zero, unless they are nil.
func (s *Synapses) clearSource(source int, weight, delay []float64) {
	lo, hi := s.fan(source)
	if weight != nil {
		clear(weight[lo:hi])
	}
	if len(delay) > 0 {
		clear(delay[lo:hi])
	}
}

// sourceSum adds the gradients that the groups have for one kind of synapse gradient of a layer.
type sourceSum struct {
	layer, part int // see Gradients.slices
	synapses    *Synapses
	dst         []float64
	nonFinite   atomic.Bool // whether some sum is
}

// add does so for the sources lo to hi-1, for each in the order of the groups.
func (s *sourceSum) add(groups []group, lo, hi int) {
	for k := range groups {
		g := &groups[k]
		grad, seen := *g.grads[s.layer].slices()[s.part], g.spiked[s.layer].in
		if s.part >= recWeight {
			seen = g.spiked[s.layer].rec
		}
		for i := lo; i < hi; i++ {
			if seen[i] {
				from, to := s.synapses.fan(i)
				lanes.Add(s.dst[from:to], grad[from:to])
			}
		}
	}
	from, _ := s.synapses.fan(lo)
	_, to := s.synapses.fan(hi - 1)
	if !lanes.Finite(s.dst[from:to]) {
		s.nonFinite.Store(true)
	}
}

// reduce adds the gradients of the groups to those of the step.
func (w *work) reduce() error {
	s := &w.sum
	for k, g := range w.grads {
		l := w.plans[k].layer
		s.nonFinite.Store(false)
		slices := g.slices()
		for part, dst := range slices[:tauMem] {
			s.layer, s.part, s.synapses, s.dst = k, part, &l.In, *dst
			if part >= recWeight {
				s.synapses = l.Rec
			}
			if len(s.dst) > 0 {
				const block = 6000 // synapses, 48 kB: the sum stays in the cache, and is worth another goroutine
				kernel.Blocks(s.synapses.Pre, max(1, block*s.synapses.Pre/len(s.dst)), w.add)
			}
		}
		total := g.perNeuron()
		for i := range w.active {
			part := w.active[i].grads[k].perNeuron()
			if err := total.Add(&part); err != nil {
				return fmt.Errorf("layer %d: %w", k, err)
			}
		}
		err := total.finite(l)
		if s.nonFinite.Load() {
			err = g.finite(l)
		}
		if err != nil {
			return fmt.Errorf("layer %d: %w", k, err)
		}
	}
	return nil
}
