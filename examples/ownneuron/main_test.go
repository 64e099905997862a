package main

import "testing"

// TestRun trains for a short time. The bar is what a linear classifier reaches on this data
// set, 64 % (Kriener et al. 2022, doi:10.1145/3517343.3517380); a guess has 35 %.
func TestRun(t *testing.T) {
	if testing.Short() {
		t.Skip("some 10 s")
	}
	accuracy, err := run(1)
	if err != nil {
		t.Fatal(err)
	}
	if accuracy < 0.64 {
		t.Errorf("test accuracy %.3f after an epoch, want at least 0.64", accuracy)
	}
}
