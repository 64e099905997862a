package suite

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/surge-snn/surge/bench/gradbench"
	"github.com/surge-snn/surge/bench/gradbench/lif"
	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/internal/random"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/surrogate"
)

// The task of the suite learn: 8 classes, each a pattern of Poisson spikes in 20 channels for 50
// steps, of which a sample lacks every fourth spike, has the others moved by up to 3 steps, and as
// many more at random as it lacks. The network is 20-16-16-8, LIF with leaky integrators, whose
// mean voltages are the scores.
const (
	taskClasses  = 8
	taskChannels = 20
	taskSteps    = 50
	taskTrain    = 192 // samples
	taskTest     = 104
	taskBatch    = 24
	taskEvery    = 4    // updates between two tests
	taskLimit    = 400  // updates
	taskAccuracy = 0.90 // on the test samples
	taskWidth    = 0.2  // of the escape noise, of rules that train with it
)

// task returns the problem of a seed, whose first taskTrain inputs are for training. Its weights
// are those before training.
func task(seed uint64) *lif.Problem {
	layer := lif.Spec{N: 16, TauMem: 20e-3, VTh: 1}
	n := lif.New(dt, taskChannels, layer, layer, lif.Spec{N: taskClasses, TauMem: 20e-3, Readout: true})
	n.Init(seed, 1, 1.5, 0)
	p := &lif.Problem{Title: "20-16-16-8 LIF", Net: n, Steps: taskSteps, Seed: seed, Width: taskWidth}
	patterns := lif.Poisson(seed, taskClasses, taskSteps, taskChannels, 0.08)
	loss := lif.CrossEntropy{Readout: lif.Mean}
	for i := range taskTrain + taskTest {
		rng := random.New(seed, "gradbench/task", uint64(i))
		x := make([]float64, taskSteps*taskChannels)
		class := i % taskClasses
		for at, s := range patterns[class] {
			if s == 0 {
				continue
			}
			t, c := at/taskChannels, at%taskChannels
			if rng.IntN(4) == 0 {
				t, c = rng.IntN(taskSteps), rng.IntN(taskChannels)
			} else {
				t = min(max(t+rng.IntN(7)-3, 0), taskSteps-1)
			}
			x[t*taskChannels+c] = 1
		}
		p.Input = append(p.Input, x)
		loss.Label, loss.Length = append(loss.Label, class), append(loss.Length, taskSteps)
	}
	p.Data = loss
	return p
}

// Names of the Values of a [Row] of the suite learn.
const (
	LearningRate = "learning rate"
	Updates      = "updates, geometric mean" // of the seeds
)

// learner is a rule as a training rule.
type learner struct {
	kind string
	rule func(p *lif.Problem) gradbench.Estimator
}

// learners are the rules that are compared, the first with the others.
func learners() []learner {
	bptt := func(kind string, r lif.Rule) learner {
		return learner{kind, func(p *lif.Problem) gradbench.Estimator { return p.BPTT(r) }}
	}
	steep, flat := surrogate.Sigmoid{Sharpness: 25}, matched(taskWidth)
	return []learner{
		bptt("surrogate", lif.Rule{Surrogate: flat, Noisy: true}),
		bptt("detached", lif.Rule{Surrogate: flat, Noisy: true, Detach: true}),
		bptt("quiet", lif.Rule{Surrogate: flat}),
		bptt("quiet detached", lif.Rule{Surrogate: flat, Detach: true}),
		bptt("quiet detached", lif.Rule{Surrogate: steep, Detach: true}),
		bptt("quiet detached", lif.Rule{Surrogate: surrogate.FastSigmoid{}, Detach: true}),
		bptt("truncated", lif.Rule{Surrogate: flat, Detach: true, Window: 10}),
		{"online", func(p *lif.Problem) gradbench.Estimator { return p.EProp(flat, false) }},
		{"online", func(p *lif.Problem) gradbench.Estimator { return p.OSTL(flat, false) }},
		{"score", func(p *lif.Problem) gradbench.Estimator { return p.Score(8) }},
	}
}

