package plot

import "errors"

// Errors of Write; they are wrapped with the names and numbers at fault.
var (
	// ErrEmpty signifies a figure, panel or line without data.
	ErrEmpty = errors.New("plot: nothing to draw")
	// ErrNotFinite signifies a NaN or an infinity in the data.
	ErrNotFinite = errors.New("plot: not a finite number")
	// ErrShape signifies lengths that do not fit together, a neuron outside of its layer, or a size
	// out of range.
	ErrShape = errors.New("plot: sizes do not match")
	// ErrLog signifies a value <= 0 on a logarithmic axis.
	ErrLog = errors.New("plot: value is not positive on a logarithmic axis")
	// ErrFormat signifies a file name that ends neither in .png nor in .svg.
	ErrFormat = errors.New("plot: unknown file ending")
)
