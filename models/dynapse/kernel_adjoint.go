package dynapse

import (
	"math"

	"github.com/surge-snn/surge/internal/kernel"
)

func (k *neuronKernel[T]) Backward(in, out, gout, gin [][]T) error {
	if k.rule != Surge || k.forced || k.twin {
		rule := k.rule
		if rule == Surge {
			rule = SurgeS // forced spikes have no rule; the twin is that of S
		}
		k.adjoint(rule, in, out, gout, gin)
		return nil
	}
	if k.second == nil {
		k.second = make([][]T, len(gin))
		for i, g := range in {
			k.second[i] = make([]T, len(g))
		}
	}
	// Both passes give the gradients of the coefficients, whose norms set the share.
	first := append([][]T{}, gin...)
	for i := range k.coefs() {
		if i += k.firstCoef(); first[i] == nil {
			first[i] = make([]T, len(in[i]))
		}
	}
	k.adjoint(SurgeT, in, out, gout, first)
	k.adjoint(SurgeS, in, out, gout, k.second)
	clear(k.second[k.firstCoef()+int(threshold)])
	nt, ns := k.norm(in, first), k.norm(in, k.second)
	scale := share * nt / ns
	switch {
	case ns == 0:
		return nil
	case nt == 0:
		scale = 1
	}
	for i, g := range gin {
		for j := range g {
			g[j] += T(scale * float64(k.second[i][j]))
		}
	}
	return nil
}

// norm returns the norm of the gradient with respect to the logarithms of the coefficients.
func (k *neuronKernel[T]) norm(in, gin [][]T) float64 {
	sum := 0.0
	for c := range k.coefs() {
		i := k.firstCoef() + c
		for j, g := range gin[i] {
			x := float64(g)
			if coef(c) != threshold { // which is a logarithm already
				x *= float64(in[i][j])
			}
			sum += float64(x * x)
		}
	}
	return math.Sqrt(sum)
}

// adjoint runs one backward pass.
func (k *neuronKernel[T]) adjoint(rule Rule, in, out, gout, gin [][]T) {
	a, o := splitIn(k.mode, in), splitOut(k.mode, out)
	g, d := splitOut(k.mode, gout), splitIn(k.mode, gin)
	step, width := k.b*k.n, k.n*k.types()
	for i := range k.coefs() {
		if len(k.partial[i]) != step {
			k.partial[i] = make([]T, step)
		}
		clear(k.partial[i])
	}
	if d.x == nil {
		if len(k.dx) != len(a.x) {
			k.dx = make([]T, len(a.x))
		}
		d.x = k.dx
	}
	clear(d.forced)
	kernel.Blocks(k.b, rowBlock, func(lo, hi int) {
		for b := lo; b < hi; b++ {
			k.adjointRow(rule, b, &a, &o, &g, &d, k.scratch[lo/rowBlock])
		}
	})
	if rule == SurgeT && !k.forced {
		k.clipRows(&a, &d)
	}
	for i, p := range d.coef {
		switch {
		case p == nil:
		case k.perRow:
			copy(p, k.partial[i])
		default:
			kernel.SumRows(p, k.partial[i])
		}
	}
	switch {
	case d.wrec == nil:
	case k.ownWrec:
		kernel.Blocks(k.b, 1, func(b, _ int) { k.rowWeights(b, d.x, d.wrec[b*k.n*width:(b+1)*k.n*width]) })
	default:
		kernel.Gemm(true, false, k.n, width, k.t*k.b, k.spiked, d.x, 0, d.wrec)
	}
}

// rowWeights computes the gradient dw of the weights of one row: dw[i][j] = Σ_t spikes[t-1][i] dx[t][j].
func (k *neuronKernel[T]) rowWeights(b int, dx, dw []T) {
	clear(dw)
	width := k.n * k.types()
	for t := range k.t {
		row := t*k.b + b
		for i, s := range k.spiked[row*k.n : (row+1)*k.n] {
			if s != 0 {
				kernel.Axpy(s, dx[row*width:(row+1)*width], dw[i*width:(i+1)*width])
			}
		}
	}
}

