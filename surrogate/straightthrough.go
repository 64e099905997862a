package surrogate

import "math"

const leakyStraightThroughLeak = 0.1

// LeakyStraightThrough passes the gradient of neurons that spike unchanged, and a part of it of
// those that do not:
//
//	Slope(x) = 1 for x > 0, else c
//	S(x)     = x for x > 0, else c x
//
// with peak 1, up to 1/c times that of silent neurons, however far they are from the threshold. The
// slope has no end on either side: the area is +Inf, and S counts from S(0) = 0. With c = 1 it is
// the straight-through estimator.
//
// Bengio, Leonard and Courville (2013), arXiv:1308.3432; the leaky form is Cherdo, Miramond and
// Pegatoquet's (2023), and snnTorch's LSO.
type LeakyStraightThrough struct {
	// Leak is c, in (0, 1]; zero means 0.1.
	Leak float64
}

func (s LeakyStraightThrough) c() float64 {
	return within(s.Leak, leakyStraightThroughLeak, minSharpness, 1)
}

// Slope returns 1 for x > 0, else c.
func (s LeakyStraightThrough) Slope(x float64) float64 {
	switch {
	case x > 0:
		return 1 + float64(0*s.c())
	case x <= 0:
		return s.c()
	}
	return x // NaN
}

// Antiderivative returns S(x), which has no bounds.
func (s LeakyStraightThrough) Antiderivative(x float64) float64 {
	if x > 0 {
		return x + float64(0*s.c())
	}
	return s.c() * x
}

// Peak returns 1.
func (s LeakyStraightThrough) Peak() float64 { return s.Slope(1) }

// Area returns +Inf.
func (s LeakyStraightThrough) Area() float64 { return s.Antiderivative(math.Inf(1)) }

// String returns leaky_straight_through(c).
func (s LeakyStraightThrough) String() string {
	return format("leaky_straight_through", s.Leak, leakyStraightThroughLeak)
}
