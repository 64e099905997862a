package traincmd

import "testing"

// FuzzInterval reads any text: a positive number of batches or time, or an error.
func FuzzInterval(f *testing.F) {
	for _, text := range []string{"500", "30s", "-1", "9223372036854775808", "1e9h"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var i interval
		if err := i.UnmarshalText([]byte(text)); err == nil && i.batches <= 0 && i.time <= 0 {
			t.Fatalf("%q is %+v", text, i)
		}
	})
}
