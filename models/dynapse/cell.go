package dynapse

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/ops"
)

// cell is one time step of the neuron for [graph.Builder.Scan]: its definition in Gorgonia's
// operations, and its kernel. The sequences are the input and, where they are forced, the spikes,
// and where it moves the factors of Idc; the parameters are the coefficients, and w_rec where there
// is one.
//
// SurgeT, SurgeMixed and Surge are not written per step: they look at the steps before and after a
// spike, at the whole gradient, and at other runs. For them there is the kernel only.
type cell struct {
	mode
	n       int
	initial []*G.Node
}

func (cell) Kind() string { return "dynapsim" }
func (c cell) Outputs() []string {
	return []string{"spikes", "log_imem", "vmem", "isyn", "iahp", "igaba", "inmda", "ishunt"}[:c.records()]
}

func (c cell) State() []graph.StateSpec {
	s := make([]graph.StateSpec, c.states())
	for i, name := range stateNames[:c.states()] {
		s[i] = graph.StateSpec{Name: name, Width: c.n}
		if c.initial != nil {
			s[i].Initial = c.initial[i]
		}
	}
	return s
}

func (c cell) Kernel(*graph.Builder) ops.Kernels {
	return ops.Kernels{
		Float32: &neuronKernel[float32]{mode: c.mode},
		Float64: &neuronKernel[float64]{mode: c.mode},
	}
}

// Step is the step of [Network] in quantities relative to Io and dt, see the kernel.
func (c cell) Step(b *graph.Builder, x, params, state []*G.Node) (out, next []*G.Node) {
	if c.rule.kernelOnly() && !c.twin && !c.forced {
		b.Fail(fmt.Errorf("%w: rule %v has a kernel only: use the fused engine, or rule %v", ErrParameter, c.rule, SurgeS))
	}
	if c.recurrent && params[c.coefs()].Dims() == 3 {
		b.Fail(fmt.Errorf("%w: recurrent weights for each chip have a kernel only: use the fused engine", ErrParameter))
	}
	add := func(p, q *G.Node) *G.Node { return b.Check(G.Add(p, q)) }
	sub := func(p, q *G.Node) *G.Node { return b.Check(G.Sub(p, q)) }
	mul := func(p, q *G.Node) *G.Node { return b.Check(G.HadamardProd(p, q)) }
	div := func(p, q *G.Node) *G.Node { return b.Check(G.HadamardDiv(p, q)) }
	exp := func(p *G.Node) *G.Node { return b.Check(ops.Exp(p)) }
	affine := func(p *G.Node, scale, shift float64) *G.Node { return b.Check(ops.Affine(p, scale, shift)) }
	point := func(name string, f func(x, d []float64) float64, x ...*G.Node) *G.Node {
		return b.Check(pointwise(name, f, x...))
	}
	log := func(p *G.Node) *G.Node {
		return point("log", func(x, d []float64) float64 {
			d[0] = 1 / x[0]
			return fmath.Log(x[0])
		}, p)
	}
	decay := func(rate *G.Node) *G.Node { return exp(affine(rate, -1, 0)) }
	charge := func(rate *G.Node) *G.Node {
		return point("-expm1(-x)", func(x, d []float64) float64 {
			d[0] = fmath.Exp(-x[0])
			return -fmath.Expm1(-x[0])
		}, rate)
	}
	floor := func(a *G.Node) *G.Node { return point("floor", c.floorPoint, a) }
	p := params
	isyn0, iahp0, y0, v0, s0, timer0 := exp(state[0]), exp(state[1]), state[2], state[3], state[4], state[5]

	w := x[0]
	if c.recurrent {
		w = add(w, b.Check(G.Mul(s0, p[c.coefs()])))
	}
	all := []*G.Node{w}
	if c.four {
		all = b.CheckAll(ops.Apply(ops.Kernels{Float32: &typesKernel[float32]{}, Float64: &typesKernel[float64]{}}, nil, w))
	}
	w = all[0]
	target := point("target", func(x, d []float64) float64 {
		d[0] = hardSlope(x[0], 1)
		return max(x[0], 1)
	}, mul(p[gainSyn], w))
	isyn := add(mul(decay(p[rateSyn]), isyn0), mul(charge(p[pulseSyn]), target))
	iahp := floor(add(mul(decay(p[rateAHP]), iahp0), mul(mul(charge(p[pulseAHP]), p[gainAHP]), s0)))
	leak := add(p[leakMem], iahp)
	ratio := div(leak, p[leakMem])
	m0 := exp(y0)
	f := exp(mul(p[feedback], v0))
	drive := isyn
	var more []*G.Node
	for i := range c.types() - 1 {
		target := point("target", func(x, d []float64) float64 {
			d[0] = hardSlope(x[0], 0)
			return max(x[0], 0)
		}, mul(p[int(gainGABA)+i], all[1+i]))
		more = append(more, add(mul(decay(p[int(rateGABA)+i]), state[numStates-numMore+i]), mul(charge(p[int(pulseGABA)+i]), target)))
	}
	if c.four {
		gated := div(more[nmda], affine(div(p[cutoff], m0), 1, 1))
		drive = add(isyn, sub(gated, more[gaba]))
		leak = add(leak, more[shunt])
		ratio = div(leak, p[leakMem])
	}
	under := add(m0, p[gainMem])
	grow := func(drive *G.Node) *G.Node {
		g := mul(p[rateMem], add(f, mul(ratio, sub(drive, leak))))
		return log(floor(add(m0, mul(m0, g))))
	}
	dc := p[dcMem]
	if c.driven {
		dc = mul(dc, x[len(x)-1])
	}
	on := grow(div(mul(p[gainMem], floor(add(sub(drive, leak), dc))), under))
	off := grow(div(p[gainMem], under))
	open := point("gate", c.gatePoint(b), timer0)
	y := add(off, mul(open, sub(on, off)))
	above := sub(y, p[threshold])

	// fired is 1 where there is a spike, without a gradient.
	fired := point("fired", func(x, _ []float64) float64 {
		if x[0] > 0 {
			return 1
		}
		return 0
	}, above)
	var s, post *G.Node
	switch {
	case c.forced:
		s = x[1]
		fired = point("fired", func(x, _ []float64) float64 { return min(x[0], 1) }, s)
		post = mul(affine(fired, -1, 1), y)
	case c.rule == Rockpool:
		m := exp(y)
		s = point("count", func(x, d []float64) float64 {
			if x[1] > 0 {
				d[0] = 1
			}
			return min(max(math.Ceil(x[2]), 0), c.most)
		}, mul(m, p[ampere]), y, above)
		flag := point("clip", func(x, d []float64) float64 {
			if x[0] <= 1 {
				d[0] = 0.5
			}
			return min(x[0], 1)
		}, s)
		post = log(add(mul(affine(flag, -1, 1), m), flag))
	default:
		s = point("count", func(x, d []float64) float64 {
			d[0], _ = c.slopes(x[0])
			if c.twin {
				return c.smoothCount(x[0])
			}
			return min(max(math.Ceil(x[0]), 0), c.most)
		}, above)
		flag := point("flag", func(x, d []float64) float64 {
			_, d[0] = c.slopes(x[0])
			switch {
			case c.twin:
				return logistic(x[0] / c.width)
			case x[0] > 0:
				return 1
			}
			return 0
		}, above)
		post = mul(affine(flag, -1, 1), y)
		if c.twin { // the timer of the twin depends on x; else it is cut off
			fired = flag
		}
	}
	bins := p[refractory]
	if !c.twin {
		bins = point("whole bins", c.wholePoint(b), bins)
	}
	timer := add(mul(affine(fired, -1, 1), point("tick", c.tickPoint(b), timer0)), mul(fired, bins))
	out = append([]*G.Node{s, post, y, isyn, iahp}, more...)
	return out, append([]*G.Node{log(isyn), log(iahp), post, y, s, timer}, more...)
}

