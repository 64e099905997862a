package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// gemm adds the product of some rows of A with a panel of B to a tile of C, which stays in
// registers: with rows i and steps l,
//
//	c[i*ldc + j] = fma(a[i*rs + l*cs], b[l*bs + j], c[i*ldc + j])
//
// by rising l. Strides are in elements. Where fresh is not zero, the sums begin at 0.
func (m *machine) gemm(rows int) {
	m.function(fmt.Sprintf("gemm%d", rows), "(c *T, ldc int, a *T, rs, cs int, b *T, bs, k, fresh int)")
	c, ldc := pointer("c"), m.bytes(pointer("ldc"))
	rs, cs := m.bytes(pointer("rs")), m.bytes(pointer("cs"))
	b, bs, k := pointer("b"), m.bytes(pointer("bs")), pointer("k")
	// Rows are reached three at a time.
	base := func(p, stride reg.GPVirtual) []reg.GPVirtual {
		all := []reg.GPVirtual{p}
		for r := 3; r < rows; r += 3 {
			next := GP64()
			LEAQ(Mem{Base: all[len(all)-1], Index: stride, Scale: 2}, next)
			ADDQ(stride, next)
			all = append(all, next)
		}
		return all
	}
	at := func(base []reg.GPVirtual, stride reg.GPVirtual, r int) Mem {
		if r%3 == 0 {
			return Mem{Base: base[r/3]}
		}
		return Mem{Base: base[r/3], Index: stride, Scale: uint8(r % 3)}
	}
	sums := make([][2]reg.VecVirtual, rows)
	for r := range sums {
		sums[r] = [2]reg.VecVirtual{m.register(), m.register()}
	}
	fresh := pointer("fresh")
	TESTQ(fresh, fresh)
	JNZ(LabelRef("fresh"))
	pc := base(c, ldc)
	for r, s := range sums {
		mem := at(pc, ldc, r)
		m.do(vmov, mem, s[0])
		mem.Disp = m.width()
		m.do(vmov, mem, s[1])
	}
	JMP(LabelRef("steps"))
	Label("fresh")
	for _, s := range sums {
		m.clear(s[0])
		m.clear(s[1])
	}
	Label("steps")
	pa := base(pointer("a"), rs)
	const unroll = 4
	step := func() {
		b0, b1 := m.register(), m.register()
		m.do(vmov, Mem{Base: b}, b0)
		m.do(vmov, Mem{Base: b, Disp: m.width()}, b1)
		ADDQ(bs, b)
		for r, s := range sums {
			x := m.register()
			m.do(vspread, at(pa, rs, r), x)
			m.do(vfma, b0, x, s[0])
			m.do(vfma, b1, x, s[1])
		}
		for _, p := range pa {
			ADDQ(cs, p)
		}
	}
	SUBQ(U8(unroll), k)
	JL(LabelRef("rest"))
	Label("four")
	for range unroll {
		step()
	}
	SUBQ(U8(unroll), k)
	JGE(LabelRef("four"))
	Label("rest")
	ADDQ(U8(unroll), k)
	JZ(LabelRef("store"))
	Label("one")
	step()
	DECQ(k)
	JNZ(LabelRef("one"))
	Label("store")
	pc = base(pointer("c"), ldc)
	for r, s := range sums {
		mem := at(pc, ldc, r)
		m.do(vmov, s[0], mem)
		mem.Disp = m.width()
		m.do(vmov, s[1], mem)
	}
	VZEROUPPER()
	RET()
}
