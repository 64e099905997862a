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

// Panels is a matrix [Rows, N] in panels of Width columns, each row-major and one after the
// other: what is read by panels lies together. With a Width of N it is row-major, if the rows are
// in their order.
type Panels[T Float] struct {
	Rows, N, Width int
	Data           []T
	Order          Order // of the rows in each panel
}

// RowMajor returns a row-major matrix as one panel.
func RowMajor[T Float](x []T, rows, n int) Panels[T] {
	return Panels[T]{Rows: rows, N: n, Width: n, Data: x}
}

// From returns the elements from column from on in row i, and the distance between rows there. The
// rows of Order.Run follow.
func (p *Panels[T]) From(i, from int) (x []T, ld int) {
	first := from - from%p.Width
	ld = min(p.Width, p.N-first)
	return p.Data[p.Rows*first+p.Order.Place(i)*ld+from-first:], ld
}

// Gather computes rows of the product of a matrix of events with w: with the list of row i,
//
//	dst[i*ld + n] = init[i*ldinit + n] + Σ_k val[k] w[col[k]*stride + n]
//
// for n < width, in the order of the list, where there is no val for ones. dst may be init. Each
// step is rounded once: the bits are those of [Packed.Product], which begins at init.
func (e *Events[T]) Gather(dst []T, ld int, init []T, ldinit, first, rows, width int, w []T, stride int) {
	for run := e.order.Run(first, rows); run < rows; run = e.order.Run(first, rows) {
		e.Gather(dst, ld, init, ldinit, first, run, width, w, stride)
		dst, init, first, rows = dst[run*ld:], init[run*ldinit:], first+run, rows-run
	}
	place := e.order.Place(first)
	lists, values := e.rows[place:place+rows], noValues
	for i := range lists {
		if lists[i].val != nil {
			values = someValues
			break
		}
	}
	gatherRows(dst, ld, init, ldinit, lists, values, width, w, stride)
}

const (
	noValues   = false // all events of the lists are 1
	someValues = true
)

func gatherRows[T Float](dst []T, ld int, init []T, ldinit int, rows []row[T], values bool, width int, w []T, stride int) {
	if width == 0 || len(rows) == 0 {
		return
	}
	_, _ = dst[(len(rows)-1)*ld+width-1], init[(len(rows)-1)*ldinit+width-1]
	if !values {
		if fastGather(at(dst), ld, at(init), ldinit, at(w), width, stride, at(rows), len(rows)) {
			return
		}
	} else {
		all := true
		for i := range rows {
			all = all && (rows[i].val != nil || len(rows[i].col) == 0)
		}
		if all && fastGatherScaled(at(dst), ld, at(init), ldinit, at(w), width, stride, at(rows), len(rows)) {
			return
		}
	}
	for i := range rows {
		r := rows[i : i+1]
		if len(rows) > 1 {
			gatherRows(dst[i*ld:], ld, init[i*ldinit:], ldinit, r, r[0].val != nil, width, w, stride)
		} else {
			gather(dst[:width], init, w, stride, r[0].col, r[0].val)
		}
	}
}

// Events lists the elements of a matrix that are not zero, by row: spikes are few among
// many zeros. Memory is used again when the lists are made anew.
type Events[T Float] struct {
	cols  int
	rows  []row[T] // in the order
	order Order
}

// row is the events of one row: columns, and values unless they are all 1.
type row[T Float] struct {
	col []int32
	val []T
}

// Resize prepares for lists of the rows of a rows×cols matrix.
func (e *Events[T]) Resize(rows, cols int) { e.Arrange(rows, cols, Order{}) }

// Arrange is Resize for rows that lie in an order.
func (e *Events[T]) Arrange(rows, cols int, order Order) {
	e.cols, e.order = cols, order
	e.rows = resize(e.rows, rows)
}

