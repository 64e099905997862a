package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/kernel"
)

// Input is a sequence [T, B, N] that a graph reads and a caller gives anew for each run: as an
// array, or as lists of its elements that are not zero, of which no array is made unless an
// operation reads one. Kernels that go by events take the lists as they are.
type Input struct {
	shape  tensor.Shape
	single *inputKernel[float32]
	double *inputKernel[float64]
}

// NewInput returns an input of zeros. The shape is [T, B, N].
func NewInput(dt tensor.Dtype, shape tensor.Shape) (*Input, error) {
	if _, err := sequenceShape("input", shape); err != nil {
		return nil, err
	}
	in := &Input{shape: shape.Clone()}
	switch dt {
	case tensor.Float32:
		in.single = &inputKernel[float32]{}
	case tensor.Float64:
		in.double = &inputKernel[float64]{}
	default:
		return nil, fmt.Errorf("%w: input of dtype %v", ErrValue, dt)
	}
	return in, nil
}

// Node adds the input to the graph of clock, [T, 1], whose numbers are not read.
func (in *Input) Node(clock *G.Node) (*G.Node, error) {
	if !in.made() {
		return nil, errNoInput
	}
	k := Kernels{}
	if in.single != nil {
		in.single.shape, k.Float32 = in.shape, in.single
	} else {
		in.double.shape, k.Float64 = in.shape, in.double
	}
	return apply1(k, []bool{false}, clock)
}

// Shape returns [T, B, N].
func (in *Input) Shape() tensor.Shape {
	if in == nil {
		return nil
	}
	return in.shape
}

// made tells whether NewInput has made it.
func (in *Input) made() bool { return in != nil && (in.single != nil || in.double != nil) }

var errNoInput = fmt.Errorf("%w: no input, want one of NewInput", ErrShape)

// Array returns the memory that the runs read from now on, until Lists is called.
func (in *Input) Array() *tensor.Dense {
	if !in.made() {
		return nil
	}
	if in.single != nil {
		return in.single.array(tensor.Float32)
	}
	return in.double.array(tensor.Float64)
}

// Lists gives the elements of the runs from now on by lists, until Array is called: the element of
// step t and row b in the channel channels[t·B+b][i] is values[t·B+b][i], or 1 where there is no
// such list of values; the others are 0. Channels rise in each list. The lists are not copied, and
// not to change before the last run that reads them.
//
// Errors wrap [ErrShape] for a wrong number of lists or values, [ErrValue] for channels that do not
// rise or are not there.
func (in *Input) Lists(channels [][]int32, values [][]float32) error {
	if !in.made() {
		return errNoInput
	}
	rows, n := in.shape[0]*in.shape[1], in.shape[2]
	if len(channels) != rows || values != nil && len(values) != rows {
		return fmt.Errorf("%w: %d lists of channels and %d of values, want %d", ErrShape, len(channels), len(values), rows)
	}
	for i, list := range channels {
		before := int32(-1)
		for _, c := range list {
			if c <= before || int(c) >= n {
				return fmt.Errorf("%w: step %d, row %d: channel %d after %d, want rising numbers below %d", ErrValue, i/in.shape[1], i%in.shape[1], c, before, n)
			}
			before = c
		}
		if values != nil && values[i] != nil && len(values[i]) != len(list) {
			return fmt.Errorf("%w: step %d, row %d: %d values for %d channels", ErrShape, i/in.shape[1], i%in.shape[1], len(values[i]), len(list))
		}
	}
	if in.single != nil {
		in.single.list(channels, values)
	} else {
		in.double.list(channels, values)
	}
	return nil
}

// inputKernel hands an [Input] on.
type inputKernel[T Float] struct {
	shape  tensor.Shape
	dense  *tensor.Dense
	listed bool
	all    kernel.Events[T] // of the whole sequence
	events kernel.Events[T] // of the piece at hand
	vals   []T              // values in the precision of the graph
	piece  Piece
}

func (k *inputKernel[T]) Name() string { return "input" }

func (k *inputKernel[T]) Shapes([]tensor.Shape) ([]tensor.Shape, error) {
	k.piece = Piece{To: k.shape[0], Steps: k.shape[0]}
	return []tensor.Shape{k.shape.Clone()}, nil
}

func (k *inputKernel[T]) Sequences() (in, out, states int) { return 1, 1, 0 }
func (k *inputKernel[T]) Begin([][]T)                      { k.piece = Piece{To: k.shape[0], Steps: k.shape[0]} }
func (k *inputKernel[T]) Piece(p Piece)                    { k.piece = p }

// ByRows is that of [RowStepper]: there is nothing to compute.
func (k *inputKernel[T]) ByRows(_, _ [][]T) bool { return true }
func (k *inputKernel[T]) ForwardRows(_, _ int)   {}
func (k *inputKernel[T]) BackwardRows(_, _ int)  {}
func (k *inputKernel[T]) BackwardEnd()           {}

func (k *inputKernel[T]) array(dt tensor.Dtype) *tensor.Dense {
	if k.listed = false; k.dense == nil {
		k.dense = newDense(dt, k.shape)
	}
	return k.dense
}

func (k *inputKernel[T]) list(channels [][]int32, values [][]float32) {
	k.listed = true
	k.all.Resize(len(channels), k.shape[2])
	k.vals = k.vals[:0]
	own, same := any(values).([][]T)
	for i, list := range channels {
		var val []T
		switch {
		case values == nil || values[i] == nil:
		case same:
			val = own[i]
		default:
			first := len(k.vals)
			for _, v := range values[i] {
				k.vals = append(k.vals, T(v))
			}
			val = k.vals[first:len(k.vals):len(k.vals)]
		}
		k.all.SetRow(i, list, val)
	}
}

func (k *inputKernel[T]) Output(int) (*Stream[T], bool) {
	return &Stream[T]{Input: k.part}, true
}

func (k *inputKernel[T]) Gradient(int) *Stream[T]           { return nil }
func (k *inputKernel[T]) ReadInput(int, *Stream[T]) bool    { return false }
func (k *inputKernel[T]) ReadGradient(int, *Stream[T]) bool { return false }
func (k *inputKernel[T]) Backward(_, _, _, _ [][]T) error   { return nil }
func (k *inputKernel[T]) rows() (first, rows int) {
	return k.piece.From * k.shape[1], (k.piece.To - k.piece.From) * k.shape[1]
}

func dtype[T Float]() tensor.Dtype {
	if _, ok := any(T(0)).(float32); ok {
		return tensor.Float32
	}
	return tensor.Float64
}

// part returns the piece at hand, as lists or as an array.
func (k *inputKernel[T]) part() (*kernel.Events[T], []T) {
	first, rows := k.rows()
	if k.listed {
		k.events.Part(&k.all, first, rows)
		return &k.events, nil
	}
	if k.dense == nil {
		k.array(dtype[T]())
	}
	n := k.shape[2]
	return nil, Slice[T](k.dense)[first*n : (first+rows)*n]
}

// Forward writes an array where an operation reads one.
func (k *inputKernel[T]) Forward(_, out [][]T) error {
	y := out[0]
	if y == nil {
		return nil
	}
	e, x := k.part()
	if e == nil {
		copy(y, x)
		return nil
	}
	n := k.shape[2]
	for i := range e.Rows() {
		row := y[i*n : (i+1)*n]
		clear(row)
		col, val := e.Row(i)
		for at, j := range col {
			if row[j] = 1; val != nil {
				row[j] = val[at]
			}
		}
	}
	return nil
}
