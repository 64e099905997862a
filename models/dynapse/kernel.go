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
	four      bool // four synapse types
}

// neuronKernel is DynapSim for a whole sequence: the definition of a step is forward's inner loop. All currents are relative
// to Io and all times to dt; m is Imem/Io and y its logarithm.
//
// Rows of the batch are independent of each other: a task takes a block of them through all time steps. Kept for the
// adjoint are the traces; exponentials are computed again.
type neuronKernel[T kernel.Float] struct {
	mode
	t, b, n int
	perRow  bool // coefficients are [B, N]
	ownWrec bool // w_rec is [B, N, N]
	derived derived[T]
	timer   []T           // [T, B, N], bins that are left, after the step
	spiked  []T           // [T, B, N], spikes of the step before; recurrent only
	dx      []T           // [T, B, N], where nobody else asks for it
	partial [numCoefs][]T // the first coefs of them
	scratch [][]T         // per block of rows
	second  [][]T         // gradients of the second pass of Surge
	err     []error
}

// rowBlock is how many rows of a batch one task takes through time.
const rowBlock = 4

// derived are numbers per neuron that follow from its coefficients.
type derived[T any] struct {
	decaySyn, chargeSyn, decayAHP, chargeAHP, jumpAHP []T
	decayMore, chargeMore                             [numMore][]T
}

// neuronIn names the inputs of the kernel, in their order: x [T, B, N], weighted input; forced [T, B, N]; coef [N] each, or [B, N] with
// other neurons in each row; wrec [N, N], or [B, N, N]; the states [B, N], with ln(I/Io) for currents. With four synapse types
// x is [T, B, N, 4] and wrec [N, N, 4], with the last axes as one, and more are the states I/Io of GABA, NMDA and SHUNT.
type neuronIn[T any] struct {
	x, forced                             T
	coef                                  [numCoefs]T
	wrec                                  T
	isyn, iahp, imem, vmem, spikes, timer T
	more                                  [numMore]T
}

// neuronOut names the outputs: records [T, B, N] and the states after the last step [B, N]. spikes: counts; ypost: ln(Imem/Io)
// after the reset; ypre: before it; isyn, iahp, more relative to Io.
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

// stateNames lists the states in the order of the kernel's inputs and outputs: ln(Isyn/Io), ln(Iahp/Io), ln(Imem/Io) after the
// reset, and vmem = ln(Imem/Io) before it, which drives the positive feedback; spikes of the last step; timer in bins; and with four
// synapse types the currents of the others, I/Io.
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
	if m.forced {
		return 2
	}
	return 1
}

// inputs counts the inputs before the states.
func (m mode) inputs() int {
	n := m.firstCoef() + m.coefs()
	if m.recurrent {
		n++
	}
	return n
}

func splitIn[S ~[]E, E any](m mode, in []S) (a neuronIn[S]) {
	a.x = in[0]
	if m.forced {
		a.forced = in[1]
	}
	copy(a.coef[:m.coefs()], in[m.firstCoef():])
	if m.recurrent {
		a.wrec = in[m.firstCoef()+m.coefs()]
	}
	s := in[m.inputs():]
	a.isyn, a.iahp, a.imem, a.vmem, a.spikes, a.timer = s[0], s[1], s[2], s[3], s[4], s[5]
	copy(a.more[:], s[6:])
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
	size := record.TotalSize()
	k.timer = make([]T, size)
	if k.recurrent {
		k.spiked = make([]T, size)
	}
	d := &k.derived
	lists := []*[]T{&d.decaySyn, &d.chargeSyn, &d.decayAHP, &d.chargeAHP, &d.jumpAHP}
	for i := range k.types() - 1 {
		lists = append(lists, &d.decayMore[i], &d.chargeMore[i])
	}
	for _, d := range lists {
		*d = make([]T, in[k.firstCoef()].TotalSize())
	}
	blocks := (k.b + rowBlock - 1) / rowBlock
	k.scratch, k.err = make([][]T, blocks), make([]error, blocks)
	for i := range k.scratch {
		k.scratch[i] = make([]T, 7*k.n+k.types()*2*k.n)
	}
	var out []tensor.Shape
	for range k.records() {
		out = append(out, record.Clone())
	}
	for range k.states() {
		out = append(out, tensor.Shape{k.b, k.n})
	}
	return out, nil
}

