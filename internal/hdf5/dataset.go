package hdf5

import (
	"fmt"
	"slices"

	"github.com/surge-snn/surge/internal/files"
)

// MaxBytes is the number of bytes that one call returns at most: one gibibyte. A compressed file
// can be a thousand times smaller than its content; the limit bounds the memory for reading it.
const MaxBytes = 1 << 30

// Dataset is an array in a file.
type Dataset struct {
	Path  string
	Shape []int // empty: a scalar
	Type  Type

	f       *File
	object  *object
	layout  layout
	filter  []filter
	fill    []byte  // an element
	chunks  []chunk // sorted, once they are indexed
	indexed bool
	last    decoded // the chunk that was read last
}

// layout says where the elements of a data set are.
type layout struct {
	compact []byte
	address uint64 // of contiguous data, or of the index of chunks
	size    uint64 // of contiguous data
	chunked bool
	chunk   []int    // shape of a chunk
	most    []uint64 // largest shape of the data set
	index   indexKind
	whole   bool  // chunks over the edge are not filtered
	single  chunk // of one chunk
}

// Dataset returns the data set at a path.
//
// Errors: files.ErrArray where there is none, files.ErrFormat where it is of a kind that is not
// read, files.ErrCorrupt.
func (f *File) Dataset(path string) (d *Dataset, err error) {
	defer catch(&err, path)
	o := f.find(path, 0)
	d = &Dataset{Path: path, f: f, object: o}
	space, ok1 := o.message(msgDataspace)
	kind, ok2 := o.message(msgDatatype)
	where, ok3 := o.message(msgLayout)
	if !ok1 || !ok2 || !ok3 {
		fail(files.ErrArray, "expected a data set, found a group")
	}
	if _, external := o.message(msgExternal); external {
		fail(files.ErrFormat, "data in other files are not read")
	}
	var null bool
	d.Shape, d.layout.most, null = dataspace(f.src.over(f.resolve(space), "data space"))
	if null {
		d.Shape = []int{0}
		d.layout.most = []uint64{0}
	}
	d.Type = datatype(f.src.over(f.resolve(kind), "data type"), 0)
	if m, ok := o.message(msgFilters); ok {
		d.filter = filters(f.src.over(f.resolve(m), "filters"))
	}
	d.fillValue()
	d.readLayout(f.src.over(where.data, "layout"))
	return d, nil
}

// fillValue reads the value of elements that were never written.
func (d *Dataset) fillValue() {
	d.fill = make([]byte, d.Type.Size)
	if m, ok := d.object.message(msgFill); ok {
		c := d.f.src.over(d.f.resolve(m), "fill value")
		defined := false
		switch version := c.u8(); version {
		case 1, 2:
			c.skip(2)
			defined = c.u8() != 0
		case 3:
			defined = c.u8()&0x20 != 0
		}
		if defined {
			d.setFill(c)
		}
	} else if m, ok := d.object.message(msgOldFill); ok {
		d.setFill(d.f.src.over(d.f.resolve(m), "fill value"))
	}
}

func (d *Dataset) setFill(c *cursor) {
	if n := c.u32(); n == uint64(d.Type.Size) {
		copy(d.fill, c.bytes(int(n)))
	}
}

// readLayout reads the layout message.
func (d *Dataset) readLayout(c *cursor) {
	l := &d.layout
	version := c.u8()
	class, rank := 0, 0
	switch version {
	case 1, 2:
		rank, class = c.u8(), c.u8()
		c.skip(5)
		if class != 0 {
			l.address = c.address()
		}
		switch class {
		case 0:
			c.skip(4 * rank)
			l.compact = c.bytes(int(c.u32()))
		case 1:
			l.size = d.bytes(d.rows())
		case 2:
			d.chunkShape(c, rank, 4)
		}
	case 3, 4, 5:
		class = c.u8()
		switch class {
		case 0:
			l.compact = c.bytes(c.u16())
		case 1:
			l.address, l.size = c.address(), c.length()
		case 2:
			if version > 3 {
				d.readIndex(c)
				break
			}
			rank = c.u8()
			l.address = c.address()
			d.chunkShape(c, rank, 4)
		}
	default:
		fail(files.ErrFormat, "layout of version %d is not read, expected 1 to 5", version)
	}
	if class > 2 {
		fail(files.ErrFormat, "virtual data sets are not read")
	}
	if class == 0 && l.compact == nil {
		l.compact = []byte{}
	}
}

