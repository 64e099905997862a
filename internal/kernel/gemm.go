package kernel

// A product C = A·B is computed in tiles of C, of some rows and of the width of two
// registers, which stay in registers while the sums go through blockDepth steps of k. Every sum is
// that of the definition, by rising k, with one rounding in each step (fused
// multiplication and addition): the tiles and blocks have no influence on the bits.
const (
	blockDepth = 256 // steps of k for which a block of A is copied
	blockRows  = 48  // rows of that block
	gap        = 16  // elements between the rows of the copy, or they would compete for places in the cache
)

// panelWidth returns how many columns a tile has.
func panelWidth[T Float]() int {
	width := 64
	if avx512 {
		width = 128
	}
	if single[T]() {
		return width / 4
	}
	return width / 8
}

// tileRows returns the heights that tiles may have, the largest first.
func tileRows() []int {
	if avx512 {
		return tileRows512
	}
	return tileRows256
}

var (
	tileRows512 = []int{12, 8, 4, 2, 1}
	tileRows256 = []int{6, 4, 2, 1}
)

// Packed is a matrix B [k, n] in the order in which products read it: panels of
// as many columns as a tile has, the last one filled up with zeros.
type Packed[T Float] struct {
	k, n, width int
	data        []T
	b           Panels[T]
	transposed  bool
	backwards   bool // the rows of B from the last to the first
	first       int  // row of B
	copy        func(lo, hi int)
}

// Pack copies B.
func (p *Packed[T]) Pack(b Panels[T]) { p.pack(b, b.Rows, b.N, false) }

// packBackwards copies the rows [from, to) of B.
func (p *Packed[T]) packBackwards(b Panels[T], from, to int) {
	p.backwards, p.first = true, from
	p.pack(b, to-from, b.N, false)
	p.backwards, p.first = false, 0
}

// PackTransposed makes B the transposed of b, which is row-major.
func (p *Packed[T]) PackTransposed(b []T, rows, n int) { p.pack(RowMajor(b, rows, n), n, rows, true) }

func (p *Packed[T]) pack(b Panels[T], k, n int, transposed bool) {
	if p.copy == nil {
		p.copy = p.copyPanels
	}
	p.k, p.n, p.width = k, n, panelWidth[T]()
	p.b, p.transposed = b, transposed
	panels := (n + p.width - 1) / p.width
	p.data = resize(p.data, panels*k*p.width)
	Blocks(panels, max(1, 1<<14/max(1, k*p.width)), p.copy)
	p.b.Data = nil
}

// Resize makes p a matrix [k, n] of zeros if it was none of that shape, to be filled by
// [Packed.Panel].
func (p *Packed[T]) Resize(k, n int) {
	if width := panelWidth[T](); p.k != k || p.n != n || p.width != width {
		p.k, p.n, p.width = k, n, width
		p.data = resize(p.data, (n+width-1)/width*k*width)
		clear(p.data)
	}
}

// Panel returns panel i: the columns from i·Width on, row-major [k, Width]. What is beyond column n
// has to stay 0.
func (p *Packed[T]) Panel(i int) []T { return p.panel(i) }

// Width returns how many columns a panel has.
func (p *Packed[T]) Width() int { return p.width }

// Times adds P·B to C, which is row-major: P is this matrix [k, n], and B has n rows.
func (p *Packed[T]) Times(c []T, b *Packed[T], s *Scratch[T]) {
	s.grow(0)
	for l := 0; l < p.n; l += p.width {
		b.multiply(c, b.n, p.k, 0, b.n, p.panel(l/p.width), p.width, 1, l, min(p.width, p.n-l), false, s)
	}
}

func (p *Packed[T]) copyPanels(lo, hi int) {
	for panel := lo; panel < hi; panel++ {
		dst, first := p.panel(panel), panel*p.width
		columns := min(p.width, p.n-first)
		if columns < p.width {
			clear(dst)
		}
		if !p.transposed {
			for l := range p.k {
				row := l
				if p.backwards {
					row = p.k - 1 - l
				}
				b, _ := p.b.From(p.first+row, first)
				copy(dst[l*p.width:], b[:columns])
			}
			continue
		}
		for l0 := 0; l0 < p.k; l0 += 16 {
			l1 := min(l0+16, p.k)
			for j := range columns {
				column := p.b.Data[(first+j)*p.k:]
				for l := l0; l < l1; l++ {
					dst[l*p.width+j] = column[l]
				}
			}
		}
	}
}

