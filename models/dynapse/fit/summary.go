package fit

import (
	"context"
	"math"

	"github.com/surge-snn/surge/models/dynapse"
)

// summary is a target of what the neurons do in a whole run, such as their rates: an input, and a
// judge.
type summary struct {
	judge
	steps, rows int
	input       []float64 // [T, B, N], or [T, B, 4N]
	current     float64   // into the membrane, besides Idc, A
	whole       bool      // a part of the input says nothing
}

// judge knows what the neurons are to do.
type judge interface {
	// loss returns the loss of what they did, [B, N], in a run of some seconds, and stores its
	// derivatives if d is not nil.
	loss(of, d []firing, seconds float64) float64
	// residuals stores as many residuals as size says, of which ½ |r|² is the loss, or more than it
	// where the loss is flat.
	residuals(r []float64, of []firing, seconds float64)
	size() int
	// resolution is a loss that is as good as none, for n neurons: that of a spike more or less.
	resolution(seconds float64, n int) float64
}

// firing is what a neuron did in a run, or the derivatives with respect to that.
type firing struct {
	count float64 // spikes
	peak  float64 // max_t ln(Imem/Ispkthr), of a neuron without spikes
	at    int     // where that is
	bins  int     // with spikes; what follows needs three

	adaptation, cv float64
}

// leastBins is how many bins with spikes adaptation and cv need: two intervals.
const leastBins = 3

// firings returns what the neurons did, [M, B, N].
func firings(p *problem, net dynapse.Network, run *dynapse.Run, m int) []firing {
	width := run.B * run.N
	rows := run.B / m
	list := make([]firing, width)
	membranes := p.membranes(net)
	var times []int
	for i := range list {
		f := &list[i]
		f.at = i
		times = times[:0]
		for at := i; at < len(run.Spikes); at += width {
			if s := run.Spikes[at]; s > 0 {
				f.count += s
				times = append(times, at/width)
			}
			if run.Vmem[at] > run.Vmem[f.at] { // which grows with Imem
				f.at = at
			}
		}
		if f.count == 0 {
			f.peak = membranes.above(run, f.at, i/(rows*run.N)*run.N+i%run.N)
		}
		if f.bins = len(times); f.bins >= leastBins {
			f.adaptation, f.cv = adaptation(times, nil), variation(times, nil)
		}
	}
	return list
}

// cotangents turns derivatives with respect to what the neurons did into those with respect to the
// records. A later spike time is written as a slope of the derivatives of the spikes around it,
// which is what rule T sees.
func cotangents(run *dynapse.Run, of, d []firing) *dynapse.Cotangents {
	c := &dynapse.Cotangents{Records: dynapse.Records{Spikes: make([]float64, len(run.Spikes))}, LnImem: make([]float64, len(run.Spikes))}
	width := run.B * run.N
	for i, g := range d {
		c.LnImem[of[i].at] += g.peak // of a neuron without spikes Imem is the same before and after the reset
		var times []int
		for at := i; at < len(run.Spikes); at += width {
			c.Spikes[at] = g.count
			if run.Spikes[at] > 0 {
				times = append(times, at/width)
			}
		}
		if of[i].bins < leastBins {
			continue
		}
		slopes, part := make([]float64, len(times)), make([]float64, len(times))
		adaptation(times, part)
		for k, s := range part {
			slopes[k] = g.adaptation * s
		}
		variation(times, part)
		for k, s := range part {
			slopes[k] += float64(g.cv * s)
		}
		for k, t := range times {
			if t > 0 {
				c.Spikes[(t-1)*width+i] -= slopes[k]
			}
			if t+1 < run.T {
				c.Spikes[(t+1)*width+i] += slopes[k]
			}
		}
	}
	return c
}

// adaptation is that of [Adaptation] for spikes in some bins, with its derivatives by these if d is
// not nil.
func adaptation(times []int, d []float64) (a float64) {
	clear(d)
	pairs := float64(len(times) - 2)
	for i := 2; i < len(times); i++ {
		first, second := float64(times[i-1]-times[i-2]), float64(times[i]-times[i-1])
		sum := first + second
		a += (second - first) / sum / pairs
		if d != nil { // by the intervals: -2 second/sum², 2 first/sum²
			byFirst, bySecond := -2*second/(sum*sum)/pairs, 2*first/(sum*sum)/pairs
			d[i-2] -= byFirst
			d[i-1] += byFirst - bySecond
			d[i] += bySecond
		}
	}
	return a
}

// variation is that of [CV].
func variation(times []int, d []float64) float64 {
	clear(d)
	k := float64(len(times) - 1)
	mean := float64(times[len(times)-1]-times[0]) / k
	variance := 0.0
	for i := 1; i < len(times); i++ {
		e := float64(times[i]-times[i-1]) - mean
		variance += e * e / k
	}
	sd := math.Sqrt(variance)
	if d != nil && sd > 0 { // by an interval: (I - mean)/(k sd mean) - sd/(k mean²)
		for i := 1; i < len(times); i++ {
			e := float64(times[i]-times[i-1]) - mean
			g := e/(k*sd*mean) - sd/(k*mean*mean)
			d[i] += g
			d[i-1] -= g
		}
	}
	return sd / mean
}

// simulate runs a summary with a network of M samples.
func (p *problem) simulate(ctx context.Context, s *summary, net dynapse.Network) (*dynapse.Run, []firing, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	m := max(net.Samples, 1)
	if s.current != 0 {
		idc := net.Params[dynapse.Idc]
		if len(idc) == 0 {
			idc = []float64{dynapse.Idc.Default()}
		}
		more := make([]float64, len(idc))
		for i, x := range idc {
			more[i] = x + s.current
		}
		net.Params[dynapse.Idc] = more
	}
	run, err := net.Simulate(dynapse.Input{T: s.steps, B: s.rows * m, Counts: tile(s.input, s.steps, s.rows*p.Network.N*p.types(), m)})
	if err != nil {
		return nil, nil, notFinite(err)
	}
	return run, firings(p, net, run, m), nil
}

// summaries compiles the targets that are judged by what the neurons do.
func (e Experiment) summaries(p *problem) error {
	for _, c := range e.Curves {
		if err := c.check(); err != nil {
			return err
		}
		if c.Seconds == 0 {
			c.Seconds = 5
		}
		if c.Scale == 0 {
			c.Scale = 1
		}
		s := p.poisson(c.Seed, "fit/curve", c.draws(), c.Seconds)
		s.judge = &c
		p.summed = append(p.summed, s)
	}
	for _, t := range e.Statistics {
		if err := t.compile(p); err != nil {
			return err
		}
	}
	for _, t := range e.Tasks {
		if err := t.compile(p); err != nil {
			return err
		}
	}
	return nil
}

// mostSteps bounds how much a target simulates.
const mostSteps = 1 << 24
