package fitcmd

import (
	"fmt"
	"math"
	"slices"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
)

// quantised returns the weights as the chip holds them: those that are codes already keep them, and the inputs get the codes next to their weights.
func (e *subject) quantised(in, rec chip.Weights, core []int, s chip.QuantiseSettings, o *outcome) (*chip.Quantised, error) {
	c := e.Space.Codes
	if c == nil {
		return chip.Quantise(in, rec, core, s)
	}
	if s.Iscale == 0 {
		s.Iscale = dynapse.Iscale.Default()
	}
	q := &chip.Quantised{Rec: *c, Core: core, Bases: make([]chip.BaseCurrents, slices.Max(core)+1), Iscale: s.Iscale}
	for j, i := range core {
		q.Bases[i] = o.Bases[j]
	}
	q.In = chip.Codes{Pre: in.Pre, Post: in.Post, Code: make([]uint8, len(in.W)), Sign: make([]int8, len(in.W))}
	for i, w := range in.W {
		if w == 0 {
			continue
		}
		nearest := math.Inf(1)
		for code := range uint8(1 << chip.WeightBits) {
			sum := 0.0
			for k, x := range q.Bases[core[i%in.Post]] {
				sum += x * float64(code>>k&1)
			}
			if d := math.Abs(sum/s.Iscale - w); d < nearest {
				nearest, q.In.Code[i], q.In.Sign[i] = d, code, 1
			}
		}
		if nearest > 0.05*w {
			o.Notes = append(o.Notes, fmt.Sprintf("device.json: the base currents make no input weight of %g for neuron %d, but one that is off by %.2g", w, i%in.Post, nearest))
		}
	}
	return q, nil
}
