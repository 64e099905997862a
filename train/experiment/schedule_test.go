package experiment

import (
	"testing"

	"github.com/surge-snn/surge/optim"
)

// TestScheduleShapes: steps fall with the epochs that are named, whatever the warm-up and the
// accumulation of gradients; a cycle has its top at lr; plateau lowers by what it observes.
func TestScheduleShapes(t *testing.T) {
	parse := func(text string) *Experiment {
		e, err := Parse("a.toml", "name = \"x\"\n[train]\nbatch = 10\nepochs = 8\nlr = 0.5\n"+text, "")
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	const samples = 100 // 10 batches an epoch
	for _, c := range []struct {
		text string
		want map[uint64]float64
	}{
		{"schedule = \"steps\"\nmilestones = [2, 4]\nfactor = 0.5", map[uint64]float64{0: 0.5, 19: 0.5, 20: 0.25, 39: 0.25, 40: 0.125}},
		{"schedule = \"steps\"\nmilestones = [2]\nfactor = 0.5\nwarmup = 5", map[uint64]float64{4: 0.5, 19: 0.5, 20: 0.25}},
		{"schedule = \"steps\"\nmilestones = [2]\nfactor = 0.5\naccumulate = 2", map[uint64]float64{19: 0.5, 20: 0.25, 21: 0.25}},
		{"schedule = \"one_cycle\"\nstart = 5.0", map[uint64]float64{0: 0.1, 23: 0.5, 79: 1e-5}},
	} {
		lr := parse(c.text).LR(samples)
		for step, want := range c.want {
			if got := lr.At(step); got < want*(1-1e-12) || got > want*(1+1e-12) { // a cosine, to rounding
				t.Errorf("%s: rate %v at batch %d, want %v", c.text, got, step, want)
			}
		}
	}
	if _, err := Parse("a.toml", "name = \"x\"\n[train]\nschedule = \"one_cycle\"\nwarmup = 3", ""); err == nil {
		t.Error("a warm-up before a cycle, want an error")
	}

	e := parse("schedule = \"plateau\"\nfactor = 0.5\nbad_epochs = 1\noptimizer = \"sgd\"")
	x, _ := optim.NewLeaf("x/w", []float64{1})
	o := e.Optimizer(samples)
	state := o.Init(optim.Tree{x})
	for epoch, want := range []float64{-0.5, -0.5, -0.5, -0.25} { // the loss 1 is not better in the 2nd and 3rd
		g, _ := optim.NewLeaf("x/w", []float64{1})
		if err := o.Update(optim.Tree{g}, optim.Tree{x}, &state); err != nil {
			t.Fatal(err)
		}
		if g.F64[0] != want {
			t.Errorf("epoch %d: update %v, want %v", epoch, g.F64[0], want)
		}
		if _, err := e.Plateau().Observe(&state, 1); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAroundTheOptimizer: gradients are accumulated, clipped and scaled as the keys say. With sgd
// of rate 1 the updates are the gradients, with the other sign.
func TestAroundTheOptimizer(t *testing.T) {
	for _, c := range []struct {
		text string
		want [2][]float64 // of two updates of x/w and x/log_tau_mem with the gradients 3 and 4
	}{
		{"", [2][]float64{{-3, -4}, {-3, -4}}},
		{"clip_value = 3.5", [2][]float64{{-3, -3.5}, {-3, -3.5}}},
		{"clip_norm = 2.0", [2][]float64{{-2, -2}, {-2, -2}}},
		{"clip = 2.5", [2][]float64{{-1.5, -2}, {-1.5, -2}}},
		{"lr_neurons = 0.5", [2][]float64{{-3, -2}, {-3, -2}}},
		{"accumulate = 2", [2][]float64{{0, 0}, {-3, -4}}},
		{"lookahead = 2\nlookahead_alpha = 0.25", [2][]float64{{-3, -4}, {1.5, 2}}}, // -6/4 and -8/4 in all
	} {
		e, err := Parse("a.toml", "name = \"x\"\n[model]\nlearn = [\"tau_mem\"]\n[train]\noptimizer = \"sgd\"\nlr = 1.0\n"+c.text, "")
		if err != nil {
			t.Fatal(err)
		}
		w, _ := optim.NewLeaf("x/w", []float64{0})
		tau, _ := optim.NewLeaf("x/log_tau_mem", []float64{0})
		params := optim.Tree{w, tau}
		o := e.Optimizer(100)
		state := o.Init(params)
		for k, want := range c.want {
			gw, _ := optim.NewLeaf("x/w", []float64{3})
			gt, _ := optim.NewLeaf("x/log_tau_mem", []float64{4})
			g := optim.Tree{gw, gt}
			if err := o.Update(g, params, &state); err != nil {
				t.Fatal(err)
			}
			for i := range want {
				if d := g[i].F64[0] - want[i]; d > 1e-12 || d < -1e-12 { // one rounding of a norm
					t.Errorf("%s: update %d of %s is %v, want %v", c.text, k, g[i].Name, g[i].F64[0], want[i])
				}
			}
			if err := optim.Apply(params, g); err != nil {
				t.Fatal(err)
			}
		}
	}
}
