package lif

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/surge-snn/surge/bench/gradbench"
	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/internal/random"
)

// Range is a part of a vector of parameters, From up to but without To.
type Range struct{ From, To int }

func (r Range) of(p []float64) []float64 { return p[r.From:r.To] }

// at returns the value for neuron j of a range that holds one value, or one for each neuron.
func (r Range) at(j int) int {
	if r.To-r.From == 1 {
		return r.From
	}
	return r.From + j
}

// Spec describes a layer.
type Spec struct {
	N         int     // neurons
	TauMem    float64 // s
	TauSyn    float64 // s; 0: delta synapse
	Hold      bool    // the current is held over a step
	VTh       float64
	Zero      bool // a spike sets the voltage to 0; false: it subtracts VTh
	Recurrent bool
	Bias      bool
	Readout   bool // the layer does not spike
	PerNeuron bool // time constants and threshold are those of each neuron
}

// layer is a Spec with the places of its parameters.
type layer struct {
	Spec
	in                                int
	w, rec, bias, tauMem, tauSyn, vTh Range
}

// Net is a stack of layers. Its parameters are one vector, of which Classes names the parts; time
// constants are there as natural logarithms (of seconds). The names of the parts are w, w_rec,
// bias, ln_tau_mem, ln_tau_syn and v_th with the number of the layer, from 1.
type Net struct {
	Dt      float64
	Classes []gradbench.Class
	Params  []float64
	Weights int // the first so many parameters are weights and biases
	layers  []layer
}

// New returns a network of so many input channels with all weights zero. One without channels, or
// with a layer without neurons, has no layers, which is an error of a [Problem].
func New(dt float64, channels int, specs ...Spec) *Net {
	if channels < 1 || slices.ContainsFunc(specs, func(s Spec) bool { return s.N < 1 }) {
		return &Net{Dt: dt}
	}
	n := &Net{Dt: dt, layers: make([]layer, len(specs))}
	add := func(name string, l, size int, value float64) Range {
		r := Range{len(n.Params), len(n.Params) + size}
		for range size {
			n.Params = append(n.Params, value)
		}
		n.Classes = append(n.Classes, gradbench.Class{Name: fmt.Sprintf("%s%d", name, l+1), From: r.From, To: r.To})
		return r
	}
	in := channels
	for i, s := range specs {
		l := &n.layers[i]
		l.Spec, l.in = s, in
		l.w = add("w", i, in*s.N, 0)
		if s.Recurrent {
			l.rec = add("w_rec", i, s.N*s.N, 0)
		}
		if s.Bias {
			l.bias = add("bias", i, s.N, 0)
		}
		in = s.N
	}
	n.Weights = len(n.Params)
	for i, s := range specs {
		l, size := &n.layers[i], 1
		if s.PerNeuron {
			size = s.N
		}
		l.tauMem = add("ln_tau_mem", i, size, fmath.Log(s.TauMem))
		if s.TauSyn > 0 {
			l.tauSyn = add("ln_tau_syn", i, size, fmath.Log(s.TauSyn))
		}
		if !s.Readout {
			l.vTh = add("v_th", i, size, s.VTh)
		}
	}
	return n
}

// size is the number of parameters of the layers.
func (n *Net) size() (size int) {
	for _, l := range n.layers {
		for _, r := range []Range{l.w, l.rec, l.bias, l.tauMem, l.tauSyn, l.vTh} {
			size = max(size, r.To)
		}
	}
	return size
}

// Init draws the weights: those between layers from N(mean/in, gain²/in), recurrent ones from N(0,
// rec²/N).
func (n *Net) Init(seed uint64, mean, gain, rec float64) {
	if n == nil || len(n.Params) != n.size() {
		return
	}
	rng := random.New(seed, "gradbench/init")
	for _, l := range n.layers {
		normal(rng, l.w.of(n.Params), mean/float64(l.in), gain, l.in)
		normal(rng, l.rec.of(n.Params), 0, rec, l.N)
	}
}

func normal(rng *rand.Rand, w []float64, mean, gain float64, in int) {
	sd := gain / sqrt(float64(in))
	for i := range w {
		w[i] = mean + sd*random.Normal(rng)
	}
}

// coefficients are the constants of a step, for each neuron, and their derivatives with respect to
// ln TauMem (m) and ln TauSyn (s).
type coefficients struct {
	alpha, alphaM, beta, betaS, k, kM, kS, vTh []float64
}

func (n *Net) coefficients(l *layer, p []float64) coefficients {
	var c coefficients
	for _, x := range []*[]float64{&c.alpha, &c.alphaM, &c.beta, &c.betaS, &c.k, &c.kM, &c.kS, &c.vTh} {
		*x = make([]float64, l.N)
	}
	for j := range l.N {
		a := n.Dt * fmath.Exp(-p[l.tauMem.at(j)])
		c.alpha[j] = fmath.Exp(-a)
		c.alphaM[j] = c.alpha[j] * a
		c.k[j] = 1
		if l.TauSyn > 0 {
			b := n.Dt * fmath.Exp(-p[l.tauSyn.at(j)])
			c.beta[j] = fmath.Exp(-b)
			c.betaS[j] = c.beta[j] * b
			if l.Hold {
				c.k[j], c.kM[j] = 1-c.alpha[j], -c.alphaM[j]
			} else {
				c.k[j], c.kM[j], c.kS[j] = propagator(a, b)
			}
		}
		if !l.Readout {
			c.vTh[j] = p[l.vTh.at(j)]
		}
	}
	return c
}

// propagator returns
//
//	κ = a e^{-a} φ(b-a),  φ(x) = (1 - e^{-x})/x,  a = dt/TauMem,  b = dt/TauSyn
//
// and its derivatives with respect to ln TauMem and ln TauSyn. There is no special case at a = b.
func propagator(a, b float64) (k, kM, kS float64) {
	x := b - a
	var phi, dphi float64
	if x > -0.05 && x < 0.05 {
		phi = 1 - x/2*(1-x/3*(1-x/4*(1-x/5*(1-x/6))))
		dphi = -0.5 + x/3 - x*x/8 + x*x*x/30 - x*x*x*x/144 + x*x*x*x*x/840
	} else {
		phi = -fmath.Expm1(-x) / x
		dphi = (fmath.Exp(-x) - phi) / x
	}
	e := fmath.Exp(-a)
	k = a * e * phi
	return k, -a * (e*phi*(1-a) - a*e*dphi), -b * a * e * dphi
}
