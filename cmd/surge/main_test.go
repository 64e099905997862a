package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/memory"
)

// TestMain lets the test binary stand in for the program, see [process].
//
// SURGE_TEST_FULL is the end of the path of a file for which the disk is full.
func TestMain(m *testing.M) {
	if full := os.Getenv("SURGE_TEST_FULL"); full != "" {
		files.Intercept(func(c files.Change) (int, error) {
			if c.Do == files.OpWrite && strings.HasSuffix(c.Path, full) {
				return 0, syscall.ENOSPC
			}
			return 0, nil
		})
	}
	if os.Getenv("SURGE_TEST_PROGRAM") != "" {
		if file := os.Getenv("SURGE_TEST_MEMORY"); file != "" { // its greatest resident memory, at its end
			code := run(context.Background(), os.Args[1:], os.Stdout, os.Stderr)
			if err := os.WriteFile(file, []byte(strconv.FormatInt(memory.Process("VmHWM"), 10)), 0o666); err != nil {
				panic(err)
			}
			os.Exit(code)
		}
		main()
		return
	}
	testscript.Main(m, map[string]func(){"surge": main})
}

// process runs the program in a process of its own.
func process(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	command := exec.Command(os.Args[0], args...)
	command.Env = append(os.Environ(), "SURGE_TEST_PROGRAM=1")
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	if err := command.Run(); err != nil && command.ProcessState == nil {
		t.Fatal(err)
	}
	return command.ProcessState.ExitCode(), out.String(), errs.String()
}

func TestProgram(t *testing.T) {
	for _, test := range []struct {
		args           string
		status         int
		stdout, stderr string // regular expressions; empty: nothing is printed
	}{
		{"--help", 0, `eval +Run the simulations of case files`, ``},
		{"--version", 0, `^surge .*go1\.`, ``},
		{"eval --help", 0, `surge eval --check --engine unrolled`, ``},
		{"", 0, `surge train yinyang`, ``},
		{"unknown", 2, ``, `^surge: unexpected argument unknown\n$`},
		{"eval", 2, ``, `^surge: expected "<case> ..."\n$`},
		{"eval --nonsense a.json", 2, ``, `^surge: unknown flag --nonsense\n$`},
		{"eval --engine slow a.json", 2, ``, `^surge: --engine must be one of "fused","unrolled" but got "slow"\n$`},
		{"eval --gradient-rule none a.json", 2, ``, `^surge: --gradient-rule must be one of .* but got "none"\n$`},
		{"eval missing.json", 2, ``, `^surge: missing\.json: .*\n$`},
	} {
		status, stdout, stderr := process(t, strings.Fields(test.args)...)
		if status != test.status || !matches(test.stdout, stdout) || !matches(test.stderr, stderr) {
			t.Errorf("surge %s: status %d\n%s%s", test.args, status, stdout, stderr)
		}
	}
}

func matches(expression, text string) bool {
	if expression == "" {
		return text == ""
	}
	return regexp.MustCompile(expression).MatchString(text)
}

// The files of TestEval. a.json: ln(1/2) < 0 gives no spike, ceil(ln 3) = 2; imem = Ireset has
// slope 0.
const (
	inputsA = `"inputs": {"imem": {"shape": [2], "data": [1, 3]}, "Ispkthr": {"shape": [2], "data": [2, 1]}, "Ireset": {"shape": [2], "data": [1, 2]},
		"max_spikes_per_dt": {"shape": [2], "data": [1e300, 1e300]}, "tangent_imem": {"shape": [2], "data": [0.1, -2]}, "tangent_max": null}`
	inputsB = `"inputs": {"imem": {"data": [], "shape": [0]}, "Ispkthr": {"shape": [0], "data": []}, "Ireset": {"shape": [0], "data": []},
		"max_spikes_per_dt": {"shape": [0], "data": []}, "tangent_imem": {"shape": [0], "data": []}}`
	resultA = `{"case":"a.json","model":"step_pwl","outputs":{"spikes":{"shape":[2],"data":[0,2]},"tangent":{"shape":[2],"data":[0,-2]}},"grads":{}}` + "\n"
	resultB = `{"case":"b.json","model":"step_pwl","outputs":{"spikes":{"shape":[0],"data":[]},"tangent":{"shape":[0],"data":[]}},"grads":{}}` + "\n"
)

