package fit

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/internal/parts"
)

// Benchmark is a question about the fit.
type Benchmark struct {
	Name string
	// Text says what is measured.
	Text string
	// Seeds are those of the problems.
	Seeds []uint64
	// Target is what is wanted, in words.
	Target string

	draw   func(seed uint64) (Problem, error) // nil: Draw
	solve  func(ctx context.Context, p Problem, o *Outcome) error
	judge  func(outcomes []Outcome) (value float64, met bool)
	format string                          // of the value
	remark func(outcomes []Outcome) string // behind the value, or nil
}

// Outcome is what came of one problem.
type Outcome struct {
	Benchmark string             `json:"benchmark"`
	Seed      uint64             `json:"seed"`
	Passed    bool               `json:"passed"` // whether this problem alone is as the target wants it
	Numbers   map[string]float64 `json:"numbers"`
	Note      string             `json:"note,omitempty"` // what went wrong
	// Evaluations and Gradients count simulations and backward passes of the fits.
	Evaluations int     `json:"evaluations"`
	Gradients   int     `json:"gradients"`
	Seconds     float64 `json:"seconds"` // of wall time
}

// Summary is the answer of a benchmark.
type Summary struct {
	Benchmark string   `json:"benchmark"`
	Text      string   `json:"text"`
	Problems  int      `json:"problems"`
	Value     float64  `json:"value"`
	Shown     string   `json:"shown"` // the value with its unit
	Target    string   `json:"target"`
	Met       bool     `json:"met"`
	Failed    []uint64 `json:"failed"` // seeds of the problems that did not pass
	// Quantiles of the numbers of the outcomes, by name: least, 10 %, median, 90 %, most.
	Quantiles map[string][5]float64 `json:"quantiles"`
	Means     map[string]float64    `json:"means"`
	Seconds   float64               `json:"seconds"` // of all problems, on one worker each
}

// Names returns the names of the benchmarks.
func Names() (names []string) {
	for _, b := range All() {
		names = append(names, b.Name)
	}
	return names
}

// All returns the benchmarks.
func All() []Benchmark {
	return append(append([]Benchmark{clean, spikes, noise, robust, cmaes}, coverages()...), staged)
}

// Chosen returns those of [All] that a question of surge bench fit is about: coverage, the staged
// procedure, or, without one of these, what all of a fit is measured by.
func Chosen(coverage, protocol bool) []Benchmark {
	return slices.DeleteFunc(All(), func(b Benchmark) bool {
		return strings.HasPrefix(b.Name, CoveragePrefix) != coverage || (b.Name == ProtocolName) != protocol
	})
}

// first returns the seeds 1 to n.
func first(n int) (seeds []uint64) {
	for i := range n {
		seeds = append(seeds, uint64(i)+1)
	}
	return seeds
}

// Share is who solves the problems: so many Workers of this process, at least 1, and those of the
// other processes, Ranks with this one, that have the Journal in common. The one of Rank 0 waits
// for the others.
type Share struct {
	Workers     int
	Rank, Ranks int
	Journal     Journal
}

// Run solves the problems of the seeds that are not in the journal, and calls report with each
// outcome in the order of the seeds, one at a time. But for Seconds the outcomes do not depend on
// who solves them. After cancellation it returns the error of ctx with those outcomes that are
// there.
//
// Errors are those of the fit, with the name of the benchmark and the seed, or of the journal.
func Run(ctx context.Context, b Benchmark, seeds []uint64, s Share, report func(Outcome)) ([]Outcome, error) {
	if err := given.Need("ctx", ctx, "a Benchmark of All", b.solve, "report", report); err != nil {
		return nil, fmt.Errorf("bench/fit: %w", err)
	}
	first, err := parts.First(s.Rank, s.Ranks, len(seeds))
	if err != nil {
		return nil, fmt.Errorf("bench/fit: %w", err)
	}
	work := parts.Work[Outcome]{
		Journal: s.Journal.parts,
		Workers: s.Workers,
		First:   first,
		Wait:    s.Rank == 0,
		Make: func(ctx context.Context, i int) (Outcome, error) {
			o, err := b.one(ctx, seeds[i])
			if err != nil {
				err = fmt.Errorf("%s: problem %d: %w", b.Name, seeds[i], err)
			}
			return o, err
		},
		Done: func(_ int, o Outcome) { report(o) },
	}
	for _, seed := range seeds {
		work.Parts = append(work.Parts, name(b.Name, seed))
	}
	return work.Do(ctx)
}

// one solves a problem.
func (b Benchmark) one(ctx context.Context, seed uint64) (Outcome, error) {
	o := Outcome{Benchmark: b.Name, Seed: seed, Numbers: map[string]float64{}}
	draw := Draw
	if b.draw != nil {
		draw = b.draw
	}
	p, err := draw(seed)
	if err != nil {
		return o, err
	}
	begin := time.Now()
	if err := b.solve(ctx, p, &o); err != nil {
		return o, err
	}
	if err := ctx.Err(); err != nil { // a fit that was cut short is no outcome
		return o, err
	}
	for name, v := range o.Numbers {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return o, errors.New(name + " is not a finite number")
		}
	}
	o.Seconds = time.Since(begin).Seconds()
	return o, nil
}

// Summarise judges outcomes, at least one. A benchmark that is none of [All] has no value.
func (b Benchmark) Summarise(outcomes []Outcome) Summary {
	s := Summary{Benchmark: b.Name, Text: b.Text, Problems: len(outcomes), Target: b.Target, Failed: []uint64{}, Quantiles: map[string][5]float64{}, Means: map[string]float64{}}
	if b.judge == nil || len(outcomes) == 0 {
		return s
	}
	s.Value, s.Met = b.judge(outcomes)
	s.Shown = fmt.Sprintf(b.format, s.Value)
	if b.remark != nil {
		s.Shown += " (" + b.remark(outcomes) + ")"
	}
	numbers := map[string][]float64{}
	for _, o := range outcomes {
		s.Seconds += o.Seconds
		if !o.Passed {
			s.Failed = append(s.Failed, o.Seed)
		}
		for name, v := range o.Numbers {
			numbers[name] = append(numbers[name], v)
		}
	}
	for name, v := range numbers {
		for _, x := range v {
			s.Means[name] += x / float64(len(v))
		}
		s.Quantiles[name] = [5]float64{quantile(v, 0), quantile(v, 0.1), quantile(v, 0.5), quantile(v, 0.9), quantile(v, 1)}
	}
	return s
}

// share returns the judge that wants this part of the problems passed, and the value in percent.
func share(least float64) func([]Outcome) (float64, bool) {
	return func(outcomes []Outcome) (float64, bool) {
		passed := 0
		for _, o := range outcomes {
			if o.Passed {
				passed++
			}
		}
		return 100 * float64(passed) / float64(len(outcomes)), float64(passed) >= least*float64(len(outcomes))
	}
}

// median returns the judge that wants the median of a number to be at most this, and the value
// times a factor.
func median(name string, most, factor float64) func([]Outcome) (float64, bool) {
	return func(outcomes []Outcome) (float64, bool) {
		var v []float64
		for _, o := range outcomes {
			v = append(v, o.Numbers[name])
		}
		m := quantile(v, 0.5)
		return factor * m, m <= most
	}
}

// quantile interpolates between order statistics.
func quantile(v []float64, p float64) float64 {
	v = slices.Sorted(slices.Values(v))
	at := p * float64(len(v)-1)
	i := min(int(at), len(v)-1)
	j := min(i+1, len(v)-1)
	w := at - float64(i)
	return float64((1-w)*v[i]) + float64(w*v[j])
}
