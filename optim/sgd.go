package optim

import "fmt"

const sgdLR = 1e-2

// SGD is gradient descent, with momentum if Momentum is not zero:
//
//	b <- Momentum b + g
//	u  = -LR(step) b                    heavy ball
//	u  = -LR(step) (Momentum b + g)     Nesterov
//
// Polyak (1964), doi:10.1016/0041-5553(64)90137-5; the form of Nesterov's method
// is that of Sutskever et al. (2013), as PyTorch and optax have it.
type SGD struct {
	// LR is the learning rate; nil means Constant(1e-2).
	LR Schedule
	// Momentum is in [0, 1); zero means none.
	Momentum float64
	// Nesterov looks ahead by one step of the momentum.
	Nesterov bool
}

// Init returns a state with the slot "momentum", or without it if Momentum is zero.
func (s SGD) Init(params Tree) State {
	state := State{Kind: "sgd"}
	if s.Momentum != 0 {
		state.Slots = []Slot{{Name: "momentum", Tree: zerosLike(params)}}
	}
	return state
}

// Update turns gradients into updates. Gradients that are not finite, and momenta
// that would overflow, are an error that wraps ErrNonFinite; updates and state are
// as before then. One or two passes.
func (s SGD) Update(updates, _ Tree, state *State) error {
	slots := 0
	if s.Momentum != 0 {
		slots = 1
	}
	if err := state.belongs("sgd", updates, 0, slots, 0); err != nil {
		return err
	}
	lr, err := rate("sgd", s.LR, sgdLR, state.Step)
	if err != nil {
		return err
	}
	if !(s.Momentum >= 0 && s.Momentum < 1) {
		return fmt.Errorf("%w: sgd: Momentum is %v, want in [0, 1)", ErrSettings, s.Momentum)
	}
	if err := wellFormed("sgd", updates); err != nil {
		return err
	}
	if slots == 0 {
		if err := finite("sgd", updates); err != nil {
			return err
		}
		scale(updates, -lr)
		state.Step++
		return nil
	}
	momentum := state.Slots[0].Tree
	for i, g := range updates {
		b := momentum[i]
		at := -1
		if g.F32 != nil {
			at = nonFiniteMomentum(g.F32, b.F32, float32(s.Momentum))
		} else {
			at = nonFiniteMomentum(g.F64, b.F64, s.Momentum)
		}
		if at >= 0 {
			return fmt.Errorf("%w: sgd: gradient %s[%d] is %v, momentum %v", ErrNonFinite, g.Name, at, g.at(at), b.at(at))
		}
	}
	for i, g := range updates {
		descend(g.F32, momentum[i].F32, float32(s.Momentum), float32(-lr), s.Nesterov)
		descend(g.F64, momentum[i].F64, s.Momentum, -lr, s.Nesterov)
	}
	state.Step++
	return nil
}

// nonFiniteMomentum returns the first index where mu b + g is not finite, or -1.
func nonFiniteMomentum[T float](g, b []T, mu T) int {
	for i, v := range g {
		if s := T(mu*b[i]) + v; s-s != 0 {
			return i
		}
	}
	return -1
}

func descend[T float](g, b []T, mu, minusLR T, nesterov bool) {
	for i, v := range g {
		m := T(mu*b[i]) + v
		b[i] = m
		if nesterov {
			m = T(mu*m) + v
		}
		g[i] = minusLR * m
	}
}
