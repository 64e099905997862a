package experiment

import (
	"math"
	"slices"
	"testing"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/internal/files"
)

// TestEventsAsArrays: layers that are made of the arrays have the spikes of the network.
func TestEventsAsArrays(t *testing.T) {
	e, err := Parse("events.toml", "name = \"events\"\nseed = 3\n[data]\ntrain = 20\nvalid = 5\n[model]\nhidden = [12]\ndelay = 1e-3\nlearn = [\"tau_mem\", \"v_th\", \"delay\"]\n", EventProp)
	if err != nil {
		t.Fatal(err)
	}
	sets, classes, err := e.Load()
	if err != nil {
		t.Fatal(err)
	}
	net, err := e.Build(sets.Train.Channels(), classes)
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	n := net.(*eventNetwork)
	for _, name := range n.Params().Names() { // none as it was drawn
		for i, v := range n.Params().Value(name).Float64s() {
			n.Params().Value(name).Float64s()[i] = v + 0.01*float64(i%7)
		}
	}
	arrays, err := e.ExportEvents(n.Params(), sets.Train.Channels(), classes)
	if err != nil {
		t.Fatal(err)
	}
	read := func(name string) []float64 {
		a, err := files.Lookup(arrays, name)
		if err != nil {
			t.Fatal(err)
		}
		return a.Data
	}
	set := sets.Train
	set.Size, set.Sequential = 1, true
	want, err := n.Trace(set, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	input := want.Input
	for i, name := range []string{"hidden1", "out"} {
		w := read(name + "/w")
		in := eventprop.NewDense(len(w)/len(read(name+"/tau_mem")), len(read(name+"/tau_mem")))
		in.Weight, in.Delay = w, read(name+"/delay")
		l := eventprop.Layer{In: in, Params: eventprop.LIFParameters{
			TauMem: read(name + "/tau_mem"), TauSyn: read(name + "/tau_syn"), VTh: read(name + "/v_th"), VLeak: read(name + "/v_leak"), VReset: read(name + "/v_reset"),
		}}
		var tape eventprop.Tape
		if err := tape.Forward(&l, input, set.Duration); err != nil {
			t.Fatal(err)
		}
		same := slices.EqualFunc(tape.Spikes, want.Layers[i].Spikes, func(a, b eventprop.Spike) bool {
			return a.Neuron == b.Neuron && math.Abs(a.Time-b.Time) <= 1e-12*a.Time // another way through the layer rounds otherwise
		})
		if !same || len(tape.Spikes) == 0 {
			t.Errorf("%s: spikes %v, want %v", name, tape.Spikes, want.Layers[i])
		}
		input = tape.Spikes
	}
}