func TestEval(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{
		"a.json":         `{"model": "step_pwl", ` + inputsA + `}`,
		"b.json":         `{"model": "step_pwl", "params": {"n": 0}, "answers": "none", ` + inputsB + `}`,
		"two,words.json": `{}`,
		"wrong.json":     `{"model": "biasgen_tables", "inputs": {}}`,
		"right.json":     `{"model": "step_pwl", "outputs": {"spikes": {"shape": [2], "data": [0, 2]}}, ` + inputsA + `}`,
		"over.json":      `{"model": "step_pwl", "outputs": {"spikes": {"shape": [2], "data": [0, 1]}}, ` + inputsA + `}`,
	} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		args           string
		status         int
		stdout, stderr string // regular expressions; empty: nothing is printed
		output         string // content of out.jsonl
	}{
		{"a.json b.json a.json", 0, exact(resultA + resultB + resultA), ``, ``},
		{"b.json -o out.jsonl", 0, ``, ``, resultB},
		{"a.json b.json -o out.jsonl", 0, ``, ``, resultA + resultB}, // replaces
		{"a.json -o /dev/null", 0, ``, ``, ``},
		{"b.json --engine unrolled --dtype float32 --gradient-rule surge-T --no-grads --twin --method analytical", 0, exact(resultB), ``, ``},

		// One case of several fails: the others are printed, the status is the worst.
		{"a.json missing.json b.json two,words.json wrong.json", 2, exact(resultA + resultB),
			`^surge: missing\.json: .*\nsurge: two,words\.json: model: .*\nsurge: wrong\.json: model: .*\n$`, ``},
		{"a.json missing.json b.json -o out.jsonl", 2, ``, `^surge: missing\.json: .*\n$`, resultA + resultB},

		// Outputs that cannot be written.
		{"a.json -o ./a.json", 2, ``, `^surge: -o \./a\.json: expected another file than the cases, found a\.json\n$`, ``},
		{"a.json -o no/folder.jsonl", 2, ``, `^surge: -o no/folder\.jsonl: .*\n$`, ``},
		{"a.json -o .", 2, ``, `^surge: -o \.: .*\n$`, ``},

		// --check
		{"--check right.json", 0,
			`"check":\[{"name":"outputs.spikes","abs":0,"rel":0,"tolerance":{"abs":0,"rel":0,"of_largest":false},"ok":true}\]}\n$`,
			`outputs.spikes +0 +0 +exact +ok\n$`, ``},
		{"--check over.json right.json", 1,
			`"check":\[{"name":"outputs.spikes","abs":1,"rel":1,.*"ok":false}\]}\n.*"ok":true`,
			`(?s)outputs.spikes +1 +1 +exact +FAILED at index 1\n.*surge: over\.json: 1 of 1 over the tolerance: outputs\.spikes\n$`, ``},
		{"--check a.json", 2, ``, `^surge: a\.json: outputs: expected outputs or grads to compare with, found nothing\n$`, ``},
		{"--check over.json wrong.json", 2, `.`, `surge: over\.json: .*\nsurge: wrong\.json: model: .*\n$`, ``},
	} {
		if err := os.RemoveAll("out.jsonl"); err != nil {
			t.Fatal(err)
		}
		var stdout, stderr bytes.Buffer
		status := run(context.Background(), append([]string{"eval"}, strings.Fields(test.args)...), &stdout, &stderr)
		if status != test.status || !matches(test.stdout, stdout.String()) || !matches(test.stderr, stderr.String()) {
			t.Errorf("surge eval %s: status %d\n%s%s", test.args, status, stdout.String(), stderr.String())
		}
		if output, _ := os.ReadFile("out.jsonl"); string(output) != test.output {
			t.Errorf("surge eval %s wrote\n%swant\n%s", test.args, output, test.output)
		}
	}
}

// exact matches text and nothing else.
func exact(text string) string { return "^" + regexp.QuoteMeta(text) + "$" }

