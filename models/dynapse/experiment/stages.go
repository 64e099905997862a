package experiment

import (
	"fmt"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
	"github.com/surge-snn/surge/models/dynapse/fit"
)

// Staged are neurons with recordings of the stages of a procedure.
type Staged struct {
	Network dynapse.Network
	Core    []int         // of each neuron, or nil
	In      *chip.Weights // of the input channels under [init], or nil
	Seed    uint64
	Text    string // of the file
	// Recordings are the targets that have a stage. Left counts those that have none.
	Recordings []StagedRecording
	Left       int
}

// StagedRecording is a target with a stage.
type StagedRecording struct {
	Stage string // as the file says it
	Key   string // "target[0].stage"
	fit.Recording
}

// ReadStages reads what an experiment file says of its neurons, and the targets that have a stage.
// There need be neither [fit] nor targets.
//
// Errors are [*Error]; keys of other tables are checked too.
func ReadStages(path string, o Options) (*Staged, error) {
	r, text, err := open(path, o)
	if err != nil {
		return nil, err
	}
	if err := r.neurons(text); err != nil {
		return nil, err
	}
	if n := r.file.Network.Neurons; n < 1 || n > mostNeurons {
		return nil, r.bad("network.neurons", fmt.Sprintf("1 to %d", mostNeurons), n)
	}
	s := &Staged{Core: r.file.Network.Core, In: r.out.In, Seed: r.file.Seed, Text: text}
	r.given = r.out.In
	for i := range r.file.Target {
		t := &r.file.Target[i]
		if t.Stage == "" {
			s.Left++
			continue
		}
		if err := r.target(i); err != nil {
			return nil, err
		}
		if len(r.out.Recordings) == 0 {
			return nil, r.bad(fmt.Sprintf("target[%d].stage", i), "a target that is a recording", t.Stage)
		}
		rec := r.out.Recordings[len(r.out.Recordings)-1]
		s.Recordings = append(s.Recordings, StagedRecording{t.Stage, fmt.Sprintf("target[%d].stage", i), rec})
	}
	s.Network = r.out.Space.Network
	return s, nil
}
