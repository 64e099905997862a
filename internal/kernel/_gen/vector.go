package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func (m *machine) axpy() {
	m.function("axpy", "(y, x *T, n int, a T)")
	a := m.parameter("a")
	m.elements(func(o operands) { o.store(m.add(m.mul(a, o.load("x")), o.load("y")), "y") })
}

// accumulate adds numbers to as many sums in float64: a multiple of 16.
func (m *machine) accumulate() {
	m.function("accumulate", "(sums *float64, x *T, n int)")
	n, x, sums := pointer("n"), pointer("x"), pointer("sums")
	Label("loop")
	for at := 0; at < 128; at += m.width() {
		s, r := m.register(), m.register()
		VMOVUPD(Mem{Base: sums, Disp: at}, s)
		if m.double {
			VMOVUPD(Mem{Base: x, Disp: at}, r)
		} else {
			VCVTPS2PD(Mem{Base: x, Disp: at / 2}, r)
		}
		VADDPD(r, s, s)
		VMOVUPD(s, Mem{Base: sums, Disp: at})
	}
	ADDQ(U8(16*m.size()), x)
	ADDQ(U32(128), sums)
	SUBQ(U8(16), n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// dot writes the sums of products: number l is of the elements l mod 16, of a multiple of 16.
func (m *machine) dot() {
	m.function("dot", "(sums, x, y *T, n int)")
	n, sums, x, y := pointer("n"), pointer("sums"), pointer("x"), pointer("y")
	part := make([]reg.VecVirtual, 16*m.size()/m.width())
	for k := range part {
		part[k] = m.register()
		m.clear(part[k])
	}
	Label("loop")
	for k, s := range part {
		r := m.register()
		VMOVUPD(Mem{Base: x, Disp: k * m.width()}, r)
		m.do(vmul, Mem{Base: y, Disp: k * m.width()}, r, r)
		m.do(vadd, r, s, s)
	}
	ADDQ(U32(16*m.size()), x)
	ADDQ(U32(16*m.size()), y)
	SUBQ(U8(16), n)
	JNZ(LabelRef("loop"))
	for k, s := range part {
		VMOVUPD(s, Mem{Base: sums, Disp: k * m.width()})
	}
	VZEROUPPER()
	RET()
}

// combine writes kernels z = x op y.
func (m *machine) combine(name string, op func(x, y vector) vector) {
	m.function(name, "(z, x, y *T, n int)")
	m.elements(func(o operands) { o.store(op(o.load("x"), o.load("y")), "z") })
}

// slope writes kernels dst = f(x, k).
func (m *machine) slope(name string, f func(x, k vector) vector) {
	m.function(name, "(dst, x *T, n int, k T)")
	k := m.parameter("k")
	m.elements(func(o operands) { o.store(f(o.load("x"), k), "dst") })
}

func (m *machine) slopes() {
	m.slope("fastSigmoid", func(x, k vector) vector {
		one := m.constant(1)
		inv := m.div(one, m.add(one, m.mul(k, m.abs(x))))
		return m.mul(inv, inv)
	})
	m.function("atan", "(dst, x *T, n int, c, h T)")
	c, h := m.parameter("c"), m.parameter("h")
	m.elements(func(o operands) {
		z := m.mul(c, o.load("x"))
		o.store(m.div(h, m.add(m.constant(1), m.mul(z, z))), "dst")
	})
	m.slope("triangle", func(x, k vector) vector {
		z := m.mul(k, m.abs(x))
		return m.choose(m.compare(greaterEqual, z, m.constant(1)), m.sub(m.constant(1), z), m.zero())
	})
	m.slope("boxcar", func(x, k vector) vector {
		z := m.mul(k, m.abs(x))
		y := m.choose(m.compare(lessEqual, z, m.constant(1)), m.zero(), m.mul(k, m.constant(0.5)))
		return m.choose(m.compare(notEqual, z, z), y, z)
	})
	m.slope("stepPWL", func(x, k vector) vector {
		z := m.mul(k, x)
		y := m.choose(m.compare(greaterEqual, z, m.constant(-1)), m.zero(), m.constant(1))
		return m.choose(m.compare(notEqual, z, z), y, z)
	})
}

func (m *machine) adam() {
	m.function("adam", "(d, m, v *T, n int, keep1, rest1, new1, keep2, rest2, new2, minusLR, invC2, eps T)")
	p := map[string]vector{}
	for _, name := range []string{"keep1", "rest1", "new1", "keep2", "rest2", "new2"} {
		p[name] = m.parameter(name)
	}
	mean := func(which string, old, x vector) vector {
		rest := m.add(m.mul(p["rest"+which], old), m.mul(p["new"+which], x))
		return m.add(m.mul(p["keep"+which], old), rest)
	}
	m.elements(func(o operands) {
		x := o.load("d")
		v1 := mean("2", o.load("v"), m.mul(x, x))
		o.store(v1, "v")
		m1 := mean("1", o.load("m"), x)
		o.store(m1, "m")
		// AVX2 has no registers left: the other parameters are read in every block.
		root := m.sqrt(m.mul(v1, m.parameter("invC2")))
		o.store(m.div(m.mul(m.parameter("minusLR"), m1), m.add(root, m.parameter("eps"))), "d")
	})
}

// finite tells whether no element is infinite or NaN, finiteSquare whether no square is.
func (m *machine) finite(name string, square bool) {
	m.function(name, "(x *T, n int) (bad uint32)")
	bad := GP32()
	XORL(bad, bad)
	m.over(pointer("n"), func(offset reg.GPVirtual) {
		x := m.load(pointer("x"), offset)
		if square {
			x = m.mul(x, x)
		}
		x = m.sub(x, x)
		orBits(m.bits(m.compare(notEqual, x, x)), bad)
	})
	VZEROUPPER()
	Store(bad, ReturnIndex(0))
	RET()
}

func orBits(b, to reg.GPVirtual) { ORL(b, to) }
