package fit

import "fmt"

// Verdict says how well the targets determine a parameter; a larger one says more.
type Verdict uint8

// The verdicts.
const (
	Unidentified Verdict = iota // "no"
	SetOnly                     // "interval": all values of the interval do the same
	Identified                  // "yes"
)

var verdictNames = [...]string{Unidentified: "no", SetOnly: "interval", Identified: "yes"}

// String returns "no", "interval" or "yes".
func (v Verdict) String() string {
	if int(v) < len(verdictNames) {
		return verdictNames[v]
	}
	return fmt.Sprintf("Verdict(%d)", uint8(v))
}

// MarshalText writes what String returns.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (v *Verdict) UnmarshalText(text []byte) error {
	if v == nil {
		return fmt.Errorf("%w: no verdict to read into", ErrExperiment)
	}
	for i, name := range verdictNames {
		if name == string(text) {
			*v = Verdict(i)
			return nil
		}
	}
	return fmt.Errorf("%w: verdict %q, want yes, interval or no", ErrExperiment, text)
}
