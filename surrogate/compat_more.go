package surrogate

import (
	"math"

	"github.com/surge-snn/surge/internal/fmath"
)

var sinabsRules = []Row{
	compat("sinabs/heaviside", "1/θ for v≥θ−w, else 0", sinabsSource, []Param{positive("window", 1), positive("threshold", 1)}, true,
		func(p []float64) *peer { return ours(StepPWL{1 / p[0]}, 1/p[1]) }),
	compat("sinabs/gaussian", "c·N(x;0,σ)", sinabsSource, []Param{positive("sigma", 0.5), positive("grad_scale", 1)}, false,
		func(p []float64) *peer { return ours(Gaussian{1 / p[0]}, p[1]) }),
	compat("sinabs/multi_gaussian", "c((1+h)N(x;0,σ) − h·N(x;σ,sσ) − h·N(x;−σ,sσ))", sinabsSource,
		[]Param{positive("sigma", 0.5), {"h", "h", 0.15, 1e-6, 0.9}, {"s", "s", 6, 2, 1000}, positive("grad_scale", 1)}, false,
		func(p []float64) *peer { return ours(MultiGaussian{1 / p[0], p[1], p[2]}, p[3]) }),
	compat("sinabs/single_exponential", "c/(wθ)·exp(−|x|/(wθ))", sinabsSource,
		[]Param{positive("grad_width", 0.5), positive("grad_scale", 1), positive("threshold", 1)}, false, func(p []float64) *peer {
			k := 1 / (p[0] * p[2])
			return ours(SingleExponential{k}, p[1]*k)
		}),
	compat("sinabs/periodic_exponential", "c·exp(−|x|/w) for v<θ, c·exp(−2d/w) above, d the distance to the nearest multiple of θ",
		sinabsSource, []Param{positive("grad_width", 0.5), positive("grad_scale", 1), {"threshold", "θ", 1, 1e-6, 1e6}}, true,
		func(p []float64) *peer {
			below, k := 1/p[0], 2/p[0]
			return rule(
				func(x float64) float64 { return p[1] * periodicSlope(below, k, p[2], x) },
				func(x float64) float64 { return p[1] * periodicIntegral(below, k, p[2], x) }, p[1], math.Inf(1))
		}),
}

