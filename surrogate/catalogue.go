package surrogate

// Row describes one type of the package, for tables, files and plots.
type Row struct {
	// Name is what [Parse] and String call it.
	Name string
	// Slope and Antiderivative are the formulas, with x = v - VTh and the parameters' symbols.
	Slope, Antiderivative string
	// Source is where it comes from, with a DOI or an arXiv number.
	Source string
	// Params are its parameters, in the order of String.
	Params []Param
	// Asymmetric says that Slope(-x) is not Slope(x).
	Asymmetric bool

	of func(p []float64) Surrogate
}

// Param is one parameter of a [Row].
type Param struct {
	Name   string // as the field
	Symbol string // in the formulas
	// Default is what a zero stands for; Low and High are the bounds.
	Default, Low, High float64
}

// New returns the surrogate with these parameters, in their order; zero, or none, stands for the
// default. It does not check them: see [Check].
func (r Row) New(p ...float64) Surrogate {
	if r.of == nil {
		return nil
	}
	all := make([]float64, len(r.Params))
	copy(all, p)
	return r.of(all)
}

func sharp(byDefault float64) Param {
	return Param{"sharpness", "k", byDefault, minSharpness, maxSharpness}
}

// catalogue has one row for each type of the package: its name in files, its formulas, its source,
// its parameters in the order of String, and how to make it from them. A new surrogate is a file
// and a row here; the tests read the source of the package and fail without the row.
var catalogue = []Row{
	{
		"fast_sigmoid", "1/(1+k|x|)²", "1/(k(1−kx)) for x<0, (2−1/(1+kx))/k above",
		"Zenke & Ganguli 2018, doi:10.1162/neco_a_01086", []Param{sharp(fastSigmoidSharpness)}, false,
		func(p []float64) Surrogate { return FastSigmoid{p[0]} },
	},
	{
		"atan", "(k/2)/(1+(πkx/2)²)", "1/2 + atan(πkx/2)/π",
		"Fang et al. 2021, doi:10.1109/ICCV48922.2021.00266", []Param{sharp(atanSharpness)}, false,
		func(p []float64) Surrogate { return ATan{p[0]} },
	},
	{
		"sigmoid", "k·exp(−kx)/(1+exp(−kx))²", "1/(1+exp(−kx))",
		"Neftci, Mostafa & Zenke 2019, doi:10.1109/MSP.2019.2931595", []Param{sharp(sigmoidSharpness)}, false,
		func(p []float64) Surrogate { return Sigmoid{p[0]} },
	},
	{
		"tanh", "sech(kx)²", "(1+tanh(kx))/k",
		"Zenke & Vogels 2021, doi:10.1162/neco_a_01367", []Param{sharp(tanhSharpness)}, false,
		func(p []float64) Surrogate { return Tanh{p[0]} },
	},
	{
		"erfc", "k/√π·exp(−(kx)²)", "erfc(−kx)/2",
		"Esser et al. 2015, NIPS 28", []Param{sharp(erfcSharpness)}, false,
		func(p []float64) Surrogate { return Erfc{p[0]} },
	},
	{
		"gaussian", "k/√(2π)·exp(−(kx)²/2)", "erfc(−kx/√2)/2",
		"Wu et al. 2018, doi:10.3389/fnins.2018.00331", []Param{sharp(gaussianSharpness)}, false,
		func(p []float64) Surrogate { return Gaussian{p[0]} },
	},
	{
		"multi_gaussian", "(1+h)N(x;0,1/k) − h·N(x;1/k,s/k) − h·N(x;−1/k,s/k)", "the same sum of normal distributions",
		"Yin, Corradi & Bohte 2021, doi:10.1038/s42256-021-00397-w",
		[]Param{sharp(multiGaussianSharpness), {"height", "h", 0.15, 1e-6, 0.9}, {"spread", "s", 6, 2, 1000}}, false,
		func(p []float64) Surrogate { return MultiGaussian{p[0], p[1], p[2]} },
	},
	{
		"triangle", "max(0, 1−k|x|)", "(1+kx)²/(2k) for −1/k≤x<0, symmetric above",
		"Esser et al. 2016, doi:10.1073/pnas.1604850113", []Param{sharp(triangleSharpness)}, false,
		func(p []float64) Surrogate { return Triangle{p[0]} },
	},
	{
		"piecewise_quadratic", "k·max(0, 1−k|x|)", "(1+kx)²/2 for −1/k≤x<0, symmetric above",
		"Bellec et al. 2018, arXiv:1803.09574", []Param{sharp(piecewiseQuadraticSharpness)}, false,
		func(p []float64) Surrogate { return PiecewiseQuadratic{p[0]} },
	},
	{
		"boxcar", "k/2 for k|x|≤1, else 0", "(1+kx)/2 for k|x|≤1, symmetric",
		"Wu et al. 2018, doi:10.3389/fnins.2018.00331", []Param{sharp(boxcarSharpness)}, false,
		func(p []float64) Surrogate { return Boxcar{p[0]} },
	},
	{
		"single_exponential", "exp(−k|x|)", "exp(kx)/k for x<0, (2−exp(−kx))/k above",
		"Shrestha & Orchard 2018, arXiv:1810.08646", []Param{sharp(singleExponentialSharpness)}, false,
		func(p []float64) Surrogate { return SingleExponential{p[0]} },
	},
	{
		"piecewise_exponential", "k/2·exp(−k|x|)", "exp(kx)/2 for x<0, 1−exp(−kx)/2 above",
		"Neftci, Mostafa & Zenke 2019, doi:10.1109/MSP.2019.2931595", []Param{sharp(piecewiseExponentialSharpness)}, false,
		func(p []float64) Surrogate { return PiecewiseExponential{p[0]} },
	},
	{
		"slayer", "c·k·exp(−k|x|)", "c·exp(kx) for x<0, c(2−exp(−kx)) above",
		"Shrestha & Orchard 2018, arXiv:1810.08646",
		[]Param{sharp(slayerSharpness), {"scale", "c", 1, 1e-6, 1e6}}, false,
		func(p []float64) Surrogate { return SLAYER{p[0], p[1]} },
	},
	{
		"periodic_exponential", "exp(−k·d), d the distance to the threshold or, above it, to the nearest multiple of P",
		"exp(kx)/k for x<0, its integral period by period above", "Weidel & Sheik 2021, arXiv:2111.01456",
		[]Param{sharp(periodicExponentialSharpness), {"period", "P", 1, 1e-6, 1e6}}, true,
		func(p []float64) Surrogate { return PeriodicExponential{p[0], p[1]} },
	},
	{
		"q_pseudo_spike", "(1+2k|x|/(q−1))^−q", "(1−2kx/(q−1))^(1−q)/(2k) for x<0, symmetric above",
		"Herranz-Celotti & Rouat 2022, arXiv:2202.00282",
		[]Param{sharp(qPseudoSpikeSharpness), {"q", "q", 2, 1.01, 1000}}, false,
		func(p []float64) Surrogate { return QPseudoSpike{p[0], p[1]} },
	},
	{
		"sparse_fast_sigmoid", "1/(1+k|x|)² for k|x|≤r, else 0", "(r+kx)/(k(1−kx)(1+r)) for −r/k≤x<0, symmetric above",
		"Perez-Nieves & Goodman 2021, arXiv:2105.08810",
		[]Param{sharp(fastSigmoidSharpness), {"reach", "r", 25, 1e-3, 1e6}}, false,
		func(p []float64) Surrogate { return SparseFastSigmoid{p[0], p[1]} },
	},
	{
		"leaky_straight_through", "1 for x>0, else c", "x for x>0, else c·x",
		"Bengio, Leonard & Courville 2013, arXiv:1308.3432",
		[]Param{{"leak", "c", leakyStraightThroughLeak, minSharpness, 1}}, true,
		func(p []float64) Surrogate { return LeakyStraightThrough{p[0]} },
	},
	{
		"step_pwl", "1 for kx≥−1, else 0", "max(0, x+1/k)",
		"Rockpool 3.1, LIFJax and LIFTorch", []Param{sharp(stepPWLSharpness)}, true,
		func(p []float64) Surrogate { return StepPWL{p[0]} },
	},
	{
		"log_step_pwl", "1/(VTh+x) for x≥−VTh/(1+k), else 0", "max(0, ln((VTh+x)(1+k)/(k·VTh)))",
		"the count of Rockpool's DynapSim, ceil(ln(Imem/Ispkthr))",
		[]Param{sharp(logStepPWLSharpness), {"v_th", "VTh", 1, 1e-15, 1e15}}, true,
		func(p []float64) Surrogate { return LogStepPWL{p[0], p[1]} },
	},
	{
		"staircase", "Σ_j k·e_j/(1+e_j)², e_j = exp(−k|x−jD|), j = 0..n−1", "Σ_j 1/(1+exp(−k(x−jD)))",
		"Weidel & Sheik 2021, arXiv:2111.01456",
		[]Param{sharp(staircaseSharpness), {"levels", "n", 3, 1, 64}, {"spacing", "D", 1, 1e-6, 1e6}}, true,
		func(p []float64) Surrogate { return Staircase{p[0], p[1], p[2]} },
	},
}

// Catalogue returns a row for each type of the package.
func Catalogue() []Row { return append([]Row(nil), catalogue...) }
