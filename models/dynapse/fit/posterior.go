package fit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/surge-snn/surge/internal/random"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/optim/ensemble"
	"github.com/surge-snn/surge/optim/minimize"
)

// The posterior of all coordinates, with flat priors in ln I within the bounds where there are no
// others, is
//
//	ln p = - Σ_kinds M/2 ln Σ y² - ½ Σ_bins v²/σ_Θ² - ½ Σ ((x - mean)/SD)²
//
// with y the differences of M samples of a trace, filtered so that they are independent
// (likelihood.go), the standard deviation of which is unknown with the prior 1/σ and is integrated
// over; one that is below noiseFloor is taken to be that, ½ Σ y²/σ². v is how far the membrane is
// on the wrong side of the threshold, as in profile.go.

// Posterior says what the samples of method [MCMC] say of the fitted parameters.
type Posterior struct {
	Walkers    int     `json:"walkers"`
	Steps      int     `json:"steps"` // of each walker, of which the second half counts
	Acceptance float64 `json:"acceptance"`
	// Enough says whether every effective sample size is at least 400, and every R-hat at most
	// 1.05.
	Enough     bool       `json:"enough"`
	Parameters []Marginal `json:"parameters"`
	// Samples are the values of the parameters, [len(Parameters)][steps that count, Walkers],
	// LogDensity the logarithm of the density of each.
	Samples    [][]float64 `json:"-"`
	LogDensity []float64   `json:"-"`
}

// Marginal is what is known of one parameter, in its unit.
type Marginal struct {
	Name     string     `json:"name"`
	Mean     float64    `json:"mean"`
	SD       float64    `json:"sd"`
	Median   float64    `json:"median"`
	Interval [2]float64 `json:"interval"` // quantiles of 2.5 and 97.5 %
	ESS      float64    `json:"ess"`
	RHat     float64    `json:"r_hat"`
}

// density is the posterior.
type density struct {
	*problem
	m       *misfit
	noises  *coloured
	samples []int // of the traces, their samples among all
	white   bool
	rms     float64
}

// newDensity returns the posterior near x; nil where the model does not do there what was recorded.
func newDensity(ctx context.Context, p *problem, x []float64) (*density, *sensitivity, error) {
	d := &density{problem: p, white: true}
	var s *sensitivity
	noise := noiseFloor
	if p.hasTraces() {
		var err error
		if s, err = p.sensitivities(ctx, x, p.smooths()); err != nil {
			return nil, nil, err
		}
		if s.noise > unexplained {
			return nil, nil, nil
		}
		noise, d.noises, d.white = s.noise, s.noises, s.likely == nil
	}
	m, err := p.misfit(ctx, x, noise)
	if err != nil || m == nil {
		return nil, nil, err
	}
	d.m = m
	for i, o := range m.samples {
		if o.quantity != Spikes {
			d.samples = append(d.samples, i)
		}
	}
	if s != nil && len(d.samples) != len(s.e) {
		return nil, nil, fmt.Errorf("%w: %d samples of traces, and %d", ErrExperiment, len(d.samples), len(s.e))
	}
	if s != nil {
		d.rms = s.noise
	}
	return d, s, nil
}

// logs stores the logarithms of the density.
func (d *density) logs(ctx context.Context, to []float64, xs [][]float64) error {
	rs := make([][]float64, len(xs))
	for i := range rs {
		rs[i] = make([]float64, len(d.m.samples))
	}
	if err := d.m.residuals(ctx, rs, xs); errors.Is(err, optim.ErrNonFinite) && len(xs) > 1 { // find the point at fault
		for i := range xs {
			if err := d.logs(ctx, to[i:i+1], xs[i:i+1]); err != nil {
				return err
			}
		}
		return nil
	} else if errors.Is(err, optim.ErrNonFinite) {
		to[0] = math.Inf(-1)
		return nil
	} else if err != nil {
		return err
	}
	for i, r := range rs {
		to[i] = d.log(r, xs[i])
	}
	return nil
}

