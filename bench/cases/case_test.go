package cases

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/surge-snn/surge/internal/exit"
)

// number draws any float64 that a case file holds.
var number = rapid.Custom(func(t *rapid.T) float64 {
	return rapid.OneOf(
		rapid.Float64(),
		rapid.Map(rapid.Uint64(), math.Float64frombits),
		rapid.SampledFrom([]float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.SmallestNonzeroFloat64,
			math.MaxFloat64, math.Nextafter(1e300, 0), math.Nextafter(1e300, math.Inf(1)), 1e22, 1e-7, 5e-13}),
	).Filter(func(x float64) bool { return !math.IsNaN(x) && math.Abs(x) != 1e300 }).Draw(t, "x")
})

var tensor = rapid.Custom(func(t *rapid.T) Tensor {
	shape := rapid.SliceOfN(rapid.IntRange(0, 3), 0, 4).Draw(t, "shape")
	n := 1
	for _, extent := range shape {
		n *= extent
	}
	return Tensor{Shape: append([]int{}, shape...), Data: rapid.SliceOfN(number, n, n).Draw(t, "data")}
})

// same tells whether two tensors are equal bit for bit.
func same(a, b Tensor) bool {
	return slices.Equal(a.Shape, b.Shape) && slices.EqualFunc(a.Data, b.Data, func(x, y float64) bool {
		return math.Float64bits(x) == math.Float64bits(y)
	})
}

func TestWriteReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &Case{File: "case.json", Model: rapid.StringN(1, -1, -1).Draw(t, "model"), Inputs: map[string]*Tensor{}, Others: map[string]json.RawMessage{}}
		for name, x := range rapid.MapOf(rapid.String(), tensor).Draw(t, "inputs") {
			c.Inputs[name] = &x
		}
		c.Inputs["null"] = nil
		c.Others["note"] = json.RawMessage(`{"a": [1, 2.50, null]}`)
		x := number.Draw(t, "float")
		list := rapid.SliceOf(number).Draw(t, "floats")
		ints := rapid.SliceOf(rapid.IntRange(math.MinInt32, math.MaxInt32)).Draw(t, "ints")
		words := rapid.SliceOf(rapid.String()).Draw(t, "words")
		flag := rapid.Bool().Draw(t, "flag")
		for name, v := range map[string]any{"x": x, "list": list, "ints": append([]int{}, ints...), "words": append([]string{}, words...), "flag": flag, "nil": nil} {
			if err := c.SetParam(name, v); err != nil {
				t.Fatal(err)
			}
		}

		var file, again bytes.Buffer
		if err := c.Write(&file); err != nil {
			t.Fatal(err)
		}
		back, err := Parse(c.File, file.Bytes())
		if err != nil {
			t.Fatalf("%v\n%s", err, file.String())
		}
		if err := back.Write(&again); err != nil || again.String() != file.String() {
			t.Fatalf("written twice (%v):\n%s%s", err, file.String(), again.String())
		}

		if back.Model != c.Model || len(back.Inputs) != len(c.Inputs) {
			t.Fatalf("%q with %d inputs reads back as %q with %d", c.Model, len(c.Inputs), back.Model, len(back.Inputs))
		}
		for name, x := range c.Inputs {
			if y, ok := back.Inputs[name]; !ok || (x == nil) != (y == nil) || (x != nil && !same(*x, *y)) {
				t.Fatalf("input %q: %v reads back as %v", name, x, y)
			}
		}
		f := back.Fields()
		if y := f.Float("x", Any); math.Float64bits(x) != math.Float64bits(y) {
			t.Fatalf("%v reads back as %v", x, y)
		}
		if y := f.Ints("ints", Any); !slices.Equal(y, ints) {
			t.Fatalf("%v reads back as %v", ints, y)
		}
		if y := f.Strings("words"); !slices.Equal(y, words) {
			t.Fatalf("%q reads back as %q", words, y)
		}
		if f.Has("nil") || f.BoolOr("flag", !flag) != flag || f.Err() != nil {
			t.Fatalf("nil, bool: %v", f.Err())
		}
	})
}

