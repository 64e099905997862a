package dynapse

import (
	"fmt"
	"math/rand/v2"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
)

// Share says how many values a learned parameter has for which Params gives one.
type Share uint8

const (
	Shared    Share = iota // one for all neurons
	PerNeuron              // one for each neuron, with the same start
	OnCores                // one for each core, with the same start, as on the chip
)

// Neurons is a layer of DynapSim neurons in a graph. See [Network] for the equations. The zero
// value is a feed-forward layer at the defaults of [Param], with nothing learned.
//
//	n := dynapse.Neurons{Learn: []dynapse.Param{dynapse.ItauMem, dynapse.IgainSyn}}
//	out := n.Apply(b, "chip", models.Linear{Out: 16}.Apply(b, "chip/w", x))
//
// Learned currents are kept as natural logarithms, under names like chip/log_Itau_mem: they span
// 1e-13 to 1e-5 A. Recurrent weights are chip/w_rec.
//
// With the unrolled engine, the rule must be SurgeS or Rockpool; the others have a kernel only. A
// program of the smoothed twin is that of SurgeS.
type Neurons struct {
	// Params are the values, or starting values, of the parameters: one, one per core, or one per
	// neuron. The time step is that of the program.
	Params Params
	// Learn lists the parameters that are trained, with the number of values that Params gives, or,
	// where that is one, that Share says.
	Learn []Param
	Share Share
	// Core is the core of each neuron, 0, 1, ...; nil puts all neurons on core 0.
	Core []int
	// Recurrent adds weights w_rec [N, N] from the spikes of the step before, w_rec[pre][post].
	Recurrent bool
	// RecInit initialises w_rec; nil means models.FanIn(0, 0.5).
	RecInit graph.Init
	// RecMask, where it is not nil, holds a 0 or 1 for each element of w_rec.
	RecMask []float64
	// RecWeights, where it is not nil, is the node [N, N] of the recurrent weights, as of
	// chip.CodedWeights, in place of a learned matrix; with it Recurrent, RecInit and RecMask are
	// not used. With Deviations it may have weights for each chip, [M, N, N].
	RecWeights *G.Node
	// Forced, where it is not nil, are recorded spikes [T, B, N] that take the place of the
	// neurons' own, see [Network.Simulate].
	Forced *G.Node
	// FourSynapses gives every neuron the four synapse types of [Network.FourSynapses]. The input
	// and w_rec, or RecWeights, have four columns for each neuron, in the order AMPA, GABA, NMDA,
	// SHUNT: [T, B, 4N] and [N, 4N].
	FourSynapses bool
	// Deviations, where it is not nil, makes the batch one of chips that differ, see [Deviations].
	// What is learned is the value that the chips deviate from.
	Deviations *Deviations
	// MaxSpikes bounds the spikes of a neuron per step; 0 means no bound.
	MaxSpikes float64
	// Substeps divides every bin into so many steps of the Euler method; 0 means 1. Input arrives
	// in the first of them, forced spikes act in the last; spikes of a bin are those of all its
	// steps, and other records those after the last one. At 1 ms the method gives 9 to 13 % fewer
	// spikes than its own limit. Cost and memory grow in proportion.
	Substeps int
	// Rule, Width, Clip and SoftFloors are those of [Settings].
	Rule        Rule
	Width, Clip float64
	SoftFloors  bool
	// Initial is the state before the first step, nodes [B, N]: ln(Isyn/Io), ln(Iahp/Io),
	// ln(Imem/Io), Vmem kappa/Ut, spikes, refractory time in steps, and with FourSynapses Igaba/Io,
	// Inmda/Io, Ishunt/Io. Nil leaves it to the program: rest, which is zeros, or what
	// graph.Program.SetState says.
	Initial []*G.Node
}

// Traces is what a layer of neurons gives out. Records in amperes and volts are added to the graph
// when they are asked for.
type Traces struct {
	Spikes *G.Node   // [T, B, N], counts
	LnImem *G.Node   // [T, B, N], ln(Imem/Io) after the reset
	Final  []*G.Node // state after the last step, each [B, N], in the order of Initial

	ypre, isyn, iahp *G.Node
	more             []*G.Node // GABA, NMDA, SHUNT
	io, volt         *G.Node
}

