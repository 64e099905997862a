package gradbenchcmd

import (
	"github.com/surge-snn/surge/train/experiment"

	"fmt"

	"github.com/surge-snn/surge/bench/gradbench/lif"
	"github.com/surge-snn/surge/bench/gradbench/trained"
	"github.com/surge-snn/surge/internal/exit"
)

// problem reads the network of a file, or of the folder of a run with its trained parameters.
func (c *Command) problem() (*lif.Problem, error) {
	switch {
	case c.Samples < 1:
		return nil, &exit.BadInput{File: "--samples", Expected: "a number > 0", Found: fmt.Sprint(c.Samples)}
	case !(c.Width > 0) || c.Width > 100:
		return nil, &exit.BadInput{File: "--width", Expected: "a number > 0, 100 at most", Found: fmt.Sprint(c.Width)}
	}
	e, params, err := experiment.ReadNetwork(c.Network, c.Data)
	if err != nil {
		return nil, err
	}
	p, err := trained.Problem(e, params, c.Samples)
	if err != nil {
		return nil, err
	}
	p.Width, p.Seed = c.Width*e.Model.VTh, c.Seed
	return p, nil
}
