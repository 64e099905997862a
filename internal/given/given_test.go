package given_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/surge-snn/surge/internal/given"
)

// TestNeed: the first that is nil is named, also where a nil pointer is inside an interface.
func TestNeed(t *testing.T) {
	var w io.Writer = (*strings.Builder)(nil)
	var none io.Writer
	for want, err := range map[string]error{
		"":              given.Need("ctx", t.Context(), "x", 0, "f", func() {}),
		"missing: ctx":  given.Need("x", 1, "ctx", context.Context(nil), "w", none),
		"missing: w":    given.Need("w", w),
		"missing: none": given.Need("none", none),
		"missing: f":    given.Need("f", (func())(nil)),
	} {
		switch {
		case want == "" && err != nil, want != "" && (err == nil || err.Error() != want || !errors.Is(err, given.ErrNil)):
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestLogger: what cannot log is replaced by what discards, and what can stays.
func TestLogger(t *testing.T) {
	for _, l := range []*slog.Logger{nil, {}} {
		given.Logger(l).Error("x") // does not panic
	}
	if l := slog.Default(); given.Logger(l) != l {
		t.Error("another logger")
	}
}
