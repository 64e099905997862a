package surrogate

const fastSigmoidSharpness = 25

// FastSigmoid is the derivative of the fast sigmoid that SuperSpike introduced:
//
//	Slope(x) = 1 / (1 + k |x|)^2
//	S(x)     = 1 / (k (1 + k |x|))        for x < 0
//	S(x)     = (2 - 1 / (1 + k |x|)) / k  for x >= 0
//
// with peak 1 and area 2/k. Its tails fall off as x^-2.
//
// Zenke and Ganguli (2018), doi:10.1162/neco_a_01086.
type FastSigmoid struct {
	// Sharpness is k, in 1/unit of x; zero means 25.
	Sharpness float64
}

func (s FastSigmoid) k() float64 { return sharpness(s.Sharpness, fastSigmoidSharpness) }

// Slope returns 1 / (1 + k |x|)^2.
func (s FastSigmoid) Slope(x float64) float64 { return fastSigmoidSlope(s.k(), x) }

// Antiderivative returns S(x), in [0, 2/k].
func (s FastSigmoid) Antiderivative(x float64) float64 {
	k := s.k()
	inv := 1 / (1 + float64(k*abs(x)))
	if x > 0 {
		return (2 - inv) / k
	}
	return inv / k
}

// Peak returns 1.
func (s FastSigmoid) Peak() float64 { return s.Slope(0) }

// Area returns 2/k.
func (s FastSigmoid) Area() float64 { return 2 / s.k() }

// String returns fast_sigmoid(k).
func (s FastSigmoid) String() string {
	return format("fast_sigmoid", s.Sharpness, fastSigmoidSharpness)
}

// fastSigmoidSlope squares the reciprocal, and not its argument, so that large
// |x| underflow and do not overflow.
func fastSigmoidSlope[T float](k, x T) T {
	inv := 1 / (1 + T(k*abs(x)))
	return inv * inv
}
