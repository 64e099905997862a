package surrogate

import (
	"math"
	"testing"
)

// truth is what a row of the catalogue must be, written down from the papers and
// not from the package: the shape of slope and antiderivative for a sharpness k.
type truth struct {
	name      string
	byDefault float64 // sharpness that zero stands for
	slope     func(k, x float64) float64
	lower     func(k, x float64) float64 // S(x) for x <= 0
	peak      func(k float64) float64
	area      func(k float64) float64
	kinks     []float64                 // k x where the slope is not smooth
	edges     func(k float64) []float64 // the same, where they depend on k
	onesided  bool                      // not symmetric, no finite area
	unlimited bool                      // the slope has no end below: S counts from 0
	signed    bool                      // the slope has both signs: it cancels in the tails
	ks        []float64                 // sharpnesses, where not those of each
	spread    float64                   // the bumps reach this far beyond one at 0, in units of 1/k
}

var truths = []truth{
	{
		name: "fast_sigmoid", byDefault: 25,
		slope: func(k, x float64) float64 { return math.Pow(1+k*math.Abs(x), -2) },
		lower: func(k, x float64) float64 { return 1 / (k - k*k*x) },
		peak:  func(k float64) float64 { return 1 },
		area:  func(k float64) float64 { return 2 / k },
		kinks: []float64{0},
	}, {
		name: "atan", byDefault: 2,
		slope: func(k, x float64) float64 { return k / 2 / (1 + math.Pow(math.Pi*k*x/2, 2)) },
		// atan(z) + pi/2 = atan2(1, -z) for z < 0
		lower: func(k, x float64) float64 { return math.Atan2(1, -math.Pi*k*x/2) / math.Pi },
		peak:  func(k float64) float64 { return k / 2 },
		area:  func(k float64) float64 { return 1 },
	}, {
		name: "sigmoid", byDefault: 25,
		// k sigma(z) sigma(-z) = k / (4 cosh(z/2)^2)
		slope: func(k, x float64) float64 { return k / 4 * math.Pow(math.Cosh(k*x/2), -2) },
		lower: func(k, x float64) float64 { return math.Exp(k*x/2) / (2 * math.Cosh(k*x/2)) },
		peak:  func(k float64) float64 { return k / 4 },
		area:  func(k float64) float64 { return 1 },
	}, {
		name: "gaussian", byDefault: 2,
		slope: func(k, x float64) float64 { return k / math.Sqrt(2*math.Pi) * math.Exp(-k*k*x*x/2) },
		lower: func(k, x float64) float64 { return math.Erfc(-k*x/math.Sqrt2) / 2 },
		peak:  func(k float64) float64 { return k / math.Sqrt(2*math.Pi) },
		area:  func(k float64) float64 { return 1 },
	}, {
		name: "triangle", byDefault: 1,
		slope: func(k, x float64) float64 { return math.Max(0, 1-math.Abs(k*x)) },
		lower: func(k, x float64) float64 { return math.Pow(math.Max(0, 1+k*x), 2) / (2 * k) },
		peak:  func(k float64) float64 { return 1 },
		area:  func(k float64) float64 { return 1 / k },
		kinks: []float64{-1, 0, 1},
	}, {
		name: "boxcar", byDefault: 1,
		slope: func(k, x float64) float64 {
			if math.Abs(k*x) <= 1 {
				return k / 2
			}
			return 0
		},
		lower: func(k, x float64) float64 { return math.Max(0, (1+k*x)/2) },
		peak:  func(k float64) float64 { return k / 2 },
		area:  func(k float64) float64 { return 1 },
		kinks: []float64{-1, 1},
	}, {
		name: "step_pwl", byDefault: 2,
		slope: func(k, x float64) float64 {
			if k*x >= -1 {
				return 1
			}
			return 0
		},
		lower:    func(k, x float64) float64 { return math.Max(0, x+1/k) },
		peak:     func(k float64) float64 { return 1 },
		area:     func(k float64) float64 { return math.Inf(1) },
		kinks:    []float64{-1},
		onesided: true,
	},
	{
		name: "tanh", byDefault: 1,
		slope: func(k, x float64) float64 { return math.Pow(math.Cosh(k*x), -2) },
		lower: func(k, x float64) float64 { return math.Exp(k*x) / (k * math.Cosh(k*x)) },
		peak:  func(k float64) float64 { return 1 },
		area:  func(k float64) float64 { return 2 / k },
	}, {
		name: "erfc", byDefault: 2,
		slope: func(k, x float64) float64 { return k / math.Sqrt(math.Pi) * math.Exp(-k*k*x*x) },
		lower: func(k, x float64) float64 { return math.Erfc(-k*x) / 2 },
		peak:  func(k float64) float64 { return k / math.Sqrt(math.Pi) },
		area:  func(k float64) float64 { return 1 },
	}, {
		name: "multi_gaussian", byDefault: 2, signed: true,
		slope: func(k, x float64) float64 {
			n := func(m, s float64) float64 {
				return math.Exp(-math.Pow((x-m)/s, 2)/2) / (s * math.Sqrt(2*math.Pi))
			}
			return 1.15*n(0, 1/k) - 0.15*n(1/k, 6/k) - 0.15*n(-1/k, 6/k)
		},
		lower: func(k, x float64) float64 {
			p := func(m, s float64) float64 { return (1 + math.Erf((x-m)/s/math.Sqrt2)) / 2 }
			return 1.15*p(0, 1/k) - 0.15*p(1/k, 6/k) - 0.15*p(-1/k, 6/k)
		},
		// 1.15 phi(0) - 0.05 phi(1/6)
		peak: func(k float64) float64 { return k * (1.15 - 0.05*math.Exp(-1./72)) / math.Sqrt(2*math.Pi) },
		area: func(k float64) float64 { return 0.85 },
	}, {
		name: "piecewise_quadratic", byDefault: 1,
		slope: func(k, x float64) float64 { return math.Max(0, k-k*k*math.Abs(x)) },
		lower: func(k, x float64) float64 { return math.Pow(math.Max(0, 1+k*x), 2) / 2 },
		peak:  func(k float64) float64 { return k },
		area:  func(k float64) float64 { return 1 },
		kinks: []float64{-1, 0, 1},
	}, {
		name: "single_exponential", byDefault: 2,
		slope: func(k, x float64) float64 { return math.Exp(-math.Abs(k * x)) },
		lower: func(k, x float64) float64 { return math.Exp(k*x) / k },
		peak:  func(k float64) float64 { return 1 },
		area:  func(k float64) float64 { return 2 / k },
		kinks: []float64{0},
	}, {
		name: "piecewise_exponential", byDefault: 1,
		slope: func(k, x float64) float64 { return math.Exp(-math.Abs(k*x)) * k / 2 },
		lower: func(k, x float64) float64 { return math.Exp(k*x) / 2 },
		peak:  func(k float64) float64 { return k / 2 },
		area:  func(k float64) float64 { return 1 },
		kinks: []float64{0},
	}, {
		name: "slayer", byDefault: 0.1,
		slope: func(k, x float64) float64 { return math.Exp(-math.Abs(k*x)) * k },
		lower: func(k, x float64) float64 { return math.Exp(k * x) },
		peak:  func(k float64) float64 { return k },
		area:  func(k float64) float64 { return 2 },
		kinks: []float64{0},
	}, {
		name: "periodic_exponential", byDefault: 2, onesided: true,
		slope: func(k, x float64) float64 {
			if x > 1e100 { // the mean over a period of 1
				return 2 / k * (1 - math.Exp(-k/2))
			}
			if x > 0 {
				x = math.Mod(x+0.5, 1) - 0.5
			}
			return math.Exp(-k * math.Abs(x))
		},
		lower: func(k, x float64) float64 {
			if x < 0 {
				return math.Exp(k*x) / k
			}
			n := math.Floor(x + 0.5)
			part := (1 - math.Exp(-k*math.Abs(x-n))) / k
			if x < n {
				part = -part
			}
			return (1+2*n*(1-math.Exp(-k/2)))/k + part
		},
		peak: func(k float64) float64 { return 1 },
		area: func(k float64) float64 { return math.Inf(1) },
		edges: func(k float64) (at []float64) {
			for z := 0.0; z <= 40; z += k / 2 {
				at = append(at, z)
			}
			return at
		},
		ks: []float64{0, 1.7, 2, 5},
	}, {
		name: "q_pseudo_spike", byDefault: 1,
		slope: func(k, x float64) float64 { return 1 / math.Pow(1+2*k*math.Abs(x), 2) },
		lower: func(k, x float64) float64 { return 1 / (2 * k * (1 - 2*k*x)) },
		peak:  func(k float64) float64 { return 1 },
		area:  func(k float64) float64 { return 1 / k },
		kinks: []float64{0},
	}, {
		name: "sparse_fast_sigmoid", byDefault: 25,
		slope: func(k, x float64) float64 {
			if k*math.Abs(x) > 25 {
				return 0
			}
			return math.Pow(1+k*math.Abs(x), -2)
		},
		// 1/(k (1-kx)) less its value at kx = -25
		lower: func(k, x float64) float64 { return math.Max(0, (1/(1-k*x)-1./26)/k) },
		peak:  func(k float64) float64 { return 1 },
		area:  func(k float64) float64 { return 50. / 26 / k },
		kinks: []float64{-25, 0, 25},
	}, {
		name: "leaky_straight_through", byDefault: 0.1, onesided: true, unlimited: true,
		slope: func(c, x float64) float64 {
			if x > 0 {
				return 1
			}
			return c
		},
		lower: func(c, x float64) float64 { return math.Max(c*x, x) + math.Min(0, c*x) - math.Min(math.Max(c*x, x), 0) },
		peak:  func(c float64) float64 { return 1 },
		area:  func(c float64) float64 { return math.Inf(1) },
		kinks: []float64{0},
		ks:    []float64{0, 0.3, 1e-6},
	}, {
		name: "log_step_pwl", byDefault: 2, onesided: true,
		slope: func(k, x float64) float64 {
			if x < -1/(1+k) {
				return 0
			}
			return 1 / (1 + x)
		},
		lower: func(k, x float64) float64 {
			if x < -1/(1+k) {
				return 0
			}
			return math.Log((1 + x) / k * (1 + k))
		},
		peak:  func(k float64) float64 { return (1 + k) / k },
		area:  func(k float64) float64 { return math.Inf(1) },
		edges: func(k float64) []float64 { return []float64{-k / (1 + k)} },
		ks:    []float64{0, 20, 1000},
	}, {
		name: "staircase", byDefault: 10, onesided: true, spread: 20,
		slope: func(k, x float64) float64 {
			y := 0.0
			for j := range 3 {
				y += k / 4 * math.Pow(math.Cosh(k*(x-float64(j))/2), -2)
			}
			return y
		},
		lower: func(k, x float64) float64 {
			y := 0.0
			for j := range 3 {
				y += 1 / (1 + math.Exp(-k*(x-float64(j))))
			}
			return y
		},
		// the middle step and half of each neighbour
		peak: func(k float64) float64 { return k/4 + k/2*math.Pow(math.Cosh(k/2), -2) },
		area: func(k float64) float64 { return 3 },
		ks:   []float64{0, 4, 10},
	},
}

// truthOf returns the truth of a row.
func truthOf(t *testing.T, name string) truth {
	for _, tr := range truths {
		if tr.name == name {
			return tr
		}
	}
	t.Fatalf("no truth for the row %s of the catalogue", name)
	return truth{}
}

// each runs test for every row of the catalogue with its truth, for the default
// sharpness and others: powers of two and not, small and large.
func each(t *testing.T, test func(t *testing.T, s Surrogate, tr truth, k float64)) {
	if len(truths) != len(catalogue) {
		t.Fatalf("%d truths for %d rows of the catalogue", len(truths), len(catalogue))
	}
	for _, row := range catalogue {
		tr := truthOf(t, row.Name)
		ks := tr.ks
		if ks == nil {
			ks = []float64{0, 0.3, 1, 2, 100, 1e9}
		}
		for _, k := range ks {
			s, effective := row.New(k), k
			if k == 0 {
				effective = tr.byDefault
			}
			if tr.edges != nil {
				tr.kinks = tr.edges(effective)
			}
			t.Run(s.String(), func(t *testing.T) { test(t, s, tr, effective) })
		}
	}
}
