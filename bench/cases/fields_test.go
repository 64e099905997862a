package cases

import (
	"math"
	"slices"
	"testing"
)

const fieldsCase = `{"model": "m",
	"params": {"dt": 1e-3, "n": 3.0, "big": 9007199254740993.5, "inf": 1e300, "flag": true, "kind": "b", "none": null, "list": [1, 2.0], "words": ["a\"],[", ""],
		"broken": [1, 2.5], "mixed": ["a", null], "nested": [[1]], "surrogate": {"slope": 25, "inner": {"x": -1}}},
	"inputs": {"scalar": {"shape": [], "data": [2]}, "matrix": {"shape": [2, 3], "data": [1, 2, 3, 4, 5, -1e300]}, "v": null}}`

func TestFields(t *testing.T) {
	c, err := Parse("a.json", []byte(fieldsCase))
	if err != nil {
		t.Fatal(err)
	}
	f := c.Fields()
	if f.Float("dt", Positive) != 1e-3 || f.FloatOr("dt", 7, Positive) != 1e-3 || !math.IsInf(f.Float("inf", Any), 1) {
		t.Error("Float")
	}
	if f.FloatOr("none", 7, Positive) != 7 || f.FloatOr("absent", 7, Positive) != 7 || f.IntOr("absent", 7, Count) != 7 {
		t.Error("a value in place of null or nothing")
	}
	if f.Int("n", Count) != 3 || f.IntOr("n", 7, Count) != 3 {
		t.Error("Int")
	}
	if !f.BoolOr("flag", false) || !f.BoolOr("none", true) || f.ChoiceOr("kind", "a", "a", "b") != "b" || f.ChoiceOr("absent", "a") != "a" {
		t.Error("BoolOr, ChoiceOr")
	}
	if !slices.Equal(f.Ints("list", Any), []int{1, 2}) || !slices.Equal(f.Strings("words"), []string{`a"],[`, ""}) {
		t.Error("Ints, Strings")
	}
	if o := f.Object("surrogate", "slope", "inner"); o.Float("slope", Positive) != 25 || o.Object("inner", "x").Float("x", Any) != -1 {
		t.Error("Object")
	}
	if !f.Has("dt") || f.Has("none") || f.Has("absent") || !f.HasInput("scalar") || f.HasInput("v") || f.HasInput("absent") {
		t.Error("Has")
	}
	if x := f.Tensor("scalar", Positive, Shape{}, Shape{3}); !same(x, Scalar(2)) {
		t.Errorf("a scalar reads as %v", x)
	}
	if x := f.Tensor("matrix", Any, Shape{}, Shape{Extent, 3}); !slices.Equal(x.Shape, []int{2, 3}) || !math.IsInf(x.Data[5], -1) {
		t.Errorf("a matrix reads as %v", x)
	}
	if err := f.Err(); err != nil {
		t.Error(err)
	}
}

func TestFieldsErrors(t *testing.T) {
	c, err := Parse("a.json", []byte(fieldsCase))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		read func(f *Fields)
		want string
	}{
		{func(f *Fields) { f.Float("absent", Positive) }, "params.absent: expected a finite number > 0, found nothing"},
		{func(f *Fields) { f.Float("none", Positive) }, "params.none: expected a finite number > 0, found null"},
		{func(f *Fields) { f.Float("inf", Positive) }, "params.inf: expected a finite number > 0, found 1e300"},
		{func(f *Fields) { f.Float("flag", Any) }, "params.flag: expected a number, found true"},
		{func(f *Fields) { f.FloatOr("list", 1, Finite) }, "params.list: expected a finite number, found a list"},
		{func(f *Fields) { f.Int("dt", Any) }, "params.dt: expected a whole number: a number, found 1e-3"},
		{func(f *Fields) { f.Int("big", Any) }, "params.big: expected a whole number: a number, found 9007199254740993.5"},
		{func(f *Fields) { f.BoolOr("n", true) }, "params.n: expected true or false, found 3.0"},
		{func(f *Fields) { f.ChoiceOr("kind", "a", "a", "c") }, `params.kind: expected one of a, c, found the string "b"`},
		{func(f *Fields) { f.ChoiceOr("n", "a", "a") }, `params.n: expected one of a, found 3.0`},
		{func(f *Fields) { f.Ints("dt", Any) }, "params.dt: expected a list, found 1e-3"},
		{func(f *Fields) { f.Ints("broken", Positive) }, "params.broken[1]: expected a whole number: a finite number > 0, found 2.5"},
		{func(f *Fields) { f.Ints("nested", Any) }, "params.nested[0]: expected a whole number: a number, found a list"},
		{func(f *Fields) { f.Strings("mixed") }, "params.mixed[1]: expected a string, found null"},
		{func(f *Fields) { f.Strings("absent") }, "params.absent: expected a list of strings, found nothing"},
		{func(f *Fields) { f.Object("dt") }, "params.dt: expected an object, found 1e-3"},
		{func(f *Fields) { f.Object("surrogate", "slope", "width") }, "params.surrogate.inner: expected one of slope width, found an unknown name"},
		{func(f *Fields) { f.Object("surrogate", "slope", "inner").Object("inner", "x").Float("x", Positive) }, "params.surrogate.inner.x: expected a finite number > 0, found -1"},
		{func(f *Fields) { f.Object("surrogate", "slope", "inner").Float("beta", Any) }, "params.surrogate.beta: expected a number, found nothing"},
		{func(f *Fields) { f.Tensor("absent", Any, Shape{Extent, 2}) }, "inputs.absent: expected shape [any, 2], found nothing"},
		{func(f *Fields) { f.Tensor("v", Any) }, "inputs.v: expected a tensor, found null"},
		{func(f *Fields) { f.Tensor("matrix", Any, Shape{}, Shape{3, 2}) }, "inputs.matrix: expected shape [] or [3, 2], found shape [2, 3]"},
		{func(f *Fields) { f.Tensor("matrix", Finite) }, "inputs.matrix.data[5]: expected a finite number, found -1e300"},
		{func(f *Fields) { f.Fail("n", "more than dt") }, "params.n: expected more than dt, found 3.0"},
		{func(f *Fields) { f.FailInput("matrix", "an order in time", "none") }, "inputs.matrix: expected an order in time, found none"},
		{func(f *Fields) {
			f.Int("n", Check{"a count < 3", func(x float64) bool { return x < 3 }})
			f.Float("absent", Any)
		},
			"params.n: expected a whole number: a count < 3, found 3.0"}, // the first error stays
	} {
		f := c.Fields()
		test.read(f)
		if err := f.Err(); err == nil || err.Error() != "a.json: "+test.want {
			t.Errorf("\ngot  %v\nwant a.json: %s", err, test.want)
			continue
		}
		first := f.Err()
		if f.Float("dt", Any) != 0 || f.Int("n", Any) != 0 || f.Ints("list", Any) != nil || f.Tensor("scalar", Any).Data != nil || f.Err() != first {
			t.Errorf("%v: reading goes on after it", first)
		}
	}
}

func TestMember(t *testing.T) {
	c, err := Parse("a.json", []byte(`{"model": "m", "inputs_file": "x.npz"}`))
	if err != nil {
		t.Fatal(err)
	}
	var name string
	if err := c.Member("inputs_file", "the name of a file", &name); err != nil || name != "x.npz" {
		t.Errorf("%q, %v", name, err)
	}
	var list []int
	for member, want := range map[string]string{
		"inputs_file": `a.json: inputs_file: expected a list, found the string "x.npz"`,
		"other":       `a.json: other: expected a list, found nothing`,
	} {
		if err := c.Member(member, "a list", &list); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