// Apply adds the layer for weighted input x [T, B, N], or [T, B, 4N], spike counts times weights in
// units of Iscale.
func (l Neurons) Apply(b *graph.Builder, name string, x *G.Node) Traces {
	if x.Dims() != 3 {
		b.Fail(fmt.Errorf("%w: Neurons %q: input of shape %v, want [T, B, N]", ErrParameter, name, x.Shape()))
	}
	rows, width := x.Shape()[1], x.Shape()[2]
	n := width
	if l.FourSynapses {
		if n = width / 4; n*4 != width {
			b.Fail(fmt.Errorf("%w: Neurons %q: input of shape %v, want [T, B, 4N] for four synapse types", ErrParameter, name, x.Shape()))
		}
	}
	sub := max(l.Substeps, 1)
	s := Settings{Rule: l.Rule, Width: l.Width, Clip: l.Clip, SoftFloors: l.SoftFloors, Twin: b.Twin()}
	if s.Twin {
		s.Rule = SurgeS
	}
	m, err := s.mode(l.MaxSpikes)
	if err != nil {
		b.Fail(fmt.Errorf("Neurons %q: %w", name, err))
	}
	m.recurrent, m.forced, m.four = l.Recurrent || l.RecWeights != nil, l.Forced != nil, l.FourSynapses
	if want := (tensor.Shape{x.Shape()[0], rows, n}); m.forced && !l.Forced.Shape().Eq(want) {
		b.Fail(fmt.Errorf("%w: Neurons %q: forced spikes of shape %v, want %v", ErrParameter, name, l.Forced.Shape(), want))
	}
	if l.Substeps < 0 {
		b.Fail(fmt.Errorf("%w: Neurons %q: %d substeps, want at least 1", ErrParameter, name, l.Substeps))
	}
	if l.Initial != nil && len(l.Initial) != m.states() {
		b.Fail(fmt.Errorf("%w: Neurons %q: %d initial states, want %d", ErrParameter, name, len(l.Initial), m.states()))
	}
	if err := l.Deviations.check(n, rows); err != nil {
		b.Fail(fmt.Errorf("Neurons %q: %w", name, err))
	}
	coefs := l.coefficients(b, name, n, rows, sub)
	p := coefs[:m.coefs():m.coefs()]
	switch w := l.RecWeights; {
	case w != nil && l.Recurrent:
		b.Fail(fmt.Errorf("%w: Neurons %q: RecWeights and Recurrent, want one of them", ErrParameter, name))
	case w != nil && w.Shape().Eq(tensor.Shape{n, width}):
		p = append(p, w)
	case w != nil && l.Deviations != nil && w.Shape().Eq(tensor.Shape{l.Deviations.Samples, n, width}):
		p = append(p, apply(b, ops.Kernels{Float32: &rowsKernel[float32]{rows: rows}, Float64: &rowsKernel[float64]{rows: rows}}, w))
	case w != nil:
		b.Fail(fmt.Errorf("%w: Neurons %q: RecWeights of shape %v, want (%d, %d)", ErrParameter, name, w.Shape(), n, width))
	case l.Recurrent:
		p = append(p, l.weights(b, name+"/w_rec", n, width))
	}
	if !l.Recurrent && (l.RecInit != nil || l.RecMask != nil) {
		b.Fail(fmt.Errorf("%w: Neurons %q: RecInit or RecMask without Recurrent has no effect", ErrParameter, name))
	}
	in := []*G.Node{x}
	if m.forced {
		in = append(in, l.Forced)
	}
	if sub > 1 {
		for i, to := range []steps{firstStep, lastStep}[:len(in)] {
			in[i] = apply(b, ops.Kernels{Float32: &spreadKernel[float32]{k: sub, to: to}, Float64: &spreadKernel[float64]{k: sub, to: to}}, in[i])
		}
	}
	out, final := b.Scan(name, cell{mode: m, n: n, initial: l.Initial}, in, p)
	if sub > 1 {
		for i := range out {
			from := lastStep
			if i == 0 { // spikes
				from = everyStep
			}
			out[i] = apply(b, ops.Kernels{Float32: &gatherKernel[float32]{k: sub, from: from}, Float64: &gatherKernel[float64]{k: sub, from: from}}, out[i])
		}
	}
	return Traces{Spikes: out[0], LnImem: out[1], Final: final, ypre: out[2], isyn: out[3], iahp: out[4], more: out[numRecords-numMore:], io: coefs[ampere], volt: coefs[len(coefs)-1]}
}

// apply adds a kernel with one output.
func apply(b *graph.Builder, k ops.Kernels, in ...*G.Node) *G.Node {
	return b.CheckAll(ops.Apply(k, nil, in...))[0]
}

