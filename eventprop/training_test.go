package eventprop_test

import (
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/internal/random"
	"github.com/surge-snn/surge/train/data"
)

// yinYang is a network of hidden neurons and three outputs, of which the first to spike names the
// class, with samples of the Yin-Yang data set.
type yinYang struct {
	net    eventprop.Serial
	batch  eventprop.Batch
	inputs [][]eventprop.Spike
	labels []int
}

func newYinYang(t *testing.T, hidden, samples int) *yinYang {
	t.Helper()
	set, err := data.NewYinYang(data.YinYangSettings{Size: samples, Seed: 42})
	if err != nil {
		t.Fatal(err)
	}
	encoder := data.TTFSBias{TLate: 10e-3} // twice TauSyn
	y := &yinYang{}
	var sample data.Sample
	var code []data.Spike
	for i := range set.Len() {
		if err = set.Sample(&sample, i); err != nil {
			t.Fatal(err)
		}
		if code, err = encoder.AppendSpikes(code[:0], sample.X); err != nil {
			t.Fatal(err)
		}
		in := make([]eventprop.Spike, len(code))
		for k, s := range code {
			in[k] = eventprop.Spike{Time: s.Time, Neuron: s.Channel}
		}
		y.inputs, y.labels = append(y.inputs, in), append(y.labels, sample.Label)
	}
	s := eventprop.Settings{MinSlope: 1e-3}
	y.net = eventprop.Serial{
		{In: eventprop.NewDense(5, hidden), Settings: s},
		{In: eventprop.NewDense(hidden, 3), Settings: s},
	}
	r := random.New(1, "init")
	if err := y.net[0].In.Init(eventprop.Normal{Mean: 1.5, Std: 1.5}, 1, r); err != nil {
		t.Fatal(err)
	}
	n := float64(hidden)
	if err := y.net[1].In.Init(eventprop.Normal{Mean: 20 / n, Std: 20 / n}, 1, r); err != nil {
		t.Fatal(err)
	}
	y.batch = eventprop.Batch{Net: y.net, End: 30e-3}
	return y
}

// step adds the gradients of the given samples to g and returns the sum of the losses.
func (y *yinYang) step(t *testing.T, g []*eventprop.Gradients, samples []int) float64 {
	t.Helper()
	inputs := make([][]eventprop.Spike, len(samples))
	for i, k := range samples {
		inputs[i] = y.inputs[k]
	}
	loss, _, err := y.batch.Step(g, inputs, func(i int, p *eventprop.Pass) (float64, error) {
		tape, c := p.Last()
		loss, err := c.Add(tape, eventprop.First{}, eventprop.CrossEntropy{Label: y.labels[samples[i]], Scale: -1e3}, 0)
		if err != nil {
			return 0, err
		}
		silence, err := eventprop.Silence{Weight: 1}.Add(tape, c)
		return loss + silence, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return loss
}

func (y *yinYang) accuracy(t *testing.T) float64 {
	t.Helper()
	right := make([]bool, len(y.inputs))
	_, _, err := y.batch.Step(nil, y.inputs, func(k int, p *eventprop.Pass) (float64, error) {
		tape, _ := p.Last()
		right[k] = len(tape.Spikes) > 0 && tape.Spikes[0].Neuron == y.labels[k]
		return 0, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, r := range right {
		if r {
			n++
		}
	}
	return float64(n) / float64(len(right))
}

// adam is Adam with its usual settings, on its own so that this package needs no other.
type adam struct {
	m, v  []float64
	steps int
}

func (a *adam) update(x, g []float64, rate float64) {
	if a.m == nil {
		a.m, a.v = make([]float64, len(x)), make([]float64, len(x))
	}
	a.steps++
	c1, c2 := 1-math.Pow(0.9, float64(a.steps)), 1-math.Pow(0.999, float64(a.steps))
	for i := range x {
		a.m[i] += 0.1 * (g[i] - a.m[i])
		a.v[i] += 0.001 * (g[i]*g[i] - a.v[i])
		x[i] -= rate * a.m[i] / c1 / (math.Sqrt(a.v[i]/c2) + 1e-8)
	}
}

// TestYinYangIsLearned trains a small network for a few epochs. A linear classifier gets no more
// than 64 % of the data set right (Kriener et al. 2022, doi:10.1145/3517343.3517380); the hidden
// layer has to have learned for more.
func TestYinYangIsLearned(t *testing.T) {
	y := newYinYang(t, 40, 1000)
	g := y.net.NewWeightGradients()
	optimizers := make([]adam, len(g))
	r := random.New(1, "order")
	const size = 25
	for range 8 {
		order := r.Perm(len(y.inputs))
		for batch := range slices.Chunk(order, size) {
			for k := range g {
				g[k].Reset()
			}
			y.step(t, g, batch)
			for k := range g {
				for i := range g[k].In {
					g[k].In[i] /= size
				}
				optimizers[k].update(y.net[k].In.Weight, g[k].In, 5e-3)
			}
		}
	}
	if a := y.accuracy(t); a < 0.75 {
		t.Errorf("accuracy %v after training", a)
	} else {
		t.Logf("accuracy %v", a)
	}
}

// TestBatchIsDeterministic: the same bits for any number of processors.
func TestBatchIsDeterministic(t *testing.T) {
	samples := make([]int, 37)
	for k := range samples {
		samples[k] = k
	}
	var want []*eventprop.Gradients
	var wantLoss float64
	for _, procs := range []int{1, 2, 5} {
		old := runtime.GOMAXPROCS(procs)
		y := newYinYang(t, 20, 37)
		g := y.net.NewGradients()
		loss := y.step(t, g, samples)
		runtime.GOMAXPROCS(old)
		if want == nil {
			want, wantLoss = g, loss
			continue
		}
		if loss != wantLoss {
			t.Errorf("%d processors: loss %v, with one %v", procs, loss, wantLoss)
		}
		for k := range g {
			if !slices.Equal(g[k].In, want[k].In) || !slices.Equal(g[k].TauMem, want[k].TauMem) || !slices.Equal(g[k].VTh, want[k].VTh) {
				t.Errorf("%d processors: gradients of layer %d differ", procs, k)
			}
		}
	}
}
