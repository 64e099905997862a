package report_test

import (
	"context"
	"io"
	"testing"

	"github.com/surge-snn/surge/bench/gradbench/report"
	"github.com/surge-snn/surge/bench/gradbench/suite"
	"github.com/surge-snn/surge/internal/hostile"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	t.Chdir(t.TempDir())
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	good := report.New(suite.Settings{}, []suite.Row{{Suite: "depth", Main: true}})
	hostile.API{
		Functions: map[string]any{"New": report.New},
		Types:     []any{new(report.Result)},
		Pool:      hostile.Of(stopped, io.Discard, good, *good, suite.Cost{Estimator: "x", Seconds: 1}, "x.svg", "."),
	}.Test(t)
}
