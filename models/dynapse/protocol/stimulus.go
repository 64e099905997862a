package protocol

import (
	"fmt"
	"math"
	"slices"

	"github.com/surge-snn/surge/internal/random"
	"github.com/surge-snn/surge/models/dynapse"
)

// stimulus is a row of a recording of a stage.
type stimulus struct {
	text   string
	steps  int
	level  float64                         // of the constant current, in units of the rheobase; negative: as the subject has it
	counts func(step, channel int) float64 // of spikes of an input channel; nil: none
}

// asked lists the recordings of a stage.
func (c *subject) asked(s Stage) (list []stimulus) {
	constant := func(seconds float64, levels ...float64) {
		for _, x := range levels {
			text := fmt.Sprintf("a constant current Idc of %v times the rheobase and no input, %v s", x, seconds)
			if x == 0 {
				text = fmt.Sprintf("no constant current (Idc = 0) and no input, %v s", seconds)
			}
			list = append(list, stimulus{text, c.bins(seconds), x, nil})
		}
	}
	input := func(seconds, level float64, text string, counts func(step, channel int) float64) {
		if level > 0 {
			text += fmt.Sprintf(", with a constant current Idc of %v times the rheobase", level)
		}
		list = append(list, stimulus{fmt.Sprintf("%s, %v s", text, seconds), c.bins(seconds), level, counts})
	}
	every := func(seconds float64) func(step, _ int) float64 {
		apart := c.bins(seconds)
		return func(step, _ int) float64 { return whether(step%apart == 2) }
	}
	switch s {
	case Leak:
		constant(0.6, 0, 0.8, 1, 1.3)
	case FI:
		constant(1, 1.6, 2.5, 5, 12, 30)
	case EPSP:
		input(1, 0, "single input spikes every 0.25 s", every(0.25))
		input(1, 0.9, "single input spikes every 0.25 s", every(0.25))
		input(1, 0, "a burst of 10 input spikes every 0.25 s", func(step, _ int) float64 { return whether(step%c.bins(0.25) < 10) })
	case Refractory:
		constant(0.4, 60, 150)
		input(0.4, 0, "an input spike in every bin", func(int, int) float64 { return 1 })
	case AHP:
		if c.adapts() {
			constant(2, 2, 5, 15)
		}
	case Check:
		constant(4, 2, 8, 20)
		for i, rate := range []float64{20, 60, 150} {
			rng, steps := random.New(c.Seed, "protocol/check", uint64(i)), c.bins(4)
			counts := make([]float64, steps*c.channels)
			for k := range counts {
				counts[k] = whether(rng.Float64() < 1-math.Exp(-rate*c.dt))
			}
			input(4, -1, fmt.Sprintf("Poisson input of %v Hz", rate), func(step, channel int) float64 { return counts[step*c.channels+channel] })
		}
	}
	return list
}

func whether(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// idc is the constant current of each neuron in a row, A, or nil for that of the subject.
func (x stimulus) idc(rheobase []float64) []float64 {
	if x.level < 0 {
		return nil
	}
	list := slices.Clone(rheobase)
	for j := range list {
		list[j] *= x.level
	}
	return list
}

// input are the counts of the channels, [T, C].
func (c *subject) input(x stimulus) []float64 {
	counts := make([]float64, x.steps*c.channels)
	if x.counts != nil {
		for i := range counts {
			counts[i] = x.counts(i/c.channels, i%c.channels)
		}
	}
	return counts
}

// reference is the constant current of which recordings have factors, A: that of the subject, or
// where it has none the leak.
func (c *subject) reference(j int) float64 {
	if x := c.set[dynapse.Idc][j]; x > 0 {
		return x
	}
	return c.set[dynapse.ItauMem][j]
}

// wanted is the constant current of which recordings from elsewhere have factors, A.
func (c *subject) wanted(j int) float64 {
	if c.idc[j] > 0 {
		return c.idc[j]
	}
	return c.reference(j)
}
