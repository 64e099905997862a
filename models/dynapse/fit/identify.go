package fit

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/optim/identify"
)

// noiseFloor is the least noise of a trace, 1 % of a current: a recording that is fitted better
// than that says no more.
const noiseFloor = 0.01

// Open is a direction in which the target does not determine the currents.
type Open struct {
	Direction map[string]float64 `json:"direction"` // weights of ln I by name
	Text      string             `json:"text"`
}

// identification says what the targets determine.
type identification struct {
	verdict  map[string]Verdict
	interval map[string][2]float64
	open     []Open
	noise    float64  // of the traces with forced spikes, e-folds; 0 without
	doubts   []string // what is wrong with the recordings
	given    []Given
	doubted  []string // coordinates of which nothing is said for that reason
	// lengthening is how many times longer than with white noise intervals are.
	lengthening float64
	// better is a point, found on the way, that does what was recorded better; nil where none was.
	better []float64
}

// identify says how sure x is. Sensitivities are those of the traces with forced spikes, in units
// of their noise: what the fit leaves, or noiseFloor. Ispkthr and Iref act in steps: their answer
// is the set of values that change nothing.
func (f *session) identify(ctx context.Context, x []float64) (identification, error) {
	id := identification{verdict: map[string]Verdict{}, interval: map[string][2]float64{}}
	for k, c := range f.coords {
		lo, hi := f.box.At(k)
		id.verdict[c.name] = Unidentified
		id.interval[c.name] = [2]float64{f.value(k, lo), f.value(k, hi)}
		if mean, sd := f.wishesOf(k, false); sd > 0 && math.Abs(x[k]-mean) <= 1.96*sd { // else the other targets want something else
			id.interval[c.name] = [2]float64{f.value(k, max(lo, mean-1.96*sd)), f.value(k, min(hi, mean+1.96*sd))}
			if _, prior := f.wishesOf(k, true); prior != sd { // a time constant is wanted, too
				id.verdict[c.name] = Identified
			}
		}
	}
	if f.spikes == nil || !f.hasTraces() {
		text := spikesAlone
		if len(f.summed) > 0 && len(f.recordings) == 0 {
			text = "rates, statistics of spikes and tasks do not determine currents: the behaviour is fitted, the currents are one choice among many"
		} else if f.spikes == nil {
			text = "the spikes of the targets are not known for all neurons, so that sensitivities cannot be assessed"
		}
		all := map[string]float64{}
		for _, c := range f.coords {
			if id.verdict[c.name] == Unidentified {
				all[c.name] = 1
			}
		}
		if len(all) == 0 {
			return id, nil
		}
		id.open = []Open{{all, text}}
		return id, nil
	}
	fp := f.forced(0, 0)
	smooth := f.smooths()
	s, err := f.smooth(ctx, x, smooth, &id)
	if err != nil {
		return id, err
	}
	if err := f.latencyIntervals(ctx, x, s, &id); err != nil {
		return id, err
	}
	f.doubtRivals(x, s, &id)
	noise := s.noise
	id.noise, id.doubts, id.lengthening = noise, append(s.doubts, id.doubts...), s.lengthening()
	if err := f.thresholdIntervals(ctx, x, smooth, s.found, &id); err != nil {
		return id, err
	}
	if s.measured != nil {
		if err := f.thresholdIntervals(ctx, s.moved(), smooth, s.measured, &id); err != nil {
			return id, err
		}
	}
	if err := f.refractoryIntervals(ctx, fp, x, noise*id.lengthening, &id); err != nil {
		return id, err
	}
	f.widen(&id)
	if f.best.errors == nil && noise <= unexplained && s.found != nil {
		if id.given, err = s.given(ctx, id.verdict); err != nil {
			return id, err
		}
	}
	if f.best.errors != nil {
		assessPopulation(f.problem, &id, f.best.hierarchies)
	} else if noise > unexplained { // sensitivities at a point that does not do what was recorded mean nothing
		for k, c := range f.coords {
			lo, hi := f.box.At(k)
			id.verdict[c.name] = Unidentified
			id.interval[c.name] = [2]float64{f.value(k, lo), f.value(k, hi)}
		}
		id.open = []Open{{f.every(), "the model does not do what was recorded: nothing is known of the currents"}}
	}
	return id, nil
}

