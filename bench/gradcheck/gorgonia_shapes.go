package gradcheck

import (
	"fmt"
	"math"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
)

func stockShapes() []stock {
	var rows []stock
	one := func(op, detail string, shape []int, node func(b *graph.Builder, x *G.Node) (*G.Node, error), value func(x array) array) {
		rows = append(rows, stock{
			op: op, detail: detail, shapes: [][]int{shape},
			apply: func(b *graph.Builder, x []*G.Node) (*G.Node, error) { return node(b, x[0]) },
			value: func(x []array) array { return value(x[0]) },
		})
	}
	for _, c := range [][2][]int{{{3, 4}, {2, 6}}, {{3, 4}, {12}}, {{12}, {3, 4}}, {{2, 3, 4}, {6, 4}}, {{4}, {4, 1}}, {{4}, {1, 4}}, {{1}, {1, 1}}, {{2, 3, 2}, {2, 1, 3, 2}}} {
		one("Reshape", fmt.Sprint(c[1]), c[0], func(_ *graph.Builder, x *G.Node) (*G.Node, error) { return G.Reshape(x, slices.Clone(c[1])) },
			func(x array) array { return x.as(c[1]...) })
	}
	one("Ravel", "", []int{2, 3, 4}, func(_ *graph.Builder, x *G.Node) (*G.Node, error) { return G.Ravel(x) }, func(x array) array { return x.as(24) })
	for _, c := range [][2][]int{{{3, 4}, {1, 0}}, {{2, 3, 4}, {2, 0, 1}}, {{2, 3, 4}, {0, 2, 1}}, {{2, 3, 4}, {2, 1, 0}}, {{2, 3, 2, 4}, {0, 3, 1, 2}}, {{1, 4}, {1, 0}}} {
		one("Transpose", fmt.Sprint(c[1]), c[0], func(_ *graph.Builder, x *G.Node) (*G.Node, error) { return G.Transpose(x, slices.Clone(c[1])...) },
			func(x array) array { return x.permute(c[1]...) })
	}
	one("Reshape", "of a transpose", []int{3, 4}, func(b *graph.Builder, x *G.Node) (*G.Node, error) {
		return G.Reshape(b.Check(G.Transpose(x, 1, 0)), tensor.Shape{2, 6})
	}, func(x array) array { return x.permute(1, 0).as(2, 6) })
	slice := func(shape []int, drop []int, s ...[3]int) { // start, end, step of each axis
		from, to, step := make([]int, len(shape)), slices.Clone(shape), make([]int, len(shape))
		var arg []tensor.Slice
		for k := range shape {
			step[k] = 1
			if k >= len(s) {
				continue
			}
			if s[k] == [3]int{} {
				arg = append(arg, nil)
				continue
			}
			from[k], to[k], step[k] = s[k][0], s[k][1], s[k][2]
			arg = append(arg, G.S(s[k][0], s[k][1], s[k][2]))
		}
		one("Slice", fmt.Sprint(s), shape, func(_ *graph.Builder, x *G.Node) (*G.Node, error) { return G.Slice(x, arg...) },
			func(x array) array {
				y := x.part(from, to, step)
				var left []int
				for k, n := range y.shape {
					if !slices.Contains(drop, k) {
						left = append(left, n)
					}
				}
				return y.as(left...)
			})
	}
	all := [3]int{}
	slice([]int{5}, []int{0}, [3]int{2, 3, 1})
	slice([]int{5}, nil, [3]int{1, 4, 1})
	slice([]int{6}, nil, [3]int{0, 6, 2})
	slice([]int{3, 4}, []int{0}, [3]int{1, 2, 1})
	slice([]int{3, 4}, []int{1}, all, [3]int{2, 3, 1})
	slice([]int{5, 4}, nil, [3]int{1, 4, 1}, [3]int{0, 3, 1})
	slice([]int{6, 4}, nil, [3]int{0, 6, 2})
	slice([]int{2, 3, 4}, []int{1}, all, [3]int{1, 2, 1})
	slice([]int{2, 3, 4}, []int{0}, [3]int{1, 2, 1}, [3]int{0, 2, 1})
	slice([]int{2, 3, 4}, nil, all, all, [3]int{1, 3, 1})
	slice([]int{2, 3, 4}, []int{2}, all, all, [3]int{3, 4, 1})
	slice([]int{3, 1}, []int{0}, [3]int{1, 2, 1})
	slice([]int{1, 3}, []int{1}, all, [3]int{2, 3, 1})
	slice([]int{1, 1, 4}, []int{2}, all, all, [3]int{3, 4, 1})
	slice([]int{1, 1}, []int{0}, [3]int{0, 1, 1})
	slice([]int{300, 2}, []int{0}, [3]int{299, 300, 1})
	slice([]int{600, 1}, nil, [3]int{256, 356, 1})
	slice([]int{2, 300}, nil, all, [3]int{257, 259, 1})

	for _, c := range []struct {
		axis   int
		shapes [][]int
	}{
		{0, [][]int{{3}, {4}}}, {0, [][]int{{3, 4}, {2, 4}}}, {1, [][]int{{3, 4}, {3, 2}}}, {1, [][]int{{2, 3, 4}, {2, 1, 4}, {2, 2, 4}}},
		{2, [][]int{{2, 3, 1}, {2, 3, 2}}}, {0, [][]int{{1, 4}, {1, 4}}}, {0, [][]int{{1}, {1}}},
		{0, [][]int{{256, 1}, {256, 1}, {256, 1}}}, {1, [][]int{{2, 256}, {2, 256}}},
	} {
		rows = append(rows, stock{
			op: "Concat", detail: fmt.Sprint(c.axis), shapes: c.shapes,
			apply: func(_ *graph.Builder, x []*G.Node) (*G.Node, error) { return G.Concat(c.axis, x...) },
			value: func(x []array) array { return concat(c.axis, x) },
		})
	}
	one("Unconcat", "", []int{4, 3}, func(b *graph.Builder, x *G.Node) (*G.Node, error) {
		p := b.CheckAll(G.Unconcat(x, 0, 2))
		return G.HadamardDiv(p[0], b.Check(G.Exp(p[1])))
	}, func(x array) array {
		return arrayOf([]int{2, 3}, func(i []int) float64 { return x.at(i[0], i[1]) / math.Exp(x.at(i[0]+2, i[1])) })
	})
	one("At", "", []int{3, 4}, func(_ *graph.Builder, x *G.Node) (*G.Node, error) { return G.At(x, 1, 2) },
		func(x array) array { return array{nil, []float64{x.at(1, 2)}} })
	one("At", "", []int{5}, func(b *graph.Builder, x *G.Node) (*G.Node, error) {
		return G.Mul(b.Check(G.Sum(x)), b.Check(G.At(x, 3)))
	}, func(x array) array { return array{nil, []float64{sum(x.v) * x.at(3)}} })
	for _, c := range []struct {
		shape []int
		axis  int
	}{{[]int{4, 3}, 0}, {[]int{3, 4}, 1}, {[]int{4}, 0}, {[]int{2, 4, 3}, 1}, {[]int{2, 3, 4}, 2}, {[]int{4, 2, 3}, 0}} {
		pick := []int{2, 0, 2, 3}
		one("ByIndices", fmt.Sprint(c.axis), c.shape, func(b *graph.Builder, x *G.Node) (*G.Node, error) {
			i := G.NewVector(b.Graph(), tensor.Int, G.WithShape(4), G.WithName("indices"), G.WithValue(tensor.New(tensor.WithBacking(slices.Clone(pick)))))
			return G.ByIndices(x, i, c.axis)
		}, func(x array) array {
			shape := slices.Clone(c.shape)
			shape[c.axis] = len(pick)
			return arrayOf(shape, func(idx []int) float64 {
				at := slices.Clone(idx)
				at[c.axis] = pick[idx[c.axis]]
				return x.at(at...)
			})
		})
	}
	one("KeepDims", "", []int{3, 4}, func(_ *graph.Builder, x *G.Node) (*G.Node, error) {
		return G.KeepDims(x, false, func(x *G.Node) (*G.Node, error) { return G.Mean(x, 1) })
	}, func(x array) array {
		return x.reduce([]int{1}, func(l []float64) float64 { return sum(l) / 4 }).as(3, 1)
	})
	one("SizeOf", "", []int{3, 4}, func(b *graph.Builder, x *G.Node) (*G.Node, error) { return G.HadamardProd(x, b.Check(G.SizeOf(1, x))) },
		func(x array) array { return x.apply(func(v float64) float64 { return 4 * v }) })
	rows = append(rows, stock{
		op: "ReduceAdd", shapes: [][]int{{3}, {3}, {3}},
		apply: func(_ *graph.Builder, x []*G.Node) (*G.Node, error) { return G.ReduceAdd(x) },
		value: func(x []array) array {
			return arrayOf([]int{3}, func(i []int) float64 { return x[0].v[i[0]] + x[1].v[i[0]] + x[2].v[i[0]] })
		},
	}, stock{
		op: "ReduceMul", shapes: [][]int{nil, nil, nil},
		apply: func(_ *graph.Builder, x []*G.Node) (*G.Node, error) { return G.ReduceMul(x) },
		value: func(x []array) array { return array{nil, []float64{x[0].v[0] * x[1].v[0] * x[2].v[0]}} },
	}, stock{
		op: "Auto", shapes: [][]int{{2, 3, 4}, {2, 1, 4}},
		apply: func(_ *graph.Builder, x []*G.Node) (*G.Node, error) {
			return G.Auto(G.BroadcastHadamardProd, x[0], x[1])
		},
		value: func(x []array) array {
			return zip(x[0], x[1], nil, []byte{1}, func(a, b float64) float64 { return a * b })
		},
	})
	return rows
}

func concat(axis int, x []array) array {
	shape := slices.Clone(x[0].shape)
	shape[axis] = 0
	for _, a := range x {
		shape[axis] += a.shape[axis]
	}
	return arrayOf(shape, func(idx []int) float64 {
		at, k := slices.Clone(idx), 0
		for at[axis] >= x[k].shape[axis] {
			at[axis] -= x[k].shape[axis]
			k++
		}
		return x[k].at(at...)
	})
}
