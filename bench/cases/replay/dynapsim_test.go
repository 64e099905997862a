package replay

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/surge-snn/surge/bench/cases"
	"github.com/surge-snn/surge/models/dynapse"
)

// smallDynapSim is one neuron at the defaults over 40 bins with a spike in every fourth, and the
// loss of all spikes. more are members of inputs.
func smallDynapSim(params, more string) string {
	bins := make([]string, 40)
	for i := range bins {
		if bins[i] = "0"; i%4 == 0 {
			bins[i] = "1"
		}
	}
	input := `{"shape": [1, 40, 1], "data": [` + strings.Join(bins, ",") + `]}`
	a := `{"shape": [1, 40, 1], "data": [1` + strings.Repeat(",1", 39) + `]}`
	return fmt.Sprintf(`{"model": "dynapsim", "params": {%s}, "inputs": {"input": %s, "A": %s%s}}`, params, input, a, more)
}

// TestDynapSimInactive: what has no effect at the defaults has a gradient of exactly zero, with
// either engine.
func TestDynapSimInactive(t *testing.T) {
	zero := map[string]bool{
		"If_nmda": true, "Igain_ahp": true, "Ipulse_ahp": true, "Itau_ahp": true, "Iw_ahp": true, "C_ahp": true, "C_pulse_ahp": true,
	}
	for _, engine := range []string{"fused", "unrolled"} {
		out, err := evaluate(t, t.Context(), dynapSim{}, Replay{Options: Options{Engine: engine}}, smallDynapSim(`"gradient_rule": "surge-S"`, ""))
		if err != nil {
			t.Fatal(err)
		}
		var r struct {
			Outputs map[string]cases.Tensor
			Grads   map[string]map[string]cases.Tensor
		}
		if err := json.Unmarshal([]byte(out), &r); err != nil {
			t.Fatal(err)
		}
		if r.Outputs["loss_spikes"].Data[0] == 0 {
			t.Errorf("%s: no spikes", engine)
		}
		for name, g := range r.Grads["spikes"] {
			if name != "input" && zero[name] != (g.Data[0] == 0) {
				t.Errorf("%s: gradient of %s is %v", engine, name, g.Data[0])
			}
		}
	}
}

// TestDynapSimOneRow: input without the axis of the batch is one row, and all that comes out is
// without it too.
func TestDynapSimOneRow(t *testing.T) {
	one := smallDynapSim(`"gradient_rule": "surge-S"`, "")
	text, err := evaluate(t, t.Context(), dynapSim{}, Replay{}, one)
	if err != nil {
		t.Fatal(err)
	}
	flat, err := evaluate(t, t.Context(), dynapSim{}, Replay{}, strings.ReplaceAll(one, "[1, 40, 1]", "[40, 1]"))
	if err != nil {
		t.Fatal(err)
	}
	var a, b struct {
		Outputs map[string]cases.Tensor
		Grads   map[string]map[string]cases.Tensor
	}
	for text, dst := range map[string]any{text: &a, flat: &b} {
		if err := json.Unmarshal([]byte(text), dst); err != nil {
			t.Fatal(err)
		}
	}
	a.Grads["outputs"], b.Grads["outputs"] = a.Outputs, b.Outputs
	for loss, tensors := range a.Grads {
		for name, want := range tensors {
			got := b.Grads[loss][name]
			shape := want.Shape
			if _, param := dynapse.ParseParam(name); param != nil && len(shape) > 1 {
				shape = shape[1:] // of records, states and the input
			}
			if !slices.Equal(got.Shape, shape) || !slices.Equal(got.Data, want.Data) {
				t.Errorf("%s.%s: shape %v, want %v; %v, want %v", loss, name, got.Shape, shape, got.Data, want.Data)
			}
		}
	}
}

func TestDynapSimErrors(t *testing.T) {
	for _, test := range []struct{ params, more, want string }{
		{`"N": 2`, "", "a.json: inputs.input: expected shape [any, any, 2] or [any, 2], found shape [1, 40, 1]"},
		{`"percent_mismatch": 0.1`, "", "a.json: params.percent_mismatch: expected null"},
		{`"gradient_rule": "best"`, "", "a.json: params.gradient_rule: expected one of rockpool, surge-S, surge-T, surge-mixed, surge"},
		{`"recurrent": true`, "", "a.json: inputs.w_rec: expected shape [1, 1], found nothing"},
		{``, `, "Iref": {"shape": [1], "data": [0]}`, "a.json: inputs.Iref.data[0]: expected a finite number > 0, found 0"},
		{``, `, "Itau_mem": {"shape": [2], "data": [1, 1]}`, "a.json: inputs.Itau_mem: expected shape [1] or [1] or [], found shape [2]"},
		{``, `, "state0_imem": {"shape": [1], "data": [-1]}`, "a.json: inputs.state0_imem.data[0]: expected a finite number > 0, found -1"},
		{``, `, "Iscale": {"shape": [1], "data": [1e299]}`, "dynapse: state is not finite: step 0, row 0, neuron 0"},
	} {
		out, err := evaluate(t, t.Context(), dynapSim{}, Replay{}, smallDynapSim(test.params, test.more))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s%v\nwant %s", out, err, test.want)
		}
	}
	_, err := evaluate(t, t.Context(), dynapSim{}, Replay{Check: true, Options: Options{Twin: true}}, smallDynapSim("", ""))
	if err == nil || !strings.Contains(err.Error(), "--check: expected no --twin") {
		t.Error(err)
	}
}
