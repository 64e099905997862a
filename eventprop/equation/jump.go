package equation

import "math"

// jumper evaluates the programs of one neuron. Its variables are w, the states and the parameters.
type jumper struct {
	m      *Model
	x      []float64 // variables
	values []float64 // of a program
	bar    []float64
	grad   []float64 // of variables
	seed   []float64 // of states
	out    []float64
}

func newJumper(m *Model) *jumper {
	n, v := len(m.States), 1+len(m.States)+len(m.Params)
	return &jumper{
		m: m, x: make([]float64, v), grad: make([]float64, v), values: make([]float64, m.longest), bar: make([]float64, m.longest),
		seed: make([]float64, n), out: make([]float64, n),
	}
}

// state are the states among the variables.
func (s *jumper) state() []float64 { return s.x[1 : 1+len(s.m.States)] }

// slope sets f to the slopes at the variables; those of states that are held are 0.
func (s *jumper) slope(f []float64, held bool) {
	s.m.rhs.eval(s.values, s.x)
	for i, k := range s.m.rhs.out {
		f[i] = s.values[k]
		if held && s.m.held[i] {
			f[i] = 0
		}
	}
}

// threshold returns g at the variables.
func (s *jumper) threshold() float64 {
	s.m.threshold.eval(s.values, s.x)
	return s.values[s.m.threshold.out[0]]
}

// above tells whether the variables are at or above threshold. At it they are not if it is left at
// once, as after a reset to where it is reached from above.
func (s *jumper) above(held bool) bool {
	g := s.threshold()
	if g != 0 {
		return !(g < 0)
	}
	s.thresholdSlopes()
	s.slope(s.out, held)
	return !(dot(s.grad[1:1+len(s.out)], s.out) < 0)
}

// scale multiplies states of which only ratios matter by a power of 2, so that they are near 1, if
// they are far from it. It returns the exponent.
func (m *Model) scale(x []float64) int16 {
	largest := m.size(x)
	if largest == 0 || largest < 0x1p60 && largest > 0x1p-60 || largest-largest != 0 {
		return 0
	}
	_, e := math.Frexp(largest)
	m.scaleBy(x, -e)
	return int16(-e)
}

// size returns the largest of the states of which only ratios matter.
func (m *Model) size(x []float64) float64 {
	largest := 0.0
	for _, n := range m.ratio {
		largest = max(largest, math.Abs(x[n]))
	}
	return largest
}

func (m *Model) scaleBy(x []float64, exponent int) {
	for _, n := range m.ratio {
		x[n] = math.Ldexp(x[n], exponent)
	}
}

// thresholdSlopes sets grad to the derivatives of g to the variables.
func (s *jumper) thresholdSlopes() {
	s.threshold()
	clear(s.grad)
	s.m.threshold.pull(s.grad, s.bar, s.values, []float64{1})
}

// jump sets the state to that after a jump p; held states stay.
func (s *jumper) jump(p *program, held bool) {
	p.eval(s.values, s.x)
	for i, k := range p.out {
		s.out[i] = s.values[k]
		if held && s.m.held[i] {
			s.out[i] = s.x[1+i]
		}
	}
	copy(s.state(), s.out)
}

// jumpBack sets adj after a jump from the variables to that before it, and adds to grads, one per
// variable.
func (s *jumper) jumpBack(p *program, adj, grads []float64, held bool) {
	p.eval(s.values, s.x)
	clear(s.grad)
	for i, a := range adj {
		s.seed[i] = a
		if held && s.m.held[i] {
			s.seed[i] = 0
			s.grad[1+i] += a
		}
	}
	p.pull(s.grad, s.bar, s.values, s.seed)
	copy(adj, s.grad[1:1+len(adj)])
	grads[0] += s.grad[0]
	for k := 1 + len(adj); k < len(grads); k++ {
		grads[k] += s.grad[k]
	}
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i, x := range a {
		sum += float64(x * b[i])
	}
	return sum
}
