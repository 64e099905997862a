package gradcheck

import (
	"fmt"
	"math"
	"slices"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
)

func axes(a ...[]byte) string { return fmt.Sprint(a) }

func sum(x []float64) (s float64) {
	for _, v := range x {
		s += v
	}
	return s
}

func softmax(x []float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = math.Exp(v)
	}
	s := sum(y)
	for i := range y {
		y[i] /= s
	}
	return y
}

func norm(p float64) func([]float64) float64 {
	return func(x []float64) float64 {
		s := 0.0
		for _, v := range x {
			s += math.Pow(math.Abs(v), p)
		}
		return math.Pow(s, 1/p)
	}
}

func stockReductions() []stock {
	var rows []stock
	for _, o := range []struct {
		name  string
		node  func(x *G.Node, along ...int) (*G.Node, error)
		value func([]float64) float64
	}{
		{"Sum", G.Sum, sum},
		{"Mean", G.Mean, func(x []float64) float64 { return sum(x) / float64(len(x)) }},
		{"Max", G.Max, slices.Max[[]float64]},
	} {
		for _, c := range []struct{ shape, along []int }{
			{nil, nil}, {[]int{1}, nil}, {[]int{1}, []int{0}},
			{[]int{4}, nil}, {[]int{4}, []int{0}},
			{[]int{3, 4}, nil}, {[]int{3, 4}, []int{0}}, {[]int{3, 4}, []int{1}}, {[]int{3, 4}, []int{0, 1}},
			{[]int{1, 4}, []int{0}}, {[]int{1, 4}, []int{1}}, {[]int{4, 1}, []int{0}}, {[]int{4, 1}, []int{1}}, {[]int{1, 1}, []int{0}},
			{[]int{2, 3, 4}, nil}, {[]int{2, 3, 4}, []int{0}}, {[]int{2, 3, 4}, []int{1}}, {[]int{2, 3, 4}, []int{2}},
			{[]int{2, 3, 4}, []int{0, 1}}, {[]int{2, 3, 4}, []int{0, 2}}, {[]int{2, 3, 4}, []int{1, 2}}, {[]int{2, 3, 4}, []int{1, 0}},
			{[]int{2, 2, 3, 2}, []int{1}}, {[]int{2, 2, 3, 2}, []int{2}}, {[]int{2, 3, 2, 2, 3}, []int{3, 1}}, {[]int{2, 2, 3, 2}, []int{0, 2, 3}}, {[]int{2, 2, 3, 2}, []int{2, 3}},
		} {
			rows = append(rows, stock{
				op: o.name, detail: fmt.Sprint(c.along), shapes: [][]int{c.shape}, domain: apart,
				apply: func(_ *graph.Builder, x []*G.Node) (*G.Node, error) { return o.node(x[0], slices.Clone(c.along)...) },
				value: func(x []array) array { return x[0].reduce(c.along, o.value) },
			})
		}
	}
	for _, c := range []struct {
		shape   []int
		axis, p int
		domain  domain
	}{
		{[]int{3, 4}, 0, 2, anywhere}, {[]int{3, 4}, 1, 2, anywhere}, {[]int{2, 3, 4}, 1, 2, anywhere}, {[]int{4}, 0, 2, anywhere},
		{[]int{3, 4}, 1, 4, anywhere}, {[]int{3, 4}, 0, 3, positive}, {[]int{3, 4}, 0, 1, positive},
	} {
		rows = append(rows, stock{
			op: "Norm", detail: fmt.Sprintf("p=%d axis %d", c.p, c.axis), shapes: [][]int{c.shape}, domain: c.domain,
			apply: func(b *graph.Builder, x []*G.Node) (*G.Node, error) {
				if c.p%2 == 1 {
					return G.Norm(b.Check(G.Abs(x[0])), c.axis, c.p)
				}
				return G.Norm(x[0], c.axis, c.p)
			},
			value: func(x []array) array { return x[0].reduce([]int{c.axis}, norm(float64(c.p))) },
		})
	}
	for _, o := range []struct {
		name string
		node func(x *G.Node, axes ...int) (*G.Node, error)
		line func([]float64) []float64
	}{
		{"SoftMax", G.SoftMax, softmax},
		{"LogSoftMax", G.LogSoftMax, func(x []float64) []float64 {
			y := softmax(x)
			for i := range y {
				y[i] = math.Log(y[i])
			}
			return y
		}},
	} {
		for _, c := range []struct {
			shape []int
			axis  int
		}{
			{[]int{4}, -1}, {[]int{4}, 0}, {[]int{3, 4}, -1}, {[]int{3, 4}, 0}, {[]int{3, 4}, 1}, {[]int{1, 4}, -1}, {[]int{1, 4}, 1}, {[]int{4, 1}, 0},
			{[]int{4, 1}, -1}, {[]int{2, 3, 4}, -1}, {[]int{2, 3, 4}, 0}, {[]int{2, 3, 4}, 1}, {[]int{2, 3, 4}, 2}, {[]int{2, 2, 3, 2}, 1}, {[]int{2, 2, 3, 2}, -1},
		} {
			along, axis := []int{c.axis}, c.axis
			if c.axis < 0 {
				if along, axis = nil, len(c.shape)-1; slices.Equal(c.shape, []int{4, 1}) {
					axis = 0 // Gorgonia's default of a column
				}
			}
			rows = append(rows, stock{
				op: o.name, detail: fmt.Sprint(along), shapes: [][]int{c.shape}, domain: apart,
				apply: func(_ *graph.Builder, x []*G.Node) (*G.Node, error) { return o.node(x[0], along...) },
				value: func(x []array) array { return x[0].alongAxis(axis, o.line) },
			})
		}
	}
	// Gorgonia's Log changes the operation below it: the entropy has both.
	for _, axis := range []int{0, 1} {
		rows = append(rows, stock{
			op: "SoftMax", detail: fmt.Sprintf("entropy along %d", axis), shapes: [][]int{{3, 4}}, domain: apart,
			apply: func(b *graph.Builder, x []*G.Node) (*G.Node, error) {
				p := b.Check(G.SoftMax(x[0], axis))
				return G.HadamardProd(p, b.Check(G.Log(p)))
			},
			value: func(x []array) array {
				return x[0].alongAxis(axis, softmax).apply(func(p float64) float64 { return p * math.Log(p) })
			},
		}, stock{
			op: "SoftMax", detail: fmt.Sprintf("to a power along %d", axis), shapes: [][]int{{3, 4}, {3, 4}}, domain: apart,
			apply: func(b *graph.Builder, x []*G.Node) (*G.Node, error) {
				return G.Pow(b.Check(G.SoftMax(x[0], axis)), x[1])
			},
			value: func(x []array) array { return zip(x[0].alongAxis(axis, softmax), x[1], nil, nil, math.Pow) },
		})
	}
	return rows
}
