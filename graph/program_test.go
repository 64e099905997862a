package graph_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
)

func wantError(t *testing.T, err, want error, text string) {
	t.Helper()
	if !errors.Is(err, want) || !strings.Contains(err.Error(), text) {
		t.Errorf("error %q, want one that wraps %q and says %q", err, want, text)
	}
}

func dense(shape []int, v ...float64) *tensor.Dense {
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(v))
}

func TestSet(t *testing.T) {
	for _, dt := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		p, err := graph.Build(graph.NewParams(1), graph.Settings{DType: dt}, func(b *graph.Builder) {
			b.Output("y", b.Check(G.Square(b.Input("x", 2, 3))))
		})
		if err != nil {
			t.Fatal(err)
		}
		want := []float64{1, 2, 3, 4, 5, 6}
		check := func(what string) {
			t.Helper()
			if got := values(p.Input("x")); !slices.Equal(got, want) {
				t.Errorf("%v: after %s the input is %v, want %v", dt, what, got, want)
			}
		}
		f32 := []float32{1, 2, 3, 4, 5, 6}
		transposed := dense([]int{3, 2}, 1, 4, 2, 5, 3, 6)
		if err := transposed.T(); err != nil {
			t.Fatal(err)
		}
		wide, err := dense([]int{2, 4}, 1, 2, 3, 9, 4, 5, 6, 9).Slice(nil, G.S(0, 3))
		if err != nil {
			t.Fatal(err)
		}
		for name, data := range map[string]any{
			"float64": want, "float32": f32, "tensor": dense([]int{2, 3}, want...),
			"float32 tensor":    tensor.New(tensor.WithShape(2, 3), tensor.WithBacking(slices.Clone(f32))),
			"transposed tensor": transposed, "slice of a tensor": wide,
		} {
			p.Input("x").Zero()
			if err := p.Set("x", data); err != nil {
				t.Errorf("%v: %s: %v", dt, name, err)
			}
			check(name)
		}
		bad := slices.Clone(want)
		bad[4] = math.NaN()
		for name, c := range map[string]struct {
			data any
			want error
			text string
		}{
			"short":           {want[:5], graph.ErrShape, `input "x": 5 elements, want 6 for shape (2, 3)`},
			"long":            {append(want, 7), graph.ErrShape, "7 elements"},
			"NaN":             {bad, graph.ErrNotFinite, `input "x": element 4 is NaN`},
			"float32 NaN":     {[]float32{1, 2, float32(math.Inf(-1)), 4, 5, 6}, graph.ErrNotFinite, "element 2 is -Inf"},
			"another shape":   {dense([]int{3, 2}, want...), graph.ErrShape, "data of shape (3, 2), want (2, 3)"},
			"flat tensor":     {dense([]int{6}, want...), graph.ErrShape, "data of shape (6)"},
			"int":             {[]int{1, 2, 3, 4, 5, 6}, graph.ErrParam, "data of type []int"},
			"int tensor":      {tensor.New(tensor.Of(tensor.Int), tensor.WithShape(2, 3)), graph.ErrParam, "dtype int"},
			"scalar tensor":   {tensor.New(tensor.FromScalar(1.0)), graph.ErrShape, "data of shape (), want (2, 3)"},
			"column-major":    {tensor.New(tensor.WithShape(2, 3), tensor.AsFortran([]float64{1, 4, 2, 5, 3, 6})), graph.ErrParam, "not row-major"},
			"nil":             {nil, graph.ErrParam, "data of type <nil>"},
			"nil tensor":      {(*tensor.Dense)(nil), graph.ErrParam, "nil tensor"},
			"a single number": {1.0, graph.ErrParam, "data of type float64"},
		} {
			wantError(t, p.Set("x", c.data), c.want, c.text)
			check(name)
		}
		huge := slices.Clone(want)
		huge[3] = 1e300
		if err := p.Set("x", huge); (err == nil) != (dt == tensor.Float64) {
			t.Errorf("%v: 1e300: error %v", dt, err)
		}
		wantError(t, p.Set("z", want), graph.ErrParam, `no input "z"`)
		if p.Input("z") != nil || p.Output("z") != nil || p.Grad("z") != nil {
			t.Error("unknown names have tensors")
		}
		if !math.IsNaN(p.Loss()) {
			t.Error("a program without loss has one")
		}
	}
}

func values(d *tensor.Dense) []float64 {
	if d.Dtype() == tensor.Float64 {
		return slices.Clone(d.Float64s())
	}
	v := make([]float64, d.DataSize())
	for i, x := range d.Float32s() {
		v[i] = float64(x)
	}
	return v
}

