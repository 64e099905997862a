package experiment

import "strings"

// Methods of gradients, the names of train.method.
const (
	Surrogate  = "surrogate"           // backpropagation through time steps, with surrogate gradients
	EventProp  = "eventprop"           // from event to event, with exact gradients by the adjoint method
	Recurrent  = "eventprop-recurrent" // the same, with weights between the neurons of a hidden layer
	Analytical = "analytical"          // from event to event, with implicit derivatives of all spikes: for small networks
)

// Methods returns all methods.
func Methods() []string { return []string{Surrogate, EventProp, Recurrent, Analytical} }

// Experiment is a training run. Some keys have an effect only with the method surrogate, others only with events, the
// other methods.
type Experiment struct {
	Name   string `toml:"name"` // names the folder of the results
	Seed   uint64 `toml:"seed"` // of the parameters, the order of the data and all random numbers
	Data   Data   `toml:"data"`
	Encode Encode `toml:"encode"`
	Model  Model  `toml:"model"`
	Loss   Loss   `toml:"loss"`
	Train  Train  `toml:"train"`

	DebugNaNs bool // end at the first result that is not finite; no part of the text

	file string // where it comes from, for messages
}

// Data is the section [data]: the samples.
type Data struct {
	Set   string `toml:"set"`            // "yinyang" or "mnist"
	Dir   string `toml:"dir,omitempty"`  // mnist: the folder of its four files
	Train int    `toml:"train"`          // samples to learn
	Valid int    `toml:"valid"`          // samples that choose the epoch; of mnist, taken from the training images
	Shift int    `toml:"shift,omitzero"` // mnist: pixels by which training images are moved at random, at most; 0: not at all
	Test  int    `toml:"test,omitzero"`  // samples of the test set; 0 means all of mnist, 1000 of yinyang
}

// Encode is the section [encode]: how a sample becomes the input of the network. Times are in
// seconds.
type Encode struct {
	Kind      string  `toml:"kind"`                   // "ttfs", "latency", with surrogate also "rate", "current"
	Steps     int     `toml:"steps" only:"surrogate"` // T
	Dt        float64 `toml:"dt" only:"surrogate"`    // of the encoder and of the network
	Duration  float64 `toml:"duration" only:"events"` // end of the simulation
	TEarly    float64 `toml:"t_early,omitzero"`       // ttfs: of the feature 0
	TLate     float64 `toml:"t_late,omitzero"`        // ttfs: of the feature 1; default 0.03
	TBias     float64 `toml:"t_bias,omitzero"`        // ttfs: of the channel that always spikes
	TMin      float64 `toml:"t_min,omitzero"`         // latency: of the feature 1
	TMax      float64 `toml:"t_max,omitzero"`         // latency: of the feature 0; default 0.02
	Threshold float64 `toml:"threshold,omitzero"`     // latency: features up to it give no spike
	MaxRate   float64 `toml:"max_rate,omitzero"`      // rate: Hz, of the feature 1; default 100
	Scale     float64 `toml:"scale,omitzero"`         // current: of the feature 1; default 1
}

// Model is the section [model]: hidden layers of spiking neurons, and a readout.
type Model struct {
	Hidden      []int    `toml:"hidden"`                        // neurons of each hidden layer
	Neuron      string   `toml:"neuron" only:"surrogate"`       // "lif" (delta synapse) or "cuba" (exponential synaptic current, as those of events have)
	TauMem      float64  `toml:"tau_mem"`                       // s
	TauSyn      float64  `toml:"tau_syn,omitzero"`              // s; cuba, events
	VTh         float64  `toml:"v_th"`                          // threshold
	VReset      float64  `toml:"v_reset" only:"events"`         // voltage after a spike; far below 0, neurons spike once
	Reset       string   `toml:"reset" only:"surrogate"`        // "subtract" or "zero"
	DetachReset bool     `toml:"detach_reset" only:"surrogate"` // no gradient through the reset
	Recurrent   bool     `toml:"recurrent" only:"surrogate"`    // weights between the neurons of a hidden layer
	RecGain     float64  `toml:"rec_gain,omitzero"`             // with these: as w_gain; default 0.5
	Delay       float64  `toml:"delay,omitzero" only:"events"`  // s, of all synapses; default 0
	Learn       []string `toml:"learn,omitempty"`               // of "tau_mem", "tau_syn", "v_th"; events: also "v_leak", "v_reset", "i_init", "delay" (of each synapse, where delay > 0)
	PerNeuron   bool     `toml:"per_neuron"`                    // what is learned is so for each neuron; false: for each layer
	Bias        bool     `toml:"bias" only:"surrogate"`         // learned constant input to all layers
	WMean       float64  `toml:"w_mean"`                        // weights start as N(w_mean/in, w_gain²/in)
	WGain       float64  `toml:"w_gain"`
	Surrogate   string   `toml:"surrogate" only:"surrogate"` // as "fast_sigmoid(25)"
	Readout     string   `toml:"readout"`                    // "li-max", "li-mean", "li-sum", "li-last", "count"; events: "ttfs" (first spike), "li-max", "li-integral"
	TauOut      float64  `toml:"tau_out,omitzero"`           // s, of the leaky integrators of li-...
	OutMean     float64  `toml:"out_mean"`                   // output weights start as N(out_mean/in, out_gain²/in)
	OutGain     float64  `toml:"out_gain"`
}

