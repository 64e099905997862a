package graph

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/random"
)

// drawn are the random numbers of a node.
type drawn struct {
	*slot
	fill Init
}

// Draw adds random numbers of the given shape. Each run has numbers of its own, which fill
// draws before the run from a source that is named by the seed of the [Params], by name and
// by the number of the run ([Program.SetRun]): they are the same wherever they are read, in
// the forward pass that Settings.Checkpoint repeats, too. No gradient flows to them.
//
// It is an error inside of a [Cell]'s step: draw a sequence [T, B, N] outside and give it to
// [Builder.Scan] as an input.
func (b *Builder) Draw(name string, fill Init, shape ...int) *G.Node {
	b.claim("draw", name)
	if n := len(b.marks); n > 0 && b.marks[n-1].scan != outside {
		b.Failf("draw %q inside of a step: draw a sequence outside of the layer and give it to Scan", name)
	}
	if fill == nil {
		b.Failf("draw %q without a function that draws", name)
	}
	s := &slot{name: name, value: zeros(b.DType(), b.shape("draw", name, shape))}
	s.node = b.leaf(inputLeaf, name, s.value)
	b.draws = append(b.draws, drawn{s, fill})
	return s.node
}

// Training says whether the program has a gradient: dropout and batch normalisation are
// others in one that has none.
func (b *Builder) Training() bool { return !b.settings.NoGrad }

// Buffer adds values that are kept with the parameters, but not trained, as running means
// are. Apart from that it is [Builder.Param].
func (b *Builder) Buffer(name string, init Init, shape ...int) *G.Node {
	return b.param(name, init, shape, false)
}

// Update makes every run that succeeds set the buffer of this name to the value of n, of
// the same shape.
func (b *Builder) Update(name string, n *G.Node) {
	b.claim("update", name)
	v := b.params.Value(name)
	if v == nil || n == nil || !sameShape(v.Shape(), n.Shape()) {
		b.Failf("update of %q, which is no buffer of the shape of the new value", name)
	}
	b.updates = append(b.updates, &slot{name: name, node: n})
}

// SetRun says which run the next one is, 0 for the first of a new program: it names the
// random numbers of [Builder.Draw]. Each run that succeeds counts on by one. To repeat a run,
// set its number again.
func (p *Program) SetRun(n uint64) {
	if p != nil {
		p.runs = n
	}
}

// draw fills the random numbers of the next run.
func (p *Program) draw() {
	for _, d := range p.builder.draws {
		x := make([]float64, d.value.Shape().TotalSize())
		d.fill(x, d.value.Shape(), random.New(p.builder.params.seed, "draw/"+d.name, p.runs))
		assign(d.value, x)
	}
}

// Hold says whether the buffers stay as they are: a run then computes their new values, which Moved
// returns, and changes none. Programs that share their parameters can run at once so.
func (p *Program) Hold(hold bool) {
	if p != nil {
		p.held = hold
	}
}

// Moved returns the buffers that [Builder.Update] sets, by name with the values that the last run
// has computed for them, which belong to the program. Before the first run they are 0.
func (p *Program) Moved() map[string]*tensor.Dense {
	moved := map[string]*tensor.Dense{}
	if p == nil || p.builder == nil {
		return moved
	}
	for _, u := range p.builder.updates {
		moved[u.name] = u.value
	}
	return moved
}

// update copies what the run has computed for the buffers.
func (p *Program) update() {
	if p.held {
		return
	}
	for _, u := range p.builder.updates {
		copyData(p.builder.params.Value(u.name), u.value)
	}
}
