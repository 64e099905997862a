package optim

import (
	"fmt"
	"math"
)

const adagradLR = 1e-2

// Adagrad divides the gradient by the root of the sum of all of its squares so far:
//
//	s <- s + g^2,  u = -LR g / (sqrt(s) + Eps)
//
// with s = Initial at first, as torch.optim.Adagrad has it. Duchi, Hazan and Singer (2011), JMLR
// 12, 2121.
type Adagrad struct {
	// LR is the learning rate; nil means Constant(1e-2).
	LR Schedule
	// Initial is what the sums start with; zero means 0.
	Initial float64
	// Eps is added to the root; zero means 1e-10.
	Eps float64
}

// Init returns a state with the slots "sum" and "rest", what rounding has left out of the sums.
func (a Adagrad) Init(params Tree) State {
	s := State{Kind: "adagrad", Slots: []Slot{{"sum", zerosLike(params)}, {"rest", zerosLike(params)}}}
	for _, l := range s.Slots[0].Tree {
		for i := range l.F32 {
			l.F32[i] = float32(a.Initial)
		}
		for i := range l.F64 {
			l.F64[i] = a.Initial
		}
	}
	return s
}

// Update turns gradients into updates. Errors are those of [Adam].
func (a Adagrad) Update(updates, _ Tree, state *State) error {
	if state != nil && state.Kind == "adagrad" && len(state.Slots) == 1 { // of a checkpoint without "rest"
		state.Slots = append(state.Slots, Slot{"rest", zerosLike(updates)})
	}
	if err := state.belongs("adagrad", updates, 0, 2, 0); err != nil {
		return err
	}
	lr, err := rate("adagrad", a.LR, adagradLR, state.Step)
	if err != nil {
		return err
	}
	eps, err := positive("adagrad", "Eps", a.Eps, 1e-10, math.Inf(1))
	if err != nil {
		return err
	}
	if !(a.Initial >= 0) || !isFinite(a.Initial) {
		return fmt.Errorf("%w: adagrad: Initial is %v, want finite and >= 0", ErrSettings, a.Initial)
	}
	if err := wellFormed("adagrad", updates); err != nil {
		return err
	}
	if err := squares("adagrad", updates); err != nil {
		return err
	}
	for i, g := range updates {
		s, rest := state.Slots[0].Tree[i], state.Slots[1].Tree[i]
		adagrad(g.F32, s.F32, rest.F32, float32(eps), float32(-lr))
		adagrad(g.F64, s.F64, rest.F64, eps, -lr)
	}
	state.Step++
	return nil
}

// adagrad adds with compensation (Kahan 1965, doi:10.1145/363707.363723): in float32 the sum of a
// million equal squares is 1 % off, and from 2^24 on it no longer grows.
func adagrad[T float](g, s, rest []T, eps, minusLR T) {
	for i, x := range g {
		term := T(x*x) - rest[i]
		total := s[i] + term
		if rest[i] = (total - s[i]) - term; rest[i] != rest[i] {
			rest[i] = 0 // of an infinite sum
		}
		s[i] = total
		g[i] = minusLR * (x / (T(math.Sqrt(float64(s[i]))) + eps))
	}
}
