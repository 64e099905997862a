package graph

import (
	"fmt"
	"math"
	"strings"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// checkFinite returns an error that says where n is in the model if its value has a NaN
// or an infinity.
func (b *Builder) checkFinite(n *G.Node, v G.Value) error {
	i, x := firstNotFinite(v)
	if i < 0 {
		return nil
	}
	what := fmt.Sprintf("input %q", plainName(n))
	if n.Op() != nil {
		what = "the result of " + opName(n.Op())
		if b.regionOf(n).scan == outside {
			what += b.parametersOf(n)
		}
	}
	return fmt.Errorf("%w: %selement %d of %s, of shape %v, is %v", ErrNotFinite, b.place(n, i), i, what, n.Shape(), x)
}

// place says which part of the model computes element i of n: "gradient of layer "h" (lif),
// time step 3: ", empty where no layer does.
func (b *Builder) place(n *G.Node, i int) string {
	r := b.regionOf(n)
	if r.scan == outside {
		if r.gradient {
			return "gradient: "
		}
		return ""
	}
	l := b.layers[r.scan]
	where := fmt.Sprintf("layer %q (%s)", l.Name, l.Kind)
	s := n.Shape()
	switch {
	case r.step != everyStep:
		where += fmt.Sprintf(", time step %d", b.step0+r.step)
	case l.Engine == FusedEngine && s.Dims() > 2 && s[0] == l.Steps:
		where += fmt.Sprintf(", time step %d", i/(s.TotalSize()/s[0]))
	}
	if r.gradient {
		where = "gradient of " + where
	}
	return where + ": "
}

// parametersOf names the parameters that n is computed from, where these are few, with their
// largest elements: ` of parameter "h/log_tau_mem" (largest element 1e+06)`.
func (b *Builder) parametersOf(n *G.Node) string {
	const few = 3
	var names []string
	seen := map[*G.Node]bool{n: true}
	for todo := []*G.Node{n}; len(todo) > 0 && len(names) <= few; todo = todo[1:] {
		for _, c := range children(b.g, todo[0]) {
			if seen[c] || b.regionOf(c).scan != outside {
				continue
			}
			seen[c] = true
			if kind, leaf := b.leaves[c]; leaf && kind == parameterLeaf {
				name := fmt.Sprintf("%q", plainName(c))
				if v, ok := c.Value().(*tensor.Dense); ok {
					name += fmt.Sprintf(" (largest element %.6g)", largestElement(v))
				}
				names = append(names, name)
			}
			todo = append(todo, c)
		}
	}
	if len(names) == 0 || len(names) > few {
		return ""
	}
	return " of parameter " + strings.Join(names, ", ")
}

// largestElement returns the element of the largest magnitude.
func largestElement(v *tensor.Dense) (x float64) {
	take := func(y float64) {
		if math.Abs(y) > math.Abs(x) || y != y {
			x = y
		}
	}
	switch data := v.Data().(type) {
	case []float32:
		for _, y := range data {
			take(float64(y))
		}
	case []float64:
		for _, y := range data {
			take(y)
		}
	}
	return x
}

// firstNotFinite returns the index and value of the first NaN or infinity of v, -1 if there is
// none or v is of another type than float32 and float64.
func firstNotFinite(v G.Value) (int, float64) {
	x := 0.0
	switch v := v.(type) {
	case *G.F32:
		x = float64(*v)
	case *G.F64:
		x = float64(*v)
	case *tensor.Dense:
		if dt := v.Dtype(); !v.IsScalar() && (dt == tensor.Float32 || dt == tensor.Float64) {
			if !ordered(v) {
				v = v.Materialize().(*tensor.Dense)
			}
			return notFinite(v)
		}
	}
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0, x
	}
	return -1, 0
}

// plainName is the name of an input without what leaf put before it.
func plainName(n *G.Node) string {
	_, name, _ := strings.Cut(n.Name(), " ")
	return name
}
