package surrogate

import (
	"math"

	"github.com/surge-snn/surge/internal/fmath"
)

// The versions that were read: jaxsnn 0.3.0, Norse 1.1.0, spyx 1.0.0, snnTorch 1.0.0, ngc-learn
// 3.2.3, Rockpool 3.1.0, Sinabs 3.1.3, SpikingJelly 2.0.0.
const (
	jaxsnnSource       = "jaxsnn 0.3.0, discrete/functional/threshold.py"
	norseSource        = "Norse 1.1.0, functional/threshold.py"
	spyxSource         = "spyx 1.0.0, axn.py"
	snntorchSource     = "snnTorch 1.0.0, surrogate.py"
	ngclearnSource     = "ngc-learn 3.2.3, utils/surrogate_fx.py"
	rockpoolSource     = "Rockpool 3.1.0, nn/modules/torch/lif_torch.py"
	sinabsSource       = "Sinabs 3.1.3, activation/surrogate_gradient_fn.py"
	spikingjellySource = "SpikingJelly 2.0.0, activation_based/surrogate.py"
)

// peers has one row for each rule of another library.
var peers = append(append(surveyed, sinabsRules...), spikingjellyRules...)

var surveyed = []Row{
	compat("jaxsnn/superspike", "1/(a|x|+1)²", jaxsnnSource, []Param{positive("alpha", 80)}, false,
		func(p []float64) *peer { return ours(FastSigmoid{p[0]}, 1) }),
	compat("norse/superspike", "1/(a|x|+1)²", "Norse 1.1.0 and later as compiled, and from its repository, functional/superspike.py",
		[]Param{positive("alpha", 100)}, false, func(p []float64) *peer { return ours(FastSigmoid{p[0]}, 1) }),
	compat("norse/superspike-1.1.0", "1/(|x|+1)²: the package 1.1.0 does not use its alpha", "Norse 1.1.0, functional/superspike.py", nil, false,
		func([]float64) *peer { return ours(FastSigmoid{1}, 1) }),
	compat("norse/tanh", "sech(kx)²; its documentation: k/2·sech(kx)²", norseSource, []Param{positive("alpha", 100)}, false,
		func(p []float64) *peer { return ours(Tanh{p[0]}, 1) }),
	compat("norse/erfc", "2/√π·exp(−(kx)²); its documentation: k/√π·exp(−(kx)²)", norseSource, []Param{positive("alpha", 100)}, false,
		func(p []float64) *peer { return ours(Erfc{p[0]}, 2/p[0]) }),
	compat("norse/circ", "a³/(x²+a²)^(3/2)", norseSource, []Param{positive("alpha", 100)}, false,
		func(p []float64) *peer {
			a := p[0]
			return rule(
				func(x float64) float64 {
					h := math.Hypot(x/a, 1)
					return 1 / (h * h * h)
				},
				func(x float64) float64 {
					r := math.Hypot(x, a)
					switch {
					case math.IsInf(x, -1):
						return 0
					case math.IsInf(x, 1):
						return 2 * a
					case x < 0:
						return a * a / r * (a / (r - x))
					}
					return a + float64(a*(x/r))
				}, 1, 2*a)
		}),
	compat("norse/triangle", "a·max(0, 1−|x|)", norseSource, []Param{positive("alpha", 0.3)}, false,
		func(p []float64) *peer { return ours(Triangle{1}, p[0]) }),
	compat("spyx/superspike", "1/(1+k|x|)²", spyxSource, []Param{positive("k", 25)}, false,
		func(p []float64) *peer { return ours(FastSigmoid{p[0]}, 1) }),
	compat("spyx/arctan", "1/(π(1+(kπx)²))", spyxSource, []Param{positive("k", 2)}, false,
		func(p []float64) *peer { return ours(ATan{2 * p[0]}, 1/(math.Pi*p[0])) }),
	compat("spyx/tanh", "4/(exp(−kx)+exp(kx))²", spyxSource, []Param{positive("k", 1)}, false,
		func(p []float64) *peer { return ours(Tanh{p[0]}, 1) }),
	compat("spyx/triangular", "max(0, 1−|kx|)", spyxSource, []Param{positive("k", 2)}, false,
		func(p []float64) *peer { return ours(Triangle{p[0]}, 1) }),
	compat("spyx/boxcar", "h for |x|<w/2, else 0; its documentation: |x|≤w/2", spyxSource, []Param{positive("width", 2), positive("height", 0.5)}, false,
		func(p []float64) *peer { return window(p[0]/2, false, p[1]) }),

	compat("snntorch/fast_sigmoid", "1/(1+k|x|)²", snntorchSource, []Param{positive("slope", 25)}, false,
		func(p []float64) *peer { return ours(FastSigmoid{p[0]}, 1) }),
	compat("snntorch/atan", "(a/2)/(1+(πax/2)²)", snntorchSource, []Param{positive("alpha", 2)}, false,
		func(p []float64) *peer { return ours(ATan{p[0]}, 1) }),
	compat("snntorch/atan-docstring", "(1/π)/(1+(πax/2)²)", snntorchSource, []Param{positive("alpha", 2)}, false,
		func(p []float64) *peer { return ours(ATan{p[0]}, 2/(math.Pi*p[0])) }),
	compat("snntorch/sigmoid", "k·exp(−kx)/(1+exp(−kx))²", snntorchSource, []Param{positive("slope", 25)}, false,
		func(p []float64) *peer { return ours(Sigmoid{p[0]}, 1) }),
	compat("snntorch/triangular", "θ for x<0, −θ for x≥0: no triangle, and it drives neurons that spike the wrong way",
		snntorchSource, []Param{positive("threshold", 1)}, true, func(p []float64) *peer {
			return rule(
				func(x float64) float64 {
					if x < 0 {
						return p[0]
					}
					return nanOr(x, -p[0])
				},
				func(x float64) float64 { return -p[0] * math.Abs(x) }, p[0], 0)
		}),
	compat("snntorch/straight_through", "1", snntorchSource, nil, false, func([]float64) *peer { return ours(LeakyStraightThrough{1}, 1) }),
	compat("snntorch/heaviside", "1 for x>0, else 0", snntorchSource, nil, true, func([]float64) *peer { return from(0, false, 1) }),
	compat("snntorch/spike_rate_escape", "k·exp(−β|x−1|): the peak is at 1 above the threshold", snntorchSource,
		[]Param{positive("beta", 1), positive("slope", 25)}, true, func(p []float64) *peer {
			s := SingleExponential{p[0]}
			return rule(func(x float64) float64 { return p[1] * s.Slope(x-1) }, func(x float64) float64 { return p[1] * s.Antiderivative(x-1) },
				p[1], 2*p[1]/p[0])
		}),
	compat("snntorch/lso", "1 for x>0, else c, as its class computes; the function LSO of version 1.0 calls another class, and fails",
		snntorchSource, []Param{{"slope", "c", 0.1, 1e-12, 1}}, true, func(p []float64) *peer { return ours(LeakyStraightThrough{p[0]}, 1) }),
	compat("snntorch/sfs", "1/(1+k|x|)² for x>B, else 0: the other side of what its documentation says", snntorchSource,
		[]Param{positive("slope", 25), positive("B", 1)}, true, func(p []float64) *peer {
			s, b := FastSigmoid{p[0]}, p[1]
			tail := 1 / (p[0] * (1 + float64(p[0]*b)))
			return rule(
				func(x float64) float64 {
					if x <= b {
						return 0
					}
					return s.Slope(x)
				},
				func(x float64) float64 {
					if x <= b {
						return 0
					}
					return tail - 1/(p[0]*(1+float64(p[0]*x)))
				}, s.Slope(b), tail).on(b, math.Inf(1))
		}),
	compat("snntorch/sfs-docstring", "1/(1+k|x|)² for −B<x<B, else 0", snntorchSource, []Param{positive("slope", 25), positive("B", 1)}, false,
		func(p []float64) *peer {
			s := ours(SparseFastSigmoid{p[0], p[0] * p[1]}, 1)
			inside := s.slope
			s.slope = func(x float64) float64 { // without the edges
				if math.Abs(x) >= p[1] {
					return 0
				}
				return inside(x)
			}
			return s
		}),

	compat("ngclearn/straight_through", "1", ngclearnSource, nil, false, func([]float64) *peer { return ours(LeakyStraightThrough{1}, 1) }),
	compat("ngclearn/arctan", "(1/π)/(1+(πax/2)²)", ngclearnSource, []Param{positive("alpha", 2)}, false,
		func(p []float64) *peer { return ours(ATan{p[0]}, 2/(math.Pi*p[0])) }),
	compat("ngclearn/arctan-autodiff", "(a/2)/(1+(πax/2)²), the derivative of its own surr_fx", ngclearnSource, []Param{positive("alpha", 2)}, false,
		func(p []float64) *peer { return ours(ATan{p[0]}, 1) }),
	compat("ngclearn/triangular", "max(0, 1−a|x|)", ngclearnSource, []Param{positive("alpha", 2)}, false,
		func(p []float64) *peer { return ours(Triangle{p[0]}, 1) }),
	compat("ngclearn/explicit_triangular", "max(0, 1−|x|/w)", ngclearnSource, []Param{positive("window", 5)}, false,
		func(p []float64) *peer { return ours(Triangle{1 / p[0]}, 1) }),
	compat("ngclearn/boxcar", "1 for |x|≤w, else 0", ngclearnSource, []Param{positive("window", 5)}, false,
		func(p []float64) *peer { return window(p[0], true, 1) }),
	compat("ngclearn/secant_lif", "c1·c2·sech(c2·j) for j>0, else 0; version 3.2.3 leaves c1·c2 out by default", ngclearnSource,
		[]Param{positive("c1", 0.82), positive("c2", 0.08)}, true, func(p []float64) *peer {
			return rule(
				func(j float64) float64 {
					if j <= 0 {
						return 0
					}
					e := fmath.Exp(-p[1] * j)
					return 2 * p[0] * p[1] * e / (1 + float64(e*e))
				},
				func(j float64) float64 { return 2 * p[0] * math.Atan(math.Tanh(p[1]*max(0, j)/2)) },
				p[0]*p[1], p[0]*math.Pi/2).on(0, math.Inf(1))
		}),
	compat("ngclearn/secant_lif-docstring", "c1·c2·sech(c2·j)² for j>0, else 0", ngclearnSource,
		[]Param{positive("c1", 0.82), positive("c2", 0.08)}, true, func(p []float64) *peer {
			s := Tanh{p[1]}
			return rule(
				func(j float64) float64 {
					if j <= 0 {
						return 0
					}
					return p[0] * p[1] * s.Slope(j)
				},
				func(j float64) float64 { return p[0] * math.Tanh(p[1]*max(0, j)) }, p[0]*p[1], p[0]).on(0, math.Inf(1))
		}),

	compat("rockpool/step_pwl", "1/θ for v≥θ−w, else 0", rockpoolSource, []Param{positive("window", 0.5), positive("threshold", 1)}, true,
		func(p []float64) *peer { return ours(StepPWL{1 / p[0]}, 1/p[1]) }),
	compat("rockpool/step_pwl-dynapsim", "1 per ampere for Imem>Ireset, with x = Imem−Ireset", "Rockpool 3.1.0, devices/dynapse/simulation/surrogate.py", nil, true,
		func([]float64) *peer { return from(0, false, 1) }),
	compat("rockpool/periodic_exponential", "exp(−d/w)/θ, d the distance to θ or, above it, to the nearest multiple of θ", rockpoolSource,
		[]Param{positive("window", 0.5), {"threshold", "θ", 1, 1e-6, 1e6}}, true,
		func(p []float64) *peer { return ours(PeriodicExponential{1 / p[0], p[1]}, 1/p[1]) }),
}

// window is value where |x| < w (or <= with closed), else 0.
func window(w float64, closed bool, value float64) *peer {
	return rule(
		func(x float64) float64 {
			if a := math.Abs(x); a < w || closed && a == w {
				return value
			}
			return nanOr(x, 0)
		},
		func(x float64) float64 { return value * min(max(x+w, 0), 2*w) }, value, 2*w*value).on(-w, w)
}