// Loss is the section [loss]: what the cross-entropy is of, and what is added to it.
type Loss struct {
	Scale      float64 `toml:"scale" only:"events"`                  // logits = -scale t/tau_syn of first spikes (default 5), scale V, or scale/tau_out times the integral of V (default 1)
	Silence    float64 `toml:"silence" only:"events"`                // times the distance of silent hidden neurons to threshold; see eventprop.Silence
	SilenceOut float64 `toml:"silence_out,omitzero" only:"events"`   // events, ttfs: the same for the outputs
	RateWeight float64 `toml:"rate_weight" only:"surrogate"`         // times the squared distance of a hidden neuron's mean spike count from
	RateLower  float64 `toml:"rate_lower,omitzero" only:"surrogate"` // the interval [rate_lower, rate_upper], mean over the neurons; see ops.RateBounds
	RateUpper  float64 `toml:"rate_upper,omitzero" only:"surrogate"` // 0: no upper bound
}

// Train is the section [train].
type Train struct {
	Method      string  `toml:"method"` // one of Methods
	Epochs      int     `toml:"epochs"`
	Batch       int     `toml:"batch"`             // samples
	Optimizer   string  `toml:"optimizer"`         // "adam" or "sgd"
	Momentum    float64 `toml:"momentum,omitzero"` // sgd
	LR          float64 `toml:"lr"`
	Schedule    string  `toml:"schedule"`                // "constant", "linear", "cosine", "exponential"
	LREnd       float64 `toml:"lr_end,omitzero"`         // after the last epoch; not constant
	Warmup      int     `toml:"warmup"`                  // first updates, through which the rate rises from 0 to lr
	Clip        float64 `toml:"clip"`                    // largest norm of the gradient; 0: any
	WeightDecay float64 `toml:"weight_decay"`            // per update and unit of learning rate, of weights
	Patience    int     `toml:"patience"`                // epochs without a better one that end the run; 0: all epochs
	MinSlope    float64 `toml:"min_slope" only:"events"` // events, not analytical: bound of the slope at spikes, see eventprop.Settings; 0: none
	Engine      string  `toml:"engine" only:"surrogate"` // "fused" or "unrolled"
	DType       string  `toml:"dtype" only:"surrogate"`  // "float32" or "float64"; events are float64
}

// defaults are the values of keys that a file leaves out, for a method.
func defaults(method string) Experiment {
	e := Experiment{
		Seed:   1,
		Data:   Data{Set: "yinyang", Train: 5000, Valid: 1000},
		Encode: Encode{Kind: "ttfs", Steps: 40, Dt: 1e-3},
		Model: Model{
			Hidden: []int{100}, Neuron: "lif", TauMem: 20e-3, VTh: 1, Reset: "subtract",
			WGain: 1, Surrogate: "fast_sigmoid(25)", Readout: "li-max", OutGain: 1,
		},
		Train: Train{
			Method: Surrogate, Epochs: 30, Batch: 50, Optimizer: "adam", LR: 1e-3, Schedule: "constant",
			Engine: "fused", DType: "float32",
		},
	}
	if method == "" || method == Surrogate {
		return e
	}
	e.Encode = Encode{Kind: "ttfs", Duration: 60e-3}
	e.Model = Model{Hidden: []int{100}, TauMem: 20e-3, TauSyn: 10e-3, VTh: 1, WMean: 10, WGain: 2, Readout: "ttfs", OutMean: 10, OutGain: 1}
	e.Train.Method, e.Train.Engine, e.Train.DType = method, "", ""
	return e
}

// events tells whether the network goes from event to event.
func (e *Experiment) events() bool { return e.Train.Method != Surrogate }

// fill sets what is zero to its default, where the other choices give it an effect.
func (e *Experiment) fill() {
	for _, d := range []struct {
		field     *float64
		used      bool
		byDefault float64
	}{
		{&e.Encode.TLate, e.Encode.Kind == "ttfs", 30e-3},
		{&e.Encode.TMax, e.Encode.Kind == "latency", 20e-3},
		{&e.Encode.MaxRate, e.Encode.Kind == "rate", 100},
		{&e.Encode.Scale, e.Encode.Kind == "current", 1},
		{&e.Model.RecGain, e.recurrent(), 0.5},
		{&e.Model.TauOut, strings.HasPrefix(e.Model.Readout, "li-"), 20e-3},
		{&e.Loss.Scale, e.events() && e.Model.Readout == "ttfs", 5},
		{&e.Loss.Scale, e.events() && e.Model.Readout != "ttfs", 1},
	} {
		if d.used && *d.field == 0 {
			*d.field = d.byDefault
		}
	}
}

// recurrent tells whether hidden layers have weights between their neurons.
func (e *Experiment) recurrent() bool { return e.Model.Recurrent || e.Train.Method == Recurrent }

// Steps returns the number of updates of the whole run.
func (e *Experiment) Steps() int {
	return e.Train.Epochs * ((e.Data.Train + e.Train.Batch - 1) / e.Train.Batch)
}
