package optim

import (
	"fmt"
	"math"
)

// Plateau scales updates by a factor that falls when a loss has stopped to fall:
//
//	u <- scale u,  scale = 1 at first
//
// [Plateau.Observe] tells it the loss, once an epoch as a rule: where it was not below (1 -
// Threshold) of the best one for more than Patience times in a row, scale <- max(Factor scale,
// Min), and counting begins anew, after Cooldown observations that do not count. It stands behind
// an optimizer in a [Chain]. The state, and so the scale, is part of a checkpoint.
//
// The rule is that of torch.optim.lr_scheduler.ReduceLROnPlateau with mode "min" and threshold_mode
// "rel".
type Plateau struct {
	// Factor is what the scale is multiplied with, in (0, 1); zero means 0.1.
	Factor float64
	// Patience is how many observations without improvement are borne; zero means 10. (1 means
	// one.)
	Patience uint64
	// Threshold is the relative improvement that counts, in (0, 1); zero means 1e-4.
	Threshold float64
	// Cooldown is how many observations after a fall do not count.
	Cooldown uint64
	// Min is the least scale.
	Min float64
}

// The counts of the state.
const (
	plateauBad = iota
	plateauCooling
)

// Init returns a state with the scale 1.
func (Plateau) Init(Tree) State {
	return State{Kind: "plateau", Counts: make([]uint64, 2), Members: []State{{Kind: "plateau scale", Slots: []Slot{Vector("scale, best", []float64{1, math.Inf(1)})}}}}
}

// values returns scale and best loss.
func (Plateau) values(state *State) ([]float64, error) {
	if state == nil || state.Kind != "plateau" || len(state.Counts) != 2 || len(state.Members) != 1 {
		return nil, fmt.Errorf("%w: want the state of plateau", ErrState)
	}
	v := state.Members[0].Vector(0)
	if len(v) != 2 {
		return nil, fmt.Errorf("%w: plateau: want a scale and a loss", ErrState)
	}
	return v, nil
}

// Update scales updates.
func (p Plateau) Update(updates, _ Tree, state *State) error {
	if err := state.belongs("plateau", updates, 2, 0, 1); err != nil {
		return err
	}
	v, err := p.values(state)
	if err != nil {
		return err
	}
	if err := wellFormed("plateau", updates); err != nil {
		return err
	}
	if err := finite("plateau", updates); err != nil {
		return err
	}
	if v[0] != 1 {
		scale(updates, v[0])
	}
	state.Step++
	return nil
}

// Observe takes a loss into account, in the state of p, or in that of whatever p is inside of: all
// plateaus in there observe it. A NaN counts as no improvement. It returns the least scale, and an
// error that wraps ErrState if there is no plateau in the state.
func (p Plateau) Observe(state *State, loss float64) (float64, error) {
	factor, err := positive("plateau", "Factor", p.Factor, 0.1, 1)
	if err != nil {
		return 0, err
	}
	threshold, err := positive("plateau", "Threshold", p.Threshold, 1e-4, 1)
	if err != nil {
		return 0, err
	}
	patience := p.Patience
	if patience == 0 {
		patience = 10
	}
	return p.each(state, func(s *State, v []float64) {
		bad, cooling := &s.Counts[plateauBad], &s.Counts[plateauCooling]
		if loss < float64(v[1]*(1-threshold)) || math.IsInf(v[1], 1) && loss == loss {
			v[1], *bad = loss, 0
		} else {
			*bad++
		}
		if *cooling > 0 {
			*cooling--
			*bad = 0
		}
		if *bad > patience {
			v[0] = max(v[0]*factor, p.Min)
			*cooling, *bad = p.Cooldown, 0
		}
	})
}

// Scale returns the scale that the next update gets, the least one where there are several plateaus
// in the state, with the errors of Observe.
func (p Plateau) Scale(state *State) (float64, error) {
	return p.each(state, func(*State, []float64) {})
}

// each visits all plateaus in a state with their scale and best loss, and returns the least scale
// after it.
func (p Plateau) each(state *State, visit func(s *State, v []float64)) (least float64, err error) {
	least, found := math.Inf(1), false
	var walk func(s *State) error
	walk = func(s *State) error {
		if s == nil {
			return nil
		}
		if s.Kind != "plateau" {
			for i := range s.Members {
				if err := walk(&s.Members[i]); err != nil {
					return err
				}
			}
			return nil
		}
		v, err := p.values(s)
		if err != nil {
			return err
		}
		visit(s, v)
		least, found = min(least, v[0]), true
		return nil
	}
	if err := walk(state); err != nil {
		return 0, err
	}
	if !found {
		return 0, fmt.Errorf("%w: no plateau in it", ErrState)
	}
	return least, nil
}
