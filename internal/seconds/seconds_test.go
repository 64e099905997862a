package seconds

import (
	"strings"
	"testing"
	"time"
)

// TestTime: numbers are seconds, times with units are those of Go; all else is an error that shows
// what it was, and what it may be.
func TestTime(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"10": 10 * time.Second, "0.25": 250 * time.Millisecond, "0": 0, "1e3": 1000 * time.Second,
		"10s": 10 * time.Second, "250ms": 250 * time.Millisecond, "1h30m": 90 * time.Minute,
	} {
		var got Time
		if err := got.UnmarshalText([]byte(text)); err != nil || time.Duration(got) != want || got.String() != want.String() {
			t.Errorf("%q: %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "-1", "-1s", "NaN", "Inf", "1e300", "ten", "10 s", "10x", "1h1"} {
		got := Time(time.Second)
		if err := got.UnmarshalText([]byte(text)); err == nil || got != Time(time.Second) || !strings.Contains(err.Error(), "in seconds, as 10") {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	if err := (*Time)(nil).UnmarshalText([]byte("1")); err == nil {
		t.Error("a time is read into nil")
	}
}

// FuzzTime: whatever is read is not negative, and prints as something that is read as the same.
func FuzzTime(f *testing.F) {
	for _, text := range []string{"10", "10s", "1h30m", "-1", "1e300", "NaN", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var once, again Time
		if once.UnmarshalText([]byte(text)) != nil {
			return
		}
		if err := again.UnmarshalText([]byte(once.String())); once < 0 || err != nil || once != again {
			t.Errorf("%q: %v, %v, %v", text, once, again, err)
		}
	})
}
