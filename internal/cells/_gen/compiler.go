package main

import (
	"fmt"
	"math"
	"slices"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// machine is a kind of processor and of numbers.
type machine struct{ avx512, double bool }

func (m machine) suffix() string {
	s := map[bool]string{false: "AVX2", true: "AVX512"}[m.avx512]
	return s + map[bool]string{false: "F32", true: "F64"}[m.double]
}

// size is that of a number, width that of a register, in bytes.
func (m machine) size() int {
	if m.double {
		return 8
	}
	return 4
}

func (m machine) width() int {
	if m.avx512 {
		return 64
	}
	return 32
}

// value is a register full of numbers, or of conditions, in a program: one number for each lane.
type value struct {
	op      op
	args    []*value
	array   int    // of load, the number of the operand
	bits    uint64 // of constant
	imm     uint8  // predicate, shift
	scalar  int    // the number of the operand, or an offset
	uses    []int  // items that read it
	defined int
	sticky  bool // a load before a store to the same array

	register, slot int // -1: none
}

type op uint8

const (
	load op = iota
	scalar
	constant
	add
	sub
	mul
	div
	larger  // a where a > b, else b
	smaller // a where a < b, else b
	and
	or
	plus  // of integers, as are the following
	minus //
	left
	right
	signed // shift right with the sign, 32 bits
	float  // of a signed integer of 32 bits
	ceil
	compare
	both   // conditions
	either //
	choose // args: condition, value where it holds, value elsewhere
	keep   // args: condition, value: 0 elsewhere
	gather // args: index in words; the table is that of number array
)

// item is a line of a program: the value that it defines, or what it does.
type item struct {
	value  *value
	store  *value // to array
	array  int
	note   *value // condition to report
	ahead  bool   // array will be read soon
	branch *value // condition: the lines up to end are skipped where no lane has it
	end    bool
}

// program is a kernel for one block of lanes: straight code, with branches around parts that few
// blocks need. What a branch computes leaves it through memory alone.
type program struct {
	machine
	name     string
	doc      string
	operands []operand
	items    []item
	shared   map[string]*value // loads, scalars and constants, once each

	// Of kernels that are made of others: the struct whose operands are meant, what stands for an
	// operand of it, and what is handed on in registers and not written.
	scope  string
	alias  map[string]string
	inside map[string]bool
}

func newProgram(m machine, name, doc string) *program {
	return &program{machine: m, name: name, doc: doc, shared: map[string]*value{}}
}

func (p *program) define(v *value) *value {
	v.register, v.slot, v.defined = -1, -1, len(p.items)
	for _, a := range v.args {
		a.uses = append(a.uses, len(p.items))
	}
	p.items = append(p.items, item{value: v})
	return v
}

// find returns the number of an operand, and its name.
func (p *program) find(name string) (int, string) {
	name = p.scope + name
	if to, ok := p.alias[name]; ok {
		name = to
	}
	k := slices.IndexFunc(p.operands, func(o operand) bool { return o.name == name })
	if k < 0 {
		panic(p.name + ": no operand " + name)
	}
	return k, name
}

// in returns a slice of the argument.
func (p *program) in(name string) *value {
	k, name := p.find(name)
	if v := p.shared[name]; v != nil {
		return v
	}
	v := p.define(&value{op: load, array: k})
	p.shared[name] = v
	return v
}

// out writes to a slice of the argument.
func (p *program) out(name string, v *value) {
	k, name := p.find(name)
	if p.inside[name] {
		p.shared[name] = v
		return
	}
	v.uses = append(v.uses, len(p.items))
	p.items = append(p.items, item{store: v, array: k})
	delete(p.shared, name)
}

// number returns a number of the argument, in all lanes.
func (p *program) number(name string) *value {
	k, name := p.find(name)
	if v := p.shared[name]; v != nil {
		return v
	}
	v := p.define(&value{op: scalar, scalar: k})
	p.shared[name] = v
	return v
}

func (p *program) word(bits uint64) *value {
	key := fmt.Sprint("word", bits)
	if v := p.shared[key]; v != nil {
		return v
	}
	v := p.define(&value{op: constant, bits: bits})
	p.shared[key] = v
	return v
}

// c is a constant.
func (p *program) c(x float64) *value {
	if p.double {
		return p.word(math.Float64bits(x))
	}
	return p.word(uint64(math.Float32bits(float32(x))))
}

func (p *program) do(o op, args ...*value) *value { return p.define(&value{op: o, args: args}) }

func (p *program) add(a, b *value) *value     { return p.do(add, a, b) }
func (p *program) sub(a, b *value) *value     { return p.do(sub, a, b) }
func (p *program) mul(a, b *value) *value     { return p.do(mul, a, b) }
func (p *program) div(a, b *value) *value     { return p.do(div, a, b) }
func (p *program) larger(a, b *value) *value  { return p.do(larger, a, b) }
func (p *program) smaller(a, b *value) *value { return p.do(smaller, a, b) }
func (p *program) plus(a, b *value) *value    { return p.do(plus, a, b) }
func (p *program) minus(a, b *value) *value   { return p.do(minus, a, b) }
func (p *program) and(a, b *value) *value     { return p.do(and, a, b) }
func (p *program) or(a, b *value) *value      { return p.do(or, a, b) }
func (p *program) both(a, b *value) *value    { return p.do(both, a, b) }
func (p *program) ceil(a *value) *value       { return p.do(ceil, a) }
func (p *program) float(a *value) *value      { return p.do(float, a) }

func (p *program) left(a *value, bits uint8) *value {
	return p.define(&value{op: left, args: []*value{a}, imm: bits})
}

func (p *program) right(a *value, bits uint8) *value {
	return p.define(&value{op: right, args: []*value{a}, imm: bits})
}

func (p *program) signed(a *value, bits uint8) *value {
	return p.define(&value{op: signed, args: []*value{a}, imm: bits})
}

func (p *program) gather(table int, index *value, offset int) *value {
	return p.define(&value{op: gather, args: []*value{index}, array: table, scalar: offset})
}

// Predicates, false where an operand is NaN, but for the last two.
const (
	equal        = 0x00
	lessThan     = 0x11
	lessEqual    = 0x12
	greaterEqual = 0x1d
	greaterThan  = 0x1e
	notEqual     = 0x04
	notLessEqual = 0x16
)

func (p *program) compare(a *value, predicate uint8, b *value) *value {
	return p.define(&value{op: compare, args: []*value{a, b}, imm: predicate})
}

// choose is x where c holds, else y.
func (p *program) choose(c, x, y *value) *value { return p.do(choose, c, x, y) }

// keep is x where c holds, else 0.
func (p *program) keep(c, x *value) *value { return p.do(keep, c, x) }

// note makes the kernel return another number than 0 if some lane has c.
func (p *program) note(c *value) {
	c.uses = append(c.uses, len(p.items))
	p.items = append(p.items, item{note: c})
}

// ahead asks for a slice of the argument that the caller reads soon: it comes to the cache while the
// kernel computes.
func (p *program) ahead(name string) {
	k, _ := p.find(name)
	p.items = append(p.items, item{ahead: true, array: k})
}

// where writes a part that is skipped unless some lane has c.
func (p *program) where(c *value, part func()) {
	c.uses = append(c.uses, len(p.items))
	p.items = append(p.items, item{branch: c})
	outer := p.shared
	p.shared = map[string]*value{}
	for k, v := range outer {
		p.shared[k] = v
	}
	part()
	p.items = append(p.items, item{end: true})
	p.shared = outer
	for name := range outer { // stores in the part
		if slices.ContainsFunc(p.items, func(i item) bool { return i.store != nil && p.operands[i.array].name == name }) {
			delete(outer, name)
		}
	}
}

func (v *value) condition() bool { return v.op == compare || v.op == both || v.op == either }

// allocator places values in registers while the code is written.
type allocator struct {
	*program
	masked          bool // the block is the last one, of which there are some lanes
	at              int
	args, scratch   reg.GPVirtual
	offset, same    reg.GPVirtual // of what each row has, and of what all share
	found           reg.GPVirtual
	vectors, kmasks []*value // what a register holds
	pinned          []*value
	slots           []bool
	label           int
	tail            reg.Register
}

// slotBase is where the spilled registers begin in the scratch memory, behind the addresses of
// tables.
const slotBase = 64

func (a *allocator) isMask(v *value) bool { return a.avx512 && v.condition() }

func (a *allocator) vector(k int) reg.VecPhysical {
	if a.avx512 {
		return zmm[k]
	}
	return ymm[k]
}

// next is the next item that reads v.
func (a *allocator) next(v *value) int {
	for _, u := range v.uses {
		if u >= a.at {
			return u
		}
	}
	return math.MaxInt
}

func (a *allocator) later(v *value) bool {
	for _, u := range v.uses {
		if u > a.at {
			return true
		}
	}
	return false
}

// cheap values are read from memory again instead of being spilled.
func (v *value) cheap() bool {
	return v.op == constant || v.op == scalar || v.op == load && !v.sticky
}

// take returns a free vector register.
func (a *allocator) take() int {
	best := -1
	for k, v := range a.vectors {
		if v == nil {
			return k
		}
		if slices.Contains(a.pinned, v) {
			continue
		}
		if best < 0 || a.next(v) > a.next(a.vectors[best]) {
			best = k
		}
	}
	if best < 0 {
		panic(a.name + ": too few registers")
	}
	a.spill(a.vectors[best])
	a.vectors[best].register = -1
	a.vectors[best] = nil
	return best
}

func (a *allocator) spill(v *value) {
	if v.cheap() || v.slot >= 0 {
		return
	}
	v.slot = slices.Index(a.slots, false)
	if v.slot < 0 {
		v.slot = len(a.slots)
		a.slots = append(a.slots, false)
	}
	a.slots[v.slot] = true
	spills = max(spills, len(a.slots))
	VMOVUPD(a.vector(v.register), a.slotAt(v))
}

var spills int

func (a *allocator) slotAt(v *value) Mem {
	return Mem{Base: a.scratch, Disp: slotBase + v.slot*64}
}

// base returns the address of a slice of the argument.
func (a *allocator) base(array int) Mem {
	p := GP64()
	o := a.operands[array]
	MOVQ(Mem{Base: a.args, Disp: o.at}, p)
	if o.same {
		return Mem{Base: p, Index: a.same, Scale: 1}
	}
	return Mem{Base: p, Index: a.offset, Scale: 1}
}

// memory returns where an operand can be read from directly.
func (a *allocator) memory(v *value) (Mem, bool) {
	switch {
	case v.register >= 0:
		return Mem{}, false
	case v.op == constant:
		return a.constant(v.bits), true
	case v.slot >= 0:
		return a.slotAt(v), true
	case v.op == load && !a.masked && !v.sticky && !a.later(v):
		return a.base(v.array), true
	}
	return Mem{}, false
}

var constants = map[string]Mem{}

// constant is a register full of a number.
func (a *allocator) constant(bits uint64) Mem {
	name := fmt.Sprintf("word%d_%016x", 8*a.size(), bits)
	m, ok := constants[name]
	if !ok {
		m = GLOBL(name, RODATA|NOPTR)
		if !a.double {
			bits |= bits << 32
		}
		for k := range 8 {
			DATA(8*k, U64(bits))
		}
		constants[name] = m
	}
	return m
}

// ensure puts a value into a register.
func (a *allocator) ensure(v *value) Op {
	if a.isMask(v) {
		return kmask[v.register]
	}
	a.pinned = append(a.pinned, v)
	if v.register >= 0 {
		return a.vector(v.register)
	}
	k := a.take()
	a.place(v, k)
	r := a.vector(k)
	switch {
	case v.op == constant:
		VMOVUPD(a.constant(v.bits), r)
	case v.op == scalar:
		at := Mem{Base: a.args, Disp: a.operands[v.scalar].at}
		if a.double {
			VBROADCASTSD(at, r)
		} else {
			VBROADCASTSS(at, r)
		}
	case v.slot >= 0:
		VMOVUPD(a.slotAt(v), r)
	case v.op == load:
		a.load(a.base(v.array), r)
	default:
		panic(fmt.Sprintf("%s: value of item %d is lost", a.name, v.defined))
	}
	return r
}

func (a *allocator) load(at Mem, r Op) {
	switch {
	case !a.masked:
		VMOVUPD(at, r)
	case a.avx512 && a.double:
		VMOVUPD_Z(at, a.tail, r)
	case a.avx512:
		VMOVUPS_Z(at, a.tail, r)
	case a.double:
		VMASKMOVPD(at, a.tail, r)
	default:
		VMASKMOVPS(at, a.tail, r)
	}
}

func (a *allocator) save(r Op, at Mem) {
	switch {
	case !a.masked:
		VMOVUPD(r, at)
	case a.avx512 && a.double:
		VMOVUPD(r, a.tail, at)
	case a.avx512:
		VMOVUPS(r, a.tail, at)
	case a.double:
		VMASKMOVPD(r, a.tail, at)
	default:
		VMASKMOVPS(r, a.tail, at)
	}
}

func (a *allocator) place(v *value, k int) {
	a.vectors[k] = v
	v.register = k
}

// release frees what the item read for the last time.
func (a *allocator) release(list ...*value) {
	for _, v := range list {
		if a.later(v) {
			continue
		}
		if v.register >= 0 {
			if a.isMask(v) {
				a.kmasks[v.register] = nil
			} else {
				a.vectors[v.register] = nil
			}
			v.register = -1
		}
		if v.slot >= 0 {
			a.slots[v.slot] = false
			v.slot = -1
		}
	}
}

// result returns a register for v.
func (a *allocator) result(v *value) Op {
	if !a.isMask(v) {
		k := a.take()
		a.place(v, k)
		a.pinned = append(a.pinned, v)
		return a.vector(k)
	}
	for k := 1; k < 7; k++ {
		if a.kmasks[k] == nil {
			a.kmasks[k] = v
			v.register = k
			return kmask[k]
		}
	}
	panic(a.name + ": too few mask registers")
}

// operand is an argument that may be in memory.
func (a *allocator) operand(v *value) Op {
	if !a.isMask(v) {
		if m, ok := a.memory(v); ok {
			return m
		}
	}
	return a.ensure(v)
}

// body writes the code for one block.
func (a *allocator) body() {
	n := 16
	if a.avx512 {
		n = 32
	}
	if a.masked && !a.avx512 {
		n = 15 // the tail has one
	}
	a.vectors, a.kmasks, a.slots = make([]*value, n), make([]*value, 8), nil
	for _, it := range a.items {
		if it.value != nil {
			it.value.register, it.value.slot = -1, -1
		}
	}
	var end string
	for k, it := range a.items {
		a.at, a.pinned = k, a.pinned[:0]
		switch {
		case it.value != nil:
			a.compute(it.value)
		case it.store != nil:
			a.save(a.ensure(it.store), a.base(it.array))
			a.release(it.store)
		case it.note != nil:
			bits := a.bits(it.note)
			ORL(bits, a.found.As32())
			a.release(it.note)
		case it.ahead:
			PREFETCHT0(a.base(it.array))
		case it.branch != nil:
			bits := a.bits(it.branch)
			a.release(it.branch)
			for _, v := range a.vectors {
				if v != nil && a.later(v) {
					a.spill(v)
				}
			}
			TESTL(bits, bits)
			a.label++
			end = fmt.Sprintf("%s_%d_%v", a.name, a.label, a.masked)
			JZ(LabelRef(end))
		case it.end:
			Label(end)
			for k, v := range a.vectors {
				if v != nil {
					v.register = -1
					a.vectors[k] = nil
				}
			}
		}
	}
}

// bits returns the lanes that have a condition, and exist.
func (a *allocator) bits(v *value) reg.Register {
	b := GP32()
	r := a.ensure(v)
	if a.avx512 {
		if a.masked {
			KANDW(r, a.tail, reg.K0)
			r = reg.K0
		}
		KMOVW(r, b)
		return b
	}
	if a.masked {
		k := a.take()
		VANDPD(a.tail, r, a.vector(k))
		r = a.vector(k)
	}
	if a.double {
		VMOVMSKPD(r, b)
	} else {
		VMOVMSKPS(r, b)
	}
	return b
}
