package equation

import (
	"fmt"

	"github.com/surge-snn/surge/internal/lanes"
)

// width is the number of neurons that are taken side by side.
const width = lanes.Width

// lane is one number of each of them.
type lane = lanes.Lane

// seriesOp is an operation on Taylor series.
type seriesOp uint8

const (
	sumOf        seriesOp = iota // c = a + b
	differenceOf                 // c = a - b
	shifted                      // c = a + con
	fixed                        // c = con
	scaled                       // c = con a
	product                      // c = a b
	quotient                     // c = a/b
	inverse                      // c = con/b
	weighted                     // c_k = k a_k, of a' t
	expOf                        // c' = a' c
	logOf                        // c' = a'/a
	sqrtOf                       // c c = a
	powOf                        // c' = x a' c/a
	sinOf                        // c, and the cosine in the register after it
	tanhOf                       // c, and 1 - c² in the register after it
)

// term computes one series from others. c, a and b are registers, con a constant of the neuron.
type term struct {
	op           seriesOp
	c, a, b, con int
	x            float64 // exponent of powOf
}

// series is expressions of the states as operations on Taylor series. What depends on parameters
// alone is computed once per neuron, by constants. Registers 0 to S-1 are the states.
//
// Coefficients 0 are values, and so computed by the terms. Those above 0 follow from the rules of
// differentiation, which are arithmetic alone: the code. A state then has one coefficient more.
type series struct {
	states    int
	constants program
	terms     []term
	code      []lanes.SeriesOp // of registers
	integrate []lanes.SeriesOp // of registers; the constants are 1, or 0 for neurons that are held
	registers int
	threshold int
}

// value is where an instruction has its result: a register, or an instruction of constants.
type value struct {
	constant bool
	at       int
}

// translation is the making of a series.
type translation struct {
	*series
	known map[instruction]int // constants
	done  map[term]int
	used  map[int]int // outputs of constants
}

// translate makes the series of the equations and the threshold.
func (m *Model) translate() {
	t := translation{&series{states: len(m.States), registers: len(m.States)}, map[instruction]int{}, map[term]int{}, map[int]int{}}
	for n, v := range t.program(&m.rhs) {
		x := lanes.SeriesOp{Kind: lanes.SeriesIntegrate, C: n, A: t.register(v)}
		if m.held[n] {
			x.B = 1
		}
		t.integrate = append(t.integrate, x)
	}
	t.threshold = t.register(t.program(&m.threshold)[0])
	for n := range t.integrate {
		t.integrate[n].B += len(t.constants.out)
	}
	m.series = t.series
}

// program translates p, and returns its outputs.
func (t *translation) program(p *program) (out []value) {
	values := make([]value, len(p.code))
	for k, c := range p.code {
		values[k] = t.instruction(c, values)
	}
	for _, k := range p.out {
		out = append(out, values[k])
	}
	return out
}

func (t *translation) instruction(c instruction, values []value) value {
	switch c.op {
	case constant:
		return t.constantOf(c)
	case variable:
		if int(c.a) <= t.states {
			return value{at: int(c.a) - 1}
		}
		return t.constantOf(c)
	}
	a, b := values[c.a], value{constant: true}
	if c.op == add || c.op == sub || c.op == mul || c.op == div {
		b = values[c.b]
	}
	if a.constant && b.constant {
		return t.constantOf(instruction{op: c.op, a: int32(a.at), b: int32(b.at), x: c.x})
	}
	switch c.op {
	case add:
		if a.constant {
			a, b = b, a
		}
		if b.constant {
			return t.term(term{op: shifted, a: a.at, con: t.con(b)})
		}
		return t.term(term{op: sumOf, a: min(a.at, b.at), b: max(a.at, b.at)})
	case sub:
		switch {
		case a.constant:
			return t.term(term{op: shifted, a: t.times(b, t.number(-1)).at, con: t.con(a)})
		case b.constant:
			return t.term(term{op: shifted, a: a.at, con: t.con(t.constantOf(instruction{op: neg, a: int32(b.at)}))})
		}
		return t.term(term{op: differenceOf, a: a.at, b: b.at})
	case mul:
		return t.times(a, b)
	case div:
		switch {
		case b.constant:
			return t.times(a, t.constantOf(instruction{op: div, a: int32(t.number(1).at), b: int32(b.at)}))
		case a.constant:
			return t.term(term{op: inverse, b: b.at, con: t.con(a)})
		}
		return t.term(term{op: quotient, a: a.at, b: b.at})
	case neg:
		return t.times(a, t.number(-1))
	case pow:
		return t.power(a, c.x)
	case exp:
		return t.term(term{op: expOf, a: a.at})
	case log:
		return t.term(term{op: logOf, a: a.at})
	case sqrt:
		return t.term(term{op: sqrtOf, a: a.at})
	case sin, cos:
		s := t.term(term{op: sinOf, a: a.at})
		if c.op == cos {
			s.at++
		}
		return s
	case tanh:
		return t.term(term{op: tanhOf, a: a.at})
	}
	panic(fmt.Sprintf("equation: operation %d", c.op))
}

func (t *translation) times(a, b value) value {
	switch {
	case a.constant:
		a, b = b, a
		fallthrough
	case b.constant:
		if x, ok := t.scaling(a.at); ok { // (con a) con is one factor
			c := t.constants.out[x.con]
			return t.times(value{at: x.a}, t.constantOf(instruction{op: mul, a: c, b: int32(b.at)}))
		}
		return t.term(term{op: scaled, a: a.at, con: t.con(b)})
	}
	return t.term(term{op: product, a: min(a.at, b.at), b: max(a.at, b.at)})
}

