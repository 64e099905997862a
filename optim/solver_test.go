package optim

import (
	"errors"
	"math"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

func dense(shape []int, data any) *tensor.Dense {
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))
}

// node is a ValueGrad to order.
type node struct {
	name  string
	value gorgonia.Value
	grad  gorgonia.Value
	err   error
}

func (n node) Name() string                  { return n.name }
func (n node) Value() gorgonia.Value         { return n.value }
func (n node) Grad() (gorgonia.Value, error) { return n.grad, n.err }

// A graph with the loss |x w - y|^2/2 + b^2/2 + |c1 + c2|^2/2, where c1 and c2 have one
// gradient node, and w enters transposed as well: |w' - z|^2/2.
func TestSolverOnGraph(t *testing.T) {
	for _, c := range []struct {
		dt   tensor.Dtype
		opts []gorgonia.VMOpt
	}{
		{tensor.Float64, nil},
		{tensor.Float32, nil},
		{tensor.Float64, []gorgonia.VMOpt{gorgonia.BindDualValues()}},
	} {
		dt := c.dt
		backing := func(x ...float64) any {
			if dt == tensor.Float64 {
				return x
			}
			y := make([]float32, len(x))
			for i, v := range x {
				y[i] = float32(v)
			}
			return y
		}
		g := gorgonia.NewGraph()
		matrix := func(name string, rows, cols int, x ...float64) *gorgonia.Node {
			return gorgonia.NewMatrix(g, dt, gorgonia.WithName(name), gorgonia.WithShape(rows, cols),
				gorgonia.WithValue(dense([]int{rows, cols}, backing(x...))))
		}
		x, y := matrix("x", 2, 2, 1, 2, -1, 0.5), matrix("y", 2, 3, 1, 0, 2, 0, 1, -1)
		z := matrix("z", 3, 2, 1, 2, 3, 4, 5, 6)
		w := matrix("w", 2, 3, 0.1, 0.2, 0.3, -0.1, -0.2, -0.3)
		c1, c2 := matrix("c1", 1, 2, 1, 2), matrix("c2", 1, 2, 3, -4)
		var scalar any = 0.7
		var half any = 0.5
		if dt == tensor.Float32 {
			scalar, half = float32(0.7), float32(0.5)
		}
		b := gorgonia.NewScalar(g, dt, gorgonia.WithName("b"), gorgonia.WithValue(scalar))
		must := func(n *gorgonia.Node, err error) *gorgonia.Node {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		squares := func(n *gorgonia.Node) *gorgonia.Node {
			return must(gorgonia.Sum(must(gorgonia.Square(n))))
		}
		loss := must(gorgonia.Add(squares(must(gorgonia.Sub(must(gorgonia.Mul(x, w)), y))), must(gorgonia.Square(b))))
		loss = must(gorgonia.Add(loss, squares(must(gorgonia.Add(c1, c2)))))
		loss = must(gorgonia.Add(loss, squares(must(gorgonia.Sub(must(gorgonia.Transpose(w, 1, 0)), z)))))
		loss = must(gorgonia.Mul(loss, gorgonia.NewConstant(half)))
		params := gorgonia.Nodes{w, b, c1, c2}
		if _, err := gorgonia.Grad(loss, params...); err != nil {
			t.Fatal(err)
		}
		m := gorgonia.NewTapeMachine(g, c.opts...)
		defer m.Close()
		const lr, mu = 0.05, 0.5
		solver := Solver(SGD{LR: Constant(lr), Momentum: mu})

		// The same in plain Go: values and momenta of w, b, c1, c2 in one row.
		v := []float64{0.1, 0.2, 0.3, -0.1, -0.2, -0.3, 0.7, 1, 2, 3, -4}
		momentum := make([]float64, len(v))
		X, Y, Z := []float64{1, 2, -1, 0.5}, []float64{1, 0, 2, 0, 1, -1}, []float64{1, 2, 3, 4, 5, 6}
		for range 5 {
			if err := m.RunAll(); err != nil {
				t.Fatal(err)
			}
			if err := solver.Step(gorgonia.NodesToValueGrads(params)); err != nil {
				t.Fatal(err)
			}
			m.Reset()
			grad := make([]float64, len(v))
			for i := range 2 { // row of the batch
				for k := range 3 {
					r := X[2*i]*v[k] + X[2*i+1]*v[3+k] - Y[3*i+k]
					grad[k] += X[2*i] * r
					grad[3+k] += X[2*i+1] * r
				}
			}
			for j := range 2 {
				for k := range 3 {
					grad[3*j+k] += v[3*j+k] - Z[2*k+j]
				}
				grad[7+j], grad[9+j] = v[7+j]+v[9+j], v[7+j]+v[9+j]
			}
			grad[6] = v[6]
			for i := range v {
				momentum[i] = mu*momentum[i] + grad[i]
				v[i] -= lr * momentum[i]
			}
		}
		var got []float64
		for _, n := range params {
			l, err := leafOf(n.Name(), n.Value())
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, elements(Tree{l})...)
		}
		tol := 1e-14 // some 50 roundings of values up to 6
		if dt == tensor.Float32 {
			tol *= 0x1p29
		}
		for i := range v {
			if !near(got[i], v[i], 0, tol) {
				t.Errorf("%v: parameter %d is %v, want %v", dt, i, got[i], v[i])
			}
		}
	}
}

