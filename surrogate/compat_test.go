package surrogate

import (
	"errors"
	"fmt"
	"math"
	"testing"
)

// The backward passes of the libraries, line by line as their code computes them, of x = v -
// threshold, for points and parameters that testdata/peers.json does not have: see TestPeers, which
// compares with the packages.
var golden = map[string]func(x float64, p ...float64) float64{
	"jaxsnn/superspike":      func(x float64, p ...float64) float64 { return 1 / math.Pow(p[0]*math.Abs(x)+1, 2) },
	"norse/superspike":       func(x float64, p ...float64) float64 { return 1 / math.Pow(p[0]*math.Abs(x)+1, 2) },
	"norse/superspike-1.1.0": func(x float64, p ...float64) float64 { return 1 / math.Pow(math.Abs(x)+1, 2) },
	"norse/tanh":             func(x float64, p ...float64) float64 { return 1 - math.Pow(math.Tanh(x*p[0]), 2) },
	"norse/erfc":             func(x float64, p ...float64) float64 { return 2 * math.Exp(-p[0]*p[0]*x*x) / math.Sqrt(math.Pi) },
	"norse/circ": func(x float64, p ...float64) float64 {
		a := p[0]
		return (-(x * x / (2 * math.Pow(a*a+x*x, 1.5))) + 1/(2*math.Sqrt(a*a+x*x))) * 2 * a
	},
	"norse/triangle":  func(x float64, p ...float64) float64 { return math.Max(0, 1-math.Abs(x)) * p[0] },
	"spyx/superspike": func(x float64, p ...float64) float64 { return 1 / math.Pow(1+p[0]*math.Abs(x), 2) },
	"spyx/arctan":     func(x float64, p ...float64) float64 { return 1 / ((1 + math.Pow(p[0]*math.Pi*x, 2)) * math.Pi) },
	"spyx/tanh":       func(x float64, p ...float64) float64 { return 4 / math.Pow(math.Exp(-p[0]*x)+math.Exp(p[0]*x), 2) },
	"spyx/triangular": func(x float64, p ...float64) float64 { return math.Max(0, 1-math.Abs(p[0]*x)) },
	"spyx/boxcar":     func(x float64, p ...float64) float64 { return p[1] * step(-(math.Abs(x) - p[0]/2)) },

	"snntorch/fast_sigmoid":   func(x float64, p ...float64) float64 { return 1 / math.Pow(p[0]*math.Abs(x)+1, 2) },
	"snntorch/atan":           func(x float64, p ...float64) float64 { return p[0] / 2 / (1 + math.Pow(math.Pi/2*p[0]*x, 2)) },
	"snntorch/atan-docstring": func(x float64, p ...float64) float64 { return 1 / math.Pi / (1 + math.Pow(math.Pi*x*p[0]/2, 2)) },
	"snntorch/sigmoid": func(x float64, p ...float64) float64 {
		return p[0] * math.Exp(-p[0]*x) / math.Pow(math.Exp(-p[0]*x)+1, 2)
	},
	"snntorch/triangular": func(x float64, p ...float64) float64 {
		if x >= 0 {
			return -p[0]
		}
		return p[0]
	},
	"snntorch/straight_through":  func(x float64, p ...float64) float64 { return 1 },
	"snntorch/heaviside":         func(x float64, p ...float64) float64 { return step(x) },
	"snntorch/spike_rate_escape": func(x float64, p ...float64) float64 { return p[1] * math.Exp(-p[0]*math.Abs(x-1)) },
	"snntorch/lso":               func(x float64, p ...float64) float64 { return step(x) + (1-step(x))*p[0] },
	"snntorch/sfs":               func(x float64, p ...float64) float64 { return 1 / math.Pow(p[0]*math.Abs(x)+1, 2) * step(x-p[1]) },
	"snntorch/sfs-docstring": func(x float64, p ...float64) float64 {
		return 1 / math.Pow(p[0]*math.Abs(x)+1, 2) * step(p[1]-math.Abs(x))
	},

	"ngclearn/straight_through": func(x float64, p ...float64) float64 { return 1 },
	"ngclearn/arctan": func(x float64, p ...float64) float64 {
		return 1 / (1 + math.Pow(x*math.Pi*(p[0]/2), 2)) * (1 / math.Pi)
	},
	"ngclearn/arctan-autodiff": func(x float64, p ...float64) float64 {
		return p[0] / 2 * math.Pi / (1 + math.Pow(x*p[0]/2*math.Pi, 2)) / math.Pi
	},
	"ngclearn/triangular":          func(x float64, p ...float64) float64 { return math.Max(0, 1-p[0]*math.Abs(x)) },
	"ngclearn/explicit_triangular": func(x float64, p ...float64) float64 { return math.Max(0, 1-math.Abs(x)/p[0]) },
	"ngclearn/boxcar":              func(x float64, p ...float64) float64 { return 1 - step(math.Abs(x)-p[0]) },
	"ngclearn/secant_lif":          func(x float64, p ...float64) float64 { return step(x) * p[0] * p[1] / math.Cosh(p[1]*x) },
	"ngclearn/secant_lif-docstring": func(x float64, p ...float64) float64 {
		return step(x) * p[0] * p[1] / math.Pow(math.Cosh(p[1]*x), 2)
	},

	"rockpool/step_pwl":          func(x float64, p ...float64) float64 { return atLeast(x+p[1], p[1]-p[0]) / p[1] },
	"rockpool/step_pwl-dynapsim": func(x float64, p ...float64) float64 { return math.Min(math.Max(math.Ceil(x), 0), 1) },
	"rockpool/periodic_exponential": func(x float64, p ...float64) float64 {
		v, th := x+p[1], p[1]
		shifted := v - th/2
		periodic := shifted - math.Floor(shifted/th)*th
		if v < th {
			periodic = shifted
		}
		return math.Exp(-math.Abs(periodic-th/2)/p[0]) / th
	},

	"sinabs/heaviside": func(x float64, p ...float64) float64 { return atLeast(x+p[1], p[1]-p[0]) / p[1] },
	"sinabs/gaussian":  func(x float64, p ...float64) float64 { return normal(x, 0, p[0]) * p[1] },
	"sinabs/multi_gaussian": func(x float64, p ...float64) float64 {
		s, h, w := p[0], p[1], p[2]
		return ((1+h)*normal(x, 0, s) - h*normal(x, s, w*s) - h*normal(x, -s, w*s)) * p[3]
	},
	"sinabs/single_exponential": func(x float64, p ...float64) float64 {
		return p[1] / (p[2] * p[0]) * math.Exp(-math.Abs(x)/(p[2]*p[0]))
	},
	"sinabs/periodic_exponential": func(x float64, p ...float64) float64 {
		v, th := x+p[2], p[2]
		n := v/th - 0.5
		z := th * (2*(n-math.Floor(n)) - 1)
		if v < th {
			z = v - th
		}
		return p[1] * math.Exp(-math.Abs(z)/p[0])
	},

	"spikingjelly/superspike": func(x float64, p ...float64) float64 { return p[0] / math.Pow(math.Abs(x)+1, 2) },
	"spikingjelly/atan":       func(x float64, p ...float64) float64 { return p[0] / 2 / (1 + math.Pow(math.Pi/2*p[0]*x, 2)) },
	"spikingjelly/sigmoid": func(x float64, p ...float64) float64 {
		s := 1 / (1 + math.Exp(-p[0]*x))
		return (1 - s) * s * p[0]
	},
	"spikingjelly/soft_sign": func(x float64, p ...float64) float64 { return 1 / (2 * p[0] * math.Pow(1/p[0]+math.Abs(x), 2)) },
	"spikingjelly/erf": func(x float64, p ...float64) float64 {
		return math.Exp(-math.Pow(x*p[0], 2)) * p[0] / math.Sqrt(math.Pi)
	},
	"spikingjelly/piecewise_quadratic": func(x float64, p ...float64) float64 {
		return (1 - step(math.Abs(x)-1/p[0])) * (-p[0]*p[0]*math.Abs(x) + p[0])
	},
	"spikingjelly/piecewise_exp":  func(x float64, p ...float64) float64 { return p[0] / 2 * math.Exp(-p[0]*math.Abs(x)) },
	"spikingjelly/q_pseudo_spike": func(x float64, p ...float64) float64 { return math.Pow(1+2/(p[0]-1)*math.Abs(x), -p[0]) },
	"spikingjelly/rect":           func(x float64, p ...float64) float64 { return p[0] * step(0.5/p[0]-math.Abs(x)) },
	"spikingjelly/nonzero_sign_log_abs": func(x float64, p ...float64) float64 {
		return 1 / (1/p[0] + math.Abs(x))
	},
	"spikingjelly/piecewise_leaky_relu": func(x float64, p ...float64) float64 {
		in := step(p[0] - math.Abs(x))
		return in/(2*p[0]) + (1-in)*p[1]
	},
	"spikingjelly/squarewave_fourier": func(x float64, p ...float64) float64 {
		y := 0.0
		for i := 1; i < int(p[0]); i++ {
			y += math.Cos(float64(2*i-1) * 2 * math.Pi / p[1] * x)
		}
		return y * 4 / p[1]
	},
	"spikingjelly/s2nn": func(x float64, p ...float64) float64 {
		s := 1 / (1 + math.Exp(-p[0]*x))
		if x < 0 {
			return p[0] * s * (1 - s)
		}
		return p[1] / (x + 1)
	},
	"spikingjelly/leaky_k_relu": func(x float64, p ...float64) float64 {
		return atLeast(x, 0)*p[1] + (1-atLeast(x, 0))*p[0]
	},
	"spikingjelly/fake_numerical_gradient": func(x float64, p ...float64) float64 {
		return math.Min((atLeast(x, 0)*2-1)/x, p[0])
	},
	"spikingjelly/log_tailed_relu": func(x float64, p ...float64) float64 {
		switch {
		case x > 1:
			return 1 / x
		case x <= 0:
			return p[0]
		}
		return 1
	},
	"spikingjelly/deterministic_pass":      func(x float64, p ...float64) float64 { return 1 },
	"spikingjelly/poisson_pass":            func(x float64, p ...float64) float64 { return 1 },
	"spikingjelly/multi_level_spike_count": func(x float64, p ...float64) float64 { return atLeast(x, 0) * atLeast(p[0], x) },
}

