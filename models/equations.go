package models

import (
	"fmt"
	"math"
	"slices"
	"strings"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/eventprop/equation"
	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/surrogate"
)

// Equations is a layer of neurons that are given by equations, as [equation.Neurons] are from event
// to event, in time steps: x[t] is the sum of the weights of the spikes that arrive in the step. A
// step is
//
//	X  <- input(X, x[t])
//	X⁻ <- X + dt/6 (k1 + 2 k2 + 2 k3 + k4)     (Runge and Kutta, of dX/dt)
//	s  = H(threshold(X⁻)),  X <- X⁻ + s (reset(X⁻) - X⁻)
//
// States that are held stay as they are for the steps of the refractory time, which has no gradient
// and must be a whole number of them. States of a ratio are divided by the sum of their magnitudes
// in each step. The surrogate sees the threshold as it is written. The argument of exp is at most
// 20, as in [EIF]; log, sqrt, sin and cos are allowed in starts of parameters that are not learned
// alone. With a small dt the spikes are those of package equation, with an error of dt in their
// times.
//
// Neurons from equations are an idea of Brian, Stimberg et al. 2019, doi:10.7554/eLife.47314.
//
// States: those of the model, counted from its start, so that zero is the start, and hold, in
// steps, where there is a refractory time, and spikes where Recurrent. Vmem is the first state
// before the reset. Parameters, where they are learned: name/PARAM, or name/log_PARAM of time
// constants, whose names begin with tau, and name/w_rec.
type Equations struct {
	// Model is from equation.Parse.
	Model *equation.Model
	// Params are the numbers of all parameters of the model.
	Params map[string]Value
	// Recurrent adds weights w_rec [N, N] from the spikes of the step before, w_rec[pre][post].
	Recurrent bool
	// RecInit initialises w_rec; nil means FanIn(0, 0.5).
	RecInit graph.Init
	// RecMask, where it is not nil, holds a 0 or 1 for each element of w_rec.
	RecMask []float64
	// Initial is the state before the first step, nodes [B, N] in the order of the states above,
	// then the spikes where they are one. Nil leaves it to the program: zeros, or what
	// graph.Program.SetState says.
	Initial []*G.Node
	// Surrogate stands in for the derivative of the spike; nil means surrogate.FastSigmoid{}.
	Surrogate surrogate.Surrogate
	// Sharpness, where it is not nil, is a node [N] of positive factors of x in the surrogate,
	// learned or set from run to run, see [LIF].
	Sharpness *G.Node
}

// Apply adds the layer for a current x [T, B, N].
func (l Equations) Apply(b *graph.Builder, name string, x *G.Node) Neurons {
	n := width(b, "Equations", name, x)
	fail := func(err error) {
		if err != nil {
			b.Fail(fmt.Errorf("%w: Equations %q: %w", ErrParameter, name, err))
		}
	}
	if l.Model == nil {
		fail(fmt.Errorf("no model"))
	}
	for key := range l.Params {
		if !slices.Contains(l.Model.Params, key) {
			fail(fmt.Errorf("%q is no parameter, want %v", key, l.Model.Params))
		}
	}
	held, time := l.Model.Held()
	steps := 0.0
	var p []*G.Node
	for k, key := range l.Model.Params {
		v := l.Params[key]
		switch {
		case v.IsZero():
			fail(fmt.Errorf("no value of the parameter %q", key))
		case k == time:
			if v.learned || len(v.v) != 1 {
				fail(fmt.Errorf("the refractory time %q is learned or of each neuron, want one fixed number", key))
			}
			steps = wholeSteps(b, "Equations", name, key, v.v[0])
			p = append(p, v.real(b, name+"/"+key, n))
		case strings.HasPrefix(key, "tau"):
			p = append(p, v.positive(b, name, key, n))
		default:
			p = append(p, v.real(b, name+"/"+key, n))
		}
	}
	start, fixed, err := l.start(b, name, n)
	fail(err)
	params := len(p)
	if fixed {
		p = append(p, start...)
	}
	states := slices.Clone(l.Model.States)
	if steps > 0 {
		states = append(states, "hold")
	}
	s := spiking{"equations", name, l.Recurrent, l.RecInit, l.RecMask, l.Initial, l.Surrogate, ops.Firing{}, l.Sharpness}
	p = s.widened(b, n, p)
	f := newFormula(len(p), len(states))
	fail(l.step(f, params, fixed, held, steps, b.Dt(), func(above term) term { return s.fire(b, f, above) }))
	return s.apply(b, x, f, p, states...)
}

// start returns the start of each state as nodes [n], where it is of parameters that are not
// learned.
func (l Equations) start(b *graph.Builder, name string, n int) (nodes []*G.Node, fixed bool, err error) {
	for _, v := range l.Params {
		if v.learned {
			return nil, false, nil
		}
	}
	values := make([][]float64, len(l.Model.States))
	for j := range n {
		params := make([]float64, len(l.Model.Params))
		for k, key := range l.Model.Params {
			params[k] = l.Params[key].spread(b, name+"/"+key, n)[j]
		}
		x, err := equation.Evaluate(l.Model, equation.Start, plain{}, 0, nil, params)
		if err != nil {
			return nil, false, err
		}
		for i, v := range x {
			values[i] = append(values[i], v)
		}
	}
	for i, state := range l.Model.States {
		nodes = append(nodes, b.Const(name+"/start_"+state, values[i], n))
	}
	return nodes, true, nil
}

