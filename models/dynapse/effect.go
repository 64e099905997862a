package dynapse

import "fmt"

// Effect says whether a parameter acts at the working point of a run.
type Effect uint8

const (
	// Active means that some derivative is not zero.
	Active Effect = iota
	// Inactive means that the derivatives of all neurons are exactly zero: a small change of the
	// parameter changes nothing. Examples are If_nmda with a single synapse, and the four currents
	// of the AHP at the defaults, where a spike adds 1e-17 A to a current that is held at Io =
	// 5e-13 A.
	Inactive
	// AtBound means that the current lies at or below Io in every neuron, where the chip's model
	// replaces it by Io.
	AtBound
)

// String returns words for a report: "active", "inactive here", "at bound".
func (e Effect) String() string {
	switch e {
	case Active:
		return "active"
	case Inactive:
		return "inactive here"
	case AtBound:
		return "at bound"
	}
	return fmt.Sprintf("Effect(%d)", uint8(e))
}

// Effect says whether the loss of g depends on a parameter. With soft floors (Settings.SoftFloors,
// Settings.Twin) parameters without effect have small derivatives that are not zero, and count as
// active. What is no parameter has none.
func (g *Gradient) Effect(p Param) Effect {
	if g == nil || !p.known() {
		return Inactive
	}
	if paramFacts[p].clips {
		bound := true
		for j, v := range g.params[p] {
			bound = bound && v <= g.params[Io][j]
		}
		if bound {
			return AtBound
		}
	}
	for _, d := range g.Params[p] {
		if d != 0 {
			return Active
		}
	}
	return Inactive
}
