package fit

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// The noise of a recording need not be independent from bin to bin. Least squares stay unbiased
// then, but their covariance is not that of the sensitivities alone. With sensitivities S = U
// diag(s) Vᵀ, in units of the standard deviation σ of the residuals, and Γ the covariance of the
// residuals along time,
//
//	cov(x) = V diag(1/s) M diag(1/s) Vᵀ,   M = UᵀΓU/σ²
//
// which is the sandwich of White (1980, doi:10.2307/1912934) and Newey & West (1987,
// doi:10.2307/1913610). For a parameter that acts slowly M is the factor (1+r)/(1-r) by which noise
// with the autocorrelation r has fewer samples than were taken. Γ is that of an autoregressive
// process whose order is chosen by the criterion of Schwarz (1978, doi:10.1214/aos/1176344136),
// with what the fit has absorbed of the noise added back.

// coloured is the noise of the traces with forced spikes.
type coloured struct {
	fp     *forced
	series []series
	index  []int // of a residual, its kind
	kinds  []*spectrum
}

// series are residuals of a trace of a neuron in a row.
type series struct {
	kind      *spectrum
	at, steps []int // indices of residuals, and when they are, in intervals between samples
}

// spectrum is the noise of one quantity of a recording.
type spectrum struct {
	recording int
	quantity  Quantity
	count     int       // of residuals
	variance  float64   // of one
	autocov   []float64 // of all lags that matter, from 0; of white noise one

	ar         []float64 // coefficients of the autoregressive process
	innovation float64   // variance of what drives it
}

// mostOrder bounds the order of an autoregressive process, and mostLags how far its covariance is
// looked at.
const (
	mostOrder            = 8
	mostLags             = 2000
	negligibleCovariance = 1e-3 // of the variance
)

// newColoured groups the residuals of the traces.
func newColoured(fp *forced) *coloured {
	c := &coloured{fp: fp, index: make([]int, len(fp.samples))}
	type key struct {
		recording, row int
		quantity       Quantity
	}
	of, kinds := map[key]int{}, map[key]*spectrum{}
	for m, s := range fp.samples {
		if s.quantity == Spikes {
			continue
		}
		width := fp.recordings[s.recording].B * fp.Network.N
		k := key{s.recording, s.at % width, s.quantity}
		i, ok := of[k]
		if !ok {
			kind := key{s.recording, 0, s.quantity}
			if kinds[kind] == nil {
				kinds[kind] = &spectrum{recording: s.recording, quantity: s.quantity}
				c.kinds = append(c.kinds, kinds[kind])
			}
			i = len(c.series)
			of[k] = i
			c.series = append(c.series, series{kind: kinds[kind]})
		}
		one := &c.series[i]
		one.at, one.steps = append(one.at, m), append(one.steps, s.at/width/fp.interval)
		one.kind.count++
		c.index[m] = slices.Index(c.kinds, one.kind)
	}
	return c
}

// lagged calls f with each pair of residuals of a series that lie so many steps apart.
func (s *series) lagged(lag int, f func(a, b int)) {
	j := 0
	for i, t := range s.steps {
		for j < len(s.steps) && s.steps[j] < t+lag {
			j++
		}
		if j < len(s.steps) && s.steps[j] == t+lag {
			f(s.at[i], s.at[j])
		}
	}
}

// estimate finds the covariance of residuals e, of which the columns of u, orthonormal, were
// absorbed by parameters. It returns M.
func (c *coloured) estimate(e []float64, u *mat.Dense) *mat.SymDense {
	_, n := u.Dims()
	m := mat.NewSymDense(n, nil)
	for k := range n {
		m.SetSym(k, k, 1)
	}
	for range 3 { // what was absorbed is known from M, and M from that
		for _, kind := range c.kinds {
			kind.fit(c, e, u, m)
		}
		m = c.project(u)
	}
	return m
}

// fit estimates the autocovariance of a kind of residuals.
func (k *spectrum) fit(c *coloured, e []float64, u *mat.Dense, absorbed *mat.SymDense) {
	_, n := u.Dims()
	cov := make([]float64, mostOrder+1)
	old := k.variance
	for lag := range cov {
		sum, count := 0.0, 0
		for i := range c.series {
			if s := &c.series[i]; s.kind == k {
				s.lagged(lag, func(a, b int) {
					sum += float64(e[a] * e[b])
					for j := range n {
						sum += float64(old * absorbed.At(j, j) * float64(u.At(a, j)*u.At(b, j)))
					}
					count++
				})
			}
		}
		if count < 10*(lag+1) {
			cov = cov[:lag]
			break
		}
		cov[lag] = sum / float64(count)
	}
	if len(cov) == 0 {
		return
	}
	k.variance, k.innovation = cov[0], cov[0]
	k.autocov, k.ar = cov[:1], nil
	if !(cov[0] > 0) {
		return
	}
	ar := autoregression(cov, k.count)
	if len(ar) == 0 {
		return
	}
	k.ar = ar
	for i, a := range ar {
		k.innovation -= float64(a * cov[i+1])
	}
	k.autocov = slices.Clone(cov[:len(ar)+1])
	quiet := 0
	for len(k.autocov) < mostLags && quiet < len(ar)+1 {
		next := 0.0
		for i, a := range ar {
			next += float64(a * k.autocov[len(k.autocov)-1-i])
		}
		k.autocov = append(k.autocov, next)
		if quiet++; math.Abs(next) > negligibleCovariance*cov[0] {
			quiet = 0
		}
	}
}

