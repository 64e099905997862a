package suite

import (
	"math"
	"slices"
	"testing"

	"github.com/surge-snn/surge/bench/gradbench/lif"
	"github.com/surge-snn/surge/surrogate"
)

// TestWrongSurrogatesAreLast: surrogates with a wrong factor, sign, place and height stand behind
// all others, extreme ones of the catalogue included, that are farther from the truth; and they are
// farther from it than the right one and those that are up to 1.4 times as steep or flat.
func TestWrongSurrogatesAreLast(t *testing.T) {
	shape := base
	shape.steps = 50
	p := problem("test", 1, shape)
	s := Settings{Seed: 1, Quick: true}
	truth, err := expected(t.Context(), s, p, 0.06, 512)
	if err != nil {
		t.Fatal(err)
	}
	right := matched(p.Width)
	list := []contender{of("right", right, p.BPTT(lif.Rule{Surrogate: right, Noisy: true})), of("near", right, p.BPTT(lif.Rule{Surrogate: right}))}
	for _, k := range []float64{3.6, 7} {
		near := surrogate.Sigmoid{Sharpness: k}
		list = append(list, of("near", near, p.BPTT(lif.Rule{Surrogate: near, Noisy: true})))
	}
	wrongs := append(Wrong(right), mistake{right, "clipped a little", func(x float64) float64 { return min(right.Slope(x), 0.99*right.Peak()) }})
	for _, wrong := range wrongs {
		list = append(list, of("wrong", wrong, p.BPTT(lif.Rule{Surrogate: wrong, Noisy: true})))
	}
	for _, one := range []surrogate.Surrogate{surrogate.StepPWL{Sharpness: 0.5}, surrogate.FastSigmoid{Sharpness: 100}, surrogate.LeakyStraightThrough{}} {
		list = append(list, of("extreme", one, p.BPTT(lif.Rule{Surrogate: one})))
	}
	all, err := compare(t.Context(), s, p, truth, 0, Row{Suite: "test", Vary: "nothing"}, list)
	if err != nil {
		t.Fatal(err)
	}
	rows := slices.DeleteFunc(all, func(r Row) bool { return !r.Main })
	Rank(rows)
	for i, row := range rows {
		if last := i >= len(rows)-len(wrongs); last != (row.Kind == "wrong") || last != (row.Wrong != "") {
			t.Errorf("%s stands at %d of %d: %q", row.Estimator, i+1, len(rows), row.Wrong)
		}
	}
	distance := map[string][]float64{}
	for _, row := range rows {
		if row.Estimator != "bptt/"+wrongs[4].String()+"/noisy" { // which is as good as the right one
			distance[row.Kind] = append(distance[row.Kind], Distance(row))
		}
	}
	// Gygax and Zenke 2025: with the derivative of the escape function it is stochastic automatic
	// differentiation, whose bias is that of the loss behind the spike, small here.
	if best := slices.Max(distance["right"]); !(best < 0.2) || !(slices.Min(distance["wrong"]) > max(2*best, slices.Max(distance["near"]))) {
		t.Errorf("distances %v", distance)
	}
	if !(slices.Max(distance["extreme"]) > slices.Min(distance["wrong"])) {
		t.Errorf("no extreme surrogate is farther than one with a mistake: %v", distance)
	}
}

// TestCatalogue: every surrogate is there once, with its default and over the grid.
func TestCatalogue(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range Catalogue([]float64{2, 4}) {
		if seen[s.String()] {
			t.Errorf("%s twice", s)
		}
		seen[s.String()] = true
	}
	for _, want := range []string{"fast_sigmoid(25)", "fast_sigmoid(2)", "atan(4)", "step_pwl(4)"} {
		if !seen[want] {
			t.Errorf("%s is missing", want)
		}
	}
}

// TestSweeps: with ever more sweeps the gradient becomes that of the sequential neuron; here the
// rows are complete.
func TestSweeps(t *testing.T) {
	runs, err := Runs(Settings{Seed: 1, Quick: true}, []string{"sweeps"})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := runs[0].Do(t.Context())
	if err != nil || len(rows) != 5 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for k, row := range rows {
		if row.X != float64(k+1) || math.IsNaN(row.Cosine.Value) || row.Values["spike mismatch"].Value < 0 {
			t.Errorf("%+v", row)
		}
	}
	if _, err := Runs(Settings{}, []string{"deep"}); err == nil {
		t.Error("an unknown suite is no error")
	}
}
