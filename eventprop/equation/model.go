package equation

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrEquation signifies equations that cannot be read.
var ErrEquation = errors.New("equation: bad equations")

// Model is a neuron that is given by its equations, see [Parse].
type Model struct {
	States []string // in the order of their equations
	Params []string // all other names, in the order in which they appear

	rhs, threshold, reset, input, start program
	held                                []bool // states that are held after a spike
	ratio                               []int  // states of which only the ratios matter
	refractory                          int    // parameter that says how long, or -1
	series                              *series
	additive                            int // the state to which all an arrival does is to add w, or -1
	longest                             int // instructions of the longest program
}

// parsed tells whether m is a model of Parse.
func (m *Model) parsed() bool { return m != nil && m.series != nil }

// Parse reads a neuron from text. Each line is one of
//
//	dX/dt = f        the equation of the state X, in seconds
//	threshold: g     it spikes when g rises through 0
//	reset: X = f     X after a spike, of the states just before it
//	input: X = f     X after an arrival of weight w
//	start: X = f     X at 0, of parameters alone; 0 without such a line
//	hold: X for p    X stays as it was reset for the absolute refractory time p, a parameter
//	X, p: V/s        the unit of states, of parameters and of w; where there is one, all have one
//	ratio: X Y       only ratios of these states matter: they are scaled when they become large
//
// with + - * / ^ (to a number), parentheses and exp, log, sqrt, sin, cos, tanh. Names that are no
// states are parameters, but for t: equations do not depend on time. # begins a comment. Units are
// products of s, V, A, Hz, Ohm, S, F, C and 1, which are checked in all equations; values are in
// these, without prefixes. The hold is closed on the left and open on the right: an arrival at its
// very end is felt (nest/nest-simulator#3309). Errors (ErrEquation) name the line and column.
func Parse(text string) (*Model, error) {
	m := &Model{refractory: -1}
	type line struct {
		number           int
		key, left, right string
	}
	var lines []line
	declared := units{}
	for k, l := range strings.Split(text, "\n") {
		l, _, _ = strings.Cut(l, "#")
		if l = strings.TrimSpace(l); l == "" {
			continue
		}
		x := line{number: k + 1}
		if ok, err := declared.declare(l, x.number); err != nil {
			return nil, fmt.Errorf("line %d: %w", x.number, err)
		} else if ok {
			continue
		}
		left, right, ok := strings.Cut(l, "=")
		if name, found := strings.CutPrefix(strings.TrimSpace(left), "d"); ok && found && strings.HasSuffix(name, "/dt") {
			x.key, x.left, x.right = "d", strings.TrimSpace(strings.TrimSuffix(name, "/dt")), right
			if !isName(x.left) || slices.Contains(m.States, x.left) || x.left == "w" {
				return nil, fmt.Errorf("line %d: %w: %q, want the name of a state, once", x.number, ErrEquation, x.left)
			}
			m.States = append(m.States, x.left)
		} else {
			x.key, x.right, _ = strings.Cut(l, ":")
			if x.key != "threshold" && x.key != "ratio" {
				separator := "="
				if x.key == "hold" {
					separator = " for "
				}
				if x.left, x.right, ok = strings.Cut(x.right, separator); !ok {
					return nil, fmt.Errorf("line %d: %w: %q, want dX/dt = ..., threshold: ..., reset: X = ..., input: X = ..., start: X = ..., hold: X for p or ratio: X Y",
						x.number, ErrEquation, l)
				}
				x.left = strings.TrimSpace(x.left)
			}
		}
		lines = append(lines, x)
	}
	if len(m.States) == 0 {
		return nil, fmt.Errorf("%w: no line dX/dt = expression", ErrEquation)
	}
	m.held = make([]bool, len(m.States))
	type expression struct {
		line int // 0: of no line
		text string
	}
	byState := map[string][]expression{"d": nil, "reset": nil, "input": nil, "start": nil}
	for key := range byState {
		for _, state := range m.States {
			byState[key] = append(byState[key], expression{text: state}) // stays as it is
		}
	}
	for i := range byState["start"] {
		byState["start"][i].text = "0"
	}
	var threshold expression
	hold := 0 // line
	for _, x := range lines {
		fail := func(what string) error { return fmt.Errorf("line %d: %w: %s", x.number, ErrEquation, what) }
		switch i := slices.Index(m.States, x.left); {
		case x.key == "threshold" && threshold.text != "":
			return nil, fail("a second threshold")
		case x.key == "threshold":
			threshold = expression{x.number, x.right}
		case x.key == "ratio":
			for _, name := range strings.Fields(x.right) {
				n := slices.Index(m.States, name)
				if n < 0 || slices.Contains(m.ratio, n) {
					return nil, fail(fmt.Sprintf("ratio: %q, want states of %v, each once", name, m.States))
				}
				m.ratio = append(m.ratio, n)
			}
		case i < 0:
			return nil, fail(fmt.Sprintf("%q is no state, want one of %v", x.left, m.States))
		case x.key == "hold":
			name := strings.TrimSpace(x.right)
			if !isName(name) || slices.Contains(m.States, name) || name == "w" || name == "t" {
				return nil, fail(fmt.Sprintf("%q is no parameter, want the name of one, as in hold: %s for t_ref", name, x.left))
			}
			if k := m.param(name); m.refractory >= 0 && m.refractory != k {
				return nil, fail("another refractory time")
			} else {
				m.refractory, hold = k, x.number
			}
			m.held[i] = true
		case byState[x.key] == nil:
			return nil, fail(fmt.Sprintf("%q, want threshold, reset, input, start, hold or ratio", x.key))
		case byState[x.key][i].line != 0:
			return nil, fail(fmt.Sprintf("a second %s of %s, the first is in line %d", x.key, x.left, byState[x.key][i].line))
		default:
			byState[x.key][i] = expression{x.number, x.right}
		}
	}
	if threshold.text == "" {
		return nil, fmt.Errorf("%w: no threshold", ErrEquation)
	}
	written := map[*program][]int{} // lines
	for _, x := range []struct {
		p           *program
		expressions []expression
		states, w   bool
	}{
		{&m.rhs, byState["d"], true, false}, {&m.threshold, []expression{threshold}, true, false}, {&m.reset, byState["reset"], true, false},
		{&m.input, byState["input"], true, true}, {&m.start, byState["start"], false, false},
	} {
		for _, e := range x.expressions {
			if err := x.p.parse(e.text, func(name string) (int, error) { return m.variable(name, x.states, x.w) }); err != nil {
				return nil, fmt.Errorf("line %d: %w", e.line, err)
			}
			written[x.p] = append(written[x.p], e.line)
		}
	}
	for _, p := range []*program{&m.rhs, &m.threshold, &m.reset, &m.input, &m.start} {
		m.longest = max(m.longest, len(p.code))
	}
	if err := m.checkUnits(declared, written, hold); err != nil {
		return nil, err
	}
	m.translate()
	m.additive = m.sums()
	return m, nil
}

