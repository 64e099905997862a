package graph

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/internal/memory"
)

// sameShape says whether two shapes are equal. (For Shape.Eq a vector [N] and a matrix
// [N, 1] are.)
func sameShape(a, b tensor.Shape) bool { return slices.Equal(a, b) }

// fits returns an error that wraps [ErrMemory] if so many numbers are more than the machine has
// room for. What is small is not looked at.
func fits(what string, numbers int, bytes uintptr) error {
	const small = 1 << 22
	if numbers < small {
		return nil
	}
	have, want := memory.Available(), int64(numbers)*int64(bytes)
	if have == 0 || want <= have {
		return nil
	}
	return fmt.Errorf("%w: %s needs %v, and this machine has %v left", ErrMemory, what, memory.Size(want), memory.Size(have))
}

// zeros returns a new tensor.
func zeros(dt tensor.Dtype, shape tensor.Shape) *tensor.Dense {
	return tensor.New(tensor.Of(dt), tensor.WithShape(shape.Clone()...))
}

// clone returns a copy of d, which is row-major, converted to dt.
func clone(d *tensor.Dense, dt tensor.Dtype) *tensor.Dense {
	c := zeros(dt, d.Shape())
	if d.Dtype() == dt {
		copyData(c, d)
	} else {
		assign(c, floats(d))
	}
	return c
}

// rowMajor returns d, or a copy of it if its elements do not lie in the order of its
// shape, as those of a transposed or sliced tensor.
func rowMajor(d *tensor.Dense) (*tensor.Dense, error) {
	switch {
	case d == nil:
		return nil, errors.New("nil tensor")
	case d.Dtype() != tensor.Float32 && d.Dtype() != tensor.Float64:
		return nil, fmt.Errorf("dtype %v, want float32 or float64", d.Dtype())
	case !d.DataOrder().IsColMajor() && !d.RequiresIterator():
		return d, nil
	}
	m, ok := d.Materialize().(*tensor.Dense)
	if !ok || m.DataOrder().IsColMajor() || m.RequiresIterator() {
		return nil, fmt.Errorf("tensor of shape %v is not row-major", d.Shape())
	}
	return m, nil
}

// floats returns the elements of d as float64, a copy.
func floats(d *tensor.Dense) []float64 {
	if d.Dtype() == tensor.Float64 {
		return slices.Clone(d.Float64s())
	}
	x := make([]float64, d.Shape().TotalSize())
	convert(x, d.Float32s())
	return x
}

// assign converts x into d.
func assign(d *tensor.Dense, x []float64) {
	if d.Dtype() == tensor.Float64 {
		copy(d.Float64s(), x)
	} else {
		convert(d.Float32s(), x)
	}
}

func convert[D, S float32 | float64](dst []D, src []S) {
	for i, v := range src {
		dst[i] = D(v)
	}
}

// copyData copies between tensors of one dtype and size.
func copyData(dst, src *tensor.Dense) {
	if dst.Dtype() == tensor.Float64 {
		copy(dst.Float64s(), src.Float64s())
	} else {
		copy(dst.Float32s(), src.Float32s())
	}
}

// notFinite returns the index and value of the first NaN or infinity, or -1.
func notFinite(d *tensor.Dense) (int, float64) {
	if d.Dtype() == tensor.Float64 {
		if x := d.Float64s(); !kernel.Finite(x) {
			return firstBad[float64](x)
		}
	} else if x := d.Float32s(); !kernel.Finite(x) {
		return firstBad[float32](x)
	}
	return -1, 0
}

// firstBad returns the index and value of the first element that is NaN or infinite
// after conversion to D, or -1.
func firstBad[D, S float32 | float64](x []S) (int, float64) {
	// v-v is 0 for finite v and NaN otherwise; one sum finds out cheaply.
	var sum D
	for _, s := range x {
		v := D(s)
		sum += v - v
	}
	if sum == 0 {
		return -1, 0
	}
	for i, s := range x {
		if f := float64(D(s)); math.IsNaN(f) || math.IsInf(f, 0) {
			return i, float64(s)
		}
	}
	return -1, 0
}

// firstNaN returns the index of the first NaN, or -1.
func firstNaN(d *tensor.Dense) int {
	if d.Dtype() == tensor.Float64 {
		if x := d.Float64s(); !kernel.Finite(x) {
			return slices.IndexFunc(x, func(v float64) bool { return v != v })
		}
	} else if x := d.Float32s(); !kernel.Finite(x) {
		return slices.IndexFunc(x, func(v float32) bool { return v != v })
	}
	return -1
}
