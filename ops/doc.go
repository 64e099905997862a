// Package ops holds the differentiable operations of spiking networks that
// Gorgonia lacks.
//
// # Overview
//
// Every function takes and returns plain Gorgonia nodes, so that it can be mixed
// freely with Gorgonia's own operations in any [gorgonia.org/gorgonia.ExprGraph].
// There are two kinds:
//
//   - elementwise operations ([Spike], [StepPWL], [Decay], [Affine], [Detach], ...), one node each,
//     which may be used inside a loop that is unrolled over time;
//   - kernels ([Apply]): operations with any number of inputs and outputs whose
//     forward pass and adjoint are written by hand over plain slices. Whole
//     sequences, losses, readouts and regularisers are kernels.
//
// A sequence is a tensor of shape [T, B, N]: time steps, batch rows, channels.
// All operations work in float32 and float64; the two never mix in one graph.
//
// # What Gorgonia does with memory, and what follows
//
// Gorgonia's tape machine writes the result of an elementwise operation into the memory of an
// operand as soon as no later node reads that operand. A kernel whose adjoint reads its inputs and
// outputs, and the gradients that arrive, therefore names them as operands of the adjoint's node;
// nothing here hands out a view of memory that somebody else still reads. What Gorgonia's own
// Reshape does is not in our hands: it returns the memory of its operand, and an operation behind
// it may write there, over the output of a kernel or over a parameter. Programs of package graph do
// not run on the tape machine and are safe from this.
//
// Gradients are those of [gorgonia.org/gorgonia.Grad]; a LispMachine that asks for one
// gets an error.
package ops
