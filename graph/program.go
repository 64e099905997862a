package graph

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/ops"
)

// Program is a compiled graph: one machine that runs for every mini-batch. It is
// not safe for concurrent use.
type Program struct {
	machine runner
	builder *Builder // knows the graph
	inputs  map[string]*slot
	initial map[string]*slot
	outputs map[string]*slot
	grads   map[string]*slot
	final   State
	loss    *slot
	watched []*slot // outputs and final states
	runs    uint64  // the number of the next run
	held    bool    // buffers stay
	report  Report
}

// State is the state of all cells of a program, by name ("layer/variable"), each
// [B, Width].
type State map[string]*tensor.Dense

// Input returns the tensor of a data input, nil if there is none of this name. Writing
// to it before [Program.Run] is the way without a copy; [Program.Set] is the one with
// checks, after which layers that go by events list them once for all runs until the next Set, as
// long as Input has not been called. Of an input for events it is the array that the runs read from
// now on.
func (p *Program) Input(name string) *tensor.Dense {
	p = p.known()
	if s := p.inputs[name]; s != nil {
		s.revision.Share()
		return s.tensor()
	}
	return nil
}

// Set copies data into the input name. data is a []float32 or []float64 with as many
// elements as the input, row-major, or a *tensor.Dense of its shape; it is converted to
// the dtype of the program. Errors wrap [ErrParam] for an unknown name and other types,
// [ErrShape] for another length or shape, [ErrNotFinite] for a value that is not finite
// in the dtype of the program; the input then keeps what it had.
func (p *Program) Set(name string, data any) error {
	p = p.known()
	s := p.inputs[name]
	if s == nil {
		return fmt.Errorf("%w: no input %q", ErrParam, name)
	}
	x, err := s.fit("input", data)
	if err != nil {
		return err
	}
	s.write(x)
	return nil
}

// SetEvents gives the input name, of [Builder.EventInput], by lists: in step t, row b has a 1 in
// each of the channels channels[t·B+b], which rise, or the numbers values[t·B+b] where there are
// some; everything else is 0. The lists are not copied: they must not change before the last run
// that reads them.
//
// Errors wrap [ErrParam] for an input of another kind, [ErrNotFinite] for a value that is not
// finite, ops.ErrShape and ops.ErrValue for lists that do not fit; the input then keeps what it
// had.
//
// Cost: linear in the number of lists and events.
func (p *Program) SetEvents(name string, channels [][]int32, values [][]float32) error {
	p = p.known()
	s := p.inputs[name]
	if s == nil || s.events == nil {
		return fmt.Errorf("%w: no input %q for events", ErrParam, name)
	}
	for k, list := range values {
		if i, bad := firstBad[float32](list); i >= 0 {
			return fmt.Errorf("%w: input %q: value %d of list %d is %v", ErrNotFinite, name, i, k, bad)
		}
	}
	if err := s.events.Lists(channels, values); err != nil {
		return fmt.Errorf("input %q: %w", name, err)
	}
	return nil
}

// SetState makes the following runs start from the given state, which is copied; nil
// means rest, the zeros of a new program. The state must have an entry for each cell
// state that the model left to the program; entries for states that the model computes
// itself have no effect. Errors are those of [Program.Set], for a missing entry, too, and
// change nothing. To carry the state from one piece of a sequence to the next:
//
//	err = prog.SetState(prog.FinalState())
func (p *Program) SetState(s State) error {
	p = p.known()
	if s == nil {
		for _, in := range p.initial {
			in.value.Zero()
		}
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(s)) {
		if p.final[name] == nil {
			return fmt.Errorf("%w: no state %q", ErrParam, name)
		}
	}
	names := slices.Sorted(maps.Keys(p.initial))
	data := make([]any, len(names))
	for i, name := range names {
		v, ok := s[name]
		if !ok {
			return fmt.Errorf("%w: state %q is missing", ErrParam, name)
		}
		var err error
		if data[i], err = p.initial[name].fit("state", v); err != nil {
			return err
		}
	}
	for i, name := range names {
		p.initial[name].write(data[i])
	}
	return nil
}

// fit checks that data can be written to the slot and returns it as a slice.
func (s *slot) fit(kind string, data any) (any, error) {
	if d, ok := data.(*tensor.Dense); ok {
		d, err := rowMajor(d)
		if err != nil {
			return nil, fmt.Errorf("%w: %s %q: %w", ErrParam, kind, s.name, err)
		}
		if !sameShape(d.Shape(), s.shape()) {
			return nil, fmt.Errorf("%w: %s %q: data of shape %v, want %v", ErrShape, kind, s.name, d.Shape(), s.shape())
		}
		if d.Dtype() == tensor.Float32 {
			data = d.Float32s()
		} else {
			data = d.Float64s()
		}
	}
	n, i, bad := 0, -1, 0.0
	switch x := data.(type) {
	case []float32:
		n = len(x)
		i, bad = firstBad[float32](x)
	case []float64:
		n = len(x)
		if s.node.Dtype() == tensor.Float64 {
			i, bad = firstBad[float64](x)
		} else {
			i, bad = firstBad[float32](x)
		}
	default:
		return nil, fmt.Errorf("%w: %s %q: data of type %T, want []float32, []float64 or a tensor of them", ErrParam, kind, s.name, data)
	}
	if want := s.shape().TotalSize(); n != want {
		return nil, fmt.Errorf("%w: %s %q: %d elements, want %d for shape %v", ErrShape, kind, s.name, n, want, s.shape())
	}
	if i >= 0 {
		return nil, fmt.Errorf("%w: %s %q: element %d is %v as %v", ErrNotFinite, kind, s.name, i, bad, s.node.Dtype())
	}
	return data, nil
}

