package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// at loads the block of a parameter, whose pointer is read anew, as registers are few.
func (m *machine) at(name string, offset reg.GPVirtual) vector { return m.load(pointer(name), offset) }

// propagators loads those of each neuron.
func (m *machine) propagators(offset reg.GPVirtual) (mem, syn, kappa vector) {
	return m.at("mem", offset), m.at("syn", offset), m.at("kappa", offset)
}

func (m *machine) propagate(ones Mem) {
	m.function("propagate", "func(mem, syn, kappa, alpha, beta, perGap *float64, n int, h, minus float64, doublings int)", " with minus = -part.")
	n := pointer("n")
	m.over("propagate", n, ones, func(offset reg.GPVirtual) {
		name := "propagate_full"
		if m.masked {
			name = "propagate_rest"
		}
		doubled := func(x vector, label string) vector { // e^x - 1 of all doublings
			e := m.expm1Of(x)
			count := pointer("doublings")
			TESTQ(count, count)
			JZ(LabelRef(label + "_end"))
			two := m.number(2)
			Label(label)
			m.move(e, m.mul(e, m.add(two, e)))
			DECQ(count)
			JNZ(LabelRef(label))
			Label(label + "_end")
			return e
		}
		alpha, beta := m.at("alpha", offset), m.at("beta", offset)
		slow := doubled(m.mul(m.smaller(alpha, beta), m.parameter("minus")), name+"_slow")
		m.store(m.add(m.number(1), slow), pointer("mem"), offset)
		alpha, beta = m.at("alpha", offset), m.at("beta", offset)
		gap := m.sub(m.larger(alpha, beta), m.smaller(alpha, beta))
		rest := doubled(m.mul(gap, m.parameter("minus")), name+"_gap")
		e := m.at("mem", offset)
		lost := m.mul(e, rest)
		m.put(offset, e, lost, func() vector { return m.parameter("h") })
	})
	VZEROUPPER()
	RET()
}

// put is that of the specification.
func (m *machine) put(offset reg.GPVirtual, e, lost vector, h func() vector) {
	kappa := m.mul(lost, m.at("perGap", offset))
	other := m.add(e, lost)
	alpha, beta := m.at("alpha", offset), m.at("beta", offset)
	m.choose(m.equal(alpha, beta), kappa, m.mul(m.mul(alpha, h()), e))
	m.store(kappa, pointer("kappa"), offset)
	syn := m.new()
	m.move(syn, e)
	ordered := m.compare(lessEqual, alpha, beta)
	m.choose(ordered, syn, other)
	m.store(syn, pointer("syn"), offset)
	m.choose(ordered, other, e)
	m.store(other, pointer("mem"), offset)
}

// equal is whether two numbers that are compared are one.
func (m *machine) equal(x, y vector) condition {
	return m.and(m.compare(lessEqual, x, y), m.compare(greaterEqual, x, y))
}

func (m *machine) advanceEach(ones Mem) {
	m.function("advanceEach", "func(mask *uint64, v1, i1, v, i *float64, n int, mem, syn, kappa, q *float64)", " into a mask of zeros.")
	mask, n := pointer("mask"), pointer("n")
	m.over("advanceEach", n, ones, func(offset reg.GPVirtual) {
		mem, syn, kappa := m.propagators(offset)
		voltage, current := m.at("v", offset), m.at("i", offset)
		a := m.add(m.mul(mem, voltage), m.mul(kappa, current))
		b := m.mul(syn, current)
		m.store(a, pointer("v1"), offset)
		m.store(b, pointer("i1"), offset)
		hits := m.hits(current, a, b, m.at("q", offset))
		MOVB(hits.As8(), Mem{Base: mask})
		INCQ(mask)
	})
	VZEROUPPER()
	RET()
}

func (m *machine) retreatEach(ones Mem) {
	m.function("retreatEach", "func(a, b *float64, n int, mem, syn, kappa *float64)", ".")
	a, b, n := pointer("a"), pointer("b"), pointer("n")
	m.over("retreatEach", n, ones, func(offset reg.GPVirtual) {
		mem, syn, kappa := m.propagators(offset)
		x, y := m.load(a, offset), m.load(b, offset)
		m.store(m.add(m.mul(kappa, x), m.mul(syn, y)), b, offset)
		m.store(m.mul(mem, x), a, offset)
	})
	VZEROUPPER()
	RET()
}

func (m *machine) slopes(ones Mem) {
	m.function("slopes", "func(gMem, gSyn, v, i, a, b *float64, n int, mem, syn, kappa, tauMem, alpha, beta *float64, h float64)", ".")
	n := pointer("n")
	m.over("slopes", n, ones, func(offset reg.GPVirtual) {
		horner := func(x2 vector, last float64, before ...float64) vector {
			y := m.number(last)
			for _, c := range before {
				y = m.add(m.number(c), m.mul(x2, y))
			}
			return y
		}
		h := m.parameter("h")
		alpha := m.at("alpha", offset)
		x := m.mul(m.sub(m.at("beta", offset), alpha), h)
		x2 := m.mul(x, x)
		odd := m.mul(x, horner(x2, 1./45360, 1./840, 1./30, 1./3))
		phi := m.add(horner(x2, -1./403200, -1./5760, -1./144, -1./8, -1./2), odd)
		ofBeta := m.mul(m.mul(m.mul(alpha, h), m.mul(h, m.at("mem", offset))), phi)
		kappa := m.at("kappa", offset)
		ofAlpha := m.sub(m.sub(m.mul(kappa, m.at("tauMem", offset)), m.mul(h, kappa)), ofBeta)
		a2 := m.mul(alpha, alpha)
		current := m.at("i", offset)
		part := m.sub(m.mul(m.mul(m.mul(a2, m.at("mem", offset)), h), m.at("v", offset)), m.mul(m.mul(a2, ofAlpha), current))
		m.store(m.add(m.at("gMem", offset), m.mul(m.at("a", offset), part)), pointer("gMem"), offset)
		beta := m.at("beta", offset)
		b2 := m.mul(beta, beta)
		part = m.sub(m.mul(m.mul(m.mul(b2, m.at("syn", offset)), h), m.at("b", offset)), m.mul(m.mul(b2, ofBeta), m.at("a", offset)))
		m.store(m.add(m.at("gSyn", offset), m.mul(current, part)), pointer("gSyn"), offset)
	})
	VZEROUPPER()
	RET()
}
