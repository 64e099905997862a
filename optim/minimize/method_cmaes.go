package minimize

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/internal/random"
	"github.com/surge-snn/surge/optim"
)

// CMAES is the evolution strategy with covariance matrix adaptation, which needs no
// gradient: the baseline that a gradient has to beat. Every step draws a population
//
//	x_k = m + σ B D z_k,  C = B D² Bᵀ,  z_k normal
//
// evaluates it, all at once with Problem.Batch, and moves m, σ and C after its better
// half, as in equations 10 to 31 of Hansen, without negative weights. It searches the
// whole space and sees the loss through reflections at the bounds. Gonum's CmaEsChol
// (v0.17) is not used because it samples without its step size σ.
//
// It has converged when σ sqrt(C[i,i]) <= Tol for all parameters. It draws from the
// streams "optim/cmaes" of Seed, one for each step. O(n³) operations per step.
//
// Hansen (2016), arXiv:1604.00772.
type CMAES struct {
	// Sigma is the first σ; zero means 0.3.
	Sigma float64
	// Population is the number of points per step; zero means 4 + floor(3 ln n).
	Population int
	// Evaluations is the largest number of evaluations; zero means 1000 n.
	Evaluations int
	// Tol is the tolerance in x; zero means 1e-8.
	Tol float64
	// Seed names the random numbers.
	Seed uint64
}

// Slots of the state.
const (
	cmaX     = iota // start; fixed parameters stay as they are here
	cmaMean         // [n]
	cmaCov          // C [n, n]
	cmaPathC        // evolution path of C, [n]
	cmaPathS        // evolution path of σ, [n]
	cmaSigma
)

// Start returns the state of a search from x.
func (m CMAES) Start(p *Problem, x []float64) (optim.State, error) {
	if err := p.startsAt(x); err != nil {
		return optim.State{}, err
	}
	if !(m.Sigma >= 0) || m.Population < 0 || m.Population == 1 || m.Evaluations < 0 || !(m.Tol >= 0) {
		return optim.State{}, fmt.Errorf("%w: cmaes: Sigma %v, Population %d, Evaluations %d, Tol %v, want at least 0 and not a population of 1",
			optim.ErrSettings, m.Sigma, m.Population, m.Evaluations, m.Tol)
	}
	free := p.Box.free(len(x))
	n := len(free)
	m = m.withDefaults(n)
	mean, cov := make([]float64, n), make([]float64, n*n)
	for k, i := range free {
		mean[k] = x[i]
		cov[k*n+k] = 1
	}
	return optim.State{Kind: "cmaes", Counts: []uint64{0}, Slots: []optim.Slot{
		optim.Vector("x", slices.Clone(x)), optim.Vector("mean", mean), optim.Vector("C", cov),
		optim.Vector("p_c", make([]float64, n)), optim.Vector("p_s", make([]float64, n)), optim.Vector("sigma", []float64{m.Sigma}),
	}}, nil
}

// Step evaluates one population.
func (m CMAES) Step(e *Evaluator, s *optim.State) (Status, error) {
	if err := e.ready(); err != nil {
		return 0, err
	}
	box := e.Box()
	free := box.free(e.Dim())
	n := len(free)
	if err := s.CheckVectors("cmaes", 1, 0, e.Dim(), n, n*n, n, n, 1); err != nil {
		return 0, err
	}
	if n == 0 {
		_, err := e.Loss(s.Vector(cmaX))
		return Converged, err
	}
	m = m.withDefaults(n)
	if s.Counts[0]+uint64(m.Population) > uint64(m.Evaluations) {
		return BudgetReached, nil
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(mat.NewSymDense(n, slices.Clone(s.Vector(cmaCov))), true) {
		return NoProgress, nil
	}
	var b mat.Dense
	eigen.VectorsTo(&b)
	d := eigen.Values(nil)
	for i, v := range d {
		d[i] = math.Sqrt(max(v, 0))
	}
	if !(d[0] > 1e-7*d[n-1]) { // a condition of 1e14
		return NoProgress, nil
	}

	rng := random.New(m.Seed, "optim/cmaes", s.Step)
	mean, sigma := s.Vector(cmaMean), s.Vector(cmaSigma)[0]
	steps, xs := make([][]float64, m.Population), make([][]float64, m.Population) // B D z; x
	at := make([]float64, n)
	for k := range steps {
		z := make([]float64, n)
		for i := range z {
			z[i] = d[i] * random.Normal(rng)
		}
		steps[k] = times(&b, z)
		for i, v := range steps[k] {
			at[i] = mean[i] + float64(sigma*v)
		}
		xs[k] = box.unfold(s.Vector(cmaX), free, at)
	}
	losses := make([]float64, m.Population)
	if err := e.Losses(losses, xs); err != nil {
		return 0, err
	}
	order := make([]int, m.Population)
	for k := range order {
		order[k] = k
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(losses[a], losses[b]) })
	s.Step++
	s.Counts[0] += uint64(m.Population)

	best := make([][]float64, m.Population/2)
	for k := range best {
		best[k] = steps[order[k]]
	}
	m.adapt(s, &b, d, best)
	spread := 0.0
	for i := range n {
		spread = max(spread, s.Vector(cmaSigma)[0]*math.Sqrt(s.Vector(cmaCov)[i*n+i]))
	}
	switch {
	case !isFinite(spread):
		return NoProgress, nil
	case spread <= m.Tol:
		return Converged, nil
	}
	return Running, nil
}

