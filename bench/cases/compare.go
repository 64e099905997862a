package cases

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/surge-snn/surge/internal/given"
)

// Quantity is an output or a gradient that is compared with the answer in a case file.
type Quantity struct {
	Name    string // of the output or variable
	Grad    bool
	Loss    string // of a gradient
	Source  Source // of the answer to a gradient
	Float32 bool   // the file's answer or the computation is of float32
}

// String returns "outputs.NAME", "grads.LOSS.NAME" or "grads.NAME".
func (q Quantity) String() string {
	switch {
	case !q.Grad:
		return "outputs." + q.Name
	case q.Loss == NoLoss:
		return "grads." + q.Name
	}
	return "grads." + q.Loss + "." + q.Name
}

// Tolerance bounds the difference from an answer a:
//
//	|x - a| <= Abs + Rel*|a|            for each element, or
//	|x - a| <= Abs + Rel*max |a|        over the whole tensor, with OfLargest
//
// The zero value asks for equality.
type Tolerance struct {
	Abs, Rel  float64
	OfLargest bool
}

// String returns "exact", "1e-12 relative", "1e-12 relative to the largest + 1e-9".
func (t Tolerance) String() string {
	var words []string
	if t.Rel != 0 {
		word := strconv.FormatFloat(t.Rel, 'g', -1, 64) + " relative"
		if t.OfLargest {
			word += " to the largest"
		}
		words = append(words, word)
	}
	if t.Abs != 0 {
		words = append(words, strconv.FormatFloat(t.Abs, 'g', -1, 64))
	}
	if len(words) == 0 {
		return "exact"
	}
	return strings.Join(words, " + ")
}

// Comparison is the outcome of comparing one tensor with its answer.
type Comparison struct {
	Quantity  string // "outputs.spikes", "grads.sum_time.w_in"
	Tolerance Tolerance
	Abs       float64 // largest |x - a|; +Inf where one of the two is infinite
	Rel       float64 // largest |x - a|/|a|, or /max |a|, as in Tolerance; +Inf for an answer of 0 that is not met
	Worst     int     // index of the element that is farthest beyond, or nearest to, its bound; -1 for an empty tensor
	Problem   string  // why there is nothing to compare: the tensor is absent or has another shape
	OK        bool
}

// Compare compares x with the answer a. It costs one pass over the data.
func Compare(q Quantity, x, a Tensor, tolerance Tolerance) Comparison {
	r := Comparison{Quantity: q.String(), Tolerance: tolerance, Worst: -1}
	if !slices.Equal(x.Shape, a.Shape) || len(x.Data) != len(a.Data) {
		r.Problem = fmt.Sprintf("expected shape %s, found %s", Shape(a.Shape), Shape(x.Shape))
		return r
	}
	largest := 0.0
	for _, v := range a.Data {
		if !math.IsInf(v, 0) { // an infinite answer is no scale
			largest = max(largest, math.Abs(v))
		}
	}
	r.OK = true
	farthest := math.Inf(-1)
	for i, want := range a.Data {
		d := difference(x.Data[i], want)
		scale := math.Abs(want)
		if tolerance.OfLargest {
			scale = largest
		}
		bound := tolerance.Abs
		if !math.IsInf(want, 0) {
			bound += float64(tolerance.Rel * scale)
		}
		r.Abs = max(r.Abs, d)
		if d > 0 {
			relative := d / scale // +Inf for scale 0
			if math.IsInf(d, 1) {
				relative = d // Inf/Inf
			}
			r.Rel = max(r.Rel, relative)
		}
		if excess := d - bound; excess > farthest {
			farthest, r.Worst = excess, i
		}
		r.OK = r.OK && d <= bound
	}
	return r
}

// difference returns |x - a|; equal infinities do not differ, and a NaN differs from everything by
// +Inf.
func difference(x, a float64) float64 {
	if x == a {
		return 0
	}
	d := math.Abs(x - a)
	if math.IsNaN(d) {
		return math.Inf(1)
	}
	return d
}

// Check compares r with the answers in the file of c: the outputs in the order of the alphabet,
// then the gradients by loss and variable. What r has and the file has not is not compared. What
// the file has and r has not is a comparison that is not OK; with grads false the gradients are
// left out.
//
// tolerance gives the bound for a quantity; where ok is false the model does not compute it and it
// is left out. single says that r was computed in float32 (Quantity.Float32 is also set for a file
// whose member dtype begins so).
func (c *Case) Check(r *Result, grads, single bool, tolerance func(Quantity) (t Tolerance, ok bool)) ([]Comparison, error) {
	if err := given.Need("a result", r, "tolerance", tolerance); err != nil {
		return nil, fmt.Errorf("cases: %w", err)
	}
	answers, err := c.Answers()
	if err != nil {
		return nil, err
	}
	if text, ok := c.Others["dtype"]; ok {
		single = single || strings.HasPrefix(strings.TrimPrefix(string(trim(text)), `"`), "float32")
	}
	list := []Comparison{}
	compare := func(q Quantity, have map[string]Tensor, answer Tensor) {
		q.Float32 = single
		t, ok := tolerance(q)
		if !ok {
			return
		}
		x, ok := have[q.Name]
		if !ok {
			list = append(list, Comparison{Quantity: q.String(), Tolerance: t, Worst: -1, Problem: "expected a tensor, found nothing"})
			return
		}
		list = append(list, Compare(q, x, answer, t))
	}
	for _, name := range slices.Sorted(maps.Keys(answers.Outputs)) {
		compare(Quantity{Name: name}, r.Outputs, answers.Outputs[name])
	}
	if !grads {
		return list, nil
	}
	for _, loss := range slices.Sorted(maps.Keys(answers.Grads)) {
		for _, name := range slices.Sorted(maps.Keys(answers.Grads[loss])) {
			answer := answers.Grads[loss][name]
			compare(Quantity{Name: name, Grad: true, Loss: loss, Source: answer.Source}, r.Grads[loss], answer.Tensor)
		}
	}
	return list, nil
}

// appendComparisons appends the comparisons as JSON:
//
//	[{"name": ..., "abs": ..., "rel": ..., "problem": ..., "ok": ...,
//	  "tolerance": {"abs": ..., "rel": ..., "of_largest": ...}}]
func appendComparisons(b []byte, list []Comparison) []byte {
	number := func(x float64) { // differences are never NaN
		var ok bool
		if b, ok = appendNumber(b, x); !ok {
			b = append(b, "1e300"...)
		}
	}
	b = append(b, '[')
	for i, r := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(append(b, `{"name":`...), r.Quantity)
		b = append(b, `,"abs":`...)
		number(r.Abs)
		b = append(b, `,"rel":`...)
		number(r.Rel)
		b = append(b, `,"tolerance":{"abs":`...)
		number(r.Tolerance.Abs)
		b = append(b, `,"rel":`...)
		number(r.Tolerance.Rel)
		b = append(b, `,"of_largest":`...)
		b = strconv.AppendBool(b, r.Tolerance.OfLargest)
		b = append(b, '}')
		if r.Problem != "" {
			b = appendString(append(b, `,"problem":`...), r.Problem)
		}
		b = strconv.AppendBool(append(b, `,"ok":`...), r.OK)
		b = append(b, '}')
	}
	return append(b, ']')
}
