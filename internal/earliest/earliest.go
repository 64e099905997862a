// Package earliest keeps the earliest of many times that change one by one: the next spike of many
// neurons.
package earliest

import "math"

// Times is an indexed 4-ary heap of one time for each of n neurons; equal times are ordered by
// neuron. The zero value has none; [Times.Reset] makes them.
type Times struct {
	time []float64 // by neuron
	heap []int32   // neurons
	at   []int32   // position of each neuron in heap
}

// Reset makes n times of +Inf. It allocates only where there have never been as many.
func (p *Times) Reset(n int) {
	if cap(p.time) < n {
		p.time, p.heap, p.at = make([]float64, n), make([]int32, n), make([]int32, n)
	}
	p.time, p.heap, p.at = p.time[:n], p.heap[:n], p.at[:n]
	for j := range n {
		p.time[j], p.heap[j], p.at[j] = math.Inf(1), int32(j), int32(j)
	}
}

// First returns the earliest time and its neuron; without any, +Inf.
func (p *Times) First() (neuron int, time float64) {
	if len(p.heap) == 0 {
		return 0, math.Inf(1)
	}
	j := p.heap[0]
	return int(j), p.time[j]
}

func (p *Times) less(a, b int32) bool {
	return p.time[a] < p.time[b] || p.time[a] == p.time[b] && a < b
}

// Set changes the time of neuron j. Cost: O(log n).
func (p *Times) Set(j int, t float64) {
	old := p.time[j]
	if t == old {
		return
	}
	p.time[j] = t
	if t < old {
		p.up(int(p.at[j]))
	} else {
		p.down(int(p.at[j]))
	}
}

func (p *Times) put(k int, j int32) { p.heap[k], p.at[j] = j, int32(k) }

func (p *Times) up(k int) {
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

func (p *Times) down(k int) {
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
