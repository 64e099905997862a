package fmath

import (
	"math"
	"unsafe"
)

// Flush returns x, or 0 where it is no larger than 2^-100 (float64: 2^-960). What decays from step
// to step, a state in silence or a gradient on its way back through time, vanishes in the end, and
// numbers that have become subnormal stay so for long: a product with one of them costs a processor
// some hundred cycles.
func Flush[T float32 | float64](x T) T {
	least := 0x1p-960
	if unsafe.Sizeof(x) == 4 {
		least = 0x1p-100
	}
	if math.Abs(float64(x)) <= least {
		return 0
	}
	return x
}
