// Command gen writes the kernels for amd64, of which generic.go of package lanes is the
// specification.
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
	for _, avx512 := range []bool{false, true} {
		m := &machine{avx512: avx512}
		m.advance(ones)
		m.retreat(ones)
		m.sumTo(ones)
		m.moved(ones)
		m.finite(ones)
		m.run(ones)
		m.climb(ones)
		m.runBack(ones)
		m.cross(ones)
		m.log1p(ones)
		m.expm1(ones)
		m.propagate(ones)
		m.advanceEach(ones)
		m.retreatEach(ones)
		m.slopes(ones)
		m.flow(ones)
		m.approach(ones)
		m.halley(ones)
		m.settle(ones)
		m.expand()
		m.seriesBack()
		m.polynomials()
		m.bounds()
		m.powers()
	}
	Generate()
}

func (m *machine) function(name, signature, doc string) {
	TEXT(name+m.suffix(), NOSPLIT, signature)
	Doc(name + m.suffix() + " is " + name + " in generic.go" + doc)
	Pragma("noescape")
}

func pointer(name string) reg.GPVirtual { return Load(Param(name), GP64()).(reg.GPVirtual) }

func (m *machine) advance(ones Mem) {
	m.function("advance", "func(mask *uint64, v1, i1, v, i *float64, n int, mem, syn, kappa, q float64)", " into a mask of zeros.")
	mask, v1, i1, v, i, n := pointer("mask"), pointer("v1"), pointer("i1"), pointer("v"), pointer("i"), pointer("n")
	mem, syn, kappa, q := m.parameter("mem"), m.parameter("syn"), m.parameter("kappa"), m.parameter("q")
	m.over("advance", n, ones, func(offset reg.GPVirtual) {
		voltage, current := m.load(v, offset), m.load(i, offset)
		a := m.add(m.mul(mem, voltage), m.mul(kappa, current))
		b := m.mul(syn, current)
		m.store(a, v1, offset)
		m.store(b, i1, offset)
		hits := m.hits(current, a, b, q)
		MOVB(hits.As8(), Mem{Base: mask})
		INCQ(mask)
	})
	VZEROUPPER()
	RET()
}

// hits returns the bits of the lanes that may cross q from the current to the state a, b.
func (m *machine) hits(current, a, b, q vector) reg.GPVirtual {
	peak := m.and(m.compare(greaterThan, current, q), m.compare(lessEqual, b, a))
	return m.bits(m.present(m.or(m.compare(greaterEqual, a, q), peak)))
}

func (m *machine) retreat(ones Mem) {
	m.function("retreat", "func(a, b *float64, n int, mem, syn, kappa float64)", ".")
	a, b, n := pointer("a"), pointer("b"), pointer("n")
	mem, syn, kappa := m.parameter("mem"), m.parameter("syn"), m.parameter("kappa")
	m.over("retreat", n, ones, func(offset reg.GPVirtual) {
		x, y := m.load(a, offset), m.load(b, offset)
		m.store(m.add(m.mul(kappa, x), m.mul(syn, y)), b, offset)
		m.store(m.mul(mem, x), a, offset)
	})
	VZEROUPPER()
	RET()
}

func (m *machine) sumTo(ones Mem) {
	m.function("add", "func(y, x *float64, n int)", ".")
	y, x, n := pointer("y"), pointer("x"), pointer("n")
	m.over("add", n, ones, func(offset reg.GPVirtual) {
		m.store(m.add(m.load(y, offset), m.load(x, offset)), y, offset)
	})
	VZEROUPPER()
	RET()
}

