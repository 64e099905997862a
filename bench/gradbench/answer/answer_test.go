package answer

import (
	"strings"
	"testing"

	"github.com/surge-snn/surge/bench/gradbench"
	"github.com/surge-snn/surge/bench/gradbench/suite"
)

func TestFindings(t *testing.T) {
	e := func(v, se float64) gradbench.Estimate { return gradbench.Estimate{Value: v, SE: se} }
	for _, test := range []struct {
		f       Finding
		decided bool
		want    string
	}{
		{compare("x", e(1, 0.1), "a", e(1.3, 0.1), "b"), false, "not decided"}, // 0.3 is 2.1 errors
		{compare("x", e(1, 0.1), "a", e(2, 0.1), "b"), true, "-1.00 ± 0.14 excludes 0"},
		{compare("x", e(1, 0), "a", e(1, 0), "b"), false, "not decided"},
		{against("x", e(0.9, 0.01), 1), true, "0.900 ± 0.010, below 1"},
		{against("x", e(0.98, 0.01), 1), false, "not decided"},
		{against("x", e(31, 2), 1), true, "31.0 ± 2.0, above 1"},
	} {
		if test.f.Decided != test.decided || !strings.Contains(test.f.Text, test.want) {
			t.Errorf("%+v, want %v, %q", test.f, test.decided, test.want)
		}
	}
}

// TestNoRows: without rows nothing is decided.
func TestNoRows(t *testing.T) {
	for _, q := range All(nil) {
		if len(q.Findings) != 0 || q.Text == "" || len(q.Sides) < 2 || q.Run == "" {
			t.Errorf("%+v", q)
		}
	}
}

// TestReset: rows of the two kinds are found and compared.
func TestReset(t *testing.T) {
	row := func(kind string, cos float64) suite.Row {
		r := suite.Row{Suite: "surrogate", X: 0.2, Kind: kind, Estimator: "bptt/sigmoid(5)/noisy", Main: true}
		r.Cosine = gradbench.Estimate{Value: cos, SE: 0.01}
		return r
	}
	q := reset([]suite.Row{row("surrogate", 0.99), row("detached", 0.8)})
	if len(q.Findings) != 1 || !q.Findings[0].Decided || !strings.Contains(q.Findings[0].Text, "0.990 ± 0.010 with the path, 0.800 ± 0.010 without") {
		t.Errorf("%+v", q.Findings)
	}
}
