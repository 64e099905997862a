package suite

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/surge-snn/surge/bench/gradbench/lif"
	"github.com/surge-snn/surge/surrogate"
)

// sharpnesses is the grid of the first parameter of the surrogates, in units of 1/threshold.
var sharpnesses = []float64{0.5, 1, 2, 3, 4, 5, 7, 10, 25, 100}

// Catalogue returns the surrogates of package surrogate, each with its defaults and over the grid
// of sharpnesses.
func Catalogue(grid []float64) []surrogate.Surrogate {
	var all []surrogate.Surrogate
	seen := map[string]bool{}
	add := func(text string) {
		if s, err := surrogate.Parse(text); err == nil && !seen[s.String()] {
			seen[s.String()] = true
			all = append(all, s)
		}
	}
	for _, name := range surrogate.Names() {
		add(name)
		for _, k := range grid {
			add(fmt.Sprintf("%s(%g)", name, k))
		}
	}
	return all
}

// Wrong are surrogates with a mistake on purpose: a slope that is not that of their antiderivative.
// The benchmark puts them behind all others.
func Wrong(s surrogate.Surrogate) []surrogate.Surrogate {
	if s == nil {
		return nil
	}
	return []surrogate.Surrogate{
		mistake{s, "factor 10", func(x float64) float64 { return 10 * s.Slope(x) }},
		mistake{s, "sign", func(x float64) float64 { return -s.Slope(x) }},
		mistake{s, "shifted", func(x float64) float64 { return s.Slope(x - 1) }},
		mistake{s, "clipped", func(x float64) float64 { return min(s.Slope(x), s.Peak()/20) }},
	}
}

type mistake struct {
	surrogate.Surrogate
	what  string
	slope func(x float64) float64
}

func (m mistake) Slope(x float64) float64 { return m.slope(x) }
func (m mistake) String() string          { return m.Surrogate.String() + " " + m.what }

func surrogates(s Settings) []Run {
	var runs []Run
	for _, width := range pick(s, []float64{0.1, 0.2, 0.4}, []float64{0.2}) {
		network := func() *lif.Problem {
			shape := base
			shape.width = width
			return problem("2 layers of delta LIF", s.Seed, shape)
		}
		runs = append(runs, Run{Problem: network, ID: fmt.Sprintf("surrogate/%g", width), Do: func(ctx context.Context) ([]Row, error) {
			p := network()
			t, err := expected(ctx, s, p, 0.04, 512)
			if err != nil {
				return nil, err
			}
			return compare(ctx, s, p, t, 2048, Row{Suite: "surrogate", Vary: "width of the escape noise", X: width}, unique(append(others(s, p), slopes(s, p)...)))
		}})
	}
	return runs
}

// Of returns the run for a network of the user's: the rules, the catalogue with its defaults, what
// the network is trained with, and surrogates with a mistake, against the gradient of the expected
// loss. For the first rule and its own, what they predict for a small step stands beside what
// happens.
func Of(s Settings, p *lif.Problem, own ...lif.Rule) Run {
	if p == nil {
		return Run{}
	}
	return Run{ID: "network/" + p.Title, Problem: func() *lif.Problem { return p }, Do: func(ctx context.Context) ([]Row, error) {
		t, err := expected(ctx, s, p, 0.05, 256)
		if err != nil {
			return nil, err
		}
		list := others(s, p)
		list[0].predict = true
		for _, rule := range own {
			if rule.Surrogate != nil {
				c := of("own", rule.Surrogate, p.BPTT(rule))
				c.descend, c.predict = true, true
				list = slices.Insert(list, 1, c)
			}
		}
		for _, one := range Catalogue(nil) {
			list = append(list,
				of("quiet", one, p.BPTT(lif.Rule{Surrogate: one})),
				of("quiet detached", one, p.BPTT(lif.Rule{Surrogate: one, Detach: true})))
		}
		return compare(ctx, s, p, t, 512, Row{Suite: "network", Vary: "width of the escape noise", X: p.Width}, unique(list))
	}}
}

// unique leaves out contenders that are there already.
func unique(list []contender) []contender {
	seen := map[string]bool{}
	var left []contender
	for _, c := range list {
		if !seen[c.Name] {
			seen[c.Name] = true
			left = append(left, c)
		}
	}
	return left
}

// slopes are the surrogates of the catalogue on the run without noise, which is what libraries do,
// and the matched shape over its slope on runs with noise.
func slopes(s Settings, p *lif.Problem) []contender {
	var list []contender
	grid := pick(s, sharpnesses, []float64{1, 5, 25})
	for _, one := range Catalogue(grid) {
		list = append(list,
			of("quiet", one, p.BPTT(lif.Rule{Surrogate: one})),
			of("quiet detached", one, p.BPTT(lif.Rule{Surrogate: one, Detach: true})))
	}
	for _, k := range grid {
		if one := (surrogate.Sigmoid{Sharpness: k}); one != matched(p.Width) { // that is one of the rules
			list = append(list,
				of("noisy", one, p.BPTT(lif.Rule{Surrogate: one, Noisy: true})),
				of("noisy detached", one, p.BPTT(lif.Rule{Surrogate: one, Noisy: true, Detach: true})))
		}
	}
	return list
}

// others are the rules, the truth of another kind, and surrogates with a mistake.
func others(s Settings, p *lif.Problem) []contender {
	list := rules(p)
	right := matched(p.Width)
	for _, one := range Wrong(right) {
		list = append(list, of("wrong", one, p.BPTT(lif.Rule{Surrogate: one, Noisy: true})))
	}
	list = append(list, contender{Estimator: p.Score(8), kind: "score"}, contender{Estimator: p.Difference(8), kind: "exact"})
	for _, temperature := range pick(s, []float64{0.05, 0.2, 0.8}, []float64{0.2}) {
		list = append(list, contender{Estimator: p.Relaxed(temperature * p.Width), kind: "relaxed"})
	}
	for _, k := range pick(s, []float64{1, 5}, []float64{5}) {
		one := surrogate.FastSigmoid{Sharpness: k}
		list = append(list, of("noisy", one, p.BPTT(lif.Rule{Surrogate: one, Noisy: true})))
	}
	for i := range list {
		list[i].descend = true
	}
	return list
}

// Distance says how far a row is from the truth: 1 - cosine + its error + |log10 ratio|. A wrong
// direction and a wrong scale both count; a gradient that cannot be told from 0 is at 2, one that
// is not finite farthest.
func Distance(r Row) float64 {
	switch {
	case r.Note != "":
		return math.Inf(1)
	case !(r.Ratio.Value > 0):
		return 2
	}
	return 1 - min(r.Cosine.Value, 1) + r.Cosine.SE + math.Abs(math.Log10(r.Ratio.Value))
}

// Rank orders rows of one network, best first: by their [Distance], and behind all of these what is
// wrong in itself. An extreme surrogate that is what it says may well be farther from the truth
// than one with a mistake.
func Rank(rows []Row) {
	slices.SortStableFunc(rows, func(a, b Row) int {
		if (a.Wrong == "") != (b.Wrong == "") {
			return cmp.Compare(len(a.Wrong), len(b.Wrong))
		}
		return cmp.Compare(Distance(a), Distance(b))
	})
}
