package fit

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/optim/identify"
	"github.com/surge-snn/surge/optim/minimize"
)

// Where sensitivities do not say how well a current is known, because only spikes are, or because
// it is not known to first order, its profile likelihood does (Raue et al. 2009,
// doi:10.1093/bioinformatics/btp358): for a value v of coordinate k all others are fitted anew, and
// the interval has the v with
//
//	min_{x: x_k = v} S(x) - min_x S(x) <= 3.84,   S = Σ_traces d²/σ² + Σ_bins v²/σ_Θ² + priors
//
// with the traces' noise σ and v by how much the membrane lies on the wrong side of what a bin
// needs (forced.go). σ_Θ is how well a threshold is known: thresholdNoise, or what the fit leaves.
const (
	thresholdNoise = 0.01     // e-folds
	profileLevel   = 3.84 / 2 // of half of S
	profileTol     = 5e-3     // e-folds, of the ends
	profileSteps   = 30       // of a fit of the others
	profileWork    = 20_000   // simulations beyond those of the fit
)

// misfit is half of S, as a problem of least squares.
type misfit struct {
	*forced
	unit float64 // of its loss, where S is in units of the noise
}

// misfit returns that of a recording whose traces have the noise given, e-folds, at the point x.
func (p *problem) misfit(ctx context.Context, x []float64, noise float64) (*misfit, error) {
	bins, spikes, most := 0, 0, 0.0
	for k := range p.recordings {
		r := &p.recordings[k]
		bins = max(bins, r.samples())
		for q := range Spikes {
			if r.Use[q] {
				most = max(most, r.scale(q)/float64(r.samples()))
			}
		}
		for _, s := range p.spikes[k] {
			if s > 0 {
				spikes++
			}
		}
	}
	hinge := p.forced(1, 0)
	if most == 0 {
		hinge.samples = slices.DeleteFunc(hinge.samples, func(o observation) bool { return o.quantity != Spikes })
	}
	threshold, sum := thresholdNoise, 0.0
	r := make([]float64, len(hinge.samples))
	if err := hinge.residuals(ctx, [][]float64{r}, [][]float64{x}); err != nil {
		return nil, err
	}
	for i, o := range hinge.samples {
		if o.quantity == Spikes {
			sum += float64(r[i] / o.root * r[i] / o.root)
		}
	}
	threshold = max(threshold, math.Sqrt(sum/float64(max(spikes-len(x), 1))))
	if threshold > unexplained {
		return nil, nil
	}
	m := &misfit{forced: hinge, unit: math.Sqrt(2*most) * noise}
	if most == 0 {
		m.unit = 1 / math.Sqrt(float64(bins))
	}
	for i := range m.samples {
		if m.samples[i].quantity == Spikes {
			m.samples[i].root = m.unit / threshold
		}
	}
	return m, nil
}

// errEnough ends a fit that is good enough.
var errEnough = errors.New("fit: good enough")

// fit fits all coordinates but those that are held, from x, until half of S is enough. It returns
// it with the number of simulations.
func (m *misfit) fit(ctx context.Context, x []float64, steps int, enough float64, held ...int) (y []float64, s float64, work int, err error) {
	p := m.optim()
	p.Priors = m.priors()
	p.Box = minimize.Box{Lower: slices.Clone(m.box.Lower), Upper: slices.Clone(m.box.Upper)}
	for _, k := range held {
		p.Box.Lower[k], p.Box.Upper[k] = x[k], x[k]
	}
	residuals := p.Residuals
	p.Residuals = func(ctx context.Context, r, x []float64) error {
		work++
		if err := residuals(ctx, r, x); err != nil {
			return err
		}
		if s = m.half(r, x); s <= enough {
			y = slices.Clone(x)
			return errEnough
		}
		return nil
	}
	p.Jacobian = func(ctx context.Context, r []float64, jac *mat.Dense, x []float64) error {
		work += 1 + 2*m.colour
		return m.jacobian(ctx, r, jac, x)
	}
	res, err := minimize.Fit(ctx, p, x, &minimize.Settings{}, minimize.LevenbergMarquardt{Steps: steps, Tol: 1e-4})
	if errors.Is(err, errEnough) {
		return y, s, work, nil
	}
	if err != nil {
		return nil, 0, work, err
	}
	return res.X, res.Loss / (m.unit * m.unit), work, ctx.Err()
}

