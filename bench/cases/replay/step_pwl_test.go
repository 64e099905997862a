package replay

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/surge-snn/surge/bench/cases"
	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/ops"
)

const stepPWLCase = `{"model": "step_pwl", "inputs": {
	"imem": {"shape": [4], "data": [1.5e-9, 2e-8, 3e-10, 2e-8]}, "Ispkthr": {"shape": [4], "data": [1e-9, 1e-9, 2e-9, 1e-9]},
	"Ireset": {"shape": [4], "data": [5e-13, 5e-13, 5e-13, 5e-13]}, "max_spikes_per_dt": {"shape": [4], "data": [1e300, 2, 1e300, 0]},
	"tangent_imem": {"shape": [4], "data": [1e-9, -2e-9, 5e-10, 1e-9]}, "tangent_Ispkthr": {"shape": [4], "data": [-3e-10, 1e-9, 0, 1e-9]}}}`

// TestStepPWLSurge compares the tangent by the rule surge with the difference of the smooth count.
func TestStepPWLSurge(t *testing.T) {
	c, err := cases.Parse("case.json", []byte(stepPWLCase))
	if err != nil {
		t.Fatal(err)
	}
	r, err := stepPWL{}.Run(t.Context(), c, Options{GradientRule: "surge"})
	if err != nil {
		t.Fatal(err)
	}
	x, dx, thr, dthr := c.Inputs["imem"].Data, c.Inputs["tangent_imem"].Data, c.Inputs["Ispkthr"].Data, c.Inputs["tangent_Ispkthr"].Data
	spikes, tangent := r.Outputs["spikes"].Data, r.Outputs["tangent"].Data
	for i, want := range []float64{1, 2, 0, 0} { // ceil ln of 1.5, 20, 0.15; bounds 2 and 0
		if spikes[i] != want {
			t.Errorf("row %d: %v spikes, want %v", i, spikes[i], want)
		}
	}
	for i, most := range []float64{0, 2, 0} { // of ops: 0 is no bound
		twin := ops.StepPWL{MaxSpikes: most, Twin: true}
		at := func(h float64) float64 { return twin.Count(x[i]+float64(h*dx[i]), thr[i]+float64(h*dthr[i])) }
		// The difference is cut off at h²/6 of a third derivative below 1e3, and rounded at
		// 1e-15/h.
		const h = 1e-5
		want := (at(h) - at(-h)) / (2 * h)
		if math.Abs(tangent[i]-want) > 1e-7 || tangent[i] == 0 {
			t.Errorf("row %d: tangent %v, want %v", i, tangent[i], want)
		}
	}
	if tangent[3] != 0 {
		t.Errorf("a bound of 0 has tangent %v, want 0", tangent[3])
	}
}

// TestStepPWLRules runs a recorded case, whose tangents are by Rockpool's rule, by both rules, and
// cases without a current and without a tangent that only the rule surge needs.
func TestStepPWLRules(t *testing.T) {
	recorded, err := os.ReadFile("testdata/step_pwl_table.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		rule, text string
		check      bool
		want       string // of the output, or of the error
	}{
		{"rockpool", string(recorded), true, `"name":"outputs.tangent"`},
		{"surge-T", string(recorded), true, `"name":"outputs.tangent"`},
		{"surge", string(recorded), true, `"check":[{"name":"outputs.spikes"`},
		{"rockpool", strings.Replace(stepPWLCase, "1.5e-9", "0", 1), false, `"data":[0,2,0,0]`},
		{"surge", strings.Replace(stepPWLCase, "1.5e-9", "0", 1), false, "inputs.imem.data[0]: expected a finite number > 0, found 0"},
		{"rockpool", strings.Replace(stepPWLCase, "tangent_Ispkthr", "tangent_Ireset", 1), false, `"data":[1e-09,-2e-09,5e-10,1e-09]`},
		{"surge", strings.Replace(stepPWLCase, "tangent_Ispkthr", "tangent_Ireset", 1), false, "inputs.tangent_Ispkthr: expected shape [4], found nothing"},
	} {
		path := filepath.Join(t.TempDir(), "case.json")
		if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		c := Replay{Cases: []string{path}, Check: test.check, Options: Options{GradientRule: test.rule}}
		var out, table bytes.Buffer
		err := c.write(t.Context(), registry, &out, &table)
		if got := out.String() + fmt.Sprint(err); !strings.Contains(got, test.want) || strings.HasPrefix(test.want, "inputs.") != (exit.Code(err) == 2) {
			t.Errorf("%s: status %d, %s, want %s", test.rule, exit.Code(err), got, test.want)
		}
		if test.rule == "surge" && strings.Contains(out.String(), `"name":"outputs.tangent"`) {
			t.Error("the rule surge was compared with the answers by another rule")
		}
	}
}
