package experiment

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
)

// Text writes a network as the tables [network] and [init] of an experiment file, which
// [ParseNetwork] reads as an equal one: what has a value in n, the cores and the weights of input
// channels, if they are not nil.
func Text(n dynapse.Network, core []int, in *chip.Weights) string {
	var b strings.Builder
	number := func(x float64) string {
		s := strconv.FormatFloat(x, 'g', -1, 64)
		if !strings.ContainsAny(s, ".e") {
			s += ".0"
		}
		return s
	}
	list := func(x []float64) string {
		if len(slices.Compact(slices.Clone(x))) == 1 {
			return number(x[0])
		}
		var parts []string
		for _, v := range x {
			parts = append(parts, number(v))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	b.WriteString("model = \"dynapsim\"\n")
	if dt := n.Params[dynapse.Dt]; len(dt) > 0 {
		fmt.Fprintf(&b, "dt = %s\n", number(dt[0]))
	}
	fmt.Fprintf(&b, "[network]\nneurons = %d\n", n.N)
	if n.FourSynapses {
		b.WriteString("synapses = 4\n")
	}
	if n.WRec != nil {
		b.WriteString("recurrent = true\n")
	}
	if n.MaxSpikes > 0 {
		fmt.Fprintf(&b, "max_spikes_per_dt = %s\n", number(n.MaxSpikes))
	}
	if n.Substeps > 0 {
		fmt.Fprintf(&b, "substeps = %d\n", n.Substeps)
	}
	if core != nil {
		fmt.Fprintf(&b, "core = %s\n", strings.Join(strings.Fields(fmt.Sprint(core)), ", "))
	}
	b.WriteString("[init]\n")
	for p := range dynapse.Param(dynapse.NumParams) {
		if x := n.Params[p]; len(x) > 0 && p != dynapse.Dt {
			fmt.Fprintf(&b, "%v = %s\n", p, list(x))
		}
	}
	if in == nil {
		in = &chip.Weights{}
	}
	for _, m := range []struct {
		name  string
		w     []float64
		width int
	}{{recurrentWeights, n.WRec, len(n.WRec) / max(n.N, 1)}, {inputWeights, in.W, in.Post}} {
		if len(m.w) == 0 {
			continue
		}
		var rows []string
		for row := range slices.Chunk(m.w, max(m.width, 1)) {
			var parts []string
			for _, v := range row {
				parts = append(parts, number(v))
			}
			rows = append(rows, "["+strings.Join(parts, ", ")+"]")
		}
		fmt.Fprintf(&b, "%s = [%s]\n", m.name, strings.Join(rows, ", "))
	}
	return b.String()
}
