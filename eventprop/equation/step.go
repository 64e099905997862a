package equation

import "math"

// The pair of Dormand and Prince of orders 5 and 4 (1980, doi:10.1016/0771-050X(80)90013-3).
const stages = 6

var (
	stageWeights = [stages + 1][stages]float64{
		{},
		{1. / 5},
		{3. / 40, 9. / 40},
		{44. / 45, -56. / 15, 32. / 9},
		{19372. / 6561, -25360. / 2187, 64448. / 6561, -212. / 729},
		{9017. / 3168, -355. / 33, 46732. / 5247, 49. / 176, -5103. / 18656},
		{35. / 384, 0, 500. / 1113, 125. / 192, -2187. / 6784, 11. / 84}, // the solution
	}
	errorWeights = [stages + 1]float64{71. / 57600, 0, -71. / 16695, 71. / 1920, -17253. / 339200, 22. / 525, -1. / 40}
)

// stepper takes steps of one neuron at a time. Its variables are w, the states and the parameters.
type stepper struct {
	m      *Model
	x      []float64             // variables
	k      [stages + 1][]float64 // slopes
	values [stages + 1][]float64 // of rhs
	bar    []float64             // of a program
	grad   []float64             // of variables
	seed   []float64             // of states
	kBar   [stages][]float64     // of the slopes
	out    []float64             // of a program of states
	other  []float64             // values of the other programs
	err    []float64             // of states
}

func newStepper(m *Model) *stepper {
	s, n, v := &stepper{m: m}, len(m.States), 1+len(m.States)+len(m.Params)
	for i := range s.k {
		s.k[i], s.values[i] = make([]float64, n), make([]float64, m.longest)
	}
	for i := range s.kBar {
		s.kBar[i] = make([]float64, n)
	}
	s.x, s.grad, s.bar, s.other = make([]float64, v), make([]float64, v), make([]float64, m.longest), make([]float64, m.longest)
	s.seed, s.out, s.err = make([]float64, n), make([]float64, n), make([]float64, n)
	return s
}

// state are the states among the variables.
func (s *stepper) state() []float64 { return s.x[1 : 1+len(s.m.States)] }

// slope sets f to the slopes at the variables, with the values of rhs; those of states that are
// held are 0.
func (s *stepper) slope(f, values []float64, held bool) {
	s.m.rhs.eval(values, s.x)
	for i, k := range s.m.rhs.out {
		f[i] = values[k]
		if held && s.m.held[i] {
			f[i] = 0
		}
	}
}

// step sets the state to that after h from x0, with the slopes of all stages. It returns the error
// of the step relative to the tolerance.
func (s *stepper) step(x0 []float64, h, tolerance float64, held bool) float64 {
	x := s.state()
	for i := range stages + 1 {
		for n, v := range x0 {
			sum := 0.0
			for j, a := range stageWeights[i][:i] {
				sum += float64(a * s.k[j][n])
			}
			x[n] = v + float64(h*sum)
		}
		s.slope(s.k[i], s.values[i], held)
	}
	largest := 0.0
	for n, v := range x0 {
		e := 0.0
		for j, w := range errorWeights {
			e += float64(w * s.k[j][n])
		}
		e = math.Abs(float64(h*e)) / (tolerance * (1e-3 + max(math.Abs(v), math.Abs(x[n]))))
		if !(e <= largest) {
			largest = e // NaN too
		}
	}
	return largest
}

// stepBack sets adj, dL/d(state) after a step, to that before it, and adds to grads, one per
// variable.
func (s *stepper) stepBack(adj, grads, x0 []float64, h float64, held bool) {
	s.step(x0, h, 1, held)
	for i := stages - 1; i >= 0; i-- {
		for n := range adj {
			s.kBar[i][n] = 0
			if held && s.m.held[n] {
				continue
			}
			sum := float64(stageWeights[stages][i] * adj[n])
			for j := i + 1; j < stages; j++ {
				sum += float64(stageWeights[j][i] * s.kBar[j][n])
			}
			s.seed[n] = float64(h * sum)
		}
		if held {
			for n, is := range s.m.held {
				if is {
					s.seed[n] = 0
				}
			}
		}
		clear(s.grad)
		s.m.rhs.pull(s.grad, s.bar, s.values[i], s.seed)
		copy(s.kBar[i], s.grad[1:]) // what the state of this stage has
		for k := 1 + len(adj); k < len(grads); k++ {
			grads[k] += s.grad[k]
		}
	}
	for i := range stages {
		for n := range adj {
			adj[n] += s.kBar[i][n]
		}
	}
}

// threshold returns g at the variables.
func (s *stepper) threshold() float64 {
	s.m.threshold.eval(s.other, s.x)
	return s.other[s.m.threshold.out[0]]
}

// jump sets the state to that after a jump p; held states stay.
func (s *stepper) jump(p *program, held bool) {
	p.eval(s.other, s.x)
	for i, k := range p.out {
		s.out[i] = s.other[k]
		if held && s.m.held[i] {
			s.out[i] = s.x[1+i]
		}
	}
	copy(s.state(), s.out)
}

// jumpBack sets adj after a jump from the variables to that before it, and adds to grads.
func (s *stepper) jumpBack(p *program, adj, grads []float64, held bool) {
	p.eval(s.other, s.x)
	clear(s.grad)
	for i, a := range adj {
		s.seed[i] = a
		if held && s.m.held[i] {
			s.seed[i] = 0
			s.grad[1+i] += a
		}
	}
	p.pull(s.grad, s.bar, s.other, s.seed)
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
