package models

import (
	"fmt"
	"math"
	"math/rand/v2"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/ops"
)

// Delay hands on each channel of a sequence later:
//
//	y[t, j] = x_j(t - d_j/dt) = (1-f) x[t-n, j] + f x[t-n-1, j]      d_j/dt = n + f
//
// with one delay d for all, the axon of a group of synapses, or one for each channel. Between two
// time steps the sequence is interpolated linearly, so that d has a gradient; a spike between them
// is shared among both. The convention is that of the delays of package eventprop: seconds, not
// negative, and where they are learned name/log_delay is the natural logarithm. Before the first
// step x is the state past [B, K·N], the newest first; K are the steps of the longest delay. A
// delay for each connection is [DelayedLinear].
//
// At a whole number of steps the gradient is that to the right. Learned delays in trained networks:
// Shrestha & Orchard 2018, arXiv:1810.08646; with interpolation Hammouamri et al. 2024,
// arXiv:2306.17670. Cost: two multiply-adds for each number.
type Delay struct {
	Delay Value // s, >= 0; learned > 0
	// Max is the longest delay, s: what is learned stays within it. 0 means the largest of Delay
	// where nothing is learned; learned delays need it.
	Max float64
	// Initial is the state before the first step, as in [LIF].
	Initial []*G.Node
}

// Apply adds the layer for a sequence x [T, B, N].
func (l Delay) Apply(b *graph.Builder, name string, x *G.Node) *G.Node {
	if x.Dims() != 3 || l.Delay.IsZero() {
		b.Fail(fmt.Errorf("%w: Delay %q: input of shape %v and %d delays, want [T, B, N] and 1 or N", ErrParameter, name, x.Shape(), len(l.Delay.v)))
	}
	n := x.Shape()[2]
	c := delayCell{n: n, steps: delaySteps(b, name, l.Delay.v, l.Max, l.Delay.learned)}
	var d *G.Node
	if l.Delay.learned {
		d = b.Check(ops.Affine(l.Delay.positive(b, name, "delay", n), 1/b.Dt(), 0))
	} else {
		d = b.Const(name+"/delay", InSteps(l.Delay.spread(b, name+"/delay", n), b.Dt()), n)
	}
	c.initial = initial(b, name, l.Initial, c.State())
	out, _ := b.Scan(name, c, []*G.Node{x}, []*G.Node{d})
	return out[0]
}

// delaySteps returns the number of steps of the longest delay.
func delaySteps(b *graph.Builder, name string, delays []float64, longest float64, learned bool) int {
	most := 0.0
	for i, d := range delays {
		if !(d >= 0) || learned && d == 0 || math.IsInf(d, 0) {
			b.Fail(fmt.Errorf("%w: %s/delay[%d] = %v s, want a number >= 0, and > 0 where it is learned", ErrParameter, name, i, d))
		}
		most = max(most, d)
	}
	if learned && longest == 0 {
		b.Fail(fmt.Errorf("%w: %s: Max is 0, want the longest delay, s, that can be learned", ErrParameter, name))
	}
	if longest == 0 {
		longest = most
	}
	steps := math.Ceil(InSteps([]float64{longest}, b.Dt())[0])
	if !(longest >= most) || !(steps <= 1<<16) {
		b.Fail(fmt.Errorf("%w: %s: Max is %v s, want a number from the largest delay, %v s, to 65536 steps of %v s", ErrParameter, name, longest, most, b.Dt()))
	}
	return max(int(steps), 1)
}

// InSteps returns times in time steps; what is a whole number but for rounding is one.
func InSteps(times []float64, dt float64) []float64 {
	s := make([]float64, len(times))
	for i, t := range times {
		s[i] = t / dt
		if whole := math.Round(s[i]); math.Abs(s[i]-whole) <= 1e-9*whole {
			s[i] = whole
		}
	}
	return s
}

// delayCell is one step of Delay.
type delayCell struct {
	n, steps int
	initial  []*G.Node
}

func (delayCell) Kind() string      { return "delay" }
func (delayCell) Outputs() []string { return []string{"y"} }

func (c delayCell) State() []graph.StateSpec {
	s := states(c.n, c.initial, "past")
	s[0].Width = c.n * c.steps
	return s
}

func (c delayCell) Step(b *graph.Builder, x, params, state []*G.Node) (out, next []*G.Node) {
	var y *G.Node
	seen, past := history(b, x[0], state[0], c.steps)
	for k, x := range seen {
		term := b.Check(G.HadamardProd(b.Check(ops.Tap(params[0], k, c.steps)), x))
		if y == nil {
			y = term
		} else {
			y = b.Check(G.Add(y, term))
		}
	}
	return []*G.Node{y}, []*G.Node{past}
}

