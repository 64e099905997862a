package fit

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/optim/minimize"
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

// TestStoppedInReplay: a fit that is resumed and stopped again before it has come to where it was
// leaves the checkpoint that it found, with and without a phase at hand.
func TestStoppedInReplay(t *testing.T) {
	quiet := func(string, minimize.Status, float64) {}
	run := func(l *ledger, phase string, loss float64) {
		_, err := l.memoize(phase, func(*optim.State) (outcome, error) {
			if err := l.report(Progress{Phase: phase, Step: 1, Loss: loss}, nil); err != nil {
				return outcome{}, err
			}
			return outcome{values: [][]float64{{loss}, {loss}}}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, current := range []*optim.State{nil, {Kind: "adam"}} {
		whole := &ledger{note: quiet}
		run(whole, "traces", 2)
		run(whole, "threshold", 1)
		want := whole.checkpoint(current)
		for replayed := range 3 {
			again := &ledger{note: quiet}
			if err := again.resume(&want); err != nil {
				t.Fatal(err)
			}
			for _, phase := range []string{"traces", "threshold"}[:replayed] {
				run(again, phase, 0)
			}
			if got := again.checkpoint(again.current); !reflect.DeepEqual(got, want) {
				t.Errorf("after %d phases of 2: %+v, want %+v", replayed, got, want)
			}
		}
	}
}
