package dynapse

import (
	"fmt"
	"math"

	"github.com/surge-snn/surge/internal/fmath"
)

// Loss is a loss of a run: its value for each row of the batch, and the derivatives of the mean
// over the rows with respect to the records.
//
// Errors: [ErrParameter] for a target of another shape than the run.
type Loss func(r *Run) (rows []float64, c Cotangents, err error)

// SpikeCount is the number of spikes of all neurons.
func SpikeCount(r *Run) (rows []float64, c Cotangents, err error) {
	if r == nil || r.B <= 0 || r.N <= 0 {
		return nil, c, fmt.Errorf("%w: spikes of no run", ErrParameter)
	}
	rows, c.Spikes = make([]float64, r.B), make([]float64, len(r.Spikes))
	for i, s := range r.Spikes {
		rows[i/r.N%r.B] += s
		c.Spikes[i] = 1 / float64(r.B)
	}
	return rows, c, nil
}

// VanRossum is the van Rossum distance to target spikes s* [T, B, N] with a time constant of tau
// bins, summed over neurons:
//
//	(1/tau) Σ_t f[t]²,   f[t] = exp(-1/tau) f[t-1] + s[t] - s*[t]
//
// Source: M. C. W. van Rossum, A novel spike distance, Neural Comput. 13 (2001),
// doi:10.1162/089976601300014321.
func VanRossum(target []float64, tau float64) Loss {
	return func(r *Run) (rows []float64, c Cotangents, err error) {
		if !(tau > 0) || math.IsInf(tau, 0) {
			return nil, c, fmt.Errorf("%w: time constant of %v bins, want a finite number > 0", ErrParameter, tau)
		}
		if err := r.fits("spikes", target); err != nil {
			return nil, c, err
		}
		decay, step := fmath.Exp(-1/tau), r.B*r.N
		rows, c.Spikes = make([]float64, r.B), make([]float64, len(r.Spikes))
		for k := range step {
			f, sum := 0.0, 0.0
			for i := k; i < len(target); i += step {
				f = float64(decay*f) + r.Spikes[i] - target[i]
				c.Spikes[i] = 2 * f / tau / float64(r.B)
				sum += float64(f * f)
			}
			rows[k/r.N] += sum / tau
			g := 0.0
			for i := len(target) - step + k; i >= 0; i -= step {
				g = float64(decay*g) + c.Spikes[i]
				c.Spikes[i] = g
			}
		}
		return rows, c, nil
	}
}

// TraceError is the mean over time and neurons of (ln Imem - target)², for a target [T, B, N] of
// ln(Imem/A).
func TraceError(target []float64) Loss {
	return func(r *Run) (rows []float64, c Cotangents, err error) {
		if err := r.fits("ln Imem", target); err != nil {
			return nil, c, err
		}
		rows, c.LnImem = make([]float64, r.B), make([]float64, len(r.Imem))
		each := float64(r.T * r.N)
		for i, x := range r.Imem {
			e := fmath.Log(x) - target[i]
			rows[i/r.N%r.B] += float64(e*e) / each
			c.LnImem[i] = 2 * e / each / float64(r.B)
		}
		return rows, c, nil
	}
}

// fits holds a target against the records of the run.
func (r *Run) fits(name string, target []float64) error {
	if len(target) != len(r.Spikes) {
		return fmt.Errorf("%w: target of %s has %d elements, want %d for %d steps, %d rows, %d neurons", ErrParameter, name, len(target), len(r.Spikes), r.T, r.B, r.N)
	}
	return nil
}
