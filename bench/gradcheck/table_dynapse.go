package gradcheck

import (
	"math/rand/v2"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
)

// dynapseCases are the neurons of the DynapSE-2 chip. Currents are such that neurons fire several
// times within 8 steps, substeps counted, and that the adaptation acts.
func dynapseCases() []Case {
	const t, rows, n = 8, 2, 3
	all := []dynapse.Param{}
	four := []dynapse.Param{}
	for p := range dynapse.Param(dynapse.NumParams) {
		if p != dynapse.IfNMDA && int(p) < dynapse.NumSingle && p != dynapse.Dt {
			all = append(all, p)
		}
		if p != dynapse.Dt {
			four = append(four, p)
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
	typed := func(b *graph.Builder, t int) *G.Node { return b.Param("x", models.Uniform(2, 6), t, rows, 4*n) }
	deviations, err := dynapse.Mismatch{Percent: 0.1}.Deviations(n, rows, false, rand.New(rand.NewPCG(1, 1)))
	if err != nil {
		panic(err) // numbers that are written here
	}
	layer := func(l dynapse.Neurons) func(b *graph.Builder) {
		return func(b *graph.Builder) {
			l := l
			l.Params, l.Rule = params(), dynapse.SurgeS
			if l.Learn == nil {
				l.Learn = all
			}
			x := input
			if l.FourSynapses {
				x = typed
				l.Params[dynapse.Idc] = []float64{5e-11} // beside the synapses the default is below the rounding of differences
				l.Params[dynapse.IfNMDA] = []float64{5e-11}
				l.Params[dynapse.IgainSHUNT] = []float64{4e-12}
				l.Params[dynapse.IgainGABA] = []float64{1e-10}
			}
			y := l.Apply(b, "chip", x(b, t/max(l.Substeps, 1)))
			probe(b, append(y.Final, y.Spikes, y.LnImem, y.Vmem(b))...)
		}
	}
	return []Case{
		{Name: "dynapse.Neurons", Covers: []string{"dynapse.Neurons"}, Model: layer(dynapse.Neurons{})},
		{Name: "dynapse.Neurons/recurrent", Model: layer(dynapse.Neurons{
			Recurrent: true, RecInit: models.Uniform(0, 1), RecMask: []float64{1, 1, 0, 1, 1, 1, 1, 0, 1},
			Core: []int{0, 1, 0}, Share: dynapse.OnCores, Learn: []dynapse.Param{dynapse.ItauMem, dynapse.IgainSyn, dynapse.IwAHP, dynapse.Iref},
		})},
		{Name: "dynapse.Neurons/substeps", Model: layer(dynapse.Neurons{
			Substeps: 2, Width: 1.5, Share: dynapse.PerNeuron, MaxSpikes: 1, SoftFloors: true, Learn: []dynapse.Param{dynapse.ItauSyn, dynapse.CMem},
		})},
		{Name: "dynapse.Neurons/four synapses", Model: layer(dynapse.Neurons{FourSynapses: true, Learn: four})},
		{Name: "dynapse.Neurons/four synapses, recurrent", Model: layer(dynapse.Neurons{
			FourSynapses: true, Recurrent: true, RecInit: models.Uniform(0, 1), Substeps: 2,
			Learn: []dynapse.Param{dynapse.IfNMDA, dynapse.ItauNMDA, dynapse.IgainGABA, dynapse.ItauSHUNT, dynapse.Ipulse},
		})},
		{Name: "dynapse.Neurons/chips that differ", Model: layer(dynapse.Neurons{
			Deviations: deviations, Recurrent: true, RecInit: models.Uniform(0, 1), Learn: []dynapse.Param{dynapse.ItauMem, dynapse.IgainSyn, dynapse.Io, dynapse.Ut},
		})},
		{Name: "chip.CodedWeights", Covers: []string{"chip.CodedWeights"}, Model: func(b *graph.Builder) {
			w := chip.CodedWeights{
				Codes: chip.Codes{Pre: n, Post: n, Code: []uint8{1, 2, 4, 8, 15, 3, 6, 9, 12}, Sign: []int8{1, -1, 1, 1, 1, -1, 1, 1, 1}},
				Core:  []int{1, 0, 1},
				Bases: []chip.BaseCurrents{{1e-9, 2e-9, 4e-9, 8e-9}, {1.1e-9, 2.3e-9, 3.9e-9, 8.5e-9}},
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
