package fit

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/surge-snn/surge/internal/random"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/live"
	"github.com/surge-snn/surge/models/dynapse/protocol"
)

// A hidden chip: neurons of one core, with the currents of Draw's problem of the seed, and what is
// not known of it.
const (
	chipNeurons  = 2
	chipMismatch = 0.15
	chipNoise    = 1e-3 // V
	chipGain     = 0.02 // standard deviation of its logarithm
	chipOffset   = 5e-3 // V
)

// ProtocolName is the name of the benchmark of the staged procedure.
const ProtocolName = "protocol"

var staged = Benchmark{
	Name: ProtocolName, Text: "neurons of hidden chips that the staged procedure ends with: spike counts within 10 %, rates for constant currents within 5 %",
	Seeds: first(20), draw: func(seed uint64) (Problem, error) { return draw(seed, 1, 1) },
	solve: func(ctx context.Context, p Problem, o *Outcome) error { return measured(ctx, p, chipNeurons, o) },
	judge: met, Target: ">= 95 % of both", format: "%.1f %%", remark: bothMet,
}

// subjectOf are the neurons that a chip is to be set to.
func (p Problem) subjectOf(neurons int) protocol.Subject {
	n := dynapse.Network{N: neurons}
	for q, v := range p.Truth.Params {
		if len(v) > 0 {
			n.Params[q] = slices.Repeat(v[:1], neurons)
		}
	}
	return protocol.Subject{Network: n, Seed: p.Seed}
}

// measured goes through the procedure with a hidden chip of so many neurons. Numbers:
//
//	neurons    of the chip
//	counts, rates  those whose spike counts, and rates for constant currents, are met
//	count error, rate error  the largest relative differences
func measured(ctx context.Context, p Problem, neurons int, o *Outcome) error {
	rng := random.New(p.Seed, "bench/fit/protocol")
	c := &live.Software{Seed: p.Seed, Mismatch: chipMismatch, Noise: chipNoise,
		Gain: math.Exp(chipGain * random.Normal(rng)), Offset: chipOffset * random.Normal(rng)}
	res, err := protocol.Run(ctx, p.subjectOf(neurons), protocol.Settings{Chip: c})
	if err != nil {
		return err
	}
	for _, name := range []string{"neurons", "counts", "rates", "count error", "rate error"} {
		o.Numbers[name] = 0
	}
	var missed []string
	for _, n := range res.Neurons {
		if o.Numbers["neurons"]++; n.Check == nil {
			missed = append(missed, fmt.Sprintf("neuron %d was not checked", n.Neuron))
			continue
		}
		for _, of := range []struct {
			name string
			met  bool
			off  float64
			seen [2][]float64
		}{{"count", n.Check.CountMet, n.Check.CountError, n.Check.Counts}, {"rate", n.Check.RateMet, n.Check.RateError, n.Check.Rates}} {
			o.Numbers[of.name+" error"] = max(o.Numbers[of.name+" error"], of.off)
			if of.met {
				o.Numbers[of.name+"s"]++
			} else {
				missed = append(missed, fmt.Sprintf("neuron %d: %ss %v, the model %v", n.Neuron, of.name, of.seen[0], of.seen[1]))
			}
		}
	}
	o.Passed, o.Note = missed == nil, strings.Join(missed, "; ")
	return nil
}

// sums returns how many neurons there are, and of how many counts and rates are met.
func sums(outcomes []Outcome) (neurons, counts, rates float64) {
	for _, o := range outcomes {
		neurons, counts, rates = neurons+o.Numbers["neurons"], counts+o.Numbers["counts"], rates+o.Numbers["rates"]
	}
	return neurons, counts, rates
}

// met judges the smaller part of the neurons of those whose counts, and of those whose rates are
// met, in percent.
func met(outcomes []Outcome) (float64, bool) {
	neurons, counts, rates := sums(outcomes)
	part := min(counts, rates) / max(neurons, 1)
	return 100 * part, part >= 0.95
}

func bothMet(outcomes []Outcome) string {
	neurons, counts, rates := sums(outcomes)
	return fmt.Sprintf("counts of %g, rates of %g of %g neurons", counts, rates, neurons)
}
