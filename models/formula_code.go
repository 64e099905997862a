package models

import (
	"slices"

	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/surrogate"
)

// Operations that code has beside those of lines: what two or three lines do in one pass, and what
// an adjoint needs.
const (
	addMul       op = iota + fire + 1 // x + y w
	subMul                            // x - y w
	addScaled                         // x + c y
	mix                               // x + w (y - x)
	ceiling                           // min(x, c)
	atLeastSlope                      // that of floor
	fireSlope                         // that of fire
	zero                              // 0
	flush                             // fmath.Flush(x)
)

// value is the number of a vector in code: those that are given come first.
type value int32

const nothing value = -1

// instruction computes the vector z from others.
type instruction struct {
	op         op
	z, x, y, w value
	c, d       float64
	line       int // of fire and fireSlope
}

// code is straight-line code over vectors, one number for each neuron. The first vectors are those
// of the caller, for operands and results; the others are memory of the code.
type code struct {
	lines   []line
	list    []instruction
	used    []bool // by the number of a given vector
	vectors int
}

// writer writes code in which every value is defined once.
type writer struct {
	lines []line
	given int
	list  []instruction // of value given + i
	known map[instruction]value
}

func newWriter(lines []line, given int) *writer {
	return &writer{lines: lines, given: given, known: map[instruction]value{}}
}

// put returns the value of an instruction.
func (w *writer) put(i instruction) value {
	if v, ok := w.known[i]; ok {
		return v
	}
	w.list = append(w.list, i)
	v := value(w.given + len(w.list) - 1)
	w.known[i] = v
	return v
}

func (w *writer) binary(o op, x, y value) value { return w.put(instruction{op: o, x: x, y: y}) }

// scaled is c x.
func (w *writer) scaled(x value, c float64) value {
	if c == 1 {
		return x
	}
	return w.put(instruction{op: affine, x: x, c: c})
}

// of returns the instruction of v, nil where it is given.
func (w *writer) of(v value) *instruction {
	if int(v) < w.given {
		return nil
	}
	return &w.list[int(v)-w.given]
}

// arity is how many operands operations have.
var arity = [...]int{
	add: 2, sub: 2, mul: 2, div: 2, affine: 1, exp: 1, floor: 1, ceiling: 1, atLeast: 1, fire: 1,
	addMul: 3, subMul: 3, addScaled: 2, mix: 3, atLeastSlope: 1, fireSlope: 1, zero: 0, flush: 1,
}

// operands returns those of an instruction.
func (i *instruction) operands() []value {
	all := [...]value{i.x, i.y, i.w}
	return all[:arity[i.op]]
}

// result is a value that has to be in a given vector at the end. The vector may be one that is
// read, if all instructions that read it lead to the value.
type result struct {
	value value
	to    int
}

// end returns the code that computes the results.
func (w *writer) end(results []result) *code {
	uses := w.uses(results)
	for i := range w.list {
		if uses[w.given+i] > 0 {
			w.fuse(&w.list[i], uses)
		}
	}
	uses = w.uses(results)
	c := &code{lines: w.lines, used: make([]bool, w.given), vectors: w.given}
	place, last := make([]value, len(uses)), make([]int, len(uses))
	for v := range place {
		place[v] = nothing
		if v < w.given {
			place[v] = value(v)
		}
	}
	for _, r := range results {
		if int(r.value) >= w.given && place[r.value] == nothing {
			place[r.value] = value(r.to)
		}
		last[r.value] = len(w.list)
	}
	for i := range w.list {
		if uses[w.given+i] > 0 {
			for _, x := range w.list[i].operands() {
				last[x] = max(last[x], i)
			}
		}
	}
	var free []value
	for i, n := range w.list {
		v := w.given + i
		if uses[v] == 0 {
			continue
		}
		release := func() {
			for k, x := range n.operands() {
				p := place[x]
				if last[x] == i && int(p) >= w.given && !slices.Contains(n.operands()[:k], x) {
					free = append(free, p)
				}
			}
		}
		if n.op != exp { // whose result must be elsewhere
			release()
		}
		if place[v] == nothing {
			if k := len(free); k > 0 {
				place[v], free = free[k-1], free[:k-1]
			} else {
				place[v] = value(c.vectors)
				c.vectors++
			}
		}
		if n.op == exp {
			release()
		}
		n.z = place[v]
		for k, x := range n.operands() {
			*[...]*value{&n.x, &n.y, &n.w}[k] = place[x]
		}
		c.list = append(c.list, n)
	}
	for _, r := range results {
		if place[r.value] != value(r.to) {
			c.list = append(c.list, instruction{op: affine, z: value(r.to), x: place[r.value], c: 1})
		}
	}
	for i := range c.list {
		for _, x := range append(c.list[i].operands(), c.list[i].z) {
			if int(x) < w.given {
				c.used[x] = true
			}
		}
	}
	return c
}

