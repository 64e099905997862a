package files

import (
	"encoding/binary"
	"fmt"
	"io"
)

// The .npy format (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html):
//
//	"\x93NUMPY", two bytes of version,
//	length of the header (uint16; uint32 from version 2 on, little-endian)
//	header: a Python dictionary, {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), },
//	        padded with spaces and a line feed
//	the elements
//
// github.com/sbinet/npyio (v0.9.0) is not used for it: it writes at most two dimensions, takes
// memory for any size that a header claims, and panics on a damaged header. The tests hold the two
// against each other where both work.
const npyMagic = "\x93NUMPY"

// maxNPYHeader bounds the header; that of an array of 32 dimensions has less than a kilobyte.
const maxNPYHeader = 1 << 16

// openNPY reads the beginning of an array from r, which claims to have size bytes; the data may not
// be there. The bytes of the elements come next in r.
func openNPY(r io.Reader, size int64) (npyHeader, error) {
	head := make([]byte, 12)
	if _, err := io.ReadFull(r, head[:10]); err != nil {
		return npyHeader{}, fmt.Errorf("%w: .npy prefix: expected 10 bytes: %w", ErrCorrupt, err)
	}
	if string(head[:6]) != npyMagic {
		return npyHeader{}, fmt.Errorf("%w: expected the magic number %q, found %q", ErrCorrupt, npyMagic, head[:6])
	}
	used, length := int64(10), int64(binary.LittleEndian.Uint16(head[8:]))
	switch head[6] {
	case 1:
	case 2, 3:
		if _, err := io.ReadFull(r, head[10:]); err != nil {
			return npyHeader{}, fmt.Errorf("%w: .npy prefix: expected 12 bytes: %w", ErrCorrupt, err)
		}
		used, length = 12, int64(binary.LittleEndian.Uint32(head[8:]))
	default:
		return npyHeader{}, fmt.Errorf("%w: .npy version: expected 1, 2 or 3, found %d", ErrVersion, head[6])
	}
	if length > maxNPYHeader || length > size-used {
		return npyHeader{}, fmt.Errorf("%w: .npy header of %d bytes in a file of %d", ErrCorrupt, length, size)
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(r, text); err != nil {
		return npyHeader{}, fmt.Errorf("%w: .npy header: expected %d bytes: %w", ErrCorrupt, length, err)
	}
	h, err := parseNPYHeader(string(text))
	if err != nil {
		return npyHeader{}, err
	}
	if h.n, err = product(h.shape); err != nil {
		return npyHeader{}, err
	}
	h.found = size - used - length
	return h, nil
}

// checkSize compares the number of bytes that the header wants with those that the file says it
// has.
func (h npyHeader) checkSize() error {
	if want := float64(h.n) * float64(h.width); want != float64(h.found) {
		return fmt.Errorf("%w: shape %v of %s: expected %.0f bytes, found %d", ErrCorrupt, h.shape, h.describe(), want, h.found)
	}
	return nil
}

// decodeNPY reads an array from r, which claims to have size bytes; the data may not be there.
// budget is the number of elements that may still be read.
func decodeNPY(r io.Reader, size int64, budget *int) (Array, error) {
	h, err := openNPY(r, size)
	if err != nil {
		return Array{}, err
	}
	if h.nested || h.fields[0].dtype == Text {
		return Array{}, fmt.Errorf("%w: .npy element type: expected numbers, found %s", ErrFormat, h.describe())
	}
	if h.n > MaxElements {
		return Array{}, fmt.Errorf("%w: shape %v: at most %d elements in a file", ErrTooLarge, h.shape, MaxElements)
	}
	if err := h.checkSize(); err != nil {
		return Array{}, err
	}
	if h.n > *budget {
		return Array{}, fmt.Errorf("%w: shape %v: at most %d elements more in a file that is compressed as far; numpy.savez stores them as they are", ErrTooLarge, h.shape, *budget)
	}
	*budget -= h.n
	f := h.fields[0]
	data, i, place := make([]float64, h.n), 0, places(h.shape)
	err = h.stream(r, func(b []byte) error {
		for ; len(b) > 0; b, i = b[h.width:], i+1 {
			v, ok := f.dtype.value(f.dtype.bits(b, f.order))
			if !ok {
				return fmt.Errorf("%w: element %d: the %s %#x is not exactly a float64", ErrArray, i, f.dtype, f.dtype.bits(b, f.order))
			}
			if h.fortran {
				data[place()] = v
			} else {
				data[i] = v
			}
		}
		return nil
	})
	if err != nil {
		return Array{}, err
	}
	return Array{DType: f.dtype, Shape: h.shape, Data: data}, nil
}

// stream reads the elements and the end of r, and calls each for some whole elements after the
// other; the bytes are its own until it returns. Memory does not depend on what the header claims.
func (h npyHeader) stream(r io.Reader, each func(b []byte) error) error {
	buf := make([]byte, max(1, min(chunk, h.n))*h.width)
	for done := 0; done < h.n; {
		b := buf[:min(len(buf)/h.width, h.n-done)*h.width]
		if k, err := io.ReadFull(r, b); err != nil {
			return fmt.Errorf("%w: expected %d bytes, found %d: %w", ErrCorrupt, h.n*h.width, done*h.width+k, err)
		}
		if err := each(b); err != nil {
			return err
		}
		done += len(b) / h.width
	}
	// A compressed stream tells of damage at its end.
	switch k, err := io.ReadFull(r, buf[:1]); {
	case k > 0:
		return fmt.Errorf("%w: expected %d bytes, found more", ErrCorrupt, h.n*h.width)
	case err != io.EOF:
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return nil
}

// places returns a function that gives the index in row-major order of one element after the other
// of an array in column-major order.
func places(shape []int) func() int {
	index, strides, stride := make([]int, len(shape)), make([]int, len(shape)), 1
	for d := len(shape) - 1; d >= 0; d-- {
		strides[d] = stride
		stride *= shape[d]
	}
	next := 0
	return func() int {
		at := next
		for d, n := range shape {
			index[d]++
			next += strides[d]
			if index[d] < n {
				break
			}
			index[d] = 0
			next -= n * strides[d]
		}
		return at
	}
}
