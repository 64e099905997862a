package fit

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/optim/identify"
	"github.com/surge-snn/surge/optim/minimize"
)

// sensitivity is what the traces with forced spikes say of the coordinates that act smoothly, at a
// point.
type sensitivity struct {
	*problem
	fp     *forced
	x      []float64
	smooth []int
	e      []float64  // differences of the traces, e-folds
	noise  float64    // their standard deviation, or noiseFloor
	sens   *mat.Dense // d e/dx in units of the noise, of relative changes
	priors []minimize.Prior
	noises *coloured
	slope  []float64                // of half the squares in units of the noise
	found  *identify.Identification // nil where nothing acts smoothly

	// Where the recording looks as if it were measured with an error that is not fitted: what is
	// known of the coordinates when it is, how far they are from there, and what is to be said.
	measured *identify.Identification
	likely   []float64 // change of the smooth coordinates to where the likelihood is largest, with noise that is not white; nil where it is
	against  []float64 // how many standard errors least squares are away from there
	shift    []float64
	doubts   []string
}

// colourless is the part of noiseFloor below which differences are what a search leaves, of which
// nothing is said.
const colourless = 0.1

// sensitivities returns the noise of the traces, and what they determine of the coordinates that
// act smoothly.
func (f *problem) sensitivities(ctx context.Context, x []float64, smooth []int) (*sensitivity, error) {
	s := &sensitivity{problem: f, fp: f.forced(0, 0), x: x, smooth: smooth}
	fp := s.fp
	r, jac := make([]float64, len(fp.samples)), mat.NewDense(len(fp.samples), len(x), nil)
	if err := fp.jacobian(ctx, r, jac, x); err != nil {
		return nil, err
	}
	s.e = make([]float64, len(r))
	sum := 0.0
	for m, o := range fp.samples {
		s.e[m] = r[m] / o.root
		sum += float64(s.e[m] * s.e[m])
	}
	rms := math.Sqrt(sum / float64(max(len(r)-len(x), 1)))
	s.noise = max(rms, noiseFloor)
	s.noises = newColoured(fp)
	if len(smooth) == 0 {
		return s, nil
	}
	s.sens = mat.NewDense(max(len(r), len(smooth)), len(smooth), nil)
	s.priors = make([]minimize.Prior, len(smooth))
	for i, k := range smooth {
		unit := f.coords[k].relative(x[k])
		for m, o := range fp.samples {
			s.sens.Set(m, i, unit*jac.At(m, k)/(o.root*s.noise))
		}
		s.priors[i].Mean, s.priors[i].SD = f.wishesOf(k, false)
		s.priors[i].SD /= unit
	}
	sens, e := s.sens, scaled(s.e, 1/s.noise)
	if rms > colourless*noiseFloor {
		if filtered, y, err := s.generalised(); err != nil {
			return nil, err
		} else if filtered != nil {
			sens, e = filtered, y
		}
	}
	var err error
	if s.found, err = s.analyze(sens, smooth); err != nil {
		return nil, err
	}
	s.slope = make([]float64, len(smooth))
	for i, k := range smooth {
		for m := range fp.samples {
			s.slope[i] += float64(sens.At(m, i) * e[m])
		}
		if prior := s.priors[i]; prior.SD > 0 {
			s.slope[i] += (x[k] - prior.Mean) / f.coords[k].relative(x[k]) / (prior.SD * prior.SD)
		}
	}
	return s, nil
}

func (s *sensitivity) analyze(sens *mat.Dense, smooth []int) (*identify.Identification, error) {
	point, names := make([]float64, len(smooth)), make([]string, len(smooth))
	for i, k := range smooth {
		point[i], names[i] = s.x[k], s.coords[k].name
	}
	return identify.Analyze(sens, point, names, &identify.Settings{Priors: s.priors})
}

// lengthening is the largest factor by which noise that is not white makes intervals longer.
func (s *sensitivity) lengthening() float64 {
	most := 1.0
	for _, k := range s.noises.kinds {
		most = max(most, k.lengthening())
	}
	return most
}

// moved is x moved to where the recording is when its errors are fitted.
func (s *sensitivity) moved() []float64 {
	y := slices.Clone(s.x)
	for i, k := range s.smooth {
		y[k] += float64(s.shift[i] * s.coords[k].relative(s.x[k]))
	}
	s.box.Project(y)
	return y
}

// surelyMeasured is how many standard errors away from none an error of the measurement is said to
// be there, and oddSpread that of a row or half whose residuals are larger than the others'.
const (
	surelyMeasured = 4
	oddSpread      = 5
	correlated     = 0.1 // from bin to bin
)

