package equation

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/internal/given"
)

// The names of operations in C.
var (
	opNames     = [...]string{"CONSTANT", "VARIABLE", "ADD", "SUB", "MUL", "DIV", "NEG", "POW", "EXP", "LOG", "SQRT", "SIN", "COS", "TANH"}
	seriesNames = [...]string{
		"SUM", "DIFFERENCE", "SHIFTED", "FIXED", "SCALED", "PRODUCT", "QUOTIENT", "INVERSE", "WEIGHTED", "EXP_OF", "LOG_OF", "SQRT_OF", "POW_OF", "SIN_OF", "TANH_OF",
	}
	ruleNames = [...]string{"INTEGRATE", "SCALE", "FULL", "REST", "INNER", "PLUS", "MINUS", "COPY", "PER", "TIMES", "OVER"}
)

// C writes what a pass through a layer does as tables of C, for an engine in C that gives its bits,
// that of package train/export: the constants NAME_vars and NAME_cons, whose rows are variables and
// constants of the neurons, one for all if they are alike, and NAME_model.
//
// Errors: those of [Layer.Check].
func (n Neurons) C(w io.Writer, name string, l *eventprop.Layer) (alike bool, err error) {
	if err := given.Need("w", w); err != nil {
		return false, fmt.Errorf("equation: %w", err)
	}
	ready, err := n.Prepare(l)
	if err != nil {
		return false, err
	}
	p, m := ready.(*prepared), n.Model
	c := tables{bufio.NewWriter(w), name}
	programs := []struct {
		name string
		p    *program
	}{{"slopes", &m.rhs}, {"level", &m.threshold}, {"reset", &m.reset}, {"input", &m.input}}
	var references []string
	for _, x := range programs {
		references = append(references, c.program(x.name, x.p))
	}
	s := m.series
	c.list("term", "term", len(s.terms), func(i int) string {
		x := s.terms[i]
		return fmt.Sprintf("{%s, %d, %d, %d, %d, %s}", seriesNames[x.op], x.c, x.a, x.b, x.con, exact(x.x))
	})
	rules := append(slices.Clone(s.code), s.integrate...)
	c.list("rule", "rule", len(rules), func(i int) string {
		x := rules[i]
		return fmt.Sprintf("{%s, %d, %d, %d}", ruleNames[x.Kind], x.C, x.A, x.B)
	})
	flag := func(of func(n int) bool) func(n int) string {
		return func(n int) string {
			if of(n) {
				return "1"
			}
			return "0"
		}
	}
	c.list("int", "held", len(m.States), flag(func(n int) bool { return m.held[n] }))
	c.list("int", "ratio", len(m.States), flag(func(n int) bool { return slices.Contains(m.ratio, n) }))
	for _, t := range []struct {
		name string
		rows [][]float64
	}{{"vars", p.vars}, {"cons", p.cons}} {
		all := slices.Concat(t.rows...)
		c.list("double", t.name, len(all), func(i int) string { return exact(all[i]) })
	}
	fmt.Fprintf(c, "static const model %s_model = {%d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %s,\n  %s,\n  %s_term, %s_rule, %s_held, %s_ratio};\n",
		name, len(m.States), len(m.Params), s.registers, len(s.constants.out), len(s.terms), len(rules), m.longest, p.order, s.threshold,
		m.additive, m.refractory, exact(p.l.tolerance()), strings.Join(references, ", "), name, name, name, name)
	return p.alike, c.Flush()
}

// tables writes constants whose names begin with name.
type tables struct {
	*bufio.Writer
	name string
}

// list writes an array of n elements; of none, a place for one.
func (c tables) list(kind, name string, n int, element func(i int) string) {
	if n == 0 {
		fmt.Fprintf(c, "static const %s %s_%s[1];\n", kind, c.name, name)
		return
	}
	fmt.Fprintf(c, "static const %s %s_%s[%d] = {\n", kind, c.name, name, n)
	for i := range n {
		fmt.Fprintf(c, "  %s,\n", element(i))
	}
	fmt.Fprint(c, "};\n")
}

// program writes instructions, and returns a reference to them.
func (c tables) program(name string, p *program) string {
	c.list("instruction", name+"_code", len(p.code), func(i int) string {
		x := p.code[i]
		return fmt.Sprintf("{%s, %d, %d, %s}", opNames[x.op], x.a, x.b, exact(x.x))
	})
	c.list("int", name+"_out", len(p.out), func(i int) string { return strconv.Itoa(int(p.out[i])) })
	return fmt.Sprintf("{%s_%s_code, %d, %s_%s_out}", c.name, name, len(p.code), c.name, name)
}

// exact writes a number so that it is not rounded.
func exact(v float64) string {
	switch {
	case math.IsNaN(v):
		return "NAN"
	case math.IsInf(v, 0):
		return strings.Replace("-INFINITY", "-", map[bool]string{true: "-"}[v < 0], 1)
	}
	return strconv.FormatFloat(v, 'x', -1, 64)
}
