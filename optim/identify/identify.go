package identify

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/optim/minimize"
)

// Verdict says whether a target determines a parameter.
type Verdict int

// The verdicts of [Analyze]. That a parameter is known as an interval only, because
// the output moves in steps, is for [FeasibleInterval] to say.
const (
	Undetermined Verdict = iota // "no"
	Determined                  // "yes"
)

// String returns "yes" or "no".
func (v Verdict) String() string {
	if v == Determined {
		return "yes"
	}
	return "no"
}

// Estimate is what a target says of one parameter, to first order.
type Estimate struct {
	Name    string
	Verdict Verdict
	// SD is the standard deviation, with all other parameters unknown too; +Inf if the
	// parameter is part of a direction that changes nothing at all.
	SD float64
	// Alone is the standard deviation if all other parameters were known, 1 / |sens[:,i]|;
	// +Inf if the outputs do not depend on the parameter. Much less than SD, it says
	// that only a combination is determined.
	Alone float64
	// Low and High are the ends of the interval of 95 %, x -+ 1.96 SD.
	Low, High float64
}

// Direction is a change of parameters that the target does not see.
type Direction struct {
	// Weights say how much each parameter changes along it, [n]; whole numbers where
	// whole numbers fit.
	Weights []float64
	// SD is the standard deviation along it per unit of Weights; +Inf if nothing
	// changes at all.
	SD float64
	// Text says for logarithmic parameters what the target sees nevertheless, such as
	// "Igain_syn, Iscale and Ipulse: only as Igain_syn*Iscale/Ipulse". Directions that
	// share parameters share a text.
	Text string
}

// Identification is what a target says of all parameters, to first order.
type Identification struct {
	// Singular are the singular values of the sensitivities, [n], falling: a change of
	// 1 along a direction changes the outputs by that many times their noise.
	Singular []float64
	// Vectors are the directions, column k that of Singular[k], [n, n].
	Vectors *mat.Dense
	// Estimates are for the parameters, [n].
	Estimates []Estimate
	// Open are directions that span all changes that the target does not see.
	Open []Direction
}

// Settings are settings of [Analyze]; nil is the zero value.
type Settings struct {
	// Resolution is the largest standard deviation of what counts as determined; zero
	// means 0.1, in ln I some 10 %.
	Resolution float64
	// Priors are what is known beforehand: one for each parameter, or nil.
	Priors []minimize.Prior
}

const (
	exactlyOpen = 1e-10 // of the largest singular value: rounding of a Jacobian, not information
	inDirection = 1e-6  // component of a unit vector that is more than rounding
	nearRatio   = 0.03  // weights that are as near to ratios are tried as such
	z95         = 1.959963984540054
)

