package gradcheck

import (
	"math"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
)

var someShapes = [][]int{{}, {4}, {4, 1}, {3, 4}, {2, 1, 2, 3}}

func sigmoid(x float64) float64  { return 1 / (1 + math.Exp(-x)) }
func softplus(x float64) float64 { return math.Log(1 + math.Exp(x)) }

// stockUnary are the elementwise operations of one operand. Those that are flat nearly
// everywhere stand in exp(x) + x f(x), or no gradient would come through.
func stockUnary() []stock {
	type op struct {
		name   string
		domain domain
		node   func(*G.Node) (*G.Node, error)
		value  func(float64) float64
	}
	flat := func(f func(*G.Node) (*G.Node, error)) func(*G.Node) (*G.Node, error) {
		return func(x *G.Node) (*G.Node, error) {
			y, err := f(x)
			if err != nil {
				return nil, err
			}
			e, err := G.Exp(x)
			if err != nil {
				return nil, err
			}
			if y, err = G.HadamardProd(x, y); err != nil {
				return nil, err
			}
			return G.Add(e, y)
		}
	}
	ops := []op{
		{"Abs", anywhere, G.Abs, math.Abs},
		{"Sign", anywhere, flat(G.Sign), func(x float64) float64 { return math.Exp(x) + math.Abs(x) }},
		{"Ceil", anywhere, flat(G.Ceil), func(x float64) float64 { return math.Exp(x) + x*math.Ceil(x) }},
		{"Floor", anywhere, flat(G.Floor), func(x float64) float64 { return math.Exp(x) + x*math.Floor(x) }},
		{"Sin", anywhere, G.Sin, math.Sin},
		{"Cos", anywhere, G.Cos, math.Cos},
		{"Exp", anywhere, G.Exp, math.Exp},
		{"Log", positive, G.Log, math.Log},
		{"Log2", positive, G.Log2, math.Log2},
		{"Neg", anywhere, G.Neg, func(x float64) float64 { return -x }},
		{"Square", anywhere, G.Square, func(x float64) float64 { return x * x }},
		{"Sqrt", positive, G.Sqrt, math.Sqrt},
		{"Inverse", positive, G.Inverse, func(x float64) float64 { return 1 / x }},
		{"InverseSqrt", positive, G.InverseSqrt, func(x float64) float64 { return 1 / math.Sqrt(x) }},
		{"Cube", anywhere, G.Cube, func(x float64) float64 { return x * x * x }},
		{"Tanh", anywhere, G.Tanh, math.Tanh},
		{"Sigmoid", anywhere, G.Sigmoid, sigmoid},
		{"Log1p", positive, G.Log1p, math.Log1p},
		{"Expm1", anywhere, G.Expm1, math.Expm1},
		{"Softplus", anywhere, G.Softplus, softplus},
		{"Mish", anywhere, G.Mish, func(x float64) float64 { return x * math.Tanh(softplus(x)) }},
		{"Rectify", anywhere, G.Rectify, func(x float64) float64 { return max(x, 0) }},
		{"LeakyRelu", anywhere, func(x *G.Node) (*G.Node, error) { return G.LeakyRelu(x, 0.1) }, func(x float64) float64 { return max(x, 0.1*x) }},
	}
	var rows []stock
	for _, o := range ops {
		for _, shape := range someShapes {
			rows = append(rows, stock{
				op: o.name, shapes: [][]int{shape}, domain: o.domain,
				apply: func(_ *graph.Builder, x []*G.Node) (*G.Node, error) { return o.node(x[0]) },
				value: func(x []array) array { return x[0].apply(o.value) },
			})
		}
	}
	return rows
}

