package cases

import (
	"bytes"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// Tensor is an array of any rank.
//
//	element (i, j, k) of shape [I, J, K] is Data[(i*J+j)*K+k]
//
// The shape [] is that of one number.
type Tensor struct {
	Shape []int
	Data  []float64
}

// Scalar returns the tensor of shape [] that holds x.
func Scalar(x float64) Tensor { return Tensor{Shape: []int{}, Data: []float64{x}} }

// Vector returns the tensor of shape [len(x)] over x, which is not copied.
func Vector(x []float64) Tensor { return Tensor{Shape: []int{len(x)}, Data: x} }

// size returns the product of the extents; ok is false where one is negative or an int does not
// hold the product.
func size(shape []int) (n int, ok bool) {
	product := uint64(1)
	zero, over := false, false
	for _, extent := range shape {
		if extent < 0 {
			return 0, false
		}
		zero = zero || extent == 0
		hi, lo := bits.Mul64(product, uint64(extent))
		if hi != 0 || lo > 1<<62 {
			over = true
			continue
		}
		product = lo
	}
	switch {
	case zero:
		return 0, true
	case over || uint64(int(product)) != product:
		return 0, false
	}
	return int(product), true
}

// parseTensor reads {"shape": [...], "data": [...]}.
func parseTensor(s source) (Tensor, error) {
	parts, err := members(s)
	if err != nil {
		return Tensor{}, err
	}
	var t Tensor
	hasShape, hasData := false, false
	for _, m := range parts {
		at := s.at(m.name, m.text)
		switch m.name {
		case "shape":
			hasShape = true
			t.Shape, err = parseShape(at)
		case "data":
			hasData = true
			t.Data, err = parseData(at)
		default:
			err = s.at(shorten(m.name), nil).bad(`"shape" and "data"`, "another member")
		}
		if err != nil {
			return Tensor{}, err
		}
	}
	if !hasShape {
		return Tensor{}, s.at("shape", nil).bad("a list of extents", "nothing")
	}
	if !hasData {
		return Tensor{}, s.at("data", nil).bad("a list of numbers", "nothing")
	}
	if n, ok := size(t.Shape); !ok || n != len(t.Data) {
		want := strconv.Itoa(n)
		if !ok {
			want = "more than 2^62"
		}
		return Tensor{}, s.at("data", nil).bad(fmt.Sprintf("%s numbers for shape %s", want, Shape(t.Shape)), strconv.Itoa(len(t.Data)))
	}
	return t, nil
}

func parseShape(s source) ([]int, error) {
	const expected = "an extent, a whole number >= 0"
	shape := []int{}
	err := elements(s, expected, func(i int, text []byte) error {
		x, ok := parseNumber(text)
		if !ok || x != float64(int64(x)) || x < 0 || x > 1<<53 || uint64(int(x)) != uint64(x) {
			return element(s, i).bad(expected, describe(text))
		}
		shape = append(shape, int(x))
		return nil
	})
	return shape, err
}

func parseData(s source) ([]float64, error) {
	const expected = "a number"
	data := make([]float64, 0, 1+bytes.Count(s.text, []byte{','}))
	err := elements(s, expected, func(i int, text []byte) error {
		x, ok := parseNumber(text)
		if !ok {
			return element(s, i).bad(expected, describe(text))
		}
		data = append(data, x)
		return nil
	})
	return data, err
}

// appendTensor appends t as JSON. s names it in errors: a NaN, or a shape that does not fit the
// data.
func appendTensor(b []byte, s source, t Tensor) ([]byte, error) {
	if n, ok := size(t.Shape); !ok || n != len(t.Data) {
		return b, s.bad(fmt.Sprintf("as many numbers as shape %s has", Shape(t.Shape)), strconv.Itoa(len(t.Data)))
	}
	b = append(b, `{"shape":[`...)
	for i, extent := range t.Shape {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(extent), 10)
	}
	b = append(b, `],"data":[`...)
	for i, x := range t.Data {
		if i > 0 {
			b = append(b, ',')
		}
		var ok bool
		if b, ok = appendNumber(b, x); !ok {
			return b, element(s.at("data", nil), i).bad("a number", unwritable(x))
		}
	}
	return append(b, `]}`...), nil
}

// Extent stands in a [Shape] for an extent that may have any value.
const Extent = -1

// Shape is the shape that a tensor is expected to have; an extent of [Extent] fits every extent.
type Shape []int

// String returns "[2, any, 3]".
func (s Shape) String() string {
	words := make([]string, len(s))
	for i, extent := range s {
		words[i] = strconv.Itoa(extent)
		if extent == Extent {
			words[i] = "any"
		}
	}
	return "[" + strings.Join(words, ", ") + "]"
}

// fits tells whether a tensor of the given shape is one of shape s.
func (s Shape) fits(shape []int) bool {
	if len(s) != len(shape) {
		return false
	}
	for i, extent := range s {
		if extent != Extent && extent != shape[i] {
			return false
		}
	}
	return true
}
