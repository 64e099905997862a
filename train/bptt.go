package train

import (
	"errors"
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/memory"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/train/data"
)

// Model adds a network to a graph. x is the input [T, B, N]. Like every model function of
// package graph it is called more than once and must not have side effects; it may add
// parameters and constants, not inputs.
type Model func(b *graph.Builder, x *G.Node) Outputs

// Outputs are the nodes of a network that training needs.
type Outputs struct {
	// Logits are the scores of the C classes, [B, C], where the targets are classes.
	Logits *G.Node
	// Trace and Readout stand in place of Logits, and of Y for a vector, where samples may differ
	// in length: the readout of what the output neurons do, [T, B, C], until the end of each
	// sample. Logits that a model makes itself see the steps behind it, too. For sequences and
	// spikes Y is Trace itself, without a Readout.
	Trace   *G.Node
	Readout Readout
	// Y is what the network gives for other targets: [B, Size] for a vector, [T, B, Size] for a
	// sequence, spikes [T, B, Size] for spikes.
	Y *G.Node
	// Loss, where it is not nil, is a scalar that is added to the loss while training, a
	// regulariser for example. An evaluation leaves it out: what a set is worth must not depend on
	// how it is cut into batches.
	Loss *G.Node
	// Layers are the spiking layers, in the order of the network.
	Layers []Layer

	length *G.Node // [B]; nil: none is needed yet
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
//	L = Loss(outputs, targets) + Outputs.Loss
//
// without any padding: a last batch that is short has programs of its own.
type BPTT struct {
	Model Model
	// Target is that of the data set, data.Form's; the zero value stands for classes, as many as
	// the model has logits.
	Target data.Target
	// Loss compares the outputs of the model with the targets; nil means [CrossEntropy] for
	// classes, [MeanSquares] for vectors and sequences, [VanRossum] with 10 ms for spikes.
	Loss Loss
	// Metrics are reported beside the loss.
	Metrics []Metric
	// Graph holds engine, element type and time step. Its zero value is float32 with fused
	// kernels at 1 ms. NoGrad must be false. Twin trains the smoothed twin, for checks.
	Graph graph.Settings
}

// Network is a Learner that goes through time steps: programs for training and for evaluation,
// and the parameters that they share. It is not safe for concurrent use.
type Network struct {
	method      BPTT
	shape       Shape
	params      *graph.Params
	train, eval *pass
	short       map[int][2]*pass // by their number of rows, as they are needed
	grads       optim.Tree
	moved       optim.Tree // new values of buffers
	held        bool       // buffers are left to the caller

	ahead *ahead      // of inputs as lists
	rows  *data.Lists // of a batch that is not full

	class []float32 // [B]
	y     []float32 // [B, Size] or [T, B, Size]
	w     []float32 // as y
	row   []float64 // of y
	out   []data.Spike
}

// Build makes the programs of the model for inputs of a shape. Parameters that params does not
// have are created in it. Close releases the programs.
//
// Errors: those of [graph.Build], for example of a model that gives no logits [B, C].
func (m BPTT) Build(params *graph.Params, shape Shape) (*Network, error) {
	if params == nil {
		return nil, fmt.Errorf("%w: BPTT.Build without parameters", ErrSettings)
	}
	if m.Graph.NoGrad {
		return nil, fmt.Errorf("%w: BPTT with NoGrad has no gradient", ErrSettings)
	}
	m = m.withDefaults()
	n := &Network{method: m, shape: shape, params: params, short: map[int][2]*pass{}, ahead: newAhead(), rows: new(data.Lists)}
	var err error
	if n.train, n.eval, err = m.passes(params, shape); err != nil {
		return nil, err
	}
	n.train.batch, n.eval.batch = new(data.Batch), new(data.Batch)
	for _, name := range n.train.prog.Report().Trained {
		n.grads = append(n.grads, leaf(name, n.train.prog.Grad(name)))
	}
	n.moved = movedBy(n.train.prog)
	return n, nil
}

func (m BPTT) withDefaults() BPTT {
	if m.Target.Kind == data.NoTarget {
		m.Target.Kind = data.ClassTarget
	}
	if m.Loss == nil {
		m.Loss = defaultLoss(m.Target.Kind)
	}
	return m
}

// passes builds the programs for training and for evaluation.
func (m BPTT) passes(params *graph.Params, shape Shape) (train, eval *pass, err error) {
	if train, err = m.pass(params, shape, m.Graph); err != nil {
		return nil, nil, err
	}
	s := m.Graph
	s.NoGrad = true
	if eval, err = m.pass(params, shape, s); err != nil {
		return nil, nil, errors.Join(err, train.prog.Close())
	}
	return train, eval, nil
}

// Params returns all parameters.
func (n *Network) Params() *graph.Params {
	if !n.built() {
		return nil
	}
	return n.params
}

// built says whether Build has made the network.
func (n *Network) built() bool { return n != nil && n.train != nil }

var errNotBuilt = fmt.Errorf("%w: a network that Build has not made", ErrSettings)

// Grads returns the gradients of the trained parameters, as [Learner] says.
func (n *Network) Grads() optim.Tree {
	if !n.built() {
		return nil
	}
	return n.grads
}

// Report says how the program for training was built.
func (n *Network) Report() graph.Report { return n.Program().Report() }

// Program returns the program for training, which belongs to the network.
func (n *Network) Program() *graph.Program {
	if !n.built() {
		return nil
	}
	return n.train.prog
}

// Memory returns how many bytes the programs for training and for evaluation of full batches hold,
// those of the parameters in both.
func (n *Network) Memory() (training, evaluation int64) {
	if !n.built() {
		return 0, 0
	}
	return memory.Footprint(n.train), memory.Footprint(n.eval)
}

// Gradient computes the gradient of a batch. Sums.Spikes is 0. The random numbers of the model
// ([graph.Builder.Draw]) are those of the run epoch·2³² + k·Shards + Shard, with one shard for a
// whole batch.
func (n *Network) Gradient(set data.Batches, epoch uint64, k int) (Sums, error) {
	return n.run(true, set, epoch, k)
}

// Evaluate computes the loss of a batch, without Outputs.Loss, and counts the spikes of all layers.
func (n *Network) Evaluate(set data.Batches, epoch uint64, k int) (Sums, error) {
	return n.run(false, set, epoch, k)
}

// Close releases the programs. Of a Network that Build has not made it does nothing.
func (n *Network) Close() error {
	if !n.built() {
		return nil
	}
	n.ahead.wait()
	err := errors.Join(n.train.prog.Close(), n.eval.prog.Close())
	for _, p := range n.short {
		err = errors.Join(err, p[0].prog.Close(), p[1].prog.Close())
	}
	return err
}

// pass is a program for batches of a number of rows.
type pass struct {
	prog   *graph.Program
	batch  *data.Batch // of a full batch; else nil
	lists  bool        // the input can be lists
	rows   int
	dt     float64  // s
	layers []string // whose spikes are counted
}

// Names of the inputs and outputs of the programs.
const (
	inputName  = "x"
	className  = "class"
	targetName = "target"
	weightName = "target/weight"
	outputName = "y"
	logitsName = "logits"
)

func (m BPTT) pass(params *graph.Params, shape Shape, s graph.Settings) (*pass, error) {
	p := &pass{rows: shape.Batch, lists: s.Engine == graph.FusedEngine && s.Machine == graph.OwnMachine}
	var err error
	p.prog, err = graph.Build(params, s, func(b *graph.Builder) {
		var x *G.Node
		if p.lists {
			x = b.EventInput(inputName, shape.Steps, shape.Batch, shape.Channels)
		} else {
			x = b.Input(inputName, shape.Steps, shape.Batch, shape.Channels)
		}
		p.dt = b.Dt()
		o := m.apply(b, x)
		loss := m.Loss(b, o, m.targets(b, shape))
		if o.Loss != nil && !s.NoGrad {
			loss = b.Check(G.Add(loss, o.Loss))
		}
		b.Loss(loss)
		p.layers = nil
		if s.NoGrad {
			for _, l := range o.Layers {
				p.layers = append(p.layers, l.Name)
				b.Output(l.Name, o.counts(b, l))
			}
		}
	})
	return p, err
}

// targets adds the inputs for the targets.
func (m BPTT) targets(b *graph.Builder, shape Shape) Targets {
	t := Targets{Kind: m.Target.Kind}
	switch t.Kind {
	case data.ClassTarget:
		t.Class = b.Input(className, shape.Batch)
	case data.VectorTarget:
		t.Y = b.Input(targetName, shape.Batch, m.Target.Size)
	case data.SequenceTarget, data.SpikeTarget:
		t.Y = b.Input(targetName, shape.Steps, shape.Batch, m.Target.Size)
		t.Weight = b.Input(weightName, shape.Steps, shape.Batch, m.Target.Size)
	default:
		b.Failf("BPTT: unknown kind of target %v", t.Kind)
	}
	return t
}

// apply calls the model and checks and records what it gives.
func (m BPTT) apply(b *graph.Builder, x *G.Node) Outputs {
	if m.Model == nil {
		b.Failf("BPTT without a model")
	}
	o := m.Model(b, x)
	rows, size := x.Shape()[1], m.Target.Size
	o.overTime(b, rows, m.Target.Kind)
	if m.Target.Kind == data.ClassTarget {
		if o.Logits == nil || o.Logits.Dims() != 2 || o.Logits.Shape()[0] != rows || size > 0 && o.Logits.Shape()[1] != size {
			want := "C"
			if size > 0 {
				want = fmt.Sprint(size)
			}
			b.Failf("logits: found %s, want shape [%d, %s]", shapeOf(o.Logits), rows, want)
		}
		b.Output(logitsName, o.Logits)
		return o
	}
	want := tensor.Shape{rows, size}
	if m.Target.Kind != data.VectorTarget {
		want = tensor.Shape{x.Shape()[0], rows, size}
	}
	if o.Y == nil || !o.Y.Shape().Eq(want) {
		b.Failf("Outputs.Y: found %s, want shape %v for a %v of %d", shapeOf(o.Y), want, m.Target.Kind, size)
	}
	b.Output(outputName, o.Y)
	return o
}

func shapeOf(n *G.Node) string {
	if n == nil {
		return "none"
	}
	return fmt.Sprint(n.Shape())
}

// check says what is wrong with a set for the network, and gives it the time step of the
// network: there is one.
func (n *Network) check(set *data.Batches) error {
	if rows := set.MaxRows(); rows != n.shape.Batch || set.Steps != n.shape.Steps {
		return fmt.Errorf("%w: batches of %d rows and %d steps for a network of %d and %d",
			ErrSettings, rows, set.Steps, n.shape.Batch, n.shape.Steps)
	}
	if dt := n.train.dt; set.Dt == 0 {
		set.Dt = dt
	} else if set.Dt != dt {
		return fmt.Errorf("%w: batches with steps of %g s for a network with steps of %g s", ErrSettings, set.Dt, dt)
	}
	if set.Data == nil || set.Encoder == nil {
		return nil // Fill says so
	}
	if c := set.Channels(); c != n.shape.Channels {
		return fmt.Errorf("%w: %d input channels for a network of %d", ErrSettings, c, n.shape.Channels)
	}
	if t, want := set.Data.Form().Target, n.method.Target; t.Kind != want.Kind || want.Size > 0 && t.Size != want.Size {
		return fmt.Errorf("%w: a data set with the target %v of %d for a network with %v of %d", ErrSettings, t.Kind, t.Size, want.Kind, want.Size)
	}
	return nil
}

// run computes batch k of an epoch.
func (n *Network) run(gradient bool, set data.Batches, epoch uint64, k int) (Sums, error) {
	if !n.built() {
		return Sums{}, errNotBuilt
	}
	if err := n.check(&set); err != nil {
		return Sums{}, err
	}
	full := n.eval
	if gradient {
		full = n.train
	}
	batch, err := n.read(full, set, epoch, k)
	if err != nil {
		return Sums{}, err
	}
	p, err := n.programFor(batch.Valid, gradient)
	if err != nil {
		return Sums{}, err
	}
	if err := n.set(p, batch); err != nil {
		return Sums{}, err
	}
	p.prog.SetRun(epoch<<32 | uint64(k*max(set.Shards, 1)+set.Shard))
	p.prog.Hold(n.held)
	if err := p.prog.Run(); err != nil {
		return Sums{}, err
	}
	if gradient && p != n.train {
		n.copyResults(p)
	}
	return n.sums(p, batch), nil
}

// programFor returns the program for a number of rows.
func (n *Network) programFor(rows int, gradient bool) (*pass, error) {
	pair := [2]*pass{n.train, n.eval}
	if rows != n.shape.Batch {
		var known bool
		if pair, known = n.short[rows]; !known {
			shape := n.shape
			shape.Batch = rows
			var err error
			if pair[0], pair[1], err = n.method.passes(n.params, shape); err != nil {
				return nil, fmt.Errorf("a batch of %d rows: %w", rows, err)
			}
			n.short[rows] = pair
		}
	}
	if gradient {
		return pair[0], nil
	}
	return pair[1], nil
}

// set gives a program the batch.
func (n *Network) set(p *pass, b *data.Batch) error {
	if b.Listed {
		if err := setLists(p, b, n.rows); err != nil {
			return err
		}
		return errors.Join(setLengths(p.prog, b, p.rows), n.setTargets(p, b))
	}
	x := b.Input
	if p.rows < b.Size { // the rows that are in use, out of each step
		x = inUse(n.w[:0], b)
		n.w = x
	}
	if in := p.prog.Input(inputName); in.Dtype() != tensor.Float32 || p.batch == nil {
		if err := p.prog.Set(inputName, x); err != nil {
			return err
		}
	}
	if err := setLengths(p.prog, b, p.rows); err != nil {
		return err
	}
	return n.setTargets(p, b)
}

// sums returns what a program gave.
func (n *Network) sums(p *pass, b *data.Batch) Sums {
	rows := p.rows
	s := Sums{Rows: rows, Loss: p.prog.Loss() * float64(rows)}
	name := logitsName
	if n.method.Target.Kind != data.ClassTarget {
		name = outputName
	}
	out := leaf(name, p.prog.Output(name))
	for _, m := range n.method.Metrics {
		s.Metrics = append(s.Metrics, Measured{Name: m.Name})
	}
	for i := range rows {
		if name == logitsName && decided(out, i, rows) == b.Labels[i] {
			s.Correct++
		}
		for m, metric := range n.method.Metrics {
			n.row = rowOf(n.row[:0], out, i, rows, n.method.Target, b.Lengths[i])
			s.Metrics[m].Sum += metric.value(n.row, n.spikesOf(b), answerOf(n.method.Target, &b.Rows, i))
		}
	}
	p.count(&s, b.Lengths[:rows])
	return s
}

// count adds up the spikes of the layers, in samples of so many steps.
func (p *pass) count(s *Sums, lengths []int) {
	sum, neurons := 0.0, 0
	for _, name := range p.layers {
		count := p.prog.Output(name)
		c := leaf(name, count)
		l := LayerSpikes{Name: name, Neurons: make([]float64, count.Shape()[1])}
		for i := range c.Len() {
			n := at(c, i)
			l.Spikes += n
			l.Neurons[i%len(l.Neurons)] += n
		}
		for _, n := range lengths {
			l.Steps += float64(n)
		}
		sum += l.Spikes
		neurons += len(l.Neurons)
		s.Layers = append(s.Layers, l)
	}
	if neurons > 0 {
		s.Spikes = sum / float64(neurons)
	}
}

// decided returns the column of the largest element of a row of an array of so many rows; -1, which
// is no class, where several are the largest or one is not a number: a network that says nothing
// has not answered.
func decided(l optim.Leaf, row, rows int) int {
	n := l.Len() / rows
	best, alone := 0, true
	for j := range n {
		switch x, top := at(l, row*n+j), at(l, row*n+best); {
		case x != x:
			return -1
		case j > 0 && x > top:
			best, alone = j, true
		case j > 0 && x == top:
			alone = false
		}
	}
	if !alone {
		return -1
	}
	return best
}

func at(l optim.Leaf, i int) float64 {
	if l.F32 != nil {
		return float64(l.F32[i])
	}
	return l.F64[i]
}
