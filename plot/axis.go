package plot

import (
	"math"
	"strconv"
	"strings"
)

const quarterTurn = math.Pi / 2

// axis maps values between min and max to 0..1, linearly or by the logarithm.
type axis struct {
	min, max float64
	log      bool
	integer  bool // only whole numbers are labelled
	unit     string
	names    []string // of the whole numbers from 0 on, in place of numbers
	exponent int      // a label shows value / 10^exponent; a multiple of three, 0 on a logarithmic axis
}

// tick is a mark on an axis; one without text is a minor one.
type tick struct {
	value float64
	label label
}

// newAxis spans lo..hi and leaves room on both sides, a share of the length of the axis. With a
// unit, or where the numbers would be long, labels show multiples of a power of 1000.
func newAxis(lo, hi float64, log bool, room float64, unit string) axis {
	a := axis{min: lo, max: hi, log: log, unit: unit}
	if log {
		l, h := math.Log10(lo), math.Log10(hi)
		if h-l < 0.1 {
			l, h = l-0.05, h+0.05
		}
		r := room * (h - l)
		// The range stays within the positive float64: 10^-320 would lose its digits, 10^309 is
		// infinite.
		a.min, a.max = math.Pow(10, math.Max(l-r, -307)), math.Pow(10, math.Min(h+r, 308))
		return a
	}
	big := math.Max(math.Abs(lo), math.Abs(hi))
	switch {
	case big < tiny:
		big = tiny
		a.min, a.max = -tiny, tiny
		if lo == 0 && hi == 0 {
			big, a.min, a.max = 1, -1, 1
		}
	case hi-lo <= 1e-9*big: // a constant line; numbers of a smaller range would not fit beside the axis
		a.min, a.max = lo-big/10, hi+big/10
	default:
		r := room*hi - room*lo
		a.min, a.max = lo-r, hi+r
	}
	a.min, a.max = math.Max(a.min, -math.MaxFloat64), math.Min(a.max, math.MaxFloat64)
	if unit != "" || big >= 1e5 || big < 1e-3 {
		a.exponent = 3 * int(math.Floor((math.Log10(big)+1e-12)/3))
	}
	return a
}

// timeAxis spans 0..end (s). It is in milliseconds, or where it is shorter than one or longer than
// 100 s in the unit that suits it.
func timeAxis(end float64) axis {
	a := newAxis(0, end, false, 0.01, "s")
	if end >= 1e-3 && end < 100 {
		a.exponent = -3
	}
	return a
}

// tiny is a number below which all are the same place on an axis, so that a step of it is not a
// subnormal number.
const tiny = 1e-290

// at returns the place of v on the axis, 0 at min and 1 at max.
func (a axis) at(v float64) float64 {
	if a.log {
		return (math.Log(v) - math.Log(a.min)) / (math.Log(a.max) - math.Log(a.min))
	}
	return (v/2 - a.min/2) / (a.max/2 - a.min/2) // halves: the range of extreme values does not overflow
}

// prefixes are the SI prefixes of 10^-18 .. 10^12.
var prefixes = []string{"a", "f", "p", "n", "µ", "m", "", "k", "M", "G", "T"}

// name returns the axis label: text (empty: "value") with the unit or the power of ten (or both) in
// which the numbers are shown.
func (a axis) name(text string) label {
	if text == "" {
		text = "value"
	}
	i := a.exponent/3 + 6
	switch {
	case a.unit != "" && i >= 0 && i < len(prefixes):
		return label{text: text, tail: " (" + prefixes[i] + a.unit + ")"}
	case a.exponent != 0:
		unit := ")"
		if a.unit != "" {
			unit = " " + a.unit + ")"
		}
		return label{text: text, tail: " (×10", sup: minus(strconv.Itoa(a.exponent)), end: unit}
	}
	return label{text: text}
}

