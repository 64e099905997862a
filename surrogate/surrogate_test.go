package surrogate

import (
	"errors"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/integrate/quad"
	"pgregory.net/rapid"
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
	kinks     []float64 // k x where the slope is not smooth
	onesided  bool      // not symmetric, no finite area
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
}

// each runs test for every row of the catalogue with its truth, for the default
// sharpness and others: powers of two and not, small and large.
func each(t *testing.T, test func(t *testing.T, s Surrogate, tr truth, k float64)) {
	if len(truths) != len(catalogue) {
		t.Fatalf("%d truths for %d rows of the catalogue", len(truths), len(catalogue))
	}
	for i, row := range catalogue {
		tr := truths[i]
		if row.name != tr.name {
			t.Fatalf("row %d of the catalogue is %s, its truth %s", i, row.name, tr.name)
		}
		for _, k := range []float64{0, 0.3, 1, 2, 100, 1e9} {
			s, effective := row.of([]float64{k}), k
			if k == 0 {
				effective = tr.byDefault
			}
			t.Run(s.String(), func(t *testing.T) { test(t, s, tr, effective) })
		}
	}
}

// near reports whether got is within rel of want relatively, or within abs.
func near(got, want, rel, abs float64) bool {
	return got == want || math.Abs(got-want) <= rel*math.Abs(want)+abs
}

// points are values of k x: the centre, both sides of every edge, tails.
var points = []float64{
	0, 1e-12, 1e-3, 0.1, 0.25, 0.5, 0.75, 0.99, 1.01, 1.5, 2, 3, 5, 8, 12, 20, 30, 1e3, 1e6,
}

func TestClosedForms(t *testing.T) {
	// A dozen roundings, and those of z^2 in exp(-z^2/2) times z^2/2 = 450 at
	// z = 30 in both: 1e3 u = 1.1e-13.
	const tol = 2e-13
	each(t, func(t *testing.T, s Surrogate, tr truth, k float64) {
		for _, z := range points {
			for _, x := range []float64{z / k, -z / k} {
				if got, want := s.Slope(x), tr.slope(k, x); !near(got, want, tol, 0) && want > 1e-300 {
					t.Errorf("Slope(%g) = %g, want %g", x, got, want)
				}
				want := tr.lower(k, x)
				if x > 0 && !tr.onesided {
					want = tr.area(k) - tr.lower(k, -x)
				}
				if got := s.Antiderivative(x); !near(got, want, tol, 0) && want > 1e-300 {
					t.Errorf("Antiderivative(%g) = %g, want %g", x, got, want)
				}
			}
		}
		if got, want := s.Peak(), tr.peak(k); !near(got, want, 1e-15, 0) {
			t.Errorf("Peak = %g, want %g", got, want)
		}
		if got, want := s.Area(), tr.area(k); !near(got, want, 1e-15, 0) {
			t.Errorf("Area = %g, want %g", got, want)
		}
		if err := Check(s); err != nil {
			t.Error(err)
		}
	})
}

// Values worked out by hand.
func TestKnownValues(t *testing.T) {
	for _, c := range []struct {
		s    Surrogate
		x    float64
		s1   float64 // slope
		s0   float64 // antiderivative
		peak float64
	}{
		{FastSigmoid{}, 0.04, 0.25, 0.06, 1},            // 1/(1+1)^2; (2-1/2)/25
		{FastSigmoid{Sharpness: 1}, -3, 0.0625, .25, 1}, // 1/16; 1/4
		{ATan{}, 1 / math.Pi, 0.5, 0.75, 1},             // 1/(1+1^2); 1/2 + (pi/4)/pi
		{Sigmoid{Sharpness: 1}, math.Log(3), 0.1875, 0.75, 0.25},
		{Gaussian{Sharpness: 1}, 0, 0.3989422804014327, 0.5, 0.3989422804014327},
		{Triangle{}, 0.5, 0.5, 0.875, 1},
		{Triangle{Sharpness: 2}, -0.25, 0.5, 0.0625, 1},
		{Boxcar{}, 1, 0.5, 1, 0.5}, // an edge belongs to the box
		{Boxcar{}, 1.0000001, 0, 1, 0.5},
		{Boxcar{Sharpness: 4}, -0.125, 2, 0.25, 2},
		{StepPWL{}, -0.5, 1, 0, 1}, // and to the window
		{StepPWL{}, -0.5000001, 0, 0, 1},
		{StepPWL{}, 7, 1, 7.5, 1},
	} {
		// four roundings of 1.1e-16
		if got := c.s.Slope(c.x); !near(got, c.s1, 5e-16, 0) {
			t.Errorf("%v: Slope(%g) = %v, want %v", c.s, c.x, got, c.s1)
		}
		if got := c.s.Antiderivative(c.x); !near(got, c.s0, 5e-16, 0) {
			t.Errorf("%v: Antiderivative(%g) = %v, want %v", c.s, c.x, got, c.s0)
		}
		if got := c.s.Peak(); !near(got, c.peak, 5e-16, 0) {
			t.Errorf("%v: Peak = %v, want %v", c.s, got, c.peak)
		}
	}
}

