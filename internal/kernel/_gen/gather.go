package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// tileRegisters is how many registers of sums there are.
func (m *machine) tileRegisters() int {
	if m.avx512 {
		return 16
	}
	return 8
}

// gather sums rows in tiles of columns, whose sums stay in registers: as many as there are, and then those that
// are left, the last register masked.
func (m *machine) gather(scaled bool) {
	if scaled {
		m.function("gatherScaled", "(dst, init, w *T, n, stride int, col *int32, val *T, count int)")
	} else {
		m.function("gather", "(dst, init, w *T, n, stride int, col *int32, count int)")
	}
	dst, init, w := pointer("dst"), pointer("init"), pointer("w")
	left, stride := m.bytes(pointer("n")), m.bytes(pointer("stride"))
	count := pointer("count")
	all := m.tileRegisters()
	tile := func(name string, registers int, masked bool) {
		sums := make([]reg.VecVirtual, registers)
		at := func(p reg.GPVirtual, r int) Mem { return Mem{Base: p, Disp: r * m.width()} }
		last := func(r int) bool { return masked && r == registers-1 }
		read := func(p reg.GPVirtual, r int, to reg.VecVirtual) {
			switch {
			case !last(r):
				m.do(vmov, at(p, r), to)
			case m.avx512:
				m.do(vmovZ, at(p, r), m.tail[0], to)
			default:
				m.do(vmaskmv, at(p, r), m.tail[0], to)
			}
		}
		for r := range sums {
			sums[r] = m.register()
			read(init, r, sums[r])
		}
		col, k := pointer("col"), GP64()
		var val reg.GPVirtual
		if scaled {
			val = pointer("val")
		}
		MOVQ(count, k)
		TESTQ(k, k)
		JZ(LabelRef(name + "_store"))
		Label(name + "_event")
		row := GP64()
		MOVLQSX(Mem{Base: col}, row)
		IMULQ(stride, row)
		ADDQ(w, row)
		factor := m.register()
		if scaled {
			m.do(vspread, Mem{Base: val}, factor)
			ADDQ(U8(m.size()), val)
		}
		for r, s := range sums {
			if !scaled && !last(r) {
				m.do(vadd, at(row, r), s, s)
				continue
			}
			x := m.register()
			if last(r) {
				read(row, r, x)
				if scaled {
					m.do(vmul, factor, x, x)
				}
			} else {
				m.do(vmul, at(row, r), factor, x)
			}
			m.do(vadd, x, s, s)
		}
		ADDQ(U8(4), col)
		DECQ(k)
		JNZ(LabelRef(name + "_event"))
		Label(name + "_store")
		for r, s := range sums {
			switch {
			case !last(r):
				m.do(vmov, s, at(dst, r))
			case m.avx512:
				m.do(vmov, s, m.tail[0], at(dst, r))
			default:
				m.do(vmaskmv, s, m.tail[0], at(dst, r))
			}
		}
	}
	Label("tiles")
	CMPQ(left, I32(all*m.width()))
	JL(LabelRef("rest"))
	tile("tile", all, false)
	for _, p := range []reg.GPVirtual{dst, init, w} {
		ADDQ(I32(all*m.width()), p)
	}
	SUBQ(I32(all*m.width()), left)
	JMP(LabelRef("tiles"))
	Label("rest")
	TESTQ(left, left)
	JZ(LabelRef("end"))
	// registers-1 full ones, and the rest of 1 to width bytes.
	full, rest := GP64(), GP64()
	LEAQ(Mem{Base: left, Disp: -1}, full)
	MOVQ(full, rest)
	ANDQ(U32(m.width()-1), rest)
	INCQ(rest)
	m.firstOf(rest)
	SHRQ(U8(m.widthShift()), full)
	for r := 1; r < all; r++ {
		CMPQ(full, U8(r))
		JL(LabelRef(fmt.Sprintf("rest%d", r)))
	}
	for r := all; r > 0; r-- {
		Label(fmt.Sprintf("rest%d", r))
		tile(fmt.Sprintf("rest%d", r), r, true)
		JMP(LabelRef("end"))
	}
	Label("end")
	VZEROUPPER()
	RET()
}

func (m *machine) widthShift() uint8 {
	if m.avx512 {
		return 6
	}
	return 5
}

// firstOf makes the tail the first elements of one register.
func (m *machine) firstOf(bytes reg.GPVirtual) {
	if m.avx512 {
		m.first(bytes)
		return
	}
	table := GP64()
	LEAQ(m.ones.Offset(block), table)
	SUBQ(bytes, table)
	r := YMM()
	VMOVUPD(Mem{Base: table}, r)
	m.tail = []reg.Register{r}
}
