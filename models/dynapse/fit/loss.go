package fit

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/optim"
)

// mostElements bounds a batch of simulations, in elements of a record: 2^21 take some 300 MB.
const mostElements = 1 << 21

// objective chooses the loss of spikes.
type objective uint8

const (
	full   objective = iota // the loss of the experiment
	counts                  // of spikes, their number alone; no traces
)

// sampleLosses stores the losses of the samples of a network, [M].
func (p *problem) sampleLosses(ctx context.Context, losses []float64, net system, o objective) error {
	return p.each(ctx, losses, net, o, nil)
}

// each simulates all targets with a network of M samples, stores the samples' losses, and calls
// back with every run and the derivatives of its sample's loss; k is the recording, or -1.
func (p *problem) each(ctx context.Context, losses []float64, net system, o objective, back func(k int, run *dynapse.Run, c *dynapse.Cotangents) error) error {
	if err := given.Need("ctx", ctx); err != nil {
		return fmt.Errorf("%w: %w", ErrExperiment, err)
	}
	m := max(net.Samples, 1)
	clear(losses)
	for i := range p.recordings {
		if err := ctx.Err(); err != nil {
			return err
		}
		r := &p.recordings[i]
		run, err := net.Simulate(dynapse.Input{T: r.T, B: r.B * m, Counts: p.input(&net, i), DC: p.dc(i, m), Initial: p.initial(&net, i)})
		if err != nil {
			return notFinite(err)
		}
		var c *dynapse.Cotangents
		if back != nil {
			c = new(dynapse.Cotangents)
		}
		if o == counts {
			p.countLoss(losses, p.membranes(net.Network), r, run, m, c)
		} else {
			p.recordingLoss(losses, &net, i, run, c)
		}
		if back != nil {
			if err := back(i, run, c); err != nil {
				return err
			}
		}
	}
	for i := range p.summed {
		s := &p.summed[i]
		run, of, err := p.simulate(ctx, s, net.Network)
		if err != nil {
			return err
		}
		var d []firing
		if back != nil {
			d = make([]firing, len(of))
		}
		size := s.rows * p.Network.N
		for k := range m {
			part := d
			if d != nil {
				part = d[k*size : (k+1)*size]
			}
			losses[k] += s.loss(of[k*size:(k+1)*size], part, p.seconds(s))
		}
		if back != nil {
			if err := back(-1, run, cotangents(run, of, d)); err != nil {
				return err
			}
		}
	}
	return nil
}

// notFinite marks a simulation that left the finite numbers as a point that a search rejects.
func notFinite(err error) error {
	if errors.Is(err, dynapse.ErrState) {
		return &rejected{err}
	}
	return err
}

// rejected is the error of a simulation that makes its point one to reject.
type rejected struct{ err error }

func (r *rejected) Error() string        { return r.err.Error() }
func (r *rejected) Unwrap() error        { return r.err }
func (r *rejected) Is(target error) bool { return target == optim.ErrNonFinite }

// tile repeats x, [T, width], for m samples: [T, m, width].
func tile(x []float64, t, width, m int) []float64 {
	if m == 1 {
		return x
	}
	y := make([]float64, 0, m*len(x))
	for step := range t {
		row := x[step*width : (step+1)*width]
		for range m {
			y = append(y, row...)
		}
	}
	return y
}

// recordingLoss adds the samples' losses, and stores the derivatives if c is not nil. Element i of
// a tiled record, [T, M, B, N], belongs to element i%width + i/(m width) width of the recording.
func (p *targets) recordingLoss(losses []float64, net *system, k int, run *dynapse.Run, c *dynapse.Cotangents) {
	r, m := &p.recordings[k], max(net.Samples, 1)
	width := r.B * p.neurons
	norm := 1 / float64(r.samples())
	for q := range Quantity(numQuantities) {
		if !r.Use[q] {
			continue
		}
		scale := r.scale(q) * norm
		if q == Spikes {
			p.vanRossum(losses, r, run, m, scale, c)
			continue
		}
		record := [...][]float64{Imem: run.Imem, Isyn: run.Isyn, Iahp: run.Iahp, Vmem: run.Vmem}[q]
		var cot []float64
		if c != nil {
			cot = make([]float64, len(record))
			switch q {
			case Imem:
				c.LnImem = cot
			case Isyn:
				c.Isyn = cot
			case Iahp:
				c.Iahp = cot
			case Vmem:
				c.Vmem = cot
			}
		}
		target := r.Target[q]
		for step := range r.T {
			for s := range m {
				sum, probe := 0.0, net.probe(s, k)
				for i := range width {
					at := step*width + i
					w := r.weight(at)
					if w == 0 {
						continue
					}
					x := record[step*m*width+s*width+i]
					x, slope := probe.shown(q, x, step, r.T)
					d := p.difference(q, x, target[at])
					sum += float64(w * float64(d*d))
					if cot != nil {
						g := 2 * scale * w * d
						switch q {
						case Isyn, Iahp:
							g *= slope / x
						case Vmem:
							g *= slope / p.ut
						case Imem: // by the logarithm of what is not shown
							g *= slope * record[step*m*width+s*width+i] / x
						}
						cot[step*m*width+s*width+i] = g
					}
				}
				losses[s] += float64(scale * sum)
			}
		}
	}
}

