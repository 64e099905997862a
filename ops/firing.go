package ops

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/surrogate"
)

// Firing says how many spikes a neuron fires in one time step that stands at x above threshold,
// where x counts in multiples of the threshold:
//
//	s = min(max(ceil(x), 0), Max)          AtThreshold is false
//	s = min(max(floor(x) + 1, 0), Max)     AtThreshold is true: x = 0 is a spike
//	ds/dx := S'(x)                         the slope of the surrogate
//
// With Max = 1, the zero value, it is [Spike], and that of SpikingJelly with AtThreshold. Counts
// come with surrogate.PeriodicExponential or surrogate.Staircase: a slope that has bumps at the
// further thresholds, too. The smoothed twin is [SmoothSpike] for all of them. A NaN stays a NaN.
//
// Source: Weidel and Sheik 2021, arXiv:2111.01456.
type Firing struct {
	// Max is the largest number of spikes in a time step; 0 means 1, and +Inf no bound.
	Max float64
	// AtThreshold lets a neuron fire that stands at the threshold.
	AtThreshold bool
}

// Apply returns the spikes of x, of any shape. A negative or NaN Max, or one that is no whole
// number, is an error that wraps [ErrValue].
func (f Firing) Apply(x *G.Node, s surrogate.Surrogate) (*G.Node, error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
	if err := surrogate.Check(s); err != nil {
		return nil, fmt.Errorf("%w: Firing: %w", ErrValue, err)
	}
	if f.limit() == 1 && !f.AtThreshold {
		return Spike(x, s)
	}
	return apply(firing{spike{s}, f}, x)
}

// Check returns an error that wraps [ErrValue] unless Max is a whole number >= 0 or +Inf.
func (f Firing) Check() error {
	if !(f.Max >= 0) || f.Max != math.Trunc(f.Max) {
		return fmt.Errorf("%w: Firing with Max %v, want a whole number, or +Inf", ErrValue, f.Max)
	}
	return nil
}

func (f Firing) limit() float64 {
	if f.Max == 0 {
		return 1
	}
	return f.Max
}

// FiringCounts sets dst to the spikes of x, of one length.
func FiringCounts[T Float](f Firing, dst, x []T) {
	most := f.limit()
	for i, v := range x[:min(len(x), len(dst))] {
		n := math.Ceil(float64(v))
		if f.AtThreshold {
			n = math.Floor(float64(v)) + 1
		}
		dst[i] = T(min(max(n, 0), most))
	}
}

type firing struct {
	spike
	f Firing
}

func (f firing) name() string {
	return fmt.Sprintf("Firing(%v,%v,%v)", f.f.limit(), f.f.AtThreshold, f.s)
}
func (f firing) value32(dst, x []float32) { FiringCounts(f.f, dst, x) }
func (f firing) value64(dst, x []float64) { FiringCounts(f.f, dst, x) }

// StochasticSpike returns the spikes of neurons whose threshold is noisy: at x above it a neuron
// fires with the probability that the surrogate gives,
//
//	s = 1 if u < S(x)/area, else 0,     u uniform in [0, 1)
//	ds/dx := S'(x)/area
//
// elementwise, for x and u of one shape: the noise is an input, drawn from a named source (Draw of
// package graph), and gets no gradient. The mean of s over u is S(x)/area exactly, which is its
// smoothed twin (twin: s is that mean). The surrogate's area must be finite; with
// [surrogate.Sigmoid] the threshold has logistic noise, with [surrogate.Gaussian] normal noise of
// the deviation 1/k.
//
// Source: escape noise, Gerstner and Kistler 2002, doi:10.1017/CBO9780511815706, chapter 5; as a
// surrogate Gygax and Zenke 2025, arXiv:2404.14964.
func StochasticSpike(x, u *G.Node, s surrogate.Surrogate, twin bool) (*G.Node, error) {
	if err := surrogate.Check(s); err != nil {
		return nil, fmt.Errorf("%w: StochasticSpike: %w", ErrValue, err)
	}
	if math.IsInf(s.Area(), 0) || !(s.Area() > 0) {
		return nil, fmt.Errorf("%w: StochasticSpike with %v of area %v, want a finite one > 0", ErrValue, s, s.Area())
	}
	if err := checkNodes("StochasticSpike", x, u); err != nil {
		return nil, err
	}
	return apply1(Kernels{&stochastic[float32]{s: s, twin: twin}, &stochastic[float64]{s: s, twin: twin}}, []bool{true, false}, x, u)
}
