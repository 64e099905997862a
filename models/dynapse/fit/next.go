package fit

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/optim"
)

// Which recording would say most of what is open follows from the model: with the information F of
// the recordings that there are, and C of one more, at the answer, the entropy of the currents
// falls by
//
//	½ ln det(F + C) - ½ ln det F,   F = Σ SᵀS + 1/SD²
//
// (Lindley 1956, doi:10.1214/aoms/1177728069; Chaloner & Verdinelli 1995,
// doi:10.1214/ss/1177009939), with the sensitivities S in units of the noise, and the priors, or
// what the bounds of a current allow.

// Next is the recording of which most is to be expected.
type Next struct {
	// Recording says what is to be recorded.
	Recording string `json:"recording"`
	// Bits are the expected gain of information.
	Bits float64 `json:"bits"`
	// Settles are the currents that are open, and would be determined.
	Settles []string `json:"settles"`
}

// candidate is a recording of one row that could be made next.
type candidate struct {
	text  string
	input func(step, steps int) float64
	idc   float64 // of the start; 0: as it is
}

// Lengths of a recording that could be made next, s and in bins, and its input.
const (
	nextSeconds = 0.5
	leastNext   = 50
	mostNext    = 2000
	nextApart   = 0.2 // s, between single spikes
	nextBurst   = 10  // bins with a spike, in the middle of a recording
)

// possible are the recordings that people make of a neuron.
func possible(p *problem) (list []candidate, steps int) {
	steps = min(max(int(math.Round(nextSeconds/p.dt)), leastNext), mostNext)
	seconds := float64(steps) * p.dt
	if len(p.index(dynapse.Idc)) == 0 {
		for _, times := range []float64{1, 3, 10, 30} {
			idc := times * p.start[dynapse.ItauMem][0]
			list = append(list, candidate{fmt.Sprintf("a constant current Idc of %.2g A and no input, %.2g s", idc, seconds), func(int, int) float64 { return 0 }, idc})
		}
	}
	apart := max(int(math.Round(nextApart/p.dt)), 2)
	list = append(list,
		candidate{fmt.Sprintf("single input spikes every %.2g s, %.2g s", float64(apart)*p.dt, seconds), func(t, _ int) float64 { return whether(t%apart == 1) }, 0},
		candidate{fmt.Sprintf("a burst of %d input spikes and silence, %.2g s", nextBurst, seconds), func(t, steps int) float64 { return whether(t >= steps/4 && t < steps/4+nextBurst) }, 0})
	for _, rate := range []float64{20, 60, 200} {
		s := p.poisson(0, "fit/next", []float64{rate}, seconds)
		width := p.Network.N * p.types()
		list = append(list, candidate{fmt.Sprintf("Poisson input of %v Hz, %.2g s", rate, seconds), func(t, _ int) float64 { return s.input[t*width] }, 0})
	}
	return list, steps
}

