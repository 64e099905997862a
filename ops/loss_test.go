package ops_test

import (
	"math"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/ops"
)

func TestSoftmaxCrossEntropy(t *testing.T) {
	z := normal(1, 4, 3)
	class := array{[]int{4}, []float64{2, 0, -1, 1}} // the third row is padding
	want := 0.0
	for row, c := range class.data {
		if c < 0 {
			continue
		}
		sum := 0.0
		for i := range 3 {
			sum += math.Exp(z.data[row*3+i])
		}
		want -= math.Log(math.Exp(z.data[row*3+int(c)])/sum) / 3
	}
	f := two(ops.SoftmaxCrossEntropy)
	checkValue(t, f, []float64{want}, z, class)
	checkGradient(t, f, []int{0}, z, class)

	// Rows that any exponential would overflow on, and their exact loss.
	big := array{[]int{2, 2}, []float64{1000, 0, -1000, 1000}}
	checkValue(t, f, []float64{(1000 + 2000) / 2}, big, array{[]int{2}, []float64{1, 0}})
}

func TestSoftmaxCrossEntropyErrors(t *testing.T) {
	for name, c := range map[string]struct {
		class []float64
		text  string
	}{
		"too large":   {[]float64{0, 3}, "class 3 in row 1, want 0..2, or -1 for padding"},
		"negative":    {[]float64{-2, 0}, "class -2 in row 0"},
		"fraction":    {[]float64{0.5, 0}, "class 0.5 in row 0"},
		"NaN":         {[]float64{0, math.NaN()}, "class NaN in row 1"},
		"huge":        {[]float64{0, 1e30}, "in row 1"},
		"all padding": {[]float64{-1, -1}, "all 2 rows are padding"},
	} {
		for _, dt := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
			p := newPlain(t, dt, two(ops.SoftmaxCrossEntropy), []int{0}, normal(1, 2, 3), array{[]int{2}, c.class})
			err := p.run()
			wantText(t, name, err, c.text)
		}
	}
	p := newPlain(t, tensor.Float64, two(ops.SoftmaxCrossEntropy), []int{0}, array{[]int{1, 2}, []float64{math.NaN(), 0}}, array{[]int{1}, []float64{1}})
	if p.mustRun(t); !math.IsNaN(numbers(p.loss)[0]) {
		t.Errorf("loss %v of a NaN", p.loss)
	}
}

func TestMSE(t *testing.T) {
	x, y := normal(1, 2, 3), normal(2, 2, 3)
	want := 0.0
	for i := range x.data {
		want += math.Pow(x.data[i]-y.data[i], 2) / 6
	}
	checkValue(t, two(ops.MSE), []float64{want}, x, y)
	for _, wrt := range [][]int{{0}, {1}, {0, 1}} {
		checkGradient(t, two(ops.MSE), wrt, x, y)
	}
	// The same node twice: the loss and its gradient are zero.
	p := newPlain(t, tensor.Float64, one(func(x *G.Node) (*G.Node, error) { return ops.MSE(x, x) }), []int{0}, x)
	p.mustRun(t)
	if got := append(numbers(p.grads[0]), numbers(p.loss)...); !closeTo(got, make([]float64, 7), 0) {
		t.Errorf("MSE(x, x): gradient and loss %v", got)
	}
}

func TestRateBounds(t *testing.T) {
	// [T, B, N] = [2, 2, 3]: mean counts per sample 1.5, 0.5 and 0.
	s := array{[]int{2, 2, 3}, []float64{1, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0, 0}}
	apply := func(r ops.RateBounds) function { return one(r.Apply) }
	for _, c := range []struct {
		r    ops.RateBounds
		want float64
	}{
		{ops.RateBounds{Lower: 0.25, Upper: 1}, (0.25 + 0 + 0.0625) / 3},
		{ops.RateBounds{Lower: 1, Upper: math.Inf(1)}, (0 + 0.25 + 1) / 3.},
		{ops.RateBounds{}, (2.25 + 0.25) / 3},
		{ops.RateBounds{Lower: 0, Upper: 2}, 0},
	} {
		checkValue(t, apply(c.r), []float64{c.want}, s)
		if c.want > 0 {
			checkGradient(t, apply(c.r), []int{0}, array{s.shape, each(s, func(x float64) float64 { return x + 0.01 })})
		}
	}
	g := G.NewGraph()
	x := newNode(g, tensor.Float64, "s", s)
	for _, r := range []ops.RateBounds{{Lower: -1, Upper: 1}, {Lower: 2, Upper: 1}, {Lower: math.NaN()}, {Upper: math.NaN()}, {Lower: math.Inf(1), Upper: math.Inf(1)}} {
		_, err := r.Apply(x)
		wantError(t, err, ops.ErrValue, "RateBounds from")
	}
}