// history returns the input of this step and of those before, and the state after the step.
func history(b *graph.Builder, x, state *G.Node, steps int) (seen []*G.Node, past *G.Node) {
	rows, n := x.Shape()[0], x.Shape()[1]
	columns := func(from, to int) *G.Node {
		at := make([]int32, 0, rows*(to-from))
		for r := range rows {
			for j := from; j < to; j++ {
				at = append(at, int32(r*n*steps+j))
			}
		}
		return b.Check(ops.Take(state, at, rows, to-from))
	}
	seen = []*G.Node{x}
	for k := range steps {
		seen = append(seen, columns(k*n, (k+1)*n))
	}
	past = x
	if steps > 1 {
		past = b.Check(G.Concat(1, x, columns(0, (steps-1)*n)))
	}
	return seen, past
}

func (c delayCell) Kernel(*graph.Builder) ops.Kernels {
	return ops.Kernels{Float32: &delayKernel[float32]{delayCell: c}, Float64: &delayKernel[float64]{delayCell: c}}
}

// DelayedLinear is a matrix of synaptic weights with a delay for each connection:
//
//	y[t, o] = bias[o] + Σ_i W[i, o] x_i(t - d[i, o]/dt)
//
// with x between time steps as in [Delay], and its state. Parameters: name (W) and name/log_delay
// [in, Out] (natural logarithms of seconds), name/bias [Out]. Delays that are not learned are those
// that DelayInit gives. Hammouamri et al. 2024, arXiv:2306.17670, there with a bump in place of the
// straight line.
//
// Cost of the fused kernel: two multiply-adds for each connection of each input that is not zero,
// forward, twice that for the gradients of W and d; where the gradient of x is wanted, two for each
// connection in each step.
type DelayedLinear struct {
	Out  int        // number of outputs
	Bias bool       // adds a learned bias, zero at first
	Init graph.Init // of W; nil means FanIn(0, 1)
	// DelayInit gives the delays at the start, s, those of a matrix [in, Out]; nil means Uniform(0,
	// Max). What it gives is brought into [dt/1000, Max].
	DelayInit graph.Init
	Learn     bool    // the delays are learned
	Max       float64 // the longest delay, s
	Initial   []*G.Node
}

// Apply adds the layer for a sequence x [T, B, in].
func (l DelayedLinear) Apply(b *graph.Builder, name string, x *G.Node) *G.Node {
	if x.Dims() != 3 || l.Out <= 0 || !(l.Max > 0) {
		b.Fail(fmt.Errorf("%w: DelayedLinear %q: input of shape %v to %d outputs with delays up to %v s, want [T, B, N] and positive numbers", ErrParameter, name, x.Shape(), l.Out, l.Max))
	}
	in := x.Shape()[2]
	init, delays := l.Init, l.DelayInit
	if init == nil {
		init = FanIn(0, 1)
	}
	if delays == nil {
		delays = Uniform(0, l.Max)
	}
	dt := b.Dt()
	start := func(dst []float64, shape []int, rng *rand.Rand) {
		delays(dst, shape, rng)
		for i, d := range dst {
			dst[i] = fmath.Log(min(max(d, dt/1000), l.Max))
		}
	}
	var log *G.Node
	if l.Learn {
		log = b.Param(name+"/log_delay", start, in, l.Out)
	} else {
		log = b.Buffer(name+"/log_delay", start, in, l.Out)
	}
	d := b.Check(ops.Affine(b.Check(ops.Exp(log)), 1/dt, 0))
	params := []*G.Node{b.Param(name, init, in, l.Out), d}
	if l.Bias {
		params = append(params, bias(b, name, nil, l.Out))
	}
	c := delayedCell{in: in, out: l.Out, steps: delaySteps(b, name, nil, l.Max, true)}
	c.initial = initial(b, name, l.Initial, c.State())
	out, _ := b.Scan(name, c, []*G.Node{x}, params)
	return out[0]
}

// delayedCell is one step of DelayedLinear.
type delayedCell struct {
	in, out, steps int
	initial        []*G.Node
}

func (delayedCell) Kind() string               { return "delayed linear" }
func (delayedCell) Outputs() []string          { return []string{"y"} }
func (c delayedCell) State() []graph.StateSpec { return delayCell{c.in, c.steps, c.initial}.State() }

func (c delayedCell) Step(b *graph.Builder, x, params, state []*G.Node) (out, next []*G.Node) {
	var y *G.Node
	seen, past := history(b, x[0], state[0], c.steps)
	for k, x := range seen {
		w := b.Check(G.HadamardProd(params[0], b.Check(ops.Tap(params[1], k, c.steps))))
		term := b.Check(G.Mul(x, w))
		if y == nil {
			y = term
		} else {
			y = b.Check(G.Add(y, term))
		}
	}
	if len(params) > 2 {
		y = b.Check(G.Add(y, params[2]))
	}
	return []*G.Node{y}, []*G.Node{past}
}

func (c delayedCell) Kernel(*graph.Builder) ops.Kernels {
	return ops.Kernels{Float32: &delayedKernel[float32]{delayedCell: c}, Float64: &delayedKernel[float64]{delayedCell: c}}
}