func whether(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// mostOpen bounds the coordinates of which a next recording is looked for.
const mostOpen = 64

// next returns the recording that says most of the currents that are open at x; nil where none are,
// and where the model does not do what was recorded.
func (f *session) next(ctx context.Context, x []float64, id *identification) (*Next, error) {
	smooth := f.smooths()
	open := func(k int) bool { return id.unknown(f.coords[k]) }
	if f.best.errors != nil || f.best.nominal != nil || id.noise > unexplained || len(smooth) > mostOpen || f.coded() || !slices.ContainsFunc(smooth, open) {
		return nil, nil
	}
	known := mat.NewSymDense(len(smooth), nil)
	for i, k := range smooth {
		lo, hi := f.box.At(k)
		unit := f.coords[k].relative(x[k])
		sd := (hi - lo) / math.Sqrt(12) / unit // of a uniform distribution
		if _, prior := f.wishesOf(k, false); prior > 0 {
			sd = min(sd, prior/math.Abs(unit))
		}
		known.SetSym(i, i, 1/(sd*sd))
	}
	if f.spikes != nil && f.hasTraces() {
		s, err := f.sensitivities(ctx, x, smooth)
		if err != nil {
			return nil, err
		}
		addInformation(known, s.sens)
	}
	before, ok := logDeterminant(known)
	if !ok {
		return nil, nil
	}
	var best *Next
	list, steps := possible(f.problem)
	for _, c := range list {
		sens, err := f.expected(ctx, x, c, steps, max(id.noise, noiseFloor))
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			if errors.Is(err, ErrExperiment) || errors.Is(err, optim.ErrNonFinite) { // nothing would be seen of it
				continue
			}
			return nil, err
		}
		after := mat.NewSymDense(len(smooth), nil)
		after.CopySym(known)
		addInformation(after, sens)
		var chol mat.Cholesky
		if !chol.Factorize(after) {
			continue
		}
		n := &Next{Recording: "vmem with " + c.text, Bits: (chol.LogDet() - before) / 2 / math.Ln2, Settles: []string{}}
		var covariance mat.SymDense
		if best != nil && n.Bits <= best.Bits || chol.InverseTo(&covariance) != nil {
			continue
		}
		for i, k := range smooth {
			if open(k) && math.Sqrt(covariance.At(i, i)) <= 1.0/leastSeen {
				n.Settles = append(n.Settles, f.coords[k].name)
			}
		}
		best = n
	}
	if best == nil || best.Bits < 1 {
		return nil, nil
	}
	return best, nil
}

// addInformation adds SᵀS.
func addInformation(to *mat.SymDense, s *mat.Dense) {
	var square mat.Dense
	square.Mul(s.T(), s)
	n := to.SymmetricDim()
	for i := range n {
		for j := range i + 1 {
			to.SetSym(i, j, to.At(i, j)+square.At(i, j))
		}
	}
}

// logDeterminant returns ln det of a positive definite matrix.
func logDeterminant(m *mat.SymDense) (float64, bool) {
	var chol mat.Cholesky
	if !chol.Factorize(m) {
		return 0, false
	}
	return chol.LogDet(), true
}

// expected returns the sensitivities of Vmem in a recording of all neurons that was not made, in
// units of the noise, by the coordinates that act smoothly: of what the model does at x.
func (f *session) expected(ctx context.Context, x []float64, c candidate, steps int, noise float64) (*mat.Dense, error) {
	net := f.network(x)
	e := Experiment{Space: f.Space}
	if c.idc > 0 {
		net.Params[dynapse.Idc] = []float64{c.idc}
		e.Space.Network.Params[dynapse.Idc] = []float64{c.idc}
	}
	width := f.Network.N * f.types()
	r := Recording{Name: c.text, T: steps, B: 1, Input: make([]float64, steps*width)}
	for i := range r.Input {
		if i%f.types() == 0 {
			r.Input[i] = c.input(i/width, steps)
		}
	}
	run, err := net.Simulate(dynapse.Input{T: r.T, B: r.B, Counts: r.Input})
	if err != nil {
		return nil, notFinite(err)
	}
	r.Target[Vmem], r.Target[Spikes], r.Use[Vmem] = run.Vmem, run.Spikes, true
	e.Recordings = []Recording{r}
	p, err := e.compile()
	if err != nil {
		return nil, err
	}
	y, at := slices.Clone(p.x), make([]int, len(f.coords))
	for k, coord := range f.coords {
		if at[k] = slices.Index(p.names(), coord.name); at[k] >= 0 {
			y[at[k]] = x[k]
		}
	}
	fp := p.forced(0, 0)
	values, jac := make([]float64, len(fp.samples)), mat.NewDense(len(fp.samples), len(y), nil)
	if err := fp.jacobian(ctx, values, jac, y); err != nil {
		return nil, err
	}
	smooth := f.smooths()
	sens := mat.NewDense(len(fp.samples), len(smooth), nil)
	for i, k := range smooth {
		if at[k] < 0 { // how another recording was measured
			continue
		}
		unit := f.coords[k].relative(x[k])
		for m, o := range fp.samples {
			sens.Set(m, i, unit*jac.At(m, at[k])/(o.root*noise))
		}
	}
	return sens, nil
}