// Analyze says which of the parameters x, [n], outputs determine whose sensitivities
//
//	sens[m, i] = d out[m] / dx[i] / noise[m],  [M, n]
//
// are given in units of their noise. With a fit to residuals in units of their noise,
// sens is the Jacobian. From the singular values s and vectors V of sens, with a row
// for each prior,
//
//	SD[i]² = sum_k (V[i,k] / s[k])²,   direction k is open if 1/s[k] > Resolution
//
// Open directions are rotated so that each has few parameters, and weights near to
// ratios of small whole numbers become these, if the target does not see the
// difference. O(M n²) operations. Errors wrap
// minimize.ErrProblem, optim.ErrSettings or optim.ErrNonFinite.
func Analyze(sens *mat.Dense, x []float64, names []string, s *Settings) (*Identification, error) {
	if s == nil {
		s = &Settings{}
	}
	resolution := s.Resolution
	if resolution == 0 {
		resolution = 0.1
	}
	if sens == nil || sens.IsEmpty() {
		return nil, fmt.Errorf("%w: identify: no sensitivities", minimize.ErrProblem)
	}
	m, n := sens.Dims()
	switch {
	case len(x) != n || len(names) != n || (s.Priors != nil && len(s.Priors) != n):
		return nil, fmt.Errorf("%w: identify: sensitivities to %d parameters, %d values, %d names, %d priors", minimize.ErrProblem, n, len(x), len(names), len(s.Priors))
	case !(resolution > 0) || math.IsInf(resolution, 1):
		return nil, fmt.Errorf("%w: identify: Resolution is %v, want positive and finite", optim.ErrSettings, resolution)
	}
	rows := mat.NewDense(m+len(s.Priors)+n, n, nil) // n more rows of zeros: no fewer rows than columns
	for k := range m {
		if i := slices.IndexFunc(sens.RawRowView(k), notFinite); i >= 0 {
			return nil, fmt.Errorf("%w: identify: sensitivity of output %d to %s is %v", optim.ErrNonFinite, k, names[i], sens.At(k, i))
		}
		copy(rows.RawRowView(k), sens.RawRowView(k))
	}
	for i, p := range s.Priors {
		if p.SD != 0 {
			rows.Set(m+i, i, 1/p.SD)
		}
	}
	var svd mat.SVD
	if !svd.Factorize(rows, mat.SVDThinV) {
		return nil, fmt.Errorf("%w: identify: singular values of the sensitivities do not converge", minimize.ErrProblem)
	}
	id := &Identification{Singular: svd.Values(nil), Vectors: new(mat.Dense)}
	svd.VTo(id.Vectors)

	none := exactlyOpen * id.Singular[0]
	var open []int
	for k, v := range id.Singular {
		if v <= none || v*resolution < 1 {
			open = append(open, k)
		}
	}
	for i := range n {
		column := mat.Col(nil, i, rows)
		e := Estimate{Name: names[i], Alone: 1 / math.Sqrt(dot(column, column))}
		variance := 0.0
		for k, v := range id.Singular {
			c := id.Vectors.At(i, k)
			switch {
			case v > none:
				variance += float64(c / v * (c / v))
			case math.Abs(c) > inDirection:
				variance = math.Inf(1)
			}
		}
		e.SD = math.Sqrt(variance)
		e.Low, e.High = x[i]-z95*e.SD, x[i]+z95*e.SD
		if e.SD <= resolution {
			e.Verdict = Determined
		}
		id.Estimates = append(id.Estimates, e)
	}
	id.open(open, none, resolution)
	return id, nil
}

// open fills in the directions from the singular vectors that are open.
func (id *Identification) open(which []int, none, resolution float64) {
	n := len(id.Estimates)
	if len(which) == 0 {
		return
	}
	basis := mat.NewDense(len(which), n, nil)
	for row, k := range which {
		basis.SetRow(row, mat.Col(nil, k, id.Vectors))
	}
	e := reduceRows(basis)
	for row, pivot := range e.pivot {
		weights := basis.RawRowView(row)
		short := slices.Clone(weights) // without small parts that matter little
		for i, v := range weights {
			small := math.Abs(v) < 0.05 && (math.Abs(v) < 1e-3 || id.Estimates[i].Verdict == Determined)
			if small && i != pivot {
				short[i] = 0
			}
		}
		simple, _, ok := ratios(short, nearRatio)
		// What is simpler is taken only if the target sees it hardly better, or with
		// ten times the standard deviation of what counts as determined.
		before := 2 * id.along(weights, none)
		unseen := func(w []float64) bool {
			seen := id.along(w, none)
			return seen <= before || 10*resolution*seen < math.Sqrt(dot(w, w))
		}
		if ok && unseen(simple) {
			copy(weights, simple)
		} else if unseen(short) {
			copy(weights, short)
		}
	}
	texts := e.words(id.Estimates)
	for row := range e.pivot {
		d := Direction{Weights: whole(basis.RawRowView(row)), SD: math.Inf(1), Text: texts[row]}
		if seen := id.along(d.Weights, none); seen > none*math.Sqrt(dot(d.Weights, d.Weights)) {
			d.SD = 1 / seen
		}
		id.Open = append(id.Open, d)
	}
}

// along returns by how many times their noise the outputs change along weights.
func (id *Identification) along(weights []float64, none float64) float64 {
	sum := 0.0
	for k, s := range id.Singular {
		if s > none {
			v := s * dot(mat.Col(nil, k, id.Vectors), weights)
			sum += float64(v * v)
		}
	}
	return math.Sqrt(sum)
}

func notFinite(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }

func dot(a, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		sum += float64(v * b[i])
	}
	return sum
}
