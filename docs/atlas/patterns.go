package main

import (
	"math"
	"slices"
)

// Times, in bins of 1 ms.
const (
	steps = 1000
	begin = 200 // of the stimulus
	end   = 700 // of a step
)

// response is what the neuron did in a row: bins of spikes, and ln Imem in each bin.
type response struct {
	spikes []int
	y      []float64
}

// count counts spikes in bins from, ..., to-1.
func (r response) count(from, to int) (n float64) {
	for _, t := range r.spikes {
		if t >= from && t < to {
			n++
		}
	}
	return n
}

// intervals are those between spikes.
func (r response) intervals() (isi []float64) {
	for i := 1; i < len(r.spikes); i++ {
		isi = append(isi, float64(r.spikes[i]-r.spikes[i-1]))
	}
	return isi
}

// outside counts spikes where there is no step, 10 ms after it are its own.
func (r response) outside() float64 { return r.count(0, begin) + r.count(end+10, steps) }

// last is the last bin with a spike, 0 without.
func (r response) last() float64 {
	if len(r.spikes) == 0 {
		return 0
	}
	return float64(r.spikes[len(r.spikes)-1])
}

// lack is by how much x is below a limit, relative to it; excess by how much above.
func lack(x, limit float64) float64   { return max(0, (limit-x)/limit) }
func excess(x, limit float64) float64 { return max(0, (x-limit)/limit) }

// variation is the coefficient of variation.
func variation(x []float64) float64 {
	mean, squares := 0.0, 0.0
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		squares += (v - mean) * (v - mean) / float64(len(x))
	}
	return math.Sqrt(squares) / mean
}

// inhibited is how far Imem must still fall, in e-folds, to be 0.3 below that before a pulse.
func (r response) inhibited(from, to int) float64 {
	return lack(r.y[from-1]-slices.Min(r.y[from:to]), 0.3)
}

// Within a burst intervals are at most close, between bursts at least apart.
const close, apart = 12, 30

// bursting is 0 with so many bursts of two to eight spikes, and no others.
func (r response) bursting(bursts float64) (v float64) {
	n, size := 0.0, 1
	over := func() {
		if size > 1 && size <= 8 {
			n++
		} else {
			v += 0.3
		}
		size = 1
	}
	for _, isi := range r.intervals() {
		switch {
		case isi <= close:
			size++
		case isi < apart:
			v += 0.3
			over()
		default:
			over()
		}
	}
	if len(r.spikes) > 0 {
		over()
	}
	return v + lack(n, bursts)
}

// stimulus are the events of a bin, for the exciting and the inhibiting input.
type stimulus func(t int) (exc, inh float64)

func during(t, from, to int) float64 {
	if t >= from && t < to {
		return 1
	}
	return 0
}

// pulse is an event in each bin.
func pulse(from, to int) stimulus {
	return func(t int) (float64, float64) { return during(t, from, to), 0 }
}
func inhibition(from, to int) stimulus {
	return func(t int) (float64, float64) { return 0, during(t, from, to) }
}

// pair are two bins of two events.
func pair(gap int) stimulus {
	return func(t int) (float64, float64) {
		return 2 * (during(t, begin, begin+1) + during(t, begin+gap, begin+gap+1)), 0
	}
}

// ramp rises to 8 events in a bin in so many bins, and stays there.
func ramp(length int) stimulus {
	level := func(t int) float64 { // the integral
		x := max(0, float64(t-begin))
		l := float64(length)
		return 8 * (min(x, l)*min(x, l)/(2*l) + max(0, x-l))
	}
	return func(t int) (float64, float64) { return math.Floor(level(t+1)) - math.Floor(level(t)), 0 }
}

func both(a, b stimulus) stimulus {
	return func(t int) (float64, float64) {
		e1, i1 := a(t)
		e2, i2 := b(t)
		return e1 + e2, i1 + i2
	}
}

