package export

import (
	"fmt"
	"strconv"
	"strings"
)

// integers writes whole numbers.
func (c cWriter) integers(name string, v []int) {
	c.line("static const int %s[%d] = {", name, len(v))
	for len(v) > 0 {
		n := min(len(v), 16)
		var row []string
		for _, x := range v[:n] {
			row = append(row, strconv.Itoa(x))
		}
		c.line("  %s,", strings.Join(row, ", "))
		v = v[n:]
	}
	c.line("};")
}

// number writes one so that it is not rounded.
func (c cWriter) number(v float64) string {
	bits := 32
	if c.n.Double {
		bits = 64
	}
	return strconv.FormatFloat(v, 'x', -1, bits) + c.suffix
}

// multiplyAdd returns u + x w with one rounding. Of a spike the product is the weight.
func (c cWriter) multiplyAdd(x, w, u string, spikes bool) string {
	if spikes {
		return u + " + " + w
	}
	return fmt.Sprintf("fma%s(%s, %s, %s)", c.suffix, x, w, u)
}

// none is a map without state.
type none struct{}

func (none) state(cWriter, string) {}
func (none) reset(cWriter, string) {}

func (m *Linear) constants(c cWriter, id string) {
	c.array(id+"_w", m.W)
	c.array(id+"_b", m.Bias)
}

func (m *Linear) code(c cWriter, id string, spikes bool) {
	init := "0"
	if m.Bias != nil {
		init = id + "_b[j]"
	}
	c.line("  for (j = 0; j < %d; j++) u[j] = %s;", m.Out, init)
	sum := c.multiplyAdd("x[k]", fmt.Sprintf("%s_w[k * %d + j]", id, m.Out), "u[j]", spikes)
	c.line("  for (k = 0; k < %d; k++) if (x[k] != 0) for (j = 0; j < %d; j++) u[j] = %s;", m.In, m.Out, sum)
}

func (m *Delayed) constants(c cWriter, id string) {
	c.array(id+"_now", m.Now)
	c.array(id+"_later", m.Later)
	c.integers(id+"_whole", m.Whole)
	c.array(id+"_b", m.Bias)
}

// slots is how many steps the ring of sums has: this one, and those in which the inputs of this one
// arrive.
func (m *Delayed) slots() int { return m.Steps + 1 }

func (m *Delayed) state(c cWriter, id string) {
	c.line("  real %s_sum[%d][%d]; /* of this step and those to come, from %s_now_at on, around */\n  int %s_now_at;", id, m.slots(), m.Out, id, id)
}

func (m *Delayed) reset(c cWriter, id string) {
	if m.Bias != nil {
		c.line("  { int k; for (k = 0; k < %d; k++) memcpy(s->%s_sum[k], %s_b, sizeof s->%s_sum[k]); }", m.slots(), id, id, id)
	}
}

func (m *Delayed) code(c cWriter, id string, _ bool) {
	c.line("  for (k = 0; k < %d; k++) if (x[k] != 0) for (j = 0; j < %d; j++) {", m.In, m.Out)
	c.line("    int i = k * %d + j, to = (s->%s_now_at + %s_whole[i]) %% %d;", m.Out, id, id, m.slots())
	c.line("    real now = %s_now[i] * x[k], later = %s_later[i] * x[k];", id, id)
	c.line("    s->%s_sum[to][j] += now;\n    s->%s_sum[(to + 1) %% %d][j] += later;\n  }", id, id, m.slots())
	c.line("  for (j = 0; j < %d; j++) {\n    u[j] = s->%s_sum[s->%s_now_at][j];", m.Out, id, id)
	init := "0"
	if m.Bias != nil {
		init = id + "_b[j]"
	}
	c.line("    s->%s_sum[s->%s_now_at][j] = %s;\n  }", id, id, init)
	c.line("  s->%s_now_at = (s->%s_now_at + 1) %% %d;", id, id, m.slots())
}

func (m *Conv) constants(c cWriter, id string) {
	c.array(id+"_w", m.W)
	c.array(id+"_b", m.Bias)
}

