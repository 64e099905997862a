package dynapse

import (
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/ops"
)

// mode is what a neuron kernel computes, apart from numbers.
type mode struct {
	rule      Rule
	width     float64 // of the logistic steps
	fall      float64 // exp(-1/width)
	most      float64 // spikes per time step
	clip      float64 // of rows in SurgeT, relative to the median row
	soft      bool    // soft slopes of the floors
	twin      bool    // smoothed forward pass; soft
	recurrent bool
	forced    bool // spikes are an input
	driven    bool // Idc has a factor in each step
	four      bool // four synapse types
}

// neuronKernel is DynapSim for a whole sequence. All currents are relative to Io and all times to
// dt; m is Imem/Io and y its logarithm. The elementwise parts of a step are those of package cells,
// which run over the neurons of a block of rows at once; the twin's are in kernel_twin.go.
//
// Rows of the batch are independent of each other: a task takes a block of them through all time
// steps. Kept for the adjoint are the traces; exponentials are computed again. Without one, those
// that nobody reads have two steps.
type neuronKernel[T kernel.Float] struct {
	mode
	t, b, n int
	perRow  bool // coefficients are [B, N]
	ownWrec bool // w_rec is [B, N, N]
	group   int  // rows with coefficients of their own in a loop
	block   int  // rows of a task

	coef         [numCoefs][]T // of the neurons of a group, or [B, N]
	derived      derived[T]
	isyn0, iahp0 []T // [B, N], before the first step
	m, zeros     []T // [B, N], and zeros for a block
	timer        []T // [T, B, N], bins that are left, after the step
	tasks        []task[T]
	flows        []flow[T]
	spiked       kernel.Events[T]  // [T·B, N]
	start        kernel.Events[T]  // [B, N], of the spikes before the first step
	columns      kernel.Columns[T] // of spiked
	first        kernel.Columns[T] // of start
	sorted       bool              // columns are those of this run
	rows         kernel.RowSum[T]  // gradient of w_rec
	trained      bool              // an adjoint will run
	unread       bool              // nobody takes the spikes as events, see Output
	gradient     *ops.Stream[T]
	transposed   kernel.Packed[T] // w_rec, [4N, N]
	effect       []T              // [T, B, N], of the spikes, see [Surge]
	movers       movers[T]
	memory       lines[T]

	in, gin           neuronIn[[]T]
	out, gout         neuronOut[[]T]
	own               neuronOut[[]T] // traces that nobody else reads
	scale             T
	forward, backward func(lo, hi int) // made once: a method value is allocated
	combine           func(lo, hi int)
	moveUnits         func(lo, hi int)
}

// derived are numbers per neuron that follow from its coefficients; refractory is a whole number of
// bins where rounding may have made it another one.
type derived[T any] struct {
	decaySyn, chargeSyn, decayAHP, chargeAHP, jumpAHP, invLeak, refractory []T
	decayMore, chargeMore                                                  [numMore][]T
}

// neuronIn names the inputs of the kernel, in their order: x [T, B, N], weighted input; forced
// spikes and dc, factors of Idc, [T, B, N]; coef [N] each, or [B, N] with other neurons in each
// row; wrec [N, N], or [B, N, N]; the states [B, N], with ln(I/Io) for currents. With four synapse
// types x is [T, B, N, 4] and wrec [N, N, 4], with the last axes as one, and more are the states
// I/Io of GABA, NMDA and SHUNT.
type neuronIn[T any] struct {
	x, forced, dc                         T
	coef                                  [numCoefs]T
	wrec                                  T
	isyn, iahp, imem, vmem, spikes, timer T
	more                                  [numMore]T
}

// neuronOut names the outputs: records [T, B, N] and the states after the last step [B, N]. spikes:
// counts; ypost: ln(Imem/Io) after the reset; ypre: before it; isyn, iahp, more relative to Io.
type neuronOut[T any] struct {
	spikes, ypost, ypre, isyn, iahp T
	more                            [numMore]T
	final                           [numStates]T
}

const (
	numMore    = SynapseTypes - 1 // synapse types besides the one that is always there
	numStates  = 6 + numMore
	numRecords = 5 + numMore
)

// stateNames lists the states in the order of the kernel's inputs and outputs: ln(Isyn/Io),
// ln(Iahp/Io), ln(Imem/Io) after the reset, and vmem = ln(Imem/Io) before it, which drives the
// positive feedback; spikes of the last step; timer in bins; and with four synapse types the
// currents of the others, I/Io.
var stateNames = [numStates]string{"log_isyn", "log_iahp", "log_imem", "vmem", "spikes", "timer", "igaba", "inmda", "ishunt"}

// types is the number of synapse types.
func (m mode) types() int {
	if m.four {
		return SynapseTypes
	}
	return 1
}

// coefs counts the coefficients.
func (m mode) coefs() int {
	if m.four {
		return numCoefs
	}
	return numSingle
}

