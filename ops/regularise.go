package ops

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
)

// VoltageBounds is a regulariser of membrane voltages. It returns, as a scalar, the mean over all
// elements of the squared distance of the voltage from the interval [Lower, Upper]:
//
//	L = mean (max(0, Lower - v)² + max(0, v - Upper)²)
//
// so that neurons neither hang far below rest nor stand far above the threshold, where surrogates
// vanish. An infinite bound is none. Voltages have any shape.
//
// Source: the voltage regularisation of Bellec et al. 2020, doi:10.1038/s41467-020-17236-y.
type VoltageBounds struct {
	Lower, Upper float64
}

// Apply returns the regulariser of voltages. Bounds that are not Lower <= Upper are an error that
// wraps [ErrValue].
func (r VoltageBounds) Apply(vmem *G.Node) (*G.Node, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	return penalise(excess{r}, vmem)
}

// ApplyUntil is [VoltageBounds.Apply] of voltages [T, B, N] until the length of each sample [B]:
//
//	L = mean_{b,n} 1/length(b) Σ_{t<length(b)} (max(0, Lower - v)² + max(0, v - Upper)²)
func (r VoltageBounds) ApplyUntil(vmem, length *G.Node) (*G.Node, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	return penaliseUntil(excess{r}, vmem, length)
}

func (r VoltageBounds) check() error {
	if !(r.Lower <= r.Upper) || math.IsInf(r.Lower, 1) || math.IsInf(r.Upper, -1) {
		return fmt.Errorf("%w: VoltageBounds from %v to %v, want Lower <= Upper", ErrValue, r.Lower, r.Upper)
	}
	return nil
}

// Sparsity is a regulariser of spikes: their mean over all elements, the share of time steps with a
// spike,
//
//	L = mean_{t,b,n} |s[t, b, n]|,   dL/ds = sign(s)/M, 1/M at 0 too
//
// Unlike the upper bound of [RateBounds] it pulls at every spike alike. snnTorch's
// l1_rate_sparsity, with the mean over all M elements in place of their sum.
func Sparsity(spikes *G.Node) (*G.Node, error) { return penalise(magnitude{}, spikes) }

// SparsityUntil is [Sparsity] of spikes [T, B, N] until the length of each sample [B], the share of
// its own time steps:
//
//	L = mean_{b,n} 1/length(b) Σ_{t<length(b)} |s[t, b, n]|
//
// Where all samples have the length of the window it is snnTorch's l1_rate_sparsity, too.
func SparsityUntil(spikes, length *G.Node) (*G.Node, error) {
	return penaliseUntil(magnitude{}, spikes, length)
}

// Silence is a regulariser that wakes neurons: the mean over samples and neurons of how many spikes
// are missing to least, squared,
//
//	L = mean_{b,n} max(0, least - Σ_t s[t, b, n])²
//
// for spikes [T, B, N]. The lower bound of [RateBounds] asks for spikes of a neuron in the mean
// over a batch, this one in every sample. least must be finite and > 0. After spyx' silence_reg,
// which is of the mean over the batch.
func Silence(spikes *G.Node, least float64) (*G.Node, error) {
	if !(least > 0) || !finite(least) {
		return nil, fmt.Errorf("%w: Silence below %v spikes, want a finite number > 0", ErrValue, least)
	}
	counts, err := SumOverTime(spikes)
	if err != nil {
		return nil, err
	}
	return penalise(excess{VoltageBounds{least, math.Inf(1)}}, counts)
}

// penalise returns the mean of f(x) as a scalar.
func penalise(f function, x *G.Node) (*G.Node, error) {
	y, err := apply(f, x)
	if err != nil {
		return nil, err
	}
	return G.Mean(y)
}

// penaliseUntil returns the mean of f(x) over the steps of each sample, the mean over all of them.
func penaliseUntil(f function, x, length *G.Node) (*G.Node, error) {
	y, err := apply(f, x)
	if err != nil {
		return nil, err
	}
	if y, err = MeanUntil(y, length); err != nil {
		return nil, err
	}
	return G.Mean(y)
}

type excess struct{ VoltageBounds }

func (f excess) name() string             { return fmt.Sprintf("Excess(%v,%v)", f.Lower, f.Upper) }
func (f excess) value32(dst, x []float32) { mapTo(dst, x, f.value) }
func (f excess) value64(dst, x []float64) { mapTo(dst, x, f.value) }
func (f excess) slope32(dst, x []float32) { mapTo(dst, x, f.slope) }
func (f excess) slope64(dst, x []float64) { mapTo(dst, x, f.slope) }

func (f excess) beyond(v float64) float64 { return max(0, v-f.Upper) + min(0, v-f.Lower) }

func (f excess) value(v float64) float64 {
	d := f.beyond(v)
	return d * d
}

func (f excess) slope(v float64) float64 { return 2 * f.beyond(v) }

type magnitude struct{}

func (magnitude) name() string             { return "Magnitude" }
func (magnitude) value32(dst, x []float32) { mapTo(dst, x, math.Abs) }
func (magnitude) value64(dst, x []float64) { mapTo(dst, x, math.Abs) }
func (magnitude) slope32(dst, x []float32) { mapTo(dst, x, sign) }
func (magnitude) slope64(dst, x []float64) { mapTo(dst, x, sign) }

// sign is 1 at 0, too: a spike that is not there yet is pulled at.
func sign(x float64) float64 {
	switch {
	case x >= 0:
		return 1
	case x < 0:
		return -1
	}
	return x
}
