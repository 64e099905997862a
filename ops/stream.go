package ops

import (
	"fmt"
	"unsafe"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/kernel"
)

// Stream is a sequence [T, B, N] that goes from one kernel to the next without being
// written as a whole. Its rows are counted by t·B + b. It is valid from the run of the
// kernel that gives it to the next run of that kernel.
type Stream[T Float] struct {
	// Events lists the elements that are not zero, nil where they are not listed.
	Events *kernel.Events[T]
	// Columns lists them by column; with Events. The list is made once in a run.
	Columns func() *kernel.Columns[T]
	// Rows computes rows first..first+rows-1 of the columns from..to-1 into dst, of which
	// the rows are ld elements apart. Nil where there are Events or Panels. It may be called from
	// several goroutines at a time, each with its own scratch memory.
	Rows func(dst []T, ld, first, rows, from, to int, s *kernel.Scratch[T])
	// Input returns the sequence of an [Input], the piece at hand, either as events or as an array.
	// Nil for all others; nothing else is set with it.
	Input func() (*kernel.Events[T], []T)
	// Panels returns the whole sequence, in the order in which it lies in memory.
	Panels func() kernel.Panels[T]
	// Panel is how many columns are best asked of Rows at a time: a multiple of 64.
	Panel int
}

// Streamer is a Kernel that hands on sequences as streams. Where the reader of an output
// is such a kernel, too, and nobody else reads it, Forward gets nil in place of the
// output; and Backward in place of the gradient of an input, although it is wanted.
type Streamer[T Float] interface {
	// Output returns the stream of output i, nil if there is none, and whether Forward
	// takes a nil for this output.
	Output(i int) (s *Stream[T], optional bool)
	// Gradient returns the stream of the gradient of input i, nil if there is none. It is
	// called when somebody is going to read it.
	Gradient(i int) *Stream[T]
	// ReadInput says whether input i will be read from s, and ReadGradient the gradient of
	// output i. If so, in[i] may be nil, or gout[i].
	ReadInput(i int, s *Stream[T]) bool
	ReadGradient(i int, s *Stream[T]) bool
}

// connectInput makes the kernel read its input i from the stream of an output of another.
func (r *run[T]) connectInput(i int, from runner, output int) bool {
	to, ok := r.Kernel.(Streamer[T])
	if !ok {
		return false
	}
	source, ok := streamer[T](from)
	if !ok {
		return false
	}
	s, _ := source.Output(output)
	return s != nil && to.ReadInput(i, s)
}

// connectGradient makes the kernel read the gradient of its output i from the stream of that of an
// input of another.
func (r *run[T]) connectGradient(i int, from runner, input int) bool {
	to, ok := r.Kernel.(Streamer[T])
	if !ok {
		return false
	}
	source, ok := streamer[T](from)
	if !ok {
		return false
	}
	s := source.Gradient(input)
	return s != nil && to.ReadGradient(i, s)
}

func streamer[T Float](r runner) (Streamer[T], bool) {
	of, ok := r.(*run[T])
	if !ok {
		return nil, false
	}
	s, ok := of.Kernel.(Streamer[T])
	return s, ok
}

// optional says whether the kernel can leave output i unwritten.
func (r *run[T]) optional(i int) bool {
	s, ok := r.Kernel.(Streamer[T])
	if !ok {
		return false
	}
	_, optional := s.Output(i)
	return optional
}

// Measure is what a kernel found in its last run.
type Measure struct {
	Density float64 // share of the numbers that meet a weight matrix that are not zero
	Events  bool    // the products went by lists of events; else they were dense
}

// Measurer is a Kernel that measures: false before the first run.
type Measurer interface{ Measure() (Measure, bool) }

// MeasureOf returns what the kernel measured of which n is an output; false if it does not measure.
func MeasureOf(n *G.Node) (Measure, bool) {
	if n == nil {
		return Measure{}, false
	}
	if o, ok := n.Op().(outputOp); ok {
		return o.kernel.measure()
	}
	return Measure{}, false
}