// coefficients adds the parameters of the layer and what follows from them.
func (l Neurons) coefficients(b *graph.Builder, name string, n, rows, steps int) []*G.Node {
	cores := 0
	for j, c := range l.Core {
		if c < 0 || len(l.Core) != n {
			b.Fail(fmt.Errorf("%w: Neurons %q: Core[%d] = %d in a list of %d, want a core >= 0 for each of %d neurons", ErrParameter, name, j, c, len(l.Core), n))
		}
		cores = max(cores, c+1)
	}
	if l.Core == nil {
		cores = 1
	}
	count := NumSingle
	if l.FourSynapses {
		count = NumParams
	}
	var learned [NumParams]bool
	for _, p := range l.Learn {
		if int(p) >= count || p == Dt || learned[p] {
			b.Fail(fmt.Errorf("%w: Neurons %q: %v cannot be learned, or is listed twice", ErrParameter, name, p))
		}
		learned[p] = true
	}
	if l.Params[Dt] != nil {
		b.Fail(fmt.Errorf("%w: Neurons %q: the time step is that of the program, %v s", ErrParameter, name, b.Dt()))
	}
	l.Params[Dt] = []float64{b.Dt() / float64(steps)}
	nodes := make([]*G.Node, count)
	for i, v := range l.Params {
		p := Param(i)
		if i >= count {
			if v != nil {
				b.Fail(fmt.Errorf("%w: Neurons %q: %v without FourSynapses has no effect", ErrParameter, name, p))
			}
			continue
		}
		if v == nil {
			v = []float64{p.Default()}
		}
		if len(v) != 1 && len(v) != n && len(v) != cores {
			b.Fail(fmt.Errorf("%w: Neurons %q: %v has %d values, want 1, %d, one per core, or %d, one per neuron", ErrParameter, name, p, len(v), cores, n))
		}
		for j, x := range v {
			if err := p.Check(x); err != nil {
				b.Fail(fmt.Errorf("Neurons %q: element %d: %w", name, j, err))
			}
			if learned[p] && x == 0 {
				b.Fail(fmt.Errorf("%w: Neurons %q: %v = 0 cannot be learned, as its logarithm is", ErrParameter, name, p))
			}
		}
		if !learned[p] {
			nodes[i] = b.Const(name+"/"+p.String(), v, len(v))
			continue
		}
		if len(v) == 1 && l.Share == PerNeuron {
			v = slices.Repeat(v, n)
		} else if len(v) == 1 && l.Share == OnCores {
			v = slices.Repeat(v, cores)
		}
		start := make([]float64, len(v))
		for j, x := range v {
			start[j] = fmath.Log(x)
		}
		nodes[i] = b.Param(name+"/log_"+p.String(), func(dst []float64, _ []int, _ *rand.Rand) { copy(dst, start) }, len(v))
	}
	return b.CheckAll(ops.Apply(ops.Kernels{
		Float32: &coefKernel[float32]{n: n, rows: rows, core: l.Core, log: learned, chips: l.Deviations},
		Float64: &coefKernel[float64]{n: n, rows: rows, core: l.Core, log: learned, chips: l.Deviations},
	}, learned[:count], nodes...))
}

// weights adds the recurrent weights.
func (l Neurons) weights(b *graph.Builder, name string, n, width int) *G.Node {
	init := l.RecInit
	if init == nil {
		init = models.FanIn(0, 0.5)
	}
	if l.RecMask == nil {
		return b.Param(name, init, n, width)
	}
	if len(l.RecMask) != n*width {
		b.Fail(fmt.Errorf("%w: mask of %q has %d elements, want %d", ErrParameter, name, len(l.RecMask), n*width))
	}
	w := b.Param(name, models.Masked(init, l.RecMask), n, width)
	for i, v := range l.RecMask {
		if v != 0 && v != 1 {
			b.Fail(fmt.Errorf("%w: mask of %q: element %d is %v, want 0 or 1", ErrParameter, name, i, v))
		}
	}
	return b.Check(G.HadamardProd(w, b.Const(name+"/mask", l.RecMask, n, width)))
}

// absolute turns a relative record into amperes or volts.
func absolute(b *graph.Builder, x, unit *G.Node, log bool) *G.Node {
	return apply(b, ops.Kernels{Float32: &recordKernel[float32]{log: log}, Float64: &recordKernel[float64]{log: log}}, x, unit)
}

// Imem returns the membrane current after the reset, in amperes, [T, B, N].
func (t Traces) Imem(b *graph.Builder) *G.Node { return absolute(b, t.LnImem, t.io, true) }

// Vmem returns the membrane potential before the reset, (Ut/kappa) ln(Imem/Io), in volts, [T, B,
// N].
func (t Traces) Vmem(b *graph.Builder) *G.Node { return absolute(b, t.ypre, t.volt, false) }

// Isyn returns the synaptic current in amperes, [T, B, N].
func (t Traces) Isyn(b *graph.Builder) *G.Node { return absolute(b, t.isyn, t.io, false) }

// Iahp returns the adaptation current in amperes, [T, B, N].
func (t Traces) Iahp(b *graph.Builder) *G.Node { return absolute(b, t.iahp, t.io, false) }

// Igaba returns the current of GABA in amperes, [T, B, N]; the layer must have FourSynapses.
func (t Traces) Igaba(b *graph.Builder) *G.Node { return t.synapse(b, gaba) }

// Inmda is that of NMDA before its gate, see [Traces.Igaba].
func (t Traces) Inmda(b *graph.Builder) *G.Node { return t.synapse(b, nmda) }

// Ishunt is that of SHUNT, see [Traces.Igaba].
func (t Traces) Ishunt(b *graph.Builder) *G.Node { return t.synapse(b, shunt) }

func (t Traces) synapse(b *graph.Builder, i int) *G.Node {
	if len(t.more) == 0 {
		b.Fail(fmt.Errorf("%w: a trace of %s of neurons without FourSynapses", ErrParameter, stateNames[numStates-numMore+i]))
	}
	return absolute(b, t.more[i], t.io, false)
}
