package graph_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/memory"
	"github.com/surge-snn/surge/models"
)

func TestParamsSet(t *testing.T) {
	p := graph.NewParams(1)
	first := dense([]int{2, 2}, 1, 2, 3, 4)
	if err := p.Set("w", first); err != nil {
		t.Fatal(err)
	}
	first.Float64s()[0] = 99
	want := []float64{1, 2, 3, 4}
	v := p.Value("w")
	if !slices.Equal(v.Float64s(), want) {
		t.Errorf("the value was not copied: %v", v)
	}
	nan := dense([]int{2, 2}, 1, 2, 3, math.NaN())
	for name, c := range map[string]struct {
		value *tensor.Dense
		want  error
		text  string
	}{
		"shape":   {dense([]int{4}, 1, 2, 3, 4), graph.ErrParam, `parameter "w" is float64 of shape (2, 2), not float64 of shape (4)`},
		"dtype":   {tensor.New(tensor.WithShape(2, 2), tensor.WithBacking(make([]float32, 4))), graph.ErrParam, "not float32"},
		"NaN":     {nan, graph.ErrNotFinite, `parameter "w": element 3 is NaN`},
		"nil":     {nil, graph.ErrParam, "nil tensor"},
		"integer": {tensor.New(tensor.Of(tensor.Int), tensor.WithShape(2, 2)), graph.ErrParam, "dtype int"},
	} {
		wantError(t, p.Set("w", c.value), c.want, c.text)
		if !slices.Equal(v.Float64s(), want) {
			t.Errorf("%s: the value is %v", name, v)
		}
	}
	wantError(t, p.Set("new", nan), graph.ErrNotFinite, `"new"`)
	if got := p.Names(); !slices.Equal(got, []string{"w"}) {
		t.Errorf("names %v", got)
	}
	// A transposed tensor is taken in the order of its shape, into the same memory.
	transposed := dense([]int{2, 2}, 5, 7, 6, 8)
	if err := transposed.T(); err != nil {
		t.Fatal(err)
	}
	if err := p.Set("w", transposed); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(v.Float64s(), []float64{5, 6, 7, 8}) || p.Value("w") != v {
		t.Errorf("the value is %v", v)
	}
	if p.Value("x") != nil {
		t.Error("an unknown parameter has a value")
	}
}

func TestParamsCopies(t *testing.T) {
	p := graph.NewParams(1)
	for _, name := range []string{"b", "a"} {
		if err := p.Set(name, dense([]int{2}, 1, 1./3)); err != nil {
			t.Fatal(err)
		}
	}
	c := p.Clone()
	c.Value("a").Float64s()[0] = 7
	if p.Value("a").Float64s()[0] != 1 || !slices.Equal(c.Names(), []string{"b", "a"}) {
		t.Error("Clone is no deep copy in order")
	}
	if err := p.CopyFrom(c); err != nil || p.Value("a").Float64s()[0] != 7 {
		t.Errorf("CopyFrom: %v, %v", err, p.Value("a"))
	}
	f, err := p.As(tensor.Float32)
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Value("b").Float32s(); !slices.Equal(got, []float32{1, 1. / 3}) || !slices.Equal(f.Names(), p.Names()) {
		t.Errorf("As float32: %v", got)
	}
	wantError(t, p.CopyFrom(f), graph.ErrParam, `parameter "b" is float64`)
	other := graph.NewParams(1)
	wantError(t, p.CopyFrom(other), graph.ErrParam, "0 parameters, want 2")
	for _, name := range []string{"b", "c"} {
		if err := other.Set(name, dense([]int{2}, 9, 9)); err != nil {
			t.Fatal(err)
		}
	}
	wantError(t, p.CopyFrom(other), graph.ErrParam, `no parameter "a"`)
	if p.Value("b").Float64s()[0] != 1 {
		t.Error("a CopyFrom that failed has changed a parameter")
	}
	if _, err := p.As(tensor.Int); err == nil {
		t.Error("As int: no error")
	}
	p.Value("a").Float64s()[1] = 1e200
	_, err = p.As(tensor.Float32)
	wantError(t, err, graph.ErrNotFinite, `parameter "a" as float32: element 1 is +Inf`)
}

