// Package earliest keeps the earliest of many times that change one by one: the next spike of many
// neurons, and the next arrivals of spikes that are under way.
package earliest

import "math"

// Times is an indexed 4-ary heap of one time for each of n neurons; equal times are ordered by
// neuron. The zero value has none; [Times.Reset] makes them. The heap holds the times themselves,
// so that a change looks at few places in memory.
type Times struct {
	heap []entry
	at   []int32 // position of each neuron in heap
}

type entry struct {
	time   float64
	neuron int32
}

func (a entry) before(b entry) bool {
	return a.time < b.time || a.time == b.time && a.neuron < b.neuron
}

// Reset makes n times of +Inf. It allocates only where there have never been as many.
func (p *Times) Reset(n int) {
	if cap(p.heap) < n {
		p.heap, p.at = make([]entry, n), make([]int32, n)
	}
	p.heap, p.at = p.heap[:n], p.at[:n]
	for j := range n {
		p.heap[j], p.at[j] = entry{math.Inf(1), int32(j)}, int32(j)
	}
}

// First returns the earliest time and its neuron; without any, +Inf.
func (p *Times) First() (neuron int, time float64) {
	if len(p.heap) == 0 {
		return 0, math.Inf(1)
	}
	return int(p.heap[0].neuron), p.heap[0].time
}

// Set changes the time of neuron j. Cost: O(log n).
func (p *Times) Set(j int, t float64) {
	k := int(p.at[j])
	old := p.heap[k].time
	switch e := (entry{t, int32(j)}); {
	case t < old:
		p.up(k, e)
	case t > old:
		p.down(k, e)
	}
}

func (p *Times) put(k int, e entry) { p.heap[k], p.at[e.neuron] = e, int32(k) }

func (p *Times) up(k int, e entry) {
	for k > 0 {
		parent := (k - 1) / 4
		if !e.before(p.heap[parent]) {
			break
		}
		p.put(k, p.heap[parent])
		k = parent
	}
	p.put(k, e)
}

func (p *Times) down(k int, e entry) {
	for {
		first := 4*k + 1
		if first >= len(p.heap) {
			break
		}
		children := p.heap[first:min(first+4, len(p.heap))]
		best := 0
		for c := 1; c < len(children); c++ {
			if children[c].before(children[best]) {
				best = c
			}
		}
		if !children[best].before(e) {
			break
		}
		p.put(k, children[best])
		k = first + best
	}
	p.put(k, e)
}
