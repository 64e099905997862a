package kernel

import (
	"runtime"
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

// TestAbreast: functions that run at once share the processors, so that the calls of Blocks in them
// have no more goroutines at work than there are processors; a panic leaves the next call all.
func TestAbreast(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	for _, c := range []struct{ functions, each int }{{1, 4}, {2, 2}, {3, 2}, {4, 1}, {9, 1}} {
		var sum atomic.Int64
		Abreast(c.functions, func(i, _ int) {
			if n := Processors(100); n != c.each {
				t.Errorf("%d functions: %d processors for one, want %d", c.functions, n, c.each)
			}
			Blocks(100, 1, func(lo, _ int) { sum.Add(int64(100*i + lo)) })
		})
		if n := int64(100 * c.functions); sum.Load() != n*(n-1)/2 {
			t.Errorf("%d functions: sum %d", c.functions, sum.Load())
		}
		func() {
			defer func() { _ = recover() }()
			Abreast(c.functions, func(int, int) { panic("a function") })
		}()
		if n := Processors(100); n != 4 {
			t.Errorf("%d processors afterwards", n)
		}
	}
}
