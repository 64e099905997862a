package kernel

import (
	"sync/atomic"
	"testing"
	"time"
)

// TestWorkersLeave: every index is worked on once, whether the workers of the call before still
// wait, have gone, or are about to go.
func TestWorkersLeave(t *testing.T) {
	const n = 64
	for i := range 2000 {
		var count [n]atomic.Int32
		Blocks(n, 1, func(lo, hi int) {
			for k := lo; k < hi; k++ {
				count[k].Add(1)
			}
		})
		for k := range count {
			if c := count[k].Load(); c != 1 {
				t.Fatalf("call %d: index %d was worked on %d times", i, k, c)
			}
		}
		for begin := time.Now(); time.Since(begin) < patience*time.Duration(i%5)/4; {
		}
	}
}