// TestParamsAcrossPrograms: programs share parameters; one of another shape or dtype is
// refused.
func TestParamsAcrossPrograms(t *testing.T) {
	params := graph.NewParams(1)
	model := func(n int) func(b *graph.Builder) {
		return func(b *graph.Builder) { b.Loss(scalar(b, b.Param("w", models.Constant(2), n))) }
	}
	one, err := graph.Build(params, float64s, model(3))
	if err != nil {
		t.Fatal(err)
	}
	two, err := graph.Build(params, float64s, model(3))
	if err != nil {
		t.Fatal(err)
	}
	params.Value("w").Float64s()[0] = 5
	for _, p := range []*graph.Program{one, two} {
		if err := p.Run(); err != nil {
			t.Fatal(err)
		}
		if p.Loss() != 25+4+4 {
			t.Errorf("loss %v, want 33", p.Loss())
		}
	}
	_, err = graph.Build(params, float64s, model(4))
	wantError(t, err, graph.ErrParam, `parameter "w" is float64 of shape (3), not float64 of shape (4)`)
	_, err = graph.Build(params, graph.Settings{}, model(3))
	wantError(t, err, graph.ErrParam, "not float32")
	if got := params.Value("w").Float64s(); !slices.Equal(got, []float64{5, 2, 2}) {
		t.Errorf("the parameter is %v", got)
	}
}

// TestInitialValuesDependOnNamesAlone: neither the order of parameters nor the others
// matter, and the seed does.
func TestInitialValuesDependOnNamesAlone(t *testing.T) {
	draw := func(seed uint64, names ...string) map[string][]float64 {
		params := graph.NewParams(seed)
		_, err := graph.Build(params, float64s, func(b *graph.Builder) {
			for _, name := range names {
				b.Output(name, b.Param(name, models.Normal(0, 1), 3))
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		v := map[string][]float64{}
		for _, name := range params.Names() {
			v[name] = params.Value(name).Float64s()
		}
		return v
	}
	a, b, c := draw(1, "u", "v"), draw(1, "w", "v"), draw(2, "v")
	if !slices.Equal(a["v"], b["v"]) || slices.Equal(a["v"], c["v"]) || slices.Equal(a["v"], a["u"]) {
		t.Errorf("v is %v, %v with another neighbour, %v with another seed; u is %v", a["v"], b["v"], c["v"], a["u"])
	}
}

func TestInitSeesShape(t *testing.T) {
	var seen []int
	build(t, func(b *graph.Builder) {
		b.Output("w", b.Param("w", func(dst []float64, shape []int, _ *rand.Rand) { seen = slices.Clone(shape); dst[5] = 1 }, 2, 3))
		b.Output("x", b.Check(G.Neg(b.Input("x", 1))))
	})
	if !slices.Equal(seen, []int{2, 3}) {
		t.Errorf("the initialiser saw shape %v", seen)
	}
}

// TestGivenParameters: what is given and not used, and what is new beside it, is an error unless
// it is asked for; params then is as it was.
func TestGivenParameters(t *testing.T) {
	model := func(names ...string) func(b *graph.Builder) {
		return func(b *graph.Builder) {
			for _, n := range names {
				b.Output(n, b.Param(n, models.Normal(0, 1), 2))
			}
		}
	}
	params := graph.NewParams(1)
	if _, err := graph.Build(params, float64s, model("a", "b")); err != nil {
		t.Fatal(err)
	}
	for want, names := range map[string][]string{
		`2 parameters are given, but the model does not use "b" and the model has "B" beside them`: {"a", "B"},
		`the model does not use "a"`:         {"b"},
		`the model has "c", "d" beside them`: {"a", "b", "c", "d"},
	} {
		_, err := graph.Build(params, float64s, model(names...))
		wantError(t, err, graph.ErrParam, want)
		if got := params.Names(); !slices.Equal(got, []string{"a", "b"}) {
			t.Fatalf("parameters %v after an error", got)
		}
	}
	if _, err := graph.Build(params, float64s, model("b", "a")); err != nil {
		t.Error(err)
	}
	s := float64s
	s.Partial = true
	if _, err := graph.Build(params, s, model("b", "c")); err != nil {
		t.Error(err)
	}
	if got := params.Names(); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("parameters %v, want a, b and c", got)
	}
}

// What this machine has no memory for is an error of the build that names it.
func TestBeyondMemory(t *testing.T) {
	if memory.Available() == 0 {
		t.Skip("this system does not tell its memory")
	}
	for want, model := range map[string]func(b *graph.Builder){
		`parameter "w" of shape [1048576 1048576]`: func(b *graph.Builder) { b.Loss(b.Check(G.Sum(b.Param("w", models.Constant(1), 1<<20, 1<<20)))) },
		`input "x" of shape [1048576 1048576]`:     func(b *graph.Builder) { b.Output("y", b.Input("x", 1<<20, 1<<20)) },
		`"y" of shape (1048576, 1048576)`: func(b *graph.Builder) {
			b.Output("y", b.Check(G.OuterProd(b.Input("a", 1<<20), b.Input("b", 1<<20))))
		},
		"the program, at": func(b *graph.Builder) {
			b.Output("y", b.Check(G.Sum(b.Check(G.OuterProd(b.Input("a", 1<<20), b.Input("b", 1<<20))))))
		},
	} {
		_, err := graph.Build(graph.NewParams(1), graph.Settings{}, model)
		wantError(t, err, graph.ErrMemory, want)
	}
}
