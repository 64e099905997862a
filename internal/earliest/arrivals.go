package earliest

import (
	"cmp"
	"math"
	"slices"
)

// ByDelay returns the synapses of each source by rising delay, equal ones as they are; nil without
// delays. Those of source i are lo to hi-1 of fan.
func ByDelay(delay []float64, sources int, fan func(i int) (lo, hi int)) []int32 {
	if delay == nil {
		return nil
	}
	order := make([]int32, len(delay))
	for k := range order {
		order[k] = int32(k)
	}
	for i := range sources {
		lo, hi := fan(i)
		slices.SortStableFunc(order[lo:hi], func(a, b int32) int { return cmp.Compare(delay[a], delay[b]) })
	}
	return order
}

// Arrival is the next arrival of a spike that is under way over synapses with delays.
type Arrival struct {
	Time   float64
	Source int32 // the spike
	At     int32 // the synapse, in the order of those of the spike
	Kind   uint8 // for the caller
	age    int
}

func (a *Arrival) before(b *Arrival) bool {
	return a.Time < b.Time || a.Time == b.Time && a.age < b.age
}

// Arrivals is a 4-ary heap of spikes under way by time; equal ones are in the order in which they
// were pushed. The zero value has none.
type Arrivals struct {
	heap []Arrival
	age  int
}

// Reset empties the heap, and keeps its memory.
func (p *Arrivals) Reset() { p.heap, p.age = p.heap[:0], 0 }

// First returns the time of the first arrival; without any, +Inf.
func (p *Arrivals) First() float64 {
	if len(p.heap) == 0 {
		return math.Inf(1)
	}
	return p.heap[0].Time
}

// Push adds an arrival.
func (p *Arrivals) Push(a Arrival) {
	a.age = p.age
	p.age++
	p.heap = append(p.heap, a)
	k := len(p.heap) - 1
	for k > 0 {
		parent := (k - 1) / 4
		if !a.before(&p.heap[parent]) {
			break
		}
		p.heap[k] = p.heap[parent]
		k = parent
	}
	p.heap[k] = a
}

// Pop removes the first arrival, of which there must be one.
func (p *Arrivals) Pop() Arrival {
	top := p.heap[0]
	n := len(p.heap) - 1
	last := p.heap[n]
	p.heap = p.heap[:n]
	for k := 0; n > 0; {
		best := -1
		for c := 4*k + 1; c <= 4*k+4 && c < n; c++ {
			if best < 0 || p.heap[c].before(&p.heap[best]) {
				best = c
			}
		}
		if best < 0 || !p.heap[best].before(&last) {
			p.heap[k] = last
			break
		}
		p.heap[k] = p.heap[best]
		k = best
	}
	return top
}
