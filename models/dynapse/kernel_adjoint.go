package dynapse

import (
	"github.com/surge-snn/surge/internal/cells"
	"github.com/surge-snn/surge/internal/kernel"
)

// flow is an adjoint on its way back through time, by one rule. All but dx are [B, N].
type flow[T kernel.Float] struct {
	rule Rule
	// Adjoints of the state: of ln Imem after the reset and before it (through the feedback of the
	// following step), of the synapse, the adaptation, spikes and timer. shift is that of the time
	// of a spike, through the charges that it set off in other neurons (SurgeT).
	post, pre, isyn, iahp, spikes, timer, shift []T
	more                                        [numMore][]T

	// Sums of the adjoints of the coefficients over time and over the groups of a task.
	partial [numCoefs]kernel.TimeSum[T]
	coef    [numCoefs][]T // and over rows, unless they are [B, N]
	dx      []T           // [T, B, N] of the weighted input, or of one step where nobody asks for it
	own     []T           // memory for dx
}

// adjoint is the memory and the operands of the loops of a block's adjoint.
type adjoint[T kernel.Float] struct {
	mixed           cells.Mixed[T] // of which other rules have Local, T or S, and LinearT
	slopes          cells.Slopes[T]
	forced          cells.SpikeForced[T]
	rockpool        cells.SpikeRockpool[T]
	gsyn, gleak, gy []T
	back            []T // [block, N], what comes back through w_rec
	product         kernel.Scratch[T]
	moved           []T    // a row of the weighted input, times rates
	ddc             [2][]T // of each flow, the adjoint of Idc in a step, where it moves
	spikes          [3][]T // gradients of spikes of a stream, of step t in number t mod 3
}

func newAdjoint[T kernel.Float](block int, memory *lines[T]) (a adjoint[T]) {
	list := func() []T { return memory.take(block) }
	l := &a.mixed.Local
	l.F, l.Drive, l.Iin, l.M0, l.InvUnder, l.Gain, l.Inner, l.Open, l.SlopeAHP, l.Jump, l.Leak = list(), list(), list(), list(), list(), list(), list(), list(), list(), list(), list()
	a.slopes.Count, a.slopes.Flag = list(), list()
	a.gsyn, a.gleak, a.gy = list(), list(), list()
	return a
}

func (k *neuronKernel[T]) Backward(in, out, gout, gin [][]T) error {
	k.in, k.out = splitIn(k.mode, in), splitOut(k.mode, out)
	k.traces()
	k.gout, k.gin = splitOut(k.mode, gout), splitIn(k.mode, gin)
	k.begin()
	if k.flows[0].rule == Surge {
		k.moveSpikes()
	}
	kernel.Blocks(k.b, k.block, k.backward)
	k.finish()
	return nil
}

// rules are those of the flows that the gradient is made of.
func (k *neuronKernel[T]) rules() []Rule {
	switch {
	case k.rule != Surge && k.rule != SurgeMixed:
		return []Rule{k.rule}
	case k.forced || k.twin: // forced spikes have no rule; the twin is that of S
		return []Rule{SurgeS}
	case k.rule == SurgeMixed:
		return []Rule{SurgeT, SurgeS}
	}
	return []Rule{Surge}
}

// begin sets the flows to the cotangents of the state after the last step.
func (k *neuronKernel[T]) begin() {
	if k.flows == nil {
		k.makeFlows()
	}
	g, last := &k.gout, k.place(k.t-1, 0, k.b)
	isyn, iahp := now(last, k.out.isyn), now(last, k.out.iahp)
	for i := range k.flows {
		f := &k.flows[i]
		for c := range k.coefs() {
			f.partial[c].Begin(len(f.partial[c].Part), true)
		}
		for j, x := range [][]T{f.isyn, f.iahp, f.post, f.pre, f.spikes, f.timer} {
			kernel.Load(x, g.final[j], 0)
		}
		for j := range k.types() - 1 {
			kernel.Load(f.more[j], g.final[numStates-numMore+j], 0)
		}
		for j := range f.isyn { // the final states are logarithms
			f.isyn[j] /= isyn[j]
			f.iahp[j] /= iahp[j]
		}
		if f.rule.moves() && !k.forced {
			clear(f.spikes)
		}
		clear(f.shift)
		switch whole := k.gin.x != nil || k.gin.wrec != nil; {
		case k.gin.x != nil && i == 0:
			f.dx = k.gin.x
		case whole && len(f.own) < len(k.in.x):
			f.own = k.memory.take(len(k.in.x))
			f.dx = f.own
		case !whole && f.own == nil:
			f.own = k.memory.take(len(k.in.x) / k.t)
			f.dx = f.own
		default:
			f.dx = f.own
		}
	}
	if k.recurrent && !k.ownWrec && k.anyCounts() {
		k.transposed.PackTransposed(k.in.wrec, k.n, k.n*k.types())
	}
}

