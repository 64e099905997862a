package train

import (
	"fmt"
	"math"
	"slices"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/train/data"
)

// VictorPurpura is the distance of two spike trains, the least cost of turning one into the other
// by taking spikes away or putting them in, at 1 each, and by shifting them, at q per second:
//
//	D = min over pairings (unpaired spikes + q Σ |t_i - t'_j|)
//
// a and b are spike times in s, in any order. q = 0 compares counts alone, and spikes further apart
// than 2/q count as different. Cost: len(a) len(b). Victor and Purpura 1996,
// doi:10.1152/jn.1996.76.2.1310.
func VictorPurpura(a, b []float64, q float64) (float64, error) {
	if !(q >= 0) || math.IsInf(q, 1) {
		return 0, fmt.Errorf("train: VictorPurpura with q = %v per s, want a finite number >= 0", q)
	}
	a, b, err := trains(a, b)
	if err != nil {
		return 0, err
	}
	row := make([]float64, len(b)+1)
	for j := range row {
		row[j] = float64(j)
	}
	for i, t := range a {
		diagonal := row[0]
		row[0] = float64(i + 1)
		for j, u := range b {
			shifted := diagonal + float64(q*math.Abs(t-u))
			diagonal = row[j+1]
			row[j+1] = min(row[j]+1, row[j+1]+1, shifted)
		}
	}
	return row[len(b)], nil
}

// VanRossumDistance is the squared distance of two spike trains that are filtered by exp(-t/tau),
// in continuous time:
//
//	D² = 1/tau ∫ (f(t) - g(t))² dt = 1/2 Σ_ij exp(-|t_i - t_j|/tau)
//	     over both trains, with the sign of the pair
//
// One spike more is 1/2, two spikes far from each other 1. [VanRossum] is the same on time steps,
// as a loss. Van Rossum 2001, doi:10.1162/089976601300014321.
func VanRossumDistance(a, b []float64, tau float64) (float64, error) {
	if !(tau > 0) || math.IsInf(tau, 1) {
		return 0, fmt.Errorf("train: VanRossumDistance with tau = %v s, want a finite number > 0", tau)
	}
	a, b, err := trains(a, b)
	if err != nil {
		return 0, err
	}
	sum := func(x, y []float64) float64 {
		s := 0.0
		for _, t := range x {
			for _, u := range y {
				s += fmath.Exp(-math.Abs(t-u) / tau)
			}
		}
		return s
	}
	return max(0, float64((sum(a, a)+sum(b, b))/2)-sum(a, b)), nil
}

// SpikeDistance is the mean over its channels of [VictorPurpura] of the spikes of a
// data.SpikeTarget:
//
//	mean_c VictorPurpura(spikes of c, those of the target, q)        q per second
func SpikeDistance(q float64, channels int) Metric {
	return Metric{Name: "victor_purpura", OfSpikes: meanOfTrains(channels, func(a, b []float64) (float64, error) { return VictorPurpura(a, b, q) })}
}

// FilteredDistance is the mean over its channels of [VanRossumDistance] of the spikes of a
// data.SpikeTarget:
//
//	mean_c VanRossumDistance(spikes of c, those of the target, tau)        tau in s
func FilteredDistance(tau float64, channels int) Metric {
	return Metric{Name: "van_rossum", OfSpikes: meanOfTrains(channels, func(a, b []float64) (float64, error) { return VanRossumDistance(a, b, tau) })}
}

// meanOfTrains returns the mean of a distance over the channels; NaN where its parameter makes no
// sense.
func meanOfTrains(channels int, distance func(a, b []float64) (float64, error)) func([]data.Spike, Answer) float64 {
	return func(out []data.Spike, want Answer) float64 {
		sum := 0.0
		for c := range channels {
			d, err := distance(timesOf(out, c), timesOf(want.Spikes, c))
			if err != nil {
				return math.NaN()
			}
			sum += d
		}
		return sum / float64(max(channels, 1))
	}
}

// timesOf returns the times of a channel.
func timesOf(spikes []data.Spike, channel int) (times []float64) {
	for _, s := range spikes {
		if s.Channel == channel {
			times = append(times, s.Time)
		}
	}
	return times
}

// trains returns sorted copies of two spike trains.
func trains(a, b []float64) (x, y []float64, err error) {
	for _, train := range [][]float64{a, b} {
		for i, t := range train {
			if t-t != 0 {
				return nil, nil, fmt.Errorf("train: spike %d is at %v s, want a finite time", i, t)
			}
		}
	}
	x, y = slices.Clone(a), slices.Clone(b)
	slices.Sort(x)
	slices.Sort(y)
	return x, y, nil
}
