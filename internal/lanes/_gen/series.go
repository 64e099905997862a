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

// whole returns k + plus in all lanes.
func (m *machine) whole(k reg.GPVirtual, plus uint64) vector {
	i, s, r := GP64(), XMM(), m.register()
	MOVQ(k, i)
	ADDQ(U8(plus), i)
	VCVTSI2SDQ(i, s, s)
	VBROADCASTSD(s, r)
	if m.avx512 {
		return vector{r}
	}
	return vector{r, r}
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

func (m *machine) series() {
	m.function("series", "func(code *int, n int, c, con *float64, k int, per, next float64)", " for code that is not empty.")
	code, n, c, con, k := pointer("code"), pointer("n"), pointer("c"), pointer("con"), pointer("k")
	perK, next, number := m.parameter("per"), m.parameter("next"), m.whole(k, 0)
	x := &operation{m: m, op: code, k: GP64()}
	MOVQ(k, x.k)
	SHLQ(U8(6), x.k)
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
	VZEROUPPER()
	RET()
}

// addTo adds v to what is at p.
func (m *machine) addTo(p reg.GPVirtual, v vector) { m.store(m.add(m.load(p, nil), v), p, nil) }

func (m *machine) seriesBack() {
	m.function("seriesBack", "func(code *int, n int, c, bar, con, conBar *float64, k int, per, next float64)", " for code that is not empty.")
	code, n, c, bar, con, conBar, k := pointer("code"), pointer("n"), pointer("c"), pointer("bar"), pointer("con"), pointer("conBar"), pointer("k")
	perK, next, number := m.parameter("per"), m.parameter("next"), m.whole(k, 0)
	x := &operation{m: m, op: code, k: GP64()}
	MOVQ(k, x.k)
	SHLQ(U8(6), x.k)
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
	VZEROUPPER()
	RET()
}
