package fit

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/internal/random"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/optim"
)

// mostElements bounds a batch of simulations, in elements of a record: 2^21 take some 300 MB.
const mostElements = 1 << 21

// problem is a checked Experiment.
type problem struct {
	*space
	recordings []Recording
	curves     []Curve
	inputs     [][]float64 // of the curves, [T, B, N]
	dt, ut     float64     // s, V
	spikes     [][]float64 // of each recording: those that can be forced, [T, B, N]; nil if they are not known
	inferred   bool        // some of them were read off a trace
}

func (e Experiment) compile() (*problem, error) {
	s, err := e.Space.compile()
	if err != nil {
		return nil, err
	}
	p := &problem{space: s, recordings: e.Recordings, dt: s.start[dynapse.Dt][0], ut: s.start[dynapse.Ut][0]}
	if len(e.Recordings)+len(e.Curves) == 0 {
		return nil, fmt.Errorf("%w: no target", ErrExperiment)
	}
	for i := range e.Recordings {
		if err := e.Recordings[i].check(s.Network.N); err != nil {
			return nil, err
		}
	}
	for _, c := range e.Curves {
		if err := c.check(); err != nil {
			return nil, err
		}
		if c.Seconds == 0 {
			c.Seconds = 5
		}
		if c.Scale == 0 {
			c.Scale = 1
		}
		p.curves, p.inputs = append(p.curves, c), append(p.inputs, p.curveInput(&c))
	}
	p.force()
	return p, nil
}

// objective chooses the loss of spikes.
type objective uint8

const (
	full   objective = iota // the loss of the experiment
	counts                  // of spikes, their number alone; no traces
)

// sampleLosses stores the losses of the samples of a network, [M].
func (p *problem) sampleLosses(ctx context.Context, losses []float64, net dynapse.Network, o objective) error {
	return p.each(ctx, losses, net, o, nil)
}

// each simulates all targets with a network of M samples, stores the samples' losses, and calls back with every run and the derivatives of
// its sample's loss.
func (p *problem) each(ctx context.Context, losses []float64, net dynapse.Network, o objective, back func(*dynapse.Run, *dynapse.Cotangents) error) error {
	m := max(net.Samples, 1)
	clear(losses)
	for i := range p.recordings {
		if err := ctx.Err(); err != nil {
			return err
		}
		r := &p.recordings[i]
		run, err := net.Simulate(r.T, r.B*m, tile(r.Input, r.T, r.B*p.Network.N, m), dynapse.State{}, nil)
		if err != nil {
			return notFinite(err)
		}
		var c *dynapse.Cotangents
		if back != nil {
			c = new(dynapse.Cotangents)
		}
		if o == counts {
			p.countLoss(losses, net, r, run, m, c)
		} else {
			p.recordingLoss(losses, r, run, m, c)
		}
		if back != nil {
			if err := back(run, c); err != nil {
				return err
			}
		}
	}
	for i := range p.curves {
		if err := ctx.Err(); err != nil {
			return err
		}
		c := &p.curves[i]
		steps, b := p.curveSize(c)
		run, err := net.Simulate(steps, b*m, tile(p.inputs[i], steps, b*p.Network.N, m), dynapse.State{}, nil)
		if err != nil {
			return notFinite(err)
		}
		var cot *dynapse.Cotangents
		if back != nil {
			cot = &dynapse.Cotangents{Records: dynapse.Records{Spikes: make([]float64, len(run.Spikes))}}
		}
		p.curveLoss(losses, c, run, m, cot)
		if back != nil {
			if err := back(run, cot); err != nil {
				return err
			}
		}
	}
	return nil
}

// notFinite marks a simulation that left the finite numbers as a point that a search rejects.
func notFinite(err error) error {
	if errors.Is(err, dynapse.ErrState) {
		return fmt.Errorf("%w: %w", optim.ErrNonFinite, err)
	}
	return err
}

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

// recordingLoss adds the samples' losses, and stores the derivatives if c is not nil. Element i of a tiled record, [T, M, B, N], belongs to
// element i%width + i/(m width) width of the recording.
func (p *problem) recordingLoss(losses []float64, r *Recording, run *dynapse.Run, m int, c *dynapse.Cotangents) {
	width := r.B * p.Network.N
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
				sum := 0.0
				for i := range width {
					at := step*width + i
					w := r.weight(at)
					if w == 0 {
						continue
					}
					x := record[step*m*width+s*width+i]
					d := p.difference(q, x, target[at])
					sum += float64(w * float64(d*d))
					if cot != nil {
						g := 2 * scale * w * d
						switch q {
						case Isyn, Iahp:
							g /= x
						case Vmem:
							g /= p.ut
						}
						cot[step*m*width+s*width+i] = g
					}
				}
				losses[s] += float64(scale * sum)
			}
		}
	}
}

// difference is that of ln I, or of V/Ut.
func (p *problem) difference(q Quantity, x, target float64) float64 {
	if q == Vmem {
		return (x - target) / p.ut
	}
	return fmath.Log(x / target)
}

// decay returns exp(-dt/TauSpikes) and dt/TauSpikes.
func (p *problem) decay(r *Recording) (fall, rate float64) {
	tau := r.TauSpikes
	if tau == 0 {
		tau = 10e-3
	}
	return fmath.Exp(-p.dt / tau), p.dt / tau
}

