package train

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/surrogate"
	"github.com/surge-snn/surge/train/data"
)

// small is a recurrent network of 12 neurons with learned time constants and a regulariser,
// for Yin-Yang.
func small(b *graph.Builder, x *G.Node) Outputs {
	i := models.Linear{Out: 12, Init: models.FanIn(2, 2)}.Apply(b, "hidden/w", x)
	h := models.LIF{TauMem: models.Learned(20e-3).PerNeuron(), Recurrent: true, Surrogate: surrogate.FastSigmoid{Sharpness: 2}}.Apply(b, "hidden", i)
	y := models.LI{}.Apply(b, "out", models.Linear{Out: 3}.Apply(b, "out/w", h.Spikes))
	return Outputs{Logits: b.Check(ops.MaxOverTime(y.Vmem)), Layers: []Layer{{Name: "hidden", Spikes: h.Spikes, Vmem: h.Vmem, Current: i}}}
}

func yinYang(t *testing.T, size int, seed uint32) data.Dataset {
	d, err := data.NewYinYang(data.YinYangSettings{Size: size, Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// trial trains small on 44 samples: batches of 8, 8, 8, 8, 8 and 4. The rate code draws random
// numbers for each sample and epoch.
type trial struct {
	t        *testing.T
	dir      string
	cancelAt []int // batches after which a part of the run is cancelled
	events   bool  // train learning
	long     bool  // 4 epochs of 50 batches
	receipt  bool  // with a receipt, all checkpoints are kept
}

// size returns the number of samples, epochs, and batches of an epoch.
func (c trial) size() (samples, epochs, batches int) {
	if c.long {
		return 396, 4, 50
	}
	return 44, 3, 6
}

// parts returns what a run is made of.
func (c trial) parts() (Data, Settings, func() (Learner, error)) {
	batches := func(d data.Dataset) data.Batches {
		return data.Batches{Data: d, Encoder: data.Rate{MaxRate: 400}, Size: 8, Steps: 12, Seed: 5}
	}
	build := func() (Learner, error) { return BPTT{Model: small}.Build(graph.NewParams(3), Shape{12, 8, 4}) }
	if c.events {
		batches = func(d data.Dataset) data.Batches { return eventBatches(d, 8) }
		build = func() (Learner, error) { return learning(3).Build(graph.NewParams(3)) }
	}
	samples, epochs, n := c.size()
	sets := Data{Train: batches(yinYang(c.t, samples, 42)), Valid: batches(yinYang(c.t, 20, 41)), Test: batches(yinYang(c.t, 20, 40))}
	s := Settings{
		Epochs: epochs, Checkpoint: filepath.Join(c.dir, "checkpoint"), Metrics: filepath.Join(c.dir, "metrics.jsonl"),
		Optimizer: optim.Chain{optim.ClipByGlobalNorm{Max: 5}, optim.Adam{LR: optim.Cosine{Init: 0.02, Steps: uint64(epochs * n)}}},
		Config:    "a test",
	}
	if c.receipt {
		s.Receipt, s.Keep = filepath.Join(c.dir, "receipt.jsonl"), epochs+1
	}
	return sets, s, build
}

func (c trial) run() (*Result, []Epoch, *Checkpoint) {
	c.t.Helper()
	sets, s, build := c.parts()
	_, _, trialBatches := c.size()
	for part := 0; ; part++ {
		ctx, cancel := context.WithCancel(context.Background())
		s.Resume = part > 0
		s.AfterBatch = func(p Position) {
			if part < len(c.cancelAt) && p.Epoch*trialBatches+p.Batch == c.cancelAt[part] {
				cancel()
			}
		}
		// Each part begins with new parameters, as a new process does.
		net, err := build()
		if err != nil {
			c.t.Fatal(err)
		}
		result, err := Run(ctx, net, sets, s)
		cancel()
		if n, ok := net.(*Network); ok {
			n.Close()
		}
		if part < len(c.cancelAt) {
			if !errors.Is(err, context.Canceled) {
				c.t.Fatalf("part %d: error %v, want context.Canceled", part, err)
			}
			continue
		}
		if err != nil {
			c.t.Fatal(err)
		}
		metrics, err := ReadMetrics(s.Metrics)
		if err != nil {
			c.t.Fatal(err)
		}
		saved, skipped, err := ReadCheckpoint(s.Checkpoint)
		if err != nil || skipped != nil {
			c.t.Fatal(err, skipped)
		}
		return result, metrics, saved
	}
}

// printed returns all that is determined by the settings of a run, with the bits of all numbers.
func printed(t *testing.T, r *Result, metrics []Epoch, c *Checkpoint) string {
	t.Helper()
	var b bytes.Buffer
	for _, e := range append(slices.Clone(metrics), r.Best, c.Best) {
		e.Seconds = 0
		fmt.Fprintf(&b, "%+v\n", e) // %v has as many digits as tell numbers apart
	}
	fmt.Fprintf(&b, "test %+v\n%+v %q %d %d\n", *r.Test, c.Position, c.Config, c.Seed, c.Batches)
	for _, p := range []*graph.Params{c.Params, c.BestParams} {
		for _, name := range p.Names() {
			fmt.Fprintf(&b, "%s %b\n", name, p.Value(name).Data())
		}
	}
	state, err := c.Optimizer.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	b.Write(state)
	return b.String()
}

// TestResume: a run that is cancelled after k batches and resumed ends with the same bytes as
// one that is not, for k in the first, the middle, and the last batch of an epoch, the last of
// the run, and several of these.
func TestResume(t *testing.T) {
	want := printed3(t, trial{t: t, dir: t.TempDir()})
	for _, at := range [][]int{{1}, {4}, {5}, {6}, {7}, {12}, {17}, {18}, {3, 6, 9, 18}, {1, 2}} {
		if got := printed3(t, trial{t: t, dir: t.TempDir(), cancelAt: at}); got != want {
			t.Errorf("cancelled after batches %v: the run ends otherwise than one that is not:\n%s\nwant\n%s", at, got, want)
		}
	}
}

// TestResumeAtEveryStep: of a run of 200 batches that is stopped after any of them (here every
// seventh) and resumed, the checkpoint and the metrics are the bytes of a run that is not.
func TestResumeAtEveryStep(t *testing.T) {
	step := 7
	if testing.Short() {
		step = 67
	}
	for _, events := range []bool{false, true} {
		whole := trial{t: t, dir: t.TempDir(), events: events, long: true}
		whole.run()
		want := bytesOf(t, whole.dir)
		for k := 1; k <= 200; k += step {
			part := whole
			part.dir, part.cancelAt = t.TempDir(), []int{k}
			part.run()
			for name, b := range bytesOf(t, part.dir) {
				if !bytes.Equal(b, want[name]) {
					t.Fatalf("events %v: %s of the run that was stopped after batch %d is not that of one that was not", events, name, k)
				}
			}
		}
	}
}

// TestEventResume is TestResume and TestProcessors for networks that go from event to event.
func TestEventResume(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	want := printed3(t, trial{t: t, dir: t.TempDir(), events: true})
	for n, at := range [][]int{nil, {1}, {6}, {7, 17}} {
		runtime.GOMAXPROCS(n + 1)
		if got := printed3(t, trial{t: t, dir: t.TempDir(), cancelAt: at, events: true}); got != want {
			t.Errorf("%d processors, cancelled after batches %v: the run ends otherwise than one that is not:\n%s\nwant\n%s", n+1, at, got, want)
		}
	}
}

// TestProcessors: the bytes do not depend on GOMAXPROCS.
func TestProcessors(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	var want string
	for _, n := range []int{1, 2, 3, 8} {
		runtime.GOMAXPROCS(n)
		got := printed3(t, trial{t: t, dir: t.TempDir()})
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("with %d processors the run ends otherwise than with 1", n)
		}
	}
}

func printed3(t *testing.T, c trial) string {
	t.Helper()
	r, metrics, saved := c.run()
	return printed(t, r, metrics, saved)
}

// smooth builds the smoothed twin of small in float64, where gradients are exact, for batches
// of a size.
func smooth(t *testing.T, engine graph.Engine, size int) *Network {
	t.Helper()
	net, err := BPTT{Model: small, Graph: graph.Settings{DType: tensor.Float64, Twin: true, Engine: engine}}.Build(graph.NewParams(3), Shape{31, size, 5})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { net.Close() })
	return net
}

// TestStepOfDescent predicts the loss after one step of the loop from the gradient. With
// p' = p - η g,
//
//	r(η) = (L(p) - L(p')) / η = |g|² - η/2 gᵀHg + O(η²)
//
// so that 2 r(η/2) - r(η) is |g|² up to O(η²): with η = 1e-4, and a Hessian and
// third derivatives of up to 1e2 times |g|², the relative error is below 1e-4. A gradient that
// is of another batch, or not applied, or applied twice, is wrong by some |g|².
func TestStepOfDescent(t *testing.T) {
	for _, engine := range []graph.Engine{graph.FusedEngine, graph.UnrolledEngine} {
		set := data.Batches{Data: yinYang(t, 6, 42), Encoder: data.TTFSBias{}, Size: 6, Steps: 31}
		slope := func(eta float64) (float64, float64) {
			net := smooth(t, engine, 6)
			sums, err := net.Gradient(set, 0, 0)
			if err != nil {
				t.Fatal(err)
			}
			norm := 0.0
			for _, g := range net.Grads() {
				for _, v := range g.F64 {
					norm += v * v
				}
			}
			var after Epoch // validation on the same samples
			_, err = Run(context.Background(), net, Data{Train: set, Valid: set}, Settings{
				Epochs: 1, Optimizer: optim.SGD{LR: optim.Constant(eta)}, AfterEpoch: func(e Epoch) error { after = e; return nil },
			})
			if err != nil {
				t.Fatal(err)
			}
			if before := sums.Score().Loss; math.Abs(after.TrainLoss-before) > 1e-12*before {
				t.Errorf("training loss %v, want %v", after.TrainLoss, before) // the same sum in another order of rows
			}
			return (sums.Score().Loss - after.ValidLoss) / eta, norm
		}
		const eta = 1e-4
		r1, norm := slope(eta)
		r2, _ := slope(eta / 2)
		if e := math.Abs(2*r2-r1-norm) / norm; !(e < 1e-4) {
			t.Errorf("%v: the loss falls by %v per η, want |g|² = %v; relative error %.2g", engine, 2*r2-r1, norm, e)
		}
	}
}

// TestBatchGradient: the gradient of a batch is the mean of those of its samples, also in the short
// last batch. Sums of 7 numbers in another order: a few roundings of 1.1e-16, times the
// cancellation in sums over 31 steps.
func TestBatchGradient(t *testing.T) {
	const limit = 1e-12
	set := data.Batches{Data: yinYang(t, 10, 42), Encoder: data.TTFSBias{}, Size: 7, Steps: 31, Seed: 2}
	single := set
	single.Size = 1
	whole, one := smooth(t, graph.FusedEngine, 7), smooth(t, graph.FusedEngine, 1)
	for k, rows := range []int{7, 3} {
		sums, err := whole.Gradient(set, 4, k)
		if err != nil {
			t.Fatal(err)
		}
		if sums.Rows != rows {
			t.Errorf("batch %d has %d rows, want %d", k, sums.Rows, rows)
		}
		want := make([][]float64, len(one.Grads()))
		var total Sums
		for i := range rows {
			s, err := one.Gradient(single, 4, 7*k+i)
			if err != nil {
				t.Fatal(err)
			}
			total.add(s)
			for j, g := range one.Grads() {
				if want[j] == nil {
					want[j] = make([]float64, g.Len())
				}
				for n, v := range g.F64 {
					want[j][n] += v / float64(rows)
				}
			}
		}
		if total.Rows != sums.Rows || total.Correct != sums.Correct || math.Abs(total.Loss-sums.Loss) > limit*sums.Loss {
			t.Errorf("batch %d: sums %+v, of its samples %+v", k, sums, total)
		}
		for j, g := range whole.Grads() {
			scale, worst := 0.0, 0.0
			for n, v := range g.F64 {
				scale, worst = max(scale, math.Abs(v)), max(worst, math.Abs(v-want[j][n]))
			}
			if scale == 0 || worst > limit*scale {
				t.Errorf("batch %d, %s: differs by %v of %v", k, g.Name, worst, scale)
			}
		}
	}
}