// sums returns the state to which all that an arrival does is to add w, if it has no part in the
// threshold, or -1.
func (m *Model) sums() int {
	found := -1
	for n, k := range m.input.out {
		c := m.input.code[k]
		is := func(k int32, index int) bool {
			c := m.input.code[k]
			return c.op == variable && int(c.a) == index
		}
		switch {
		case is(k, 1+n):
		case found < 0 && c.op == add && (is(c.a, 1+n) && is(c.b, 0) || is(c.a, 0) && is(c.b, 1+n)):
			found = n
		default:
			return -1
		}
	}
	for _, c := range m.threshold.code {
		if c.op == variable && int(c.a) == 1+found {
			return -1
		}
	}
	return found
}

func isName(s string) bool {
	r := parser{text: s}
	return s != "" && r.word() == s && functions[s] == 0
}

// param returns the number of a parameter, which is a new one the first time.
func (m *Model) param(name string) int {
	if k := slices.Index(m.Params, name); k >= 0 {
		return k
	}
	m.Params = append(m.Params, name)
	return len(m.Params) - 1
}

// variable returns the number of a name among w, the states and the parameters. states and w tell
// whether these are known where it stands.
func (m *Model) variable(name string, states, w bool) (int, error) {
	k := slices.Index(m.States, name)
	switch {
	case name == "w" && !w:
		return 0, errors.New("is not allowed here: it is the weight of an arrival, known in lines input: alone")
	case name == "w":
		return 0, nil
	case k >= 0 && !states:
		return 0, errors.New("is not allowed here: it is a state, want parameters alone")
	case k >= 0:
		return 1 + k, nil
	case name == "t":
		return 0, errors.New("is not allowed here: it would be the time; a state with dX/dt = 1 is a clock")
	}
	return 1 + len(m.States) + m.param(name), nil
}
