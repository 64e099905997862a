package fit

import (
	"errors"
	"strings"
	"testing"

	"github.com/surge-snn/surge/optim"
)

// TestResumeRefusals: a checkpoint of another program, of an older build (which had no history as
// its first member) and one that was cut short are refused in words that say which it is.
func TestResumeRefusals(t *testing.T) {
	history := optim.State{Kind: historyKind}
	for name, c := range map[string]struct {
		state optim.State
		want  string
	}{
		"kind":  {optim.State{Kind: "adam", Counts: []uint64{0}}, `found a state of kind "adam"`},
		"older": {optim.State{Kind: checkpointKind, Counts: []uint64{1}, Members: []optim.State{{Kind: "adam"}}}, "an older build wrote it"},
		"empty": {optim.State{Kind: checkpointKind, Counts: []uint64{0}}, "an older build wrote it"},
		"short": {optim.State{Kind: checkpointKind, Counts: []uint64{1}, Members: []optim.State{history}}, "not one of this fit"},
	} {
		if err := new(ledger).resume(&c.state); !errors.Is(err, optim.ErrState) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if err := new(ledger).resume(&optim.State{Kind: checkpointKind, Counts: []uint64{0}, Members: []optim.State{history}}); err != nil {
		t.Error(err)
	}
}
