package fit

import (
	"context"
	"math"
	"slices"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/optim/minimize"
)

// Task is to fire for some input patterns and to be silent for others, as the tempotron does (Gütig
// & Sompolinsky 2006, doi:10.1038/nn1643). The loss is
//
//	L = Scale · mean over patterns and output neurons of e²
//	e = sqrt(n + 3/8) - sqrt(3/8)                  of a neuron that should be silent, n its spikes
//	e = 1 + ln(Ispkthr/max_t Imem)/10              of a neuron that should fire and is silent
//	e = 0                                          of one that fires as it should
//
// and is 0 where all do what they should.
type Task struct {
	Name  string
	T, B  int
	Input []float64 // weighted spike counts, [T, B, N]: B patterns
	// Channels are the spike counts of the input channels, as those of a [Recording].
	Channels []float64
	Neurons  []int   // the K output neurons
	Fire     []bool  // [B, K], whether the neuron is to fire
	Scale    float64 // 0 means 1
}

// compile checks the target and adds it to the problem.
func (t Task) compile(p *problem) error {
	bad := badTarget(t.Name)
	n, width := p.Network.N, p.Network.N*p.types()
	switch {
	case t.T < 1 || t.B < 1 || len(t.Input) != t.T*t.B*width:
		return bad("input has %d elements for %d steps, %d patterns, %d neurons", len(t.Input), t.T, t.B, n)
	case len(t.Neurons) == 0 || len(t.Fire) != t.B*len(t.Neurons):
		return bad("%d wishes for %d patterns and %d output neurons", len(t.Fire), t.B, len(t.Neurons))
	case !slices.Contains(t.Fire, true):
		return bad("no neuron is to fire for any pattern: there is nothing to fit")
	case !(t.Scale >= 0) || math.IsInf(t.Scale, 0):
		return bad("scale is %v, want a finite number >= 0", t.Scale)
	}
	for i, j := range t.Neurons {
		if j < 0 || j >= n || slices.Contains(t.Neurons[:i], j) {
			return bad("output neuron %d, want 0 to %d, each once", j, n-1)
		}
	}
	for i, x := range t.Input {
		if x-x != 0 || x < 0 && (t.Channels == nil || width > n) {
			return bad("input of pattern %d, step %d, neuron %d is %v, want a finite number >= 0", i/width%t.B, i/width/t.B, i%width/p.types(), x)
		}
	}
	for b := range t.B {
		for a := range b {
			if t.same(a, b, width) && !slices.Equal(t.wish(a), t.wish(b)) {
				return bad("patterns %d and %d are the same, and different things are wanted", a, b)
			}
		}
	}
	if t.Scale == 0 {
		t.Scale = 1
	}
	p.summed = append(p.summed, summary{judge: &t, steps: t.T, rows: t.B, input: t.Input, whole: true})
	return nil
}

func (t *Task) wish(b int) []bool { return t.Fire[b*len(t.Neurons) : (b+1)*len(t.Neurons)] }

// same says whether two patterns have the same input.
func (t *Task) same(a, b, n int) bool {
	for s := range t.T {
		row := t.Input[s*t.B*n:]
		if !slices.Equal(row[a*n:(a+1)*n], row[b*n:(b+1)*n]) {
			return false
		}
	}
	return true
}

// errors calls f with the error e of each pattern and output neuron, at index i of what they did,
// and its derivatives.
func (t *Task) errors(of []firing, f func(i int, e float64, by firing)) {
	n := len(of) / t.B
	for b := range t.B {
		for k, j := range t.Neurons {
			i := b*n + j
			got := of[i]
			switch fire := t.wish(b)[k]; {
			case fire && got.count == 0:
				f(i, 1+0.1*max(-got.peak, 0), firing{peak: -0.1})
			case fire:
				f(i, 0, firing{})
			default:
				root := math.Sqrt(got.count + 0.375)
				f(i, root-math.Sqrt(0.375), firing{count: 0.5 / root})
			}
		}
	}
}

func (t *Task) loss(of, d []firing, _ float64) (loss float64) {
	share := t.Scale / float64(len(t.Fire))
	t.errors(of, func(i int, e float64, by firing) {
		loss += float64(share * e * e)
		if d != nil {
			d[i].count += float64(2 * share * e * by.count)
			d[i].peak += float64(2 * share * e * by.peak)
		}
	})
	return loss
}

func (t *Task) residuals(r []float64, of []firing, _ float64) {
	at := 0
	t.errors(of, func(_ int, e float64, _ firing) {
		r[at] = math.Sqrt(2*t.Scale/float64(len(t.Fire))) * e
		at++
	})
}

func (t *Task) size() int { return len(t.Fire) }

// resolution is 0: a task is solved or not.
func (t *Task) resolution(float64, int) float64 { return 0 }

// Measure returns how often the output neurons of a network fire for each pattern, [B, K], and the
// share of patterns for which all of them do what they should.
//
// Errors: those of [dynapse.Network.Simulate], and [ErrExperiment] for a task that is none.
func (t Task) Measure(n dynapse.Network) (counts []float64, right float64, err error) {
	p, err := Experiment{Space: Space{Network: n, Params: []dynapse.Param{dynapse.Iscale}}, Tasks: []Task{t}}.compile()
	if err != nil {
		return nil, 0, err
	}
	_, of, err := p.simulate(context.Background(), &p.summed[0], n)
	if err != nil {
		return nil, 0, err
	}
	for b := range t.B {
		ok := true
		for k, j := range t.Neurons {
			c := of[b*n.N+j].count
			counts = append(counts, c)
			ok = ok && (c > 0) == t.wish(b)[k]
		}
		if ok {
			right += 1 / float64(t.B)
		}
	}
	return counts, right, nil
}

// taskFit trains currents and recurrent weights by backpropagation through time from several
// starts, and ends with a search without gradients where something is still wrong. The rule is that
// which creates, deletes and moves spikes: with rule S alone, half as many tasks of a spiking
// teacher were solved.
func taskFit(ctx context.Context, f *session) error {
	m := minimize.MultiStart{Method: minimize.Descent{Steps: 400, Patience: 200, Tol: 1e-12}, Starts: f.Starts, Keep: 2, Seed: f.Seed}
	x, err := descend(ctx, f, "task", f.free(dynapse.SurgeMixed), f.start, m)
	if err != nil {
		return err
	}
	if f.best.loss <= f.resolution()+f.penalty(x) {
		f.status = minimize.Converged
		return nil
	}
	return polish(ctx, f, "polish", f.best.x, minimize.CMAES{Seed: f.Seed, Sigma: 0.05, Evaluations: 40 * (4 + len(f.x)), Tol: 1e-6})
}