// pattern is one of Izhikevich's: a letter of his figure, the stimuli, what is asked for in words
// and as a number that is 0 where the responses show it, and for those that are out of reach what
// stands in the way.
type pattern struct {
	letter, name string
	rows         []stimulus
	words        string
	missing      func(r []response) float64
	wall         string
}

// chatter counts bins in which Imem falls by more than 2 e-folds without a spike: steps that are
// too long for what leaks, not the neuron.
func (r response) chatter() (n float64) {
	for t := 1; t < len(r.y); t++ {
		if r.y[t] < r.y[t-1]-2 && !slices.Contains(r.spikes, t) {
			n++
		}
	}
	return n
}

// lacks is what is missing in responses, 0 where they show the pattern.
func (p *pattern) lacks(r []response) float64 {
	v := p.missing(r)
	for _, row := range r {
		v += row.chatter() / 3
	}
	return v
}

var step = pulse(begin, end)

const (
	monotone = "With one dendrite for each input it is out of reach: without spikes the state is monotone in its input, less input at any time is a lower membrane ever after, and AHP, the only memory that acts against it, is charged by spikes alone. So no inhibition brings a spike that would not be there without it. Where the input that inhibits by GABA reaches the slower NMDA dendrite, too, excitation is left behind"
	burst    = "Every spike resets the membrane to Io, so that the next interval depends on AHP and synapses alone: what ends a burst would have to build up over several spikes and act late, and AHP acts at once"
	memory   = "Nothing below the threshold acts back on the membrane with a delay: no adaptation that the voltage drives, so that no two states turn around each other"
)

