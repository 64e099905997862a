package fit

import (
	"math"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/models/dynapse"
)

// A refractory time acts in whole steps, and the chip has it as a current.

// bins returns the refractory time of coordinate k in steps, ceil(t_ref/step), for the value x.
func (s *space) bins(k int, x float64) int {
	return int(math.Ceil(s.tref(k)/fmath.Exp(x)/s.step() - 1e-9))
}

// step is the time step of the simulation, s: a bin, or with substeps a part of it.
func (s *space) step() float64 { return s.start[dynapse.Dt][0] / float64(max(s.Network.Substeps, 1)) }

// lnIref returns the coordinate for a refractory time in steps.
func (s *space) lnIref(k int, bins float64) float64 {
	return fmath.Log(s.tref(k) / (bins * s.step()))
}

// tref returns Vth C_ref of the neurons of coordinate k, in ampere seconds.
func (s *space) tref(k int) float64 {
	j := s.coords[k].neurons[0]
	return s.start[dynapse.Vth][j] * s.start[dynapse.CRef][j]
}
