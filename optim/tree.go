package optim

import (
	"errors"
	"fmt"
	"math"

	"github.com/surge-snn/surge/internal/kernel"
)

// ErrTree signifies trees that do not fit each other, or a leaf that is malformed.
var ErrTree = errors.New("optim: trees do not match")

// ErrNonFinite signifies a NaN or an infinity, or a float32 overflow to one.
var ErrNonFinite = errors.New("optim: value is not finite")

// Leaf is one named parameter array, or what belongs to it: its gradient, its
// moments. Exactly one of F32 and F64 is not nil; it is the backing slice itself
// and not a copy. Shapes do not matter here.
type Leaf struct {
	Name string
	F32  []float32
	F64  []float64
}

// Tree is a model's leaves. Their order is part of the model: results that depend
// on a sum over leaves depend on it.
type Tree []Leaf

// NewLeaf returns the leaf over data, which must be a []float32 or a []float64,
// such as the Data of a *tensor.Dense that is not a scalar. It copies nothing.
// The error wraps ErrTree.
func NewLeaf(name string, data any) (Leaf, error) {
	switch data := data.(type) {
	case []float32:
		if data != nil {
			return Leaf{Name: name, F32: data}, nil
		}
	case []float64:
		if data != nil {
			return Leaf{Name: name, F64: data}, nil
		}
	}
	return Leaf{}, fmt.Errorf("%w: leaf %q: found data of type %T, want []float32 or []float64, not nil", ErrTree, name, data)
}

// Len returns the number of elements.
func (l Leaf) Len() int { return len(l.F32) + len(l.F64) }

// DType returns "float32" or "float64".
func (l Leaf) DType() string {
	if l.F32 != nil {
		return "float32"
	}
	return "float64"
}

// Apply adds updates to parameters,
//
//	params += updates
//
// after it has checked that all sums are finite: the error wraps ErrNonFinite or
// ErrTree, and then params are as before. Two passes over the data.
func Apply(params, updates Tree) error {
	if err := match("updates", updates, "params", params); err != nil {
		return fmt.Errorf("apply: %w", err)
	}
	for i, p := range params {
		u := updates[i]
		at := -1
		if p.F32 != nil {
			at = nonFiniteSum(p.F32, u.F32)
		} else {
			at = nonFiniteSum(p.F64, u.F64)
		}
		if at >= 0 {
			return fmt.Errorf("%w: apply: %s[%d]: parameter %v, update %v", ErrNonFinite, p.Name, at, p.at(at), u.at(at))
		}
	}
	for i, p := range params {
		add(p.F32, updates[i].F32)
		add(p.F64, updates[i].F64)
	}
	return nil
}

// block is the number of elements that one processor takes at a time, where there are more.
const block = 1 << 14

// float is the element type of a leaf.
type float interface{ float32 | float64 }

func add[T float](dst, x []T) {
	if len(x) > block {
		kernel.Blocks(len(x), block, func(lo, hi int) { add(dst[lo:hi], x[lo:hi]) })
		return
	}
	kernel.Add(dst, dst, x)
}

// nonFiniteSum returns the first index where a+b is NaN or infinite, or -1.
func nonFiniteSum[T float](a, b []T) int {
	var sums [1 << 10]T // in the nearest cache
	for lo := 0; lo < len(b); lo += len(sums) {
		s := sums[:min(len(sums), len(b)-lo)]
		kernel.Add(s, a[lo:lo+len(s)], b[lo:lo+len(s)])
		if i := nonFinite(s); i >= 0 {
			return lo + i
		}
	}
	return -1
}

// nonFinite returns the first index where x is NaN or infinite, or -1.
func nonFinite[T float](x []T) int {
	if kernel.Finite(x) {
		return -1
	}
	for i, v := range x {
		if v-v != 0 {
			return i
		}
	}
	return -1
}

// at returns an element for a message.
func (l Leaf) at(i int) float64 {
	if l.F32 != nil {
		return float64(l.F32[i])
	}
	return l.F64[i]
}

// finite returns an error that names the first element of t that is not finite.
func finite(who string, t Tree) error {
	for _, l := range t {
		at := nonFinite(l.F32)
		if l.F64 != nil {
			at = nonFinite(l.F64)
		}
		if at >= 0 {
			return fmt.Errorf("%w: %s: gradient %s[%d] is %v", ErrNonFinite, who, l.Name, at, l.at(at))
		}
	}
	return nil
}

// wellFormed returns an error unless every leaf has exactly one slice.
func wellFormed(who string, t Tree) error {
	for _, l := range t {
		if (l.F32 == nil) == (l.F64 == nil) {
			return fmt.Errorf("%w: %s: leaf %q has neither or both of F32 and F64, want one", ErrTree, who, l.Name)
		}
	}
	return nil
}

// match returns an error unless got has the names, types and lengths of want.
func match(gotName string, got Tree, wantName string, want Tree) error {
	if len(got) != len(want) {
		return fmt.Errorf("%w: %s has %d leaves, %s %d", ErrTree, gotName, len(got), wantName, len(want))
	}
	for i, g := range got {
		w := want[i]
		if g.Name != w.Name || g.Len() != w.Len() || (g.F32 == nil) != (w.F32 == nil) || (g.F64 == nil) != (w.F64 == nil) {
			return fmt.Errorf("%w: %s: leaf %d is %q (%s, length %d), in %s it is %q (%s, length %d)",
				ErrTree, gotName, i, g.Name, g.DType(), g.Len(), wantName, w.Name, w.DType(), w.Len())
		}
	}
	return wellFormed(gotName, got)
}

// zerosLike returns a tree of zeros with the names, types and lengths of t.
func zerosLike(t Tree) Tree {
	z := make(Tree, len(t))
	for i, l := range t {
		z[i].Name = l.Name
		if l.F32 != nil {
			z[i].F32 = make([]float32, len(l.F32))
		}
		if l.F64 != nil {
			z[i].F64 = make([]float64, len(l.F64))
		}
	}
	return z
}

// zero sets all elements to zero.
func zero(t Tree) {
	for _, l := range t {
		clear(l.F32)
		clear(l.F64)
	}
}

// scale multiplies all elements by factor, which is rounded to their type.
func scale(t Tree, factor float64) {
	for _, l := range t {
		f := float32(factor)
		for i := range l.F32 {
			l.F32[i] *= f
		}
		for i := range l.F64 {
			l.F64[i] *= factor
		}
	}
}

// isFinite reports whether x is neither NaN nor infinite.
func isFinite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
