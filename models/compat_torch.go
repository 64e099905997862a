package models

import (
	"math"
	"strings"

	"github.com/surge-snn/surge/ops"
)

// peerParams returns the parameters of a peer's neuron.
func peerParams(names []string, values ...float64) []PeerParam {
	p := make([]PeerParam, len(names))
	for i, name := range names {
		p[i] = PeerParam{name, values[i]}
	}
	return p
}

func peerLines(of ...string) string { return strings.Join(of, "\n") }

// snnTorch decides on the reset from the voltage before the step, without gradient: the reset of a
// spike comes one step later.
var snntorchNeurons = []PeerNeuron{
	{
		Name: "snntorch/Leaky", Doc: "subtracts the threshold one step after the spike; beta is clamped to [0, 1]",
		Equations: peerLines(
			"x'[t] = x[t] + s[t-1]·w_rec                         (w_rec if Recurrent)",
			"reset[t] = H(mem[t-1] - threshold)                  (no gradient)",
			"mem[t] = b mem[t-1] + x'[t] - threshold reset[t]    b = min(max(beta, 0), 1)",
			"s[t] = H(mem[t] - threshold)",
		),
		Source: "snnTorch 0.8.1, 0.9.4 and 1.0.0, Leaky, reset_mechanism=\"subtract\"", slope: "snntorch/atan",
		Params: peerParams([]string{"beta", "threshold"}, 0.9, 1), states: []string{"mem"},
		step: func(f *formula, p []term, fire func(term) term) (term, term, []term) {
			reset := f.detach(fire(f.sub(f.state(0), p[1])))
			mem := f.sub(f.add(f.mul(f.unit(p[0]), f.state(0)), f.x()), f.mul(reset, p[1]))
			return fire(f.sub(mem, p[1])), mem, []term{mem}
		},
	},
	{
		Name: "snntorch/Leaky-zero", Doc: "one step after the spike the old voltage is 0, and the input stays",
		Equations: peerLines(
			"x'[t] = x[t] + s[t-1]·w_rec                   (w_rec if Recurrent)",
			"reset[t] = H(mem[t-1] - threshold)            (no gradient)",
			"mem[t] = b (1 - reset[t]) mem[t-1] + x'[t]    b = min(max(beta, 0), 1)",
			"s[t] = H(mem[t] - threshold)",
		),
		Source: "snnTorch 0.8.1, 0.9.4 and 1.0.0, Leaky, reset_mechanism=\"zero\"", slope: "snntorch/atan",
		Params: peerParams([]string{"beta", "threshold"}, 0.9, 1), states: []string{"mem"},
		step: func(f *formula, p []term, fire func(term) term) (term, term, []term) {
			reset := f.detach(fire(f.sub(f.state(0), p[1])))
			mem := f.add(f.mul(f.unit(p[0]), f.mul(f.not(reset), f.state(0))), f.x())
			return fire(f.sub(mem, p[1])), mem, []term{mem}
		},
	},
	{
		Name: "snntorch/Leaky-0.7", Doc: "subtracts the threshold from the old voltage, one step after the spike: the reset decays with it",
		Equations: peerLines(
			"x'[t] = x[t] + s[t-1]·w_rec                           (w_rec if Recurrent)",
			"reset[t] = H(mem[t-1] - threshold)                    (no gradient)",
			"mem[t] = b (mem[t-1] - threshold reset[t]) + x'[t]    b = min(max(beta, 0), 1)",
			"s[t] = H(mem[t] - threshold)",
		),
		Source: "snnTorch 0.5.3, 0.6.4 and 0.7.0, Leaky, reset_mechanism=\"subtract\"", slope: "snntorch/atan",
		Params: peerParams([]string{"beta", "threshold"}, 0.9, 1), states: []string{"mem"},
		step: func(f *formula, p []term, fire func(term) term) (term, term, []term) {
			reset := f.detach(fire(f.sub(f.state(0), p[1])))
			mem := f.add(f.mul(f.unit(p[0]), f.sub(f.state(0), f.mul(reset, p[1]))), f.x())
			return fire(f.sub(mem, p[1])), mem, []term{mem}
		},
	},
	{
		Name: "snntorch/Leaky-zero-0.7", Doc: "one step after the spike the new voltage is 0, and the input of that step is lost",
		Equations: peerLines(
			"x'[t] = x[t] + s[t-1]·w_rec                     (w_rec if Recurrent)",
			"reset[t] = H(mem[t-1] - threshold)              (no gradient)",
			"mem[t] = (1 - reset[t]) (b mem[t-1] + x'[t])    b = min(max(beta, 0), 1)",
			"s[t] = H(mem[t] - threshold)",
		),
		Source: "snnTorch 0.5.3, 0.6.4 and 0.7.0, Leaky, and RLeaky of 1.0.0, reset_mechanism=\"zero\"", slope: "snntorch/atan",
		Params: peerParams([]string{"beta", "threshold"}, 0.9, 1), states: []string{"mem"},
		step: func(f *formula, p []term, fire func(term) term) (term, term, []term) {
			reset := f.detach(fire(f.sub(f.state(0), p[1])))
			mem := f.mul(f.not(reset), f.add(f.mul(f.unit(p[0]), f.state(0)), f.x()))
			return fire(f.sub(mem, p[1])), mem, []term{mem}
		},
	},
	{
		Name: "snntorch/Leaky-nodelay", Doc: "subtracts the threshold in the step of the spike, and gradient flows through that spike",
		Equations: peerLines(
			"x'[t] = x[t] + s[t-1]·w_rec                          (w_rec if Recurrent)",
			"reset[t] = H(mem[t-1] - threshold)                   (no gradient)",
			"mem⁻[t] = b mem[t-1] + x'[t] - threshold reset[t]    b = min(max(beta, 0), 1)",
			"s[t] = H(mem⁻[t] - threshold)",
			"mem[t] = mem⁻[t] - threshold (s[t] - reset[t])",
		),
		Source: "snnTorch 1.0.0, Leaky, reset_delay=False", slope: "snntorch/atan",
		Params: peerParams([]string{"beta", "threshold"}, 0.9, 1), states: []string{"mem"},
		step: func(f *formula, p []term, fire func(term) term) (term, term, []term) {
			reset := f.detach(fire(f.sub(f.state(0), p[1])))
			before := f.sub(f.add(f.mul(f.unit(p[0]), f.state(0)), f.x()), f.mul(reset, p[1]))
			spikes := fire(f.sub(before, p[1]))
			mem := f.sub(before, f.mul(f.sub(spikes, reset), p[1]))
			return spikes, mem, []term{mem}
		},
	},
	{
		Name: "snntorch/Synaptic", Doc: "the synaptic current decays before the input is added; the reset is one step late",
		Equations: peerLines(
			"x'[t] = x[t] + s[t-1]·w_rec                          (w_rec if Recurrent)",
			"reset[t] = H(mem[t-1] - threshold)                   (no gradient)",
			"syn[t] = a syn[t-1] + x'[t]                          a = min(max(alpha, 0), 1)",
			"mem[t] = b mem[t-1] + syn[t] - threshold reset[t]    b = min(max(beta, 0), 1)",
			"s[t] = H(mem[t] - threshold)",
		),
		Source: "snnTorch 1.0.0, Synaptic, reset_mechanism=\"subtract\"", slope: "snntorch/atan",
		Params: peerParams([]string{"alpha", "beta", "threshold"}, 0.9, 0.8, 1), states: []string{"syn", "mem"},
		step: func(f *formula, p []term, fire func(term) term) (term, term, []term) {
			reset := f.detach(fire(f.sub(f.state(1), p[2])))
			syn := f.add(f.mul(f.unit(p[0]), f.state(0)), f.x())
			mem := f.sub(f.add(f.mul(f.unit(p[1]), f.state(1)), syn), f.mul(reset, p[2]))
			return fire(f.sub(mem, p[2])), mem, []term{syn, mem}
		},
	},
	{
		Name: "snntorch/Lapicque", Doc: "Euler's step of an RC circuit; the reset is one step late",
		Equations: peerLines(
			"x'[t] = x[t] + s[t-1]·w_rec                                   (w_rec if Recurrent)",
			"reset[t] = H(mem[t-1] - threshold)                            (no gradient)",
			"mem[t] = k R x'[t] + (1 - k) mem[t-1] - threshold reset[t]    k = time_step/(R C)",
			"s[t] = H(mem[t] - threshold)",
		),
		Source: "snnTorch 1.0.0, Lapicque, reset_mechanism=\"subtract\"", slope: "snntorch/atan",
		Params: peerParams([]string{"R", "C", "time_step", "threshold"}, 5.1, 5e-3, 1e-3, 1), states: []string{"mem"},
		step: func(f *formula, p []term, fire func(term) term) (term, term, []term) {
			reset := f.detach(fire(f.sub(f.state(0), p[3])))
			share := f.div(p[2], f.mul(p[0], p[1]))
			mem := f.sub(f.add(f.mul(share, f.mul(p[0], f.x())), f.mul(f.not(share), f.state(0))), f.mul(reset, p[3]))
			return fire(f.sub(mem, p[3])), mem, []term{mem}
		},
	},
}