// scaling returns the term of a register that is scaled.
func (t *translation) scaling(r int) (term, bool) {
	for _, x := range t.terms {
		if x.c == r && x.op == scaled {
			return x, true
		}
	}
	return term{}, false
}

func (t *translation) number(x float64) value { return t.constantOf(instruction{op: constant, x: x}) }

// power is a^x: products for whole x, which hold at a = 0 too.
func (t *translation) power(a value, x float64) value {
	n := int(max(-64, min(64, x)))
	switch {
	case x == 0:
		return t.number(1)
	case float64(n) != x:
		return t.term(term{op: powOf, a: a.at, x: x})
	case n < 0:
		return t.term(term{op: inverse, b: t.power(a, -x).at, con: t.con(t.number(1))})
	case n == 1:
		return a
	case n%2 == 1:
		return t.times(t.power(a, x-1), a)
	}
	half := t.power(a, x/2)
	return t.times(half, half)
}

// term adds a term with a new register, unless it is there.
func (t *translation) term(c term) value {
	k, ok := t.done[c]
	if !ok {
		var w int // weighted a
		if c.op == expOf || c.op == powOf || c.op == sinOf || c.op == tanhOf {
			w = t.term(term{op: weighted, a: c.a}).at
		}
		k = t.new()
		if t.done[c] = k; c.op == sinOf || c.op == tanhOf {
			t.new()
		}
		c.c = k
		t.terms = append(t.terms, c)
		t.rules(c, w)
	}
	return value{at: k}
}

func (t *translation) new() int {
	t.registers++
	return t.registers - 1
}

// rules adds the code of a term.
func (t *translation) rules(x term, w int) {
	to := func(kind lanes.SeriesKind, c, a, b int) int {
		t.code = append(t.code, lanes.SeriesOp{Kind: kind, C: c, A: a, B: b})
		return c
	}
	do := func(kind lanes.SeriesKind, a, b int) int { return to(kind, t.new(), a, b) }
	factor := func(x float64) int { return t.con(t.number(x)) }
	switch c := x.c; x.op {
	case sumOf:
		to(lanes.SeriesAdd, c, x.a, x.b)
	case differenceOf:
		to(lanes.SeriesSub, c, x.a, x.b)
	case shifted:
		to(lanes.SeriesCopy, c, x.a, 0)
	case fixed: // coefficients of 0
	case scaled:
		to(lanes.SeriesScale, c, x.a, x.con)
	case product:
		to(lanes.SeriesProduct, c, x.a, x.b)
	case quotient:
		to(lanes.SeriesOver, c, do(lanes.SeriesSub, x.a, do(lanes.SeriesRest, x.b, c)), x.b)
	case inverse:
		to(lanes.SeriesOver, c, do(lanes.SeriesScale, do(lanes.SeriesRest, x.b, c), factor(-1)), x.b)
	case weighted:
		to(lanes.SeriesTimes, c, x.a, 0)
	case expOf:
		to(lanes.SeriesPer, c, do(lanes.SeriesRest, w, c), 0)
	case logOf:
		own := t.new() // weighted c
		sum := do(lanes.SeriesInner, own, x.a)
		to(lanes.SeriesOver, c, do(lanes.SeriesSub, x.a, do(lanes.SeriesPer, sum, 0)), x.a)
		to(lanes.SeriesTimes, own, c, 0)
	case sqrtOf:
		twice := do(lanes.SeriesSub, x.a, do(lanes.SeriesInner, c, c))
		to(lanes.SeriesOver, c, do(lanes.SeriesScale, twice, factor(0.5)), c)
	case powOf:
		sum := do(lanes.SeriesPer, do(lanes.SeriesRest, w, c), 0)
		sum = do(lanes.SeriesScale, sum, factor(x.x+1))
		to(lanes.SeriesOver, c, do(lanes.SeriesSub, sum, do(lanes.SeriesRest, x.a, c)), x.a)
	case sinOf:
		to(lanes.SeriesPer, c, do(lanes.SeriesRest, w, c+1), 0)
		cosine := do(lanes.SeriesPer, do(lanes.SeriesRest, w, c), 0)
		to(lanes.SeriesScale, c+1, cosine, factor(-1))
	case tanhOf:
		to(lanes.SeriesPer, c, do(lanes.SeriesRest, w, c+1), 0)
		to(lanes.SeriesScale, c+1, do(lanes.SeriesProduct, c, c), factor(-1))
	}
}

// constantOf adds an instruction to the constants, unless it is there.
func (t *translation) constantOf(c instruction) value {
	k, ok := t.known[c]
	if !ok {
		k = len(t.constants.code)
		t.known[c] = k
		t.constants.code = append(t.constants.code, c)
	}
	return value{constant: true, at: k}
}

// con makes a constant an output.
func (t *translation) con(v value) int {
	k, ok := t.used[v.at]
	if !ok {
		k = len(t.constants.out)
		t.used[v.at] = k
		t.constants.out = append(t.constants.out, int32(v.at))
	}
	return k
}

// register makes a value a series.
func (t *translation) register(v value) int {
	if v.constant {
		return t.term(term{op: fixed, con: t.con(v)}).at
	}
	return v.at
}