// derivative is the central difference of order 8 with step h.
func derivative(f func(float64) float64, x, h float64) float64 {
	d := 0.0
	for i, c := range []float64{4. / 5, -1. / 5, 4. / 105, -1. / 280} {
		step := float64(i+1) * h
		d += c * (f(x+step) - f(x-step))
	}
	return d / h
}

func TestSlopeIsDerivative(t *testing.T) {
	// With h = 0.01/k the stencil is cut off at h^8 S^(9)/630. The nearest
	// singularity of the smooth ones is 1/k * 2/pi away, so S^(9)/9! <=
	// Peak (pi k/2)^8 and the error is 576 * 1e-16 * 37 Peak = 2e-12 Peak; for
	// Gaussian at k x = -8, S^(9)/Slope is He_8(8) k^8 = 7e6 k^8, so 1e-12 Slope.
	// Rounding adds u S/h, at most 1e-14 Peak; below, S <= Slope |x| or so.
	const tol, h = 1e-9, 0.01
	each(t, func(t *testing.T, s Surrogate, tr truth, k float64) {
		checked := 0
		for z := -8.0; z <= 8; z += 0.0703125 {
			away := true // from a kink, by the width of the stencil
			for _, kink := range tr.kinks {
				away = away && math.Abs(z-kink) > 4.5*h
			}
			if !away {
				continue
			}
			checked++
			x := z / k
			got, want := derivative(s.Antiderivative, x, h/k), s.Slope(x)
			if !near(got, want, 0, tol*s.Peak()) {
				t.Errorf("at k x = %g: dS/dx = %g, Slope = %g", z, got, want)
			}
			if z < 0 && !near(got, want, tol, 0) {
				t.Errorf("at k x = %g in the lower tail: dS/dx = %g, Slope = %g", z, got, want)
			}
		}
		if checked < 200 {
			t.Errorf("only %d points checked", checked)
		}
	})
}

func TestPeakAndArea(t *testing.T) {
	each(t, func(t *testing.T, s Surrogate, tr truth, k float64) {
		const reach = 40 // in units of 1/k, a multiple of the panels' width
		sum, highest := 0.0, 0.0
		for z := -float64(reach); z < reach; z += 0.25 {
			// 12 Gauss points are exact up to degree 23; kinks are at borders.
			// The poles nearest to a panel, 2/pi from its middle or its edge,
			// leave about (0.125/0.76)^24 = 1e-19.
			sum += quad.Fixed(s.Slope, z/k, (z+0.25)/k, 12, quad.Legendre{}, 0)
			highest = max(highest, s.Slope(z/k))
		}
		if highest != s.Peak() {
			t.Errorf("highest slope on the grid is %g, Peak %g", highest, s.Peak())
		}
		want := s.Area() - 2*tr.lower(k, -reach/k) // tails in closed form
		if tr.onesided {
			if !math.IsInf(s.Area(), 1) {
				t.Errorf("Area = %g, want +Inf", s.Area())
			}
			want = tr.lower(k, reach/k)
		}
		// 320 panels of 12 points: rounding of sums of positive terms, 1e-13
		if !near(sum, want, 1e-12, 0) {
			t.Errorf("integral of Slope over |k x| < %d is %.15g, want %.15g", reach, sum, want)
		}
	})
}

func TestSymmetry(t *testing.T) {
	each(t, func(t *testing.T, s Surrogate, tr truth, k float64) {
		if tr.onesided {
			t.Skip("not symmetric by definition")
		}
		for _, z := range points {
			x := z / k
			if a, b := s.Slope(x), s.Slope(-x); a != b {
				t.Errorf("Slope(%g) = %g, Slope(%g) = %g", x, a, -x, b)
			}
			// one rounding in each term and in the sum
			if sum := s.Antiderivative(x) + s.Antiderivative(-x); !near(sum, s.Area(), 5e-16, 0) {
				t.Errorf("S(%g) + S(%g) = %v, want %v", x, -x, sum, s.Area())
			}
		}
	})
}