// ticks returns marks with about n labels (n >= 2), never fewer than two where two numbers of few
// digits are in the range, and on a logarithmic axis minor marks between them.
func (a axis) ticks(n int) []tick {
	if a.names != nil {
		ts := make([]tick, len(a.names))
		for i, name := range a.names {
			ts[i] = tick{value: float64(i), label: label{text: shorten(tickFont, printable(name), 80)}}
		}
		return ts
	}
	if a.log {
		return a.logTicks(n)
	}
	unit := math.Pow10(a.exponent)
	values, decimals := multiples(a.min/unit, a.max/unit, n, a.integer)
	ts := make([]tick, len(values))
	for i, v := range values {
		ts[i] = tick{value: v * unit, label: label{text: number(v, decimals)}}
	}
	return ts
}

// multiples returns the multiples of a step of 1, 2 or 5 · 10^k within lo..hi, about n of them, and
// the decimals they need. Where the step for n of them leaves a single one, half of the axis or
// more would have no number: then there are more.
func multiples(lo, hi float64, n int, integer bool) (values []float64, decimals int) {
	step, decimals := niceStep((hi-lo)/float64(n), integer)
	for k := n + 1; k <= 4*n && math.Floor(hi/step)-math.Ceil(lo/step) < 1; k++ {
		step, decimals = niceStep((hi-lo)/float64(k), integer)
	}
	for i := math.Ceil(lo / step); i*step <= hi; i++ {
		values = append(values, i*step)
	}
	return values, decimals
}

// niceStep returns the smallest of 1, 2, 5 · 10^k that is at least as large as raw, and the
// decimals that its multiples need.
func niceStep(raw float64, integer bool) (step float64, decimals int) {
	if integer {
		raw = math.Max(raw, 1)
	}
	k := int(math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 5, 10} {
		if step = m * math.Pow10(k); step >= raw*(1-1e-12) {
			if m == 10 {
				k++
			}
			break
		}
	}
	return step, max(0, -k)
}

// logTicks labels decades, or where there are fewer than two of them the multiples 1, 2, 5, or else
// what a linear axis labels.
func (a axis) logTicks(n int) []tick {
	lo, hi := int(math.Ceil(math.Log10(a.min)-1e-9)), int(math.Floor(math.Log10(a.max)+1e-9))
	every := 1
	for (hi-lo)/every+1 > n {
		every++
	}
	labelled := func(m float64, k int) bool { return m == 1 && (k%every+every)%every == 0 }
	if hi-lo < 2 && n >= 5 {
		labelled = func(m float64, _ int) bool { return m == 1 || m == 2 || m == 5 }
	}
	var ts []tick
	var values []float64
	for k := lo - 1; k <= hi; k++ {
		for m := 1.0; m < 10; m++ {
			v := m * math.Pow10(k)
			switch {
			case v < a.min || v > a.max:
			case labelled(m, k):
				values = append(values, v)
			case hi-lo <= 8 || m == 1:
				ts = append(ts, tick{value: v})
			}
		}
	}
	if len(values) < 2 {
		ts = nil
		values, _ = multiples(a.min, a.max, n, false)
	}
	if len(values) == 0 {
		return nil
	}
	plain := values[0] >= 1e-3 && values[len(values)-1] < 1e5
	for _, v := range values {
		ts = append(ts, tick{value: v, label: logLabel(v, plain)})
	}
	return ts
}

// logLabel writes v as a plain number, or as m·10^k.
func logLabel(v float64, plain bool) label {
	if plain {
		return label{text: strconv.FormatFloat(v, 'g', 10, 64)} // ten digits: v is a multiple, with rounding
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'e', 2, 64), "e")
	k, err := strconv.Atoi(exponent)
	if err != nil {
		return label{text: strconv.FormatFloat(v, 'g', 3, 64)}
	}
	mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
	l := label{text: mantissa + "·10", sup: minus(strconv.Itoa(k))}
	if mantissa == "1" {
		l.text = "10"
	}
	return l
}

// number formats v with a fixed number of decimals and a true minus sign; -0 is 0.
func number(v float64, decimals int) string {
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Trim(s, "-0.") == "" {
		s = strings.TrimPrefix(s, "-")
	}
	return minus(s)
}

func minus(s string) string { return strings.Replace(s, "-", "−", 1) }
