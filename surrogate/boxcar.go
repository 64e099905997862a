package surrogate

const boxcarSharpness = 1

// Boxcar is constant over |x| <= 1/k:
//
//	Slope(x) = k/2  where k |x| <= 1, else 0
//	S(x)     = min(max((1 + k x) / 2, 0), 1)
//
// with peak k/2 and area 1. Both edges belong to the box.
//
// Wu et al. (2018), doi:10.3389/fnins.2018.00331, h1 with a1 = 2/k.
type Boxcar struct {
	// Sharpness is k, in 1/unit of x; zero means 1.
	Sharpness float64
}

func (s Boxcar) k() float64 { return sharpness(s.Sharpness, boxcarSharpness) }

// Slope returns k/2 where k |x| <= 1, else 0.
func (s Boxcar) Slope(x float64) float64 { return boxcarSlope(s.k(), x) }

// Antiderivative returns min(max((1 + k x) / 2, 0), 1).
func (s Boxcar) Antiderivative(x float64) float64 {
	return min(max((1+float64(s.k()*x))/2, 0), 1)
}

// Peak returns k/2.
func (s Boxcar) Peak() float64 { return s.Slope(0) }

// Area returns 1.
func (s Boxcar) Area() float64 { return 2 * s.Antiderivative(0) }

// Support returns -1/k and 1/k.
func (s Boxcar) Support() (lo, hi float64) { return -1 / s.k(), 1 / s.k() }

// String returns boxcar(k).
func (s Boxcar) String() string { return format("boxcar", s.Sharpness, boxcarSharpness) }

func boxcarSlope[T float](k, x T) T {
	z := k * abs(x)
	switch {
	case z <= 1:
		return k / 2
	case z > 1:
		return 0
	}
	return z // NaN
}
