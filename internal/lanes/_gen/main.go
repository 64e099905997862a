// Command gen writes the kernels for amd64, of which generic.go of package lanes is the specification.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64,!noasm")
	ones := GLOBL("tail", RODATA|NOPTR)
	for k := range 2 * block / 8 {
		word := U64(0)
		if k < block/8 {
			word = ^word
		}
		DATA(8*k, word)
	}
	for _, single := range []bool{false, true} {
		for _, avx512 := range []bool{false, true} {
			m := &machine{avx512: avx512, single: single}
			m.advance(ones)
			m.retreat(ones)
			m.sumTo(ones)
			m.moved(ones)
			m.finite(ones)
		}
	}
	Generate()
}

func (m *machine) function(name, signature, doc string) {
	t := "float64"
	if m.single {
		t = "float32"
	}
	var typed []byte
	for _, c := range signature {
		if c == 'T' {
			typed = append(typed, t...)
		} else {
			typed = append(typed, string(c)...)
		}
	}
	TEXT(name+m.suffix(), NOSPLIT, string(typed))
	Doc(name + m.suffix() + " is " + name + " in generic.go" + doc)
	Pragma("noescape")
}

func pointer(name string) reg.GPVirtual { return Load(Param(name), GP64()).(reg.GPVirtual) }

func (m *machine) advance(ones Mem) {
	m.function("advance", "func(mask *uint64, v1, i1, v, i *T, n int, mem, syn, kappa, q T)", " into a mask of zeros.")
	mask, v1, i1, v, i, n := pointer("mask"), pointer("v1"), pointer("i1"), pointer("v"), pointer("i"), pointer("n")
	mem, syn, kappa, q := m.broadcast("mem"), m.broadcast("syn"), m.broadcast("kappa"), m.broadcast("q")
	m.over("advance", n, ones, func(offset reg.GPVirtual) {
		voltage, current := m.load(v, offset), m.load(i, offset)
		a := m.add(m.mul(mem, voltage), m.mul(kappa, current))
		b := m.mul(syn, current)
		m.store(a, v1, offset)
		m.store(b, i1, offset)
		peak := m.and(m.compare(greaterThan, current, q), m.compare(lessThan, b, a))
		hits := m.bits(m.present(m.or(m.compare(greaterEqual, a, q), peak)))
		if m.single {
			MOVW(hits.As16(), Mem{Base: mask})
			ADDQ(U8(2), mask)
		} else {
			MOVB(hits.As8(), Mem{Base: mask})
			INCQ(mask)
		}
	})
	VZEROUPPER()
	RET()
}

func (m *machine) retreat(ones Mem) {
	m.function("retreat", "func(a, b *T, n int, mem, syn, kappa T)", ".")
	a, b, n := pointer("a"), pointer("b"), pointer("n")
	mem, syn, kappa := m.broadcast("mem"), m.broadcast("syn"), m.broadcast("kappa")
	m.over("retreat", n, ones, func(offset reg.GPVirtual) {
		x, y := m.load(a, offset), m.load(b, offset)
		m.store(m.add(m.mul(kappa, x), m.mul(syn, y)), b, offset)
		m.store(m.mul(mem, x), a, offset)
	})
	VZEROUPPER()
	RET()
}

func (m *machine) sumTo(ones Mem) {
	m.function("add", "func(y, x *T, n int)", ".")
	y, x, n := pointer("y"), pointer("x"), pointer("n")
	m.over("add", n, ones, func(offset reg.GPVirtual) {
		m.store(m.add(m.load(y, offset), m.load(x, offset)), y, offset)
	})
	VZEROUPPER()
	RET()
}

func (m *machine) moved(ones Mem) {
	m.function("moved", "func(w, a, b *T, n int, alpha, beta T) T", ".")
	w, a, b, n := pointer("w"), pointer("a"), pointer("b"), pointer("n")
	alpha, beta := m.broadcast("alpha"), m.broadcast("beta")
	sum := m.zero()
	m.over("moved", n, ones, func(offset reg.GPVirtual) {
		rate := m.sub(m.mul(m.load(b, offset), beta), m.mul(m.load(a, offset), alpha))
		m.accumulate(sum, m.mul(m.load(w, offset), rate))
	})
	Store(m.sum(sum), ReturnIndex(0))
	VZEROUPPER()
	RET()
}

func (m *machine) finite(ones Mem) {
	m.function("finite", "func(x *T, n int) bool", ".")
	x, n := pointer("x"), pointer("n")
	bad := GP32()
	XORL(bad, bad)
	zero := m.zero()
	m.over("finite", n, ones, func(offset reg.GPVirtual) {
		v := m.load(x, offset)
		ORL(m.bits(m.compare(notEqual, m.sub(v, v), zero)), bad)
	})
	TESTL(bad, bad)
	result := GP8()
	SETEQ(result)
	Store(result, ReturnIndex(0))
	VZEROUPPER()
	RET()
}
