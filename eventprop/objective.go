package eventprop

import (
	"fmt"
	"math"

	"github.com/surge-snn/surge/internal/fmath"
)

// Objective is a function of the numbers of an [Observable].
type Objective interface {
	// Value returns the loss at x and overwrites grad, of the same length, with its
	// gradient.
	Value(grad, x []float64) (float64, error)
}

// MSE is the sum of squares
//
//	L = sum_j ((x_j - Target_j)/Scale)²
//
// With First{Horizon: 2 tau} and Scale = tau it is mse_loss of jaxsnn.
type MSE struct {
	Target []float64
	Scale  float64 // in the unit of x; 0 means 1
}

// Value returns L.
func (m MSE) Value(grad, x []float64) (float64, error) {
	if err := sameLength("MSE", "targets", len(m.Target), len(grad), len(x)); err != nil {
		return 0, err
	}
	scale := m.Scale
	if scale == 0 {
		scale = 1
	}
	sum := 0.0
	for j := range x {
		d := (x[j] - m.Target[j]) / scale
		sum += float64(d * d)
		grad[j] = 2 * d / scale
	}
	return sum, nil
}

// CrossEntropy is the cross-entropy of a softmax
//
//	L = ln sum_j e^(s_j - s_Label),  s = Scale x
//
// For voltages Scale is positive. For spike times it is -1/tau, so that the first to
// spike is the most probable: the TTFS cross-entropy of Göltz et al. 2021,
// doi:10.1038/s42256-021-00388-x.
type CrossEntropy struct {
	Label int
	Scale float64 // 0 means 1
}

// Value returns L >= 0.
func (e CrossEntropy) Value(grad, x []float64) (float64, error) {
	if e.Label < 0 || e.Label >= len(x) || len(grad) != len(x) {
		return 0, fmt.Errorf("%w: CrossEntropy of label %d with %d numbers and %d gradients", ErrShape, e.Label, len(x), len(grad))
	}
	scale := e.Scale
	if scale == 0 {
		scale = 1
	}
	largest := math.Inf(-1)
	for _, v := range x {
		largest = max(largest, scale*v)
	}
	sum := 0.0
	for j, v := range x {
		grad[j] = fmath.Exp(float64(scale*v) - largest)
		sum += grad[j]
	}
	for j := range grad {
		grad[j] *= scale / sum
	}
	grad[e.Label] -= scale
	return fmath.Log(sum) + largest - float64(scale*x[e.Label]), nil
}

// TargetTimes is
//
//	L = -sum_j ln(1 + e^(-|x_j - Target_j|/Scale))
//
// (target_time_loss of jaxsnn): unlike a sum of squares it does not care about neurons far off.
type TargetTimes struct {
	Target []float64
	Scale  float64 // in the unit of x; 0 means 1
}

// Value returns L. At a target the gradient is taken as 0.
func (o TargetTimes) Value(grad, x []float64) (float64, error) {
	if err := sameLength("TargetTimes", "targets", len(o.Target), len(grad), len(x)); err != nil {
		return 0, err
	}
	scale := o.Scale
	if scale == 0 {
		scale = 1
	}
	sum := 0.0
	for j := range x {
		d := (x[j] - o.Target[j]) / scale
		e := fmath.Exp(-math.Abs(d))
		sum -= fmath.Log1p(e)
		switch {
		case d > 0:
			grad[j] = e / (1 + e) / scale
		case d < 0:
			grad[j] = -e / (1 + e) / scale
		default:
			grad[j] = 0
		}
	}
	return sum, nil
}

// Linear is
//
//	L = sum_j Weight_j x_j
type Linear struct{ Weight []float64 }

// Value returns L.
func (l Linear) Value(grad, x []float64) (float64, error) {
	if err := sameLength("Linear", "weights", len(l.Weight), len(grad), len(x)); err != nil {
		return 0, err
	}
	sum := 0.0
	for j := range x {
		sum += float64(l.Weight[j] * x[j])
		grad[j] = l.Weight[j]
	}
	return sum, nil
}

func sameLength(objective, what string, own, grad, x int) error {
	if own != x || grad != x {
		return fmt.Errorf("%w: %s of %d numbers with %d %s and %d gradients", ErrShape, objective, x, own, what, grad)
	}
	return nil
}

// Add returns the loss that the objective o has of the observable b of a pass, and adds its
// gradient to c, which is reset before the first loss. The last neurons of the layer, as many as
// last says, are looked at (0: all): the outputs of a recurrent layer that holds several.
func (c *Cotangent) Add(t *Tape, b Observable, o Objective, last int) (float64, error) {
	n := t.neurons()
	if n == 0 || b == nil || o == nil {
		return 0, fmt.Errorf("%w: loss of %d neurons with observable %v and objective %v", ErrShape, n, b, o)
	}
	if err := c.checkTimes(t); err != nil {
		return 0, err
	}
	if last < 0 || last > n {
		return 0, fmt.Errorf("%w: the last %d of %d neurons", ErrShape, last, n)
	}
	if last == 0 {
		last = n
	}
	c.numbers = zeroed(c.numbers, 2*n)
	x, grad := c.numbers[:n], c.numbers[n:]
	if err := b.Observe(x, t); err != nil {
		return 0, err
	}
	loss, err := o.Value(grad[n-last:], x[n-last:])
	if err != nil {
		return 0, err
	}
	return loss, b.Pull(c, t, grad)
}
