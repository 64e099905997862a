package optim

import (
	"fmt"
	"strings"
)

// Groups gives each leaf to the first group that takes it, so that groups of parameters have
// optimizers, learning rates and clips of their own:
//
//	slow := optim.Chain{optim.ClipByGlobalNorm{Max: 0.1}, optim.Adam{LR: optim.Constant(1e-4)}}
//	optim.Groups{
//		{Match: isTau, Inner: slow},
//		{Inner: optim.Adam{}}, // all others
//	}
//
// A leaf that no group takes is an error, and so is a group that takes none.
type Groups []Group

// Group is one part of [Groups].
type Group struct {
	// Match selects leaves by name; nil takes all that are left.
	Match func(name string) bool
	// Inner is what is applied to them.
	Inner Transform
}

// of returns the group that takes a leaf, -1 for none.
func (g Groups) of(name string) int {
	for i, group := range g {
		if group.Match == nil || group.Match(name) {
			return i
		}
	}
	return -1
}

// Init returns a state with the states of the groups as members.
func (g Groups) Init(params Tree) State {
	s := State{Kind: "groups", Members: make([]State, len(g)), scratch: make(Tree, 0, 2*len(params))}
	for i, group := range g {
		if group.Inner != nil {
			s.Members[i] = group.Inner.Init(g.appendGroup(nil, params, i))
		}
	}
	return s
}

// appendGroup appends the leaves of a group.
func (g Groups) appendGroup(dst, t Tree, group int) Tree {
	for _, l := range t {
		if g.of(l.Name) == group {
			dst = append(dst, l)
		}
	}
	return dst
}

// Update runs the groups in order.
func (g Groups) Update(updates, params Tree, state *State) error {
	if err := state.belongs("groups", updates, 0, 0, len(g)); err != nil {
		return err
	}
	var none []string
	for _, l := range updates {
		if g.of(l.Name) < 0 {
			none = append(none, l.Name)
		}
	}
	if len(none) > 0 {
		return fmt.Errorf("%w: groups: no group takes %s", ErrTree, strings.Join(none, ", "))
	}
	if err := wellFormed("groups", updates); err != nil {
		return err
	}
	if err := finite("groups", updates); err != nil {
		return err
	}
	for i, group := range g {
		if group.Inner == nil {
			return fmt.Errorf("%w: groups: Inner of group %d is nil", ErrSettings, i)
		}
		all := g.appendGroup(state.scratch[:0], updates, i)
		n := len(all)
		if n == 0 {
			return fmt.Errorf("%w: groups: group %d takes no leaf", ErrTree, i)
		}
		all = g.appendGroup(all, params, i)
		err := group.Inner.Update(all[:n:n], all[n:], &state.Members[i])
		clear(all) // keep the room, not the arrays
		state.scratch = all
		if err != nil {
			return fmt.Errorf("groups: group %d: %w", i, err)
		}
	}
	state.Step++
	return nil
}
