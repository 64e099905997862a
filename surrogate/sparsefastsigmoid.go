package surrogate

// SparseFastSigmoid is [FastSigmoid] with an end, so that most neurons need no backward pass:
//
//	Slope(x) = 1 / (1 + k |x|)^2  where k |x| <= r, else 0
//	S(x)     = (r + k x) / (k (1 - k x) (1 + r))  for -r/k <= x < 0
//
// with peak 1 and area 2 r / (k (1 + r)).
//
// Perez-Nieves and Goodman (2021), arXiv:2105.08810; the default ends at 1 with the sharpness 25,
// as snnTorch's SFS is documented (the function itself keeps the other side, see [Compat]).
type SparseFastSigmoid struct {
	// Sharpness is k, in 1/unit of x; zero means 25.
	Sharpness float64
	// Reach is r, in units of 1/k, in [1e-3, 1e6]; zero means 25.
	Reach float64
}

func (s SparseFastSigmoid) k() float64 { return sharpness(s.Sharpness, fastSigmoidSharpness) }
func (s SparseFastSigmoid) r() float64 { return within(s.Reach, 25, 1e-3, 1e6) }

// Slope returns 1 / (1 + k |x|)^2 where k |x| <= r, else 0.
func (s SparseFastSigmoid) Slope(x float64) float64 {
	switch z := s.k() * abs(x); {
	case z <= s.r():
		return fastSigmoidSlope(s.k(), x)
	case z > s.r():
		return 0
	default:
		return z // NaN
	}
}

// Antiderivative returns S(x), from 0 to the area.
func (s SparseFastSigmoid) Antiderivative(x float64) float64 {
	k, r := s.k(), s.r()
	z := min(k*abs(x), r)
	lower := (r - z) / ((1 + z) * (1 + r))
	if x > 0 {
		return (2*r/(1+r) - lower) / k
	}
	return lower / k
}

// Peak returns 1.
func (s SparseFastSigmoid) Peak() float64 { return s.Slope(0) }

// Area returns 2 r / (k (1 + r)).
func (s SparseFastSigmoid) Area() float64 { return 2 * s.Antiderivative(0) }

// Support returns -r/k and r/k.
func (s SparseFastSigmoid) Support() (lo, hi float64) { return -s.r() / s.k(), s.r() / s.k() }

// String returns sparse_fast_sigmoid(k,r).
func (s SparseFastSigmoid) String() string { return formatAll("sparse_fast_sigmoid", s.k(), s.r()) }