func (r *run[T]) measure() (Measure, bool) {
	if m, ok := r.Kernel.(Measurer); ok {
		return m.Measure()
	}
	return Measure{}, false
}

// Settle tells the kernels among the nodes which of their results are read as tensors. nodes
// are all that will run, operands those of each. Results that are read as streams alone, or not at
// all, are not written from then on. Without Settle all are. A graph with several plans is settled
// for all of them.
func Settle(nodes []*G.Node, operands [][]*G.Node) {
	if len(operands) != len(nodes) || checkNodes("Settle", nodes...) != nil {
		return
	}
	for _, n := range nodes {
		switch r := n.Op().(type) {
		case deferrable:
			r.settle()
		case forwardOp: // its outputs, even those that nobody reads, which are not among the nodes
			for i := range r.outputs {
				r.outputs[i].settle()
			}
		}
	}
	for i, n := range nodes {
		reader, _ := n.Op().(streamReader)
		for k, c := range operands[i] {
			if c == nil {
				continue
			}
			if r, ok := c.Op().(deferrable); ok && (reader == nil || !reader.readsStream(k)) {
				r.demand()
			}
		}
	}
}

// Place makes a kernel write the gradient of an input, of which n is the node, into a tensor of its
// shape from now on, and says whether it does: n may be something else, or have memory already.
func Place(n *G.Node, to *tensor.Dense) bool {
	if n == nil || to == nil {
		return false
	}
	o, ok := n.Op().(inputGradOp)
	if !ok {
		return false
	}
	r := &o.gradients[o.i]
	if r.value != nil || r.shape.Dims() == 0 || to.Dtype() != r.dtype || !sameShape(to.Shape(), r.shape) {
		return false
	}
	r.value = to
	return true
}

// deferrable is an operation whose result may be left unwritten.
type deferrable interface {
	settle()
	demand()
}

// streamReader is an operation that does not need the value of some operands.
type streamReader interface{ readsStream(i int) bool }

// result is one output of a kernel, or the gradient of one input.
type result struct {
	value    *tensor.Dense // nil until somebody wants it
	shape    tensor.Shape
	dtype    tensor.Dtype
	optional bool // the kernel can do without it
	settled  bool
	wanted   bool // as a tensor; counts when settled

	single *G.F32 // the value of a scalar
	double *G.F64
}

func (r *result) settle() { r.settled = r.settled || r.optional }
func (r *result) demand() { r.wanted = true }

// tensor returns the memory of the result, nil where nobody reads it.
func (r *result) tensor() *tensor.Dense {
	if r.settled && !r.wanted {
		return nil
	}
	if r.value == nil {
		r.value = newDense(r.dtype, r.shape)
	}
	return r.value
}

// emit is the value of the result for Gorgonia.
func (r *result) emit() (G.Value, error) {
	d := r.tensor()
	if d == nil {
		return r, nil
	}
	if r.shape.Dims() > 0 {
		return emit(d, r.shape)
	}
	// A scalar is kept, too.
	if d.Dtype() == tensor.Float32 {
		if r.single == nil {
			r.single = new(G.F32)
		}
		*r.single = G.F32(d.Float32s()[0])
		return r.single, nil
	}
	if r.double == nil {
		r.double = new(G.F64)
	}
	*r.double = G.F64(d.Float64s()[0])
	return r.double, nil
}

// A result that was not written is a value without elements, which no operation reads.

func (r *result) Shape() tensor.Shape     { return r.shape }
func (r *result) Size() int               { return r.shape.TotalSize() }
func (r *result) Data() any               { return nil }
func (r *result) Dtype() tensor.Dtype     { return r.dtype }
func (r *result) Uintptr() uintptr        { return 0 }
func (r *result) MemSize() uintptr        { return 0 }
func (r *result) Pointer() unsafe.Pointer { return nil }
func (r *result) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "sequence %v that was not written", r.shape)
}
