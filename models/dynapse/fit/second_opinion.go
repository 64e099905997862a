package fit

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/surge-snn/surge/internal/random"
	"github.com/surge-snn/surge/optim/identify"
	"github.com/surge-snn/surge/optim/minimize"
)

// A minimum that is not the least one leaves residuals that look like noise which is correlated
// from bin to bin, and intervals of such noise are only a few times wider than those of white
// noise, where the currents may be off by a factor. So the search begins again, elsewhere, and more
// than once where residuals are correlated. What does better takes the place of the answer. What
// does as well as the noise can tell is a rival: a current of which the two say different things is
// not determined. Nor is any where residuals are correlated and no other search ends at the answer.
// With several steps in a bin nothing is asked, as a search with spikes in the steps of the answer
// is held to it by them: where the last fit in steps ended is the rival of the answer.
const (
	opinions = 4   // rounds at most
	agreeing = 2   // rounds in a row that find nothing better, after which no more are asked
	advisers = 8   // starts of a round
	near     = 0.5 // e-folds around the answer within which rounds begin
	far      = 1.2
	distinct = 2 // standard errors from which on two answers are not the same
	// rivalry is how much larger minus twice the logarithm of the likelihood may be for a rival: of
	// two points that are so far apart the better one is sure at 99.9 %.
	rivalry = 10.83
)

// correlatedFrom returns how many samples stand for one that is independent, and whether residuals
// are correlated from bin to bin.
func (s *sensitivity) correlatedFrom() (samples float64, yes bool) {
	samples = 1
	for _, k := range s.noises.kinds {
		if len(k.autocov) > 1 && k.autocov[1]/k.autocov[0] > correlated {
			samples, yes = max(samples, k.lengthening()*k.lengthening()), true
		}
	}
	return samples, yes
}

// secondOpinion looks for other minima of traces with noise; where residuals are white, and priors
// say where each current is, it does not.
func secondOpinion(ctx context.Context, f *session) error {
	if f.best.x == nil || f.best.errors != nil || !f.hasTraces() || f.Network.Substeps > 1 && !f.placeable() {
		return nil
	}
	agreed, confirmed, suspect := 0, false, false
	defer func() { f.unconfirmed = suspect && !confirmed }()
	for round := range opinions {
		p, err := f.forcing(ctx)
		if err != nil {
			return err
		}
		s, err := p.sensitivities(ctx, f.best.x, f.smooths())
		if err != nil {
			return err
		}
		f.evaluations += f.cost
		if s.found == nil || s.noise <= noiseFloor && f.possible[0] == nil || s.noise > unexplained {
			suspect = false
			return nil
		}
		var samples float64
		samples, suspect = s.correlatedFrom()
		deviance := func(x []float64) (float64, error) { // minus twice ln L, and a number that all points have in common
			f.evaluations++
			loss, err := f.tracesLoss(ctx, x)
			return float64(len(s.e)) / samples * math.Log(max(loss+f.penalty(x), math.SmallestNonzeroFloat64)), err
		}
		if f.placeable() {
			if f.found != nil {
				f.rivals = append(f.rivals, f.found)
			}
			return f.sift(s, deviance)
		}
		if agreed >= agreeing || !suspect && (agreed > 0 || f.foreseen()) {
			return nil
		}
		before := slices.Clone(f.best.x)
		y, err := f.adviser(ctx, s, round)
		if err != nil {
			return err
		}
		agreed++
		if s.apart(y, before) <= distinct*math.Sqrt(samples) {
			confirmed = confirmed || further(round)
			continue
		}
		least, err := deviance(before)
		if err != nil {
			return err
		}
		if other, err := deviance(y); err != nil {
			return err
		} else if other-least > rivalry {
			continue
		}
		if err := refit(ctx, f, y); err != nil {
			return err
		}
		if s.apart(f.best.x, before) > distinct { // another answer: is it sure?
			agreed, confirmed = 0, false
			f.rivals = append(f.rivals, before)
		} else if loss, err := f.judged(ctx, f.found); err == nil && loss <= f.goodEnough(f.found) {
			f.rivals = append(f.rivals, f.found)
		}
		if err := f.sift(s, deviance); err != nil {
			return err
		}
	}
	return nil
}

