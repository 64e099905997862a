package replay

import (
	"slices"
	"strings"

	"github.com/surge-snn/surge/bench/cases"
	"github.com/surge-snn/surge/internal/exit"
)

// registry holds the models that eval runs, in the order of the alphabet.
var registry = []Model{
	alphaSynapse{},
	biasgenLookup{},
	dynapSim{},
	dynapSimTruth{},
	eventLIF{name: "event_lif"},
	eventLIFExact{},
	eventLIF{name: "event_lif_hardware", hardware: true},
	eventLIFLayers{},
	eventLIF{name: "event_lif_recurrent", recurrent: true},
	expSyn{},
	stepPWL{},
	ttfsSolver{},
	wtas{},
}

// facts are the models of files that hold facts about the chip, and nothing to compute.
var facts = []string{"biasgen_tables", "mismatch_statistics", "weight_quantization"}

// lookup returns the model of c, after a check of the names in c.
func lookup(models []Model, c *cases.Case) (Model, error) {
	bad := &exit.BadInput{File: c.File, Member: "model", Found: c.Model}
	i := slices.IndexFunc(models, func(m Model) bool { return m.Name() == c.Model })
	switch {
	case slices.Contains(facts, c.Model):
		bad.Expected = "a model to run"
		bad.Found += ", whose files hold facts and nothing to compute"
		return nil, bad
	case i < 0:
		var have []string
		for _, m := range models {
			have = append(have, m.Name())
		}
		bad.Expected = "one of " + strings.Join(have, " ")
		return nil, bad
	}
	known := names[c.Model]
	return models[i], c.Known(known.params, known.inputs)
}
