package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// split is expSplit of package fmath: e^x = s (1 + p).
func (m *machine) split(x vector, table reg.GPVirtual) (s, p vector) {
	const shift = 0x1.8p52
	kd := m.add(m.mul(x, m.number(128*math.Log2E)), m.number(shift))
	index := m.left(m.andWords(kd, m.word(127)), 1) // of two numbers
	k := m.left(kd, 45)
	kd = m.sub(kd, m.number(shift))
	r := m.sub(m.sub(x, m.mul(kd, m.number(0x1.62e42fef8p-8))), m.mul(kd, m.number(0x1.1cf79abc9e3b4p-43)))
	s = m.plusWords(m.gather(table, index, 8), k)
	p = m.add(m.gather(table, index, 0), r)
	r2 := m.mul(r, r)
	p = m.add(p, m.mul(r2, m.add(m.number(0.5), m.mul(r, m.number(1./6)))))
	p = m.add(p, m.mul(m.mul(r2, r2), m.add(m.number(1./24), m.mul(r, m.number(1./120)))))
	return s, p
}

func (m *machine) flow(ones Mem) {
	m.function("flow", "func(mem, syn, kappa, alpha, beta, perGap, h *float64, n int, table *float64)", ".")
	n, table := pointer("n"), pointer("table")
	m.over("flow", n, ones, func(offset reg.GPVirtual) {
		minus := func() vector { return m.sub(m.zero(), m.at("h", offset)) }
		s, p := m.split(m.mul(m.smaller(m.at("alpha", offset), m.at("beta", offset)), minus()), table)
		m.store(m.add(s, m.mul(s, p)), pointer("mem"), offset)
		alpha, beta := m.at("alpha", offset), m.at("beta", offset)
		x := m.mul(m.sub(m.larger(alpha, beta), m.smaller(alpha, beta)), minus())
		m.store(x, pointer("kappa"), offset)
		s, p = m.split(x, table)
		m.store(m.mul(s, p), pointer("syn"), offset)
		y := m.sub(s, m.number(1))
		b := m.sub(y, s)
		rest := m.sub(m.sub(s, m.sub(y, b)), m.add(m.number(1), b))
		m.store(m.add(y, m.add(rest, m.at("syn", offset))), pointer("syn"), offset)
		near := m.expm1Of(m.at("kappa", offset)) // x is loaded again, as registers are few
		small := m.compare(greaterThan, m.at("kappa", offset), m.number(-1./8))
		lost := m.at("syn", offset)
		m.choose(small, lost, near)
		e := m.at("mem", offset)
		lost = m.mul(e, lost)
		m.put(offset, e, lost, func() vector { return m.at("h", offset) })
	})
	VZEROUPPER()
	RET()
}

func (m *machine) approach(ones Mem) {
	m.function("approach", "func(h, v, i, q, tauMem, beta *float64, n int)", ".")
	n := pointer("n")
	m.over("approach", n, ones, func(offset reg.GPVirtual) {
		ratio := func() vector { return m.mul(m.at("tauMem", offset), m.at("beta", offset)) }
		bent := func() vector { return m.mul(ratio(), m.at("i", offset)) }
		slope := func() vector { return m.sub(m.at("i", offset), m.at("v", offset)) }
		gap := m.larger(m.sub(m.at("q", offset), m.at("v", offset)), m.zero())
		steep := slope()
		d := m.sub(m.mul(steep, steep), m.mul(m.mul(m.number(2), bent()), gap))
		d = m.larger(d, m.zero())
		z := m.div(m.mul(m.number(2), gap), m.add(steep, m.sqrt(d)))
		m.store(z, pointer("h"), offset)
		third := m.mul(bent(), m.mul(m.sub(ratio(), m.number(2)), m.number(1./6)))
		fourth := m.mul(third, m.mul(m.sub(ratio(), m.number(3)), m.number(-1./4)))
		z2 := m.mul(z, z)
		rest := m.mul(m.mul(z2, z), m.add(third, m.mul(fourth, z)))
		more := m.mul(z2, m.add(m.mul(m.number(3), third), m.mul(m.mul(m.number(4), fourth), z)))
		steep = m.add(m.sub(slope(), m.mul(bent(), z)), more)
		z = m.at("h", offset)
		next := m.sub(z, m.div(rest, steep))
		next = m.larger(next, m.mul(z, m.number(0.5)))
		next = m.smaller(next, m.mul(z, m.number(1.5)))
		next = m.smaller(next, m.number(0.9375))
		m.store(m.div(next, m.sub(m.number(1), next)), pointer("h"), offset)
	})
	VZEROUPPER()
	RET()
}