// anyCounts says whether some flow takes the adjoint of spike counts through w_rec.
func (k *neuronKernel[T]) anyCounts() bool {
	return k.forced || !k.flows[len(k.flows)-1].rule.moves()
}

func (k *neuronKernel[T]) makeFlows() {
	rules, step := k.rules(), k.b*k.n
	k.flows = make([]flow[T], len(rules))
	for i, rule := range rules {
		f := &k.flows[i]
		f.rule = rule
		for _, x := range []*[]T{&f.post, &f.pre, &f.isyn, &f.iahp, &f.spikes, &f.timer, &f.shift} {
			*x = k.memory.take(step)
		}
		for j := range k.types() - 1 {
			f.more[j] = k.memory.take(step)
		}
		for c := range k.coefs() {
			size := len(k.tasks) * k.group * k.n
			if k.rowSums() {
				size = step
			}
			f.partial[c].Part = k.memory.take(size)
			if f.coef[c] = f.partial[c].Part; !k.perRow {
				f.coef[c] = make([]T, k.n)
			}
		}
	}
	if k.recurrent {
		for i := range k.tasks {
			k.tasks[i].adjoint.back, k.tasks[i].adjoint.moved = k.memory.take(k.block*k.n), make([]T, k.n*k.types())
		}
	}
}

func (k *neuronKernel[T]) backwardRows(lo, hi int) {
	w := &k.tasks[lo/k.block]
	width := k.n * k.types()
	k.readCounts(w, k.t-1, lo, hi)
	for t := k.t - 1; t >= 0; t-- {
		k.readCounts(w, t-1, lo, hi)
		x := k.weigh(w, t, lo, hi)
		for row := lo; row < hi; {
			end := k.until(row, hi)
			k.retreat(w, k.place(t, row, end), x[(row-lo)*width:(end-lo)*width])
			row = end
		}
		if k.recurrent {
			for i := range k.flows {
				k.recurrence(w, &k.flows[i], t, lo, hi)
			}
		}
		k.spikeAgain(w, t-2, lo, hi)
		k.fold(t, lo, hi)
	}
}

// fold adds up the sums over time of the rows of a task behind step t, and ends them behind the
// first step.
func (k *neuronKernel[T]) fold(t, lo, hi int) {
	from, to := lo*k.n, hi*k.n
	if !k.rowSums() {
		from = lo / k.block * k.group * k.n
		to = from + k.group*k.n
	}
	for i := range k.flows {
		for c := range k.coefs() {
			s := &k.flows[i].partial[c]
			if s.Fold(t, from, to); t == 0 {
				s.End(from, to)
			}
		}
	}
}

// inputs returns the part of the adjoint of the weighted input.
func (f *flow[T]) inputs(t, b, lo, hi, width int) []T {
	if len(f.dx) == b*width {
		t = 0
	}
	return f.dx[(t*b+lo)*width : (t*b+hi)*width]
}

// sums is where a flow sums the adjoint of a coefficient.
func sums[T kernel.Float](p place, f *flow[T], c coef) []T {
	return f.partial[c].Part[p.sums : p.sums+p.n]
}

// or is the part of a cotangent that may be missing.
func (k *neuronKernel[T]) or(p place, g []T, t int) []T {
	if g == nil || t < 0 || t >= k.t {
		return k.zeros[:p.hi-p.lo]
	}
	return at(p, g, t)
}

// counts is the part of the cotangent of the spikes of step t.
func (k *neuronKernel[T]) counts(w *task[T], p place, t int) []T {
	if k.gradient == nil || k.gout.spikes != nil || t < 0 || t >= k.t {
		return k.or(p, k.gout.spikes, t)
	}
	lo := p.lo / (k.n * k.block) * (k.n * k.block) // of the task
	return w.adjoint.spikes[t%3][p.lo-lo : p.hi-lo]
}

// readCounts reads the cotangent of the spikes of step t, where it comes as a stream.
func (k *neuronKernel[T]) readCounts(w *task[T], t, lo, hi int) {
	if a := &w.adjoint; k.gradient != nil && k.gout.spikes == nil && t >= 0 {
		x := &a.spikes[t%3]
		if *x == nil {
			*x = k.memory.take(k.block * k.n)
		}
		k.gradient.Rows(*x, k.n, t*k.b+lo, hi-lo, 0, k.n, &a.product)
	}
}

