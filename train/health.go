package train

import (
	"fmt"
	"math"
	"slices"

	"github.com/surge-snn/surge/optim"
)

// health watches a run for what does not stop it and should not go unseen. Each warning is given
// once.
type health struct {
	watched  optim.Tree      // trained parameters
	start    float64         // loss of the first batch; 0: none yet
	weights  float64         // their largest magnitude at the start
	diverged bool            // has been said
	said     map[string]bool // what has been said of layers
}

// once remembers what is said of a layer, and tells whether it is the first time.
func (h *health) once(what, layer string) bool {
	key := what + " " + layer
	if h.said[key] {
		return false
	}
	if h.said == nil {
		h.said = map[string]bool{}
	}
	h.said[key] = true
	return true
}

// A loss that is so many times its start, and weights that are, are no longer training. (A
// start below 1 counts as 1.) Losses of classes begin near their logarithm and weights near 1.
const (
	divergedLoss    = 1e3
	divergedWeights = 1e4
)

// Shares of the neurons of a layer that are worth a word: without a spike, and with one in every
// second step or more.
const (
	manySilent    = 0.9
	manySaturated = 0.5
)

const divergedHint = "the run diverges: lower the learning rate (lr) or clip the gradients (clip); --debug-nans finds the first operation that is not finite"

// watch begins with the parameters that a run starts with, but for those that are counts.
func watch(net Learner, weights optim.Tree) health {
	var counts []string
	if c, ok := net.(counting); ok {
		counts = c.counts()
	}
	var watched optim.Tree
	for _, l := range weights {
		if !slices.Contains(counts, l.Name) {
			watched = append(watched, l)
		}
	}
	return health{watched: watched, weights: max(largestWeight(watched), 1)}
}

// counting is a Learner with parameters that are counts, which no gradient moves.
type counting interface {
	counts() []string // their names
}

// batch looks at the loss of a batch, and returns a warning or nothing.
func (h *health) batch(at Position, loss float64) string {
	if h.start == 0 {
		h.start = max(math.Abs(loss), 1)
		return ""
	}
	if h.diverged || !(math.Abs(loss) > divergedLoss*h.start) {
		return ""
	}
	h.diverged = true
	return fmt.Sprintf("epoch %d, batch %d: the loss is %.3g, that of the first batch was %.3g; %s", at.Epoch+1, at.Batch+1, loss, h.start, divergedHint)
}

// epoch looks at the parameters and the spikes after an epoch, and returns the warnings.
func (h *health) epoch(e Epoch, valid Sums) []string {
	epoch := e.Epoch
	var warnings []string
	if w := largestWeight(h.watched); !h.diverged && !(w <= divergedWeights*h.weights) {
		h.diverged = true
		warnings = append(warnings, fmt.Sprintf("epoch %d: the largest parameter is %.3g, at the start it was %.3g; %s", epoch, w, h.weights, divergedHint))
	}
	for _, name := range valid.SilentLayers() {
		if h.once("silent", name) {
			warnings = append(warnings, fmt.Sprintf("epoch %d: layer %q is silent: none of its neurons spiked in the validation set; raise its weights (init_spikes, w_mean, w_gain) or lower its threshold", epoch, name))
		}
	}
	for _, l := range e.Layers {
		if l.Silent >= manySilent && l.Silent < 1 && h.once("dying", l.Name) {
			warnings = append(warnings, fmt.Sprintf("epoch %d: layer %q is dying: %.3g %% of its neurons did not spike in the validation set; raise its weights (w_mean, w_gain), lower its threshold, or bound its rate (loss.rate_lower)", epoch, l.Name, 100*l.Silent))
		}
		if l.Saturated >= manySaturated && h.once("exploding", l.Name) {
			warnings = append(warnings, fmt.Sprintf("epoch %d: layer %q is exploding: %.3g %% of its neurons spiked in at least half of all time steps of the validation set; lower its weights (w_mean, w_gain) or bound its rate (loss.rate_upper)", epoch, l.Name, 100*l.Saturated))
		}
	}
	return warnings
}

// largestWeight returns the largest magnitude of all elements.
func largestWeight(t optim.Tree) float64 {
	w := 0.0
	for _, l := range t {
		for i := range l.Len() {
			w = max(w, math.Abs(at(l, i)))
		}
	}
	return w
}