// adjointRow takes one row of the batch back through time. Adjoints of Imem are those of its logarithm, y.
func (k *neuronKernel[T]) adjointRow(rule Rule, b int, a *neuronIn[[]T], o, g *neuronOut[[]T], gin *neuronIn[[]T], buf []T) {
	n, step := k.n, k.b*k.n
	types := k.types()
	width := n * types
	tol := tolerance[T]()
	c, dv, wrec := k.row(b, a)
	w, buf := buf[:width], buf[width:]
	next := func() []T { s := buf[:n:n]; buf = buf[n:]; return s }
	// w: the weighted input; the adjoints of the state: post, pre (through the feedback of the following step), isyn, iahp, spikes,
	// timer; shift: of the time of the spike, through the charges it set off (SurgeT).
	rec, dpost, dpre, disyn, diahp, ds, dtimer, shift := next(), next(), next(), next(), next(), next(), next(), next()
	r0 := b * n
	var dmore [numMore][]T
	for i := range types - 1 {
		dmore[i] = next()
		kernel.Load(dmore[i], g.final[numStates-numMore+i], r0)
	}
	var p [numCoefs][]T
	for i := range k.coefs() {
		p[i] = k.partial[i][r0 : r0+n]
	}
	kernel.Load(dpost, g.final[2], r0)
	kernel.Load(dpre, g.final[3], r0)
	kernel.Load(ds, g.final[4], r0)
	kernel.Load(dtimer, g.final[5], r0)
	kernel.Load(disyn, g.final[0], r0)
	kernel.Load(diahp, g.final[1], r0)
	clear(shift)
	last := (k.t-1)*step + r0
	for j := range n { // the final states are logarithms
		disyn[j] /= o.isyn[last+j]
		diahp[j] /= o.iahp[last+j]
	}
	for t := k.t - 1; t >= 0; t-- {
		at := t*step + r0
		before := at - step
		copy(w, a.x[at*types:])
		if k.recurrent {
			for i, si := range k.spiked[at : at+n] {
				if si != 0 {
					kernel.Axpy(si, wrec[i*width:(i+1)*width], w)
				}
			}
		}
		dx := gin.x[at*types : (at+n)*types]
		for j := range n {
			var isyn0, iahp0, post0, pre0, s0, timer0 T
			if t > 0 {
				isyn0, iahp0, post0, pre0 = o.isyn[before+j], o.iahp[before+j], o.ypost[before+j], o.ypre[before+j]
				s0, timer0 = o.spikes[before+j], k.timer[before+j]
			} else {
				isyn0, iahp0, post0, pre0 = exp(a.isyn[r0+j]), exp(a.iahp[r0+j]), a.imem[r0+j], a.vmem[r0+j]
				s0, timer0 = a.spikes[r0+j], a.timer[r0+j]
			}
			y, s := o.ypre[at+j], o.spikes[at+j]
			x := y - c[threshold][j]
			b := x > 0 && k.most > 0
			if k.forced {
				b = s > 0
			}

			// Spike: count, reset, timer.
			gs := ds[j] + of(g.spikes, at+j)
			gpost := dpost[j] + of(g.ypost, at+j)
			gy := dpre[j] + of(g.ypre, at+j)
			var gx, gtimer T
			switch {
			case k.twin && !k.forced: // below
			case b:
				p[refractory][j] += dtimer[j]
			default:
				gtimer = dtimer[j] * k.tickSlope(timer0, tol)
			}
			switch {
			case k.forced:
				if !b {
					gy += gpost
				}
				if gin.forced != nil {
					gin.forced[at+j] = gs
				}
			case rule == SurgeS:
				count, flag := k.slopes(float64(x))
				gx = T(gs*T(count)) - T(T(gpost*y)*T(flag))
				switch {
				case k.twin:
					b := T(logistic(float64(x) / k.width))
					gy += T((1 - b) * gpost)
					gtimer = T((1-b)*dtimer[j]) * k.tickSlope(timer0, tol)
					p[refractory][j] += T(b * dtimer[j])
					gx += T(T(dtimer[j]*T(flag)) * (c[refractory][j] - k.tick(timer0, tol)))
				case !b:
					gy += gpost
				}
			case rule == SurgeT:
				if !b {
					gy += gpost
					break
				}
				q := shift[j] - dtimer[j] - T(of(g.ypost, at+j)*y)/2
				if t > 0 && g.spikes != nil {
					q += T(s*g.spikes[before+j]) / 2
				}
				if t+1 < k.t && g.spikes != nil {
					q -= T(s*g.spikes[at+step+j]) / 2
				}
				if t > 0 {
					q -= T(of(g.ypost, before+j)*post0) / 2
				}
				gx = q / max(y-post0, leastGrowth)
			case rule == Rockpool:
				gy += k.rockpool(j, b, s, y, gs, gpost, p[ampere], c[ampere])
			}
			gy += gx
			p[threshold][j] -= gx

			// Membrane. In the one bin in which the gate is about to open, the update with it open counts too.
			m0 := exp(post0)
			iahp, isyn := o.iahp[at+j], o.isyn[at+j]
			leak := c[leakMem][j] + iahp
			syn := isyn
			var now, was, gmore [numMore]T
			if k.four {
				for i := range now {
					now[i], gmore[i] = o.more[i][at+j], dmore[i][j]+of(g.more[i], at+j)
					if t > 0 {
						was[i] = o.more[i][before+j]
					} else {
						was[i] = a.more[i][r0+j]
					}
				}
				syn = drive(syn, now[gaba], now[nmda], m0, c[cutoff][j])
				leak += now[shunt]
			}
			ratio := leak / c[leakMem][j]
			h, gain := c[rateMem][j], c[gainMem][j]
			f := exp(c[feedback][j] * pre0)
			input := syn - leak + c[dcMem][j]
			gisyn, gahp := disyn[j]+of(g.isyn, at+j), diahp[j]+of(g.iahp, at+j)
			var gpost0, gpre0, gsyn, gleaks T
			update := func(gy, iin T, open bool) {
				growth, raw := branch(m0, h, f, ratio, gain, iin, leak)
				gr := T(gy * k.slope(raw) * m0 / k.bounded(k.floor(raw)))
				if gr == 0 {
					return
				}
				under := m0 + gain
				drive := gain * iin / under
				gf, gdrive := T(gr*h), T(T(gr*h)*ratio)
				gratio, gleak := T(T(gr*h)*(drive-leak)), -gdrive
				gdrive /= under
				p[rateMem][j] += T(gr * (f + T(ratio*(drive-leak))))
				p[feedback][j] += T(T(gf*f) * pre0)
				gpre0 += T(T(gf*f) * c[feedback][j])
				gpost0 += T(gr*(1+growth)) - T(gdrive*drive*m0)
				p[gainMem][j] += T(gdrive * (iin - drive))
				p[leakMem][j] -= T(gratio*ratio) / c[leakMem][j]
				gleak += gratio / c[leakMem][j]
				if open {
					gin := T(T(gdrive*gain) * k.slope(input))
					gsyn += gin
					p[dcMem][j] += gin
					gleak -= gin
				}
				p[leakMem][j] += gleak
				gleaks += gleak
			}
			switch {
			case k.twin:
				_, on := branch(m0, h, f, ratio, gain, k.floor(input), leak)
				_, off := branch(m0, h, f, ratio, gain, 1, leak)
				gt := gate(timer0)
				update(T(gy*gt), k.floor(input), true)
				update(T(gy*(1-gt)), 1, false)
				jump := log(k.bounded(k.floor(on))) - log(k.bounded(k.floor(off)))
				gtimer -= T(T(gy*jump) * T(float64(gt*(1-gt))/gateWidth))
			case timer0 == 0:
				update(gy, max(input, 1), true)
			default:
				update(gy, 1, false)
				if timer0 <= 1+tol && rule != Rockpool && !k.forced {
					_, on := branch(m0, h, f, ratio, gain, max(input, 1), leak)
					gtimer -= T(gy * (log(k.bounded(max(on, 1))) - y))
				}
			}

			gisyn += gsyn
			gahp += gleaks
			if k.four {
				gpost0 += undrive(&gmore, gsyn, gleaks, now[nmda], m0, c[cutoff][j], &p[cutoff][j])
				k.discharge(j, &gmore, &was, &c, &dv, w, dx, &p, &dmore)
			}

			// Spike frequency adaptation.
			raw := T(dv.decayAHP[j]*iahp0) + T(dv.jumpAHP[j]*s0)
			graw := T(gahp * k.slope(raw))
			p[rateAHP][j] -= T(T(graw*dv.decayAHP[j]) * iahp0)
			jump := T(graw * s0)
			p[pulseAHP][j] += T(T(jump*(1-dv.chargeAHP[j])) * c[gainAHP][j])
			p[gainAHP][j] += T(jump * dv.chargeAHP[j])
			ds[j], shift[j] = 0, 0
			if rule == SurgeT && !k.forced {
				shift[j] = -T(T(jump*dv.jumpAHP[j]) * c[rateAHP][j])
			} else {
				ds[j] = T(graw * dv.jumpAHP[j])
			}

			// Synapse.
			p[rateSyn][j] -= T(T(gisyn*dv.decaySyn[j]) * isyn0)
			wj := w[j*types]
			target := max(T(c[gainSyn][j]*wj), 1)
			p[pulseSyn][j] += T(T(gisyn*target) * (1 - dv.chargeSyn[j]))
			gtarget := T(T(gisyn*dv.chargeSyn[j]) * T(hardSlope(float64(c[gainSyn][j]*wj), 1)))
			p[gainSyn][j] += T(gtarget * wj)
			dx[j*types] = T(gtarget * c[gainSyn][j])

			dpost[j], dpre[j] = gpost0, gpre0
			disyn[j], diahp[j] = T(gisyn*dv.decaySyn[j]), T(graw*dv.decayAHP[j])
			dtimer[j] = gtimer
		}
		if k.recurrent {
			k.recurrence(rule, wrec, &c, dx, k.spiked[at:at+n], rec, w, ds, shift)
		}
	}
	if gin.isyn != nil {
		for j := range n {
			gin.isyn[r0+j] = disyn[j] * exp(a.isyn[r0+j])
		}
	}
	if gin.iahp != nil {
		for j := range n {
			gin.iahp[r0+j] = diahp[j] * exp(a.iahp[r0+j])
		}
	}
	kernel.Store(gin.imem, dpost, r0)
	kernel.Store(gin.vmem, dpre, r0)
	kernel.Store(gin.spikes, ds, r0)
	kernel.Store(gin.timer, dtimer, r0)
	for i, d := range dmore {
		kernel.Store(gin.more[i], d, r0)
	}
}

