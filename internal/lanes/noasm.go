//go:build !amd64 || noasm

package lanes

func fastAdvance[T Float](_ []uint64, _, _, _, _ []T, _ Factors[T], _ T) bool { return false }
func fastRetreat[T Float](_, _ []T, _ Factors[T]) bool                        { return false }
func fastAdd[T Float](_, _ []T) bool                                          { return false }
func fastMoved[T Float](_, _, _ []T, _, _ T) (T, bool)                        { return 0, false }
func fastFinite[T Float](_ []T) (all, ok bool)                                { return false, false }
func fastRun(_, _ []float64, _ []Step, _ []float64, _ float64) (done int, hits uint64, ok bool) {
	return 0, 0, false
}
func fastClimb(_, _, _, _ []float64, _ []int64, _ []Step, _ int, _ []float64) (done int, hits uint64, ok bool) {
	return 0, 0, false
}
func fastRunBack(_, _ []float64, _ []Step, _, _, _ []float64, _, _ float64) bool { return false }
