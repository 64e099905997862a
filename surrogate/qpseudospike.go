package surrogate

import (
	"math"

	"github.com/surge-snn/surge/internal/fmath"
)

const qPseudoSpikeSharpness = 1

// QPseudoSpike has tails that fall with the power q, between those of [FastSigmoid] (q = 2) and of
// exponentials (large q):
//
//	Slope(x) = (1 + 2 k |x| / (q-1))^-q
//	S(x)     = (1 - 2 k x / (q-1))^(1-q) / (2 k) for x < 0,  1/k minus that of -x above
//
// with peak 1 and area 1/k, for every q.
//
// Herranz-Celotti and Rouat (2022), arXiv:2202.00282; the defaults are SpikingJelly's.
type QPseudoSpike struct {
	// Sharpness is k, in 1/unit of x; zero means 1.
	Sharpness float64
	// Q is the power, in [1.01, 1000]; zero means 2.
	Q float64
}

func (s QPseudoSpike) k() float64 { return sharpness(s.Sharpness, qPseudoSpikeSharpness) }
func (s QPseudoSpike) q() float64 { return within(s.Q, 2, 1.01, 1000) }

// Slope returns (1 + 2 k |x| / (q-1))^-q.
func (s QPseudoSpike) Slope(x float64) float64 {
	q := s.q()
	return fmath.Pow(1+2*s.k()*math.Abs(x)/(q-1), -q)
}

// Antiderivative returns S(x), in [0, 1/k].
func (s QPseudoSpike) Antiderivative(x float64) float64 {
	k, q := s.k(), s.q()
	tail := fmath.Pow(1+2*k*math.Abs(x)/(q-1), 1-q) / 2
	if x > 0 {
		return (1 - float64(tail)) / k
	}
	return tail / k
}

// Peak returns 1.
func (s QPseudoSpike) Peak() float64 { return s.Slope(0) }

// Area returns 1/k.
func (s QPseudoSpike) Area() float64 { return 2 * s.Antiderivative(0) }

// String returns q_pseudo_spike(k,q).
func (s QPseudoSpike) String() string { return formatAll("q_pseudo_spike", s.k(), s.q()) }
