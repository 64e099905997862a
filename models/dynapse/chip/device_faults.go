package chip

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// faults collects what is wrong with a configuration.
type faults struct {
	list []error
}

// mostFaults is how many an error names.
const mostFaults = 20

// bad notes a contradiction.
func (f *faults) bad(format string, args ...any) {
	f.list = append(f.list, fmt.Errorf("%w: "+format, append([]any{ErrDevice}, args...)...))
}

// exceeds notes something that is larger than the chip.
func (f *faults) exceeds(format string, args ...any) {
	f.list = append(f.list, fmt.Errorf("%w: "+format, append([]any{ErrFit}, args...)...))
}

// limit notes a number of things above the most that the chip has.
func (f *faults) limit(where, things string, have, most int) {
	if have > most {
		f.exceeds("%s: %d %s, the chip has %d", where, have, things, most)
	}
}

// err joins what was noted, one fault a line.
func (f *faults) err() error {
	if n := len(f.list) - mostFaults; n > 0 {
		f.list = append(f.list[:mostFaults:mostFaults], fmt.Errorf("and %d more", n))
	}
	return errors.Join(f.list...)
}

// unique are numbers that may occur once.
type unique map[int]bool

// add notes a number below 0, at or above limit (where that is not 0), or seen before.
func (u unique) add(f *faults, where, what string, i, limit int) {
	switch {
	case i < 0:
		f.bad("%s: %s %d", where, what, i)
	case limit > 0 && i >= limit:
		f.exceeds("%s: %s %d, want 0 to %d", where, what, i, limit-1)
	case u[i]:
		f.bad("%s: %s %d occurs twice", where, what, i)
	}
	u[i] = true
}

func sortedKeys[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }
