package main

import "testing"

// TestRun trains for a short time. The mean of the targets alone has the mean absolute error 0.13.
func TestRun(t *testing.T) {
	bySteps, byEvents, err := run(8)
	if err != nil {
		t.Fatal(err)
	}
	if bySteps > 0.115 || byEvents > 0.09 {
		t.Errorf("mean absolute errors %.3f and %.3f after 8 epochs, want at most 0.115 and 0.09", bySteps, byEvents)
	}
}
