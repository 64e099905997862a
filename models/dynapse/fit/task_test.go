package fit

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/optim/minimize"
)

// tempotron is a task of a neuron that gets the spikes of five others, each of which is driven at a
// random time of every pattern: to fire for those patterns for which a network with other weights
// and currents fires.
func tempotron(t *testing.T, seed uint64, patterns int) Experiment {
	t.Helper()
	const n, steps = 6, 80
	rng := rand.New(rand.NewPCG(seed, 5))
	weights := func(low, high float64) []float64 {
		w := make([]float64, n*n)
		for i := range n - 1 {
			w[i*n+n-1] = low + (high-low)*rng.Float64()
		}
		return w
	}
	for {
		task := Task{Name: "task", T: steps, B: patterns, Input: make([]float64, steps*patterns*n), Neurons: []int{n - 1}, Fire: make([]bool, patterns)}
		for b := range patterns {
			for j := range n - 1 {
				at := rng.IntN(steps - 40)
				for s := at; s < at+4; s++ { // strong enough to make the input neuron fire
					task.Input[(s*patterns+b)*n+j] = 2
				}
			}
		}
		teacher := dynapse.Network{N: n, Params: adapting(), WRec: weights(-2, 3)}
		start := teacher
		start.WRec = weights(0.2, 1)
		start.Params[dynapse.IgainSyn] = []float64{2 * teacher.Params[dynapse.IgainSyn][0]}
		task.Fire[0] = true
		counts, _, err := task.Measure(teacher)
		if err != nil {
			t.Fatal(err)
		}
		fire := 0
		for b, c := range counts {
			if task.Fire[b] = c > 0; c > 0 {
				fire++
			}
		}
		if 3*fire < patterns || 3*fire > 2*patterns {
			continue
		}
		if _, right, err := task.Measure(start); err != nil || right > 0.7 {
			continue
		}
		return Experiment{Space: Space{Network: start, Params: []dynapse.Param{dynapse.ItauSyn, dynapse.IgainSyn}, Weights: true, Core: []int{0, 0, 0, 0, 0, 1}}, Tasks: []Task{task}}
	}
}

// TestTask: weights and currents that are trained together solve a task which those of the start do
// not.
func TestTask(t *testing.T) {
	for seed := range seeds(2) {
		e := tempotron(t, seed, 8)
		_, before, err := e.Tasks[0].Measure(e.Space.Network)
		if err != nil {
			t.Fatal(err)
		}
		res, err := Run(context.Background(), e, Settings{})
		if err != nil {
			t.Fatal(err)
		}
		counts, right, err := e.Tasks[0].Measure(res.Network)
		if err != nil {
			t.Fatal(err)
		}
		if right < 1-1e-12 || before > 0.9 || res.Status != minimize.Converged || res.Loss != 0 {
			t.Errorf("seed %d: %v right, %v before; %s at a loss of %v, spikes %v", seed, right, before, res.Status, res.Loss, counts)
		}
	}
}

// TestTaskLoss computes the loss from its definition, and compares the exact part of its gradient,
// that of a silent neuron, with differences.
func TestTaskLoss(t *testing.T) {
	e := tempotron(t, 1, 4)
	for i := range e.Space.Network.WRec {
		e.Space.Network.WRec[i] *= 0.02 // the output is silent throughout
	}
	e.Space.Params = []dynapse.Param{dynapse.IgainSyn}
	e.Space.Weights = false
	e.Space.Tie = Neuron
	p := compile(t, e)
	task := e.Tasks[0]
	run, err := e.Space.Network.Simulate(dynapse.Input{T: task.T, B: task.B, Counts: task.Input})
	if err != nil {
		t.Fatal(err)
	}
	want := 0.0
	for b := range task.B {
		peak := math.Inf(-1)
		for s := range task.T {
			i := (s*task.B+b)*p.Network.N + task.Neurons[0]
			if run.Spikes[i] > 0 {
				t.Fatal("the output fires")
			}
			peak = max(peak, math.Log(run.Imem[i]/dynapse.Ispkthr.Default()))
		}
		if task.Fire[b] {
			want += (1 - 0.1*peak) * (1 - 0.1*peak) / 4
		}
	}
	got, err := p.loss(context.Background(), p.x)
	if err != nil || math.Abs(got-want) > 1e-12 { // logarithms of two kinds
		t.Errorf("loss %v, want %v, %v", got, want, err)
	}
	grad, net := make([]float64, len(p.x)), p.network(p.x)
	err = p.each(context.Background(), make([]float64, 1), system{Network: net}, full, func(_ int, run *dynapse.Run, c *dynapse.Cotangents) error {
		forced, err := net.Simulate(dynapse.Input{T: run.T, B: run.B, Counts: task.Input, Forced: run.Spikes}) // whose gradient is exact, without the tails of a surrogate
		if err != nil {
			return err
		}
		g, err := forced.Gradient(*c)
		if err == nil {
			p.pull(grad, p.x, net, g, nil)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	k := len(p.x) - 1 // the gain of the output neuron, on which nobody else depends
	y, z := slices.Clone(p.x), slices.Clone(p.x)
	y[k] += 1e-5
	z[k] -= 1e-5
	up, _ := p.loss(context.Background(), y)
	down, err := p.loss(context.Background(), z)
	// Differences of 1e-5: third derivatives times 1e-10, rounding of 1e-15/1e-5; the maximum over
	// bins may be that of another bin.
	if slope := (up - down) / 2e-5; err != nil || math.Abs(grad[k]-slope) > 1e-6*math.Abs(slope) || slope == 0 {
		t.Errorf("gradient %v, want %v, %v", grad[k], slope, err)
	}
}

// TestSillyTask: what cannot be learned is an error.
func TestSillyTask(t *testing.T) {
	for want, change := range map[string]func(*Task){
		"nothing to fit":          func(k *Task) { clear(k.Fire) },
		"are the same":            func(k *Task) { clear(k.Input) },
		"output neuron 7":         func(k *Task) { k.Neurons = []int{7} },
		"wishes for":              func(k *Task) { k.Fire = k.Fire[1:] },
		"is NaN, want a finite":   func(k *Task) { k.Input[3] = math.NaN() },
		"elements for 79 steps":   func(k *Task) { k.T-- },
		"scale is -1, want a fin": func(k *Task) { k.Scale = -1 },
	} {
		e := tempotron(t, 0, 4)
		change(&e.Tasks[0])
		if _, err := Run(context.Background(), e, Settings{}); !errors.Is(err, ErrExperiment) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
}