// states counts the states, and records the sequences that come out.
func (m mode) states() int  { return numStates - numMore + m.types() - 1 }
func (m mode) records() int { return numRecords - numMore + m.types() - 1 }

// firstCoef is the index of the first coefficient among the inputs.
func (m mode) firstCoef() int {
	n := 1
	if m.forced {
		n++
	}
	if m.driven {
		n++
	}
	return n
}

// inputs counts the inputs before the states.
func (m mode) inputs() int {
	n := m.firstCoef() + m.coefs()
	if m.recurrent {
		n++
	}
	return n
}

// states lists the states, in their order.
func (a *neuronIn[S]) states() [numStates]*S {
	return [...]*S{&a.isyn, &a.iahp, &a.imem, &a.vmem, &a.spikes, &a.timer, &a.more[gaba], &a.more[nmda], &a.more[shunt]}
}

// records lists the sequences, in their order.
func (o *neuronOut[S]) records() [numRecords]*S {
	return [...]*S{&o.spikes, &o.ypost, &o.ypre, &o.isyn, &o.iahp, &o.more[gaba], &o.more[nmda], &o.more[shunt]}
}

// joinIn lists the inputs in their order.
func joinIn[S ~[]E, E any](m mode, a *neuronIn[S]) []S {
	in := []S{a.x}
	if m.forced {
		in = append(in, a.forced)
	}
	if m.driven {
		in = append(in, a.dc)
	}
	in = append(in, a.coef[:m.coefs()]...)
	if m.recurrent {
		in = append(in, a.wrec)
	}
	for i, s := range a.states() {
		if i < m.states() {
			in = append(in, *s)
		}
	}
	return in
}

// splitIn names them.
func splitIn[S ~[]E, E any](m mode, in []S) (a neuronIn[S]) {
	a.x = in[0]
	if m.forced {
		a.forced = in[1]
	}
	if m.driven {
		a.dc = in[m.firstCoef()-1]
	}
	copy(a.coef[:m.coefs()], in[m.firstCoef():])
	if m.recurrent {
		a.wrec = in[m.firstCoef()+m.coefs()]
	}
	states := a.states()
	for i, s := range in[m.inputs():] {
		*states[i] = s
	}
	return a
}

func splitOut[S ~[]E, E any](m mode, out []S) (o neuronOut[S]) {
	o.spikes, o.ypost, o.ypre, o.isyn, o.iahp = out[0], out[1], out[2], out[3], out[4]
	records := out[5:m.records()]
	copy(o.more[:], records)
	copy(o.final[:], out[m.records():])
	return o
}

func (k *neuronKernel[T]) Name() string { return "dynapsim" }

func (k *neuronKernel[T]) Differentiate(_, _ []bool) error {
	k.trained = true
	return nil
}

// Output hands the spikes on as events; no record is written that nobody reads.
func (k *neuronKernel[T]) Output(i int) (*ops.Stream[T], bool) {
	if i == 0 {
		return &ops.Stream[T]{Events: &k.spiked, Columns: k.byNeuron}, true
	}
	return nil, i < k.records()
}

func (k *neuronKernel[T]) Gradient(int) *ops.Stream[T] { return nil }

func (k *neuronKernel[T]) ReadInput(int, *ops.Stream[T]) bool { return false }

func (k *neuronKernel[T]) ReadGradient(i int, s *ops.Stream[T]) bool {
	if i != 0 || s.Rows == nil || k.rule == Surge { // which reads it in any order
		return false
	}
	k.gradient = s
	return true
}

// byNeuron lists the spikes of this run by neuron.
func (k *neuronKernel[T]) byNeuron() *kernel.Columns[T] {
	if !k.sorted {
		k.columns.Transpose(&k.spiked)
		k.sorted = true
	}
	return &k.columns
}

