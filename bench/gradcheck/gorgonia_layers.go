package gradcheck

import (
	"fmt"
	"math"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
)

// stockLayers are convolution, pooling and normalisation of images [B, C, H, W].
func stockLayers() []stock {
	var rows []stock
	for _, c := range []struct {
		im, filter            []int
		pad, stride, dilation []int
	}{
		{[]int{2, 1, 5, 5}, []int{2, 1, 3, 3}, []int{0, 0}, []int{1, 1}, []int{1, 1}},
		{[]int{1, 2, 5, 4}, []int{3, 2, 3, 2}, []int{1, 1}, []int{2, 2}, []int{1, 1}},
		{[]int{2, 2, 6, 6}, []int{2, 2, 2, 2}, []int{0, 0}, []int{1, 1}, []int{2, 2}},
		{[]int{1, 1, 5, 6}, []int{1, 1, 1, 1}, []int{0, 0}, []int{2, 1}, []int{1, 1}},
		{[]int{1, 2, 4, 7}, []int{2, 2, 3, 3}, []int{1, 2}, []int{1, 2}, []int{1, 2}},
	} {
		rows = append(rows, stock{
			op: "Conv2d", detail: fmt.Sprint(c.pad, c.stride, c.dilation), shapes: [][]int{c.im, c.filter},
			apply: func(_ *graph.Builder, x []*G.Node) (*G.Node, error) {
				return G.Conv2d(x[0], x[1], tensor.Shape(slices.Clone(c.filter[2:])), c.pad, c.stride, c.dilation)
			},
			value: func(x []array) array { return convolve(x[0], x[1], c.pad, c.stride, c.dilation) },
		})
	}
	rows = append(rows, stock{
		op: "Conv1d", shapes: [][]int{{2, 2, 1, 7}, {3, 2, 1, 3}},
		apply: func(_ *graph.Builder, x []*G.Node) (*G.Node, error) { return G.Conv1d(x[0], x[1], 3, 1, 2, 1) },
		value: func(x []array) array { return convolve(x[0], x[1], []int{0, 1}, []int{1, 2}, []int{1, 1}) },
	}, stock{
		op: "Im2Col", shapes: [][]int{{2, 2, 4, 3}},
		apply: func(_ *graph.Builder, x []*G.Node) (*G.Node, error) {
			return G.Im2Col(x[0], tensor.Shape{2, 2}, tensor.Shape{1, 0}, tensor.Shape{1, 1}, tensor.Shape{1, 1})
		},
		value: func(x []array) array {
			return arrayOf([]int{2, 5, 2, 8}, func(i []int) float64 {
				c, ky, kx := i[3]/4, i[3]/2%2, i[3]%2
				return pixel(x[0], i[0], c, i[1]+ky-1, i[2]+kx)
			})
		},
	})
	for _, c := range []struct{ im, kernel, pad, stride []int }{
		{[]int{1, 1, 4, 4}, []int{2, 2}, []int{0, 0}, []int{2, 2}},
		{[]int{2, 2, 5, 4}, []int{3, 2}, []int{0, 0}, []int{1, 1}},
		{[]int{1, 2, 5, 5}, []int{2, 2}, []int{1, 1}, []int{2, 2}},
		{[]int{1, 1, 4, 6}, []int{3, 3}, []int{1, 1}, []int{1, 2}},
		{[]int{1, 1, 6, 1}, []int{2, 1}, []int{0, 0}, []int{2, 1}},
	} {
		for op, f := range map[string]struct {
			node func(x *G.Node, kernel tensor.Shape, pad, stride []int) (*G.Node, error)
			pool func([]float64) float64
		}{
			"MaxPool2D":     {G.MaxPool2D, slices.Max[[]float64]},
			"AveragePool2D": {G.AveragePool2D, func(x []float64) float64 { return sum(x) / float64(c.kernel[0]*c.kernel[1]) }},
		} {
			rows = append(rows, stock{
				op: op, detail: fmt.Sprint(c.kernel, c.pad, c.stride), shapes: [][]int{c.im}, domain: apart,
				apply: func(_ *graph.Builder, x []*G.Node) (*G.Node, error) {
					return f.node(x[0], slices.Clone(c.kernel), c.pad, c.stride)
				},
				value: func(x []array) array { return pool(x[0], c.kernel, c.pad, c.stride, f.pool) },
			})
		}
	}
	for _, shape := range [][]int{{1, 2, 3, 3}, {2, 3, 2, 4}} {
		rows = append(rows, stock{
			op: "GlobalAveragePool2D", shapes: [][]int{shape},
			apply: func(_ *graph.Builder, x []*G.Node) (*G.Node, error) { return G.GlobalAveragePool2D(x[0]) },
			value: func(x []array) array {
				n := float64(shape[2] * shape[3])
				return x[0].reduce([]int{2, 3}, func(v []float64) float64 { return sum(v) / n }).as(shape[0], shape[1], 1, 1)
			},
		})
		for _, scale := range []int{1, 2, 3} {
			rows = append(rows, stock{
				op: "Upsample2D", detail: fmt.Sprint(scale), shapes: [][]int{shape},
				apply: func(_ *graph.Builder, x []*G.Node) (*G.Node, error) { return G.Upsample2D(x[0], scale) },
				value: func(x []array) array {
					return arrayOf([]int{shape[0], shape[1], scale * shape[2], scale * shape[3]}, func(i []int) float64 {
						return x[0].at(i[0], i[1], i[2]/scale, i[3]/scale)
					})
				},
			})
		}
	}
	for _, c := range []struct {
		shape  []int
		groups int
	}{{[]int{2, 4, 3, 3}, 2}, {[]int{2, 2, 2, 3}, 1}, {[]int{1, 3, 4, 4}, 3}} {
		rows = append(rows, stock{
			op: "GroupNorm", detail: fmt.Sprint(c.groups), shapes: [][]int{c.shape, {1, c.shape[1], 1, 1}, {1, c.shape[1], 1, 1}},
			apply: func(_ *graph.Builder, x []*G.Node) (*G.Node, error) {
				return G.GroupNorm(x[0], x[1], x[2], c.groups, c.shape[1], 1e-5)
			},
			value: func(x []array) array { return groupNorm(x[0], x[1], x[2], c.groups, 1e-5) },
		})
	}
	return rows
}

