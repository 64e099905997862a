package chip

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/surge-snn/surge/models/dynapse"
)

// TestLatches: a neuron with a weight of the adaptation adapts, and its core has the cascode for
// it; a file of version 1, without latches, stands for the network that it stood for.
func TestLatches(t *testing.T) {
	n := dynapse.Network{N: 2}
	n.Params[dynapse.IwAHP] = []float64{2e-9, dynapse.IwAHP.Default()}
	q, err := Quantise(Weights{Pre: 2, Post: 2, W: []float64{1, 0, 0, 1}}, Weights{}, []int{0, 1}, QuantiseSettings{Starts: 5, DAC: true})
	if err != nil {
		t.Fatal(err)
	}
	d, err := Deploy(n, q, DeploySettings{})
	if err != nil {
		t.Fatal(err)
	}
	for j, core := range d.Chips[0].Cores {
		cell, cascode := core.Neurons[0], core.Parameters[Cascode]
		if on := j == 0; cell.Adaptation != on || cell.Type != Thresholded || (cascode.Code == CascodeCode) != on {
			t.Errorf("neuron %d: %+v, cascode %v", j, cell, cascode)
		}
	}
	var file bytes.Buffer
	if err := d.Write(&file); err != nil {
		t.Fatal(err)
	}
	var former map[string]any
	if err := json.Unmarshal(file.Bytes(), &former); err != nil {
		t.Fatal(err)
	}
	former["format"] = formerFormat
	for _, chip := range former["chips"].([]any) {
		for _, core := range chip.(map[string]any)["cores"].([]any) {
			delete(core.(map[string]any)["parameters"].(map[string]any), Cascode)
			for _, cell := range core.(map[string]any)["neurons"].([]any) {
				delete(cell.(map[string]any), "adaptation")
				delete(cell.(map[string]any), "type")
			}
		}
	}
	text, err := json.Marshal(former)
	if err != nil {
		t.Fatal(err)
	}
	old, err := ReadDevice(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	net, _, err := old.Network()
	if err != nil || net.Params[dynapse.IwAHP][1] == 0 { // all currents acted
		t.Errorf("%v, Iw_ahp %v", err, net.Params[dynapse.IwAHP])
	}
	if now, _, err := d.Network(); err != nil || now.Params[dynapse.IwAHP][1] != 0 || now.Params[dynapse.IwAHP][0] != net.Params[dynapse.IwAHP][0] {
		t.Errorf("%v, Iw_ahp %v", err, now.Params[dynapse.IwAHP])
	}
	if _, err := ReadDevice(strings.NewReader(strings.Replace(file.String(), `"thresholded"`, `"leaky"`, 1))); err == nil || !strings.Contains(err.Error(), `type "leaky", want thresholded or exponential`) {
		t.Error(err)
	}
}

// TestTagsAreUnique: two sources have two tags, whether their events meet or not.
func TestTagsAreUnique(t *testing.T) {
	in := Codes{Pre: 2, Post: 2, Code: []uint8{1, 0, 0, 1}, Sign: []int8{1, 0, 0, 1}}
	rec := Codes{Pre: 2, Post: 2, Code: []uint8{1, 0, 0, 1}, Sign: []int8{1, 0, 0, 1}}
	n, q := coded(in, rec, []int{0, 4})
	d, err := Deploy(n, q, DeploySettings{})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for _, c := range d.Inputs {
		seen[c.Destinations[0].Tag] = true
	}
	for _, chip := range d.Chips {
		for _, to := range chip.Cores[0].Neurons[0].Destinations {
			if !to.Monitors() {
				seen[to.Tag] = true
			}
		}
	}
	if len(seen) != 4 {
		t.Errorf("tags %v, want four", seen)
	}
}
