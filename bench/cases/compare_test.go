package cases

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"
)

func TestCompare(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	// Numbers are powers of two, so that the differences and quotients here are exact.
	for _, test := range []struct {
		name      string
		x, a      []float64
		tolerance Tolerance
		abs, rel  float64
		worst     int
		ok        bool
	}{
		{"empty", nil, nil, Tolerance{}, 0, 0, -1, true},
		{"equal", []float64{1, 0, inf, -inf}, []float64{1, math.Copysign(0, -1), inf, -inf}, Tolerance{}, 0, 0, 0, true},
		{"exact", []float64{1, 2.5}, []float64{1, 2}, Tolerance{}, 0.5, 0.25, 1, false},
		{"relative, on the bound", []float64{1, 2.5}, []float64{1, 2}, Tolerance{Rel: 0.25}, 0.5, 0.25, 1, true},
		{"relative, over", []float64{8, 0.75}, []float64{8, 0.5}, Tolerance{Rel: 0.25}, 0.25, 0.5, 1, false},
		{"of the largest", []float64{8, 0.75}, []float64{8, 0.5}, Tolerance{Rel: 0.03125, OfLargest: true}, 0.25, 0.03125, 1, true},
		{"of the largest, over", []float64{8, 0.75}, []float64{8, 0.5}, Tolerance{Rel: 0.015625, OfLargest: true}, 0.25, 0.03125, 1, false},
		{"answer 0", []float64{0.25}, []float64{0}, Tolerance{Rel: 1}, 0.25, inf, 0, false},
		{"answer 0, absolute", []float64{0.25}, []float64{0}, Tolerance{Abs: 0.25}, 0.25, inf, 0, true},
		{"absolute and relative", []float64{2.75}, []float64{2}, Tolerance{Abs: 0.25, Rel: 0.25}, 0.75, 0.375, 0, true},
		{"infinite", []float64{1, inf}, []float64{1, 2}, Tolerance{Rel: 1e9}, inf, inf, 1, false},
		{"other infinity", []float64{-inf}, []float64{inf}, Tolerance{Abs: 1, Rel: 1}, inf, inf, 0, false},
		{"infinite answer", []float64{1}, []float64{inf}, Tolerance{Rel: 1}, inf, inf, 0, false},
		{"infinite answer is no scale", []float64{inf, 1}, []float64{inf, 0.5}, Tolerance{Rel: 0.5, OfLargest: true}, 0.5, 1, 1, false},
		{"NaN", []float64{nan}, []float64{1}, Tolerance{Rel: 1}, inf, inf, 0, false},
	} {
		r := Compare(Quantity{Name: "s"}, Vector(test.x), Vector(test.a), test.tolerance)
		if r.Abs != test.abs || r.Rel != test.rel || r.OK != test.ok || r.Worst != test.worst || r.Problem != "" {
			t.Errorf("%s: %+v", test.name, r)
		}
	}
	r := Compare(Quantity{Name: "w", Grad: true}, Vector([]float64{1}), Scalar(1), Tolerance{})
	if r.OK || r.Problem != "expected shape [], found [1]" {
		t.Errorf("another shape: %+v", r)
	}
}

func TestCheck(t *testing.T) {
	c, err := Parse("a.json", []byte(`{"model": "m", "dtype": "float32 (of the package)",
		"outputs": {"s": {"shape": [], "data": [1]}, "absent": {"shape": [], "data": [1]}, "never": {"shape": [], "data": [1]}},
		"grads": {"sum": {"analytical_w": {"shape": [], "data": [2]}, "eventprop_t": {"shape": [], "data": [1]}}, "mse": {"finite_difference_w": {"shape": [], "data": [2]}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	r := &Result{
		Outputs: map[string]Tensor{"s": Scalar(1), "extra": Scalar(5)},
		Grads:   map[string]map[string]Tensor{"sum": {"w": Scalar(2), "t": Scalar(7)}},
	}
	var asked []Quantity
	tolerance := func(q Quantity) (Tolerance, bool) {
		asked = append(asked, q)
		return Tolerance{Rel: 0.5}, q.Name != "never"
	}
	for _, test := range []struct {
		grads bool
		want  string
	}{
		{true, "outputs.absent:false outputs.s:true grads.mse.w:false grads.sum.w:true"},
		{false, "outputs.absent:false outputs.s:true"},
	} {
		list, err := c.Check(r, test.grads, false, tolerance)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, x := range list {
			got = append(got, fmt.Sprintf("%s:%v", x.Quantity, x.OK))
			if !x.OK && x.Problem != "expected a tensor, found nothing" {
				t.Errorf("%+v", x)
			}
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
	want := []Quantity{
		{Name: "absent", Float32: true}, {Name: "never", Float32: true}, {Name: "s", Float32: true},
		{Name: "w", Grad: true, Loss: "mse", Source: FiniteDifference, Float32: true}, {Name: "w", Grad: true, Loss: "sum", Source: Analytical, Float32: true},
	}
	for i, q := range want {
		if asked[i] != q {
			t.Errorf("asked for the tolerance of %+v, want %+v", asked[i], q)
		}
	}
}

func TestComparisonsAsJSON(t *testing.T) {
	var w bytes.Buffer
	r := &Result{}
	err := r.Write(&w, &Case{File: "a.json", Model: "m"}, []Comparison{
		{Quantity: "outputs.s", Abs: 0.5, Rel: math.Inf(1), Tolerance: Tolerance{Abs: 1e-12, Rel: 0.25, OfLargest: true}, OK: true},
		{Quantity: `grads."`, Problem: "expected a tensor, found nothing"},
	})
	const want = `{"case":"a.json","model":"m","outputs":{},"grads":{},"check":[` +
		`{"name":"outputs.s","abs":0.5,"rel":1e300,"tolerance":{"abs":1e-12,"rel":0.25,"of_largest":true},"ok":true},` +
		`{"name":"grads.\"","abs":0,"rel":0,"tolerance":{"abs":0,"rel":0,"of_largest":false},"problem":"expected a tensor, found nothing","ok":false}]}` + "\n"
	if err != nil || w.String() != want {
		t.Errorf("%v\ngot  %swant %s", err, w.String(), want)
	}
}

func TestToleranceInWords(t *testing.T) {
	for _, test := range []struct {
		t    Tolerance
		want string
	}{
		{Tolerance{}, "exact"},
		{Tolerance{Rel: 1e-12}, "1e-12 relative"},
		{Tolerance{Abs: 4e-14}, "4e-14"},
		{Tolerance{Abs: 4e-14, Rel: 1e-7, OfLargest: true}, "1e-07 relative to the largest + 4e-14"},
	} {
		if got := test.t.String(); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}
