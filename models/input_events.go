package models

import (
	"math/bits"
	"unsafe"

	"github.com/surge-snn/surge/internal/kernel"
)

// inputEvents lists the events of an input that is given as a matrix.
type inputEvents[T kernel.Float] struct {
	x         []T
	cols      int
	events    kernel.Events[T]
	columns   kernel.Columns[T]
	mask      []uint64 // of each row
	ones      []bool   // whether the numbers of a row that are not zero are 1
	counts    []int    // events, of each block of rows
	recorders []kernel.Recorder[T]
	share     float64 // of the numbers that are not zero

	stays bool              // x has the numbers of the run before
	made  *T                // the first number of what was listed; nil: nothing
	most  float64           // the share from which it was not
	found *kernel.Events[T] // the lists, or nil
	byCol bool              // columns are those of the lists

	scan, record func(lo, hi int)
}

// list returns the events of x, nil if their share of the numbers is above most.
func (l *inputEvents[T]) list(x []T, rows, cols int, most float64) *kernel.Events[T] {
	first := unsafe.SliceData(x)
	if l.stays && first == l.made && rows == l.events.Rows() && cols == l.cols && most == l.most {
		return l.found
	}
	l.found, l.made, l.most, l.byCol = l.scanned(x, rows, cols, most), first, most, false
	return l.found
}

// begin prepares to list x by listRows, block rows of the batch at a time.
func (l *inputEvents[T]) begin(x []T, rows, cols, batch, block int) *kernel.Events[T] {
	l.events.Arrange(rows, cols, kernel.Order{Batch: batch, Block: block, Steps: rows / batch})
	l.x, l.cols, l.made, l.byCol, l.found = x, cols, nil, false, &l.events
	blocks := (batch + block - 1) / block
	if cap(l.recorders) < blocks {
		l.recorders = make([]kernel.Recorder[T], blocks)
	}
	l.recorders = l.recorders[:blocks]
	l.mask = resized(l.mask, blocks*(kernel.Words(cols)+apart))
	return l.found
}

// apart is how many words are between what goroutines write at a time.
const apart = 16

// listRows lists some rows of the batch in all time steps.
func (l *inputEvents[T]) listRows(lo, hi, batch, block int) {
	r, words := &l.recorders[lo/block], kernel.Words(l.cols)
	mask := l.mask[lo/block*(words+apart):][:words]
	r.Reset()
	for first := 0; first < l.events.Rows(); first += batch {
		place := l.events.Order().Place(first + lo)
		for i := first + lo; i < first+hi; i++ {
			x := l.x[i*l.cols : (i+1)*l.cols]
			if kernel.Mask(mask, x) {
				x = nil
			}
			r.Record(&l.events, place, mask, x)
			place++
		}
	}
}

// byColumn lists the events e, which list has returned or somebody else has made, by column.
func (l *inputEvents[T]) byColumn(e *kernel.Events[T]) *kernel.Columns[T] {
	if !l.byCol || e != l.found {
		l.columns.Transpose(e)
		l.byCol = e == l.found
	}
	return &l.columns
}

func (l *inputEvents[T]) scanned(x []T, rows, cols int, most float64) *kernel.Events[T] {
	blocks := (rows + blockRows - 1) / blockRows
	if l.mask == nil {
		l.scan, l.record = l.scanRows, l.recordRows
	}
	l.mask, l.ones = resized(l.mask, rows*kernel.Words(cols)), resized(l.ones, rows)
	l.counts = resized(l.counts, blocks)
	if cap(l.recorders) < blocks {
		l.recorders = make([]kernel.Recorder[T], blocks)
	}
	l.recorders = l.recorders[:blocks]
	l.x, l.cols = x, cols
	kernel.Blocks(rows, blockRows, l.scan)
	count := 0
	for _, n := range l.counts {
		count += n
	}
	l.share = float64(count) / float64(max(1, len(x)))
	l.events.Resize(rows, cols)
	if l.share > most {
		return nil
	}
	kernel.Blocks(rows, blockRows, l.record)
	l.x = nil
	return &l.events
}

func (l *inputEvents[T]) maskOf(row int) []uint64 {
	words := kernel.Words(l.cols)
	return l.mask[row*words : (row+1)*words]
}

func (l *inputEvents[T]) scanRows(lo, hi int) {
	count := 0
	for i := lo; i < hi; i++ {
		mask := l.maskOf(i)
		l.ones[i] = kernel.Mask(mask, l.x[i*l.cols:(i+1)*l.cols])
		for _, w := range mask {
			count += bits.OnesCount64(w)
		}
	}
	l.counts[lo/blockRows] = count
}

func (l *inputEvents[T]) recordRows(lo, hi int) {
	r := &l.recorders[lo/blockRows]
	r.Reset()
	for i := lo; i < hi; i++ {
		var x []T
		if !l.ones[i] {
			x = l.x[i*l.cols : (i+1)*l.cols]
		}
		r.Record(&l.events, i, l.maskOf(i), x)
	}
}

// denseCounter finds the share of the numbers of a matrix that are not zero.
type denseCounter[T kernel.Float] struct {
	share  float64
	known  bool
	stays  bool // x has the numbers of the run before, which were counted
	x      []T
	cols   int
	counts []int
	masks  [][]uint64 // of each block
	run    func(lo, hi int)
}

// counted is how many rows a block has.
const counted = 1024

func (c *denseCounter[T]) count(x []T, cols int) {
	if c.known && c.stays {
		return
	}
	rows := len(x) / max(1, cols)
	blocks := (rows + counted - 1) / counted
	if c.run == nil {
		c.run = c.countRows
	}
	c.counts = resized(c.counts, blocks)
	if len(c.masks) < blocks {
		c.masks = make([][]uint64, blocks)
	}
	c.x, c.cols = x, cols
	kernel.Blocks(rows, counted, c.run)
	c.x = nil
	sum := 0
	for _, n := range c.counts {
		sum += n
	}
	c.share, c.known = float64(sum)/float64(max(1, len(x))), true
}

func (c *denseCounter[T]) countRows(lo, hi int) {
	mask := resized(c.masks[lo/counted], kernel.Words(c.cols))
	count := 0
	for i := lo; i < hi; i++ {
		kernel.Mask(mask, c.x[i*c.cols:(i+1)*c.cols])
		for _, w := range mask {
			count += bits.OnesCount64(w)
		}
	}
	c.masks[lo/counted], c.counts[lo/counted] = mask, count
}
