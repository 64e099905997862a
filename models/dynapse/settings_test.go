package dynapse

import "testing"

// TestNames: every name reads back, and no two are the same.
func TestParseNames(t *testing.T) {
	seen := map[string]bool{}
	for p := range Param(NumParams) {
		if q, err := ParseParam(p.String()); err != nil || q != p || seen[p.String()] {
			t.Errorf("%v reads back as %v, %v", p, q, err)
		}
		seen[p.String()] = true
	}
	for _, r := range []Rule{Surge, SurgeS, SurgeT, Rockpool, SurgeMixed} {
		if q, err := ParseRule(r.String()); err != nil || q != r {
			t.Errorf("%v reads back as %v, %v", r, q, err)
		}
	}
	if _, err := ParseRule("Rule(7)"); err == nil {
		t.Error("no error")
	}
	if _, err := ParseParam("Param(99)"); err == nil {
		t.Error("no error")
	}
}
