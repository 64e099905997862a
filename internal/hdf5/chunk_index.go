package hdf5

import (
	"math/bits"

	"github.com/surge-snn/surge/internal/files"
)

// indexKind is a way to find chunks.
type indexKind int

const (
	indexTree1 indexKind = iota
	indexSingle
	indexImplicit
	indexFixed
	indexExtensible
	indexTree2
)

// readIndex reads the chunked layout of version 4 and 5.
func (d *Dataset) readIndex(c *cursor) {
	l := &d.layout
	flags, rank, width := c.u8(), c.u8(), c.u8()
	d.chunkShape(c, rank, width)
	l.whole = flags&1 != 0
	l.index = indexKind(c.u8())
	parameters := 0
	switch l.index {
	case indexSingle:
		if flags&2 != 0 {
			l.single.size = c.length()
			l.single.skip = c.u32()
		}
	case indexImplicit:
	case indexFixed:
		parameters = 1
	case indexExtensible:
		parameters = 5
	case indexTree2:
		parameters = 6
	default:
		corrupt("layout: an index of kind %d", l.index)
	}
	c.skip(parameters)
	l.address = c.address()
	l.single.address = l.address
}

// grid maps the number of a chunk to its coordinates.
type grid struct {
	down  []uint64 // chunks that a step in each dimension passes
	first int      // the dimension that counts slowest
}

// grid returns the order in which an index counts chunks: row-major over the largest shape, where
// an extensible array puts the dimension without a limit first.
func (d *Dataset) grid(extensible bool) grid {
	rank := len(d.Shape)
	g := grid{down: make([]uint64, rank)}
	order := make([]int, 0, rank)
	if extensible {
		for i, m := range d.layout.most {
			if m == undefined {
				g.first = i
			}
		}
		order = append(order, g.first)
	}
	for i := range rank {
		if !extensible || i != g.first {
			order = append(order, i)
		}
	}
	n := uint64(1)
	for k := rank - 1; k >= 0; k-- {
		i := order[k]
		g.down[i] = n
		if k > 0 {
			most := max((d.layout.most[i]-1)/uint64(d.layout.chunk[i])+1, 1)
			if n > 1<<48/most {
				fail(files.ErrTooLarge, "more than 2^48 chunks")
			}
			n *= most
		}
	}
	if !extensible {
		g.first = 0
	}
	return g
}

// at returns the coordinates of chunk number n.
func (d *Dataset) at(g grid, n uint64) []int {
	at := make([]int, len(d.Shape))
	at[g.first] = int(n / g.down[g.first])
	n %= g.down[g.first]
	for i := range at {
		if i != g.first {
			at[i] = int(n / g.down[i])
			n %= g.down[i]
		}
	}
	return at
}

// implicit notes chunks that stand one after the other.
func (d *Dataset) implicit() {
	size := uint64(d.chunkBytes())
	n := uint64(1)
	for i, k := range d.Shape {
		n *= uint64((k-1)/d.layout.chunk[i] + 1)
		if n > d.f.src.size/size {
			corrupt("%d chunks of %d bytes in a file of %d", n, size, d.f.src.size)
		}
	}
	g := d.grid(false)
	for i := range n {
		d.addChunk(d.at(g, i), chunk{address: d.layout.address + i*size, plain: true})
	}
}

// element reads the entry of a chunk in an array of them.
func (d *Dataset) element(c *cursor, client, size int) chunk {
	e := chunk{address: c.address()}
	if client == 1 {
		e.size = c.uint(size - c.s.offsets - 4)
		e.skip = c.u32()
	} else {
		e.plain = true
	}
	return e
}

// fixedArray reads the index of a data set with a limited shape.
func (d *Dataset) fixedArray() {
	s := d.f.src
	c := s.summed(d.layout.address, uint64(12+s.lengths+s.offsets), "fixed array")
	c.magic("FAHD", 0)
	client, size, pageBits := c.u8(), c.u8(), c.u8()
	n, block := c.length(), c.address()
	d.checkElement(client, size, pageBits)
	if block == undefined {
		return
	}
	g := d.grid(false)
	head := uint64(6 + s.offsets)
	c = s.at(block, head, "fixed array")
	c.magic("FADB", 0)
	page := uint64(1) << pageBits
	if n > s.size/uint64(size) {
		corrupt("fixed array of %d chunks in a file of %d bytes", n, s.size)
	}
	if n <= page {
		c = s.summed(block, head+n*uint64(size)+4, "fixed array")
		c.skip(int(head))
		for i := range n {
			d.addChunk(d.at(g, i), d.element(c, client, size))
		}
		return
	}
	pages := (n + page - 1) / page
	mask := s.summed(block, head+(pages+7)/8+4, "fixed array").b[head:]
	written := func(p uint64) bool { return mask[p/8]>>(7-p%8)&1 != 0 }
	d.pages(block+head+(pages+7)/8+4, n, page, written, client, size, func(i uint64, e chunk) { d.addChunk(d.at(g, i), e) })
}

// pages reads n elements in pages that each end with a checksum.
func (d *Dataset) pages(at, n, page uint64, written func(page uint64) bool, client, size int, each func(uint64, chunk)) {
	for p := uint64(0); p*page < n; p++ {
		k := min(page, n-p*page)
		if written(p) {
			c := d.f.src.summed(at, k*uint64(size)+4, "page of chunks")
			for i := range k {
				each(p*page+i, d.element(c, client, size))
			}
		}
		at += page*uint64(size) + 4
	}
}

