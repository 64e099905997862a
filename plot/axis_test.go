package plot

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The numbers on a linear axis are those of the places they stand at, to the digits shown, in
// order, and at least two.
func TestTicks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lo := rapid.Float64().Draw(t, "lo")
		hi := rapid.OneOf(rapid.Float64(), rapid.Float64Range(lo-1, lo+1)).Draw(t, "hi")
		if lo > hi {
			lo, hi = hi, lo
		}
		a := newAxis(lo, hi, false, 0.05, rapid.SampledFrom([]string{"", "A"}).Draw(t, "unit"))
		if !(a.min <= lo && hi <= a.max) {
			t.Fatalf("%v .. %v on an axis of %v .. %v", lo, hi, a.min, a.max)
		}
		n := rapid.IntRange(2, 11).Draw(t, "n")
		ts := a.ticks(n)
		if len(ts) < 2 || len(ts) > 2*n+3 {
			t.Fatalf("%d ticks for %d on %+v", len(ts), n, a)
		}
		step := ts[1].value - ts[0].value
		for i, k := range ts {
			v, err := strconv.ParseFloat(strings.Replace(k.label.text, "−", "-", 1), 64)
			if err != nil {
				t.Fatal(err)
			}
			// A number shown stands within 1e-3 of a step of its tick: steps are 1, 2 or 5 units of
			// the last digit or more.
			if math.Abs(v*math.Pow10(a.exponent)-k.value) > 1e-3*step {
				t.Fatalf("label %q (10^%d) at %v", k.label.text, a.exponent, k.value)
			}
			if p := a.at(k.value); p < -1e-9 || p > 1+1e-9 || i > 0 && k.value <= ts[i-1].value {
				t.Fatalf("tick %d at %v of %+v", i, k.value, a)
			}
		}
	})
}

func TestAxisLabels(t *testing.T) {
	labels := func(a axis, n int) string {
		var out []string
		for _, k := range a.ticks(n) {
			if k.label.text != "" {
				out = append(out, strings.TrimSpace(k.label.text+k.label.tail+" "+k.label.sup))
			}
		}
		return strings.Join(out, ", ")
	}
	for _, c := range []struct {
		lo, hi  float64
		log     bool
		integer bool
		unit    string
		n       int
		want    string
		name    string
	}{
		{0, 1, false, false, "", 6, "0.0, 0.2, 0.4, 0.6, 0.8, 1.0", "v"},
		{-1, 1, false, false, "", 2, "−1, 0, 1", "v"},
		{1, 5, false, true, "", 11, "1, 2, 3, 4, 5", "v"},
		{0, 2e6, false, false, "", 5, "0.0, 0.5, 1.0, 1.5, 2.0", "v (×10 6)"},
		{-0.07, -0.05, false, false, "V", 5, "−70, −65, −60, −55, −50", "v (mV)"},
		{0, 3e-12, false, false, "A", 4, "0, 1, 2, 3", "v (pA)"},
		{0, 3e-21, false, false, "A", 4, "0, 1, 2, 3", "v (×10 −21 A)"},
		{1e-13, 1e-5, true, false, "A", 9, "10 −13, 10 −12, 10 −11, 10 −10, 10 −9, 10 −8, 10 −7, 10 −6, 10 −5", "v (A)"},
		{1e-13, 1e-5, true, false, "A", 5, "10 −12, 10 −10, 10 −8, 10 −6", "v (A)"},
		{0.09, 1.1, true, false, "", 8, "0.1, 0.2, 0.5, 1", "v"},
		{3e-9, 3.9e-9, true, false, "", 4, "3·10 −9, 3.5·10 −9", "v"},
		{0.00390625, 0.00390625, true, false, "", 4, "0.0035, 0.004", "v"},
	} {
		a := newAxis(c.lo, c.hi, c.log, 0.01, c.unit)
		a.integer = c.integer
		if got := labels(a, c.n); got != c.want {
			t.Errorf("%v .. %v: labels %q, want %q", c.lo, c.hi, got, c.want)
		}
		l := a.name("v")
		if got := strings.TrimSpace(l.text + l.tail + " " + l.sup + l.end); got != c.name {
			t.Errorf("%v .. %v: name %q, want %q", c.lo, c.hi, got, c.name)
		}
	}
}