func (p *problem) vanRossum(losses []float64, r *Recording, run *dynapse.Run, m int, scale float64, c *dynapse.Cotangents) {
	width := r.B * p.Network.N
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

// countLoss is the loss of the number of spikes n of each row and neuron in the samples with a weight,
//
//	mean of (sqrt(n + 3/8) - sqrt(n* + 3/8))²
//
// whose terms have about equal variance (Anscombe 1948, doi:10.1093/biomet/35.3-4.246). A neuron that should spike and is silent adds
// softplus(1 - x)/10, x = max_t ln(Imem/Ispkthr), whose gradient is exact.
func (p *problem) countLoss(losses []float64, net dynapse.Network, r *Recording, run *dynapse.Run, m int, c *dynapse.Cotangents) {
	n := p.Network.N
	width := r.B * n
	target := r.Target[Spikes]
	if target == nil {
		return
	}
	if c != nil {
		c.Spikes, c.LnImem = make([]float64, len(run.Spikes)), make([]float64, len(run.Spikes))
	}
	thresholds := p.lnThresholds(net)
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
				if x := p.above(thresholds, run, e, s*n+i%n); x > peak {
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

func (p *problem) curveSize(c *Curve) (steps, rows int) {
	return max(int(math.Round(c.Seconds/p.dt)), 1), len(c.InputRate)
}

// curveInput makes Poisson input, [T, B, N]: row b has the rate InputRate[b].
func (p *problem) curveInput(c *Curve) []float64 {
	steps, rows := p.curveSize(c)
	n := p.Network.N
	x := make([]float64, steps*rows*n)
	for b, rate := range c.InputRate {
		rng := random.New(c.Seed, "fit/curve", uint64(b))
		mean := fmath.Exp(-rate * p.dt)
		for t := range steps {
			for j := range n {
				// Knuth's method: the number of uniforms whose product stays above exp(-mean).
				k, product := 0.0, rng.Float64()
				for product > mean {
					k++
					product *= rng.Float64()
				}
				x[(t*rows+b)*n+j] = k
			}
		}
	}
	return x
}

// rates returns the mean rate over neurons, [M, B], Hz.
func (p *problem) rates(c *Curve, run *dynapse.Run, m int) []float64 {
	steps, rows := p.curveSize(c)
	n := p.Network.N
	y := make([]float64, m*rows)
	for i, s := range run.Spikes {
		y[i/n%(m*rows)] += s
	}
	for i := range y {
		y[i] /= float64(n*steps) * p.dt
	}
	return y
}

func (p *problem) curveLoss(losses []float64, c *Curve, run *dynapse.Run, m int, cot *dynapse.Cotangents) {
	steps, rows := p.curveSize(c)
	n := p.Network.N
	per := 1 / (float64(n*steps) * p.dt) // Hz per spike
	for k, rate := range p.rates(c, run, m) {
		d := math.Sqrt(rate) - math.Sqrt(c.Rate[k%rows])
		losses[k/rows] += float64(c.Scale * d * d / float64(rows))
		if cot == nil {
			continue
		}
		g := c.Scale * d / math.Sqrt(max(rate, per)) * per / float64(rows) // the root has no slope at 0: there it is that of one spike
		for t := range steps {
			for j := range n {
				cot.Spikes[(t*m*rows+k)*n+j] = g
			}
		}
	}
}

// loss returns the loss at x.
func (p *problem) loss(ctx context.Context, x []float64) (float64, error) {
	var l [1]float64
	err := p.sampleLosses(ctx, l[:], p.network(x), full)
	return l[0], err
}

// batch stores the losses at the points xs, several in one simulation.
func (p *problem) batch(ctx context.Context, losses []float64, xs [][]float64) error {
	for len(xs) > 0 {
		k := min(max(mostElements/p.elements(), 1), len(xs))
		err := p.sampleLosses(ctx, losses[:k], p.network(xs[:k]...), full)
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

// elements is the size of the largest record.
func (p *problem) elements() int {
	most := 1
	for _, r := range p.recordings {
		most = max(most, len(r.Input))
	}
	for i := range p.curves {
		steps, rows := p.curveSize(&p.curves[i])
		most = max(most, steps*rows*p.Network.N)
	}
	return most
}

// grad stores the gradient at x by a rule, and returns the loss.
func (p *problem) grad(ctx context.Context, grad, x []float64, o objective, rule dynapse.Rule) (float64, error) {
	net := p.network(x)
	net.Rule, net.Clip, net.SoftFloors = rule, 10, true
	var l [1]float64
	clear(grad)
	err := p.each(ctx, l[:], net, o, func(run *dynapse.Run, c *dynapse.Cotangents) error {
		g, err := run.Gradient(*c)
		if err != nil {
			return notFinite(err)
		}
		p.pull(grad, g)
		return nil
	})
	return l[0], err
}

// Rates returns the mean rates over neurons, Hz, that a network has at the input rates of a curve, whatever its rates are.
//
// Errors: those of [dynapse.Network.Simulate], and [ErrExperiment] for a curve that is none.
func Rates(n dynapse.Network, c Curve) ([]float64, error) {
	c.Rate = slices.Repeat([]float64{1}, len(c.InputRate))
	p, err := Experiment{Space: Space{Network: n, Params: []dynapse.Param{dynapse.Iscale}}, Curves: []Curve{c}}.compile()
	if err != nil {
		return nil, err
	}
	steps, rows := p.curveSize(&p.curves[0])
	run, err := n.Simulate(steps, rows, p.inputs[0], dynapse.State{}, nil)
	if err != nil {
		return nil, err
	}
	return p.rates(&p.curves[0], run, 1), nil
}
