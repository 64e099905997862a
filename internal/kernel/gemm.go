package kernel

import "sync"

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
	b           []T
	transposed  bool
	copy        func(lo, hi int)
}

// Pack copies B, row-major without gaps, or its transposed if transposed says so: then b is [n, k].
func (p *Packed[T]) Pack(b []T, k, n int, transposed bool) {
	if p.copy == nil {
		p.copy = p.copyPanels
	}
	p.k, p.n, p.width = k, n, panelWidth[T]()
	p.b, p.transposed = b, transposed
	panels := (n + p.width - 1) / p.width
	p.data = resize(p.data, panels*k*p.width)
	Blocks(panels, max(1, 1<<15/max(1, k*p.width)), p.copy)
	p.b = nil
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
				copy(dst[l*p.width:], p.b[l*p.n+first:][:columns])
			}
			continue
		}
		for l0 := 0; l0 < p.k; l0 += 16 {
			l1 := min(l0+16, p.k)
			for j := range columns {
				column := p.b[(first+j)*p.k:]
				for l := l0; l < l1; l++ {
					dst[l*p.width+j] = column[l]
				}
			}
		}
	}
}

func (p *Packed[T]) panel(i int) []T { return p.data[i*p.k*p.width : (i+1)*p.k*p.width] }

// Matrix is a factor A of a product: element (i, l) is Data[i*Row + l*Col]. One of the
// strides is 1.
type Matrix[T Float] struct {
	Data     []T
	Row, Col int
}

// Scratch is memory for [Packed.Product]. The zero value is ready.
type Scratch[T Float] struct{ block, tile []T }

// Product computes the columns from..to-1 of C = A·B for m rows, or adds them to C if more
// is true: from is a multiple of 64, and so is to, or it is the last one. c begins at the first of
// these columns and is row-major with a distance of ldc between its rows.
func (p *Packed[T]) Product(c []T, ldc, m, from, to int, a Matrix[T], more bool, s *Scratch[T]) {
	for i := 0; i < m; i += blockRows {
		rows := min(blockRows, m-i)
		for l := 0; l < p.k; l += blockDepth {
			depth := min(blockDepth, p.k-l)
			block := s.copyBlock(Matrix[T]{a.Data[i*a.Row+l*a.Col:], a.Row, a.Col}, rows, depth)
			p.multiply(c[i*ldc:], ldc, rows, from, to, block, l, depth, l == 0 && !more, s)
		}
	}
}

// copyBlock copies a block of A.
func (s *Scratch[T]) copyBlock(a Matrix[T], rows, depth int) Matrix[T] {
	if s.block == nil {
		s.block = make([]T, max(blockRows*(blockDepth+gap), blockDepth*(blockRows+gap)))
		s.tile = make([]T, 12*32)
	}
	if a.Col == 1 {
		for i := range rows {
			copy(s.block[i*(blockDepth+gap):], a.Data[i*a.Row:][:depth])
		}
		return Matrix[T]{s.block, blockDepth + gap, 1}
	}
	for l := range depth {
		copy(s.block[l*(blockRows+gap):], a.Data[l*a.Col:][:rows])
	}
	return Matrix[T]{s.block, 1, blockRows + gap}
}

// multiply adds the product of a block of A with the steps from l on to C.
func (p *Packed[T]) multiply(c []T, ldc, rows, from, to int, a Matrix[T], l, depth int, fresh bool, s *Scratch[T]) {
	for column := from; column < to; column += p.width {
		b, first := p.panel(column / p.width)[l*p.width:], column-from
		columns := min(p.width, to-column)
		tiles := tileRows()
		for i := 0; i < rows; {
			for tiles[0] > rows-i {
				tiles = tiles[1:]
			}
			height := tiles[0]
			data := a.Data[i*a.Row:]
			if columns == p.width {
				tile(height, c[i*ldc+first:], ldc, data, a.Row, a.Col, b, p.width, depth, fresh)
			} else {
				for r := range height {
					copy(s.tile[r*p.width:], c[(i+r)*ldc+first:][:columns])
				}
				tile(height, s.tile, p.width, data, a.Row, a.Col, b, p.width, depth, fresh)
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
	pool := &gemmJobs32
	if !single[T]() {
		pool = &gemmJobs64
	}
	p, ok := pool.Get().(*gemmJob[T])
	if !ok {
		p = &gemmJob[T]{}
		p.run = p.rows
	}
	p.m, p.c, p.more = m, c, beta != 0
	p.a = Matrix[T]{a, k, 1}
	if ta {
		p.a = Matrix[T]{a, 1, m}
	}
	p.b.Pack(b, k, n, tb)
	Blocks(m, blockRows, p.run)
	p.a.Data, p.c = nil, nil
	pool.Put(p)
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

var gemmJobs32, gemmJobs64 sync.Pool

func (p *gemmJob[T]) rows(lo, hi int) {
	s := TakeScratch[T]()
	p.b.Product(p.c[lo*p.b.n:], p.b.n, hi-lo, 0, p.b.n, Matrix[T]{p.a.Data[lo*p.a.Row:], p.a.Row, p.a.Col}, p.more, s)
	KeepScratch(s)
}

var scratch32, scratch64 sync.Pool

// TakeScratch returns memory that nobody uses.
func TakeScratch[T Float]() *Scratch[T] {
	pool := &scratch32
	if !single[T]() {
		pool = &scratch64
	}
	if s, ok := pool.Get().(*Scratch[T]); ok {
		return s
	}
	return &Scratch[T]{}
}

// KeepScratch keeps memory for the next who takes it.
func KeepScratch[T Float](s *Scratch[T]) {
	if single[T]() {
		scratch32.Put(s)
	} else {
		scratch64.Put(s)
	}
}
