package fit

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/models/dynapse"
)

// awake moves a start x at which the adaptation current does nothing, as at the defaults, to where
// it does. The charge of a spike,
//
//	jump = (1 - exp(-t_pulse_ahp/tau_ahp)) Igain_ahp/Itau_ahp Iw_ahp
//
// below the dark current Io vanishes in it, and no derivative leads out. Where the sum of the
// charges of frequent spikes, one per bin, stays below Io, fitted currents of the AHP other than
// its time constant share the way to a charge of half of Itau_mem.
func awake(p *problem, x []float64) (_ []float64, note string) {
	x = slices.Clone(x)
	var moves []string
	groups := map[int][]int{} // coordinates of the AHP by their group
	var order []int
	for k, c := range p.coords {
		if c.is(dynapse.IgainAHP) || c.is(dynapse.IwAHP) || c.is(dynapse.IpulseAHP) {
			if groups[c.group] == nil {
				order = append(order, c.group)
			}
			groups[c.group] = append(groups[c.group], k)
		}
	}
	for _, g := range order {
		j := p.coords[groups[g][0]].neurons[0]
		value := func(q dynapse.Param) float64 {
			for _, k := range p.index(q) {
				if slices.Contains(p.coords[k].neurons, j) {
					return p.value(k, x[k])
				}
			}
			return p.space.start[q][j]
		}
		io := value(dynapse.Io)
		u := value(dynapse.Ut) / (value(dynapse.KappaN) + value(dynapse.KappaP)) * 2
		tau := u * value(dynapse.CAHP) / max(value(dynapse.ItauAHP), io)
		pulse := value(dynapse.Vth) * value(dynapse.CPulseAHP) / value(dynapse.IpulseAHP)
		jump := -fmath.Expm1(-pulse/tau) * max(value(dynapse.IgainAHP), io) / max(value(dynapse.ItauAHP), io) * value(dynapse.IwAHP)
		if jump/-fmath.Expm1(-p.dt/tau) > io {
			continue
		}
		way := fmath.Log(value(dynapse.ItauMem) / 2 / max(jump, math.SmallestNonzeroFloat64))
		for i, k := range groups[g] {
			part := way / float64(len(groups[g])-i)
			sign := 1.0
			if p.coords[k].is(dynapse.IpulseAHP) { // a shorter pulse carries less
				sign = -1
			}
			lo, hi := p.box.At(k)
			y := min(max(x[k]+float64(sign*part), lo), hi)
			way -= float64(sign * (y - x[k]))
			x[k] = y
			moves = append(moves, fmt.Sprintf("%s = %.3g A", p.coords[k].name, p.value(k, y)))
		}
	}
	if len(moves) > 0 {
		note = "the adaptation current does nothing at the start; the search begins at " + strings.Join(moves, ", ")
	}
	return x, note
}