// retreat takes the adjoints of some rows over a step back, for their weighted input x.
func (k *neuronKernel[T]) retreat(w *task[T], p place, x []T) {
	a := &w.adjoint
	mixed := len(k.flows) == 2 && !k.four && !k.soft
	k.localDerivatives(w, p, mixed)
	for i := range k.flows {
		f, v := &k.flows[i], a.linear(i)
		k.spike(w, f, p, mixed)
		ampa := x
		dx := f.inputs(p.t, k.b, p.lo/k.n, p.hi/k.n, k.n*k.types())
		dampa := dx
		if k.four {
			ampa, dampa = column(w.ampa, x, 0), w.dampa[:p.hi-p.lo]
		}
		k.linearOperands(w, v, f, p, ampa, dampa)
		if k.driven {
			v.DDcMem = a.ddc[i][:p.n]
			clear(v.DDcMem)
		}
		switch {
		case mixed:
		case k.twin:
			k.twinLinear(w, v, p)
		default:
			v.Run(w.scratch, p.n, p.rows)
		}
		if k.four {
			for j, d := range dampa {
				dx[j*SynapseTypes] = d
			}
			k.discharge(p, f, v, x, dx)
		}
	}
	if mixed {
		k.ahead(&a.mixed.Next, p, x)
		a.mixed.Run(w.scratch, p.n, p.rows)
	}
	if k.driven {
		for i := range k.flows {
			d, to := a.ddc[i][:p.n], sums(p, &k.flows[i], dcMem)
			for j, level := range now(p, k.in.dc) {
				to[j] += T(d[j] * level)
			}
		}
	}
}

// ahead names what the next step back reads and writes, which is far away in memory.
func (k *neuronKernel[T]) ahead(n *cells.Next[T], p place, x []T) {
	n.W, n.DWT, n.DWS = x, x, x
	if p.t > 0 {
		p.t--
		lo, hi, width := p.lo/k.n, p.hi/k.n, k.n*k.types()
		n.W = k.in.x[(p.t*k.b+lo)*width : (p.t*k.b+hi)*width]
		n.DWT, n.DWS = k.flows[0].inputs(p.t, k.b, lo, hi, width), k.flows[1].inputs(p.t, k.b, lo, hi, width)
	}
	n.Timer0, n.Iahp0, n.Isyn0 = before(p, k.timer, k.in.timer), before(p, k.out.iahp, k.iahp0), before(p, k.out.isyn, k.isyn0)
}

// linear returns the operands for membrane, adaptation and synapse of flow i.
func (a *adjoint[T]) linear(i int) *cells.Linear[T] {
	if i == 0 {
		return &a.mixed.LinearT
	}
	return &a.mixed.LinearS
}

// localDerivatives computes what the flows share, but for what the loop for mixed flows does.
func (k *neuronKernel[T]) localDerivatives(w *task[T], p place, mixed bool) {
	a, in, o, c, d := &w.adjoint, &k.in, &k.out, &k.coef, &k.derived
	l := &a.mixed.Local
	l.Post0, l.Pre0, l.Timer0 = before(p, o.ypost, in.imem), before(p, o.ypre, in.vmem), before(p, k.timer, in.timer)
	l.Syn, l.Iahp, l.Pre = now(p, o.isyn), now(p, o.iahp), now(p, o.ypre)
	l.Iahp0, l.S0 = before(p, o.iahp, k.iahp0), before(p, o.spikes, in.spikes)
	l.LeakMem = per(p, c[leakMem])
	if k.four {
		l.Syn, l.LeakMem = k.drives(w, p)
	}
	l.RateMem, l.Feedback, l.GainMem, l.DcMem = per(p, c[rateMem]), per(p, c[feedback]), per(p, c[gainMem]), k.dc(w.dc, p)
	l.InvLeak, l.DecayAHP, l.JumpAHP = per(p, d.invLeak), per(p, d.decayAHP), per(p, d.jumpAHP)
	if l.Gate = 1 + tolerance[T](); k.rule == Rockpool || k.forced {
		l.Gate = 0
	}
	switch {
	case k.twin || mixed: // later
	case k.soft:
		l.RunSoft(w.scratch, p.n, p.rows)
	default:
		l.Run(w.scratch, p.n, p.rows)
	}
	if k.forced || k.flows[len(k.flows)-1].rule != SurgeS {
		return
	}
	s := &a.slopes
	s.Pre, s.Threshold = l.Pre, per(p, c[threshold])
	s.InvWidth, s.Fall, s.Most = T(1/k.width), T(k.fall), T(k.most)
	if k.twin {
		k.twinSlopes(s)
	} else {
		s.Run(w.scratch, p.n, p.rows)
	}
}

