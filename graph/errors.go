package graph

import "errors"

var (
	// ErrBuild is wrapped by errors of the construction of a graph.
	ErrBuild = errors.New("graph: build")
	// ErrShape is wrapped by errors about shapes.
	ErrShape = errors.New("graph: shape mismatch")
	// ErrParam is wrapped by errors about the names, dtypes and shapes of parameters.
	ErrParam = errors.New("graph: parameter mismatch")
	// ErrNoGradient signifies that a parameter does not influence the loss in a
	// differentiable way.
	ErrNoGradient = errors.New("graph: parameter without gradient")
	// ErrCollision signifies that no two builds of a model gave the same graph: the
	// 32-bit hashes of different nodes collide under every salt that was tried, or
	// the model function does not do the same each time.
	ErrCollision = errors.New("graph: node identity collision")
	// ErrNotFinite signifies a NaN or an infinity where a number was wanted.
	ErrNotFinite = errors.New("graph: not finite")
	// ErrMemory signifies that a tensor, or what a program keeps, is beyond the memory that this
	// machine has left.
	ErrMemory = errors.New("graph: not enough memory")
	// ErrClosed signifies the use of a program after Close.
	ErrClosed = errors.New("graph: program is closed")
)
