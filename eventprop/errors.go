package eventprop

import "errors"

// ErrParameter signifies a neuron or synapse parameter that is not allowed.
var ErrParameter = errors.New("eventprop: bad parameter")

// ErrShape signifies lengths or indices that do not fit each other.
var ErrShape = errors.New("eventprop: shape mismatch")

// ErrSpikes signifies input spikes that are not sorted, not finite, or of a source
// that does not exist.
var ErrSpikes = errors.New("eventprop: bad spikes")

// ErrLimit signifies more spikes than Settings.MaxSpikes.
var ErrLimit = errors.New("eventprop: too many spikes")

// ErrRunaway signifies a neuron that fires twice at one instant: its current is so
// large that the time from reset to threshold is below the resolution of time.
var ErrRunaway = errors.New("eventprop: neuron fires without end at one instant")

// ErrGrazing signifies a gradient that is not finite because a spike touches its
// threshold with slope zero.
var ErrGrazing = errors.New("eventprop: infinite gradient of a grazing spike")

// ErrNonFinite signifies a NaN or an infinity where a number is needed.
var ErrNonFinite = errors.New("eventprop: value is not finite")
