package train

import (
	"math"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/train/data"
)

// spiking returns the spikes of the output neurons, [T, B, N], and the steps of each sample, [B].
func (o Outputs) spiking(b *graph.Builder, loss string) (spikes, length *G.Node) {
	if spikes = o.Y; spikes == nil || spikes.Dims() != 3 {
		spikes = o.Trace
	}
	if spikes == nil || spikes.Dims() != 3 {
		b.Failf("%s: spikes of output neurons: found %s, want Outputs.Trace or Y of shape [T, B, N]", loss, shapeOf(spikes))
	}
	return spikes, Lengths(b, spikes.Shape()[1])
}

// RateCrossEntropy asks for the class in every time step of a sample, of spikes s in Outputs.Trace
// or Y:
//
//	L = mean over b and t < length(b) of CE(s[t, b], class[b])
//
// Where all samples are of one length it is [models.RateCrossEntropy], snnTorch's ce_rate_loss.
func RateCrossEntropy(b *graph.Builder, o Outputs, t Targets) *G.Node {
	if t.Class == nil {
		b.Failf("RateCrossEntropy of a data set with the target %v, want class", t.Kind)
	}
	spikes, length := o.spiking(b, "RateCrossEntropy")
	s := spikes.Shape()
	// The class in each step, and -1 behind the end.
	each := b.Check(ops.Stack(slices.Repeat([]*G.Node{b.Check(ops.Affine(t.Class, 1, 1))}, s[0])))
	inside := b.Check(ops.Until(b.Check(G.Reshape(each, tensor.Shape{s[0], s[1], 1})), length))
	classes := b.Check(G.Reshape(b.Check(ops.Affine(inside, 1, -1)), tensor.Shape{s[0] * s[1]}))
	return b.Check(ops.SoftmaxCrossEntropy(b.Check(G.Reshape(spikes, tensor.Shape{s[0] * s[1], s[2]})), classes))
}

// CountSquares is the mean squared distance of the shares of the steps of a sample with a spike
// from those of its target,
//
//	L = mean over b and n of (1/length(b) Σ_t s[t, b, n] - y[b, n])²
//
// where y is a vector, or right for the class and wrong for the others. Where all samples are of
// one length it is [models.CountMSE], snnTorch's mse_count_loss.
func CountSquares(right, wrong float64) Loss {
	return func(b *graph.Builder, o Outputs, t Targets) *G.Node {
		spikes, length := o.spiking(b, "CountSquares")
		y := t.Y
		switch {
		case t.Class != nil:
			y = b.Check(ops.Affine(oneHot(b, t.Class, spikes.Shape()[2]), right-wrong, wrong))
		case t.Kind != data.VectorTarget:
			b.Failf("CountSquares of a data set with the target %v, want class or vector", t.Kind)
		}
		return b.Check(ops.MSE(b.Check(ops.MeanUntil(spikes, length)), y))
	}
}

// oneHot returns 1 for the class of each row and 0 for others, [B, N], of classes [B].
func oneHot(b *graph.Builder, class *G.Node, n int) *G.Node {
	rows := class.Shape()[0]
	numbers, ones := make([]float64, rows*n), make([]float64, n)
	for i := range numbers {
		numbers[i], ones[i%n] = float64(i%n), 1
	}
	column := b.Check(G.Reshape(class, tensor.Shape{rows, 1}))
	spread := b.Check(G.Mul(column, b.Const("loss/ones", ones, 1, n)))
	square := b.Check(G.Square(b.Check(G.Sub(spread, b.Const("loss/numbers", numbers, rows, n)))))
	return b.Check(ops.Floor(b.Check(ops.Affine(square, -1, 1)), 0)) // exact: whole numbers
}

// FirstSpikeSquares is the mean squared distance of first spikes from those of a data.SpikeTarget,
// in units of unit, s,
//
//	L = mean over b and n of ((t_first[b, n] - t[b, n]) / unit)²
//
// where a neuron, or a target, without a spike has its first one at the end of the sample: of
// [models.FirstSpikeMSE], snnTorch's mse_temporal_loss.
func FirstSpikeSquares(unit float64) Loss {
	return func(b *graph.Builder, o Outputs, t Targets) *G.Node {
		if t.Kind != data.SpikeTarget {
			b.Failf("FirstSpikeSquares of a data set with the target %v, want spikes", t.Kind)
		}
		if !(unit > 0 && unit < 1e300) {
			b.Failf("FirstSpikeSquares: unit is %v s, want a finite number > 0", unit)
		}
		spikes, length := o.spiking(b, "FirstSpikeSquares")
		found := b.Check(ops.FirstSpikeUntil(spikes, length, b.Dt()))
		want := b.Check(ops.FirstSpikeUntil(t.Y, length, b.Dt()))
		return b.Check(ops.MSE(b.Check(ops.Affine(found, 1/unit, 0)), b.Check(ops.Affine(want, 1/unit, 0))))
	}
}

// VanRossum is the van Rossum distance between the spikes in Outputs.Y or Trace and those of the
// target, both filtered by exp(-t/tau), until the end of each sample,
//
//	L = mean over the samples and channels of 1/tau ∫ (f(Y) - f(Target))² dt
//
// (van Rossum 2001, doi:10.1162/089976601300014321), with tau in s: the default, with 10 ms, for a
// data.SpikeTarget. Two spikes far from each other and from the end are at the distance 1, a spike
// that is missing at 1/2, for time steps that are short beside tau.
func VanRossum(tau float64) Loss {
	return func(b *graph.Builder, o Outputs, t Targets) *G.Node {
		if t.Kind != data.SpikeTarget {
			b.Failf("VanRossum of a data set with the target %v, want spikes", t.Kind)
		}
		if !(tau > 0) || math.IsInf(tau, 0) {
			b.Failf("VanRossum: tau is %v s, want a finite number > 0", tau)
		}
		spikes, length := o.spiking(b, "VanRossum")
		d := models.ExpSyn{TauSyn: models.Fixed(tau)}.Apply(b, "loss/van_rossum", b.Check(G.Sub(spikes, t.Y)))
		squares := b.Check(ops.SumUntil(b.Check(G.Square(d.Isyn)), length))
		return b.Check(ops.Affine(b.Check(G.Mean(squares)), b.Dt()/tau, 0))
	}
}
