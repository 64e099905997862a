package experiment

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/train/data"
)

// TestNetworks builds networks with each choice of the section [model] and compares the names of
// their parameters, then runs a batch.
func TestNetworks(t *testing.T) {
	const train = "\n[train]\nbatch = 4\n"
	for _, c := range []struct {
		text   string
		params string
	}{
		{`hidden = [7]`, "hidden1/w out/w"},
		{`hidden = [7, 5]
		  bias = true`, "hidden1/w hidden1/w/bias hidden2/w hidden2/w/bias out/w out/w/bias"},
		{`hidden = [7]
		  neuron = "cuba"
		  tau_syn = 0.005
		  learn = ["tau_mem", "tau_syn", "v_th"]
		  per_neuron = true
		  reset = "zero"
		  readout = "li-mean"`, "hidden1/w hidden1/log_tau_mem hidden1/log_v_th hidden1/log_tau_syn out/w"},
		{`hidden = [7]
		  recurrent = true
		  readout = "li-last"
		  detach_reset = true`, "hidden1/w hidden1/w_rec out/w"},
		{`hidden = [7]
		  learn = ["v_th"]
		  w_mean = 3
		  readout = "count"`, "hidden1/w hidden1/log_v_th out/w out/log_v_th"},
		{`hidden = [7]
		  readout = "li-sum"
		  [loss]
		  rate_weight = 0.1
		  rate_lower = 0.5`, "hidden1/w out/w"},
		{`hidden = [7, 5]
		  v_reset = -3
		  [loss]
		  silence = 0.1` + train + `method = "eventprop"`, "hidden1/w hidden2/w out/w"},
		{`hidden = [7, 5]
		  readout = "li-max"` + train + `method = "eventprop-recurrent"`, "hidden1/w hidden1/w_rec hidden2/w hidden2/w_rec out/w"},
		{`hidden = [7]
		  readout = "li-integral"` + train + `method = "analytical"`, "hidden1/w out/w"},
	} {
		if !strings.Contains(c.text, train) {
			c.text += train
		}
		e, err := Parse("test.toml", "name = \"test\"\n[data]\ntrain = 8\nvalid = 8\n[model]\n"+c.text, "")
		if err != nil {
			t.Error(err)
			continue
		}
		sets, target, err := e.Load()
		if err != nil {
			t.Fatal(err)
		}
		channels, _, err := e.Sizes()
		if err != nil {
			t.Fatal(err)
		}
		net, err := e.Build(channels, target)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		defer net.Close()
		if got := strings.Join(net.Params().Names(), " "); got != c.params {
			t.Errorf("%s: parameters %s, want %s", c.text, got, c.params)
		}
		if _, err := net.Gradient(sets.Train, 0, 0); err != nil {
			t.Errorf("%s: %v", c.text, err)
		}
		spiking := len(e.Model.Hidden)
		if !strings.HasPrefix(e.Model.Readout, "li-") {
			spiking++
		}
		sample, err := net.Sample(sets.Test)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
		} else if sample.Layers[0].Name != "input" || len(sample.Layers[0].Spikes) != 5 || len(sample.Layers) != 1+spiking {
			t.Errorf("%s: sample %+v, want 5 spikes of the input and %d layers", c.text, sample, spiking)
		}
	}
}

// TestOptimizers: weight decay is for weights, and not for time constants; clipping comes
// first.
func TestOptimizers(t *testing.T) {
	e := defaults(Surrogate)
	e.Train.Optimizer, e.Train.LR, e.Train.Clip, e.Train.WeightDecay = "sgd", 0.5, 1, 0.25
	tree := func(w, tau float32) optim.Tree {
		return optim.Tree{{Name: "hidden1/w", F32: []float32{w}}, {Name: "hidden1/log_tau_mem", F32: []float32{tau}}}
	}
	params, grads := tree(8, 8), tree(3, 4) // of norm 5, clipped to 1
	tr := e.Optimizer(1)
	state := tr.Init(params)
	if err := tr.Update(grads, params, &state); err != nil {
		t.Fatal(err)
	}
	// -0.5·3/5 - 0.5·0.25·8, and -0.5·4/5; float32
	if w, tau := grads[0].F32[0], grads[1].F32[0]; w < -1.300001 || w > -1.299999 || tau < -0.400001 || tau > -0.399999 {
		t.Errorf("updates %v, %v, want -1.3, -0.4", w, tau)
	}
}

