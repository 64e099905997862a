package eventprop_test

import (
	"math/rand/v2"
	"testing"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/internal/hostile"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	layer := &eventprop.Layer{In: eventprop.NewDense(2, 3)}
	input := []eventprop.Spike{{Time: 0.1, Neuron: 1}}
	tape, pass := new(eventprop.Tape), new(eventprop.Pass)
	if err := tape.Forward(layer, input, 1); err != nil {
		t.Fatal(err)
	}
	if err := (eventprop.Serial{layer}).Forward(pass, input, 1); err != nil {
		t.Fatal(err)
	}
	flow, err := eventprop.NewFlow(10e-3, 5e-3)
	if err != nil {
		t.Fatal(err)
	}
	hostile.API{
		Functions: map[string]any{
			"AdjointTransitionInput": eventprop.AdjointTransitionInput, "AdjointTransitionWithRecurrence": eventprop.AdjointTransitionWithRecurrence, "AdjointTransitionWithoutRecurrence": eventprop.AdjointTransitionWithoutRecurrence, "NewDense": eventprop.NewDense, "NewFlow": eventprop.NewFlow, "NewSparse": eventprop.NewSparse, "NextSpike": eventprop.NextSpike, "AppendSorted": eventprop.AppendSorted, "CheckInput": eventprop.CheckInput, "SortSpikes": eventprop.SortSpikes, "TTFS": eventprop.TTFS, "TTFSDouble": eventprop.TTFSDouble, "TTFSEqual": eventprop.TTFSEqual, "TTFSGradient": eventprop.TTFSGradient, "TransitionInput": eventprop.TransitionInput, "TransitionWithRecurrence": eventprop.TransitionWithRecurrence, "TransitionWithoutRecurrence": eventprop.TransitionWithoutRecurrence,
		},
		Types: []any{
			new(eventprop.At), new(eventprop.Batch), new(eventprop.CrossEntropy), new(eventprop.Cotangent), new(eventprop.Factors), new(eventprop.First), new(eventprop.Flow), new(eventprop.Gradients), new(eventprop.Integral), new(eventprop.Layer), new(eventprop.Linear), new(eventprop.Max), new(eventprop.MSE), new(eventprop.Normal), new(eventprop.Pass), new(eventprop.Report), new(eventprop.Serial), new(eventprop.Silence), new(eventprop.Existence), new(eventprop.Synapses), new(eventprop.Tape), new(eventprop.TargetTimes),
		},
		Pool: hostile.Of(layer, *layer, input, tape, pass, eventprop.Serial{layer}, eventprop.NewDense(2, 3), layer.NewGradients(), flow, eventprop.First{}, eventprop.MSE{}, rand.New(rand.NewPCG(1, 2))),
	}.Test(t)
}
