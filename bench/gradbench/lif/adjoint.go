package lif

// backward says how the adjoint passes a spike.
type backward struct {
	slope   func(x float64) float64 // ds/du at x above threshold
	relaxed bool                    // the slope is that at the threshold with its noise
	detach  bool                    // nothing passes through the spikes in the reset
	window  int                     // nothing passes from a multiple of so many steps to the step before; 0: everywhere
	local   bool                    // nothing passes through w_rec to the spikes of the step before
	// site, where it is not nil, holds for every spiking layer [T, N] the adjoint of u through the
	// spike; the spikes themselves are constants then.
	site [][]float64
	// sweeps, where it is not 0, is how many fixed-point sweeps the reset is solved in: an adjoint
	// passes through sweeps-1 resets at most.
	sweeps int
	// reset, of one sweep, holds the adjoint of v from the sweep before, [T, N], and gets that of
	// this one.
	reset []float64
}

// adjoint adds to g the gradient of a loss of which dOut is the derivative with respect to the
// output, [T, N].
func (tp *tape) adjoint(b backward, dOut, g []float64) {
	ds := dOut
	for l := len(tp.traces) - 1; l >= 0; l-- {
		below := []float64(nil)
		if l > 0 {
			below = make([]float64, tp.steps*tp.net.layers[l].in)
		}
		one := b
		if b.sweeps > 0 && !tp.net.layers[l].Readout {
			one.reset = make([]float64, tp.steps*tp.net.layers[l].N)
			for range b.sweeps - 1 {
				tp.back(l, one, ds, nil, make([]float64, len(g)))
			}
		}
		tp.back(l, one, ds, below, g)
		ds = below
	}
}

// back is the adjoint of one layer. ds is the adjoint of its output; below, where it is not nil,
// gets that of the layer below.
func (tp *tape) back(l int, b backward, ds, below, g []float64) {
	ly, tr := &tp.net.layers[l], &tp.traces[l]
	n := ly.N
	av, ai, du := make([]float64, n), make([]float64, n), make([]float64, n) // of v[t], i[t] from the step after, and u[t]
	rec := ly.rec.of(tp.p)
	fromRec := make([]float64, n)
	ax := make([]float64, tp.steps*n)
	for t := tp.steps - 1; t >= 0; t-- {
		now := t * n
		if b.window > 0 && (t+1)%b.window == 0 {
			clear(av)
			clear(ai)
			clear(fromRec)
		}
		for j := range n {
			at := now + j
			if ly.Readout {
				du[j] = av[j] + ds[at]
				continue
			}
			as, keep, drop := ds[at]+fromRec[j], 1.0, tr.vTh[j] // a spike lowers v by drop
			if ly.Zero {
				keep, drop = 1-tr.s[at], tr.u[at]
			} else {
				g[ly.vTh.at(j)] -= tr.s[at] * av[j]
			}
			switch {
			case b.detach:
			case b.reset != nil:
				as -= drop * b.reset[at]
				b.reset[at] = av[j]
			default:
				as -= drop * av[j]
			}
			spike := 0.0
			if b.site != nil {
				spike = b.site[l][at]
			} else {
				x := tr.u[at] - tr.vTh[j]
				if b.relaxed {
					x -= tp.fire.noise[l][at]
				}
				spike = b.slope(x) * as
			}
			g[ly.vTh.at(j)] -= spike
			du[j] = keep*av[j] + spike
		}
		for j := range n {
			at := now + j
			before, iBefore := 0.0, 0.0
			if t > 0 {
				before, iBefore = tr.after(ly, at-n, j), tr.i[at-n]
			}
			a := tr.k[j]*du[j] + ai[j]
			g[ly.tauMem.at(j)] += du[j] * (tr.alphaM[j]*before + tr.kM[j]*tr.i[at])
			if ly.TauSyn > 0 {
				g[ly.tauSyn.at(j)] += du[j]*tr.kS[j]*tr.i[at] + a*tr.betaS[j]*iBefore
			}
			ax[at] = a
			av[j], ai[j] = tr.alpha[j]*du[j], tr.beta[j]*a
		}
		if len(rec) > 0 && t > 0 {
			gr := ly.rec.of(g)
			for pre := range n {
				sum, s := 0.0, tr.s[now-n+pre]
				for j := range n {
					sum += rec[pre*n+j] * ax[now+j]
					gr[pre*n+j] += s * ax[now+j]
				}
				if !b.local {
					fromRec[pre] = sum
				}
			}
		}
	}
	tp.weights(l, ax, below, g)
}

// weights adds the gradient of weights and bias of layer l, of whose input ax is the adjoint, and
// the adjoint of the layer below.
func (tp *tape) weights(l int, ax, below, g []float64) {
	ly := &tp.net.layers[l]
	n, in := ly.N, ly.in
	w, gw, gb, pre := ly.w.of(tp.p), ly.w.of(g), ly.bias.of(g), tp.pre(l)
	for t := range tp.steps {
		a := ax[t*n : (t+1)*n]
		for j := range gb {
			gb[j] += a[j]
		}
		for i := range in {
			if s := pre[t*in+i]; s != 0 {
				for j, a := range a {
					gw[i*n+j] += s * a
				}
			}
			if below != nil {
				sum := 0.0
				for j, a := range a {
					sum += w[i*n+j] * a
				}
				below[t*in+i] = sum
			}
		}
	}
}
