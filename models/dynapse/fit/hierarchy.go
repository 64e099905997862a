package fit

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/surge-snn/surge/internal/fmath"
	"gonum.org/v1/gonum/stat/distuv"
)

// The currents of the neurons of a core are those that they share times what their transistors make
// of them,
//
//	ln I_j = μ + z_j,   z_j ~ N(0, τ²)
//
// of which a fit of each neuron sees x_j = ln I_j + e_j, e_j ~ N(0, s_j²). The shared current is
// the mean with weights 1/(τ² + s_j²), and τ² what makes the weighted squares as large as expected
// (Paule & Mandel 1982, doi:10.6028/jres.087.022). The interval is that of Hartung & Knapp (2001,
// doi:10.1002/sim.791), with Student's t of J-1 degrees of freedom: few neurons do not know τ. The
// estimate of a neuron is drawn towards the others by τ²/(τ² + s_j²) (Efron & Morris 1975,
// doi:10.1080/01621459.1975.10479864).
//
// Where mismatch is to be inferred, what is not fitted deviates, too. Constants of the layout that
// no current can stand in for are fitted with a neuron then, with a prior (space.deviating):
// without them its traces are off by tenths of an e-fold, and its currents by whatever makes up for
// that.

// Population is a current of neurons that share it and differ by mismatch.
type Population struct {
	Name string `json:"name"` // of the parameter, with its group
	// Mean is the shared current, A, and Interval its interval of 95 %.
	Mean     float64    `json:"mean"`
	Interval [2]float64 `json:"interval"`
	// Spread is the standard deviation of ln I between neurons, about the relative one, and
	// SpreadInterval its interval of 95 %.
	Spread         float64    `json:"spread"`
	SpreadInterval [2]float64 `json:"spread_interval"`
	// Neurons are those that were fitted, Value their currents, A, as known from themselves and the
	// others.
	Neurons []int     `json:"neurons"`
	Value   []float64 `json:"value"`
}

// hierarchy is what is known of one coordinate of a population, in its units.
type hierarchy struct {
	mean, low, high float64
	se              float64 // infinite where most neurons do not know it
	sd              float64 // between neurons
	value           []float64
}

const (
	littleKnown = 0.5 // standard error from which a neuron counts as one that does not know a current
	farAway     = 5   // standard deviations beyond which a neuron does not count: its fit has ended elsewhere
	usualSpread = 0.2 // of ln of what transistors make, or more: a few neurons that are alike by chance do not say that the others are
	leastError  = 1e-9
)

// summarised estimates a hierarchy from what fits of single neurons found, x, with intervals of 95
// % from low to high; those of steps hold all values that do the same.
func summarised(x, low, high []float64, steps bool) hierarchy {
	h := hierarchy{se: math.Inf(1), value: slices.Clone(x)}
	var in []int
	middle := fmath.Median(slices.Clone(x))
	var away []float64
	for _, v := range x {
		away = append(away, math.Abs(v-middle))
	}
	limit := max(1.4826*fmath.Median(slices.Clone(away)), usualSpread) // the standard deviation of normal variables
	errors := make([]float64, len(x))
	known := 0
	for i := range x {
		errors[i] = max((high[i]-low[i])/(2*1.96), leastError)
		if steps { // a uniform distribution
			errors[i] = max((high[i]-low[i])/math.Sqrt(12), leastError)
		}
		if len(x) < 5 || away[i] <= farAway*math.Hypot(limit, errors[i]) {
			in = append(in, i)
			if errors[i] < littleKnown {
				known++
			}
		}
	}
	of := func(v []float64) (list []float64) {
		for _, i := range in {
			list = append(list, v[i])
		}
		return list
	}
	s := of(errors)
	var half float64
	h.mean, half, h.sd = pooled(of(x), s)
	h.low, h.high = h.mean-half, h.mean+half
	if steps { // no better known than the ends of the sets
		lowest, a, _ := pooled(of(low), s)
		highest, b, _ := pooled(of(high), s)
		h.low, h.high = lowest-a, highest+b
	}
	if 2*known > len(in) && len(in) > 1 {
		h.se = (h.high - h.low) / (2 * 1.96)
	}
	for i := range x {
		w := h.sd * h.sd / (h.sd*h.sd + errors[i]*errors[i])
		h.value[i] = h.mean + float64(w*(x[i]-h.mean))
	}
	return h
}

