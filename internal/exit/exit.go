package exit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
)

// The exit statuses.
const (
	ok          = 0
	negative    = 1
	badInput    = 2
	disk        = 3
	interrupted = 130 // 128 + SIGINT, as shells count
)

// ErrDisk signifies that a disk is full, read-only or broken: nothing is wrong with what was asked
// for, and the same works once there is space. The errors of the operating system that say so
// (ENOSPC, EDQUOT, EROFS, EIO) need not be wrapped in it.
var ErrDisk = errors.New("the disk is full, read-only or broken")

// onDisk tells whether err is one of a disk.
func onDisk(err error) bool {
	for _, of := range []error{ErrDisk, syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EIO} {
		if errors.Is(err, of) {
			return true
		}
	}
	return false
}

// Passing returns why a process that ended with a status may do better the next time, with all that
// it was given as it is: [ErrDisk], [ErrInterrupted], or nil where it may not.
func Passing(status int) error {
	switch status {
	case disk:
		return ErrDisk
	case interrupted:
		return ErrInterrupted
	}
	return nil
}

// ErrInterrupted signifies that the user stopped the command, which left everything in a state to
// continue from.
var ErrInterrupted = errors.New("interrupted")

// BadInput is an error in what the user gave: where it is, what was expected there, and what was
// found. Fields that do not apply are empty.
type BadInput struct {
	File     string // the file as the user named it, or the name of a flag
	Member   string // the place in it: "inputs.imem.data[3]", "line 7"
	Expected string // "a finite number > 0"
	Found    string // "-1"
	Nearest  string // the right name that the one found may stand for: "method"
	Err      error  // the error underneath, where there is one: that of the operating system
}

// Error returns one line:
//
//	file: member: expected ..., found ..., did you mean ...?
//
// Control characters, which may come in from names and contents of files, are escaped.
func (e *BadInput) Error() string {
	var parts []string
	for _, s := range []string{e.File, e.Member} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	var facts []string
	if e.Expected != "" {
		facts = append(facts, "expected "+e.Expected)
	}
	if e.Found != "" {
		facts = append(facts, "found "+e.Found)
	}
	if e.Nearest != "" {
		facts = append(facts, "did you mean "+e.Nearest+"?")
	}
	if len(facts) > 0 {
		parts = append(parts, strings.Join(facts, ", "))
	}
	if e.Err != nil {
		err := e.Err
		if p, ok := err.(*fs.PathError); ok && p.Path == e.File { // the file is named once
			err = p.Err
		}
		parts = append(parts, strings.TrimPrefix(err.Error(), e.File+": "))
	}
	return oneLine(strings.Join(parts, ": "))
}

// Unwrap returns the error underneath, or nil.
func (e *BadInput) Unwrap() error { return e.Err }

// Negative is a command's negative answer: it ran to its end, and what it was to find out is not
// so.
type Negative struct {
	Reason string // one line
}

// Error returns the reason.
func (e *Negative) Error() string { return oneLine(e.Reason) }

// Code returns the exit status that err stands for, see the package documentation. Of several
// errors (errors.Join, or fmt.Errorf with several %w) it is the largest status among them.
func Code(err error) int {
	switch e := err.(type) {
	case nil:
		return ok
	case *BadInput:
		if onDisk(e) {
			return disk
		}
		return badInput
	case *Negative:
		return negative
	case interface{ Unwrap() []error }:
		worst := ok
		for _, member := range e.Unwrap() {
			worst = max(worst, Code(member))
		}
		return worst
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			return Code(inner)
		}
	}
	if errors.Is(err, ErrInterrupted) || errors.Is(err, context.Canceled) {
		return interrupted
	}
	if onDisk(err) {
		return disk
	}
	return badInput
}

// oneLine escapes the control characters of s.
func oneLine(s string) string {
	control := func(r rune) bool { return r < ' ' || r == 0x7f }
	if !strings.ContainsFunc(s, control) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if !control(r) {
			b.WriteRune(r)
			continue
		}
		quoted := fmt.Sprintf("%q", r) // '\n'
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	return b.String()
}
