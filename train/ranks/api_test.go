package ranks_test

import (
	"errors"
	"io"
	"testing"

	"github.com/surge-snn/surge/internal/hostile"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/ranks"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	alone, err := ranks.Join(0) // a process without others
	if err != nil {
		t.Fatal(err)
	}
	calls := 0
	identify := func(config string, sets train.Data) (ranks.Identity, error) {
		if calls++; calls > 5 { // each reads the whole program
			return ranks.Identity{}, nil
		}
		return ranks.Identify(config, sets)
	}
	hostile.API{
		Functions: map[string]any{"Join": ranks.Join, "Identify": identify, "FileDigest": ranks.FileDigest},
		Types:     []any{new(ranks.World)},
		Pool:      hostile.Of(io.Discard, alone, errors.New("an error"), "."),
	}.Test(t)
}
