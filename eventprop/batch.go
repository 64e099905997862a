package eventprop

import (
	"fmt"
	"math"
	"sync/atomic"

	"github.com/surge-snn/surge/internal/kernel"
)

// Batch runs many samples through layers in a row, in parallel. The sums over the samples are the
// same bits for any number of processors: the samples are divided into groups, whose number depends
// on the number of samples and weights alone, and the groups are added in order.
//
// A batch keeps its memory: after the first steps nothing is allocated. A copy of a batch that has
// made a step shares its memory, so that the two are not for concurrent use.
type Batch struct {
	Net    Serial
	End    float64   // s, duration of the simulation
	Ends   []float64 // s, that of each sample; nil: all have End
	Method Method

	work *work
}

// Loss is called for each sample after its forward pass: it returns the loss, and adds its
// derivatives to p.Cotangents. It is called for different samples at once.
type Loss func(sample int, p *Pass) (float64, error)

// Step simulates all samples and returns the sum of their losses. Unless g is nil it adds the
// gradients of the sum to g, one for each layer. Errors name the sample; g is not to be used then.
func (b *Batch) Step(g []*Gradients, inputs [][]Spike, loss Loss) (sum float64, report Report, err error) {
	if b == nil {
		return 0, report, fmt.Errorf("%w: no batch", ErrShape)
	}
	if b.work == nil {
		b.work = newWork()
	}
	w := b.work
	if w.plans, err = b.Net.prepare(w.plans); err != nil {
		return 0, report, err
	}
	if b.Ends != nil && len(b.Ends) != len(inputs) {
		return 0, report, fmt.Errorf("%w: ends of %d samples for %d", ErrShape, len(b.Ends), len(inputs))
	}
	if loss == nil {
		return 0, report, fmt.Errorf("%w: no loss", ErrParameter)
	}
	if g != nil {
		if len(g) != len(b.Net) {
			return 0, report, fmt.Errorf("%w: %d gradients for %d layers", ErrShape, len(g), len(b.Net))
		}
		for k, l := range b.Net {
			if err := g[k].check(l); err != nil {
				return 0, report, fmt.Errorf("layer %d: %w", k, err)
			}
		}
	}
	w.end, w.ends, w.method, w.grads, w.inputs, w.loss = b.End, b.Ends, b.Method, g, inputs, loss
	defer func() { w.ends, w.grads, w.inputs, w.loss = nil, nil, nil, nil }()
	n := b.groups(len(inputs))
	for len(w.groups) < n {
		w.groups = append(w.groups, group{})
	}
	w.active = w.groups[:n]
	w.failed.Store(math.MaxInt64)
	kernel.Blocks(n, 1, w.run)
	for k := range w.active {
		if err := w.active[k].err; err != nil {
			return 0, report, err // of the first sample that has one
		}
		sum += w.active[k].loss
		report.Add(w.active[k].report)
	}
	if g != nil {
		err = w.reduce()
	}
	if err != nil {
		return 0, report, err
	}
	return sum, report, nil
}

// groups returns the number of groups for so many samples: 16, or fewer where zeroing and adding
// the gradients of the groups would take long beside the samples.
func (b *Batch) groups(samples int) int {
	weights := 0
	for _, l := range b.Net {
		weights += len(l.In.Weight)
		if l.Rec != nil {
			weights += len(l.Rec.Weight)
		}
	}
	n := min(samples, 16)
	for n > 2 && n*weights > samples<<16 {
		n = (n + 1) / 2
	}
	return n
}

// work is the state of a batch, and what a step gives to its parallel parts.
type work struct {
	plans  []plan
	groups []group

	end    float64
	ends   []float64 // of each sample; nil: all have end
	method Method
	grads  []*Gradients // to add to, or nil
	inputs [][]Spike
	loss   Loss
	active []group
	failed atomic.Int64 // first group with an error so far: those after it need not run
	sum    sourceSum

	run, add func(lo, hi int) // made once: a new function would be allocated in each step
}

func newWork() *work {
	w := &work{}
	w.run = func(lo, hi int) {
		for k := lo; k < hi; k++ {
			n := len(w.active)
			g := &w.active[k]
			if g.err = nil; int64(k) > w.failed.Load() {
				continue
			}
			if g.run(w, k*len(w.inputs)/n, (k+1)*len(w.inputs)/n); g.err != nil {
				w.fail(int64(k))
			}
		}
	}
	w.add = func(lo, hi int) { w.sum.add(w.active, lo, hi) }
	return w
}

// fail says that group k has an error.
func (w *work) fail(k int64) {
	for {
		first := w.failed.Load()
		if first <= k || w.failed.CompareAndSwap(first, k) {
			return
		}
	}
}

// group is the work of some samples after each other.
type group struct {
	pass   Pass
	grads  []*Gradients
	spiked []spiked // of each layer
	loss   float64
	report Report
	err    error
}

// run goes through the samples lo to hi-1.
func (g *group) run(w *work, lo, hi int) {
	g.loss, g.report, g.err = 0, Report{}, nil
	if w.grads != nil {
		g.zero(w)
	}
	for sample := lo; sample < hi; sample++ {
		if err := g.sample(w, sample); err != nil {
			g.err = fmt.Errorf("sample %d: %w", sample, err)
			return
		}
		g.report.Add(g.pass.Report())
	}
}

func (g *group) sample(w *work, sample int) error {
	end := w.end
	if w.ends != nil {
		end = w.ends[sample]
	}
	if err := g.pass.forward(w.plans, w.inputs[sample], end); err != nil {
		return err
	}
	value, err := w.loss(sample, &g.pass)
	if err != nil || w.grads == nil {
		g.loss += value
		return err
	}
	if value-value != 0 {
		return fmt.Errorf("%w: loss is %g", ErrNonFinite, value)
	}
	g.loss += value
	for k := range g.pass.Tapes {
		g.touch(k)
	}
	return g.pass.backward(g.grads, w.method, false)
}
