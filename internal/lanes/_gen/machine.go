package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// block is the number of bytes that a kernel takes at a time, with all instructions: one register
// of AVX-512, or two of AVX2.
const block = 64

// Predicates of a compare, false where an operand is NaN, but for notEqual.
const (
	lessThan     = 0x11
	lessEqual    = 0x12
	greaterEqual = 0x1d
	greaterThan  = 0x1e
	notEqual     = 0x04
	equal        = 0x00
	notLessEqual = 0x16 // true where an operand is NaN
)

// machine writes the instructions of one kind of processor.
type machine struct {
	avx512 bool
	tail   []reg.Register
	masked bool // whether the block is the last one, of which tail tells the elements that there are
}

// vector is a block in registers.
type vector []reg.VecVirtual

func (m *machine) suffix() string {
	if m.avx512 {
		return "AVX512"
	}
	return "AVX2"
}

func (m *machine) register() reg.VecVirtual {
	if m.avx512 {
		return ZMM()
	}
	return YMM()
}

// new returns registers for a block.
func (m *machine) new() vector {
	if m.avx512 {
		return vector{ZMM()}
	}
	return vector{YMM(), YMM()}
}

func (m *machine) zero() vector {
	v := m.new()
	for _, r := range v {
		if m.avx512 {
			VPXORQ(r, r, r)
		} else {
			VXORPS(r, r, r)
		}
	}
	return v
}

// parameter returns one that all lanes get.
func (m *machine) parameter(name string) vector {
	addr, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return m.broadcast(addr.Addr)
}

// broadcast returns a number that all lanes get.
func (m *machine) broadcast(at Mem) vector {
	r := m.register()
	VBROADCASTSD(at, r)
	if m.avx512 {
		return vector{r}
	}
	return vector{r, r}
}

// move sets x to y.
func (m *machine) move(x, y vector) {
	for k := range x {
		VMOVAPD(y[k], x[k])
	}
}

// address is that of a part of a block, offset bytes from p, or at p if offset is nil.
func (m *machine) address(p, offset reg.GPVirtual, part int) Mem {
	if offset == nil {
		return Mem{Base: p, Disp: 32 * part}
	}
	return Mem{Base: p, Index: offset, Scale: 1, Disp: 32 * part}
}

// load reads a block; lanes beyond the tail are 0.
func (m *machine) load(p, offset reg.GPVirtual) vector {
	v := m.new()
	for k, r := range v {
		at := m.address(p, offset, k)
		switch {
		case !m.masked:
			VMOVUPD(at, r)
		case m.avx512:
			VMOVUPD_Z(at, m.tail[0], r)
		default:
			VMASKMOVPD(at, m.tail[k], r)
		}
	}
	return v
}

// store writes a block, in the tail only the elements that there are.
func (m *machine) store(v vector, p, offset reg.GPVirtual) {
	for k, r := range v {
		at := m.address(p, offset, k)
		switch {
		case !m.masked:
			VMOVUPD(r, at)
		case m.avx512:
			VMOVUPD(r, m.tail[0], at)
		default:
			VMASKMOVPD(r, m.tail[k], at)
		}
	}
}

func (m *machine) each(op func(...Op), x, y vector) vector {
	v := m.new()
	for k := range v {
		op(y[k], x[k], v[k])
	}
	return v
}

func (m *machine) mul(x, y vector) vector { return m.each(VMULPD, x, y) }
func (m *machine) add(x, y vector) vector { return m.each(VADDPD, x, y) }
func (m *machine) sub(x, y vector) vector { return m.each(VSUBPD, x, y) }
func (m *machine) div(x, y vector) vector { return m.each(VDIVPD, x, y) }

// larger is x where x > y, else y.
func (m *machine) larger(x, y vector) vector { return m.each(VMAXPD, x, y) }

// smaller is x where x < y, else y.
func (m *machine) smaller(x, y vector) vector { return m.each(VMINPD, x, y) }

