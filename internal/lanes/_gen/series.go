package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Kinds of a lanes.SeriesOp.
const (
	integrate = iota
	scale
	productOf
	rest
	inner
	plus
	minus
	copyOf
	per
	times
	over
	kinds
)

// operation is what a kernel knows of the operation that it is at.
type operation struct {
	m       *machine
	op      reg.GPVirtual // pointer to it
	k, c, a reg.GPVirtual // k in bytes, coefficients k of c and a
}

// pointerTo returns base + 64 (index of a field) + offset.
func (x *operation) pointerTo(base reg.GPVirtual, field int, offset reg.GPVirtual) reg.GPVirtual {
	p := GP64()
	MOVQ(Mem{Base: x.op, Disp: 8 * field}, p)
	SHLQ(U8(6), p)
	ADDQ(base, p)
	if offset != nil {
		ADDQ(offset, p)
	}
	return p
}

// whole returns k in all lanes.
func (m *machine) whole(k reg.GPVirtual) vector {
	s, r := XMM(), m.register()
	VXORPS(s, s, s)
	VCVTSI2SDQ(k, s, s)
	VBROADCASTSD(s, r)
	if m.avx512 {
		return vector{r}
	}
	return vector{r, r}
}

// inverse returns 1/x of one that all lanes have.
func (m *machine) inverse(x vector) vector {
	r, one := m.register(), m.number(1)
	VDIVPD(x[0], one[0], r)
	if m.avx512 {
		return vector{r}
	}
	return vector{r, r}
}

// factors returns 1/k, or 1 for k = 0, 1/(k+1), and k.
func (m *machine) factors(k reg.GPVirtual) (per, next, number vector) {
	number = m.whole(k)
	one := m.number(1)
	larger := vector{m.register()}
	VMAXPD(number[0], one[0], larger[0])
	per = m.inverse(larger)
	after := vector{m.register()}
	VADDPD(number[0], one[0], after[0])
	return per, m.inverse(after), number
}

// dispatch jumps to the code of a kind.
func (x *operation) dispatch(prefix string, body func(kind int), next string) {
	names := [kinds]string{"integrate", "scale", "product", "rest", "inner", "add", "sub", "copy", "per", "times", "over"}
	kind := GP64()
	MOVQ(Mem{Base: x.op}, kind)
	for k, name := range names[:kinds-1] {
		CMPQ(kind, U8(k))
		JEQ(LabelRef(prefix + name))
	}
	for k := kinds - 1; k >= 0; k-- { // the last one follows
		Label(prefix + names[k])
		body(k)
		if k > 0 {
			JMP(LabelRef(next))
		}
	}
}

// products writes a loop over the products of a sum: body gets the pointers to a_i and b_(k-i).
func (x *operation) products(label string, kind int, bases [2]reg.GPVirtual, k reg.GPVirtual, body func(p [2][2]reg.GPVirtual)) {
	count, zero := GP64(), GP64()
	MOVQ(k, count)
	XORQ(zero, zero)
	first := zero
	switch kind {
	case productOf:
		INCQ(count)
	case inner:
		DECQ(count)
	}
	if kind != productOf {
		first = GP64()
		MOVQ(U32(64), first)
	}
	last := GP64()
	MOVQ(x.k, last)
	SUBQ(first, last)
	var p [2][2]reg.GPVirtual
	for i, base := range bases {
		if base != nil {
			p[i] = [2]reg.GPVirtual{x.pointerTo(base, 2, first), x.pointerTo(base, 3, last)}
		}
	}
	CMPQ(count, U8(0))
	JLE(LabelRef(label + "_end"))
	Label(label + "_loop")
	body(p)
	for i := range p {
		if bases[i] != nil {
			ADDQ(U8(64), p[i][0])
			SUBQ(U8(64), p[i][1])
		}
	}
	DECQ(count)
	JG(LabelRef(label + "_loop"))
	Label(label + "_end")
}

// again loads a parameter that is not kept in a register.
func again(name string) reg.GPVirtual { return Load(Param(name), GP64()).(reg.GPVirtual) }

