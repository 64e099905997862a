package surrogate

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/integrate/quad"
	"pgregory.net/rapid"
)

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
				abs := 0.0
				if tr.signed {
					abs = tol * s.Peak()
				}
				if got, want := s.Slope(x), tr.slope(k, x); !near(got, want, tol, abs) && want > 1e-300 {
					t.Errorf("Slope(%g) = %g, want %g", x, got, want)
				}
				want := tr.lower(k, x)
				if x > 0 && !tr.onesided {
					want = tr.area(k) - tr.lower(k, -x)
				}
				if tr.signed || tr.onesided {
					abs = tol * max(1, math.Abs(x)) // terms of 1 cancel; a period's remainder
				}
				if got := s.Antiderivative(x); !near(got, want, tol, abs) && want > 1e-300 {
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
			if z < 0 && !tr.signed && !near(got, want, tol, 0) {
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
		if tr.unlimited {
			t.Skip("no end below")
		}
		// Borders of the panels, every 0.25/k and at kinks.
		borders := slices.Clone(tr.kinks)
		for z := -float64(reach); z <= reach+tr.spread; z += 0.25 {
			borders = append(borders, z)
		}
		slices.Sort(borders)
		sum, highest := 0.0, 0.0
		for i, z := range borders {
			// 12 Gauss points are exact up to degree 23; kinks are at borders.
			// The poles nearest to a panel, 2/pi from its middle or its edge,
			// leave about (0.125/0.76)^24 = 1e-19.
			if i > 0 && z > borders[i-1] {
				sum += quad.Fixed(s.Slope, borders[i-1]/k, z/k, 12, quad.Legendre{}, 0)
			}
			highest = max(highest, s.Slope(z/k))
		}
		// The grid has the place of the peak, to the last bit.
		if !near(highest, s.Peak(), 1e-12, 0) {
			t.Errorf("highest slope on the grid is %g, Peak %g", highest, s.Peak())
		}
		want := s.Area() - 2*tr.lower(k, -reach/k) // tails in closed form
		if tr.onesided {
			if !math.IsInf(s.Area(), 1) && tr.spread == 0 {
				t.Errorf("Area = %g, want +Inf", s.Area())
			}
			want = tr.lower(k, (reach+tr.spread)/k) - tr.lower(k, -reach/k)
		}
		// 320 panels of 12 points: rounding of sums of positive terms, 1e-13
		if !near(sum, want, 1e-12, 0) {
			t.Errorf("integral of Slope over |k x| < %d is %.15g, want %.15g", reach, sum, want)
		}
	})
}

func TestSymmetry(t *testing.T) {
	each(t, func(t *testing.T, s Surrogate, tr truth, k float64) {
		if row, _ := rowOf(s); row.Asymmetric != tr.onesided {
			t.Errorf("the catalogue says Asymmetric: %v", row.Asymmetric)
		}
		if tr.onesided {
			if x := 0.9 / k; s.Slope(x) == s.Slope(-x) && s.Slope(3*x) == s.Slope(-3*x) {
				t.Errorf("Slope is symmetric at %g", x)
			}
			t.Skip("not symmetric by definition")
		}
		for _, z := range points {
			x := z / k
			if a, b := s.Slope(x), s.Slope(-x); a != b {
				t.Errorf("Slope(%g) = %g, Slope(%g) = %g", x, a, -x, b)
			}
			// one rounding in each term and in the sum; four terms where it cancels
			tol := 5e-16
			if tr.signed {
				tol = 2e-15
			}
			if sum := s.Antiderivative(x) + s.Antiderivative(-x); !near(sum, s.Area(), tol, 0) {
				t.Errorf("S(%g) + S(%g) = %v, want %v", x, -x, sum, s.Area())
			}
		}
	})
}

