package exit

import "testing"

func TestNearest(t *testing.T) {
	known := []string{"fit.method", "fit.starts", "fit.dac", "Itau_mem", "Itau_syn", "rate"}
	for found, want := range map[string]string{
		"fit.metod":  "fit.method",
		"fit.Method": "fit.method",
		"fit.strats": "fit.starts", // a swap is one change
		"itau_mem":   "Itau_mem",
		"Itau_men":   "Itau_mem", // 1, and 3 to Itau_syn
		"rat":        "rate",
		"":           "",
		"colour":     "",
		"Itau_xxx":   "",
	} {
		if got := Nearest(found, known); got != want {
			t.Errorf("%q: %q, want %q", found, got, want)
		}
	}
	// Distances by hand.
	for _, d := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "ab", 2}, {"ab", "ba", 1}, {"kitten", "sitting", 3}, {"abc", "abc", 0}, {"ca", "abc", 3}} {
		if got := distance(d.a, d.b); got != d.want {
			t.Errorf("%s to %s: %d, want %d", d.a, d.b, got, d.want)
		}
	}
}