// log is the logarithm of the density at x, where the residuals are r.
func (d *density) log(r, x []float64) (log float64) {
	for i, v := range r {
		if d.m.samples[i].quantity == Spikes {
			log -= float64(v * v / (2 * d.m.unit * d.m.unit))
		}
	}
	for k := range x {
		if mean, sd := d.wishesOf(k, false); sd > 0 {
			z := (x[k] - mean) / sd
			log -= float64(z * z / 2)
		}
	}
	if d.noises == nil {
		return log
	}
	e := make([]float64, len(d.samples))
	for i, at := range d.samples {
		e[i] = r[at] / d.m.samples[at].root
	}
	y := e
	if !d.white {
		y = d.noises.filter(e)
	}
	squares, counts := make([]float64, len(d.noises.kinds)), make([]float64, len(d.noises.kinds))
	for i, v := range y {
		squares[d.noises.index[i]] += float64(v * v)
		counts[d.noises.index[i]]++
	}
	for k, s := range squares {
		switch {
		case d.white && d.rms <= noiseFloor:
			log -= s / (2 * noiseFloor * noiseFloor)
		default:
			log -= counts[k] / 2 * math.Log(s)
		}
	}
	return log
}

// posterior samples around the best point, and keeps the samples.
func posterior(ctx context.Context, f *session) error {
	p, err := f.forcing(ctx)
	if err != nil {
		return err
	}
	x := f.best.x
	d, s, err := newDensity(ctx, p, x)
	if err != nil {
		return err
	}
	if d == nil {
		f.notes = append(f.notes, "no samples of the posterior: the model does not do what was recorded")
		return nil
	}
	names := f.names()
	walkers := max(32, 4*(len(x)+1))
	starts, err := d.walkers(ctx, x, s, walkers, f.Seed)
	if err != nil {
		return err
	}
	problem := ensemble.Problem{Names: names, Box: f.box, LogDensity: d.logs}
	var chain *ensemble.Chain
	o, err := f.memoize("posterior", func(resume *optim.State) (outcome, error) {
		c, err := ensemble.Sample(ctx, problem, starts, ensemble.Settings{Seed: f.Seed, Resume: resume, Record: func(q ensemble.Progress) error {
			return f.report(Progress{Phase: "posterior", Step: q.Steps, Loss: f.best.loss, Best: f.best.loss, Evaluations: f.evaluations + q.Evaluations, Gradients: f.gradients}, &q.State)
		}})
		if c == nil {
			return outcome{}, err
		}
		if err != nil && ctx.Err() == nil {
			return outcome{}, err
		}
		if err != nil { // cut short: what there is counts
			if c.Steps > 0 {
				f.current = &c.State
			}
			chain = c
			f.evaluations += c.Evaluations
			return outcome{}, ctx.Err()
		}
		enough := 0.0
		if c.Enough {
			enough = 1
		}
		status := minimize.Converged
		if !c.Enough {
			status = minimize.BudgetReached
		}
		return outcome{status, c.Evaluations, 0, [][]float64{c.X, c.LogDensity, {float64(c.Steps), float64(c.Accepted), enough}}}, nil
	})
	switch {
	case chain != nil:
	case err != nil:
		return err
	case len(o.values) != 3 || len(o.values[2]) != 3 || len(o.values[0]) != len(x)*len(o.values[1]) || len(o.values[1]) != walkers*int(o.values[2][0]):
		return errCheckpoint
	default:
		chain = &ensemble.Chain{Names: names, Walkers: walkers, Steps: int(o.values[2][0]), X: o.values[0], LogDensity: o.values[1], Accepted: int(o.values[2][1]), Enough: o.values[2][2] == 1}
	}
	f.chain = chain
	return err
}

