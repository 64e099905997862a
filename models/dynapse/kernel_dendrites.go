package dynapse

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/cells"
	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/ops"
)

// The synapse types besides AMPA, in the order of weights and states.
const (
	gaba = iota
	nmda
	shunt
)

// column copies the column of a synapse type of weighted input [., 4] to dst.
func column[T kernel.Float](dst, x []T, i int) []T {
	dst = dst[:len(x)/SynapseTypes]
	for j := range dst {
		dst[j] = x[j*SynapseTypes+i]
	}
	return dst
}

// charge is a step of the GABA, NMDA and SHUNT of a group, given its weighted input of the four
// types:
//
//	I = exp(-dt/tau) I + (1-exp(-t_pulse/tau)) max(Igain/Itau Iscale W, 0)
//
// and what the synapses then drive into the membrane, and its leak. The dark current that flows
// into an idle synapse, max(., Io), is AMPA's alone: a neuron without the other types is the neuron
// with one synapse.
func (k *neuronKernel[T]) charge(p place, x []T, cur *cells.Currents[T], mem *cells.Membrane[T]) {
	var all [numMore][]T
	for i := range all {
		gain, charge, decay := per(p, k.coef[int(gainGABA)+i]), per(p, k.derived.chargeMore[i]), per(p, k.derived.decayMore[i])
		was := before(p, k.out.more[i], k.in.more[i])
		all[i] = now(p, k.out.more[i])
		for j := range all[i] {
			target := max(gain[j]*x[j*SynapseTypes+1+i], 0)
			all[i][j] = T(decay[j]*was[j]) + T(charge[j]*target)
		}
	}
	cutoff := per(p, k.coef[cutoff])
	for j := range mem.Syn {
		mem.Syn[j] = drive(cur.Isyn[j], all[gaba][j], all[nmda][j], mem.M[j], cutoff[j])
		mem.Leak[j] += all[shunt][j]
	}
}

// drive is what the synapses drive into the membrane, NMDA through a gate that opens where Imem is
// above If_nmda:
//
//	Iampa + g Inmda - Igaba,   g = 1/(1 + If_nmda/Imem)
func drive[T kernel.Float](iampa, igaba, inmda, m, cutoff T) T {
	return iampa + (T(inmda/(1+cutoff/m)) - igaba)
}

// drives computes the drive and the part of the leak that the adaptation does not move once more,
// for the adjoint.
func (k *neuronKernel[T]) drives(w *task[T], p place) (syn, leakMemShunt []T) {
	n := p.hi - p.lo
	syn, leakMemShunt = w.syn[:n], w.shunted[:n]
	isyn, post := now(p, k.out.isyn), before(p, k.out.ypost, k.in.imem)
	g, m, s := now(p, k.out.more[gaba]), now(p, k.out.more[nmda]), now(p, k.out.more[shunt])
	cutoff, leak := per(p, k.coef[cutoff]), per(p, k.coef[leakMem])
	for j := range syn {
		syn[j] = drive(isyn[j], g[j], m[j], cells.Exp(post[j]), cutoff[j])
		leakMemShunt[j] = leak[j] + s[j]
	}
	return syn, leakMemShunt
}

// discharge takes the adjoints of the drive and of the leak of a group back to the currents of
// GABA, NMDA and SHUNT before the step, to their coefficients and to the weighted input x; and it
// adds to that of ln Imem before the step.
func (k *neuronKernel[T]) discharge(p place, f *flow[T], lin *cells.Linear[T], x, dx []T) {
	var g [numMore][]T
	for i := range g {
		g[i] = of(p, f.more[i])
		if cotangent := k.gout.more[i]; cotangent != nil {
			for j, c := range now(p, cotangent) {
				g[i][j] += c
			}
		}
	}
	inmda, cut, dcut := now(p, k.out.more[nmda]), per(p, k.coef[cutoff]), sums(p, f, cutoff)
	for j, m := range lin.M0 {
		open := 1 / (1 + cut[j]/m)
		slope := T(T(lin.Gsyn[j]*inmda[j])*open) * open / m
		g[gaba][j] -= lin.Gsyn[j]
		g[nmda][j] += T(lin.Gsyn[j] * open)
		g[shunt][j] += lin.Gleak[j]
		dcut[j] -= slope
		lin.DPost[j] += T(slope * cut[j])
	}
	for i, gi := range g {
		gain, charge, decay := per(p, k.coef[int(gainGABA)+i]), per(p, k.derived.chargeMore[i]), per(p, k.derived.decayMore[i])
		was := before(p, k.out.more[i], k.in.more[i])
		dgain, dpulse, drate := sums(p, f, gainGABA+coef(i)), sums(p, f, pulseGABA+coef(i)), sums(p, f, rateGABA+coef(i))
		for j, c := range gi {
			at := j*SynapseTypes + 1 + i
			fall, to := T(c*decay[j]), T(gain[j]*x[at])
			drate[j] -= T(fall * was[j])
			dpulse[j] += T(T(c*max(to, 0)) * (1 - charge[j]))
			gto := T(T(c*charge[j]) * T(hardSlope(float64(to), 0)))
			dgain[j] += T(gto * x[at])
			dx[at] = T(gto * gain[j])
			gi[j] = fall
		}
	}
}

// typesKernel splits weighted input [B, 4N] into that of each type, [B, N].
type typesKernel[T kernel.Float] struct{}

func (typesKernel[T]) Name() string { return "synapse types" }

func (typesKernel[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	s := in[0]
	if s.Dims() != 2 || s[1]%SynapseTypes != 0 {
		return nil, fmt.Errorf("%w: input %v, want [B, 4N]", ops.ErrShape, s)
	}
	out := make([]tensor.Shape, SynapseTypes)
	for i := range out {
		out[i] = tensor.Shape{s[0], s[1] / SynapseTypes}
	}
	return out, nil
}

func (typesKernel[T]) Forward(in, out [][]T) error {
	for i := range out {
		column(out[i], in[0], i)
	}
	return nil
}

func (typesKernel[T]) Backward(_, _, gout, gin [][]T) error {
	clear(gin[0])
	for i, g := range gout {
		for j, v := range g {
			gin[0][j*SynapseTypes+i] = v
		}
	}
	return nil
}
