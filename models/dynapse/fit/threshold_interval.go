package fit

import (
	"context"
	"math"
	"slices"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/models/dynapse"
)

// centre moves thresholds into the middle of what the spikes allow.
func (p *problem) centre(ctx context.Context, x []float64) ([]float64, error) {
	return p.between(ctx, x, make([]float64, len(x)))
}

// between moves thresholds between the ends of what the spikes allow, to (1 + z/farthest)/2 of the
// way.
func (p *problem) between(ctx context.Context, x, z []float64) ([]float64, error) {
	ks := p.index(dynapse.Ispkthr)
	if len(ks) == 0 {
		return x, nil
	}
	x = slices.Clone(x)
	brackets, err := p.thresholds(ctx, x)
	if err != nil {
		return nil, err
	}
	for i, k := range ks {
		lo, hi := p.box.At(k)
		if b := brackets[i]; b.Low > 0 && !math.IsInf(b.High, 0) {
			part := (1 + z[k]/farthest) / 2
			x[k] = min(max(float64((1-part)*fmath.Log(b.Low))+float64(part*fmath.Log(b.High)), lo), hi)
		}
	}
	return x, nil
}

// thresholds returns for each coordinate of Ispkthr the interval that the spikes allow, in amperes:
// what all its neurons have in common.
func (p *problem) thresholds(ctx context.Context, x []float64) ([]Range, error) {
	net := p.system(x)
	runs, err := p.runs(ctx, net)
	if err != nil {
		return nil, err
	}
	allowed := p.allowedThresholds(net.Network, runs)
	var out []Range
	for _, k := range p.index(dynapse.Ispkthr) {
		all := Range{0, math.Inf(1)}
		for _, j := range p.coords[k].neurons {
			all.Low, all.High = max(all.Low, allowed[j].Low), min(all.High, allowed[j].High)
		}
		out = append(out, all)
	}
	return out, nil
}

// allowedThresholds returns for each neuron of each sample, [M, N], the interval of Ispkthr that
// its spikes allow, in amperes:
//
//	max over all bins of Imem e^-c <= Ispkthr < min over bins with spikes of Imem e^(1-c)
//
// with Imem before the reset and c the count. The first is 0, the second infinite, where there are
// no such bins.
func (p *problem) allowedThresholds(net dynapse.Network, runs []*dynapse.Run) []Range {
	n, m, membranes := p.Network.N, max(net.Samples, 1), p.membranes(net)
	out := make([]Range, m*n)
	for i := range out {
		out[i].High = math.Inf(1)
	}
	for r, run := range runs {
		if rec := &p.recordings[r]; rec.Target[Spikes] == nil && rec.Target[Imem] == nil && rec.Target[Vmem] == nil {
			continue
		}
		width := p.recordings[r].B * n
		for at, c := range p.spikes[r] {
			if c-c != 0 {
				continue
			}
			j := at % n
			for i := range m {
				neuron := i*n + j
				ln := float64(run.Vmem[at/width*m*width+i*width+at%width] * membranes.folds[neuron])
				imem := fmath.Exp(ln) * membranes.io[neuron]
				b := &out[neuron]
				b.Low = max(b.Low, imem*fmath.Exp(-c))
				if c > 0 {
					b.High = min(b.High, imem*fmath.Exp(1-c))
				}
			}
		}
	}
	return out
}