// widen makes room in the intervals for what was found possible with other times of the spikes.
// Where that was not looked for, no search ended at the answer, or the free network spikes
// otherwise, nothing is known of what acts in steps, either.
func (f *session) widen(id *identification) {
	sought := f.possible[0] != nil
	if f.interval <= 1 || !sought && f.best.loss <= nearlyExact {
		return
	}
	sure := sought && !f.unconfirmed && !f.strays
	for k, c := range f.coords {
		if in := id.interval[c.name]; sought {
			id.interval[c.name] = [2]float64{min(in[0], f.value(k, f.possible[0][k])), max(in[1], f.value(k, f.possible[1][k]))}
		}
		if !sure && id.verdict[c.name] == SetOnly && c.steps() {
			id.verdict[c.name], id.doubted = Unidentified, append(id.doubted, c.name)
		}
	}
	if !sought {
		id.doubts = append(id.doubts, "in which steps of their bins the spikes may be was not looked for: nothing is said of Ispkthr and Iref")
	}
}

// notAssessed is what is said of currents where a fit was interrupted.
const notAssessed = "the fit was interrupted: nothing is said of the currents"

// unassessed says nothing of any coordinate.
func (f *space) unassessed() identification {
	id := identification{verdict: map[string]Verdict{}, interval: map[string][2]float64{}}
	for k, c := range f.coords {
		lo, hi := f.box.At(k)
		id.interval[c.name] = [2]float64{f.value(k, lo), f.value(k, hi)}
	}
	id.open = []Open{{f.every(), notAssessed}}
	return id
}

// every is the direction of all coordinates.
func (f *space) every() map[string]float64 {
	all := map[string]float64{}
	for _, c := range f.coords {
		all[c.name] = 1
	}
	return all
}

// smooth assesses the coordinates that act smoothly.
func (f *problem) smooth(ctx context.Context, x []float64, smooth []int, id *identification) (*sensitivity, error) {
	s, err := f.sensitivities(ctx, x, smooth)
	if err != nil || s.found == nil {
		return s, err
	}
	if err := s.doubt(ctx); err != nil {
		return s, err
	}
	least := towardsLeast(s.found, s.slope)
	for i, e := range s.found.Estimates {
		k := smooth[i]
		lo, hi := f.box.At(k)
		if e.Verdict == identify.Determined {
			id.verdict[e.Name] = Identified
		}
		low, high := e.Low, e.High
		unit := math.Abs(f.coords[k].relative(x[k]))
		if unit != 1 {
			half := 1.96 * e.SD * unit
			low, high = x[k]-half, x[k]+half
		} else {
			low, high = low+min(least[i], 0), high+max(least[i], 0)
		}
		if s.against != nil && math.Abs(s.against[i]) > surelyMeasured {
			id.verdict[e.Name], id.doubted = Unidentified, append(id.doubted, e.Name)
		}
		if s.measured != nil {
			d, half := s.shift[i]*unit, 1.96*s.measured.Estimates[i].SD*unit
			if math.Abs(d) > 1.96*e.SD*unit {
				id.verdict[e.Name], id.doubted = Unidentified, append(id.doubted, e.Name)
			}
			low, high = min(low, x[k]+d-half), max(high, x[k]+d+half)
		}
		if low == low && high == high {
			id.interval[e.Name] = [2]float64{f.value(k, max(lo, low)), f.value(k, min(hi, high))}
		}
	}
	for _, o := range s.found.Open {
		open := Open{Direction: map[string]float64{}, Text: o.Text}
		for i, w := range o.Weights {
			if w != 0 {
				open.Direction[f.coords[smooth[i]].name] = w
			}
		}
		id.open = append(id.open, open)
	}
	return s, nil
}

// towardsLeast returns the step from x to the least squares of the traces, of the directions that
// they determine:
//
//	d = -Σ_k v_k (v_k·g) / s_k²,   s_k >= 10
//
// The currents of a fit are not there, as the free network is to spike as recorded, or as they are
// to suit other chips. The interval has room for both.
func towardsLeast(found *identify.Identification, g []float64) []float64 {
	d := make([]float64, len(g))
	for k, s := range found.Singular {
		if s < leastSeen {
			continue
		}
		along := 0.0
		for i, v := range g {
			along += float64(v * found.Vectors.At(i, k))
		}
		for i := range d {
			d[i] -= float64(along / (s * s) * found.Vectors.At(i, k))
		}
	}
	return d
}