func (d *Dataset) checkElement(client, size, pageBits int) {
	s := d.f.src
	if client == 0 && size != s.offsets || client == 1 && (size <= s.offsets+4 || size > s.offsets+12) || client > 1 || pageBits > 32 {
		corrupt("index of chunks: entries of kind %d and %d bytes, pages of 2^%d", client, size, pageBits)
	}
}

// extensible is an extensible array of chunks.
type extensible struct {
	d            *Dataset
	client, size int
	head         uint64 // bytes before the elements of a block
	page         uint64
	grid         grid
	seen         visits
}

// extensibleArray reads the index of a data set with one dimension without a limit.
func (d *Dataset) extensibleArray() {
	s := d.f.src
	c := s.summed(d.layout.address, uint64(16+6*s.lengths+s.offsets), "extensible array")
	c.magic("EAHD", 0)
	client, size := c.u8(), c.u8()
	maxBits, inIndex, minElements, minPointers, pageBits := c.u8(), uint64(c.u8()), uint64(c.u8()), uint64(c.u8()), c.u8()
	d.checkElement(client, size, pageBits)
	c.skip(6 * s.lengths)
	index := c.address()
	if index == undefined {
		return
	}
	if bits.OnesCount64(minElements) != 1 || bits.OnesCount64(minPointers) != 1 || maxBits > 64 || maxBits < bits.Len64(minElements) {
		corrupt("extensible array of %d bits, blocks of %d elements, %d pointers", maxBits, minElements, minPointers)
	}
	e := extensible{d, client, size, uint64(6 + s.offsets + (maxBits+7)/8), 1 << pageBits, d.grid(true), visits{}}
	supers := 1 + maxBits - (bits.Len64(minElements) - 1)
	direct := 2 * (bits.Len64(minPointers) - 1) // super blocks whose data blocks the index block points to
	if direct > supers {
		corrupt("extensible array: %d super blocks, %d in the index", supers, direct)
	}
	n := uint64(6+s.offsets) + inIndex*uint64(size) + (2*(minPointers-1)+uint64(supers-direct))*uint64(s.offsets) + 4
	c = s.summed(index, n, "extensible array")
	c.magic("EAIB", 0)
	c.skip(1 + s.offsets)
	number := uint64(0)
	for range inIndex {
		e.add(number, d.element(c, client, size))
		number++
	}
	for u := range supers {
		blocks, elements := uint64(1)<<(u/2), minElements<<((u+1)/2)
		if u >= direct {
			e.super(c.address(), number, blocks, elements)
			number += blocks * elements
			continue
		}
		for range blocks {
			e.data(c.address(), number, elements, nil)
			number += elements
		}
	}
}

func (e *extensible) add(number uint64, c chunk) {
	if c.address != undefined {
		e.d.addChunk(e.d.at(e.grid, number), c)
	}
}

// super reads a super block of data blocks.
func (e *extensible) super(at, number, blocks, elements uint64) {
	if at == undefined {
		return
	}
	s := e.d.f.src
	e.seen.visit(at, "super block of chunks")
	mask := uint64(0)
	if elements > e.page {
		mask = (elements/e.page + 7) / 8
	}
	if blocks > s.size || mask > s.size {
		corrupt("extensible array: %d blocks of %d chunks", blocks, elements)
	}
	c := s.summed(at, e.head+blocks*(mask+uint64(s.offsets))+4, "super block of chunks")
	c.magic("EASB", 0)
	c.skip(int(e.head) - 5)
	masks := c.bytes(int(blocks * mask))
	for i := range blocks {
		written := func(p uint64) bool { // the bits of the blocks follow each other
			p += i * (elements / e.page)
			return masks[p/8]>>(7-p%8)&1 != 0
		}
		e.data(c.address(), number, elements, written)
		number += elements
	}
}

// data reads a data block of elements.
func (e *extensible) data(at, number, elements uint64, written func(page uint64) bool) {
	if at == undefined {
		return
	}
	d, s := e.d, e.d.f.src
	e.seen.visit(at, "block of chunks")
	if elements > s.size {
		corrupt("extensible array: a block of %d chunks in a file of %d bytes", elements, s.size)
	}
	s.at(at, 5, "block of chunks").magic("EADB", 0)
	if elements <= e.page {
		c := s.summed(at, e.head+elements*uint64(e.size)+4, "block of chunks")
		c.skip(int(e.head))
		for i := range elements {
			e.add(number+i, d.element(c, e.client, e.size))
		}
		return
	}
	if written == nil {
		corrupt("extensible array: pages of %d chunks", e.page)
	}
	d.pages(at+e.head+4, elements, e.page, written, e.client, e.size, func(i uint64, c chunk) { e.add(number+i, c) })
}

// tree2 reads the index of a data set with several dimensions without a limit.
func (d *Dataset) tree2() {
	kind := 10
	if len(d.filter) > 0 {
		kind = 11
	}
	s, rank := d.f.src, len(d.Shape)
	for record := range d.f.records(d.layout.address, kind) {
		c := s.over(record, "index of chunks")
		e := chunk{address: c.address()}
		if kind == 11 {
			e.size = c.uint(len(record) - s.offsets - 4 - 8*rank)
			e.skip = c.u32()
		}
		at := make([]int, rank)
		for i := range at {
			at[i] = int(c.u64())
		}
		d.addChunk(at, e)
	}
}
