package dynapse

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/ops"
)

// The synapse types besides AMPA, in the order of weights and states.
const (
	gaba = iota
	nmda
	shunt
)

// charge is a step of neuron j's GABA, NMDA and SHUNT, given its weighted input of the four types:
//
//	I = exp(-dt/tau) I + (1-exp(-t_pulse/tau)) max(Igain/Itau Iscale W, 0)
//
// The dark current that flows into an idle synapse, max(., Io), is AMPA's alone: a neuron without the other types is the neuron
// with one synapse.
func (k *neuronKernel[T]) charge(j int, c *[numCoefs][]T, d *derived[T], w []T, more *[numMore][]T) {
	for i, x := range more {
		target := max(c[int(gainGABA)+i][j]*w[j*(1+numMore)+1+i], 0)
		x[j] = T(d.decayMore[i][j]*x[j]) + T(d.chargeMore[i][j]*target)
	}
}

// drive is what the synapses drive into the membrane, NMDA through a gate that opens where Imem is above If_nmda:
//
//	Iampa + g Inmda - Igaba,   g = 1/(1 + If_nmda/Imem)
func drive[T kernel.Float](iampa, igaba, inmda, m, cutoff T) T {
	return iampa + (T(inmda/(1+cutoff/m)) - igaba)
}

// undrive takes the adjoints of the drive and of the leak of neuron j to those of its currents, g. It returns that of ln Imem before the
// step.
func undrive[T kernel.Float](g *[numMore]T, gdrive, gleak, inmda, m, cutoff T, pcutoff *T) (gm T) {
	open := 1 / (1 + cutoff/m)
	slope := T(T(gdrive*inmda)*open) * open / m
	g[gaba] -= gdrive
	g[nmda] += T(gdrive * open)
	g[shunt] += gleak
	*pcutoff -= slope
	return T(slope * cutoff)
}

// discharge takes the adjoints g of the currents after a step of neuron j back to those before it, dmore, to the coefficients and to
// the weighted input; before are the currents before the step.
func (k *neuronKernel[T]) discharge(j int, g, before *[numMore]T, c *[numCoefs][]T, d *derived[T], w, dx []T, p *[numCoefs][]T, dmore *[numMore][]T) {
	for i, gi := range g {
		at := j*(1+numMore) + 1 + i
		gain, charge, decay := c[int(gainGABA)+i][j], d.chargeMore[i][j], d.decayMore[i][j]
		p[int(rateGABA)+i][j] -= T(T(gi*decay) * before[i])
		a := T(gain * w[at])
		target, slope := max(a, 0), T(hardSlope(float64(a), 0))
		p[int(pulseGABA)+i][j] += T(T(gi*target) * (1 - charge))
		gtarget := T(T(gi*charge) * slope)
		p[int(gainGABA)+i][j] += T(gtarget * w[at])
		dx[at] = T(gtarget * gain)
		dmore[i][j] = T(gi * decay)
	}
}

// typesKernel splits weighted input [B, 4N] into that of each type, [B, N].
type typesKernel[T kernel.Float] struct{}

func (typesKernel[T]) Name() string { return "synapse types" }

func (typesKernel[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	s := in[0]
	if s.Dims() != 2 || s[1]%(1+numMore) != 0 {
		return nil, fmt.Errorf("%w: input %v, want [B, 4N]", ops.ErrShape, s)
	}
	out := make([]tensor.Shape, 1+numMore)
	for i := range out {
		out[i] = tensor.Shape{s[0], s[1] / (1 + numMore)}
	}
	return out, nil
}

func (typesKernel[T]) Forward(in, out [][]T) error {
	for i, x := range in[0] {
		out[i%(1+numMore)][i/(1+numMore)] = x
	}
	return nil
}

func (typesKernel[T]) Backward(_, _, gout, gin [][]T) error {
	for i := range gin[0] {
		gin[0][i] = of(gout[i%(1+numMore)], i/(1+numMore))
	}
	return nil
}
