package export

import (
	"bufio"
	"cmp"
	_ "embed" // of the C that does not depend on the network
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/internal/given"
)

// Events is a network without time steps.
type Events struct {
	Name   string
	Layers []string // their names
	Net    eventprop.Serial
	// End is the duration of a sample in s; 0 if it depends on the sample.
	End float64
	// Readout is what a logit is made of: an eventprop.First{}, eventprop.Max{} or
	// eventprop.Integral{} of each neuron of the last layer, times Scale.
	Readout eventprop.Observable
	Scale   float64
}

//go:embed events.c.txt
var eventsInC string

// Of neurons that are given by equations: the types of their tables, and the engine.
var (
	//go:embed equations.h.txt
	tablesInC string
	//go:embed equations.c.txt
	equationsInC string
)

// inC are neurons that can be written as tables, see equation.Neurons.
type inC interface {
	C(w io.Writer, name string, l *eventprop.Layer) (alike bool, err error)
}

// C writes the network as one C99 file without dependencies but the standard library, with the
// function
//
//	int surge_run(surge_result *r, const surge_spike *input, long inputs, double end);
//
// which takes the input spikes by rising time, in s, and leaves the spikes of each layer and a
// logit per class in r; it returns the class of the largest, SURGE_UNDECIDED where several are the
// largest, one is not a number or the first spike decides and there is none, or one of the errors
// below that. With -DSURGE_MAIN the file is a program that reads samples from standard input as
// text, each as the number of its spikes, its end and a time and a channel per spike, and prints
// class and logits of each, and with any argument the spikes, as layer, time and neuron.
//
// Spikes and their times are those of the engine of eventprop that goes from event to event
// ([eventprop.Tape.Begin]), bit for bit where the compiler keeps to the rules of IEEE 754: the file
// brings the exponential and the logarithm of surge along. The faster engines round otherwise, and
// differ from them by some units in the last place of the times.
//
// Spikes of neurons of equations are those of the engine of package equation, bit for bit, too.
//
// Errors: [ErrNetwork] for other neurons, sparse synapses, layers that treat inputs at the time of
// a spike in different ways, and other readouts.
func (n *Events) C(w io.Writer) error {
	if err := n.check(); err != nil {
		return err
	}
	if err := given.Need("w", w); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	readout := ""
	switch n.Readout {
	case eventprop.First{}:
		readout = "SURGE_FIRST"
	case eventprop.Max{}:
		readout = "SURGE_LARGEST"
	case eventprop.Integral{}:
		readout = "SURGE_INTEGRAL"
	default:
		return fmt.Errorf("%w: the readout %T: expected first spikes, the largest voltages or their integrals", ErrNetwork, n.Readout)
	}
	for i, l := range n.Net {
		switch {
		case l.Neuron != nil && !isInC(l.Neuron):
			return fmt.Errorf("%w: the neurons of layer %q are %T: C holds lif neurons and those of equations; --format npz has all", ErrNetwork, n.Layers[i], l.Neuron)
		case l.In.Row != nil || l.Rec != nil && l.Rec.Row != nil:
			return fmt.Errorf("%w: layer %q has sparse synapses: C holds dense ones; --format npz has all", ErrNetwork, n.Layers[i])
		case !allOrNone(l.Params.VTh):
			return fmt.Errorf("%w: layer %q has neurons with and without a threshold", ErrNetwork, n.Layers[i])
		case l.InputFirst != n.Net[0].InputFirst:
			return fmt.Errorf("%w: layer %q treats inputs at the time of a spike in another way than those before", ErrNetwork, n.Layers[i])
		}
	}
	b := bufio.NewWriter(w)
	c := cWriter{b, &Network{Double: true}, "double", ""}
	equations := slices.ContainsFunc(n.Net, func(l *eventprop.Layer) bool { return l.Neuron != nil })
	last := n.Net[len(n.Net)-1]
	c.line("/* A spiking network trained by surge, without time steps: %d inputs, %d layers.", n.Net[0].In.Pre, len(n.Net))
	c.line("   Compile as C99 without -ffast-math, and link with -lm. */")
	c.line("#include <math.h>\n#include <stdint.h>\n#include <stdlib.h>\n#include <string.h>")
	c.line("#ifndef __GNUC__\n#pragma STDC FP_CONTRACT OFF\n#elif !defined(__clang__)\n#pragma GCC optimize (\"fp-contract=off\")\n#else\n#pragma clang fp contract(off)\n#endif")
	c.line("#define SURGE_FIRST 0 /* time of the first spike */\n#define SURGE_LARGEST 1 /* voltage */\n#define SURGE_INTEGRAL 2 /* of the voltage */")
	c.line("#define SURGE_READOUT %s\n#define SURGE_SCALE %s /* of what is read out */", readout, c.number(n.Scale))
	inputFirst := 0
	if n.Net[0].InputFirst {
		inputFirst = 1
	}
	c.line("#define SURGE_INPUT_FIRST %d /* whether an input at the time of a spike comes before it */", inputFirst)
	limit, widest := 1<<20, 0
	for _, l := range n.Net {
		if l.MaxSpikes > 0 {
			limit = l.MaxSpikes
		}
		widest = max(widest, l.Neurons())
	}
	c.line("#ifndef SURGE_MAX_SPIKES\n#define SURGE_MAX_SPIKES %d /* of a layer */\n#endif", limit)
	if n.End > 0 {
		c.line("#define SURGE_END %s /* s, of a sample */", c.number(n.End))
	}
	c.line("enum { SURGE_INPUTS = %d, SURGE_CLASSES = %d, SURGE_LAYERS = %d, SURGE_NEURONS = %d };", n.Net[0].In.Pre, last.Neurons(), len(n.Net), widest)
	c.line("enum { SURGE_UNDECIDED = -1, SURGE_NO_MEMORY = -2, SURGE_TOO_MANY = -3, SURGE_RUNAWAY = -4, SURGE_OVERFLOW = -5, SURGE_STUCK = -6 };")
	c.line("typedef struct { double time; int neuron; } surge_spike; /* s */")
	c.line("typedef struct { surge_spike *spikes[SURGE_LAYERS]; long count[SURGE_LAYERS]; double logits[SURGE_CLASSES]; } surge_result;")
	c.line("int surge_run(surge_result *r, const surge_spike *input, long inputs, double end);\nvoid surge_free(surge_result *r);")
	c.expTable()
	c.logTable()
	fmt.Fprint(c, expInC)
	c.line("typedef struct {\n  int n, last;\n  const double *w, *delay, *w_rec, *delay_rec; /* [inputs][n], [n][n] */\n  const int *order, *order_rec; /* of the synapses of a source by delay */")
	c.line("  const double *tau_mem, *tau_syn, *v_th, *v_leak, *v_reset, *v_init, *i_init;")
	if equations {
		c.line("  const struct model *m; /* of neurons given by equations */\n  const double *vars, *cons;\n  int alike;")
	}
	c.line("} layer;")
	if equations {
		fmt.Fprint(c, tablesInC)
		c.words("two_over_pi", fmath.TwoOverPi())
	}
	var table []string
	for i, l := range n.Net {
		row, err := c.eventLayer(identifier(n.Layers[i]), l, i == len(n.Net)-1, equations)
		if err != nil {
			return fmt.Errorf("%w: layer %q: %w", ErrNetwork, n.Layers[i], err)
		}
		table = append(table, row)
	}
	c.line("static const layer layers[SURGE_LAYERS] = {\n  %s\n};", strings.Join(table, ",\n  "))
	fmt.Fprint(c, eventsInC)
	if equations {
		fmt.Fprint(c, equationsInC)
	}
	return b.Flush()
}

