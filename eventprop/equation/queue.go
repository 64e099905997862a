package equation

import (
	"cmp"
	"slices"

	"github.com/surge-snn/surge/eventprop"
)

// cursor is the next arrival of a spike that is under way over synapses with delays.
type cursor struct {
	time, start float64
	age         int
	source      int32
	at          int32 // in the order of the synapses
	kind        kind
}

// queue is a binary heap of spikes under way, by time and then by age.
type queue struct {
	heap []cursor
	age  int
}

func (c *cursor) before(o *cursor) bool { return c.time < o.time || c.time == o.time && c.age < o.age }

func (q *queue) push(c cursor) {
	q.heap = append(q.heap, c)
	h := q.heap
	for k := len(h) - 1; k > 0 && h[k].before(&h[(k-1)/2]); k = (k - 1) / 2 {
		h[k], h[(k-1)/2] = h[(k-1)/2], h[k]
	}
}

func (q *queue) pop() cursor {
	h := q.heap
	top, last := h[0], len(h)-1
	h[0] = h[last]
	h = h[:last]
	for k := 0; ; {
		c := 2*k + 1
		if c+1 < last && h[c+1].before(&h[c]) {
			c++
		}
		if c >= last || !h[c].before(&h[k]) {
			break
		}
		h[k], h[c] = h[c], h[k]
		k = c
	}
	q.heap = h
	return top
}

// byDelay returns the synapses of each source by delay, nil where there are none.
func byDelay(s *eventprop.Synapses) []int32 {
	if s.Delay == nil {
		return nil
	}
	order := make([]int32, len(s.Weight))
	for k := range order {
		order[k] = int32(k)
	}
	for i := range s.Pre {
		lo, hi := fan(s, i)
		slices.SortStableFunc(order[lo:hi], func(a, b int32) int { return cmp.Compare(s.Delay[a], s.Delay[b]) })
	}
	return order
}