func (m *machine) moved(ones Mem) {
	m.function("moved", "func(w, a, b *float64, n int, alpha, beta float64) float64", ".")
	w, a, b, n := pointer("w"), pointer("a"), pointer("b"), pointer("n")
	alpha, beta := m.parameter("alpha"), m.parameter("beta")
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
	m.function("finite", "func(x *float64, n int) bool", ".")
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

// step is the size of lanes.Step.
const step = 32

// decays loads those of a step.
func (m *machine) decays(at reg.GPVirtual) (mem, syn, kappa vector) {
	return m.broadcast(Mem{Base: at}), m.broadcast(Mem{Base: at, Disp: 8}), m.broadcast(Mem{Base: at, Disp: 16})
}

// row returns the offset in bytes of the weights of a step.
func row(at reg.GPVirtual) reg.GPVirtual {
	offset := GP64()
	MOVQ(Mem{Base: at, Disp: 24}, offset)
	SHLQ(U8(3), offset)
	return offset
}

func (m *machine) run(ones Mem) {
	m.function("run", "func(v, i *float64, n int, steps *float64, count int, w *float64, q float64) (done int, hits uint64)", ".")
	v, i, n, steps, count, w := pointer("v"), pointer("i"), pointer("n"), pointer("steps"), pointer("count"), pointer("w")
	q := m.parameter("q")
	m.first(m.bytes(n), ones)
	m.masked = true
	voltage, current := m.load(v, nil), m.load(i, nil)
	done, found := GP64(), GP64()
	XORQ(done, done)
	XORQ(found, found)
	Label("run_loop")
	mem, syn, kappa := m.decays(steps)
	a := m.add(m.mul(mem, voltage), m.mul(kappa, current))
	b := m.mul(syn, current)
	hits := m.hits(current, a, b, q)
	MOVL(hits.As32(), found.As32())
	TESTL(hits.As32(), hits.As32())
	JNZ(LabelRef("run_end"))
	m.move(voltage, a)
	m.move(current, m.add(b, m.load(w, row(steps))))
	ADDQ(U8(step), steps)
	INCQ(done)
	CMPQ(done, count)
	JL(LabelRef("run_loop"))
	Label("run_end")
	m.store(voltage, v, nil)
	m.store(current, i, nil)
	m.masked = false
	Store(done, ReturnIndex(0))
	Store(found, ReturnIndex(1))
	VZEROUPPER()
	RET()
}

func (m *machine) climb(ones Mem) {
	m.function("climb", "func(v, i, best, current *float64, at *int64, n int, steps *float64, count int, first int, w *float64) (done int, hits uint64)", ".")
	v, i, n, steps, count, w := pointer("v"), pointer("i"), pointer("n"), pointer("steps"), pointer("count"), pointer("w")
	pBest, pCurrent, at, index := pointer("best"), pointer("current"), pointer("at"), pointer("first")
	m.first(m.bytes(n), ones)
	m.masked = true
	x, y, best := m.load(v, nil), m.load(i, nil), m.load(pBest, nil)
	done, found := GP64(), GP64()
	XORQ(done, done)
	XORQ(found, found)
	Label("climb_loop")
	mem, syn, kappa := m.decays(steps)
	a := m.add(m.mul(mem, x), m.mul(kappa, y))
	b := m.mul(syn, y)
	inside := m.and(m.compare(greaterThan, y, x), m.compare(lessEqual, b, a))
	hits := m.bits(m.present(m.and(inside, m.compare(greaterThan, y, best))))
	MOVL(hits.As32(), found.As32())
	TESTL(hits.As32(), hits.As32())
	JNZ(LabelRef("climb_end"))
	better := m.compare(greaterThan, a, best) // never where there is no neuron
	m.choose(better, best, a)
	m.storeIf(better, b, pCurrent)
	m.storeIf(better, m.integer(index), at)
	m.move(x, a)
	m.move(y, m.add(b, m.load(w, row(steps))))
	ADDQ(U8(step), steps)
	INCQ(done)
	INCQ(index)
	CMPQ(done, count)
	JL(LabelRef("climb_loop"))
	Label("climb_end")
	m.store(x, v, nil)
	m.store(y, i, nil)
	m.store(best, pBest, nil)
	m.masked = false
	Store(done, ReturnIndex(0))
	Store(found, ReturnIndex(1))
	VZEROUPPER()
	RET()
}

func (m *machine) runBack(ones Mem) {
	m.function("runBack", "func(a, b *float64, n int, steps *float64, count int, w, grad, time *float64, alpha, beta float64)", ".")
	pa, pb, n, steps, count := pointer("a"), pointer("b"), pointer("n"), pointer("steps"), pointer("count")
	w, g, time := pointer("w"), pointer("grad"), pointer("time")
	alpha, beta := m.parameter("alpha"), m.parameter("beta")
	m.first(m.bytes(n), ones)
	m.masked = true
	a, b, zero := m.load(pa, nil), m.load(pb, nil), m.zero()
	offset := GP64()
	MOVQ(count, offset)
	SHLQ(U8(5), offset)
	ADDQ(offset, steps)
	Label("back_loop")
	SUBQ(U8(step), steps)
	from := row(steps)
	TESTQ(time, time)
	JZ(LabelRef("back_gradient"))
	rate := m.sub(m.mul(b, beta), m.mul(a, alpha))
	parts := m.new()
	m.move(parts, zero) // also where there is no neuron
	m.accumulate(parts, m.mul(m.load(w, from), rate))
	sum := m.sum(parts)
	at := Mem{Base: time, Index: count, Scale: 8, Disp: -8}
	VADDSD(at, sum, sum)
	VMOVSD(sum, at)
	Label("back_gradient")
	TESTQ(g, g)
	JZ(LabelRef("back_flow"))
	m.store(m.add(m.load(g, from), b), g, from)
	Label("back_flow")
	mem, syn, kappa := m.decays(steps)
	m.move(b, m.add(m.mul(kappa, a), m.mul(syn, b)))
	m.move(a, m.mul(mem, a))
	DECQ(count)
	JNZ(LabelRef("back_loop"))
	m.store(a, pa, nil)
	m.store(b, pb, nil)
	m.masked = false
	VZEROUPPER()
	RET()
}

func (m *machine) cross(ones Mem) {
	m.function("cross", "func(hits, unsure *uint64, z, mem, v, i, now *float64, n int, q, last float64)", " into masks of zeros.")
	hits, unsure, z, mem := pointer("hits"), pointer("unsure"), pointer("z"), pointer("mem")
	v, i, now, n := pointer("v"), pointer("i"), pointer("now"), pointer("n")
	q := m.parameter("q")
	m.over("cross", n, ones, func(offset reg.GPVirtual) {
		current := m.load(i, offset)
		a := m.add(m.load(v, offset), current)
		square := m.mul(a, a)
		d := m.sub(square, m.mul(m.mul(m.number(4), current), q))
		margin := m.mul(m.number(1e-6), square)
		// bits of conditions, and loads and sums once more, as registers are few
		near, far := m.bits(m.compare(greaterThan, d, margin)), m.bits(m.compare(lessThan, d, m.sub(m.zero(), margin)))
		voltage := m.load(v, offset)
		slope := m.sub(current, voltage)
		found := m.bits(m.compare(greaterThan, slope, m.zero()))
		ANDL(m.bits(m.compare(greaterThan, a, m.zero())).As32(), found.As32())
		r := m.sqrt(d)
		gap := m.mul(m.mul(m.number(4), current), m.sub(q, voltage))
		gap = m.larger(gap, m.zero())
		e := m.mul(m.add(slope, r), m.add(a, r))
		x := m.div(gap, e)
		m.store(x, z, offset)
		ANDL(m.bits(m.compare(lessThan, x, m.number(1<<54))).As32(), near.As32())
		decay := m.div(e, m.add(e, gap))
		m.store(decay, mem, offset)
		ANDL(m.bits(m.compare(greaterThan, m.mul(decay, m.load(now, offset)), m.parameter("last"))).As32(), found.As32())
		ANDL(near.As32(), found.As32())
		ORL(near.As32(), far.As32())
		NOTL(far.As32())
		all := m.elements()
		ANDL(all.As32(), found.As32())
		ANDL(all.As32(), far.As32())
		MOVB(found.As8(), Mem{Base: hits})
		MOVB(far.As8(), Mem{Base: unsure})
		INCQ(hits)
		INCQ(unsure)
	})
	VZEROUPPER()
	RET()
}

// log1p follows fmath.Log1p step by step.
func (m *machine) log1p(ones Mem) {
	const (
		ln2Hi = 0x1.62e42fefa38p-1
		ln2Lo = 0x1.ef35793c7673p-45
		first = 0x3fe6000000000000
		below = 1<<23 - 1
	)
	m.function("log1p", "func(dst, x *float64, n int, table *float64)", ".")
	dst, px, n, table := pointer("dst"), pointer("x"), pointer("n"), pointer("table")
	m.over("log1p", n, ones, func(offset reg.GPVirtual) {
		from := m.load(px, offset)
		one := m.number(1)
		u := m.add(one, from)
		b := m.sub(u, from)
		rest := m.add(m.sub(one, b), m.sub(from, m.sub(u, b)))
		t := m.minusWords(u, m.word(first))
		index := m.andWords(m.right(t, 45), m.word(127))
		index = m.plusWords(index, m.left(index, 1)) // of three numbers
		k := m.right(t, 52)
		z := m.minusWords(u, m.left(k, 52))
		high := m.andWords(z, m.word(^uint64(below)))
		low := m.add(m.sub(z, high), m.mul(rest, m.left(m.minusWords(m.word(1023), k), 52)))
		inv := m.gather(table, index, 0)
		rHigh := m.sub(m.mul(high, inv), m.number(1))
		rLow := m.mul(low, inv)
		kd := m.sub(m.orWords(k, m.number(1<<52)), m.number(1<<52)) // k as a number
		hi := m.add(m.add(m.mul(kd, m.number(ln2Hi)), m.gather(table, index, 8)), rHigh)
		lo := m.add(m.add(m.mul(kd, m.number(ln2Lo)), m.gather(table, index, 16)), rLow)
		r := m.add(rHigh, rLow)

		// x is loaded again, as registers are few
		near := func() (x vector, c condition) {
			x = m.load(px, offset)
			return x, m.compare(lessThan, x, m.number(1./128))
		}
		x, small := near()
		m.choose(small, r, x)
		r2 := m.mul(r, r)
		y := m.add(m.add(m.number(-1./6), m.mul(r, m.number(1./7))), m.mul(r2, m.number(-1./8)))
		y = m.add(m.mul(y, r2), m.add(m.number(-1./4), m.mul(r, m.number(1./5))))
		y = m.add(m.mul(y, r2), m.add(m.number(-1./2), m.mul(r, m.number(1./3))))
		y = m.mul(r2, y)
		far := m.add(hi, m.add(lo, y))
		x, small = near()
		m.choose(small, far, m.add(x, y))
		m.store(far, dst, offset)
	})
	VZEROUPPER()
	RET()
}

// expm1 follows fmath.Expm1 next to 0.
func (m *machine) expm1(ones Mem) {
	m.function("expm1", "func(dst, x *float64, n int)", " for -1/8 < x < 0.")
	dst, px, n := pointer("dst"), pointer("x"), pointer("n")
	m.over("expm1", n, ones, func(offset reg.GPVirtual) {
		m.store(m.expm1Of(m.load(px, offset)), dst, offset)
	})
	VZEROUPPER()
	RET()
}

// expm1Of is e^x - 1.
func (m *machine) expm1Of(x vector) vector {
	x2 := m.mul(x, x)
	pair := func(even, odd float64) vector { return m.add(m.number(even), m.mul(x, m.number(odd))) }
	y := pair(1./3628800, 1./39916800)
	y = m.add(m.mul(y, x2), pair(1./40320, 1./362880))
	y = m.add(m.mul(y, x2), pair(1./720, 1./5040))
	y = m.add(m.mul(y, x2), pair(1./24, 1./120))
	y = m.add(m.mul(y, x2), pair(1./2, 1./6))
	return m.add(x, m.mul(x2, y))
}
