package train

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"path/filepath"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/train/data"
)

// regularised is a network whose loss has a term that is averaged over the batch.
func regularised(b *graph.Builder, x *G.Node) Outputs {
	h := models.LIF{}.Apply(b, "h", models.Linear{Out: 6, Init: models.FanIn(3, 1)}.Apply(b, "w", x))
	y := models.LI{}.Apply(b, "o", models.Linear{Out: 3}.Apply(b, "wo", h.Spikes))
	rate := b.Check(ops.RateBounds{Lower: 3, Upper: math.Inf(1)}.Apply(h.Spikes))
	mean := b.Check(G.Mean(b.Check(G.Square(y.Vmem)))) // of a user
	return Outputs{
		Logits: b.Check(ops.MaxOverTime(models.BatchNorm{}.Apply(b, "norm", y.Vmem))),
		Loss:   b.Check(G.Add(rate, mean)), Layers: []Layer{{Name: "h", Spikes: h.Spikes}},
	}
}

// TestBatchSizeHasNoInfluence: loss and gradient of three samples are the same whatever the size of
// the batch that they do not fill.
func TestBatchSizeHasNoInfluence(t *testing.T) {
	var want Sums
	var gradient optim.Tree
	for _, size := range []int{3, 4, 10, 50} {
		net, err := BPTT{Model: regularised, Graph: graph.Settings{DType: tensor.Float64}}.Build(graph.NewParams(3), Shape{Steps: 40, Batch: size, Channels: 5})
		if err != nil {
			t.Fatal(err)
		}
		defer net.Close()
		sums, err := net.Gradient(data.Batches{Data: yinYang(t, 3, 42), Encoder: data.TTFSBias{}, Steps: 40, Size: size, Sequential: true}, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		if gradient == nil {
			want, gradient = sums, net.Grads()
			if sums.Rows != 3 || sums.Loss == 0 {
				t.Fatalf("%+v", sums)
			}
		}
		if sums.Loss != want.Loss || sums.Correct != want.Correct {
			t.Errorf("batch of %d: %+v, want %+v", size, sums, want)
		}
		for i, g := range net.Grads() {
			for k := range g.F64 {
				if g.F64[k] != gradient[i].F64[k] {
					t.Fatalf("batch of %d: gradient of %s: element %d is %v, want %v", size, g.Name, k, g.F64[k], gradient[i].F64[k])
				}
			}
		}
	}
}

// TestValidationDoesNotDependOnTheBatch: the loss of a set is the same however it is cut.
func TestValidationDoesNotDependOnTheBatch(t *testing.T) {
	params := graph.NewParams(3)
	want := 0.0
	for _, size := range []int{51, 50, 17, 7} {
		net, err := BPTT{Model: regularised, Graph: graph.Settings{DType: tensor.Float64}}.Build(params, Shape{Steps: 40, Batch: size, Channels: 5})
		if err != nil {
			t.Fatal(err)
		}
		defer net.Close()
		set := data.Batches{Data: yinYang(t, 51, 42), Encoder: data.TTFSBias{}, Steps: 40, Size: size, Sequential: true}
		var total Sums
		for k := range set.Len() {
			sums, err := net.Evaluate(set, 0, k)
			if err != nil {
				t.Fatal(err)
			}
			total.add(sums)
		}
		if got := total.Score().Loss; want == 0 {
			want = got
		} else if math.Abs(got-want) > 51*0x1p-52*want { // a sum of 51 terms in another order
			t.Errorf("batches of %d: loss %v, want %v", size, got, want)
		}
	}
}

// said trains and returns the warnings.
func said(t *testing.T, net Learner, batches data.Batches, o optim.Transform) (*Result, string) {
	t.Helper()
	var text bytes.Buffer
	r, err := Run(context.Background(), net, Data{Train: batches, Valid: batches, Test: batches},
		Settings{Epochs: 2, Optimizer: o, Logger: slog.New(slog.NewTextHandler(&text, nil))})
	if err != nil && !strings.Contains(err.Error(), "finite") {
		t.Fatal(err)
	}
	return r, text.String()
}

// TestSilentNetwork: a network that says nothing has answered nothing, and is named, once.
func TestSilentNetwork(t *testing.T) {
	model := func(b *graph.Builder, x *G.Node) Outputs {
		h := models.LIF{}.Apply(b, "hidden", models.Linear{Out: 6, Init: models.Constant(1e-6)}.Apply(b, "w", x))
		o := models.LIF{}.Apply(b, "out", models.Linear{Out: 3}.Apply(b, "wo", h.Spikes))
		return Outputs{Logits: b.Check(ops.SumOverTime(o.Spikes)), Layers: []Layer{{Name: "hidden", Spikes: h.Spikes}, {Name: "out", Spikes: o.Spikes}}}
	}
	net, err := BPTT{Model: model}.Build(graph.NewParams(1), Shape{Steps: 31, Batch: 10, Channels: 5})
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	r, text := said(t, net, data.Batches{Data: yinYang(t, 25, 42), Encoder: data.TTFSBias{}, Size: 10, Steps: 31}, optim.SGD{})
	if r.Test.Accuracy != 0 {
		t.Errorf("accuracy %v of a silent network, want 0", r.Test.Accuracy)
	}
	for _, name := range []string{"hidden", "out"} {
		if n := strings.Count(text, `layer \"`+name+`\" is silent`); n != 1 {
			t.Errorf("%d warnings about layer %s, want 1: %s", n, name, text)
		}
	}
}

// TestDivergenceIsSaid: a loss that grows a thousandfold is warned about, once.
func TestDivergenceIsSaid(t *testing.T) {
	linear := func(b *graph.Builder, x *G.Node) Outputs {
		return Outputs{Logits: b.Check(ops.SumOverTime(models.Linear{Out: 3}.Apply(b, "w", x)))}
	}
	net, err := BPTT{Model: linear}.Build(graph.NewParams(1), Shape{Steps: 31, Batch: 5, Channels: 5})
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	_, text := said(t, net, data.Batches{Data: yinYang(t, 25, 42), Encoder: data.TTFSBias{}, Size: 5, Steps: 31}, optim.SGD{LR: optim.Constant(1e10)})
	if n := strings.Count(text, "the run diverges: lower the learning rate"); n != 1 {
		t.Errorf("%d warnings, want 1: %s", n, text)
	}
}

// overflowing is a model that leaves the finite numbers in layer "second", after some spikes.
func overflowing(b *graph.Builder, x *G.Node) Outputs {
	i := models.Linear{Out: 4, Init: models.Constant(1e38)}.Apply(b, "w", x)
	h := models.LI{}.Apply(b, "second", i)
	return Outputs{Logits: b.Check(ops.SumOverTime(models.Linear{Out: 3}.Apply(b, "out", h.Vmem)))}
}

// TestNotFiniteIsNamed: the error of a run that leaves the finite numbers names layer, time step
// and what to do; the last checkpoint stays and is finite.
func TestNotFiniteIsNamed(t *testing.T) {
	net, err := BPTT{Model: overflowing}.Build(graph.NewParams(1), Shape{Steps: 31, Batch: 10, Channels: 5})
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	set := data.Batches{Data: yinYang(t, 25, 42), Encoder: data.TTFSBias{}, Size: 10, Steps: 31}
	path := filepath.Join(t.TempDir(), "checkpoint")
	_, err = Run(context.Background(), net, Data{Train: set, Valid: set}, Settings{Epochs: 2, Checkpoint: path})
	if !notFinite(err) {
		t.Fatalf("error %v, want one of numbers that are not finite", err)
	}
	for _, part := range []string{"epoch 1, batch 1 of 3", `layer "second"`, "time step ", "Inf", "checkpoint", "lr", "clip"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
	c, skipped, err := ReadCheckpoint(path)
	if err != nil || skipped != nil || notFiniteParams(c.Params) {
		t.Errorf("the last checkpoint: %v, %v", skipped, err)
	}
}

func notFiniteParams(p *graph.Params) bool {
	for _, name := range p.Names() {
		l := leaf(name, p.Value(name))
		for i := range l.Len() {
			if x := at(l, i); x-x != 0 {
				return true
			}
		}
	}
	return false
}

// TestSkip: batches that are not finite are left out and counted, others are learned; an epoch of
// such batches alone ends the run.
func TestSkip(t *testing.T) {
	p := newProbe(t)
	sets, s := p.settings(t)
	bad := 0
	for _, n := range []int{2, 3, 9} { // of 12 batches
		p.at[n] = func() error { bad++; return fmt.Errorf("a layer: %w", graph.ErrNotFinite) }
	}
	s.Metrics = filepath.Join(t.TempDir(), "metrics.jsonl")
	if _, err := Run(context.Background(), p, sets, s); !errors.Is(err, graph.ErrNotFinite) || !strings.Contains(err.Error(), "batch 2 of 4") {
		t.Fatalf("error %v, want that of batch 2", err)
	}
	p.n, s.OnNonFinite = 0, Skip
	if _, err := Run(context.Background(), p, sets, s); err != nil {
		t.Fatal(err)
	}
	epochs, err := ReadMetrics(s.Metrics)
	if err != nil || len(epochs) != 3 || epochs[0].Skipped != 2 || epochs[1].Skipped != 0 || epochs[2].Skipped != 1 || bad != 4 {
		t.Errorf("%+v, %v; %d bad batches", epochs, err, bad)
	}
	if want := 1.0; epochs[0].TrainLoss != want {
		t.Errorf("loss %v of the batches that were learned, want %v", epochs[0].TrainLoss, want)
	}
	for n := 1; n <= 4; n++ {
		p.at[n] = func() error { return graph.ErrNotFinite }
	}
	p.n = 0
	if _, err := Run(context.Background(), p, sets, s); !errors.Is(err, optim.ErrNonFinite) || !strings.Contains(err.Error(), "each of its 4 batches") {
		t.Errorf("error %v, want that no batch was learned", err)
	}
	s.OnNonFinite = "zero"
	if _, err := Run(context.Background(), p, sets, s); !errors.Is(err, ErrSettings) {
		t.Errorf("error %v, want ErrSettings", err)
	}
}

// TestShares counts silent and saturated neurons by hand: 4 neurons, 10 steps.
func TestShares(t *testing.T) {
	l := LayerSpikes{Neurons: []float64{0, 4, 5, 10}, Steps: 10}
	if silent, saturated := l.Shares(); silent != 0.25 || saturated != 0.5 {
		t.Errorf("%v silent, %v saturated, want 0.25, 0.5", silent, saturated)
	}
	var none LayerSpikes
	if silent, saturated := none.Shares(); silent != 0 || saturated != 0 {
		t.Errorf("no neurons: %v, %v", silent, saturated)
	}
}

// TestDyingAndExplodingLayers are named once, and their shares are in the metrics.
func TestDyingAndExplodingLayers(t *testing.T) {
	model := func(weight float64) Model {
		return func(b *graph.Builder, x *G.Node) Outputs {
			h := models.LIF{}.Apply(b, "hidden", models.Linear{Out: 20, Init: models.Constant(weight)}.Apply(b, "w", x))
			return Outputs{Logits: b.Check(ops.SumOverTime(models.Linear{Out: 3}.Apply(b, "wo", h.Spikes))), Layers: []Layer{{Name: "hidden", Spikes: h.Spikes}}}
		}
	}
	set := data.Batches{Data: yinYang(t, 25, 42), Encoder: data.Rate{MaxRate: 900}, Size: 10, Steps: 31}
	for weight, want := range map[float64]string{30: "exploding", 0.05: "dying"} {
		params := graph.NewParams(1)
		net, err := BPTT{Model: model(weight)}.Build(params, Shape{Steps: 31, Batch: 10, Channels: 4})
		if err != nil {
			t.Fatal(err)
		}
		defer net.Close()
		if want == "dying" { // one neuron of 20 is awake
			w := params.Value("w").Float32s()
			for i := range w {
				if w[i] = 1e-6; i%20 == 0 {
					w[i] = 10
				}
			}
		}
		var last Epoch
		var text bytes.Buffer
		_, err = Run(context.Background(), net, Data{Train: set, Valid: set}, Settings{
			Epochs: 2, Optimizer: optim.SGD{LR: optim.Constant(1e-9)}, Logger: slog.New(slog.NewTextHandler(&text, nil)),
			AfterEpoch: func(e Epoch) error { last = e; return nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(text.String(), `layer \"hidden\" is `+want); n != 1 {
			t.Errorf("weight %v: %d warnings that it is %s, want 1: %s; %+v", weight, n, want, text.String(), last.Layers)
		}
		if l := last.Layers; len(l) != 1 || l[0].Name != "hidden" || want == "dying" && l[0].Silent != 0.95 || want == "exploding" && l[0].Saturated != 1 {
			t.Errorf("weight %v: %+v", weight, l)
		}
	}
}

func TestDecided(t *testing.T) {
	for _, c := range []struct {
		z    []float64
		want int
	}{{[]float64{1, 3, 2}, 1}, {[]float64{0, 0, 0}, -1}, {[]float64{3, 1, 3}, -1}, {[]float64{1, 1, 2}, 2}, {[]float64{math.NaN(), 1}, -1}, {[]float64{1, math.NaN()}, -1}, {[]float64{5}, 0}} {
		if got := decided(optim.Leaf{F64: c.z}, 0, 1); got != c.want {
			t.Errorf("%v is decided as %d, want %d", c.z, got, c.want)
		}
	}
}

// TestEventsAreNamed: what leaves the finite numbers from event to event, or spikes without end,
// has the name of its layer or parameter, and its time.
func TestEventsAreNamed(t *testing.T) {
	for _, c := range []struct {
		weight float64
		parts  []string
	}{
		{math.NaN(), []string{"element 1", `parameter "out/w"`, "NaN"}},
		{1e30, []string{"epoch 1, batch 1", "sample 0", `layer "out"`, "weight 1e+30", "neuron 1", "at ", "lr", "clip"}},
	} {
		method, set := byHand()
		net, err := method.Build(graph.NewParams(1))
		if err != nil {
			t.Fatal(err)
		}
		net.Params().Value("out/w").Float64s()[1] = c.weight
		if _, err = Run(t.Context(), net, Data{Train: set, Valid: set}, Settings{Epochs: 1}); err == nil || c.weight != c.weight {
			err = net.Explain(set, 0, 0)
		}
		for _, part := range c.parts {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("weight %g: %v does not say %q", c.weight, err, part)
			}
		}
	}
	in := eventprop.NewDense(1, 1)
	in.Weight[0] = -1.5e308 // twice that is too large
	at := firstFailure(&eventprop.Layer{In: in}, []eventprop.Spike{{Time: 1e-3}, {Time: 1e-3}, {Time: 2e-3}}, 0.1)
	if math.Abs(at-1e-3) > 1e-7 {
		t.Errorf("the first failure is at %g s, want 1e-3", at)
	}
}
