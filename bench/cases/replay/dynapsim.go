package replay

import (
	"context"
	"slices"

	"github.com/surge-snn/surge/bench/cases"
	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/models/dynapse"
)

// dynapSim is Rockpool's DynapSim. Arrays of its cases are [B, T, N], or [T, N] for one row.
type dynapSim struct{}

func (dynapSim) Name() string { return "dynapsim" }

// settingsOf returns the settings that the options and the case ask for; rule is that of a case
// that names none.
func settingsOf(f *cases.Fields, o Options, rule dynapse.Rule) dynapse.Settings {
	name := f.ChoiceOr("gradient_rule", rule.String(), "rockpool", "surge-S", "surge-T", "surge-mixed", "surge")
	if o.GradientRule != "" {
		name = o.GradientRule
	}
	rule, err := dynapse.ParseRule(name)
	if err != nil && f.Err() == nil {
		f.Fail("gradient_rule", err.Error())
	}
	if o.Twin { // there is the twin of one rule
		rule = dynapse.SurgeS
	}
	s := dynapse.Settings{Rule: rule, Twin: o.Twin, Float32: o.Single()}
	if o.Engine == graph.UnrolledEngine.String() {
		s.Engine = graph.UnrolledEngine
	}
	return s
}

func (dynapSim) Run(ctx context.Context, c *cases.Case, o Options) (*cases.Result, error) {
	f := c.Fields()
	if f.FloatOr("percent_mismatch", 0, cases.Finite) != 0 {
		f.Fail("percent_mismatch", "null: the parameters of a case are those of its neurons, mismatch included")
	}
	shapes := []cases.Shape{{
		f.IntOr("batch", cases.Extent, cases.Count),
		f.IntOr("T", cases.Extent, cases.Count),
		f.IntOr("N", cases.Extent, cases.Count),
	}}
	if batch := shapes[0][0]; batch == cases.Extent || batch == 1 {
		shapes = append(shapes, shapes[0][1:])
	}
	input := f.Tensor("input", cases.Finite, shapes...)
	nonEmpty(f, "input", input)
	if f.Err() != nil {
		return nil, f.Err()
	}
	axes := input.Shape
	if len(axes) == 2 {
		axes = append([]int{1}, axes...)
	}
	b, t, n := axes[0], axes[1], axes[2]
	states := append(slices.Clone(input.Shape[:len(input.Shape)-2]), n)
	net := dynapse.Network{N: n, Settings: settingsOf(f, o, dynapse.Rockpool)}
	for p := range dynapse.Param(dynapse.NumSingle) {
		if !f.HasInput(p.String()) {
			continue // the default
		}
		check := cases.Positive
		if p.MayBeZero() {
			check = cases.NonNegative
		}
		shapes := []cases.Shape{{1}, {n}, {}}
		if p == dynapse.Iscale || p == dynapse.Dt {
			shapes = []cases.Shape{{1}, {}}
		}
		net.Params[p] = f.Tensor(p.String(), check, shapes...).Data
	}
	if f.BoolOr("recurrent", false) {
		net.WRec = f.Tensor("w_rec", cases.Finite, cases.Shape{n, n}).Data
	}
	var initial dynapse.State
	for _, s := range []struct {
		name  string
		dst   *[]float64
		check cases.Check
	}{
		{"state0_iampa", &initial.Isyn, cases.Positive},
		{"state0_iahp", &initial.Iahp, cases.Positive},
		{"state0_imem", &initial.Imem, cases.Positive},
		{"state0_vmem", &initial.Vmem, cases.Finite},
		{"state0_spikes", &initial.Spikes, cases.NonNegative},
		{"state0_timer_ref", &initial.Timer, cases.NonNegative},
	} {
		if f.HasInput(s.name) {
			*s.dst = f.Tensor(s.name, s.check, cases.Shape{n}, cases.Shape{b, n}).Data
		}
	}
	var weights []float64
	if f.HasInput("A") {
		weights = f.Tensor("A", cases.Finite, input.Shape).Data
	}
	if f.Err() != nil {
		return nil, f.Err()
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if weights != nil {
		weights = swapped(weights, b, t, n)
	}
	x := swapped(input.Data, b, t, n)
	run, err := net.Simulate(dynapse.Input{T: t, B: b, Counts: x, Initial: initial})
	if err != nil {
		return nil, err
	}

	r := &cases.Result{Outputs: map[string]cases.Tensor{}}
	for name, v := range map[string][]float64{"iahp": run.Iahp, "imem": run.Imem, "isyn": run.Isyn, "spikes": run.Spikes, "vmem": run.Vmem} {
		r.Outputs[name] = cases.Tensor{Shape: input.Shape, Data: swapped(v, t, b, n)}
	}
	for name, v := range map[string][]float64{
		"iahp": run.Final.Iahp, "imem": run.Final.Imem, "isyn": run.Final.Isyn,
		"spikes": run.Final.Spikes, "timer_ref": run.Final.Timer, "vmem": run.Final.Vmem,
	} {
		r.Outputs["final_"+name] = cases.Tensor{Shape: states, Data: v}
	}
	if weights == nil {
		return r, nil
	}
	// Two losses: the mean of A·spikes and of A·imem in nanoamperes.
	r.Grads = map[string]map[string]cases.Tensor{}
	for _, loss := range []struct {
		name  string
		trace []float64
		scale float64
	}{{"spikes", run.Spikes, 1}, {"imem", run.Imem, 1e9}} {
		sum, d := 0.0, make([]float64, len(weights))
		for i, a := range weights {
			sum += float64(a * loss.trace[i])
			d[i] = a * loss.scale / float64(len(weights))
		}
		r.Outputs["loss_"+loss.name] = cases.Scalar(sum * loss.scale / float64(len(weights)))
		if o.NoGrads {
			continue
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		cotangents := dynapse.Cotangents{Records: dynapse.Records{Spikes: d}}
		rule := net.Rule
		if loss.name == "imem" {
			cotangents = dynapse.Cotangents{Records: dynapse.Records{Imem: d}}
			if rule == dynapse.Surge && !net.Twin {
				rule = dynapse.SurgeT // traces
			}
		}
		ruled, err := run.By(rule)
		if err != nil {
			return nil, err
		}
		g, err := ruled.Gradient(cotangents)
		if err != nil {
			return nil, err
		}
		grads := map[string]cases.Tensor{"input": {Shape: input.Shape, Data: swapped(g.Input, t, b, n)}}
		for p := range dynapse.Param(dynapse.NumSingle) {
			shape := []int{len(g.Params[p])}
			if in := c.Inputs[p.String()]; in != nil {
				shape = in.Shape
			}
			grads[p.String()] = cases.Tensor{Shape: shape, Data: g.Params[p]}
		}
		if net.WRec != nil {
			grads["w_rec"] = cases.Tensor{Shape: []int{n, n}, Data: g.WRec}
		}
		r.Grads[loss.name] = grads
	}
	return r, nil
}

// Tolerance: the package computes 1-exp(-t_pulse/tau) with a loss of digits, and recurrence
// amplifies rounding. In float32 a gradient sums terms of both signs.
func (dynapSim) Tolerance(q cases.Quantity) (cases.Tolerance, bool) {
	switch {
	case q.Name == "spikes" || q.Name == "final_spikes":
		return cases.Tolerance{}, !q.Grad
	case q.Float32 && q.Grad:
		return cases.Tolerance{Rel: 1e-2, OfLargest: true}, true
	case q.Float32 && (q.Name == "vmem" || q.Name == "final_vmem"): // a logarithm
		return cases.Tolerance{Rel: 2e-3, Abs: 1e-4}, true
	case q.Float32:
		return cases.Tolerance{Rel: 2e-3}, true
	case q.Grad:
		return cases.Tolerance{Rel: 1e-8, OfLargest: true}, true
	}
	return cases.Tolerance{Rel: 1e-9}, true
}

// Check compares the gradients by rule rockpool alone: the answers of the files are by this rule.
func (m dynapSim) Check(c *cases.Case, r *cases.Result, o Options) ([]cases.Comparison, error) {
	if o.Twin {
		return nil, &exit.BadInput{File: "--check", Expected: "no --twin: the answers in the file are those of the model itself", Found: "--twin"}
	}
	f := c.Fields()
	rule := settingsOf(f, o, dynapse.Rockpool).Rule
	if f.Err() != nil {
		return nil, f.Err()
	}
	return c.Check(r, !o.NoGrads && rule == dynapse.Rockpool, o.Single(), m.Tolerance)
}