// autoregression returns the coefficients of the process with these covariances of the order with
// the least criterion, by the recursion of Levinson (1947) and Durbin; none for white noise.
func autoregression(cov []float64, count int) (best []float64) {
	var a []float64
	left, least := cov[0], 0.0
	for order := 1; order < len(cov); order++ {
		k := cov[order]
		for i, v := range a {
			k -= float64(v * cov[order-1-i])
		}
		k /= left
		if !(math.Abs(k) < 1) {
			break
		}
		next := append(slices.Clone(a), k)
		for i := range a {
			next[i] -= float64(k * a[len(a)-1-i])
		}
		a, left = next, left*(1-k*k)
		if score := float64(count)*math.Log(left/cov[0]) + float64(order)*math.Log(float64(count)); score < least {
			least, best = score, a
		}
	}
	return best
}

// apply returns ΓU/σ² for the covariance of the residuals.
func (c *coloured) apply(u *mat.Dense) *mat.Dense {
	out := mat.DenseCopyOf(u)
	_, n := u.Dims()
	for i := range c.series {
		s := &c.series[i]
		cov := s.kind.autocov
		if len(cov) < 2 {
			continue
		}
		if last := s.steps[len(s.steps)-1] - s.steps[0] + 1; len(cov) > last {
			cov = cov[:last]
		}
		for lag := 1; lag < len(cov); lag++ {
			r := cov[lag] / cov[0]
			s.lagged(lag, func(a, b int) {
				for k := range n {
					out.Set(a, k, out.At(a, k)+float64(r*u.At(b, k)))
					out.Set(b, k, out.At(b, k)+float64(r*u.At(a, k)))
				}
			})
		}
	}
	return out
}

// project returns M = UᵀΓU/σ².
func (c *coloured) project(u *mat.Dense) *mat.SymDense {
	_, n := u.Dims()
	var m mat.Dense
	m.Mul(u.T(), c.apply(u))
	s := mat.NewSymDense(n, nil)
	for i := range n {
		for j := range i + 1 {
			s.SetSym(i, j, (m.At(i, j)+m.At(j, i))/2)
		}
	}
	return s
}

// white says whether all noise is.
func (c *coloured) white() bool {
	return !slices.ContainsFunc(c.kinds, func(k *spectrum) bool { return len(k.autocov) > 1 })
}

// filter returns residuals, or their derivatives, as independent ones of variance 1:
//
//	y[t] = (e[t] - Σ_i a_i e[t-i]) / σ_innovation
//
// and e/σ where earlier samples are missing. It is the transformation of Cochrane & Orcutt (1949,
// doi:10.1080/01621459.1949.10483290).
func (c *coloured) filter(e []float64) []float64 {
	y := make([]float64, len(e))
	for i := range c.series {
		s := &c.series[i]
		k := s.kind
		order := len(k.ar)
		for j, m := range s.at {
			if j < order || s.steps[j]-s.steps[j-order] != order {
				y[m] = e[m] / math.Sqrt(max(k.variance, math.SmallestNonzeroFloat64))
				continue
			}
			left := e[m]
			for l, a := range k.ar {
				left -= float64(a * e[s.at[j-1-l]])
			}
			y[m] = left / math.Sqrt(max(k.innovation, math.SmallestNonzeroFloat64))
		}
	}
	return y
}

// filterColumns is filter of each column of sensitivities.
func (c *coloured) filterColumns(s *mat.Dense, scale float64) *mat.Dense {
	out := mat.DenseCopyOf(s)
	rows, n := s.Dims()
	column := make([]float64, rows)
	for k := range n {
		mat.Col(column, k, s)
		y := c.filter(column[:len(c.index)])
		for m := range column {
			if column[m] = 0; m < len(y) {
				column[m] = scale * y[m]
			}
		}
		out.SetCol(k, column)
	}
	return out
}

// settled estimates the covariance of residuals e of a fit that has taken the covariance into
// account: of n parameters, which have absorbed as many innovations.
func (c *coloured) settled(e []float64, n int) {
	none := mat.NewDense(len(e), 1, nil)
	for _, k := range c.kinds {
		k.fit(c, e, none, mat.NewSymDense(1, nil))
		more := float64(k.count) / float64(max(k.count-n, 1))
		k.variance, k.innovation = k.variance*more, k.innovation*more
	}
}

// lengthening is the factor by which the intervals of a slow parameter are wider than those of
// white noise: sqrt(Σ_k γ_k/γ_0) over all lags of both signs.
func (k *spectrum) lengthening() float64 {
	if len(k.autocov) < 2 {
		return 1
	}
	sum := k.autocov[0]
	for _, v := range k.autocov[1:] {
		sum += 2 * v
	}
	return math.Sqrt(max(sum/k.autocov[0], 0))
}