// derive computes what a step needs from the coefficients.
func (k *neuronKernel[T]) derive(c *[numCoefs][]T) {
	d := &k.derived
	for j := range d.decaySyn {
		d.decaySyn[j] = T(fmath.Exp(-float64(c[rateSyn][j])))
		d.chargeSyn[j] = T(-fmath.Expm1(-float64(c[pulseSyn][j])))
		d.decayAHP[j] = T(fmath.Exp(-float64(c[rateAHP][j])))
		d.chargeAHP[j] = T(-fmath.Expm1(-float64(c[pulseAHP][j])))
		d.jumpAHP[j] = d.chargeAHP[j] * c[gainAHP][j]
		for i := range k.types() - 1 {
			d.decayMore[i][j] = T(fmath.Exp(-float64(c[int(rateGABA)+i][j])))
			d.chargeMore[i][j] = T(-fmath.Expm1(-float64(c[int(pulseGABA)+i][j])))
		}
	}
}

// row returns the coefficients of the neurons in a row of the batch, what is derived from them, and their weights.
func (k *neuronKernel[T]) row(b int, a *neuronIn[[]T]) (c [numCoefs][]T, d derived[T], wrec []T) {
	lo, hi := 0, k.n
	if k.perRow {
		lo, hi = b*k.n, (b+1)*k.n
	}
	for i, x := range a.coef[:k.coefs()] {
		c[i] = x[lo:hi]
	}
	e := &k.derived
	d = derived[T]{decaySyn: e.decaySyn[lo:hi], chargeSyn: e.chargeSyn[lo:hi], decayAHP: e.decayAHP[lo:hi], chargeAHP: e.chargeAHP[lo:hi], jumpAHP: e.jumpAHP[lo:hi]}
	for i := range k.types() - 1 {
		d.decayMore[i], d.chargeMore[i] = e.decayMore[i][lo:hi], e.chargeMore[i][lo:hi]
	}
	if wrec = a.wrec; k.ownWrec {
		size := k.n * k.n * k.types()
		wrec = wrec[b*size : (b+1)*size]
	}
	return c, d, wrec
}

// tolerance is how much more than a bin counts as one bin of refractory time: t_ref = dt is a common setting, and its
// rounding in T must not decide between one bin and two.
func tolerance[T kernel.Float]() T {
	if T(1)+T(1e-9) == 1 {
		return 1e-5 // float32, whose ln(Iref) has errors of 2e-6
	}
	return 1e-9
}

// exp and log are those of float64, rounded.
func exp[T kernel.Float](x T) T { return T(fmath.Exp(float64(x))) }
func log[T kernel.Float](x T) T { return T(fmath.Log(float64(x))) }

// branch is one update of the membrane:
//
//	m' = max(m (1 + h (F + leak/Itau (gain Iin/(m+gain) - leak))), 1),   F = (Imem_pre/Io)^(kappa/(kappa+1))
//
// which is the package's Euler step with its terms collected. raw is m' before the bound.
func branch[T kernel.Float](m, h, f, ratio, gain, iin, leak T) (growth, raw T) {
	growth = h * (f + T(ratio*(T(gain*iin)/(m+gain)-leak)))
	return growth, m + T(m*growth)
}

// floor is max(a, 1), in the twin 1 + softplus(a-1).
func (k *neuronKernel[T]) floor(a T) T {
	if k.twin {
		return 1 + T(softplus(float64(a-1)))
	}
	return max(a, 1)
}

// slope is the derivative of floor, or what stands for it.
func (k *neuronKernel[T]) slope(a T) T {
	if k.soft {
		return T(logistic(float64(a - 1)))
	}
	return T(hardSlope(float64(a), 1))
}

func gate[T kernel.Float](timer T) T {
	return T(logistic((0.5 - float64(timer)) / gateWidth))
}

func (k *neuronKernel[T]) Forward(in, out [][]T) error {
	a, o := splitIn(k.mode, in), splitOut(k.mode, out)
	k.derive(&a.coef)
	clear(k.err)
	kernel.Blocks(k.b, rowBlock, func(lo, hi int) {
		k.err[lo/rowBlock] = k.forward(lo, hi, &a, &o, k.scratch[lo/rowBlock])
	})
	for _, err := range k.err {
		if err != nil {
			return err
		}
	}
	return nil
}

