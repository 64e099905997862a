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
		{near("x", e(0.98, 0.01)), true, "at most 0.05 away from 1"},
		{near("x", e(0.98, 0.05)), false, "not decided"}, // up to 0.17
		{near("x", e(0.9, 0.01)), true, "below 1"},
		{paired("x", e(0.9, 0.1), "a", suite.Row{Lead: &gradbench.Estimate{Value: 0.003, SE: 0.002}}, "b"), true, "differ by 0.009 at most"},
		{paired("x", e(0.9, 0.1), "a", suite.Row{Lead: &gradbench.Estimate{Value: 0.003, SE: 0.02}}, "b"), false, "not decided"},
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

// TestPredicted: what is missed is in percent of the real change, with the error of the difference.
func TestPredicted(t *testing.T) {
	e := func(v, se float64) gradbench.Estimate { return gradbench.Estimate{Value: v, SE: se} }
	row := suite.Row{Estimator: "x", Prediction: &gradbench.Prediction{
		Same:    gradbench.Part{Real: e(2, 0.1), Missed: e(0.01, 0.01)},
		Changed: gradbench.Part{Real: e(4, 0.1), Missed: e(1, 0.1)}, ChangedShare: 0.25,
	}}
	got := predicted("net", row, "stay", "differ")
	for k, want := range []string{"stay (75.0 %): the loss changes by 2000 ± 100 (1e-3), of which x misses 0.50 ± 0.50 %: 2 % at most", "differ (25.0 %): the loss changes by 4000 ± 100 (1e-3), of which x misses 25.0 ± 2.5 %"} {
		if len(got) != 2 || !got[k].Decided || !strings.HasSuffix(got[k].Text, want) {
			t.Errorf("%+v, want %q", got, want)
		}
	}
}

// TestFiner: a direction that is lost, and from where on single draws outweigh the others.
func TestFiner(t *testing.T) {
	var all rows
	for k, cos := range []float64{0.9, 0.5, 0.1} {
		row := suite.Row{X: float64(int(1) << k), Estimator: "bptt", Kind: "wide"}
		row.Cosine, row.Ratio = gradbench.Estimate{Value: cos, SE: 0.01}, gradbench.Estimate{Value: 2, SE: []float64{0.1, 0.1, 3}[k]}
		all = append(all, row)
	}
	got := finer(all, "wide", "wide")
	if len(got) != 2 || !got[0].Decided || !strings.HasSuffix(got[0].Text, "gets worse, by 0.400 ± 0.014") || got[1].Decided || !strings.Contains(got[1].Text, "from steps of 1/4 ms on single inputs") {
		t.Errorf("%+v", got)
	}
	all[1].Lead = &gradbench.Estimate{Value: 0.001, SE: 0.002} // of the same inputs
	if got := finer(all, "wide", "wide"); !got[0].Decided || !strings.HasSuffix(got[0].Text, "changes by 0.007 at most") {
		t.Errorf("%+v", got)
	}
}
