package replay

import (
	"context"

	"github.com/surge-snn/surge/bench/cases"
	"github.com/surge-snn/surge/eventprop"
)

// ttfsSolver is the next spike of neurons that decay to 0, row by row.
type ttfsSolver struct{}

func (ttfsSolver) Name() string { return "ttfs_solver" }

func (ttfsSolver) Run(_ context.Context, c *cases.Case, o Options) (*cases.Result, error) {
	f := c.Fields()
	tauSyn := f.Float("tau_syn", cases.Positive)
	vTh := f.Float("v_th", cases.Positive)
	ratio := f.Tensor("tau_mem_over_tau_syn", cases.Positive, cases.Shape{cases.Extent})
	rows := cases.Shape{len(ratio.Data)}
	v := f.Tensor("V", cases.Finite, rows)
	i := f.Tensor("I", cases.Finite, rows)
	tMax := f.Tensor("t_max", cases.Any, rows)
	if err := f.Err(); err != nil {
		return nil, err
	}
	n := len(ratio.Data)
	time, dV, dI := make([]float64, n), make([]float64, n), make([]float64, n)
	for k := range n {
		flow, err := eventprop.NewFlow(ratio.Data[k]*tauSyn, tauSyn)
		if err != nil {
			return nil, err
		}
		s := eventprop.State{V: v.Data[k], I: i.Data[k]}
		time[k] = eventprop.TTFS(flow, vTh, s, tMax.Data[k])
		dV[k], dI[k] = eventprop.TTFSGradient(flow, vTh, s)
	}
	r := &cases.Result{Outputs: map[string]cases.Tensor{"time": cases.Vector(time)}}
	if !o.NoGrads {
		r.Grads = map[string]map[string]cases.Tensor{cases.NoLoss: {"V": cases.Vector(dV), "I": cases.Vector(dI)}}
	}
	return r, nil
}

// Tolerance allows for the closed forms of the package, which lose digits near grazing. That the
// voltage at its times is the threshold is a note of the file.
func (ttfsSolver) Tolerance(q cases.Quantity) (cases.Tolerance, bool) {
	switch {
	case q.Grad:
		return cases.Tolerance{Rel: 1e-7}, true
	case q.Name == "time":
		return cases.Tolerance{Rel: 5e-11, Abs: 1e-15}, true
	}
	return cases.Tolerance{}, false
}