func step(x float64) float64 {
	if x > 0 {
		return 1
	}
	return 0
}

func atLeast(a, b float64) float64 {
	if a >= b {
		return 1
	}
	return 0
}

func normal(x, mu, sigma float64) float64 {
	return math.Exp(-math.Pow(x-mu, 2)/(2*sigma*sigma)) / (sigma * math.Sqrt(2*math.Pi))
}

// TestCompat: every rule is that of the library, its antiderivative is that of the rule, and its
// peak is the largest magnitude.
func TestCompat(t *testing.T) {
	if len(golden) != len(peers) {
		t.Errorf("%d rules written down for %d rows", len(golden), len(peers))
	}
	other := []float64{1.5, 0.7, 3, 1.25} // parameters that are not the defaults
	for _, row := range peers {
		want := golden[row.Name]
		if want == nil {
			t.Errorf("%s: no rule written down", row.Name)
			continue
		}
		for _, set := range [][]float64{nil, other} {
			p := make([]float64, len(row.Params))
			for i, param := range row.Params {
				if p[i] = param.Default; set != nil {
					p[i] = min(max(set[i], param.Low), param.High)
				}
			}
			if row.Name == "spikingjelly/squarewave_fourier" && set != nil {
				p[0] = 5
			}
			s, err := Compat(row.Name, p...)
			if err != nil {
				t.Fatal(err)
			}
			t.Run(s.String(), func(t *testing.T) { checkRule(t, s, func(x float64) float64 { return want(x, p...) }) })
			if again, err := Parse(s.String()); err != nil || again.String() != s.String() {
				t.Errorf("Parse(%q) = %v, %v", s, again, err)
			}
		}
		def, err := Compat(row.Name)
		if err != nil || def.String() != row.New(defaults(row)...).String() {
			t.Errorf("%s with defaults: %v, %v", row.Name, def, err)
		}
	}
}

