package replay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/surge-snn/surge/bench/cases"
	"github.com/surge-snn/surge/internal/exit"
)

// TestGolden runs every recorded case through --check: each has numbers that another program
// computed.
func TestGolden(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no recorded cases: %v", err)
	}
	for _, engine := range []string{"fused", "unrolled"} {
		c := Replay{Cases: paths, Check: true, Options: Options{Engine: engine}}
		var out, table bytes.Buffer
		if err := c.write(t.Context(), registry, &out, &table); err != nil {
			t.Errorf("%s: %v\n%s", engine, err, table.String())
		}
		if n := strings.Count(out.String(), "\n"); n != len(paths) {
			t.Errorf("%s: %d results for %d cases", engine, n, len(paths))
		}
	}
}

// A recorded number that is changed by its last bit is found.
func TestGoldenCanFail(t *testing.T) {
	text, err := os.ReadFile("testdata/step_pwl_table.json")
	if err != nil {
		t.Fatal(err)
	}
	const answer = `-0.5742289100895955]` // the last tangent
	if bytes.Count(text, []byte(answer)) == 0 {
		t.Fatal("the recorded case has other numbers")
	}
	path := filepath.Join(t.TempDir(), "case.json")
	i := bytes.LastIndex(text, []byte(answer))
	text = append(append(text[:i:i], `-0.5742289100895956]`...), text[i+len(answer):]...)
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	c := Replay{Cases: []string{path}, Check: true}
	var out, table bytes.Buffer
	err = c.write(t.Context(), registry, &out, &table)
	if exit.Code(err) != 1 || !strings.HasSuffix(err.Error(), "1 of 2 over the tolerance: outputs.tangent") {
		t.Errorf("%v\n%s", err, table.String())
	}
}

func TestModels(t *testing.T) {
	if !slices.IsSortedFunc(registry, func(a, b Model) int { return strings.Compare(a.Name(), b.Name()) }) {
		t.Error("the models are not in the order of the alphabet")
	}
	for _, m := range registry {
		if _, ok := names[m.Name()]; !ok {
			t.Errorf("no names are known for %s", m.Name())
		}
	}
}

// fake is a model whose answer the test gives.
type fake struct {
	result cases.Result
	err    error
	run    func(Options)
}

func (fake) Name() string { return "wtas" } // a model that has names
func (f fake) Run(_ context.Context, _ *cases.Case, o Options) (*cases.Result, error) {
	if f.run != nil {
		f.run(o)
	}
	result := f.result
	return &result, f.err
}
func (fake) Tolerance(cases.Quantity) (cases.Tolerance, bool) { return cases.Tolerance{}, true }

// evaluate runs the case text with m as the only model.
func evaluate(t *testing.T, ctx context.Context, m Model, c Replay, text string) (out string, err error) {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile("a.json", []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	c.Cases = []string{"a.json"}
	var w, table bytes.Buffer
	err = c.write(ctx, []Model{m}, &w, &table)
	return w.String(), err
}

func TestGradientsAreLeftOut(t *testing.T) {
	m := fake{result: cases.Result{
		Outputs: map[string]cases.Tensor{"s": cases.Scalar(1)},
		Grads:   map[string]map[string]cases.Tensor{"sum": {"j": cases.Scalar(2)}},
	}}
	const text = `{"model": "wtas", "grads": {"sum": {"j": {"shape": [], "data": [2]}}}}`
	for _, test := range []struct {
		noGrads bool
		grads   string
	}{
		{false, `{"sum":{"j":{"shape":[],"data":[2]}}}`},
		{true, `{}`},
	} {
		out, err := evaluate(t, t.Context(), m, Replay{Options: Options{NoGrads: test.noGrads}}, text)
		want := `{"case":"a.json","model":"wtas","outputs":{"s":{"shape":[],"data":[1]}},"grads":` + test.grads + "}\n"
		if err != nil || out != want {
			t.Errorf("%v\ngot  %swant %s", err, out, want)
		}
		// Gradients that were not asked for are not missed.
		if _, err := evaluate(t, t.Context(), m, Replay{Check: true, Options: Options{NoGrads: test.noGrads}}, text); err != nil {
			t.Errorf("--check, no gradients %v: %v", test.noGrads, err)
		}
	}
}

func TestErrorsOfModels(t *testing.T) {
	nan := cases.Scalar(0)
	nan.Data[0] -= nan.Data[0] / nan.Data[0]
	for _, test := range []struct {
		name, want string
		m          fake
	}{
		{"any error", "a.json: no solution", fake{err: errors.New("no solution")}},
		{"of several lines", `a.json: no\nsolution`, fake{err: errors.New("no\nsolution")}},
		{"bad input", "b.json: params.dt: expected a number", fake{err: &exit.BadInput{File: "b.json", Member: "params.dt", Expected: "a number"}}},
		{"NaN", "a.json: outputs.s.data[0]: expected a number, found NaN", fake{result: cases.Result{Outputs: map[string]cases.Tensor{"s": nan}}}},
	} {
		out, err := evaluate(t, t.Context(), test.m, Replay{}, `{"model": "wtas"}`)
		if out != "" || err == nil || err.Error() != test.want || exit.Code(err) != 2 {
			t.Errorf("%s: %q, status %d\ngot  %v\nwant %s", test.name, out, exit.Code(err), err, test.want)
		}
	}
}

func TestInterruptedModel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	m := fake{run: func(Options) { cancel() }, err: context.Canceled}
	if out, err := evaluate(t, ctx, m, Replay{}, `{"model": "wtas"}`); out != "" || exit.Code(err) != 130 {
		t.Errorf("%q, %v", out, err)
	}
}

// own is a model with a comparison of its own.
type own struct{ fake }

func (own) Check(c *cases.Case, r *cases.Result, o Options) ([]cases.Comparison, error) {
	return []cases.Comparison{{Quantity: "cosine", OK: o.Twin}}, nil
}

func TestOwnCheck(t *testing.T) {
	for twin, status := range map[bool]int{true: 0, false: 1} {
		out, err := evaluate(t, t.Context(), own{}, Replay{Check: true, Options: Options{Twin: twin}}, `{"model": "wtas"}`)
		var result struct{ Check []struct{ Name string } }
		if e := json.Unmarshal([]byte(out), &result); e != nil || len(result.Check) != 1 || result.Check[0].Name != "cosine" || exit.Code(err) != status {
			t.Errorf("%v, %v, status %d, want %d\n%s", e, err, exit.Code(err), status, out)
		}
	}
}
