// Package exit says how a command of surge ends: the kinds of errors that decide the exit status.
//
//	0    the command did what it was asked to
//	1    it ran, and the answer is negative (a comparison is over its tolerance, no fit was
//	     found): [Negative]
//	2    it could not do it: bad input, a file that cannot be read or written: [BadInput] and
//	     every other error
//	3    a disk is full, read-only or broken: [ErrDisk]
//	130  it was interrupted, and its state is saved where it has one: [ErrInterrupted],
//	     context.Canceled
//
// A command returns an error; the program prints it, one line for each error that was joined with
// errors.Join, and ends with the status that [Code] gives.
package exit
