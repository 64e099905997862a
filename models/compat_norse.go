package models

// Norse integrates by Euler's method, with time constants as their inverses in 1/s. Its voltages
// start at v_leak and the thresholds of LSNN at v_th: the states are the distances from there.
// (Izhikevich starts where its user says.)
var norseNeurons = []PeerNeuron{
	{
		Name: "norse/LIF-1.1.0", Doc: "the input jumps before the voltage is integrated; spikes from that voltage; reset to a value",
		Equations: peerLines(
			"v[-1] = v_leak",
			"x'[t] = x[t] + s[t-1]·w_rec              (w_rec if Recurrent)",
			"i⁻[t] = i[t-1] + x'[t]",
			"v⁻[t] = v[t-1] + dt tau_mem_inv (v_leak - v[t-1] + i⁻[t])",
			"s[t] = H(v⁻[t] - v_th)",
			"v[t] = v⁻[t] + s[t] (v_reset - v⁻[t])    (if Recurrent: no gradient of s here)",
			"i[t] = (1 - dt tau_syn_inv) i⁻[t]",
		),
		Source: "Norse 1.1.0, functional/lif.py, lif_feed_forward_step; recurrent: lif_step, and that of 1.0.0", slope: "norse/superspike-1.1.0",
		Params: peerParams([]string{"dt", "tau_syn_inv", "tau_mem_inv", "v_leak", "v_th", "v_reset"}, 1e-3, 200, 100, 0, 1, 0), states: []string{"v", "i"},
		step: norseLIF(true, false), recurrent: norseLIF(true, true),
	},
	{
		Name: "norse/LIF-1.0", Doc: "the input jumps after the step: it acts on the voltage one step later",
		Equations: peerLines(
			"v[-1] = v_leak",
			"x'[t] = x[t] + s[t-1]·w_rec              (w_rec if Recurrent)",
			"v⁻[t] = v[t-1] + dt tau_mem_inv (v_leak - v[t-1] + i[t-1])",
			"s[t] = H(v⁻[t] - v_th)",
			"v[t] = v⁻[t] + s[t] (v_reset - v⁻[t])    (if Recurrent: no gradient of s here)",
			"i[t] = (1 - dt tau_syn_inv) i[t-1] + x'[t]",
		),
		Source: "Norse up to 1.0.0, functional/lif.py, lif_feed_forward_step; recurrent: lif_step up to 0.0.7", slope: "norse/superspike",
		Params: peerParams([]string{"dt", "tau_syn_inv", "tau_mem_inv", "v_leak", "v_th", "v_reset"}, 1e-3, 200, 100, 0, 1, 0), states: []string{"v", "i"},
		step: norseLIF(false, false), recurrent: norseLIF(false, true),
	},
	{
		Name: "norse/LIFBox", Doc: "without a synapse; reset to a value",
		Equations: peerLines(
			"v[-1] = v_leak",
			"x'[t] = x[t] + s[t-1]·w_rec    (w_rec if Recurrent)",
			"v⁻[t] = v[t-1] + dt tau_mem_inv (v_leak - v[t-1] + x'[t])",
			"s[t] = H(v⁻[t] - v_th)",
			"v[t] = v⁻[t] + s[t] (v_reset - v⁻[t])",
		),
		Source: "Norse 1.1.0, functional/lif_box.py", slope: "norse/superspike-1.1.0",
		Params: peerParams([]string{"dt", "tau_mem_inv", "v_leak", "v_th", "v_reset"}, 1e-3, 100, 0, 1, 0), states: []string{"v"},
		step: func(f *formula, p []term, fire func(term) term) (term, term, []term) {
			v := f.euler(f.add(f.state(0), p[2]), p[0], p[1], f.sub(f.x(), f.state(0)))
			spikes, after, _ := f.fireReset(v, p[3], p[4], ToValue, fire)
			return spikes, after, []term{f.sub(after, p[2])}
		},
	},
	{
		Name: "norse/LSNN", Doc: "an adaptive threshold b, decayed before the comparison; the input acts one step later",
		Equations: peerLines(
			"v[-1] = v_leak,  b[-1] = v_th",
			"x'[t] = x[t] + s[t-1]·w_rec              (w_rec if Recurrent)",
			"v⁻[t] = v[t-1] + dt tau_mem_inv (v_leak - v[t-1] + i[t-1])",
			"b⁻[t] = b[t-1] + dt tau_adapt_inv (v_th - b[t-1])",
			"s[t] = H(v⁻[t] - b⁻[t])",
			"v[t] = v⁻[t] + s[t] (v_reset - v⁻[t])    (if Recurrent: no gradient of s here)",
			"b[t] = b⁻[t] + beta s[t]                 (here neither)",
			"i[t] = (1 - dt tau_syn_inv) i[t-1] + x'[t]",
		),
		Source: "Norse 1.1.0, functional/lsnn.py, lsnn_feed_forward_step; recurrent: lsnn_step", slope: "norse/superspike-1.1.0",
		Params: peerParams([]string{"dt", "tau_syn_inv", "tau_mem_inv", "tau_adapt_inv", "v_leak", "v_th", "v_reset", "beta"}, 1e-3, 200, 100, 1.0/800, 0, 1, 0, 1.8),
		states: []string{"v", "i", "b"},
		step:   norseLSNN(false), recurrent: norseLSNN(true),
	},
	{
		Name: "norse/LIFAdEx", Doc: "the input jumps before the voltage is integrated; adaptation from the voltage before the step",
		Equations: peerLines(
			"v[-1] = v_leak",
			"x'[t] = x[t] + s[t-1]·w_rec    (w_rec if Recurrent)",
			"i⁻[t] = i[t-1] + x'[t]",
			"rise[t] = delta_T exp((v[t-1] - v_th)/delta_T)",
			"v⁻[t] = v[t-1] + dt tau_mem_inv (v_leak - v[t-1] + rise[t] + i⁻[t] - a[t-1])",
			"a⁻[t] = a[t-1] + dt tau_ada_inv (adaptation_current (v[t-1] - v_leak) - a[t-1])",
			"s[t] = H(v⁻[t] - v_th)",
			"v[t] = v⁻[t] + s[t] (v_reset - v⁻[t])",
			"i[t] = (1 - dt tau_syn_inv) i⁻[t]",
			"a[t] = a⁻[t] + adaptation_spike s[t]",
		),
		Source: "Norse 1.1.0, functional/lif_adex.py, lif_adex_feed_forward_step", slope: "norse/superspike-1.1.0",
		Params: peerParams([]string{"dt", "adaptation_current", "adaptation_spike", "delta_T", "tau_ada_inv", "tau_syn_inv", "tau_mem_inv", "v_leak", "v_th", "v_reset"},
			1e-3, 4, 0.02, 0.5, 2, 200, 100, 0, 1, 0),
		states: []string{"v", "i", "a"},
		step: func(f *formula, p []term, fire func(term) term) (term, term, []term) {
			i, v := f.add(f.state(1), f.x()), f.add(f.state(0), p[7])
			leak, rise := f.affine(f.state(0), -1, 0), f.mul(p[3], f.exp(f.div(f.sub(v, p[8]), p[3])))
			before := f.euler(v, p[0], p[6], f.sub(f.add(f.add(leak, rise), i), f.state(2)))
			a := f.euler(f.state(2), p[0], p[4], f.sub(f.mul(p[1], f.state(0)), f.state(2)))
			spikes := fire(f.sub(before, p[8]))
			after := f.mix(spikes, before, p[9])
			return spikes, after, []term{f.sub(after, p[7]), f.sub(i, f.mul(f.mul(p[0], p[5]), i)), f.add(a, f.mul(spikes, p[2]))}
		},
	},
	{
		Name: "norse/Izhikevich", Doc: "Euler's step, u from the voltage before it; spikes from the new voltage",
		Equations: peerLines(
			"x'[t] = x[t] + s[t-1]·w_rec    (w_rec if Recurrent)",
			"v⁻[t] = v[t-1] + dt tau_inv (sq v[t-1]² + mn v[t-1] + bias - u[t-1] + x'[t])",
			"u⁻[t] = u[t-1] + dt tau_inv a (b v[t-1] - u[t-1])",
			"s[t] = H(v⁻[t] - v_th)",
			"v[t] = v⁻[t] + s[t] (c - v⁻[t])",
			"u[t] = u⁻[t] + d s[t]",
		),
		Source: "Norse 1.1.0, functional/izhikevich.py, izhikevich_feed_forward_step", slope: "norse/superspike-1.1.0",
		Params: peerParams([]string{"dt", "a", "b", "c", "d", "sq", "mn", "bias", "v_th", "tau_inv"}, 1e-3, 0.02, 0.2, -65, 8, 0.04, 5, 140, 30, 250),
		states: []string{"v", "u"},
		step: func(f *formula, p []term, fire func(term) term) (term, term, []term) {
			v, u := f.state(0), f.state(1)
			drive := f.add(f.sub(f.add(f.mul(f.add(f.mul(p[5], v), p[6]), v), p[7]), u), f.x())
			before := f.euler(v, p[0], p[9], drive)
			recovery := f.add(u, f.mul(f.mul(f.mul(p[9], p[0]), p[1]), f.sub(f.mul(p[2], v), u)))
			spikes := fire(f.sub(before, p[8]))
			after := f.mix(spikes, before, p[3])
			return spikes, after, []term{after, f.add(recovery, f.mul(spikes, p[4]))}
		},
	},
}

