package gradbenchcmd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/bench/gradbench/report"
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

// TestResume: a second call makes no run again and gives the same bytes; a folder of other settings is an error.
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
