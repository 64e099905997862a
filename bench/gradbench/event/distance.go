package event

import (
	"github.com/surge-snn/surge/internal/fmath"
)

// distance is van Rossum's (2001, doi:10.1162/089976601300014321) between two sets of spike times
// of one neuron, up to the end T of the observation,
//
//	ℓ = 1/(2 tau) ∫_0^T (f - f*)² dt = 1/4 Σ_k Σ_l q_k q_l K(t_k, t_l),
//	K(a, b) = e^{-|a-b|/tau} - e^{-(2T-a-b)/tau}
//
// where q is 1 for a spike and -1 for a target. A spike at T has no effect: what comes or goes
// there does so smoothly.
type distance struct{ tau, end float64 }

// of returns ℓ of times in their order and, unless grad is nil, adds its derivatives by the spike
// times, one-sided where a spike lies on a target. The sums over pairs are carried from time to
// time: the cost is an exponential for each.
func (d distance) of(spikes, target, grad []float64) float64 {
	// merged are all times with q, spikes with their index.
	type event struct {
		t, q, before float64
		spike        int
	}
	merged := make([]event, 0, len(spikes)+len(target))
	for i, k := 0, 0; i < len(spikes) || k < len(target); {
		if k == len(target) || i < len(spikes) && spikes[i] < target[k] {
			merged = append(merged, event{spikes[i], 1, 0, i})
			i++
		} else {
			merged = append(merged, event{target[k], -1, 0, -1})
			k++
		}
	}
	loss, sum, last := 0.0, 0.0, 0.0
	for i := range merged {
		e := &merged[i]
		sum *= fmath.Exp((last - e.t) / d.tau)
		e.before, last = sum, e.t
		loss += e.q * (e.q + 2*sum) / 4
		sum += e.q
	}
	all := sum * fmath.Exp((last-d.end)/d.tau) // Σ q e^{-(T-t)/tau}
	loss -= all * all / 4
	if grad == nil {
		return loss
	}
	sum, last = 0, d.end
	for i := len(merged) - 1; i >= 0; i-- {
		e := merged[i]
		sum *= fmath.Exp((e.t - last) / d.tau)
		last = e.t
		if e.spike >= 0 {
			grad[e.spike] += (sum - e.before - all*fmath.Exp((e.t-d.end)/d.tau)) / (2 * d.tau)
		}
		sum += e.q
	}
	return loss
}

// steps is the same loss of spikes on a grid of time: a spike in step t is at (t+1) dt. It is a
// lif.Loss.
type steps struct {
	distance
	dt     float64
	target [][]float64 // times of each neuron
	n      float64     // the loss is the mean over so many neurons
}

// Of returns the loss of spikes y [T, N], and adds dℓ/dy to d.
func (s steps) Of(y []float64, n, _ int, d []float64) float64 {
	loss := 0.0
	for j := range n {
		var times []float64
		for t := range len(y) / n {
			if y[t*n+j] != 0 {
				times = append(times, float64(t+1)*s.dt)
			}
		}
		loss += s.of(times, s.target[j], nil) / s.n
		if d == nil {
			continue
		}
		s.derivative(y, n, j, d)
	}
	return loss
}

// derivative adds dℓ/dy = 1/2n Σ_l q_l K(a, t_l) of neuron j, a = (t+1) dt. What lies at or before
// a is carried forward in time, what lies after it backwards, a step at a time.
func (s steps) derivative(y []float64, n, j int, d []float64) {
	decay, last := fmath.Exp(-s.dt/s.tau), len(y)/n
	target := s.target[j] // by time
	// all is Σ q e^{-(T-t)/tau}, of the second term of K.
	all := 0.0
	for t := range last {
		if q := y[t*n+j]; q != 0 {
			all += q * fmath.Exp((float64(t+1)*s.dt-s.end)/s.tau)
		}
	}
	for _, b := range target {
		all -= fmath.Exp((b - s.end) / s.tau)
	}
	sum, k := 0.0, 0
	for t := range last {
		a := float64(t+1) * s.dt
		sum = decay*sum + y[t*n+j]
		for ; k < len(target) && target[k] <= a; k++ {
			sum -= fmath.Exp((target[k] - a) / s.tau)
		}
		d[t*n+j] += (sum - all*fmath.Exp((a-s.end)/s.tau)) / 2 / s.n
	}
	sum, k = 0, len(target)-1
	for t := last - 1; t >= 0; t-- {
		a := float64(t+1) * s.dt
		for ; k >= 0 && target[k] > a; k-- {
			sum -= fmath.Exp((a - target[k]) / s.tau)
		}
		d[t*n+j] += sum / 2 / s.n
		sum = decay * (sum + y[t*n+j])
	}
}