func (m CMAES) withDefaults(n int) CMAES {
	if m.Sigma == 0 {
		m.Sigma = 0.3
	}
	if m.Population == 0 {
		m.Population = 4 + int(3*fmath.Log(float64(max(n, 1))))
	}
	if m.Evaluations == 0 {
		m.Evaluations = 1000 * n
	}
	if m.Tol == 0 {
		m.Tol = 1e-8
	}
	return m
}

// adapt moves mean, paths, C and σ after the steps of the better half, best first.
// The names are those of Hansen's table 1.
func (m CMAES) adapt(s *optim.State, b *mat.Dense, d []float64, best [][]float64) {
	n := float64(len(d))
	w, sum, squares := make([]float64, len(best)), 0.0, 0.0
	for k := range w {
		w[k] = fmath.Log(float64(m.Population+1)/2) - fmath.Log(float64(k+1))
		sum += w[k]
	}
	for k := range w {
		w[k] /= sum
		squares += float64(w[k] * w[k])
	}
	mu := 1 / squares
	cs := (mu + 2) / (n + mu + 5)
	ds := 1 + 2*max(0, math.Sqrt((mu-1)/(n+1))-1) + cs
	cc := (4 + mu/n) / (n + 4 + float64(2*mu/n))
	c1 := 2 / (float64((n+1.3)*(n+1.3)) + mu)
	cmu := min(1-c1, 2*(mu-2+1/mu)/(float64((n+2)*(n+2))+mu))
	chi := math.Sqrt(n) * (1 - 1/(4*n) + 1/(21*float64(n*n))) // E |normal vector|

	mean, sigma, cov := s.Vector(cmaMean), s.Vector(cmaSigma), s.Vector(cmaCov)
	pc, ps := s.Vector(cmaPathC), s.Vector(cmaPathS)
	move := make([]float64, len(d)) // in units of σ
	for k, step := range best {
		for i, v := range step {
			move[i] += float64(w[k] * v)
		}
	}
	for i, v := range move {
		mean[i] += float64(sigma[0] * v)
	}
	z := times(b.T(), move)
	for i := range z {
		z[i] /= d[i]
	}
	z = times(b, z)
	root := math.Sqrt(cs * (2 - cs) * mu)
	for i := range ps {
		ps[i] = float64((1-cs)*ps[i]) + float64(root*z[i])
	}
	length := math.Sqrt(dot(ps, ps))
	h := 0.0
	if length/math.Sqrt(1-fmath.Exp(float64(2*s.Step)*fmath.Log1p(-cs))) < (1.4+2/(n+1))*chi {
		h = 1
	}
	root = h * math.Sqrt(cc*(2-cc)*mu)
	for i := range pc {
		pc[i] = float64((1-cc)*pc[i]) + float64(root*move[i])
	}
	keep := 1 - c1 - cmu + float64((1-h)*c1*cc*(2-cc))
	for i := range d {
		for j := range i + 1 {
			v := float64(keep*cov[i*len(d)+j]) + float64(c1*float64(pc[i]*pc[j]))
			for k, step := range best {
				v += float64(cmu * w[k] * float64(step[i]*step[j]))
			}
			cov[i*len(d)+j], cov[j*len(d)+i] = v, v
		}
	}
	sigma[0] *= fmath.Exp(min(1, cs/ds*(length/chi-1)))
}

// times returns a x.
func times(a mat.Matrix, x []float64) []float64 {
	rows, _ := a.Dims()
	y := mat.NewVecDense(rows, nil)
	y.MulVec(a, mat.NewVecDense(len(x), x))
	return y.RawVector().Data
}
