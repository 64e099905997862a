package protocol_test

import (
	"context"
	"io"
	"testing"

	"github.com/surge-snn/surge/internal/hostile"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/protocol"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	t.Chdir(t.TempDir())
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	good := protocol.Subject{Network: dynapse.Network{N: 1}}
	hostile.API{
		Functions: map[string]any{"Files": protocol.Files, "Read": protocol.Read, "Stages": protocol.Stages,
			// one that is stopped: what fits cost is not tested here
			"Run": func(s protocol.Subject, settings protocol.Settings) (*protocol.Result, error) {
				return protocol.Run(stopped, s, settings)
			}},
		Types: []any{new(protocol.Stage), new(protocol.Outcome), new(protocol.Result), new(protocol.Folder)},
		Pool:  hostile.Of(stopped, good, protocol.Folder{Dir: ".", Subject: good}, io.Discard, "."),
	}.Test(t)
}
