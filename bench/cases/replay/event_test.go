package replay

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/surge-snn/surge/internal/exit"
)

// TestAnalytical runs the event models by the implicit derivative of every spike.
func TestAnalytical(t *testing.T) {
	var paths []string
	for _, pattern := range []string{"testdata/jaxsnn_*.json", "testdata/oracle_*.json"} {
		match, err := filepath.Glob(pattern)
		if err != nil || len(match) == 0 {
			t.Fatalf("no recorded cases %s: %v", pattern, err)
		}
		paths = append(paths, match...)
	}
	c := Replay{Cases: paths, Check: true, Options: Options{Method: "analytical"}}
	var out, table bytes.Buffer
	if err := c.write(t.Context(), registry, &out, &table); err != nil {
		t.Errorf("%v\n%s", err, table.String())
	}
}

// TestEventCaseErrors holds that bad cases are named.
func TestEventCaseErrors(t *testing.T) {
	const good = `{"model": "event_lif", "params": {"n_spikes": 4, "t_max": 0.04, "tau_syn": 0.005, "tau_mem": 0.01, "v_th": 1, "v_reset": 0},
		"inputs": {"w_in": {"shape": [1, 1], "data": [5]}, "t_in": {"shape": [1], "data": [0.001]}, "idx_in": {"shape": [1], "data": [0]},
		"target": {"shape": [1], "data": [0.01]}, "loss_c": {"shape": [1], "data": [1]}}}`
	for _, test := range []struct{ old, new, want string }{
		{"", "", ""},
		{`"v_reset": 0`, `"v_reset": 1`, "params.v_reset: expected a number less than v_th, found 1"},
		{`"tau_syn": 0.005`, `"tau_syn": 0`, "params.tau_syn: expected a finite number > 0"},
		{`"tau_mem": 0.01`, `"tau_mem": -1`, "params.tau_mem: expected a finite number > 0"},
		{`"t_max": 0.04`, `"t_max": 0`, "params.t_max"},
		{`"data": [0.001]`, `"data": [-0.001]`, "inputs.t_in.data[0]: expected a time >= 0"},
		{`"idx_in": {"shape": [1], "data": [0]}`, `"idx_in": {"shape": [1], "data": [1]}`, "inputs.idx_in: expected sources that exist, or -1, found 1 at index 0"},
		{
			`"t_in": {"shape": [1], "data": [0.001]}, "idx_in": {"shape": [1], "data": [0]}`,
			`"t_in": {"shape": [3], "data": [0.002, 0, 0.001]}, "idx_in": {"shape": [3], "data": [0, -1, 0]}`,
			"inputs.t_in: expected spikes sorted by time, found 0.001 after 0.002 at index 2",
		},
		{`"target": {"shape": [1], "data": [0.01]}`, `"target": {"shape": [2], "data": [0.01, 0]}`, "inputs.target: expected one time for each of the last neurons"},
	} {
		path := filepath.Join(t.TempDir(), "case.json")
		if err := os.WriteFile(path, []byte(strings.Replace(good, test.old, test.new, 1)), 0o644); err != nil {
			t.Fatal(err)
		}
		c := Replay{Cases: []string{path}}
		var out, table bytes.Buffer
		err := c.write(t.Context(), registry, &out, &table)
		if test.want == "" {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), test.want) || exit.Code(err) != 2 {
			t.Errorf("%s: %v (status %d), want %q", test.new, err, exit.Code(err), test.want)
		}
	}
}