// doubt looks in the residuals for what a recording should not have: noise that is not white, rows
// or halves that differ, and an offset, a gain or a drift that is not fitted. These are tested by
// their score: how much of the residuals they explain beside the coordinates (Rao 1948,
// doi:10.1017/S0305004100023987).
func (s *sensitivity) doubt(ctx context.Context) error {
	total := 0.0
	for _, e := range s.e {
		total += float64(e * e)
	}
	if rms := math.Sqrt(total / float64(max(len(s.e), 1))); rms <= colourless*noiseFloor || rms > unexplained {
		return nil
	}
	for _, k := range s.noises.kinds {
		name := s.recordings[k.recording].Name
		if len(k.autocov) > 1 && k.autocov[1]/k.autocov[0] > correlated {
			s.doubts = append(s.doubts, fmt.Sprintf("%s: the residuals of %v are not white: their autocorrelation from bin to bin is %.2f, and least squares are up to %.2g times as far off as with white noise",
				name, k.quantity, k.autocov[1]/k.autocov[0], k.lengthening()))
		}
		s.doubts = append(s.doubts, s.uneven(k, name)...)
	}
	for i, z := range s.against {
		if math.Abs(z) > surelyMeasured {
			s.doubts = append(s.doubts, fmt.Sprintf("%s: least squares and largest likelihood differ by %.2g standard errors: the residuals are more than noise, and the current is not determined", s.coords[s.smooth[i]].name, math.Abs(z)))
		}
	}
	var svd mat.SVD
	if !svd.Factorize(s.sens, mat.SVDThin) {
		return nil
	}
	var u mat.Dense
	svd.UTo(&u)
	net := s.system(s.x)
	runs, err := s.runs(ctx, net)
	if err != nil {
		return err
	}
	var columns [][]float64
	for k := range s.recordings {
		if some := s.unmeasured(k, &net, runs, &u); some != nil {
			columns = append(columns, some...)
		}
	}
	if columns == nil {
		return nil
	}
	return s.measure(columns)
}

// uneven says whether a row or half of a recording has larger residuals than the rest.
func (s *sensitivity) uneven(k *spectrum, name string) (texts []string) {
	shrink := 0.0 // samples in place of one
	for i, v := range k.autocov {
		w := 2.0
		if i == 0 {
			w = 1
		}
		shrink += float64(w * v / k.autocov[0] * v / k.autocov[0])
	}
	sums, counts := map[string]float64{}, map[string]float64{}
	var order []string
	add := func(part string, e float64) {
		if counts[part] == 0 {
			order = append(order, part)
		}
		sums[part] += float64(e * e)
		counts[part]++
	}
	r := &s.recordings[k.recording]
	width := r.B * s.Network.N
	for _, one := range s.noises.series {
		if one.kind != k {
			continue
		}
		for i, m := range one.at {
			row := s.fp.samples[m].at % width
			if width > 1 {
				add(fmt.Sprintf("row %d, neuron %d", row/s.Network.N, row%s.Network.N), s.e[m])
			}
			add([]string{"the first half", "the second half"}[2*one.steps[i]*s.interval/r.T], s.e[m])
		}
	}
	worst, most := "", 0.0
	for _, part := range order {
		ratio := sums[part] / counts[part] / k.variance
		if z := (ratio - 1) / math.Sqrt(2*shrink/counts[part]); z > oddSpread && ratio > 1.5 && ratio > most {
			worst, most = part, ratio
		}
	}
	if worst != "" {
		texts = append(texts, fmt.Sprintf("%s: the residuals of %v in %s are %.2g times those of the whole", name, k.quantity, worst, math.Sqrt(most)))
	}
	return texts
}