// chunkShape reads the shape of chunks, which ends with the size of an element.
func (d *Dataset) chunkShape(c *cursor, rank, width int) {
	if rank != len(d.Shape)+1 || rank == 1 {
		corrupt("layout: chunks of %d dimensions in a data set of %d", rank-1, len(d.Shape))
	}
	l := &d.layout
	l.chunked = true
	n := uint64(d.Type.Size)
	whole := d.bytes(d.rows())
	for range d.Shape {
		k := c.uint(width)
		if k == 0 || k > 1<<40 || n > 1<<40/k {
			corrupt("layout: a chunk is %d long", k)
		}
		n *= k
		l.chunk = append(l.chunk, int(k))
	}
	if size := c.uint(width); size != uint64(d.Type.Size) {
		corrupt("layout: elements of %d bytes, their type has %d", size, d.Type.Size)
	}
	if n > 64<<20 && n > 2*whole {
		fail(files.ErrTooLarge, "chunks of %d bytes for data of %d", n, whole)
	}
	if n > MaxBytes {
		fail(files.ErrTooLarge, "chunks of %d bytes, at most %d", n, MaxBytes)
	}
}

// rows is the length of the first dimension, 1 for a scalar.
func (d *Dataset) rows() int {
	if len(d.Shape) == 0 {
		return 1
	}
	return d.Shape[0]
}

// bytes is the size of some rows.
func (d *Dataset) bytes(rows int) uint64 {
	n := uint64(d.Type.Size)
	dims := []int{rows}
	if len(d.Shape) > 1 {
		dims = append(dims, d.Shape[1:]...)
	}
	if slices.Contains(dims, 0) {
		return 0
	}
	for _, k := range dims {
		if n > 1<<60/uint64(k) {
			fail(files.ErrTooLarge, "shape %v of %s", d.Shape, d.Type)
		}
		n *= uint64(k)
	}
	return n
}

// Data may have freeBytes more than their file, for elements that were never written, and in chunks
// maxRatio times as many, which is what deflate packs at most.
const (
	freeBytes = 4 << 20
	maxRatio  = 1032
)

// raw returns the bytes of n rows from row first on.
func (d *Dataset) raw(first, n int) []byte {
	if first < 0 || n < 0 || first > d.rows() || n > d.rows()-first {
		fail(files.ErrArray, "expected rows %d to %d, found %d", first, first+n, d.rows())
	}
	size, from := d.bytes(n), d.bytes(first)
	if size > MaxBytes {
		fail(files.ErrTooLarge, "%d bytes at once, at most %d", size, MaxBytes)
	}
	l := &d.layout
	most := freeBytes + d.f.src.size
	if l.chunked {
		most = freeBytes + maxRatio*d.f.src.size
	}
	if size > most {
		fail(files.ErrTooLarge, "%d bytes in a file of %d, expected at most %d", size, d.f.src.size, most)
	}
	switch {
	case size == 0:
		return nil
	case l.chunked:
		return d.rawChunks(first, n, int(size))
	case l.compact != nil:
		return d.f.src.over(l.compact[min(uint64(len(l.compact)), from):], "compact data").bytes(int(size))
	case l.address == undefined:
		return d.filled(int(size))
	}
	if l.size < from+size {
		corrupt("%d bytes for shape %v of %s", l.size, d.Shape, d.Type)
	}
	if from > undefined-l.address {
		corrupt("data at %d", l.address)
	}
	return d.f.src.block(l.address+from, size, "data")
}

// filled returns elements that were never written.
func (d *Dataset) filled(size int) []byte {
	b := make([]byte, size)
	if slices.ContainsFunc(d.fill, func(x byte) bool { return x != 0 }) {
		for i := 0; i < size; i += len(d.fill) {
			copy(b[i:], d.fill)
		}
	}
	return b
}