// halleyStep is that of the specification.
func (m *machine) halleyStep(offset reg.GPVirtual) (step, slope vector) {
	input := m.at("i", offset)
	current := m.mul(m.at("syn", offset), input)
	u := m.add(m.mul(m.at("mem", offset), m.at("v", offset)), m.mul(m.at("kappa", offset), input))
	f := m.sub(u, m.at("q", offset))
	alpha := m.at("alpha", offset)
	slope = m.mul(alpha, m.sub(current, u))
	bend := m.mul(alpha, m.add(m.mul(m.at("beta", offset), current), slope))
	below := m.add(m.mul(m.mul(m.number(2), slope), slope), m.mul(f, bend))
	return m.div(m.mul(m.mul(m.number(-2), f), slope), below), slope
}

func (m *machine) halley(ones Mem) {
	m.function("halley", "func(h, limit, v, i, q, mem, syn, kappa, alpha, beta *float64, n int)", ".")
	n := pointer("n")
	m.over("halley", n, ones, func(offset reg.GPVirtual) {
		step, _ := m.halleyStep(offset)
		next := m.larger(m.add(m.at("h", offset), step), m.zero())
		m.store(m.smaller(next, m.at("limit", offset)), pointer("h"), offset)
	})
	VZEROUPPER()
	RET()
}

func (m *machine) settle(ones Mem) {
	m.function("settle", "func(hits *uint64, h, limit, v, i, q, mem, syn, kappa, alpha, beta *float64, n int)", " into a mask of zeros.")
	hits, n := pointer("hits"), pointer("n")
	m.over("settle", n, ones, func(offset reg.GPVirtual) {
		s, slope := m.halleyStep(offset)
		found := m.bits(m.compare(greaterThan, slope, m.zero()))
		h := m.add(m.at("h", offset), s)
		m.store(h, pointer("h"), offset)
		ANDL(m.bits(m.compare(greaterThan, h, m.zero())).As32(), found.As32())
		ANDL(m.bits(m.compare(lessThan, h, m.at("limit", offset))).As32(), found.As32())
		scaled := func(rate string) vector { return m.mul(s, m.at(rate, offset)) } // anew, as registers are few
		both := m.add(scaled("alpha"), scaled("beta"))
		size := m.larger(both, m.sub(m.zero(), both))
		ANDL(m.bits(m.compare(lessThan, size, m.number(1e-6))).As32(), found.As32())
		ANDL(m.elements().As32(), found.As32())
		MOVB(found.As8(), Mem{Base: hits})
		INCQ(hits)
		kappa := m.mul(scaled("alpha"), m.sub(m.number(1), m.mul(both, m.number(0.5))))
		kappa = m.mul(kappa, m.at("syn", offset))
		decay := func(rate string) vector {
			y := m.sub(m.number(1), m.mul(scaled(rate), m.number(0.5)))
			return m.sub(m.number(1), m.mul(scaled(rate), y))
		}
		m.store(m.mul(m.at("syn", offset), decay("beta")), pointer("syn"), offset)
		mem := decay("alpha")
		m.store(m.add(m.mul(m.at("kappa", offset), mem), kappa), pointer("kappa"), offset)
		m.store(m.mul(m.at("mem", offset), mem), pointer("mem"), offset)
	})
	VZEROUPPER()
	RET()
}
