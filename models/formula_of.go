package models

import (
	"fmt"

	"github.com/surge-snn/surge/graph"
)

// Formula is one time step of a layer whose neurons act on themselves alone, as operations on the
// numbers of one neuron: what is needed to write the layer in another language.
//
// Values are numbered: 0 is the input of the step, then come the parameters, then the states before
// the step, then the results of Lines.
type Formula struct {
	Kind    string   // of the cell, as "alif"
	Params  []string // names
	States  []string // names; all are 0 before the first step
	Lines   []FormulaLine
	Outputs []int // values that the layer gives out, its spikes first
	Next    []int // values of the states after the step
	// Recurrent says that the cell has a parameter more, w_rec [N, N]: to the input of a step come
	// the first outputs of the step before, times these weights.
	Recurrent bool
	// Spikes says that the first output are spikes, 0 or 1, or numbers of spikes.
	Spikes bool
}

// FormulaLine is an operation on the values A and B, where it has two. Each result is rounded.
type FormulaLine struct {
	// Op is +, -, * or / of A and B; affine: C A + D; exp; max: the larger of A and C; at_least: 1
	// where A >= C, else 0; copy; fire: min(max(ceil(A), 0), C), spikes.
	Op   string
	A, B int
	C, D float64
}

// FormulaOf returns the formula of a cell that [graph.Settings.Scanned] has seen: of the neurons
// that are written as one (IF, PLIF, ALIF, EIF, AdEx, Izhikevich, LIF with a refractory time), of
// DoubleExp, and of ExpSyn without noise, AlphaSynapse without reversal potential, and LI.
//
// Errors: [ErrParameter] for other cells.
func FormulaOf(c graph.Cell) (*Formula, error) {
	switch c := c.(type) {
	case formulaCell:
		return c.export()
	case expSynCell:
		if !c.noise {
			f := newFormula(1, 1, "beta")
			i := f.mul(f.add(f.state(0), f.x()), f.param(0))
			return formulaCell{kind: c.Kind(), f: f.end([]term{i}, i), states: []string{"isyn"}}.export()
		}
	case alphaCell:
		if !c.rest {
			return c.formula().export()
		}
	case liCell:
		return c.formula().export()
	}
	kind := "none"
	if c != nil {
		kind = c.Kind()
	}
	return nil, fmt.Errorf("%w: cell %q is not written as a formula", ErrParameter, kind)
}

// formula is the step of the kernel.
func (c alphaCell) formula() formulaCell {
	names := []string{"a", "c", "g_syn_bar", "resist_scale", "bias"}
	if c.rule == AlphaEulerDt {
		names = append(names[:1], names[2:]...)
	}
	if !c.bias {
		names = names[:len(names)-1]
	}
	f := newFormula(len(names), 2, names...)
	next := 0
	param := func() term { next++; return f.param(next - 1) }
	a := param()
	c0 := term(0)
	if c.rule != AlphaEulerDt {
		c0 = param()
	}
	h := f.add(f.mul(a, f.state(0)), f.mul(param(), f.x()))
	rise := h
	if c.rule == AlphaExact {
		rise = f.state(0)
	}
	if c.rule != AlphaEulerDt {
		rise = f.mul(c0, rise)
	}
	g := f.add(f.mul(a, f.state(1)), rise)
	i := f.affine(f.mul(g, param()), -1, 0)
	if c.bias {
		i = f.add(i, param())
	}
	return formulaCell{kind: c.Kind(), f: f.end([]term{i}, h, g), states: []string{"h_syn", "g_syn"}}
}

// formula is the step of the kernel.
func (c liCell) formula() formulaCell {
	if !c.synapse {
		f := newFormula(1, 1, "alpha")
		v := f.add(f.mul(f.param(0), f.state(0)), f.x())
		return formulaCell{kind: c.Kind(), f: f.end([]term{v}, v), states: []string{"vmem"}}
	}
	f := newFormula(2, 2, "gain_mem", "beta")
	i := f.add(f.mul(f.param(1), f.state(1)), f.x())
	v := f.add(f.state(0), f.mul(f.param(0), f.sub(i, f.state(0))))
	return formulaCell{kind: c.Kind(), f: f.end([]term{v}, v, i), states: []string{"vmem", "isyn"}}
}

var opNames = map[op]string{
	add: "+", sub: "-", mul: "*", div: "/", affine: "affine", exp: "exp", floor: "max", atLeast: "at_least", detach: "copy", fire: "fire",
}

func (c formulaCell) export() (*Formula, error) {
	e := &Formula{Kind: c.kind, Params: c.f.names, States: c.states, Recurrent: c.recurrent}
	if len(e.Params) != c.f.params {
		return nil, fmt.Errorf("%w: cell %q: %d names of %d parameters", ErrParameter, c.kind, len(e.Params), c.f.params)
	}
	for _, l := range c.f.lines[c.f.leaves():] {
		line := FormulaLine{Op: opNames[l.op], A: int(l.a), B: int(l.b), C: l.c, D: l.d}
		if l.op == fire {
			e.Spikes = true
			if line.C = max(l.firing.Max, 1); l.firing.AtThreshold {
				return nil, fmt.Errorf("%w: cell %q fires at the threshold", ErrParameter, c.kind)
			}
		}
		e.Lines = append(e.Lines, line)
	}
	for _, t := range c.f.outputs {
		e.Outputs = append(e.Outputs, int(t))
	}
	for _, t := range c.f.next {
		e.Next = append(e.Next, int(t))
	}
	return e, nil
}