func TestSetState(t *testing.T) {
	p := build(t, func(b *graph.Builder) {
		x := b.Const("x", []float64{1, 2, 3, 4}, 2, 2, 1)
		b.Output("a", models.LI{TauSyn: models.Fixed(1e-3)}.Apply(b, "a", x).Vmem)
		b.Output("b", models.LI{Initial: []*G.Node{b.Const("v", []float64{5, 6}, 2, 1)}}.Apply(b, "b", x).Vmem)
	})
	names := func() (n []string) {
		for name := range p.FinalState() {
			n = append(n, name)
		}
		slices.Sort(n)
		return n
	}
	if got := names(); !slices.Equal(got, []string{"a/isyn", "a/vmem", "b/vmem"}) {
		t.Errorf("states %v", got)
	}
	rest := slices.Clone(p.Output("a").Float64s())
	one := func() *tensor.Dense { return dense([]int{2, 1}, 1, 1) }
	good := graph.State{"a/vmem": one(), "a/isyn": one()}
	if err := p.SetState(good); err != nil {
		t.Fatal(err)
	}
	if err := p.Run(); err != nil {
		t.Fatal(err)
	}
	moved := slices.Clone(p.Output("a").Float64s())
	if slices.Equal(moved, rest) {
		t.Error("the state has no effect")
	}
	for _, c := range []struct {
		s    graph.State
		want error
		text string
	}{
		{graph.State{"a/vmem": one()}, graph.ErrParam, `state "a/isyn" is missing`},
		{graph.State{"a/vmem": one(), "a/isyn": nil}, graph.ErrParam, `state "a/isyn": nil tensor`},
		{graph.State{"a/vmem": one(), "a/isyn": one(), "c": one()}, graph.ErrParam, `no state "c"`},
		{graph.State{"a/vmem": dense([]int{1, 2}, 1, 1), "a/isyn": one()}, graph.ErrShape, `state "a/vmem": data of shape (1, 2), want (2, 1)`},
		// The first state is good, the second is not: neither is taken over.
		{graph.State{"a/isyn": dense([]int{2, 1}, 9, 9), "a/vmem": dense([]int{2, 1}, 1, math.NaN())}, graph.ErrNotFinite, `state "a/vmem": element 1 is NaN`},
	} {
		wantError(t, p.SetState(c.s), c.want, c.text)
		if err := p.Run(); err != nil {
			t.Fatal(err)
		}
		if got := p.Output("a").Float64s(); !slices.Equal(got, moved) {
			t.Errorf("%v: the state has changed", c.text)
		}
	}
	if err := p.SetState(nil); err != nil {
		t.Fatal(err)
	}
	if err := p.Run(); err != nil {
		t.Fatal(err)
	}
	wantOutput(t, p, "a", rest...)
	// What FinalState returns may be changed and handed in.
	s := p.FinalState()
	if err := p.SetState(s); err != nil {
		t.Fatal(err)
	}
	delete(s, "a/vmem")
	if got := names(); len(got) != 3 {
		t.Errorf("states %v after a deletion from the map", got)
	}
}

func TestClose(t *testing.T) {
	p := build(t, func(b *graph.Builder) { b.Output("y", b.Check(G.Square(b.Const("x", []float64{3}, 1)))) })
	for range 2 {
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	}
	wantError(t, p.Run(), graph.ErrClosed, "closed")
	wantOutput(t, p, "y", 9)
}

// moody is a kernel y = x that fails as its first input says.
type moody[T ops.Float] struct{}

var errMood = errors.New("bad mood")

