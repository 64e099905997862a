package fit

import (
	"context"
	"math"
	"testing"

	"github.com/surge-snn/surge/models/dynapse"
)

// TestSubsteps: a recording of a simulation with steps shorter than a bin gives its currents back.
func TestSubsteps(t *testing.T) {
	e, truth := draw(t, 11, 1, 250, 1, Core, false)
	truth.Substeps, e.Space.Network.Substeps = 4, 4
	run, err := truth.Simulate(dynapse.Input{T: 250, B: 1, Counts: e.Recordings[0].Input})
	if err != nil {
		t.Fatal(err)
	}
	e.Recordings[0].Target[Imem], e.Recordings[0].Target[Spikes] = run.Imem, run.Spikes
	res, err := Run(context.Background(), e, Settings{Starts: 2})
	if err != nil {
		t.Fatal(err)
	}
	// The steps of the spikes are found with the currents, so that nothing is left of a clean recording.
	if res.Loss > exact {
		t.Errorf("loss %v (%v at the start), %q", res.Loss, res.LossStart, res.Warnings)
	}
	for _, q := range []dynapse.Param{dynapse.ItauMem, dynapse.IgainMem, dynapse.ItauSyn, dynapse.IgainSyn} {
		if got, want := res.Parameter(q.String()).Value, truth.Params[q][0]; math.Abs(got/want-1) > 1e-3 {
			t.Errorf("%v = %v, want %v", q, got, want)
		}
	}
}
