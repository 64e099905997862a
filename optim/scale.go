package optim

import "fmt"

// Scale multiplies updates by a constant:
//
//	u <- Factor u
//
// The zero value makes all updates zero, which freezes parameters (see [Masked]).
type Scale struct {
	Factor float64
}

// Init returns a state without arrays.
func (Scale) Init(Tree) State { return State{Kind: "scale"} }

// Update multiplies updates by Factor, rounded to their type. A Factor that is not
// finite is an error that wraps ErrSettings.
func (s Scale) Update(updates, _ Tree, state *State) error {
	if err := state.belongs("scale", updates, 0, 0, 0); err != nil {
		return err
	}
	if !isFinite(s.Factor) {
		return fmt.Errorf("%w: scale: Factor is %v, want finite", ErrSettings, s.Factor)
	}
	if err := wellFormed("scale", updates); err != nil {
		return err
	}
	scale(updates, s.Factor)
	state.Step++
	return nil
}

// ScaleBySchedule multiplies updates by a factor that depends on the step:
//
//	u <- Schedule(step) u
//
// with step = 0 at the first update. A nil Schedule is the factor 1.
type ScaleBySchedule struct {
	Schedule Schedule
}

// Init returns a state without arrays.
func (ScaleBySchedule) Init(Tree) State { return State{Kind: "scale_by_schedule"} }

// Update multiplies updates by the schedule's value, rounded to their type. A value
// that is negative or not finite is an error that wraps ErrSettings.
func (s ScaleBySchedule) Update(updates, _ Tree, state *State) error {
	if err := state.belongs("scale_by_schedule", updates, 0, 0, 0); err != nil {
		return err
	}
	factor, err := rate("scale_by_schedule", s.Schedule, 1, state.Step)
	if err != nil {
		return err
	}
	if err := wellFormed("scale_by_schedule", updates); err != nil {
		return err
	}
	if err := finite("scale_by_schedule", updates); err != nil {
		return err
	}
	scale(updates, factor)
	state.Step++
	return nil
}
