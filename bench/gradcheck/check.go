package gradcheck

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/internal/random"
	"github.com/surge-snn/surge/surrogate"
)

// Run checks one case; the seed determines the parameters and the directions of the
// finite differences. Where no layer of the model has a fused kernel, the engines are
// one and the checks between them are left out.
//
// The error is that of building or running the model; a check that fails is a result, and so is a
// surrogate that no layer takes.
func Run(c Case, seed uint64) ([]Result, error) {
	if c.Model == nil {
		return nil, fmt.Errorf("gradcheck: %s: %w: a Model, as the cases of Table have", c.Name, given.ErrNil)
	}
	r := &runner{c: c, seed: seed, params: graph.NewParams(seed)}
	defer r.close()
	switch err := r.run(); {
	case errors.Is(err, surrogate.ErrInvalid):
		if !slices.ContainsFunc(r.results, func(r Result) bool { return !r.Passed }) { // the case does not name it
			r.results = append(r.results, Result{Case: c.Name, Check: "surrogate", Where: err.Error(), Error: 1, Limit: surrogate.DeviationLimit})
		}
	case err != nil:
		return nil, fmt.Errorf("gradcheck: %s: %w", c.Name, err)
	}
	return r.results, nil
}

type runner struct {
	c       Case
	seed    uint64
	params  *graph.Params
	results []Result
	open    []*graph.Program
}

func (r *runner) close() {
	for _, p := range r.open {
		p.Close()
	}
}

// build builds the case and runs it once.
func (r *runner) build(params *graph.Params, s graph.Settings) (*graph.Program, error) {
	p, err := graph.Build(params, s, r.c.Model)
	if err != nil {
		return nil, err
	}
	r.open = append(r.open, p)
	return p, p.Run()
}

func (r *runner) run() error {
	if r.c.Surrogate != nil {
		r.results = append(r.results, checkSurrogate(r.c.Name, r.c.Surrogate))
	}
	for _, twin := range []bool{false, true} {
		fused, err := r.build(r.params, graph.Settings{DType: tensor.Float64, Twin: twin})
		if err != nil {
			return err
		}
		engines := []*graph.Program{fused}
		if hasKernel(fused) {
			unrolled, err := r.build(r.params, graph.Settings{DType: tensor.Float64, Twin: twin, Engine: graph.UnrolledEngine})
			if err != nil {
				return err
			}
			engines = append(engines, unrolled)
			r.compare("engines", twin, EngineLimit, fused, unrolled)
			if err := r.float32(twin); err != nil {
				return err
			}
		}
		if r.c.Formula != nil && !twin {
			r.formula(fused)
		}
		if r.c.Value != nil && !twin {
			r.value(fused)
		}
		if twin && r.c.Inexact == "" {
			if err := r.finiteDifference(engines); err != nil {
				return err
			}
		}
	}
	return nil
}

func hasKernel(p *graph.Program) bool {
	return slices.ContainsFunc(p.Report().Layers, func(l graph.LayerReport) bool { return !l.Fallback })
}

// float32 compares the engines in float32.
func (r *runner) float32(twin bool) error {
	params, err := r.params.As(tensor.Float32)
	if err != nil {
		return err
	}
	var p [2]*graph.Program
	for e := range p {
		if p[e], err = r.build(params, graph.Settings{DType: tensor.Float32, Twin: twin, Engine: graph.Engine(e)}); err != nil {
			return err
		}
	}
	r.compare("float32", twin, Float32Limit, p[0], p[1])
	return nil
}

// compare compares everything that two programs computed.
func (r *runner) compare(check string, twin bool, limit float64, a, b *graph.Program) {
	if twin {
		check += "/twin"
	}
	w := worst{}
	w.note("loss", []float64{a.Loss()}, []float64{b.Loss()})
	as, bs := a.FinalState(), b.FinalState()
	for _, name := range slices.Sorted(maps.Keys(bs)) {
		w.note("state "+name, floats(as[name]), floats(bs[name]))
	}
	for _, name := range b.Outputs() {
		w.note("output "+name, floats(a.Output(name)), floats(b.Output(name)))
	}
	for _, name := range b.Report().Trained {
		w.note(name, floats(a.Grad(name)), floats(b.Grad(name)))
	}
	r.add(check, limit, w)
}

// formula compares the gradients with what the rule states.
func (r *runner) formula(p *graph.Program) {
	w := worst{}
	want := r.c.Formula(func(param string) []float64 { return floats(r.params.Value(param)) })
	for _, name := range p.Report().Trained {
		w.note(name, floats(p.Grad(name)), want[name])
	}
	r.add("formula", EngineLimit, w)
}

