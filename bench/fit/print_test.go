package fit

import "testing"

// TestVerdict: a benchmark that missed its target, and none that ended, are negative answers.
func TestVerdict(t *testing.T) {
	met, missed := Summary{Met: true}, Summary{}
	for _, test := range []struct {
		summaries []Summary
		positive  bool
	}{{nil, false}, {[]Summary{met}, true}, {[]Summary{met, missed}, false}} {
		if err := Verdict(test.summaries); (err == nil) != test.positive {
			t.Errorf("%v: %v", test.summaries, err)
		}
	}
}
