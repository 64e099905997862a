package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// vector writes kernels over vectors, of which the parameters before n are the addresses.
func (m *machine) vector(name, vectors, numbers string, operands []string, body func(o operands)) {
	of := "(" + vectors + " *T, n int"
	if numbers != "" {
		of += ", " + numbers + " T"
	}
	m.function(name, of+")")
	m.heldElements(operands, body)
}

// heldElements is elements with the addresses of the slices in registers.
func (m *machine) heldElements(names []string, body func(o operands)) {
	held := map[string]reg.GPVirtual{}
	for _, name := range names {
		held[name] = pointer(name)
	}
	m.over(pointer("n"), func(offset reg.GPVirtual) { body(operands{m, offset, held}) })
	VZEROUPPER()
	RET()
}

// formula writes the operations of neurons that are given by formulas.
func (m *machine) formula() {
	m.combine("div", m.div)
	three, four := []string{"z", "x", "y"}, []string{"z", "x", "y", "w"}
	m.vector("addMul", "z, x, y, w", "", four, func(o operands) {
		o.store(m.add(o.load("x"), m.mul(o.load("y"), o.load("w"))), "z")
	})
	m.vector("subMul", "z, x, y, w", "", four, func(o operands) {
		o.store(m.sub(o.load("x"), m.mul(o.load("y"), o.load("w"))), "z")
	})
	m.vector("mix", "z, x, y, w", "", four, func(o operands) {
		x := o.load("x")
		o.store(m.add(x, m.mul(o.load("w"), m.sub(o.load("y"), x))), "z")
	})
	m.function("addScaled", "(z, x, y *T, n int, c T)")
	c := m.parameter("c")
	m.heldElements(three, func(o operands) { o.store(m.add(o.load("x"), m.mul(c, o.load("y"))), "z") })
	m.function("affine", "(z, x *T, n int, c, d T)")
	c, d := m.parameter("c"), m.parameter("d")
	m.heldElements(three[:2], func(o operands) { o.store(m.add(m.mul(c, o.load("x")), d), "z") })
	m.function("flush", "(z, x *T, n int)")
	flush := m.flush()
	m.heldElements(three[:2], func(o operands) { o.store(flush(o.load("x")), "z") })
	m.slope("atLeast", func(x, k vector) vector { return m.each(vmax, k, x) })
	m.slope("atMost", func(x, k vector) vector { return m.each(vmin, k, x) })
	m.slope("atLeastSlope", func(x, k vector) vector {
		y := m.keep(m.compare(greaterThan, x, k), m.constant(1))
		y = m.choose(m.compare(equal, x, k), y, m.constant(0.5))
		return m.choose(m.compare(notEqual, x, x), y, x)
	})
	m.slope("reached", func(x, k vector) vector { return m.keep(m.compare(greaterEqual, x, k), m.constant(1)) })
	m.slope("fired", func(x, k vector) vector {
		y := m.keep(m.compare(greaterThan, x, k), m.constant(1))
		return m.choose(m.compare(notEqual, x, x), y, x)
	})
	m.exp()
}

// exp is e^x, and tells whether an argument is out of the range in which that is a normal number of
// float64.
func (m *machine) exp() {
	m.function("exp", "(z, x *T, table *byte, n int) (bad uint32)")
	e := &exponential{machine: &machine{avx512: m.avx512, double: true, short: true, ones: m.ones}, table: pointer("table")}
	bad := GP32()
	XORL(bad, bad)
	m.over(pointer("n"), func(offset reg.GPVirtual) {
		x := m.load(pointer("x"), offset)
		orBits(m.bits(m.compare(notGreaterEqual, x, m.constant(-700))), bad)
		orBits(m.bits(m.compare(notLessEqual, x, m.constant(709))), bad)
		var z vector
		for _, r := range x {
			switch {
			case m.double:
				z = append(z, e.of(r))
			case m.avx512:
				z = append(z, e.joined(e.of(e.wide(r.AsY())), e.of(e.wide(e.half(r)))))
			default:
				z = append(z, e.joined(e.of(e.wide(r.AsX())), e.of(e.wide(e.half(r)))))
			}
		}
		m.store(z, pointer("z"), offset)
	})
	VZEROUPPER()
	Store(bad, ReturnIndex(0))
	RET()
}

// exponential writes fmath.Exp for a register of float64.
type exponential struct {
	*machine
	table reg.GPVirtual
}

// wide returns numbers of float32 as float64.
func (e *exponential) wide(x reg.Register) reg.VecVirtual {
	r := e.register()
	VCVTPS2PD(x, r)
	return r
}

// half is the upper half of a register.
func (e *exponential) half(x reg.VecVirtual) reg.Register {
	if e.avx512 {
		r := YMM()
		VEXTRACTF64X4(U8(1), x, r)
		return r
	}
	r := XMM()
	VEXTRACTF128(U8(1), x, r)
	return r
}

// joined returns a register of float32 from two of float64.
func (e *exponential) joined(low, high reg.VecVirtual) reg.VecVirtual {
	z := e.register()
	if e.avx512 {
		a, b := YMM(), YMM()
		VCVTPD2PS(low, a)
		VCVTPD2PS(high, b)
		VINSERTF64X4(U8(1), b, a.AsZ(), z)
		return z
	}
	a, b := XMM(), XMM()
	VCVTPD2PSY(low, a)
	VCVTPD2PSY(high, b)
	VINSERTF128(U8(1), b, a.AsY(), z)
	return z
}

// of is fmath.Exp of an argument from -700 to 709; of others it has no meaning.
func (e *exponential) of(argument reg.VecVirtual) reg.VecVirtual {
	x, c := vector{argument}, e.constant
	kd := e.add(e.mul(x, c(128*math.Log2E)), c(0x1.8p52))
	index := e.shifted(e.and(kd, e.word(127, 0)), 1)
	k := e.shifted(kd, 45)
	kd = e.sub(kd, c(0x1.8p52))
	r := e.sub(e.sub(x, e.mul(kd, c(0x1.62e42fef8p-8))), e.mul(kd, c(0x1.1cf79abc9e3b4p-43)))
	r2 := e.mul(r, r)
	p := e.add(e.gather(index, 0), r)
	p = e.add(p, e.mul(r2, e.add(c(0.5), e.mul(r, c(1./6)))))
	p = e.add(p, e.mul(e.mul(r2, r2), e.add(c(1./24), e.mul(r, c(1./120)))))
	s := e.each(instruction{nil, VPADDQ}, e.gather(index, 8), k)
	return e.add(s, e.mul(s, p))[0]
}

func (e *exponential) shifted(x vector, bits uint8) vector {
	v := e.new()
	for i := range v {
		VPSLLQ(U8(bits), x[i], v[i])
	}
	return v
}

// gather reads words at the table + 8 index + offset.
func (e *exponential) gather(index vector, offset int) vector {
	v := e.new()
	for i, r := range v {
		at := Mem{Base: e.table, Index: index[i], Scale: 8, Disp: offset}
		e.clear(r)
		if e.avx512 {
			all, k := GP32(), K()
			MOVL(I32(-1), all)
			KMOVW(all, k)
			VGATHERQPD(at, k, r)
		} else {
			all := YMM()
			VMOVUPD(e.ones, all)
			VGATHERQPD(all, at, r)
		}
	}
	return v
}
