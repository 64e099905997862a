package export

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/surge-snn/surge/internal/given"
)

// C writes the network as one C99 file without dependencies but the standard library (math.h for
// fma), with the functions
//
//	int surge_run(const real *input, int steps, real *logits);
//
// which takes the encoded sample [steps][inputs], writes a logit per class and returns the class of
// the largest, -1 where several are the largest or one is not a number, and
//
//	void surge_reset(surge_state *s);
//	void surge_step(surge_state *s, const real *x);
//
// for streams: a step leaves the spikes of each layer in the state. Of a network whose readout is
// each step of its outputs, for sequences and spike times, surge_run writes these,
// [steps][classes], and returns nothing. With -DSURGE_MAIN the file is a program that reads
// samples of SURGE_STEPS steps from standard input as text and prints class and logits of each, or
// all outputs.
//
// The operations and their order are those of surge's fused engine on a batch of one sample: the
// spikes are the same, bit for bit, where the compiler keeps to the rules of IEEE 754 (not
// -ffast-math; contraction is switched off in the file).
func (n *Network) C(w io.Writer) error {
	if err := n.check(); err != nil {
		return err
	}
	if err := given.Need("w", w); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	b := bufio.NewWriter(w)
	c := cWriter{b, n, "float", "f"}
	if n.Double {
		c.real, c.suffix = "double", ""
	}
	c.head()
	for i := range n.Layers {
		c.constants(i)
	}
	c.state()
	for i := range n.Layers {
		c.layer(i)
	}
	c.step()
	c.run()
	return b.Flush()
}

type cWriter struct {
	*bufio.Writer
	n            *Network
	real, suffix string
}

func (c cWriter) line(format string, args ...any) { fmt.Fprintf(c, format+"\n", args...) }

func (c cWriter) head() {
	n := c.n
	last := n.Layers[len(n.Layers)-1]
	c.line("/* A spiking network trained by surge: %d inputs, %d layers, steps of %g s.", n.Inputs, len(n.Layers), n.Dt)
	c.line("   Compile as C99 without -ffast-math, and link with -lm. */")
	c.line("#include <math.h>\n#include <string.h>")
	c.line("#ifndef __GNUC__\n#pragma STDC FP_CONTRACT OFF\n#elif !defined(__clang__)\n#pragma GCC optimize (\"fp-contract=off\")\n#else\n#pragma clang fp contract(off)\n#endif")
	c.line("typedef %s real;", c.real)
	c.line("enum { SURGE_INPUTS = %d, SURGE_CLASSES = %d };", n.Inputs, last.N)
	if n.usesExp() {
		c.line("#include <stdint.h>")
		c.expTable()
		fmt.Fprint(c, expInC)
	}
	if n.Steps > 0 { // else it depends on the samples
		c.line("#ifndef SURGE_STEPS\n#define SURGE_STEPS %d\n#endif", n.Steps)
	}
}

// array writes numbers so that none is rounded.
func (c cWriter) array(name string, v []float64) {
	if v == nil {
		return
	}
	c.line("static const %s %s[%d] = {", c.real, name, len(v))
	var row []string
	for i, x := range v {
		row = append(row, c.number(x))
		if len(row) == 8 || i == len(v)-1 {
			c.line("  %s,", strings.Join(row, ", "))
			row = row[:0]
		}
	}
	c.line("};")
}

func (c cWriter) constants(i int) {
	l, id := c.n.Layers[i], identifier(c.n.Layers[i].Name)
	if l.Map != nil {
		l.Map.constants(c, id)
	}
	if l.Formula != nil {
		l.Formula.constants(c, id)
		return
	}
	c.array(id+"_w_rec", l.WRec)
	if l.Beta == nil {
		c.array(id+"_alpha", l.Alpha)
	}
	c.array(id+"_gain_mem", l.Gain)
	c.array(id+"_beta", l.Beta)
	if l.Spikes {
		c.array(id+"_v_th", l.VTh)
	}
}

