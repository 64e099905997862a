package kernel

// Events lists the elements of a matrix that are not zero, by row and, after
// Transpose, by column: spikes are few among many zeros.
type Events[T Float] struct {
	rows, cols int

	start []int   // start[i]:start[i+1] are the events of row i
	col   []int32 // column and value of each event
	val   []T

	colStart []int // the same by column
	row      []int32
	colVal   []T
}

// Collect lists the events of the rows×cols matrix x, row-major. It reuses the
// memory of the receiver.
func (e *Events[T]) Collect(x []T, rows, cols int) {
	e.rows, e.cols = rows, cols
	e.start, e.col, e.val = e.start[:0], e.col[:0], e.val[:0]
	for i := range rows {
		e.start = append(e.start, len(e.col))
		for j, v := range x[i*cols : (i+1)*cols] {
			if v != 0 {
				e.col = append(e.col, int32(j))
				e.val = append(e.val, v)
			}
		}
	}
	e.start = append(e.start, len(e.col))
}

// Len returns the number of events.
func (e *Events[T]) Len() int { return len(e.col) }

// Transpose lists the events by column, too, in each column in the order of the rows.
func (e *Events[T]) Transpose() {
	e.colStart = resize(e.colStart, e.cols+1)
	e.row = resize(e.row, len(e.col))
	e.colVal = resize(e.colVal, len(e.col))
	clear(e.colStart)
	for _, j := range e.col {
		e.colStart[j+1]++
	}
	for j := range e.cols {
		e.colStart[j+1] += e.colStart[j]
	}
	for i := range e.rows {
		for k := e.start[i]; k < e.start[i+1]; k++ {
			j := e.col[k]
			at := e.colStart[j]
			e.row[at], e.colVal[at] = int32(i), e.val[k]
			e.colStart[j]++
		}
	}
	copy(e.colStart[1:], e.colStart[:e.cols])
	e.colStart[0] = 0
}

// Gather adds to dst the row i of the matrix of events times w, which has cols rows
// of len(dst) columns: dst[n] += Σ_j x[i][j]·w[j][n], in the order of j.
func (e *Events[T]) Gather(dst []T, i int, w []T) {
	n := len(dst)
	for k := e.start[i]; k < e.start[i+1]; k++ {
		j := int(e.col[k])
		Axpy(e.val[k], w[j*n:(j+1)*n], dst)
	}
}

// Scatter writes the row j of xᵀ·d into dst, where d has len(dst) columns:
// dst[n] = Σ_i x[i][j]·d[i][n], in the order of i. Transpose must have been called.
func (e *Events[T]) Scatter(dst []T, j int, d []T) {
	n := len(dst)
	clear(dst)
	for k := e.colStart[j]; k < e.colStart[j+1]; k++ {
		i := int(e.row[k])
		Axpy(e.colVal[k], d[i*n:(i+1)*n], dst)
	}
}

func resize[E any](s []E, n int) []E {
	if cap(s) < n {
		return make([]E, n)
	}
	return s[:n]
}
