package graph

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/random"
)

// Init fills a new parameter of the given shape, row-major, from a random source
// that belongs to this parameter alone.
type Init func(dst []float64, shape []int, rng *rand.Rand)

// Params holds named parameter tensors in the order of their creation. It lives
// outside of the programs that use it, so that several of them can share it.
// A Params is not safe for concurrent use.
type Params struct {
	seed   uint64
	names  []string
	values map[string]*tensor.Dense
}

// NewParams returns an empty set. The seed determines the initial value of every
// parameter, each from a source named by the seed and the parameter's name, so that
// neither the order of creation nor other parameters matter.
func NewParams(seed uint64) *Params {
	return &Params{seed: seed, values: map[string]*tensor.Dense{}}
}

// Names returns the names of the parameters in the order of their creation.
func (p *Params) Names() []string {
	if p == nil {
		return nil
	}
	return slices.Clone(p.names)
}

// Value returns the tensor of a parameter, or nil if there is none of this name.
// Writing to it changes the parameter in all programs.
func (p *Params) Value(name string) *tensor.Dense {
	if p == nil {
		return nil
	}
	return p.values[name]
}

// Set adds the parameter name with the given value, float32 or float64, or overwrites
// the content of an existing one of the same dtype and shape. Another shape or dtype is
// an error that wraps [ErrParam], a value that is not finite one that wraps
// [ErrNotFinite]; both change nothing. The data is copied.
func (p *Params) Set(name string, value *tensor.Dense) error {
	if p == nil {
		return fmt.Errorf("%w: no parameters to set %q in", ErrParam, name)
	}
	value, err := rowMajor(value)
	if err != nil {
		return fmt.Errorf("%w: value of parameter %q: %w", ErrParam, name, err)
	}
	if i, v := notFinite(value); i >= 0 {
		return fmt.Errorf("%w: parameter %q: element %d is %v", ErrNotFinite, name, i, v)
	}
	old := p.values[name]
	if old == nil {
		p.add(name, clone(value, value.Dtype()))
		return nil
	}
	if err := p.match(name, value.Dtype(), value.Shape()); err != nil {
		return err
	}
	copyData(old, value)
	return nil
}

// CheckNames compares the names of given parameters with those of a model: parameters that the
// model does not use, and parameters that are new beside those that are given, are an error
// that wraps [ErrParam] and names them. Without given parameters all may be new.
func CheckNames(given, model []string) error {
	missing := func(from, in []string) (names []string) {
		for _, n := range from {
			if !slices.Contains(in, n) {
				names = append(names, fmt.Sprintf("%q", n))
			}
		}
		return names
	}
	unused, added := missing(given, model), missing(model, given)
	var what []string
	if len(unused) > 0 {
		what = append(what, "the model does not use "+strings.Join(unused, ", "))
	}
	if len(added) > 0 {
		what = append(what, "the model has "+strings.Join(added, ", ")+" beside them")
	}
	if len(given) == 0 || len(what) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %d parameters are given, but %s (Partial allows it)", ErrParam, len(given), strings.Join(what, " and "))
}

// Clone returns a deep copy.
func (p *Params) Clone() *Params {
	if p == nil {
		return nil
	}
	c := NewParams(p.seed)
	for _, n := range p.names {
		c.add(n, clone(p.values[n], p.values[n].Dtype()))
	}
	return c
}

// As returns a deep copy with every value converted to dtype dt, Float32 or Float64.
// Another dtype is an error that wraps [ErrParam]; a number that is too large for
// float32 is one that wraps [ErrNotFinite].
func (p *Params) As(dt tensor.Dtype) (*Params, error) {
	if p == nil {
		return nil, fmt.Errorf("%w: no parameters", ErrParam)
	}
	if dt != tensor.Float32 && dt != tensor.Float64 {
		return nil, fmt.Errorf("%w: conversion to %v, want float32 or float64", ErrParam, dt)
	}
	c := NewParams(p.seed)
	for _, n := range p.names {
		v := clone(p.values[n], dt)
		if i, bad := notFinite(v); i >= 0 {
			return nil, fmt.Errorf("%w: parameter %q as %v: element %d is %v", ErrNotFinite, n, dt, i, bad)
		}
		c.add(n, v)
	}
	return c, nil
}

// CopyFrom overwrites the values of p with those of q, which must have the same
// names, shapes and dtypes; otherwise it is an error that wraps [ErrParam] and nothing
// changes.
func (p *Params) CopyFrom(q *Params) error {
	if p == nil || q == nil {
		return fmt.Errorf("%w: no parameters", ErrParam)
	}
	if len(p.names) != len(q.names) {
		return fmt.Errorf("%w: %d parameters, want %d", ErrParam, len(q.names), len(p.names))
	}
	for _, n := range p.names {
		v := q.values[n]
		if v == nil {
			return fmt.Errorf("%w: no parameter %q", ErrParam, n)
		}
		if err := p.match(n, v.Dtype(), v.Shape()); err != nil {
			return err
		}
	}
	for _, n := range p.names {
		copyData(p.values[n], q.values[n])
	}
	return nil
}

func (p *Params) add(name string, value *tensor.Dense) {
	p.names = append(p.names, name)
	if p.values == nil {
		p.values = map[string]*tensor.Dense{}
	}
	p.values[name] = value
}

// truncate removes all parameters but the first n.
func (p *Params) truncate(n int) {
	for _, name := range p.names[n:] {
		delete(p.values, name)
	}
	p.names = p.names[:n]
}

func (p *Params) match(name string, dt tensor.Dtype, shape tensor.Shape) error {
	v := p.values[name]
	if v.Dtype() != dt || !sameShape(v.Shape(), shape) {
		return fmt.Errorf("%w: parameter %q is %v of shape %v, not %v of shape %v", ErrParam, name, v.Dtype(), v.Shape(), dt, shape)
	}
	return nil
}

// get returns the value of a parameter and makes it first where there is none.
func (p *Params) get(name string, dt tensor.Dtype, shape tensor.Shape, init Init) (*tensor.Dense, error) {
	if v := p.values[name]; v != nil {
		return v, p.match(name, dt, shape)
	}
	if init == nil {
		return nil, fmt.Errorf("%w: %q has neither a value nor an initialiser", ErrParam, name)
	}
	x := make([]float64, shape.TotalSize())
	init(x, shape, random.New(p.seed, "init/"+name))
	v := zeros(dt, shape)
	assign(v, x)
	if i, bad := notFinite(v); i >= 0 {
		return nil, fmt.Errorf("%w: initial value of parameter %q: element %d is %v", ErrNotFinite, name, i, bad)
	}
	p.add(name, v)
	return v, nil
}
