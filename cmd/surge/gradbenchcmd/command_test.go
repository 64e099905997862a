package gradbenchcmd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/bench/gradbench/report"
	"github.com/surge-snn/surge/bench/gradbench/suite"
	"github.com/surge-snn/surge/internal/exit"
)

// surge runs the command line.
func surge(t *testing.T, ctx context.Context, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, progress bytes.Buffer
	parser, err := kong.New(&Command{}, kong.Writers(&out, &progress), kong.BindTo(ctx, (*context.Context)(nil)))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return "", "", err
	}
	err = parsed.Run()
	return out.String(), progress.String(), err
}

// TestResume: a second call makes no run again and gives the same bytes; a folder of other settings
// is an error.
func TestResume(t *testing.T) {
	dir := t.TempDir()
	args := []string{"--suite", "sweeps", "--quick", "--out", dir}
	first, progress, err := surge(t, t.Context(), args...)
	if err != nil || !strings.Contains(progress, "[1/1] sweeps/") || !strings.Contains(first, "sweeps") {
		t.Fatalf("%v: %s", err, progress)
	}
	page, err := os.ReadFile(filepath.Join(dir, "report.html"))
	if err != nil {
		t.Fatal(err)
	}
	second, progress, err := surge(t, t.Context(), append(args, "--json")...)
	if err != nil || strings.Contains(progress, "[1/1]") {
		t.Errorf("%v: %s", err, progress)
	}
	var r report.Result
	if err := json.Unmarshal([]byte(second), &r); err != nil || len(r.Rows) != 5 {
		t.Errorf("%v: %s", err, second)
	}
	if again, err := os.ReadFile(filepath.Join(dir, "report.html")); err != nil || !bytes.Equal(again, page) {
		t.Errorf("the report differs: %v", err)
	}
	if _, _, err := surge(t, t.Context(), append(args, "--seed", "2")...); exit.Code(err) != 2 || !strings.Contains(err.Error(), "runs.jsonl: expected runs with these settings") {
		t.Error(err)
	}
}

// TestShared: of two commands at once in one folder each run is made by one; both end with the
// bytes of one alone.
func TestShared(t *testing.T) {
	args := []string{"--suite", "sweeps,depth", "--quick", "--json"}
	alone, progress, err := surge(t, t.Context(), args...)
	runs := strings.Count(progress, "so far")
	if err != nil || runs < 2 {
		t.Fatalf("%v: %s", err, progress)
	}
	args = append(args, "--out", t.TempDir())
	var made [2]int
	var wait sync.WaitGroup
	for i := range made {
		wait.Go(func() {
			out, progress, err := surge(t, t.Context(), args...)
			if err != nil || out != alone {
				t.Errorf("%v: %s", err, out)
			}
			made[i] = strings.Count(progress, "so far")
		})
	}
	wait.Wait()
	if made[0]+made[1] != runs {
		t.Errorf("%v of %d runs", made, runs)
	}
}

// TestDefaultSuite: all suites, interrupted on the way and resumed, give the bytes of one run with
// another number of processors, in every file. Behind the interruption the first run of each suite
// is made again; the others stand there as finished.
func TestDefaultSuite(t *testing.T) {
	if testing.Short() {
		t.Skip("minutes")
	}
	run := func(ctx context.Context, dir string, progress io.Writer) error {
		parser, err := kong.New(&Command{}, kong.Writers(io.Discard, progress), kong.BindTo(ctx, (*context.Context)(nil)))
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := parser.Parse([]string{"--quick", "--out", dir})
		if err != nil {
			t.Fatal(err)
		}
		return parsed.Run()
	}
	once, twice := t.TempDir(), t.TempDir()
	before := runtime.GOMAXPROCS(3)
	err := run(t.Context(), once, io.Discard)
	runtime.GOMAXPROCS(before)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if err := run(ctx, twice, after{"[3/", cancel}); !errors.Is(err, exit.ErrInterrupted) {
		t.Fatal(err)
	}
	made := finish(t, once, twice)
	var rest bytes.Buffer
	if err := run(t.Context(), twice, &rest); err != nil || !strings.HasPrefix(rest.String(), "[3/") || strings.Count(rest.String(), " so far\n") != made {
		t.Fatalf("%v, %d runs: %s", err, made, rest.String())
	}
	files := 0
	err = fs.WalkDir(os.DirFS(once), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		a, err := os.ReadFile(filepath.Join(once, path))
		if err != nil {
			return err
		}
		b, err := os.ReadFile(filepath.Join(twice, path))
		if path == "runs.jsonl" { // in the order in which they were made
			a, b = sorted(a), sorted(b)
		}
		if path == "SHA256SUMS" { // so their sum is another
			order := regexp.MustCompile(`(?m)^\w+  runs\.jsonl$`)
			a, b = order.ReplaceAll(a, nil), order.ReplaceAll(b, nil)
		}
		if err != nil || !bytes.Equal(a, b) {
			t.Errorf("%s differs: %v", path, err)
		}
		return nil
	})
	if err != nil || files < 20 {
		t.Errorf("%d files, %v", files, err)
	}
	text, err := os.ReadFile(filepath.Join(once, "results.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r report.Result
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	for _, q := range r.Questions {
		if len(q.Findings) == 0 {
			t.Errorf("no finding on %q", q.Text)
		}
	}
}

// finish writes runs that are finished in one folder, and not in another, into that, but for the
// first of each suite, and returns how many are left to make.
func finish(t *testing.T, from, to string) (left int) {
	t.Helper()
	path := filepath.Join(to, "runs.jsonl")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(filepath.Join(from, "runs.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	done, begun := bytes.Count(text, []byte("\n")), map[string]bool{}
	for i, line := range bytes.SplitAfter(whole, []byte("\n")) {
		if i < done || len(line) == 0 {
			continue
		}
		var run suite.Finished
		if err := json.Unmarshal(line, &run); err != nil {
			t.Fatal(err)
		}
		if name, _, _ := strings.Cut(run.ID, "/"); i == done || !begun[name] {
			begun[name] = true
			left++
			continue
		}
		text = append(text, line...)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return left
}

// sorted returns the lines of a text in order.
func sorted(text []byte) []byte {
	lines := bytes.SplitAfter(text, []byte("\n"))
	slices.SortFunc(lines, bytes.Compare)
	return bytes.Join(lines, nil)
}

// after cancels when a text is written.
type after struct {
	text   string
	cancel context.CancelFunc
}

func (a after) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(a.text)) {
		a.cancel()
	}
	return len(p), nil
}

func TestErrors(t *testing.T) {
	if _, _, err := surge(t, t.Context(), "--suite", "dept"); exit.Code(err) != 2 || !strings.Contains(err.Error(), "found dept, did you mean depth?") {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := t.TempDir()
	if _, _, err := surge(t, ctx, "--suite", "depth", "--out", dir); !errors.Is(err, exit.ErrInterrupted) {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "runs.jsonl")); err != nil {
		t.Error(err)
	}
}