func (m *Conv) code(c cWriter, id string, spikes bool) {
	w, per, outs := m.Window, m.In.Channels/m.Groups, m.Out.Channels/m.Groups
	init := "0"
	if m.Bias != nil {
		init = id + "_b[j]"
	}
	c.line("  int row, col, c, ky, kx;")
	c.line("  for (j = 0; j < %d; j++) for (row = 0; row < %d; row++) for (col = 0; col < %d; col++) {", m.Out.Channels, m.Out.Height, m.Out.Width)
	c.line("    real y = %s;", init)
	c.line("    for (c = 0; c < %d; c++) for (ky = 0; ky < %d; ky++) for (kx = 0; kx < %d; kx++) {", per, w.Kernel[0], w.Kernel[1])
	c.line("      int h = row * %d - %d + ky * %d, v = col * %d - %d + kx * %d;", w.Stride[0], w.Padding[0], w.Dilation[0], w.Stride[1], w.Padding[1], w.Dilation[1])
	c.line("      if (h < 0 || h >= %d || v < 0 || v >= %d) continue;", m.In.Height, m.In.Width)
	c.line("      k = ((j / %d * %d + c) * %d + h) * %d + v;", outs, per, m.In.Height, m.In.Width)
	c.line("      if (x[k] != 0) y = %s;\n    }", c.multiplyAdd("x[k]", fmt.Sprintf("%s_w[((j * %d + c) * %d + ky) * %d + kx]", id, per, w.Kernel[0], w.Kernel[1]), "y", spikes))
	c.line("    u[(j * %d + row) * %d + col] = y;\n  }", m.Out.Height, m.Out.Width)
}

func (m *Pool) constants(cWriter, string) {}

func (m *Pool) code(c cWriter, _ string, _ bool) {
	w := m.Window
	c.line("  int row, col, ky, kx;")
	c.line("  for (j = 0; j < %d; j++) for (row = 0; row < %d; row++) for (col = 0; col < %d; col++) {", m.Out.Channels, m.Out.Height, m.Out.Width)
	c.line("    real y = 0;")
	c.line("    for (ky = 0; ky < %d; ky++) for (kx = 0; kx < %d; kx++) {", w.Kernel[0], w.Kernel[1])
	c.line("      int h = row * %d - %d + ky * %d, v = col * %d - %d + kx * %d;", w.Stride[0], w.Padding[0], w.Dilation[0], w.Stride[1], w.Padding[1], w.Dilation[1])
	c.line("      if (h < 0 || h >= %d || v < 0 || v >= %d) continue;", m.In.Height, m.In.Width)
	c.line("      k = (j * %d + h) * %d + v;\n      y += x[k];\n    }", m.In.Height, m.In.Width)
	if m.Scale != 1 {
		c.line("    y *= %s;", c.number(m.Scale))
	}
	c.line("    u[(j * %d + row) * %d + col] = y;\n  }", m.Out.Height, m.Out.Width)
}

func (m *Norm) constants(c cWriter, id string) {
	c.array(id+"_scale", m.Scale)
	c.array(id+"_mean", m.Mean)
	c.array(id+"_shift", m.Shift)
	d := c
	d.real, d.suffix, d.n = "double", "", &Network{Double: true}
	d.array(id+"_r", m.R)
}

func (m *Norm) code(c cWriter, id string, _ bool) {
	c.line("  for (j = 0; j < %d; j++) {\n    real d;\n    k = j / %d;\n    d = x[j] - %s_mean[k];", m.N, m.N/len(m.Scale), id)
	c.line("    u[j] = (real)((double)%s_scale[k] * (double)d * %s_r[k] + (double)%s_shift[k]);\n  }", id, id, id)
}

func (m *Delay) constants(c cWriter, id string) {
	c.array(id+"_now", m.Now)
	c.array(id+"_later", m.Later)
	c.integers(id+"_whole", m.Whole)
}

func (m *Delay) state(c cWriter, id string) {
	c.line("  real %s_past[%d]; /* the inputs of the steps before, the newest first */", id, m.Steps*m.N)
}

func (*Delay) reset(cWriter, string) {}

func (m *Delay) code(c cWriter, id string, _ bool) {
	c.line("  for (j = 0; j < %d; j++) {\n    real a, b;\n    k = %s_whole[j];", m.N, id)
	c.line("    a = k == 0 ? x[j] : s->%s_past[(k - 1) * %d + j];\n    b = s->%s_past[k * %d + j];", id, m.N, id, m.N)
	c.line("    a *= %s_now[j];\n    b *= %s_later[j];\n    u[j] = a + b;\n  }", id, id)
	c.line("  memmove(s->%s_past + %d, s->%s_past, sizeof(real) * %d);", id, m.N, id, (m.Steps-1)*m.N)
	c.line("  memcpy(s->%s_past, x, sizeof(real) * %d);", id, m.N)
}
