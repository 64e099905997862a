package ensemble

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/surge-snn/surge/internal/random"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/optim/minimize"
)

// ErrProblem signifies a density that cannot be sampled; the message says why.
var ErrProblem = errors.New("ensemble: bad problem")

// Problem is a density within bounds.
type Problem struct {
	Names []string
	Box   minimize.Box
	// LogDensity stores the logarithm of the density, without its constant, at each of the points
	// xs, which lie in Box; -Inf where it is zero. NaN is an error.
	LogDensity func(ctx context.Context, to []float64, xs [][]float64) error
}

// Settings of [Sample]. The zero value is usable but for Seed.
type Settings struct {
	Seed uint64
	// Steps is the largest number of moves of each walker; 0 means 5000.
	Steps int
	// ESS and RHat say when there are enough: the smallest effective sample size and the largest
	// R-hat of a parameter, of the second half of the steps. 0 means 400 and 1.05.
	ESS, RHat float64
	// Record is called after every look at that; its error ends the sampling.
	Record func(Progress) error
	// Resume goes on from the state of a Progress or a Chain; nil means from the beginning.
	Resume *optim.State
}

// Progress is where the sampling stands.
type Progress struct {
	Steps       int
	Evaluations int
	ESS, RHat   float64 // the worst
	State       optim.State
}

// look says whether it is asked after so many steps whether there are enough, which costs a few
// sums over all of them.
func look(steps int) bool { return steps%50 == 0 && (steps <= 500 || steps%250 == 0) }

// Chain is what the walkers have seen, from the first step on.
type Chain struct {
	Names   []string
	Walkers int
	Steps   int
	// X are the points, [Steps, Walkers, n], LogDensity theirs, [Steps, Walkers].
	X, LogDensity []float64
	Evaluations   int
	Accepted      int  // of the moves
	Enough        bool // ESS and R-hat are as wanted
	State         optim.State
}

// Sample draws from a density by the stretch move of Goodman & Weare (2010,
// doi:10.2140/camcos.2010.5.65), with the two halves of the walkers in turn (Foreman-Mackey et al.
// 2013, doi:10.1086/670067):
//
//	y = x_j + z (x_k - x_j),   z ~ 1/sqrt(z) in [1/2, 2],
//	accepted with probability min(1, z^(n-1) p(y)/p(x_k))
//
// with j a walker of the other half. It is the same for any linear transformation of the
// parameters: scales and correlations need not be known. starts are the walkers, an even number of
// at least 2(n+1), of which none is where the density is zero.
//
// With the same seed the samples are the same, whether or not it was stopped and resumed.
// Cancellation and a deadline return what is there, with the error of ctx. A step costs as many
// evaluations of the density as there are walkers, in two batches.
//
// Errors wrap [ErrProblem], optim.ErrState, or are those of LogDensity and Record.
func Sample(ctx context.Context, p Problem, starts [][]float64, s Settings) (*Chain, error) {
	n, w := len(p.Names), len(starts)
	if s.Steps == 0 {
		s.Steps = 5000
	}
	if s.ESS == 0 {
		s.ESS = 400
	}
	if s.RHat == 0 {
		s.RHat = 1.05
	}
	switch {
	case n == 0 || p.LogDensity == nil:
		return nil, fmt.Errorf("%w: %d parameters", ErrProblem, n)
	case w%2 != 0 || w < 2*(n+1):
		return nil, fmt.Errorf("%w: %d walkers for %d parameters, want an even number of at least %d", ErrProblem, w, n, 2*(n+1))
	case s.Steps < 1 || !(s.ESS > 0) || !(s.RHat > 1):
		return nil, fmt.Errorf("%w: %d steps, ESS %v, R-hat %v, want at least 1, > 0, > 1", ErrProblem, s.Steps, s.ESS, s.RHat)
	}
	c := &Chain{Names: p.Names, Walkers: w}
	x, logs := make([][]float64, w), make([]float64, w)
	for i := range x {
		if len(starts[i]) != n {
			return nil, fmt.Errorf("%w: walker %d has %d parameters, want %d", ErrProblem, i, len(starts[i]), n)
		}
		x[i] = slices.Clone(starts[i])
	}
	if s.Resume != nil {
		if err := c.resume(*s.Resume, x, logs); err != nil {
			return nil, err
		}
	} else {
		if err := p.evaluate(ctx, logs, x); err != nil {
			return nil, err
		}
		c.Evaluations = w
		if i := slices.IndexFunc(logs, func(v float64) bool { return math.IsInf(v, -1) }); i >= 0 {
			return nil, fmt.Errorf("%w: the density is zero where walker %d starts", ErrProblem, i)
		}
	}
	for c.Steps < s.Steps {
		if err := c.step(ctx, p, s.Seed, x, logs); err != nil {
			c.State = c.state()
			return c, err
		}
		if !look(c.Steps) && c.Steps != s.Steps {
			continue
		}
		ess, rhat := c.worst()
		c.Enough = ess >= s.ESS && rhat <= s.RHat
		if s.Record != nil {
			if err := s.Record(Progress{c.Steps, c.Evaluations, ess, rhat, c.state()}); err != nil {
				c.State = c.state()
				return c, err
			}
		}
		if c.Enough {
			break
		}
	}
	c.State = c.state()
	return c, nil
}