// recurrence adds to the adjoints of the spikes of the step before what flows back through w_rec: to their
// counts, or in SurgeT to their times, as a charge that came earlier by q bins has decayed by q dt/tau_syn more. (A charge that is moved from
// bin to bin as the output spikes are is nearer to physics and useless: gradients of 3 neurons over 300 bins come out 1e2 to 1e5 times too
// large.)
func (k *neuronKernel[T]) recurrence(rule Rule, wrec []T, c *[numCoefs][]T, dx, spiked, rec, w, ds, shift []T) {
	n, types := k.n, k.types()
	width := n * types
	if rule != SurgeT || k.forced {
		kernel.Gemm(false, true, 1, n, width, dx, wrec, 0, rec)
		for j, r := range rec {
			ds[j] += r
		}
		return
	}
	for j, rate := range c[rateSyn] {
		w[j*types] = dx[j*types] * rate
	}
	for i := range types - 1 {
		for j, rate := range c[int(rateGABA)+i] {
			w[j*types+1+i] = dx[j*types+1+i] * rate
		}
	}
	for i, si := range spiked {
		if si == 0 {
			continue
		}
		sum := T(0)
		for j, wij := range wrec[i*width : (i+1)*width] {
			sum += T(wij * w[j])
		}
		shift[i] -= T(si * sum)
	}
}

// rockpool is the package's rule for one spike, with the linear reset Imem_post = (1-b) Imem + b Io: the adjoint of y before
// the reset. The count has slope 1 per ampere where Imem > Io, b = clip(count, 0, 1) half slopes at 0 and 1.
func (k *neuronKernel[T]) rockpool(j int, b bool, s, y, gs, gpost T, dio, io []T) T {
	if y <= 0 {
		return gpost
	}
	m := exp(y)
	gm := gpost // of Imem after the reset, relative to Io
	if !b {
		gm /= m
	}
	slope := T(0)
	if s <= 1 {
		slope = 0.5
	}
	count := gs + T(T(gm*(1-m))*slope)
	dio[j] += T(count * m)
	gy := T(T(count*m) * io[j])
	if !b {
		gy += gpost
	}
	return gy
}

// of is an element of a gradient that may be absent.
func of[T kernel.Float](g []T, i int) T {
	if g == nil {
		return 0
	}
	return g[i]
}