// walkers returns where the walkers start: around x as far as the sensitivities s say, or where
// there are none at points that do nearly as well; thresholds between what the spikes allow, and
// refractory times in the same bin. A walker that started elsewhere could be caught in the wrong
// bin of a refractory time.
func (d *density) walkers(ctx context.Context, x []float64, s *sensitivity, count int, seed uint64) ([][]float64, error) {
	const (
		around = 0.05 // where there are no sensitivities
		steps  = 20
		near   = 2  // half of S beyond the least
		tries  = 50 // each nearer to x
	)
	rng := random.New(seed, "fit/posterior")
	smooth, refractories := d.smooths(), d.index(dynapse.Iref)
	_, least, _, err := d.m.fit(ctx, x, steps, 0, refractories...)
	if err != nil {
		return nil, err
	}
	one := func(part float64) ([]float64, error) {
		y := slices.Clone(x)
		if s != nil && s.found != nil {
			for k, v := range s.found.Singular {
				z := part * random.Normal(rng) / max(v, leastSeen)
				for i, at := range smooth {
					y[at] += float64(z * s.found.Vectors.At(i, k) * d.coords[at].relative(x[at]))
				}
			}
			d.box.Project(y)
			z := make([]float64, len(y))
			for k := range z {
				z[k] = farthest * part * (2*rng.Float64() - 1)
			}
			var err error
			if y, err = d.between(ctx, y, z); err != nil {
				return nil, err
			}
		} else {
			for k := range y {
				if !slices.Contains(refractories, k) {
					y[k] += float64(part * around * random.Normal(rng))
				}
			}
			d.box.Project(y)
			var err error
			if y, _, _, err = d.m.fit(ctx, y, steps, least+near, refractories...); err != nil {
				return nil, err
			}
		}
		for _, k := range refractories {
			y[k] = d.lnIref(k, float64(d.bins(k, x[k]))-0.05-float64(0.9*rng.Float64()))
		}
		for k := range y { // those that start in one place never leave it
			y[k] += float64(1e-4 * random.Normal(rng))
		}
		d.box.Project(y)
		return y, nil
	}
	var list [][]float64
	for range count {
		for try := range tries + 1 {
			if try == tries {
				return nil, fmt.Errorf("%w: the posterior is zero around the best point", ErrExperiment)
			}
			y, err := one(math.Pow(0.9, float64(try)))
			if errors.Is(err, optim.ErrNonFinite) {
				continue
			}
			if err != nil {
				return nil, err
			}
			var l [1]float64
			if err := d.logs(ctx, l[:], [][]float64{y}); err != nil {
				return nil, err
			}
			if !math.IsInf(l[0], -1) {
				list = append(list, y)
				break
			}
		}
	}
	return list, nil
}

// fewestSteps is the least number of steps of a chain of which anything is said.
const fewestSteps = 16

// sampled replaces what id says by what the samples do. Where they are too few, as of a chain that
// was cut short, they make intervals of determined currents no narrower, and determine none.
func (f *session) sampled(id *identification) *Posterior {
	c := f.chain
	if c == nil || c.Steps < fewestSteps {
		return nil
	}
	const resolution = 0.1 // as that of identify.Analyze
	out := &Posterior{Walkers: c.Walkers, Steps: c.Steps, Acceptance: float64(c.Accepted) / float64(max(c.Steps*c.Walkers, 1)), Enough: c.Enough, LogDensity: c.LogDensity[c.Kept()*c.Walkers:]}
	for k, m := range c.Summary() {
		coord := f.coords[k]
		ends := [2]float64{f.value(k, m.Low), f.value(k, m.High)}
		if ends[0] > ends[1] {
			ends[0], ends[1] = ends[1], ends[0]
		}
		values := c.Column(k)
		sum, squares := 0.0, 0.0
		for i, x := range values {
			values[i] = f.value(k, x)
			sum += values[i] / float64(len(values))
		}
		for _, v := range values {
			squares += float64((v - sum) * (v - sum) / float64(len(values)))
		}
		out.Parameters = append(out.Parameters, Marginal{Name: coord.name, Mean: sum, SD: math.Sqrt(squares), Median: f.value(k, m.Median), Interval: ends, ESS: m.ESS, RHat: min(m.RHat, math.MaxFloat64)})
		out.Samples = append(out.Samples, values)
		if slices.Contains(id.doubted, coord.name) {
			continue
		}
		if !c.Enough && id.verdict[coord.name] == Identified {
			was := id.interval[coord.name]
			id.interval[coord.name] = [2]float64{min(was[0], ends[0]), max(was[1], ends[1])}
			continue
		}
		id.interval[coord.name] = ends
		lo, hi := f.box.At(k)
		switch sd := m.SD / math.Abs(coord.relative(m.Mean)); {
		case sd <= resolution && !coord.steps() && c.Enough:
			id.verdict[coord.name] = Identified
		case m.High-m.Low < 0.5*(hi-lo):
			id.verdict[coord.name] = SetOnly
		default:
			id.verdict[coord.name] = Unidentified
		}
	}
	return out
}

// doubt says that there are too few samples.
func (p *Posterior) doubt() string {
	worst := slices.MaxFunc(p.Parameters, func(a, b Marginal) int { return cmp.Compare(a.RHat, b.RHat) })
	least := slices.MinFunc(p.Parameters, func(a, b Marginal) int { return cmp.Compare(a.ESS, b.ESS) })
	return fmt.Sprintf("the samples of the posterior are too few after %d steps: R-hat of %s is %.3g, want at most 1.05; the effective sample size of %s is %.0f, want at least 400", p.Steps, worst.Name, worst.RHat, least.Name, least.ESS)
}