// step writes the step into f. The first parameters of the formula, as many as params, are those of
// the model.
func (l Equations) step(f *formula, params int, fixed bool, held []bool, steps, dt float64, fire func(above term) term) error {
	a := lines{f}
	p := make([]term, params)
	for k := range p {
		p[k] = f.param(k)
	}
	m := l.Model
	start := make([]term, len(m.States))
	if fixed {
		for i := range start {
			start[i] = f.param(params + i)
		}
	} else {
		var err error
		if start, err = equation.Evaluate(m, equation.Start, a, 0, nil, p); err != nil {
			return err
		}
	}
	x := make([]term, len(start))
	for i := range x {
		x[i] = f.add(f.state(i), start[i])
	}
	x, err := equation.Evaluate(m, equation.Input, a, f.x(), x, p)
	if err != nil {
		return err
	}
	before, err := l.integrate(a, x, p, dt)
	if err != nil {
		return err
	}
	var hold, free term
	if steps > 0 {
		hold = f.state(len(x))
		free = f.not(f.atLeast(hold, 0.5))
		for i := range x {
			if held[i] {
				before[i] = f.add(x[i], f.mul(free, f.sub(before[i], x[i])))
			}
		}
	}
	if of := m.Ratio(); len(of) > 0 {
		size := a.magnitude(before[of[0]])
		for _, i := range of[1:] {
			size = f.add(size, a.magnitude(before[i]))
		}
		for _, i := range of {
			before[i] = f.div(before[i], size)
		}
	}
	above, err := equation.Evaluate(m, equation.Threshold, a, 0, before, p)
	if err != nil {
		return err
	}
	reset, err := equation.Evaluate(m, equation.Reset, a, 0, before, p)
	if err != nil {
		return err
	}
	spikes := fire(above[0])
	if steps > 0 {
		spikes = f.mul(free, spikes)
	}
	next := make([]term, len(x))
	for i := range x {
		next[i] = f.sub(f.mix(spikes, before[i], reset[i]), start[i])
	}
	if steps > 0 {
		next = append(next, f.add(f.max(f.affine(hold, 1, -1), 0), f.affine(spikes, steps, 0)))
	}
	f.end([]term{spikes, before[0]}, next...)
	return nil
}

// integrate returns the states dt after x.
func (l Equations) integrate(a lines, x, p []term, dt float64) ([]term, error) {
	var k [4][]term
	at := x
	for i, next := range [...]float64{dt / 2, dt / 2, dt, 0} {
		var err error
		if k[i], err = equation.Evaluate(l.Model, equation.Derivatives, a, 0, at, p); err != nil {
			return nil, err
		}
		at = make([]term, len(x))
		for j := range x {
			at[j] = a.f.add(x[j], a.f.affine(k[i][j], next, 0))
		}
	}
	y := make([]term, len(x))
	for j := range x {
		sum := a.f.add(a.f.add(k[0][j], k[3][j]), a.f.affine(a.f.add(k[1][j], k[2][j]), 2, 0))
		y[j] = a.f.add(x[j], a.f.affine(sum, dt/6, 0))
	}
	return y, nil
}

// lines evaluate equations as lines of a formula.
type lines struct{ f *formula }

func (a lines) Constant(x float64) term { return a.f.affine(a.f.param(0), 0, x) }
func (a lines) Add(x, y term) term      { return a.f.add(x, y) }
func (a lines) Sub(x, y term) term      { return a.f.sub(x, y) }
func (a lines) Mul(x, y term) term      { return a.f.mul(x, y) }
func (a lines) Div(x, y term) term      { return a.f.div(x, y) }

// magnitude is |x|.
func (a lines) magnitude(x term) term {
	return a.f.add(a.f.max(x, 0), a.f.max(a.f.affine(x, -1, 0), 0))
}

func (a lines) Pow(x term, to float64) (term, error) {
	n := int(math.Abs(to))
	if float64(n) != math.Abs(to) || n > 16 {
		return 0, fmt.Errorf("^ %v in time steps, want a whole number from -16 to 16", to)
	}
	if n == 0 {
		return a.Constant(1), nil
	}
	y := x
	for range n - 1 {
		y = a.f.mul(y, x)
	}
	if to < 0 {
		y = a.f.div(a.Constant(1), y)
	}
	return y, nil
}

func (a lines) Call(function string, x term) (term, error) {
	switch function {
	case "exp":
		return a.f.exp(a.f.min(x, mostExponent)), nil
	case "tanh": // 1 - 2/(e^2x + 1)
		e := a.f.exp(a.f.min(a.f.affine(x, 2, 0), 2*mostExponent))
		return a.f.affine(a.f.div(a.Constant(2), a.f.affine(e, 1, 1)), -1, 1), nil
	}
	return 0, fmt.Errorf("%s in time steps, want exp or tanh", function)
}

// plain evaluates equations as numbers.
type plain struct{}

func (plain) Constant(x float64) float64         { return x }
func (plain) Add(x, y float64) float64           { return x + y }
func (plain) Sub(x, y float64) float64           { return x - y }
func (plain) Mul(x, y float64) float64           { return float64(x * y) }
func (plain) Div(x, y float64) float64           { return x / y }
func (plain) Pow(x, to float64) (float64, error) { return fmath.Pow(x, to), nil }
func (plain) Call(f string, x float64) (float64, error) {
	return map[string]func(float64) float64{
		"exp": fmath.Exp, "log": fmath.Log, "sqrt": math.Sqrt, "sin": fmath.Sin, "cos": fmath.Cos, "tanh": fmath.Tanh,
	}[f](x), nil
}
