package experiment

// EncodeSteps are the keys of [encode] that networks have which go through time steps.
type EncodeSteps struct {
	Steps int `toml:"steps,omitzero" doc:"T; default 40 for features, else what the longest sample needs"`
}

// EncodeEvents are the keys of [encode] that networks have which go from event to event.
type EncodeEvents struct {
	Duration float64 `toml:"duration,omitzero" doc:"end of the simulation; default 0.06 for features, else the end of the longest sample"`
}

// ModelSteps are the keys of [model] that networks have which go through time steps.
type ModelSteps struct {
	Reset       string `toml:"reset,omitempty" doc:"subtract or zero; default subtract"`
	DetachReset bool   `toml:"detach_reset" doc:"no gradient through the reset"`
	Recurrent   bool   `toml:"recurrent" doc:"weights between the neurons of a hidden layer"`
	Bias        bool   `toml:"bias" doc:"learned constant input to all layers"`
	Surrogate   string `toml:"surrogate" doc:"as fast_sigmoid(25)"`
	Output      string `toml:"output,omitempty" doc:"none: the last of [[layer]] has a neuron for each class, and nothing is behind it but the readout; default: weights, and the neurons of the readout"`
}

// ModelEvents are the keys of [model] that networks have which go from event to event.
type ModelEvents struct {
	VReset      float64 `toml:"v_reset" doc:"voltage after a spike; far below 0, neurons spike once"`
	Delay       float64 `toml:"delay,omitzero" doc:"s, of all synapses; default 0"`
	DelaySpread float64 `toml:"delay_spread,omitzero" doc:"delays start uniform in delay (1 - delay_spread) to delay (1 + delay_spread), < 1; default 0"`
	Equations   string  `toml:"equations,omitempty" doc:"of the neuron own, see equation.Parse"`

	// Values are those of the parameters of neurons other than "lif", where tau_mem, tau_syn, v_th
	// and v_reset are not what is meant.
	Values map[string]float64 `toml:"values,omitempty" doc:"{name = value} of the parameters of neurons other than lif"`
}

// LossSteps are the keys of [loss] that networks have which go through time steps.
type LossSteps struct {
	RateWeight float64 `toml:"rate_weight" doc:"times the squared distance of a hidden neuron's mean spike count from"`
	RateLower  float64 `toml:"rate_lower,omitzero" doc:"the interval [rate_lower, rate_upper], mean over the neurons; see ops.RateBounds"`
	RateUpper  float64 `toml:"rate_upper,omitzero" doc:"0: no upper bound"`
	Sparsity   float64 `toml:"sparsity,omitzero" doc:"times the share of steps in which hidden neurons spike; see ops.Sparsity"`
	Awake      float64 `toml:"awake,omitzero" doc:"times the squared number of spikes that hidden neurons miss in each sample to"`
	AwakeLeast float64 `toml:"awake_least,omitzero" doc:"these; default 1; see ops.Silence"`
	VWeight    float64 `toml:"v_weight,omitzero" doc:"times the squared distance of the voltages of hidden neurons from"`
	VLower     float64 `toml:"v_lower,omitzero" doc:"the interval [v_lower, v_upper]; see ops.VoltageBounds"`
	VUpper     float64 `toml:"v_upper,omitzero" doc:"default v_th, or 1"`
}

// LossEvents are the keys of [loss] that networks have which go from event to event.
type LossEvents struct {
	Scale      float64 `toml:"scale" doc:"logits = -scale t/tau_syn of first spikes (default 5), scale V, or scale/tau_out times the integral of V (default 1); without the sign for targets that are no classes"`
	Silence    float64 `toml:"silence" doc:"times the distance of silent hidden neurons to threshold; see eventprop.Silence"`
	SilenceOut float64 `toml:"silence_out,omitzero" doc:"events, ttfs: the same for the outputs"`
	Existence  float64 `toml:"existence,omitzero" doc:"the same for hidden neurons alone that nearly spiked; see eventprop.Existence; default 0"`
	Margin     float64 `toml:"existence_margin,omitzero" doc:"with existence: the distance to threshold up to which they did, default a fifth of v_th"`
}

// TrainSteps are the keys of [train] that networks have which go through time steps.
type TrainSteps struct {
	Engine string `toml:"engine" doc:"fused or unrolled"`
	DType  string `toml:"dtype" doc:"float32 or float64; events are float64"`
}

// TrainEvents are the keys of [train] that networks have which go from event to event.
type TrainEvents struct {
	MinSlope float64 `toml:"min_slope" doc:"events, not analytical: bound of the slope at spikes, see eventprop.Settings; 0: none"`
	Revive   float64 `toml:"revive,omitzero" doc:"raises the weights to hidden neurons that were silent for a whole epoch, by this part of the way to threshold, see train.EventLayer; default 0"`
}
