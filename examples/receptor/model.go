package main

import (
	"context"
	"math"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
	"github.com/surge-snn/surge/models/dynapse/fit"
	"github.com/surge-snn/surge/optim/minimize"
	"github.com/surge-snn/surge/train/data"
)

const (
	dt        = 0.5e-3 // s
	precision = 2e-3   // s, of the coincidence factor
	loudest   = 76.4   // dB, the level at which the mean energy of the sound is eventRate
	eventRate = 8e3    // Hz
)

// sound is a stimulus as the chip gets it, and what the cell did.
type sound struct {
	counts  []float64 // events in each bin
	spikes  []float64 // s
	seconds float64
}

// encode makes events of a sound. Their rate is its energy, the square of the amplitude, at the
// level that it was played at; an event is sent whenever the integral of the rate passes a whole
// number, as a sigma-delta converter does.
func encode(r *data.Receptor) sound {
	const meanEnergy = 0.0413 // of both envelopes, whose level has a standard deviation of 6 dB
	scale := eventRate / meanEnergy * math.Pow(10, (r.Level-loudest)/10) * r.Step
	s := sound{spikes: r.Spikes, seconds: r.Seconds(), counts: make([]float64, int(math.Ceil(r.Seconds()/dt)))}
	sum := 0.0
	for i, a := range r.Envelope {
		before := math.Floor(sum)
		sum += float64(a * a * scale)
		bin := min(int(float64(i)*r.Step/dt*(1+1e-12)), len(s.counts)-1)
		s.counts[bin] += math.Floor(sum) - before
	}
	return s
}

// currents are what is fitted, with bounds in A: time constants of 0.1 to 10 ms of the synapse, 0.2
// to 15 ms of the membrane, 5 ms to 2.8 s of the adaptation, and a refractory time of 0.5 to 4 ms.
var currents = []struct {
	dynapse.Param
	lo, hi float64
}{
	{dynapse.ItauSyn, 8.7e-11, 8.7e-9},
	{dynapse.IgainSyn, 1e-11, 4e-7},
	{dynapse.ItauMem, 7e-12, 5e-10},
	{dynapse.IgainMem, 5e-13, 1e-7},
	{dynapse.Idc, 5e-13, 1e-9},
	{dynapse.Ispkthr, 1e-11, 5e-7},
	{dynapse.Iref, 2.7e-10, 2.1e-9},
	{dynapse.ItauAHP, 5e-13, 2.8e-10},
	{dynapse.IwAHP, 5e-13, 1e-6},
}

// Bounds of the latency, ms: the way of the sound to the ear and of the spike to the electrode.
const shortest, longest = 4, 9

// neurons returns neurons with the fitted currents of points: ln of each current, and the latency
// in ms. The pulses of the adaptation are longer than by default (0.1 ms), so that its weight has
// room.
func neurons(points [][]float64) (dynapse.Network, error) {
	n := dynapse.Network{N: 1, Samples: len(points), MaxSpikes: 1}
	n.Params[dynapse.Dt] = []float64{dt}
	for p, want := range map[dynapse.Param]float64{dynapse.IpulseAHP: 3.5e-9, dynapse.IgainAHP: dynapse.IgainAHP.Default(), dynapse.Ipulse: dynapse.Ipulse.Default()} {
		s, err := setting(p.String(), want)
		if err != nil {
			return n, err
		}
		n.Params[p] = []float64{s.Current}
	}
	weight, err := setting("Iw_0", dynapse.Iscale.Default())
	if err != nil {
		return n, err
	}
	n.Params[dynapse.Iscale] = []float64{weight.Current}
	for i, c := range currents {
		for _, x := range points {
			n.Params[c.Param] = append(n.Params[c.Param], math.Exp(x[i]))
		}
	}
	return n, nil
}

// setting is what the bias generator has next to a current.
func setting(current string, want float64) (chip.Setting, error) {
	name, err := chip.DeviceParameter(current)
	if err != nil {
		return chip.Setting{}, err
	}
	b, err := chip.BiasOf(name)
	if err != nil {
		return chip.Setting{}, err
	}
	return b.Lookup(want)
}

