package lif

import (
	"math"

	"github.com/surge-snn/surge/bench/gradbench"
)

// Mismatch returns the share of the spikes of the network without noise that K fixed-point sweeps
// get wrong: spikes that one has and the other has not, over the number of spikes, mean over the
// inputs with its standard error. A sweep computes all steps of a layer at once from the resets of
// the sweep before, the first without resets; after K sweeps the first K steps are those of the
// sequential neuron. It is NaN of a problem that cannot be simulated.
func (p *Problem) Mismatch(sweeps int) gradbench.Estimate {
	var s, ss float64
	for input := range p.Inputs() {
		if p.check(p.Params(), input) != nil {
			return gradbench.Estimate{Value: math.NaN(), SE: math.NaN()}
		}
		quiet := *p
		quiet.Width = 0
		tp := quiet.run(p.Net.Params, input, 0)
		wrong, spikes := 0.0, 0.0
		below := p.Input[input]
		for l := range tp.traces {
			got := tp.sweep(l, sweeps, below)
			for at, x := range tp.traces[l].s {
				wrong += math.Abs(got[at] - x)
				spikes += x
			}
			below = got
		}
		x := wrong / max(spikes, 1)
		s, ss = s+x, ss+x*x
	}
	n := float64(p.Inputs())
	return gradbench.Estimate{Value: s / n, SE: math.Sqrt(max(ss/n-s*s/n/n, 0) / n)}
}

// sweep returns the spikes of layer l after so many sweeps, for spikes of the layer below.
func (tp *tape) sweep(l, sweeps int, below []float64) []float64 {
	ly, tr := &tp.net.layers[l], &tp.traces[l]
	n := ly.N
	w, bias := ly.w.of(tp.p), ly.bias.of(tp.p)
	drive := make([]float64, len(tr.s)) // k i
	i := make([]float64, n)
	for t := range tp.steps {
		for j := range n {
			i[j] *= tr.beta[j]
			if len(bias) > 0 {
				i[j] += bias[j]
			}
		}
		for c, s := range below[t*ly.in : (t+1)*ly.in] {
			for j := range n {
				i[j] += s * w[c*n+j]
			}
		}
		for j := range n {
			drive[t*n+j] = tr.k[j] * i[j]
		}
	}
	s := make([]float64, len(tr.s))
	for range sweeps {
		next := make([]float64, len(s))
		for j := range n {
			v := 0.0
			for at := j; at < len(s); at += n {
				u := tr.alpha[j]*v + drive[at]
				if u > tr.vTh[j] {
					next[at] = 1
				}
				if v = u - tr.vTh[j]*s[at]; ly.Zero {
					v = u * (1 - s[at])
				}
			}
		}
		s = next
	}
	return s
}
