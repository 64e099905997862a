package ops_test

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/ops"
)

// three applies StepPWL.
func three(s ops.StepPWL) function {
	return func(x ...*G.Node) (*G.Node, error) { return s.Apply(x[0], x[1], x[2]) }
}

// TestStepPWLCompat compares with a table that Rockpool 3.1.0 has computed: counts, and
// the derivative along given tangents.
func TestStepPWLCompat(t *testing.T) {
	raw, err := os.ReadFile("testdata/step_pwl_table.json")
	if err != nil {
		t.Fatal(err)
	}
	var table struct {
		Inputs, Outputs map[string]struct{ Data []float64 }
	}
	if err := json.Unmarshal(raw, &table); err != nil {
		t.Fatal(err)
	}
	in, out := table.Inputs, table.Outputs
	imem, ispkthr, ireset := in["imem"].Data, in["Ispkthr"].Data, in["Ireset"].Data
	if len(imem) != 160 {
		t.Fatalf("%d rows, want 160", len(imem))
	}
	byBound := map[float64][]int{} // one operation for each bound
	for i, most := range in["max_spikes_per_dt"].Data {
		if most >= 1e300 {
			most = 0 // no bound
		} else if most != math.Trunc(most) || most == 0 {
			t.Fatalf("row %d: bound %v", i, most)
		}
		byBound[most] = append(byBound[most], i)
	}
	for most, rows := range byBound {
		pick := func(v []float64) array {
			a := array{[]int{len(rows)}, nil}
			for _, i := range rows {
				a.data = append(a.data, v[i])
			}
			return a
		}
		s := ops.StepPWL{MaxSpikes: most, Compat: true}
		p := newPlain(t, tensor.Float64, three(s), []int{0, 1, 2}, pick(imem), pick(ispkthr), pick(ireset))
		p.mustRun(t)
		y, d := numbers(p.y), numbers(p.grads[0])
		w := normal(99, len(rows)).data
		for k, i := range rows {
			if want := out["spikes"].Data[i]; y[k] != want {
				t.Errorf("row %d: %v spikes, want %v", i, y[k], want)
			}
			dImem, dThr, dReset := s.Gradient(imem[i], ispkthr[i], ireset[i])
			tangent := float64(dImem*in["tangent_imem"].Data[i]) + float64(dThr*in["tangent_Ispkthr"].Data[i]) + dReset*in["tangent_Ireset"].Data[i]
			if want := out["tangent"].Data[i]; tangent != want {
				t.Errorf("row %d: tangent %v, want %v", i, tangent, want)
			}
			if want := w[k] * dImem; d[k] != want || numbers(p.grads[1])[k] != 0 || numbers(p.grads[2])[k] != 0 {
				t.Errorf("row %d: gradient %v, want %v", i, d[k], want)
			}
		}
	}
}

// TestStepPWLTwin: the default rule is the derivative of the twin, away from the whole x
// where another step of the sum begins; and the twin's count is near the hard one.
func TestStepPWLTwin(t *testing.T) {
	imem := array{shape: []int{40}}
	ispkthr, ireset := array{[]int{40}, nil}, array{[]int{40}, nil}
	for i := range 40 {
		x := -5 + 0.31*float64(i) + 0.003 // never within 1e-3 of a whole number
		ispkthr.data = append(ispkthr.data, 0.5+0.1*float64(i%7))
		imem.data = append(imem.data, ispkthr.data[i]*math.Exp(x))
		ireset.data = append(ireset.data, 0.1)
		if math.Abs(x-math.Round(x)) < 1e-3 {
			t.Fatalf("x[%d] = %v", i, x)
		}
	}
	for _, s := range []ops.StepPWL{{}, {Width: 1}, {MaxSpikes: 3}} {
		twin := s
		twin.Twin = true
		checkGradient(t, three(twin), []int{0, 1}, imem, ispkthr, ireset)
		hard := newPlain(t, tensor.Float64, three(s), []int{0, 1, 2}, imem, ispkthr, ireset)
		soft := newPlain(t, tensor.Float64, three(twin), []int{0, 1, 2}, imem, ispkthr, ireset)
		hard.mustRun(t)
		soft.mustRun(t)
		for k := range 3 {
			if !closeTo(numbers(hard.grads[k]), numbers(soft.grads[k]), 0) {
				t.Errorf("%+v: input %d: the twin has another gradient", s, k)
			}
		}
		counts := numbers(hard.y)
		for i, n := range counts {
			x := math.Log(imem.data[i] / ispkthr.data[i])
			want := max(math.Ceil(x), 0)
			if s.MaxSpikes > 0 {
				want = min(want, s.MaxSpikes)
			}
			if n != want {
				t.Errorf("%+v: x = %v: %v spikes, want %v", s, x, n, want)
			}
		}
	}
}

