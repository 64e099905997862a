package train

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/train/data"
)

// TestNetworkByHand has a network whose numbers are known: one weight per class, all 1 but for
// class 2 with 2, and two spikes of the input channel at most. The logits of a sample with x
// are (c, c, 2c) with c spikes.
func TestNetworkByHand(t *testing.T) {
	model := func(b *graph.Builder, x *G.Node) Outputs {
		w := models.Linear{Out: 3, Init: func(dst []float64, _ []int, _ *rand.Rand) { copy(dst, []float64{1, 1, 2}) }}
		logits := b.Check(ops.SumOverTime(w.Apply(b, "w", x)))
		return Outputs{Logits: logits, Layers: []Layer{{Name: "input", Spikes: x}}}
	}
	for _, dt := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		net, err := BPTT{Model: model, Graph: graph.Settings{DType: dt}}.Build(graph.NewParams(1), Shape{Steps: 2, Batch: 4, Channels: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer net.Close()
		// Samples with 2, 0 and 2 spikes, of the classes 2, 0 and 1: the first is right with
		// logits (2, 2, 4); the second has equal logits, which are no answer; the third is wrong.
		set := data.Batches{Data: fixed{{1, 2}, {0, 0}, {1, 1}}, Encoder: data.Current{}, Size: 4, Steps: 2, Sequential: true}
		sums, err := net.Evaluate(set, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		// ln(2e⁻² + 1), ln 3, ln(2e⁻² + 1) + 2 with e⁻² = 0.1353352832
		const want = 0.2395447662 + 1.0986122887 + 2.2395447662
		if sums.Rows != 3 || sums.Correct != 1 || sums.Loss < want-1e-5 || sums.Loss > want+1e-5 { // float32
			t.Errorf("%v: %+v, want 3 rows, 1 correct, loss %v", dt, sums, want)
		}
		if sums.Spikes != 4 {
			t.Errorf("%v: %v spikes per neuron, want 4", dt, sums.Spikes)
		}
		if sums, err = net.Gradient(set, 0, 0); err != nil || sums.Correct != 1 || sums.Spikes != 0 {
			t.Errorf("%v: training pass %+v, error %v", dt, sums, err)
		}
		// dL/dw = mean of (softmax - one-hot) · spikes, of the samples 0 and 2.
		p := 0.1065069789 // e⁻²/(2e⁻² + 1)
		for i, want := range []float64{2 * (2*p + 0) / 3, 2 * (2*p - 1) / 3, 2 * (2*(1-2*p) - 1) / 3} {
			if got := at(net.Grads()[0], i); got < want-1e-6 || got > want+1e-6 { // float32
				t.Errorf("%v: gradient[%d] is %v, want %v", dt, i, got, want)
			}
		}
	}
}

// fixed is a data set of given samples: the feature and the class.
type fixed [][2]float64

func (f fixed) Len() int      { return len(f) }
func (fixed) Form() data.Form { return data.Form{Channels: 1, Target: data.Classes(3)} }
func (f fixed) Sample(s *data.Sample, i int) error {
	s.Features(1)[0], s.Label = f[i][0], int(f[i][1])
	return nil
}

func TestBuildErrors(t *testing.T) {
	shape := Shape{Steps: 3, Batch: 2, Channels: 4}
	logits := func(f func(b *graph.Builder, x *G.Node) *G.Node) Model {
		return func(b *graph.Builder, x *G.Node) Outputs { return Outputs{Logits: f(b, x)} }
	}
	for _, c := range []struct {
		name string
		m    BPTT
		s    Shape
		want error
	}{
		{"no model", BPTT{}, shape, graph.ErrBuild},
		{"no logits", BPTT{Model: logits(func(*graph.Builder, *G.Node) *G.Node { return nil })}, shape, graph.ErrBuild},
		{"logits of a sequence", BPTT{Model: logits(func(_ *graph.Builder, x *G.Node) *G.Node { return x })}, shape, graph.ErrBuild},
		{"no steps", BPTT{Model: small}, Shape{0, 2, 4}, graph.ErrBuild},
		{"negative batch", BPTT{Model: small}, Shape{3, -2, 4}, graph.ErrBuild},
		{"no gradient", BPTT{Model: small, Graph: graph.Settings{NoGrad: true}}, shape, ErrSettings},
	} {
		if _, err := c.m.Build(graph.NewParams(1), c.s); !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", c.name, err, c.want)
		}
	}
}

func TestBatchErrors(t *testing.T) {
	net, err := BPTT{Model: small}.Build(graph.NewParams(1), Shape{31, 4, 5})
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	good := data.Batches{Data: yinYang(t, 9, 42), Encoder: data.TTFSBias{}, Size: 4, Steps: 31}
	for _, c := range []struct {
		change func(*data.Batches)
		k      int
		want   error
	}{
		{func(b *data.Batches) { b.Size = 5 }, 0, ErrSettings},
		{func(b *data.Batches) { b.Steps = 32 }, 0, ErrSettings},
		{func(b *data.Batches) { b.Encoder = data.Latency{} }, 0, ErrSettings},
		{func(b *data.Batches) { b.Encoder = data.TTFSBias{TLate: 1} }, 0, data.ErrOutside},
		{func(b *data.Batches) { b.Data = nil }, 0, data.ErrSettings},
		{func(*data.Batches) {}, 3, data.ErrIndex},
		{func(*data.Batches) {}, 2, nil}, // works after all these
	} {
		set := good
		c.change(&set)
		if _, err := net.Gradient(set, 0, c.k); !errors.Is(err, c.want) {
			t.Errorf("error %v, want %v", err, c.want)
		}
	}
}

// TestTrace compares the spikes of a trace with those that the evaluation counts.
func TestTrace(t *testing.T) {
	params := graph.NewParams(3)
	method := BPTT{Model: small}
	net, err := method.Build(params, Shape{31, 4, 5})
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	set := data.Batches{Data: yinYang(t, 4, 42), Encoder: data.TTFSBias{}, Size: 4, Steps: 31}
	sums, err := net.Evaluate(set, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	var batch data.Batch
	if err := set.Fill(&batch, 0, 0); err != nil {
		t.Fatal(err)
	}
	trace, err := method.Trace(params, &batch)
	if err != nil {
		t.Fatal(err)
	}
	correct, count := 0, 0.0
	for i, p := range trace.Predicted {
		if p == batch.Labels[i] {
			correct++
		}
	}
	l := trace.Layers[0]
	for _, s := range l.Spikes {
		count += s
	}
	if correct != sums.Correct || count/12 != sums.Spikes || count == 0 || l.Name != "hidden" || l.Neurons != 12 || len(l.Spikes) != 31*4*12 {
		t.Errorf("%d correct, %v spikes per neuron in layer %q of %d neurons; the evaluation has %+v", correct, count/12, l.Name, l.Neurons, sums)
	}
}

// TestNotFinite: parameters that have become infinite are an error that says where, and not a
// score.
func TestNotFinite(t *testing.T) {
	net, err := BPTT{Model: small}.Build(graph.NewParams(3), Shape{31, 4, 5})
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	set := data.Batches{Data: yinYang(t, 4, 42), Encoder: data.TTFSBias{}, Size: 4, Steps: 31}
	w := net.Params().Value("out/w").Float32s()
	for i := range w {
		w[i] = 3e38
	}
	_, err = net.Gradient(set, 0, 0)
	if !errors.Is(err, graph.ErrNotFinite) || !strings.Contains(err.Error(), "loss") {
		t.Errorf("error %v, want graph.ErrNotFinite of the loss", err)
	}
}
