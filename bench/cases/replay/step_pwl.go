package replay

import (
	"context"

	"github.com/surge-snn/surge/bench/cases"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/ops"
)

// stepPWL is the spike function of DynapSim with its tangent, row by row: by the rule of Rockpool
// or, with --gradient-rule surge, by that of [ops.StepPWL].
type stepPWL struct{}

func (stepPWL) Name() string { return "step_pwl" }

// compat tells whether the rule is Rockpool's.
func (stepPWL) compat(o Options) bool { return o.GradientRule != dynapse.Surge.String() }

func (m stepPWL) Run(_ context.Context, c *cases.Case, o Options) (*cases.Result, error) {
	compat, current := m.compat(o), cases.Positive
	if compat {
		current = cases.NonNegative
	}
	f := c.Fields()
	rows := cases.Shape{f.IntOr("n", cases.Extent, cases.Count)}
	imem := f.Tensor("imem", current, rows)
	rows = imem.Shape
	threshold := f.Tensor("Ispkthr", cases.Positive, rows)
	reset := f.Tensor("Ireset", cases.Finite, rows)
	most := f.Tensor("max_spikes_per_dt", cases.Check{
		Expected: "a number >= 0 (1e300: no bound)",
		Holds:    func(x float64) bool { return x >= 0 },
	}, rows)
	tangents := []cases.Tensor{f.Tensor("tangent_imem", cases.Finite, rows)}
	if !compat { // Rockpool's rule has no other derivative
		tangents = append(tangents, f.Tensor("tangent_Ispkthr", cases.Finite, rows))
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	spikes, tangent := make([]float64, len(imem.Data)), make([]float64, len(imem.Data))
	for i, x := range imem.Data {
		bound := most.Data[i]
		if bound == 0 && !compat { // no spikes and no derivative; 0 is no bound in ops
			continue
		}
		rule := ops.StepPWL{MaxSpikes: bound, Compat: compat}
		spikes[i] = min(rule.Count(x, threshold.Data[i]), bound)
		var d [3]float64
		d[0], d[1], d[2] = rule.Gradient(x, threshold.Data[i], reset.Data[i])
		for k, t := range tangents {
			tangent[i] += float64(d[k] * t.Data[i])
		}
	}
	return &cases.Result{Outputs: map[string]cases.Tensor{
		"spikes":  cases.Vector(spikes),
		"tangent": cases.Vector(tangent),
	}}, nil
}

// Tolerance asks for equality: spikes are counts, and the tangent is the given one or 0.
func (stepPWL) Tolerance(cases.Quantity) (cases.Tolerance, bool) { return cases.Tolerance{}, true }

// Check compares the tangent by Rockpool's rule alone: the answers of the files are by this rule.
func (m stepPWL) Check(c *cases.Case, r *cases.Result, o Options) ([]cases.Comparison, error) {
	return c.Check(r, !o.NoGrads, o.Single(), func(q cases.Quantity) (cases.Tolerance, bool) {
		return cases.Tolerance{}, q.Name != "tangent" || m.compat(o)
	})
}
