package fit_test

import (
	"context"
	"io"
	"testing"

	"github.com/surge-snn/surge/bench/fit"
	"github.com/surge-snn/surge/internal/hostile"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	t.Chdir(t.TempDir())
	stopped, cancel := context.WithCancel(t.Context())
	cancel() // what a fit costs is not tested here
	problem, err := fit.Draw(1)
	if err != nil {
		t.Fatal(err)
	}
	hostile.API{
		Functions: map[string]any{"Names": fit.Names, "All": fit.All, "Chosen": fit.Chosen, "Run": fit.Run, "OpenJournal": fit.OpenJournal, "Write": fit.Write, "NewPrinter": fit.NewPrinter, "Table": fit.Table, "Verdict": fit.Verdict, "Draw": fit.Draw},
		Types:     []any{new(fit.Benchmark), new(fit.Journal), new(fit.Printer), new(fit.Problem)},
		Pool: hostile.Of(stopped, io.Discard, fit.All()[0], problem, fit.Outcome{Passed: true, Numbers: map[string]float64{"x": 1}},
			func(fit.Outcome) {}, fit.NewPrinter(io.Discard, nil, false, fit.All()[0], 1), "."),
	}.Test(t)
}
