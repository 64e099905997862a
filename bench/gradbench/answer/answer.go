// Package answer reads the rows of the gradient benchmark and answers the questions on which the
// literature disagrees. A statement is made only where its error bar excludes the opposite; else it
// says "not decided".
package answer

import (
	"fmt"
	"math"

	"github.com/surge-snn/surge/bench/gradbench"
	"github.com/surge-snn/surge/bench/gradbench/suite"
)

// Question is one on which there are two sides.
type Question struct {
	Text  string   `json:"question"`
	Sides []string `json:"sides"` // what is claimed, with the source
	Run   string   `json:"run"`   // what decides it: surge gradbench --suite ...
	// Limits are what the runs do not show, from measurements that are no part of them.
	Limits []string `json:"limits,omitempty"`
	// Findings is what the rows say. There is none where the run was not made.
	Findings []Finding `json:"findings"`
}

// Finding is a statement with its numbers.
type Finding struct {
	Text    string `json:"text"`
	Decided bool   `json:"decided"` // the error bar excludes the opposite
}

// sigmas is how many standard errors a difference must have.
const sigmas = 3

// compare makes a finding of two numbers: which is larger.
func compare(what string, a gradbench.Estimate, nameA string, b gradbench.Estimate, nameB string) Finding {
	d, se := a.Value-b.Value, math.Hypot(a.SE, b.SE)
	text := fmt.Sprintf("%s: %s %s, %s %s", what, number(a), nameA, number(b), nameB)
	if math.Abs(d) <= sigmas*se || d == 0 {
		return Finding{text + ": not decided which is larger", false}
	}
	return Finding{fmt.Sprintf("%s; the difference of %s excludes 0", text, number(gradbench.Estimate{Value: d, SE: se})), true}
}

// paired makes a finding of two cosines of the same draws and truth, whose difference is known
// better than either: that of the first estimator of a point, and that of a row with its lead over
// it.
func paired(what string, first gradbench.Estimate, nameFirst string, row suite.Row, name string) Finding {
	if row.Lead == nil {
		return compare(what, first, nameFirst, row.Cosine, name)
	}
	text := fmt.Sprintf("%s: %s %s, %s %s", what, number(first), nameFirst, number(row.Cosine), name)
	switch lead := *row.Lead; {
	case lead == gradbench.Estimate{}:
		return Finding{text + ": the two are one", true}
	case math.Abs(lead.Value) <= sigmas*lead.SE && bound(lead, 0) <= alike:
		return Finding{fmt.Sprintf("%s; they differ by %.2g at most (the difference is %s)", text, bound(lead, 0), number(lead)), true}
	case math.Abs(lead.Value) <= sigmas*lead.SE:
		return Finding{fmt.Sprintf("%s; not decided which is larger: the difference is %s", text, number(lead)), false}
	default:
		return Finding{fmt.Sprintf("%s; the difference of %s, on the same draws, excludes 0", text, number(lead)), true}
	}
}

// against makes a finding of a number that is compared with a constant.
func against(what string, a gradbench.Estimate, c float64) Finding {
	text := fmt.Sprintf("%s: %s", what, number(a))
	switch {
	case math.Abs(a.Value-c) <= sigmas*a.SE:
		return Finding{fmt.Sprintf("%s; not decided whether it differs from %g", text, c), false}
	case a.Value < c:
		return Finding{fmt.Sprintf("%s, below %g", text, c), true}
	}
	return Finding{fmt.Sprintf("%s, above %g", text, c), true}
}

// alike is the difference of two cosines, below which one is as good as the other.
const alike = 0.02

// bound returns by how much a number can be off from a constant.
func bound(a gradbench.Estimate, c float64) float64 { return math.Abs(a.Value-c) + sigmas*a.SE }

// near makes a finding of a number that is asked whether it is 1: that it is not, or by how much it
// can be off. Where that is more than 0.15 it is not decided.
func near(what string, a gradbench.Estimate) Finding {
	if math.Abs(a.Value-1) > sigmas*a.SE || !(bound(a, 1) <= 0.15) {
		return against(what, a, 1)
	}
	return Finding{fmt.Sprintf("%s: %s, at most %.2g away from 1", what, number(a), bound(a, 1)), true}
}

// number prints an estimate with the digits that its error leaves.
func number(e gradbench.Estimate) string {
	if e.SE == 0 {
		return fmt.Sprintf("%.4g", e.Value)
	}
	digits := max(0, 1-int(math.Floor(math.Log10(e.SE))))
	if digits > 6 || math.Abs(e.Value) > 1e4 || e.SE > 1e4 {
		return fmt.Sprintf("%.3g ± %.1g", e.Value, e.SE)
	}
	return fmt.Sprintf("%.*f ± %.*f", digits, e.Value, digits, e.SE)
}

// rows are those of one suite, and of the class by which it ranks where it compares gradients.
type rows []suite.Row

func of(all []suite.Row, name string) rows {
	var r rows
	for _, row := range all {
		if row.Suite == name && (row.Class == "" || row.Main) {
			r = append(r, row)
		}
	}
	return r
}

// xs returns the values that the suite took, in their order.
func (r rows) xs() []float64 {
	var x []float64
	for _, row := range r {
		if len(x) == 0 || x[len(x)-1] != row.X {
			x = append(x, row.X)
		}
	}
	return x
}

// find returns the rows at x of which is true, without those that are wrong in themselves.
func (r rows) find(x float64, is func(suite.Row) bool) rows {
	var found rows
	for _, row := range r {
		if row.X == x && row.Estimator != "" && row.Wrong == "" && is(row) {
			found = append(found, row)
		}
	}
	return found
}

// best returns the row with the largest cosine, and false where there is none.
func (r rows) best() (suite.Row, bool) {
	var best suite.Row
	for i, row := range r {
		// What is not known is no better than anything.
		if i == 0 || best.Note != "" || row.Note == "" && row.Cosine.Value > best.Cosine.Value {
			best = row
		}
	}
	return best, len(r) > 0
}

// All answers the questions from the rows of any suites; that on a network of the user's is asked
// where there is one.
func All(all []suite.Row) []Question {
	list := []Question{
		truths(all), approach(all), grid(all), scale(all), reset(all), births(all), sweeps(all), online(all), accuracy(all), chip(all), landscape(all),
	}
	if q := own(all); len(q.Findings) > 0 {
		list = append(list, q)
	}
	return list
}
