package replay

import (
	"context"
	"fmt"

	"github.com/surge-snn/surge/bench/cases"
	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/surrogate"
)

// wtas is ngc-learn's WTASCell. Times are in the unit of the case, milliseconds as a rule.
type wtas struct{}

func (wtas) Name() string { return "wtas" }

func (wtas) Run(ctx context.Context, c *cases.Case, o Options) (*cases.Result, error) {
	f := c.Fields()
	f.FloatOr("tau_m", 1, cases.Positive) // the package never uses it
	dt := f.Float("dt", cases.Positive)
	t0 := f.FloatOr("t0", 0, cases.Finite)
	resist := f.FloatOr("resist_m", 1, cases.Finite)
	gain := f.FloatOr("thr_gain", 0.002, cases.Finite)
	refract := f.FloatOr("refract_time", 0, cases.NonNegative)
	slope := surrogateOf(f)
	j := f.Tensor("j", cases.Finite, cases.Shape{
		f.IntOr("T", cases.Extent, cases.Count),
		f.IntOr("batch", cases.Extent, cases.Count),
		f.IntOr("n_units", cases.Extent, cases.Count),
	})
	nonEmpty(f, "j", j)
	if f.Err() != nil {
		return nil, f.Err()
	}
	shape, n := j.Shape, j.Shape[2]
	thr := f.Tensor("thr0", cases.Finite, cases.Shape{1, n})
	var loss cases.Tensor
	if f.HasInput("loss_weights") {
		loss = f.Tensor("loss_weights", cases.Finite, shape)
	}
	if f.Err() != nil {
		return nil, f.Err()
	}

	records := []string{"s", "v", "vp", "thr", "rfr", "tols"}
	s, err := simulate(ctx, o, dt, loss.Data != nil, func(b *graph.Builder) {
		y := models.WTASCell{
			ResistM:     models.Fixed(resist),
			Thr:         models.Learned(thr.Data...),
			ThrGain:     models.Fixed(gain),
			RefractTime: refract,
			T0:          t0,
			Surrogate:   slope,
		}.Apply(b, "wtas", b.Param("j", models.Values(j.Data), shape...))
		b.Output("s", y.Spikes)
		b.Output("v", y.V)
		b.Output("vp", y.Prob)
		b.Output("thr", y.Thr)
		b.Output("rfr", y.Rfr)
		b.Output("tols", y.Tols)
		if loss.Data != nil {
			weightedSum(b, y.Spikes, loss.Data)
		}
	})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	r := &cases.Result{Outputs: map[string]cases.Tensor{}}
	for _, name := range records {
		r.Outputs[name] = s.output(name, shape...)
	}
	if loss.Data == nil {
		return r, nil
	}
	r.Outputs["loss_sum"] = s.output("loss_sum")
	if !o.NoGrads {
		r.Grads = map[string]map[string]cases.Tensor{"sum": {"j": s.grad("j", shape...), "thr0": s.grad("wtas/thr", 1, n)}}
	}
	return r, nil
}

// surrogateOf reads the surrogate of a case: its name and, in surrogate_params, its slope, the
// sharpness k.
func surrogateOf(f *cases.Fields) surrogate.Surrogate {
	text := f.ChoiceOr("surrogate", "fast_sigmoid", surrogate.Names()...)
	if f.Has("surrogate_params") {
		if p := f.Object("surrogate_params", "slope"); p.Has("slope") {
			text = fmt.Sprintf("%s(%v)", text, p.Float("slope", cases.Positive))
		}
	}
	if f.Err() != nil {
		return nil
	}
	s, err := surrogate.Parse(text)
	if err != nil {
		f.Fail("surrogate_params", err.Error())
	}
	return s
}

// Tolerance: spikes are exact, in float32 too where no share of the softmax is nearer to its
// threshold than some 1e-6. The loss is a sum of terms that cancel.
func (wtas) Tolerance(q cases.Quantity) (cases.Tolerance, bool) {
	switch {
	case q.Name == "s" && !q.Grad:
		return cases.Tolerance{}, true
	case q.Float32:
		return cases.Tolerance{Rel: 1e-4, OfLargest: true}, true
	case q.Grad, q.Name == "loss_sum":
		return cases.Tolerance{Rel: 1e-10, OfLargest: true}, true
	}
	return cases.Tolerance{Rel: 1e-13}, true
}
