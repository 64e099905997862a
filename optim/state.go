package optim

import (
	"errors"
	"fmt"
)

// ErrState signifies a state that another transform or another model made.
var ErrState = errors.New("optim: state does not belong to this transform")

// State is what a transform remembers between updates. It is a plain value;
// copies share the arrays in Slots.
type State struct {
	// Kind names the transform that made the state.
	Kind string
	// Step is the number of updates so far.
	Step uint64
	// Counts are further counters, in an order that the transform defines.
	Counts []uint64
	// Slots are named trees that belong to the parameters, such as moments.
	Slots []Slot
	// Members are the states of the transforms inside.
	Members []State

	scratch Tree // room for Masked, without meaning between updates
}

// Slot is one tree of a state, with the names, types and lengths of the
// parameters' leaves.
type Slot struct {
	Name string
	Tree Tree
}

// belongs returns an error unless s was made by a transform of this kind for a
// tree like updates, with these numbers of slots, members and counts.
func (s *State) belongs(kind string, updates Tree, counts, slots, members int) error {
	if s == nil {
		return fmt.Errorf("%w: %s: state is nil", ErrState, kind)
	}
	if s.Kind != kind || len(s.Counts) != counts || len(s.Slots) != slots || len(s.Members) != members {
		return fmt.Errorf("%w: found kind %q with %d counts, %d slots, %d members, want %q with %d, %d, %d",
			ErrState, s.Kind, len(s.Counts), len(s.Slots), len(s.Members), kind, counts, slots, members)
	}
	for _, slot := range s.Slots {
		if err := match("updates", updates, slot.Name, slot.Tree); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrState, kind, err)
		}
	}
	return nil
}
