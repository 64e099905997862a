package report_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/surge-snn/surge/internal/hostile"
	"github.com/surge-snn/surge/models/dynapse/experiment"
	"github.com/surge-snn/surge/models/dynapse/fit"
	"github.com/surge-snn/surge/models/dynapse/fit/report"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	t.Chdir(t.TempDir())
	good := report.New(&experiment.Experiment{}, &fit.Result{}, 1)
	hostile.API{
		Functions: map[string]any{"Files": report.Files, "New": report.New},
		Types:     []any{new(report.Outcome)},
		Pool:      hostile.Of(t.Context(), good, *good, io.Discard, new(bytes.Buffer), "."),
	}.Test(t)
}
