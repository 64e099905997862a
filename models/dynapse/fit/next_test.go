package fit

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/surge-snn/surge/models/dynapse"
)

// TestNext: of a neuron that was recorded with a constant current alone, whose synapse nobody
// knows, a recording with input is the next one, and with it in the experiment what it was to
// settle is determined. Of one that is known nothing is next.
func TestNext(t *testing.T) {
	truth := dynapse.Network{N: 1}
	truth.Params[dynapse.Idc] = []float64{4e-11}
	params := []dynapse.Param{dynapse.ItauMem, dynapse.ItauSyn, dynapse.IgainSyn}
	recorded := func(c candidate, steps int) Recording {
		r := Recording{Name: c.text, T: steps, B: 1, Input: make([]float64, steps)}
		for i := range r.Input {
			r.Input[i] = c.input(i, steps)
		}
		run, err := truth.Simulate(dynapse.Input{T: r.T, B: r.B, Counts: r.Input})
		if err != nil {
			t.Fatal(err)
		}
		r.Target[Vmem], r.Target[Spikes], r.Use[Vmem] = run.Vmem, run.Spikes, true
		return r
	}
	silent := candidate{"no input", func(int, int) float64 { return 0 }, 0}
	e := Experiment{Space: Space{Network: truth, Params: params}, Recordings: []Recording{recorded(silent, 200)}}
	res, err := Run(context.Background(), e, Settings{Starts: 1})
	if err != nil {
		t.Fatal(err)
	}
	n := res.Next
	if n == nil || !slices.Contains(n.Settles, "Igain_syn") || n.Bits < 5 {
		t.Fatalf("%+v; %v", n, res.Words)
	}
	list, steps := possible(compile(t, e))
	i := slices.IndexFunc(list, func(c candidate) bool { return strings.HasSuffix(n.Recording, c.text) })
	if i < 0 {
		t.Fatalf("%q is none of the recordings that are possible", n.Recording)
	}
	e.Recordings = append(e.Recordings, recorded(list[i], steps))
	res, err = Run(context.Background(), e, Settings{Starts: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range n.Settles {
		if p := res.Parameter(name); p.Verdict != Identified {
			t.Errorf("%+v", p)
		}
	}
	if res.Next != nil {
		t.Errorf("%+v", res.Next)
	}
}
