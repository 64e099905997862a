package models

import "github.com/surge-snn/surge/internal/kernel"

// timeSum is a sum over the steps of a sequence, for each neuron of each row: kernels add to part,
// which [timeSum.fold] adds up in float64 every foldSteps steps. In float32 alone, a million steps
// of one size are 1 % off.
type timeSum[T kernel.Float] struct {
	part  []T // [B, N]
	total []float64
}

const foldSteps = 256

// begin makes room for n numbers, zeros where a sequence ends here.
func (s *timeSum[T]) begin(n int, whole bool) {
	s.part, s.total = resized(s.part, n), resized(s.total, n)
	if whole {
		clear(s.part)
		clear(s.total)
	}
}

// fold adds up the rows and neurons of a task, of n neurons, behind the adjoint of time step t,
// which counts from the beginning of the sequence.
func (s *timeSum[T]) fold(t int, at *task[T], n int) {
	if t%foldSteps != 0 {
		return
	}
	for b := at.lo; b < at.hi; b++ {
		part, total := s.part[b*n+at.from:b*n+at.to], s.total[b*n+at.from:b*n+at.to]
		for j, v := range part {
			total[j] += float64(v)
		}
		clear(part)
	}
}

// rows writes the sum over the rows into dst, in the order of the rows, when all of the sequence is
// folded.
func (s *timeSum[T]) rows(dst []T) {
	clear(dst)
	for lo := 0; lo < len(s.total); lo += len(dst) {
		for j, v := range s.total[lo : lo+len(dst)] {
			dst[j] += T(v)
		}
	}
}
