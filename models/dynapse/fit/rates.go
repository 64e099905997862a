package fit

import (
	"context"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/surge-snn/surge/optim/minimize"
)

// rateProblem is the least-squares problem of an experiment of summaries alone: ½ |r|² is the loss,
// and more than that where the network is silent, where the loss alone is flat. The input is the
// same at all points (common random numbers), but a number of spikes remains a staircase:
// difference quotients span rateStep.
type rateProblem struct{ *problem }

// rateStep is the half width of the difference quotients in x: rates change by some 20 %, many
// steps of the staircase.
const rateStep = 0.15

// rateElements is the size of a simulation, in bins times neurons times input rates, that is enough
// to begin with: 8 s at 4 input rates and 1 ms for a single neuron.
const rateElements = 1 << 15

// leastSeconds is how much is simulated at each rate at least.
const leastSeconds = 0.5

// shorter returns the problem with less to simulate, or p itself where it is small.
func shorter(p *problem) *problem {
	q := *p
	q.summed = slices.Clone(p.summed)
	short := false
	for i := range q.summed {
		s := &q.summed[i]
		if part := rateElements / float64(len(s.input)); part < 0.5 && !s.whole {
			if steps := max(int(part*float64(s.steps)), int(leastSeconds/p.dt)); steps < s.steps {
				s.input, s.steps, short = s.input[:len(s.input)/s.steps*steps], steps, true
			}
		}
	}
	if !short {
		return p
	}
	return &q
}

// firings returns what the neurons do at the points xs, [point][summary][B, N].
func (p rateProblem) firings(ctx context.Context, xs [][]float64) ([][][]firing, error) {
	var all [][][]firing
	for part := range slices.Chunk(xs, max(mostElements/p.elements(), 1)) {
		net := p.network(part...)
		of := make([][][]firing, len(part))
		for k := range p.summed {
			_, list, err := p.simulate(ctx, &p.summed[k], net)
			if err != nil {
				return nil, err
			}
			for i := range of {
				of[i] = append(of[i], list[i*len(list)/len(of):(i+1)*len(list)/len(of)])
			}
		}
		all = append(all, of...)
	}
	return all, nil
}

// store stores the residuals of what the neurons do, [summary][B, N].
func (p rateProblem) store(r []float64, of [][]firing) {
	for k := range p.summed {
		s := &p.summed[k]
		s.residuals(r[:s.size()], of[k], p.seconds(s))
		r = r[s.size():]
	}
}

func (p rateProblem) size() (n int) {
	for _, s := range p.summed {
		n += s.size()
	}
	return n
}

func (p rateProblem) residuals(ctx context.Context, r, x []float64) error {
	of, err := p.firings(ctx, [][]float64{x})
	if err != nil {
		return err
	}
	p.store(r, of[0])
	return nil
}

// jacobian stores residuals and derivatives. All points are simulated at once. In a feed-forward
// network a current acts on its neurons alone, and coordinates of a colour are moved together.
func (p rateProblem) jacobian(ctx context.Context, r []float64, jac *mat.Dense, x []float64) error {
	group, groups := make([]int, len(x)), p.colour
	for k, c := range p.coords {
		group[k] = c.colour
	}
	recurrent := p.Network.WRec != nil
	if recurrent {
		for k := range group {
			group[k] = k
		}
		groups = len(x)
	}
	xs := [][]float64{x}
	for g := range groups {
		for _, sign := range []float64{1, -1} {
			y := slices.Clone(x)
			for k := range y {
				if group[k] == g {
					y[k] += float64(sign * rateStep)
				}
			}
			p.box.Project(y)
			xs = append(xs, y)
		}
	}
	of, err := p.firings(ctx, xs)
	if err != nil {
		return err
	}
	p.store(r, of[0])
	var ends [2][]float64
	for i := range ends {
		ends[i] = make([]float64, len(r))
	}
	n := p.Network.N
	for k, c := range p.coords {
		h := xs[1+2*group[k]][k] - xs[2+2*group[k]][k]
		for i := range ends {
			moved := of[1+2*group[k]+i]
			if !recurrent { // what the other neurons do at x
				mixed := make([][]firing, len(moved))
				for q, list := range of[0] {
					mixed[q] = slices.Clone(list)
					for _, j := range c.neurons {
						for at := j; at < len(list); at += n {
							mixed[q][at] = moved[q][at]
						}
					}
				}
				moved = mixed
			}
			p.store(ends[i], moved)
		}
		for m := range r {
			jac.Set(m, k, 0)
			if h > 0 {
				jac.Set(m, k, (ends[0][m]-ends[1][m])/h)
			}
		}
	}
	return nil
}

// optim returns the least-squares problem.
func (p rateProblem) optim() minimize.Problem {
	return minimize.Problem{Names: p.names(), Box: p.box, Priors: p.wished(), NumResiduals: p.size(), Residuals: p.residuals, Jacobian: p.jacobian}
}

// rateFit fits curves alone: least squares from several starts, with little to simulate, then with
// all, and where rates are still off by half a spike in the mean a search without gradients. The
// fit has converged where they are off by no more than a spike, or by what the noise of counts
// leaves.
func rateFit(ctx context.Context, f *session) error {
	short := shorter(f.problem)
	for _, decades := range []float64{1, 3} { // the second, with more starts, only where all of the first are silent
		x, err := f.start, error(nil)
		method := minimize.Method(minimize.MultiStart{Method: minimize.LevenbergMarquardt{Steps: 30}, Starts: f.Starts * int(decades*decades), Spread: decades * math.Ln10, Keep: 2, Rung: 2, Seed: f.Seed})
		if short != f.problem {
			if x, _, err = f.minimise(ctx, "starts", rateProblem{short}.optim(), x, method, nil); err != nil {
				return err
			}
			method = minimize.LevenbergMarquardt{Steps: 10}
		}
		if x, _, err = f.minimise(ctx, "rates", rateProblem{f.problem}.optim(), x, method, nil); err != nil {
			return err
		}
		if err := f.offer(ctx, x); err != nil {
			return err
		}
		if f.best.loss < 0.9*f.silence() {
			break
		}
	}
	if f.best.loss > f.resolution()/4+f.penalty(f.best.x) {
		if err := polish(ctx, f, "polish", f.best.x, minimize.CMAES{Seed: f.Seed, Sigma: 0.03, Evaluations: 20 * (4 + len(f.x)), Tol: 1e-4}); err != nil {
			return err
		}
	}
	if f.best.loss <= max(f.resolution(), f.countNoise())+f.penalty(f.best.x) {
		f.status = minimize.Converged
	}
	return nil
}
