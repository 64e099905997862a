package replay

import (
	"context"
	"fmt"

	"github.com/surge-snn/surge/bench/cases"
	"github.com/surge-snn/surge/models/dynapse/chip"
)

// biasgenLookup finds the code of the bias generator for a wanted current, row by row.
type biasgenLookup struct{}

func (biasgenLookup) Name() string { return "biasgen_lookup" }

func (biasgenLookup) Run(_ context.Context, c *cases.Case, _ Options) (*cases.Result, error) {
	f := c.Fields()
	parameters := f.Strings("parameter")
	wanted := f.Tensor("current", cases.NonNegative, cases.Shape{len(parameters)})
	if err := f.Err(); err != nil {
		return nil, err
	}
	n := len(parameters)
	coarse, fine, current := make([]float64, n), make([]float64, n), make([]float64, n)
	for i, name := range parameters {
		bias, err := chip.BiasOf(name)
		if err != nil {
			return nil, fmt.Errorf("params.parameter[%d]: %w", i, err)
		}
		s, err := bias.Lookup(wanted.Data[i])
		if err != nil {
			return nil, fmt.Errorf("inputs.current.data[%d]: %w", i, err)
		}
		coarse[i], fine[i], current[i] = float64(s.Coarse), float64(s.Fine), s.Current
	}
	return &cases.Result{Outputs: map[string]cases.Tensor{
		"coarse":          cases.Vector(coarse),
		"fine":            cases.Vector(fine),
		"current_of_code": cases.Vector(current),
	}}, nil
}

// Tolerance asks for equality: codes are whole numbers, and the current is a product of two
// recorded ones.
func (biasgenLookup) Tolerance(cases.Quantity) (cases.Tolerance, bool) {
	return cases.Tolerance{}, true
}
