package fit

import (
	"fmt"
	"slices"

	"github.com/surge-snn/surge/models/dynapse"
)

// problem is a checked Experiment: what may move, and what was recorded or is wanted.
type problem struct {
	*space
	targets
	wishes []wish
	debug  bool // a point whose simulation leaves the finite numbers ends the fit
}

func (e Experiment) compile() (*problem, error) {
	s, err := e.Space.compile()
	if err != nil {
		return nil, err
	}
	p := &problem{space: s, targets: targets{neurons: s.Network.N, columns: s.types(), interval: 1, dt: s.start[dynapse.Dt][0], ut: s.start[dynapse.Ut][0]}}
	if len(e.Recordings)+len(e.Curves)+len(e.Statistics)+len(e.Tasks) == 0 {
		return nil, fmt.Errorf("%w: no target", ErrExperiment)
	}
	for i := range e.Recordings {
		if err := e.Recordings[i].check(s.Network.N, s.types()); err != nil {
			return nil, err
		}
	}
	p.recordings = slices.Clone(e.Recordings)
	if err := addMeasurements(p); err != nil {
		return nil, err
	}
	if err := e.summaries(p); err != nil {
		return nil, err
	}
	if err := addPriors(p, e.Noise); err != nil {
		return nil, err
	}
	force(p)
	return p, nil
}
