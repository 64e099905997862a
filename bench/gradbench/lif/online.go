package lif

// online says what an online rule keeps.
type online struct {
	slope func(x float64) float64
	// reset keeps the path through a neuron's own reset in its eligibility trace.
	reset bool
	// postsynaptic lets the leak of the next layer carry the error of a layer, and not only the
	// same step.
	postsynaptic bool
}

// online adds to g what an online rule gives for the weights and biases. Every layer keeps the
// trace of its own neurons in time, and gets its error through the layers above within one step:
//
//	ψ = slope(u - VTh)
//	e_L[t] = ∂ℓ/∂s_L[t],   e_l[t] = W_{l+1} ψ_{l+1}[t] e_{l+1}[t]
//	dℓ/dW_l = Σ_t ε_l[t] ψ_l[t] e_l[t],   ε_l[t] = du_l[t]/dW_l through the leak
//
// which is computed backwards in time, the trace on the side of the error: the sum is the same. A
// layer above that does not spike is part of the loss, with all its time steps.
func (tp *tape) online(o online, dOut, g []float64) {
	last := len(tp.traces) - 1
	// errors[l] is e_l: what reaches the output of layer l within a step.
	errors := make([][]float64, last+1)
	errors[last] = dOut
	for l := last; l > 0; l-- {
		b := backward{slope: o.slope, detach: true, local: true, window: 1}
		if tp.net.layers[l].Readout {
			b.window = 0
		}
		errors[l-1] = make([]float64, len(tp.traces[l-1].s))
		tp.back(l, b, errors[l], errors[l-1], make([]float64, len(g)))
	}
	part := make([]float64, len(g))
	for l := range tp.traces {
		ly := &tp.net.layers[l]
		e := errors[l]
		if o.postsynaptic && l < last && !tp.net.layers[l+1].Readout {
			e = make([]float64, len(e))
			tp.back(l+1, backward{slope: o.slope, detach: true, local: true}, errors[l+1], e, make([]float64, len(g)))
		}
		clear(part)
		tp.back(l, backward{slope: o.slope, detach: !o.reset, local: true}, e, nil, part)
		for _, r := range []Range{ly.w, ly.rec, ly.bias} {
			for i := r.From; i < r.To; i++ {
				g[i] += part[i]
			}
		}
	}
}
