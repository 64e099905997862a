package kernel

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Blocks splits 0..n-1 into blocks of the given size and calls f(lo, hi) for each, on up
// to GOMAXPROCS goroutines, this one among them. The blocks depend on n and size alone;
// the calls must not write to the same memory. A panic of f is passed on, when all
// workers have stopped. Blocks itself allocates nothing after warm-up.
func Blocks(n, size int, f func(lo, hi int)) {
	workers := min((n+size-1)/size, runtime.GOMAXPROCS(0))
	if workers <= 1 {
		for lo := 0; lo < n; lo += size {
			f(lo, min(lo+size, n))
		}
		return
	}
	j := takeJob()
	j.n, j.size, j.f = n, size, f
	j.next.Store(0)
	j.wait.Add(workers)
	for range workers - 1 {
		go j.work()
	}
	j.work()
	j.wait.Wait()
	p := j.panicked.Swap(nil)
	j.f = nil
	jobs.Keep(j)
	if p != nil {
		panic(*p)
	}
}

// job is the work that the goroutines of one call of Blocks share.
type job struct {
	n, size  int
	f        func(lo, hi int)
	next     atomic.Int64 // blocks that have been taken
	wait     sync.WaitGroup
	panicked atomic.Pointer[any]
	work     func() // run, made once: a method value would be allocated for each worker
}

var jobs Spare[job]

func takeJob() *job {
	j := jobs.Take()
	if j == nil {
		j = &job{}
		j.work = j.run
	}
	return j
}

func (j *job) run() {
	defer j.wait.Done()
	defer func() {
		if p := recover(); p != nil {
			first := p // on the heap only here
			j.panicked.CompareAndSwap(nil, &first)
		}
	}()
	for {
		lo := (int(j.next.Add(1)) - 1) * j.size
		if lo >= j.n {
			return
		}
		j.f(lo, min(lo+j.size, j.n))
	}
}
