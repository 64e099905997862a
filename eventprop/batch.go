package eventprop

import (
	"errors"
	"fmt"

	"github.com/surge-snn/surge/internal/kernel"
)

// Batch runs many samples through layers in a row, in parallel. The sums over the samples are
// the same bits for any number of processors: the samples are divided into at most 16 groups,
// whatever the machine, and the groups are added in order.
//
// A batch keeps its memory: after the first steps nothing is allocated.
type Batch struct {
	Net    Serial
	End    float64 // s, duration of the simulation
	Method Method

	plans  []plan
	groups []group
}

const mostGroups = 16

// group is the work of some samples after each other.
type group struct {
	pass   Pass
	grads  []*Gradients
	loss   float64
	report Report
	err    error
}

// Loss is called for each sample after its forward pass: it returns the loss, and adds its derivatives to
// p.Cotangents. It is called for different samples at once.
type Loss func(sample int, p *Pass) (float64, error)

// Step simulates all samples and returns the sum of their losses. Unless g is nil it adds the gradients of the sum to
// g, one for each layer. Errors name the sample; g is not to be used then.
func (b *Batch) Step(g []*Gradients, inputs [][]Spike, loss Loss) (sum float64, report Report, err error) {
	if b.plans, err = b.Net.prepare(b.plans); err != nil {
		return 0, report, err
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
	n := min(len(inputs), mostGroups)
	for len(b.groups) < n {
		b.groups = append(b.groups, group{})
	}
	groups := b.groups[:n]
	kernel.Blocks(n, 1, func(k, _ int) {
		lo, hi := k*len(inputs)/n, (k+1)*len(inputs)/n
		groups[k].run(b, g, inputs, lo, hi, loss)
	})
	errs := []error(nil)
	for k := range groups {
		if e := groups[k].err; e != nil {
			errs = append(errs, e)
		}
		sum += groups[k].loss
		report.Add(groups[k].report)
	}
	if errs != nil {
		return 0, report, errors.Join(errs...)
	}
	for k := range g {
		for i := range groups {
			g[k].Add(groups[i].grads[k])
		}
		if err := g[k].finite(b.Net[k]); err != nil {
			return 0, report, fmt.Errorf("layer %d: %w", k, err)
		}
	}
	return sum, report, nil
}

// run goes through the samples lo to hi-1.
func (w *group) run(b *Batch, like []*Gradients, inputs [][]Spike, lo, hi int, loss Loss) {
	w.loss, w.report, w.err = 0, Report{}, nil
	if like != nil {
		if len(w.grads) != len(like) {
			w.grads = make([]*Gradients, len(like))
		}
		for k := range like {
			w.grads[k] = like[k].zeroCopy(w.grads[k])
		}
	}
	for sample := lo; sample < hi; sample++ {
		if err := w.sample(b, like != nil, inputs[sample], sample, loss); err != nil {
			w.err = fmt.Errorf("sample %d: %w", sample, err)
			return
		}
		w.report.Add(w.pass.Report())
	}
}

func (w *group) sample(b *Batch, gradient bool, input []Spike, sample int, loss Loss) error {
	if err := w.pass.forward(b.plans, input, b.End); err != nil {
		return err
	}
	value, err := loss(sample, &w.pass)
	if err != nil || !gradient {
		w.loss += value
		return err
	}
	if value-value != 0 {
		return fmt.Errorf("%w: loss is %g", ErrNonFinite, value)
	}
	w.loss += value
	return w.pass.Backward(w.grads, b.Method)
}
