package optim

import (
	"fmt"
	"strings"
)

// Masked applies Inner to the leaves whose name matches and leaves the others
// alone:
//
//	isTau := func(name string) bool { return strings.HasPrefix(name, "tau_") }
//	optim.Chain{
//		optim.Adam{},
//		optim.Masked{Match: isTau, Inner: optim.Scale{Factor: 0.1}},
//	}
//
// Two Masked with opposite predicates give two groups of parameters an optimizer
// each.
type Masked struct {
	// Match selects leaves by name; nil matches all.
	Match func(name string) bool
	// Inner is what is applied to them.
	Inner Transform
}

// Init returns a state with Inner's state, for the leaves that match, as member.
func (m Masked) Init(params Tree) State {
	s := State{Kind: "masked", Members: make([]State, 1), scratch: make(Tree, 0, 2*len(params))}
	if m.Inner != nil {
		s.Members[0] = m.Inner.Init(m.appendMatching(nil, params))
	}
	return s
}

// Update runs Inner on the leaves that match. No match at all is an error that
// wraps ErrTree and lists the names: it is a slip in the predicate.
func (m Masked) Update(updates, params Tree, state *State) error {
	if err := state.belongs("masked", updates, 0, 0, 1); err != nil {
		return err
	}
	if m.Inner == nil {
		return fmt.Errorf("%w: masked: Inner is nil", ErrSettings)
	}
	all := m.appendMatching(state.scratch[:0], updates)
	n := len(all)
	if n == 0 {
		names := make([]string, len(updates))
		for i, l := range updates {
			names[i] = l.Name
		}
		return fmt.Errorf("%w: masked: no leaf matches; there are %s", ErrTree, strings.Join(names, ", "))
	}
	all = m.appendMatching(all, params)
	err := m.Inner.Update(all[:n:n], all[n:], &state.Members[0])
	clear(all) // keep the room, not the arrays
	state.scratch = all
	if err != nil {
		return fmt.Errorf("masked: %w", err)
	}
	state.Step++
	return nil
}

func (m Masked) appendMatching(dst, t Tree) Tree {
	for _, l := range t {
		if m.Match == nil || m.Match(l.Name) {
			dst = append(dst, l)
		}
	}
	return dst
}
