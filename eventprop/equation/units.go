package equation

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// unit is powers of s, V and A.
type unit [3]float64

// unitNames are those that a text may use. Values are in these units themselves: there are no
// prefixes, so that no number is another one than it says.
var unitNames = map[string]unit{
	"1": {}, "s": {1, 0, 0}, "V": {0, 1, 0}, "A": {0, 0, 1}, "Hz": {-1, 0, 0},
	"Ohm": {0, 1, -1}, "S": {0, -1, 1}, "F": {1, -1, 1}, "C": {1, 0, 1},
}

// String returns the unit as a product of powers.
func (u unit) String() string {
	var parts []string
	for k, name := range []string{"s", "V", "A"} {
		switch u[k] {
		case 0:
		case 1:
			parts = append(parts, name)
		default:
			parts = append(parts, fmt.Sprintf("%s^%g", name, u[k]))
		}
	}
	if parts == nil {
		return "1"
	}
	return strings.Join(parts, "*")
}

// times returns u v^power.
func (u unit) times(v unit, power float64) unit {
	for k := range u {
		u[k] += float64(power * v[k])
	}
	return u
}

// parseUnit reads a product of units, as A/s or V^2.
func parseUnit(text string) (unit, error) {
	var p program
	var names []string
	if err := p.parse(text, func(name string) (int, error) {
		if _, ok := unitNames[name]; !ok {
			return 0, errors.New("is not allowed here: it is no unit")
		}
		names = append(names, name)
		return len(names) - 1, nil
	}); err != nil {
		return unit{}, fmt.Errorf("the unit %q, want a product of s, V, A, Hz, Ohm, S, F, C without prefixes, or 1: %w", text, err)
	}
	values := make([]unit, len(p.code))
	for k, c := range p.code {
		switch c.op {
		case variable:
			values[k] = unitNames[names[c.a]]
		case mul:
			values[k] = values[c.a].times(values[c.b], 1)
		case div:
			values[k] = values[c.a].times(values[c.b], -1)
		case pow:
			values[k] = unit{}.times(values[c.a], c.x)
		case constant:
			if c.x != 1 {
				return unit{}, fmt.Errorf("%w: the unit %q has the number %g, want 1 alone", ErrEquation, text, c.x)
			}
		default:
			return unit{}, fmt.Errorf("%w: the unit %q is no product", ErrEquation, text)
		}
	}
	return values[p.out[0]], nil
}

// units are those that a text declares, with their lines.
type units map[string]struct {
	unit
	line int
}

// declare reads a declaration "a, b : unit"; ok is false where a line is none.
func (u units) declare(line string, number int) (ok bool, err error) {
	left, right, ok := strings.Cut(line, ":")
	if !ok || strings.Contains(line, "=") {
		return false, nil
	}
	var names []string
	for _, name := range strings.Split(left, ",") {
		name = strings.TrimSpace(name)
		if !isName(name) || slices.Contains([]string{"threshold", "reset", "input", "start", "hold", "ratio"}, name) {
			return false, nil
		}
		names = append(names, name)
	}
	x, err := parseUnit(right)
	if err != nil {
		return true, err
	}
	for _, name := range names {
		if _, again := u[name]; again {
			return true, fmt.Errorf("%w: a second unit of %s", ErrEquation, name)
		}
		d := u[name]
		d.unit, d.line = x, number
		u[name] = d
	}
	return true, nil
}

// checkUnits returns an error where the units that a text declares do not fit together, or where it
// declares some but not all of them. Without declarations there is nothing to check. lines are
// those of the expressions of each program, hold that of the refractory time.
func (m *Model) checkUnits(u units, lines map[*program][]int, hold int) error {
	if len(u) == 0 {
		return nil
	}
	variables := make([]unit, 1+len(m.States)+len(m.Params))
	for k := range variables {
		name := m.variableName(k)
		x, ok := u[name]
		if !ok && k == 0 && !m.readsWeight() {
			continue
		}
		if !ok {
			return fmt.Errorf("%w: %s has no unit, and %d others have", ErrEquation, name, len(u))
		}
		variables[k] = x.unit
	}
	if m.refractory >= 0 && u[m.Params[m.refractory]].unit != unitNames["s"] {
		return fmt.Errorf("line %d: %w: the refractory time %s is in %v, want s", hold, ErrEquation, m.Params[m.refractory], u[m.Params[m.refractory]])
	}
	for _, e := range []struct {
		p      *program
		what   string
		factor float64 // power of s of what an equation sets, besides the unit of its state
	}{{&m.rhs, "the slope of", -1}, {&m.reset, "the reset of", 0}, {&m.input, "the input of", 0}, {&m.start, "the start of", 0}} {
		got, at, err := e.p.units(variables)
		if err != nil {
			return fmt.Errorf("line %d: %s %s: %w", lines[e.p][at], e.what, m.States[at], err)
		}
		for n, g := range got {
			if want := u[m.States[n]].times(unitNames["s"], e.factor); !g.zero && g.unit != want {
				return fmt.Errorf("line %d: %w: %s %s is in %v, want %v", lines[e.p][n], ErrEquation, e.what, m.States[n], g.unit, want)
			}
		}
	}
	if _, _, err := m.threshold.units(variables); err != nil {
		return fmt.Errorf("line %d: threshold: %w", lines[&m.threshold][0], err)
	}
	for _, name := range slices.Sorted(maps.Keys(u)) {
		if name != "w" && !slices.Contains(m.States, name) && !slices.Contains(m.Params, name) {
			return fmt.Errorf("line %d: %w: a unit of %s, which is neither state nor parameter", u[name].line, ErrEquation, name)
		}
	}
	return nil
}

// readsWeight tells whether arrivals depend on their weight.
func (m *Model) readsWeight() bool {
	return slices.ContainsFunc(m.input.code, func(c instruction) bool { return c.op == variable && c.a == 0 })
}

// measured is the unit of a value; 0 fits all.
type measured struct {
	unit
	zero bool
}

// units returns those of the outputs for given ones of variables; an error is in expression at.
func (p *program) units(variables []unit) (out []measured, at int, err error) {
	values := make([]measured, len(p.code))
	for k, c := range p.code {
		for int(p.out[at]) < k { // the output is the last instruction of its expression
			at++
		}
		v := &values[k]
		if c.op == variable {
			v.unit = variables[c.a]
			continue
		}
		a, b := values[c.a], measured{}
		if c.op == add || c.op == sub || c.op == mul || c.op == div {
			b = values[c.b]
		}
		switch c.op {
		case constant:
			v.zero = c.x == 0
		case add, sub:
			if *v = a; a.zero {
				*v = b
			} else if !b.zero && a.unit != b.unit {
				return nil, at, fmt.Errorf("%w: a sum of %v and %v", ErrEquation, a.unit, b.unit)
			}
		case mul:
			v.unit, v.zero = a.times(b.unit, 1), a.zero || b.zero
		case div:
			v.unit, v.zero = a.times(b.unit, -1), a.zero
		case neg:
			*v = a
		case pow:
			v.unit = unit{}.times(a.unit, c.x)
		case sqrt:
			v.unit = unit{}.times(a.unit, 0.5)
		default:
			if a.unit != (unit{}) {
				return nil, at, fmt.Errorf("%w: a function of a number in %v, want one without a unit", ErrEquation, a.unit)
			}
		}
	}
	for _, k := range p.out {
		out = append(out, values[k])
	}
	return out, 0, nil
}
