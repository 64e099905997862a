package experiment

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/models/dynapse"
)

// TestDC: all ways to say which constant current was set, in factors of Idc, [T, B, N].
func TestDC(t *testing.T) {
	n := dynapse.Network{N: 2}
	n.Params[dynapse.Idc] = []float64{2e-12, 4e-12}
	list := func(x ...float64) files.Array {
		return files.Array{Name: dcName, Shape: []int{rows, len(x) / rows, 1}, Data: x}
	}
	steady := func(a, b float64) func(row, step int) [2]float64 {
		return func(row, _ int) [2]float64 { x := [2]float64{a, b}[row]; return [2]float64{x / 2e-12, x / 4e-12} }
	}
	same := func(x float64) []float64 { return slices.Repeat([]float64{x}, steps) }
	step := list(append(same(1e-12), same(3e-12)...)...)
	for name, c := range map[string]struct {
		key    any
		arrays []files.Array
		unit   string
		want   func(row, step int) [2]float64 // of both neurons
	}{
		"number":  {key: 8e-12, want: steady(8e-12, 8e-12)},
		"whole":   {key: int64(0), want: steady(0, 0)},
		"rows":    {key: []any{1e-12, 3e-12}, want: steady(1e-12, 3e-12)},
		"array":   {arrays: []files.Array{step}, want: steady(1e-12, 3e-12)},
		"unit":    {arrays: []files.Array{list(append(same(1), same(3)...)...)}, unit: "pA", want: steady(1e-12, 3e-12)},
		"one row": {arrays: []files.Array{{Name: dcName, Shape: []int{steps, 1}, Data: same(5e-12)}}, want: steady(5e-12, 5e-12)},
		"each": {arrays: []files.Array{{Name: dcName, Shape: []int{steps, 2}, Data: slices.Repeat([]float64{2e-12, 2e-11}, steps)}},
			want: func(int, int) [2]float64 { return [2]float64{1, 5} }},
		"steps": {key: []any{[]any{3e-3, 8e-12}, []any{int64(0), 0.0}}[:1], want: func(_, step int) [2]float64 {
			if step < 3 { // it is Idc up to there
				return [2]float64{1, 1}
			}
			return [2]float64{4, 2}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			path := t.TempDir() + "/a.npz"
			if err := files.WriteArrays(path, append([]files.Array{array("vmem", 2)}, c.arrays...)); err != nil {
				t.Fatal(err)
			}
			target := Target{DC: c.key}
			if c.unit != "" {
				target.Unit = map[string]string{dcName: c.unit}
			}
			r, err := ReadRecording(path, n, target)
			if err != nil {
				t.Fatal(err)
			}
			for i, x := range r.DC {
				j, b, s := i%2, i/2%rows, i/2/rows
				if want := c.want(b, s)[j]; len(r.DC) != rows*steps*2 || !(x >= want*(1-1e-12) && x <= want*(1+1e-12)) {
					t.Fatalf("row %d, step %d, neuron %d: %v, want %v", b, s, j, x, want)
				}
			}
			if slices.Max(r.Input) > 0 || len(r.Input) != len(r.DC) {
				t.Errorf("input of %d samples where nothing came in", len(r.Input))
			}
		})
	}
}

// TestDCColumn: a column at another sampling rate goes on until it changes, in its unit.
func TestDCColumn(t *testing.T) {
	text := "time,dc,vmem\nms,nA,mV\n0,1,10\n1,1,11\n2,,12\n3,2,13\n6,1,14\n"
	r, err := ParseRecording("a.csv", []byte(text), dynapse.Network{N: 1}, Target{})
	if err != nil {
		t.Fatal(err)
	}
	want := []float64{1, 1, 1, 2, 2, 2, 1}
	for i, x := range r.DC {
		if w := want[i] * 1e-9 / dynapse.Idc.Default(); len(r.DC) != len(want) || !(x > w*(1-1e-12) && x < w*(1+1e-12)) {
			t.Errorf("step %d: %v, want %v", i, x, w)
		}
	}
}

// TestBadDC: what is no current says so in one line.
func TestBadDC(t *testing.T) {
	config := "[network]\nneurons = 1\n[init]\nIdc = %v\n[fit]\nparameters = [\"Itau_mem\"]\n[[target]]\nfile = \"target.npz\"\n%s"
	for _, c := range []struct{ idc, line, want string }{
		{"1e-12", "dc = -1", "target.npz: dc: expected currents from 0 to 0.001 A, found -1"},
		{"1e-12", "dc = 1.0", "target.npz: dc: expected currents from 0 to 0.001 A, found 1"},
		{"1e-12", "dc = \"1\"", "fit.toml: target[0].dc: expected a current in A, one for each of the 2 rows, or steps [[time, A], ...] in the order of their times, s, found 1"},
		{"1e-12", "dc = []", "in the order of their times"},
		{"1e-12", "dc = [1e-12]", "one for each of the 2 rows"},
		{"1e-12", "dc = [1e-12, [0.1, 2]]", "one for each of the 2 rows"},
		{"1e-12", "dc = [[0.002, 1e-12], [0.001, 1e-12]]", "in the order of their times"},
		{"1e-12", "dc = [[0.1, 1e-12]]", "in the order of their times"}, // behind the end
		{"1e-12", "dc = nan", "one for each of the 2 rows"},
		{"0.0", "dc = 1e-12", "fit.toml: target[0].dc: expected Idc > 0 under [init], or none: dc is a current in place of it, found Idc = 0"},
		{"1e-12", "dc = 1e-12\nclasses = [0]", "target[0].dc: expected a member that goes with classes"},
	} {
		folder(t, fmt.Sprintf(config, c.idc, c.line), array("vmem", 1))
		if _, err := Read("fit.toml", Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.line, err, c.want)
		}
	}
	folder(t, fmt.Sprintf(config, "1e-12", "dc = 1e-12"), array("vmem", 1), array(dcName, 1))
	if _, err := Read("fit.toml", Options{}); err == nil || !strings.Contains(err.Error(), "expected dc here or in target.npz, found both") {
		t.Error(err)
	}
	folder(t, fmt.Sprintf(config, "1e-12", "unit = {dc = \"mV\"}"), array("vmem", 1), array(dcName, 1))
	if _, err := Read("fit.toml", Options{}); err == nil || !strings.Contains(err.Error(), "target[0].unit.dc: expected A, mA, uA, nA, pA or fA, found mV") {
		t.Error(err)
	}
	folder(t, fmt.Sprintf(config, "1e-12", ""), array("vmem", 1), array(dcName, 3))
	if _, err := Read("fit.toml", Options{}); err == nil || !strings.Contains(err.Error(), "target.npz: dc: expected shape [2, 20, 1]") {
		t.Error(err)
	}
}
