package files

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// The .npy format (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html):
//
//	"\x93NUMPY", two bytes of version, length of the header (uint16; uint32 from version 2 on, little-endian)
//	header: a Python dictionary, {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }, padded with spaces and a line feed
//	the elements
//
// github.com/sbinet/npyio (v0.9.0) is not used for it: it writes at most two dimensions, takes memory for any size that a
// header claims, and panics on a damaged header. The tests hold the two against each other where both work.
const npyMagic = "\x93NUMPY"

// maxNPYHeader bounds the header; that of an array of 32 dimensions has less than a kilobyte.
const maxNPYHeader = 1 << 16

// decodeNPY reads an array from r, which claims to have size bytes; the data may not be there. budget is the number of
// elements that may still be read.
func decodeNPY(r io.Reader, size int64, budget *int) (Array, error) {
	head := make([]byte, 12)
	if _, err := io.ReadFull(r, head[:10]); err != nil {
		return Array{}, fmt.Errorf("%w: .npy prefix: expected 10 bytes: %w", ErrCorrupt, err)
	}
	if string(head[:6]) != npyMagic {
		return Array{}, fmt.Errorf("%w: expected the magic number %q, found %q", ErrCorrupt, npyMagic, head[:6])
	}
	used, length := int64(10), int64(binary.LittleEndian.Uint16(head[8:]))
	switch head[6] {
	case 1:
	case 2, 3:
		if _, err := io.ReadFull(r, head[10:]); err != nil {
			return Array{}, fmt.Errorf("%w: .npy prefix: expected 12 bytes: %w", ErrCorrupt, err)
		}
		used, length = 12, int64(binary.LittleEndian.Uint32(head[8:]))
	default:
		return Array{}, fmt.Errorf("%w: .npy version: expected 1, 2 or 3, found %d", ErrVersion, head[6])
	}
	if length > maxNPYHeader || length > size-used {
		return Array{}, fmt.Errorf("%w: .npy header of %d bytes in a file of %d", ErrCorrupt, length, size)
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(r, text); err != nil {
		return Array{}, fmt.Errorf("%w: .npy header: expected %d bytes: %w", ErrCorrupt, length, err)
	}
	h, err := parseNPYHeader(string(text))
	if err != nil {
		return Array{}, err
	}
	n, err := product(h.shape)
	if err != nil {
		return Array{}, err
	}
	if n > *budget {
		return Array{}, fmt.Errorf("%w: shape %v: at most %d elements in a file", ErrTooLarge, h.shape, MaxElements)
	}
	*budget -= n
	if expected := int64(n) * int64(h.dtype.size()); expected != size-used-length {
		return Array{}, fmt.Errorf("%w: shape %v of %s: expected %d bytes, found %d", ErrCorrupt, h.shape, h.dtype, expected, size-used-length)
	}
	data, err := h.read(r, n)
	if err != nil {
		return Array{}, err
	}
	if h.fortran {
		data = rowMajor(data, h.shape)
	}
	return Array{DType: h.dtype, Shape: h.shape, Data: data}, nil
}

// npyHeader is the dictionary of a .npy file.
type npyHeader struct {
	dtype   DType
	order   word
	fortran bool
	shape   []int
}

// read reads n elements and the end of r. Memory grows with the data that is there.
func (h npyHeader) read(r io.Reader, n int) ([]float64, error) {
	width := h.dtype.size()
	data := make([]float64, 0, min(n, chunk))
	buf := make([]byte, chunk*width)
	for len(data) < n {
		b := buf[:min(chunk, n-len(data))*width]
		if k, err := io.ReadFull(r, b); err != nil {
			return nil, fmt.Errorf("%w: expected %d bytes, found %d: %w", ErrCorrupt, n*width, len(data)*width+k, err)
		}
		for ; len(b) > 0; b = b[width:] {
			v, ok := h.dtype.value(h.dtype.bits(b, h.order))
			if !ok {
				return nil, fmt.Errorf("%w: element %d: the %s %#x is not exactly a float64", ErrArray, len(data), h.dtype, h.dtype.bits(b, h.order))
			}
			data = append(data, v)
		}
	}
	// A compressed stream tells of damage at its end.
	switch k, err := io.ReadFull(r, buf[:1]); {
	case k > 0:
		return nil, fmt.Errorf("%w: expected %d bytes, found more", ErrCorrupt, n*width)
	case err != io.EOF:
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return data, nil
}

// rowMajor returns column-major data in row-major order.
func rowMajor(data []float64, shape []int) []float64 {
	out := make([]float64, len(data))
	index := make([]int, len(shape))
	for i := range out {
		from, stride := 0, 1
		for d, k := range index {
			from += k * stride
			stride *= shape[d]
		}
		out[i] = data[from]
		for d := len(shape) - 1; d >= 0; d-- {
			if index[d]++; index[d] < shape[d] {
				break
			}
			index[d] = 0
		}
	}
	return out
}

// parseNPYHeader reads the dictionary: the three keys, each once, in any order.
func parseNPYHeader(text string) (npyHeader, error) {
	h := npyHeader{}
	p := literal{text}
	var seen []string
	ok := p.skip("{")
	for ok && !p.skip("}") {
		key, isString := p.quoted()
		ok = isString && p.skip(":") && !slices.Contains(seen, key)
		seen = append(seen, key)
		switch {
		case !ok:
		case key == "descr":
			var descr string
			if descr, ok = p.quoted(); ok {
				if h.dtype, h.order, ok = parseDescr(descr); !ok {
					return h, fmt.Errorf("%w: .npy element type: expected one of bool, int, uint, float32, float64, found %q", ErrFormat, descr)
				}
			}
		case key == "fortran_order":
			h.fortran = p.skip("True")
			ok = h.fortran || p.skip("False")
		case key == "shape":
			h.shape, ok = p.tuple()
		default:
			ok = false
		}
		if ok && !p.skip(",") {
			ok = p.skip("}")
			break
		}
	}
	if !ok || strings.TrimSpace(p.rest) != "" || len(seen) != 3 {
		return h, fmt.Errorf("%w: .npy header: expected a dictionary of descr, fortran_order and shape, found %.200q", ErrCorrupt, text)
	}
	return h, nil
}

// parseDescr reads an element type such as "<f8" or "|b1".
func parseDescr(s string) (DType, word, bool) {
	if s == "" {
		return "", nil, false
	}
	var order word = binary.LittleEndian
	d := dtypeOfCode(s[1:])
	switch s[0] {
	case '<':
	case '>':
		order = binary.BigEndian
	case '|':
		if d != "" && d.size() > 1 {
			return "", nil, false
		}
	default:
		return "", nil, false
	}
	return d, order, d != ""
}

// literal is the part of a Python literal that is not read yet.
type literal struct{ rest string }

// skip passes over spaces and then s, and reports whether s was there.
func (p *literal) skip(s string) bool {
	rest, ok := strings.CutPrefix(strings.TrimLeft(p.rest, " \n"), s)
	if ok {
		p.rest = rest
	}
	return ok
}

// quoted reads a string without escapes in single or double quotes.
func (p *literal) quoted() (string, bool) {
	for _, q := range []string{"'", `"`} {
		if p.skip(q) {
			s, rest, ok := strings.Cut(p.rest, q)
			p.rest = rest
			return s, ok && !strings.ContainsAny(s, "\\\n ")
		}
	}
	return "", false
}

// tuple reads (), (3,) or (3, 4).
func (p *literal) tuple() ([]int, bool) {
	if !p.skip("(") {
		return nil, false
	}
	shape := []int{}
	for !p.skip(")") {
		p.rest = strings.TrimLeft(p.rest, " ")
		digits := p.rest[:len(p.rest)-len(strings.TrimLeft(p.rest, "0123456789"))]
		d, err := strconv.Atoi(digits)
		if err != nil || len(shape) == 64 {
			return nil, false
		}
		p.rest = p.rest[len(digits):]
		shape = append(shape, d)
		if !p.skip(",") {
			return shape, len(shape) > 1 && p.skip(")")
		}
	}
	return shape, true
}

// encodeNPY writes a as version 1.0 of the format, in row-major order.
func encodeNPY(w io.Writer, a Array) error {
	d := a.DType
	if d == "" {
		d = Float64
	}
	code, ok := codes[d]
	if !ok {
		return fmt.Errorf("%w: %q: unknown element type %q", ErrFormat, a.Name, d)
	}
	mark := "<"
	if d.size() == 1 {
		mark = "|"
	}
	var shape strings.Builder
	for i, k := range a.Shape {
		if i > 0 {
			shape.WriteByte(' ')
		}
		fmt.Fprintf(&shape, "%d,", k)
	}
	tuple := shape.String()
	if len(a.Shape) > 1 {
		tuple = strings.TrimSuffix(tuple, ",")
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "{'descr': '%s%s', 'fortran_order': False, 'shape': (%s), }", mark, code, tuple)
	for (10+b.Len()+1)%64 != 0 {
		b.WriteByte(' ')
	}
	b.WriteByte('\n')
	if b.Len() > 1<<16-1 {
		return fmt.Errorf("%w: %q: %d dimensions", ErrTooLarge, a.Name, len(a.Shape))
	}
	head := append([]byte(npyMagic), 1, 0)
	head = binary.LittleEndian.AppendUint16(head, uint16(b.Len()))
	if _, err := w.Write(append(head, b.Bytes()...)); err != nil {
		return err
	}
	buf := make([]byte, 0, chunk*8)
	for i, v := range a.Data {
		var err error
		if buf, err = d.append(buf, v); err != nil {
			return fmt.Errorf("array %q, element %d: %w", a.Name, i, err)
		}
		if len(buf)+8 > cap(buf) || i == len(a.Data)-1 {
			if _, err := w.Write(buf); err != nil {
				return err
			}
			buf = buf[:0]
		}
	}
	return nil
}
