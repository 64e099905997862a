package kernel

// Columns lists events by column: what a product with the transposed matrix reads. The rows
// are taken in chunks, so that the rows of the other factor of a product stay near. Memory is used
// again when the lists are made anew.
type Columns[T Float] struct {
	events *Events[T]
	chunks []chunk[T]
	tasks  int // of Scatter, and what it is at work on
	dw, d  []T
	limit  int // rows
	n      int
	sort   func(lo, hi int)
	sum    func(lo, hi int)
}

// chunk is the events of some rows, by column: those of column j are start[j]:start[j+1] of row.
type chunk[T Float] struct {
	start []int32
	row   []int32
	val   []T // empty: all are 1
}

// chunkRows is how many rows a chunk has: with a panel of columns they fit in the cache of a core.
const chunkRows = 512

// panelBytes is how much of a row of the other factor is taken at a time.
const panelBytes = 512

// Transpose lists the events by column, in each column in the order of the rows. The events
// are not to change before the last call of Scatter.
func (c *Columns[T]) Transpose(e *Events[T]) {
	if c.sort == nil {
		c.sort, c.sum = c.sortChunks, c.sumPanels
	}
	c.events = e
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
		c.chunks[k].sort(c.events.rows[first:min(first+chunkRows, c.events.Rows())], c.events.cols)
	}
}

func (c *chunk[T]) sort(rows []row[T], cols int) {
	c.start = resize(c.start, cols+1)
	clear(c.start)
	start := c.start
	count, ones := 0, true
	for i := range rows {
		r := &rows[i]
		count += len(r.col)
		ones = ones && r.val == nil
		for _, j := range r.col {
			start[j+1]++
		}
	}
	for j := range cols {
		start[j+1] += start[j]
	}
	if cap(c.row) < count {
		c.row = make([]int32, count+count/4)
	}
	c.row, c.val = c.row[:count], c.val[:0]
	if !ones {
		c.val = resize(c.val, count)
	}
	for i := range rows {
		r := &rows[i]
		for k, j := range r.col {
			to := start[j]
			c.row[to] = int32(i)
			start[j] = to + 1
			if !ones {
				c.val[to] = 1
				if r.val != nil {
					c.val[to] = r.val[k]
				}
			}
		}
	}
	copy(start[1:], start[:cols])
	start[0] = 0
}

// Scatter writes the product of the transposed matrix with d, which has n columns, to dw:
//
//	dw[j][n] = Σ_i x[i][j]·d[i][n]
//
// in the order of i, for the first rows of the matrix and of d. If more is true, the product is added to dw.
func (c *Columns[T]) Scatter(dw, d []T, rows, n int, more bool) {
	c.dw, c.d, c.limit, c.n = dw, d, rows, n
	if !more {
		clear(dw)
	}
	panels := (n + c.panel() - 1) / c.panel()
	c.tasks = max(1, (8+panels-1)/panels) // ranges of columns of the matrix for each panel
	Blocks(panels*c.tasks, 1, c.sum)
	c.dw, c.d = nil, nil
}

func (c *Columns[T]) panel() int {
	if single[T]() {
		return panelBytes / 4
	}
	return panelBytes / 8
}

// sumPanels computes panels of dw: some columns of some of its rows.
func (c *Columns[T]) sumPanels(lo, hi int) {
	for task := lo; task < hi; task++ {
		from := task / c.tasks * c.panel()
		to := min(from+c.panel(), c.n)
		first, last := task%c.tasks*c.events.cols/c.tasks, (task%c.tasks+1)*c.events.cols/c.tasks
		for k := range c.chunks {
			ch := &c.chunks[k]
			rows := int32(min(chunkRows, c.limit-k*chunkRows)) // others than these do not count
			if rows <= 0 {
				break
			}
			d := c.d[k*chunkRows*c.n+from:]
			for j := first; j < last; j++ {
				a, b := ch.start[j], ch.start[j+1]
				for ; b > a && ch.row[b-1] >= rows; b-- {
				}
				if a == b {
					continue
				}
				var val []T
				if len(ch.val) > 0 {
					val = ch.val[a:b]
				}
				dst := c.dw[j*c.n+from : j*c.n+to]
				Gather(dst, dst, d, c.n, ch.row[a:b], val)
			}
		}
	}
}