func isInC(n eventprop.Neuron) bool {
	_, ok := n.(inC)
	return ok
}

// allOrNone reports whether all thresholds are finite, or none.
func allOrNone(vTh []float64) bool {
	return !slices.ContainsFunc(vTh, func(v float64) bool { return math.IsInf(v, 1) != math.IsInf(vTh[0], 1) })
}

// column writes a table of float64.
func (c cWriter) column(name string, n int, at func(i int) float64) {
	v := make([]float64, n)
	for i := range v {
		v[i] = at(i)
	}
	c.n, c.real, c.suffix = &Network{Double: true}, "double", ""
	c.array(name, v)
}

// logTable writes the table of the logarithm, expTable that of the exponential.
func (c cWriter) logTable() {
	log := fmath.LogRows()
	for k, name := range []string{"log_inv", "log_hi", "log_lo"} {
		c.column(name, len(log), func(i int) float64 { return log[i][k] })
	}
}

func (c cWriter) expTable() {
	exp := fmath.ExpRows()
	c.column("exp_tail", len(exp), func(i int) float64 { return exp[i].Tail })
	bits := make([]uint64, len(exp))
	for i, e := range exp {
		bits[i] = e.Bits
	}
	c.words("exp_bits", bits)
}

func (c cWriter) words(name string, v []uint64) {
	c.line("static const uint64_t %s[%d] = {", name, len(v))
	for _, x := range v {
		c.line("  0x%x,", x)
	}
	c.line("};")
}

