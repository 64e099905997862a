package gradcheck

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
)

func stockProducts() []stock {
	var rows []stock
	two := func(op, detail string, a, b []int, node func(a, b *G.Node) (*G.Node, error), value func(a, b array) array) {
		rows = append(rows, stock{
			op: op, detail: detail, shapes: [][]int{a, b},
			apply: func(_ *graph.Builder, x []*G.Node) (*G.Node, error) { return node(x[0], x[1]) },
			value: func(x []array) array { return value(x[0], x[1]) },
		})
	}
	for _, c := range [][2][]int{{{3, 4}, {4, 2}}, {{1, 4}, {4, 2}}, {{3, 4}, {4, 1}}, {{3, 1}, {1, 2}}, {{1, 4}, {4, 1}}, {{3, 1}, {1, 1}}, {{1, 1}, {1, 3}}} {
		two("Mul", "", c[0], c[1], G.Mul, array.mul)
	}
	two("Mul", "", []int{3, 4}, []int{4}, G.Mul, func(a, b array) array { return array{[]int{3}, a.mul(b.as(4, 1)).v} })
	two("Mul", "", []int{4, 4}, []int{4}, G.Mul, func(a, b array) array { return array{[]int{4}, a.mul(b.as(4, 1)).v} })
	two("Mul", "", []int{3}, []int{3, 4}, G.Mul, func(a, b array) array { return array{[]int{4}, a.as(1, 3).mul(b).v} })
	two("Mul", "", []int{4}, []int{4, 4}, G.Mul, func(a, b array) array { return array{[]int{4}, a.as(1, 4).mul(b).v} })
	two("Mul", "", []int{4}, []int{4}, G.Mul, func(a, b array) array { return array{nil, a.as(1, 4).mul(b.as(4, 1)).v} })
	two("Mul", "", nil, []int{3, 4}, G.Mul, func(a, b array) array { return b.apply(func(x float64) float64 { return a.v[0] * x }) })
	two("Mul", "", []int{3, 4}, nil, G.Mul, func(a, b array) array { return a.apply(func(x float64) float64 { return b.v[0] * x }) })
	outer := func(a, b array) array { return a.as(len(a.v), 1).mul(b.as(1, len(b.v))) }
	for _, c := range [][2][]int{{{3}, {4}}, {{4}, {4}}, {{3}, {1}}, {{1}, {4}}} {
		two("OuterProd", "", c[0], c[1], G.OuterProd, outer)
	}
	for _, c := range []struct {
		a, b   []int
		ta, tb bool
	}{
		{[]int{2, 3, 4}, []int{2, 4, 5}, false, false}, {[]int{2, 4, 3}, []int{2, 4, 5}, true, false},
		{[]int{2, 3, 4}, []int{2, 5, 4}, false, true}, {[]int{2, 4, 3}, []int{2, 5, 4}, true, true},
		{[]int{1, 3, 4}, []int{1, 4, 5}, false, false}, {[]int{2, 1, 4}, []int{2, 4, 1}, false, false},
		{[]int{2, 3, 2, 4}, []int{2, 3, 4, 2}, false, false}, {[]int{2, 3, 2, 4}, []int{2, 3, 3, 4}, false, true},
	} {
		two("BatchedMatMul", fmt.Sprint(c.ta, c.tb), c.a, c.b,
			func(a, b *G.Node) (*G.Node, error) { return G.BatchedMatMul(a, b, c.ta, c.tb) },
			func(a, b array) array { return batched(a, b, c.ta, c.tb) })
	}
	for _, c := range []struct{ a, b, aAxes, bAxes []int }{
		{[]int{3, 4}, []int{4, 2}, []int{1}, []int{0}}, {[]int{3, 4}, []int{3, 2}, []int{0}, []int{0}},
		{[]int{3, 4}, []int{2, 4}, []int{1}, []int{1}}, {[]int{2, 3, 4}, []int{4, 3}, []int{1, 2}, []int{1, 0}},
		{[]int{2, 3, 4}, []int{3, 4, 2}, []int{1, 2}, []int{0, 1}}, {[]int{2, 3, 4}, []int{4, 2}, []int{2}, []int{0}},
		{[]int{3}, []int{3}, []int{0}, []int{0}}, {[]int{3, 4}, []int{4}, []int{1}, []int{0}}, {[]int{3}, []int{3, 4}, []int{0}, []int{0}},
		{[]int{2, 3, 4}, []int{2, 3, 5}, []int{0, 1}, []int{0, 1}}, {[]int{2, 3, 4}, []int{5, 3}, []int{1}, []int{1}},
		{[]int{3, 4}, []int{3, 4}, []int{0, 1}, []int{0, 1}}, {[]int{2, 3, 4}, []int{3, 2, 4}, []int{0, 1}, []int{1, 0}},
		{[]int{3, 1}, []int{2, 1}, []int{1}, []int{1}}, {[]int{2, 1, 3}, []int{1, 4}, []int{1}, []int{0}}, {[]int{1, 2, 1}, []int{1, 3, 1}, []int{0, 2}, []int{0, 2}},
	} {
		two("Tensordot", fmt.Sprint(c.aAxes, c.bAxes), c.a, c.b,
			func(a, b *G.Node) (*G.Node, error) {
				return G.Tensordot(slices.Clone(c.aAxes), slices.Clone(c.bAxes), a, b)
			},
			func(a, b array) array { return contract(a, b, c.aAxes, c.bAxes) })
	}
	return rows
}

// batched multiplies the last two axes.
func batched(a, b array, ta, tb bool) array {
	n := len(a.shape)
	lead := a.shape[:n-2]
	each := size(lead)
	matrix := func(x array, i int, t bool) array {
		k := size(x.shape[n-2:])
		m := array{x.shape[n-2:], x.v[i*k : (i+1)*k]}
		if t {
			return m.permute(1, 0)
		}
		return m
	}
	var out array
	for i := range each {
		m := matrix(a, i, ta).mul(matrix(b, i, tb))
		out.v = append(out.v, m.v...)
		out.shape = append(slices.Clone(lead), m.shape...)
	}
	return out
}

// contract sums over pairs of axes.
func contract(a, b array, aAxes, bAxes []int) array {
	rest := func(x array, axes []int) (keep []int) {
		for k := range x.shape {
			if !slices.Contains(axes, k) {
				keep = append(keep, k)
			}
		}
		return keep
	}
	ka, kb := rest(a, aAxes), rest(b, bAxes)
	left, right := a.permute(append(slices.Clone(ka), aAxes...)...), b.permute(append(slices.Clone(bAxes), kb...)...)
	var shape []int
	for _, k := range ka {
		shape = append(shape, a.shape[k])
	}
	for _, k := range kb {
		shape = append(shape, b.shape[k])
	}
	inner := size(left.shape[len(ka):])
	return array{shape, left.as(len(left.v)/inner, inner).mul(right.as(inner, len(right.v)/inner)).v}
}
