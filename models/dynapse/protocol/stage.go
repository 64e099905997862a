package protocol

import (
	"errors"
	"fmt"
	"slices"

	"github.com/surge-snn/surge/models/dynapse"
)

// ErrSubject is wrapped by errors about what the protocol is asked for: neurons that are none,
// recordings that belong to no stage.
var ErrSubject = errors.New("protocol: bad subject")

// Stage is a part of the procedure. A stage has recordings of its own, which settle a block of
// currents.
type Stage uint8

// The stages, in their order.
const (
	Leak       Stage = iota // at rest, and charged by constant currents around the rheobase
	FI                      // spikes for constant currents above it
	EPSP                    // single input spikes, and a burst
	Refractory              // as fast as the neuron fires
	AHP                     // adaptation, which is off in all stages before
	Check                   // a recording that nothing is fitted to

	stages = int(Check) + 1
)

var stageNames = [stages]string{"leak", "fi", "epsp", "refractory", "ahp", "check"}

// Stages are all stages, in their order.
func Stages() (list []Stage) {
	for s := range Stage(stages) {
		list = append(list, s)
	}
	return list
}

// String returns "leak", "fi", "epsp", "refractory", "ahp" or "check".
func (s Stage) String() string {
	if int(s) < stages {
		return stageNames[s]
	}
	return fmt.Sprintf("Stage(%d)", uint8(s))
}

// MarshalText writes what String says.
func (s Stage) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads it.
func (s *Stage) UnmarshalText(text []byte) error {
	if s == nil {
		return fmt.Errorf("%w: no stage to read into", ErrSubject)
	}
	i := slices.Index(stageNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("%w: stage %q, want one of %v", ErrSubject, text, stageNames)
	}
	*s = Stage(i)
	return nil
}

// blocks are the currents that a stage settles.
var blocks = [stages][]dynapse.Param{
	Leak:       {dynapse.ItauMem},
	FI:         {dynapse.IgainMem, dynapse.Idc, dynapse.Ispkthr},
	EPSP:       {dynapse.ItauSyn, dynapse.IgainSyn},
	Refractory: {dynapse.Iref},
	AHP:        {dynapse.ItauAHP, dynapse.IgainAHP},
}
