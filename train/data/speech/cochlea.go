package speech

import (
	"cmp"
	"math"
	"slices"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/train/data"
)

// Channels is the number of channels of the cochlea.
const Channels = 700

// Cochlea turns sounds into spikes. With the sound x, whose root mean square is 1, and step Δ = 0.5
// ms:
//
//	z = gammatone of second order of x, of bandwidth 1.3 ERB(f),  f from 80 to 5000 Hz
//	h = (|z| / 0.05)^0.3                  of the largest |z| of the step
//	a = max(h - 0.6 <h>, 0)               <h> an exponential mean over 60 ms
//	dv/dt = (gain a - v)/τ, τ = 8 ms;  a spike at v = 1, then 0 for 4 ms
//
// The time of a spike is interpolated within its step.
type Cochlea struct {
	Gain float64 // 0 means 1.5
}

const (
	lowest, highest = 80.0, 5000.0
	cochleaStep     = Rate / 2000
	membrane        = 8e-3
	refractory      = 4e-3
	adaptation      = 60e-3
)

// Centre returns the frequency of a channel, Hz.
func Centre(channel int) float64 {
	scale := func(f float64) float64 { return 21.4 * math.Log10(1+0.00437*f) }
	e := scale(lowest) + (scale(highest)-scale(lowest))*float64(channel)/(Channels-1)
	return (math.Pow(10, e/21.4) - 1) / 0.00437
}

// Spikes returns the spikes of a sound, in the order of their times.
func (c Cochlea) Spikes(sound []float64) []data.Spike {
	if c.Gain == 0 {
		c.Gain = 1.5
	}
	power := 0.0
	for _, v := range sound {
		power += v * v
	}
	if power == 0 {
		return nil
	}
	level := math.Sqrt(float64(len(sound)) / power)
	var spikes []data.Spike
	for n := range Channels {
		spikes = c.channel(spikes, n, sound, level)
	}
	slices.SortStableFunc(spikes, func(a, b data.Spike) int { return cmp.Compare(a.Time, b.Time) })
	return spikes
}

// channel appends the spikes of a channel.
func (c Cochlea) channel(spikes []data.Spike, n int, sound []float64, level float64) []data.Spike {
	f := Centre(n)
	width := 1.3 * 24.7 * (4.37*f/1000 + 1)
	radius := fmath.Exp(-2 * math.Pi * width / Rate)
	cos, sin := radius*math.Cos(2*math.Pi*f/Rate), radius*math.Sin(2*math.Pi*f/Rate)
	rest := level * (1 - radius)
	dt := float64(cochleaStep) / Rate
	slow, leak := fmath.Exp(-dt/adaptation), fmath.Exp(-dt/membrane)
	var re1, im1, re2, im2, mean, v, largest float64
	quiet := -1.0 // end of the refractory time
	for i, x := range sound {
		re1, im1 = float64(cos*re1)-float64(sin*im1)+float64(rest*x), float64(sin*re1)+float64(cos*im1)
		re2, im2 = float64(cos*re2)-float64(sin*im2)+float64((1-radius)*re1), float64(sin*re2)+float64(cos*im2)+float64((1-radius)*im1)
		largest = max(largest, float64(re2*re2)+float64(im2*im2))
		if i%cochleaStep != cochleaStep-1 {
			continue
		}
		h := fmath.Exp(0.15 * fmath.Log(largest/0.0025+1e-9)) // (|z|/0.05)^0.3
		largest = 0
		mean = float64(slow*mean) + float64((1-slow)*h)
		drive := c.Gain * max(h-0.6*mean, 0)
		end := float64(i+1) / Rate
		if end <= quiet {
			continue
		}
		before := v
		v = float64(leak*v) + float64((1-leak)*drive)
		if v >= 1 {
			share := (1 - before) / (v - before)
			spikes = append(spikes, data.Spike{Time: end - dt + share*dt, Channel: n})
			v, quiet = 0, end+refractory
		}
	}
	return spikes
}
