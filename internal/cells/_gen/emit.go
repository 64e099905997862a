package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

var (
	ymm   = []reg.VecPhysical{reg.Y0, reg.Y1, reg.Y2, reg.Y3, reg.Y4, reg.Y5, reg.Y6, reg.Y7, reg.Y8, reg.Y9, reg.Y10, reg.Y11, reg.Y12, reg.Y13, reg.Y14, reg.Y15}
	zmm   []reg.VecPhysical
	kmask = []reg.Register{reg.K0, reg.K1, reg.K2, reg.K3, reg.K4, reg.K5, reg.K6, reg.K7}
)

func init() {
	zmm = []reg.VecPhysical{
		reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7, reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15,
		reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23, reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31,
	}
}

// instruction is one for each kind of numbers.
type instruction struct{ single, double func(...Op) }

var binary = map[op]instruction{
	add: {VADDPS, VADDPD}, sub: {VSUBPS, VSUBPD}, mul: {VMULPS, VMULPD}, div: {VDIVPS, VDIVPD},
	larger: {VMAXPS, VMAXPD}, smaller: {VMINPS, VMINPD}, plus: {VPADDD, VPADDQ}, minus: {VPSUBD, VPSUBQ},
}

var shifts = map[op]instruction{left: {VPSLLD, VPSLLQ}, right: {VPSRLD, VPSRLQ}, signed: {VPSRAD, nil}}

func (a *allocator) pick(i instruction) func(...Op) {
	if a.double {
		return i.double
	}
	return i.single
}

// compute writes the instructions of a value.
func (a *allocator) compute(v *value) {
	switch v.op {
	case constant, scalar:
		return
	case load:
		if v.sticky {
			a.ensure(v)
		}
		return
	case gather:
		a.gathered(v)
		return
	}
	args := v.args
	switch v.op {
	case add, mul, plus, and, or:
		if _, inMemory := a.memory(args[0]); inMemory {
			args = []*value{args[1], args[0]}
		}
	}
	var x, y, z Op
	switch v.op {
	case left, right, signed, float, ceil:
		x = a.operand(args[0])
		if shifting := shifts[v.op].single != nil; shifting && !a.avx512 {
			x = a.ensure(args[0])
		}
	case choose:
		x, y, z = a.ensure(args[0]), a.operand(args[1]), a.ensure(args[2])
	default:
		x, y = a.ensure(args[0]), a.operand(args[1])
	}
	for _, arg := range args {
		a.releaseRegister(arg)
	}
	r := a.result(v)
	switch v.op {
	case left, right, signed:
		a.pick(shifts[v.op])(U8(v.imm), x, r)
	case float:
		VCVTDQ2PS(x, r)
	case ceil:
		if a.avx512 {
			a.pick(instruction{VRNDSCALEPS, VRNDSCALEPD})(U8(10), x, r)
		} else {
			VROUNDPX(a, x, r)
		}
	case compare:
		a.pick(instruction{VCMPPS, VCMPPD})(U8(v.imm), y, x, r)
	case and:
		if a.avx512 {
			VPANDQ(y, x, r)
		} else {
			VANDPD(y, x, r)
		}
	case or:
		if a.avx512 {
			VPORQ(y, x, r)
		} else {
			VORPD(y, x, r)
		}
	case both:
		if a.avx512 {
			KANDW(y, x, r)
		} else {
			VANDPD(y, x, r)
		}
	case either:
		if a.avx512 {
			KORW(y, x, r)
		} else {
			VORPD(y, x, r)
		}
	case choose:
		if a.avx512 {
			a.pick(instruction{VBLENDMPS, VBLENDMPD})(y, z, x, r)
		} else {
			a.pick(instruction{func(o ...Op) { VBLENDVPS(o[0], o[1], o[2], o[3]) }, func(o ...Op) { VBLENDVPD(o[0], o[1], o[2], o[3]) }})(x, y, z, r)
		}
	case keep:
		if a.avx512 {
			a.pick(instruction{VMOVUPS_Z2, VMOVUPD_Z2})(y, x, r)
		} else {
			VANDPD(y, x, r)
		}
	default:
		a.pick(binary[v.op])(y, x, r)
	}
	for _, arg := range args {
		a.releaseSlot(arg)
	}
	if !a.later(v) { // nobody reads it
		a.release(v)
	}
}

func VROUNDPX(a *allocator, x, r Op) {
	if a.double {
		VROUNDPD(U8(10), x, r)
	} else {
		VROUNDPS(U8(10), x, r)
	}
}

