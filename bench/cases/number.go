package cases

import (
	"math"
	"strconv"
)

// infinity is the finite number that stands for +Inf in a case file.
const infinity = 1e300

// parseNumber reads one JSON number; ok is false for everything else and for what is no float64.
func parseNumber(text []byte) (x float64, ok bool) {
	if len(text) == 0 || (text[0] != '-' && (text[0] < '0' || text[0] > '9')) {
		return 0, false
	}
	x, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return 0, false
	}
	switch x {
	case infinity:
		x = math.Inf(1)
	case -infinity:
		x = math.Inf(-1)
	}
	return x, true
}

// appendNumber appends the shortest JSON number that reads back as x; ok is false where there is
// none: NaN, and the two finite numbers that stand for the infinities. A zero keeps its sign also
// in readers that take "-0" for an integer.
func appendNumber(b []byte, x float64) (_ []byte, ok bool) {
	switch {
	case math.IsNaN(x), x == infinity, x == -infinity:
		return b, false
	case math.IsInf(x, 1):
		return append(b, "1e300"...), true
	case math.IsInf(x, -1):
		return append(b, "-1e300"...), true
	case x == 0 && math.Signbit(x):
		return append(b, "-0.0"...), true
	}
	return strconv.AppendFloat(b, x, 'g', -1, 64), true
}

// unwritable is x for the message that the format has no number for it.
func unwritable(x float64) string {
	text := strconv.FormatFloat(x, 'g', -1, 64)
	if !math.IsNaN(x) {
		text += ", which stands for an infinity"
	}
	return text
}

// foundNumber is x as the file has it.
func foundNumber(x float64) string {
	b, ok := appendNumber(nil, x)
	if !ok {
		return unwritable(x)
	}
	return string(b)
}

// Check is a condition on a number, with the words for it that an error uses. The zero value admits
// every number.
type Check struct {
	Expected string // "a finite number > 0"
	Holds    func(x float64) bool
}

// The checks that models use most. Infinite numbers are those that the file writes as 1e300 and
// -1e300.
var (
	Any         = Check{}
	Finite      = Check{"a finite number", func(x float64) bool { return !math.IsInf(x, 0) }}
	Positive    = Check{"a finite number > 0", func(x float64) bool { return x > 0 && !math.IsInf(x, 1) }}
	NonNegative = Check{"a finite number >= 0", func(x float64) bool { return x >= 0 && !math.IsInf(x, 1) }}

	// Count is for numbers of neurons, steps, slots. Its bound keeps a number in a small file from
	// claiming much memory; a product of two counts still can, where no data have the shape of it.
	Count = Check{"a count of at most 16777216", func(x float64) bool { return x >= 0 && x <= 1<<24 }}
)

func (c Check) ok(x float64) bool { return c.Holds == nil || c.Holds(x) }

func (c Check) expected() string {
	if c.Expected == "" {
		return "a number"
	}
	return c.Expected
}
