package experiment

import (
	"github.com/surge-snn/surge/train/data"
)

// Methods of gradients, the names of train.method.
const (
	Surrogate  = "surrogate"           // backpropagation through time steps, with surrogate gradients
	EventProp  = "eventprop"           // from event to event, with exact gradients by the adjoint method
	Recurrent  = "eventprop-recurrent" // the same, with weights between the neurons of a hidden layer
	Analytical = "analytical"          // from event to event, with implicit derivatives of all spikes: for small networks
)

// Methods returns all methods.
func Methods() []string { return []string{Surrogate, EventProp, Recurrent, Analytical} }

// Experiment is a training run. Keys that have an effect only with the method surrogate, or only
// with events, the other methods, are in structs of their own (ModelSteps, ModelEvents).
type Experiment struct {
	Name   string      `toml:"name" doc:"names the folder of the results; has to be given"`
	Seed   uint64      `toml:"seed" doc:"of the parameters, the order of the data and all random numbers"`
	Data   Data        `toml:"data"`
	Encode Encode      `toml:"encode"`
	Model  Model       `toml:"model"`
	Layer  []LayerSpec `toml:"layer,omitempty" only:"surrogate" doc:"between input and readout, in place of model.hidden"`
	Loss   Loss        `toml:"loss"`
	Train  Train       `toml:"train"`
	Group  []GroupSpec `toml:"group,omitempty" doc:"parameters that are learned otherwise than [train] says; each is in the first group that names it"`

	DebugNaNs  bool // end at the first result that is not finite; no part of the text
	Checkpoint int  // graph.Settings.Checkpoint, which changes no bit; no part of the text
	Twin       bool // build the smoothed twin, for checks of gradients (graph.Settings.Twin); no part of the text

	file     string   // where it comes from, for messages
	assumed  bool     // the file says nothing of the encoder, and the samples may be events
	warnings []string // of Load
}

// Data is the section [data]: the samples.
type Data struct {
	Set  string     `toml:"set" doc:"where the samples come from"`
	Keys data.Table // the keys of that set
}

// Encode is the section [encode]: how a sample becomes the input of the network. Times are in
// seconds.
type Encode struct {
	Kind string     `toml:"kind" doc:"how they become the input; with events, one that knows exact times; default none where the data are events, else ttfs"`
	Dt   float64    `toml:"dt,omitzero" doc:"of the encoder and of the network; events: of the steps of sequences; default 0.001"`
	Hold int        `toml:"hold,omitzero" doc:"time steps that a step of a sequence lasts; default 1"`
	Keys data.Table // the keys of that encoder

	EncodeSteps  `only:"surrogate"`
	EncodeEvents `only:"events"`
}

// Model is the section [model]: hidden layers of spiking neurons, and a readout.
type Model struct {
	Hidden     []int    `toml:"hidden" doc:"neurons of each hidden layer"`
	Neuron     string   `toml:"neuron,omitempty" doc:"events: that of hidden layers"`
	TauMem     float64  `toml:"tau_mem,omitzero" range:"inf" doc:"s; inf: no leak (lif, alif, double_exp); default 0.02"`
	TauSyn     float64  `toml:"tau_syn,omitzero" doc:"s; events: default 0.01"`
	VTh        float64  `toml:"v_th,omitzero" doc:"threshold; default 1"`
	RecGain    float64  `toml:"rec_gain,omitzero" doc:"where a layer has weights between its neurons: their spread, as w_gain; default 0.5"`
	Learn      []string `toml:"learn,omitempty" doc:"of tau_mem, tau_syn, v_th, and what else the neuron can learn; events: v_leak, v_reset, i_init, delay (of each synapse, where delay > 0)"`
	PerNeuron  bool     `toml:"per_neuron" doc:"what is learned is so for each neuron; false: for each layer"`
	Init       string   `toml:"init,omitempty" doc:"how the weights to hidden layers start, as kaiming(gain = 1); default fan_in"`
	InitSpikes float64  `toml:"init_spikes,omitzero" doc:"spikes of a hidden neuron in a sample of the first batch, to which the weights are scaled, from layer to layer, before the run; 0: they are not"`
	WMean      float64  `toml:"w_mean" doc:"weights of fan_in start as N(w_mean/in, w_gain²/in)"`
	WGain      float64  `toml:"w_gain" doc:"spread of the weights"`
	Readout    string   `toml:"readout" doc:"what the network gives; events: default ttfs"`
	TauOut     float64  `toml:"tau_out,omitzero" range:"inf" doc:"s, of the leaky integrators of li-...; inf: no leak, with time steps"`
	OutInit    string   `toml:"out_init,omitempty" doc:"as init, of the output weights"`
	OutMean    float64  `toml:"out_mean" doc:"output weights of fan_in start as N(out_mean/in, out_gain²/in)"`
	OutGain    float64  `toml:"out_gain" doc:"spread of the output weights"`

	NeuronKeys  data.Table // the keys of that neuron
	ReadoutKeys data.Table // the keys of that readout

	events bool // which neurons there are

	ModelSteps  `only:"surrogate"`
	ModelEvents `only:"events"`
}

