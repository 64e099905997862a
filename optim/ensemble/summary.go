package ensemble

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// Marginal is what the second half of a chain says of one parameter.
type Marginal struct {
	Name             string
	Mean, SD, Median float64
	Low, High        float64 // quantiles of 2.5 and 97.5 %
	// ESS is the effective sample size, samples over the integrated autocorrelation time, which is
	// estimated from the mean over the walkers, within the first five of it (Sokal 1997,
	// doi:10.1007/978-1-4899-0319-8_6).
	ESS float64
	// RHat compares the halves of all walkers with one another (Vehtari et al. 2021,
	// doi:10.1214/20-BA1221, without ranks): 1 where each of them has seen the same.
	RHat float64
}

// Kept is the first step of the second half, which is what counts.
func (c *Chain) Kept() int {
	if c == nil {
		return 0
	}
	return c.Steps / 2
}

// Column returns parameter i in the steps that count, [Steps - Kept, Walkers]; none for a parameter
// that there is not or a chain whose points are not [Steps, Walkers, n].
func (c *Chain) Column(i int) []float64 {
	if c == nil {
		return nil
	}
	n := len(c.Names)
	if i < 0 || i >= n || c.Steps <= 0 || c.Walkers <= 0 || len(c.X) != c.Steps*c.Walkers*n {
		return nil
	}
	var v []float64
	for at := c.Kept() * c.Walkers; at < c.Steps*c.Walkers; at++ {
		v = append(v, c.X[at*n+i])
	}
	return v
}

// Summary returns the marginals of all parameters. It needs at least 8 steps; of fewer all numbers
// are NaN.
func (c *Chain) Summary() []Marginal {
	if c == nil {
		return nil
	}
	list := make([]Marginal, len(c.Names))
	for i := range list {
		v := c.Column(i)
		m := Marginal{Name: c.Names[i]}
		m.ESS, m.RHat = c.trust(v)
		m.Mean, m.SD = stat.MeanStdDev(v, nil)
		if len(v) == 0 {
			v = []float64{math.NaN()}
		}
		slices.Sort(v)
		at := func(p float64) float64 {
			x := p * float64(len(v)-1)
			k := min(int(x), max(len(v)-2, 0))
			return v[k] + float64((x-float64(k))*(v[min(k+1, len(v)-1)]-v[k]))
		}
		m.Low, m.Median, m.High = at(0.025), at(0.5), at(0.975)
		list[i] = m
	}
	return list
}

// worst returns the smallest effective sample size and the largest R-hat.
func (c *Chain) worst() (ess, rhat float64) {
	ess, rhat = math.Inf(1), 0
	for i := range c.Names {
		e, r := c.trust(c.Column(i))
		if !(e >= ess) {
			ess = e
		}
		if !(r <= rhat) {
			rhat = r
		}
	}
	return ess, rhat
}

// trust returns the effective sample size and R-hat of v, [steps, Walkers].
func (c *Chain) trust(v []float64) (ess, rhat float64) {
	w := max(c.Walkers, 1)
	steps := len(v) / w
	if steps < 4 {
		return math.NaN(), math.NaN()
	}
	one := make([][]float64, w)
	for i, x := range v {
		one[i%w] = append(one[i%w], x)
	}
	return float64(len(v)) / autocorrelationTime(one, stat.Mean(v, nil)), splitRHat(one)
}

// autocorrelationTime returns τ = 1 + 2 Σ ρ(t) over lags up to the first M >= 5 τ(M), with ρ the
// mean over the chains, whose common mean is given.
func autocorrelationTime(chains [][]float64, mean float64) float64 {
	steps := len(chains[0])
	covariance := func(lag int) (sum float64) {
		for _, c := range chains {
			for t := lag; t < steps; t++ {
				sum += float64((c[t] - mean) * (c[t-lag] - mean))
			}
		}
		return sum / float64(len(chains)*(steps-lag))
	}
	variance := covariance(0)
	if !(variance > 0) {
		return math.NaN()
	}
	tau := 1.0
	for lag := 1; lag < steps/2; lag++ {
		tau += 2 * covariance(lag) / variance
		if float64(lag) >= 5*tau {
			break
		}
	}
	return max(tau, 1)
}

// splitRHat compares the halves of chains.
func splitRHat(chains [][]float64) float64 {
	half := len(chains[0]) / 2
	var means, variances []float64
	for _, c := range chains {
		for _, part := range [][]float64{c[:half], c[len(c)-half:]} {
			m, v := stat.MeanVariance(part, nil)
			means, variances = append(means, m), append(variances, v)
		}
	}
	within, between := stat.Mean(variances, nil), stat.Variance(means, nil)
	return math.Sqrt(float64(half-1)/float64(half) + between/within)
}
