package replay

import (
	"fmt"
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
		bad.Nearest = exit.Nearest(c.Model, have)
		return nil, bad
	}
	known := names[c.Model]
	return models[i], c.Known(known.params, known.inputs)
}

// Help describes case files: each model with the names that its file may have, from what files are
// checked by.
func Help() string {
	var b strings.Builder
	b.WriteString(`A case file is one JSON object:

  {"model":  NAME,
   "params": {NAME: number, true or false, string, list, object or null},
   "inputs": {NAME: {"shape": [...], "data": [row-major]} or null},
   "outputs", "grads", "dtype": what --check compares with, where it is there}

1e300 stands for infinity. A name that the model does not have is an error. The models, with their params and inputs:
`)
	list := func(what string, all []string) {
		if len(all) > 0 {
			fmt.Fprintf(&b, "  %s: %s\n", what, strings.Join(all, " "))
		}
	}
	for _, m := range registry {
		fmt.Fprintf(&b, "\n%s\n", m.Name())
		list("params", names[m.Name()].params)
		list("inputs", names[m.Name()].inputs)
	}
	return b.String()
}