// stockBinary are the elementwise operations of two operands, a scalar for each of them
// included, and those that repeat one operand along axes of the other.
func stockBinary() []stock {
	type binary = func(a, b *G.Node) (*G.Node, error)
	type op struct {
		name   string
		domain domain
		node   binary
		cast   func(a, b *G.Node, l, r []byte) (*G.Node, error)
		value  func(a, b float64) float64
	}
	choose := func(c bool, a, b float64) float64 {
		if c {
			return a
		}
		return b
	}
	// A comparison has no slope: the mask is multiplied by both operands.
	masked := func(f func(a, b *G.Node, same bool) (*G.Node, error)) binary {
		return func(a, b *G.Node) (*G.Node, error) {
			m, err := f(a, b, true)
			if err != nil {
				return nil, err
			}
			x, err := G.HadamardProd(a, b)
			if err != nil {
				return nil, err
			}
			return G.HadamardProd(m, x)
		}
	}
	compare := func(f func(a, b float64) bool) func(a, b float64) float64 {
		return func(a, b float64) float64 { return choose(f(a, b), a*b, 0) }
	}
	ops := []op{
		{"Add", anywhere, G.Add, G.BroadcastAdd, func(a, b float64) float64 { return a + b }},
		{"Sub", anywhere, G.Sub, G.BroadcastSub, func(a, b float64) float64 { return a - b }},
		{"HadamardProd", anywhere, G.HadamardProd, G.BroadcastHadamardProd, func(a, b float64) float64 { return a * b }},
		{"HadamardDiv", positive, G.HadamardDiv, G.BroadcastHadamardDiv, func(a, b float64) float64 { return a / b }},
		{"Div", positive, G.Div, nil, func(a, b float64) float64 { return a / b }},
		{"Pow", positive, G.Pow, G.BroadcastPow, math.Pow},
		{"MinBetween", apart, G.MinBetween, nil, math.Min},
		{"MaxBetween", apart, G.MaxBetween, nil, math.Max},
		{"Lt", apart, masked(G.Lt), nil, compare(func(a, b float64) bool { return a < b })},
		{"Gt", apart, masked(G.Gt), nil, compare(func(a, b float64) bool { return a > b })},
		{"Lte", apart, masked(G.Lte), nil, compare(func(a, b float64) bool { return a <= b })},
		{"Gte", apart, masked(G.Gte), nil, compare(func(a, b float64) bool { return a >= b })},
		{"Ne", apart, masked(G.Ne), nil, compare(func(a, b float64) bool { return a != b })},
	}
	pairs := [][2][]int{
		{{}, {}}, {{1}, {1}}, {{4}, {4}}, {{1, 4}, {1, 4}}, {{2, 3, 4}, {2, 3, 4}},
		{{4}, {}}, {{}, {3, 4}}, {{2, 3, 4}, {}}, {{1}, {}},
	}
	var rows []stock
	for _, o := range ops {
		for _, p := range pairs {
			if o.cast == nil && o.name != "Div" && (size(p[0]) == 1 || size(p[1]) == 1) {
				continue // one of the operands would get no gradient, or Gorgonia refuses
			}
			rows = append(rows, stock{
				op: o.name, shapes: [][]int{p[0], p[1]}, domain: o.domain,
				apply: func(_ *graph.Builder, x []*G.Node) (*G.Node, error) { return o.node(x[0], x[1]) },
				value: func(x []array) array { return zip(x[0], x[1], nil, nil, o.value) },
			})
		}
		if o.cast == nil {
			continue
		}
		for _, c := range []struct {
			a, b []int
			l, r []byte
		}{
			{[]int{3, 4}, []int{4}, nil, []byte{0}},
			{[]int{3, 4}, []int{3}, nil, []byte{1}},
			{[]int{4}, []int{3, 4}, []byte{0}, nil},
			{[]int{3, 1}, []int{3, 4}, []byte{1}, nil},
			{[]int{2, 3, 4}, []int{2, 1, 4}, nil, []byte{1}},
			{[]int{2, 3, 4}, []int{3, 4}, nil, []byte{0}},
			{[]int{2, 3, 4}, []int{4}, nil, []byte{0, 1}},
			{[]int{2, 3, 4}, []int{1, 3, 1}, nil, []byte{0, 2}},
			{[]int{3, 1}, []int{1, 4}, []byte{1}, []byte{0}},
			{[]int{2, 2, 3, 3}, []int{1, 2, 1, 1}, nil, []byte{0, 2, 3}},
			{[]int{3, 4}, []int{1, 1}, nil, []byte{0, 1}},
		} {
			rows = append(rows, stock{
				op: "Broadcast" + o.name, detail: axes(c.l, c.r), shapes: [][]int{c.a, c.b}, domain: o.domain,
				apply: func(_ *graph.Builder, x []*G.Node) (*G.Node, error) { return o.cast(x[0], x[1], c.l, c.r) },
				value: func(x []array) array { return zip(x[0], x[1], c.l, c.r, o.value) },
			})
		}
	}
	return rows
}

// zip is f of each pair of elements: l and r are the axes along which a and b are repeated
// and which they may lack.
func zip(a, b array, l, r []byte, f func(a, b float64) float64) array {
	wide := func(x array, repeated []byte, other array) []int {
		if len(repeated) == 0 || len(x.shape) == len(other.shape) {
			return x.shape
		}
		shape, k := make([]int, len(other.shape)), 0
		for i := range shape {
			shape[i] = 1
			if !hasAxis(repeated, i) {
				shape[i], k = x.shape[k], k+1
			}
		}
		return shape
	}
	a, b = a.as(wide(a, l, b)...), b.as(wide(b, r, a)...)
	rank := max(len(a.shape), len(b.shape))
	shape := make([]int, rank)
	for i := range shape {
		shape[i] = 1
		if i < len(a.shape) {
			shape[i] = a.shape[i]
		}
		if i < len(b.shape) {
			shape[i] = max(shape[i], b.shape[i])
		}
	}
	pick := func(x array, idx []int) float64 {
		at := make([]int, len(x.shape))
		for k := range at {
			at[k] = min(idx[k], x.shape[k]-1)
		}
		return x.at(at...)
	}
	return arrayOf(shape, func(idx []int) float64 { return f(pick(a, idx), pick(b, idx)) })
}

func hasAxis(axes []byte, k int) bool {
	for _, a := range axes {
		if int(a) == k {
			return true
		}
	}
	return false
}