// evaluate stores the densities of points, zero outside of the bounds.
func (p *Problem) evaluate(ctx context.Context, to []float64, xs [][]float64) error {
	var in []int
	var points [][]float64
	for i, x := range xs {
		to[i] = math.Inf(-1)
		if p.Box.Outside(x) < 0 {
			in, points = append(in, i), append(points, x)
		}
	}
	if len(in) == 0 {
		return ctx.Err()
	}
	logs := make([]float64, len(in))
	if err := p.LogDensity(ctx, logs, points); err != nil {
		return err
	}
	for k, i := range in {
		if to[i] = logs[k]; math.IsNaN(to[i]) || math.IsInf(to[i], 1) {
			return fmt.Errorf("%w: the logarithm of the density is %v at %v", optim.ErrNonFinite, to[i], xs[i])
		}
	}
	return ctx.Err()
}

// step moves all walkers, or none.
func (c *Chain) step(ctx context.Context, p Problem, seed uint64, x [][]float64, logs []float64) error {
	n, w := len(c.Names), c.Walkers
	rng := random.New(seed, "optim/ensemble", uint64(c.Steps))
	next, nextLogs := slices.Clone(x), slices.Clone(logs)
	accepted := 0
	for half := range 2 {
		mine, other := next[half*w/2:(half+1)*w/2], next[(1-half)*w/2:(2-half)*w/2]
		of := nextLogs[half*w/2 : (half+1)*w/2]
		proposals, stretch, dice := make([][]float64, w/2), make([]float64, w/2), make([]float64, w/2)
		for k := range mine {
			proposals[k], stretch[k] = proposal(rng, mine[k], other[rng.IntN(w/2)])
			dice[k] = rng.Float64()
		}
		got := make([]float64, w/2)
		if err := p.evaluate(ctx, got, proposals); err != nil {
			return err
		}
		for k, v := range got {
			if math.Log(dice[k]) < float64(float64(n-1)*math.Log(stretch[k]))+v-of[k] {
				mine[k], of[k] = proposals[k], v
				accepted++
			}
		}
	}
	copy(x, next)
	copy(logs, nextLogs)
	for i := range x {
		c.X = append(c.X, x[i]...)
	}
	c.LogDensity = append(c.LogDensity, logs...)
	c.Steps++
	c.Evaluations += w
	c.Accepted += accepted
	return nil
}

// proposal stretches the line from b to a.
func proposal(rng *rand.Rand, a, b []float64) (y []float64, z float64) {
	root := (1 + rng.Float64()) / math.Sqrt2 // z in [1/2, 2] by the inverse of its distribution
	z = root * root
	y = make([]float64, len(a))
	for i := range y {
		y[i] = b[i] + float64(z*(a[i]-b[i]))
	}
	return y, z
}

// stateKind is the kind of the state of a chain.
const stateKind = "ensemble"

// state shares the arrays of the chain, which only grow.
func (c *Chain) state() optim.State {
	return optim.State{Kind: stateKind, Step: uint64(c.Steps), Counts: []uint64{uint64(c.Evaluations), uint64(c.Accepted), uint64(c.Walkers)},
		Slots: []optim.Slot{optim.Vector("x", slices.Clip(c.X)), optim.Vector("log density", slices.Clip(c.LogDensity))}}
}

func (c *Chain) resume(s optim.State, x [][]float64, logs []float64) error {
	n, w := len(c.Names), c.Walkers
	if s.Kind != stateKind || len(s.Counts) != 3 || len(s.Slots) != 2 || s.Step < 1 || s.Step > 1<<30 || s.Counts[2] != uint64(w) {
		return fmt.Errorf("%w: found a state of kind %q, want %s with %d walkers", optim.ErrState, s.Kind, stateKind, w)
	}
	steps := int(s.Step)
	if len(s.Vector(0)) != steps*w*n || len(s.Vector(1)) != steps*w {
		return fmt.Errorf("%w: %d numbers of %d walkers after %d steps, want %d", optim.ErrState, len(s.Vector(0)), w, steps, steps*w*n)
	}
	c.X, c.LogDensity = slices.Clone(s.Vector(0)), slices.Clone(s.Vector(1))
	c.Steps, c.Evaluations, c.Accepted = steps, int(s.Counts[0]), int(s.Counts[1])
	for i := range x {
		at := (steps-1)*w + i
		x[i], logs[i] = slices.Clone(c.X[at*n:(at+1)*n]), c.LogDensity[at]
	}
	return nil
}
