package files

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
)

// Array is a named array of numbers, as measurements and simulations exchange them. Data is
// row-major, whatever the order and the element type in the file.
type Array struct {
	Name  string
	DType DType // of the elements in the file; empty: float64
	Shape []int // nil or empty: a scalar
	Data  []float64
}

// MaxElements is the number of elements that one .npy, .npz or .csv file may hold: 2^27, one
// gibibyte of float64. A compressed file can be a thousand times smaller than its content; it may
// hold as many elements as it has bytes, and 2^21 more, 16 MiB of float64.
const MaxElements = 1 << 27

// elements is how many numbers a file of size bytes may hold.
func elements(size int64) int { return int(min(MaxElements, size+1<<21)) }

// ReadArrays reads the arrays of a file, by the ending of its name:
//
//	.npy  one array, named after the file
//	.npz  the arrays in their order, named as NumPy names them (without .npy)
//	.csv  a header row of names; each column is an array of shape [rows]. See [ReadTable] for what
//	      a .csv may be;
//	      numbers under a row of units (ms, nA, mV) are converted to s, A, V and Hz
//
// Element types are bool (0 and 1), int8 .. int64, uint8 .. uint64, float16, float32 and float64,
// in either byte order, in C or Fortran order. A 64-bit integer that is not exactly a float64 is an
// error. In a .csv a missing sample is written NaN; an empty cell is an error.
//
// Errors: [ErrCorrupt], [ErrArray] (a name that occurs twice), [ErrFormat] (ending, element type),
// [ErrTooLarge] (more than [MaxElements]), or that of the file system.
func ReadArrays(path string) ([]Array, error) {
	f, err := Open(path)
	if err != nil {
		return nil, named("", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, named("", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w: expected a regular file, found %v", path, ErrFormat, info.Mode().Type())
	}
	if err := fits(info.Size(), math.MaxInt64); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return decodeArraysOf(path, f, info.Size())
}

// ParseArrays is [ReadArrays] for the content of a file; the ending of its name says what it is.
func ParseArrays(name string, content []byte) ([]Array, error) {
	return decodeArraysOf(name, bytes.NewReader(content), int64(len(content)))
}

// decodeArraysOf reads the arrays of a file of size bytes.
func decodeArraysOf(path string, f interface {
	io.Reader
	io.ReaderAt
}, size int64,
) (arrays []Array, err error) {
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".npy":
		var a Array
		budget := elements(size)
		a, err = decodeNPY(f, size, &budget)
		a.Name = strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
		arrays = []Array{a}
	case ".npz":
		arrays, err = decodeNPZ(f, size)
	case ".csv":
		arrays, err = decodeCSV(f)
	default:
		err = fmt.Errorf("%w: expected a name ending in .npy, .npz or .csv, found %q", ErrFormat, ext)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return arrays, nil
}

// WriteArrays writes arrays to a file, atomically, in the format of its ending: see [ReadArrays]. A
// .npy holds exactly one array, whose name is not stored; a .csv holds arrays of one dimension and
// of the same length, as float64. Equal arrays give equal bytes; a .npz is not compressed.
//
// Errors: [ErrArray] where names repeat, a shape does not fit its data or the format, or a value is
// not exactly one of its DType (a fraction as an integer, 0.1 as float32); [ErrFormat]; or that of
// the file system.
func WriteArrays(path string, arrays []Array) error {
	ext := strings.ToLower(filepath.Ext(path))
	if err := check(arrays); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return WriteAtomic(path, func(w io.Writer) error {
		switch ext {
		case ".npy":
			if len(arrays) != 1 {
				return fmt.Errorf("%w: a .npy file holds 1 array, found %d", ErrArray, len(arrays))
			}
			return encodeNPY(w, arrays[0])
		case ".npz":
			return encodeNPZ(w, arrays)
		case ".csv":
			return encodeCSV(w, arrays)
		}
		return fmt.Errorf("%w: expected a name ending in .npy, .npz or .csv, found %q", ErrFormat, ext)
	})
}

// Lookup returns the array of this name.
//
// Errors: [ErrArray] where there is none; it lists the names.
func Lookup(arrays []Array, name string) (Array, error) {
	names := make([]string, len(arrays))
	for i, a := range arrays {
		if a.Name == name {
			return a, nil
		}
		names[i] = a.Name
	}
	return Array{}, fmt.Errorf("%w: %q expected, found %s", ErrArray, name, quoteAll(names))
}

// check reports arrays whose shape does not fit, and names that occur twice.
func check(arrays []Array) error {
	var names []string
	for _, a := range arrays {
		if n, err := product(a.Shape); err != nil || n != len(a.Data) {
			return fmt.Errorf("%w: %q: shape %v does not have %d elements", ErrArray, a.Name, a.Shape, len(a.Data))
		}
		names = append(names, a.Name)
	}
	slices.Sort(names)
	for i := 1; i < len(names); i++ {
		if names[i] == names[i-1] {
			return fmt.Errorf("%w: name %q occurs twice", ErrArray, names[i])
		}
	}
	return nil
}
