package fit

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/models/dynapse"
)

// wake moves a start at which the adaptation current does nothing, as at the defaults, to where it does. The charge of a spike,
//
//	jump = (1 - exp(-t_pulse_ahp/tau_ahp)) Igain_ahp/Itau_ahp Iw_ahp
//
// below the dark current Io vanishes in it, and no derivative leads out. Where the sum of the charges of frequent spikes, one per bin, stays below Io, fitted currents of the
// AHP other than its time constant share the way to a charge of half of Itau_mem.
func (f *fitter) wake() {
	groups := map[int][]int{} // coordinates of the AHP by their group
	var order []int
	for k, c := range f.coords {
		if c.is(dynapse.IgainAHP) || c.is(dynapse.IwAHP) || c.is(dynapse.IpulseAHP) {
			if groups[c.group] == nil {
				order = append(order, c.group)
			}
			groups[c.group] = append(groups[c.group], k)
		}
	}
	for _, g := range order {
		j := f.coords[groups[g][0]].neurons[0]
		value := func(p dynapse.Param) float64 {
			for _, k := range f.index(p) {
				if slices.Contains(f.coords[k].neurons, j) {
					return f.value(k, f.x[k])
				}
			}
			return f.start[p][j]
		}
		io := value(dynapse.Io)
		u := value(dynapse.Ut) / (value(dynapse.KappaN) + value(dynapse.KappaP)) * 2
		tau := u * value(dynapse.CAHP) / max(value(dynapse.ItauAHP), io)
		pulse := value(dynapse.Vth) * value(dynapse.CPulseAHP) / value(dynapse.IpulseAHP)
		jump := -fmath.Expm1(-pulse/tau) * max(value(dynapse.IgainAHP), io) / max(value(dynapse.ItauAHP), io) * value(dynapse.IwAHP)
		if jump/-fmath.Expm1(-f.dt/tau) > io {
			continue
		}
		way := fmath.Log(value(dynapse.ItauMem) / 2 / max(jump, math.SmallestNonzeroFloat64))
		var moved []string
		for i, k := range groups[g] {
			part := way / float64(len(groups[g])-i)
			sign := 1.0
			if f.coords[k].is(dynapse.IpulseAHP) { // a shorter pulse carries less
				sign = -1
			}
			lo, hi := f.box.At(k)
			x := min(max(f.x[k]+float64(sign*part), lo), hi)
			way -= float64(sign * (x - f.x[k]))
			f.x[k] = x
			moved = append(moved, fmt.Sprintf("%s = %.3g A", f.coords[k].name, f.value(k, x)))
		}
		f.moved = append(f.moved, "the adaptation current does nothing at the start; the search begins at "+strings.Join(moved, ", "))
	}
}
