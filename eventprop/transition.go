package eventprop

// TransitionInput is what an event of a source does to the neurons: it adds its weights to their currents,
//
//	I_j += w_j
//
// for a row of weights w, one per neuron.
func TransitionInput(s []State, w []float64) {
	for j, x := range w {
		s[j].I += x
	}
}

// AdjointTransitionInput adds dL/dw of [TransitionInput] to grad (unless it is nil) and returns the derivative to
// the time of the event:
//
//	dL/dw_j += b_j,  dL/dt = sum_j w_j (b_j/TauSyn - a_j/TauMem)
//
// with the adjoints a = dL/dV, b = dL/dI, which the event does not change.
func AdjointTransitionInput(grad []float64, f Flow, a []State, w []float64) float64 {
	d := 0.0
	for j, x := range w {
		d += float64(x * (float64(a[j].I*f.beta) - float64(a[j].V*f.alpha)))
	}
	for j := range grad {
		grad[j] += a[j].I
	}
	return d
}

// TransitionWithoutRecurrence is what a spike of neuron n does: V_n <- vReset, the current stays.
func TransitionWithoutRecurrence(s []State, n int, vReset float64) { s[n].V = vReset }

// TransitionWithRecurrence is what a spike of neuron n does where wRec, its row of recurrent weights, has no
// delays: V_n <- vReset, and then I_j += wRec_j.
func TransitionWithRecurrence(s []State, n int, vReset float64, wRec []float64) {
	TransitionWithoutRecurrence(s, n, vReset)
	TransitionInput(s, wRec)
}

// AdjointTransitionWithoutRecurrence returns dL/dV just before a spike,
//
//	a <- (p a - TauMem G)/m,  m = vLeak - vTh + I,  p = vLeak - vReset + I
//
// from a, dL/dV just after it, and G, the derivative of the loss to its time by all other ways. I is the current at
// the spike. The derivatives to vReset and vTh are a before and -a after the jump.
func AdjointTransitionWithoutRecurrence(a, g, tauMem, m, p float64) float64 {
	return (float64(p*a) - float64(tauMem*g)) / m
}

// AdjointTransitionWithRecurrence is [AdjointTransitionWithoutRecurrence] for neuron n where the spike reaches
// all neurons at once: its recurrent weights add [AdjointTransitionInput] to the time. It changes a[n] alone.
func AdjointTransitionWithRecurrence(grad []float64, f Flow, a []State, n int, wRec []float64, g, m, p float64) {
	g += AdjointTransitionInput(grad, f, a, wRec)
	a[n].V = AdjointTransitionWithoutRecurrence(a[n].V, g, f.tauMem, m, p)
}
