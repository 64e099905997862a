package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/reg"
)

// operands loads blocks of the slices of a kernel, each at its first use.
type operands struct {
	m      *machine
	offset reg.GPVirtual
}

func (o operands) load(name string) vector { return o.m.load(pointer(name), o.offset) }

func (o operands) store(v vector, name string) { o.m.store(v, pointer(name), o.offset) }

// rows writes a loop over the elements of the slices of a kernel.
func (m *machine) rows(body func(o operands)) {
	m.over(pointer("n"), func(offset reg.GPVirtual) { body(operands{m, offset}) })
	RET()
}

// integrate is one step of leaky integrators, and of their spikes with threshold.
func (m *machine) integrate(synapse, threshold, toValue bool) {
	name, of := "li", "v1, v, x, alpha *T"
	if threshold {
		name, of = "lif", "u, v, x, alpha, vth *T, bits *uint64"
	}
	if synapse {
		name, of = name+"Syn", of+", i1, i, beta *T"
	}
	if toValue {
		name, of = name+"ToValue", of+", vreset *T"
	}
	m.function(name, "("+of+", n int)")
	var bits reg.GPVirtual
	if threshold {
		bits = pointer("bits")
	}
	var one vector
	if synapse {
		one = m.constant(1)
	}
	m.rows(func(o operands) {
		x, alpha := o.load("x"), o.load("alpha")
		if synapse {
			i := m.add(m.mul(o.load("beta"), o.load("i")), x)
			o.store(i, "i1")
			x = m.mul(m.sub(one, alpha), i)
		}
		u := m.add(m.mul(alpha, o.load("v")), x)
		if !threshold {
			o.store(u, "v1")
			return
		}
		o.store(u, "u")
		vth := o.load("vth")
		above := m.compare(notLessEqual, m.sub(u, vth), m.zero())
		after := m.sub(u, vth)
		if toValue {
			after = m.add(u, m.sub(o.load("vreset"), u))
		}
		o.store(m.choose(above, u, after), "v")
		m.storeBits(m.bits(above), bits)
	})
}

// reset is the voltage after a step, from that before the reset.
func (m *machine) reset(toValue bool) {
	if toValue {
		m.function("resetToValue", "(v, u, vth, vreset *T, n int)")
	} else {
		m.function("reset", "(v, u, vth *T, n int)")
	}
	m.rows(func(o operands) {
		u, vth := o.load("u"), o.load("vth")
		after := m.sub(u, vth)
		above := m.compare(notLessEqual, after, m.zero())
		if toValue {
			after = m.add(u, m.sub(o.load("vreset"), u))
		}
		o.store(m.choose(above, u, after), "v")
	})
}

// retreat is the adjoint of integrate.
func (m *machine) retreat(synapse, threshold, toValue, learned bool) {
	name, of := "liBack", "dv, dx, gv, alpha *T"
	if threshold {
		name, of = "lifBack", "dv, dx, ds, slope, u, gv, alpha, vth *T, attached uint64"
	}
	if synapse {
		name, of = name+"Syn", of+", di, beta *T"
	}
	if toValue {
		name, of = name+"ToValue", of+", vreset *T"
	}
	if learned {
		name, of = name+"Learned", of+", dalpha, before *T"
		if threshold {
			of += ", dvth *T"
		}
		if synapse {
			of += ", dbeta, i, ibefore *T"
		}
		if toValue {
			of += ", dvreset *T"
		}
	}
	m.function(name, "("+of+", n int)")
	var one vector
	if synapse || toValue {
		one = m.constant(1)
	}
	m.rows(func(o operands) {
		dr := o.load("dv")
		du := dr
		if threshold {
			u, vth := o.load("u"), o.load("vth")
			spiked := m.compare(notLessEqual, m.sub(u, vth), m.zero())
			var dsj vector
			if toValue {
				dsj = m.mul(m.sub(o.load("vreset"), u), dr)
				du = m.choose(spiked, dr, m.mul(dr, m.zero()))
			} else {
				dsj = m.mul(m.sub(m.zero(), vth), dr)
			}
			addr, err := Param("attached").Resolve()
			if err != nil {
				panic(err)
			}
			r := m.register()
			VBROADCASTSD(addr.Addr, r)
			spike := m.mul(m.add(o.load("ds"), m.and(dsj, m.both(r))), o.load("slope"))
			if learned {
				reset := m.keep(spiked, dr)
				if toValue {
					o.store(m.add(o.load("dvreset"), reset), "dvreset")
					o.store(m.sub(o.load("dvth"), spike), "dvth")
				} else {
					o.store(m.sub(m.sub(o.load("dvth"), reset), spike), "dvth")
				}
			}
			du = m.add(du, spike)
		}
		du = m.add(du, o.load("gv"))
		alpha := o.load("alpha")
		o.store(m.mul(alpha, du), "dv")
		if !synapse {
			if learned {
				o.store(m.add(o.load("dalpha"), m.mul(du, o.load("before"))), "dalpha")
			}
			o.store(du, "dx")
			return
		}
		if learned {
			o.store(m.add(o.load("dalpha"), m.mul(du, m.sub(o.load("before"), o.load("i")))), "dalpha")
		}
		di := m.add(o.load("di"), m.mul(m.sub(one, alpha), du))
		o.store(di, "dx")
		if learned {
			o.store(m.add(o.load("dbeta"), m.mul(di, o.load("ibefore"))), "dbeta")
		}
		o.store(m.mul(o.load("beta"), di), "di")
	})
}

// mask writes the bits of the elements that are not zero, and tells whether another number than 1 is among them.
func (m *machine) mask() {
	m.function("mask", "(bits *uint64, x *T, n int) (other uint32)")
	bits, other := pointer("bits"), GP32()
	XORL(other, other)
	zero, one := m.zero(), m.constant(1)
	m.over(pointer("n"), func(offset reg.GPVirtual) {
		x := m.load(pointer("x"), offset)
		b := m.bits(m.compare(notEqual, x, zero))
		ones := m.bits(m.compare(equal, x, one))
		XORL(b, ones)
		ORL(ones, other)
		m.storeBits(b, bits)
	})
	Store(other, ReturnIndex(0))
	RET()
}
