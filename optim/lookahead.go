package optim

import "fmt"

// Lookahead lets Inner take Every steps and then goes back to where they started, by a part of the
// way:
//
//	fast <- fast + u(Inner)                  every step
//	slow <- slow + Alpha (fast - slow),  fast <- slow      every Every-th step
//
// Zhang et al. (2019), arXiv:1907.08610.
type Lookahead struct {
	// Inner makes the steps.
	Inner Transform
	// Every is how many steps make a round; zero means 6.
	Every uint64
	// Alpha is the part of the way, in (0, 1]; zero means 0.5.
	Alpha float64
}

// Init returns a state with Inner's state as member and the slot "slow", a copy of params.
func (l Lookahead) Init(params Tree) State {
	s := State{Kind: "lookahead", Members: make([]State, 1), Slots: []Slot{{"slow", zerosLike(params)}}}
	for i, leaf := range s.Slots[0].Tree {
		copy(leaf.F32, params[i].F32)
		copy(leaf.F64, params[i].F64)
	}
	if l.Inner != nil {
		s.Members[0] = l.Inner.Init(params)
	}
	return s
}

// Update runs Inner. It needs params.
func (l Lookahead) Update(updates, params Tree, state *State) error {
	if err := state.belongs("lookahead", updates, 0, 1, 1); err != nil {
		return err
	}
	if l.Inner == nil {
		return fmt.Errorf("%w: lookahead: Inner is nil", ErrSettings)
	}
	alpha, err := positive("lookahead", "Alpha", l.Alpha, 0.5, 1+1e-15)
	if err != nil {
		return err
	}
	if err := match("updates", updates, "params", params); err != nil {
		return fmt.Errorf("lookahead: %w", err)
	}
	if err := l.Inner.Update(updates, params, &state.Members[0]); err != nil {
		return fmt.Errorf("lookahead: %w", err)
	}
	every := l.Every
	if every == 0 {
		every = 6
	}
	if state.Step++; state.Step%every != 0 {
		return nil
	}
	for i, u := range updates {
		slow := state.Slots[0].Tree[i]
		lookBack(u.F32, params[i].F32, slow.F32, float32(alpha))
		lookBack(u.F64, params[i].F64, slow.F64, alpha)
	}
	return nil
}

func lookBack[T float](u, p, slow []T, alpha T) {
	for i := range u {
		slow[i] += T(alpha * (p[i] + u[i] - slow[i]))
		u[i] = slow[i] - p[i]
	}
}