func (c cWriter) state() {
	c.line("typedef struct {")
	for _, l := range c.n.Layers {
		id := identifier(l.Name)
		if l.Map != nil {
			l.Map.state(c, id)
		}
		if l.Formula != nil {
			l.Formula.state(c, id, l.N)
			continue
		}
		if l.Alpha == nil {
			c.line("  real %s_y[%d];", id, l.N)
			continue
		}
		c.line("  real %s_v[%d];", id, l.N)
		if l.Beta != nil {
			c.line("  real %s_i[%d];", id, l.N)
		}
		if l.Spikes {
			c.line("  real %s_s[%d]; /* spikes of the last step, 0 or 1 */", id, l.N)
		}
	}
	c.line("} surge_state;")
	c.line("void surge_reset(surge_state *s) {\n  memset(s, 0, sizeof *s);")
	for _, l := range c.n.Layers {
		if l.Map != nil {
			l.Map.reset(c, identifier(l.Name))
		}
	}
	c.line("}")
}

// layer writes the step of a layer.
func (c cWriter) layer(i int) {
	l, id := c.n.Layers[i], identifier(c.n.Layers[i].Name)
	c.line("static void %s_step(surge_state *s, const real *x) {", id)
	if l.Alpha == nil && l.Formula == nil {
		c.line("  real *u = s->%s_y;\n  int j, k;", id)
		l.Map.code(c, id, c.n.spikes(i))
		c.line("}")
		return
	}
	if l.Map != nil {
		c.line("  real u[%d];\n  int j, k;", l.N)
		l.Map.code(c, id, c.n.spikes(i))
	} else {
		c.line("  real u[%d];\n  int j, k = 0;\n  (void)k;", l.N)
		c.line("  for (j = 0; j < %d; j++) u[j] = x[j];", l.N)
	}
	if l.Formula != nil {
		l.Formula.code(c, id, l.N)
	} else {
		c.neurons(l, id)
	}
	c.line("}")
}

// neurons writes the step of neurons with the input u.
func (c cWriter) neurons(l Layer, id string) {
	if l.WRec != nil {
		c.line("  for (k = 0; k < %d; k++) if (s->%s_s[k] != 0) for (j = 0; j < %d; j++) u[j] += %s_w_rec[k * %d + j];", l.N, id, l.N, id, l.N)
	}
	c.line("  for (j = 0; j < %d; j++) {", l.N)
	if l.Beta != nil {
		c.line("    real i = %s_beta[j] * s->%s_i[j] + u[j];", id, id)
		c.line("    real v = s->%s_v[j] + %s_gain_mem[j] * (i - s->%s_v[j]);", id, id, id)
		c.line("    s->%s_i[j] = i;", id)
	} else {
		c.line("    real v = %s_alpha[j] * s->%s_v[j] + u[j];", id, id)
	}
	switch {
	case !l.Spikes:
		c.line("    s->%s_v[j] = v;", id)
	case l.ToZero:
		c.line("    real z = v - %s_v_th[j] > 0;\n    s->%s_s[j] = z;\n    s->%s_v[j] = z != 0 ? v + (0 - v) : v;", id, id, id)
	default:
		c.line("    real z = v - %s_v_th[j] > 0;\n    s->%s_s[j] = z;\n    s->%s_v[j] = v - %s_v_th[j] * z;", id, id, id, id)
	}
	c.line("  }")
}

// output returns how the name of the outputs ends.
func (l Layer) output() string {
	switch {
	case l.Alpha == nil: // a map alone, or a formula
		return "_y"
	case l.Spikes:
		return "_s"
	}
	return "_v"
}

func (c cWriter) step() {
	c.line("void surge_step(surge_state *s, const real *x) {")
	x := "x"
	for _, l := range c.n.Layers {
		id := identifier(l.Name)
		c.line("  %s_step(s, %s);", id, x)
		x = "s->" + id + l.output()
	}
	c.line("}")
}

