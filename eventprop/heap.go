package eventprop

import "math"

// predictions is an indexed 4-ary heap of the time of the next spike of every neuron;
// equal times are ordered by neuron. A neuron that will not spike has the time +Inf.
type predictions struct {
	time []float64 // by neuron
	heap []int32   // neurons
	at   []int32   // position of each neuron in heap
}

func (p *predictions) reset(n int) {
	p.time, p.heap, p.at = resize(p.time, n), resize(p.heap, n), resize(p.at, n)
	for j := range n {
		p.time[j], p.heap[j], p.at[j] = math.Inf(1), int32(j), int32(j)
	}
}

// first returns the earliest spike.
func (p *predictions) first() (neuron int, time float64) {
	if len(p.heap) == 0 {
		return 0, math.Inf(1)
	}
	j := p.heap[0]
	return int(j), p.time[j]
}

func (p *predictions) less(a, b int32) bool {
	return p.time[a] < p.time[b] || p.time[a] == p.time[b] && a < b
}

// set changes the time of neuron j.
func (p *predictions) set(j int, t float64) {
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

func (p *predictions) put(k int, j int32) { p.heap[k], p.at[j] = j, int32(k) }

func (p *predictions) up(k int) {
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

func (p *predictions) down(k int) {
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
