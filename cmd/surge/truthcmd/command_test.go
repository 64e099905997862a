package truthcmd

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/bench/truth"
	"github.com/surge-snn/surge/internal/exit"
)

// surge runs the command line in a new folder with a configuration.
func surge(t *testing.T, config string, args ...string) (stdout string, err error) {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile("c.toml", []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	parser, err := kong.New(&Command{}, kong.Writers(&out, &out), kong.BindTo(t.Context(), (*context.Context)(nil)))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := parser.Parse(append([]string{"--config", "c.toml"}, args...))
	if err != nil {
		return "", err
	}
	err = parsed.Run()
	return out.String(), err
}

// TestRecordedTruth: on inputs of its own the command finds the gradient that was recorded for 4096
// inputs of the same statistics, within four of the two standard errors together; and rule S stands
// to it as recorded, to 0.02 in the cosine and 15 % in the ratio (the errors of the derivatives are
// of some percent).
func TestRecordedTruth(t *testing.T) {
	text, err := os.ReadFile("../../../bench/cases/replay/testdata/dynapsim_truth_ahp.json")
	if err != nil {
		t.Fatal(err)
	}
	var f struct {
		RateHz float64 `json:"rate_hz"`
		Losses map[string]struct {
			Truth, SE map[string]float64
			RuleS     map[string]float64          `json:"rule_S"`
			OneBin    struct{ Value, SE float64 } `json:"truth_Iref_one_bin"`
		}
	}
	if err := json.Unmarshal(text, &f); err != nil {
		t.Fatal(err)
	}
	if f.RateHz != 40 { // the default
		t.Fatalf("rate of %v Hz", f.RateHz)
	}
	names := "Igain_mem,Itau_mem,Ispkthr,Iw_ahp,Iref,If_nmda"
	out, err := surge(t, "[init]\nIref = 2.3e-10\nIpulse_ahp = 3.5e-9\nIw_ahp = 2e-9\n",
		"--rows", "500", "--change", "0.1", "--losses", "count", "--rules", "surge-S", "--params", names, "--out", "r.json", "--json")
	if err != nil {
		t.Fatal(err)
	}
	var r truth.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile("r.json")
	if err != nil {
		t.Fatal(err)
	}
	var again truth.Report
	if err := json.Unmarshal(written, &again); err != nil || again.Losses["count"].Value != r.Losses["count"].Value {
		t.Errorf("the file differs from the output: %v", err)
	}
	l, want := r.Losses["count"], f.Losses["count"]
	within := func(name string, got truth.Estimate, value, se float64) {
		if bound := 4 * math.Hypot(got.SE, se); !(got.SE > 0) || !(math.Abs(got.Value-value) <= bound) {
			t.Errorf("%s: %v +- %v, want %v +- %v", name, got.Value, got.SE, value, se)
		}
	}
	for _, name := range []string{"Igain_mem", "Itau_mem", "Ispkthr", "Iw_ahp"} {
		within(name, l.Truth[name], want.Truth[name], want.SE[name])
	}
	within("Iref", *l.IrefOneBin, want.OneBin.Value, want.OneBin.SE)
	if l.Effect["If_nmda"] != "inactive here" || l.Truth["If_nmda"] != (truth.Estimate{}) || l.Effect["Iw_ahp"] != "active" {
		t.Errorf("effects %v", l.Effect)
	}
	if !slices.Equal(l.Significant, []string{"Igain_mem", "Itau_mem", "Ispkthr", "Iw_ahp"}) {
		t.Fatalf("significant: %v", l.Significant)
	}
	var gg, tt, gt, signs float64
	for _, name := range l.Significant {
		g, e := want.RuleS[name], want.Truth[name]
		gg, tt, gt = gg+g*g, tt+e*e, gt+g*e
		if g*e > 0 {
			signs += 1 / float64(len(l.Significant))
		}
	}
	cos, ratio := gt/math.Sqrt(gg*tt), math.Sqrt(gg/tt)
	j := l.Rules["surge-S"]
	iref := want.RuleS["Iref"] / want.OneBin.Value
	if math.Abs(j.Cosine-cos) > 0.02 || math.Abs(j.Ratio/ratio-1) > 0.15 || j.Signs != signs || math.Abs(j.Iref/iref-1) > 0.15 || !(l.HCheck.Cosine > 0.97) {
		t.Errorf("%+v, want cosine %v, ratio %v, signs %v, Iref %v", j, cos, ratio, signs, iref)
	}
}

// TestReport: every loss and rule, four synapse types, recurrence, and the same report twice.
func TestReport(t *testing.T) {
	const config = "[network]\nneurons = 2\nsynapses = 4\n[init]\nIf_nmda = 1e-11\nw_rec = [[0, 0, 0, 0, 0.3, 0, 0, 0], [0.3, 0, 0, 0, 0, 0, 0, 0]]\n"
	args := []string{"--rows", "6", "--steps", "80", "--rate", "80,10,20,10", "--weight", "1,0.1,1,0.01"}
	first, err := surge(t, config, args...)
	if err != nil {
		t.Fatal(err)
	}
	again, err := surge(t, config, args...)
	if err != nil || first != again {
		t.Errorf("%v\n%s\n%s", err, first, again)
	}
	for _, want := range []string{"count = ", "van_rossum = ", "trace = ", "surge-T", "Itau_shunt", "inactive here", "difference over one step"} {
		if !strings.Contains(first, want) {
			t.Errorf("the table does not say %q:\n%s", want, first)
		}
	}
	other, err := surge(t, config, append(args, "--seed", "2")...)
	if err != nil || other == first {
		t.Errorf("%v: another seed gives the same", err)
	}
}

func TestErrors(t *testing.T) {
	for _, test := range []struct {
		config string
		args   []string
		want   string
	}{
		{"", []string{"--rows", "0"}, "--rows: expected a number > 0, found 0"},
		{"", []string{"--steps", "0"}, "--steps: expected a number > 0, found 0"},
		{"", []string{"--change", "0"}, "--change: expected a number > 0"},
		{"", []string{"--target=-1"}, "--target: expected a number >= 0"},
		{"", []string{"--rate", "1,2"}, "--rate: expected 1 or 1 numbers, found [1 2]"},
		{"", []string{"--rate=-1"}, "--rate: expected finite numbers, and rates >= 0"},
		{"", []string{"--params", "Itau"}, "--params: expected names of parameters, found Itau"},
		{"[init]\nIref = 0", nil, "c.toml: "},
		{"x = 1", nil, "c.toml: x: expected"},
		{"", []string{"--rows", "2", "--steps", "3", "--out", "missing/r.json"}, "--out missing/r.json: "},
	} {
		_, err := surge(t, test.config, test.args...)
		if err == nil || !strings.Contains(err.Error(), test.want) || exit.Code(err) != 2 {
			t.Errorf("%v: %v, want %s", test.args, err, test.want)
		}
	}
}
