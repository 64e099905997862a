package eventprop

import (
	"fmt"
	"math"
	"sync"
)

// Layer is a population of N = In.Post neurons with input synapses and, optionally,
// recurrent ones. Its zero value has no neurons; the zero values of its settings are
// usable as they are.
type Layer struct {
	Params LIFParameters
	Neuron Neuron    // a model other than LIF; nil: LIF, of Params
	In     Synapses  // [inputs, N]
	Rec    *Synapses // [N, N]; nil for a feed-forward layer
	Settings
}

// Settings are the choices of a simulation.
type Settings struct {
	// MaxSpikes is the largest number of spikes of one pass; more are an error
	// (ErrLimit), never a truncation. 0 means 1<<20.
	MaxSpikes int
	// MinSlope bounds the slope that the adjoint of a spike divides by: with the
	// slope m = TauMem V' just before the spike,
	//
	//	m <- max(m, MinSlope |VTh - VLeak|)
	//
	// so that spikes which only just reach threshold do not give huge gradients.
	// It biases the gradient; the report counts how often. 0 means no bound;
	// 1e-3 is a good value for training.
	MinSlope float64
	// InputFirst lets an input that arrives without delay exactly at a spike come
	// before the spike, as jaxsnn does, instead of after it.
	InputFirst bool
}

// Neurons returns N.
func (l *Layer) Neurons() int {
	if l == nil {
		return 0
	}
	return l.In.Post
}

// Check returns an error that names what is wrong with the layer: ErrShape or
// ErrParameter. It costs a pass over all parameters.
func (l *Layer) Check() error {
	if err := l.checkSynapses(); err != nil || l.Neuron == nil {
		return err
	}
	_, err := l.Neuron.Prepare(l)
	return err
}

// checkSynapses is Check without the model of a Neuron.
func (l *Layer) checkSynapses() error {
	if l == nil {
		return fmt.Errorf("%w: no layer", ErrShape)
	}
	if err := l.In.check("In"); err != nil {
		return err
	}
	n := l.In.Post
	if l.Rec != nil {
		if err := l.Rec.check("Rec"); err != nil {
			return err
		}
		if l.Rec.Pre != n || l.Rec.Post != n {
			return fmt.Errorf("%w: Rec connects %d with %d neurons, want %d with %d", ErrShape, l.Rec.Pre, l.Rec.Post, n, n)
		}
	}
	if !(l.MinSlope >= 0) || math.IsInf(l.MinSlope, 1) {
		return fmt.Errorf("%w: MinSlope is %g, want a finite number >= 0", ErrParameter, l.MinSlope)
	}
	if l.MaxSpikes < 0 {
		return fmt.Errorf("%w: MaxSpikes is %d, want >= 0", ErrParameter, l.MaxSpikes)
	}
	if l.Neuron != nil {
		return l.checkNeuron()
	}
	if err := l.Params.check(n); err != nil {
		return err
	}
	if l.Params.uniform() {
		n = min(n, 1)
	}
	for j := range n {
		if _, _, err := l.Params.cell(j); err != nil {
			return err
		}
	}
	return nil
}

// plan is a layer made ready for passes: it holds what does not depend on the sample.
type plan struct {
	layer     *Layer
	cells     []cell
	init      []State                  // V counted from VLeak
	byDelay   func() (in, rec []int32) // synapses, for the engine of events; made once
	maxSpikes int
	oneCell   bool        // whether all cells are equal
	neuron    NeuronLayer // nil: LIF
	in, rec   int         // weights of the layer as it was prepared
}

// cell returns neuron j. Of neurons that are alike but for their start it is the first, which stays
// in the cache.
func (p *plan) cell(j int) *cell {
	if p.oneCell {
		return &p.cells[0]
	}
	return &p.cells[j]
}

// fits tells whether the layer still has the shape that it had.
func (p *plan) fits() bool {
	l := p.layer
	return l.In.Post == len(p.cells) && len(l.In.Weight) == p.in && l.weightsBetween() == p.rec
}

// weightsBetween returns the number of recurrent weights, or -1 for a feed-forward layer.
func (l *Layer) weightsBetween() int {
	if l.Rec == nil {
		return -1
	}
	return len(l.Rec.Weight)
}

// prepare checks the layer and sets the plan, reusing memory.
func (p *plan) prepare(l *Layer) error {
	if err := l.checkSynapses(); err != nil {
		return err
	}
	n := l.Neurons()
	if p.neuron = nil; l.Neuron != nil {
		var err error
		if p.neuron, err = l.Neuron.Prepare(l); err != nil {
			return err
		}
	}
	p.oneCell = l.Params.oneCell()
	p.layer, p.in, p.rec = l, len(l.In.Weight), l.weightsBetween()
	p.cells, p.init = resize(p.cells, n), resize(p.init, n)
	for j := range n {
		if l.Neuron != nil {
			p.cells[j], p.init[j] = cell{q: math.Inf(1)}, State{} // of no use
			continue
		}
		if j > 0 && l.Params.uniform() {
			p.cells[j], p.init[j] = p.cells[0], p.init[0]
			continue
		}
		p.cells[j], p.init[j], _ = l.Params.cell(j) // Check has seen it
	}
	p.byDelay = nil
	if l.In.Delay != nil || l.Rec != nil && l.Rec.Delay != nil {
		p.byDelay = sync.OnceValues(func() (in, rec []int32) {
			if l.Rec != nil {
				rec = l.Rec.byDelay()
			}
			return l.In.byDelay(), rec
		})
	}
	if p.maxSpikes = l.MaxSpikes; p.maxSpikes == 0 {
		p.maxSpikes = 1 << 20
	}
	return nil
}

// resize returns a slice of length n, of the memory of s if that is enough. Its
// elements are arbitrary.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// zeroed is resize with all elements zero.
func zeroed[T any](s []T, n int) []T {
	s = resize(s, n)
	clear(s)
	return s
}

// filled is resize with all elements x.
func filled[T any](s []T, n int, x T) []T {
	s = resize(s, n)
	for k := range s {
		s[k] = x
	}
	return s
}