func (k *neuronKernel[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	x := in[0]
	if x.Dims() != 3 {
		return nil, fmt.Errorf("%w: dynapsim: input %v, want [T, B, N]", ops.ErrShape, x)
	}
	k.t, k.b, k.n = x[0], x[1], x[2]/k.types()
	if k.n*k.types() != x[2] {
		return nil, fmt.Errorf("%w: dynapsim: input %v, want [T, B, 4N] for four synapse types", ops.ErrShape, x)
	}
	if want := k.inputs() + k.states(); len(in) != want {
		return nil, fmt.Errorf("%w: dynapsim: %d inputs, want %d", ops.ErrShape, len(in), want)
	}
	k.perRow = in[k.firstCoef()].Dims() == 2
	k.ownWrec = k.recurrent && in[k.inputs()-1].Dims() == 3
	record := tensor.Shape{k.t, k.b, k.n}
	for i, s := range in {
		var want tensor.Shape
		switch {
		case i == 0:
			want = x
		case i < k.firstCoef():
			want = record
		case i < k.firstCoef()+k.coefs():
			if want = (tensor.Shape{k.n}); k.perRow {
				want = tensor.Shape{k.b, k.n}
			}
		case i < k.inputs():
			if want = (tensor.Shape{k.n, x[2]}); k.ownWrec {
				want = tensor.Shape{k.b, k.n, x[2]}
			}
		default:
			want = tensor.Shape{k.b, k.n}
		}
		if !s.Eq(want) {
			return nil, fmt.Errorf("%w: dynapsim: input %d has shape %v, want %v", ops.ErrShape, i, s, want)
		}
	}
	k.prepare()
	var out []tensor.Shape
	for range k.records() {
		out = append(out, record.Clone())
	}
	for range k.states() {
		out = append(out, tensor.Shape{k.b, k.n})
	}
	return out, nil
}

// prepare makes the memory for runs.
func (k *neuronKernel[T]) prepare() {
	few := (k.b + 3) / 4 // rows, for four tasks at least
	k.group = max(1, min(groupNeurons/k.n, few))
	k.block = (max(1, min(blockRows, few)) + k.group - 1) / k.group * k.group
	span, step, block := k.group*k.n, k.b*k.n, k.block*k.n
	neurons := span
	if k.perRow {
		neurons = step
	}
	list := k.memory.take
	d := &k.derived
	for _, x := range []*[]T{&d.decaySyn, &d.chargeSyn, &d.decayAHP, &d.chargeAHP, &d.jumpAHP, &d.invLeak, &d.refractory} {
		*x = list(neurons)
	}
	for i := range k.types() - 1 {
		d.decayMore[i], d.chargeMore[i] = list(neurons), list(neurons)
	}
	if !k.perRow && k.group > 1 {
		for i := range k.coefs() {
			k.coef[i] = list(neurons)
		}
	}
	k.isyn0, k.iahp0, k.m, k.zeros = list(step), list(step), list(step), list(block)
	k.tasks = make([]task[T], (k.b+k.block-1)/k.block)
	for i := range k.tasks {
		k.tasks[i] = newTask(k.mode, k.n, block, &k.memory)
	}
	k.forward, k.backward, k.combine = k.forwardRows, k.backwardRows, k.combineRows
	if k.recurrent || !k.unread {
		k.spiked.Resize(k.t*k.b, k.n)
	}
	k.start.Resize(k.b, k.n)
}

const (
	groupNeurons = 64 // neurons that a loop has at least, where there are so many
	blockRows    = 8  // rows that share a product with w_rec
)

// lines hands out memory for arrays that loops read side by side. Large arrays begin at the start
// of a page, where all of them would compete for the same places in the cache: each begins a line
// behind the one before.
type lines[T kernel.Float] struct{ taken int }

func (s *lines[T]) take(n int) []T {
	const page, line = 1024, 16 // numbers, in float32
	if n < page {
		return make([]T, n)
	}
	s.taken++
	first := s.taken % (page / line) * line
	return make([]T, n+page)[first:][:n:n]
}

// derive computes what a step needs from the coefficients.
func (k *neuronKernel[T]) derive(c *[numCoefs][]T) {
	for i := range k.coefs() {
		if k.perRow || k.group == 1 {
			k.coef[i] = c[i]
			continue
		}
		for at := 0; at < len(k.coef[i]); at += k.n {
			copy(k.coef[i][at:], c[i])
		}
	}
	d := &k.derived
	c = &k.coef
	decay := func(rate T) T { return T(fmath.Exp(-float64(rate))) }
	charge := func(pulse T) T { return T(-fmath.Expm1(-float64(pulse))) }
	for j := range d.decaySyn {
		d.decaySyn[j], d.chargeSyn[j] = decay(c[rateSyn][j]), charge(c[pulseSyn][j])
		d.decayAHP[j], d.chargeAHP[j] = decay(c[rateAHP][j]), charge(c[pulseAHP][j])
		d.jumpAHP[j] = d.chargeAHP[j] * c[gainAHP][j]
		d.invLeak[j], d.refractory[j] = 1/c[leakMem][j], wholeBins(c[refractory][j])
		for i := range k.types() - 1 {
			d.decayMore[i][j], d.chargeMore[i][j] = decay(c[int(rateGABA)+i][j]), charge(c[int(pulseGABA)+i][j])
		}
	}
}

// tolerance is the relative error of a number of bins that may be due to rounding: t_ref = dt is a
// common setting, and it must not decide between one bin and two.
func tolerance[T kernel.Float]() T {
	if T(1)+T(1e-9) == 1 {
		return 1e-5 // float32, whose ln(Iref) has errors of 2e-6
	}
	return 1e-9
}

// wholeBins returns the whole number that t is but for rounding, or t.
func wholeBins[T kernel.Float](t T) T {
	whole := T(math.Round(float64(t)))
	if T(math.Abs(float64(t-whole))) <= T(tolerance[T]()*t) {
		return whole
	}
	return t
}

// exp and log are those of float64, rounded.
func exp[T kernel.Float](x T) T { return T(fmath.Exp(float64(x))) }
func log[T kernel.Float](x T) T { return T(fmath.Log(float64(x))) }
