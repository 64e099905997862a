package dynapse

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/surge-snn/surge/graph"
)

// TestEngines: the step in Gorgonia's operations, differentiated by Gorgonia, gives what the kernel
// gives. They share the slopes of the step functions and no other derivative. Rounding differs by
// the logarithms that the states pass through, 1e-15, which recurrence and spikes amplify.
func TestEngines(t *testing.T) {
	for i, m := range []struct {
		rule                          Rule
		twin, soft, recurrent, forced bool
		most                          float64
	}{
		{rule: Rockpool},
		{rule: Rockpool, recurrent: true, most: 1},
		{rule: SurgeS, recurrent: true},
		{rule: SurgeS, soft: true, most: 1},
		{rule: SurgeS, twin: true, recurrent: true},
		{rule: SurgeS, recurrent: true, forced: true},
	} {
		rng := rand.New(rand.NewPCG(uint64(i), 10))
		w := newWorkload(rng, 3, 12, 2, around(rng, 3, 1.5, adapting()), m.recurrent)
		w.input = poisson(rng, len(w.input), 0.5, 4)
		w.net.Params[Ispkthr] = []float64{2e-8} // several spikes per bin
		w.net.Rule, w.net.Twin, w.net.SoftFloors, w.net.MaxSpikes = m.rule, m.twin, m.soft, m.most
		_, r := w.run(t, w.net, w.input, State{})
		if m.forced {
			w.forced = r.Spikes
			w.net.Params[Ispkthr] = []float64{1e-7}
			_, r = w.run(t, w.net, w.input, State{})
		}
		net := w.net
		net.Engine = graph.UnrolledEngine
		_, u := w.run(t, net, w.input, State{})
		check := func(name string, got, want []float64) {
			if e := worst(got, want); !(e <= 1e-10) || len(want) == 0 {
				t.Errorf("case %d: %s differs by %v of the largest of %d", i, name, e, len(want))
			}
		}
		check("spikes", r.Spikes, u.Spikes)
		check("imem", r.Imem, u.Imem)
		check("vmem", r.Vmem, u.Vmem)
		check("final isyn", r.Final.Isyn, u.Final.Isyn)
		check("final timer", r.Final.Timer, u.Final.Timer)
		g, err := r.Gradient(w.cotangents())
		if err != nil {
			t.Fatal(err)
		}
		gu, err := u.Gradient(w.cotangents())
		if err != nil {
			t.Fatal(err)
		}
		for p := range Param(NumParams) {
			check("gradient of "+p.String(), g.Params[p], gu.Params[p])
		}
		check("gradient of input", g.Input, gu.Input)
		if m.recurrent {
			check("gradient of w_rec", g.WRec, gu.WRec)
		}
		if !m.forced && !m.twin && slices.Max(r.Spikes) < 1 || math.IsNaN(r.Imem[0]) {
			t.Errorf("case %d: no spikes", i)
		}
	}
}

// TestWorkers: the same bits for any number of processors.
func TestWorkers(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	rng := rand.New(rand.NewPCG(1, 11))
	w := newWorkload(rng, 5, 80, 11, adapting(), true)
	w.net.Clip = 3
	var first *Gradient
	for _, procs := range []int{1, 2, 7} {
		runtime.GOMAXPROCS(procs)
		_, r := w.run(t, w.net, w.input, State{})
		g, err := r.Gradient(w.cotangents())
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = g
			continue
		}
		same := slices.Equal(g.WRec, first.WRec) && slices.Equal(g.Input, first.Input)
		for p := range g.Params {
			same = same && slices.Equal(g.Params[p], first.Params[p])
		}
		if !same {
			t.Errorf("%d processors give another gradient", procs)
		}
	}
}
