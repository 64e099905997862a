package fit

import (
	"context"
	"slices"

	"github.com/surge-snn/surge/models/dynapse"
)

// released is a problem with several steps in a bin whose spikes are free within their bins: each
// is in the first step of its bin in which the membrane is above the threshold, and in the last one
// where it never is.
type released struct {
	stepping
	fine   *problem // bins as short as steps
	traces *forced  // of fine
}

func (p stepping) released() *released {
	fine := p.stepped(nil)
	return &released{p, fine, fine.forced(0, 0)}
}

// run simulates recording i, and returns it in steps with the spikes that were forced.
func (r *released) run(net system, membranes membranes, i int) (*dynapse.Run, []float64, error) {
	old, rec := &r.recordings[i], &r.fine.recordings[i]
	n, k, m := r.Network.N, r.Network.Substeps, max(net.Samples, 1)
	width := old.B * n // of a sample
	all := &dynapse.Run{T: rec.T, B: rec.B * m, N: n}
	input, dc, state := r.fine.input(&net, i), r.fine.dc(i, m), r.fine.initial(&net, i)
	row, columns := width*m, width*m*r.fine.types()
	spikes := make([]float64, rec.T*row)
	simulate := func(from, to int) (*dynapse.Run, error) { // bins
		from, to = from*k, to*k
		in := dynapse.Input{T: to - from, B: all.B, Counts: input[from*columns : to*columns], Initial: state, Forced: spikes[from*row : to*row]}
		if dc != nil {
			in.DC = dc[from*row : to*row]
		}
		return net.Simulate(in)
	}
	busy := func(t int) bool {
		return slices.ContainsFunc(r.spikes[i][t*width:(t+1)*width], func(c float64) bool { return c > 0 })
	}
	for t := 0; t < old.T; {
		end := t + 1
		for !busy(t) && end < old.T && !busy(end) {
			end++
		}
		run, err := simulate(t, end)
		if err != nil {
			return nil, nil, err
		}
		if busy(t) {
			for e := range row {
				count := r.spikes[i][t*width+e%width]
				if !(count > 0) {
					continue
				}
				at := k - 1
				for s := 0; count == 1 && s < k; s++ {
					if membranes.above(run, s*row+e, e/width*n+e%n) > 0 {
						at = s
						break
					}
				}
				spikes[(t*k+at)*row+e] = count
			}
			if run, err = simulate(t, end); err != nil {
				return nil, nil, err
			}
		}
		for _, x := range []struct {
			to   *[]float64
			from []float64
		}{{&all.Imem, run.Imem}, {&all.Vmem, run.Vmem}, {&all.Isyn, run.Isyn}, {&all.Iahp, run.Iahp}} {
			*x.to = append(*x.to, x.from...)
		}
		state, t = run.Final, end
	}
	return all, spikes, nil
}

// size is the number of residuals: those of the traces, and one for each bin of a neuron.
func (r *released) size() int {
	n := len(r.traces.samples)
	for i := range r.recordings {
		n += r.recordings[i].size()
	}
	return n
}

// residuals stores those of the points xs, one list each. Those of the bins say by how much the
// membrane is on the wrong side of the threshold, in e-folds: where all are 0, the free network
// spikes in the bins of the recording.
func (r *released) residuals(ctx context.Context, rs [][]float64, xs [][]float64) error {
	once := max(mostElements/r.fine.elements(), 1)
	for first := 0; first < len(xs); first += once {
		end := min(first+once, len(xs))
		if err := r.some(ctx, rs[first:end], xs[first:end]); err != nil {
			return err
		}
	}
	return nil
}

func (r *released) some(ctx context.Context, rs [][]float64, xs [][]float64) error {
	net := r.fine.system(xs...)
	membranes, n := r.membranes(net.Network), r.Network.N
	var runs []*dynapse.Run
	at := len(r.traces.samples)
	for _, list := range rs {
		clear(list)
	}
	for i := range r.recordings {
		if err := ctx.Err(); err != nil {
			return err
		}
		run, spikes, err := r.run(net, membranes, i)
		if err != nil {
			return notFinite(err)
		}
		runs = append(runs, run)
		width, k := r.recordings[i].B*n, r.Network.Substeps
		row := width * len(xs)
		for e, c := range spikes {
			s, bin := e%row/width, e/row/k*width+e%width
			if known := r.spikes[i][bin]; known == known {
				rs[s][at+bin] += violation(membranes.above(run, e, s*n+e%n), c, 0)
			}
		}
		at += r.recordings[i].size()
	}
	r.traces.differences(rs, net, runs)
	return nil
}

// steps are those of the spikes at x.
func (r *released) steps(x []float64) (stepsOf, error) {
	net := r.fine.system(x)
	membranes, k := r.membranes(net.Network), r.Network.Substeps
	out := make(stepsOf, len(r.recordings))
	for i := range r.recordings {
		_, spikes, err := r.run(net, membranes, i)
		if err != nil {
			return nil, notFinite(err)
		}
		out[i] = make([]int, r.recordings[i].size())
		for bin := range out[i] {
			out[i][bin] = k - 1
			for s := range k {
				if spikes[r.inStep(i, bin, s)] > 0 {
					out[i][bin] = s
				}
			}
		}
	}
	return out, nil
}
