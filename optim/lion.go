package optim

import "github.com/surge-snn/surge/internal/kernel"

const lionLR = 1e-4

// Lion moves every element by LR, in the direction of the sign of a mean of gradient and momentum:
//
//	u  = -LR sign(Beta1 m + (1 - Beta1) g)
//	m <- Beta2 m + (1 - Beta2) g
//
// with sign(0) = 0. Its LR is three to ten times smaller than Adam's, its weight decay
// ([WeightDecay] behind it) as many times larger. Chen et al. (2023), arXiv:2302.06675.
type Lion struct {
	// LR is the learning rate; nil means Constant(1e-4).
	LR Schedule
	// Beta1 weighs the momentum in the update, in (0, 1); zero means 0.9.
	Beta1 float64
	// Beta2 is the decay of the momentum, in (0, 1); zero means 0.99.
	Beta2 float64
}

// Init returns a state with the slot "m", zero.
func (Lion) Init(params Tree) State {
	return State{Kind: "lion", Slots: []Slot{{"m", zerosLike(params)}}}
}

// Update turns gradients into updates. A gradient that is not finite is an error that wraps
// ErrNonFinite; updates and state are as before then.
func (l Lion) Update(updates, _ Tree, state *State) error {
	if err := state.belongs("lion", updates, 0, 1, 0); err != nil {
		return err
	}
	lr, err := rate("lion", l.LR, lionLR, state.Step)
	if err != nil {
		return err
	}
	b1, err := positive("lion", "Beta1", l.Beta1, 0.9, 1)
	if err != nil {
		return err
	}
	b2, err := positive("lion", "Beta2", l.Beta2, 0.99, 1)
	if err != nil {
		return err
	}
	if err := wellFormed("lion", updates); err != nil {
		return err
	}
	if err := finite("lion", updates); err != nil {
		return err
	}
	for i, g := range updates {
		m := state.Slots[0].Tree[i]
		lion(g.F32, m.F32, kernel.NewMean[float32](b1), kernel.NewMean[float32](b2), float32(lr))
		lion(g.F64, m.F64, kernel.NewMean[float64](b1), kernel.NewMean[float64](b2), lr)
	}
	state.Step++
	return nil
}

func lion[T float](g, m []T, b1, b2 kernel.Mean[T], lr T) {
	for i, x := range g {
		c := b1.Next(m[i], x)
		m[i] = b2.Next(m[i], x)
		switch {
		case c > 0:
			g[i] = -lr
		case c < 0:
			g[i] = lr
		default:
			g[i] = 0
		}
	}
}
