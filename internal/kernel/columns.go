package kernel

import "sync"

// Columns lists events by column: what a product with the transposed matrix reads. The rows
// are taken in chunks, so that the rows of the other factor of a product stay near. Memory is used
// again when the lists are made anew.
type Columns[T Float] struct {
	events *Events[T]
	order  Order // of the rows of the other factor, in which the lists count
	sorted bool
	chunks []chunk[T]
	sums   [][]T // of each task of Scatter
	zero   []T   // a row

	mu sync.Mutex // of Scatter: several gradients may be products with the same events

	// What Scatter is at work on.
	dw                   []T
	d                    Panels[T]
	first, limit, skip   int
	ranges, width, parts int // parts of a panel
	more                 bool

	sort, sum func(lo, hi int)
}

// chunk is the events of some rows, by column.
type chunk[T Float] struct {
	lists []row[T]
	start []int32 // where the list of each column begins in rows and vals
	rows  []int32
	vals  []T
}

// chunkRows is how many rows a chunk has: with a panel of columns they fit in the cache of a core.
const chunkRows = 512

// panelBytes is how much of a row of the other factor is taken at a time.
const panelBytes = 512

// Transpose lists the events by column, in each column from the last row to the first: the order in
// which gradients come back through time, so that pieces of a sequence add up to the bits of the
// whole. The events are not to change before the last call of Scatter.
func (c *Columns[T]) Transpose(e *Events[T]) {
	if c.sort == nil {
		c.sort, c.sum = c.sortChunks, c.sumTasks
	}
	c.events, c.sorted = e, false
}

// list makes the lists, of where the rows lie in another matrix.
func (c *Columns[T]) list(order Order) {
	if c.sorted && order == c.order {
		return
	}
	c.sorted, c.order = true, order
	e := c.events
	n := (e.Rows() + chunkRows - 1) / chunkRows
	if cap(c.chunks) < n {
		c.chunks = append(c.chunks[:cap(c.chunks)], make([]chunk[T], n-cap(c.chunks))...)
	}
	c.chunks = c.chunks[:n]
	Blocks(n, 1, c.sort)
}

func (c *Columns[T]) sortChunks(lo, hi int) {
	for k := lo; k < hi; k++ {
		first := k * chunkRows
		c.chunks[k].sort(c.events, first, min(chunkRows, c.events.Rows()-first), c.order)
	}
}

// sort lists the events of n rows from first on. The lists count from it, or are places of the
// order.
func (c *chunk[T]) sort(e *Events[T], first, n int, order Order) {
	cols := e.cols
	c.start, c.lists = resize(c.start, cols+1), resize(c.lists, cols)
	clear(c.start)
	start := c.start
	count, ones := 0, true
	for i := 0; i < n; {
		run := e.order.Run(first+i, n-i)
		at := e.order.Place(first + i)
		for k := at; k < at+run; k++ {
			r := &e.rows[k]
			count += len(r.col)
			ones = ones && r.val == nil
			for _, j := range r.col {
				start[j+1]++
			}
		}
		i += run
	}
	for j := range cols {
		start[j+1] += start[j]
	}
	if cap(c.rows) < count {
		c.rows = make([]int32, count+count/4)
	}
	c.rows, c.vals = c.rows[:count], c.vals[:0]
	if !ones {
		c.vals = resize(c.vals, count)
	}
	for j := range c.lists {
		c.lists[j] = row[T]{col: c.rows[start[j]:start[j+1]]}
		if !ones {
			c.lists[j].val = c.vals[start[j]:start[j+1]]
		}
	}
	out := c.rows
	for end := n; end > 0; {
		run := e.order.RunBack(first+end, end)
		end -= run
		at := e.order.Place(first + end)
		for k := run - 1; k >= 0; k-- {
			r, place := &e.rows[at+k], int32(end+k)
			switch {
			case order.Block == 0:
			case order == e.order:
				place = int32(at + k)
			default:
				place = int32(order.Place(first + end + k))
			}
			if ones {
				for _, j := range r.col {
					to := start[j]
					out[to] = place
					start[j] = to + 1
				}
				continue
			}
			for k, j := range r.col {
				to := start[j]
				out[to], c.vals[to] = place, 1
				if r.val != nil {
					c.vals[to] = r.val[k]
				}
				start[j] = to + 1
			}
		}
	}
}

