package replay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/surge-snn/surge/bench/cases"
	"github.com/surge-snn/surge/internal/exit"
)

// Small cases of the three models, with losses.
const (
	smallExpSyn = `{"model": "expsyn", "params": {"N": 2, "batch": 1, "T": 2, "dt": 0.001, "noise_std": 0}, "inputs": {
		"tau": {"shape": [2], "data": [0.01, 0.02]}, "input": {"shape": [1, 2, 2], "data": [1, 2, 3, 4]},
		"isyn0": {"shape": [2], "data": [0, 1]}, "target": {"shape": [1, 2, 2], "data": [0, 0, 0, 0]}}}`
	smallAlpha = `{"model": "alphasynapse", "params": {"n_in": 2, "n_out": 1, "batch": 1, "T": 2, "dt": 1, "tau_decay": 5,
		"g_syn_bar": 0.5, "syn_rest": -60, "resist_scale": 1, "is_nonplastic": false}, "inputs": {
		"weights": {"shape": [2, 1], "data": [1, 2]}, "inputs": {"shape": [2, 1, 2], "data": [1, 0, 1, 1]},
		"v": {"shape": [2, 1, 1], "data": [-50, -40]}, "loss_weights": {"shape": [2, 1, 1], "data": [1, -1]}}}`
	smallWTAS = `{"model": "wtas", "params": {"n_units": 2, "batch": 1, "T": 2, "dt": 1, "t0": 0, "tau_m": 10, "resist_m": 1,
		"thr_base": 0.4, "thr_gain": 0.01, "refract_time": 1, "thr_jitter": 0, "surrogate": "fast_sigmoid", "surrogate_params": {"slope": 10}}, "inputs": {
		"j": {"shape": [2, 1, 2], "data": [1, 0, 0, 0.1]}, "thr0": {"shape": [1, 2], "data": [0.4, 0.5]},
		"loss_weights": {"shape": [2, 1, 2], "data": [1, -1, 0.5, 2]}}}`
)

// one evaluates the case text and returns its result or its error.
func one(t testing.TB, text string, o Options) (*cases.Result, error) {
	t.Helper()
	c, err := cases.Parse("case.json", []byte(text))
	if err != nil {
		return nil, err
	}
	m, err := lookup(registry, c)
	if err != nil {
		return nil, err
	}
	r, err := m.Run(t.Context(), c, o)
	if err != nil {
		return nil, named("case.json", err)
	}
	return r, nil
}

