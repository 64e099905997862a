package main

import "testing"

// TestRun trains for a short time. A guess has 50 %, and 800 trials an error of 2 % at most: codes
// may cost three of them.
func TestRun(t *testing.T) {
	r, err := run(60)
	if err != nil {
		t.Fatal(err)
	}
	if r.trained < 0.8 || r.codes < r.trained-0.06 {
		t.Errorf("accuracy %.3f, with codes %.3f, want at least 0.8, and no loss", r.trained, r.codes)
	}
	if r.mismatched < 0.56 || r.mismatched > r.codes {
		t.Errorf("accuracy %.3f on chips with mismatch, want more than chance and less than without, %.3f", r.mismatched, r.codes)
	}
}
