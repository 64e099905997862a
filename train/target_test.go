package train

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"path/filepath"
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

// listed is a data set of given samples.
type listed struct {
	form    data.Form
	samples []data.Sample
}

func (l listed) Len() int        { return len(l.samples) }
func (l listed) Form() data.Form { return l.form }
func (l listed) Sample(s *data.Sample, i int) error {
	x := l.samples[i]
	if l.form.Input == data.Sequence {
		copy(s.Sequence(x.Steps, l.form.Channels), x.X)
	} else {
		copy(s.Features(l.form.Channels), x.X)
	}
	s.Label, s.Y, s.Spikes = x.Label, append(s.Y[:0], x.Y...), append(s.Spikes[:0], x.Spikes...)
	return nil
}

// weight is a Linear of one output whose weights are all w.
func weight(w float64) models.Linear {
	return models.Linear{Out: 1, Init: func(dst []float64, _ []int, _ *rand.Rand) {
		for i := range dst {
			dst[i] = w
		}
	}}
}

var double = graph.Settings{DType: tensor.Float64}

// The mean of squares of vectors, its gradient and MAE, by hand: y = 3 steps times w x.
func TestVectorTarget(t *testing.T) {
	model := func(b *graph.Builder, x *G.Node) Outputs {
		return Outputs{Y: b.Check(ops.SumOverTime(weight(2).Apply(b, "w", x)))}
	}
	d := listed{data.Form{Channels: 1, Target: data.Target{Kind: data.VectorTarget, Size: 1}}, []data.Sample{
		{X: []float64{1}, Y: []float64{5}}, {X: []float64{0.5}, Y: []float64{3}}, {X: []float64{-1}, Y: []float64{-7}},
	}}
	m := BPTT{Model: model, Target: d.form.Target, Metrics: []Metric{MAE(), MSE()}, Graph: double}
	for _, size := range []int{1, 2, 3, 10} {
		set := data.Batches{Data: d, Encoder: data.Current{}, Size: size, Steps: 3, Sequential: true}
		net, err := m.Build(graph.NewParams(1), Shape{3, size, 1})
		if err != nil {
			t.Fatal(err)
		}
		var total Sums
		gradient := 0.0
		for k := range set.Len() {
			sums, err := net.Gradient(set, 0, k)
			if err != nil {
				t.Fatal(err)
			}
			total.add(sums)
			gradient += net.Grads()[0].F64[0] * float64(sums.Rows)
		}
		// Outputs 6, 3, -6: differences 1, 0, 1.
		score := total.Score()
		if math.Abs(score.Loss-2.0/3) > 1e-15 || math.Abs(score.Metrics["mae"]-2.0/3) > 1e-15 || math.Abs(score.Metrics["mse"]-2.0/3) > 1e-15 {
			t.Errorf("batches of %d: %+v, want a loss, mae and mse of 2/3", size, score)
		}
		if want := 2.0 * (1*3 + 1*-3); math.Abs(gradient-want) > 1e-12 {
			t.Errorf("batches of %d: gradient %v, want %v", size, gradient, want)
		}
		if err := net.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// Sequences of different length: steps beyond the end do not count, however many there are.
func TestSequenceTarget(t *testing.T) {
	model := func(b *graph.Builder, x *G.Node) Outputs {
		return Outputs{Y: b.Check(ops.Affine(weight(1).Apply(b, "w", x), 1, 1))}
	}
	d := listed{data.Form{Input: data.Sequence, Channels: 1, Steps: 3, Target: data.Target{Kind: data.SequenceTarget, Size: 1}}, []data.Sample{
		{X: []float64{1, 2, 3}, Steps: 3, Y: []float64{2, 3, 7}}, // y = 2 3 4: differences 0 0 3
		{X: []float64{4}, Steps: 1, Y: []float64{3}},             // y = 5: difference 2
	}}
	for _, steps := range []int{3, 5, 30} {
		net, err := BPTT{Model: model, Target: d.form.Target, Metrics: []Metric{MSE()}, Graph: double}.Build(graph.NewParams(1), Shape{steps, 2, 1})
		if err != nil {
			t.Fatal(err)
		}
		set := data.Batches{Data: d, Encoder: data.None{}, Size: 2, Steps: steps, Sequential: true}
		sums, err := net.Gradient(set, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		// The weights of the graph are float32: 1/6 and 1/2.
		if want := (9.0/3 + 4) / 2; math.Abs(sums.Score().Loss-want) > 1e-6 || math.Abs(sums.Score().Metrics["mse"]-want) > 1e-12 {
			t.Errorf("%d steps: %+v, want a loss of %v", steps, sums.Score(), want)
		}
		if want := (2*-3*3.0/3 + 2*2*4) / 2; math.Abs(net.Grads()[0].F64[0]-want) > 1e-5 {
			t.Errorf("%d steps: gradient %v, want %v", steps, net.Grads()[0].F64[0], want)
		}
		if err := net.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A spike that is missing is at the van Rossum distance 1/2, two far from each other at 1, but for
// the time step: sum_k β^2k dt/tau.
func TestSpikeTarget(t *testing.T) {
	model := func(b *graph.Builder, x *G.Node) Outputs { return Outputs{Y: weight(1).Apply(b, "w", x)} }
	const steps, tau, dt = 400, 10e-3, 1e-3
	spikes := make([]float64, steps)
	spikes[5] = 1
	missing := 0.0
	for k := 1; k < steps; k++ {
		missing += math.Exp(-2*float64(k)*dt/tau) * dt / tau
	}
	d := listed{data.Form{Input: data.Sequence, Channels: 1, Steps: steps, Target: data.Target{Kind: data.SpikeTarget, Size: 1}}, []data.Sample{
		{X: spikes, Steps: steps, Spikes: []data.Spike{{Time: 5e-3}}},
		{X: spikes, Steps: steps},
		{X: spikes, Steps: steps, Spikes: []data.Spike{{Time: 200.5e-3}}},
	}}
	net, err := BPTT{Model: model, Target: d.form.Target, Graph: double}.Build(graph.NewParams(1), Shape{steps, 1, 1})
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	for k, want := range []float64{0, missing, 2 * missing} {
		sums, err := net.Evaluate(data.Batches{Data: d, Encoder: data.None{}, Size: 1, Steps: steps, Sequential: true}, 0, k)
		if err != nil || math.Abs(sums.Loss-want) > 1e-8 { // e^-19.5 of the first spike is left when the second comes
			t.Errorf("sample %d: loss %v, error %v, want %v", k, sums.Loss, err, want)
		}
	}
}

// A loss of one's own, and what does not go together.
func TestOwnLoss(t *testing.T) {
	hinge := func(b *graph.Builder, o Outputs, t Targets) *G.Node {
		return b.Check(G.Mean(b.Check(G.Rectify(b.Check(G.Sub(t.Y, o.Y))))))
	}
	model := func(b *graph.Builder, x *G.Node) Outputs {
		return Outputs{Y: b.Check(ops.SumOverTime(weight(1).Apply(b, "w", x)))}
	}
	d := listed{data.Form{Channels: 1, Target: data.Target{Kind: data.VectorTarget, Size: 1}}, []data.Sample{
		{X: []float64{1}, Y: []float64{5}}, {X: []float64{2}, Y: []float64{1}},
	}}
	set := data.Batches{Data: d, Encoder: data.Current{}, Size: 2, Steps: 1, Sequential: true}
	net, err := BPTT{Model: model, Target: d.form.Target, Loss: hinge, Graph: double}.Build(graph.NewParams(1), Shape{1, 2, 1})
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	if sums, err := net.Gradient(set, 0, 0); err != nil || sums.Score().Loss != 2 || net.Grads()[0].F64[0] != -0.5 {
		t.Errorf("loss %v, gradient %v, error %v, want 2 and -0.5", sums.Score().Loss, net.Grads()[0].F64, err)
	}
	set.Data = fixed{{1, 2}}
	if _, err := net.Gradient(set, 0, 0); !errors.Is(err, ErrSettings) {
		t.Errorf("classes for a network of vectors: error %v", err)
	}
	for name, m := range map[string]BPTT{
		"logits for a vector": {Model: func(b *graph.Builder, x *G.Node) Outputs {
			return Outputs{Logits: b.Check(ops.SumOverTime(x))}
		}, Target: d.form.Target},
		"another size":            {Model: model, Target: data.Target{Kind: data.VectorTarget, Size: 2}},
		"cross-entropy of vector": {Model: model, Target: d.form.Target, Loss: CrossEntropy},
		"distance of vectors":     {Model: model, Target: d.form.Target, Loss: VanRossum(1e-2)},
	} {
		if _, err := m.Build(graph.NewParams(1), Shape{1, 2, 1}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// A sample alone and in a batch buffer of any size gives one loss and one gradient, with a
// regulariser that averages over the batch, too.
func TestPaddingDoesNotCount(t *testing.T) {
	model := func(b *graph.Builder, x *G.Node) Outputs {
		h := models.LIF{}.Apply(b, "h", weight(0.4).Apply(b, "w", x))
		rate := ops.RateBounds{Lower: 30, Upper: math.Inf(1)}
		return Outputs{Logits: b.Check(ops.SumOverTime(h.Spikes)), Loss: b.Check(rate.Apply(h.Spikes))}
	}
	var want Sums
	var grad float64
	for _, size := range []int{1, 2, 10, 50} {
		net, err := BPTT{Model: model, Graph: double}.Build(graph.NewParams(1), Shape{20, size, 1})
		if err != nil {
			t.Fatal(err)
		}
		set := data.Batches{Data: listed{data.Form{Channels: 1, Target: data.Classes(1)}, []data.Sample{{X: []float64{1}}}}, Encoder: data.Current{}, Size: size, Steps: 20}
		sums, err := net.Gradient(set, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		if size == 1 {
			want, grad = sums, net.Grads()[0].F64[0]
			if !(want.Loss > 0) || grad == 0 {
				t.Fatalf("loss %v, gradient %v: the regulariser has no effect", want.Loss, grad)
			}
		}
		if sums.Loss != want.Loss || net.Grads()[0].F64[0] != grad {
			t.Errorf("in a batch of %d: loss %v, gradient %v, want %v, %v", size, sums.Loss, net.Grads()[0].F64[0], want.Loss, grad)
		}
		if err := net.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// From event to event: the losses of vectors and of spike times have their gradient, and a
// regression trains.
func TestEventTargets(t *testing.T) {
	for _, want := range []Answer{
		{Kind: data.VectorTarget, Y: []float64{1, -2, 3}},
		{Kind: data.SpikeTarget, Spikes: []data.Spike{{Time: 0.2, Channel: 2}, {Time: 0.3, Channel: 0}, {Time: 0.4, Channel: 2}}},
		{Kind: data.SpikeTarget},
	} {
		loss := squares{2.5, want}
		x, g, other := []float64{0.1, 0.7, -0.4}, make([]float64, 3), make([]float64, 3)
		if _, err := loss.Value(g, x); err != nil {
			t.Fatal(err)
		}
		for j := range x {
			const h = 1e-6
			at := func(d float64) float64 {
				y := append([]float64(nil), x...)
				y[j] += d
				v, err := loss.Value(other, y)
				if err != nil {
					t.Fatal(err)
				}
				return v
			}
			if fd := (at(h) - at(-h)) / (2 * h); math.Abs(fd-g[j]) > 1e-7 {
				t.Errorf("%+v: gradient[%d] is %v, differences say %v", want, j, g[j], fd)
			}
		}
	}
	// One output, the integral of the voltage, that is to be the feature itself.
	d := listed{data.Form{Channels: 1, Target: data.Target{Kind: data.VectorTarget, Size: 1}}, nil}
	for i := range 20 {
		x := float64(i) / 20
		d.samples = append(d.samples, data.Sample{X: []float64{x}, Y: []float64{0.5 + x}})
	}
	layer := eventprop.Layer{Params: eventprop.LIFParameters{TauMem: []float64{20e-3}, TauSyn: []float64{5e-3}, VTh: []float64{math.Inf(1)}}, In: eventprop.NewDense(1, 1)}
	layer.In.Weight[0] = 0.5
	m := EventProp{
		Layers: []EventLayer{{Name: "out", Layer: layer}}, Readout: eventprop.Integral{}, Scale: 100, Target: d.form.Target, Metrics: []Metric{MAE()},
	}
	net, err := m.Build(graph.NewParams(1))
	if err != nil {
		t.Fatal(err)
	}
	b := data.Batches{Data: d, Encoder: data.Latency{}, Size: 8, Duration: 0.1, Seed: 1}
	s := Settings{Epochs: 30, Optimizer: optim.Adam{LR: optim.Constant(0.05)}, Metrics: filepath.Join(t.TempDir(), "metrics.jsonl")}
	r, err := Run(context.Background(), net, Data{Train: b, Valid: b, Test: b}, s)
	if err != nil {
		t.Fatal(err)
	}
	first, err := ReadMetrics(s.Metrics)
	if err != nil {
		t.Fatal(err)
	}
	if !(r.Test.Loss < first[0].ValidLoss) || !(r.Test.Metrics["mae"] < first[0].ValidMetrics["mae"]) {
		t.Errorf("loss %v and mae %v after 30 epochs, %v and %v after the first", r.Test.Loss, r.Test.Metrics["mae"], first[0].ValidLoss, first[0].ValidMetrics["mae"])
	}
}