// norseLIF is the step of norse/LIF: the input jumps before the voltage is integrated, or after.
// The recurrent layers stop the gradient through their resets.
func norseLIF(jumps, detached bool) peerStep {
	return func(f *formula, p []term, fire func(term) term) (term, term, []term) {
		i := f.state(1)
		if jumps {
			i = f.add(i, f.x())
		}
		v := f.euler(f.add(f.state(0), p[3]), p[0], p[2], f.sub(i, f.state(0)))
		spikes := fire(f.sub(v, p[4]))
		after := f.reset(v, spikes, p[4], p[5], ToValue, detached)
		i = f.sub(i, f.mul(f.mul(p[0], p[1]), i))
		if !jumps {
			i = f.add(i, f.x())
		}
		return spikes, after, []term{f.sub(after, p[3]), i}
	}
}

func norseLSNN(detached bool) peerStep {
	return func(f *formula, p []term, fire func(term) term) (term, term, []term) {
		v := f.euler(f.add(f.state(0), p[4]), p[0], p[2], f.sub(f.state(1), f.state(0)))
		b := f.euler(f.add(f.state(2), p[5]), p[0], p[3], f.affine(f.state(2), -1, 0))
		spikes := fire(f.sub(v, b))
		jump := spikes
		if detached {
			jump = f.detach(spikes)
		}
		after := f.mix(jump, v, p[6])
		i := f.add(f.sub(f.state(1), f.mul(f.mul(p[0], p[1]), f.state(1))), f.x())
		return spikes, after, []term{f.sub(after, p[4]), i, f.sub(f.add(b, f.mul(jump, p[7])), p[5])}
	}
}

