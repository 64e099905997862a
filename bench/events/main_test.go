package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestRun: a small network is measured, and sizes that make no sense are errors.
func TestRun(t *testing.T) {
	var out bytes.Buffer
	if err := run(&out, 200, 10, 20e-3, false); err != nil || !strings.Contains(out.String(), "us per spike") {
		t.Errorf("%q, error %v", out.String(), err)
	}
	for _, c := range [][2]int{{0, 1}, {1, 0}, {1 << 30, 100}} {
		if err := run(&out, c[0], c[1], 1e-3, false); err == nil {
			t.Errorf("%v: no error", c)
		}
	}
}