func TestNumbersThatCannotBeWritten(t *testing.T) {
	for _, test := range []struct {
		x    float64
		want string
	}{
		{math.NaN(), "expected a number, found NaN"},
		{1e300, "expected a number, found 1e+300, which stands for an infinity"},
		{-1e300, "expected a number, found -1e+300, which stands for an infinity"},
	} {
		bad := Tensor{Shape: []int{2}, Data: []float64{0, test.x}}
		c := &Case{File: "a.json", Model: "m", Inputs: map[string]*Tensor{"in": &bad}}
		var w bytes.Buffer
		for _, err := range []struct{ got, want string }{
			{fmt.Sprint(c.Write(&w)), "a.json: inputs.in.data[1]: " + test.want},
			{fmt.Sprint((&Result{Outputs: map[string]Tensor{"out": bad}}).Write(&w, c, nil)), "a.json: outputs.out.data[1]: " + test.want},
			{fmt.Sprint((&Result{Grads: map[string]map[string]Tensor{"sum": {"w": bad}}}).Write(&w, c, nil)), "a.json: grads.sum.w.data[1]: " + test.want},
			{fmt.Sprint(c.SetParam("p", test.x)), "a.json: params.p: " + test.want},
			{fmt.Sprint(c.SetParam("p", bad.Data)), "a.json: params.p[1]: " + test.want},
		} {
			if err.got != err.want {
				t.Errorf("got  %s\nwant %s", err.got, err.want)
			}
		}
		if w.Len() > 0 || len(c.Params) > 0 {
			t.Errorf("%v: written all the same: %q, %v", test.x, w.String(), c.Params)
		}
	}
	c := &Case{Model: "m", Inputs: map[string]*Tensor{"in": {Shape: []int{3}, Data: []float64{0}}}}
	if err := c.Write(&bytes.Buffer{}); err == nil || err.Error() != "inputs.in: expected as many numbers as shape [3] has, found 1" {
		t.Errorf("a tensor with too few data: %v", err)
	}
	if err := c.SetParam("p", float32(1)); err == nil {
		t.Error("a parameter of an unknown type was accepted")
	}
}

func TestResultReadsBackAsAnswers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := Result{Outputs: rapid.MapOf(rapid.String(), tensor).Draw(t, "outputs"), Grads: map[string]map[string]Tensor{}}
		r.Outputs["out"] = Scalar(1)
		losses := []string{NoLoss}
		if rapid.Bool().Draw(t, "losses") {
			losses = []string{"sum", "mse_first"}
		}
		for _, loss := range losses {
			r.Grads[loss] = map[string]Tensor{"w": tensor.Draw(t, "w"), "t_in": tensor.Draw(t, "t_in")}
		}
		var w bytes.Buffer
		if err := r.Write(&w, &Case{File: "a.json", Model: "m"}, nil); err != nil {
			t.Fatal(err)
		}
		if strings.Count(w.String(), "\n") != 1 || !strings.HasPrefix(w.String(), `{"case":"a.json","model":"m","outputs":{`) {
			t.Fatalf("written as %s", w.String())
		}
		c, err := Parse("a.json", w.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		a, err := c.Answers()
		if err != nil {
			t.Fatal(err)
		}
		if !maps.EqualFunc(a.Outputs, r.Outputs, same) {
			t.Fatalf("outputs %v read back as %v", r.Outputs, a.Outputs)
		}
		ok := maps.EqualFunc(a.Grads, r.Grads, func(a map[string]Answer, b map[string]Tensor) bool {
			return maps.EqualFunc(a, b, func(a Answer, b Tensor) bool { return same(a.Tensor, b) })
		})
		if !ok {
			t.Fatalf("gradients %v read back as %v", r.Grads, a.Grads)
		}
	})
	both := Result{Grads: map[string]map[string]Tensor{NoLoss: {}, "sum": {}}}
	if err := both.Write(&bytes.Buffer{}, &Case{}, nil); err == nil {
		t.Error("a loss without a name beside one with a name was written")
	}
}

