package gradcheck_test

import (
	"io"
	"testing"

	"github.com/surge-snn/surge/bench/gradcheck"
	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/hostile"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	hostile.API{
		Functions: map[string]any{"Run": gradcheck.Run, "Network": gradcheck.Network, "List": gradcheck.List, "NewPrinter": gradcheck.NewPrinter, "Table": gradcheck.Table},
		Types:     []any{new(gradcheck.Printer)},
		Pool:      hostile.Of(t.Context(), io.Discard, gradcheck.NewPrinter(io.Discard, false, nil), gradcheck.Case{Name: "none", Model: func(*graph.Builder) {}}),
	}.Test(t)
}
