package files

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Archive is the content of one file: a kind and its version, metadata, and named arrays. It is the
// container of checkpoints. Equal archives give equal bytes: there is no time in the file, metadata
// is sorted by key, and arrays stand in the order in which they were added.
//
//	format := files.Format{Name: "surge-checkpoint", Version: 1}
//	a := files.Archive{Format: format, Meta: map[string]string{"epoch": "3"}}
//	err := files.Put(&a, "hidden/w", w, 784, 128)
//	...
//	w, err := files.Get[float32](&a, "hidden/w", 784, 128)
//
// An Archive shares the memory of the slices that Put takes and Get returns.
type Archive struct {
	Format Format
	Meta   map[string]string // keys and values are UTF-8

	entries []entry
	index   map[string]int // of entries
}

// Format names what is in an archive. A reader of version n reads the versions 1..n.
type Format struct {
	Name    string
	Version int // >= 1
}

// Element is the type of an array in an [Archive].
type Element interface {
	float32 | float64 | int64 | uint8
}

// entry is a named array; data is a slice of an Element.
type entry struct {
	name  string
	shape []int
	data  any
}

// Put adds an array to a: data in row-major order with the given shape; no shape means a scalar,
// one element. The name is UTF-8 and not empty.
//
// Errors: [ErrArray] where the name is taken or not valid, or the product of the shape is not
// len(data).
func Put[T Element](a *Archive, name string, data []T, shape ...int) error {
	if name == "" || !utf8.ValidString(name) {
		return fmt.Errorf("%w: name %q: expected UTF-8, not empty", ErrArray, name)
	}
	if n, err := product(shape); err != nil || n != len(data) {
		return fmt.Errorf("%w: %q: shape %v does not have %d elements", ErrArray, name, shape, len(data))
	}
	if _, taken := a.index[name]; taken {
		return fmt.Errorf("%w: %q is there already", ErrArray, name)
	}
	if a.index == nil {
		a.index = make(map[string]int)
	}
	a.index[name] = len(a.entries)
	a.entries = append(a.entries, entry{name: name, shape: slices.Clone(shape), data: data})
	return nil
}

// Get returns the array of this name, which must have elements of type T and the given shape; a
// length of -1 stands for any.
//
// Errors: [ErrArray] where there is none, or it has another element type or shape.
func Get[T Element](a *Archive, name string, shape ...int) ([]T, error) {
	i, ok := a.index[name]
	if !ok {
		return nil, fmt.Errorf("%w: %q is not in the archive, which has %s", ErrArray, name, quoteAll(a.Names()))
	}
	e := a.entries[i]
	data, ok := e.data.([]T)
	if !ok {
		return nil, fmt.Errorf("%w: %q: expected elements of type %s, found %s", ErrArray, name, dtypeOf([]T(nil)), dtypeOf(e.data))
	}
	if !slices.EqualFunc(shape, e.shape, func(want, n int) bool { return want == n || want == -1 }) {
		return nil, fmt.Errorf("%w: %q: expected shape %v, found %v", ErrArray, name, shape, e.shape)
	}
	return data, nil
}

// Names returns the names of the arrays in their order.
func (a *Archive) Names() []string {
	names := make([]string, len(a.entries))
	for i, e := range a.entries {
		names[i] = e.name
	}
	return names
}

// Describe returns the element type ("float32", "float64", "int64" or "uint8") and the shape of an
// array.
//
// Errors: [ErrArray] where there is none of this name.
func (a *Archive) Describe(name string) (dtype string, shape []int, err error) {
	i, ok := a.index[name]
	if !ok {
		return "", nil, fmt.Errorf("%w: %q is not in the archive, which has %s", ErrArray, name, quoteAll(a.Names()))
	}
	return dtypeOf(a.entries[i].data), slices.Clone(a.entries[i].shape), nil
}

// dtypeOf names the element type of a slice of Element.
func dtypeOf(data any) string {
	switch data.(type) {
	case []float32:
		return "float32"
	case []float64:
		return "float64"
	case []int64:
		return "int64"
	case []uint8:
		return "uint8"
	}
	return fmt.Sprintf("%T", data)
}

// product returns the number of elements of a shape; a negative length or an overflow is an error.
func product(shape []int) (int, error) {
	n := 1
	for _, d := range shape {
		if d < 0 {
			return 0, fmt.Errorf("%w: shape %v has a negative length", ErrArray, shape)
		}
		if d != 0 && n > math.MaxInt/d {
			return 0, fmt.Errorf("%w: shape %v has too many elements", ErrTooLarge, shape)
		}
		n *= d
	}
	return n, nil
}

// quoteAll lists names for an error message, not more than eight.
func quoteAll(names []string) string {
	if len(names) == 0 {
		return "no arrays"
	}
	var b strings.Builder
	for i, n := range names {
		if i == 8 {
			fmt.Fprintf(&b, " and %d more", len(names)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q", n)
	}
	return b.String()
}
