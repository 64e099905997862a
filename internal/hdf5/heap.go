package hdf5

import (
	"iter"
	"math/bits"

	"github.com/surge-snn/surge/internal/files"
)

// globalHeap holds the collections that were read last, of strings and lists of variable length.
type globalHeap struct {
	order       []uint64
	collections map[uint64]map[int][]byte
}

// cached is how many collections are kept; a collection is 4 KiB, or one object.
const cached = 8

// heapObject returns an object of the global heap. The bytes are shared.
func (f *File) heapObject(at uint64, index int) []byte {
	h := &f.heap
	objects, ok := h.collections[at]
	if !ok {
		objects = f.collection(at)
		if h.collections == nil {
			h.collections = map[uint64]map[int][]byte{}
		}
		if len(h.order) == cached {
			delete(h.collections, h.order[0])
			h.order = h.order[1:]
		}
		h.order = append(h.order, at)
		h.collections[at] = objects
	}
	b, ok := objects[index]
	if !ok {
		corrupt("global heap at %d: no object %d", at, index)
	}
	return b
}

func (f *File) collection(at uint64) map[int][]byte {
	c := f.src.at(at, uint64(8+f.src.lengths), "global heap")
	c.magic("GCOL", 1)
	c.skip(3)
	n, head := c.length(), uint64(8+f.src.lengths)
	if n < head {
		corrupt("global heap of %d bytes", n)
	}
	c = f.src.at(at+head, n-head, "global heap")
	objects := map[int][]byte{}
	for len(c.b) >= 8+f.src.lengths {
		index := c.u16()
		c.skip(6)
		size := c.length()
		if index == 0 {
			break // free space
		}
		if size > uint64(len(c.b)) {
			corrupt("global heap: an object of %d bytes, %d are left", size, len(c.b))
		}
		objects[index] = c.bytes(int(size))
		c.skip(min(len(c.b), int(-size&7)))
	}
	return objects
}

// fractalHeap is a heap of many small objects: dense links and attributes.
type fractalHeap struct {
	f                      *File
	flags                  int
	idLength               int
	width                  uint64
	startSize, maxDirect   uint64
	offsetBytes, sizeBytes int
	root                   uint64
	rows                   int // of the root block, 0 where it is a direct block
}

func (f *File) fractalHeap(at uint64) *fractalHeap {
	s := f.src
	n := uint64(22 + 12*s.lengths + 3*s.offsets + 4)
	c := s.at(at, n, "fractal heap")
	c.magic("FRHP", 0)
	h := &fractalHeap{f: f, idLength: c.u16()}
	if filters := c.u16(); filters != 0 {
		fail(files.ErrFormat, "a fractal heap with filters is not read")
	}
	s.summed(at, n, "fractal heap")
	h.flags = c.u8()
	maxManaged := c.u32()
	c.skip(10*s.lengths + 2*s.offsets)
	h.width, h.startSize, h.maxDirect = c.uint(2), c.length(), c.length()
	maxBits := c.u16()
	c.skip(2)
	h.root, h.rows = c.address(), c.u16()
	h.offsetBytes = (maxBits + 7) / 8
	h.sizeBytes = min(encodedSize(h.maxDirect), encodedSize(maxManaged))
	if h.width == 0 || h.startSize == 0 || h.startSize&(h.startSize-1) != 0 || h.maxDirect < h.startSize ||
		h.offsetBytes == 0 || h.offsetBytes > 8 {
		corrupt("fractal heap: width %d, blocks of %d to %d bytes, %d bits", h.width, h.startSize, h.maxDirect, maxBits)
	}
	return h
}

// encodedSize is the number of bytes of numbers up to a limit.
func encodedSize(limit uint64) int { return (bits.Len64(limit)-1)/8 + 1 }

// object returns the object with an identifier.
func (h *fractalHeap) object(id []byte) []byte {
	c := h.f.src.over(id, "fractal heap")
	switch kind := c.u8(); kind >> 4 & 3 {
	case 0:
		return h.managed(c.uint(h.offsetBytes), c.uint(h.sizeBytes))
	case 2:
		if h.idLength > 18 {
			n := (kind&15)<<8 | c.u8()
			return c.bytes(n + 1)
		}
		return c.bytes(kind&15 + 1)
	}
	fail(files.ErrFormat, "a huge object of a fractal heap is not read")
	return nil
}

