package chip

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/models/dynapse"
)

// TestSamna: what is written is read back as it was, also where only samna's own members are left,
// but for the ids; one neuron is written as Rockpool's samna_alias writes it
// (testdata/samna_neuron.json, by testdata/check_rockpool.py).
func TestSamna(t *testing.T) {
	d := deployed(t)
	var file bytes.Buffer
	if err := d.WriteSamna(&file); err != nil {
		t.Fatal(err)
	}
	again, err := ReadSamna(bytes.NewReader(file.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	plain := func(d *Device) string { // wanted currents and places of chips are not in the file
		for _, chip := range d.Chips {
			for _, core := range chip.Cores {
				for name, p := range core.Parameters {
					p.Wanted = p.Current
					core.Parameters[name] = p
				}
			}
		}
		text, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if a, b := plain(d), plain(again); a != b {
		t.Errorf("got\n%s\nwant\n%s", b, a)
	}
	var own map[string]any
	if err := json.Unmarshal(file.Bytes(), &own); err != nil {
		t.Fatal(err)
	}
	delete(own, "surge")
	text, err := json.Marshal(own)
	if err != nil {
		t.Fatal(err)
	}
	bare, err := ReadSamna(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(bare.Inputs) != len(d.Inputs) {
		t.Errorf("%d inputs, want %d", len(bare.Inputs), len(d.Inputs))
	}
	golden, err := os.ReadFile("testdata/samna_neuron.json")
	if err != nil {
		t.Fatal(err)
	}
	var want struct{ Value0 any }
	if err := json.Unmarshal(golden, &want); err != nil {
		t.Fatal(err)
	}
	cell := Cell{
		DC: true, Adaptation: true, Type: Exponential,
		Synapses:     []Synapse{{Tag: 7, Weight: 5, Dendrite: AMPA}, {Tag: 2047, Weight: 8, Dendrite: SHUNT}},
		Destinations: []Destination{{[4]bool{true, true, true, true}, -7, -7, 3}, {[4]bool{2: true}, 1, 0, 9}},
	}
	text, err = json.Marshal(samnaNeuron(cell))
	if err != nil {
		t.Fatal(err)
	}
	var got any
	if err := json.Unmarshal(text, &got); err != nil || !reflect.DeepEqual(got, want.Value0) {
		t.Errorf("%v\ngot  %v\nwant %v", err, got, want.Value0)
	}
}

// TestRockpool: the quantised specification of a device makes the device again, but for the order
// of tags and what was wanted: the same network.
func TestRockpool(t *testing.T) {
	d := deployed(t)
	var file bytes.Buffer
	if err := d.WriteRockpool(&file); err != nil {
		t.Fatal(err)
	}
	s, err := ReadRockpool(bytes.NewReader(file.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	again, err := Deploy(s.Network, s.Codes, DeploySettings{})
	if err != nil {
		t.Fatal(err)
	}
	n, in, err := d.Network()
	if err != nil {
		t.Fatal(err)
	}
	m, other, err := again.Network()
	if err != nil || !reflect.DeepEqual(n.WRec, m.WRec) || !reflect.DeepEqual(in, other) {
		t.Errorf("%v: weights differ", err)
	}
	for p := range n.Params {
		if !reflect.DeepEqual(n.Params[p], m.Params[p]) {
			t.Errorf("parameter %d: %v, want %v", p, m.Params[p], n.Params[p])
		}
	}
	for text, want := range map[string]string{
		"{}": "no core_map",
		`{"Itau_mem": [1e-12, 2e-12], "w_rec": [[0, 1], [1]]}`: "w_rec",
		`{"Itau_mem": [1e-12, 2e-12], "w_rec": [[1]]}`:         "Itau_mem has 2 values for 1 neurons",
		`{"Itau_mem": -1}`:                       "Itau_mem",
		`{"Itau_mem": 1e-12, "w_rec": [[0, 1]]}`: "1 rows for 2 neurons",
		"[":                                      "bad device configuration",
		`{"core_map": [0.5]}`:                    "core_map[0] is 0.5",
		`{"core_map": [0]}`:                      "no Idc",
		`{"core_map": [0], "Idc":1}`:             "Idc:",
	} {
		if _, err := ReadRockpool(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// TestNeuronSpecification: a dictionary of neurons, with currents and weights by their names, in
// JSON and as arrays.
func TestNeuronSpecification(t *testing.T) {
	list := []files.Array{
		{Name: "Itau_mem", Shape: []int{2}, Data: []float64{3e-12, 4e-12}}, {Name: "Ispkthr", Data: []float64{2e-7}}, {Name: "C_mem", Shape: []int{1}, Data: []float64{2e-12}},
		{Name: "w_in", Shape: []int{3, 2}, Data: []float64{1, 0, 0, 1, 0.5, -0.5}}, {Name: "w_rec", Shape: []int{2, 2}, Data: []float64{0, 0.3, -0.2, 0}}, {Name: "bias", Shape: []int{2}, Data: []float64{0, 0}},
	}
	name := filepath.Join(t.TempDir(), "spec.npz")
	if err := files.WriteArrays(name, list); err != nil {
		t.Fatal(err)
	}
	raw, err := files.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	text := `{"Itau_mem": [3e-12, 4e-12], "Ispkthr": 2e-7, "C_mem": [2e-12], "w_in": [[1, 0], [0, 1], [0.5, -0.5]], "w_rec": [[0, 0.3], [-0.2, 0]], "bias": [0, 0]}`
	for name, content := range map[string][]byte{"spec.npz": raw, "spec.json": []byte(text)} {
		s, err := ParseRockpool(name, content)
		if err != nil {
			t.Fatal(err)
		}
		n := s.Network
		if n.N != 2 || !reflect.DeepEqual(s.Core, []int{0, 0}) || !reflect.DeepEqual(n.WRec, list[4].Data) || s.In.Pre != 3 || s.In.Post != 2 || !reflect.DeepEqual(s.In.W, list[3].Data) ||
			!reflect.DeepEqual(n.Params[dynapse.ItauMem], list[0].Data) || !reflect.DeepEqual(n.Params[dynapse.Ispkthr], []float64{2e-7}) || !reflect.DeepEqual(n.Params[dynapse.CMem], []float64{2e-12}) {
			t.Errorf("%s: %+v", name, s)
		}
	}
	if _, err := ParseRockpool("spec.npz", raw[:len(raw)/2]); !errors.Is(err, ErrDevice) {
		t.Errorf("half a file: %v", err)
	}
}

// FuzzInterchange reads arbitrary files of other programs.
func FuzzInterchange(f *testing.F) {
	d := deployed(f)
	var a bytes.Buffer
	if err := d.WriteRockpool(&a); err != nil {
		f.Fatal(err)
	}
	f.Add(a.Bytes())
	f.Add([]byte(`{"value0": {"chips": [{"cores": {"value0": {"neurons": {"value3": {"synapses": {"value0": {"dendrite": 512, "weight": {"value1": true}, "tag": 4}}}}, "parameters": [{"key": "SOIF_LEAK_N", "value": {"coarseValue": 1, "fineValue": 3}}]}}}]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if d, err := ReadSamna(bytes.NewReader(text)); err == nil {
			if err := d.Check(); err != nil {
				t.Fatal(err)
			}
			_, _, _ = d.Network()
		}
		if s, err := ReadRockpool(bytes.NewReader(text)); err == nil && s.Codes == nil {
			if _, err := s.Network.Params.Expand(s.Network.N); err != nil && !errors.Is(err, dynapse.ErrParameter) {
				t.Fatal(err)
			}
		}
		_, _ = ParseRockpool("spec.npz", text)
	})
}

// TestMany: chips beyond a board, and objects with more members or levels than a configuration has,
// are errors.
func TestMany(t *testing.T) {
	members := make([]string, mostMembers+1)
	for i := range members {
		members[i] = fmt.Sprintf(`"value%d": {}`, i)
	}
	object := "{" + strings.Join(members, ",") + "}"
	for text, want := range map[string]string{
		`{"value0": {"chips": [{}, {}, {}, {}, {}]}}`: "5 chips, want at most 4",
		object: "at most 1024 members",
		`{"value0": {"chips": [{"cores": {"value0": {"neurons": ` + object + `}}}]}}`: "at most 1024 members",
		strings.Repeat("[", 65): "64 levels",
	} {
		_, samna := ReadSamna(strings.NewReader(text))
		_, rockpool := ReadRockpool(strings.NewReader(text))
		for _, err := range []error{samna, rockpool} {
			if !errors.Is(err, ErrDevice) || !strings.Contains(err.Error(), want) && (want[0] != '5' || err == samna) {
				t.Errorf("%.60s: %v, want ErrDevice with %q", text, err, want)
			}
		}
	}
}
