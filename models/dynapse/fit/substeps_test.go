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
	// In which step of a bin a spike was is a guess, so that the currents are near and not exact: 3 % of a trace.
	if res.Loss > 1e-3 {
		t.Errorf("loss %v (%v at the start), %q", res.Loss, res.LossStart, res.Warnings)
	}
	if got, want := res.Parameter("Itau_mem").Value, truth.Params[dynapse.ItauMem][0]; math.Abs(got/want-1) > 0.03 {
		t.Errorf("Itau_mem = %v, want %v", got, want)
	}
}