// Floats returns the elements of n rows from row first on, all rows where n is -1, in row-major
// order. Numbers of other types are converted; an integer that is not exactly a float64 is an
// error.
//
// Errors: files.ErrArray where the elements are no numbers, files.ErrTooLarge, files.ErrCorrupt.
func (d *Dataset) Floats(first, n int) (v []float64, err error) {
	defer catch(&err, d.Path)
	if !d.Type.IsNumber() {
		fail(files.ErrArray, "expected numbers, found %s", d.Type)
	}
	if n < 0 {
		n = d.rows() - first
	}
	if e := d.bytes(n) / uint64(d.Type.Size) * 8; e > MaxBytes {
		fail(files.ErrTooLarge, "%d bytes at once, at most %d", e, MaxBytes)
	}
	return numbers(d.Type, d.raw(first, n)), nil
}

func numbers(t Type, b []byte) []float64 {
	v := make([]float64, len(b)/t.Size)
	for i := range v {
		v[i] = t.number(b[i*t.Size:])
	}
	return v
}

// Strings returns the elements of n rows from row first on, all rows where n is -1.
//
// Errors: files.ErrArray where the elements are no strings, files.ErrTooLarge, files.ErrCorrupt.
func (d *Dataset) Strings(first, n int) (v []string, err error) {
	defer catch(&err, d.Path)
	if n < 0 {
		n = d.rows() - first
	}
	return d.f.strings(d.Type, d.raw(first, n)), nil
}

func (f *File) strings(t Type, b []byte) []string {
	if !t.IsString() {
		fail(files.ErrArray, "expected strings, found %s", t)
	}
	if t.Size == 0 {
		return nil
	}
	v := make([]string, len(b)/t.Size)
	total := 0
	for i := range v {
		e := b[i*t.Size : (i+1)*t.Size]
		if t.Class == List {
			e = f.list(t, e)
		}
		v[i] = untilNUL(e)
		for t.padding == 2 && len(v[i]) > 0 && v[i][len(v[i])-1] == ' ' {
			v[i] = v[i][:len(v[i])-1]
		}
		if total += len(v[i]); total > MaxBytes {
			fail(files.ErrTooLarge, "strings of more than %d bytes", MaxBytes)
		}
	}
	return v
}

// list returns the bytes of an element of variable length. They are shared.
func (f *File) list(t Type, e []byte) []byte {
	c := f.src.over(e, "list")
	n, at, index := c.u32(), c.address(), int(c.u32())
	if n == 0 {
		return nil
	}
	b := f.heapObject(at, index)
	if size := n * uint64(t.Base.Size); size <= uint64(len(b)) {
		return b[:size]
	}
	corrupt("a list of %d %s in %d bytes", n, t.Base, len(b))
	return nil
}

// Lists returns n lists of numbers from row first on, all rows where n is -1, of a data set of
// lists of variable length, such as the times of the spikes of each sample.
//
// Errors: files.ErrArray where the elements are no lists of numbers, files.ErrTooLarge,
// files.ErrCorrupt.
func (d *Dataset) Lists(first, n int) (v [][]float64, err error) {
	defer catch(&err, d.Path)
	if d.Type.Class != List || d.Type.Text || !d.Type.Base.IsNumber() {
		fail(files.ErrArray, "expected lists of numbers, found %s", d.Type)
	}
	if n < 0 {
		n = d.rows() - first
	}
	b := d.raw(first, n)
	total := 0
	for ; len(b) > 0; b = b[d.Type.Size:] {
		e := d.f.list(d.Type, b[:d.Type.Size])
		if total += len(e) / d.Type.Base.Size * 8; total > MaxBytes {
			fail(files.ErrTooLarge, "lists of more than %d bytes at once", MaxBytes)
		}
		v = append(v, numbers(*d.Type.Base, e))
	}
	return v, nil
}

// String describes the data set: "/spikes/times: list of float16 [8156]".
func (d *Dataset) String() string { return fmt.Sprintf("%s: %s %v", d.Path, d.Type, d.Shape) }