func (p *Packed[T]) panel(i int) []T { return p.data[i*p.k*p.width : (i+1)*p.k*p.width] }

// Matrix is a factor A of a product: X, or its transposed. Panels of X are of a multiple of
// 64 columns, and X is row-major if it is transposed.
type Matrix[T Float] struct {
	X          Panels[T]
	Transposed bool
	backwards  bool // transposed, and the columns of A from the last to the first
}

// Scratch is memory for [Packed.Product]. The zero value is ready.
type Scratch[T Float] struct{ block, tile []T }

// Product computes the columns from..to-1 of C = A·B for the m rows of A that begin at first, or
// adds them to C if more is true: from is a multiple of 64, and so is to, or it is the last one. c
// begins at the first of these rows and columns and is row-major with a distance of ldc between its
// rows.
func (p *Packed[T]) Product(c []T, ldc, first, m, from, to int, a Matrix[T], more bool, s *Scratch[T]) {
	for i := 0; i < m; i += blockRows {
		rows := min(blockRows, m-i)
		for l := 0; l < p.k; l += blockDepth {
			depth := min(blockDepth, p.k-l)
			rs, cs := s.copyBlock(a, first+i, rows, l, depth)
			p.multiply(c[i*ldc:], ldc, rows, from, to, s.block, rs, cs, l, depth, l == 0 && !more, s)
		}
	}
}

// grow makes room for a block of so many numbers.
func (s *Scratch[T]) grow(block int) {
	s.block = resize(s.block, block)
	s.tile = resize(s.tile, 12*32)
}

// copyBlock copies a block of A: rows from i on, columns from l on. It returns the strides of the
// copy.
func (s *Scratch[T]) copyBlock(a Matrix[T], i, rows, l, depth int) (rs, cs int) {
	if a.Transposed {
		s.grow(depth * (blockRows + gap))
		n := a.X.N
		for k := range depth {
			row := l + k
			if a.backwards {
				row = a.X.Rows - 1 - row
			}
			copy(s.block[k*(blockRows+gap):], a.X.Data[row*n+i:][:rows])
		}
		return 1, blockRows + gap
	}
	s.grow(rows * (blockDepth + gap))
	for r := 0; r < rows; {
		run := a.X.Order.Run(i+r, rows-r)
		for at := l; at < l+depth; {
			x, ld := a.X.From(i+r, at)
			n := min(l+depth-at, a.X.Width-at%a.X.Width)
			for k := range run {
				copy(s.block[(r+k)*(blockDepth+gap)+at-l:], x[k*ld:][:n])
			}
			at += n
		}
		r += run
	}
	return blockDepth + gap, 1
}

// multiply adds the product of a block of A, with strides rs and cs, with the steps of B from l on
// to C.
func (p *Packed[T]) multiply(c []T, ldc, rows, from, to int, a []T, rs, cs, l, depth int, fresh bool, s *Scratch[T]) {
	for column := from; column < to; column += p.width {
		b, first := p.panel(column / p.width)[l*p.width:], column-from
		columns := min(p.width, to-column)
		tiles := tileRows()
		for i := 0; i < rows; {
			for rest := rows - i; tiles[0] > rest || tiles[0] == 6 && rest == 8; {
				tiles = tiles[1:] // 4 and 4 rows are faster than 6 and 2, whose sums wait for each other
			}
			height := tiles[0]
			data := a[i*rs:]
			if columns == p.width {
				tile(height, c[i*ldc+first:], ldc, data, rs, cs, b, p.width, depth, fresh)
			} else {
				for r := range height {
					copy(s.tile[r*p.width:], c[(i+r)*ldc+first:][:columns])
				}
				tile(height, s.tile, p.width, data, rs, cs, b, p.width, depth, fresh)
				for r := range height {
					copy(c[(i+r)*ldc+first:][:columns], s.tile[r*p.width:])
				}
			}
			i += height
		}
	}
}

