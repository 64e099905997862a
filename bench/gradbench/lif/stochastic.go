package lif

import (
	"fmt"

	"github.com/surge-snn/surge/bench/gradbench"
	"github.com/surge-snn/surge/internal/fmath"
)

// Score is the score-function estimator of the gradient of the expected loss under escape noise. A
// draw is so many runs (2 at least), and the loss of each is compared with the mean of the others:
//
//	g = Σ_runs (ℓ - b)/runs Σ_sites (s - p)/w ∇u + ∇ℓ,   dp/du = p(1 - p)/w
//
// It is unbiased. Its variance grows with the number of sites.
func (p *Problem) Score(runs int) gradbench.Estimator {
	wrong := ""
	if runs < 2 || runs > 1<<16 {
		wrong = fmt.Sprintf("%d runs, want 2 or more", runs)
	}
	return p.checked(gradbench.Estimator{Name: fmt.Sprintf("score %d", runs), Random: true, Gradient: func(g, params []float64, input int, draw uint64) error {
		tapes, loss, total := make([]*tape, runs), make([]float64, runs), 0.0
		d := make([][]float64, runs)
		for r := range runs {
			tapes[r] = p.run(params, input, draw|uint64(r)<<56)
			d[r] = make([]float64, len(tapes[r].out()))
			loss[r] = p.loss(tapes[r], input, d[r])
			total += loss[r]
		}
		one := make([]float64, len(g))
		for r, tp := range tapes {
			a := (loss[r] - (total-loss[r])/float64(runs-1)) / p.Width
			sites := tp.sites(func(_, _, _ int, s, prob float64) float64 { return a * (s - prob) })
			clear(one)
			tp.adjoint(backward{site: sites}, d[r], one)
			for k, x := range one {
				g[k] += x / float64(runs)
			}
		}
		return nil
	}}, wrong)
}

// sites returns the adjoint of u through every spike, from step, neuron, spike and its probability.
func (tp *tape) sites(f func(l, t, j int, s, prob float64) float64) [][]float64 {
	all := make([][]float64, len(tp.traces))
	for l := range tp.traces {
		ly, tr := &tp.net.layers[l], &tp.traces[l]
		if ly.Readout {
			continue
		}
		all[l] = make([]float64, len(tr.s))
		for at, s := range tr.s {
			j := at % ly.N
			all[l][at] = f(l, at/ly.N, j, s, 1/(1+fmath.Exp((tr.vTh[j]-tr.u[at])/tp.fire.width)))
		}
	}
	return all
}

// Relaxed is the gradient of the reparameterised network with relaxed spikes, the concrete
// distribution (Maddison, Mnih and Teh 2017, arXiv 1611.00712; Jang, Gu and Poole 2017, arXiv
// 1611.01144): noise ξ of the threshold that does not depend on the parameters, and
//
//	s = σ((u - VTh - ξ)/temperature)
//
// It is unbiased for the expected loss of the relaxed network, which becomes that of spikes as the
// temperature goes to 0, where its variance grows without bound. The temperature is in units of the
// threshold.
func (p *Problem) Relaxed(temperature float64) gradbench.Estimator {
	sigmoid := func(x float64) float64 { return 1 / (1 + fmath.Exp(-x/temperature)) }
	slope := func(x float64) float64 {
		s := sigmoid(x)
		return s * (1 - s) / temperature
	}
	wrong := ""
	if !(temperature > 0) {
		wrong = fmt.Sprintf("the temperature %g, want > 0", temperature)
	}
	return p.checked(gradbench.Estimator{Name: fmt.Sprintf("relaxed %.3g", temperature), Random: true, Gradient: func(g, params []float64, input int, draw uint64) error {
		f := fire{smooth: sigmoid, width: p.Width, noise: p.noise(input, draw)}
		tp := p.Net.run(params, p.Input[input], p.Steps, f)
		d := make([]float64, len(tp.out()))
		p.loss(tp, input, d)
		tp.adjoint(backward{slope: slope, relaxed: true}, d, g)
		return nil
	}}, wrong)
}

// Difference is the estimator that gives the other spike to sites and runs the rest of the sample
// again with the same random numbers, so that what follows differs by the spike alone:
//
//	g = Σ_sites dp/du (ℓ with the spike - ℓ without) ∇u + ∇ℓ
//
// Of all sites it draws so many, with probabilities in proportion to dp/du; 0 takes all of them. It
// is unbiased: the gradient of the reparameterised loss, whose noise does not depend on the
// parameters, with the jumps that it has where the noise of a site is at its threshold (Lee, Yu and
// Yang 2018, arXiv 1806.00176), each averaged over that noise; and the weak derivative of the
// Bernoulli variables (Pflug 1989, doi:10.1007/BF01721134), in its stochastic form as in Arya et
// al. 2022, arXiv 2210.08572. An effect that only follows where a later spike happens to come is
// seen as seldom as that comes: where all effects are so rare that no draw has one, the standard
// errors do not know of them, and a mean of 0 without an error is none. The adjoint of a surrogate
// is no control variate for it: site by site the two are hardly correlated, and the variance rises.
func (p *Problem) Difference(sites int) gradbench.Estimator {
	wrong := ""
	if sites < 0 {
		wrong = fmt.Sprintf("%d sites, want >= 0", sites)
	}
	return p.checked(gradbench.Estimator{Name: fmt.Sprintf("difference %d", sites), Random: true, Gradient: func(g, params []float64, input int, draw uint64) error {
		tp := p.run(params, input, draw)
		d := make([]float64, len(tp.out()))
		loss := p.loss(tp, input, d)
		var other tape
		// effect returns (ℓ with the spike - ℓ without) of a site.
		effect := func(l, t, j int, s float64) float64 {
			other.copyFrom(tp, l)
			other.again(site{l + 1, t, j, 1 - s})
			return (p.loss(&other, input, nil) - loss) * (1 - 2*s)
		}
		if sites == 0 {
			all := tp.sites(func(l, t, j int, s, prob float64) float64 {
				return prob * (1 - prob) / p.Width * effect(l, t, j, s)
			})
			tp.adjoint(backward{site: all}, d, g)
			return nil
		}
		total := 0.0
		slope := tp.sites(func(_, _, _ int, _, prob float64) float64 {
			x := prob * (1 - prob) / p.Width
			total += x
			return x
		})
		// Systematic sampling: points that are total/sites apart fall into the cumulative slopes.
		gap := total / float64(sites)
		next := gap * p.random("sites", input, draw).Float64()
		sum := 0.0
		chosen := tp.sites(func(l, t, j int, s, prob float64) float64 {
			at := t*p.Net.layers[l].N + j
			sum += slope[l][at]
			count := 0.0
			for ; next < sum; next += gap {
				count++
			}
			if count == 0 {
				return 0
			}
			return count * gap * effect(l, t, j, s)
		})
		tp.adjoint(backward{site: chosen}, d, g)
		return nil
	}}, wrong)
}
