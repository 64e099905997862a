package models

// The code of a formula has these vectors in common, in this order: the leaves of the formula, and
// the values of its constant lines, which depend on parameters alone and are the same in all steps.
// Behind them are those of one code.

// constants returns the lines that depend on parameters alone.
func (f *formula) constants() (list []term) {
	constant := make([]bool, len(f.lines))
	for i := range f.params {
		constant[f.param(i)] = true
	}
	for i := f.leaves(); i < len(f.lines); i++ {
		l := &f.lines[i]
		if constant[l.a] && (!l.binary() || constant[l.b]) {
			constant[i] = true
			list = append(list, term(i))
		}
	}
	return list
}

// leaves is the number of lines that are input, parameters and states.
func (f *formula) leaves() int { return 1 + f.params + f.states }

// translator writes lines as code.
type translator struct {
	*writer
	f     *formula
	value []value // of lines, nothing where it has not been written
}

// translate begins code of which so many vectors are given behind those that all code has. Known is
// whether that has the values of constant lines.
func (f *formula) translate(constants []term, known bool, more int) *translator {
	t := &translator{newWriter(f.lines, f.leaves()+len(constants)+more), f, make([]value, len(f.lines))}
	for i := range t.value {
		t.value[i] = nothing
		if i < f.leaves() {
			t.value[i] = value(i)
		}
	}
	if known {
		for i, line := range constants {
			t.value[line] = value(f.leaves() + i)
		}
	}
	return t
}

// of returns the value of a line.
func (t *translator) of(line term) value {
	if v := t.value[line]; v != nothing {
		return v
	}
	l := &t.f.lines[line]
	a := t.of(l.a)
	var v value
	switch l.op {
	case add, sub, mul, div:
		v = t.binary(l.op, a, t.of(l.b))
	case detach:
		v = a
	case affine:
		if v = a; l.c != 1 || l.d != 0 {
			v = t.put(instruction{op: affine, x: a, c: l.c, d: l.d})
		}
	case fire:
		v = t.put(instruction{op: fire, x: a, line: int(line)})
	default:
		v = t.put(instruction{op: l.op, x: a, c: l.c})
	}
	t.value[line] = v
	return v
}

// flushed is a state, or its gradient, for the next step: without numbers that make it slow.
func (t *translator) flushed(v value) value {
	if i := t.writer.of(v); i != nil && i.op == zero {
		return v
	}
	return t.put(instruction{op: flush, x: v})
}

// constantCode computes the values of constant lines.
func (f *formula) constantCode(constants []term) *code {
	t := f.translate(constants, false, 0)
	var r []result
	for i, line := range constants {
		r = append(r, result{t.of(line), f.leaves() + i})
	}
	return t.end(r)
}

// stepCode computes a step: the outputs, the states behind it, and with feedback the spikes that
// w_rec sees.
func (f *formula) stepCode(constants []term, feedback bool) *code {
	t := f.translate(constants, true, len(f.outputs)+f.states+1)
	at := f.leaves() + len(constants)
	var r []result
	for i, line := range f.outputs {
		r = append(r, result{t.of(line), at + i})
	}
	for i, line := range f.next {
		r = append(r, result{t.flushed(t.of(line)), at + len(f.outputs) + i})
	}
	if feedback {
		r = append(r, result{t.of(f.feedback), at + len(f.outputs) + f.states})
	}
	return t.end(r)
}

// wanted says which gradients arrive at the outputs of a formula and which ones are asked for.
type wanted struct {
	outputs, params []bool
	x, feedback     bool
}

// adjointVectors are the numbers of the vectors of the adjoint of a step.
type adjointVectors struct {
	outputs   int // values
	arriving  int // their gradients
	next      int // those of the states behind the step
	feedback  int // and of the spikes, by way of w_rec
	sums      int // of the gradients of parameters
	constants int // and of constant lines
	x, states int // gradients of the input and of the states before the step
	end       int
}

func (f *formula) adjointVectors(constants []term) (v adjointVectors) {
	v.outputs = f.leaves() + len(constants)
	v.arriving = v.outputs + len(f.outputs)
	v.next = v.arriving + len(f.outputs)
	v.feedback = v.next + f.states
	v.sums = v.feedback + 1
	v.constants = v.sums + f.params
	v.x = v.constants + len(constants)
	v.states = v.x + 1
	v.end = v.states + f.states
	return v
}

// adjoint writes the adjoint of lines.
type adjoint struct {
	*translator
	needed   []bool  // of lines: something that a gradient is asked of leads to them
	gradient []value // of lines
	sum      []value // of lines whose gradients are summed over the steps
}