func TestStepPWLErrors(t *testing.T) {
	g := G.NewGraph()
	x := newNode(g, tensor.Float64, "x", normal(1, 2))
	for _, s := range []ops.StepPWL{{MaxSpikes: -1}, {MaxSpikes: 1.5}, {MaxSpikes: math.NaN()}, {Width: -1}, {Width: math.Inf(1)}, {Width: math.NaN()}} {
		_, err := s.Apply(x, x, x)
		wantError(t, err, ops.ErrValue, "StepPWL with")
	}
	one := array{[]int{2}, []float64{1, 1}}
	for _, bad := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		wrong := array{[]int{2}, []float64{1, bad}}
		for _, in := range [][]array{{wrong, one, one}, {one, wrong, one}} {
			for _, s := range []ops.StepPWL{{}, {Twin: true}, {Compat: true}} {
				wantText(t, "bad current", newPlain(t, tensor.Float64, three(s), []int{0}, in...).run(), "StepPWL at index 1")
			}
		}
	}
}

func wantText(t *testing.T, what string, err error, text string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error, want %q", what, text)
		return
	}
	if got := err.Error(); !strings.Contains(got, text) {
		t.Errorf("%s: error %q, want %q", what, got, text)
	}
}

// TestStepPWLOfAnyCurrents: the count and the gradient end for all numbers, and where all steps
// but one are far below, the closed form is that of this one.
func TestStepPWLOfAnyCurrents(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	odd := []float64{0, -1, inf, -inf, nan, 1e-320, 1e308, 1}
	for _, s := range []ops.StepPWL{{}, {MaxSpikes: 1e15}, {MaxSpikes: 3, Twin: true}, {Twin: true}, {Width: 1e-300}, {Width: 1e300}, {Width: -1, MaxSpikes: -1}, {Width: nan, MaxSpikes: nan}, {Compat: true}} {
		for _, imem := range odd {
			for _, ispkthr := range odd {
				s.Count(imem, ispkthr)
				s.Gradient(imem, ispkthr, 0.5)
			}
		}
	}
	if got := (ops.StepPWL{Twin: true}).Count(1, 0); !math.IsInf(got, 1) {
		t.Errorf("%v spikes above a threshold of 0, want no bound", got)
	}
	if got := (ops.StepPWL{Twin: true, MaxSpikes: 7}).Count(1, 0); got != 7 {
		t.Errorf("%v spikes, want 7", got)
	}
	if d, e, f := (ops.StepPWL{}).Gradient(1, 0, 0.5); d != 0 && !math.IsNaN(d) || e == e && e != 0 || f != 0 {
		t.Errorf("gradient %v, %v, %v above a threshold of 0", d, e, f)
	}
	// S at x = 700 with steps of width 1/100: 700 whole ones, a half, and nothing of the rest.
	if got := (ops.StepPWL{Twin: true, Width: 0.01}).Count(math.Exp(350), math.Exp(-350)); math.Abs(got-700.5) > 1e-9 {
		t.Errorf("%v spikes, want 700.5", got) // ln of e^700 is known to some 1e-13
	}
}
