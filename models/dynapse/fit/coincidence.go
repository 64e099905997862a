package fit

import "math"

// Coincidence returns the coincidence factor of two spike trains, ascending times in s of a
// recording of so many seconds and of a model of it, within a window Δ, s:
//
//	Γ = (n - 2 ν Δ N_rec) / ((N_rec + N_mod)/2) / (1 - 2 ν Δ),    ν = N_mod/seconds
//
// n counts the spikes that have a partner in the other train within Δ, one to one. Γ is 1 where all
// have one, 0 in the mean for a Poisson train of the rate of the model, and negative below chance.
// It is NaN without any spikes, and where 2 ν Δ >= 1: a window in which chance finds a partner for
// every spike.
//
// Source: Kistler, Gerstner & van Hemmen 1997, doi:10.1162/neco.1997.9.5.1015; Jolivet et al. 2008,
// doi:10.1016/j.jneumeth.2007.11.006.
func Coincidence(recorded, model []float64, seconds, window float64) float64 {
	return gamma(float64(Coincidences(recorded, model, window)), float64(len(recorded)), float64(len(model)), seconds, window)
}

// gamma is the coincidence factor of n coincidences.
func gamma(n, recorded, model, seconds, window float64) float64 {
	chance := 2 * model / seconds * window
	if !(chance < 1) || !(chance >= 0) || recorded+model == 0 {
		return math.NaN()
	}
	return (n - float64(chance*recorded)) / ((recorded + model) / 2) / (1 - chance)
}

// precision is the window of the coincidence factor in reports, s.
const precision = 2e-3

// windowOf returns the largest window of whole bins of dt that is within precision, or of one bin:
// that of a spike, of which half counts on each side, and so many more on each side.
func windowOf(dt float64) (bins, window float64) {
	bins = max(math.Floor(precision/dt*(1+1e-9)-0.5), 0)
	return bins, (bins + 0.5) * dt
}

// Coincidences counts the spikes of two trains in ascending order that can be paired one to one
// within a window: times and window in s, or bins. It is n of [Coincidence].
func Coincidences[T int | float64](a, b []T, window T) (n int) {
	for i, k := 0, 0; i < len(a) && k < len(b); {
		switch {
		case a[i]-b[k] > window:
			k++
		case b[k]-a[i] > window:
			i++
		default:
			n, i, k = n+1, i+1, k+1
		}
	}
	return n
}
