package minimize

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/surge-snn/surge/internal/random"
	"github.com/surge-snn/surge/optim"
)

// MultiStart runs a method from several points: from init, and from the points of
// a Latin hypercube in the box
//
//	max(Lower, init - Spread) <= x <= min(Upper, init + Spread)
//
// in which every parameter has one start in each of Starts - 1 equal intervals. The
// starts go on side by side, in rounds of Rung steps each. With Keep, every round
// drops the worse half of the starts that are left, down to Keep: the best ones get the
// evaluations (successive halving). A budget is shared out evenly in every round.
//
// The status is that of the start with the least loss. Results do not depend on the
// number of workers. It draws from the stream "optim/starts" of Seed.
//
// McKay, Beckman and Conover (1979), doi:10.2307/1268522 (Latin hypercube); Jamieson
// and Talwalkar (2016), arXiv:1502.07943 (successive halving).
type MultiStart struct {
	// Method is run from every start; nil means what Fit takes for nil.
	Method Method
	// Starts is the number of starts, with init; zero means 8.
	Starts int
	// Spread is the half width of the box; zero means ln 10, in ln I a decade.
	Spread float64
	// Rung is the number of steps per round; zero means 10.
	Rung int
	// Keep is the number of starts that may run to their end; zero means all.
	Keep int
	// Enough ends all starts when one has converged with no more than this loss; zero means
	// that they all go on.
	Enough float64
	// Workers is how many starts may be in work at once; zero means 1. With more, the
	// problem's functions must be safe for concurrent use.
	Workers int
	// Seed names the random numbers.
	Seed uint64
}

// Start returns the state of a search from x.
func (m MultiStart) Start(p *Problem, x []float64) (optim.State, error) {
	if err := p.startsAt(x); err != nil {
		return optim.State{}, err
	}
	if m.Starts < 0 || m.Rung < 0 || m.Keep < 0 || m.Workers < 0 || !(m.Spread >= 0) || math.IsInf(m.Spread, 1) || !(m.Enough >= 0) {
		return optim.State{}, fmt.Errorf("%w: multi-start: Starts %d, Spread %v, Rung %d, Keep %d, Enough %v, Workers %d, want at least 0 and finite",
			optim.ErrSettings, m.Starts, m.Spread, m.Rung, m.Keep, m.Enough, m.Workers)
	}
	m = m.withDefaults(p)
	s := optim.State{Kind: "multi-start"}
	for _, from := range m.points(p.Box, x) {
		r, err := newRun(m.Method, newEvaluator(context.Background(), p, len(x), math.MaxInt), from)
		if err != nil {
			return optim.State{}, fmt.Errorf("multi-start: %w", err)
		}
		s.Members = append(s.Members, r.encode())
	}
	return s, nil
}

func (m MultiStart) withDefaults(p *Problem) MultiStart {
	if m.Method == nil {
		m.Method = defaultMethod(p)
	}
	if m.Starts == 0 {
		m.Starts = 8
	}
	if m.Spread == 0 {
		m.Spread = math.Ln10
	}
	if m.Rung == 0 {
		m.Rung = 10
	}
	m.Workers = max(m.Workers, 1)
	return m
}

// points returns the starts.
func (m MultiStart) points(box Box, init []float64) [][]float64 {
	rng := random.New(m.Seed, "optim/starts")
	points := make([][]float64, m.Starts)
	for k := range points {
		points[k] = slices.Clone(init)
	}
	strata := m.Starts - 1
	for i, v := range init {
		lo, hi := box.At(i)
		lo, hi = max(lo, v-m.Spread), min(hi, v+m.Spread)
		for k, stratum := range rng.Perm(strata) {
			u := (float64(stratum) + rng.Float64()) / float64(strata)
			points[k+1][i] = min(max(lo+float64(u*(hi-lo)), lo), hi)
		}
	}
	return points
}

// Step does one round.
func (m MultiStart) Step(e *Evaluator, s *optim.State) (Status, error) {
	if err := e.ready(); err != nil {
		return 0, err
	}
	m = m.withDefaults(e.p)
	if err := s.CheckVectors("multi-start", 0, m.Starts); err != nil {
		return 0, err
	}
	runs := make([]*run, m.Starts)
	before := make([]counts, m.Starts)
	var active []*run
	for k, member := range s.Members {
		var err error
		if runs[k], err = decodeRun(m.Method, newEvaluator(e.ctx, e.p, e.n, math.MaxInt), member); err != nil {
			return 0, fmt.Errorf("multi-start: start %d: %w", k, err)
		}
		before[k] = runs[k].e.counts
		if runs[k].status == Running {
			active = append(active, runs[k])
		}
	}
	if left := e.Left(); left != math.MaxInt {
		for _, r := range active {
			r.e.limit = r.e.cost() + left/len(active)
		}
	}
	err := m.round(active)
	for k, r := range runs {
		e.absorb(r.e, before[k], true)
	}
	if err != nil {
		return 0, err
	}
	m.drop(active)
	if slices.ContainsFunc(runs, func(r *run) bool { return r.status == Converged && r.e.loss <= m.Enough }) && m.Enough > 0 {
		for _, r := range runs {
			if r.status == Running {
				r.status = BudgetReached
			}
		}
	}
	s.Step++
	status, least := NoProgress, math.Inf(1)
	for k, r := range runs {
		s.Members[k] = r.encode()
		if r.e.loss < least {
			status, least = r.status, r.e.loss
		}
	}
	if slices.ContainsFunc(runs, func(r *run) bool { return r.status == Running }) {
		return Running, nil
	}
	return status, nil
}

// round lets every run do up to Rung steps. Of several errors it returns that of the
// first run.
func (m MultiStart) round(runs []*run) error {
	errs := make([]error, len(runs))
	next := make(chan int)
	var wait sync.WaitGroup
	for range min(m.Workers, len(runs)) {
		wait.Go(func() {
			for k := range next {
				for i := 0; i < m.Rung && runs[k].status == Running && errs[k] == nil; i++ {
					errs[k] = runs[k].step()
				}
			}
		})
	}
	for k := range runs {
		next <- k
	}
	close(next)
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// drop ends the worse half of the runs, but for Keep of them.
func (m MultiStart) drop(active []*run) {
	if m.Keep == 0 || len(active) <= m.Keep {
		return
	}
	order := slices.Clone(active)
	slices.SortStableFunc(order, func(a, b *run) int { return cmp.Compare(a.e.loss, b.e.loss) })
	for _, r := range order[max((len(order)+1)/2, m.Keep):] {
		if r.status == Running {
			r.status = BudgetReached
		}
	}
}