// thresholdIntervals finds the thresholds between the samples that spike and those that do not. The
// membrane at the two samples next to the threshold is known as well as the other parameters x are:
// an end of the interval is moved outwards by 1.96 times its standard deviation,
//
//	SD² = Σ_k (g·v_k / s_k)²,   g = d ln Imem / dx at that sample
//
// with the singular values and vectors of the sensitivities.
func (f *problem) thresholdIntervals(ctx context.Context, x []float64, smooth []int, found *identify.Identification, id *identification) error {
	ks := f.index(dynapse.Ispkthr)
	if len(ks) == 0 {
		return nil
	}
	brackets, err := f.thresholds(ctx, x)
	if err != nil {
		return err
	}
	lows, highs := make([][]float64, len(ks)), make([][]float64, len(ks)) // g of both ends
	for _, s := range smooth {
		y := append([]float64(nil), x...)
		y[s] += float64(step * f.coords[s].relative(x[s]))
		moved, err := f.thresholds(ctx, y)
		if err != nil {
			return err
		}
		for i := range ks {
			lows[i] = append(lows[i], fmath.Log(moved[i].Low/brackets[i].Low)/step)
			highs[i] = append(highs[i], fmath.Log(moved[i].High/brackets[i].High)/step)
		}
	}
	for i, k := range ks {
		name, b := f.coords[k].name, brackets[i]
		lo, hi := f.box.At(k)
		if b.Low > b.High { // the membrane is on the wrong side somewhere: the samples nearest to the threshold contradict each other
			b.Low, b.High = b.High, b.Low
		}
		if math.IsInf(b.High, 0) {
			id.open = append(id.open, Open{map[string]float64{name: 1}, fmt.Sprintf("%s: only that it is above %.3g A, as there are no spikes", name, b.Low)})
			id.interval[name] = [2]float64{max(b.Low, fmath.Exp(lo)), fmath.Exp(hi)}
			continue
		}
		b.Low *= fmath.Exp(-1.96 * deviation(found, lows[i]))
		b.High *= fmath.Exp(1.96 * deviation(found, highs[i]))
		in := [2]float64{max(b.Low, fmath.Exp(lo)), min(b.High, fmath.Exp(hi))}
		if id.verdict[name] == SetOnly { // of another point, which is as good
			in = [2]float64{min(in[0], id.interval[name][0]), max(in[1], id.interval[name][1])}
		}
		id.verdict[name], id.interval[name] = SetOnly, in
	}
	return nil
}

// deviation returns the standard deviation of a quantity with the gradient g.
func deviation(found *identify.Identification, g []float64) float64 {
	if found == nil {
		return 0
	}
	sum := 0.0
	for k, s := range found.Singular {
		along := 0.0
		for i, v := range g {
			along += float64(v * found.Vectors.At(i, k))
		}
		if math.Abs(along) > 1e-9 && s > 0 {
			sum += float64(along / s * (along / s))
		}
	}
	return math.Sqrt(sum)
}

// refractoryIntervals finds the values of Iref for which the traces are no further from the target
// than 95 % of the noise allows.
func (f *session) refractoryIntervals(ctx context.Context, fp *forced, x []float64, noise float64, id *identification) error {
	least, err := fp.loss(ctx, x)
	if err != nil {
		return err
	}
	roots := 0.0
	for _, s := range fp.samples {
		roots = max(roots, s.root)
	}
	unit := roots * noise
	for _, k := range f.index(dynapse.Iref) {
		lo, hi := f.box.At(k)
		feasible := func(ctx context.Context, v float64) (bool, error) {
			y := append([]float64(nil), x...)
			y[k] = v
			f.evaluations++
			l, err := fp.loss(ctx, y)
			return l-least <= 1.92*unit*unit, err
		}
		in, err := identify.FeasibleInterval(ctx, feasible, x[k], lo, hi, 1e-3)
		if err != nil {
			return err
		}
		name := f.coords[k].name
		id.interval[name] = [2]float64{fmath.Exp(in.Low), fmath.Exp(in.High)}
		if in.LowOpen && in.HighOpen {
			id.open = append(id.open, Open{map[string]float64{name: 1}, name + ": no effect on the target"})
			continue
		}
		id.verdict[name] = SetOnly
	}
	return nil
}

// words sums an identification up.
func (id identification) words(names []string) string {
	var sure, sets, open []string
	for _, n := range names {
		switch id.verdict[n] {
		case Identified:
			sure = append(sure, n)
		case SetOnly:
			sets = append(sets, n)
		default:
			open = append(open, n)
		}
	}
	var parts []string
	for _, p := range []struct {
		list []string
		text string
	}{{sure, "determined: "}, {sets, "known as an interval: "}, {open, "not determined: "}} {
		if len(p.list) > 0 {
			parts = append(parts, p.text+strings.Join(p.list, ", "))
		}
	}
	return strings.Join(parts, "; ")
}
