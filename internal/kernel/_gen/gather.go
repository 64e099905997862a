package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// tileRegisters is how many registers of sums there are.
const tileRegisters = 8

// rowSize is that of a row of events in bytes: a list of columns and one of values.
const rowSize = 48

// argument is the place of a parameter, which a kernel may change.
func argument(name string) Mem {
	at, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return at.Addr
}

// gather sums rows of w for each of some lists, in tiles of columns, whose sums stay in registers:
// as many as there are, and then those that are left, the last register masked.
func (m *machine) gather(scaled bool) {
	name := "gather"
	if scaled {
		name = "gatherScaled"
	}
	m.function(name, "(dst *T, ld int, init *T, ldinit int, w *T, n, stride int, rows *row, count int)")
	bytes := func(name string) reg.GPVirtual {
		r := m.bytes(pointer(name))
		MOVQ(r, argument(name))
		return r
	}
	bytes("ld")
	bytes("ldinit")
	left, stride, w := bytes("n"), bytes("stride"), pointer("w")
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
		dst, init, list, count := pointer("dst"), pointer("init"), pointer("rows"), pointer("count")
		Label(name + "_row")
		CMPQ(dst, init)
		JEQ(LabelRef(name + "_here"))
		for r := 0; r < registers; r += 64 / m.width() { // lines of the cache come while the rows are added
			PREFETCHT0(at(dst, r))
		}
		Label(name + "_here")
		for r := range sums {
			sums[r] = m.register()
			read(init, r, sums[r])
		}
		col, k := GP64(), GP64()
		MOVQ(Mem{Base: list}, col)
		MOVQ(Mem{Base: list, Disp: 8}, k)
		var val reg.GPVirtual
		if scaled {
			val = GP64()
			MOVQ(Mem{Base: list, Disp: 24}, val)
		}
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
			var x Op = at(row, r)
			if last(r) {
				masked := m.register()
				read(row, r, masked)
				x = masked
			}
			if scaled {
				m.do(vfma, x, factor, s)
			} else {
				m.do(vadd, x, s, s)
			}
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
		ADDQ(argument("ld"), dst)
		ADDQ(argument("ldinit"), init)
		ADDQ(U8(rowSize), list)
		DECQ(count)
		JNZ(LabelRef(name + "_row"))
	}
	all := tileRegisters * m.width()
	Label("tiles")
	CMPQ(left, I32(all))
	JL(LabelRef("rest"))
	tile("tile", tileRegisters, false)
	ADDQ(I32(all), argument("dst"))
	ADDQ(I32(all), argument("init"))
	ADDQ(I32(all), w)
	SUBQ(I32(all), left)
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
	for r := 1; r < tileRegisters; r++ {
		CMPQ(full, U8(r))
		JL(LabelRef(fmt.Sprintf("rest%d_row0", r)))
	}
	for r := tileRegisters; r > 0; r-- {
		Label(fmt.Sprintf("rest%d_row0", r))
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
