package equation

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/internal/random"
)

// ErrDerivative signifies equations whose derivatives are not those of their values.
var ErrDerivative = errors.New("equation: derivatives differ from differences")

// Verify compares the derivatives of all equations, which are made from their text, with central
// differences of their values, at random states near the start and the reset and parameters near
// the given ones. It costs some thousand evaluations. The error (ErrDerivative) names the equation
// and the variable; equations that have no finite value at any of these states are one too. Neurons
// that no arrival and no reset changes are an error of the equations (ErrEquation), and a reset to
// above the threshold is one of the values (eventprop.ErrParameter).
func (n Neurons) Verify() error {
	const points, want = 20, 5
	m := n.Model
	if !m.parsed() {
		return fmt.Errorf("%w: Neurons without a model, want one of Parse", ErrDerivative)
	}
	if !m.readsWeight() {
		return fmt.Errorf("%w: no line input: with w, so that arrivals have no effect", ErrEquation)
	}
	if !m.resets() {
		return fmt.Errorf("%w: no line reset: of a state of the threshold, so that spikes have no end", ErrEquation)
	}
	if err := n.verifyReset(); err != nil {
		return err
	}
	s, rng := newJumper(m), random.New(1, "equation/verify")
	finite := 0
	for range points {
		for k, name := range m.Params {
			v := 0.0
			if values := n.Params[name]; len(values) > 0 {
				v = values[0]
			}
			s.x[1+len(m.States)+k] = v * (1 + float64(0.1*random.Normal(rng)))
		}
		s.jump(&m.start, false)
		if rng.IntN(2) == 0 {
			s.jump(&m.reset, false)
		}
		for k := range m.States {
			s.x[1+k] = float64(s.x[1+k]*(1+float64(0.1*random.Normal(rng)))) + float64(0.1*random.Normal(rng))
		}
		s.x[0] = random.Normal(rng)
		ok, err := m.verify(s)
		if err != nil {
			return err
		}
		if ok {
			finite++
		}
	}
	if finite < want {
		return fmt.Errorf("%w: values are finite at %d of %d states near the start", ErrDerivative, finite, points)
	}
	return nil
}

// resets tells whether a reset changes a state of the threshold.
func (m *Model) resets() bool {
	return slices.ContainsFunc(m.threshold.code, func(c instruction) bool {
		n := int(c.a) - 1
		if c.op != variable || n < 0 || n >= len(m.States) {
			return false
		}
		to := m.reset.code[m.reset.out[n]]
		return to.op != variable || to.a != c.a
	})
}

// verifyReset returns an error for a reset to above the threshold, where both are a matter of the
// values of parameters alone.
func (n Neurons) verifyReset() error {
	m, s := n.Model, newJumper(n.Model)
	for _, c := range m.threshold.code {
		if i := int(c.a) - 1; c.op == variable && i >= 0 && i < len(m.States) && m.reset.readsState(m.reset.out[i], len(m.States)) {
			return nil
		}
	}
	for k, name := range m.Params {
		if values := n.Params[name]; len(values) > 0 {
			s.x[1+len(m.States)+k] = values[0]
		}
	}
	s.jump(&m.reset, false)
	if g := s.threshold(); g > 0 {
		return fmt.Errorf("%w: the reset is above the threshold, whose expression is %g after it", eventprop.ErrParameter, g)
	}
	return nil
}

// readsState tells whether value k depends on one of the states, of which there are so many.
func (p *program) readsState(k int32, states int) bool {
	switch c := p.code[k]; c.op {
	case constant:
		return false
	case variable:
		return c.a >= 1 && int(c.a) <= states
	case add, sub, mul, div:
		return p.readsState(c.a, states) || p.readsState(c.b, states)
	default:
		return p.readsState(c.a, states)
	}
}

// verify compares at the variables of s. It tells whether all values are finite there.
func (m *Model) verify(s *jumper) (bool, error) {
	for _, e := range []struct {
		p    *program
		name string
	}{{&m.rhs, "dX/dt"}, {&m.threshold, "threshold"}, {&m.reset, "reset"}, {&m.input, "input"}, {&m.start, "start"}} {
		seed := make([]float64, len(e.p.out))
		for i := range seed {
			clear(seed)
			seed[i] = 1
			value := func() float64 {
				e.p.eval(s.values, s.x)
				return s.values[e.p.out[i]]
			}
			at := value()
			clear(s.grad)
			e.p.pull(s.grad, s.bar, s.values, seed)
			for k := range s.x {
				x, size := s.x[k], math.Abs(s.x[k])
				if k <= len(m.States) || size == 0 { // a parameter has the size of its value, as a capacity in F
					size = max(size, 1e-3)
				}
				h := 1e-4 * size
				var d [2]float64
				for r := range d {
					s.x[k] = x + h
					up := value()
					s.x[k] = x - h
					d[r] = (up - value()) / (2 * h)
					s.x[k] = x
					h /= 2
				}
				want := d[1] + (d[1]-d[0])/3
				if got := s.grad[k]; got-got != 0 || want-want != 0 {
					return false, nil
				} else if math.Abs(got-want) > float64(1e-5*max(math.Abs(got), math.Abs(want)))+1e-8*math.Abs(at)/size {
					return true, fmt.Errorf("%w: %s of %s to %s is %g, by differences %g", ErrDerivative, e.name, m.outputName(i), m.variableName(k), got, want)
				}
			}
		}
	}
	return true, nil
}

func (m *Model) outputName(i int) string { return m.States[min(i, len(m.States)-1)] }

func (m *Model) variableName(k int) string {
	switch {
	case k == 0:
		return "w"
	case k <= len(m.States):
		return m.States[k-1]
	}
	return m.Params[k-1-len(m.States)]
}