// tile computes one tile; see gemm in generic.go.
func tile[T Float](rows int, c []T, ldc int, a []T, rs, cs int, b []T, bs, k int, fresh bool) {
	begin := 0
	if fresh {
		begin = 1
	}
	done := false
	switch rows {
	case 12:
		done = fastGemm12(at(c), ldc, at(a), rs, cs, at(b), bs, k, begin)
	case 8:
		done = fastGemm8(at(c), ldc, at(a), rs, cs, at(b), bs, k, begin)
	case 6:
		done = fastGemm6(at(c), ldc, at(a), rs, cs, at(b), bs, k, begin)
	case 4:
		done = fastGemm4(at(c), ldc, at(a), rs, cs, at(b), bs, k, begin)
	case 2:
		done = fastGemm2(at(c), ldc, at(a), rs, cs, at(b), bs, k, begin)
	case 1:
		done = fastGemm1(at(c), ldc, at(a), rs, cs, at(b), bs, k, begin)
	}
	if !done {
		gemm(rows, panelWidth[T](), c, ldc, a, rs, cs, b, bs, k, fresh)
	}
}

// Gemm computes C = op(A)·op(B) + beta·C, with beta 0 or 1, for row-major matrices without
// gaps between their rows, where op transposes if ta or tb says so: op(A) is m×k, op(B) is
// k×n, C is m×n. Sums go by rising k, with one rounding in each step.
func Gemm[T Float](ta, tb bool, m, n, k int, a, b []T, beta T, c []T) {
	if m == 0 || n == 0 || k == 0 {
		if beta == 0 {
			clear(c[:m*n])
		}
		return
	}
	p := takeGemm[T]()
	p.m, p.c, p.more = m, c, beta != 0
	p.a = Matrix[T]{X: RowMajor(a, m, k)}
	if ta {
		p.a = Matrix[T]{X: RowMajor(a, k, m), Transposed: true}
	}
	if tb {
		p.b.PackTransposed(b, n, k)
	} else {
		p.b.Pack(RowMajor(b, k, n))
	}
	Blocks(m, blockRows, p.run)
	keepGemm(p)
}

func takeGemm[T Float]() *gemmJob[T] {
	p := gemmJobs[T]().Take()
	if p == nil {
		p = &gemmJob[T]{}
		p.run = p.rows
	}
	return p
}

func keepGemm[T Float](p *gemmJob[T]) {
	p.a.X.Data, p.c = nil, nil
	gemmJobs[T]().Keep(p)
}

// ProductTN computes C = Aᵀ·B for the rows [from, to) of the row-major matrix A, of m columns, and
// of B, or adds it to C, [m, n], if more is true. Sums go by falling rows, as those of
// [Columns.Scatter].
func ProductTN[T Float](c, a []T, from, to, m int, b Panels[T], more bool) {
	p := takeGemm[T]()
	p.m, p.c, p.more = m, c, more
	p.a = Matrix[T]{X: RowMajor(a[from*m:to*m], to-from, m), Transposed: true, backwards: true}
	p.b.packBackwards(b, from, to)
	Blocks(m, blockRows, p.run)
	keepGemm(p)
}

// gemmJob is one call of Gemm.
type gemmJob[T Float] struct {
	m    int
	a    Matrix[T]
	b    Packed[T]
	c    []T
	more bool
	run  func(lo, hi int)
}

var (
	gemmJobs32 Spare[gemmJob[float32]]
	gemmJobs64 Spare[gemmJob[float64]]
)

func gemmJobs[T Float]() *Spare[gemmJob[T]] {
	if single[T]() {
		return any(&gemmJobs32).(*Spare[gemmJob[T]])
	}
	return any(&gemmJobs64).(*Spare[gemmJob[T]])
}

func (p *gemmJob[T]) rows(lo, hi int) {
	s := TakeScratch[T]()
	p.b.Product(p.c[lo*p.b.n:], p.b.n, lo, hi-lo, 0, p.b.n, p.a, p.more, s)
	KeepScratch(s)
}

var (
	scratch32 Spare[Scratch[float32]]
	scratch64 Spare[Scratch[float64]]
)

func scratches[T Float]() *Spare[Scratch[T]] {
	if single[T]() {
		return any(&scratch32).(*Spare[Scratch[T]])
	}
	return any(&scratch64).(*Spare[Scratch[T]])
}

// TakeScratch returns memory that nobody uses.
func TakeScratch[T Float]() *Scratch[T] {
	if s := scratches[T]().Take(); s != nil {
		return s
	}
	return &Scratch[T]{}
}

// KeepScratch keeps memory for the next who takes it.
func KeepScratch[T Float](s *Scratch[T]) { scratches[T]().Keep(s) }