func TestLimits(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	each(t, func(t *testing.T, s Surrogate, tr truth, k float64) {
		if tr.unlimited {
			if a, b := s.Slope(-inf), s.Antiderivative(-inf); a != k || !math.IsInf(b, -1) || s.Antiderivative(0) != 0 {
				t.Errorf("Slope(-Inf) = %g, Antiderivative(-Inf) = %g", a, b)
			}
			return
		}
		if got := s.Slope(-inf); got != 0 {
			t.Errorf("Slope(-Inf) = %g", got)
		}
		if got, want := s.Slope(inf), tr.slope(k, 1e200); !near(got, want, 1e-15, 1e-199) {
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

// TestCatalogueIsComplete reads the source of the package: every exported type with the methods of
// a surrogate has a row.
func TestCatalogueIsComplete(t *testing.T) {
	have := map[string]bool{}
	for _, row := range catalogue {
		have[strings.TrimPrefix(fmt.Sprintf("%T", row.New()), "surrogate.")] = true
		if row.Slope == "" || row.Antiderivative == "" || row.Source == "" || len(row.Params) == 0 {
			t.Errorf("row %s is not whole", row.Name)
		}
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^func \((?:\w+ )?\*?([A-Z]\w*)\) Antiderivative\(`).FindAllStringSubmatch(string(text), -1) {
			if found++; !have[m[1]] {
				t.Errorf("%s: %s is in no row of the catalogue: add one to catalogue.go, and its closed forms to truth_test.go", file, m[1])
			}
		}
	}
	if found != len(catalogue) {
		t.Errorf("%d types in the source, %d rows", found, len(catalogue))
	}
}

func TestSupport(t *testing.T) {
	for _, row := range append(Catalogue(), Peers()...) {
		s := row.New()
		lo, hi := Support(s)
		for _, d := range []float64{1e-9, 1e-3, 1, 10} {
			if v := s.Slope(lo - d*max(math.Abs(lo), 1e-6)); !math.IsInf(lo, -1) && v != 0 {
				t.Errorf("%v: slope %g below the support", s, v)
			}
			if v := s.Slope(hi + d*max(math.Abs(hi), 1e-6)); !math.IsInf(hi, 1) && v != 0 {
				t.Errorf("%v: slope %g above the support", s, v)
			}
		}
		inside := 0
		for _, x := range []float64{max(lo+1e-6, -1e3), max(lo+1e-3, -1), min(hi-1e-6, 1e3), min(hi-1e-3, 1), max(lo, min(hi, 1e-6)), max(lo, min(hi, -1e-6))} {
			if s.Slope(x) != 0 {
				inside++
			}
		}
		if inside == 0 {
			t.Errorf("%v: slope 0 inside of the support [%g, %g]", s, lo, hi)
		}
	}
	if lo, hi := Support(own{name: "own"}); !math.IsInf(lo, -1) || !math.IsInf(hi, 1) {
		t.Errorf("support of an own one: %g, %g", lo, hi)
	}
}

func TestInvalidSharpness(t *testing.T) {
	for _, row := range catalogue {
		bad := []float64{-1, math.NaN(), math.Inf(1), math.Inf(-1), 9e-19, 1.1e18, 5e-324}
		for _, k := range bad {
			s := row.New(k)
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
		for i, p := range row.Params {
			values := make([]float64, len(row.Params))
			for _, v := range []float64{p.Low, p.High} {
				values[i] = v
				if err := Check(row.New(values...)); err != nil {
					t.Error(err)
				}
			}
			for _, v := range []float64{p.Low * (1 - 1e-9), p.High * (1 + 1e-9), -1, math.NaN()} {
				values[i] = v
				if err := Check(row.New(values...)); !errors.Is(err, ErrInvalid) {
					t.Errorf("%s: %s = %v: %v", row.Name, p.Name, v, err)
				}
			}
			// Zero is the default.
			if a, b := row.New().String(), row.New(defaults(row)...).String(); a != b {
				t.Errorf("%s is %s without parameters, %s with the defaults of the row", row.Name, a, b)
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

func defaults(row Row) []float64 {
	p := make([]float64, len(row.Params))
	for i, param := range row.Params {
		p[i] = param.Default
	}
	return p
}

func rowOf(s Surrogate) (Row, bool) {
	name, _, _ := strings.Cut(s.String(), "(")
	i := slices.IndexFunc(catalogue, func(r Row) bool { return r.Name == name })
	if i < 0 {
		return Row{}, false
	}
	return catalogue[i], true
}

// drawn draws a surrogate with all of its parameters, and k.
func drawn(t *rapid.T) (Surrogate, float64) {
	row := rapid.SampledFrom(catalogue).Draw(t, "row")
	k := math.Pow(10, rapid.Float64Range(-17.9, 17.9).Draw(t, "log10 k"))
	p := []float64{k}
	for i, param := range row.Params {
		lo, hi := math.Log10(param.Low), math.Log10(param.High)
		if i == 0 && hi > 17 {
			continue
		}
		v := math.Pow(10, lo+(hi-lo)*rapid.Float64Range(0.001, 0.999).Draw(t, param.Name))
		if row.Name == "staircase" && param.Name == "levels" {
			v = max(1, math.Floor(v))
		}
		if i == 0 {
			p[0] = v
			continue
		}
		p = append(p, v)
	}
	return row.New(p...), k
}

func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, k := drawn(t)
		x := rapid.Float64Range(-50, 50).Draw(t, "k x") / k
		y := x + rapid.Float64Range(0, 50).Draw(t, "k dx")/k
		// five roundings
		_, signed := s.(MultiGaussian)
		_, unlimited := s.(LeakyStraightThrough)
		if v := s.Slope(x); !((v >= 0 || signed && v >= -s.Peak()) && v <= s.Peak()*(1+1e-14)) {
			t.Fatalf("%v: Slope(%g) = %g, Peak %g", s, x, v, s.Peak())
		}
		a, b := s.Antiderivative(x), s.Antiderivative(y)
		if !signed && !unlimited && !(a >= 0 && b <= s.Area()) {
			t.Fatalf("%v: S(%g) = %g, S(%g) = %g out of [0, %g]", s, x, a, y, b, s.Area())
		}
		// four roundings of the larger value
		if !signed && a > b+5e-16*math.Abs(b)*float64(1+len(s.String())) {
			t.Fatalf("%v: S(%g) = %v above S(%g) = %v", s, x, a, y, b)
		}
		// the mean slope between x and y is not above the peak
		if b-a > s.Peak()*(y-x)+1e-14*(math.Abs(b)+1+s.Peak()*(math.Abs(x)+math.Abs(y))) {
			t.Fatalf("%v: S rises by %g over %g, Peak %g", s, b-a, y-x, s.Peak())
		}
	})
}
