package files

import (
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"
)

// Packed is a named array of numbers or strings, row-major, that stays in the element type of its
// file: a data set of bytes or of float16 takes as much memory as its numbers have bytes, and not
// eight or four times that.
type Packed struct {
	Name  string
	DType DType // Text for strings
	Shape []int

	field  npyField
	per    int      // elements of a chunk
	chunks [][]byte // of a mebibyte or less: memory grows with what is there
	n      int
}

// MaxPacked is the number of bytes of elements that ReadPacked takes from one file.
const MaxPacked = 8 << 30

// Member describes an array of a file without its elements.
type Member struct {
	Name  string
	DType DType
	Shape []int
	// Err says why its elements cannot be read: another element type, a compression that is not
	// known. nil: they can.
	Err error
}

// Members lists the arrays of a .npy or .npz file, in their order: the fields of a structured array
// x as x.field.
//
// Errors: as [ReadArrays], but what is wrong with one member is its Err.
func Members(path string) ([]Member, error) {
	var list []Member
	err := eachNPY(path, nil, func(name string, open func() (npyHeader, io.Reader, error)) error {
		h, _, err := open()
		if err == nil {
			err = h.checkSize()
		}
		if err != nil {
			list = append(list, Member{Name: name, Err: err})
			return nil
		}
		for _, f := range h.fields {
			list = append(list, Member{Name: join(name, f.name), DType: f.dtype, Shape: h.shape})
		}
		return nil
	})
	return list, err
}

// ReadPacked reads the arrays of these names from a .npy or .npz file, all where there are none, in
// the order of the file; a name that is not there is left out. The fields of a structured array x
// have the names x.field, and are read where x is asked for. Memory: the bytes of the elements,
// twice that where an array is in Fortran order, and 2 MiB.
//
// Errors: as [ReadArrays], and [ErrTooLarge] beyond [MaxPacked] or
// what the machine has memory for.
func ReadPacked(path string, names ...string) ([]Packed, error) {
	var list []Packed
	most := held(MaxPacked)
	left := most
	err := eachNPY(path, names, func(_ string, open func() (npyHeader, io.Reader, error)) error {
		h, r, err := open()
		if err != nil {
			return err
		}
		if err := h.checkSize(); err != nil {
			return err
		}
		if left -= h.found; left < 0 {
			return fmt.Errorf("%w: %d bytes: at most %d in a file", ErrTooLarge, h.found, most)
		}
		columns, err := h.pack(r)
		for i := range columns {
			columns[i].Name = join(h.name, columns[i].Name)
		}
		list = append(list, columns...)
		return err
	})
	return list, err
}

func join(array, field string) string {
	if field == "" {
		return array
	}
	return array + "." + field
}

// eachNPY calls do for each array of a file that has one of the names, or for all where there are
// none.
func eachNPY(path string, names []string, do func(name string, open func() (npyHeader, io.Reader, error)) error) error {
	f, err := Open(path)
	if err != nil {
		return named("", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return named("", err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s: %w: expected a regular file, found %v", path, ErrFormat, info.Mode().Type())
	}
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".npy":
		name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
		err = do(name, func() (npyHeader, io.Reader, error) {
			h, err := openNPY(f, info.Size())
			h.name = name
			return h, f, err
		})
	case ".npz":
		err = eachMember(f, info.Size(), names, do)
	default:
		err = fmt.Errorf("%w: expected a name ending in .npy or .npz, found %q", ErrFormat, ext)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// pack reads the elements.
func (h npyHeader) pack(r io.Reader) ([]Packed, error) {
	columns := make([]Packed, len(h.fields))
	for i, f := range h.fields {
		columns[i] = newPacked(f, h.shape, h.n)
		columns[i].Name = f.name
	}
	at := 0
	err := h.stream(r, func(b []byte) error {
		for i := range columns {
			if err := columns[i].put(b, h.width, at); err != nil {
				return err
			}
		}
		at += len(b) / h.width
		return nil
	})
	if err != nil {
		return nil, err
	}
	if h.fortran && len(h.shape) > 1 {
		for i := range columns {
			columns[i].rowMajor()
		}
	}
	return columns, nil
}

func newPacked(f npyField, shape []int, n int) Packed {
	return Packed{DType: f.dtype, Shape: shape, field: f, per: (1 << 20) / f.width, n: n}
}

// put takes its part of the elements in b, of width bytes each, of which the first has the index
// at.
func (p *Packed) put(b []byte, width, at int) error {
	f := p.field
	for ; len(b) > 0; b = b[width:] {
		if at%p.per == 0 {
			p.chunks = append(p.chunks, make([]byte, min(p.per, p.n-at)*f.width))
		}
		copy(p.at(at), b[f.offset:f.offset+f.width])
		if f.dtype == Bool && b[f.offset] > 1 {
			return fmt.Errorf("%w: element %d: expected a bool, 0 or 1, found %d", ErrArray, at, b[f.offset])
		}
		at++
	}
	return nil
}

// at returns the bytes of element i.
func (p *Packed) at(i int) []byte {
	w := p.field.width
	return p.chunks[i/p.per][i%p.per*w:][:w]
}

// rowMajor reorders an array in Fortran order.
func (p *Packed) rowMajor() {
	old := *p
	p.chunks = make([][]byte, len(old.chunks))
	for k := range p.chunks {
		p.chunks[k] = make([]byte, len(old.chunks[k]))
	}
	place := places(p.Shape)
	for i := range p.n {
		copy(p.at(place()), old.at(i))
	}
}

// Len returns the number of elements.
func (p *Packed) Len() int { return p.n }

// Float returns element i, rounded to float64 where it is an integer beyond 2^53. It is for
// numbers.
func (p *Packed) Float(i int) float64 {
	u := p.field.dtype.bits(p.at(i), p.field.order)
	v, _ := p.field.dtype.value(u)
	return v
}

// Floats writes the elements from first on to dst, as [Packed.Float] gives them.
func (p *Packed) Floats(dst []float64, first int) {
	w, order := p.field.width, p.field.order
	for len(dst) > 0 {
		b := p.chunks[first/p.per][first%p.per*w:]
		n := min(len(b)/w, len(dst))
		for i := range n {
			dst[i], _ = p.DType.value(p.DType.bits(b[i*w:], order))
		}
		dst, first = dst[n:], first+n
	}
}

// Int returns element i as a whole number; ok is false where it is none, or beyond int64.
func (p *Packed) Int(i int) (n int64, ok bool) {
	u := p.field.dtype.bits(p.at(i), p.field.order)
	switch p.DType {
	case Int64:
		return int64(u), true
	case Uint64:
		return int64(u), u <= math.MaxInt64
	}
	v, _ := p.DType.value(u)
	return int64(v), v == math.Trunc(v) && v >= -1<<63 && v < 1<<63
}

// Text returns element i of strings.
func (p *Packed) Text(i int) string {
	b := p.at(i)
	if p.field.order == nil { // bytes
		return strings.TrimRight(string(b), "\x00")
	}
	var text []rune
	for ; len(b) > 0; b = b[4:] {
		text = append(text, rune(p.field.order.Uint32(b)))
	}
	for len(text) > 0 && text[len(text)-1] == 0 {
		text = text[:len(text)-1]
	}
	return string(text)
}

// Bytes returns the memory that the elements take.
func (p *Packed) Bytes() int { return p.n * p.field.width }