func (m *machine) expand() {
	m.function("expand", "func(code *int, n int, c, con, bound *float64, states, stride, k, last int, e *float64)",
		" for code that is not empty, without the order; with 0 states it is series up to coefficient last - 1.")
	c, con, k := pointer("c"), pointer("con"), pointer("k")
	x := &operation{m: m, op: GP64(), k: GP64()}
	Label("expand_loop")
	MOVQ(k, x.k)
	SHLQ(U8(6), x.k)
	states := again("states")
	CMPQ(states, U8(0))
	JE(LabelRef("expand_made"))
	m.terms(x, c, states, k)
	Label("expand_made")
	CMPQ(k, again("last"))
	JGE(LabelRef("expand_end"))
	MOVQ(again("code"), x.op)
	n := again("n")
	perK, next, number := m.factors(k)
	Label("series_loop")
	x.c, x.a = x.pointerTo(c, 1, x.k), x.pointerTo(c, 2, x.k)
	x.dispatch("series_", func(kind int) {
		switch kind {
		case integrate:
			MOVQ(x.c, x.a) // of no use any more
			a := x.pointerTo(c, 2, x.k)
			ADDQ(U8(64), x.a)
			m.store(m.mul(m.mul(m.load(a, nil), m.load(x.pointerTo(con, 3, nil), nil)), next), x.a, nil)
		case scale:
			m.store(m.mul(m.load(x.a, nil), m.load(x.pointerTo(con, 3, nil), nil)), x.c, nil)
		case plus:
			m.store(m.add(m.load(x.a, nil), m.load(x.pointerTo(c, 3, x.k), nil)), x.c, nil)
		case minus:
			m.store(m.sub(m.load(x.a, nil), m.load(x.pointerTo(c, 3, x.k), nil)), x.c, nil)
		case copyOf:
			m.store(m.load(x.a, nil), x.c, nil)
		case per:
			m.store(m.mul(m.load(x.a, nil), perK), x.c, nil)
		case times:
			m.store(m.mul(m.load(x.a, nil), number), x.c, nil)
		case over:
			m.store(m.div(m.load(x.a, nil), m.load(x.pointerTo(c, 3, nil), nil)), x.c, nil)
		default:
			sum := m.zero()
			x.products("series_sum"+string(rune('0'+kind)), kind, [2]reg.GPVirtual{c}, k, func(p [2][2]reg.GPVirtual) {
				m.accumulate(sum, m.mul(m.load(p[0][0], nil), m.load(p[0][1], nil)))
			})
			m.store(sum, x.c, nil)
		}
	}, "series_next")
	Label("series_next")
	ADDQ(U8(32), x.op)
	DECQ(n)
	JG(LabelRef("series_loop"))
	INCQ(k)
	JMP(LabelRef("expand_loop"))
	Label("expand_end")
	VZEROUPPER()
	RET()
}

// Fields of a lanes.Expansion.
const (
	untilAt = 64 * iota
	powerAt
	smallAt
	usedAt
)

// terms counts the terms k that are small, and ends when all lanes are done.
func (m *machine) terms(x *operation, c, states, k reg.GPVirtual) {
	e, at, bound, stride := again("e"), GP64(), again("bound"), again("stride")
	field := func(offset int32) reg.GPVirtual {
		p := GP64()
		MOVQ(e, p)
		ADDQ(I32(offset), p)
		return p
	}
	MOVQ(c, at)
	ADDQ(x.k, at)
	SHLQ(U8(6), stride)
	power, absolute := m.load(field(powerAt), nil), m.word(1<<63-1)
	small := m.add(m.load(field(smallAt), nil), m.number(1))
	zero := m.zero()
	Label("terms_loop")
	term := m.mul(m.andWords(m.load(at, nil), absolute), power)
	m.choose(m.compare(notLessEqual, term, m.load(bound, nil)), small, zero)
	ADDQ(stride, at)
	ADDQ(U8(64), bound)
	DECQ(states)
	JG(LabelRef("terms_loop"))
	m.store(m.mul(power, m.load(field(untilAt), nil)), field(powerAt), nil)
	old, used, two := m.load(field(smallAt), nil), m.whole(k), m.number(2)
	if !m.avx512 {
		r := YMM()
		VMOVAPD(used[0], r)
		used[1] = r
	}
	done := m.compare(equal, old, two)
	m.choose(done, small, old)
	m.choose(done, used, m.load(field(usedAt), nil))
	m.store(small, field(smallAt), nil)
	m.store(used, field(usedAt), nil)
	CMPL(m.bits(m.compare(equal, small, two)), U32(255))
	JE(LabelRef("expand_end"))
}

// within is x in the lanes in which k <= used, else 0.
func (m *machine) within(x vector, k reg.GPVirtual, used vector) vector {
	y := m.zero()
	m.choose(m.compare(lessEqual, m.whole(k), used), y, x)
	return y
}

func (m *machine) polynomials() { m.horner("polynomials", false) }

func (m *machine) bounds() { m.horner("bounds", true) }

