package optim

import "fmt"

// WeightDecay shrinks parameters, decoupled from the gradient's moments:
//
//	u <- u - LR(step) Rate p
//
// It stands after [Adam] or [SGD] in a Chain, with the same learning rate:
//
//	optim.Chain{optim.Adam{LR: lr}, optim.WeightDecay{LR: lr, Rate: 0.01}}
//
// is AdamW, and Masked around it exempts biases and time constants. In front of
// Adam the decay would pass through the moments, which is another method (L2).
//
// Loshchilov and Hutter (2019), arXiv:1711.05101.
type WeightDecay struct {
	// LR is the learning rate; nil means Constant(1e-3), as for Adam.
	LR Schedule
	// Rate is the decay per step and unit of learning rate; zero means none.
	Rate float64
}

// Init returns a state without arrays.
func (WeightDecay) Init(Tree) State { return State{Kind: "weight_decay"} }

// Update subtracts the decay. It needs params.
func (w WeightDecay) Update(updates, params Tree, state *State) error {
	if err := state.belongs("weight_decay", updates, 0, 0, 0); err != nil {
		return err
	}
	if err := match("updates", updates, "params", params); err != nil {
		return fmt.Errorf("weight_decay: %w", err)
	}
	lr, err := rate("weight_decay", w.LR, adamLR, state.Step)
	if err != nil {
		return err
	}
	if !(w.Rate >= 0) || !isFinite(w.Rate) {
		return fmt.Errorf("%w: weight_decay: Rate is %v, want finite and >= 0", ErrSettings, w.Rate)
	}
	if err := finite("weight_decay", updates); err != nil {
		return err
	}
	for i, u := range updates {
		decay(u.F32, params[i].F32, float32(lr*w.Rate))
		decay(u.F64, params[i].F64, lr*w.Rate)
	}
	state.Step++
	return nil
}

func decay[T float](u, p []T, c T) {
	for i, v := range p {
		u[i] -= T(c * v)
	}
}

// AdamW returns Adam with decoupled weight decay of the leaves that decays selects, all for nil:
//
//	u = -LR(t-1) (mh / (sqrt(vh) + Eps) + rate p)
//
// as torch.optim.AdamW and optax.adamw compute it. Loshchilov and Hutter (2019), arXiv:1711.05101.
func AdamW(lr Schedule, rate float64, decays func(name string) bool) Chain {
	return Chain{Adam{LR: lr}, Masked{Match: decays, Inner: WeightDecay{LR: lr, Rate: rate}}}
}
