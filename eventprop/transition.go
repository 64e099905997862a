package eventprop

import "fmt"

// TransitionInput is what an event of a source does to the neurons: it adds its weights to their
// currents,
//
//	I_j += w_j
//
// for a row of weights w, one per neuron; another number of them is an error (ErrShape).
func TransitionInput(s []State, w []float64) error {
	if err := rowFits(len(s), 0, len(w)); err != nil {
		return err
	}
	for j, x := range w {
		s[j].I += x
	}
	return nil
}

// rowFits returns an error unless neuron k and a row of so many weights are of a layer of n
// neurons.
func rowFits(n, k, weights int) error {
	if weights != n || k < 0 || k >= n && n > 0 {
		return fmt.Errorf("%w: transition of neuron %d of %d with %d weights", ErrShape, k, n, weights)
	}
	return nil
}

// AdjointTransitionInput adds dL/dw of [TransitionInput] to grad (unless it is nil) and returns the
// derivative to the time of the event:
//
//	dL/dw_j += b_j,  dL/dt = sum_j w_j (b_j/TauSyn - a_j/TauMem)
//
// with the adjoints a = dL/dV, b = dL/dI, which the event does not change.
func AdjointTransitionInput(grad []float64, f Flow, a []State, w []float64) (float64, error) {
	if err := rowFits(len(a), 0, len(w)); err != nil {
		return 0, err
	}
	if grad != nil && len(grad) != len(w) {
		return 0, fmt.Errorf("%w: gradient of %d weights in %d numbers", ErrShape, len(w), len(grad))
	}
	d := 0.0
	for j, x := range w {
		d += float64(x * (float64(a[j].I*f.beta) - float64(a[j].V*f.alpha)))
	}
	for j := range grad {
		grad[j] += a[j].I
	}
	return d, nil
}

// TransitionWithoutRecurrence is what a spike of neuron n does: V_n <- vReset, the current stays.
func TransitionWithoutRecurrence(s []State, n int, vReset float64) error {
	if n < 0 || n >= len(s) {
		return fmt.Errorf("%w: transition of neuron %d of %d", ErrShape, n, len(s))
	}
	s[n].V = vReset
	return nil
}

// TransitionWithRecurrence is what a spike of neuron n does where wRec, its row of recurrent
// weights, has no delays: V_n <- vReset, and then I_j += wRec_j.
func TransitionWithRecurrence(s []State, n int, vReset float64, wRec []float64) error {
	if err := rowFits(len(s), n, len(wRec)); err != nil {
		return err
	}
	if err := TransitionWithoutRecurrence(s, n, vReset); err != nil {
		return err
	}
	return TransitionInput(s, wRec)
}

// AdjointTransitionWithoutRecurrence returns dL/dV just before a spike,
//
//	a <- (p a - TauMem G)/m,  m = vLeak - vTh + I,  p = vLeak - vReset + I
//
// from a, dL/dV just after it, and G, the derivative of the loss to its time by all other ways. I
// is the current at the spike. The derivatives to vReset and vTh are a before and -a after the
// jump.
func AdjointTransitionWithoutRecurrence(a, g, tauMem, m, p float64) float64 {
	return (float64(p*a) - float64(tauMem*g)) / m
}

// AdjointTransitionWithRecurrence is [AdjointTransitionWithoutRecurrence] for neuron n where the
// spike reaches all neurons at once: its recurrent weights add [AdjointTransitionInput] to the
// time. It changes a[n] alone.
func AdjointTransitionWithRecurrence(grad []float64, f Flow, a []State, n int, wRec []float64, g, m, p float64) error {
	if n < 0 || n >= len(a) {
		return fmt.Errorf("%w: transition of neuron %d of %d", ErrShape, n, len(a))
	}
	time, err := AdjointTransitionInput(grad, f, a, wRec)
	if err != nil {
		return err
	}
	a[n].V = AdjointTransitionWithoutRecurrence(a[n].V, g+time, f.tauMem, m, p)
	return nil
}