func (c cWriter) run() {
	last := c.n.Layers[len(c.n.Layers)-1]
	out := "s." + identifier(last.Name) + last.output()
	if c.n.sequence() {
		c.line("void surge_run(const real *input, int steps, real *outputs) {")
		c.line("  surge_state s;\n  int t, j;\n  surge_reset(&s);")
		c.line("  for (t = 0; t < steps; t++) {\n    surge_step(&s, input + (long)t * SURGE_INPUTS);")
		c.line("    for (j = 0; j < SURGE_CLASSES; j++) outputs[(long)t * SURGE_CLASSES + j] = %s[j];\n  }\n}", out)
		c.main("surge_run(input, SURGE_STEPS, outputs);", "(long)SURGE_STEPS * SURGE_CLASSES", "outputs")
		return
	}
	c.line("int surge_run(const real *input, int steps, real *logits) {")
	if c.n.Readout == "first_spike" {
		c.line("  real silent[SURGE_CLASSES];")
	}
	sums := c.n.Readout != "li-max" && c.n.Readout != "li-last" && c.n.Readout != "first_spike"
	c.line("  surge_state s;\n  int t, j, best = 0;")
	if sums { // in double, as ops.SumOverTime
		c.line("  double sum[SURGE_CLASSES] = {0};")
	}
	c.line("  surge_reset(&s);")
	c.line("  for (t = 0; t < steps; t++) {\n    surge_step(&s, input + (long)t * SURGE_INPUTS);\n    for (j = 0; j < SURGE_CLASSES; j++) {\n      real y = %s[j];", out)
	switch c.n.Readout {
	case "li-max":
		c.line("      if (t == 0 || y > logits[j]) logits[j] = y;")
	case "li-last":
		c.line("      logits[j] = y;")
	case "first_spike": // the steps without a spike
		c.line("      if (t == 0) logits[j] = 0, silent[j] = 1;\n      silent[j] = silent[j] * (1 - y);\n      logits[j] += silent[j];")
	default:
		c.line("      sum[j] += y;")
	}
	c.line("    }\n  }")
	if c.n.Readout == "li-mean" {
		c.line("  for (j = 0; j < SURGE_CLASSES; j++) logits[j] = (real)(sum[j] / steps);")
	} else if sums {
		c.line("  for (j = 0; j < SURGE_CLASSES; j++) logits[j] = (real)sum[j];")
	}
	if c.n.Readout == "first_spike" {
		d := cWriter{n: &Network{Double: true}}
		c.line("  for (j = 0; j < SURGE_CLASSES; j++) {\n    real first = %s * logits[j];\n    logits[j] = (real)(%s * (double)first);\n  }", c.number(c.rounded(c.n.Dt)), d.number(-1/c.n.TauReadout))
	}
	c.line("  for (j = 1; j < SURGE_CLASSES; j++) if (logits[j] > logits[best]) best = j;")
	c.line("  for (j = 0; j < SURGE_CLASSES; j++) if (logits[j] != logits[j] || (j != best && logits[j] == logits[best])) return -1; /* undecided */\n  return best;\n}")
	c.main("printf(\"%d\", surge_run(input, SURGE_STEPS, logits));", "SURGE_CLASSES", "logits")
}

// main writes a program that reads samples, runs each, and prints numbers.
func (c cWriter) main(run, size, numbers string) {
	c.line("#ifdef SURGE_MAIN\n#include <stdio.h>\n#include <stdlib.h>")
	c.line("static real input[(long)SURGE_STEPS * SURGE_INPUTS], %s[%s];\nint main(void) {\n  char word[64];\n  long k = 0, j;", numbers, size)
	c.line("  while (scanf(\"%%63s\", word) == 1) {\n    input[k++] = (real)strtod(word, 0);\n    if (k < (long)SURGE_STEPS * SURGE_INPUTS) continue;\n    k = 0;")
	c.line("    %s\n    for (j = 0; j < %s; j++) printf(\" %%a\", (double)%s[j]);\n    printf(\"\\n\");\n  }", run, size, numbers)
	c.line("  return 0;\n}\n#endif")
}