func (m *machine) sqrt(x vector) vector {
	v := m.new()
	for k := range v {
		VSQRTPD(x[k], v[k])
	}
	return v
}

// constants are those of all kernels.
var constants = map[uint64]Mem{}

// word returns 64 bits that all lanes get.
func (m *machine) word(bits uint64) vector {
	at, ok := constants[bits]
	if !ok {
		at = ConstData(fmt.Sprintf("word%016x", bits), U64(bits))
		constants[bits] = at
	}
	return m.broadcast(at)
}

// number returns a constant that all lanes get.
func (m *machine) number(x float64) vector { return m.word(math.Float64bits(x)) }

// Of the words of a block:

func (m *machine) plusWords(x, y vector) vector  { return m.each(VPADDQ, x, y) }
func (m *machine) minusWords(x, y vector) vector { return m.each(VPSUBQ, x, y) }

func (m *machine) andWords(x, y vector) vector {
	if m.avx512 {
		return m.each(VPANDQ, x, y)
	}
	return m.each(VANDPD, x, y)
}

func (m *machine) orWords(x, y vector) vector {
	if m.avx512 {
		return m.each(VPORQ, x, y)
	}
	return m.each(VORPD, x, y)
}

func (m *machine) left(x vector, bits uint8) vector  { return m.shift(VPSLLQ, x, bits) }
func (m *machine) right(x vector, bits uint8) vector { return m.shift(VPSRLQ, x, bits) }

func (m *machine) shift(op func(...Op), x vector, bits uint8) vector {
	v := m.new()
	for k := range v {
		op(U8(bits), x[k], v[k])
	}
	return v
}

// gather reads the numbers at p + 8 index + offset.
func (m *machine) gather(p reg.GPVirtual, index vector, offset int) vector {
	v := m.zero()
	for k, r := range v {
		at := Mem{Base: p, Index: index[k], Scale: 8, Disp: offset}
		if m.avx512 {
			all, ones := K(), GP32() // KXNORW would read it, and keep it from the start of the function
			MOVL(U32(255), ones)
			KMOVW(ones, all)
			VGATHERQPD(at, all, r)
		} else {
			all := YMM()
			VPCMPEQQ(all, all, all)
			VGATHERQPD(all, at, r)
		}
	}
	return v
}

// accumulate adds x to sum, in the tail only the elements that there are.
func (m *machine) accumulate(sum, x vector) {
	for k, s := range sum {
		switch {
		case !m.masked:
			VADDPD(x[k], s, s)
		case m.avx512:
			VADDPD(x[k], s, m.tail[0], s)
		default:
			r := YMM()
			VADDPD(x[k], s, r)
			VBLENDVPD(m.tail[k], r, s, s)
		}
	}
}

// condition is a bit per lane: a mask register, or registers of which the sign counts.
type condition []reg.Register

func (m *machine) compare(predicate uint8, x, y vector) condition {
	if m.avx512 {
		k := K()
		VCMPPD(U8(predicate), y[0], x[0], k)
		return condition{k}
	}
	var c condition
	for i := range x {
		r := YMM()
		VCMPPD(U8(predicate), y[i], x[i], r)
		c = append(c, r)
	}
	return c
}

func (m *machine) and(x, y condition) condition {
	for k := range x {
		if m.avx512 {
			KANDW(x[k], y[k], x[k])
		} else {
			VANDPD(x[k], y[k], x[k])
		}
	}
	return x
}

func (m *machine) or(x, y condition) condition {
	for k := range x {
		if m.avx512 {
			KORW(x[k], y[k], x[k])
		} else {
			VORPD(x[k], y[k], x[k])
		}
	}
	return x
}

// choose sets x to y where c is true.
func (m *machine) choose(c condition, x, y vector) {
	for k, r := range x {
		if m.avx512 {
			VMOVAPD(y[k], c[k], r)
		} else {
			VBLENDVPD(c[k], y[k], r, r)
		}
	}
}

