package replay

import (
	"context"

	"github.com/surge-snn/surge/bench/cases"
	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
)

// alphaSynapse is ngc-learn's AlphaSynapse. Times are in the unit of the case, milliseconds as a
// rule: only their ratios matter.
type alphaSynapse struct{}

func (alphaSynapse) Name() string { return "alphasynapse" }

func (alphaSynapse) Run(ctx context.Context, c *cases.Case, o Options) (*cases.Result, error) {
	f := c.Fields()
	steps, batch := f.IntOr("T", cases.Extent, cases.Count), f.IntOr("batch", cases.Extent, cases.Count)
	in, out := f.IntOr("n_in", cases.Extent, cases.Count), f.IntOr("n_out", cases.Extent, cases.Count)
	dt := f.Float("dt", cases.Positive)
	tau := f.Float("tau_decay", cases.Positive)
	gbar := f.Float("g_syn_bar", cases.Finite)
	scale := f.FloatOr("resist_scale", 1, cases.Finite)
	nonplastic := f.BoolOr("is_nonplastic", true)
	inputs := f.Tensor("inputs", cases.Finite, cases.Shape{steps, batch, in})
	nonEmpty(f, "inputs", inputs)
	if f.Err() != nil {
		return nil, f.Err()
	}
	steps, batch, in = inputs.Shape[0], inputs.Shape[1], inputs.Shape[2]
	weights := f.Tensor("weights", cases.Finite, cases.Shape{in, out})
	nonEmpty(f, "weights", weights)
	if f.Err() != nil {
		return nil, f.Err()
	}
	out = weights.Shape[1]
	shape := cases.Shape{steps, batch, out}
	var rest float64
	var v, loss cases.Tensor
	coupled := f.Has("syn_rest")
	if coupled {
		rest = f.Float("syn_rest", cases.Finite)
		v = f.Tensor("v", cases.Finite, shape)
	} else if f.HasInput("v") { // not needed, but not to be wrong
		f.Tensor("v", cases.Finite, shape)
	}
	if f.HasInput("loss_weights") {
		loss = f.Tensor("loss_weights", cases.Finite, shape)
	}
	if f.Err() != nil {
		return nil, f.Err()
	}

	s, err := simulate(ctx, o, dt, loss.Data != nil, func(b *graph.Builder) {
		layer := models.AlphaSynapse{
			Out:         out,
			TauDecay:    models.Learned(tau),
			GSynBar:     models.Learned(gbar),
			ResistScale: models.Fixed(scale),
			Init:        models.Values(weights.Data),
		}
		if nonplastic {
			layer.Init = models.Constant(1)
		}
		if coupled {
			layer.SynRest = models.Fixed(rest)
			layer.V = b.Param("v", models.Values(v.Data), shape...)
		}
		y := layer.Apply(b, "syn", b.Param("inputs", models.Values(inputs.Data), inputs.Shape...))
		b.Output("h_syn", y.H)
		b.Output("g_syn", y.G)
		b.Output("i_syn", y.Isyn)
		if loss.Data != nil {
			weightedSum(b, y.Isyn, loss.Data)
		}
	})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	r := &cases.Result{Outputs: map[string]cases.Tensor{"outputs": s.output("i_syn", shape...)}}
	for _, name := range []string{"h_syn", "g_syn", "i_syn"} {
		r.Outputs[name] = s.output(name, shape...)
	}
	if loss.Data == nil {
		return r, nil
	}
	r.Outputs["loss_sum"] = s.output("loss_sum")
	if o.NoGrads {
		return r, nil
	}
	grads := map[string]cases.Tensor{
		"weights":   s.grad("syn/w", weights.Shape...),
		"inputs":    s.grad("inputs", inputs.Shape...),
		"tau_decay": perLog(s.grad("syn/log_tau_decay"), []float64{tau}),
		"g_syn_bar": s.grad("syn/g_syn_bar"),
	}
	if coupled {
		grads["v"] = s.grad("v", shape...)
	}
	r.Grads = map[string]map[string]cases.Tensor{"sum": grads}
	return r, nil
}

// Tolerance is relative to the largest element: positive and negative terms cancel, and the order
// of the sum over the inputs decides about the last bits of the terms. The loss is one sum of all
// elements. float32: a few hundred roundings of 6e-8.
func (alphaSynapse) Tolerance(q cases.Quantity) (cases.Tolerance, bool) {
	switch {
	case q.Float32:
		return cases.Tolerance{Rel: 1e-4, OfLargest: true}, true
	case q.Grad, q.Name == "loss_sum":
		return cases.Tolerance{Rel: 1e-10, OfLargest: true}, true
	}
	return cases.Tolerance{Rel: 1e-13, OfLargest: true}, true
}
