package main

import (
	"maps"
	"math"
	"slices"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// operands loads blocks of the slices of a kernel.
type operands struct {
	m      *machine
	offset reg.GPVirtual
	held   map[string]reg.GPVirtual // slices whose address is in a register
}

func (o operands) address(name string) reg.GPVirtual {
	if p, ok := o.held[name]; ok {
		return p
	}
	return pointer(name)
}

func (o operands) load(name string) vector { return o.m.load(o.address(name), o.offset) }

func (o operands) store(v vector, name string) { o.m.store(v, o.address(name), o.offset) }

// elements writes a loop over the elements of the slices of a kernel.
func (m *machine) elements(body func(o operands)) {
	m.over(pointer("n"), func(offset reg.GPVirtual) { body(operands{m: m, offset: offset}) })
	VZEROUPPER()
	RET()
}

// rows writes a loop over rows and their elements. From row to row, a slice moves on by its stride,
// the number of elements in the parameter that strides names, or by n where that is empty; it stays
// where it is if it has none. begin is what comes first in every row.
func (m *machine) rows(strides map[string]string, hold []string, begin func(), body func(o operands)) {
	for _, s := range slices.Compact(slices.Sorted(maps.Values(strides))) {
		if s != "" && s != "ldbits" {
			r := m.bytes(pointer(s))
			MOVQ(r, argument(s))
		}
	}
	Label("row")
	begin()
	held := map[string]reg.GPVirtual{}
	for _, name := range hold {
		held[name] = pointer(name)
	}
	m.over(pointer("n"), func(offset reg.GPVirtual) { body(operands{m, offset, held}) })
	width := m.bytes(pointer("n"))
	for _, name := range slices.Sorted(maps.Keys(strides)) {
		step := width
		if s := strides[name]; s != "" {
			step = pointer(s)
		}
		ADDQ(step, argument(name))
	}
	DECQ(argument("rows"))
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// integrate is one step of leaky integrators, and of their spikes with threshold.
func (m *machine) integrate(synapse, threshold, toValue bool) {
	if !threshold {
		m.integrators(synapse)
		return
	}
	leak := leakOf(synapse)
	name, of := "lif", "u *T, ldu int, v *T, x *T, ldx int, "+leak+", vth *T, bits *uint64, ldbits int"
	strides, hold := map[string]string{"u": "ldu", "v": "", "x": "ldx", "bits": "ldbits"}, []string{"u", "v", "x", leak, "vth"}
	if synapse {
		name, of = name+"Syn", of+", i, beta *T"
		strides["i"], hold = "", append(hold, "i", "beta")
	}
	if toValue {
		name, of = name+"ToValue", of+", vreset *T"
		hold = append(hold, "vreset")
	}
	m.function(name, "("+of+", n, rows int)")
	var bits reg.GPVirtual
	zero, flush := m.zero(), m.flush()
	m.rows(strides, hold, func() { bits = pointer("bits") }, func(o operands) {
		u := m.leaked(o, flush, synapse, "i")
		o.store(u, "u")
		vth := o.load("vth")
		after := m.sub(u, vth)
		above := m.compare(notLessEqual, after, zero)
		if toValue {
			after = m.add(u, m.sub(o.load("vreset"), u))
		}
		o.store(m.choose(above, u, after), "v")
		m.storeBits(m.bits(above), bits)
	})
}

// leakOf names what says how fast a voltage decays.
func leakOf(synapse bool) string {
	if synapse {
		return "gain"
	}
	return "alpha"
}

// leaked is the voltage after a step without spikes. The synaptic current goes to next.
func (m *machine) leaked(o operands, flush func(x vector) vector, synapse bool, next string) vector {
	if !synapse {
		return flush(m.add(m.mul(o.load("alpha"), o.load("v")), o.load("x")))
	}
	i := flush(m.add(m.mul(o.load("beta"), o.load("i")), o.load("x")))
	o.store(i, next)
	v := o.load("v")
	return flush(m.add(v, m.mul(o.load("gain"), m.sub(i, v))))
}

// integrators is one step of leaky integrators.
func (m *machine) integrators(synapse bool) {
	name, of := "li", "v1, v, x, "+leakOf(synapse)+" *T"
	if synapse {
		name, of = name+"Syn", of+", i1, i, beta *T"
	}
	m.function(name, "("+of+", n int)")
	flush := m.flush()
	m.elements(func(o operands) { o.store(m.leaked(o, flush, synapse, "i1"), "v1") })
}

// retreat is the adjoint of integrate. With inside, the slope is that of the fast sigmoid with
// sharpness k, else it is given. Gradients are flushed, see fmath.Flush.
func (m *machine) retreat(synapse, threshold, toValue, learned, inside bool) {
	leak := leakOf(synapse)
	name, of := "liBack", "dv, dx, gv, "+leak+" *T"
	strides, hold := map[string]string{}, []string{"dv", leak, "dx", "gv"}
	if threshold {
		name, of = "lifBack", "dv, dx *T, lddx int, ds, slope, u *T, ldu int, gv *T, ldgv int, "+leak+", vth *T, attached uint64"
		strides = map[string]string{"dv": "", "dx": "lddx", "ds": "", "u": "ldu", "gv": "ldgv", "slope": ""}
		hold = append(hold, "ds", "u", "vth")
	}
	if synapse {
		name, of = name+"Syn", of+", di, beta *T"
		if threshold {
			strides["di"] = ""
		}
	}
	if toValue {
		name, of = name+"ToValue", of+", vreset *T"
	}
	if learned {
		name, of = name+"Learned", of+", dleak, before *T"
		sums := []string{"dleak"}
		if threshold {
			of += ", dvth *T"
			sums = append(sums, "dvth")
		}
		if synapse {
			of += ", dbeta, i, ibefore *T"
			sums = append(sums, "dbeta")
		}
		if toValue {
			of += ", dvreset *T"
			sums = append(sums, "dvreset")
		}
		if threshold {
			of += ", ldsums, ldbefore int, unreset uint64"
			for _, s := range sums {
				strides[s] = "ldsums"
			}
			strides["before"] = "ldbefore"
			if synapse {
				of += ", ldi, ldibefore int"
				strides["i"], strides["ibefore"] = "ldi", "ldibefore"
			}
		}
	}
	if inside {
		name, of = name+"Fast", of+", k T"
	}
	if threshold {
		m.function(name, "("+of+", n, rows int)")
	} else {
		m.function(name, "("+of+", n int)")
	}
	one := m.held(inside, func() vector { return m.constant(1) })
	zero := m.held(threshold, m.zero)
	bits := func(name string) func() vector {
		return func() vector {
			r := m.register()
			VBROADCASTSD(argument(name), r)
			return m.both(r)
		}
	}
	attached, unreset := m.held(threshold, bits("attached")), m.held(threshold && learned, bits("unreset"))
	k := m.held(inside, func() vector { return m.parameter("k") })
	positive := m.held(inside, m.positive)
	flush := m.flush()
	before := func(o operands) vector {
		v := o.load("before")
		if !threshold {
			return v
		}
		vth := o.load("vth")
		spiked := m.compare(notLessEqual, m.and(m.sub(v, vth), unreset()), zero())
		if toValue {
			return m.choose(spiked, v, m.add(v, m.sub(o.load("vreset"), v)))
		}
		return m.sub(v, m.keep(spiked, vth))
	}
	body := func(o operands) {
		dr := o.load("dv")
		du := dr
		if threshold {
			u, vth := o.load("u"), o.load("vth")
			above := m.sub(u, vth)
			spiked := m.compare(notLessEqual, above, zero())
			var dsj, slope vector
			if toValue {
				dsj = m.mul(m.sub(o.load("vreset"), u), dr)
				du = m.choose(spiked, dr, m.mul(dr, zero()))
			} else {
				dsj = m.mul(m.sub(zero(), vth), dr)
			}
			if inside {
				inv := m.div(one(), m.add(one(), m.mul(k(), m.and(above, positive()))))
				slope = m.mul(inv, inv)
			} else {
				slope = o.load("slope")
			}
			spike := m.mul(m.add(o.load("ds"), m.and(dsj, attached())), slope)
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
		du = flush(m.add(du, o.load("gv")))
		if !synapse {
			o.store(m.mul(o.load("alpha"), du), "dv")
			if learned {
				o.store(m.add(o.load("dleak"), m.mul(du, before(o))), "dleak")
			}
			o.store(du, "dx")
			return
		}
		if learned {
			o.store(m.add(o.load("dleak"), m.mul(du, m.sub(o.load("i"), before(o)))), "dleak")
		}
		part := m.mul(o.load("gain"), du)
		o.store(m.sub(du, part), "dv")
		di := flush(m.add(o.load("di"), part))
		o.store(di, "dx")
		if learned {
			o.store(m.add(o.load("dbeta"), m.mul(di, o.load("ibefore"))), "dbeta")
		}
		o.store(m.mul(o.load("beta"), di), "di")
	}
	if threshold {
		m.rows(strides, hold, func() {}, body)
	} else {
		m.elements(body)
	}
}

// positive are all bits but that of the sign.
func (m *machine) positive() vector { return m.word(1<<63-1, 1<<31-1) }

// flush returns fmath.Flush.
func (m *machine) flush() func(x vector) vector {
	positive := m.held(true, m.positive)
	least := m.held(true, func() vector { return m.word(math.Float64bits(0x1p-960), math.Float32bits(0x1p-100)) })
	return func(x vector) vector {
		return m.keep(m.compare(notLessEqual, m.and(x, positive()), least()), x)
	}
}

// held returns what make returns: with AVX-512 always the same registers, if they are needed, with
// AVX2, which has few of them, new ones each time.
func (m *machine) held(needed bool, make func() vector) func() vector {
	if !m.avx512 || !needed {
		return make
	}
	v := make()
	return func() vector { return v }
}

// mask writes the bits of the elements that are not zero, and tells whether another number than 1
// is among them.
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
	VZEROUPPER()
	Store(other, ReturnIndex(0))
	RET()
}
