package exit

import (
	"errors"
	"slices"
	"testing"
)

// TestLines: what a damaged file has for names reaches no terminal as it is.
func TestLines(t *testing.T) {
	for text, want := range map[string][]string{
		"données.npz: \"τ\" of 1 µm\tleft": {"données.npz: \"τ\" of 1 µm\tleft"},
		"first\nsecond":                    {"first", "second"},
		"names t, p\x96Y\x8c":              {`names t, p\x96Y\x8c`},
		"a\x1b[2Jb\x00'\r":                 {`a\x1b[2Jb\x00'\r`},
		"\ufffd is a character":            {"\ufffd is a character"},
	} {
		if got := Lines(errors.New(text)); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