// The gradients of a file are ranked by where they come from (see the table of the event models in
// the case format).
func TestAnswersFromSeveralSources(t *testing.T) {
	const one = `{"shape": [], "data": [1]}`
	c, err := Parse("a.json", []byte(`{"model": "m", "grads": {"sum": {
		"finite_difference_w": {"shape": [], "data": [4]}, "analytical_w": {"shape": [], "data": [2]}, "eventprop_w": {"shape": [], "data": [9]},
		"t_in": {"shape": [], "data": [3]}, "own_adjoint_t_in": `+one+`, "w_rec": `+one+`, "eventprop_w_rec": {"shape": [], "data": [9]},
		"finite_difference_d": `+one+`}, "only": {"eventprop_w": `+one+`}}}`))
	if err != nil {
		t.Fatal(err)
	}
	a, err := c.Answers()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]map[string]Answer{"sum": {
		"w": {Scalar(2), Analytical}, "t_in": {Scalar(1), OwnAdjoint}, "w_rec": {Scalar(1), Plain}, "d": {Scalar(1), FiniteDifference},
	}}
	if !reflect.DeepEqual(a.Grads, want) {
		t.Errorf("got  %v\nwant %v", a.Grads, want)
	}
}

func TestAnswersThatAreNotValid(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{``, "outputs: expected outputs or grads to compare with, found nothing"},
		{`"outputs": {}, "grads": null`, "outputs: expected outputs or grads to compare with, found nothing"},
		{`"outputs": 1`, "outputs: expected an object, found 1"},
		{`"outputs": {"s": {"shape": [2], "data": [1]}}`, "outputs.s.data: expected 2 numbers for shape [2], found 1"},
		{`"grads": {"w": {"shape": [2]}}`, "grads.w.data: expected a list of numbers, found nothing"},
		{`"grads": {"sum": {"w": []}}`, "grads.sum.w: expected an object, found a list"},
		{`"grads": {"sum": []}`, "grads.sum: expected an object, found a list"},
	} {
		text := `{"model": "m"}`
		if test.text != "" {
			text = `{"model": "m", ` + test.text + `}`
		}
		c, err := Parse("a.json", []byte(text))
		if err != nil {
			t.Errorf("%s: answers matter when they are compared only: %v", test.text, err)
			continue
		}
		if _, err := c.Answers(); err == nil || err.Error() != "a.json: "+test.want || exit.Code(err) != 2 {
			t.Errorf("%s\ngot  %v\nwant %s", test.text, err, test.want)
		}
	}
}

// Reading allocates in proportion to the file, whatever the file claims. The factor is that of the
// package documentation; what is measured is the sum of all allocations, of which less is in use at
// any time.
func TestMemory(t *testing.T) {
	repeat := func(head, item, tail string, n int) string {
		return head + strings.TrimSuffix(strings.Repeat(item+",", n), ",") + tail
	}
	names := func(head, item, tail string) string {
		var b strings.Builder
		b.WriteString(head)
		for i := range 30_000 {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `"%x":%s`, i, item)
		}
		return b.String() + tail
	}
	for _, test := range []struct{ name, text string }{
		{"data", repeat(`{"model":"m","inputs":{"x":{"shape":[100000],"data":[`, "0", `]}}}`, 100_000)},
		{"shape", repeat(`{"model":"m","inputs":{"x":{"data":[],"shape":[`, "0", `]}}}`, 100_000)},
		{"nested data", repeat(`{"model":"m","inputs":{"x":{"shape":[1],"data":[`, "[]", `]}}}`, 60_000)},
		{"notes", repeat(`{"model":"m","note":[`, "{}", `]}`, 60_000)},
		{"long name", `{"model":"` + strings.Repeat("m", 200_000) + `"}`},
		{"others", names(`{"model":"m",`, "0", `}`)},
		{"params", names(`{"model":"m","params":{`, "0", `}}`)},
		{"inputs", names(`{"model":"m","inputs":{`, "null", `}}`)},
		{"tensors", names(`{"model":"m","inputs":{`, `{"shape":[0],"data":[]}`, `}}`)},
		{"not JSON", repeat(`{"model":"m","note":[`, "0", `}}`, 60_000)},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		c, err := Parse("a.json", []byte(test.text))
		runtime.ReadMemStats(&after)
		_, _ = c, err
		ratio := float64(after.TotalAlloc-before.TotalAlloc) / float64(len(test.text))
		t.Logf("%-12s %5.1f times %d bytes", test.name, ratio, len(test.text))
		if ratio > 128 {
			t.Errorf("%s: allocated %.1f times the size of the file", test.name, ratio)
		}
	}

	huge := []byte(`{"model":"m","inputs":{"x":{"shape":[134217728],"data":[0]}}}`)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := Parse("a.json", huge)
	runtime.ReadMemStats(&after)
	if err == nil || after.TotalAlloc-before.TotalAlloc > 1<<16 { // some decoders of 512 bytes each; 1 GiB are claimed
		t.Errorf("a shape of 1 GiB: %v, allocated %d bytes", err, after.TotalAlloc-before.TotalAlloc)
	}
}