// write converts what fit returned into the slot.
func (s *slot) write(data any) {
	s.revision.Replace()
	value := s.tensor()
	switch x := data.(type) {
	case []float32:
		if s.node.Dtype() == tensor.Float32 {
			copy(value.Float32s(), x)
		} else {
			convert(value.Float64s(), x)
		}
	case []float64:
		assign(value, x)
	}
}

// FinalState returns the state after the last step of the last run, of every cell of the
// program. The tensors belong to the program and change with the next run.
func (p *Program) FinalState() State {
	p = p.known()
	return maps.Clone(p.final)
}

// Run runs the program once on the present inputs, states and parameters. Errors: that of
// an operation or a kernel, or its panic; one that wraps [ErrNotFinite] for a loss, a
// gradient or the new value of a buffer that is not finite, or a NaN in an output or a final state,
// and says where. Buffers stay as they are then.
// After an error what the program recorded is not to be relied on, and the program can
// run again. After Close it is [ErrClosed].
func (p *Program) Run() error {
	p = p.known()
	if p.machine == nil {
		return ErrClosed
	}
	p.draw()
	if err := p.machine.run(); err != nil {
		return err
	}
	if p.loss != nil {
		if l := p.Loss(); math.IsNaN(l) || math.IsInf(l, 0) {
			return fmt.Errorf("%w: the loss is %v%s", ErrNotFinite, l, p.suspect())
		}
	}
	for _, name := range p.report.Trained {
		if i, v := notFinite(p.grads[name].value); i >= 0 {
			return fmt.Errorf("%w: gradient of %q: element %d is %v", ErrNotFinite, name, i, v)
		}
	}
	if s := p.suspect(); s != "" {
		return fmt.Errorf("%w%s", ErrNotFinite, s)
	}
	for _, u := range p.builder.updates {
		if i, v := notFinite(u.value); i >= 0 {
			return fmt.Errorf("%w: new value of the buffer %q: element %d is %v", ErrNotFinite, u.name, i, v)
		}
	}
	p.update()
	p.runs++
	return nil
}

// suspect names the first output or final state with a NaN, in the order of the model; it
// is empty if there is none.
func (p *Program) suspect() string {
	for _, s := range p.watched {
		if i := firstNaN(s.value); i >= 0 {
			return fmt.Sprintf(": element %d of %q is NaN", i, s.name)
		}
	}
	return ""
}

// Loss returns the loss of the last run, NaN if the program has none.
func (p *Program) Loss() float64 {
	p = p.known()
	if p.loss == nil {
		return math.NaN()
	}
	if p.loss.value.Dtype() == tensor.Float64 {
		return p.loss.value.Float64s()[0]
	}
	return float64(p.loss.value.Float32s()[0])
}

// Output returns the recorded value of an output in the last run, nil if there is no output of this
// name. The tensor belongs to the program and changes with the next run.
func (p *Program) Output(name string) *tensor.Dense {
	p = p.known()
	if s := p.outputs[name]; s != nil {
		return s.value
	}
	return nil
}

// Grad returns the gradient of the loss with respect to a parameter in the last
// run, nil if the parameter is not trained. The tensor belongs to the program and changes with
// the next run.
func (p *Program) Grad(param string) *tensor.Dense {
	p = p.known()
	if s := p.grads[param]; s != nil {
		return s.value
	}
	return nil
}

// Report says how the program was built, and what its kernels measured in the last run. Its slices
// belong to the program.
func (p *Program) Report() Report {
	p = p.known()
	if p.builder != nil {
		for i := range p.report.Layers {
			l := &p.report.Layers[i]
			if n := p.builder.fused[l.Name]; n != nil {
				if m, ok := ops.MeasureOf(n); ok {
					l.Density, l.Events = m.Density, m.Events
				}
			}
		}
	}
	return p.report
}

// Outputs returns the names of the outputs, sorted.
func (p *Program) Outputs() []string {
	p = p.known()
	return slices.Sorted(maps.Keys(p.outputs))
}

// known returns p, and for nil a program that is closed and has nothing.
func (p *Program) known() *Program {
	if p == nil {
		return &Program{}
	}
	return p
}

// Close releases the machine. Recorded values stay readable.
func (p *Program) Close() error {
	if p == nil {
		return nil
	}
	p.machine, p.builder = nil, nil
	return nil
}