// value compares the first node that the loss weighs with its independent value.
func (r *runner) value(p *graph.Program) {
	w := worst{}
	got := p.Output("probe/0")
	shape, want := r.c.Value(func(param string) []float64 { return floats(r.params.Value(param)) })
	if len(shape) == 0 {
		shape = []int{1} // how a scalar is recorded
	}
	if !slices.Equal([]int(got.Shape()), shape) {
		w.add(fmt.Sprintf("shape %v, want %v", got.Shape(), shape), 1)
	}
	w.note("value", floats(got), want)
	r.add("value", EngineLimit, w)
}

// steps are tried from the first on until one agrees: a kink of a surrogate within reach
// spoils the difference, and is the less likely within reach the smaller the step. A
// wrong gradient agrees with none.
var steps = [...]float64{1e-4, 1e-5, 1e-6, 1e-7}

// directions is how many random directions of each parameter are tried.
var directions = 8

// finiteDifference compares the directional derivatives by the gradients of the engines
// with differences of the loss, which the first engine computes: that the losses agree
// has been checked. A gradient that is zero in all elements fails: the row does not
// reach the parameter.
func (r *runner) finiteDifference(engines []*graph.Program) error {
	w := make([]worst, len(engines))
	rng := random.New(r.seed, "gradcheck/"+r.c.Name)
	p := engines[0]
	for _, name := range p.Report().Trained {
		x := r.params.Value(name).Float64s()
		start, u := slices.Clone(x), make([]float64, len(x))
		lossAt := func(h float64) (float64, error) {
			for i := range x {
				x[i] = start[i] + h*u[i]
			}
			p.SetRun(0) // the random numbers of the first run
			err := p.Run()
			copy(x, start)
			return p.Loss(), err
		}
		p.SetRun(0)
		if err := p.Run(); err != nil {
			return err
		}
		grads, scale := make([][]float64, len(engines)), make([]float64, len(engines))
		for e := range engines {
			grads[e] = floats(engines[e].Grad(name))
			for _, g := range grads[e] {
				scale[e] = max(scale[e], math.Abs(g)*math.Sqrt(float64(len(x))))
			}
		}
		for range directions {
			for i := range u {
				u[i] = rng.Float64()*2 - 1
			}
			best := make([]float64, len(engines))
			for e := range best {
				best[e] = math.Inf(1)
			}
			for _, h := range steps {
				got, err := fivePoint(lossAt, h)
				if err != nil {
					return err
				}
				for e, grad := range grads {
					want := 0.0
					for i := range u {
						want += u[i] * grad[i]
					}
					best[e] = min(best[e], relative(got-want, scale[e]))
				}
				if slices.Max(best) <= TwinLimit {
					break
				}
			}
			for e := range w {
				w[e].add(name, best[e])
			}
		}
	}
	for e := range w {
		r.add("twin/"+graph.Engine(e).String(), TwinLimit, w[e])
	}
	return nil
}

// relative returns |x|/scale, 1 where the scale is 0.
func relative(x, scale float64) float64 {
	if scale == 0 {
		return 1
	}
	return math.Abs(x) / scale
}

// fivePoint returns the derivative of f at 0:
//
//	f'(0) ≈ (8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12h
func fivePoint(f func(float64) (float64, error), h float64) (float64, error) {
	var y [4]float64
	var errs [4]error
	for i, at := range [...]float64{h, -h, 2 * h, -2 * h} {
		y[i], errs[i] = f(at)
	}
	return (8*(y[0]-y[1]) - (y[2] - y[3])) / (12 * h), errors.Join(errs[:]...)
}

func (r *runner) add(check string, limit float64, w worst) {
	r.results = append(r.results, Result{Case: r.c.Name, Check: check, Where: w.where, Error: w.err, Limit: limit, Passed: w.err <= limit})
}

// worst is the largest error seen and where it was.
type worst struct {
	where string
	err   float64
}

func (w *worst) add(where string, err float64) {
	if err > w.err || w.where == "" {
		w.where, w.err = where, err
	}
}

// note adds the largest difference of x and y, relative to the largest magnitude of y.
// Numbers that are missing are an error of 1.
func (w *worst) note(where string, x, y []float64) {
	if len(x) != len(y) {
		w.add(where, 1)
		return
	}
	scale, diff := 0.0, 0.0
	for i := range x {
		scale = max(scale, math.Abs(y[i]))
		diff = max(diff, math.Abs(x[i]-y[i]))
	}
	if diff > 0 {
		diff /= max(scale, diff)
	}
	w.add(where, diff)
}

// floats returns the elements of a tensor as float64, a copy.
func floats(d *tensor.Dense) []float64 {
	if d.Dtype() == tensor.Float64 {
		return slices.Clone(d.Float64s())
	}
	x := make([]float64, d.DataSize())
	for i, v := range d.Float32s() {
		x[i] = float64(v)
	}
	return x
}