// spike takes the adjoints of a flow over spike, reset and timer; of mixed flows it sets the
// operands alone.
func (k *neuronKernel[T]) spike(w *task[T], f *flow[T], p place, mixed bool) {
	a, in, o, c, g := &w.adjoint, &k.in, &k.out, &k.coef, &k.gout
	pre, timer0, thr := now(p, o.ypre), before(p, k.timer, in.timer), per(p, c[threshold])
	post, dpre, spikes, timer := of(p, f.post), of(p, f.pre), of(p, f.spikes), of(p, f.timer)
	gpost, gpre, gs := k.or(p, g.ypost, p.t), k.or(p, g.ypre, p.t), k.counts(w, p, p.t)
	dthr, drefr, gy := sums(p, f, threshold), sums(p, f, refractory), a.gy[:len(pre)]
	tick := 1 + tolerance[T]()
	switch {
	case k.forced:
		if k.gin.forced != nil {
			for j, d := range spikes {
				now(p, k.gin.forced)[j] = d + gs[j]
			}
		}
		a.forced = cells.SpikeForced[T]{S: now(p, o.spikes), Timer0: timer0, DPost: post, DPre: dpre, GPost: gpost, GPre: gpre, DTimer: timer, DRefractory: drefr, Gy: gy, Tick: tick}
		if k.twin {
			k.twinForced(&a.forced)
		} else {
			a.forced.Run(w.scratch, p.n, p.rows)
		}
	case f.rule == Surge:
		k.spikeMoved(w, p, cells.SpikeForced[T]{S: now(p, o.spikes), Timer0: timer0, DPost: post, DPre: dpre, GPost: gpost, GPre: gpre, DTimer: timer, DRefractory: drefr, Gy: gy, Tick: tick}, dthr)
	case f.rule == SurgeS:
		s := &a.mixed.S
		s.Pre, s.Timer0, s.Threshold, s.Count, s.Flag = pre, timer0, thr, a.slopes.Count, a.slopes.Flag
		s.DS, s.DPost, s.DPre, s.GS, s.GPost, s.GPre = spikes, post, dpre, gs, gpost, gpre
		s.DTimer, s.DThreshold, s.DRefractory, s.Gy, s.Tick = timer, dthr, drefr, gy, tick
		switch {
		case mixed:
		case k.twin:
			k.twinSpike(s, per(p, c[refractory]))
		default:
			s.Run(w.scratch, p.n, p.rows)
		}
	case f.rule == SurgeT:
		s := &a.mixed.T
		s.Pre, s.Timer0, s.Threshold, s.S, s.Post0, s.RateAHP = pre, timer0, thr, now(p, o.spikes), before(p, o.ypost, in.imem), per(p, c[rateAHP])
		s.Shift, s.DS, s.DPost, s.DPre, s.GPost, s.GPre = of(p, f.shift), spikes, post, dpre, gpost, gpre
		s.GSBefore, s.GSAfter, s.GPostBefore = k.counts(w, p, p.t-1), k.counts(w, p, p.t+1), k.or(p, g.ypost, p.t-1)
		s.DTimer, s.DThreshold, s.DRefractory, s.Gy, s.Tick = timer, dthr, drefr, gy, tick
		if !mixed {
			s.Run(w.scratch, p.n, p.rows)
		}
	default:
		s := &a.rockpool
		s.Pre, s.Timer0, s.Threshold, s.S, s.Ampere = pre, timer0, thr, now(p, o.spikes), per(p, c[ampere])
		s.DS, s.DPost, s.DPre, s.GS, s.GPost, s.GPre = spikes, post, dpre, gs, gpost, gpre
		s.DTimer, s.DAmpere, s.DRefractory, s.Gy, s.Tick = timer, sums(p, f, ampere), drefr, gy, tick
		s.Run(w.scratch, p.n, p.rows)
	}
}