// storeIf writes the lanes in which c is true.
func (m *machine) storeIf(c condition, v vector, p reg.GPVirtual) {
	for k, r := range v {
		if at := m.address(p, nil, k); m.avx512 {
			VMOVUPD(r, c[k], at)
		} else {
			VMASKMOVPD(r, c[k], at)
		}
	}
}

// integer returns one that all lanes get.
func (m *machine) integer(x reg.GPVirtual) vector {
	s, r := XMM(), m.register()
	VMOVQ(x, s)
	VPBROADCASTQ(s, r)
	if m.avx512 {
		return vector{r}
	}
	return vector{r, r}
}

// present is the condition c in the elements that there are.
func (m *machine) present(c condition) condition {
	if m.masked {
		return m.and(c, condition(m.tail))
	}
	return c
}

// elements are the bits of the elements that there are.
func (m *machine) elements() reg.GPVirtual {
	if m.masked {
		return m.bits(condition(m.tail))
	}
	all := GP32()
	MOVL(U32(255), all)
	return all
}

// bits returns the bits of a condition, the first lane lowest.
func (m *machine) bits(c condition) reg.GPVirtual {
	b := GP32()
	if m.avx512 {
		KMOVW(c[0], b)
		ANDL(U8(255), b)
		return b
	}
	high := GP32()
	VMOVMSKPD(c[0], b)
	VMOVMSKPD(c[1], high)
	SHLL(U8(4), high)
	ORL(high, b)
	return b
}

// bytes returns how many n elements take.
func (m *machine) bytes(n reg.GPVirtual) reg.GPVirtual {
	bytes := GP64()
	MOVQ(n, bytes)
	SHLQ(U8(3), bytes)
	return bytes
}

// first makes the tail the first elements of a block, which take so many bytes.
func (m *machine) first(bytes reg.GPVirtual, ones Mem) {
	if m.avx512 {
		count, all := GP32(), GP32()
		MOVL(bytes.As32(), count)
		SHRL(U8(3), count)
		MOVL(I32(-1), all)
		BZHIL(count, all, all)
		k := K()
		KMOVW(all, k)
		m.tail = []reg.Register{k}
	} else {
		table := GP64()
		LEAQ(ones.Offset(block), table)
		SUBQ(bytes, table)
		m.tail = nil
		for part := range 2 {
			r := YMM()
			VMOVUPD(Mem{Base: table, Disp: 32 * part}, r)
			m.tail = append(m.tail, r)
		}
	}
}

// over writes a loop over n elements: body gets the offset of a block in bytes.
func (m *machine) over(name string, n reg.GPVirtual, ones Mem, body func(offset reg.GPVirtual)) {
	bytes, offset := m.bytes(n), GP64()
	XORQ(offset, offset)
	SUBQ(U8(block), bytes)
	JL(LabelRef(name + "_tail"))
	Label(name + "_loop")
	m.masked = false
	body(offset)
	ADDQ(U8(block), offset)
	SUBQ(U8(block), bytes)
	JGE(LabelRef(name + "_loop"))
	Label(name + "_tail")
	ADDQ(U8(block), bytes) // those that are left
	JZ(LabelRef(name + "_end"))
	m.first(bytes, ones)
	m.masked = true
	body(offset)
	m.masked = false
	Label(name + "_end")
}

// sum adds the lanes as the specification says: the first half takes the second, until one is left.
func (m *machine) sum(v vector) reg.VecVirtual {
	low := YMM()
	if m.avx512 {
		VEXTRACTF64X4(U8(1), v[0], low)
		VADDPD(low, v[0].AsY(), low)
	} else {
		VADDPD(v[1], v[0], low)
	}
	s, t := XMM(), XMM()
	VEXTRACTF128(U8(1), low, s)
	VADDPD(s, low.AsX(), s)
	VUNPCKHPD(s, s, t)
	VADDSD(t, s, s)
	return s
}