// TestBadCases holds the error line of every kind of case that is not valid: file, member,
// expected, found; status 2.
func TestBadCases(t *testing.T) {
	const (
		vectors = `"Ispkthr": {"shape": [1], "data": [1]}, "Ireset": {"shape": [1], "data": [1]}, "max_spikes_per_dt": {"shape": [1], "data": [1]}, "tangent_imem": {"shape": [1], "data": [1]}`
		good    = `{"model": "step_pwl", "params": {"n": 1}, "inputs": {"imem": {"shape": [1], "data": [1]}, ` + vectors + `}}`
	)
	imem := func(tensor string) string {
		return strings.Replace(good, `{"shape": [1], "data": [1]}`, tensor, 1)
	}
	params := func(object string) string { return strings.Replace(good, `{"n": 1}`, object, 1) }
	type test struct{ name, text, want string }
	tests := []test{
		{"empty", "", "expected a JSON object, found an empty file"},
		{"blank", " \n", "expected a JSON object, found an empty file"},
		{"list", "[1]", "expected an object, found a list"},
		{"number", "1", "expected an object, found 1"},
		{"not JSON", "model", "line 1: expected JSON, found invalid character 'm' looking for beginning of value"},
		{"not UTF-8", "{\"model\":\n\"\xff\"}", "line 2: expected text in UTF-8, found byte 0xff"},
		{"cut", good[:len(good)-5], "inputs.tangent_imem.data[0] (line 1): expected JSON, found unexpected end of JSON input"},
		{"more after the end", good + "\n{}", "line 2: expected JSON, found invalid character '{' after top-level value"},
		{"deep", strings.Repeat("[", 65) + strings.Repeat("]", 65), "line 1: expected objects and lists at most 64 deep, found more"},
		{"very deep", strings.Repeat("[", 1e5), "line 1: expected objects and lists at most 64 deep, found more"},
		{"no model", `{"params": {}}`, "model: expected the name of a model, found nothing"},
		{"null model", `{"model": null}`, "model: expected the name of a model, found null"},
		{"model is a number", `{"model": 3}`, "model: expected the name of a model, found 3"},
		{"unknown model", `{"model": "step_pwm"}`, ", found step_pwm, did you mean step_pwl?"},
		{"facts", `{"model": "weight_quantization"}`, "model: expected a model to run, found weight_quantization, whose files hold facts and nothing to compute"},
		{"model twice", `{"model": "step_pwl", "model": "step_pwl"}`, "model: expected one member of this name, found another"},
		{"note twice", `{"note": 1, "model": "step_pwl", "note": 1}`, "note: expected one member of this name, found another"},
		{"params is a list", params(`[]`), "params: expected an object, found a list"},
		{"unknown parameter", params(`{"m": 1}`), "params.m: expected one of n, found an unknown name"},
		{"unknown null parameter", params(`{"m": null}`), "params.m: expected one of n, found an unknown name"},
		{"parameter twice", params(`{"n": 1, "n": 1}`), "params.n: expected one member of this name, found another"},
		{"parameter of another type", params(`{"n": "1"}`), `params.n: expected a whole number: a count of at most 16777216, found the string "1"`},
		{"parameter is a list", params(`{"n": [1]}`), `params.n: expected a whole number: a count of at most 16777216, found a list`},
		{"fraction", params(`{"n": 1.5}`), `params.n: expected a whole number: a count of at most 16777216, found 1.5`},
		{"negative count", params(`{"n": -1}`), `params.n: expected a whole number: a count of at most 16777216, found -1`},
		{"infinite count", params(`{"n": 1e300}`), `params.n: expected a whole number: a count of at most 16777216, found 1e300`},
		{"inputs is a number", `{"model": "step_pwl", "inputs": 1}`, "inputs: expected an object, found 1"},
		{"no inputs", `{"model": "step_pwl"}`, "inputs.imem: expected shape [any], found nothing"},
		{"unknown input", `{"model": "step_pwl", "inputs": {"v": {"shape": [], "data": [0]}}}`, "inputs.v: expected one of imem Ispkthr Ireset max_spikes_per_dt tangent_imem tangent_Ispkthr tangent_Ireset tangent_max, found an unknown name"},
		{"input is null", imem(`null`), "inputs.imem: expected shape [1], found null"},
		{"input is a list", imem(`[1]`), "inputs.imem: expected an object, found a list"},
		{"tensor without a shape", imem(`{"data": [1]}`), "inputs.imem.shape: expected a list of extents, found nothing"},
		{"tensor without data", imem(`{"shape": [1]}`), "inputs.imem.data: expected a list of numbers, found nothing"},
		{"tensor with more", imem(`{"shape": [1], "data": [1], "dtype": "f4"}`), `inputs.imem.dtype: expected "shape" and "data", found another member`},
		{"data twice", imem(`{"shape": [1], "data": [1], "data": [1]}`), `inputs.imem.data: expected one member of this name, found another`},
		{"data is a number", imem(`{"shape": [], "data": 1}`), "inputs.imem.data: expected a list, found 1"},
		{"nested data", imem(`{"shape": [1, 1], "data": [[1]]}`), "inputs.imem.data[0]: expected a number, found a list"},
		{"null datum", imem(`{"shape": [2], "data": [1, null]}`), "inputs.imem.data[1]: expected a number, found null"},
		{"NaN in quotes", imem(`{"shape": [1], "data": ["NaN"]}`), `inputs.imem.data[0]: expected a number, found the string "NaN"`},
		{"NaN", imem("{\"shape\": [2], \"data\": [1,\nNaN]}"), "inputs.imem.data[1] (line 2): expected JSON, found invalid character 'N' looking for beginning of value"},
		{"infinity", imem(`{"shape": [1], "data": [-Infinity]}`), "inputs.imem.data[0] (line 1): expected JSON, found invalid character 'I' in numeric literal"},
		{"out of range", imem(`{"shape": [1], "data": [1e400]}`), "inputs.imem.data[0]: expected a number, found 1e400"},
		{"too few data", imem(`{"shape": [1, 2], "data": [1]}`), "inputs.imem.data: expected 2 numbers for shape [1, 2], found 1"},
		{"too many data", imem(`{"shape": [1], "data": [1, 2]}`), "inputs.imem.data: expected 1 numbers for shape [1], found 2"},
		{"a gigabyte", imem(`{"shape": [134217728], "data": [1]}`), "inputs.imem.data: expected 134217728 numbers for shape [134217728], found 1"},
		{"overflow", imem(`{"shape": [4294967296, 4294967296, 16], "data": []}`), "inputs.imem.data: expected more than 2^62 numbers for shape [4294967296, 4294967296, 16], found 0"},
		{"negative extent", imem(`{"shape": [-1], "data": [1]}`), "inputs.imem.shape[0]: expected an extent, a whole number >= 0, found -1"},
		{"broken extent", imem(`{"shape": [1.5], "data": [1]}`), "inputs.imem.shape[0]: expected an extent, a whole number >= 0, found 1.5"},
		{"another shape than n", imem(`{"shape": [2], "data": [1, 1]}`), "inputs.imem: expected shape [1], found shape [2]"},
		{"another rank", imem(`{"shape": [1, 1], "data": [1]}`), "inputs.imem: expected shape [1], found shape [1, 1]"},
		{"not >= 0", imem(`{"shape": [1], "data": [-0.5]}`), "inputs.imem.data[0]: expected a finite number >= 0, found -0.5"},
		{"not finite", imem(`{"shape": [1], "data": [1e300]}`), "inputs.imem.data[0]: expected a finite number >= 0, found 1e300"},
		{"not > 0", strings.Replace(good, `"Ispkthr": {"shape": [1], "data": [1]}`, `"Ispkthr": {"shape": [1], "data": [0]}`, 1), "inputs.Ispkthr.data[0]: expected a finite number > 0, found 0"},
	}
	folder := t.TempDir()
	evaluate := func(text string) (status int, stdout, stderr string) {
		path := filepath.Join(folder, "case.json")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		var out, errors bytes.Buffer
		status = run(context.Background(), []string{"eval", path}, &out, &errors)
		return status, out.String(), strings.ReplaceAll(errors.String(), path, "case.json")
	}
	if status, stdout, stderr := evaluate(good); status != 0 || stdout == "" || stderr != "" {
		t.Fatalf("the valid case: status %d, %q, %q", status, stdout, stderr)
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			status, stdout, stderr := evaluate(test.text)
			if status != 2 || stdout != "" {
				t.Errorf("status %d, output %q; want 2 and none", status, stdout)
			}
			if !strings.HasPrefix(stderr, "surge: case.json: ") || !strings.HasSuffix(stderr, test.want+"\n") || strings.Count(stderr, "\n") != 1 {
				t.Errorf("\ngot  %s\nwant surge: case.json: %s", stderr, test.want)
			}
		})
	}
}

func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	out := filepath.Join(t.TempDir(), "out.jsonl")
	for _, args := range [][]string{{"eval", "case.json"}, {"eval", "-o", out, "case.json"}} {
		var stdout, stderr bytes.Buffer
		if status := run(ctx, args, &stdout, &stderr); status != 130 {
			t.Errorf("%v: status %d, want 130 (%s)", args, status, stderr.String())
		}
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("an interrupted command wrote its output file")
	}
}
