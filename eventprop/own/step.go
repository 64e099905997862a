package own

import "math"

// The pair of Dormand and Prince 1980: the states after a step of length h are
//
//	z_i = x + h sum_j<i tableau[i][j] k_j,  k_i = f(z_i),  y = z_6
//
// which is of order 5; h sum_i wrong[i] k_i is the difference to one of order 4.
var tableau = [7][6]float64{
	{},
	{1. / 5},
	{3. / 40, 9. / 40},
	{44. / 45, -56. / 15, 32. / 9},
	{19372. / 6561, -25360. / 2187, 64448. / 6561, -212. / 729},
	{9017. / 3168, -355. / 33, 46732. / 5247, 49. / 176, -5103. / 18656},
	{35. / 384, 0, 500. / 1113, 125. / 192, -2187. / 6784, 11. / 84},
}

var wrong = [7]float64{71. / 57600, 0, -71. / 16695, 71. / 1920, -17253. / 339200, 22. / 525, -1. / 40}

// between is for states within a step to order 4 (Hairer, Norsett and Wanner 1993, section II.6).
var between = [7]float64{
	-12715105075. / 11282082432, 0, 87487479700. / 32700410799, -10690763975. / 1880347072,
	701980252875. / 199316789632, -1453857185. / 822651844, 69997945. / 29380423,
}

// stepper takes steps of one neuron and pulls through them.
type stepper struct {
	*prepared
	k, z  [7][]float64 // slopes, and the states at which they are; z[6] is after the step
	bar   [7][]float64
	out   []float64
	ax    []float64
	ap    []float64 // what nobody wants
	after []float64 // states after a step

	dense [5][]float64 // polynomials within a step, of (theta, 1 - theta)
	peak  []float64
	spike []float64 // states after a step that ends at a threshold
}

func newStepper(w *prepared) *stepper {
	n := len(w.states)
	s := &stepper{prepared: w}
	next := func() []float64 { return make([]float64, n) }
	for i := range s.k {
		s.k[i], s.z[i], s.bar[i] = next(), next(), next()
	}
	for i := range s.dense {
		s.dense[i] = next()
	}
	s.out, s.ax, s.after, s.peak, s.spike = next(), next(), next(), next(), next()
	s.ap = make([]float64, len(w.params))
	return s
}

// step takes a step from x: the states after it are z[6].
func (s *stepper) step(x []float64, h float64, p []float64) {
	for i := range 7 {
		z := s.z[i]
		for n := range z {
			sum := 0.0
			for j := range i {
				sum += float64(tableau[i][j] * s.k[j][n])
			}
			z[n] = x[n] + float64(h*sum)
		}
		if i < 6 {
			s.f.Slope(s.k[i], z, p)
		}
	}
}

// err returns the error of the latest step over that which is allowed, with the largest sizes of
// the states so far. It takes the slope at the end of the step.
func (s *stepper) err(x []float64, h float64, p, largest []float64) float64 {
	s.f.Slope(s.k[6], s.z[6], p)
	worst := 0.0
	for n, y := range s.z[6] {
		e := 0.0
		for i := range 7 {
			e += float64(wrong[i] * s.k[i][n])
		}
		if e = math.Abs(float64(h * e)); e == 0 {
			continue
		}
		size := max(largest[n], math.Abs(x[n]), math.Abs(y))
		if e /= float64(s.tolerance * size); e-e != 0 {
			return math.Inf(1)
		}
		worst = max(worst, e)
	}
	return worst
}

// pull goes through a step in reverse. a is dL/d(states after it) and becomes that of those before
// it; that of the parameters is added to ap, and that of the length is returned.
//
//	dL/dk_i = h tableau[6][i] a + h sum_l>i tableau[l][i] q_l,  q_i = (df/dx)' dL/dk_i
//	a <- a + sum_i q_i,  dL/dh = a.sum_i tableau[6][i] k_i + sum_i q_i.sum_j tableau[i][j] k_j
func (s *stepper) pull(a, ap, x []float64, h float64, p []float64) (length float64) {
	s.step(x, h, p)
	for i := range 6 {
		for n, v := range a {
			s.bar[i][n] = float64(float64(h*tableau[6][i]) * v)
		}
	}
	length = s.along(6, a)
	if h == 0 {
		return length
	}
	for i := 5; i >= 0; i-- {
		clear(s.ax)
		s.f.PullSlope(s.ax, ap, s.bar[i], s.z[i], p)
		for n, q := range s.ax {
			a[n] += q
			for j := range i {
				s.bar[j][n] += float64(float64(h*tableau[i][j]) * q)
			}
		}
		length += s.along(i, s.ax)
	}
	return length
}

// along returns q.sum_j tableau[i][j] k_j.
func (s *stepper) along(i int, q []float64) (sum float64) {
	for n, v := range q {
		slope := 0.0
		for j := range i {
			slope += float64(tableau[i][j] * s.k[j][n])
		}
		sum += float64(v * slope)
	}
	return sum
}

// above tells whether x is at or above threshold. At it they are not if it is left at once, as
// after a reset to where it is reached from above.
func (s *stepper) above(x, p []float64) bool {
	g := s.f.Threshold(x, p)
	if g != 0 {
		return !(g < 0)
	}
	s.f.Slope(s.out, x, p)
	return !(s.rises(x, s.out, p) < 0)
}

// rises returns dg/dt at x with slopes.
func (s *stepper) rises(x, slope, p []float64) float64 {
	clear(s.ax)
	s.f.PullThreshold(s.ax, s.ap, 1, x, p)
	return dot(s.ax, slope)
}

func dot(a, b []float64) (sum float64) {
	for n, v := range a {
		sum += float64(v * b[n])
	}
	return sum
}
