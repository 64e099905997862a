package main

import (
	"fmt"
	"math"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// block is the number of bytes that an elementwise kernel takes at a time, with all instructions:
// one register of AVX-512, or two of AVX2.
const block = 64

// Predicates of a compare.
const (
	equal        = 0x00
	notEqual     = 0x04 // true where an operand is NaN
	lessEqual    = 0x12
	notLessEqual = 0x16 // true where an operand is NaN
	greaterEqual = 0x1d
	greaterThan  = 0x1e

	notGreaterEqual = 0x19 // true where an operand is NaN
)

// machine writes the instructions of one kind of processor for one type of number.
type machine struct {
	avx512, double bool
	ones           Mem // bytes of ones, then as many zeros
	tail           []reg.Register
	short          bool // a vector is one register, even if that is less than a block
	masked         bool // whether the block is the last one, of which tail tells the elements that there are
	name           string
}

// vector is a block in registers, or one register.
type vector []reg.VecVirtual

// instruction is one for float32 and one for float64.
type instruction struct{ single, double func(...Op) }

var (
	vmov    = instruction{VMOVUPS, VMOVUPD}
	vmovZ   = instruction{three(VMOVUPS_Z), three(VMOVUPD_Z)}
	vmaskmv = instruction{three(VMASKMOVPS), three(VMASKMOVPD)}
	vadd    = instruction{VADDPS, VADDPD}
	vsub    = instruction{VSUBPS, VSUBPD}
	vmul    = instruction{VMULPS, VMULPD}
	vdiv    = instruction{VDIVPS, VDIVPD}
	vsqrt   = instruction{VSQRTPS, VSQRTPD}
	vmax    = instruction{VMAXPS, VMAXPD}
	vmin    = instruction{VMINPS, VMINPD}
	vcmp    = instruction{VCMPPS, VCMPPD}
	vblend  = instruction{four(VBLENDVPS), four(VBLENDVPD)}
	vbits   = instruction{two(VMOVMSKPS), two(VMOVMSKPD)}
	vspread = instruction{VBROADCASTSS, VBROADCASTSD}
	vfma    = instruction{VFMADD231PS, VFMADD231PD}
)

func two(f func(a, b Op)) func(...Op)        { return func(o ...Op) { f(o[0], o[1]) } }
func three(f func(a, b, c Op)) func(...Op)   { return func(o ...Op) { f(o[0], o[1], o[2]) } }
func four(f func(a, b, c, d Op)) func(...Op) { return func(o ...Op) { f(o[0], o[1], o[2], o[3]) } }

func (m *machine) do(i instruction, ops ...Op) {
	if m.double {
		i.double(ops...)
	} else {
		i.single(ops...)
	}
}

// size is that of a number in bytes, width that of a register.
func (m *machine) size() int {
	if m.double {
		return 8
	}
	return 4
}

func (m *machine) width() int {
	if m.avx512 {
		return 64
	}
	return 32
}

// shift is the binary logarithm of size.
func (m *machine) shift() uint8 {
	if m.double {
		return 3
	}
	return 2
}

func (m *machine) suffix() string {
	s := "F32"
	if m.double {
		s = "F64"
	}
	if m.avx512 {
		return s + "AVX512"
	}
	return s + "AVX2"
}

// number is the type of Go.
func (m *machine) number() string {
	if m.double {
		return "float64"
	}
	return "float32"
}

func (m *machine) register() reg.VecVirtual {
	if m.avx512 {
		return ZMM()
	}
	return YMM()
}

// new returns registers for a block.
func (m *machine) new() vector {
	if m.avx512 || m.short {
		return vector{m.register()}
	}
	return vector{YMM(), YMM()}
}

func (m *machine) clear(r reg.VecVirtual) {
	if m.avx512 {
		VPXORQ(r, r, r)
	} else {
		VXORPS(r, r, r)
	}
}

func (m *machine) zero() vector {
	v := m.new()
	for _, r := range v {
		m.clear(r)
	}
	return v
}

// both returns a block of one register.
func (m *machine) both(r reg.VecVirtual) vector {
	if m.avx512 {
		return vector{r}
	}
	return vector{r, r}
}

// parameter returns one that all lanes get.
func (m *machine) parameter(name string) vector {
	addr, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	r := m.register()
	m.do(vspread, addr.Addr, r)
	return m.both(r)
}

// constants are those of all kernels.
var constants = map[string]Mem{}

// constant returns a number that all lanes get.
func (m *machine) constant(x float64) vector {
	return m.word(math.Float64bits(x), math.Float32bits(float32(x)))
}

// word returns bits that all lanes get.
func (m *machine) word(double uint64, single uint32) vector {
	name := fmt.Sprintf("word%08x", single)
	if m.double {
		name = fmt.Sprintf("word%016x", double)
	}
	at, ok := constants[name]
	if !ok {
		if m.double {
			at = ConstData(name, U64(double))
		} else {
			at = ConstData(name, U32(single))
		}
		constants[name] = at
	}
	r := m.register()
	m.do(vspread, at, r)
	return m.both(r)
}

// part is the address of a part of a block, offset bytes from p, or at p if offset is nil.
func part(p, offset reg.GPVirtual, k int) Mem {
	if offset == nil {
		return Mem{Base: p, Disp: 32 * k}
	}
	return Mem{Base: p, Index: offset, Scale: 1, Disp: 32 * k}
}

// load reads a block; lanes beyond the tail are 0.
func (m *machine) load(p, offset reg.GPVirtual) vector {
	v := m.new()
	for k, r := range v {
		at := part(p, offset, k)
		switch {
		case !m.masked:
			m.do(vmov, at, r)
		case m.avx512:
			m.do(vmovZ, at, m.tail[0], r)
		default:
			m.do(vmaskmv, at, m.tail[k], r)
		}
	}
	return v
}

// store writes a block, in the tail only the elements that there are.
func (m *machine) store(v vector, p, offset reg.GPVirtual) {
	for k, r := range v {
		at := part(p, offset, k)
		switch {
		case !m.masked:
			m.do(vmov, r, at)
		case m.avx512:
			m.do(vmov, r, m.tail[0], at)
		default:
			m.do(vmaskmv, r, m.tail[k], at)
		}
	}
}

func (m *machine) each(i instruction, x, y vector) vector {
	v := m.new()
	for k := range v {
		m.do(i, y[k], x[k], v[k])
	}
	return v
}

func (m *machine) mul(x, y vector) vector { return m.each(vmul, x, y) }
func (m *machine) add(x, y vector) vector { return m.each(vadd, x, y) }
func (m *machine) sub(x, y vector) vector { return m.each(vsub, x, y) }
func (m *machine) div(x, y vector) vector { return m.each(vdiv, x, y) }

func (m *machine) sqrt(x vector) vector {
	v := m.new()
	for k := range v {
		m.do(vsqrt, x[k], v[k])
	}
	return v
}

// and is bitwise.
func (m *machine) and(x, y vector) vector {
	if m.avx512 {
		return m.each(instruction{VPANDD, VPANDQ}, x, y)
	}
	return m.each(instruction{VANDPS, VANDPD}, x, y)
}

// abs is |x|.
func (m *machine) abs(x vector) vector { return m.and(x, m.word(1<<63-1, 1<<31-1)) }

// condition is a bit per lane: a mask register, or registers of which the sign counts.
type condition []reg.Register

func (m *machine) compare(predicate uint8, x, y vector) condition {
	if m.avx512 {
		k := K()
		m.do(vcmp, U8(predicate), y[0], x[0], k)
		return condition{k}
	}
	var c condition
	for i := range x {
		r := YMM()
		m.do(vcmp, U8(predicate), y[i], x[i], r)
		c = append(c, r)
	}
	return c
}

// choose returns y where c is true, else x.
func (m *machine) choose(c condition, x, y vector) vector {
	v := m.new()
	for k, r := range v {
		if m.avx512 {
			m.do(vmov, x[k], r)
			m.do(vmov, y[k], c[k], r)
		} else {
			m.do(vblend, c[k], y[k], x[k], r)
		}
	}
	return v
}

// keep returns x where c is true, else 0.
func (m *machine) keep(c condition, x vector) vector {
	v := m.new()
	for k, r := range v {
		if m.avx512 {
			m.do(vmovZ, x[k], c[k], r)
		} else {
			m.do(instruction{VANDPS, VANDPD}, c[k], x[k], r)
		}
	}
	return v
}

// bits returns the bits of a condition in the elements that there are, the first lane lowest: 16 of
// float32, 8 of float64.
func (m *machine) bits(c condition) reg.GPVirtual {
	b := GP32()
	if m.avx512 {
		k := c[0]
		if m.masked {
			k = K()
			KANDW(c[0], m.tail[0], k)
		}
		KMOVW(k, b)
		if m.double {
			ANDL(U32(255), b)
		}
		return b
	}
	parts := condition{c[0], c[1]}
	if m.masked {
		for k := range parts {
			parts[k] = YMM()
			VANDPS(c[k], m.tail[k], parts[k])
		}
	}
	high := GP32()
	m.do(vbits, parts[0], b)
	m.do(vbits, parts[1], high)
	SHLL(U8(32/m.size()), high)
	ORL(high, b)
	return b
}

// storeBits writes them.
func (m *machine) storeBits(b reg.GPVirtual, at reg.GPVirtual) {
	if m.double {
		MOVB(b.As8(), Mem{Base: at})
		INCQ(at)
	} else {
		MOVW(b.As16(), Mem{Base: at})
		ADDQ(U8(2), at)
	}
}

// bytes returns how many n elements take.
func (m *machine) bytes(n reg.GPVirtual) reg.GPVirtual {
	bytes := GP64()
	MOVQ(n, bytes)
	SHLQ(U8(m.shift()), bytes)
	return bytes
}

// first makes the tail the first elements of a block, which take so many bytes.
func (m *machine) first(bytes reg.GPVirtual) {
	if m.avx512 {
		count, all := GP32(), GP32()
		MOVL(bytes.As32(), count)
		SHRL(U8(m.shift()), count)
		MOVL(I32(-1), all)
		BZHIL(count, all, all)
		k := K()
		KMOVW(all, k)
		m.tail = []reg.Register{k}
		return
	}
	table := GP64()
	LEAQ(m.ones.Offset(block), table)
	SUBQ(bytes, table)
	m.tail = nil
	for k := range 2 {
		r := YMM()
		VMOVUPD(Mem{Base: table, Disp: 32 * k}, r)
		m.tail = append(m.tail, r)
	}
}

// over writes a loop over n elements: body gets the offset of a block in bytes.
func (m *machine) over(n reg.GPVirtual, body func(offset reg.GPVirtual)) {
	bytes, offset := m.bytes(n), GP64()
	XORQ(offset, offset)
	SUBQ(U8(block), bytes)
	JL(LabelRef("tail"))
	Label("loop")
	m.masked = false
	body(offset)
	ADDQ(U8(block), offset)
	SUBQ(U8(block), bytes)
	JGE(LabelRef("loop"))
	Label("tail")
	ADDQ(U8(block), bytes) // those that are left
	JZ(LabelRef("end"))
	m.first(bytes)
	m.masked = true
	body(offset)
	m.masked = false
	Label("end")
}

// function begins a kernel with a signature of Go, in which T is the number.
func (m *machine) function(name, of string) {
	m.name = name + m.suffix()
	register(name, of, m)
	signature := ""
	for _, c := range strings.ReplaceAll(of, "*row", "*byte") {
		if c == 'T' {
			signature += m.number()
		} else {
			signature += string(c)
		}
	}
	TEXT(m.name, NOSPLIT, "func"+signature)
	Doc(m.name + " is " + name + " in generic.go.")
	Pragma("noescape")
}

func pointer(name string) reg.GPVirtual { return Load(Param(name), GP64()).(reg.GPVirtual) }
