package gradbenchcmd

import (
	"fmt"

	"github.com/surge-snn/surge/bench/gradbench/lif"
	"github.com/surge-snn/surge/bench/gradbench/suite"
	"github.com/surge-snn/surge/bench/gradbench/trained"
	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/surrogate"
	"github.com/surge-snn/surge/train/experiment"
)

// network returns the run for the network of a file, or of the folder of a run with its trained
// parameters.
func (c *Command) network(s suite.Settings) (run suite.Run, err error) {
	switch {
	case c.Samples < 1:
		return run, &exit.BadInput{File: "--samples", Expected: "a number > 0", Found: fmt.Sprint(c.Samples)}
	case !(c.Width > 0) || c.Width > 100:
		return run, &exit.BadInput{File: "--width", Expected: "a number > 0, 100 at most", Found: fmt.Sprint(c.Width)}
	}
	e, params, err := experiment.ReadNetwork(c.Network, c.Data)
	if err != nil {
		return run, err
	}
	if e.Train.Method != experiment.Surrogate {
		n, err := trained.NewEvents(e, params, c.Samples, c.Width, c.Seed)
		if err != nil {
			return run, err
		}
		return suite.OfEvents(s, n, n.Exact()), nil
	}
	p, err := trained.Problem(e, params, c.Samples)
	if err != nil {
		return run, err
	}
	p.Width, p.Seed = c.Width*e.Model.VTh, c.Seed
	own, err := surrogate.Parse(e.Model.Surrogate)
	if err != nil {
		return run, err
	}
	return suite.Of(s, p, lif.Rule{Surrogate: own, Detach: e.Model.DetachReset}), nil
}