// managed returns n bytes at an offset of the heap's own space.
func (h *fractalHeap) managed(offset, n uint64) []byte {
	s := h.f.src
	block, size, rows := h.root, h.startSize, h.rows
	for depth := 0; rows > 0; depth++ { // an indirect block
		if depth > maxDepth {
			corrupt("fractal heap: deeper than %d", maxDepth)
		}
		row, start := 0, uint64(0)
		size = h.startSize
		for ; ; row++ {
			if row == rows || size > 1<<48 {
				corrupt("fractal heap: no block for the offset %d", offset)
			}
			if row > 1 {
				size *= 2
			}
			if offset-start < size*h.width {
				break
			}
			start += size * h.width
		}
		column := (offset - start) / size
		offset = (offset - start) % size
		entry := uint64(row)*h.width + column
		head := uint64(5 + s.offsets + h.offsetBytes)
		c := s.at(block, head, "fractal heap")
		c.magic("FHIB", 0)
		block = s.at(block+head+entry*uint64(s.offsets), uint64(s.offsets), "fractal heap").address()
		rows = 0
		if size > h.maxDirect {
			rows = bits.Len64(size / (h.startSize * h.width)) // blocks of the rows of the child are as large together
		}
	}
	if offset > size || n > size-offset {
		corrupt("fractal heap: %d bytes at %d of a block of %d", n, offset, size)
	}
	s.at(block, 5, "fractal heap").magic("FHDB", 0)
	return s.block(block+offset, n, "fractal heap")
}

// records goes through the records of a B-tree of version 2 of some kind.
func (f *File) records(at uint64, kind int) iter.Seq[[]byte] {
	s := f.src
	c := s.summed(at, uint64(22+s.offsets+s.lengths), "B-tree")
	c.magic("BTHD", 0)
	if found := c.u8(); found != kind {
		corrupt("B-tree: records of kind %d, expected %d", found, kind)
	}
	t := tree{f: f, kind: kind, node: c.u32(), record: c.uint(2), seen: visits{}}
	depth := c.u16()
	c.skip(2)
	root, n := c.address(), c.uint(2)
	if t.record == 0 || t.node < 16+t.record || t.node > s.size || depth > maxDepth {
		corrupt("B-tree: nodes of %d bytes, records of %d, depth %d", t.node, t.record, depth)
	}
	most := (t.node - 10) / t.record
	t.countBytes = encodedSize(most)
	t.totals = []int{0}
	for d, total := 1, most; d <= depth; d++ {
		pointer := uint64(s.offsets + t.countBytes + t.totals[d-1])
		if t.node < 10+pointer {
			corrupt("B-tree: nodes of %d bytes", t.node)
		}
		m := (t.node - 10 - pointer) / (t.record + pointer)
		total = min((m+1)*total+m, 1<<56)
		t.totals = append(t.totals, encodedSize(total))
	}
	return func(yield func([]byte) bool) {
		if root != undefined {
			t.walk(root, n, depth, yield)
		}
	}
}

// tree is a B-tree of version 2.
type tree struct {
	f            *File
	kind         int
	node, record uint64 // bytes
	countBytes   int    // of the number of records of a child
	totals       []int  // by the depth of a child: bytes of the number of all records below
	seen         visits
}

func (t *tree) walk(at, n uint64, depth int, yield func([]byte) bool) bool {
	s := t.f.src
	t.seen.visit(at, "B-tree")
	size := 6 + n*t.record + 4
	pointer := uint64(0)
	sig := "BTLF"
	if depth > 0 {
		sig = "BTIN"
		pointer = uint64(s.offsets + t.countBytes + t.totals[depth-1])
		size += (n + 1) * pointer
	}
	if size > t.node {
		corrupt("B-tree: %d records in a node of %d bytes", n, t.node)
	}
	c := s.summed(at, size, "B-tree")
	c.magic(sig, 0)
	c.skip(1)
	records := s.over(c.bytes(int(n*t.record)), "B-tree")
	for i := range n + 1 {
		if depth > 0 {
			child, count := c.address(), c.uint(t.countBytes)
			c.skip(t.totals[depth-1])
			if !t.walk(child, count, depth-1, yield) {
				return false
			}
		}
		if i < n && !yield(records.bytes(int(t.record))) {
			return false
		}
	}
	return true
}