func (moody[T]) Name() string                                     { return "moody" }
func (moody[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) { return in, nil }
func (moody[T]) Forward(in, out [][]T) error {
	copy(out[0], in[0])
	switch in[0][0] {
	case 1:
		return fmt.Errorf("forward: %w", errMood)
	case 2:
		panic("forward")
	case 5:
		out[0][0] = T(math.NaN())
	}
	return nil
}
func (moody[T]) Backward(in, _, gout, gin [][]T) error {
	copy(gin[0], gout[0])
	switch in[0][0] {
	case 3:
		return fmt.Errorf("adjoint: %w", errMood)
	case 4:
		panic("adjoint")
	case 6:
		gin[0][1] = T(math.Inf(1))
	}
	return nil
}

// sulky is an operation of Gorgonia's kind that panics, or breaks its promises.
type sulky struct{ noDerivative }

func (sulky) DiffWRT(int) []bool { return []bool{true} }
func (sulky) SymDiff(_ G.Nodes, _, g *G.Node) (G.Nodes, error) {
	return G.Nodes{g}, nil
}
func (sulky) String() string { return "sulky" }
func (sulky) Do(in ...G.Value) (G.Value, error) {
	switch x := in[0].(*tensor.Dense); x.Float64s()[0] {
	case 7:
		panic("sulking")
	case 8:
		return nil, nil
	case 9:
		return dense([]int{3}, 1, 2, 3), nil
	case 10:
		return tensor.New(tensor.WithShape(2), tensor.WithBacking([]float32{1, 2})), nil
	}
	return in[0], nil
}

// TestRunErrors: an error or a panic in a run is an error that says where, and the next
// run is as good as any.
func TestRunErrors(t *testing.T) {
	params := graph.NewParams(1)
	p, err := graph.Build(params, float64s, func(b *graph.Builder) {
		w := b.Param("w", fill(0, 0), 2)
		x := b.Check(G.ApplyOp(sulky{}, b.Check(G.Add(b.Input("x", 2), w))))
		y := b.CheckAll(ops.Apply(ops.Kernels{Float64: moody[float64]{}}, nil, x))
		b.Output("y", y[0])
		b.Loss(scalar(b, y[0]))
	})
	if err != nil {
		t.Fatal(err)
	}
	good := func() {
		t.Helper()
		if err := p.Set("x", []float64{11, 12}); err != nil {
			t.Fatal(err)
		}
		if err := p.Run(); err != nil {
			t.Fatal(err)
		}
		wantOutput(t, p, "y", 11, 12)
		if got := p.Grad("w").Float64s(); p.Loss() != 265 || !slices.Equal(got, []float64{22, 24}) {
			t.Errorf("loss %v, gradient %v, want 265, [22 24]", p.Loss(), got)
		}
	}
	good()
	for _, c := range []struct {
		x    float64
		want error // nil: any
		text string
	}{
		{1, errMood, "moody: forward"},
		{2, nil, "panic in the forward pass of moody: forward"},
		{3, errMood, "moody: adjoint"},
		{4, nil, "panic in the adjoint of moody: adjoint"},
		{5, graph.ErrNotFinite, `the loss is NaN: element 0 of "y" is NaN`},
		{6, graph.ErrNotFinite, `gradient of "w": element 1 is +Inf`},
		{7, nil, "panic in sulky: sulking"},
		{8, nil, "sulky: graph: build: no result"},
		{9, graph.ErrShape, "sulky: graph: shape mismatch: result is float64 of shape (3), declared as float64 of shape (2)"},
		{10, graph.ErrShape, "result is float32"},
	} {
		if err := p.Set("x", []float64{c.x, 0}); err != nil {
			t.Fatal(err)
		}
		err := p.Run()
		if err == nil || !strings.Contains(err.Error(), c.text) || (c.want != nil && !errors.Is(err, c.want)) {
			t.Errorf("x = %v: error %v, want %q", c.x, err, c.text)
		}
		good()
	}
	// A parameter that has become NaN between runs.
	params.Value("w").Float64s()[1] = math.NaN()
	wantError(t, p.Run(), graph.ErrNotFinite, "the loss is NaN")
	params.Value("w").Float64s()[1] = 0
	good()
}

// TestNaNWithoutLoss: an evaluation has no loss whose NaN would be seen.
func TestNaNWithoutLoss(t *testing.T) {
	p, err := graph.Build(graph.NewParams(1), float64s, func(b *graph.Builder) {
		b.Output("root", b.Check(G.Sqrt(b.Input("x", 2))))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Set("x", []float64{4, -1}); err != nil {
		t.Fatal(err)
	}
	wantError(t, p.Run(), graph.ErrNotFinite, `element 1 of "root" is NaN`)
}

// TestOutputLayouts: outputs are row-major copies, whatever Gorgonia makes of the
// memory, and scalars have one element.
func TestOutputLayouts(t *testing.T) {
	p := build(t, func(b *graph.Builder) {
		x := b.Const("x", []float64{1, 2, 3, 4, 5, 6}, 2, 3)
		b.Output("transposed", b.Check(G.Transpose(x, 1, 0)))
		b.Output("column", b.Check(G.Slice(x, nil, G.S(1))))
		b.Output("reshaped", b.Check(G.Reshape(x, tensor.Shape{3, 2})))
		b.Output("sum", b.Check(G.Sum(x)))
		b.Output("columns", b.Check(G.Sum(x, 0)))
		b.Output("twice", b.Check(G.Add(x, x)))
		b.Output("positive", b.Check(G.Gt(x, b.Const("three", []float64{3, 3, 3, 3, 3, 3}, 2, 3), true)))
	})
	for range 2 { // into the memory of the first run
		mustRun(t, p)
	}
	wantOutput(t, p, "transposed", 1, 4, 2, 5, 3, 6)
	wantOutput(t, p, "column", 2, 5)
	wantOutput(t, p, "reshaped", 1, 2, 3, 4, 5, 6)
	wantOutput(t, p, "sum", 21)
	wantOutput(t, p, "columns", 5, 7, 9)
	wantOutput(t, p, "twice", 2, 4, 6, 8, 10, 12)
	wantOutput(t, p, "positive", 0, 0, 0, 1, 1, 1)
	for name, want := range map[string]tensor.Shape{"transposed": {3, 2}, "column": {2}, "reshaped": {3, 2}, "sum": {1}, "columns": {3}} {
		if got := p.Output(name).Shape(); !slices.Equal(got, want) {
			t.Errorf("output %q has shape %v, want %v", name, got, want)
		}
	}
	if got := p.Outputs(); !slices.IsSorted(got) || len(got) != 7 {
		t.Errorf("outputs %v", got)
	}
}
