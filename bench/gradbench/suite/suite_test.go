package suite

import (
	"math"
	"testing"

	"github.com/surge-snn/surge/bench/gradbench/lif"
	"github.com/surge-snn/surge/surrogate"
)

// TestWrongSurrogatesAreLast: surrogates with a wrong factor, sign, place and height stand behind
// all right ones: that of the noise, those that are up to 1.4 times as steep or flat, and that on
// runs without noise.
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
	for _, wrong := range Wrong(right) {
		list = append(list, of("wrong", wrong, p.BPTT(lif.Rule{Surrogate: wrong, Noisy: true})))
	}
	rows, err := compare(t.Context(), s, p, truth, 0, Row{Suite: "test", Vary: "nothing"}, list)
	if err != nil {
		t.Fatal(err)
	}
	var best, worst float64
	seen := 0
	for _, row := range rows {
		if !row.Main {
			continue
		}
		rank := Rank(row)
		if row.Kind == "near" {
			worst = max(worst, rank)
		} else if row.Kind == "right" {
			best, worst = rank, rank
			// Gygax and Zenke 2025: with the derivative of the escape function it is stochastic
			// automatic differentiation, whose bias is that of the loss behind the spike, small
			// here.
			if !(rank < 0.2) {
				t.Errorf("the right one: %+v", row.Comparison)
			}
		} else if seen++; !(rank > 2*best && rank > worst) {
			t.Errorf("%s at %v, the right one at %v, the last of its neighbours at %v", row.Estimator, rank, best, worst)
		}
	}
	if seen != 4 {
		t.Errorf("%d wrong surrogates", seen)
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