// FuzzParse demands of any text: no panic; an error is one line of bad input that names the file;
// what is read is what encoding/json reads, and is written and read back unchanged.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		`{"model": "m", "params": {"dt": 1e-3, "layers": [3, 2], "surrogate_params": {"slope": 25.0}, "syn_rest": null},
		  "inputs": {"x": {"shape": [2, 1], "data": [1e300, -0.0]}, "v": null}, "outputs": {"s": {"shape": [], "data": [1]}},
		  "grads": {"sum": {"analytical_w": {"shape": [0], "data": []}}}, "dtype": "float32"}`,
		`{"model": "m", "grads": {"w": {"shape": [1], "data": [1]}}}`,
		`{"model": "a\"],{\\", "inputs": {"[\",": {"data": [1,2 , 3 ],"shape":[ 3 ]}}}`,
		`{"model": "m", "inputs": {"x": {"shape": [99999999999], "data": [1]}}}`,
		`{"model": "m", "inputs": {"x": {"shape": [1], "data": [NaN]}}}`,
		`{"model": "m", "model": "m"}`, `[[[[`, `{"a": "`, "\xff", `{"model": "\ud800"}`, `{} {}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 1<<12 {
			return
		}
		oneLine := func(err error) {
			if bad := (*exit.BadInput)(nil); !errors.As(err, &bad) || !strings.HasPrefix(err.Error(), "a.json: ") || strings.Contains(err.Error(), "\n") {
				t.Fatalf("error %q", err)
			}
		}
		c, err := Parse("a.json", text)
		if err != nil {
			oneLine(err)
			return
		}
		if _, err := c.Answers(); err != nil {
			oneLine(err)
		}
		fields := c.Fields()
		for name := range c.Params {
			_, _, _ = fields.Ints(name, Any), fields.Strings(name), fields.Object(name, "slope").FloatOr("slope", 1, Positive)
		}
		if err := fields.Err(); err != nil {
			oneLine(err)
		}

		var reference struct {
			Inputs map[string]*struct {
				Shape []int     `json:"shape"`
				Data  []float64 `json:"data"`
			} `json:"inputs"`
		}
		if json.Unmarshal(text, &reference) != nil {
			reference.Inputs = nil // it has no extents such as 1.0, and takes "Inputs" for "inputs"
		}
		for name, want := range reference.Inputs {
			got, ok := c.Inputs[name]
			if !ok || got == nil || want == nil {
				continue
			}
			for i, x := range want.Data {
				if math.Abs(x) == 1e300 {
					x = math.Inf(int(math.Copysign(1, x)))
				}
				if math.Float64bits(x) != math.Float64bits(got.Data[i]) {
					t.Fatalf("%s[%d] is %v, read as %v", name, i, x, got.Data[i])
				}
			}
		}

		var once, twice bytes.Buffer
		if err := c.Write(&once); err != nil {
			t.Fatalf("a case that was read is not written: %v", err)
		}
		back, err := Parse("a.json", once.Bytes())
		if err != nil {
			t.Fatalf("%v\n%s", err, once.Bytes())
		}
		if err := back.Write(&twice); err != nil || !bytes.Equal(once.Bytes(), twice.Bytes()) {
			t.Fatalf("%v\n%s%s", err, once.Bytes(), twice.Bytes())
		}
	})
}

// TestMisspelledGroups: notes of a file have any name, but that of a group that is not there.
func TestMisspelledGroups(t *testing.T) {
	for text, says := range map[string]string{
		`{"model": "m", "prams": {}}`:                                             `case.json: prams: expected one of model params inputs outputs grads, found an unknown name, did you mean params?`,
		`{"model": "m", "params": {}, "Input": {}}`:                               "did you mean inputs?",
		`{"model": "m", "params": {}, "inputs": {}, "input": {}, "note": "none"}`: "",
		`{"model": "m", "outputs": {}, "grads": {}, "source": "here"}`:            "",
	} {
		if _, err := Parse("case.json", []byte(text)); says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("%s: %v, want %q", text, err, says)
		}
	}
}
