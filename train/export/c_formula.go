package export

import (
	_ "embed" // the exponential
	"fmt"
	"slices"

	"github.com/surge-snn/surge/models"
)

//go:embed exp.c.txt
var expInC string

// Formula is a layer whose neurons act on themselves alone, or synapses of which each has a state
// of its own: the step of models.FormulaOf with its constants.
type Formula struct {
	*models.Formula
	Values [][]float64 // [N] of each parameter
	WRec   []float64   // [N, N], from the outputs of the step before; nil: none
	Gain   []float64   // of the input, [N], not rounded; nil: 1
}

// usesExp reports whether a layer needs the exponential of surge.
func (n *Network) usesExp() bool {
	return slices.ContainsFunc(n.Layers, func(l Layer) bool {
		return l.Formula != nil && slices.ContainsFunc(l.Formula.Lines, func(f models.FormulaLine) bool { return f.Op == "exp" })
	})
}

// arrays adds the constants of a formula.
func (f *Formula) arrays(add func(name string, v []float64, shape ...int), size int) {
	add("w_rec", f.WRec, size, size)
	add("gain", f.Gain, size)
	for i, name := range f.Params {
		add(name, f.Values[i], size)
	}
}

func (f *Formula) constants(c cWriter, id string) {
	c.array(id+"_w_rec", f.WRec)
	d := c
	d.real, d.suffix, d.n = "double", "", &Network{Double: true}
	d.array(id+"_gain", f.Gain)
	used := f.used()
	for i, name := range f.Params {
		if used[1+i] {
			c.array(id+"_"+name, f.Values[i])
		}
	}
}

func (f *Formula) state(c cWriter, id string, size int) {
	for _, name := range f.States {
		c.line("  real %s_%s[%d];", id, name, size)
	}
	c.line("  real %s_y[%d]; /* what it gave in the last step */", id, size)
}

// used tells which values the states and the output depend on.
func (f *Formula) used() []bool {
	first := 1 + len(f.Params) + len(f.States)
	used := make([]bool, first+len(f.Lines))
	for _, t := range append([]int{f.Outputs[0]}, f.Next...) {
		used[t] = true
	}
	for i := len(f.Lines) - 1; i >= 0; i-- {
		if l := f.Lines[i]; used[first+i] {
			used[l.A] = true
			used[l.B] = used[l.B] || slices.Contains([]string{"+", "-", "*", "/"}, l.Op)
		}
	}
	return used
}

// code writes the step of a formula with the input u.
func (f *Formula) code(c cWriter, id string, size int) {
	if f.Gain != nil {
		c.line("  for (j = 0; j < %d; j++) u[j] = (real)(%s_gain[j] * (double)u[j]);", size, id)
	}
	if f.WRec != nil {
		c.line("  for (k = 0; k < %d; k++) if (s->%s_y[k] != 0) for (j = 0; j < %d; j++) u[j] += s->%s_y[k] * %s_w_rec[k * %d + j];", size, id, size, id, id, size)
	}
	c.line("  for (j = 0; j < %d; j++) {", size)
	used := f.used()
	value := func(i int) string { return fmt.Sprintf("t%d", i) }
	let := func(i int, format string, args ...any) {
		if used[i] {
			c.line("    real %s = %s;", value(i), fmt.Sprintf(format, args...))
		}
	}
	let(0, "u[j]")
	for i, name := range f.Params {
		let(1+i, "%s_%s[j]", id, name)
	}
	states := 1 + len(f.Params)
	for i, name := range f.States {
		let(states+i, "s->%s_%s[j]", id, name)
	}
	first := states + len(f.States)
	for i, l := range f.Lines {
		a := value(l.A)
		switch l.Op {
		case "affine":
			let(first+i, "%s * %s + %s", c.number(c.rounded(l.C)), a, c.number(c.rounded(l.D)))
		case "exp":
			let(first+i, "(real)exp_((double)%s)", a)
		case "max":
			m := c.number(c.rounded(l.C))
			let(first+i, "%s > %s ? %s : %s", a, m, a, m)
		case "at_least":
			let(first+i, "%s >= %s", a, c.number(c.rounded(l.C)))
		case "copy":
			let(first+i, "%s", a)
		case "fire":
			if l.C == 1 {
				let(first+i, "%s > 0", a)
			} else {
				let(first+i, "%s > 0 ? (real)fmin(ceil((double)%s), %g) : 0", a, a, l.C)
			}
		default:
			let(first+i, "%s %s %s", a, l.Op, value(l.B))
		}
	}
	for i, name := range f.States {
		c.line("    s->%s_%s[j] = %s;", id, name, value(f.Next[i]))
	}
	c.line("    s->%s_y[j] = %s;\n  }", id, value(f.Outputs[0]))
}

// rounded rounds to the type of the program.
func (c cWriter) rounded(v float64) float64 {
	if c.n.Double {
		return v
	}
	return float64(float32(v))
}