// linearOperands sets the operands of the loop for membrane, adaptation and synapse.
func (k *neuronKernel[T]) linearOperands(w *task[T], v *cells.Linear[T], f *flow[T], p place, x, dx []T) {
	a, o, c, d, g := &w.adjoint, &k.out, &k.coef, &k.derived, &k.gout
	l, n := &a.mixed.Local, p.hi-p.lo
	v.Gy, v.F, v.Drive, v.Iin, v.M0, v.InvUnder = a.gy[:n], l.F, l.Drive, l.Iin, l.M0[:n], l.InvUnder
	v.Gain, v.Inner, v.Open, v.SlopeAHP, v.Jump, v.Leak = l.Gain, l.Inner, l.Open, l.SlopeAHP, l.Jump, l.Leak
	v.Pre0, v.Iahp0, v.S0, v.Isyn0, v.W = l.Pre0, l.Iahp0, l.S0, before(p, o.isyn, k.isyn0), x
	v.RateMem, v.Feedback, v.GainMem, v.InvLeak = l.RateMem, l.Feedback, l.GainMem, l.InvLeak
	v.DecayAHP, v.JumpAHP, v.ChargeAHP, v.GainAHP = l.DecayAHP, l.JumpAHP, per(p, d.chargeAHP), per(p, c[gainAHP])
	v.DecaySyn, v.ChargeSyn, v.GainSyn = per(p, d.decaySyn), per(p, d.chargeSyn), per(p, c[gainSyn])
	v.GIsyn, v.GIahp = k.or(p, g.isyn, p.t), k.or(p, g.iahp, p.t)
	v.DIsyn, v.DIahp, v.DTimer = of(p, f.isyn), of(p, f.iahp), of(p, f.timer)
	sum := func(c coef) []T { return sums(p, f, c) }
	v.DRateMem, v.DFeedback, v.DGainMem, v.DLeakMem, v.DDcMem = sum(rateMem), sum(feedback), sum(gainMem), sum(leakMem), sum(dcMem)
	v.DRateAHP, v.DPulseAHP, v.DGainAHP = sum(rateAHP), sum(pulseAHP), sum(gainAHP)
	v.DRateSyn, v.DPulseSyn, v.DGainSyn = sum(rateSyn), sum(pulseSyn), sum(gainSyn)
	v.DPost, v.DPre, v.DW, v.DS, v.Gsyn, v.Gleak = of(p, f.post), of(p, f.pre), dx, of(p, f.spikes), a.gsyn[:n], a.gleak[:n]
}

// recurrence adds to the adjoints of the spikes of the step before what flows back through w_rec:
// to their counts, or in SurgeT to their times, as a charge that came earlier by q bins has decayed
// by q dt/tau_syn more. (A charge that is moved from bin to bin as the output spikes are is nearer
// to physics and useless: gradients of 3 neurons over 300 bins come out 1e2 to 1e5 times too
// large.)
func (k *neuronKernel[T]) recurrence(w *task[T], f *flow[T], t, lo, hi int) {
	n, width := k.n, k.n*k.types()
	dx := f.inputs(t, k.b, lo, hi, width)
	if f.rule.moves() && !k.forced {
		if f.rule == SurgeT {
			k.shifts(w, f, t, lo, hi, dx)
		}
		return
	}
	back := w.adjoint.back[:(hi-lo)*n]
	if k.ownWrec {
		for row := lo; row < hi; row++ {
			kernel.Gemm(false, true, 1, n, width, dx[(row-lo)*width:(row-lo+1)*width], k.weights(row), 0, back[(row-lo)*n:(row-lo+1)*n])
		}
	} else {
		k.transposed.Product(back, n, 0, hi-lo, 0, n, kernel.Matrix[T]{X: kernel.RowMajor(dx, hi-lo, width)}, false, &w.adjoint.product)
	}
	kernel.Axpy(1, back, f.spikes[lo*n:hi*n])
}

// shifts is recurrence for SurgeT: of the neurons that spiked in the step before.
func (k *neuronKernel[T]) shifts(w *task[T], f *flow[T], t, lo, hi int, dx []T) {
	n, types := k.n, k.types()
	width := n * types
	shift, moved := f.shift[lo*n:hi*n], w.adjoint.moved
	clear(shift)
	for row := range hi - lo {
		events, first := k.entering(t, lo+row)
		col, val := events.Row(first)
		if len(col) == 0 {
			continue
		}
		k.rates(moved, k.place(t, lo+row, lo+row+1), dx[row*width:(row+1)*width])
		for e, i := range col {
			s := T(1)
			if val != nil {
				s = val[e]
			}
			shift[row*n+int(i)] = -T(s * kernel.Dot(k.weights(lo + row)[int(i)*width:(int(i)+1)*width], moved))
		}
	}
}

// rates writes the adjoint of the weighted input of a row times the rates of decay of the synapses.
func (k *neuronKernel[T]) rates(moved []T, p place, dx []T) {
	types := k.types()
	if types == 1 {
		kernel.Mul(moved, dx, per(p, k.coef[rateSyn])[:k.n])
		return
	}
	for i := range types {
		rate := per(p, k.coef[rateSyn])
		if i > 0 {
			rate = per(p, k.coef[int(rateGABA)+i-1])
		}
		for j := range k.n {
			moved[j*types+i] = dx[j*types+i] * rate[j]
		}
	}
}