// TestSynapseCasesReject holds the error of every kind of case that is not valid: one line that
// names file, member, what was expected and what was found, and exit status 2, under both engines.
func TestSynapseCasesReject(t *testing.T) {
	for _, test := range []struct{ name, text, old, new, want string }{
		{"no dt", smallExpSyn, `"dt": 0.001, `, ``, `params.dt: expected a finite number > 0, found nothing`},
		{"dt 0", smallExpSyn, `"dt": 0.001`, `"dt": 0`, `params.dt: expected a finite number > 0, found 0`},
		{"tau 0", smallExpSyn, `[0.01, 0.02]`, `[0.01, 0]`, `inputs.tau.data[1]: expected a finite number > 0, found 0`},
		{"tau infinite", smallExpSyn, `[0.01, 0.02]`, `[0.01, 1e300]`, `inputs.tau.data[1]: expected a finite number > 0, found 1e300`},
		{"three taus", smallExpSyn, `"tau": {"shape": [2], "data": [0.01, 0.02]`, `"tau": {"shape": [3], "data": [1, 1, 1]`, `inputs.tau: expected shape [] or [2], found shape [3]`},
		{"no tau", smallExpSyn, `"tau": {"shape": [2], "data": [0.01, 0.02]},`, ``, `inputs.tau: expected shape [] or [2], found nothing`},
		{"NaN", smallExpSyn, `[1, 2, 3, 4]`, `[1, NaN, 3, 4]`, `inputs.input.data[1] (line 2): expected JSON`},
		{"no state", smallExpSyn, `"isyn0": {"shape": [2], "data": [0, 1]}, `, ``, `inputs.isyn0: expected shape [2], found nothing`},
		{"another batch", smallExpSyn, `"batch": 1`, `"batch": 3`, `inputs.input: expected shape [3, 2, 2], found shape [1, 2, 2]`},
		{"half a batch", smallExpSyn, `"batch": 1`, `"batch": 0.5`, `params.batch: expected a whole number`},
		{"target of other shape", smallExpSyn, `"target": {"shape": [1, 2, 2]`, `"target": {"shape": [2, 1, 2]`, `inputs.target: expected shape [1, 2, 2], found shape [2, 1, 2]`},
		{"noise below 0", smallExpSyn, `"noise_std": 0`, `"noise_std": -1`, `params.noise_std: expected a finite number >= 0, found -1`},
		{"1 GB", smallExpSyn, `"shape": [1, 2, 2], "data": [1, 2, 3, 4]`, `"shape": [1, 2, 67108864], "data": [1, 2, 3, 4]`, `inputs.input.data: expected 134217728 numbers for shape [1, 2, 67108864], found 4`},
		{"unknown parameter", smallExpSyn, `"dt"`, `"tau_mem": 1, "dt"`, `tau_mem`},
		{"no steps", smallExpSyn, `"T": 2, "dt": 0.001, "noise_std": 0}, "inputs": {`, `"dt": 0.001}, "inputs": {`, ``},

		{"tau_decay 0", smallAlpha, `"tau_decay": 5`, `"tau_decay": 0`, `params.tau_decay: expected a finite number > 0, found 0`},
		{"tau_decay as text", smallAlpha, `"tau_decay": 5`, `"tau_decay": "5"`, `params.tau_decay: expected a finite number > 0, found`},
		{"no conductance", smallAlpha, `"g_syn_bar": 0.5,`, ``, `params.g_syn_bar: expected a finite number, found nothing`},
		{"is_nonplastic 1", smallAlpha, `"is_nonplastic": false`, `"is_nonplastic": 1`, `params.is_nonplastic: expected true or false, found 1`},
		{"no voltage", smallAlpha, `"v": {"shape": [2, 1, 1], "data": [-50, -40]}`, `"v": null`, `inputs.v: expected shape [2, 1, 1], found null`},
		{"transposed weights", smallAlpha, `"weights": {"shape": [2, 1]`, `"weights": {"shape": [1, 2]`, `inputs.weights: expected shape [2, 1], found shape [1, 2]`},
		{"no weights", smallAlpha, `"weights": {"shape": [2, 1], "data": [1, 2]},`, ``, `inputs.weights: expected shape [2, 1], found nothing`},
		{"nothing in it", smallAlpha, `"n_in": 2, "n_out": 1, "batch": 1, "T": 2, "dt": 1`, `"dt": 1`, ``},
		{"unknown input", smallAlpha, `"v":`, `"voltage":`, `voltage`},

		{"tau_m 0", smallWTAS, `"tau_m": 10`, `"tau_m": 0`, `params.tau_m: expected a finite number > 0, found 0`},
		{"refract_time below 0", smallWTAS, `"refract_time": 1`, `"refract_time": -1`, `params.refract_time: expected a finite number >= 0, found -1`},
		{"no thresholds", smallWTAS, `"thr0": {"shape": [1, 2], "data": [0.4, 0.5]},`, ``, `inputs.thr0: expected shape [1, 2], found nothing`},
		{"a vector of thresholds", smallWTAS, `"thr0": {"shape": [1, 2]`, `"thr0": {"shape": [2]`, `inputs.thr0: expected shape [1, 2], found shape [2]`},
		{"unknown surrogate", smallWTAS, `"fast_sigmoid"`, `"relu"`, `params.surrogate: expected one of fast_sigmoid,`},
		{"slope 0", smallWTAS, `"slope": 10`, `"slope": 0`, `params.surrogate_params.slope: expected a finite number > 0, found 0`},
		{"slope 1e200", smallWTAS, `"slope": 10`, `"slope": 1e200`, `params.surrogate_params: expected `},
		{"slope misspelt", smallWTAS, `"slope"`, `"slop"`, `params.surrogate_params.slop: expected one of slope`},
		{"no units", smallWTAS, `"j": {"shape": [2, 1, 2], "data": [1, 0, 0, 0.1]}`, `"j": {"shape": [2, 1, 0], "data": []}`, `inputs.j: expected shape [2, 1, 2], found shape [2, 1, 0]`},
	} {
		text := strings.Replace(test.text, test.old, test.new, 1)
		if text == test.text {
			t.Errorf("%s: nothing was replaced", test.name)
		}
		for _, engine := range []string{"fused", "unrolled"} {
			_, err := one(t, text, Options{Engine: engine})
			if test.want == "" { // parameters that only repeat what shapes say
				if err != nil {
					t.Errorf("%s, %s: %v", test.name, engine, err)
				}
				continue
			}
			if exit.Code(err) != 2 || strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), "case.json: ") || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s, %s: exit status %d: %v\nwant case.json: ... %s", test.name, engine, exit.Code(err), err, test.want)
			}
		}
	}
	for name, text := range map[string]string{
		"expsyn":       strings.NewReplacer(`[1, 2, 2], "data": [1, 2, 3, 4]`, `[0, 2, 2], "data": []`, `"batch": 1`, `"batch": 0`).Replace(smallExpSyn),
		"alphasynapse": strings.NewReplacer(`[2, 1, 2], "data": [1, 0, 1, 1]`, `[0, 1, 2], "data": []`, `"T": 2`, `"T": 0`).Replace(smallAlpha),
		"wtas":         strings.NewReplacer(`[2, 1, 2], "data": [1, 0, 0, 0.1]`, `[0, 1, 2], "data": []`, `"T": 2`, `"T": 0`).Replace(smallWTAS),
	} {
		if _, err := one(t, text, Options{}); exit.Code(err) != 2 || !strings.Contains(err.Error(), "expected extents > 0, found shape [0, ") {
			t.Errorf("%s without data: %v", name, err)
		}
	}
}

