package surrogate

import (
	"math"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/internal/kernel"
)

// float is the element type of a kernel.
type float interface{ float32 | float64 }

// abs returns |x|; the detour over float64 is exact and without a branch.
func abs[T float](x T) T { return T(math.Abs(float64(x))) }

// Slopes sets dst[i] to s.Slope(x[i]) for the elements that dst and x both have.
// They may be the same slice.
//
// The package's own types run in loops without calls through the interface;
// those without exponential functions compute in T, so that float32 results are
// those of the scalar form rounded in every operation:
//
//	|dst[i] - s.Slope(x[i])| <= 10 u Slope + 2^-126 max(1, Peak),  u = 2^-24
//
// where Triangle has 4 u Peak in addition, and Boxcar and StepPWL may take the
// other side of an edge that x[i] is within 2 u of. float64 results are equal to
// the scalar form bit by bit. Other types are called once per element. A nil surrogate, which
// Check finds, gives NaN.
func Slopes[T float32 | float64](s Surrogate, dst, x []T) {
	n := min(len(dst), len(x))
	dst, x = dst[:n], x[:n]
	switch s := s.(type) {
	case nil:
		unknown(dst)
	case FastSigmoid:
		kernel.FastSigmoid(dst, x, T(s.k()))
	case ATan:
		kernel.ATan(dst, x, T(math.Pi/2*s.k()), T(s.k()/2))
	case Sigmoid:
		k := s.k()
		throughExp(dst, x,
			func(x float64) float64 { return sigmoidArg(k, x) },
			func(e float64) float64 { return sigmoidSlope(k, e) })
	case Gaussian:
		k := s.k()
		throughExp(dst, x,
			func(x float64) float64 { return gaussianArg(k, x) },
			func(e float64) float64 { return gaussianSlope(k, e) })
	case Triangle:
		kernel.Triangle(dst, x, T(s.k()))
	case Boxcar:
		kernel.Boxcar(dst, x, T(s.k()))
	case StepPWL:
		kernel.StepPWL(dst, x, T(s.k()))
	default:
		for i, v := range x {
			dst[i] = T(s.Slope(float64(v)))
		}
	}
}

// Inside returns the sharpness of a surrogate whose slope kernels compute inside of other loops, as
// [kernel.LIF] does: that of [FastSigmoid]. For all others it returns false.
func Inside(s Surrogate) (sharpness float64, ok bool) {
	f, ok := s.(FastSigmoid)
	return f.k(), ok
}

// throughExp sets dst[i] to after(exp(before(x[i]))), in float64. dst and x have one length.
func throughExp[T float](dst, x []T, before, after func(float64) float64) {
	var block [64]float64
	for len(x) > 0 {
		b := block[:min(len(block), len(x))]
		for i := range b {
			b[i] = before(float64(x[i]))
		}
		fmath.ExpTo(b, b)
		for i, e := range b {
			dst[i] = T(after(e))
		}
		dst, x = dst[len(b):], x[len(b):]
	}
}

// Antiderivatives sets dst[i] to s.Antiderivative(x[i]), computed in float64 and
// rounded once to T, for the elements that dst and x both have. They may be the same
// slice. A nil surrogate gives NaN.
func Antiderivatives[T float32 | float64](s Surrogate, dst, x []T) {
	if s == nil {
		unknown(dst[:min(len(dst), len(x))])
		return
	}
	for i := range min(len(dst), len(x)) {
		dst[i] = T(s.Antiderivative(float64(x[i])))
	}
}

func unknown[T float](dst []T) {
	for i := range dst {
		dst[i] = T(math.NaN())
	}
}