// TestChecks: each rule finds its violation, and names the key.
func TestChecks(t *testing.T) {
	for _, c := range []struct {
		key    string
		change func(e *Experiment)
	}{
		{"name", func(e *Experiment) { e.Name = "" }},
		{"name", func(e *Experiment) { e.Name = "a/b" }},
		{"name", func(e *Experiment) { e.Name = ".." }},
		{"seed", func(e *Experiment) { e.Seed = 1 << 63 }},
		{"data.set", func(e *Experiment) { e.Data.Set = "nothing" }},
		{"data.dir", func(e *Experiment) { e.Data = Data{Set: "mnist"} }},
		{"data.train", func(e *Experiment) { e.Data.Keys = data.Table{"train": 0} }},
		{"data.valid", func(e *Experiment) { e.Data.Keys = data.Table{"valid": 0.5} }},
		{"data.dir", func(e *Experiment) { e.Data.Keys = data.Table{"dir": "x"} }},
		{"encode.kind", func(e *Experiment) { e.Encode.Kind = "nome" }},
		{"encode.hold", func(e *Experiment) { e.Encode.Hold = 2 }},
		{"encode.steps", func(e *Experiment) { e.Encode.Steps = -1 }},
		{"encode.dt", func(e *Experiment) { e.Encode.Dt = -1 }},
		{"encode.t_late", func(e *Experiment) { e.Encode.Keys = data.Table{"t_late": -1.0} }},
		{"encode.t_max", func(e *Experiment) { e.Encode.Keys = data.Table{"t_max": 1.0} }},
		{"model.hidden", func(e *Experiment) { e.Model.Hidden = nil }},
		{"model.hidden[1]", func(e *Experiment) { e.Model.Hidden = []int{3, 0} }},
		{"model.learn[0]", func(e *Experiment) { e.Model.Learn = []string{"w"} }},
		{"model.learn[1]", func(e *Experiment) { e.Model.Learn = []string{"v_th", "v_th"} }},
		{"model.learn[0]", func(e *Experiment) { e.Model.Learn = []string{"tau_syn"} }},
		{"model.neuron", func(e *Experiment) { e.Model.Neuron = "hodgkin" }},
		{"model.tau_mem", func(e *Experiment) { e.Model.TauMem = 0 }},
		{"model.tau_syn", func(e *Experiment) { e.Model.Neuron = "cuba" }},
		{"model.tau_syn", func(e *Experiment) { e.Model.TauSyn = 1 }},
		{"model.v_th", func(e *Experiment) { e.Model.VTh = 0 }},
		{"model.reset", func(e *Experiment) { e.Model.Reset = "none" }},
		{"model.rec_gain", func(e *Experiment) { e.Model.RecGain = 1 }},
		{"model.per_neuron", func(e *Experiment) { e.Model.PerNeuron = true }},
		{"model.w_gain", func(e *Experiment) { e.Model.WGain = -1 }},
		{"model.out_gain", func(e *Experiment) { e.Model.OutGain = -1 }},
		{"model.surrogate", func(e *Experiment) { e.Model.Surrogate = "" }},
		{"model.readout", func(e *Experiment) { e.Model.Readout = "voltage" }},
		{"model.tau_out", func(e *Experiment) { e.Model.Readout, e.Model.TauOut = "count", 1 }},
		{"model.tau_out", func(e *Experiment) { e.Model.TauOut = -1 }},
		{"loss.rate_weight", func(e *Experiment) { e.Loss.RateWeight = -1 }},
		{"loss.rate_lower", func(e *Experiment) { e.Loss.RateLower = 1 }},
		{"loss.rate_upper", func(e *Experiment) { e.Loss = Loss{LossSteps: LossSteps{RateWeight: 1, RateLower: 2, RateUpper: 1}} }},
		{"train.epochs", func(e *Experiment) { e.Train.Epochs = 0 }},
		{"train.batch", func(e *Experiment) { e.Train.Batch = 0 }},
		{"train.optimizer", func(e *Experiment) { e.Train.Optimizer = "nothing" }},
		{"train.momentum", func(e *Experiment) { e.Train.OptimizerKeys = data.Table{"momentum": 0.9} }},
		{"train.momentum", func(e *Experiment) { e.Train.Optimizer, e.Train.OptimizerKeys = "sgd", data.Table{"momentum": 1} }},
		{"train.lr", func(e *Experiment) { e.Train.LR = 0 }},
		{"train.schedule", func(e *Experiment) { e.Train.Schedule = "step" }},
		{"train.lr_end", func(e *Experiment) { e.Train.ScheduleKeys = data.Table{"lr_end": 1} }},
		{"train.lr_end", func(e *Experiment) { e.Train.Schedule = "exponential" }},
		{"train.clip", func(e *Experiment) { e.Train.Clip = -1 }},
		{"train.weight_decay", func(e *Experiment) { e.Train.WeightDecay = -1 }},
		{"train.engine", func(e *Experiment) { e.Train.Engine = "fast" }},
		{"train.dtype", func(e *Experiment) { e.Train.DType = "float16" }},
		{"train.method", func(e *Experiment) { e.Train.Method = "forward" }},
		{"encode.duration", func(e *Experiment) { e.Encode.Duration = 1 }},
		{"model.v_reset", func(e *Experiment) { e.Model.VReset = -1 }},
		{"loss.scale", func(e *Experiment) { e.Loss.Scale = 1 }},
		{"train.min_slope", func(e *Experiment) { e.Train.MinSlope = 1 }},
	} {
		checkFinds(t, Surrogate, c.key, c.change)
	}
}

