package fit

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/surge-snn/surge/models/dynapse"
)

// unexplained is the error of the traces, in e-folds, above which the model does not do what was
// recorded, whatever its currents.
const unexplained = 0.25

// wellSummed times the resolution is a loss of rates and statistics that is a good one: all are off
// by two spikes.
const wellSummed = 4

// countsOff times the noise of counts is a loss of curves that other input of the same rates has,
// too.
const countsOff = 2

// contradictions lists the currents that end more than 10 % away from the time constants that are
// wanted of them.
func (f *problem) contradictions(x []float64) (names []string) {
	for _, w := range f.wishes {
		if name := f.coords[w.at].name; !w.prior && math.Abs(x[w.at]-w.mean) > 0.1 && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// warnings says what is wrong with the answer x, whose traces with forced spikes are off by noise
// (0 where there are none).
func (f *session) warnings(ctx context.Context, x []float64, first, noise float64) (list []string, err error) {
	if f.best.loss >= first && f.best.loss > perfect && f.best.errors == nil && !f.likely {
		list = append(list, fmt.Sprintf("no currents were found that do better than the start: the loss is %.3g", first))
	}
	switch {
	case f.Infer: // that they differ is known
	case f.best.errors != nil:
		list = append(list, fmt.Sprintf("neurons that share their currents were recorded with others each: all at once, they do not follow the recording (loss %.3g)", f.best.loss))
	case noise > unexplained:
		list = append(list, fmt.Sprintf("the traces are off by %.2g e-folds even where the spikes are those of the recording: no currents were found with which the model does what was recorded", noise))
	default:
		if least := f.goodEnough(f.best.x); f.spikes != nil && len(f.summed) == 0 && f.hasTraces() && f.best.loss > least {
			list = append(list, fmt.Sprintf("the free network does not spike as the recording: its loss is %.3g, and %.3g where the spikes are forced", f.best.loss, least))
		}
	}
	if loss, least := f.best.loss-f.penalty(x), wellSummed*f.resolution()+countsOff*f.countNoise(); len(f.recordings) == 0 && loss > least && loss > perfect {
		list = append(list, fmt.Sprintf("the neurons do not do what is wanted: the loss of rates, statistics and tasks is %.3g, and where all are met to a spike %.2g; the noise of counts leaves %.2g", loss, f.resolution(), f.countNoise()))
	}
	for _, c := range f.contradictions(x) {
		list = append(list, c+" is wanted otherwise by the other targets than by its time constant")
	}
	for i := range f.recordings {
		r := &f.recordings[i]
		if f.Infer || r.Target[Spikes] == nil || !r.Use[Spikes] {
			continue
		}
		net := f.system(x)
		run, err := net.Simulate(dynapse.Input{T: r.T, B: r.B, Counts: f.input(&net, i), DC: f.dc(i, 1), Initial: f.initial(&net, i)})
		if err != nil {
			return list, notFinite(err)
		}
		n := f.Network.N
		worst, got, want := 0, 0.0, 0.0
		for j := range n {
			count, target := 0.0, 0.0
			for at := j; at < r.size(); at += n {
				if r.weight(at) > 0 {
					count, target = count+run.Spikes[at], target+r.Target[Spikes][at]
				}
			}
			if d := math.Abs(count - target); d > 1 && d > math.Abs(got-want) {
				worst, got, want = j, count, target
			}
		}
		if got != want {
			list = append(list, fmt.Sprintf("%s: neuron %d spikes %g times, the target %g times", r.Name, worst, got, want))
		}
	}
	return list, nil
}
