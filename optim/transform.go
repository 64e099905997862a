package optim

import "errors"

// ErrSettings signifies a field of a transform or a schedule that is out of range.
var ErrSettings = errors.New("optim: setting out of range")

// Transform turns gradients into updates.
type Transform interface {
	// Init returns the state before the first update, zeros in general.
	Init(params Tree) State

	// Update replaces the gradients in updates, in place, by what is to be
	// added to params, and advances the state. params have the names, types
	// and lengths of updates; they are read only, and a transform that does
	// not read them takes nil as well.
	//
	// On an error nothing is to be applied; package documentation says what
	// has changed then.
	Update(updates, params Tree, state *State) error
}
