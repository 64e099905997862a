package main

import "testing"

// A growth of 1 % and what is allowed beside it passes, more does not.
func TestJudge(t *testing.T) {
	flat := func(last sample) []sample {
		s := make([]sample, 50)
		for i := range s {
			s[i] = sample{100, 200, 5}
		}
		s[0] = sample{300, 400, 9} // of the warm-up
		s[49] = last
		return s
	}
	if err := judge(flat(sample{101.03, 202.2, 5})); err != nil {
		t.Error(err)
	}
	for _, s := range []sample{{101.05, 200, 5}, {100, 202.3, 5}, {100, 200, 6}} {
		if judge(flat(s)) == nil {
			t.Errorf("%+v is not found", s)
		}
	}
}
