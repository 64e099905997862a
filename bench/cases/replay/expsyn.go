package replay

import (
	"context"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/bench/cases"
	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
)

// expSyn is Rockpool's ExpSynJax. The case has the batch first, [batch, T, N]; one initial state is
// shared by the batch.
type expSyn struct{}

func (expSyn) Name() string { return "expsyn" }

func (expSyn) Run(ctx context.Context, c *cases.Case, o Options) (*cases.Result, error) {
	f := c.Fields()
	shape := cases.Shape{
		f.IntOr("batch", cases.Extent, cases.Count),
		f.IntOr("T", cases.Extent, cases.Count),
		f.IntOr("N", cases.Extent, cases.Count),
	}
	dt := f.Float("dt", cases.Positive)
	sigma := f.FloatOr("noise_std", 0, cases.NonNegative)
	input := f.Tensor("input", cases.Finite, shape)
	nonEmpty(f, "input", input)
	if f.Err() != nil {
		return nil, f.Err()
	}
	batch, steps, n := input.Shape[0], input.Shape[1], input.Shape[2]
	tau := f.Tensor("tau", cases.Positive, cases.Shape{}, cases.Shape{n})
	start := cases.Vector(make([]float64, n))
	if _, named := c.Inputs["isyn0"]; !named || f.HasInput("isyn0") { // null: at rest
		start = f.Tensor("isyn0", cases.Finite, cases.Shape{n})
	}
	var target cases.Tensor
	loss := f.HasInput("target")
	if loss {
		target = f.Tensor("target", cases.Finite, input.Shape)
	}
	if f.Err() != nil {
		return nil, f.Err()
	}

	s, err := simulate(ctx, o, dt, loss, func(b *graph.Builder) {
		x := b.Param("input", models.Values(swapped(input.Data, batch, steps, n)), steps, batch, n)
		rest := b.Check(ops.Rows(b.Param("isyn0", models.Values(start.Data), n), batch, n))
		layer := models.ExpSyn{TauSyn: models.Learned(tau.Data...), Initial: []*G.Node{rest}}
		if sigma > 0 {
			zeta := b.Input("noise", steps, batch, n)
			layer.Noise, layer.NoiseStd = zeta, models.Fixed(sigma)
		}
		y := layer.Apply(b, "syn", x)
		b.Output("out", y.Isyn)
		b.Output("final", y.Final[0])
		if loss {
			b.Loss(b.Check(ops.MSE(y.Isyn, b.Const("target", swapped(target.Data, batch, steps, n), steps, batch, n))))
		}
	})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	if sigma > 0 {
		if err := models.DrawNormal(s.Input("noise"), 0, "expsyn", 0); err != nil {
			return nil, err
		}
		if err := s.Run(); err != nil {
			return nil, err
		}
	}
	out := s.output("out", batch, steps, n)
	out.Data = swapped(out.Data, steps, batch, n)
	final := s.output("final", n)
	final.Data = final.Data[:n]
	r := &cases.Result{Outputs: map[string]cases.Tensor{"out": out, "final_isyn": final}}
	if !loss {
		return r, nil
	}
	r.Outputs["loss"] = cases.Scalar(s.Loss())
	if o.NoGrads {
		return r, nil
	}
	dx := s.grad("input", batch, steps, n)
	dx.Data = swapped(dx.Data, steps, batch, n)
	r.Grads = map[string]map[string]cases.Tensor{cases.NoLoss: {
		"tau":   perLog(s.grad("syn/log_tau_syn", tau.Shape...), tau.Data),
		"input": dx,
		"isyn0": s.grad("isyn0", n),
	}}
	return r, nil
}

// Tolerance is relative to the largest element: inputs of both signs cancel. float32: a few hundred
// roundings of 6e-8.
func (expSyn) Tolerance(q cases.Quantity) (cases.Tolerance, bool) {
	switch {
	case q.Float32:
		return cases.Tolerance{Rel: 1e-4, OfLargest: true}, true
	case q.Grad:
		return cases.Tolerance{Rel: 1e-10, OfLargest: true}, true
	}
	return cases.Tolerance{Rel: 1e-12, OfLargest: true}, true
}