// simulate returns the spike times of neurons that hear a sound, after the latency of each point.
func simulate(s sound, points [][]float64) ([][]float64, error) {
	n, err := neurons(points)
	if err != nil {
		return nil, err
	}
	m := len(points)
	in := dynapse.Input{T: len(s.counts), B: m, Counts: make([]float64, len(s.counts)*m)}
	for t, x := range s.counts {
		for k := range m {
			in.Counts[t*m+k] = x
		}
	}
	run, err := n.Simulate(in)
	if err != nil {
		return nil, err
	}
	trains := make([][]float64, m)
	for i, spike := range run.Spikes {
		if k := i % m; spike > 0 {
			trains[k] = append(trains[k], float64((float64(i/m)+0.5)*dt)+points[k][len(currents)]*1e-3)
		}
	}
	return trains, nil
}

// loss is 1 less the share of spikes that coincide with the recorded ones, the mean of windows of
// 0.5, 1 and 2 ms, and a penalty on the rate in each half. The coincidence factor itself is no
// loss: in the search it prefers trains that are as dense as its window.
func loss(s sound, train []float64) float64 {
	l := 1.0
	for _, window := range []float64{0.5e-3, 1e-3, 2e-3} {
		l -= share(s, train, window) / 3
	}
	half := s.seconds / 2
	count := func(train []float64, from, to float64) (n float64) {
		for _, t := range train {
			if t >= from && t < to {
				n++
			}
		}
		return n
	}
	for _, from := range []float64{0, half} {
		d := math.Log((count(train, from, from+half) + 1) / (count(s.spikes, from, from+half) + 1))
		l += 2 * d * d
	}
	return l
}

// share is that of the spikes of both trains that coincide: the coincidence factor without what
// chance is taken off it.
func share(s sound, train []float64, window float64) float64 {
	n := float64(fit.Coincidences(s.spikes, train, window))
	return 2 * n / float64(len(s.spikes)+len(train))
}

// problem is that of finding currents for what the cell did.
func problem(s sound) minimize.Problem {
	var p minimize.Problem
	for _, c := range currents {
		p.Names = append(p.Names, c.String())
		p.Box.Lower, p.Box.Upper = append(p.Box.Lower, math.Log(c.lo)), append(p.Box.Upper, math.Log(c.hi))
	}
	p.Names = append(p.Names, "latency")
	p.Box.Lower, p.Box.Upper = append(p.Box.Lower, shortest), append(p.Box.Upper, longest)
	p.Batch = func(ctx context.Context, losses []float64, xs [][]float64) error {
		const most = 32 // neurons at once
		for at := 0; at < len(xs); at += most {
			if err := ctx.Err(); err != nil {
				return err
			}
			trains, err := simulate(s, xs[at:min(at+most, len(xs))])
			if err != nil {
				return err
			}
			for k, train := range trains {
				losses[at+k] = loss(s, train)
			}
		}
		return nil
	}
	return p
}

// codes rounds a point to what the bias generator has, and looks around for the codes with the
// least loss.
func codes(ctx context.Context, p minimize.Problem, x []float64) ([]float64, []chip.Setting, error) {
	var grid minimize.Grid
	var settings [][]chip.Setting
	for i, c := range currents {
		name, err := chip.DeviceParameter(c.String())
		if err != nil {
			return nil, nil, err
		}
		b, err := chip.BiasOf(name)
		if err != nil {
			return nil, nil, err
		}
		levels, of, err := b.Levels(p.Box.At(i))
		if err != nil {
			return nil, nil, err
		}
		grid.Levels, settings = append(grid.Levels, levels), append(settings, of)
	}
	grid.Levels = append(grid.Levels, []float64{x[len(currents)]})
	start, err := grid.Nearest(x)
	if err != nil {
		return nil, nil, err
	}
	res, err := minimize.RefineGrid(ctx, p, grid, [][]int{start}, &minimize.RefineSettings{Beam: 2, Budget: 400})
	if err != nil {
		return nil, nil, err
	}
	var list []chip.Setting
	for i := range currents {
		list = append(list, settings[i][res.Levels[i]])
	}
	return grid.At(res.Levels), list, nil
}

// fitTo looks for the currents with the least loss by evolution from many points of the box, of
// which the best few go on to the end.
func fitTo(ctx context.Context, s sound, seed uint64, starts, budget int) (*minimize.Result, error) {
	p := problem(s)
	middle := make([]float64, len(p.Names))
	for i := range middle {
		lo, hi := p.Box.At(i)
		middle[i] = (lo + hi) / 2
	}
	return minimize.Fit(ctx, p, middle, &minimize.Settings{Budget: budget}, minimize.MultiStart{
		Method: minimize.CMAES{Sigma: 0.5, Population: 16}, Starts: starts, Spread: 20, Keep: max(starts/8, 1), Seed: seed})
}
