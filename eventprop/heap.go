package eventprop

import "math"

// cursor is the next arrival of a spike that is under way over synapses with delays.
type cursor struct {
	time float64
	seq  int // order of insertion, for equal times
	src  int32
	pos  int32 // in the order by delay
	kind kind
}

func (a cursor) less(b cursor) bool { return a.time < b.time || a.time == b.time && a.seq < b.seq }

// arrivals is a 4-ary heap of cursors.
type arrivals struct {
	heap []cursor
	seq  int
}

func (a *arrivals) reset() { a.heap, a.seq = a.heap[:0], 0 }

// next returns the time of the first arrival.
func (a *arrivals) next() float64 {
	if len(a.heap) == 0 {
		return math.Inf(1)
	}
	return a.heap[0].time
}

func (a *arrivals) push(c cursor) {
	c.seq = a.seq
	a.seq++
	a.heap = append(a.heap, c)
	k := len(a.heap) - 1
	for k > 0 {
		parent := (k - 1) / 4
		if !c.less(a.heap[parent]) {
			break
		}
		a.heap[k] = a.heap[parent]
		k = parent
	}
	a.heap[k] = c
}

func (a *arrivals) pop() cursor {
	top := a.heap[0]
	last := a.heap[len(a.heap)-1]
	a.heap = a.heap[:len(a.heap)-1]
	n := len(a.heap)
	for k := 0; n > 0; {
		best := -1
		for c := 4*k + 1; c <= 4*k+4 && c < n; c++ {
			if best < 0 || a.heap[c].less(a.heap[best]) {
				best = c
			}
		}
		if best < 0 || !a.heap[best].less(last) {
			a.heap[k] = last
			break
		}
		a.heap[k] = a.heap[best]
		k = best
	}
	return top
}
