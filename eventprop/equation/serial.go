package equation

import (
	"fmt"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/internal/kernel"
)

// Serial is layers in a row, also of different models: the spikes of each are the input of the
// next.
type Serial []*Layer

// Pass is a pass of one sample through layers in a row.
type Pass struct{ Runs []Run }

// Last returns the run of the last layer, nil before the first pass.
func (p *Pass) Last() *Run {
	if len(p.Runs) == 0 {
		return nil
	}
	return &p.Runs[len(p.Runs)-1]
}

// Forward simulates all layers until end, in seconds. Errors name the layer.
func (n Serial) Forward(p *Pass, input []eventprop.Spike, end float64) error {
	if p == nil || len(n) == 0 {
		return fmt.Errorf("%w: no pass or no layers", eventprop.ErrShape)
	}
	if len(p.Runs) != len(n) {
		p.Runs = make([]Run, len(n))
	}
	for k, l := range n {
		if err := p.Runs[k].Forward(l, input, end); err != nil {
			return fmt.Errorf("layer %d: %w", k, err)
		}
		input = p.Runs[k].Spikes
	}
	return nil
}

// Backward returns the gradients of all layers, with the derivatives time to the spikes of the
// last.
func (p *Pass) Backward(time []float64) ([]*Gradients, error) {
	g := make([]*Gradients, len(p.Runs))
	for k := len(p.Runs) - 1; k >= 0; k-- {
		var err error
		if g[k], err = p.Runs[k].Backward(time); err != nil {
			return nil, fmt.Errorf("layer %d: %w", k, err)
		}
		time = g[k].InputTime
	}
	return g, nil
}

// Loss is called for each sample after its forward pass, for different samples at once: it returns
// the loss and its derivatives to the times of the spikes of the last layer.
type Loss func(sample int, p *Pass) (loss float64, time []float64, err error)

// Step simulates all samples until end, in parallel, and returns the sum of their losses and its
// gradients (without InputTime). The sums are the same bits for any number of processors. Errors
// name the sample.
func (n Serial) Step(inputs [][]eventprop.Spike, end float64, loss Loss) (float64, []*Gradients, error) {
	if loss == nil {
		return 0, nil, fmt.Errorf("%w: no loss", eventprop.ErrParameter)
	}
	type group struct {
		loss  float64
		grads []*Gradients
		err   error
	}
	groups := make([]group, min(16, len(inputs)))
	kernel.Blocks(len(groups), 1, func(lo, hi int) {
		for k := lo; k < hi; k++ {
			g, p := &groups[k], Pass{}
			for sample := k * len(inputs) / len(groups); sample < (k+1)*len(inputs)/len(groups) && g.err == nil; sample++ {
				if g.err = n.sample(&p, sample, inputs[sample], end, loss, &g.loss, &g.grads); g.err != nil {
					g.err = fmt.Errorf("sample %d: %w", sample, g.err)
				}
			}
		}
	})
	sum, grads := 0.0, []*Gradients(nil)
	for k := range groups {
		if err := groups[k].err; err != nil {
			return 0, nil, err
		}
		sum += groups[k].loss
		grads = merge(grads, groups[k].grads)
	}
	return sum, grads, nil
}

// sample adds the loss of a sample to sum, and its gradients to grads.
func (n Serial) sample(p *Pass, sample int, input []eventprop.Spike, end float64, loss Loss, sum *float64, grads *[]*Gradients) error {
	if err := n.Forward(p, input, end); err != nil {
		return err
	}
	value, time, err := loss(sample, p)
	if err != nil {
		return err
	}
	if value-value != 0 {
		return fmt.Errorf("%w: loss is %g", eventprop.ErrNonFinite, value)
	}
	g, err := p.Backward(time)
	if err != nil {
		return err
	}
	*sum += value
	*grads = merge(*grads, g)
	return nil
}

// merge adds the gradients b to a, which it returns; those of input times are of a sample, and left
// out.
func merge(a, b []*Gradients) []*Gradients {
	for _, g := range b {
		g.InputTime = nil
	}
	if a == nil {
		return b
	}
	for k, g := range b {
		into := [][]float64{a[k].In, a[k].InDelay, a[k].Rec, a[k].RecDelay}
		for i, part := range [][]float64{g.In, g.InDelay, g.Rec, g.RecDelay} {
			addTo(into[i], part)
		}
		for name, part := range g.Params {
			addTo(a[k].Params[name], part)
		}
	}
	return a
}

func addTo(y, x []float64) {
	for i, v := range x {
		y[i] += v
	}
}