// TestEventChecks is TestChecks for the methods that go from event to event.
func TestEventChecks(t *testing.T) {
	for _, c := range []struct {
		key    string
		change func(e *Experiment)
	}{
		{"encode.kind", func(e *Experiment) { e.Encode.Kind = "rate" }},
		{"encode.steps", func(e *Experiment) { e.Encode.Steps = 1 }},
		{"encode.dt", func(e *Experiment) { e.Encode.Dt = 1 }},
		{"encode.duration", func(e *Experiment) { e.Encode.Duration = -1 }},
		{"model.neuron", func(e *Experiment) { e.Model.Neuron = "cuba" }},
		{"model.equations", func(e *Experiment) { e.Model.Equations = "dV/dt = 1" }},
		{"model.equations", func(e *Experiment) { e.Model.Neuron, e.Model.Equations = "own", "dV/dt = 1 +" }},
		{"model.equations", func(e *Experiment) { e.Model.Neuron, e.Model.Equations = "own", "dV/dt = log(-1)*V\nthreshold: V" }},
		{"model.values", func(e *Experiment) { e.Model.Values = map[string]float64{"i_ext": 1} }},
		{"model.values.v_init", func(e *Experiment) {
			e.Model.Neuron, e.Model.Values = "qif", map[string]float64{"i_ext": 1}
		}},
		{"model.values.tau", func(e *Experiment) {
			e.Model.Neuron, e.Model.Values = "qif", map[string]float64{"i_ext": 1, "v_init": -1, "tau": 1}
		}},
		{"loss.silence", func(e *Experiment) {
			e.Model.Neuron, e.Model.Values, e.Loss.Silence = "qif", map[string]float64{"i_ext": 1, "v_init": -1}, 1
		}},
		{"model.tau_syn", func(e *Experiment) { e.Model.TauSyn = 0 }},
		{"model.reset", func(e *Experiment) { e.Model.Reset = "zero" }},
		{"model.v_reset", func(e *Experiment) { e.Model.VReset = 1 }},
		{"model.detach_reset", func(e *Experiment) { e.Model.DetachReset = true }},
		{"model.recurrent", func(e *Experiment) { e.Model.Recurrent = true }},
		{"model.rec_gain", func(e *Experiment) { e.Model.RecGain = 1 }},
		{"model.learn[0]", func(e *Experiment) { e.Model.Learn = []string{"w"} }},
		{"model.learn[1]", func(e *Experiment) { e.Model.Learn = []string{"v_leak", "v_leak"} }},
		{"model.learn[0]", func(e *Experiment) { e.Model.Learn = []string{"delay"} }},
		{"model.delay", func(e *Experiment) { e.Model.Delay = -1 }},
		{"model.per_neuron", func(e *Experiment) { e.Model.PerNeuron = true }},
		{"model.bias", func(e *Experiment) { e.Model.Bias = true }},
		{"model.surrogate", func(e *Experiment) { e.Model.Surrogate = "atan(1)" }},
		{"model.readout", func(e *Experiment) { e.Model.Readout = "count" }},
		{"model.tau_out", func(e *Experiment) { e.Model.TauOut = 1 }},
		{"loss.scale", func(e *Experiment) { e.Loss.Scale = -1 }},
		{"loss.silence", func(e *Experiment) { e.Loss.Silence = -1 }},
		{"loss.silence_out", func(e *Experiment) { e.Loss.SilenceOut = -1 }},
		{"loss.silence_out", func(e *Experiment) { e.Model.Readout, e.Loss.SilenceOut = "li-max", 1 }},
		{"loss.rate_weight", func(e *Experiment) { e.Loss.RateWeight = 1 }},
		{"train.min_slope", func(e *Experiment) { e.Train.MinSlope = -1 }},
		{"train.min_slope", func(e *Experiment) { e.Train.Method, e.Train.MinSlope = Analytical, 1 }},
		{"train.engine", func(e *Experiment) { e.Train.Engine = "fused" }},
		{"train.dtype", func(e *Experiment) { e.Train.DType = "float64" }},
	} {
		checkFinds(t, EventProp, c.key, c.change)
	}
}

