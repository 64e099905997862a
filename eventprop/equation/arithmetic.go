package equation

import "fmt"

// Arithmetic is what the expressions of a model are evaluated in: numbers, or the lines of a time
// step of a graph (models.Equations).
type Arithmetic[T any] interface {
	Constant(x float64) T
	Add(a, b T) T
	Sub(a, b T) T
	Mul(a, b T) T
	Div(a, b T) T
	// Pow returns a to the power of a constant.
	Pow(a T, x float64) (T, error)
	// Call returns exp, log, sqrt, sin, cos or tanh of a.
	Call(function string, a T) (T, error)
}

// Part is a part of a model whose expressions are evaluated together.
type Part int

// The parts: the derivatives of all states, the threshold, all states after a spike, after an
// arrival of weight w, and at the start.
const (
	Derivatives Part = iota
	Threshold
	Reset
	Input
	Start
)

func (m *Model) program(p Part) *program {
	return [...]*program{&m.rhs, &m.threshold, &m.reset, &m.input, &m.start}[p]
}

// Evaluate returns the expressions of a part of m: one per state, of the threshold one. states and
// params are in the order of Model.States and Model.Params; w is of Input alone, and states are not
// of Start. Another number of them is an error (ErrEquation), as is what a cannot do.
func Evaluate[T any](m *Model, part Part, a Arithmetic[T], w T, states, params []T) (values []T, err error) {
	if !m.parsed() || part < Derivatives || part > Start {
		return nil, fmt.Errorf("%w: part %d of no model", ErrEquation, part)
	}
	if a == nil {
		return nil, fmt.Errorf("%w: no arithmetic", ErrEquation)
	}
	if len(params) != len(m.Params) || part != Start && len(states) != len(m.States) {
		return nil, fmt.Errorf("%w: %d states and %d parameters, want %d and %d", ErrEquation, len(states), len(params), len(m.States), len(m.Params))
	}
	p := m.program(part)
	v := make([]T, len(p.code))
	for k, c := range p.code {
		switch c.op {
		case constant:
			v[k] = a.Constant(c.x)
		case variable:
			switch i := int(c.a) - 1; {
			case i < 0:
				v[k] = w
			case i < len(m.States):
				v[k] = states[i]
			default:
				v[k] = params[i-len(m.States)]
			}
		case add:
			v[k] = a.Add(v[c.a], v[c.b])
		case sub:
			v[k] = a.Sub(v[c.a], v[c.b])
		case mul:
			v[k] = a.Mul(v[c.a], v[c.b])
		case div:
			v[k] = a.Div(v[c.a], v[c.b])
		case neg:
			v[k] = a.Sub(a.Constant(0), v[c.a])
		case pow:
			v[k], err = a.Pow(v[c.a], c.x)
		default:
			for name, o := range functions {
				if o == c.op {
					v[k], err = a.Call(name, v[c.a])
				}
			}
		}
		if err != nil {
			return nil, err
		}
	}
	for _, k := range p.out {
		values = append(values, v[k])
	}
	return values, nil
}

// Held returns for each state whether it is held after a spike, and the parameter that says how
// long, -1 for none.
func (m *Model) Held() (states []bool, time int) {
	if !m.parsed() {
		return nil, -1
	}
	return m.held, m.refractory
}

// Ratio returns the states of which only the ratios matter.
func (m *Model) Ratio() []int {
	if m == nil {
		return nil
	}
	return m.ratio
}
