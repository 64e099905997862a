package train

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/train/data"
)

// Model adds a network to a graph. x is the input [T, B, N]. Like every model function of
// package graph it is called more than once and must not have side effects; it may add
// parameters and constants, not inputs.
type Model func(b *graph.Builder, x *G.Node) Outputs

// Outputs are the nodes of a network that training needs.
type Outputs struct {
	// Logits are the scores of the C classes, [B, C].
	Logits *G.Node
	// Loss, where it is not nil, is a scalar that is added to the cross-entropy, a
	// regulariser for example. It sees padding rows as samples without input.
	Loss *G.Node
	// Layers are the spiking layers, in the order of the network.
	Layers []Layer
}

// Layer is a layer of spiking neurons.
type Layer struct {
	Name   string
	Spikes *G.Node // [T, B, N]
}

// Shape is the shape of the input of a network, [T, B, N].
type Shape struct {
	Steps    int // T
	Batch    int // B
	Channels int // N
}

// BPTT is backpropagation through time, with surrogate gradients where the model
// spikes (Neftci, Mostafa & Zenke 2019, doi:10.1109/MSP.2019.2931595): it makes a
// [Learner] of a model. The loss of a batch is
//
//	L = mean over the samples of the cross-entropy of softmax(Logits) + Outputs.Loss
type BPTT struct {
	Model Model
	// Graph holds engine, element type and time step. Its zero value is float32 with fused
	// kernels at 1 ms. NoGrad must be false. Twin trains the smoothed twin, for checks.
	Graph graph.Settings
}

// Network is a Learner that goes through time steps: one program for training, one for
// evaluation, and the parameters that they share. It is not safe for concurrent use.
type Network struct {
	params      *graph.Params
	train, eval *pass
	grads       optim.Tree
}

// Build makes the programs of the model for inputs of a shape. Parameters that params does not
// have are created in it. Close releases the programs.
//
// Errors: those of [graph.Build], for example of a model that gives no logits [B, C].
func (m BPTT) Build(params *graph.Params, shape Shape) (*Network, error) {
	if m.Graph.NoGrad {
		return nil, fmt.Errorf("%w: BPTT with NoGrad has no gradient", ErrSettings)
	}
	n := &Network{params: params}
	var err error
	if n.train, err = m.pass(params, shape, m.Graph); err != nil {
		return nil, err
	}
	s := m.Graph
	s.NoGrad = true
	if n.eval, err = m.pass(params, shape, s); err != nil {
		n.train.prog.Close()
		return nil, err
	}
	for _, name := range n.train.prog.Report().Trained {
		n.grads = append(n.grads, leaf(name, n.train.prog.Grad(name)))
	}
	return n, nil
}

// Params returns all parameters.
func (n *Network) Params() *graph.Params { return n.params }

// Grads returns the gradients of the trained parameters, as [Learner] says.
func (n *Network) Grads() optim.Tree { return n.grads }

// Report says how the program for training was built.
func (n *Network) Report() graph.Report { return n.train.prog.Report() }

// Program returns the program for training, which belongs to the network.
func (n *Network) Program() *graph.Program { return n.train.prog }

// Gradient computes the gradient of a batch. Sums.Spikes is 0.
func (n *Network) Gradient(set data.Batches, epoch uint64, k int) (Sums, error) {
	return n.train.run(set, epoch, k)
}

// Evaluate computes the loss of a batch and counts the spikes of all layers.
func (n *Network) Evaluate(set data.Batches, epoch uint64, k int) (Sums, error) {
	return n.eval.run(set, epoch, k)
}

// Close releases the programs.
func (n *Network) Close() error {
	err := n.train.prog.Close()
	if e := n.eval.prog.Close(); err == nil {
		err = e
	}
	return err
}

// pass is a program with the batch that it works on.
type pass struct {
	prog   *graph.Program
	shape  Shape
	dt     float64 // s
	batch  data.Batch
	class  []float32 // [B]
	layers []string  // whose spikes are counted
}

// Names of the inputs and outputs of the programs.
const (
	inputName  = "x"
	className  = "class"
	logitsName = "logits"
)

