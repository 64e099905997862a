package gradcheck

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/internal/random"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/surrogate"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/data"
	"github.com/surge-snn/surge/train/experiment"
)

// NetworkLimit is that of the difference between the engines of a whole network: of up to 1000
// steps, with sums of up to 1000 terms, each gradient has some 1e6 roundings one after the other at
// most.
const NetworkLimit = 1e6 * 0x1p-53

// Network checks the gradients of the network of an experiment on the first rows samples of its
// training set, all in float64. params are those of a run; nil: those that the seed of the
// experiment gives. There is a result for each parameter and check:
//
//	surrogate       the slope of the surrogate against differences of its antiderivative; the one
//	                result for a surrogate that no layer takes
//	engines         the fused engine against the unrolled one, on the spiking network
//	twin/fused      either engine against finite differences of the smoothed twin
//	twin/unrolled
//	differences     networks of events: EventProp, or implicit derivatives, against finite
//	                differences of the loss
//	methods         networks of events: the one method against the other, where both know the
//	                network
//
// The loss is that of training, its regularisers included, without a bound of slopes
// ([experiment.Train].MinSlope). It ends early with ctx.Err().
func Network(ctx context.Context, name string, e *experiment.Experiment, params *graph.Params, rows int) ([]Result, error) {
	if err := given.Need("ctx", ctx, "e", e); err != nil {
		return nil, fmt.Errorf("gradcheck: %w", err)
	}
	sets, target, err := e.Load()
	if err != nil {
		return nil, err
	}
	set := sets.Train
	set.Size, set.Augment = min(rows, set.Data.Len()), nil
	c := &networkCheck{name: name, e: *e, set: set, target: target, given: params}
	c.e.Train.Batch, c.e.Train.DType, c.e.Train.MinSlope = set.Size, "float64", 0
	defer c.close()
	if e.Train.Method == experiment.Surrogate {
		err = c.steps(ctx)
	} else {
		err = c.events(ctx)
	}
	return c.results, err
}

type networkCheck struct {
	name    string
	e       experiment.Experiment
	set     data.Batches
	target  data.Target
	given   *graph.Params
	results []Result
	open    []experiment.Network
}

func (c *networkCheck) close() {
	for _, n := range c.open {
		n.Close()
	}
}

// build builds the network with a change of the experiment, and computes its gradient.
func (c *networkCheck) build(change func(e *experiment.Experiment)) (experiment.Network, error) {
	e := c.e
	change(&e)
	n, err := e.Build(c.set.Channels(), c.target)
	if err != nil {
		return nil, err
	}
	c.open = append(c.open, n)
	if c.given != nil {
		params, err := c.given.As(n.Params().Value(n.Params().Names()[0]).Dtype())
		if err != nil {
			return nil, err
		}
		if err := n.Params().CopyFrom(params); err != nil {
			return nil, err
		}
	}
	_, err = n.Gradient(c.set, 0, 0)
	return n, err
}

func (c *networkCheck) steps(ctx context.Context) error {
	s, err := surrogate.Parse(c.e.Model.Surrogate)
	if err != nil {
		return fmt.Errorf("gradcheck: %w", err)
	}
	c.results = append(c.results, checkSurrogate(c.name, s))
	if surrogate.Check(s) != nil {
		return nil // there is no network with it
	}
	engine := func(name string, twin bool) func(e *experiment.Experiment) {
		return func(e *experiment.Experiment) { e.Train.Engine, e.Twin = name, twin }
	}
	fused, err := c.build(engine("fused", false))
	if err != nil {
		return err
	}
	unrolled, err := c.build(engine("unrolled", false))
	if err != nil {
		return err
	}
	c.compare("engines", fused, unrolled)
	for _, name := range []string{"fused", "unrolled"} {
		twin, err := c.build(engine(name, true))
		if err != nil {
			return err
		}
		if err := c.differences(ctx, "twin/"+name, twin); err != nil {
			return err
		}
	}
	return nil
}

func (c *networkCheck) events(ctx context.Context) error {
	n, err := c.build(func(*experiment.Experiment) {})
	if err != nil {
		return err
	}
	other := map[string]string{experiment.EventProp: experiment.Analytical, experiment.Analytical: experiment.EventProp}[c.e.Train.Method]
	if other != "" && c.e.Model.Neuron == "lif" { // of these alone, without recurrence, there are implicit derivatives
		second, err := c.build(func(e *experiment.Experiment) { e.Train.Method = other })
		if err != nil {
			return err
		}
		c.compare("methods", n, second)
	}
	return c.differences(ctx, "differences", n)
}

func (c *networkCheck) add(check, where string, err, limit float64) {
	c.results = append(c.results, Result{Case: c.name, Check: check, Where: where, Error: err, Limit: limit, Passed: err <= limit})
}

// compare compares the gradients of two networks that were just built.
func (c *networkCheck) compare(check string, a, b train.Learner) {
	for i, leaf := range a.Grads() {
		w := worst{}
		x, y := leafFloats(leaf), leafFloats(b.Grads()[i])
		w.note(leaf.Name, x, y)
		c.add(check, leaf.Name, w.err, NetworkLimit)
	}
}

// differences compares the gradient of each parameter, along random directions, with differences of
// the loss.
func (c *networkCheck) differences(ctx context.Context, check string, n train.Learner) error {
	rng := random.New(c.e.Seed, "gradcheck/network")
	if _, err := n.Gradient(c.set, 0, 0); err != nil {
		return err
	}
	grads := map[string][]float64{}
	var names []string
	for _, leaf := range n.Grads() {
		names = append(names, leaf.Name)
		grads[leaf.Name] = slices.Clone(leafFloats(leaf))
	}
	for _, name := range names {
		x := n.Params().Value(name).Float64s()
		start, u := slices.Clone(x), make([]float64, len(x))
		size := sizeOf(x)
		lossAt := func(h float64) (float64, error) {
			for i := range x {
				x[i] = start[i] + h*u[i]
			}
			s, err := n.Gradient(c.set, 0, 0)
			copy(x, start)
			return s.Loss / float64(s.Rows), errors.Join(err, ctx.Err())
		}
		w := worst{}
		scale := 0.0
		for _, g := range grads[name] {
			scale = max(scale, size*math.Abs(g)*math.Sqrt(float64(len(x))))
		}
		if scale == 0 {
			w.add(name+": no gradient", 1)
		}
		for range directions {
			if scale == 0 {
				break
			}
			want := 0.0
			for i := range u {
				u[i] = size * (rng.Float64()*2 - 1)
				want += u[i] * grads[name][i]
			}
			best := math.Inf(1)
			for _, h := range steps {
				got, err := fivePoint(lossAt, h)
				if err != nil {
					return fmt.Errorf("gradcheck: %s: %w", name, err)
				}
				if best = min(best, relative(got-want, scale)); best <= TwinLimit {
					break
				}
			}
			w.add(name, best)
		}
		c.add(check, w.where, w.err, TwinLimit)
	}
	return nil
}

// sizeOf returns the root mean square of numbers that are much smaller than 1, as conductances in S
// are, for differences of their size, and 1 for others.
func sizeOf(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	if size := math.Sqrt(sum / float64(max(1, len(x)))); size > 0 && size < 1e-2 {
		return size
	}
	return 1
}

// leafFloats returns the elements of a leaf as float64.
func leafFloats(l optim.Leaf) []float64 {
	if l.F64 != nil {
		return l.F64
	}
	x := make([]float64, len(l.F32))
	for i, v := range l.F32 {
		x[i] = float64(v)
	}
	return x
}