// euler returns v + dt rate slope.
func (f *formula) euler(v, dt, rate, slope term) term { return f.add(v, f.mul(f.mul(dt, rate), slope)) }

// spyx fires from the voltage of the step before, and resets in the step.
var spyxNeurons = []PeerNeuron{
	{
		Name: "spyx/IF", Doc: "spikes are those of the voltage before the step, one step late",
		Equations: peerLines(
			"s[t] = H(V[t-1] - threshold)",
			"x'[t] = x[t] + s[t]·w_rec    (w_rec if Recurrent)",
			"V[t] = V[t-1] + x'[t] - threshold s[t]",
		),
		Source: "spyx 1.0.0, nn.py", slope: "spyx/superspike",
		Params: peerParams([]string{"threshold"}, 1), states: []string{"V"},
		ahead: func(f *formula, p, next []term, fire func(term) term) term { return fire(f.sub(next[0], p[0])) },
		step: func(f *formula, p []term, fire func(term) term) (term, term, []term) {
			spikes := fire(f.sub(f.state(0), p[0]))
			v := f.sub(f.add(f.state(0), f.x()), f.mul(spikes, p[0]))
			return spikes, v, []term{v}
		},
	},
	{
		Name: "spyx/LIF", Doc: "spikes are those of the voltage before the step, one step late; beta is clamped to [0, 1]",
		Equations: peerLines(
			"s[t] = H(V[t-1] - threshold)",
			"x'[t] = x[t] + s[t]·w_rec                   (w_rec if Recurrent)",
			"V[t] = b V[t-1] + x'[t] - threshold s[t]    b = min(max(beta, 0), 1)",
		),
		Source: "spyx 1.0.0, nn.py", slope: "spyx/superspike",
		Params: peerParams([]string{"beta", "threshold"}, 0.5, 1), states: []string{"V"},
		ahead: func(f *formula, p, next []term, fire func(term) term) term { return fire(f.sub(next[0], p[1])) },
		step: func(f *formula, p []term, fire func(term) term) (term, term, []term) {
			spikes := fire(f.sub(f.state(0), p[1]))
			v := f.sub(f.add(f.mul(f.unit(p[0]), f.state(0)), f.x()), f.mul(spikes, p[1]))
			return spikes, v, []term{v}
		},
	},
	{
		Name: "spyx/CuBaLIF", Doc: "spikes one step late; the reset is subtracted before the leak",
		Equations: peerLines(
			"s[t] = H(V[t-1] - threshold)",
			"x'[t] = x[t] + s[t]·w_rec                    (w_rec if Recurrent)",
			"I[t] = a I[t-1] + x'[t]                      a = min(max(alpha, 0), 1)",
			"V[t] = b (V[t-1] - threshold s[t]) + I[t]    b = min(max(beta, 0), 1)",
		),
		Source: "spyx 1.0.0, nn.py", slope: "spyx/superspike",
		Params: peerParams([]string{"alpha", "beta", "threshold"}, 0.5, 0.5, 1), states: []string{"V", "I"},
		ahead: func(f *formula, p, next []term, fire func(term) term) term { return fire(f.sub(next[0], p[2])) },
		step: func(f *formula, p []term, fire func(term) term) (term, term, []term) {
			spikes := fire(f.sub(f.state(0), p[2]))
			i := f.add(f.mul(f.unit(p[0]), f.state(1)), f.x())
			v := f.add(f.mul(f.unit(p[1]), f.sub(f.state(0), f.mul(spikes, p[2]))), i)
			return spikes, v, []term{v, i}
		},
	},
	{
		Name: "spyx/ALIF", Doc: "spikes one step late; the threshold rises by 1-gamma",
		Equations: peerLines(
			"s[t] = H(V[t-1] - (threshold + T[t-1]))",
			"x'[t] = x[t] + s[t]·w_rec                              (w_rec if Recurrent)",
			"V[t] = b V[t-1] + x'[t] - (threshold + T[t-1]) s[t]    b = min(max(beta, 0), 1)",
			"T[t] = g T[t-1] + (1 - g) s[t]                         g = min(max(gamma, 0), 1)",
		),
		Source: "spyx 1.0.0, nn.py", slope: "spyx/superspike",
		Params: peerParams([]string{"beta", "gamma", "threshold"}, 0.5, 0.5, 1), states: []string{"V", "T"},
		ahead: func(f *formula, p, next []term, fire func(term) term) term {
			return fire(f.sub(next[0], f.add(p[2], next[1])))
		},
		step: func(f *formula, p []term, fire func(term) term) (term, term, []term) {
			threshold, gamma := f.add(p[2], f.state(1)), f.unit(p[1])
			spikes := fire(f.sub(f.state(0), threshold))
			v := f.sub(f.add(f.mul(f.unit(p[0]), f.state(0)), f.x()), f.mul(spikes, threshold))
			return spikes, v, []term{v, f.add(f.mul(gamma, f.state(1)), f.mul(f.not(gamma), spikes))}
		},
	},
}
