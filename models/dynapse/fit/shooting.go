package fit

import (
	"math"
	"slices"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/models/dynapse"
)

// A spike that falls into a gap of a recording is not known, and the membrane behind it is not the
// one that a simulation from the begin arrives at. There the simulation with forced spikes starts
// again, from what was recorded: multiple shooting (Bock 1983, doi:10.1007/978-3-642-50153-8),
// whose segments are not tied where nothing was seen between them, and whose first states are those
// measured. Everything that is fitted with forced spikes sees these segments; the free network,
// which has the last word, runs through.

// restart is where the membrane of a neuron is taken from the recording: its state after a step.
type restart struct {
	step, neuron int // neuron of a row, row N + j
	imem         float64
}

// shortGap is the number of missing samples in which a reset can be neither hidden nor made up for:
// it is seen as a fall across the gap.
const shortGap = 4

// leastLevel is ln(Imem/Io) above which a membrane that rises is not held in its refractory time,
// of which nobody knows how much is left: a reset leaves it at 0, with a kick of some 0.5 in the
// bin after it, and then it only falls until the time is over.
const leastLevel = 1

// restarts finds where a recording goes on after a gap that may hide a spike, and takes what was
// seen up to there out of the known spikes s.
func restarts(p *problem, r *Recording, s []float64) (list []restart) {
	if r.Weight == nil || p.Network.WRec != nil || r.Target[Imem] == nil && r.Target[Vmem] == nil {
		return nil
	}
	n := p.Network.N
	width := r.B * n
	for row := range width {
		ln := func(t int) float64 { return lnImem(p, r, t*width+row) }
		last, unknown := -1, false // the last sample before a gap; whether the state is unknown
		for t := range r.T {
			at := t*width + row
			if r.Weight[at] == 0 {
				continue
			}
			gap := t - last - 1
			hidden := gap > shortGap || gap > 0 && last >= 0 && ln(last)-ln(t) > drop
			if hidden && last >= 0 && r.Target[Spikes] == nil && r.Target[Imem] == nil { // vmem is that before a reset, which may be in the bin before the gap
				s[last*width+row] = math.NaN()
			}
			unknown = unknown || hidden
			last = t
			switch {
			case !unknown:
			case s[at] > 0: // a spike that is known resets the neuron
				unknown = false
			default:
				if gap == 0 && ln(t) > max(ln(t-1), leastLevel) {
					list = append(list, restart{t, row, fmath.Exp(ln(t)) * p.start[dynapse.Io][row%n]})
					unknown = false
				}
				s[at] = math.NaN()
			}
		}
	}
	slices.SortStableFunc(list, func(a, b restart) int { return a.step - b.step })
	return list
}

// lnImem returns ln(Imem/Io) as it was recorded.
func lnImem(p *problem, r *Recording, at int) float64 {
	j := at % p.Network.N
	if x := r.Target[Imem]; x != nil {
		return fmath.Log(x[at] / p.start[dynapse.Io][j])
	}
	return r.Target[Vmem][at] / p.volt(j)
}

// volt is the potential of a membrane e-fold of neuron j, Ut/kappa.
func (p *space) volt(j int) float64 {
	return 2 * p.start[dynapse.Ut][j] / (p.start[dynapse.KappaN][j] + p.start[dynapse.KappaP][j])
}

// shoot simulates recording k with forced spikes, in segments between its restarts.
func (p *problem) shoot(net system, k int, spikes []float64) (*dynapse.Run, error) {
	r := &p.recordings[k]
	m := max(net.Samples, 1)
	width, input := r.B*p.Network.N*m, p.input(&net, k)
	row := width * p.types()
	state, dc := p.initial(&net, k), p.dc(k, m)
	all := &dynapse.Run{T: r.T, B: r.B * m, N: p.Network.N}
	for first, list := 0, p.segments[k]; first < r.T; {
		end := r.T
		if len(list) > 0 {
			end = list[0].step + 1
		}
		in := dynapse.Input{T: end - first, B: all.B, Counts: input[first*row : end*row], Initial: state, Forced: spikes[first*width : end*width]}
		if dc != nil {
			in.DC = dc[first*width : end*width]
		}
		run, err := net.Simulate(in)
		if err != nil {
			return nil, err
		}
		if first == 0 && end == r.T {
			return run, nil
		}
		for _, x := range []struct {
			to   *[]float64
			from []float64
		}{{&all.Spikes, run.Spikes}, {&all.Imem, run.Imem}, {&all.Vmem, run.Vmem}, {&all.Isyn, run.Isyn}, {&all.Iahp, run.Iahp}} {
			*x.to = append(*x.to, x.from...)
		}
		state, first = run.Final, end
		for ; len(list) > 0 && list[0].step+1 == end; list = list[1:] {
			j := list[0].neuron % p.Network.N
			for i := list[0].neuron; i < width; i += r.B * p.Network.N {
				state.Imem[i], state.Timer[i] = list[0].imem, 0
				state.Vmem[i] = p.volt(j) * fmath.Log(list[0].imem/p.start[dynapse.Io][j])
			}
		}
	}
	return all, nil
}
