package gradcheck

import (
	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/models/dynapse"
)

// dynapseCases are the neurons of the DynapSE-2 chip. Currents are such that neurons fire several times within 8 steps, substeps
// counted, and that the adaptation acts.
func dynapseCases() []Case {
	const t, rows, n = 8, 2, 3
	all := []dynapse.Param{}
	for p := range dynapse.Param(dynapse.NumParams) {
		if p != dynapse.IfNMDA && p != dynapse.Dt {
			all = append(all, p)
		}
	}
	params := func() (p dynapse.Params) {
		p[dynapse.CMem] = []float64{1e-12}
		p[dynapse.Ispkthr] = []float64{3e-9}
		p[dynapse.Iref] = []float64{7e-10}
		p[dynapse.IpulseAHP] = []float64{3.5e-9}
		p[dynapse.IwAHP] = []float64{2e-9, 3e-9, 1e-9}
		return p
	}
	input := func(b *graph.Builder, t int) *G.Node { return b.Param("x", models.Uniform(1, 8), t, rows, n) }
	layer := func(l dynapse.Neurons) func(b *graph.Builder) {
		return func(b *graph.Builder) {
			l := l
			l.Params, l.Rule = params(), dynapse.SurgeS
			if l.Learn == nil {
				l.Learn = all
			}
			y := l.Apply(b, "chip", input(b, t/max(l.Substeps, 1)))
			probe(b, append(y.Final, y.Spikes, y.LnImem, y.Vmem(b))...)
		}
	}
	return []Case{
		{Name: "dynapse.Neurons", Model: layer(dynapse.Neurons{})},
		{Name: "dynapse.Neurons/recurrent", Model: layer(dynapse.Neurons{
			Recurrent: true, RecInit: models.Uniform(0, 1), RecMask: []float64{1, 1, 0, 1, 1, 1, 1, 0, 1},
			Core: []int{0, 1, 0}, Share: dynapse.OnCores, Learn: []dynapse.Param{dynapse.ItauMem, dynapse.IgainSyn, dynapse.IwAHP, dynapse.Iref},
		})},
		{Name: "dynapse.Neurons/substeps", Model: layer(dynapse.Neurons{
			Substeps: 2, Width: 1.5, Share: dynapse.PerNeuron, MaxSpikes: 1, SoftFloors: true, Learn: []dynapse.Param{dynapse.ItauSyn, dynapse.CMem},
		})},
		{Name: "dynapse.CodedWeights", Model: func(b *graph.Builder) {
			w := dynapse.CodedWeights{
				Codes: dynapse.Codes{Pre: n, Post: n, Code: []uint8{1, 2, 4, 8, 15, 3, 6, 9, 12}, Sign: []int8{1, -1, 1, 1, 1, -1, 1, 1, 1}},
				Core:  []int{1, 0, 1},
				Bases: []dynapse.BaseCurrents{{1e-9, 2e-9, 4e-9, 8e-9}, {1.1e-9, 2.3e-9, 3.9e-9, 8.5e-9}},
				Learn: true,
			}.Apply(b, "w")
			y := dynapse.Neurons{Params: params(), Rule: dynapse.SurgeS, RecWeights: w}.Apply(b, "chip", input(b, t))
			probe(b, w, y.Spikes, y.LnImem)
		}},
		{Name: "dynapse.Neurons/forced", Model: func(b *graph.Builder) {
			s := make([]float64, t*rows*n)
			for i := range s {
				if i%7 == 3 {
					s[i] = float64(1 + i%2)
				}
			}
			p := params()
			y := dynapse.Neurons{
				Params: p, Forced: b.Const("recorded", s, t, rows, n),
				Learn: []dynapse.Param{dynapse.ItauMem, dynapse.ItauSyn, dynapse.IgainMem, dynapse.ItauAHP, dynapse.Io, dynapse.KappaN},
			}.Apply(b, "chip", input(b, t))
			probe(b, y.LnImem, y.Vmem(b))
		}},
	}
}
