package answer_test

import (
	"testing"

	"github.com/surge-snn/surge/bench/gradbench/answer"
	"github.com/surge-snn/surge/bench/gradbench/suite"
	"github.com/surge-snn/surge/internal/hostile"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	hostile.API{Functions: map[string]any{"All": answer.All}, Pool: hostile.Of(suite.Row{Suite: "depth", Main: true, Kind: "surrogate"})}.Test(t)
}
