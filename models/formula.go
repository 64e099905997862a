package models

import (
	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/surrogate"
)

// formula is one time step of neurons that act on themselves alone, written once: the unrolled
// engine makes a node of each line, the kernel a loop over the neurons. Lines are numbered; the
// first ones are the input, the parameters and the states.
type formula struct {
	params, states int
	names          []string // of the parameters, for those who write them elsewhere
	lines          []line
	next           []term // the states after the step
	outputs        []term // the sequences that the layer gives out
	feedback       term   // the spikes that w_rec of a recurrent layer sees in the next step
}

// term is the number of a line.
type term int

// line is one operation on the values of one or two lines before it.
type line struct {
	op      op
	a, b    term
	c, d    float64 // constants
	firing  ops.Firing
	sharper surrogate.Surrogate
}

func (l *line) binary() bool { return l.op >= add && l.op <= div }

type op int

const (
	leaf    op = iota
	add        // a + b
	sub        // a - b
	mul        // a b
	div        // a / b
	affine     // c a + d
	exp        // exp(a)
	floor      // max(a, c)
	atLeast    // 1 where a >= c, else 0; no gradient
	detach     // a; no gradient
	fire       // spikes of neurons at a above threshold
)

// newFormula returns a formula with the leaves alone.
func newFormula(params, states int, names ...string) *formula {
	return &formula{params: params, states: states, names: names, lines: make([]line, 1+params+states)}
}

func (f *formula) x() term          { return 0 }
func (f *formula) param(i int) term { return term(1 + i) }
func (f *formula) state(i int) term { return term(1 + f.params + i) }

func (f *formula) put(l line) term {
	f.lines = append(f.lines, l)
	return term(len(f.lines) - 1)
}

func (f *formula) add(a, b term) term               { return f.put(line{op: add, a: a, b: b}) }
func (f *formula) sub(a, b term) term               { return f.put(line{op: sub, a: a, b: b}) }
func (f *formula) mul(a, b term) term               { return f.put(line{op: mul, a: a, b: b}) }
func (f *formula) div(a, b term) term               { return f.put(line{op: div, a: a, b: b}) }
func (f *formula) affine(a term, c, d float64) term { return f.put(line{op: affine, a: a, c: c, d: d}) }
func (f *formula) exp(a term) term                  { return f.put(line{op: exp, a: a}) }
func (f *formula) max(a term, c float64) term       { return f.put(line{op: floor, a: a, c: c}) }
func (f *formula) atLeast(a term, c float64) term   { return f.put(line{op: atLeast, a: a, c: c}) }
func (f *formula) detach(a term) term               { return f.put(line{op: detach, a: a}) }

// not returns 1 - a, min the smaller of a and c, mix (1-s) a + s b.
func (f *formula) not(a term) term            { return f.affine(a, -1, 1) }
func (f *formula) min(a term, c float64) term { return f.affine(f.max(f.affine(a, -1, 0), -c), -1, 0) }
func (f *formula) mix(s, a, b term) term      { return f.add(a, f.mul(s, f.sub(b, a))) }

// fire returns the spikes of neurons at x above threshold.
func (f *formula) fire(x term, how ops.Firing, s surrogate.Surrogate) term {
	return f.put(line{op: fire, a: x, firing: how, sharper: s})
}

// end says what the neurons give out and what their states are after the step.
func (f *formula) end(outputs []term, next ...term) *formula {
	for i, t := range next {
		if int(t) <= f.params+f.states { // a leaf: a state must not be overwritten before it is read
			next[i] = f.affine(t, 1, 0)
		}
	}
	f.outputs, f.next, f.feedback = outputs, next, outputs[0]
	return f
}

// nodes adds the lines as nodes.
func (f *formula) nodes(b *graph.Builder, x *G.Node, params, states []*G.Node) []*G.Node {
	v := append(append([]*G.Node{x}, params...), states...)
	for _, l := range f.lines[len(v):] {
		a := v[l.a]
		var y *G.Node
		switch l.op {
		case add:
			y = b.Check(G.Add(a, v[l.b]))
		case sub:
			y = b.Check(G.Sub(a, v[l.b]))
		case mul:
			y = b.Check(G.HadamardProd(a, v[l.b]))
		case div:
			y = b.Check(G.HadamardDiv(a, v[l.b]))
		case affine:
			y = b.Check(ops.Affine(a, l.c, l.d))
		case exp:
			y = b.Check(ops.Exp(a))
		case floor:
			y = b.Check(ops.Floor(a, l.c))
		case atLeast:
			y = b.Check(ops.AtLeast(a, l.c))
		case detach:
			y = b.Check(ops.Detach(a))
		case fire:
			if b.Twin() {
				y = b.Check(ops.SmoothSpike(a, l.sharper))
			} else {
				y = b.Check(l.firing.Apply(a, l.sharper))
			}
		}
		v = append(v, y)
	}
	return v
}