func (m *machine) horner(name string, absolute bool) {
	m.function(name, "func(y, c *float64, n int, used, h *float64)", " for c that is not empty.")
	c, k := pointer("c"), pointer("n")
	used, h, sum := m.load(pointer("used"), nil), m.load(pointer("h"), nil), m.zero()
	at := GP64()
	MOVQ(k, at)
	SHLQ(U8(6), at)
	ADDQ(c, at)
	step := func(absolute bool) {
		SUBQ(U8(64), at)
		x := m.within(m.load(at, nil), k, used)
		if absolute {
			x = m.andWords(x, m.word(1<<63-1))
		}
		m.move(sum, m.add(m.mul(sum, h), x))
	}
	Label(name + "_loop")
	DECQ(k)
	JLE(LabelRef(name + "_first"))
	step(absolute)
	JMP(LabelRef(name + "_loop"))
	Label(name + "_first")
	step(false)
	m.store(sum, pointer("y"), nil)
	VZEROUPPER()
	RET()
}

func (m *machine) powers() {
	m.function("powers", "func(c *float64, n int, x, used, h *float64)", " for c that is not empty.")
	c, n, k := pointer("c"), pointer("n"), GP64()
	power, used, h := m.load(pointer("x"), nil), m.load(pointer("used"), nil), m.load(pointer("h"), nil)
	XORQ(k, k)
	Label("powers_loop")
	m.store(m.within(power, k, used), c, nil)
	m.move(power, m.mul(power, h))
	ADDQ(U8(64), c)
	INCQ(k)
	CMPQ(k, n)
	JL(LabelRef("powers_loop"))
	VZEROUPPER()
	RET()
}

// addTo adds v to what is at p.
func (m *machine) addTo(p reg.GPVirtual, v vector) { m.store(m.add(m.load(p, nil), v), p, nil) }

func (m *machine) seriesBack() {
	m.function("seriesBack", "func(code *int, n int, c, bar, con, conBar *float64, from, to int)", " for code that is not empty.")
	c, bar, con, conBar, k := pointer("c"), pointer("bar"), pointer("con"), pointer("conBar"), pointer("to")
	x := &operation{m: m, op: GP64(), k: GP64()}
	Label("back_from")
	DECQ(k)
	CMPQ(k, again("from"))
	JL(LabelRef("back_end"))
	MOVQ(k, x.k)
	SHLQ(U8(6), x.k)
	perK, next, number := m.factors(k)
	n := again("n")
	MOVQ(again("code"), x.op)
	last := GP64()
	MOVQ(n, last)
	DECQ(last)
	SHLQ(U8(5), last)
	ADDQ(last, x.op)
	Label("back_loop")
	x.c, x.a = x.pointerTo(bar, 1, x.k), x.pointerTo(bar, 2, x.k)
	g := m.load(x.c, nil)
	x.dispatch("back_", func(kind int) {
		switch kind {
		case integrate:
			ADDQ(U8(64), x.c)
			m.addTo(x.a, m.mul(m.mul(m.load(x.c, nil), next), m.load(x.pointerTo(con, 3, nil), nil)))
		case scale:
			m.addTo(x.a, m.mul(g, m.load(x.pointerTo(con, 3, nil), nil)))
			m.addTo(x.pointerTo(conBar, 3, nil), m.mul(g, m.load(x.pointerTo(c, 2, x.k), nil)))
		case plus:
			m.addTo(x.a, g)
			m.addTo(x.pointerTo(bar, 3, x.k), g)
		case minus:
			m.addTo(x.a, g)
			b := x.pointerTo(bar, 3, x.k)
			m.store(m.sub(m.load(b, nil), g), b, nil)
		case copyOf:
			m.addTo(x.a, g)
		case per:
			m.addTo(x.a, m.mul(g, perK))
		case times:
			m.addTo(x.a, m.mul(g, number))
		case over:
			q := m.div(g, m.load(x.pointerTo(c, 3, nil), nil))
			m.addTo(x.a, q)
			b := x.pointerTo(bar, 3, nil)
			m.store(m.sub(m.load(b, nil), m.mul(q, m.load(x.pointerTo(c, 1, x.k), nil))), b, nil)
		default:
			x.products("back_sum"+string(rune('0'+kind)), kind, [2]reg.GPVirtual{c, bar}, k, func(p [2][2]reg.GPVirtual) {
				u, v := m.load(p[0][0], nil), m.load(p[0][1], nil)
				m.addTo(p[1][0], m.mul(g, v))
				m.addTo(p[1][1], m.mul(g, u))
			})
		}
	}, "back_next")
	Label("back_next")
	SUBQ(U8(32), x.op)
	DECQ(n)
	JG(LabelRef("back_loop"))
	JMP(LabelRef("back_from"))
	Label("back_end")
	VZEROUPPER()
	RET()
}
