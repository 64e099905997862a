package kernel

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

var impl gonum.Implementation

// Axpy adds a·x to y: y[i] += a·x[i]. x and y have one length.
func Axpy[T Float](a T, x, y []T) {
	switch x := any(x).(type) {
	case []float32:
		impl.Saxpy(len(x), float32(a), x, 1, any(y).([]float32), 1)
	case []float64:
		impl.Daxpy(len(x), float64(a), x, 1, any(y).([]float64), 1)
	}
}

// Gemm computes C = op(A)·op(B) + beta·C for row-major matrices without gaps between
// their rows, where op transposes if ta or tb says so: op(A) is m×k, op(B) is k×n, C is m×n.
func Gemm[T Float](ta, tb bool, m, n, k int, a, b []T, beta T, c []T) {
	if m == 0 || n == 0 {
		return
	}
	lda, ldb := k, n
	opA, opB := blas.NoTrans, blas.NoTrans
	if ta {
		opA, lda = blas.Trans, m
	}
	if tb {
		opB, ldb = blas.Trans, k
	}
	switch a := any(a).(type) {
	case []float32:
		impl.Sgemm(opA, opB, m, n, k, 1, a, lda, any(b).([]float32), ldb, float32(beta), any(c).([]float32), n)
	case []float64:
		impl.Dgemm(opA, opB, m, n, k, 1, a, lda, any(b).([]float64), ldb, float64(beta), any(c).([]float64), n)
	}
}

// SumRows writes the sum of the rows of the m×n matrix x into dst: dst[j] = Σ_i x[i][j],
// in the order of the rows.
func SumRows[T Float](dst, x []T) {
	n := len(dst)
	clear(dst)
	for i := 0; i+n <= len(x); i += n {
		for j, v := range x[i : i+n] {
			dst[j] += v
		}
	}
}