// checkFinds makes an experiment bad and wants an error that names the key.
func checkFinds(t *testing.T, method, key string, change func(*Experiment)) {
	t.Helper()
	e := defaults(method)
	e.Name = "test"
	e.Model.Hidden = slices.Clone(e.Model.Hidden)
	if err := e.Check(); err != nil {
		t.Fatal(err)
	}
	change(&e)
	bad := (*exit.BadInput)(nil)
	if err := e.Check(); !errors.As(err, &bad) || bad.Member != key {
		t.Errorf("%s: error %v", key, err)
	}
}

// TestEventLearn: what a text says is learned, of all layers that have it.
func TestEventLearn(t *testing.T) {
	e, err := Parse("test", `name = "test"
[model]
hidden = [4]
delay = 1e-3
learn = ["tau_mem", "v_th", "delay"]
per_neuron = true
readout = "li-max"
[train]
method = "eventprop-recurrent"`, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Check(); err != nil {
		t.Fatal(err)
	}
	net, err := e.Build(5, data.Classes(3))
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	sizes := map[string]int{}
	for _, g := range net.Grads() {
		sizes[g.Name] = g.Len()
	}
	want := map[string]int{
		"hidden1/w": 20, "hidden1/w_rec": 16, "hidden1/log_tau_mem": 4, "hidden1/log_v_th": 4, "hidden1/log_delay": 20, "hidden1/log_delay_rec": 16,
		"out/w": 12, "out/log_delay": 12,
	}
	if !maps.Equal(sizes, want) {
		t.Errorf("learned are %v, want %v", sizes, want)
	}
}
