package gradbench

import (
	"context"
	"runtime"
	"slices"
	"time"
)

// Cost returns the median time of so many gradients of an estimator, forward and backward, and the
// bytes that one allocates, for the first input. Nothing else should run meanwhile.
func Cost(n Network, e Estimator, calls int) (median time.Duration, bytes uint64, err error) {
	if err := check(context.Background(), n, e); err != nil {
		return 0, 0, err
	}
	p := n.Params()
	g := make([]float64, len(p))
	times := make([]time.Duration, max(calls, 1))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range times {
		begin := time.Now()
		if err := e.Gradient(g, p, 0, uint64(i)); err != nil {
			return 0, 0, err
		}
		times[i] = time.Since(begin)
	}
	runtime.ReadMemStats(&after)
	slices.Sort(times)
	return times[len(times)/2], (after.TotalAlloc - before.TotalAlloc) / uint64(len(times)), nil
}
