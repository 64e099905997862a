package cells

import (
	"unsafe"

	"github.com/surge-snn/surge/internal/fmath"
)

// Scratch is what the code for amd64 needs beside its operands. One goroutine at a time may use it.
type Scratch struct {
	tables [8]unsafe.Pointer
	spill  [64 * 64]byte // registers
}

// NewScratch returns a Scratch.
func NewScratch() *Scratch {
	s := &Scratch{}
	s.tables[0], s.tables[1] = fmath.ExpTable(), unsafe.Pointer(fmath.LogTable())
	return s
}

// kind is one of the loops.
type kind uint8

const (
	currents kind = iota
	membrane
	forced
	spiked
	slopes
	local
	localSoft
	spikeS
	spikeT
	spikeForced
	spikeRockpool
	linear
	mixed
	expSyn
	expSynBack
	alpha
	alphaExact
	alphaBack
	softmax
	largest
	drive
	compete
	settle
	kinds
)

// operands are the structs of the loops.
type operands[T Float] interface {
	Currents[T] | Membrane[T] | Forced[T] | Spiked[T] | Slopes[T] | Local[T] | SpikeS[T] | SpikeT[T] | SpikeForced[T] | SpikeRockpool[T] | Linear[T] | Mixed[T] |
		ExpSyn[T] | ExpSynBack[T] | Alpha[T] | AlphaExact[T] | AlphaBack[T] | Softmax[T] | Larger[T] | Drive[T] | Compete[T] | Settle[T]
}

// instructionSet is one that loops are written for.
type instructionSet uint8

const (
	none instructionSet = iota
	avx2
	avx512
)

// Instructions names the set of instructions in use: "AVX-512", "AVX2" or "generic".
func Instructions() string {
	return [...]string{none: "generic", avx2: "AVX2", avx512: "AVX-512"}[level]
}

// call runs a loop over rows of n > 0 elements in vector instructions, where the processor has
// them.
func call[T Float, A operands[T]](k kind, a *A, s *Scratch, n, rows int) (found int, ok bool) {
	if level == none {
		return 0, false
	}
	number := 1
	if single[T]() {
		number = 0
	}
	return kernels[level][number][k]((*byte)(unsafe.Pointer(a)), (*byte)(unsafe.Pointer(s)), n, rows), true
}

// run is call for loops that report nothing.
func run[T Float, A operands[T]](k kind, a *A, s *Scratch, n, rows int) bool {
	_, ok := call[T](k, a, s, n, rows)
	return ok
}
