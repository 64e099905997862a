package eval

import (
	"context"
	"math"

	"github.com/surge-snn/surge/internal/cases"
)

// stepPWL is the spike function of Rockpool's DynapSim with its tangent, row by row.
type stepPWL struct{}

func (stepPWL) Name() string { return "step_pwl" }

func (stepPWL) Run(_ context.Context, c *cases.Case, _ Options) (*cases.Result, error) {
	f := c.Fields()
	rows := cases.Shape{f.IntOr("n", cases.Extent, cases.Count)}
	imem := f.Tensor("imem", cases.NonNegative, rows)
	rows = imem.Shape
	threshold := f.Tensor("Ispkthr", cases.Positive, rows)
	reset := f.Tensor("Ireset", cases.Finite, rows)
	most := f.Tensor("max_spikes_per_dt", cases.Check{
		Expected: "a number >= 0 (1e300: no bound)",
		Holds:    func(x float64) bool { return x >= 0 },
	}, rows)
	tangent := f.Tensor("tangent_imem", cases.Finite, rows)
	if err := f.Err(); err != nil {
		return nil, err
	}
	spikes, slope := make([]float64, len(imem.Data)), make([]float64, len(imem.Data))
	for i, x := range imem.Data {
		spikes[i] = min(max(math.Ceil(math.Log(x/threshold.Data[i])), 0), most.Data[i])
		slope[i] = min(max(math.Ceil(x-reset.Data[i]), 0), 1) * tangent.Data[i]
	}
	return &cases.Result{Outputs: map[string]cases.Tensor{
		"spikes":  cases.Vector(spikes),
		"tangent": cases.Vector(slope),
	}}, nil
}

// Tolerance asks for equality: spikes are counts, and the tangent is the given one or 0.
func (stepPWL) Tolerance(cases.Quantity) (cases.Tolerance, bool) { return cases.Tolerance{}, true }
