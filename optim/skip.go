package optim

import "fmt"

// SkipNonFinite leaves out updates whose gradients are not finite: all updates
// become zero, Inner does not see them, and the skip is counted. The bad values
// must come in with the gradients; where Inner makes them from finite ones, its
// error is passed on. It stands outside of a Chain, not in it, because a Chain
// refuses such gradients itself.
//
// After optax' apply_if_finite, with an error where that one would let NaN pass.
type SkipNonFinite struct {
	// Inner is what finite gradients are given to.
	Inner Transform
	// Max is the largest number of skips in a row; zero means 5.
	Max uint64
}

// Init returns a state with Inner's state as member and two counts: all skips, and
// those in a row up to now.
func (s SkipNonFinite) Init(params Tree) State {
	state := State{Kind: "skip_non_finite", Counts: make([]uint64, 2), Members: make([]State, 1)}
	if s.Inner != nil {
		state.Members[0] = s.Inner.Init(params)
	}
	return state
}

// Update runs Inner if all gradients are finite. The skip after Max in a row is an
// error that wraps ErrNonFinite and names leaf and index; it is not counted, and
// updates and state are as before.
func (s SkipNonFinite) Update(updates, params Tree, state *State) error {
	if err := state.belongs("skip_non_finite", updates, 2, 0, 1); err != nil {
		return err
	}
	if s.Inner == nil {
		return fmt.Errorf("%w: skip_non_finite: Inner is nil", ErrSettings)
	}
	if err := wellFormed("skip_non_finite", updates); err != nil {
		return err
	}
	most := s.Max
	if most == 0 {
		most = 5
	}
	total, inARow := &state.Counts[0], &state.Counts[1]
	err := finite("skip_non_finite", updates)
	switch {
	case err == nil:
		if err := s.Inner.Update(updates, params, &state.Members[0]); err != nil {
			return fmt.Errorf("skip_non_finite: %w", err)
		}
		*inARow = 0
	case *inARow >= most:
		return fmt.Errorf("%w (after %d skips in a row, %d in all)", err, *inARow, *total)
	default:
		*total++
		*inARow++
		zero(updates)
	}
	state.Step++
	return nil
}

// Skipped returns how many updates were left out, in all and in a row up to now,
// from a state that SkipNonFinite made; zeros for another.
func (SkipNonFinite) Skipped(state State) (total, inARow uint64) {
	if state.Kind != "skip_non_finite" || len(state.Counts) != 2 {
		return 0, 0
	}
	return state.Counts[0], state.Counts[1]
}