func (p *targets) vanRossum(losses []float64, r *Recording, run *dynapse.Run, m int, scale float64, c *dynapse.Cotangents) {
	width := r.B * p.neurons
	fall, rate := p.decay(r)
	scale *= rate
	target := r.Target[Spikes]
	if c != nil {
		c.Spikes = make([]float64, len(run.Spikes))
	}
	f := make([]float64, r.T)
	for s := range m {
		for i := range width {
			trace := 0.0
			for step := range r.T {
				at := step*width + i
				trace *= fall
				w := r.weight(at)
				if w > 0 {
					trace += run.Spikes[step*m*width+s*width+i] - target[at]
				}
				losses[s] += float64(scale * w * float64(trace*trace))
				f[step] = w * trace
			}
			if c == nil {
				continue
			}
			back := 0.0
			for step := r.T - 1; step >= 0; step-- {
				back = float64(fall*back) + float64(2*scale*f[step])
				if r.weight(step*width+i) > 0 {
					c.Spikes[step*m*width+s*width+i] = back
				}
			}
		}
	}
}

// countLoss is the loss of the number of spikes n of each row and neuron in the samples with a
// weight,
//
//	mean of (sqrt(n + 3/8) - sqrt(n* + 3/8))²
//
// whose terms have about equal variance (Anscombe 1948, doi:10.1093/biomet/35.3-4.246). A neuron
// that should spike and is silent adds softplus(1 - x)/10, x = max_t ln(Imem/Ispkthr), whose
// gradient is exact.
func (p *targets) countLoss(losses []float64, membranes membranes, r *Recording, run *dynapse.Run, m int, c *dynapse.Cotangents) {
	n := p.neurons
	width := r.B * n
	target := r.Target[Spikes]
	if target == nil {
		return
	}
	if c != nil {
		c.Spikes, c.LnImem = make([]float64, len(run.Spikes)), make([]float64, len(run.Spikes))
	}
	for s := range m {
		for i := range width {
			got, want, peak, at := 0.0, 0.0, math.Inf(-1), 0
			for step := range r.T {
				if r.weight(step*width+i) == 0 {
					continue
				}
				e := step*m*width + s*width + i
				got += run.Spikes[e]
				want += target[step*width+i]
				if x := membranes.above(run, e, s*n+i%n); x > peak {
					peak, at = x, e
				}
			}
			a, b := math.Sqrt(got+0.375), math.Sqrt(want+0.375)
			losses[s] += float64((a-b)*(a-b)) / float64(width)
			if c != nil {
				g := (a - b) / a / float64(width)
				for step := range r.T {
					if r.weight(step*width+i) > 0 {
						c.Spikes[step*m*width+s*width+i] = g
					}
				}
			}
			if got == 0 && want > 0 {
				x := 1 - peak
				losses[s] += 0.1 * (max(x, 0) + fmath.Log1p(fmath.Exp(-math.Abs(x)))) / float64(width)
				if c != nil {
					c.LnImem[at] -= 0.1 / (1 + fmath.Exp(-x)) / float64(width)
				}
			}
		}
	}
}

// loss returns the loss at x.
func (p *problem) loss(ctx context.Context, x []float64) (float64, error) {
	var l [1]float64
	err := p.sampleLosses(ctx, l[:], p.system(x), full)
	return l[0], p.explained(x, err)
}

// explained adds to the error of a simulation that left the finite numbers the point x that it is
// of.
func (p *problem) explained(x []float64, err error) error {
	r := (*rejected)(nil)
	if !errors.As(err, &r) {
		return err
	}
	var at []string
	for i, c := range p.coords {
		at = append(at, strings.TrimSpace(fmt.Sprintf("%s = %.6g %s", c.name, c.value(x[i]), c.unit())))
	}
	if p.debug { // no search takes it for a point to reject
		return fmt.Errorf("%w; at %s", r.err, strings.Join(at, ", "))
	}
	return fmt.Errorf("%w; at %s", err, strings.Join(at, ", "))
}

// batch stores the losses at the points xs, several in one simulation.
func (p *problem) batch(ctx context.Context, losses []float64, xs [][]float64) error {
	for len(xs) > 0 {
		k := min(max(mostElements/p.elements(), 1), len(xs))
		err := p.sampleLosses(ctx, losses[:k], p.system(xs[:k]...), full)
		if errors.Is(err, optim.ErrNonFinite) { // find the point at fault
			for i, x := range xs[:k] {
				if losses[i], err = p.loss(ctx, x); errors.Is(err, optim.ErrNonFinite) {
					losses[i], err = math.Inf(1), nil
				}
				if err != nil {
					return err
				}
			}
		}
		if err != nil {
			return err
		}
		losses, xs = losses[k:], xs[k:]
	}
	return nil
}

// grad stores the gradient at x by a rule, and returns the loss. Input weights that follow from
// base currents have none: what is snapped is fitted by differences.
func (p *problem) grad(ctx context.Context, grad, x []float64, o objective, rule dynapse.Rule) (float64, error) {
	if p.inCodes != nil {
		return 0, fmt.Errorf("%w: no gradient of base currents of input weights", ErrExperiment)
	}
	net := p.system(x)
	net.Rule, net.Clip, net.SoftFloors = rule, 10, true
	var l [1]float64
	clear(grad)
	err := p.each(ctx, l[:], net, o, func(k int, run *dynapse.Run, c *dynapse.Cotangents) error {
		g, err := run.Gradient(*c)
		if err != nil {
			return notFinite(err)
		}
		p.pull(grad, x, net.Network, g, p.pullProbes(&net, k, run, c, g))
		return nil
	})
	return l[0], p.explained(x, err)
}