// unit returns a clamped to [0, 1].
func (f *formula) unit(a term) term { return f.min(f.max(a, 0), 1) }

// SpikingJelly charges, fires at or above the threshold, and resets in the same step. Its voltage
// starts at v_reset: the state is the distance from there.
var spikingjellyNeurons = []PeerNeuron{
	{
		Name: "spikingjelly/IFNode", Doc: "fires at the threshold; hard reset in the same step",
		Equations: peerLines(
			"v[-1] = v_reset",
			"x'[t] = x[t] + s[t-1]·w_rec    (w_rec if Recurrent)",
			"v⁻[t] = v[t-1] + x'[t]",
			"s[t] = Θ(v⁻[t] - v_threshold)",
			"v[t] = v⁻[t] + s[t] (v_reset - v⁻[t])",
		),
		Source: "SpikingJelly 2.0.0, IFNode", slope: "spikingjelly/sigmoid", firing: ops.Firing{AtThreshold: true},
		Params: peerParams([]string{"v_threshold", "v_reset"}, 1, 0), states: []string{"v"},
		step: func(f *formula, p []term, fire func(term) term) (term, term, []term) {
			return f.from(p[1], f.add(f.add(f.state(0), p[1]), f.x()), p[0], fire)
		},
	},
	{
		Name: "spikingjelly/LIFNode", Doc: "the input decays with the voltage; fires at the threshold; hard reset",
		Equations: peerLines(
			"v[-1] = v_reset",
			"x'[t] = x[t] + s[t-1]·w_rec    (w_rec if Recurrent)",
			"v⁻[t] = v[t-1] + (x'[t] - (v[t-1] - v_reset))/tau",
			"s[t] = Θ(v⁻[t] - v_threshold)",
			"v[t] = v⁻[t] + s[t] (v_reset - v⁻[t])",
		),
		Source: "SpikingJelly 2.0.0, LIFNode and, with tau = 1/sigmoid(w), ParametricLIFNode", slope: "spikingjelly/sigmoid", firing: ops.Firing{AtThreshold: true},
		Params: peerParams([]string{"tau", "v_threshold", "v_reset"}, 2, 1, 0), states: []string{"v"},
		step: func(f *formula, p []term, fire func(term) term) (term, term, []term) {
			v := f.add(f.add(f.state(0), p[2]), f.div(f.sub(f.x(), f.state(0)), p[0]))
			return f.from(p[2], v, p[1], fire)
		},
	},
	{
		Name: "spikingjelly/LIFNode-soft", Doc: "the input decays with the voltage; fires at the threshold; subtracts it",
		Equations: peerLines(
			"x'[t] = x[t] + s[t-1]·w_rec    (w_rec if Recurrent)",
			"v⁻[t] = v[t-1] + (x'[t] - v[t-1])/tau",
			"s[t] = Θ(v⁻[t] - v_threshold)",
			"v[t] = v⁻[t] - v_threshold s[t]",
		),
		Source: "SpikingJelly 2.0.0, LIFNode(v_reset=None)", slope: "spikingjelly/sigmoid", firing: ops.Firing{AtThreshold: true},
		Params: peerParams([]string{"tau", "v_threshold"}, 2, 1), states: []string{"v"},
		step: func(f *formula, p []term, fire func(term) term) (term, term, []term) {
			v := f.add(f.state(0), f.div(f.sub(f.x(), f.state(0)), p[0]))
			return f.fireReset(v, p[1], p[1], SubtractThreshold, fire)
		},
	},
	{
		Name: "spikingjelly/LIFNode-nodecay", Doc: "the input is added whole; fires at the threshold; hard reset",
		Equations: peerLines(
			"v[-1] = v_reset",
			"x'[t] = x[t] + s[t-1]·w_rec    (w_rec if Recurrent)",
			"v⁻[t] = v[t-1] - (v[t-1] - v_reset)/tau + x'[t]",
			"s[t] = Θ(v⁻[t] - v_threshold)",
			"v[t] = v⁻[t] + s[t] (v_reset - v⁻[t])",
		),
		Source: "SpikingJelly 2.0.0, LIFNode(decay_input=False)", slope: "spikingjelly/sigmoid", firing: ops.Firing{AtThreshold: true},
		Params: peerParams([]string{"tau", "v_threshold", "v_reset"}, 2, 1, 0), states: []string{"v"},
		step: func(f *formula, p []term, fire func(term) term) (term, term, []term) {
			v := f.add(f.sub(f.add(f.state(0), p[2]), f.div(f.state(0), p[0])), f.x())
			return f.from(p[2], v, p[1], fire)
		},
	},
}

