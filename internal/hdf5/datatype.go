package hdf5

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/surge-snn/surge/internal/files"
)

// Class is a class of data types.
type Class int

// The classes, in the order of the file format.
const (
	Integer Class = iota
	Float
	Time
	String
	Bitfield
	Opaque
	Compound
	Reference
	Enum
	List // of variable length: a sequence, or a string
	Array
	Complex
)

// Type is the type of the elements of a data set or an attribute.
type Type struct {
	Class Class
	Size  int   // bytes of an element
	Base  *Type // of the elements of a List, of the numbers of an Enum
	Text  bool  // a List that is a string

	big, signed            bool
	signAt, exponentAt     int
	exponentBits, fraction int // bits; the fraction starts at bit fractionAt
	fractionAt             int
	bias                   int
	implied                bool // the leading 1 of the fraction is not stored
	padding                int  // of a String: 0 NUL-terminated, 1 NUL, 2 spaces
}

// String names the type as NumPy does: "float16", "int64", "list of uint16", "string".
func (t Type) String() string {
	switch t.Class {
	case Integer:
		if t.signed {
			return fmt.Sprintf("int%d", 8*t.Size)
		}
		return fmt.Sprintf("uint%d", 8*t.Size)
	case Float:
		return fmt.Sprintf("float%d", 8*t.Size)
	case String:
		return "string"
	case Enum:
		return "enum of " + t.Base.String()
	case List:
		if t.Text {
			return "string"
		}
		return "list of " + t.Base.String()
	case Array:
		return "array"
	}
	return map[Class]string{Time: "time", Bitfield: "bitfield", Opaque: "opaque", Compound: "compound", Reference: "reference", Complex: "complex"}[t.Class]
}

// IsNumber tells whether elements are integers, floating-point numbers or an enumeration.
func (t Type) IsNumber() bool { return t.Class == Integer || t.Class == Float || t.Class == Enum }

// IsString tells whether elements are strings, of fixed or variable length.
func (t Type) IsString() bool { return t.Class == String || t.Class == List && t.Text }

// datatype reads a data type; depth bounds how deep they are nested.
func datatype(c *cursor, depth int) Type {
	if depth > 8 {
		corrupt("data type: nested deeper than 8")
	}
	head := c.u8()
	flags := c.uint(3)
	t := Type{Class: Class(head & 15), Size: int(c.u32())}
	if t.Size == 0 && t.Class != String || t.Size > 1<<30 {
		corrupt("data type: elements of %d bytes", t.Size)
	}
	t.big = flags&1 != 0
	switch t.Class {
	case Integer:
		t.signed = flags&8 != 0
		offset, precision := c.u16(), c.u16()
		if t.Size > 8 || offset != 0 || precision != 8*t.Size {
			fail(files.ErrFormat, "integers of %d bits in %d bytes are not read", precision, t.Size)
		}
	case Float:
		if flags&0x41 > 1 {
			fail(files.ErrFormat, "VAX floating-point numbers are not read")
		}
		t.signAt = int(flags >> 8 & 0xff)
		t.implied = flags>>4&3 == 2
		c.skip(4)
		t.exponentAt, t.exponentBits, t.fractionAt, t.fraction = c.u8(), c.u8(), c.u8(), c.u8()
		t.bias = int(int32(c.u32()))
		if t.Size > 8 || t.exponentBits == 0 || t.exponentBits > 11 || t.fraction == 0 || t.fraction > 52 ||
			t.signAt >= 64 || t.exponentAt+t.exponentBits > 64 || t.fractionAt+t.fraction > 64 {
			fail(files.ErrFormat, "floating-point numbers of %d bytes, %d bits of exponent and %d of fraction are not read", t.Size, t.exponentBits, t.fraction)
		}
	case String:
		t.padding = int(flags & 15)
	case Enum:
		base := datatype(c, depth+1)
		if base.Class != Integer {
			fail(files.ErrFormat, "enumerations of other than integers are not read")
		}
		t.Base = &base
	case List:
		base := datatype(c, depth+1)
		t.Base, t.Text = &base, flags&15 == 1
	}
	return t
}

// bits returns the number in the first bytes of b.
func (t Type) bits(b []byte) uint64 {
	var w [8]byte
	if t.big {
		copy(w[8-t.Size:], b[:t.Size])
		return binary.BigEndian.Uint64(w[:])
	}
	copy(w[:], b[:t.Size])
	return binary.LittleEndian.Uint64(w[:])
}

// number returns the number in the first bytes of b; a float64 that cannot hold it is an error.
func (t Type) number(b []byte) float64 {
	switch t.Class {
	case Enum:
		return t.Base.number(b)
	case Integer:
		u := t.bits(b)
		var v float64
		var exact bool
		if t.signed {
			i := int64(u<<(64-8*t.Size)) >> (64 - 8*t.Size)
			v = float64(i)
			exact = v < 1<<63 && int64(v) == i
		} else {
			v = float64(u)
			exact = v < 1<<64 && uint64(v) == u
		}
		if !exact {
			fail(files.ErrArray, "the integer %#x is not exactly a float64", u)
		}
		return v
	case Float:
		return t.float(t.bits(b))
	}
	fail(files.ErrArray, "expected numbers, found elements of type %s", t)
	return 0
}

// float returns a floating-point number of any layout of up to 64 bits.
func (t Type) float(u uint64) float64 {
	switch {
	case t.Size == 8 && t.exponentBits == 11 && t.fraction == 52:
		return math.Float64frombits(u)
	case t.Size == 4 && t.exponentBits == 8 && t.fraction == 23:
		return float64(math.Float32frombits(uint32(u)))
	}
	field := func(at, n int) uint64 { return u >> at & (1<<n - 1) }
	e, m := int(field(t.exponentAt, t.exponentBits)), float64(field(t.fractionAt, t.fraction))
	v := 0.0
	switch {
	case e == 1<<t.exponentBits-1 && m != 0:
		v = math.NaN()
	case e == 1<<t.exponentBits-1:
		v = math.Inf(1)
	case !t.implied:
		v = math.Ldexp(m, e-t.bias-t.fraction+1)
	case e == 0:
		v = math.Ldexp(m, 1-t.bias-t.fraction)
	default:
		v = math.Ldexp(m+math.Ldexp(1, t.fraction), e-t.bias-t.fraction)
	}
	if u>>t.signAt&1 != 0 {
		return -v
	}
	return v
}

// dataspace reads shape and largest shape; null tells of a space without elements.
func dataspace(c *cursor) (shape []int, most []uint64, null bool) {
	version, rank, flags := c.u8(), c.u8(), c.u8()
	switch version {
	case 1:
		c.skip(5)
	case 2:
		null = c.u8() == 2
	default:
		corrupt("data space: version %d", version)
	}
	if rank > 32 {
		corrupt("data space of %d dimensions", rank)
	}
	shape, most = make([]int, rank), make([]uint64, rank)
	for i := range shape {
		n := c.length()
		if n > 1<<48 {
			fail(files.ErrTooLarge, "a dimension of %d", n)
		}
		shape[i], most[i] = int(n), n
	}
	if flags&1 != 0 {
		for i := range most {
			most[i] = c.length()
			if c.s.lengths < 8 && most[i] == 1<<(8*c.s.lengths)-1 {
				most[i] = undefined
			}
		}
	}
	return shape, most, null
}
