package exit

import (
	"errors"
	"fmt"
	"testing"
)

func TestHint(t *testing.T) {
	kind := errors.New("of the parser")
	for _, c := range []struct{ text, want string }{
		{`--format must be one of "nir","npz","c","" but got "nri"`, `, did you mean "nir"?`},
		{`<set> must be one of "mnist","osuleaf" but got "mnst"`, `, did you mean "mnist"?`},
		{`<set> must be one of "mnist","osuleaf" but got "speech"`, ""},
		{`unknown flag --epoch, did you mean "--epochs"?`, ""},
	} {
		err := fmt.Errorf("%s%w", c.text, kind)
		if got := Hint(err); !errors.Is(got, kind) {
			t.Errorf("%s: the error underneath is gone: %v", c.text, got)
		}
		if got := Hint(errors.New(c.text)); got.Error() != c.text+c.want {
			t.Errorf("%v, want %s%s", got, c.text, c.want)
		}
	}
	if Hint(nil) != nil {
		t.Error("an error of nothing")
	}
}

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
