package kernel

import "math/bits"

// Words returns the length of the bits of n elements.
func Words(n int) int { return (n + 63) / 64 }

// Mask sets bits to those of the elements of x that are not zero (a NaN is not), and says
// whether they are all 1. bits has Words(len(x)) elements.
func Mask[T Float](bits []uint64, x []T) (ones bool) {
	bits = bits[:Words(len(x))]
	if len(x) == 0 {
		return true
	}
	bits[len(bits)-1] = 0
	if other, ok := fastMask(at(bits), at(x), len(x)); ok {
		return other == 0
	}
	clear(bits)
	return !mask(bits, x)
}

// Gather sets dst to init plus rows of w, in the order of the list:
//
//	dst[n] = init[n] + Σ_k val[k] w[col[k]*stride + n]
//
// where a val of nil stands for ones. dst and init have one length and may be the same slice. The products are
// rounded before they are added.
func Gather[T Float](dst, init, w []T, stride int, col []int32, val []T) {
	n := len(dst)
	init = init[:n]
	if n == 0 {
		return
	}
	if len(col) == 0 {
		copy(dst, init)
		return
	}
	if val == nil {
		if fastGather(at(dst), at(init), at(w), n, stride, at(col), len(col)) {
			return
		}
	} else if fastGatherScaled(at(dst), at(init), at(w), n, stride, at(col), at(val[:len(col)]), len(col)) {
		return
	}
	gather(dst, init, w, stride, col, val)
}

// Events lists the elements of a matrix that are not zero, by row: spikes are few among
// many zeros. Memory is used again when the lists are made anew.
type Events[T Float] struct {
	cols int
	rows []row[T]
}

// row is the events of one row: columns, and values unless they are all 1.
type row[T Float] struct {
	col []int32
	val []T
}

// Resize prepares for lists of the rows of a rows×cols matrix.
func (e *Events[T]) Resize(rows, cols int) {
	e.cols = cols
	e.rows = resize(e.rows, rows)
}

// Rows returns how many rows the matrix has.
func (e *Events[T]) Rows() int { return len(e.rows) }

// Row returns the columns of the events of row i, and their values, nil if they are all 1.
func (e *Events[T]) Row(i int) (col []int32, val []T) { return e.rows[i].col, e.rows[i].val }

// Len returns the number of events.
func (e *Events[T]) Len() int {
	n := 0
	for i := range e.rows {
		n += len(e.rows[i].col)
	}
	return n
}

// Gather sets dst to init plus row i of the matrix times w, which has rows of len(dst)
// columns: dst[n] = init[n] + Σ_j x[i][j]·w[j][n], in the order of j.
func (e *Events[T]) Gather(dst, init []T, i int, w []T) {
	Gather(dst, init, w, len(dst), e.rows[i].col, e.rows[i].val)
}

// Recorder writes the lists of some of the rows of an [Events]. Recorders of different rows
// can be used at the same time. The zero value is ready.
type Recorder[T Float] struct {
	cols pages[int32]
	vals pages[T]
}

// Reset makes the memory of the lists free: those that the recorder has written are no
// longer to be read.
func (r *Recorder[T]) Reset() {
	r.cols.reset()
	r.vals.reset()
}

// Record lists row i. mask are the bits of its elements that are not zero; x is the row, or
// nil if they are all 1.
func (r *Recorder[T]) Record(e *Events[T], i int, mask []uint64, x []T) {
	count := 0
	for _, w := range mask {
		count += bits.OnesCount64(w)
	}
	col, k := r.cols.take(count), 0
	for at, w := range mask {
		for first := int32(at << 6); w != 0; w &= w - 1 {
			col[k] = first + int32(bits.TrailingZeros64(w))
			k++
		}
	}
	e.rows[i] = row[T]{col: col}
	if x != nil {
		val := r.vals.take(count)
		for k, j := range col {
			val[k] = x[j]
		}
		e.rows[i].val = val
	}
}

// pages hands out memory piece by piece.
type pages[E any] struct {
	all     [][]E
	at, end int // the page at hand, and how much of it is taken
}

const pageSize = 1 << 12

func (p *pages[E]) reset() { p.at, p.end = 0, 0 }

func (p *pages[E]) take(n int) []E {
	for ; p.at < len(p.all); p.at, p.end = p.at+1, 0 {
		if page := p.all[p.at]; p.end+n <= len(page) {
			p.end += n
			return page[p.end-n : p.end : p.end]
		}
	}
	p.all = append(p.all, make([]E, max(n, pageSize)))
	p.end = n
	return p.all[p.at][:n:n]
}

func resize[E any](s []E, n int) []E {
	if cap(s) < n {
		return make([]E, n)
	}
	return s[:n]
}
