// Package trained turns networks of surge train into problems of the gradient benchmark.
package trained

import (
	"fmt"
	"math"
	"strings"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/bench/gradbench/lif"
	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/surrogate"
	"github.com/surge-snn/surge/train/data"
	"github.com/surge-snn/surge/train/experiment"
)

// Problem returns the network of an experiment with time steps, on the first samples of its
// training set, with the cross-entropy of its readout as the loss; regularisers are left out.
// params are those of a run; nil: those that the seed of the experiment gives. Errors are
// *exit.BadInput where it goes from event to event, has other neurons than lif and cuba,
// or other targets than classes.
func Problem(e *experiment.Experiment, params *graph.Params, samples int) (*lif.Problem, error) {
	if err := given.Need("e", e); err != nil {
		return nil, fmt.Errorf("trained: %w", err)
	}
	if samples < 1 {
		return nil, fmt.Errorf("trained: %d samples, want at least 1", samples)
	}
	bad := func(member, expected, found string) error {
		return &exit.BadInput{File: e.Name, Member: member, Expected: expected, Found: found}
	}
	if e.Train.Method != experiment.Surrogate {
		return nil, bad("train.method", "surrogate: the benchmark has networks in time steps", e.Train.Method)
	}
	if len(e.Layer) > 0 {
		return nil, bad("layer", "none: the benchmark has the layers of model.hidden", fmt.Sprint(len(e.Layer)))
	}
	if n := e.Model.Neuron; n != "lif" && n != "cuba" {
		return nil, bad("model.neuron", "lif or cuba: the benchmark has no other neurons", n)
	}
	sets, target, err := e.Load()
	if err != nil {
		return nil, err
	}
	set := sets.Train
	if k := set.Data.Form().Target.Kind; k != data.ClassTarget {
		return nil, bad("data", "classes as targets", k.String())
	}
	set.Size, set.Augment, set.Dt = min(samples, set.Data.Len()), nil, e.Encode.Dt
	var batch data.Batch
	if err := set.Fill(&batch, 0, 0); err != nil {
		return nil, err
	}
	own := *e
	own.Train.DType, own.Train.Batch = "float64", set.Size
	own.Model.Surrogate = surrogate.FastSigmoid{}.String() // no layer takes one that is wrong, which may be what is asked
	net, err := own.Build(set.Channels(), target)
	if err != nil {
		return nil, err
	}
	defer net.Close()
	if params != nil {
		if params, err = params.As(tensor.Float64); err == nil {
			err = net.Params().CopyFrom(params)
		}
		if err != nil {
			return nil, err
		}
	}
	n := layout(e, batch.Channels, target.Size)
	if err := fill(n, e, net.Params()); err != nil {
		return nil, err
	}
	p := &lif.Problem{Title: e.Name, Net: n, Steps: batch.Steps, Seed: e.Seed}
	loss := lif.CrossEntropy{Readout: lif.Sum, Label: batch.Labels[:set.Size], Length: batch.Lengths}
	if kind, ok := strings.CutPrefix(e.Model.Readout, "li-"); ok {
		loss.Readout = lif.Readout(kind)
	}
	p.Data = loss
	for r := range set.Size {
		x := make([]float64, batch.Steps*batch.Channels)
		for t := range batch.Steps {
			for c := range batch.Channels {
				x[t*batch.Channels+c] = float64(batch.Input[(t*batch.Size+r)*batch.Channels+c])
			}
		}
		p.Input = append(p.Input, x)
	}
	return p, nil
}

// layout returns the network without its weights.
func layout(e *experiment.Experiment, channels, classes int) *lif.Net {
	m := e.Model
	layer := lif.Spec{
		TauMem: m.TauMem, TauSyn: m.TauSyn, Hold: true, VTh: m.VTh, Zero: m.Reset == "zero", Recurrent: m.Recurrent, Bias: m.Bias, PerNeuron: m.PerNeuron,
	}
	if m.Neuron != "cuba" {
		layer.TauSyn = 0
	}
	var specs []lif.Spec
	for _, size := range m.Hidden {
		layer.N = size
		specs = append(specs, layer)
	}
	layer.N = classes
	if m.Readout != "count" {
		layer = lif.Spec{N: classes, TauMem: m.TauOut, Bias: m.Bias, Readout: true}
	}
	return lif.New(e.Encode.Dt, channels, append(specs, layer)...)
}

// fill sets the parameters of n to those of the network.
func fill(n *lif.Net, e *experiment.Experiment, params *graph.Params) error {
	for _, c := range n.Classes {
		at := strings.TrimRight(c.Name, "0123456789")
		var number int
		if _, err := fmt.Sscan(c.Name[len(at):], &number); err != nil {
			return err
		}
		name := fmt.Sprintf("hidden%d", number)
		if number > len(e.Model.Hidden) {
			name = "out"
		}
		full := name + "/" + map[string]string{
			"w": "w", "bias": "w/bias", "w_rec": "w_rec", "ln_tau_mem": "log_tau_mem", "ln_tau_syn": "log_tau_syn", "v_th": "log_v_th",
		}[at]
		value := params.Value(full)
		if value == nil {
			if strings.HasPrefix(at, "ln_") || at == "v_th" {
				continue // fixed, as the layout has it
			}
			return fmt.Errorf("trained: no parameter %q", full)
		}
		dst, src := n.Params[c.From:c.To], value.Float64s()
		if len(dst) != len(src) {
			return fmt.Errorf("trained: parameter %q has %d values, want %d", full, len(src), len(dst))
		}
		copy(dst, src)
		if at == "v_th" {
			for k := range dst {
				dst[k] = math.Exp(dst[k])
			}
		}
	}
	return nil
}