// sift keeps the rivals that are elsewhere than the best point, and do nearly as well or better.
func (f *session) sift(s *sensitivity, deviance func(x []float64) (float64, error)) error {
	if len(f.rivals) == 0 {
		return nil
	}
	least, err := deviance(f.best.x)
	if err != nil {
		return err
	}
	kept := f.rivals[:0]
	for _, r := range f.rivals {
		if s.apart(r, f.best.x) <= distinct {
			continue
		}
		if other, err := deviance(r); err != nil {
			return err
		} else if other-least < rivalry {
			kept = append(kept, r)
		}
	}
	f.rivals = kept
	return nil
}

// adviser fits the traces from other starts: around the answer, near it and further away by turns,
// and around the start of the first search where nothing is known of a current at the answer, which
// may act elsewhere.
func (f *session) adviser(ctx context.Context, s *sensitivity, round int) ([]float64, error) {
	m := minimize.MultiStart{Method: minimize.LevenbergMarquardt{}, Starts: advisers, Keep: max(2, advisers/4), Rung: 5, Spread: near, Seed: f.Seed + uint64(round)}
	if further(round) {
		m.Spread = far
	}
	x := slices.Clone(f.best.x)
	rng := random.New(m.Seed, "fit/second opinion")
	for i, e := range s.found.Estimates {
		k := s.smooth[i]
		if e.Verdict != identify.Determined {
			x[k] = f.start[k]
		}
		x[k] += float64(m.Spread * (2*rng.Float64() - 1))
	}
	f.box.Project(x)
	y, _, err := f.minimise(ctx, "second opinion", s.fp.optim(), x, m, s.centre)
	return y, err
}

// foreseen says whether all currents are known beforehand, by priors.
func (f *session) foreseen() bool {
	return !slices.ContainsFunc(f.smooths(), func(k int) bool {
		_, current := f.coords[k].quantity.(current)
		_, sd := f.wishesOf(k, true)
		return current && sd == 0
	})
}

// further says whether a round begins further away, so that one that ends at the answer confirms
// it.
func further(round int) bool { return round%2 == 1 }

// apart is how many standard errors two points are apart, at the most, of a smooth coordinate.
func (s *sensitivity) apart(x, y []float64) (most float64) {
	for i, e := range s.found.Estimates {
		k := s.smooth[i]
		if d := math.Abs((x[k]-y[k])/s.coords[k].relative(x[k])) / e.SD; d > most {
			most = d
		}
	}
	return most
}

// doubtRivals says that currents of which rivals of the answer x say something else are not
// determined, and where no search confirmed it, none.
func (f *session) doubtRivals(x []float64, s *sensitivity, id *identification) {
	if s.found == nil {
		return
	}
	for _, r := range f.rivals {
		var parts []string
		for i, e := range s.found.Estimates {
			k := s.smooth[i]
			half := 1.96 * e.SD * math.Abs(f.coords[k].relative(x[k]))
			if math.Abs(r[k]-x[k]) <= half {
				continue
			}
			in := id.interval[e.Name]
			id.interval[e.Name] = [2]float64{min(in[0], f.value(k, r[k]-half)), max(in[1], f.value(k, r[k]+half))}
			if id.verdict[e.Name] == Identified {
				id.verdict[e.Name], id.doubted = Unidentified, append(id.doubted, e.Name)
				parts = append(parts, fmt.Sprintf("%s %.4g or %.4g", e.Name, f.value(k, x[k]), f.value(k, r[k])))
			}
		}
		if parts != nil {
			id.doubts = append(id.doubts, "two answers do what was recorded as well as the noise can tell: "+strings.Join(parts, ", "))
		}
	}
	if !f.unconfirmed {
		return
	}
	for _, e := range s.found.Estimates {
		if id.verdict[e.Name] == Identified {
			id.verdict[e.Name], id.doubted = Unidentified, append(id.doubted, e.Name)
		}
	}
	id.doubts = append(id.doubts, "the residuals are not noise alone, and no other search ended at this answer: another one may be better")
}
