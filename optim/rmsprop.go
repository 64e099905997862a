package optim

import (
	"fmt"
	"math"

	"github.com/surge-snn/surge/internal/kernel"
)

const rmsLR = 1e-2

// RMSProp divides the gradient by the root of a running mean of its square:
//
//	v <- Decay v + (1 - Decay) g^2
//	a <- Decay a + (1 - Decay) g                              if Centered
//	d  = g / (sqrt(v) + Eps),  or g / (sqrt(v - a^2) + Eps)
//	b <- Momentum b + d,  u = -LR b
//
// without correction for the start at zero, and with Eps outside of the root, as
// torch.optim.RMSprop has it (optax.rmsprop has it inside). Hinton (2012), lecture 6e of "Neural
// networks for machine learning"; centred: Graves (2013), arXiv:1308.0850.
type RMSProp struct {
	// LR is the learning rate; nil means Constant(1e-2).
	LR Schedule
	// Decay is in (0, 1); zero means 0.99.
	Decay float64
	// Eps is added to the root; zero means 1e-8.
	Eps float64
	// Momentum is in [0, 1); zero means none.
	Momentum float64
	// Centered takes the square of the mean gradient away, so that the root is the deviation.
	Centered bool
}

// Init returns a state with the slots "v", "a" and "b", of which those that the settings need are
// not empty.
func (r RMSProp) Init(params Tree) State {
	s := State{Kind: "rmsprop", Slots: []Slot{{"v", zerosLike(params)}}}
	if r.Centered {
		s.Slots = append(s.Slots, Slot{"a", zerosLike(params)})
	}
	if r.Momentum != 0 {
		s.Slots = append(s.Slots, Slot{"b", zerosLike(params)})
	}
	return s
}

// Update turns gradients into updates. Errors are those of [Adam]; a momentum that overflows is
// seen by Apply.
func (r RMSProp) Update(updates, _ Tree, state *State) error {
	slots := 1
	if r.Centered {
		slots++
	}
	if r.Momentum != 0 {
		slots++
	}
	if err := state.belongs("rmsprop", updates, 0, slots, 0); err != nil {
		return err
	}
	lr, err := rate("rmsprop", r.LR, rmsLR, state.Step)
	if err != nil {
		return err
	}
	decay, err := positive("rmsprop", "Decay", r.Decay, 0.99, 1)
	if err != nil {
		return err
	}
	eps, err := positive("rmsprop", "Eps", r.Eps, 1e-8, math.Inf(1))
	if err != nil {
		return err
	}
	if !(r.Momentum >= 0 && r.Momentum < 1) {
		return fmt.Errorf("%w: rmsprop: Momentum is %v, want in [0, 1)", ErrSettings, r.Momentum)
	}
	if err := wellFormed("rmsprop", updates); err != nil {
		return err
	}
	if err := squares("rmsprop", updates); err != nil {
		return err
	}
	for i, g := range updates {
		var a, b Leaf
		v, rest := state.Slots[0].Tree[i], state.Slots[1:]
		if r.Centered {
			a, rest = rest[0].Tree[i], rest[1:]
		}
		if r.Momentum != 0 {
			b = rest[0].Tree[i]
		}
		rmsProp(g.F32, v.F32, a.F32, b.F32, kernel.NewMean[float32](decay), float32(eps), float32(r.Momentum), float32(-lr))
		rmsProp(g.F64, v.F64, a.F64, b.F64, kernel.NewMean[float64](decay), eps, r.Momentum, -lr)
	}
	state.Step++
	return nil
}

func rmsProp[T float](g, v, a, b []T, decay kernel.Mean[T], eps, momentum, minusLR T) {
	for i, x := range g {
		v[i] = decay.Next(v[i], T(x*x))
		mean := v[i]
		if a != nil {
			a[i] = decay.Next(a[i], x)
			mean = max(0, mean-T(a[i]*a[i])) // rounding
		}
		d := x / (T(math.Sqrt(float64(mean))) + eps)
		if b != nil {
			b[i] = T(momentum*b[i]) + d
			d = b[i]
		}
		g[i] = minusLR * d
	}
}
