package eventprop_test

import (
	"fmt"
	"math"

	"github.com/surge-snn/surge/eventprop"
)

// Three recurrent neurons from event to event by hand, with the parts that [eventprop.Tape] is made
// of, and the same events backwards with the adjoints of the parts: the gradients are those of the
// tape.
func Example_byHand() {
	const vTh, vReset, end = 1.0, -0.2, 20e-3
	flow, err := eventprop.NewFlow(10e-3, 5e-3)
	if err != nil {
		fmt.Println(err)
		return
	}
	input := []eventprop.Spike{{Time: 1e-3, Neuron: 0}, {Time: 2e-3, Neuron: 1}, {Time: 6e-3, Neuron: 0}}
	in := [][]float64{{5, 1, 0.5}, {2, 4, 3}}                          // w_in
	rec := [][]float64{{-0.5, 1.5, 0.5}, {1, -1, 2}, {-0.5, 0.2, 0.1}} // w_rec
	type event struct {
		eventprop.Spike
		spike bool
		after float64 // s, the time since the event before
	}

	// forwards: the next input or the next spike, whichever is first
	var events []event
	var last event
	s := make([]eventprop.State, 3)
	for now, k := 0.0, 0; ; now = last.Time {
		last = event{Spike: eventprop.Spike{Time: end}}
		if k < len(input) {
			last.Spike = input[k]
		}
		for j := range s {
			if at := now + eventprop.NextSpike(flow, vTh, 0, s[j]); at <= last.Time {
				last = event{Spike: eventprop.Spike{Time: at, Neuron: j}, spike: true}
			}
		}
		last.after = last.Time - now
		for j := range s {
			s[j] = flow.Apply(s[j], last.after)
		}
		if last.Time >= end {
			break
		}
		if last.spike {
			last.Current = s[last.Neuron].I
			err = eventprop.TransitionWithRecurrence(s, last.Neuron, vReset, rec[last.Neuron])
		} else {
			err = eventprop.TransitionInput(s, in[last.Neuron])
			k++
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		events = append(events, last)
	}

	// backwards, for the loss L = sum of the spike times
	grads := [][][]float64{{make([]float64, 3), make([]float64, 3)}, {make([]float64, 3), make([]float64, 3), make([]float64, 3)}}
	a := make([]eventprop.State, 3) // dL/dV, dL/dI
	for k := len(events) - 1; k >= 0; k-- {
		e := events[k]
		if e.spike {
			m, p := e.Current-vTh, e.Current-vReset // TauMem V' before and after the spike
			err = eventprop.AdjointTransitionWithRecurrence(grads[1][e.Neuron], flow, a, e.Neuron, rec[e.Neuron], 1, m, p)
		} else {
			_, err = eventprop.AdjointTransitionInput(grads[0][e.Neuron], flow, a, in[e.Neuron])
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		for j := range a {
			a[j] = flow.Adjoint(a[j], e.after)
		}
	}

	// the same on a tape
	between := eventprop.NewDense(3, 3)
	layer := eventprop.Layer{In: eventprop.NewDense(2, 3), Rec: &between}
	layer.Params.VReset = []float64{vReset}
	for k, x := range [][][]float64{in, rec} {
		weights := [][]float64{layer.In.Weight, layer.Rec.Weight}[k]
		for i, row := range x {
			copy(weights[3*i:], row)
		}
	}
	var tape eventprop.Tape
	if err := tape.Forward(&layer, input, end); err != nil {
		fmt.Println(err)
		return
	}
	var c eventprop.Cotangent
	c.Reset(&tape)
	for k := range c.Time {
		c.Time[k] = 1
	}
	g := layer.NewGradients()
	if err := tape.Backward(g, &c); err != nil {
		fmt.Println(err)
		return
	}
	largest, difference := 0.0, 0.0
	for k, want := range [][]float64{g.In, g.Rec} {
		for i, x := range want {
			largest = max(largest, math.Abs(x))
			difference = max(difference, math.Abs(x-grads[k][i/3][i%3]))
		}
	}
	for j, want := range g.IInit[:1] { // one number for all neurons
		sum := a[j].I + a[j+1].I + a[j+2].I
		difference = max(difference, math.Abs(want-sum))
	}
	fmt.Println(len(tape.Spikes), "spikes; gradients equal to rounding:", largest > 1e-3 && difference < 1e-13*largest)
	// Output:
	// 8 spikes; gradients equal to rounding: true
}
