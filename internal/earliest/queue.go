package earliest

import "math"

// Queue is a calendar of times before an end, each of a neuron, any number of them for each. It is
// cut into buckets of equal width: those of the bucket that time has come to are in a heap, those
// of later ones in lists, so that what is far ahead costs next to nothing. The zero value is
// empty, with the end 0; [Queue.Reset] sets it.
//
// R. Brown, "Calendar queues", Commun. ACM 31 (1988), doi:10.1145/63039.63045.
type Queue struct {
	end       float64
	perSecond float64 // buckets
	lists     []int32 // of each bucket the first of its pages, plus 1; 0: none
	pages     []page
	free      int32   // the first page that is not used, plus 1
	at        int     // bucket of the heap, and of all before it
	heap      []entry // binary
}

// page is a part of a list, two lines of a cache.
type page struct {
	entries [7]entry
	n       int32 // of entries
	next    int32 // plus 1
	_       [8]byte
}

// perBucket is the number of times that a bucket is made for: so many share pages, and are few for
// a heap.
const perBucket = 16

// Reset empties the queue, and sets its end and that there are some n neurons. It allocates only
// where there have never been as many.
func (q *Queue) Reset(n int, end float64) {
	n = max(n, 0)/perBucket + 1
	if cap(q.lists) < n {
		q.lists = make([]int32, n)
	}
	q.lists = q.lists[:n]
	clear(q.lists)
	q.end, q.perSecond = end, float64(n)/end
	q.pages, q.free, q.at, q.heap = q.pages[:0], 0, 0, q.heap[:0]
}

// Push adds a time of neuron j; one at the end or later is not kept.
func (q *Queue) Push(t float64, j int) {
	if !(t < q.end) {
		return
	}
	e := entry{t, int32(j)}
	b := len(q.lists) - 1
	if x := t * q.perSecond; x < float64(b) {
		b = int(x)
	}
	if b <= q.at {
		q.heap = append(q.heap, e)
		q.up(len(q.heap) - 1)
		return
	}
	k := q.lists[b]
	if k == 0 || int(q.pages[k-1].n) == len(q.pages[k-1].entries) {
		next := k
		if k = q.free; k != 0 {
			q.free = q.pages[k-1].next
		} else {
			q.pages = append(q.pages, page{})
			k = int32(len(q.pages))
		}
		q.pages[k-1].n, q.pages[k-1].next = 0, next
		q.lists[b] = k
	}
	p := &q.pages[k-1]
	p.entries[p.n] = e
	p.n++
}

// First returns the earliest time and its neuron, the lowest at equal times; without any, +Inf.
func (q *Queue) First() (neuron int, time float64) {
	for len(q.heap) == 0 {
		if q.at+1 >= len(q.lists) {
			return 0, math.Inf(1)
		}
		q.at++
		for k := q.lists[q.at]; k != 0; {
			p := &q.pages[k-1]
			q.heap = append(q.heap, p.entries[:p.n]...)
			k, p.next, q.free = p.next, q.free, k
		}
		q.lists[q.at] = 0
		for k := len(q.heap)/2 - 1; k >= 0; k-- {
			q.down(k)
		}
	}
	return int(q.heap[0].neuron), q.heap[0].time
}

// Pop removes what First returns.
func (q *Queue) Pop() {
	if q.First(); len(q.heap) == 0 {
		return
	}
	last := len(q.heap) - 1
	q.heap[0] = q.heap[last]
	q.heap = q.heap[:last]
	q.down(0)
}

func (q *Queue) up(k int) {
	e := q.heap[k]
	for k > 0 {
		parent := (k - 1) / 2
		if !e.before(q.heap[parent]) {
			break
		}
		q.heap[k] = q.heap[parent]
		k = parent
	}
	q.heap[k] = e
}

func (q *Queue) down(k int) {
	if k >= len(q.heap) {
		return
	}
	e := q.heap[k]
	for {
		c := 2*k + 1
		if c >= len(q.heap) {
			break
		}
		if c+1 < len(q.heap) && q.heap[c+1].before(q.heap[c]) {
			c++
		}
		if !q.heap[c].before(e) {
			break
		}
		q.heap[k] = q.heap[c]
		k = c
	}
	q.heap[k] = e
}
