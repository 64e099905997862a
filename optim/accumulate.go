package optim

import (
	"fmt"

	"github.com/surge-snn/surge/internal/kernel"
)

// Accumulate adds up the gradients of Every batches and gives Inner their mean; the updates between
// are zero:
//
//	g <- Σ n g / Σ n over Every batches of n samples, n = 1 where [Weigh] says nothing
//
// So a batch of any size can be had in the memory of a small one. As optax' MultiSteps, which
// takes all batches for equally large. What is left at the end of a run, of fewer than Every
// batches, makes no update.
type Accumulate struct {
	// Inner gets the mean.
	Inner Transform
	// Every is the number of batches; zero means 1.
	Every uint64
}

// The counts of the state.
const (
	accumulateSum  = iota // samples of the sum
	accumulateNext        // of the next gradients; 0: 1
	accumulateCounts
)

// Weigh says of how many samples the next gradients are the mean, to every [Accumulate] that the
// state is of, or whose state is in it: a batch of few samples, as the last one of an epoch may be,
// counts as much as they do. [train.Run] calls it before each update.
func Weigh(state *State, samples uint64) {
	if state == nil {
		return
	}
	if state.Kind == "accumulate" && len(state.Counts) == accumulateCounts {
		state.Counts[accumulateNext] = samples
	}
	for i := range state.Members {
		Weigh(&state.Members[i], samples)
	}
}

// Init returns a state with Inner's state as member, the slot "sum", and two counts: the samples of
// the sum, and those of the next gradients.
func (a Accumulate) Init(params Tree) State {
	s := State{Kind: "accumulate", Counts: make([]uint64, accumulateCounts), Members: make([]State, 1), Slots: []Slot{{"sum", zerosLike(params)}}}
	if a.Inner != nil {
		s.Members[0] = a.Inner.Init(params)
	}
	return s
}

// Update adds gradients, and runs Inner in every Every-th call. Gradients that are not finite are
// an error that wraps ErrNonFinite, and are not added.
func (a Accumulate) Update(updates, params Tree, state *State) error {
	if err := state.belongs("accumulate", updates, accumulateCounts, 1, 1); err != nil {
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
	n, samples := max(state.Counts[accumulateNext], 1), &state.Counts[accumulateSum]
	for i, u := range updates {
		kernel.Axpy(float32(n), u.F32, sum[i].F32)
		kernel.Axpy(float64(n), u.F64, sum[i].F64)
	}
	*samples += n
	if state.Step++; state.Step%every != 0 {
		zero(updates)
		return nil
	}
	for i, u := range updates {
		copy(u.F32, sum[i].F32)
		copy(u.F64, sum[i].F64)
	}
	zero(sum)
	if *samples > 1 {
		scale(updates, 1/float64(*samples))
	}
	*samples = 0
	if err := a.Inner.Update(updates, params, &state.Members[0]); err != nil {
		return fmt.Errorf("accumulate: %w", err)
	}
	return nil
}
