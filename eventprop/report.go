package eventprop

import "fmt"

// Report counts what happened in passes through a layer.
type Report struct {
	Inputs        int // input spikes before the end
	LateInputs    int // input (and recorded) spikes at or after the end, which had no effect
	Spikes        int // spikes of the layer
	Arrivals      int // over all synapses
	RootSolves    int // searches for a crossing
	Grazing       int // spikes with TauMem V' < 1e-3 |VTh - VLeak|
	ClippedJumps  int // spikes whose adjoint Settings.MinSlope changed
	SilentNeurons int // neurons without a spike, those with VTh = +Inf left out
}

// Add adds the counts of other, to a report that is there.
func (r *Report) Add(other Report) {
	if r == nil {
		return
	}
	r.Inputs += other.Inputs
	r.LateInputs += other.LateInputs
	r.Spikes += other.Spikes
	r.Arrivals += other.Arrivals
	r.RootSolves += other.RootSolves
	r.Grazing += other.Grazing
	r.ClippedJumps += other.ClippedJumps
	r.SilentNeurons += other.SilentNeurons
}

// String returns the counts in one line.
func (r Report) String() string {
	return fmt.Sprintf("%d inputs (%d late), %d spikes, %d arrivals, %d root solves, %d grazing, %d clipped jumps, %d silent neurons",
		r.Inputs, r.LateInputs, r.Spikes, r.Arrivals, r.RootSolves, r.Grazing, r.ClippedJumps, r.SilentNeurons)
}
