package surrogate

const triangleSharpness = 1

// Triangle is a hat over |x| <= 1/k:
//
//	Slope(x) = max(0, 1 - k |x|)
//	S(x)     = h^2 / (2 k)        for x < 0,  h = max(0, 1 - k |x|)
//	S(x)     = (1 - h^2 / 2) / k  for x >= 0
//
// with peak 1 and area 1/k. The default is the function of Esser et al. (2016),
// doi:10.1073/pnas.1604850113; Bellec et al. (2018), arXiv:1803.09574, multiply
// it by 0.3.
type Triangle struct {
	// Sharpness is k, in 1/unit of x; zero means 1.
	Sharpness float64
}

func (s Triangle) k() float64 { return sharpness(s.Sharpness, triangleSharpness) }

// Slope returns max(0, 1 - k |x|).
func (s Triangle) Slope(x float64) float64 { return triangleSlope(s.k(), x) }

// Antiderivative returns S(x), in [0, 1/k].
func (s Triangle) Antiderivative(x float64) float64 {
	k := s.k()
	h := triangleSlope(k, x)
	lower := float64(h * h / 2)
	if x > 0 {
		return (1 - lower) / k
	}
	return lower / k
}

// Peak returns 1.
func (s Triangle) Peak() float64 { return s.Slope(0) }

// Area returns 1/k.
func (s Triangle) Area() float64 { return 1 / s.k() }

// Support returns -1/k and 1/k.
func (s Triangle) Support() (lo, hi float64) { return -1 / s.k(), 1 / s.k() }

// String returns triangle(k).
func (s Triangle) String() string { return format("triangle", s.Sharpness, triangleSharpness) }

func triangleSlope[T float](k, x T) T {
	return max(0, 1-T(k*abs(x)))
}
