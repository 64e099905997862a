package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/surge-snn/surge/bench/gradbench"
	"github.com/surge-snn/surge/bench/gradbench/suite"
)

// rows of two depths and three estimators.
func rows() []suite.Row {
	var all []suite.Row
	for _, x := range []float64{1, 4} {
		all = append(all, suite.Row{Suite: "depth", Network: "net", Vary: "layers", X: x, TruthError: 0.05})
		for i, name := range []string{"e-prop/sigmoid(5)", "bptt/sigmoid(5)/noisy", "bptt/<i>"} {
			r := suite.Row{Suite: "depth", Network: "net", Vary: "layers", X: x, Estimator: name, Kind: []string{"online", "surrogate", "wrong"}[i], TruthError: 0.05, Main: true}
			r.Class = "weights"
			r.Wrong = []string{"", "", "it is clipped"}[i] // and nearer to the truth than all others
			r.Cosine, r.Ratio = gradbench.Estimate{Value: []float64{0.7, 0.9, 1}[i] / x, SE: 0.01}, gradbench.Estimate{Value: 1, SE: 0.1}
			if i == 0 {
				r.Lead = &gradbench.Estimate{Value: 0.2 / x, SE: 0.01}
			}
			if i == 1 {
				r.Descent = &gradbench.Descent{Change: gradbench.Estimate{Value: -0.5, SE: 0.01}, Length: 2}
			}
			all = append(all, r)
			r.Class, r.Main = "v_th1", false
			all = append(all, r)
		}
	}
	return all
}

func TestWrite(t *testing.T) {
	r := New(suite.Settings{Seed: 3}, rows())
	var before map[string][]byte
	for range 2 {
		dir := t.TempDir()
		if err := r.Write(dir); err != nil {
			t.Fatal(err)
		}
		files := map[string][]byte{}
		for _, name := range []string{"report.html", "results.json", "results.csv", "values.csv", "trials.csv", "depth.svg", "depth.dark.svg"} {
			text, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			files[name] = text
			if before != nil && !bytes.Equal(before[name], text) {
				t.Errorf("%s differs", name)
			}
		}
		before = files
	}
	for _, want := range []string{"<svg", "seed 3", "10.1162/neco_a_01752", "not decided", "bptt/&lt;i&gt;", "cosine of e-prop below that of BPTT by 0.200 ± 0.010, 0.050 ± 0.010<"} {
		if !strings.Contains(string(before["report.html"]), want) {
			t.Errorf("report.html does not say %q", want)
		}
	}
	var again Result
	if err := json.Unmarshal(before["results.json"], &again); err != nil || len(again.Rows) != len(r.Rows) {
		t.Error(err)
	}
	table, err := csv.NewReader(bytes.NewReader(before["results.csv"])).ReadAll()
	if err != nil || len(table) != 1+12 || table[3][4] != "bptt/sigmoid(5)/noisy" || table[3][19] != "-0.5" || table[5][25] != "it is clipped" || table[5][23] != "" {
		t.Errorf("%v: %v", err, table)
	}
}

// TestText: the best comes first, and what is left out is said.
func TestText(t *testing.T) {
	var b strings.Builder
	if err := New(suite.Settings{}, rows()).Text(&b, 0); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "wrong: it is clipped\n") || !strings.Contains(b.String(), "bptt/<i> (wrong)") {
		t.Errorf("%s", b.String())
	}
	first, second, third := strings.Index(b.String(), "noisy"), strings.Index(b.String(), "e-prop"), strings.Index(b.String(), "<i>")
	if first < 0 || first > second || second > third {
		t.Errorf("%s", b.String())
	}
}

// TestFigures: the suites whose rows are no comparisons have figures, too, and what they draw is in
// the rows: of two of four seeds that are there after 8 and 16 updates of 20 the curve ends at a
// half.
func TestFigures(t *testing.T) {
	part := gradbench.Part{Real: gradbench.Estimate{Value: 2}, Missed: gradbench.Estimate{Value: 0.5}}
	r := New(suite.Settings{}, []suite.Row{
		{Suite: "learn", Estimator: "a", Trials: []float64{20, 16, 20, 8}, Limit: 20},
		{Suite: "lines", Estimator: "lif", Profile: [][2]float64{{-1, 3}, {1, 4}}},
		{Suite: "birth", Estimator: "eventprop", X: 5, Main: true, Prediction: &gradbench.Prediction{Same: part, Changed: part}},
	})
	got := map[string]int{}
	for _, f := range r.figures() {
		got[f.name] = len(f.curves.Panels)
		if f.name == "learn" {
			l := f.curves.Panels[0].Lines[0]
			if !slices.Equal(l.X, []float64{8, 8, 16, 16}) || !slices.Equal(l.Y, []float64{0, 0.25, 0.25, 0.5}) {
				t.Errorf("%+v", l)
			}
		}
		if f.name == "birth" {
			if l := f.curves.Panels[2].Lines; len(l) != 2 || l[0].Y[0] != 25 {
				t.Errorf("%+v", l)
			}
		}
	}
	if got["learn"] != 1 || got["lines"] != 1 || got["birth"] != 3 {
		t.Errorf("%v", got)
	}
}