// uses counts how often each value is read by what leads to the results.
func (w *writer) uses(results []result) []int {
	uses := make([]int, w.given+len(w.list))
	for _, r := range results {
		uses[r.value]++
	}
	for i := len(w.list) - 1; i >= 0; i-- {
		if uses[w.given+i] > 0 {
			for _, x := range w.list[i].operands() {
				uses[x]++
			}
		}
	}
	return uses
}

// fuse takes in the operands of i that nobody else reads, where there is one instruction for both.
// The numbers stay what they are, but for the sign of a zero.
func (w *writer) fuse(i *instruction, uses []int) {
	single := func(v value, o op) *instruction {
		if n := w.of(v); n != nil && n.op == o && uses[v] == 1 {
			return n
		}
		return nil
	}
	negative := func(n *instruction) bool { return n != nil && n.op == affine && n.c == -1 && n.d == 0 }
	if negative(i) {
		if n := single(i.x, floor); n != nil && negative(w.of(n.x)) {
			*i = instruction{op: ceiling, x: w.of(n.x).x, c: -n.c}
		}
	}
	if i.op != add && i.op != sub {
		return
	}
	x, y := i.x, i.y
	if i.op == add && single(y, mul) == nil && single(y, affine) == nil {
		x, y = y, x
	}
	product, multiple := single(y, mul), single(y, affine)
	switch {
	case product != nil && i.op == sub:
		*i = instruction{op: subMul, x: x, y: product.x, w: product.y}
	case product != nil:
		*i = instruction{op: addMul, x: x, y: product.x, w: product.y}
		if n := single(product.y, sub); n != nil && n.y == x {
			*i = instruction{op: mix, x: x, y: n.x, w: product.x}
		}
	case multiple == nil || multiple.d != 0:
	case i.op == sub:
		*i = instruction{op: addScaled, x: x, y: multiple.x, c: -multiple.c}
	default:
		*i = instruction{op: addScaled, x: x, y: multiple.x, c: multiple.c}
	}
}

// runCode computes the vectors of c.
func runCode[T kernel.Float](c *code, v [][]T, twin bool) {
	for k := range c.list {
		i := &c.list[k]
		z, x, y := v[i.z], v[i.x], v[i.y]
		switch i.op {
		case add:
			kernel.Add(z, x, y)
		case sub:
			kernel.Sub(z, x, y)
		case mul:
			kernel.Mul(z, x, y)
		case div:
			kernel.Div(z, x, y)
		case addMul:
			kernel.AddMul(z, x, y, v[i.w])
		case subMul:
			kernel.SubMul(z, x, y, v[i.w])
		case mix:
			kernel.Mix(z, x, y, v[i.w])
		case addScaled:
			kernel.AddScaled(z, x, y, T(i.c))
		case affine:
			kernel.Affine(z, x, T(i.c), T(i.d))
		case exp:
			kernel.Exp(z, x)
		case floor:
			kernel.AtLeast(z, x, T(i.c))
		case ceiling:
			kernel.AtMost(z, x, T(i.c))
		case atLeastSlope:
			kernel.AtLeastSlope(z, x, T(i.c))
		case atLeast:
			kernel.Reached(z, x, T(i.c))
		case fire:
			switch l := &c.lines[i.line]; {
			case twin:
				surrogate.Antiderivatives(l.sharper, z, x)
			case l.firing.Max <= 1 && !l.firing.AtThreshold:
				kernel.Fired(z, x, 0)
			default:
				ops.FiringCounts(l.firing, z, x)
			}
		case fireSlope:
			surrogate.Slopes(c.lines[i.line].sharper, z, x)
		case zero:
			clear(z)
		case flush:
			kernel.Flush(z, x)
		}
	}
}
