package train

import (
	"bytes"
	"context"
	"log/slog"
	"math"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

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