func (m BPTT) pass(params *graph.Params, shape Shape, s graph.Settings) (*pass, error) {
	p := &pass{shape: shape, class: make([]float32, max(shape.Batch, 0))}
	var err error
	p.prog, err = graph.Build(params, s, func(b *graph.Builder) {
		x := b.Input(inputName, shape.Steps, shape.Batch, shape.Channels)
		p.dt = b.Dt()
		o := m.apply(b, x)
		loss := b.Check(ops.SoftmaxCrossEntropy(o.Logits, b.Input(className, shape.Batch)))
		if o.Loss != nil {
			loss = b.Check(G.Add(loss, o.Loss))
		}
		b.Loss(loss)
		p.layers = nil
		if s.NoGrad {
			for _, l := range o.Layers {
				p.layers = append(p.layers, l.Name)
				b.Output(l.Name, b.Check(ops.SumOverTime(l.Spikes)))
			}
		}
	})
	if err != nil {
		return nil, err
	}
	if x := p.prog.Input(inputName); x.Dtype() == tensor.Float32 {
		p.batch.Input = x.Float32s() // batches are encoded in place
	}
	return p, nil
}

// apply calls the model and checks and records its logits.
func (m BPTT) apply(b *graph.Builder, x *G.Node) Outputs {
	if m.Model == nil {
		b.Failf("BPTT without a model")
	}
	o := m.Model(b, x)
	if o.Logits == nil || o.Logits.Dims() != 2 || o.Logits.Shape()[0] != x.Shape()[1] {
		found := "none"
		if o.Logits != nil {
			found = fmt.Sprint(o.Logits.Shape())
		}
		b.Failf("logits: found %s, want shape [%d, C]", found, x.Shape()[1])
	}
	b.Output(logitsName, o.Logits)
	return o
}

// run computes batch k of an epoch.
func (p *pass) run(set data.Batches, epoch uint64, k int) (Sums, error) {
	if set.Size != p.shape.Batch || set.Steps != p.shape.Steps {
		return Sums{}, fmt.Errorf("%w: batches of %d rows and %d steps for a network of %d and %d",
			ErrSettings, set.Size, set.Steps, p.shape.Batch, p.shape.Steps)
	}
	// There is one time step, that of the network.
	if dt := p.dt; set.Dt == 0 {
		set.Dt = dt
	} else if set.Dt != dt {
		return Sums{}, fmt.Errorf("%w: batches with steps of %g s for a network with steps of %g s", ErrSettings, set.Dt, dt)
	}
	if set.Data != nil && set.Encoder != nil {
		if n := set.Channels(); n != p.shape.Channels {
			return Sums{}, fmt.Errorf("%w: %d input channels for a network of %d", ErrSettings, n, p.shape.Channels)
		}
	}
	if err := set.Fill(&p.batch, epoch, k); err != nil {
		return Sums{}, err
	}
	if p.prog.Input(inputName).Dtype() == tensor.Float64 {
		if err := p.prog.Set(inputName, p.batch.Input); err != nil {
			return Sums{}, err
		}
	}
	for i, l := range p.batch.Labels {
		p.class[i] = float32(l)
	}
	if err := p.prog.Set(className, p.class); err != nil {
		return Sums{}, err
	}
	if err := p.prog.Run(); err != nil {
		return Sums{}, err
	}
	rows := p.batch.Valid
	s := Sums{Rows: rows, Loss: p.prog.Loss() * float64(rows)}
	logits := leaf(logitsName, p.prog.Output(logitsName))
	for i, l := range p.batch.Labels[:rows] {
		if argmax(logits, i, p.shape.Batch) == l {
			s.Correct++
		}
	}
	s.Spikes = p.spikes(rows)
	return s, nil
}

// spikes returns the sum over the first rows of the spikes per neuron.
func (p *pass) spikes(rows int) float64 {
	sum, neurons := 0.0, 0
	for _, name := range p.layers {
		count := p.prog.Output(name)
		width := count.Shape()[1]
		neurons += width
		c := leaf(name, count)
		for i := range rows * width {
			sum += at(c, i)
		}
	}
	if neurons == 0 {
		return 0
	}
	return sum / float64(neurons)
}

// argmax returns the column of the largest element of a row of an array of so many rows; the
// first one of several.
func argmax(l optim.Leaf, row, rows int) int {
	n := l.Len() / rows
	best := 0
	for j := 1; j < n; j++ {
		if at(l, row*n+j) > at(l, row*n+best) {
			best = j
		}
	}
	return best
}

func at(l optim.Leaf, i int) float64 {
	if l.F32 != nil {
		return float64(l.F32[i])
	}
	return l.F64[i]
}
