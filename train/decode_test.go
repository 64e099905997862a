package train_test

import (
	"errors"
	"math"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/random"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/train/data"
)

// decoded encodes features and reads the spikes out again.
func decoded(t *testing.T, e data.Encoder, x []float64, steps int, readout func(b *graph.Builder, s *G.Node) (*G.Node, error)) []float64 {
	t.Helper()
	n := e.Channels(len(x))
	block := data.NewBlock(steps, n)
	if err := e.Encode(block, x, random.New(1, "encode")); err != nil {
		t.Fatal(err)
	}
	prog, err := graph.Build(graph.NewParams(1), graph.Settings{DType: tensor.Float64, NoGrad: true}, func(b *graph.Builder) {
		b.Output("y", b.Check(readout(b, b.Input("s", steps, 1, n))))
	})
	if err != nil {
		t.Fatal(err)
	}
	in := make([]float64, len(block.Data))
	for i, v := range block.Data {
		in[i] = float64(v)
	}
	if err := errors.Join(prog.Set("s", in), prog.Run()); err != nil {
		t.Fatal(err)
	}
	return prog.Output("y").Float64s()
}

// TestDecodersInvertEncoders: what an encoder makes of features, its decoder turns back into them.
func TestDecodersInvertEncoders(t *testing.T) {
	x := []float64{0.1, 0.25, 0.5, 0.8, 1}
	plain := func(f func(*G.Node) (*G.Node, error)) func(*graph.Builder, *G.Node) (*G.Node, error) {
		return func(_ *graph.Builder, s *G.Node) (*G.Node, error) { return f(s) }
	}
	first := func(b *graph.Builder, s *G.Node) (*G.Node, error) { return ops.FirstSpikeTime(s, b.Dt()) }
	for _, c := range []struct {
		name    string
		e       data.Encoder
		steps   int
		readout func(*graph.Builder, *G.Node) (*G.Node, error)
		back    func(y float64) float64
		tol     float64
	}{
		// A spike is at the nearest millisecond or the one before: one of the 40 that stand for 1.
		{"latency, first spike", data.Latency{TMax: 40e-3}, 50, first, func(y float64) float64 { return 1 - y/40e-3 }, 1. / 40},
		// A step of 1 ms too early: |dx/dt| = x (x-θ)/(θ τ) is 10 per s at most, at the feature 1.
		{"logarithmic latency, first spike", data.Latency{TMax: 2.4, Threshold: 0.09, Tau: 1}, 2401, first, func(y float64) float64 { return 0.09 / -math.Expm1(-y) }, 0.011},
		{"ttfs, first spike", data.TTFSBias{TLate: 40e-3}, 50, first, func(y float64) float64 { return y / 40e-3 }, 1. / 40},
		// 20000 steps at 500 Hz: 10000 spikes of the feature 1, five deviations of a Bernoulli
		// count, 5/sqrt(4 20000) at most, over 0.5.
		{"rate, count", data.Rate{MaxRate: 500}, 20000, plain(ops.SumOverTime), func(y float64) float64 { return y / 10000 }, 0.036},
		{"current, mean", data.Current{Scale: 2}, 30, plain(ops.MeanOverTime), func(y float64) float64 { return y / 2 }, 1e-7},
		{"current, max", data.Current{Scale: 2}, 30, plain(ops.MaxOverTime), func(y float64) float64 { return y / 2 }, 1e-7},
		{"current, last", data.Current{Scale: 2}, 30, plain(ops.LastStep), func(y float64) float64 { return y / 2 }, 1e-7},
		// Eight binary digits.
		{"phase, count of weighted spikes", data.Phase{Bits: 8}, 8, plain(ops.SumOverTime), func(y float64) float64 { return y }, 1. / 256},
	} {
		y := decoded(t, c.e, x, c.steps, c.readout)
		for i, want := range x {
			if got := c.back(y[i]); math.Abs(got-want) > c.tol*(1+1e-9) {
				t.Errorf("%s: feature %v becomes %v", c.name, want, got)
			}
		}
	}
}
