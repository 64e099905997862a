// Package kernel holds the arithmetic that the fused operations share: lists of
// events, matrix products and parallel loops.
//
// Results do not depend on the number of workers: every number is summed in an order
// that the shapes and the data alone determine. [Axpy] and [Gemm] are those of gonum,
// whose portable code, used outside of amd64, leaves it to the compiler whether to fuse
// a multiplication and an addition.
package kernel

// Float is the element type of a kernel.
type Float interface{ float32 | float64 }