func (f *formula) adjoint(constants []term, v adjointVectors, w wanted) *adjoint {
	t := f.translate(constants, true, v.end-v.outputs)
	a := &adjoint{t, make([]bool, len(f.lines)), make([]value, len(f.lines)), make([]value, len(f.lines))}
	for i := range f.lines {
		a.gradient[i], a.sum[i] = nothing, nothing
		l := &f.lines[i]
		switch {
		case i == 0:
			a.needed[i] = w.x
		case i <= f.params:
			a.needed[i], a.sum[i] = w.params[i-1], value(v.sums+i-1)
		case i < f.leaves():
			a.needed[i] = true
		case l.op != detach && l.op != atLeast:
			a.needed[i] = a.needed[l.a] || l.binary() && a.needed[l.b]
		}
	}
	for i, line := range constants {
		a.sum[line] = value(v.constants + i)
	}
	return a
}

// take adds g, or -g, to the gradient of a line.
func (a *adjoint) take(line term, g value, o op) {
	if !a.needed[line] {
		return
	}
	switch old := a.gradient[line]; {
	case old == nothing && a.sum[line] != nothing:
		a.gradient[line] = a.binary(o, a.sum[line], g)
	case old != nothing:
		a.gradient[line] = a.binary(o, old, g)
	case o == sub:
		a.gradient[line] = a.scaled(g, -1)
	default:
		a.gradient[line] = g
	}
}

// back adds what a line, whose gradient is g, gives to those of its operands.
func (a *adjoint) back(line term, g value) {
	l := &a.f.lines[line]
	product := func(line term, y func() value) {
		if a.needed[line] {
			a.take(line, a.binary(mul, g, y()), add)
		}
	}
	switch l.op {
	case add, sub:
		a.take(l.a, g, add)
		a.take(l.b, g, l.op)
	case mul:
		product(l.a, func() value { return a.of(l.b) })
		product(l.b, func() value { return a.of(l.a) })
	case div:
		q := a.binary(div, g, a.of(l.b))
		a.take(l.a, q, add)
		if a.needed[l.b] {
			a.take(l.b, a.binary(mul, q, a.of(line)), sub)
		}
	case affine:
		if l.c != 0 {
			a.take(l.a, a.scaled(g, l.c), add)
		}
	case exp:
		product(l.a, func() value { return a.of(line) })
	case floor:
		product(l.a, func() value { return a.put(instruction{op: atLeastSlope, x: a.of(l.a), c: l.c}) })
	case fire:
		product(l.a, func() value { return a.put(instruction{op: fireSlope, x: a.of(l.a), line: int(line)}) })
	}
}

// zeros is g, or zeros where there is no gradient.
func (a *adjoint) zeros(g value) value {
	if g == nothing {
		return a.put(instruction{op: zero})
	}
	return g
}

// adjointCode computes the adjoint of a step: from the gradients of outputs and states behind it
// those of input and states before it, and adds to the sums of parameters and of constant lines.
func (f *formula) adjointCode(constants []term, w wanted) *code {
	v := f.adjointVectors(constants)
	a := f.adjoint(constants, v, w)
	for i, line := range f.outputs {
		a.value[line] = value(v.outputs + i)
		if w.outputs[i] {
			a.take(line, value(v.arriving+i), add)
		}
	}
	for i, line := range f.next {
		a.take(line, value(v.next+i), add)
	}
	if w.feedback {
		a.take(f.feedback, value(v.feedback), add)
	}
	for i := term(len(f.lines) - 1); int(i) >= f.leaves(); i-- {
		if g := a.gradient[i]; g != nothing && a.sum[i] == nothing {
			a.back(i, g)
		}
	}
	var r []result
	for i, s := range a.sum {
		if g := a.gradient[i]; s != nothing && g != nothing {
			r = append(r, result{g, int(s)})
		}
	}
	if w.x {
		r = append(r, result{a.zeros(a.gradient[0]), v.x})
	}
	for i := range f.states {
		r = append(r, result{a.flushed(a.zeros(a.gradient[f.state(i)])), v.states + i})
	}
	return a.end(r)
}

// constantAdjointCode adds to the sums of parameters what the sums of constant lines give them,
// with the vectors of adjointCode.
func (f *formula) constantAdjointCode(constants []term, w wanted) *code {
	v := f.adjointVectors(constants)
	a := f.adjoint(constants, v, w)
	for _, line := range constants {
		if a.needed[line] {
			a.gradient[line], a.sum[line] = a.sum[line], nothing
		}
	}
	for i := len(constants) - 1; i >= 0; i-- {
		if g := a.gradient[constants[i]]; g != nothing {
			a.back(constants[i], g)
		}
	}
	var r []result
	for i := range f.params {
		if g := a.gradient[f.param(i)]; g != nothing {
			r = append(r, result{g, v.sums + i})
		}
	}
	return a.end(r)
}
