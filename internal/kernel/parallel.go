package kernel

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Blocks splits 0..n-1 into blocks of the given size and calls f(lo, hi) for each, on up
// to GOMAXPROCS goroutines, this one among them. The blocks depend on n and size alone;
// the calls must not write to the same memory. A panic of f is passed on, when all
// workers have stopped. Blocks itself allocates nothing after warm-up. Within [Abreast] it uses
// a part of the processors.
func Blocks(n, size int, f func(lo, hi int)) { blocks(Processors((n+size-1)/size), n, size, f) }

// abreast is the number of goroutines of all calls of Abreast.
var abreast atomic.Int32

// Abreast calls f(0, 1), f(1, 2), ... f(n-1, n) at once, as Blocks does with blocks of 1. Calls of
// Blocks in f use their part of the processors alone: one goroutine, which waits for nobody, where
// there are no more processors than functions.
func Abreast(n int, f func(lo, hi int)) {
	workers := Processors(n)
	abreast.Add(int32(workers))
	defer abreast.Add(-int32(workers))
	blocks(workers, n, 1, f)
}

// Processors is how many processors so many parts may use, at least 1.
func Processors(parts int) int {
	procs, callers := runtime.GOMAXPROCS(0), max(1, int(abreast.Load()))
	return max(1, min(parts, (procs+callers-1)/callers))
}

func blocks(workers, n, size int, f func(lo, hi int)) {
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
	j.busy.Store(int32(workers))
	for range workers - 1 {
		j.hire()
	}
	j.work()
	j.end()
	linger(func() bool { return j.busy.Load() == 0 })
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
	busy     atomic.Int32 // workers that have not ended
	wait     sync.WaitGroup
	panicked atomic.Pointer[any]
}

var jobs Spare[job]

// worker is a goroutine that waits a little for the next job when one is done: to wake another one
// takes longer than a small job. It gives way to all others after a little.
type worker struct {
	next atomic.Pointer[job] // gone: the goroutine has ended
	work func()              // made once: a method value is allocated
}

var (
	idle Spare[worker] // that wait or have ended
	gone job
)

// patience is how long a worker waits, and haste how long without giving way: a goroutine that
// gives way may go on at another processor, where nothing of what it works on is in the cache.
const (
	patience = 50 * time.Microsecond
	haste    = 10 * time.Microsecond
)

// linger waits until done, but no longer than patience.
func linger(done func() bool) {
	for begin := time.Now(); !done(); {
		if waited := time.Since(begin); waited >= patience {
			return
		} else if waited >= haste {
			runtime.Gosched()
		}
	}
}

// hire gives the job to a worker.
func (j *job) hire() {
	w := idle.Take()
	switch {
	case w == nil:
		w = &worker{}
		w.work = w.run
	case w.next.CompareAndSwap(nil, j):
		return
	}
	w.next.Store(j)
	go w.work()
}

func (w *worker) run() {
	for {
		j := w.next.Load()
		j.work()
		w.next.Store(nil)
		idle.Keep(w) // before anybody hears that the job is done, and hires for the next one
		j.end()
		linger(func() bool { return w.next.Load() != nil })
		if w.next.CompareAndSwap(nil, &gone) { // from here on w belongs to who takes it
			return
		}
	}
}

func takeJob() *job {
	if j := jobs.Take(); j != nil {
		return j
	}
	return &job{}
}

// end says that a worker has ended.
func (j *job) end() {
	j.busy.Add(-1)
	j.wait.Done()
}

// work takes blocks until there are none.
func (j *job) work() {
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
