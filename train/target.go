package train

import (
	"math"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/train/data"
)

// Targets are the targets of a batch of B samples as nodes. What the data set does not have
// is nil.
type Targets struct {
	// Kind is that of the data set.
	Kind data.TargetKind
	// Class is the class of each sample, [B], of a data.ClassTarget.
	Class *G.Node
	// Y is what the network is to give: [B, Size] of a data.VectorTarget, [T, B, Size] of a
	// data.SequenceTarget, and of a data.SpikeTarget, [T, B, Size], the number of spikes in each
	// time step.
	Y *G.Node
	// Weight is the share that each element of Y has in a mean over the samples, 0 beyond the end
	// of a sequence:
	//
	//	Weight[t, b, i] = 1/(B Size length(b))   where t < length(b)
	//
	// [T, B, Size] with a Y [T, B, Size]. Its sum is 1.
	Weight *G.Node
}

// Loss adds the loss of a batch to a graph: a scalar, the mean over its samples, of what the
// model gives and the targets. It must not use what the targets do not have, and is called more
// than once, as a [Model] is. A batch has no padding: the last one of an epoch, which is short,
// is a graph of its own.
type Loss func(b *graph.Builder, o Outputs, t Targets) *G.Node

// CrossEntropy is the mean of the cross-entropy of softmax(o.Logits) with the class,
//
//	L = mean_b CE(o.Logits[b], class[b])
//
// the default for a data.ClassTarget, see [ops.SoftmaxCrossEntropy].
func CrossEntropy(b *graph.Builder, o Outputs, t Targets) *G.Node {
	if t.Class == nil {
		b.Failf("CrossEntropy of a data set with the target %v, want class", t.Kind)
	}
	return b.Check(ops.SoftmaxCrossEntropy(o.Logits, t.Class))
}

// MeanSquares is the mean of the squares of o.Y - t.Y over all elements and samples,
//
//	L = sum Weight (Y - Target)²
//
// with steps beyond the end of a sequence left out: the default for a data.VectorTarget and a
// data.SequenceTarget.
func MeanSquares(b *graph.Builder, o Outputs, t Targets) *G.Node {
	if t.Y == nil {
		b.Failf("MeanSquares of a data set with the target %v, want vector, sequence or spikes", t.Kind)
	}
	if t.Weight == nil {
		return b.Check(ops.MSE(o.Y, t.Y))
	}
	return weighted(b, b.Check(G.Sub(o.Y, t.Y)), t.Weight)
}

// weighted returns sum Weight d².
func weighted(b *graph.Builder, d, weight *G.Node) *G.Node {
	return b.Check(G.Sum(b.Check(G.HadamardProd(b.Check(G.Square(d)), weight))))
}

// defaultLoss is the loss of a data set whose targets have this kind.
func defaultLoss(k data.TargetKind) Loss {
	switch k {
	case data.VectorTarget, data.SequenceTarget:
		return MeanSquares
	case data.SpikeTarget:
		return VanRossum(10e-3)
	}
	return CrossEntropy
}

// Answer is what a network is to give for one sample.
type Answer struct {
	Kind   data.TargetKind
	Size   int          // of the target, see [data.Target]
	Label  int          // data.ClassTarget
	Y      []float64    // as in [data.Sample]
	Spikes []data.Spike // data.SpikeTarget
}

// Found returns what a network gives for element i of Y, out of all that it gives: for a sequence
// whose steps last several time steps ([data.Batches].Hold) that at the end of them. It is NaN
// where out has no such element.
func (a Answer) Found(out []float64, i int) float64 {
	if i < 0 {
		return math.NaN()
	}
	held := max(len(out)/max(len(a.Y), 1), 1)
	size := max(a.Size, 1)
	if at := (i/size*held+held-1)*size + i%size; at < len(out) {
		return out[at]
	}
	return math.NaN()
}

// Metric is a number that is reported beside the loss, the mean over the samples.
type Metric struct {
	// Name is that of the number in metrics.jsonl, "mae".
	Name string
	// Of returns the number for one sample, from what the network gives for it: its logits, or
	// its row of Outputs.Y, [Size] or [length, Size].
	Of func(out []float64, want Answer) float64
	// OfSpikes, in place of Of, returns the number from the spikes of the output neurons, by rising
	// time, for a data.SpikeTarget. Those of a network with time steps are at the beginning of
	// their step.
	OfSpikes func(out []data.Spike, want Answer) float64
}

// value is the number for one sample.
func (m Metric) value(out []float64, spikes []data.Spike, want Answer) float64 {
	if m.OfSpikes != nil {
		return m.OfSpikes(spikes, want)
	}
	return m.Of(out, want)
}

// MAE is the mean absolute error over the elements of a vector or a sequence:
//
//	mean_i |y_i - target_i|
func MAE() Metric { return Metric{Name: "mae", Of: meanOf(math.Abs)} }

// MSE is the mean squared error over the elements of a vector or a sequence:
//
//	mean_i (y_i - target_i)²
func MSE() Metric {
	return Metric{Name: "mse", Of: meanOf(func(d float64) float64 { return d * d })}
}

func meanOf(f func(d float64) float64) func([]float64, Answer) float64 {
	return func(out []float64, want Answer) float64 {
		sum := 0.0
		for i, y := range want.Y {
			sum += f(want.Found(out, i) - y)
		}
		return sum / float64(max(len(want.Y), 1))
	}
}
