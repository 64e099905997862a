package ops

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/fmath"
)

// StepPWL is the spike function of the DynapSE-2 chip model DynapSim: the number of
// spikes that a membrane current fires within one time step,
//
//	s = min( max( ceil(x), 0 ), MaxSpikes ),   x = ln(Imem / Ispkthr)
//
// with Imem, Ispkthr and Ireset in amperes. Source: Rockpool 3.1,
// devices.dynapse.simulation.surrogate.step_pwl.
type StepPWL struct {
	// MaxSpikes bounds the spikes per time step, a whole number; 0 means no bound.
	MaxSpikes float64
	// Compat selects the package's own backward rule,
	//
	//	ds = clip(ceil(Imem - Ireset), 0, 1) · dImem
	//
	// which is one spike per ampere wherever Imem > Ireset (in amperes, below 1 A) and nothing to
	// Ispkthr and Ireset. The default is the derivative of a smooth count in the logarithm of the
	// current:
	//
	//	S'(x) = Σ_{k=0}^{K-1} σ'((x-k)/Width)/Width,   K = max(ceil(x), 0) + 3, at most MaxSpikes
	//	ds/dImem = S'(x)/Imem,   ds/dIspkthr = -S'(x)/Ispkthr,   ds/dIreset = 0
	//
	// with σ the logistic function.
	Compat bool
	// Width is that of the logistic steps of the default rule; 0 means 0.6.
	Width float64
	// Twin replaces the forward pass by S(x) = Σ_k σ((x-k)/Width), whose derivative the
	// default rule is. It has no effect on Compat.
	Twin bool
}

// Apply returns the spike counts of imem, ispkthr and ireset, three nodes of one
// shape; the result has this shape. A current imem or ispkthr that is not positive and
// finite is an error of the run that wraps [ErrValue] and names the index. Cost: one
// logarithm per element, and two exponentials per step of the sum for the default rule.
func (s StepPWL) Apply(imem, ispkthr, ireset *G.Node) (*G.Node, error) {
	if !(s.MaxSpikes >= 0) || s.MaxSpikes != math.Trunc(s.MaxSpikes) || !(s.Width >= 0) || math.IsInf(s.Width, 0) {
		return nil, fmt.Errorf("%w: StepPWL with MaxSpikes %v and Width %v, want a whole number >= 0 and a finite Width >= 0", ErrValue, s.MaxSpikes, s.Width)
	}
	return apply1(Kernels{&stepPWL[float32]{s: s}, &stepPWL[float64]{s: s}}, nil, imem, ispkthr, ireset)
}

// Count returns the number of spikes at one current, in float64: the forward pass of the
// operation for one element. Where imem/ispkthr is infinite it is MaxSpikes, or infinite; it
// is NaN where one of them is NaN or negative, which Apply does not take.
func (s StepPWL) Count(imem, ispkthr float64) float64 {
	x := fmath.Log(imem / ispkthr)
	if math.IsNaN(x) {
		return x
	}
	if s.Twin && !s.Compat {
		v, _ := s.smooth(x)
		return v
	}
	return min(max(math.Ceil(x), 0), s.limit())
}

// Gradient returns the derivatives of the count with respect to imem, ispkthr and
// ireset by the chosen rule: the backward pass for one element.
func (s StepPWL) Gradient(imem, ispkthr, ireset float64) (dImem, dIspkthr, dIreset float64) {
	if s.Compat {
		return min(max(math.Ceil(imem-ireset), 0), 1), 0, 0
	}
	_, slope := s.smooth(fmath.Log(imem / ispkthr))
	return slope / imem, -slope / ispkthr, 0
}

func (s StepPWL) limit() float64 {
	if !(s.MaxSpikes > 0) {
		return math.Inf(1)
	}
	return s.MaxSpikes
}

// smooth returns S(x) and S'(x).
func (s StepPWL) smooth(x float64) (value, slope float64) {
	w := s.Width
	if !(w > 0) {
		w = 0.6
	}
	if math.IsInf(x, 1) {
		return s.limit(), 0
	}
	steps := min(max(math.Ceil(x), 0)+3, s.limit())
	// Where (x-k)/w > 710 the logistic function is 1 and its slope 0, to the last bit.
	value = min(max(math.Floor(x-float64(710*w)), 0), steps)
	for k := value; k < steps; k++ {
		p := 1 / (1 + fmath.Exp(-(x-k)/w))
		q := 1 / (1 + fmath.Exp((x-k)/w))
		value += p
		slope += p * q / w
	}
	return value, slope
}

type stepPWL[T Float] struct{ s StepPWL }

func (k *stepPWL[T]) Name() string { return "StepPWL" }

func (k *stepPWL[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	if !sameShape(in[1], in[0]) || !sameShape(in[2], in[0]) {
		return nil, fmt.Errorf("%w: StepPWL of imem %v, ispkthr %v and ireset %v, want one shape", ErrShape, in[0], in[1], in[2])
	}
	return []tensor.Shape{in[0].Clone()}, nil
}

func (k *stepPWL[T]) Forward(in, out [][]T) error {
	for i, imem := range in[0] {
		if !(imem > 0) || !(in[1][i] > 0) || !finite(float64(imem)) || !finite(float64(in[1][i])) {
			return fmt.Errorf("%w: StepPWL at index %d: imem = %v A, ispkthr = %v A, want positive finite currents", ErrValue, i, imem, in[1][i])
		}
		out[0][i] = T(k.s.Count(float64(imem), float64(in[1][i])))
	}
	return nil
}

func (k *stepPWL[T]) Backward(in, _, gout, gin [][]T) error {
	for i := range in[0] {
		var d [3]float64
		if gout[0] != nil {
			g := float64(gout[0][i])
			d[0], d[1], d[2] = k.s.Gradient(float64(in[0][i]), float64(in[1][i]), float64(in[2][i]))
			for j := range d {
				d[j] *= g
			}
		}
		for j, dj := range d {
			if gin[j] != nil {
				gin[j][i] = T(dj)
			}
		}
	}
	return nil
}