// priors are those of its least squares.
func (m *misfit) priors() []minimize.Prior {
	if len(m.wishes) == 0 {
		return nil
	}
	list := make([]minimize.Prior, len(m.coords))
	for k := range list {
		if mean, sd := m.wishesOf(k, false); sd > 0 {
			list[k] = minimize.Prior{Mean: mean, SD: sd / m.unit}
		}
	}
	return list
}

// half is half of S at x, where the residuals are r.
func (m *misfit) half(r, x []float64) float64 {
	sum := 0.0
	for _, v := range r {
		sum += float64(v * v)
	}
	for k, p := range m.priors() {
		if p.SD > 0 {
			d := (x[k] - p.Mean) / p.SD
			sum += float64(d * d)
		}
	}
	return sum / (2 * m.unit * m.unit)
}

// profiler looks for intervals.
type profiler struct {
	*session
	m     *misfit
	x     []float64 // the point with the least misfit
	least float64
	known [][]float64 // points that are feasible, of the coordinate at hand
	most  int         // simulations, after which no other coordinate is looked at
	// refractory says which numbers of bins are feasible, where the coordinate at hand is one of
	// Iref.
	refractory map[int]bool
}

// errBetter says that a point is better than that from which the search began.
var errBetter = errors.New("fit: a better point")

// profile replaces what id says of coordinates that it does not know by their profiles. It ends,
// with what it has, when the time of ctx is over.
func (f *session) profile(ctx context.Context, x []float64, id *identification) error {
	if f.spikes == nil || f.best.errors != nil || len(f.summed) > 0 || f.Weights || f.Codes != nil || !f.unknown(id) || id.noise > unexplained {
		return nil
	}
	m, err := f.misfit(ctx, x, id.noise*max(id.lengthening, 1))
	if err != nil || m == nil {
		return ignoreEnd(ctx, err)
	}
	const anew = 4 // times the search begins from a better point
	most := profileWork + 2*f.evaluations
	for range anew {
		p := &profiler{session: f, m: m, most: most}
		var work int
		if p.x, p.least, work, err = m.fit(ctx, x, 0, 0, f.index(dynapse.Iref)...); err != nil {
			return ignoreEnd(ctx, err)
		}
		f.evaluations += work
		found := *id
		if found.verdict, found.interval, err = p.intervals(ctx, id); errors.Is(err, errBetter) {
			x, id.better = p.x, p.x
			continue
		}
		if err != nil {
			return ignoreEnd(ctx, err)
		}
		known := 0
		for name, v := range found.verdict {
			if id.verdict[name] == Unidentified && v == SetOnly {
				id.verdict[name], id.interval[name] = v, found.interval[name]
				known++
			}
		}
		if known > 0 {
			id.settle()
		}
		return nil
	}
	return nil
}

