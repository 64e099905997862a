package hdf5

import (
	"cmp"
	"slices"
)

// chunk is where a chunk of a data set is.
type chunk struct {
	at      []int // in chunks
	address uint64
	size    uint64 // bytes in the file
	skip    uint64 // filters that are left out
	plain   bool   // no filters
}

// decoded is a chunk that was read.
type decoded struct {
	address uint64
	data    []byte
}

// chunkBytes is the size of the elements of a chunk.
func (d *Dataset) chunkBytes() int {
	n := d.Type.Size
	for _, k := range d.layout.chunk {
		n *= k
	}
	return n
}

// rawChunks gathers n rows from row first on from the chunks that hold them.
func (d *Dataset) rawChunks(first, n, size int) []byte {
	d.readChunks()
	rank, es := len(d.Shape), d.Type.Size
	out := d.filled(size)
	lo, hi := make([]int, rank), make([]int, rank) // in chunks
	for i := range rank {
		hi[i] = (d.Shape[i] + d.layout.chunk[i] - 1) / d.layout.chunk[i]
	}
	lo[0], hi[0] = first/d.layout.chunk[0], (first+n+d.layout.chunk[0]-1)/d.layout.chunk[0]
	from, _ := slices.BinarySearchFunc(d.chunks, lo[0], func(c chunk, row int) int { return cmp.Compare(c.at[0], row) })
	for _, c := range d.chunks[from:] { // a file may claim more chunks than it has
		if c.at[0] >= hi[0] {
			break
		}
		if inside(c.at, lo, hi) {
			d.place(out, d.chunkData(c), c.at, first, n, es)
		}
	}
	return out
}

func inside(at, lo, hi []int) bool {
	for i, x := range at {
		if x < lo[i] || x >= hi[i] {
			return false
		}
	}
	return true
}

// chunkData returns the elements of a chunk.
func (d *Dataset) chunkData(c chunk) []byte {
	if d.last.address == c.address && d.last.data != nil {
		return d.last.data
	}
	size := d.chunkBytes()
	pipeline := d.filter
	if c.plain {
		pipeline = nil
	}
	if d.layout.whole && d.overEdge(c.at) {
		pipeline = nil
	}
	stored := c.size
	if stored == 0 && len(pipeline) == 0 {
		stored = uint64(size)
	}
	data := undo(pipeline, c.skip, d.f.src.block(c.address, stored, "chunk"), d.Type.Size, size)
	d.last = decoded{c.address, data}
	return data
}

// overEdge tells whether a chunk is not whole.
func (d *Dataset) overEdge(at []int) bool {
	for i, x := range at {
		if (x+1)*d.layout.chunk[i] > d.Shape[i] {
			return true
		}
	}
	return false
}

// place copies what a chunk has of the rows first to first+n.
func (d *Dataset) place(out, data []byte, at []int, first, n, es int) {
	rank, shape := len(d.Shape), d.layout.chunk
	lo, hi := make([]int, rank), make([]int, rank) // of the elements of the chunk
	for i := range rank {
		end := d.Shape[i]
		if i == 0 {
			lo[0], end = max(first-at[0]*shape[0], 0), first+n
		}
		hi[i] = min(shape[i], end-at[i]*shape[i])
	}
	index := slices.Clone(lo)
	run := (hi[rank-1] - lo[rank-1]) * es // of the last dimension
	for {
		src, dst := 0, 0
		for i, x := range index {
			src = src*shape[i] + x
			if i == 0 {
				dst = at[0]*shape[0] + x - first
			} else {
				dst = dst*d.Shape[i] + at[i]*shape[i] + x
			}
		}
		copy(out[dst*es:dst*es+run], data[src*es:])
		i := rank - 2
		for ; i >= 0; i-- {
			if index[i]++; index[i] < hi[i] {
				break
			}
			index[i] = lo[i]
		}
		if i < 0 {
			return
		}
	}
}

// addChunk notes where the chunk with these coordinates is.
func (d *Dataset) addChunk(at []int, c chunk) {
	if c.address == undefined {
		return
	}
	for i, x := range at {
		if x < 0 || x > d.Shape[i]/d.layout.chunk[i] || x*d.layout.chunk[i] >= d.Shape[i] {
			return // beyond the present shape
		}
	}
	if len(d.filter) == 0 || c.plain {
		c.size = uint64(d.chunkBytes())
	}
	c.at = at
	d.chunks = append(d.chunks, c)
}

// readChunks reads the index of chunks, once.
func (d *Dataset) readChunks() {
	if d.indexed {
		return
	}
	d.indexed = true
	if d.layout.address == undefined {
		return
	}
	switch d.layout.index {
	case indexTree1:
		d.tree1(d.layout.address, visits{}, maxDepth)
	case indexSingle:
		d.addChunk(make([]int, len(d.Shape)), d.layout.single)
	case indexImplicit:
		d.implicit()
	case indexFixed:
		d.fixedArray()
	case indexExtensible:
		d.extensibleArray()
	case indexTree2:
		d.tree2()
	}
	slices.SortStableFunc(d.chunks, func(a, b chunk) int { return slices.Compare(a.at, b.at) })
}

// tree1 reads a B-tree of version 1 over chunks.
func (d *Dataset) tree1(at uint64, seen visits, depth int) {
	s, rank := d.f.src, len(d.Shape)
	seen.visit(at, "index of chunks")
	if depth == 0 {
		corrupt("index of chunks: deeper than %d", maxDepth)
	}
	c := s.at(at, uint64(8+2*s.offsets), "index of chunks")
	if sig := string(c.bytes(4)); sig != "TREE" {
		corrupt("index of chunks: expected TREE, found %q", sig)
	}
	if kind := c.u8(); kind != 1 {
		corrupt("index of chunks: a tree of kind %d, expected 1", kind)
	}
	level, n := c.u8(), c.u16()
	c = s.at(at+uint64(8+2*s.offsets), uint64(n*(8+8*(rank+1)+s.offsets)), "index of chunks")
	for range n {
		size, skip := c.u32(), c.u32()
		coordinates := make([]int, rank)
		for i := range rank {
			coordinates[i] = int(c.u64() / uint64(d.layout.chunk[i]))
		}
		c.skip(8)
		child := c.address()
		if level > 0 {
			d.tree1(child, seen, depth-1)
			continue
		}
		d.addChunk(coordinates, chunk{address: child, size: size, skip: skip})
	}
}