func TestLimits(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	each(t, func(t *testing.T, s Surrogate, tr truth, k float64) {
		if got := s.Slope(-inf); got != 0 {
			t.Errorf("Slope(-Inf) = %g", got)
		}
		if got, want := s.Slope(inf), tr.slope(k, 1e200); got != want {
			t.Errorf("Slope(+Inf) = %g, want %g", got, want)
		}
		if got := s.Antiderivative(-inf); got != 0 {
			t.Errorf("Antiderivative(-Inf) = %g", got)
		}
		if got := s.Antiderivative(inf); !near(got, s.Area(), 2e-16, 0) {
			t.Errorf("Antiderivative(+Inf) = %g, want %g", got, s.Area())
		}
		if got := s.Slope(nan); got == got {
			t.Errorf("Slope(NaN) = %g", got)
		}
		if got := s.Antiderivative(nan); got == got {
			t.Errorf("Antiderivative(NaN) = %g", got)
		}
	})
}

func TestInvalidSharpness(t *testing.T) {
	for _, row := range catalogue {
		for _, k := range []float64{-1, math.NaN(), math.Inf(1), math.Inf(-1), 9e-19, 1.1e18, 5e-324} {
			s := row.of([]float64{k})
			for name, v := range map[string]float64{
				"Slope": s.Slope(0.1), "Antiderivative": s.Antiderivative(0.1), "Peak": s.Peak(), "Area": s.Area(),
			} {
				if v == v {
					t.Errorf("%v: %s = %g, want NaN", s, name, v)
				}
			}
			if err := Check(s); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), s.String()) {
				t.Errorf("Check(%v) = %v", s, err)
			}
		}
		for _, k := range []float64{minSharpness, maxSharpness} {
			if err := Check(row.of([]float64{k})); err != nil {
				t.Error(err)
			}
		}
	}
	if err := Check(nil); !errors.Is(err, ErrInvalid) {
		t.Errorf("Check(nil) = %v", err)
	}
}

// own is a user's surrogate, with slips to order.
type own struct {
	FastSigmoid
	name              string
	slope, peak, area float64
}

func (o own) String() string          { return o.name }
func (o own) Slope(x float64) float64 { return o.slope * o.FastSigmoid.Slope(x) }
func (o own) Peak() float64           { return o.peak }
func (o own) Area() float64           { return o.area }

func TestCheckOwn(t *testing.T) {
	for _, c := range []struct {
		s  own
		ok bool
	}{
		{own{name: "own", slope: 1, peak: 1, area: 0.08}, true},
		{own{name: "own", slope: 1, peak: 1, area: math.Inf(1)}, true},
		{own{name: "", slope: 1, peak: 1, area: 1}, false},
		{own{name: "own", slope: 2, peak: 1, area: 1}, false},
		{own{name: "own", slope: -1, peak: 1, area: 1}, false},
		{own{name: "own", slope: math.NaN(), peak: 1, area: 1}, false},
		{own{name: "own", slope: 1, peak: math.Inf(1), area: 1}, false},
		{own{name: "own", slope: 0, peak: 0, area: 1}, false},
		{own{name: "own", slope: 1, peak: 1, area: -1}, false},
	} {
		err := Check(c.s)
		if (err == nil) != c.ok || err != nil && !errors.Is(err, ErrInvalid) {
			t.Errorf("Check(%+v) = %v", c.s, err)
		}
	}
}

func drawn(t *rapid.T) (Surrogate, float64) {
	row := rapid.SampledFrom(catalogue).Draw(t, "row")
	k := math.Pow(10, rapid.Float64Range(-17.9, 17.9).Draw(t, "log10 k"))
	return row.of([]float64{k}), k
}

func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, k := drawn(t)
		x := rapid.Float64Range(-50, 50).Draw(t, "k x") / k
		y := x + rapid.Float64Range(0, 50).Draw(t, "k dx")/k
		// five roundings
		if v := s.Slope(x); !(v >= 0 && v <= s.Peak()*(1+1e-15)) {
			t.Fatalf("%v: Slope(%g) = %g, Peak %g", s, x, v, s.Peak())
		}
		a, b := s.Antiderivative(x), s.Antiderivative(y)
		if !(a >= 0 && b <= s.Area()) {
			t.Fatalf("%v: S(%g) = %g, S(%g) = %g out of [0, %g]", s, x, a, y, b, s.Area())
		}
		// four roundings of the larger value
		if a > b*(1+5e-16) {
			t.Fatalf("%v: S(%g) = %v above S(%g) = %v", s, x, a, y, b)
		}
		// the mean slope between x and y is not above the peak
		if b-a > s.Peak()*(y-x)+1e-15*(b+s.Peak()*math.Abs(x)) {
			t.Fatalf("%v: S rises by %g over %g, Peak %g", s, b-a, y-x, s.Peak())
		}
	})
}