// Loss is the section [loss]: what is learned, what is added to it, and what is reported beside it.
type Loss struct {
	Kind    string   `toml:"kind,omitempty" doc:"what the network learns; default cross_entropy for classes, mse for vectors and sequences, van_rossum for spike times"`
	Metrics []string `toml:"metrics,omitempty" doc:"numbers that are reported: mae, mse for vectors and sequences, victor_purpura, van_rossum for spike times; default mae or victor_purpura"`

	Keys data.Table // the keys of that loss

	LossSteps  `only:"surrogate"`
	LossEvents `only:"events"`
}

// Train is the section [train].
type Train struct {
	Method         string  `toml:"method" doc:"surrogate: time steps with surrogate gradients; eventprop: from event to event with exact gradients; eventprop-recurrent: the same with weights between the neurons of a hidden layer; analytical: the same by implicit derivatives, for small networks"`
	Epochs         int     `toml:"epochs" doc:"how often the training set is learned"`
	Batch          int     `toml:"batch" doc:"samples"`
	Shards         int     `toml:"shards,omitzero" doc:"parts, 1, 2, 4, ..., in which a batch is computed, at once on several processors or by the ranks of mpiexec; the numbers depend on it in their last digits; default 1"`
	Optimizer      string  `toml:"optimizer" doc:"how gradients become updates"`
	LR             float64 `toml:"lr" doc:"learning rate"`
	Schedule       string  `toml:"schedule" doc:"how the learning rate goes on after the warm-up"`
	Warmup         int     `toml:"warmup" doc:"first updates, through which the rate rises from 0 to lr"`
	Clip           float64 `toml:"clip" doc:"largest norm of the gradient; 0: any"`
	ClipValue      float64 `toml:"clip_value,omitzero" doc:"largest magnitude of an element of the gradient; 0: any"`
	ClipNorm       float64 `toml:"clip_norm,omitzero" doc:"largest norm of the gradient of each parameter; 0: any"`
	Accumulate     int     `toml:"accumulate,omitzero" doc:"batches whose mean gradient makes an update; 0 and 1: each"`
	Lookahead      int     `toml:"lookahead,omitzero" doc:"updates after which the parameters go back by a part of the way, see optim.Lookahead; 0: none"`
	LookaheadAlpha float64 `toml:"lookahead_alpha,omitzero" doc:"the part of the way that stays; default 0.5"`
	LRNeurons      float64 `toml:"lr_neurons,omitzero" doc:"factor of the learning rate of what is learned besides weights; default 1"`
	WeightDecay    float64 `toml:"weight_decay" doc:"per update and unit of learning rate, of weights"`
	Patience       int     `toml:"patience" doc:"epochs without a better one that end the run; 0: all epochs"`
	OnNonFinite    string  `toml:"on_nonfinite,omitzero" doc:"what happens to a batch whose loss or gradient is not finite: stop ends the run, skip leaves it out and counts it; default stop"`

	OptimizerKeys data.Table // the keys of that optimizer
	ScheduleKeys  data.Table // the keys of that schedule

	TrainSteps  `only:"surrogate"`
	TrainEvents `only:"events"`
}

