package lif

import (
	"math"

	"github.com/surge-snn/surge/internal/fmath"
)

// Loss compares the output y [T, N] of a network on one input with what it should be. It returns
// the loss, and adds its derivative with respect to y to d unless that is nil. Where y is none of
// the input, the loss is NaN.
type Loss interface {
	Of(y []float64, n, input int, d []float64) float64
}

// fits tells whether y is an output of n neurons, d as long, and input one of those that are known.
func fits(y []float64, n, input int, d []float64, inputs int) bool {
	return n > 0 && len(y) > 0 && len(y)%n == 0 && (d == nil || len(d) >= len(y)) && input >= 0 && input < inputs
}

// VanRossum is the distance of van Rossum (2001), doi:10.1162/089976601300014321, to target spikes,
//
//	ℓ = dt/(2 Tau N) Σ_t Σ_n (f[t] - f*[t])²,   f[t] = e^{-dt/Tau} f[t-1] + s[t]
//
// Target holds the spikes of every input, [T, N].
type VanRossum struct {
	Dt, Tau float64 // s
	Target  [][]float64
}

// Of returns the loss.
func (v VanRossum) Of(y []float64, n, input int, d []float64) float64 {
	if !fits(y, n, input, d, len(v.Target)) || len(v.Target[input]) < len(y) {
		return math.NaN()
	}
	decay, scale := fmath.Exp(-v.Dt/v.Tau), v.Dt/v.Tau/float64(n)
	target := v.Target[input]
	loss := 0.0
	f := make([]float64, len(y))
	for j := range n {
		last := 0.0
		for at := j; at < len(y); at += n {
			last = decay*last + y[at] - target[at]
			f[at] = last
			loss += scale * last * last / 2
		}
		if d == nil {
			continue
		}
		last = 0
		for at := len(y) - n + j; at >= 0; at -= n {
			last = decay*last + scale*f[at]
			d[at] += last
		}
	}
	return loss
}

// Now adds the derivative of the loss of each step with respect to the spikes of that step, dt/(Tau
// N) (f - f*).
func (v VanRossum) Now(y []float64, n, input int, d []float64) {
	if !fits(y, n, input, d, len(v.Target)) || len(v.Target[input]) < len(y) || d == nil {
		return
	}
	decay, scale := fmath.Exp(-v.Dt/v.Tau), v.Dt/v.Tau/float64(n)
	for j := range n {
		last := 0.0
		for at := j; at < len(y); at += n {
			last = decay*last + y[at] - v.Target[input][at]
			d[at] += scale * last
		}
	}
}

// Count is half the mean squared distance of the number of spikes from that of the target, ℓ = 1/2N
// Σ_n (c - c*)². Target holds the numbers for every input, [N].
type Count struct{ Target [][]float64 }

// Of returns the loss.
func (c Count) Of(y []float64, n, input int, d []float64) float64 {
	if !fits(y, n, input, d, len(c.Target)) || len(c.Target[input]) < n {
		return math.NaN()
	}
	loss := 0.0
	for j := range n {
		diff := -c.Target[input][j]
		for at := j; at < len(y); at += n {
			diff += y[at]
		}
		loss += diff * diff / 2 / float64(n)
		if d != nil {
			for at := j; at < len(y); at += n {
				d[at] += diff / float64(n)
			}
		}
	}
	return loss
}

// Readout says how the output of a sample becomes scores of classes.
type Readout string

// The readouts, over the steps until the end of a sample.
const (
	Sum  Readout = "sum"
	Mean Readout = "mean"
	Max  Readout = "max" // the gradient goes to the first step of the largest value
	Last Readout = "last"
)

// CrossEntropy is that of scores z of the classes, ℓ = ln Σ_c e^{z_c} - z_label. Length holds the
// number of steps of every input.
type CrossEntropy struct {
	Readout Readout
	Label   []int
	Length  []int
}

// scores returns z of an output, and for readouts of one step the step of each.
func (c CrossEntropy) scores(y []float64, n, input int) (z []float64, at []int) {
	steps := c.Length[input]
	z, at = make([]float64, n), make([]int, n)
	for j := range n {
		switch c.Readout {
		case Last:
			at[j] = steps - 1
			z[j] = y[at[j]*n+j]
		case Max:
			z[j] = math.Inf(-1)
			for t := range steps {
				if x := y[t*n+j]; x > z[j] {
					z[j], at[j] = x, t
				}
			}
		default:
			for t := range steps {
				z[j] += y[t*n+j]
			}
			if c.Readout == Mean {
				z[j] /= float64(steps)
			}
		}
	}
	return z, at
}

func (c CrossEntropy) fits(y []float64, n, input int, d []float64) bool {
	if !fits(y, n, input, d, min(len(c.Label), len(c.Length))) {
		return false
	}
	label, steps := c.Label[input], c.Length[input]
	return label >= 0 && label < n && steps > 0 && steps*n <= len(y)
}

// Right says whether the label has the largest score, and no other class the same.
func (c CrossEntropy) Right(y []float64, n, input int) bool {
	if !c.fits(y, n, input, nil) {
		return false
	}
	z, _ := c.scores(y, n, input)
	for j, x := range z {
		if j != c.Label[input] && x >= z[c.Label[input]] {
			return false
		}
	}
	return true
}

// Of returns the loss.
func (c CrossEntropy) Of(y []float64, n, input int, d []float64) float64 {
	if !c.fits(y, n, input, d) {
		return math.NaN()
	}
	steps := c.Length[input]
	z, at := c.scores(y, n, input)
	top, total := z[0], 0.0
	for _, x := range z {
		top = max(top, x)
	}
	for _, x := range z {
		total += fmath.Exp(x - top)
	}
	if d != nil {
		for j, x := range z {
			a := fmath.Exp(x-top) / total
			if j == c.Label[input] {
				a--
			}
			switch c.Readout {
			case Last, Max:
				d[at[j]*n+j] += a
			default:
				if c.Readout == Mean {
					a /= float64(steps)
				}
				for t := range steps {
					d[t*n+j] += a
				}
			}
		}
	}
	return fmath.Log(total) + top - z[c.Label[input]]
}