// Two summands can have one gradient node: each parameter gets its own update.
func TestSolverSharedGradient(t *testing.T) {
	g := dense([]int{2}, []float64{1, -2})
	a, b := dense([]int{2}, []float64{0, 0}), dense([]int{2}, []float64{0, 0})
	solver := Solver(SGD{LR: Constant(0.5)})
	if err := solver.Step([]gorgonia.ValueGrad{node{name: "a", value: a, grad: g}, node{name: "b", value: b, grad: g}}); err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{-0.5, 1} {
		if a.Float64s()[i] != want || b.Float64s()[i] != want {
			t.Errorf("a = %v, b = %v, want [-0.5 1] twice", a, b)
		}
	}
}

func TestSolverResumes(t *testing.T) {
	run := func(stop int) string {
		w := dense([]int{2, 2}, []float64{1, 2, 3, 4})
		b := gorgonia.NewF32(0.5)
		solver := Solver(Adam{LR: Constant(0.1)})
		for step := range 6 {
			if step == stop {
				data := bytesOf(t, *solver.State)
				solver = Solver(Adam{LR: Constant(0.1)})
				solver.State = new(State)
				if err := solver.State.UnmarshalBinary([]byte(data)); err != nil {
					t.Fatal(err)
				}
			}
			x := float64(step) - 2.5
			gw, gb := dense([]int{2, 2}, []float64{x, 1, -x, 2}), gorgonia.NewF32(float32(x))
			if err := solver.Step([]gorgonia.ValueGrad{node{name: "w", value: w, grad: gw}, node{name: "b", value: b, grad: gb}}); err != nil {
				t.Fatal(err)
			}
			if *gb != 0 || gw.Float64s()[1] != 0 {
				t.Errorf("gradients are not zero after a step: %v, %v", gw, gb)
			}
		}
		return bits(Tree{{Name: "w", F64: w.Float64s()}, {Name: "b", F32: []float32{float32(*b)}}})
	}
	want := run(-1)
	for stop := 1; stop < 6; stop++ {
		if got := run(stop); got != want {
			t.Errorf("the run that stopped at step %d differs", stop)
		}
	}
}

// Gradients that are views are copied; the view of a matrix that was transposed has
// the transposed order.
func TestSolverView(t *testing.T) {
	w := dense([]int{2, 3}, []float64{0, 0, 0, 0, 0, 0})
	g := dense([]int{3, 2}, []float64{1, 2, 3, 4, 5, 6})
	if err := g.T(); err != nil {
		t.Fatal(err)
	}
	if err := Solver(SGD{LR: Constant(1)}).Step([]gorgonia.ValueGrad{node{name: "w", value: w, grad: g}}); err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{-1, -3, -5, -2, -4, -6} {
		if got := w.Float64s()[i]; got != want {
			t.Errorf("w[%d] = %v, want %v", i, got, want)
		}
	}
}

func TestSolverErrors(t *testing.T) {
	value := func() *tensor.Dense { return dense([]int{2}, []float64{1, 2}) }
	transposed := dense([]int{2, 3}, make([]float64, 6))
	if err := transposed.T(); err != nil {
		t.Fatal(err)
	}
	for part, model := range map[string][]gorgonia.ValueGrad{
		"w has no gradient":     {node{name: "w", value: value(), err: errors.New("none")}},
		"w: value is <nil>":     {node{name: "w", grad: value()}},
		"gradient is <nil>":     {node{name: "w", value: value()}},
		"shape (3)":             {node{name: "w", value: value(), grad: dense([]int{3}, []float64{1, 2, 3})}},
		"its gradient float32":  {node{name: "w", value: value(), grad: dense([]int{2}, []float32{1, 2})}},
		"of int":                {node{name: "w", value: dense([]int{1}, []int{1}), grad: value()}},
		"want a contiguous":     {node{name: "w", value: transposed, grad: dense([]int{3, 2}, make([]float64, 6))}},
		`are both named "w"`:    {node{name: "w", value: value(), grad: value()}, node{name: "w", value: value(), grad: value()}},
		"param[0] has no grad":  {node{value: value(), err: errors.New("none")}},
		"gradient w[1] is +Inf": {node{name: "w", value: value(), grad: dense([]int{2}, []float64{1, math.Inf(1)})}},
	} {
		err := Solver(SGD{}).Step(model)
		if err == nil || !strings.Contains(err.Error(), part) || !errors.Is(err, ErrTree) && !errors.Is(err, ErrNonFinite) {
			t.Errorf("%v, want %q", err, part)
		}
	}
	// nothing is lost: values and gradients are as before
	w, g := value(), dense([]int{2}, []float64{1, math.NaN()})
	if err := Solver(Adam{}).Step([]gorgonia.ValueGrad{node{name: "w", value: w, grad: g}}); !errors.Is(err, ErrNonFinite) ||
		w.Float64s()[0] != 1 || w.Float64s()[1] != 2 || g.Float64s()[0] != 1 {
		t.Errorf("%v, %v, %v", err, w, g)
	}
	if err := (&GraphSolver{}).Step(nil); !errors.Is(err, ErrSettings) {
		t.Errorf("no transform: %v", err)
	}
}

func TestSolverDoesNotAllocate(t *testing.T) {
	model := []gorgonia.ValueGrad{
		&node{name: "w", value: dense([]int{2}, []float64{1, 2}), grad: dense([]int{2}, []float64{1, 2})},
		&node{value: dense([]int{2}, []float32{1, 2}), grad: dense([]int{2}, []float32{1, 2})},
	}
	solver := Solver(Adam{})
	if n := testing.AllocsPerRun(5, func() {
		if err := solver.Step(model); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations per step", n)
	}
}