// pooled returns the mean of values x with standard errors s, half its interval of 95 %, and the
// standard deviation between them.
func pooled(x, s []float64) (mean, half, tau float64) {
	j := len(x)
	weighted := func(variance float64) (mean, squares, total float64) {
		for i, v := range x {
			w := 1 / (variance + s[i]*s[i])
			mean += w * v
			total += w
		}
		mean /= total
		for i, v := range x {
			squares += (v - mean) * (v - mean) / (variance + s[i]*s[i])
		}
		return mean, squares, total
	}
	variance := 0.0
	if _, q, _ := weighted(0); j > 1 && q > float64(j-1) {
		lo, hi := 0.0, 1e-12
		for {
			if _, q, _ := weighted(hi); q <= float64(j-1) {
				break
			}
			hi *= 4
		}
		for range 60 {
			variance = (lo + hi) / 2
			if _, q, _ := weighted(variance); q > float64(j-1) {
				lo = variance
			} else {
				hi = variance
			}
		}
	}
	mean, q, total := weighted(variance)
	if j < 2 {
		return mean, 1.96 * s[0], 0
	}
	t := distuv.StudentsT{Sigma: 1, Nu: float64(j - 1)}.Quantile(0.975)
	return mean, t * math.Sqrt(max(q/float64(j-1), 1)/total), math.Sqrt(variance)
}

// hierarchies estimates all coordinates from the fits of single neurons. Neurons whose fit has
// ended in a bad minimum do not count where others have not. The traces with forced spikes judge
// that: where what is not fitted deviates, too, the free neuron spikes a bin away here and there,
// which costs it more than its currents are off.
func (f *session) hierarchies(found []*alone) []hierarchy {
	limit := noisy * f.wellFitted()
	good := func(j int) bool { return found[j] != nil && found[j].forced <= limit }
	list := make([]hierarchy, len(f.coords))
	for k, c := range f.coords {
		some := slices.ContainsFunc(c.neurons, good)
		var x, low, high []float64
		for _, j := range fittedNeurons(f.problem, k) {
			if found[j] == nil {
				continue
			}
			p := found[j].Parameter(c.alone())
			l, h := c.at(p.Interval[0]), c.at(p.Interval[1])
			if some && !good(j) { // it has a value, which does not count
				l, h = f.box.Lower[k], f.box.Upper[k]
			}
			x, low, high = append(x, c.at(p.Value)), append(low, l), append(high, h)
		}
		if len(x) == 0 {
			list[k] = hierarchy{mean: f.start[k], low: f.box.Lower[k], high: f.box.Upper[k], se: math.Inf(1)}
			continue
		}
		h := summarised(x, low, high, c.steps())
		h.low, h.high = max(h.low, f.box.Lower[k]), min(h.high, f.box.Upper[k])
		h.mean = min(max(h.mean, f.box.Lower[k]), f.box.Upper[k])
		list[k] = h
	}
	return list
}

// fittedNeurons lists the neurons of coordinate k that were recorded.
func fittedNeurons(p *problem, k int) []int {
	if _, ok := p.coords[k].quantity.(current); !ok {
		return nil
	}
	return p.seen(p.coords[k].neurons)
}

// populations describes the hierarchies of the best point.
func (f *session) populations() (list []Population) {
	for k, h := range f.best.hierarchies {
		neurons := fittedNeurons(f.problem, k)
		if len(neurons) < 2 || len(h.value) != len(neurons) {
			continue
		}
		p := Population{Name: f.coords[k].name, Mean: f.value(k, h.mean), Interval: [2]float64{f.value(k, h.low), f.value(k, h.high)}, Spread: h.sd, Neurons: neurons}
		free := distuv.ChiSquared{K: float64(len(neurons) - 1)}
		for i, at := range []float64{0.975, 0.025} {
			p.SpreadInterval[i] = h.sd * math.Sqrt(free.K/free.Quantile(at))
		}
		for _, v := range h.value {
			p.Value = append(p.Value, f.value(k, v))
		}
		list = append(list, p)
	}
	return list
}

// infer fits the hierarchical model: every neuron by itself, and what they share.
func infer(ctx context.Context, f *session) error {
	return populationEstimate(ctx, f, 0)
}

// checkInfer says why mismatch cannot be inferred.
func checkInfer(p *problem) error {
	if several(p) && p.hasTraces() {
		return nil
	}
	return fmt.Errorf(`%w: mismatch can be inferred from traces of at least two neurons that share a fitted current, with known spikes, without recurrent connections or targets of another kind`, ErrExperiment)
}