// patterns are the twenty of Izhikevich 2004, doi:10.1109/TNN.2004.832719, figure 1.
var patterns = []pattern{
	{"A", "tonic spiking", []stimulus{step}, "5 spikes or more in the step of 500 ms, up to its last 50 ms, intervals with a coefficient of variation of at most 0.15; none outside", func(r []response) float64 {
		a, isi := r[0], r[0].intervals()
		v := lack(a.count(begin, end+10), 5) + a.outside() + lack(a.last(), end-50)
		if len(isi) > 1 {
			v += excess(variation(isi), 0.15)
		}
		return v
	}, ""},
	{"B", "phasic spiking", []stimulus{step}, "one spike in the step, in its first 100 ms", func(r []response) float64 {
		a := r[0]
		return lack(a.count(begin, begin+100), 1) + max(0, a.count(begin, steps)-1) + a.count(0, begin)
	}, ""},
	{"C", "tonic bursting", []stimulus{step}, "three bursts or more, of two to eight spikes at most 12 ms apart, with at least 30 ms between them; the last in the last 150 ms of the step", func(r []response) float64 {
		a := r[0]
		return a.bursting(3) + lack(a.last(), end-150) + a.outside()
	}, burst},
	{"D", "phasic bursting", []stimulus{step}, "3 to 10 spikes at most 12 ms apart in the first 100 ms of the step, and none later", func(r []response) float64 {
		a := r[0]
		n := a.count(begin, begin+100)
		v := lack(n, 3) + excess(n, 10) + a.count(begin+100, steps) + a.count(0, begin)
		for _, isi := range a.intervals() {
			v += excess(isi, close)
		}
		return v
	}, ""},
	{"E", "mixed mode", []stimulus{step}, "three spikes at most 12 ms apart, and then at least three intervals of 25 ms or more, up to the last 100 ms of the step", func(r []response) float64 {
		a, isi := r[0], r[0].intervals()
		v := lack(float64(len(isi)), 6) + lack(a.last(), end-100) + a.outside()
		for i, x := range isi {
			switch {
			case i < 2:
				v += excess(x, close)
			case i >= len(isi)-3:
				v += lack(x, 25)
			}
		}
		return v
	}, ""},
	{"F", "spike frequency adaptation", []stimulus{step}, "6 spikes or more, up to the last 100 ms of the step, whose intervals never fall by more than 1 ms and at least double, from 30 ms or less", func(r []response) float64 {
		a, isi := r[0], r[0].intervals()
		v := lack(float64(len(a.spikes)), 6) + lack(a.last(), end-100) + a.outside()
		for i := 1; i < len(isi); i++ {
			v += max(0, isi[i-1]-1-isi[i]) / 10
		}
		if len(isi) > 0 {
			v += excess(isi[0], 30) + lack(isi[len(isi)-1]/isi[0], 2)
		}
		return v
	}, ""},
	{"G", "class 1 excitability", []stimulus{ramp(800)}, "on a ramp of 800 ms, a first interval of 80 ms or more, a last one of 20 ms or less", func(r []response) float64 {
		a, isi := r[0], r[0].intervals()
		v := lack(float64(len(isi)), 5) + a.count(0, begin)
		if len(isi) > 1 {
			v += lack(isi[0], 80) + excess(isi[len(isi)-1], 20)
		}
		return v
	}, ""},
	{"H", "class 2 excitability", []stimulus{ramp(800)}, "on a ramp of 800 ms, silence for 250 ms, then no interval above 25 ms, and a first one of at most 1.5 times the shortest", func(r []response) float64 {
		a, isi := r[0], r[0].intervals()
		v := lack(float64(len(isi)), 10) + a.count(0, begin+250)/10
		for _, x := range isi {
			v += excess(x, 25) / float64(len(isi))
		}
		if len(isi) > 0 {
			v += excess(isi[0]/slices.Min(isi), 1.5)
		}
		return v
	}, ""},
	{"I", "spike latency", []stimulus{pulse(begin, begin+3)}, "one spike, 20 ms or more after the end of a pulse of 3 ms", func(r []response) float64 {
		a := r[0]
		v := lack(a.count(begin, steps), 1) + max(0, a.count(0, steps)-1)
		if len(a.spikes) > 0 {
			v += lack(float64(a.spikes[0]-begin-3), 20)
		}
		return v
	}, ""},
	{"J", "subthreshold oscillations", []stimulus{pulse(begin, begin+3)}, "after a pulse, two maxima of ln Imem or more, at least 5 ms apart and with a fall of 0.05 before the second, without a spike between them", func(r []response) float64 {
		a := r[0]
		from := begin + 4
		if len(a.spikes) > 0 {
			from = max(from, a.spikes[len(a.spikes)-1]+1)
		}
		// the largest rise that follows a fall, which follows a rise
		best, at := 0.0, -1
		for t := from + 1; t+1 < steps; t++ {
			if a.y[t] > a.y[from]+0.05 && a.y[t] >= a.y[t-1] && a.y[t] > a.y[t+1] && at < 0 {
				at = t
			}
			if at >= 0 && t >= at+5 {
				low := slices.Min(a.y[at:t])
				best = max(best, min(a.y[at], a.y[t])-low)
			}
		}
		return lack(best, 0.05) + excess(a.count(0, steps), 1)
	}, memory},
	{"K", "resonator", []stimulus{pair(5), pair(20), pair(60)}, "of pairs of inputs 5, 20 and 60 ms apart, a spike for that of 20 ms alone", func(r []response) float64 {
		return min(r[0].count(0, steps), 3) + lack(r[1].count(0, steps), 1) + min(r[2].count(0, steps), 3)
	}, memory + "; inputs that are closer add to more"},
	{"L", "integrator", []stimulus{pair(5), pair(40)}, "of pairs of inputs 5 and 40 ms apart, one spike or more for that of 5 ms alone", func(r []response) float64 {
		return lack(r[0].count(begin, steps), 1) + r[1].count(0, steps) + r[0].count(0, begin)
	}, ""},
	{"M", "rebound spike", []stimulus{inhibition(begin, begin+20)}, "Imem falls by 0.3 e-folds in a pulse of inhibition of 20 ms, and one spike follows it within 150 ms", func(r []response) float64 {
		a := r[0]
		return a.count(0, begin+20) + math.Abs(a.count(begin+20, begin+170)-1) + a.count(begin+170, steps) + a.inhibited(begin, begin+20)
	}, monotone},
	{"N", "rebound burst", []stimulus{inhibition(begin, begin+20)}, "likewise, 3 spikes or more at most 12 ms apart, within 150 ms", func(r []response) float64 {
		a := r[0]
		v := a.count(0, begin+20) + lack(a.count(begin+20, begin+170), 3) + a.count(begin+170, steps) + a.inhibited(begin, begin+20)
		for _, isi := range a.intervals() {
			v += excess(isi, close)
		}
		return v
	}, monotone},
	{"O", "threshold variability", []stimulus{pulse(begin+100, begin+102), both(inhibition(begin+40, begin+60), pulse(begin+100, begin+102))}, "no spike for a pulse of 2 ms, and one for the same pulse 40 ms after an inhibition of 20 ms in which Imem falls by 0.3 e-folds", func(r []response) float64 {
		b := r[1]
		return r[0].count(0, steps) + b.count(0, begin+100) + math.Abs(b.count(begin+100, steps)-1) + b.inhibited(begin+40, begin+60)
	}, monotone},
	{"P", "bistability", []stimulus{both(pulse(begin, begin+3), inhibition(600, 620)), pulse(begin, begin+3)}, "spikes in each 50 ms from a pulse of 3 ms to one of inhibition 400 ms later, none before and from 30 ms after it; without inhibition to the end, the last interval at most 1.3 times that at 300 ms", func(r []response) float64 {
		a, b := r[0], r[1]
		v := a.count(0, begin) + a.count(650, steps)/10
		for t := begin + 50; t < 600; t += 50 {
			v += lack(a.count(t, t+50), 1) / 7
		}
		for t := 600; t < steps; t += 50 {
			v += lack(b.count(t, t+50), 1) / 8
		}
		isi := b.intervals()
		for i, d := range isi {
			if b.spikes[i] >= begin+100 {
				return v + excess(isi[len(isi)-1]/d, 1.3)
			}
		}
		return v + 1
	}, ""},
	{"Q", "depolarising after-potential", []stimulus{pulse(begin, begin+3)}, "one spike, and after its reset a maximum of Imem 10 to 100 ms later, 0.5 e-folds above rest", func(r []response) float64 {
		a := r[0]
		v := math.Abs(a.count(begin, steps)-1) + a.count(0, begin)
		if len(a.spikes) == 0 || a.spikes[0]+100 >= steps {
			return v + 1
		}
		from := a.spikes[0] + 1
		at := from
		for t := from; t < from+100; t++ {
			if a.y[t] > a.y[at] {
				at = t
			}
		}
		return v + lack(float64(at-from), 10) + lack(a.y[at]-a.y[begin-1], 0.5) + excess(float64(at-from), 95)
	}, ""},
	{"R", "accommodation", []stimulus{ramp(20), ramp(700)}, "a spike for a ramp of 20 ms, within 100 ms, and none for one of 700 ms to the same level", func(r []response) float64 {
		return lack(r[0].count(begin, begin+100), 1) + r[0].count(0, begin) + min(r[1].count(0, steps), 5)
	}, ""},
	{"S", "inhibition-induced spiking", []stimulus{inhibition(begin, end)}, "Imem falls by 0.3 e-folds in the first 20 ms of a step of inhibition, and 5 spikes or more follow in it, none outside", func(r []response) float64 {
		a := r[0]
		return lack(a.count(begin+20, end+10), 5) + a.outside() + a.inhibited(begin, begin+20) + a.count(begin, begin+20)
	}, monotone},
	{"T", "inhibition-induced bursting", []stimulus{inhibition(begin, end)}, "likewise, two bursts or more", func(r []response) float64 {
		a := r[0]
		return a.bursting(2) + a.outside() + a.inhibited(begin, begin+20) + a.count(begin, begin+20)
	}, monotone},
}
