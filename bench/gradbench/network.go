package gradbench

import (
	"fmt"
	"math"
)

// Class is a group of parameters of one kind: those from From up to but without To.
type Class struct {
	Name     string
	From, To int
}

// Network is a network with its inputs and its loss. It is safe for concurrent use.
type Network interface {
	// Name is what reports call it.
	Name() string
	// Classes are the groups of parameters, in order.
	Classes() []Class
	// Params are the parameters at which gradients are taken. They are not changed.
	Params() []float64
	// Inputs is how many inputs the expected loss is the mean of.
	Inputs() int
	// Loss returns the loss for parameters p on one input and one draw of the random numbers. Equal
	// numbers of a draw are the same random numbers, whatever the parameters.
	Loss(p []float64, input int, draw uint64) (Outcome, error)
}

// Outcome is what a network did.
type Outcome struct {
	Loss float64
	// Spikes is a number that differs where other neurons spiked, or another number of times.
	Spikes uint64
}

// Estimator gives gradients of a network.
type Estimator struct {
	// Name is unique in a benchmark: "bptt/sigmoid(25)".
	Name string
	// Random says that a gradient depends on the draw.
	Random bool
	// Gradient writes the gradient for one input and one draw to g, which is zero. It is safe for
	// concurrent use.
	Gradient func(g, p []float64, input int, draw uint64) error
}

// Estimate is a number and its standard error.
type Estimate struct {
	Value float64 `json:"value"`
	SE    float64 `json:"se"`
}

// Mean returns the mean of n numbers with its standard error, from their sum and that of their
// squares.
func Mean(sum, squares float64, n int) Estimate {
	c := float64(n)
	m := sum / c
	return Estimate{Value: m, SE: math.Sqrt(max(squares/c-m*m, 0) / max(c-1, 1))}
}

// String returns "value ± error".
func (e Estimate) String() string { return fmt.Sprintf("%.4g ± %.2g", e.Value, e.SE) }

// Differences is the estimator of the central difference of the loss with common random numbers,
//
//	g_k = (ℓ(p + h e_k) - ℓ(p - h e_k)) / 2h
//
// at a cost of two simulations for each parameter. Its mean is the gradient of the expected loss up
// to h²/6 times the third derivative. For a loss that is smooth it needs no average.
func Differences(n Network, h float64) Estimator {
	return Estimator{Name: fmt.Sprintf("differences(%g)", h), Random: true, Gradient: func(g, p []float64, input int, draw uint64) error {
		if n == nil || len(g) != len(p) {
			return fmt.Errorf("gradbench: differences of a network %v of %d parameters, a gradient of %d", n, len(p), len(g))
		}
		moved := append([]float64(nil), p...)
		for k := range p {
			var side [2]Outcome
			for i, d := range [2]float64{h, -h} {
				moved[k] = p[k] + d
				var err error
				if side[i], err = n.Loss(moved, input, draw); err != nil {
					return err
				}
			}
			moved[k] = p[k]
			g[k] += (side[0].Loss - side[1].Loss) / (2 * h)
		}
		return nil
	}}
}