// ignoreEnd is nil where the time of ctx is over.
func ignoreEnd(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// unknown says whether a coordinate is a current that is not known, though the recording is as it
// should be.
func (id *identification) unknown(c coordinate) bool {
	_, ok := c.quantity.(current)
	return ok && !c.given && id.verdict[c.name] == Unidentified && !slices.Contains(id.doubted, c.name)
}

// unknown says whether there is such a current.
func (f *session) unknown(id *identification) bool {
	return slices.ContainsFunc(f.coords, id.unknown)
}

// settle takes what is known by now out of what is said to be open for another reason than that the
// target does not determine a direction: that nothing but spikes was recorded, or nothing was
// assessed.
func (id *identification) settle() {
	for i, o := range id.open {
		if o.Text != spikesAlone && o.Text != notAssessed {
			continue
		}
		left := maps.Clone(o.Direction)
		maps.DeleteFunc(left, func(name string, _ float64) bool { return id.verdict[name] != Unidentified })
		id.open[i].Direction = left
	}
	id.open = slices.DeleteFunc(id.open, func(o Open) bool { return len(o.Direction) == 0 })
}

// intervals returns those of the coordinates that are not known.
func (p *profiler) intervals(ctx context.Context, id *identification) (map[string]Verdict, map[string][2]float64, error) {
	verdicts, intervals := map[string]Verdict{}, map[string][2]float64{}
	order := append(p.index(dynapse.Iref), slices.DeleteFunc(every(len(p.coords)), func(k int) bool { return p.coords[k].is(dynapse.Iref) })...) // what acts in steps is quick
	for step, k := range order {
		c := p.coords[k]
		if !id.unknown(c) {
			continue
		}
		if p.evaluations > p.most {
			break
		}
		p.known, p.refractory = [][]float64{p.x}, map[int]bool{}
		lo, hi := p.box.At(k)
		in, err := identify.FeasibleInterval(ctx, func(ctx context.Context, v float64) (bool, error) { return p.feasible(ctx, k, v) }, p.x[k], lo, hi, profileTol)
		if err != nil {
			return nil, nil, err
		}
		if !in.LowOpen && !p.bounded(k, in.Low) || !in.HighOpen && !p.bounded(k, in.High) {
			verdicts[c.name], intervals[c.name] = SetOnly, [2]float64{p.value(k, in.Low), p.value(k, in.High)}
		}
		if err := p.report(Progress{Phase: "profile", Step: step + 1, Loss: p.best.loss, Best: p.best.loss, Evaluations: p.evaluations, Gradients: p.gradients}, nil); err != nil {
			return nil, nil, err
		}
	}
	return verdicts, intervals, nil
}

// bounded says whether an end of the interval of coordinate k is there only because another
// coordinate is at its bound.
func (p *profiler) bounded(k int, end float64) bool {
	nearest := slices.MinFunc(p.known, func(a, b []float64) int { return cmp.Compare(math.Abs(a[k]-end), math.Abs(b[k]-end)) })
	for i, side := range p.box.Sides(nearest) {
		if i != k && !p.coords[i].is(dynapse.Iref) && (side == minimize.AtLower || side == minimize.AtUpper) {
			return true
		}
	}
	return false
}

// feasible says whether coordinate k may have the value v: from the feasible points next to v, and
// with refractory times that are a bin longer or shorter.
func (p *profiler) feasible(ctx context.Context, k int, v float64) (ok bool, err error) {
	if p.coords[k].is(dynapse.Iref) { // acts in whole bins
		bins := p.bins(k, v)
		if known, ok := p.refractory[bins]; ok {
			return known, nil
		}
		defer func() {
			if err == nil {
				p.refractory[bins] = ok
			}
		}()
	}
	if v == p.x[k] {
		return true, nil
	}
	slices.SortStableFunc(p.known, func(a, b []float64) int { return cmp.Compare(math.Abs(a[k]-v), math.Abs(b[k]-v)) })
	starts := [][]float64{slices.Clone(p.known[0])}
	if len(p.known) > 1 { // the line through the two nearest
		a, b := p.known[0], p.known[1]
		if d := a[k] - b[k]; math.Abs(d) > 1e-9 {
			line := slices.Clone(a)
			for i := range line {
				line[i] += float64((v - a[k]) / d * (a[i] - b[i]))
			}
			for _, i := range p.index(dynapse.Iref) {
				line[i] = a[i]
			}
			starts = append([][]float64{line}, starts...)
		}
	}
	refractories := p.index(dynapse.Iref)
	for _, r := range refractories {
		if r == k {
			continue
		}
		for _, d := range []int{1, -1} {
			y := slices.Clone(p.known[0])
			lo, hi := p.box.At(r)
			if y[r] = p.lnIref(r, float64(p.bins(r, y[r])+d)-0.5); y[r] > lo && y[r] < hi {
				starts = append(starts, y)
			}
		}
	}
	for _, y := range starts {
		y[k] = v
		p.box.Project(y)
		y, s, work, err := p.m.fit(ctx, y, profileSteps, p.least+profileLevel/4, append(slices.Clone(refractories), k)...)
		p.evaluations += work
		if errors.Is(err, optim.ErrNonFinite) {
			continue
		}
		if err != nil {
			return false, err
		}
		if s < p.least-profileLevel/10 {
			p.x = y
			return false, errBetter
		}
		if s <= p.least+profileLevel {
			p.known = append(p.known, y)
			return true, nil
		}
	}
	return false, nil
}

// spikesAlone is what is said of currents where only spikes are known.
const spikesAlone = "spikes alone do not determine currents: the behaviour is fitted, the currents are one choice among many"