func checkRule(t *testing.T, s Surrogate, want func(x float64) float64) {
	highest := 0.0
	for i := -300; i <= 300; i++ {
		x := float64(i)/100 + 0.00123 // off every edge
		got, w := s.Slope(x), want(x)
		// A dozen roundings of terms of the size of the peak.
		if !near(got, w, 1e-13, 1e-14*s.Peak()) {
			t.Errorf("Slope(%g) = %g, want %g", x, got, w)
		}
		highest = max(highest, math.Abs(got))
		// The stencil of order 8 reaches 4e-5 and is cut off at 2e-5^8 S^(9)/630: for 1/k = 1/100,
		// and a pole at 0.0012, below 1e-11 Peak. Rounding adds u |S|/h = 1e-11 |S|.
		const h = 1e-5
		if d := derivative(s.Antiderivative, x, h); !near(d, got, 0, 1e-9*s.Peak()+1e-10*math.Abs(s.Antiderivative(x))) {
			t.Errorf("at %g: dS/dx = %g, Slope = %g", x, d, got)
		}
	}
	for _, x := range []float64{0, -1e-9, 1e-9, 1.0001, -1.0001} {
		highest = max(highest, math.Abs(s.Slope(x)))
	}
	if highest > s.Peak()*(1+1e-12) || highest < 0.99*s.Peak() {
		t.Errorf("largest magnitude found %g, Peak %g", highest, s.Peak())
	}
	if v := s.Slope(math.NaN()); v == v && s.Peak() != s.Slope(0) {
		t.Errorf("Slope(NaN) = %g", v)
	}
	// The area is what the antiderivative rises by, where it has limits.
	lo, hi := s.Antiderivative(math.Inf(-1)), s.Antiderivative(math.Inf(1))
	if lo == 0 && !math.IsInf(hi, 0) && !near(hi, s.Area(), 1e-12, 0) {
		t.Errorf("S(+Inf) = %g, Area %g", hi, s.Area())
	}
	if lo == 0 && math.IsInf(hi, 1) && !math.IsInf(s.Area(), 1) {
		t.Errorf("S has no limit, Area is %g", s.Area())
	}
}

