package node_test

import (
	"testing"

	"github.com/surge-snn/surge/eventprop/node"
	"github.com/surge-snn/surge/internal/hostile"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	hostile.API{
		Functions: map[string]any{
			"FirstSpike": node.FirstSpike, "Decode": node.Decode, "Interpolate": node.Interpolate, "Encode": node.Encode,
		},
		Types: []any{
			new(node.Layer),
		},
		Pool: hostile.Of(),
	}.Test(t)
}