// eventLayer writes the numbers of a layer, and returns its row of the table.
func (c cWriter) eventLayer(id string, l *eventprop.Layer, last, equations bool) (string, error) {
	row := []string{fmt.Sprintf("%d, %d", l.Neurons(), map[bool]int{true: 1}[last])}
	add := func(name string, v []float64) {
		if v == nil {
			row = append(row, "0")
			return
		}
		c.array(id+"_"+name, v)
		row = append(row, id+"_"+name)
	}
	order := func(name string, s *eventprop.Synapses) {
		if s == nil || s.Delay == nil {
			row = append(row, "0")
			return
		}
		v := make([]int, 0, len(s.Delay))
		for i := range s.Pre {
			d := s.Delay[i*s.Post : (i+1)*s.Post]
			of := make([]int, s.Post)
			for j := range of {
				of[j] = j
			}
			slices.SortStableFunc(of, func(a, b int) int { return cmp.Compare(d[a], d[b]) })
			v = append(v, of...)
		}
		c.integers(id+"_"+name, v)
		row = append(row, id+"_"+name)
	}
	add("w", l.In.Weight)
	add("delay", l.In.Delay)
	rec := l.Rec
	if rec == nil {
		rec = &eventprop.Synapses{}
	}
	add("w_rec", rec.Weight)
	add("delay_rec", rec.Delay)
	order("order", &l.In)
	order("order_rec", l.Rec)
	each := func(name string, v []float64, byDefault float64) {
		switch len(v) {
		case 0:
			v = []float64{byDefault}
			fallthrough
		case 1:
			v = slices.Repeat(v, l.Neurons())
		}
		if slices.ContainsFunc(v, func(x float64) bool { return math.IsInf(x, 0) }) {
			v = nil // a neuron that never spikes
		}
		add(name, v)
	}
	if l.Neuron != nil {
		alike, err := l.Neuron.(inC).C(c, id, l)
		if err != nil {
			return "", err
		}
		row = append(row, "0, 0, 0, 0, 0, 0, 0", fmt.Sprintf("&%s_model, %s_vars, %s_cons, %d", id, id, id, map[bool]int{true: 1}[alike]))
		return "{" + strings.Join(row, ", ") + "}", nil
	}
	p := l.Params
	each("tau_mem", p.TauMem, 10e-3)
	each("tau_syn", p.TauSyn, 5e-3)
	each("v_th", p.VTh, 1)
	each("v_leak", p.VLeak, 0)
	each("v_reset", p.VReset, 0)
	if p.VInit == nil {
		add("v_init", nil)
	} else {
		each("v_init", p.VInit, 0)
	}
	each("i_init", p.IInit, 0)
	if equations {
		row = append(row, "0, 0, 0, 0")
	}
	return "{" + strings.Join(row, ", ") + "}", nil
}