// learning trains with each rule, by Adam at the learning rate that is best for it on seeds of its
// own, and counts the updates until the accuracy on samples that were not trained on. The
// networks, samples and batches of a seed are the same for all rules; they are tested without
// noise.
func learning(s Settings) []Run {
	var runs []Run
	list := learners()
	if s.Quick {
		list = list[:4:4]
	}
	for i, l := range list {
		name := l.rule(task(s.Seed)).Name
		runs = append(runs, Run{ID: "learn/" + name, Do: func(ctx context.Context) ([]Row, error) {
			best, rate := math.Inf(1), 0.0
			for _, r := range pick(s, []float64{1e-2, 3e-2, 1e-1}, []float64{3e-2}) {
				trials, err := l.trials(ctx, s.Seed+1<<40, pick2(s, 2, 1), r)
				if err != nil {
					return nil, err
				}
				if m := logMean(trials); m < best {
					best, rate = m, r
				}
			}
			seeds := pick2(s, 32, 3)
			if l.kind == "score" { // which costs as much as all others
				seeds = min(seeds, 10)
			}
			trials, err := l.trials(ctx, s.Seed, seeds, rate)
			if err != nil {
				return nil, err
			}
			row := Row{Suite: "learn", Network: "20-16-16-8 LIF, 8 classes of spike patterns", Vary: "rule", X: float64(i), Estimator: name, Kind: l.kind, Trials: trials, Limit: taskLimit}
			row.Values = map[string]gradbench.Estimate{LearningRate: {Value: rate}, Updates: {Value: math.Exp(logMean(trials))}}
			return []Row{row}, nil
		}})
	}
	return runs
}

func logMean(x []float64) float64 {
	s := 0.0
	for _, v := range x {
		s += math.Log(v) / float64(len(x))
	}
	return s
}

// trials trains with so many seeds and returns the updates of each.
func (l learner) trials(ctx context.Context, seed uint64, seeds int, rate float64) ([]float64, error) {
	updates, errs := make([]float64, seeds), make([]error, seeds)
	kernel.Blocks(seeds, 1, func(k, _ int) {
		updates[k], errs[k] = l.train(ctx, task(seed+uint64(k)), rate)
	})
	return updates, errors.Join(errs...)
}

// train returns the number of updates until the accuracy is reached. A gradient that is not finite
// is a step that is not taken.
func (l learner) train(ctx context.Context, p *lif.Problem, rate float64) (float64, error) {
	e := l.rule(p)
	w := append([]float64(nil), p.Net.Params...)
	g, one := make([]float64, len(w)), make([]float64, len(w))
	params, grads := optim.Tree{{Name: "p", F64: w}}, optim.Tree{{Name: "p", F64: g}}
	adam := optim.SkipNonFinite{Inner: optim.Adam{LR: optim.Constant(rate)}, Max: taskLimit}
	state := adam.Init(params)
	rng := random.New(p.Seed, "gradbench/batches")
	for update := range taskLimit {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		if update%taskEvery == 0 && accuracy(p, w) >= taskAccuracy {
			return float64(max(update, 1)), nil
		}
		clear(g)
		for range taskBatch {
			clear(one)
			if err := e.Gradient(one, w, rng.IntN(taskTrain), uint64(update)); err != nil {
				return 0, fmt.Errorf("suite: %s: %w", e.Name, err)
			}
			for k := range p.Net.Weights { // all others stay as they are
				g[k] += one[k] / taskBatch
			}
		}
		if err := adam.Update(grads, params, &state); errors.Is(err, optim.ErrNonFinite) {
			return taskLimit, nil // its square overflows
		} else if err != nil {
			return 0, err
		}
		if err := optim.Apply(params, grads); err != nil {
			return 0, err
		}
	}
	return taskLimit, nil
}

// accuracy is that on the inputs that are not for training.
func accuracy(p *lif.Problem, w []float64) float64 {
	right := 0
	for i := taskTrain; i < len(p.Input); i++ {
		if p.Data.(lif.CrossEntropy).Right(p.Output(w, i), taskClasses, i) {
			right++
		}
	}
	return float64(right) / float64(len(p.Input)-taskTrain)
}