// defaults are the values of keys that a file leaves out, for a method.
func defaults(method string) Experiment {
	e := Experiment{
		Seed:   1,
		Data:   Data{Set: "yinyang"},
		Encode: Encode{Kind: "ttfs", Dt: 1e-3},
		Model: Model{
			Hidden: []int{100}, Neuron: "lif", TauMem: 20e-3, VTh: 1, WGain: 1, Readout: "li-max", OutGain: 1,
			ModelSteps: ModelSteps{Reset: "subtract", Surrogate: "fast_sigmoid(25)"},
		},
		Train: Train{
			Method: Surrogate, Epochs: 30, Batch: 50, Optimizer: "adam", LR: 1e-3, Schedule: "constant",
			TrainSteps: TrainSteps{Engine: "fused", DType: "float32"},
		},
	}
	if method == "" || method == Surrogate {
		return e
	}
	e.Encode = Encode{Kind: "ttfs"}
	e.Model = Model{Hidden: []int{100}, Neuron: "lif", TauMem: 20e-3, TauSyn: 10e-3, VTh: 1, WMean: 10, WGain: 2, Readout: "ttfs", OutMean: 10, OutGain: 1}
	e.Train.Method, e.Train.TrainSteps = method, TrainSteps{}
	e.Model.events = e.events()
	return e
}

// events tells whether the network goes from event to event.
func (e *Experiment) events() bool { return e.Train.Method != Surrogate }

// filling is what the keys are that a file leaves out.
type filling struct{ *Experiment }

// fill sets what is zero to its default, where the other choices give it an effect.
func (e filling) fill() {
	e.fillChoices()
	if !e.events() && e.static() && e.Encode.Steps == 0 {
		e.Encode.Steps = 40
	}
	for _, d := range []struct {
		field     *float64
		used      bool
		byDefault float64
	}{
		{&e.Encode.Duration, e.events() && e.static(), 60e-3},
		{&e.Model.RecGain, e.recurrent(), 0.5},
		{&e.Train.LookaheadAlpha, e.Train.Lookahead > 0, 0.5},
		{&e.Model.TauOut, e.integrators(), 20e-3},
		{&e.Loss.Margin, e.events() && e.Loss.Existence != 0, e.Model.VTh / 5},
		{&e.Loss.Scale, e.events(), e.Model.eventReadout().Scale},
		{&e.Loss.AwakeLeast, e.Loss.Awake > 0, 1},
		{&e.Loss.VUpper, e.Loss.VWeight > 0, max(e.Model.VTh, e.Loss.VLower, 1)},
	} {
		if d.used && *d.field == 0 {
			*d.field = d.byDefault
		}
	}
}

// recurrent tells whether hidden layers have weights between their neurons.
func (e *Experiment) recurrent() bool { return e.Model.Recurrent || e.Train.Method == Recurrent }

// assume takes events as they are where the file says nothing of the encoder.
func (e filling) assume(input data.Input) {
	if e.assumed && input == data.EventList {
		e.Encode.Kind, e.Encode.Keys = "none", nil
		e.fillChoices()
	}
}

// static tells whether the samples are known to be features before they are read.
func (e *Experiment) static() bool {
	d, ok := e.source().(data.Described)
	return ok && d.Form().Input == data.Static
}

// source returns where the samples come from; nil where the section [data] is wrong.
func (e *Experiment) source() data.Source {
	s, _, err := data.Sets.New(e.Data.Set, e.Data.Keys)
	if err != nil {
		return nil
	}
	return s
}

// encoder returns the encoder that the section [encode] describes; nil where it is wrong.
func (e *Experiment) encoder() data.Encoder {
	c, _, err := data.Encoders.New(e.Encode.Kind, e.Encode.Keys)
	if err != nil {
		return nil
	}
	return c
}
