package equation

import (
	"cmp"
	"math"
	"slices"

	"github.com/surge-snn/surge/eventprop"
)

// known is an indexed 4-ary heap of the times up to which neurons are known; equal times are ordered
// by neuron.
type known struct {
	time []float64 // by neuron
	heap []int32   // neurons
	at   []int32   // position of each neuron in heap
}

func (p *known) reset(n int) {
	p.time, p.heap, p.at = make([]float64, n), make([]int32, n), make([]int32, n)
	for j := range n {
		p.time[j], p.heap[j], p.at[j] = math.Inf(1), int32(j), int32(j)
	}
}

// first returns the earliest time and its neuron, -1 if all are +Inf.
func (p *known) first() (neuron int, time float64) {
	if len(p.heap) == 0 {
		return -1, math.Inf(1)
	}
	j := p.heap[0]
	if math.IsInf(p.time[j], 1) {
		return -1, p.time[j]
	}
	return int(j), p.time[j]
}

func (p *known) less(a, b int32) bool {
	return p.time[a] < p.time[b] || p.time[a] == p.time[b] && a < b
}

// set changes the time of neuron j.
func (p *known) set(j int, t float64) {
	old := p.time[j]
	p.time[j] = t
	switch k := int(p.at[j]); {
	case t < old:
		p.up(k)
	case t > old:
		p.down(k)
	}
}

func (p *known) put(k int, j int32) { p.heap[k], p.at[j] = j, int32(k) }

func (p *known) up(k int) {
	j := p.heap[k]
	for k > 0 {
		parent := (k - 1) / 4
		if !p.less(j, p.heap[parent]) {
			break
		}
		p.put(k, p.heap[parent])
		k = parent
	}
	p.put(k, j)
}

func (p *known) down(k int) {
	j := p.heap[k]
	for {
		best := -1
		for c := 4*k + 1; c <= 4*k+4 && c < len(p.heap); c++ {
			if best < 0 || p.less(p.heap[c], p.heap[best]) {
				best = c
			}
		}
		if best < 0 || !p.less(p.heap[best], j) {
			break
		}
		p.put(k, p.heap[best])
		k = best
	}
	p.put(k, j)
}

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