// Part makes e the lists of some rows of another matrix of events, which are in their order, in the
// same memory.
func (e *Events[T]) Part(of *Events[T], first, rows int) {
	e.cols, e.rows, e.order = of.cols, of.rows[first:first+rows], Order{}
}

// Rows returns how many rows the matrix has.
func (e *Events[T]) Rows() int { return len(e.rows) }

// Row returns the columns of the events of row i, and their values, nil if they are all 1.
func (e *Events[T]) Row(i int) (col []int32, val []T) { return e.At(e.order.Place(i)) }

// At is Row for the row that lies at a place.
func (e *Events[T]) At(place int) (col []int32, val []T) { return e.rows[place].col, e.rows[place].val }

// Order returns where the rows lie.
func (e *Events[T]) Order() Order { return e.order }

// SetRow makes these the events of row i: columns, and values, nil if they are all 1. They are not
// copied.
func (e *Events[T]) SetRow(i int, col []int32, val []T) { e.rows[e.order.Place(i)] = row[T]{col, val} }

// Len returns the number of events.
func (e *Events[T]) Len() int {
	n := 0
	for i := range e.rows {
		n += len(e.rows[i].col)
	}
	return n
}

// Recorder writes the lists of some of the rows of an [Events]. Recorders of different rows
// can be used at the same time. The zero value is ready.
type Recorder[T Float] struct {
	cols pages[int32]
	vals pages[T]
	_    [128]byte // what another goroutine writes in the next one is no cache line of this one
}

// Reset makes the memory of the lists free: those that the recorder has written are no
// longer to be read.
func (r *Recorder[T]) Reset() {
	r.cols.reset()
	r.vals.reset()
}

// Record lists the row that lies at place i. mask are the bits of its elements that are not zero; x
// is the row, or nil if they are all 1.
func (r *Recorder[T]) Record(e *Events[T], i int, mask []uint64, x []T) {
	count := 0
	for _, w := range mask {
		count += bits.OnesCount64(w)
	}
	col, k := r.cols.take(count+beyond), 0
	for at, w := range mask {
		first := int32(at << 6)
		for n := bits.OnesCount64(w); n > 0; n -= 4 { // four at a time: how many there are cannot be foreseen
			some := col[k : k+4 : k+4]
			some[0] = first + int32(bits.TrailingZeros64(w))
			w &= w - 1
			some[1] = first + int32(bits.TrailingZeros64(w))
			w &= w - 1
			some[2] = first + int32(bits.TrailingZeros64(w))
			w &= w - 1
			some[3] = first + int32(bits.TrailingZeros64(w))
			w &= w - 1
			k += min(n, 4)
		}
	}
	r.cols.end -= beyond // the next row begins there
	col = col[:count:count]
	e.rows[i] = row[T]{col: col}
	if x != nil {
		val := r.vals.take(count)
		for k, j := range col {
			val[k] = x[j]
		}
		e.rows[i].val = val
	}
}

// beyond is how many numbers Record writes behind a list.
const beyond = 3

// pages hands out memory piece by piece.
type pages[E any] struct {
	all     [][]E
	at, end int // the page at hand, and how much of it is taken
}

// Pages have 256 elements, and each one twice those of the page before, up to 4096.
const (
	firstPage = 1 << 8
	pageSize  = 1 << 12
)

func (p *pages[E]) reset() { p.at, p.end = 0, 0 }

func (p *pages[E]) take(n int) []E {
	for ; p.at < len(p.all); p.at, p.end = p.at+1, 0 {
		if page := p.all[p.at]; p.end+n <= len(page) {
			p.end += n
			return page[p.end-n : p.end : p.end]
		}
	}
	p.all = append(p.all, make([]E, max(n, min(firstPage<<min(len(p.all), 8), pageSize))))
	p.end = n
	return p.all[p.at][:n:n]
}

func resize[E any](s []E, n int) []E {
	if cap(s) < n {
		return make([]E, n)
	}
	return s[:n]
}
