package fit

import (
	"context"
	"testing"

	"github.com/surge-snn/surge/internal/race"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/optim/minimize"
)

// TestRounded: where the rounding says that spikes are right, the free network at the codes spikes
// as the recording does, and for a network that has currents of the bias generator it gives these
// currents back.
func TestRounded(t *testing.T) {
	if race.Detector {
		t.Skip("the numbers of a fit: other tests run what is concurrent in it")
	}
	found := 0
	for seed := range uint64(4) {
		e, truth := draw(t, seed, 2, 200, 1, Core, false)
		p := compile(t, e)
		f := newSession(p, Settings{})
		x := point(p, truth)
		g := minimize.Grid{Levels: make([][]float64, len(x))}
		for k := range x {
			l, err := levelsOf(p, k)
			if err != nil {
				t.Fatal(err)
			}
			g.Levels[k] = l.x
		}
		near, err := g.Nearest(x)
		if err != nil {
			t.Fatal(err)
		}
		levels, good, _, err := f.rounded(context.Background(), g, near, x)
		if err != nil {
			t.Fatal(err)
		}
		r := e.Recordings[0]
		if good {
			found++
			run, err := p.network(g.At(levels)).Simulate(dynapse.Input{T: r.T, B: r.B, Counts: r.Input})
			if err != nil {
				t.Fatal(err)
			}
			for i, s := range run.Spikes {
				if s != r.Target[Spikes][i] {
					t.Fatalf("seed %d: %v spikes at %d, want %v", seed, s, i, r.Target[Spikes][i])
				}
			}
		}

		settable := p.network(g.At(near))
		run, err := settable.Simulate(dynapse.Input{T: r.T, B: r.B, Counts: r.Input})
		if err != nil {
			t.Fatal(err)
		}
		e.Recordings[0].Target[Imem], e.Recordings[0].Target[Spikes] = run.Imem, run.Spikes
		f.problem = compile(t, e)
		for k := range x {
			x[k] = g.Levels[k][near[k]]
		}
		levels, good, _, err = f.rounded(context.Background(), g, near, x)
		if err != nil {
			t.Fatal(err)
		}
		for k, c := range p.coords {
			if !c.steps() && (levels[k] != near[k] || !good) {
				t.Errorf("seed %d: %s has level %d, want %d; good: %v", seed, c.name, levels[k], near[k], good)
			}
		}
	}
	if found == 0 {
		t.Error("no rounding with right spikes")
	}
}
