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
	if p == nil || len(p.Runs) == 0 {
		return nil
	}
	return &p.Runs[len(p.Runs)-1]
}

// Loss is called for each sample after its forward pass, for different samples at once: it returns
// the loss and its derivatives to the times of the spikes of the last layer. The pass is used again
// for other samples.
type Loss func(sample int, p *Pass) (loss float64, time []float64, err error)

// Step simulates all samples until end, in parallel, and returns the sum of their losses and its
// gradients (without InputTime). The sums are the same bits for any number of processors. Errors
// name the sample.
func (n Serial) Step(inputs [][]eventprop.Spike, end float64, loss Loss) (float64, []*Gradients, error) {
	if loss == nil || len(n) == 0 {
		return 0, nil, fmt.Errorf("%w: no loss or no layers", eventprop.ErrParameter)
	}
	var layers []*prepared
	for k, l := range n {
		p, err := l.prepare()
		if err != nil {
			return 0, nil, fmt.Errorf("layer %d: %w", k, err)
		}
		layers = append(layers, p)
	}
	groups := make([]group, min(16, len(inputs)))
	free := make(chan *memory, len(groups)) // of groups that are done
	kernel.Blocks(len(groups), 1, func(lo, hi int) {
		for k := lo; k < hi; k++ {
			var m *memory
			select {
			case m = <-free:
			default:
				m = newMemory(layers)
			}
			groups[k].run(n, m, inputs, k*len(inputs)/len(groups), (k+1)*len(inputs)/len(groups), end, loss)
			free <- m
		}
	})
	sum, grads := 0.0, n.newGradients()
	for k := range groups {
		if err := groups[k].err; err != nil {
			return 0, nil, err
		}
		sum += groups[k].loss
		for i, g := range groups[k].grads {
			grads[i].add(g)
		}
	}
	return sum, grads, nil
}

func (n Serial) newGradients() (g []*Gradients) {
	for _, l := range n {
		g = append(g, l.NewGradients())
	}
	return g
}

// memory is what the passes of a group need.
type memory struct {
	works  []*work // of the layers
	passes []Pass  // of the samples
}

func newMemory(layers []*prepared) *memory {
	m := &memory{}
	for _, l := range layers {
		m.works = append(m.works, newWork(l))
	}
	return m
}

// group is some samples, which go through each layer together.
type group struct {
	loss  float64
	grads []*Gradients
	err   error
}

// run takes the samples lo to hi-1 forward and back.
func (g *group) run(n Serial, m *memory, inputs [][]eventprop.Spike, lo, hi int, end float64, loss Loss) {
	fail := func(layer, sample int, err error) {
		if layer >= 0 {
			err = fmt.Errorf("layer %d: %w", layer, err)
		}
		g.err = fmt.Errorf("sample %d: %w", lo+sample, err)
	}
	samples := hi - lo
	for len(m.passes) < samples {
		m.passes = append(m.passes, Pass{Runs: make([]Run, len(n))})
	}
	ends, spikes, runs := make([]float64, samples), make([][]eventprop.Spike, samples), make([][]*Run, len(n))
	for i := range samples {
		ends[i], spikes[i] = end, inputs[lo+i]
	}
	for k, w := range m.works {
		runs[k] = make([]*Run, samples)
		for i := range samples {
			runs[k][i] = &m.passes[i].Runs[k]
		}
		if i, err := w.forward(runs[k], spikes, ends); err != nil {
			fail(k, i, err)
			return
		}
		for i := range samples {
			spikes[i] = runs[k][i].Spikes
		}
	}
	times := make([][]float64, samples)
	for i := range samples {
		value, time, err := loss(lo+i, &m.passes[i])
		if err == nil && value-value != 0 {
			err = fmt.Errorf("%w: loss is %g", eventprop.ErrNonFinite, value)
		}
		if err != nil {
			fail(-1, i, err)
			return
		}
		g.loss += value
		times[i] = time
	}
	g.grads = n.newGradients()
	for k := len(n) - 1; k >= 0; k-- {
		inputTimes := make([][]float64, samples)
		for i, r := range runs[k] {
			if k > 0 {
				inputTimes[i] = make([]float64, len(r.input))
			}
		}
		b := newBackward(m.works[k], g.grads[k])
		if i, err := b.run(runs[k], times, inputTimes); err != nil {
			fail(k, i, err)
			return
		}
		b.finish()
		times = inputTimes
	}
}

// add adds the gradients b, but for those of input times, which are of a sample.
func (g *Gradients) add(b *Gradients) {
	for i, x := range [][]float64{b.In, b.InDelay, b.Rec, b.RecDelay} {
		addTo([][]float64{g.In, g.InDelay, g.Rec, g.RecDelay}[i], x)
	}
	for name, x := range b.Params {
		addTo(g.Params[name], x)
	}
}

func addTo(y, x []float64) {
	for i, v := range x {
		y[i] += v
	}
}
