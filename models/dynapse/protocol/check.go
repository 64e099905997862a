package protocol

import (
	"context"
	"math"

	"github.com/surge-snn/surge/models/dynapse"
)

// check compares what the chip did in the rows of the check with what the neurons that were found
// do.
func (p *procedure) check(ctx context.Context) error {
	net := p.network(p.known, true)
	for j := range p.n {
		p.res.Neurons[j].Check = &Checked{CountMet: true, RateMet: true}
	}
	for _, x := range p.res.rows[Check] {
		if err := ctx.Err(); err != nil {
			return err
		}
		run, err := net.Simulate(dynapse.Input{T: x.steps, B: 1, Counts: x.input, DC: x.dc})
		if err != nil {
			return err
		}
		for j := range p.n {
			seen, got, driven := 0.0, 0.0, false
			for t := range x.steps {
				at := t*p.n + j
				driven = driven || x.input[at] != 0
				if s := x.spikes[at]; s == s {
					seen, got = seen+s, got+run.Spikes[at]
				}
			}
			c := p.res.Neurons[j].Check
			list, worst, met, tolerance := &c.Rates, &c.RateError, &c.RateMet, rateTolerance
			if driven {
				list, worst, met, tolerance = &c.Counts, &c.CountError, &c.CountMet, countTolerance
			}
			list[0], list[1] = append(list[0], seen), append(list[1], got)
			off := math.Abs(got - seen)
			*worst = max(*worst, off/max(seen, 1))
			*met = *met && off <= max(1, tolerance*seen)
		}
	}
	counts, rates := 0.0, 0.0
	for _, n := range p.res.Neurons {
		counts += whether(n.Check.CountMet) / float64(p.n)
		rates += whether(n.Check.RateMet) / float64(p.n)
	}
	p.res.CountsMet, p.res.RatesMet = &counts, &rates
	return nil
}
