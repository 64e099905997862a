package optim

import "fmt"

// Accumulate adds up the gradients of Every batches and gives Inner their mean; the updates between
// are zero:
//
//	g <- 1/Every Σ g over Every batches
//
// So a batch of any size can be had in the memory of a small one. As optax' MultiSteps.
type Accumulate struct {
	// Inner gets the mean.
	Inner Transform
	// Every is the number of batches; zero means 1.
	Every uint64
}

// Init returns a state with Inner's state as member and the slot "sum".
func (a Accumulate) Init(params Tree) State {
	s := State{Kind: "accumulate", Members: make([]State, 1), Slots: []Slot{{"sum", zerosLike(params)}}}
	if a.Inner != nil {
		s.Members[0] = a.Inner.Init(params)
	}
	return s
}

// Update adds gradients, and runs Inner in every Every-th call. Gradients that are not finite are
// an error that wraps ErrNonFinite, and are not added.
func (a Accumulate) Update(updates, params Tree, state *State) error {
	if err := state.belongs("accumulate", updates, 0, 1, 1); err != nil {
		return err
	}
	if a.Inner == nil {
		return fmt.Errorf("%w: accumulate: Inner is nil", ErrSettings)
	}
	if err := wellFormed("accumulate", updates); err != nil {
		return err
	}
	if err := finite("accumulate", updates); err != nil {
		return err
	}
	sum, every := state.Slots[0].Tree, max(a.Every, 1)
	for i, u := range updates {
		add(sum[i].F32, u.F32)
		add(sum[i].F64, u.F64)
	}
	if state.Step++; state.Step%every != 0 {
		zero(updates)
		return nil
	}
	for i, u := range updates {
		copy(u.F32, sum[i].F32)
		copy(u.F64, sum[i].F64)
	}
	zero(sum)
	if every > 1 {
		scale(updates, 1/float64(every))
	}
	if err := a.Inner.Update(updates, params, &state.Members[0]); err != nil {
		return fmt.Errorf("accumulate: %w", err)
	}
	return nil
}
