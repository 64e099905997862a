package identify

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/mat"
)

// echelon is a basis of a space of directions in reduced row echelon form: row k has a
// 1 in column pivot[k], where all other rows have 0.
type echelon struct {
	rows  *mat.Dense
	pivot []int
}

// reduceRows brings a basis into that form, in place, with the largest element left as
// the next pivot.
func reduceRows(basis *mat.Dense) echelon {
	count, _ := basis.Dims()
	e := echelon{rows: basis}
	for k := range count {
		at, column := k, 0
		for r := k; r < count; r++ {
			for i, v := range basis.RawRowView(r) {
				// A tenth more is needed to go before an earlier one: equal elements
				// differ by rounding, and the choice must not depend on it.
				if math.Abs(v) > 1.1*math.Abs(basis.At(at, column)) {
					at, column = r, i
				}
			}
		}
		row, other := basis.RawRowView(k), basis.RawRowView(at)
		if at != k {
			for i := range row {
				row[i], other[i] = other[i], row[i]
			}
		}
		p := row[column]
		for i := range row {
			row[i] /= p
		}
		row[column] = 1
		for r := range count {
			if r == k {
				continue
			}
			other := basis.RawRowView(r)
			f := other[column]
			for i := range other {
				other[i] -= float64(f * row[i])
			}
			other[column] = 0
		}
		e.pivot = append(e.pivot, column)
	}
	return e
}

// ratios returns x rounded to fractions with one common denominator of at most 4, and
// this denominator, if no element is off by more than tol and all are at most 6.
func ratios(x []float64, tol float64) (rounded []float64, denominator float64, ok bool) {
	for d := 1.0; d <= 4; d++ {
		rounded, ok = make([]float64, len(x)), true
		for i, v := range x {
			rounded[i] = math.Round(v*d) / d
			ok = ok && math.Abs(v-rounded[i]) <= tol && math.Abs(v) <= 6 && (v == 0) == (rounded[i] == 0)
		}
		if ok {
			return rounded, d, true
		}
	}
	return nil, 0, false
}

// whole returns x times the denominator of its elements, if they have a small one but
// for rounding, and x otherwise.
func whole(x []float64) []float64 {
	w, d, ok := ratios(x, 1e-9)
	if !ok {
		return slices.Clone(x)
	}
	for i := range w {
		w[i] = math.Round(w[i] * d)
	}
	return w
}

// words returns for every row the words that say what its parameters are determined
// as. Rows that share parameters, directly or through others, are one group; with the
// pivots P and the other parameters F of a group, what does not change along
//
//	row_k = e(P_k) + sum_j a[k,j] e(F_j)   is   e(F_j) - sum_k a[k,j] e(P_k),  for each j
func (e echelon) words(estimates []Estimate) []string {
	texts := make([]string, len(e.pivot))
	for k := range e.pivot {
		if texts[k] != "" {
			continue
		}
		rows, parameters := e.group(k)
		name := func(i int) string { return estimates[i].Name }
		var seen []string
		for _, f := range parameters {
			if slices.ContainsFunc(rows, func(r int) bool { return e.pivot[r] == f }) {
				continue
			}
			invariant := make([]float64, len(estimates))
			invariant[f] = 1
			for _, r := range rows {
				invariant[e.pivot[r]] = -e.rows.At(r, f)
			}
			seen = append(seen, product(whole(invariant), name))
		}
		text := list(parameters, name) + ": only as " + strings.Join(seen, " and ")
		if len(seen) == 0 {
			text = list(parameters, name) + ": no effect on the target"
		}
		for _, r := range rows {
			texts[r] = text
		}
	}
	return texts
}

// group returns the rows that share parameters with row k, and these parameters.
func (e echelon) group(k int) (rows, parameters []int) {
	inRows, inParameters := make([]bool, len(e.pivot)), map[int]bool{}
	var visit func(r int)
	visit = func(r int) {
		inRows[r] = true
		for i, v := range e.rows.RawRowView(r) {
			if v == 0 || inParameters[i] {
				continue
			}
			inParameters[i] = true
			for other := range e.pivot {
				if !inRows[other] && e.rows.At(other, i) != 0 {
					visit(other)
				}
			}
		}
	}
	visit(k)
	for r, in := range inRows {
		if in {
			rows = append(rows, r)
		}
	}
	_, n := e.rows.Dims()
	for i := range n {
		if inParameters[i] {
			parameters = append(parameters, i)
		}
	}
	return rows, parameters
}

// product writes exp(sum_i weights[i] x[i]) of logarithmic parameters, such as
// Igain_syn*Iscale/Ipulse.
func product(weights []float64, name func(i int) string) string {
	positive, first := 0, 0.0
	for _, w := range weights {
		switch {
		case w > 0:
			positive++
		case w < 0:
			positive--
		}
		if first == 0 {
			first = w
		}
	}
	sign := 1.0
	if positive < 0 || (positive == 0 && first < 0) {
		sign = -1
	}
	var above, below []string
	for i, w := range weights {
		if w *= sign; w == 0 {
			continue
		}
		factor := name(i)
		if p := strconv.FormatFloat(math.Abs(w), 'g', 2, 64); p != "1" {
			factor += "^" + p
		}
		if w > 0 {
			above = append(above, factor)
		} else {
			below = append(below, factor)
		}
	}
	text := strings.Join(above, "*")
	for _, f := range below {
		text += "/" + f
	}
	return text
}

// list writes "a", "a and b", or "a, b and c".
func list(which []int, name func(i int) string) string {
	words := make([]string, len(which))
	for k, i := range which {
		words[k] = name(i)
	}
	last := len(words) - 1
	if last == 0 {
		return words[0]
	}
	return fmt.Sprintf("%s and %s", strings.Join(words[:last], ", "), words[last])
}
