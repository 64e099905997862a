package optim

import (
	"fmt"
	"unsafe"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Solver returns a gorgonia.Solver that trains the nodes of a graph with t:
//
//	solver := optim.Solver(optim.Adam{})
//	...
//	err := solver.Step(gorgonia.NodesToValueGrads(params))
func Solver(t Transform) *GraphSolver { return &GraphSolver{Transform: t} }

// GraphSolver is a gorgonia.Solver over a Transform. Unlike Gorgonia's own solvers
// it has a state that can be saved, and it accepts gradients that share memory
// (two summands of one loss have one gradient node): it works on copies.
type GraphSolver struct {
	Transform Transform
	// State is nil before the first Step, which then calls Init. To go on from a
	// checkpoint, set it before.
	State *State

	params, updates Tree // params alias the nodes' values; updates are copies
}

var _ gorgonia.Solver = (*GraphSolver)(nil)

// Step turns the gradients of model into updates, adds these to its values in place
// and sets the gradients to zero, as Gorgonia's solvers do. Values are float32 or
// float64, dense and row-major, or scalars. model must have the same nodes in the
// same order each time. Leaves have the nodes' names; where there is none, the name
// is param[i].
//
// On an error, values and gradients are as before. A missing gradient, a type that
// is not supported, shapes that differ, and a name that is there twice wrap ErrTree.
// Steps after the first do not allocate, except for gradients that are views.
func (s *GraphSolver) Step(model []gorgonia.ValueGrad) error {
	if s.Transform == nil {
		return fmt.Errorf("%w: solver: Transform is nil", ErrSettings)
	}
	fresh := len(s.params) != len(model)
	if fresh {
		s.params, s.updates = make(Tree, len(model)), make(Tree, len(model))
	}
	for i, n := range model {
		if err := s.load(i, n); err != nil {
			return err
		}
	}
	if fresh || s.State == nil {
		if err := distinctNames(s.params); err != nil {
			return err
		}
	}
	if s.State == nil {
		state := s.Transform.Init(s.params)
		s.State = &state
	}
	if err := s.Transform.Update(s.updates, s.params, s.State); err != nil {
		return fmt.Errorf("solver: %w", err)
	}
	if err := Apply(s.params, s.updates); err != nil {
		return fmt.Errorf("solver: %w", err)
	}
	for _, n := range model {
		grad, err := n.Grad()
		if err != nil {
			return fmt.Errorf("solver: %w", err)
		}
		switch g := grad.(type) {
		case *tensor.Dense:
			g.Zero()
		case *gorgonia.F32:
			*g = 0
		case *gorgonia.F64:
			*g = 0
		}
	}
	return nil
}

// load makes params[i] the values of n and copies its gradients to updates[i].
func (s *GraphSolver) load(i int, n gorgonia.ValueGrad) error {
	p, u := &s.params[i], &s.updates[i]
	name := ""
	if named, ok := n.(gorgonia.Namer); ok {
		name = named.Name()
	}
	if name == "" {
		name = p.Name // from the step before
	}
	if name == "" {
		name = fmt.Sprintf("param[%d]", i)
	}
	grad, err := n.Grad()
	if err != nil {
		return fmt.Errorf("%w: solver: %s has no gradient: %w", ErrTree, name, err)
	}
	value := n.Value()
	if value == nil || grad == nil {
		return fmt.Errorf("%w: solver: %s: value is %T, gradient is %T, want both set; has the machine run?", ErrTree, name, value, grad)
	}
	v, err := leafOf(name, value)
	if err != nil {
		return err
	}
	if d, ok := grad.(*tensor.Dense); ok && d.RequiresIterator() {
		if grad, ok = d.Materialize().(*tensor.Dense); !ok {
			return fmt.Errorf("%w: solver: gradient of %s is a view that cannot be copied", ErrTree, name)
		}
	}
	g, err := leafOf(name, grad)
	if err != nil {
		return err
	}
	if v.Len() != g.Len() || (v.F32 == nil) != (g.F32 == nil) || !value.Shape().Eq(grad.Shape()) {
		return fmt.Errorf("%w: solver: %s is %s of shape %v, its gradient %s of shape %v",
			ErrTree, name, v.DType(), value.Shape(), g.DType(), grad.Shape())
	}
	*p = v
	u.Name = name
	if v.F32 != nil {
		u.F32, u.F64 = append(u.F32[:0], g.F32...), nil
	} else {
		u.F32, u.F64 = nil, append(u.F64[:0], g.F64...)
	}
	return nil
}

// leafOf returns a leaf over the memory of a value.
func leafOf(name string, value gorgonia.Value) (Leaf, error) {
	switch v := value.(type) {
	case *gorgonia.F32:
		return Leaf{Name: name, F32: unsafe.Slice((*float32)(v), 1)}, nil
	case *gorgonia.F64:
		return Leaf{Name: name, F64: unsafe.Slice((*float64)(v), 1)}, nil
	case *tensor.Dense:
		if v.RequiresIterator() || v.DataOrder().IsColMajor() || v.IsMasked() || !v.IsNativelyAccessible() {
			return Leaf{}, fmt.Errorf("%w: solver: %s: want a contiguous row-major tensor without mask, found %v with strides %v",
				ErrTree, name, v.Shape(), v.Strides())
		}
		switch v.Dtype() {
		case tensor.Float32:
			return Leaf{Name: name, F32: v.Float32s()}, nil
		case tensor.Float64:
			return Leaf{Name: name, F64: v.Float64s()}, nil
		}
	}
	return Leaf{}, fmt.Errorf("%w: solver: %s is a %T of %v, want float32 or float64, dense or scalar", ErrTree, name, value, value.Dtype())
}

func distinctNames(t Tree) error {
	seen := make(map[string]int, len(t))
	for i, l := range t {
		if j, twice := seen[l.Name]; twice {
			return fmt.Errorf("%w: solver: nodes %d and %d are both named %q", ErrTree, j, i, l.Name)
		}
		seen[l.Name] = i
	}
	return nil
}