// from is fireReset to a value where the voltage starts: the state is the distance from it.
func (f *formula) from(vreset, v, vth term, fire func(term) term) (spikes, after term, next []term) {
	spikes, after, _ = f.fireReset(v, vth, vreset, ToValue, fire)
	return spikes, after, []term{f.sub(after, vreset)}
}

// fireReset returns spikes at v, the voltage after them, and that as the state.
func (f *formula) fireReset(v, vth, vreset term, to Reset, fire func(term) term) (spikes, after term, next []term) {
	spikes = fire(f.sub(v, vth))
	after = f.reset(v, spikes, vth, vreset, to, false)
	return spikes, after, []term{after}
}

// Sinabs fires as many spikes as the threshold fits into the voltage.
var sinabsNeurons = []PeerNeuron{
	{
		Name: "sinabs/IAF", Doc: "several spikes in a step, one for each threshold that fits into the voltage",
		Equations: peerLines(
			"x'[t] = x[t] + s[t-1]·w_rec    (w_rec if Recurrent)",
			"v⁻[t] = v_mem[t-1] + x'[t]",
			"s[t] = max(floor(v⁻[t]/spike_threshold), 0)",
			"v_mem[t] = v⁻[t] - spike_threshold s[t]",
		),
		Source: "Sinabs 3.1.3, IAF", slope: "sinabs/single_exponential", firing: ops.Firing{AtThreshold: true, Max: math.Inf(1)},
		Params: peerParams([]string{"spike_threshold"}, 1), states: []string{"v_mem"},
		step: func(f *formula, p []term, fire func(term) term) (term, term, []term) {
			return f.countReset(f.add(f.state(0), f.x()), p[0], fire)
		},
	},
	{
		Name: "sinabs/LIF", Doc: "alpha = exp(-1/tau_mem), tau in steps; the input is scaled by 1-alpha; several spikes in a step",
		Equations: peerLines(
			"x'[t] = x[t] + s[t-1]·w_rec                     (w_rec if Recurrent)",
			"v⁻[t] = alpha v_mem[t-1] + (1 - alpha) x'[t]    alpha = exp(-1/tau_mem)",
			"s[t] = max(floor(v⁻[t]/spike_threshold), 0)",
			"v_mem[t] = v⁻[t] - spike_threshold s[t]",
		),
		Source: "Sinabs 3.1.3, LIF", slope: "sinabs/single_exponential", firing: ops.Firing{AtThreshold: true, Max: math.Inf(1)},
		Params: peerParams([]string{"tau_mem", "spike_threshold"}, 20, 1), states: []string{"v_mem"},
		step: func(f *formula, p []term, fire func(term) term) (term, term, []term) {
			alpha := f.decay(p[0])
			return f.countReset(f.add(f.mul(alpha, f.state(0)), f.mul(f.not(alpha), f.x())), p[1], fire)
		},
	},
	{
		Name: "sinabs/LIF-synapse", Doc: "the input decays once in its own step; several spikes in a step",
		Equations: peerLines(
			"x'[t] = x[t] + s[t-1]·w_rec                        (w_rec if Recurrent)",
			"i_syn[t] = exp(-1/tau_syn) (i_syn[t-1] + x'[t])",
			"v⁻[t] = alpha v_mem[t-1] + (1 - alpha) i_syn[t]    alpha = exp(-1/tau_mem)",
			"s[t] = max(floor(v⁻[t]/spike_threshold), 0)",
			"v_mem[t] = v⁻[t] - spike_threshold s[t]",
		),
		Source: "Sinabs 3.1.3, LIF(tau_syn=...)", slope: "sinabs/single_exponential", firing: ops.Firing{AtThreshold: true, Max: math.Inf(1)},
		Params: peerParams([]string{"tau_mem", "tau_syn", "spike_threshold"}, 20, 10, 1), states: []string{"v_mem", "i_syn"},
		step: func(f *formula, p []term, fire func(term) term) (term, term, []term) {
			alpha := f.decay(p[0])
			i := f.mul(f.decay(p[1]), f.add(f.state(1), f.x()))
			spikes, v, next := f.countReset(f.add(f.mul(alpha, f.state(0)), f.mul(f.not(alpha), i)), p[2], fire)
			return spikes, v, append(next, i)
		},
	},
}