// Scatter writes the product of the transposed matrix with d to dw, row-major:
//
//	dw[j][n] = Σ_i x[i][j]·d[i][n]
//
// by falling i, for the rows [from, to) of the matrix. If more is true, the product is added to dw.
// Row i of the matrix meets row i + skip of d; with a skip the rows of d are in their order. Calls
// at the same time wait for each other.
func (c *Columns[T]) Scatter(dw []T, d Panels[T], from, to, skip int, more bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dw, c.d, c.first, c.limit, c.skip, c.more = dw, d, from, to, skip, more
	c.list(d.Order)
	c.width = panelBytes / 8
	if single[T]() {
		c.width = panelBytes / 4
	}
	c.zero = resize(c.zero, c.width)
	c.parts = (d.Width + c.width - 1) / c.width
	panels := (d.N + d.Width - 1) / d.Width * c.parts
	c.ranges = max(1, (8+panels-1)/panels) // of columns of the matrix, for each panel
	if n := panels * c.ranges; cap(c.sums) < n {
		c.sums = append(c.sums[:cap(c.sums)], make([][]T, n-cap(c.sums))...)
	}
	c.sums = c.sums[:panels*c.ranges]
	Blocks(panels*c.ranges, 1, c.sum)
	c.dw, c.d.Data = nil, nil
}

func (c *Columns[T]) sumTasks(lo, hi int) {
	for task := lo; task < hi; task++ {
		c.sumTask(task)
	}
}

// sumTask computes some columns of some rows of dw, in memory of their own: rows of dw may be
// so far apart that they compete for places in the cache.
func (c *Columns[T]) sumTask(task int) {
	panel, k := task/c.ranges, task%c.ranges
	begin, part := panel/c.parts*c.d.Width, panel%c.parts*c.width
	from, to := begin+part, min(begin+min(part+c.width, c.d.Width), c.d.N)
	if from >= to {
		return
	}
	first, last := k*c.events.cols/c.ranges, (k+1)*c.events.cols/c.ranges
	width, n := to-from, c.d.N
	var sums []T
	if width == n {
		sums = c.dw[first*n : last*n]
	} else {
		c.sums[task] = resize(c.sums[task], (last-first)*width)
		sums = c.sums[task]
	}
	init, ldinit := sums, width
	switch {
	case c.more && width == n:
	case c.more:
		for j := first; j < last; j++ {
			copy(sums[(j-first)*width:][:width], c.dw[j*n+from:])
		}
	case c.limit <= c.first:
		clear(sums)
	default: // the first chunk begins at zero
		init, ldinit = c.zero, 0
	}
	for k := len(c.chunks) - 1; k >= 0; k-- {
		least, rows := max(0, c.first-k*chunkRows), min(chunkRows, c.limit-k*chunkRows)
		if rows <= least {
			continue
		}
		begin := k*chunkRows + c.skip
		if c.order.Block > 0 {
			begin = 0
		}
		d, ld := c.d.From(begin, from)
		lists, values := c.chunks[k].lists[first:last], someValues
		if len(c.chunks[k].vals) == 0 {
			values = noValues
		}
		if least == 0 && (rows == chunkRows || k*chunkRows+rows == c.events.Rows()) {
			gatherRows(sums, width, init, ldinit, lists, values, width, d, ld)
			init, ldinit = sums, width
			continue
		}
		for j, l := range lists {
			begin, end := 0, len(l.col) // by falling rows
			for begin < end && c.rowOf(l.col[begin], k) >= rows {
				begin++
			}
			for begin < end && c.rowOf(l.col[end-1], k) < least {
				end--
			}
			if l.col = l.col[begin:end]; l.val != nil {
				l.val = l.val[begin:end]
			}
			gatherRows(sums[j*width:], width, init[j*ldinit:], ldinit, []row[T]{l}, values, width, d, ld)
		}
		init, ldinit = sums, width
	}
	for j := first; j < last && width < n; j++ {
		copy(c.dw[j*n+from:][:width], sums[(j-first)*width:])
	}
}

// rowOf returns which row of a chunk is meant in a list.
func (c *Columns[T]) rowOf(listed int32, chunk int) int {
	if c.order.Block == 0 {
		return int(listed)
	}
	return c.order.Row(int(listed)) - chunk*chunkRows
}