func (c cell) floorPoint(x, d []float64) float64 {
	k := neuronKernel[float64]{mode: c.mode}
	d[0] = k.slope(x[0])
	return k.bounded(k.floor(x[0]))
}

// tolerance is that of the program's arithmetic.
func (c cell) tolerance(b *graph.Builder) float64 {
	if b.DType() == G.Float32 {
		return float64(tolerance[float32]())
	}
	return tolerance[float64]()
}

func (c cell) wholePoint(b *graph.Builder) func(x, d []float64) float64 {
	return func(x, d []float64) float64 {
		if d[0] = 1; b.DType() == G.Float32 {
			return float64(wholeBins(float32(x[0])))
		}
		return wholeBins(x[0])
	}
}

func (c cell) gatePoint(b *graph.Builder) func(x, d []float64) float64 {
	tol := c.tolerance(b)
	return func(x, d []float64) float64 {
		if c.twin {
			g := gate(x[0])
			d[0] = -g * (1 - g) / gateWidth
			return g
		}
		if x[0] == 0 {
			return 1
		}
		if x[0] <= 1+tol && c.rule != Rockpool && !c.forced {
			d[0] = -1
		}
		return 0
	}
}

func (c cell) tickPoint(b *graph.Builder) func(x, d []float64) float64 {
	tol := c.tolerance(b)
	k := neuronKernel[float64]{mode: c.mode}
	return func(x, d []float64) float64 {
		d[0] = k.tickSlope(x[0], tol)
		return k.tick(x[0], tol)
	}
}
