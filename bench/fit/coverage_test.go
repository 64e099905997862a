package fit

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	detector "github.com/surge-snn/surge/internal/race"
)

// TestCovered: the part that is judged is that of all intervals, not of the problems.
func TestCovered(t *testing.T) {
	outcome := func(claimed, held float64) Outcome {
		return Outcome{Numbers: map[string]float64{"claimed": claimed, "held": held}}
	}
	for _, test := range []struct {
		outcomes []Outcome
		share    float64
		met      bool
	}{
		{[]Outcome{outcome(8, 8), outcome(12, 11)}, 95, true}, {[]Outcome{outcome(10, 10)}, 100, false}, {[]Outcome{outcome(0, 0)}, 0, false},
	} {
		if share, met := covered(test.outcomes); share != test.share || met != test.met {
			t.Errorf("%v, %v; want %+v", share, met, test)
		}
	}
}

// TestRankHistogram: ranks that are spread evenly are flat, those of one bin are not, and few say
// nothing. Nine and one of ten make χ² = 2·4²/5 with one degree of freedom.
func TestRankHistogram(t *testing.T) {
	ranks := func(list ...float64) (outcomes []Outcome) {
		for _, r := range list {
			outcomes = append(outcomes, Outcome{Numbers: map[string]float64{"rank": r}})
		}
		return outcomes
	}
	var even []float64
	for i := range 100 {
		even = append(even, (float64(i)+0.5)/100)
	}
	if bins, p := rankHistogram(ranks(even...)); p != 1 || !slices.Equal(bins, slices.Repeat([]int{10}, 10)) {
		t.Errorf("even: %v, p = %v", bins, p)
	}
	if bins, p := rankHistogram(ranks(0, .1, .2, .3, .4, .1, .2, .3, .4, 1)); !slices.Equal(bins, []int{9, 1}) || math.Abs(p-math.Erfc(math.Sqrt(6.4/2))) > 1e-12 {
		t.Errorf("uneven: %v, p = %v", bins, p)
	}
	if _, p := rankHistogram(ranks(0, 0, 0)); p != 1 {
		t.Errorf("few: p = %v", p)
	}
}

// TestRank: the ends of an interval of 95 % have 2.5 and 97.5 % below, those of Student's t of two
// degrees of freedom have the closed form 1/2 + x/(2 sqrt(2 + x²)).
func TestRank(t *testing.T) {
	for _, free := range []float64{0, 2, 5} {
		if a, b := rank(-z95, free), rank(z95, free); math.Abs(a-0.025) > 1e-9 || math.Abs(b-0.975) > 1e-9 {
			t.Errorf("%v degrees of freedom: %v and %v", free, a, b)
		}
	}
	x := 0.5 * 0.95 * math.Sqrt(2/(1-0.95*0.95)) // the quantile of 97.5 % is 0.95 sqrt(2/(1-0.95²))
	if r := rank(0.5*z95, 2); math.Abs(r-(0.5+x/(2*math.Sqrt(2+x*x)))) > 1e-9 {
		t.Errorf("rank %v", r)
	}
}

// TestLate: input that comes one and a quarter bins later is there in three quarters after one bin.
func TestLate(t *testing.T) {
	if got := late([]float64{1, 0, 0, 2, 0, 0, 0, 0}, 2, 1.25); !slices.Equal(got, []float64{0, 0, 0.75, 0, 0.25, 1.5, 0, 0.5}) {
		t.Errorf("%v", got)
	}
}

// TestCoverage: of a problem with each kind of noise some currents are determined. Samples of the
// posterior, which take long, are of two of them.
func TestCoverage(t *testing.T) {
	if detector.Detector {
		t.Skip("the numbers of a fit: the tests of package fit run what is concurrent in it")
	}
	for i, b := range coverages() {
		if testing.Short() && i != 1 && i != 4 && b.Name != CoveragePrefix+"latency" {
			continue
		}
		p, err := b.draw(2)
		if err != nil {
			t.Fatal(err)
		}
		if b.Name == CoveragePrefix+"posterior" {
			p.Experiment.Space.Network, p.Experiment.Space.Params = p.Truth, p.Experiment.Space.Params[:2]
		}
		o := Outcome{Seed: p.Seed, Numbers: map[string]float64{}}
		if err := b.solve(context.Background(), p, &o); err != nil || o.Numbers["claimed"] < 1 {
			t.Errorf("%s: %+v, %v", b.Name, o, err)
		}
	}
}

// TestOtherMinima: problems with another minimum beside the least one, which leaves residuals that
// are correlated, or as small ones, or a latency on the other side of a whole number of bins, have
// no answer that is sure and four standard deviations off.
func TestOtherMinima(t *testing.T) {
	if detector.Detector {
		t.Skip("the numbers of a fit: the tests of package fit run what is concurrent in it")
	}
	for name, seeds := range map[string][]uint64{"measured": {24, 1010}, "latency": {56, 242}} {
		for _, b := range coverages() {
			if b.Name != CoveragePrefix+name {
				continue
			}
			for _, seed := range seeds {
				o, err := b.one(context.Background(), seed)
				if err != nil || o.Numbers["claimed"] < 4 {
					t.Errorf("%s %d: %+v, %v", name, seed, o, err)
				}
				for of, z := range o.Numbers {
					if strings.HasPrefix(of, "z ") && math.Abs(z) > 4 {
						t.Errorf("%s %d: %s = %v", name, seed, of, z)
					}
				}
			}
		}
	}
}
