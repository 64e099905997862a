package lif

// tangent returns the derivative of the output in a direction of the parameters, [T, N], in forward
// mode: ds is slope(u - VTh) (du - dVTh).
func (tp *tape) tangent(slope func(float64) float64, dir []float64) []float64 {
	var below []float64 // d of the spikes of the layer below
	for l := range tp.traces {
		ly, tr := &tp.net.layers[l], &tp.traces[l]
		n := ly.N
		w, dw, db := ly.w.of(tp.p), ly.w.of(dir), ly.bias.of(dir)
		rec, drec := ly.rec.of(tp.p), ly.rec.of(dir)
		pre := tp.pre(l)
		out, dv, di := make([]float64, len(tr.s)), make([]float64, n), make([]float64, n)
		for t := range tp.steps {
			for j := range n {
				at := t*n + j
				dx := 0.0
				if len(db) > 0 {
					dx += db[j]
				}
				for i := range ly.in {
					dx += pre[t*ly.in+i] * dw[i*n+j]
					if below != nil {
						dx += below[t*ly.in+i] * w[i*n+j]
					}
				}
				before, iBefore := 0.0, 0.0
				if t > 0 {
					before, iBefore = tr.after(ly, at-n, j), tr.i[at-n]
					for i := range len(rec) / n {
						last := (t-1)*n + i
						dx += tr.s[last]*drec[i*n+j] + out[last]*rec[i*n+j]
					}
				}
				dm, dsyn := dir[ly.tauMem.at(j)], 0.0
				if ly.TauSyn > 0 {
					dsyn = dir[ly.tauSyn.at(j)]
				}
				di[j] = dx + tr.beta[j]*di[j] + tr.betaS[j]*dsyn*iBefore
				du := tr.alpha[j]*dv[j] + tr.alphaM[j]*dm*before + tr.k[j]*di[j] + (tr.kM[j]*dm+tr.kS[j]*dsyn)*tr.i[at]
				if ly.Readout {
					out[at], dv[j] = du, du
					continue
				}
				dth := dir[ly.vTh.at(j)]
				out[at] = slope(tr.u[at]-tr.vTh[j]) * (du - dth)
				if ly.Zero {
					dv[j] = du*(1-tr.s[at]) - tr.u[at]*out[at]
				} else {
					dv[j] = du - dth*tr.s[at] - tr.vTh[j]*out[at]
				}
			}
		}
		below = out
	}
	return below
}
