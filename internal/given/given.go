// Package given makes an error of what is nil where a value is needed, or a value in its place.
package given

import (
	"errors"
	"fmt"
	"log/slog"
	"reflect"
)

// ErrNil signifies an argument, a field or a receiver that is nil.
var ErrNil = errors.New("missing")

// Need returns an error ([ErrNil]) that names the first of the values that is nil, a nil pointer in
// an interface too. A word or words stand before each value:
//
//	given.Need("ctx", ctx, "a Simulation of New", s)
func Need(wordsAndValues ...any) error {
	for i := 0; i+1 < len(wordsAndValues); i += 2 {
		if absent(wordsAndValues[i+1]) {
			return fmt.Errorf("%w: %v", ErrNil, wordsAndValues[i])
		}
	}
	return nil
}

func absent(value any) bool {
	v := reflect.ValueOf(value)
	switch v.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Pointer, reflect.Func, reflect.Map, reflect.Chan, reflect.Slice:
		return v.IsNil()
	}
	return false
}

// Logger returns l, or one that discards what it gets where l is nil or the zero Logger, which has
// no handler.
func Logger(l *slog.Logger) *slog.Logger {
	if l == nil || l.Handler() == nil {
		return slog.New(slog.DiscardHandler)
	}
	return l
}
