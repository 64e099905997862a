package kernel

import "unsafe"

//go:generate go -C _gen run . -pkg kernel -out ../kernel_amd64.s -stubs ../stubs_amd64.go -dispatch ../dispatch_amd64.go -none ../noasm.go

// Instructions names the set of instructions that the kernels use: "AVX-512", "AVX2" or
// "generic".
func Instructions() string {
	switch {
	case avx512:
		return "AVX-512"
	case avx2:
		return "AVX2"
	}
	return "generic"
}

// single says whether T is float32.
func single[T Float]() bool {
	var x T
	return unsafe.Sizeof(x) == 4
}

// at returns the address of the first element, nil for an empty slice without memory.
func at[E any](x []E) *E { return unsafe.SliceData(x) }
