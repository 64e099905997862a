package models

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/ops"
)

// CountCrossEntropy is the cross-entropy of softmax(counts) with the class, for spikes [T, B, N]
// and class [B]:
//
//	L = mean_b CE(Σ_t s[t, b], class[b])
//
// snnTorch's ce_count_loss. A class outside of 0..N-1 leaves the row out
// ([ops.SoftmaxCrossEntropy]).
func CountCrossEntropy(b *graph.Builder, spikes, class *G.Node) *G.Node {
	return b.Check(ops.SoftmaxCrossEntropy(b.Check(ops.SumOverTime(spikes)), class))
}

// RateCrossEntropy asks for the class in every time step, for spikes [T, B, N] and class [B]:
//
//	L = 1/T Σ_t mean_b CE(s[t, b], class[b])
//
// snnTorch's ce_rate_loss: the neuron of the class is to fire all the time, the others never.
func RateCrossEntropy(b *graph.Builder, spikes, class *G.Node) *G.Node {
	if spikes.Dims() != 3 {
		b.Fail(fmt.Errorf("%w: RateCrossEntropy of spikes %v, want [T, B, N]", ErrParameter, spikes.Shape()))
	}
	s := spikes.Shape()
	each := make([]*G.Node, s[0])
	for t := range each {
		each[t] = class
	}
	classes := b.Check(G.Reshape(b.Check(ops.Stack(each)), tensor.Shape{s[0] * s[1]}))
	return b.Check(ops.SoftmaxCrossEntropy(b.Check(G.Reshape(spikes, tensor.Shape{s[0] * s[1], s[2]})), classes))
}

// MaxMembraneCrossEntropy is the cross-entropy of softmax(largest voltages) with the class, for
// voltages [T, B, N] and class [B]:
//
//	L = mean_b CE(max_t v[t, b], class[b])
//
// Cramer et al. 2022, doi:10.1109/TNNLS.2020.3044364; snnTorch's ce_max_membrane_loss.
func MaxMembraneCrossEntropy(b *graph.Builder, vmem, class *G.Node) *G.Node {
	return b.Check(ops.SoftmaxCrossEntropy(b.Check(ops.MaxOverTime(vmem)), class))
}

// CountMSE is the mean squared distance of the shares of time steps with a spike from their
// targets, for spikes [T, B, N] and targets [B, N] in 0..1:
//
//	L = mean_{b,n} (1/T Σ_t s[t, b, n] - y[b, n])²
//
// snnTorch's mse_count_loss divided by T, with y of the class at correct_rate and of others at
// incorrect_rate.
func CountMSE(b *graph.Builder, spikes, target *G.Node) *G.Node {
	return b.Check(ops.MSE(b.Check(ops.MeanOverTime(spikes)), target))
}

// MembraneMSE is the mean squared distance of voltages from their targets, both [T, B, N]:
//
//	L = mean_{t,b,n} (v[t, b, n] - y[t, b, n])²
//
// snnTorch's mse_membrane_loss, with the mean over the time steps.
func MembraneMSE(b *graph.Builder, vmem, target *G.Node) *G.Node {
	return b.Check(ops.MSE(vmem, target))
}

// FirstSpikeCrossEntropy is the cross-entropy of softmax(-t_first/tau) with the class, for spikes
// [T, B, N] and class [B]: the neuron of the class is to fire first,
//
//	L = mean_b CE(-t_first[b]/tau, class[b])
//
// tau is in s; silent neurons count as firing at the end.
//
// Mostafa 2018, doi:10.1109/TNNLS.2017.2726060, without the exponential of the times; the first
// spike's gradient is that of [ops.FirstSpikeTime].
func FirstSpikeCrossEntropy(b *graph.Builder, spikes, class *G.Node, tau float64) *G.Node {
	if !(tau > 0 && tau < 1e300) {
		b.Fail(fmt.Errorf("%w: FirstSpikeCrossEntropy with tau %v s, want a positive number", ErrParameter, tau))
	}
	first := b.Check(ops.FirstSpikeTime(spikes, b.Dt()))
	return b.Check(ops.SoftmaxCrossEntropy(b.Check(ops.Affine(first, -1/tau, 0)), class))
}

// FirstSpikeMSE is the mean squared distance of first spike times from target times [B, N] in s, in
// units of scale:
//
//	L = mean_{b,n} ((t_first[b, n] - t[b, n]) / scale)²
//
// snnTorch's mse_temporal_loss; scale, in s, keeps the numbers near 1.
func FirstSpikeMSE(b *graph.Builder, spikes, target *G.Node, scale float64) *G.Node {
	if !(scale > 0 && scale < 1e300) {
		b.Fail(fmt.Errorf("%w: FirstSpikeMSE with scale %v s, want a positive number", ErrParameter, scale))
	}
	first := b.Check(ops.FirstSpikeTime(spikes, b.Dt()))
	return b.Check(ops.MSE(b.Check(ops.Affine(first, 1/scale, 0)), b.Check(ops.Affine(target, 1/scale, 0))))
}
