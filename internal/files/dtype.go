package files

import (
	"encoding/binary"
	"fmt"
	"math"
)

// DType is an element type in a file, by its NumPy name: "bool", "int8" .. "int64", "uint8" ..
// "uint64", "float16", "float32", "float64"; "str" for strings. The zero value stands for float64.
type DType string

// Element types of files.
const (
	Bool    DType = "bool"
	Int8    DType = "int8"
	Int16   DType = "int16"
	Int32   DType = "int32"
	Int64   DType = "int64"
	Uint8   DType = "uint8"
	Uint16  DType = "uint16"
	Uint32  DType = "uint32"
	Uint64  DType = "uint64"
	Float16 DType = "float16"
	Float32 DType = "float32"
	Float64 DType = "float64"
	Text    DType = "str" // of a [Packed] only
)

// codes are the type codes of .npy files: a letter for the kind and the size in bytes.
var codes = map[DType]string{
	Bool: "b1", Int8: "i1", Int16: "i2", Int32: "i4", Int64: "i8",
	Uint8: "u1", Uint16: "u2", Uint32: "u4", Uint64: "u8", Float16: "f2", Float32: "f4", Float64: "f8",
}

// dtypeOfCode returns the type with this code, or "".
func dtypeOfCode(code string) DType {
	for _, d := range []DType{Bool, Int8, Int16, Int32, Int64, Uint8, Uint16, Uint32, Uint64, Float16, Float32, Float64} {
		if codes[d] == code {
			return d
		}
	}
	return ""
}

// size of an element in bytes.
func (d DType) size() int { return int(codes[d][1] - '0') }

// word is what the encodings of both byte orders have in common.
type word interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// bits returns the element in b as an unsigned number.
func (d DType) bits(b []byte, order word) uint64 {
	switch d.size() {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(order.Uint16(b))
	case 4:
		return uint64(order.Uint32(b))
	}
	return order.Uint64(b)
}

// value returns the element with these bits; ok is false where a float64 cannot hold it, or it is
// not a bool.
func (d DType) value(u uint64) (v float64, ok bool) {
	switch d {
	case Bool:
		return float64(u), u <= 1
	case Int8:
		return float64(int8(u)), true
	case Int16:
		return float64(int16(u)), true
	case Int32:
		return float64(int32(u)), true
	case Int64:
		v = float64(int64(u))
		return v, v < 1<<63 && int64(v) == int64(u)
	case Uint8, Uint16, Uint32:
		return float64(u), true
	case Uint64:
		v = float64(u)
		return v, v < 1<<64 && uint64(v) == u
	case Float16:
		return half(uint16(u)), true
	case Float32:
		return float64(math.Float32frombits(uint32(u))), true
	}
	return math.Float64frombits(u), true
}

// ranges of the integers: lo <= v < hi.
var ranges = map[DType][2]float64{
	Bool: {0, 2}, Int8: {-1 << 7, 1 << 7}, Int16: {-1 << 15, 1 << 15}, Int32: {-1 << 31, 1 << 31}, Int64: {-1 << 63, 1 << 63},
	Uint8: {0, 1 << 8}, Uint16: {0, 1 << 16}, Uint32: {0, 1 << 32}, Uint64: {0, 1 << 64},
}

// append appends v as an element in little-endian order; v must be exactly one of type d.
func (d DType) append(b []byte, v float64) ([]byte, error) {
	var u uint64
	switch {
	case d == Float64:
		u = math.Float64bits(v)
	case d == Float16:
		h, ok := toHalf(v)
		if !ok {
			return b, fmt.Errorf("%w: %v is not a float16", ErrArray, v)
		}
		u = uint64(h)
	case d == Float32:
		f := float32(v)
		if float64(f) != v && v == v {
			return b, fmt.Errorf("%w: %v is not a float32", ErrArray, v)
		}
		u = uint64(math.Float32bits(f))
	default:
		r := ranges[d]
		if !(v >= r[0] && v < r[1]) || v != math.Trunc(v) {
			return b, fmt.Errorf("%w: %v is not a value of type %s", ErrArray, v, d)
		}
		if v < 0 {
			u = uint64(int64(v))
		} else {
			u = uint64(v)
		}
	}
	switch d.size() {
	case 1:
		return append(b, byte(u)), nil
	case 2:
		return binary.LittleEndian.AppendUint16(b, uint16(u)), nil
	case 4:
		return binary.LittleEndian.AppendUint32(b, uint32(u)), nil
	}
	return binary.LittleEndian.AppendUint64(b, u), nil
}
