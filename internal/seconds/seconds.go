// Package seconds reads the times that flags of the program give.
package seconds

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Time is a time of a flag: a number of seconds, as 10 or 0.5, or with its units, as 10s, 500ms or
// 1h30m.
type Time time.Duration

// most is the longest time, s: what a time.Duration can hold.
const most = float64(math.MaxInt64 / int64(time.Second))

// UnmarshalText reads a time.
func (t *Time) UnmarshalText(text []byte) error {
	wrong := fmt.Errorf("expected a time that is not negative, in seconds, as 10, or with its units, as 10s or 1h30m, found %q", text)
	if t == nil {
		return fmt.Errorf("seconds: nothing to read %q into", text)
	}
	d, err := time.ParseDuration(string(text))
	if v, bare := strconv.ParseFloat(string(text), 64); bare == nil {
		if !(v >= 0) || v > most {
			return wrong
		}
		d, err = time.Duration(v*float64(time.Second)), nil
	}
	if err != nil || d < 0 {
		return wrong
	}
	*t = Time(d)
	return nil
}

// String is that of a time.Duration.
func (t Time) String() string { return time.Duration(t).String() }