// unmeasured tests recording k for a gain, an offset and a drift. Where one of them is there, it
// says so and returns the derivatives of the residuals with respect to those that are not fitted,
// in units of their priors' standard deviations.
func (s *sensitivity) unmeasured(k int, net *system, runs []*dynapse.Run, u *mat.Dense) [][]float64 {
	r := &s.recordings[k]
	trace := Quantity(numQuantities)
	for q := range Spikes {
		if r.Use[q] {
			if int(trace) < numQuantities {
				return nil // each of several has its own
			}
			trace = q
		}
	}
	if int(trace) == numQuantities {
		return nil
	}
	unit, sd := "V", 5e-3
	if trace != Vmem {
		unit, sd = "A", 1e-12
	}
	width := r.B * s.Network.N
	record := [...][]float64{Imem: runs[k].Imem, Isyn: runs[k].Isyn, Iahp: runs[k].Iahp, Vmem: runs[k].Vmem}[trace]
	probe := net.probe(0, k)
	var kept [][]float64
	worst, text := 0.0, ""
	for _, test := range []struct {
		name   string
		fitted bool
		sd     float64
		column func(x, y float64, step int) float64 // derivative of what is shown
		show   func(a float64) string
	}{
		{"gain", r.Gain.Fit, 0.05, func(x, _ float64, _ int) float64 { return x }, func(a float64) string { return fmt.Sprintf("a gain of %.4g", probe.gain+a) }},
		{"offset", r.Offset.Fit, sd, func(float64, float64, int) float64 { return 1 }, func(a float64) string { return fmt.Sprintf("an offset of %.2g %s", probe.offset+a, unit) }},
		{"drift", r.Drift.Fit, sd, func(_, _ float64, step int) float64 { return float64(step) / float64(r.T) }, func(a float64) string { return fmt.Sprintf("a drift of %.2g %s", probe.drift+a, unit) }},
	} {
		if test.fitted {
			continue
		}
		c := make([]float64, len(s.e))
		for m, o := range s.fp.samples {
			if o.recording != k || o.quantity != trace {
				continue
			}
			y, _ := probe.shown(trace, record[o.at], o.at/width, r.T)
			c[m] = test.column(record[o.at], y, o.at/width)
			if trace == Vmem {
				c[m] /= s.ut
			} else {
				c[m] /= y
			}
		}
		kept = append(kept, scaled(c, test.sd))
		a, z := s.score(c, u)
		if math.Abs(z) > max(surelyMeasured, worst) {
			worst = math.Abs(z)
			text = fmt.Sprintf("%s: %v looks as if it were recorded with %s (%.2g standard errors), which moves the currents: fit it with %s = \"fit\"", r.Name, trace, test.show(a), math.Abs(z), test.name)
		}
	}
	if text == "" {
		return nil
	}
	s.doubts = append(s.doubts, text)
	return kept
}

func scaled(x []float64, by float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = by * v
	}
	return y
}

// score returns how much of a change c of what is shown the residuals ask for, beside the
// coordinates, whose directions u are, and its ratio to its standard error.
func (s *sensitivity) score(c []float64, u *mat.Dense) (a, z float64) {
	rest := without(c, u)
	square, along := 0.0, 0.0
	for m, v := range rest {
		square += float64(v * v)
		along += float64(v * s.e[m])
	}
	all := 0.0
	for _, v := range c {
		all += float64(v * v)
	}
	if !(square > 1e-6*all) { // the coordinates do the same
		return 0, 0
	}
	a = -along / square
	left := make([]float64, len(s.e))
	for m, v := range rest {
		left[m] = s.e[m] + float64(a*v)
	}
	noises := newColoured(s.fp)
	noises.estimate(left, u)
	column := mat.NewDense(len(rest), 1, rest)
	variance := 0.0
	seen := noises.apply(column)
	for m, v := range rest {
		if i := noises.index[m]; i >= 0 {
			variance += float64(v * seen.At(m, 0) * noises.kinds[i].variance)
		}
	}
	return a, a / (math.Sqrt(max(variance, 0)) / square)
}

// without returns c without its part along the columns of u.
func without(c []float64, u *mat.Dense) []float64 {
	rest := slices.Clone(c)
	_, n := u.Dims()
	for k := range n {
		along := 0.0
		for m, v := range c {
			along += float64(v * u.At(m, k))
		}
		for m := range rest {
			rest[m] -= float64(along * u.At(m, k))
		}
	}
	return rest
}

// measure finds what is known of the coordinates, and where they are, when further columns of
// sensitivities are fitted, each with a prior of 1.
func (s *sensitivity) measure(columns [][]float64) error {
	rows, n := s.sens.Dims()
	more := n + len(columns)
	sens := mat.NewDense(max(rows, more), more, nil)
	priors := slices.Clone(s.priors)
	names, point := make([]string, more), make([]float64, more)
	for i := range more {
		names[i] = fmt.Sprint(i)
		for m := range s.e {
			if i < n {
				sens.Set(m, i, s.sens.At(m, i))
			} else {
				sens.Set(m, i, columns[i-n][m]/s.noise)
			}
		}
		if i >= n {
			priors = append(priors, minimize.Prior{SD: 1})
		}
	}
	at := append(s.fromPriors(), make([]float64, len(columns))...)
	step := leastSquares(sens, scaled(s.e, 1/s.noise), priors, at)
	left := slices.Clone(s.e)
	for m := range left {
		for i, d := range step {
			left[m] += float64(sens.At(m, i) * d * s.noise)
		}
	}
	noises := newColoured(s.fp)
	noises.settled(left, more)
	if !noises.white() {
		sens = noises.filterColumns(sens, s.noise)
		step = leastSquares(sens, noises.filter(s.e), priors, at)
	}
	found, err := identify.Analyze(sens, point, names, &identify.Settings{Priors: priors})
	if err != nil {
		return err
	}
	s.measured, s.shift = found, step[:n]
	return nil
}