func VMOVUPS_Z2(o ...Op) { VMOVUPS_Z(o[0], o[1], o[2]) }
func VMOVUPD_Z2(o ...Op) { VMOVUPD_Z(o[0], o[1], o[2]) }

func (a *allocator) releaseRegister(v *value) {
	if a.later(v) || v.register < 0 {
		return
	}
	if a.isMask(v) {
		a.kmasks[v.register] = nil
	} else {
		a.vectors[v.register] = nil
	}
	v.register = -1
}

func (a *allocator) releaseSlot(v *value) {
	if !a.later(v) && v.slot >= 0 {
		a.slots[v.slot] = false
		v.slot = -1
	}
}

// gathered reads words at table + 8 index + offset, double precision alone.
func (a *allocator) gathered(v *value) {
	index := a.ensure(v.args[0])
	r := a.result(v)
	table := GP64()
	MOVQ(Mem{Base: a.scratch, Disp: 8 * v.array}, table)
	i, _ := index.(reg.VecPhysical)
	at := Mem{Base: table, Index: i, Scale: 8, Disp: v.scalar}
	if a.avx512 {
		VPXORQ(r, r, r)
		k := -1
		for m := 1; m < 7; m++ {
			if a.kmasks[m] == nil {
				k = m
			}
		}
		if k < 0 {
			panic(a.name + ": too few mask registers")
		}
		KXNORW(kmask[k], kmask[k], kmask[k])
		VGATHERQPD(at, kmask[k], r)
	} else {
		t := a.vector(a.take())
		VXORPD(r, r, r)
		VPCMPEQQ(t, t, t)
		VGATHERQPD(t, at, r)
	}
	a.release(v.args[0])
}

// write writes the kernel: blocks of a register, and one of what is left.
func (p *program) write(ones Mem) {
	for _, it := range p.items {
		if v := it.value; v != nil && v.op == load && len(v.uses) > 0 {
			last := v.uses[len(v.uses)-1]
			for k := v.defined; k < last; k++ {
				if i := p.items[k]; i.store != nil && i.array == v.array {
					v.sticky = true
				}
			}
		}
	}
	TEXT(p.name+p.suffix(), NOSPLIT, "func(args, scratch *byte, n, rows int) (found int)")
	Doc(fmt.Sprintf("%s%s is %s", p.name, p.suffix(), p.doc))
	Pragma("noescape")
	a := &allocator{program: p}
	a.args, a.scratch = Load(Param("args"), GP64()).(reg.GPVirtual), Load(Param("scratch"), GP64()).(reg.GPVirtual)
	rows := Load(Param("rows"), GP64()).(reg.GPVirtual)
	a.offset, a.same, a.found = GP64(), GP64(), GP64()
	XORQ(a.offset, a.offset)
	XORQ(a.found, a.found)
	Label("row_of_" + p.name)
	n := Load(Param("n"), GP64()).(reg.GPVirtual)
	XORQ(a.same, a.same)
	lanes := p.width() / p.size()
	SUBQ(U8(lanes), n)
	JL(LabelRef("tail_of_" + p.name))
	Label("loop_" + p.name)
	a.body()
	ADDQ(U8(p.width()), a.offset)
	ADDQ(U8(p.width()), a.same)
	SUBQ(U8(lanes), n)
	JGE(LabelRef("loop_" + p.name))
	Label("tail_of_" + p.name)
	ADDQ(U8(lanes), n)
	JZ(LabelRef("end_" + p.name))
	if p.avx512 {
		all := GP32()
		MOVL(I32(-1), all)
		BZHIL(n.As32(), all, all)
		KMOVW(all, reg.K7)
		a.tail = reg.K7
	} else {
		table, bytes := GP64(), GP64()
		MOVQ(n, bytes)
		SHLQ(U8(map[int]int{4: 2, 8: 3}[p.size()]), bytes)
		LEAQ(ones.Offset(p.width()), table)
		SUBQ(bytes, table)
		VMOVUPD(Mem{Base: table}, reg.Y15)
		a.tail = reg.Y15
	}
	a.masked = true
	a.body()
	LEAQ(Mem{Base: a.offset, Index: n, Scale: uint8(p.size())}, a.offset)
	Label("end_" + p.name)
	DECQ(rows)
	JNZ(LabelRef("row_of_" + p.name))
	Store(a.found, ReturnIndex(0))
	VZEROUPPER()
	RET()
}
