package optim

import "fmt"

// Chain applies transforms one after the other, each to what the one before left.
// The zero value leaves gradients as they are. Its state has one member per
// transform.
type Chain []Transform

// Init returns the states of all members.
func (c Chain) Init(params Tree) State {
	s := State{Kind: "chain", Members: make([]State, len(c))}
	for i, t := range c {
		if t != nil {
			s.Members[i] = t.Init(params)
		}
	}
	return s
}

// Update runs the members in order. Gradients that are not finite are an error
// before the first member runs. An error of a member names its position.
func (c Chain) Update(updates, params Tree, state *State) error {
	if err := state.belongs("chain", updates, 0, 0, len(c)); err != nil {
		return err
	}
	if err := wellFormed("chain", updates); err != nil {
		return err
	}
	for i, t := range c {
		if t == nil {
			return fmt.Errorf("%w: chain: member %d is nil", ErrSettings, i)
		}
	}
	if err := finite("chain", updates); err != nil {
		return err
	}
	for i, t := range c {
		if err := t.Update(updates, params, &state.Members[i]); err != nil {
			return fmt.Errorf("chain: member %d: %w", i, err)
		}
	}
	state.Step++
	return nil
}