// What a case does not have to say.
func TestSynapseCasesDefaults(t *testing.T) {
	for _, test := range []struct{ text, old, new string }{
		{smallExpSyn, `"noise_std": 0`, `"noise_std": null`},
		{smallExpSyn, `{"shape": [2], "data": [0, 1]}`, `{"shape": [2], "data": [0, 0]}`},
		{smallAlpha, `"resist_scale": 1`, `"resist_scale": null`},
		{smallWTAS, `"tau_m": 10`, `"tau_m": null`},
		{smallWTAS, `"resist_m": 1`, `"resist_m": null`},
	} {
		a, err := one(t, strings.Replace(test.text, test.old, test.new, 1), Options{})
		if err != nil {
			t.Fatal(err)
		}
		text := test.text
		if strings.Contains(test.old, "shape") { // a state at rest
			text = strings.Replace(text, test.old, "null", 1)
		}
		b, err := one(t, text, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(a) != fmt.Sprint(b) {
			t.Errorf("%s: result\n%v\nwant\n%v", test.new, a, b)
		}
	}
}

// On the twin the gradients are the derivatives of the loss: central differences with a step of
// 1e-6 of numbers of order 1, whose rounding error is 1e-10 and whose truncation error, 1e-12 of
// the third derivative (slope², 100, at most), is below.
func TestTwinGradients(t *testing.T) {
	for name, text := range map[string]string{"wtas": smallWTAS, "alphasynapse": smallAlpha, "expsyn": smallExpSyn} {
		for _, engine := range []string{"fused", "unrolled"} {
			o := Options{Engine: engine, Twin: true}
			var file map[string]any
			if err := json.Unmarshal([]byte(text), &file); err != nil {
				t.Fatal(err)
			}
			at := func() *cases.Result {
				b, err := json.Marshal(file)
				if err != nil {
					t.Fatal(err)
				}
				r, err := one(t, string(b), o)
				if err != nil {
					t.Fatal(err)
				}
				return r
			}
			loss, output := "sum", "loss_sum"
			if name == "expsyn" {
				loss, output = cases.NoLoss, "loss"
			}
			result := at()
			if len(result.Grads[loss]) == 0 {
				t.Fatalf("%s: no gradients", name)
			}
			for variable, d := range result.Grads[loss] {
				in, isInput := file["inputs"].(map[string]any)[variable]
				for i, want := range d.Data {
					var x float64
					var set func(float64)
					if isInput {
						data := in.(map[string]any)["data"].([]any)
						x, set = data[i].(float64), func(v float64) { data[i] = v }
					} else {
						params := file["params"].(map[string]any)
						x, set = params[variable].(float64), func(v float64) { params[variable] = v }
					}
					h := 1e-6 * max(math.Abs(x), 1e-2)
					set(x + h)
					up := at().Outputs[output].Data[0]
					set(x - h)
					down := at().Outputs[output].Data[0]
					set(x)
					if got := (up - down) / (2 * h); math.Abs(got-want) > 1e-6*max(1, math.Abs(want)) {
						t.Errorf("%s, %s: d/d %s[%d] is %v, difference %v", name, engine, variable, i, want, got)
					}
				}
			}
		}
	}
}

// Noise is drawn from a source of its own: the same in each run, and there.
func TestExpSynNoise(t *testing.T) {
	noisy := strings.Replace(smallExpSyn, `"noise_std": 0`, `"noise_std": 2`, 1)
	var results []string
	for _, text := range []string{smallExpSyn, noisy, noisy} {
		for _, engine := range []string{"fused", "unrolled"} {
			r, err := one(t, text, Options{Engine: engine, NoGrads: true})
			if err != nil {
				t.Fatal(err)
			}
			results = append(results, fmt.Sprint(r.Outputs["out"]))
		}
	}
	if results[0] != results[1] || results[2] != results[3] || results[2] != results[4] || results[0] == results[2] {
		t.Errorf("outputs %v, want two equal ones without noise and four equal ones with it", results)
	}
}

// FuzzSynapses runs arbitrary texts as cases: the answer is a result or an error of status 2. What
// a small text can claim is bounded: shapes are held to the data.
func FuzzSynapses(f *testing.F) {
	f.Add([]byte(smallExpSyn))
	f.Add([]byte(smallAlpha))
	f.Add([]byte(smallWTAS))
	for _, name := range []string{"alpha_nonplastic", "expsyn_vector_tau", "wtas_loss_1"} {
		text, err := os.ReadFile(filepath.Join("testdata", name+".json"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := cases.Parse("case.json", text)
		if err == nil && c.Model != "expsyn" && c.Model != "alphasynapse" && c.Model != "wtas" {
			return
		}
		if err == nil {
			var m Model
			if m, err = lookup(registry, c); err == nil {
				var r *cases.Result
				if r, err = m.Run(t.Context(), c, Options{}); err == nil {
					err = r.Write(&bytes.Buffer{}, c, nil)
				} else {
					err = named("case.json", err)
				}
			}
		}
		if err != nil && (exit.Code(err) != 2 || strings.Contains(err.Error(), "\n")) {
			t.Errorf("status %d: %v", exit.Code(err), err)
		}
	})
}
