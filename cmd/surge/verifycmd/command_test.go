package verifycmd

import "testing"

// FuzzSegment reads any text: epochs in their order, or an error.
func FuzzSegment(f *testing.F) {
	for _, text := range []string{"2:5", "5:2", ":", "-1:3", "1:9223372036854775808"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var s segment
		if err := s.UnmarshalText([]byte(text)); err == nil && (s.from < 0 || s.to < s.from || !s.given) {
			t.Fatalf("%q is %+v", text, s)
		}
	})
}