// pixel is an element of an image, 0 outside of it.
func pixel(x array, b, c, y, z int) float64 {
	if y < 0 || z < 0 || y >= x.shape[2] || z >= x.shape[3] {
		return 0
	}
	return x.at(b, c, y, z)
}

func convolve(im, filter array, pad, stride, dilation []int) array {
	out := func(k int) int {
		return (im.shape[k+2]+2*pad[k]-dilation[k]*(filter.shape[k+2]-1)-1)/stride[k] + 1
	}
	return arrayOf([]int{im.shape[0], filter.shape[0], out(0), out(1)}, func(i []int) float64 {
		s := 0.0
		each(filter.shape[1:], func(_ int, k []int) {
			s += filter.at(i[1], k[0], k[1], k[2]) * pixel(im, i[0], k[0], i[2]*stride[0]-pad[0]+k[1]*dilation[0], i[3]*stride[1]-pad[1]+k[2]*dilation[1])
		})
		return s
	})
}

// pool folds windows; what lies outside of the image does not take part.
func pool(im array, kernel, pad, stride []int, f func([]float64) float64) array {
	out := func(k int) int { return (im.shape[k+2]+2*pad[k]-kernel[k])/stride[k] + 1 }
	return arrayOf([]int{im.shape[0], im.shape[1], out(0), out(1)}, func(i []int) float64 {
		var x []float64
		each(kernel, func(_ int, k []int) {
			y, z := i[2]*stride[0]-pad[0]+k[0], i[3]*stride[1]-pad[1]+k[1]
			if y >= 0 && z >= 0 && y < im.shape[2] && z < im.shape[3] {
				x = append(x, im.at(i[0], i[1], y, z))
			}
		})
		return f(x)
	})
}

func groupNorm(x, scale, bias array, groups int, eps float64) array {
	n := len(x.v) / x.shape[0] / groups
	per := x.shape[1] / groups
	return arrayOf(x.shape, func(i []int) float64 {
		g := i[0]*groups + i[1]/per
		part := x.v[g*n : (g+1)*n]
		mean := sum(part) / float64(n)
		variance := 0.0
		for _, v := range part {
			variance += (v - mean) * (v - mean) / float64(n)
		}
		return scale.v[i[1]]*(x.at(i...)-mean)/math.Sqrt(variance+eps) + bias.v[i[1]]
	})
}