func (k *neuronKernel[T]) forward(lo, hi int, a *neuronIn[[]T], o *neuronOut[[]T], buf []T) error {
	n, step, tol := k.n, k.b*k.n, tolerance[T]()
	types := k.types()
	width := n * types
	w, m := buf[:width], buf[width:width+n]
	for b := lo; b < hi; b++ {
		r0, r1 := b*n, (b+1)*n
		c, d, wrec := k.row(b, a)
		isyn, iahp, y, v := o.final[0][r0:r1], o.final[1][r0:r1], o.final[2][r0:r1], o.final[3][r0:r1]
		s, timer := o.final[4][r0:r1], o.final[5][r0:r1]
		for j := range n {
			isyn[j], iahp[j] = exp(a.isyn[r0+j]), exp(a.iahp[r0+j])
			m[j] = exp(a.imem[r0+j])
		}
		copy(y, a.imem[r0:r1])
		copy(v, a.vmem[r0:r1])
		copy(s, a.spikes[r0:r1])
		copy(timer, a.timer[r0:r1])
		var more, traces [numMore][]T
		for i := range types - 1 {
			more[i] = o.final[numStates-numMore+i][r0:r1]
			copy(more[i], a.more[i][r0:r1])
		}
		for t := range k.t {
			at := t*step + r0
			copy(w, a.x[at*types:])
			if k.recurrent {
				copy(k.spiked[at:at+n], s)
				for i, si := range s {
					if si != 0 {
						kernel.Axpy(si, wrec[i*width:(i+1)*width], w)
					}
				}
			}
			for i := range types - 1 {
				traces[i] = o.more[i][at : at+n]
			}
			for j := range n {
				isyn[j] = T(d.decaySyn[j]*isyn[j]) + T(d.chargeSyn[j]*max(c[gainSyn][j]*w[j*types], 1))
				iahp[j] = k.floor(T(d.decayAHP[j]*iahp[j]) + T(d.jumpAHP[j]*s[j]))
				leak := c[leakMem][j] + iahp[j]
				syn := isyn[j]
				if k.four {
					k.charge(j, &c, &d, w, &more)
					syn = drive(syn, more[gaba][j], more[nmda][j], m[j], c[cutoff][j])
					leak += more[shunt][j]
					for i := range traces {
						traces[i][j] = more[i][j]
					}
				}
				ratio := leak / c[leakMem][j]
				f := exp(c[feedback][j] * v[j])
				var pre T
				if k.twin {
					_, on := branch(m[j], c[rateMem][j], f, ratio, c[gainMem][j], k.floor(syn-leak+c[dcMem][j]), leak)
					_, off := branch(m[j], c[rateMem][j], f, ratio, c[gainMem][j], 1, leak)
					yOn, yOff := log(k.bounded(k.floor(on))), log(k.bounded(k.floor(off)))
					pre = yOff + T(gate(timer[j])*(yOn-yOff))
				} else {
					iin := T(1)
					if timer[j] == 0 {
						iin = max(syn-leak+c[dcMem][j], 1)
					}
					_, m[j] = branch(m[j], c[rateMem][j], f, ratio, c[gainMem][j], iin, leak)
					m[j] = k.bounded(max(m[j], 1))
					pre = log(m[j])
				}
				if sum := syn + leak + pre; sum-sum != 0 {
					return fmt.Errorf("%w: step %d, row %d, neuron %d: Isyn = %v Io, Iahp = %v Io, ln(Imem/Io) = %v", ErrState, t, b, j, isyn[j], iahp[j], pre)
				}
				x := pre - c[threshold][j]
				hard := T(max(math.Ceil(float64(x)), 0))
				post := pre
				switch {
				case k.forced:
					hard = a.forced[at+j]
					s[j] = hard
				case k.twin:
					s[j] = T(k.smoothCount(float64(x)))
					post = T(logistic(-float64(x)/k.width)) * pre
				default:
					hard = min(hard, T(k.most))
					s[j] = hard
				}
				switch {
				case k.twin && !k.forced:
					b := T(logistic(float64(x) / k.width))
					timer[j] = T((1-b)*k.tick(timer[j], tol)) + T(b*c[refractory][j])
				case hard > 0:
					timer[j] = c[refractory][j]
				default:
					timer[j] = k.tick(timer[j], tol)
				}
				if hard > 0 && (k.forced || !k.twin) {
					post, m[j] = 0, 1
				} else if k.twin {
					m[j] = exp(post)
				}
				v[j], y[j] = pre, post
				o.spikes[at+j], o.ypost[at+j], o.ypre[at+j] = s[j], post, pre
				o.isyn[at+j], o.iahp[at+j], k.timer[at+j] = isyn[j], iahp[j], timer[j]
			}
		}
		for j := range n {
			isyn[j], iahp[j] = log(isyn[j]), log(iahp[j])
		}
	}
	return nil
}

// bounded keeps m a number that float32 has.
func (k *neuronKernel[T]) bounded(m T) T { return min(m, T(ceiling)) }

// tick takes a bin off the timer: max(timer-1, 0), in the twin a softplus of it.
func (k *neuronKernel[T]) tick(timer, tol T) T {
	switch {
	case k.twin:
		return T(timerWidth * softplus(float64(timer-1)/timerWidth))
	case timer > 1+tol:
		return timer - 1
	}
	return 0
}

// tickSlope is the derivative of tick.
func (k *neuronKernel[T]) tickSlope(timer, tol T) T {
	switch {
	case k.twin:
		return T(logistic(float64(timer-1) / timerWidth))
	case timer > 1+tol:
		return 1
	}
	return 0
}