func TestCompatErrors(t *testing.T) {
	for _, c := range []struct {
		name string
		p    []float64
		want error
	}{
		{"snntorch/atn", nil, ErrParse},
		{"atan", nil, ErrParse},
		{"snntorch/atan", []float64{2, 3}, ErrParse},
		{"snntorch/atan", []float64{-1}, ErrInvalid},
		{"snntorch/atan", []float64{math.NaN()}, ErrInvalid},
		{"sinabs/multi_gaussian", []float64{0.5, 2}, ErrInvalid},
	} {
		if s, err := Compat(c.name, c.p...); !errors.Is(err, c.want) || s != nil {
			t.Errorf("Compat(%s, %v) = %v, %v", c.name, c.p, s, err)
		}
	}
}

// What the names hide: peaks and areas, from the papers and by hand.
func ExampleCompat() {
	for _, name := range []string{"snntorch/atan", "snntorch/atan-docstring", "spyx/arctan", "norse/superspike", "spikingjelly/superspike"} {
		s, err := Compat(name)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%-26s peak %.3f area %.3f\n", s, s.Peak(), s.Area())
	}
	// Output:
	// snntorch/atan(2)           peak 1.000 area 1.000
	// snntorch/atan-docstring(2) peak 0.318 area 0.318
	// spyx/arctan(2)             peak 0.318 area 0.159
	// norse/superspike(100)      peak 1.000 area 0.020
	// spikingjelly/superspike(1) peak 1.000 area 2.000
}