var spikingjellyRules = []Row{
	compat("spikingjelly/superspike", "a/(1+|x|)²: a scales and does not sharpen", spikingjellySource, []Param{positive("alpha", 1)}, false,
		func(p []float64) *peer { return ours(FastSigmoid{1}, p[0]) }),
	compat("spikingjelly/atan", "(a/2)/(1+(πax/2)²)", spikingjellySource, []Param{positive("alpha", 2)}, false,
		func(p []float64) *peer { return ours(ATan{p[0]}, 1) }),
	compat("spikingjelly/sigmoid", "aσ(ax)(1−σ(ax))", spikingjellySource, []Param{positive("alpha", 4)}, false,
		func(p []float64) *peer { return ours(Sigmoid{p[0]}, 1) }),
	compat("spikingjelly/soft_sign", "(a/2)/(1+a|x|)²", spikingjellySource, []Param{positive("alpha", 2)}, false,
		func(p []float64) *peer { return ours(FastSigmoid{p[0]}, p[0]/2) }),
	compat("spikingjelly/erf", "a/√π·exp(−(ax)²)", spikingjellySource, []Param{positive("alpha", 2)}, false,
		func(p []float64) *peer { return ours(Erfc{p[0]}, 1) }),
	compat("spikingjelly/piecewise_quadratic", "a−a²|x| for |x|≤1/a, else 0", spikingjellySource, []Param{positive("alpha", 1)}, false,
		func(p []float64) *peer { return ours(PiecewiseQuadratic{p[0]}, 1) }),
	compat("spikingjelly/piecewise_exp", "a/2·exp(−a|x|)", spikingjellySource, []Param{positive("alpha", 1)}, false,
		func(p []float64) *peer { return ours(PiecewiseExponential{p[0]}, 1) }),
	compat("spikingjelly/q_pseudo_spike", "(1+2|x|/(a−1))^−a", spikingjellySource, []Param{{"alpha", "a", 2, 1.01, 1000}}, false,
		func(p []float64) *peer { return ours(QPseudoSpike{1, p[0]}, 1) }),
	compat("spikingjelly/rect", "a for |x|<1/(2a), else 0", spikingjellySource, []Param{positive("alpha", 1)}, false,
		func(p []float64) *peer { return window(0.5/p[0], false, p[0]) }),
	compat("spikingjelly/nonzero_sign_log_abs", "1/(1/a+|x|)", spikingjellySource, []Param{positive("alpha", 1)}, false,
		func(p []float64) *peer {
			return rule(
				func(x float64) float64 { return 1 / (1/p[0] + math.Abs(x)) },
				func(x float64) float64 { return math.Copysign(math.Log1p(p[0]*math.Abs(x)), x) }, p[0], math.Inf(1))
		}),
	compat("spikingjelly/piecewise_leaky_relu", "1/(2w) for |x|<w, else c", spikingjellySource,
		[]Param{positive("w", 1), positive("c", 0.01)}, false, func(p []float64) *peer {
			w, c := p[0], p[1]
			return rule(
				func(x float64) float64 {
					if math.Abs(x) < w {
						return 1 / (2 * w)
					}
					return nanOr(x, c)
				},
				func(x float64) float64 {
					a := math.Abs(x)
					return math.Copysign(min(a, w)/(2*w)+float64(c*max(0, a-w)), x)
				}, max(c, 1/(2*w)), math.Inf(1))
		}),
	compat("spikingjelly/squarewave_fourier", "4/T·Σ_{i=1..n−1} cos(2π(2i−1)x/T): negative in every other half period", spikingjellySource,
		[]Param{{"n", "n", 2, 2, 64}, positive("T_period", 8)}, false, func(p []float64) *peer {
			w := 2 * math.Pi / p[1]
			terms := func(f func(c float64) float64) float64 {
				y := 0.0
				for i := 1.0; i < p[0]; i++ {
					y += f(2*i - 1)
				}
				return y
			}
			return rule(
				func(x float64) float64 {
					return 4 / p[1] * terms(func(c float64) float64 { return math.Cos(c * w * x) })
				},
				func(x float64) float64 {
					return 2 / math.Pi * terms(func(c float64) float64 { return math.Sin(c*w*x) / c })
				},
				4/p[1]*terms(func(float64) float64 { return 1 }), 0)
		}),
	compat("spikingjelly/s2nn", "aσ(ax)(1−σ(ax)) for x<0, β/(x+1) above", spikingjellySource,
		[]Param{positive("alpha", 4), positive("beta", 1)}, true, func(p []float64) *peer {
			s := Sigmoid{p[0]}
			return rule(
				func(x float64) float64 {
					if x < 0 {
						return s.Slope(x)
					}
					return p[1] / (x + 1)
				},
				func(x float64) float64 {
					if x < 0 {
						return s.Antiderivative(x)
					}
					return 0.5 + float64(p[1]*math.Log1p(x))
				}, max(p[1], p[0]/4), math.Inf(1))
		}),
	compat("spikingjelly/leaky_k_relu", "k for x≥0, else the leak", spikingjellySource,
		[]Param{{"leak", "leak", 0, 0, 1e12}, positive("k", 1)}, true, func(p []float64) *peer {
			return rule(
				func(x float64) float64 {
					if x >= 0 {
						return p[1]
					}
					return nanOr(x, p[0])
				},
				func(x float64) float64 {
					if x >= 0 {
						return p[1] * x
					}
					return times(p[0], x)
				}, max(p[0], p[1]), math.Inf(1))
		}),
	compat("spikingjelly/fake_numerical_gradient", "min(1/|x|, a)", spikingjellySource, []Param{positive("alpha", 0.3)}, false,
		func(p []float64) *peer {
			return rule(
				func(x float64) float64 { return min(1/math.Abs(x), p[0]) },
				func(x float64) float64 {
					if z := p[0] * math.Abs(x); z > 1 {
						return math.Copysign(1+fmath.Log(z), x)
					}
					return p[0] * x
				}, p[0], math.Inf(1))
		}),
	compat("spikingjelly/log_tailed_relu", "a for x≤0, 1 up to 1, 1/x above", spikingjellySource, []Param{{"alpha", "a", 0, 0, 1e12}}, true,
		func(p []float64) *peer {
			return rule(
				func(x float64) float64 {
					switch {
					case x > 1:
						return 1 / x
					case x > 0:
						return 1
					}
					return nanOr(x, p[0])
				},
				func(x float64) float64 {
					switch {
					case x > 1:
						return 1 + fmath.Log(x)
					case x > 0:
						return x
					}
					return times(p[0], x)
				}, max(1, p[0]), math.Inf(1))
		}),
	compat("spikingjelly/deterministic_pass", "1", spikingjellySource, nil, false, func([]float64) *peer { return ours(LeakyStraightThrough{1}, 1) }),
	compat("spikingjelly/poisson_pass", "1; its spikes are random", spikingjellySource, nil, false,
		func([]float64) *peer { return ours(LeakyStraightThrough{1}, 1) }),
	compat("spikingjelly/multi_level_spike_count", "1 for 0≤x≤n, else 0; its spikes are round(min(max(x, 0), n))", spikingjellySource,
		[]Param{{"max_spike_count", "n", 4, 1, 1e6}}, true, func(p []float64) *peer {
			return rule(
				func(x float64) float64 {
					if x >= 0 && x <= p[0] {
						return 1
					}
					return nanOr(x, 0)
				},
				func(x float64) float64 { return min(max(x, 0), p[0]) }, 1, p[0]).on(0, p[0])
		}),
}

// times returns c x, with 0 for c = 0 and any x but NaN.
func times(c, x float64) float64 {
	if c == 0 && x == x {
		return 0
	}
	return c * x
}
