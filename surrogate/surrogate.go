package surrogate

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ErrInvalid signifies a surrogate that cannot be used: a parameter out of
// range, or methods that contradict each other.
var ErrInvalid = errors.New("surrogate: invalid surrogate")

// Surrogate is a smooth stand-in for the derivative of the Heaviside step H(x),
//
//	x = v - VTh
//
// Values are immutable and safe for concurrent use.
type Surrogate interface {
	// Slope returns dS/dx at x, which is negative nowhere but in [MultiGaussian]'s tails and in
	// some rules of other libraries ([Compat]). Its unit is that of S over that of x.
	Slope(x float64) float64

	// Antiderivative returns
	//
	//	S(x) = integral of Slope from -Inf to x
	//
	// the forward function of the smoothed twin, with S(-Inf) = 0. Where that integral has no
	// limit, as for a slope that never ends, it counts from S(0) = 0. Its derivative is Slope
	// wherever Slope is continuous.
	Antiderivative(x float64) float64

	// Peak returns the largest magnitude of the slope.
	Peak() float64

	// Area returns the integral of Slope over the line, S(+Inf), which may
	// be +Inf. An area of 1 is that of the step's own derivative.
	Area() float64

	// String returns the type and all parameters. It is different for
	// different functions (it takes part in the identity of graph
	// operations), and Parse reads it back exactly for the package's types.
	String() string
}

// Support returns the interval outside of which the slope of s is 0: from -Inf to +Inf unless s has
// a method Support that says otherwise. The slope may be 0 somewhere inside.
func Support(s Surrogate) (lo, hi float64) {
	if s, ok := s.(interface{ Support() (lo, hi float64) }); ok {
		return s.Support()
	}
	return math.Inf(-1), math.Inf(1)
}

// Check returns an error that wraps ErrInvalid unless
//
//	0 < Peak < +Inf,  0 < Area <= +Inf,  0 <= Slope(0) <= Peak
//
// and String is not empty. It finds parameters that are out of range in the
// package's own types and slips in a user's, and costs a handful of calls. That
// Slope is the derivative of Antiderivative is what [Deviation] looks at.
func Check(s Surrogate) error {
	if s == nil {
		return fmt.Errorf("%w: nil", ErrInvalid)
	}
	name := s.String()
	if name == "" {
		return fmt.Errorf("%w: %T: String is empty, want the type and all parameters", ErrInvalid, s)
	}
	if err := inRange(s); err != nil {
		return err
	}
	peak, area, slope := s.Peak(), s.Area(), s.Slope(0)
	if _, ok := s.(*peer); ok { // a rule of another library, faults and all
		slope, area = math.Abs(slope), max(area, minSharpness)
	}
	if !(area > 0) {
		return fmt.Errorf("%w: %s: area is %v, want > 0", ErrInvalid, name, area)
	}
	if !(peak > 0) || math.IsInf(peak, 1) {
		return fmt.Errorf("%w: %s: peak is %v, want finite and > 0", ErrInvalid, name, peak)
	}
	if !(slope >= 0 && slope <= peak*(1+64*0x1p-53)) { // sums of up to 64 terms
		return fmt.Errorf("%w: %s: slope at 0 is %v, want in [0, %v] (the peak)", ErrInvalid, name, slope, peak)
	}
	return nil
}

// inRange returns an error where the surrogate is no function, as with parameters out of range.
func inRange(s Surrogate) error {
	if area := s.Area(); math.IsNaN(area) {
		return fmt.Errorf("%w: %s: area is %v, want > 0; is a parameter out of range (sharpness in [%g, %g])?",
			ErrInvalid, s, area, minSharpness, maxSharpness)
	}
	return nil
}

// The square of any sharpness within these bounds is a normal float32.
const (
	minSharpness = 1e-18
	maxSharpness = 1e18
)

// sharpness returns the effective sharpness of a field: byDefault for zero, and
// NaN outside of the bounds, which then spreads to every result.
func sharpness(field, byDefault float64) float64 {
	if field == 0 {
		return byDefault
	}
	if !(field >= minSharpness && field <= maxSharpness) {
		return math.NaN()
	}
	return field
}

// within returns a further parameter: byDefault for zero, and NaN outside of its bounds.
func within(field, byDefault, low, high float64) float64 {
	if field == 0 {
		return byDefault
	}
	if !(field >= low && field <= high) {
		return math.NaN()
	}
	return field
}

// formatAll returns name(a,b,...), or name without values.
func formatAll(name string, values ...float64) string {
	if len(values) == 0 {
		return name
	}
	text := make([]string, len(values))
	for i, v := range values {
		text[i] = strconv.FormatFloat(v, 'g', -1, 64)
	}
	return name + "(" + strings.Join(text, ",") + ")"
}

// format returns name(value), with the default in place of zero and with as many
// digits as the value needs to be read back exactly.
func format(name string, field, byDefault float64) string {
	if field == 0 {
		field = byDefault
	}
	return name + "(" + strconv.FormatFloat(field, 'g', -1, 64) + ")"
}