// decay returns exp(-1/tau).
func (f *formula) decay(tau term) term { return f.exp(f.div(f.affine(tau, 0, -1), tau)) }

// countReset returns spikes of v in units of the threshold, which each of them subtracts.
func (f *formula) countReset(v, vth term, fire func(term) term) (spikes, after term, next []term) {
	spikes = fire(f.div(f.sub(v, vth), vth))
	after = f.sub(v, f.mul(spikes, vth))
	return spikes, after, []term{after}
}

var rockpoolNeurons = []PeerNeuron{
	{
		Name: "rockpool/LIFTorch", Doc: "the input decays once in its own step and is not scaled; several spikes in a step",
		Equations: peerLines(
			"x'[t] = x[t] + s[t-1]·w_rec    (w_rec if Recurrent)",
			"isyn[t] = exp(-dt/tau_syn) (isyn[t-1] + x'[t])",
			"v⁻[t] = exp(-dt/tau_mem) vmem[t-1] + isyn[t] + bias",
			"s[t] = max(floor(v⁻[t]/threshold), 0)",
			"vmem[t] = v⁻[t] - threshold s[t]",
		),
		Source: "Rockpool 3.1.0, LIFTorch", slope: "rockpool/step_pwl", firing: ops.Firing{AtThreshold: true, Max: math.Inf(1)},
		Params: peerParams([]string{"tau_mem", "tau_syn", "bias", "threshold", "dt"}, 20e-3, 20e-3, 0, 1, 1e-3), states: []string{"vmem", "isyn"},
		// Its window of 0.5 is one of the voltage, and x counts in thresholds.
		slopeOf: func(p []PeerParam) []float64 { return []float64{0.5 / p[3].Value} },
		step: func(f *formula, p []term, fire func(term) term) (term, term, []term) {
			decay := func(tau term) term { return f.exp(f.affine(f.div(p[4], tau), -1, 0)) }
			i := f.mul(decay(p[1]), f.add(f.state(1), f.x()))
			v := f.add(f.add(f.mul(decay(p[0]), f.state(0)), i), p[2])
			spikes, after, next := f.countReset(v, p[3], fire)
			return spikes, after, append(next, i)
		},
	},
}
