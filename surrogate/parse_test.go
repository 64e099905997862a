package surrogate

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]Surrogate{
		"fast_sigmoid":         FastSigmoid{},
		"fast_sigmoid(25)":     FastSigmoid{Sharpness: 25},
		" fast_sigmoid ( 5 ) ": FastSigmoid{Sharpness: 5},
		"atan(0.1)":            ATan{Sharpness: 0.1},
		"sigmoid(1e9)":         Sigmoid{Sharpness: 1e9},
		"gaussian":             Gaussian{},
		"triangle(3)":          Triangle{Sharpness: 3},
		"boxcar(0x1p-4)":       Boxcar{Sharpness: 0.0625},
		"step_pwl(2)":          StepPWL{Sharpness: 2},
	} {
		got, err := Parse(text)
		if err != nil || got != want {
			t.Errorf("Parse(%q) = %#v, %v, want %#v", text, got, err, want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for text, part := range map[string]string{
		"":                     "want one of fast_sigmoid, atan",
		"fastsigmoid":          `unknown name "fastsigmoid"`,
		"FAST_SIGMOID":         "unknown name",
		"fast_sigmoid(25":      "no closing parenthesis",
		"fast_sigmoid(25) x":   "no closing parenthesis",
		"fast_sigmoid()":       "sharpness",
		"nest/atan":            "want one of jaxsnn/superspike",
		"fast_sigmoid(1,2)":    "found 2 numbers, want 1",
		"fast_sigmoid(twenty)": "sharpness",
		"fast_sigmoid(0)":      "sharpness is zero",
		"fast_sigmoid(-1)":     "fast_sigmoid(-1)",
		"fast_sigmoid(NaN)":    "fast_sigmoid(NaN)",
		"fast_sigmoid(+Inf)":   "fast_sigmoid(+Inf)",
		"fast_sigmoid(1e999)":  "out of range",
		"fast_sigmoid(1e19)":   "[1e-18, 1e+18]",
		"fast_sigmoid((25))":   "sharpness",
	} {
		s, err := Parse(text)
		if !errors.Is(err, ErrParse) || !strings.Contains(err.Error(), part) || s != nil {
			t.Errorf("Parse(%q) = %v, %v, want an error with %q", text, s, err, part)
		}
	}
	if _, err := Parse("atan(-1)"); !errors.Is(err, ErrInvalid) {
		t.Errorf("out of range: %v", err)
	}
}

func TestStringReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, _ := drawn(t)
		if got, err := Parse(s.String()); err != nil || got != s {
			t.Fatalf("Parse(%q) = %#v, %v", s, got, err)
		}
	})
	seen := map[string]bool{}
	for _, row := range catalogue {
		zero := row.New()
		got, err := Parse(zero.String())
		if err != nil || got.String() != zero.String() || got.Slope(0.01) != zero.Slope(0.01) {
			t.Errorf("Parse(%q) = %v, %v", zero, got, err)
		}
		if !strings.HasPrefix(zero.String(), row.Name+"(") || seen[row.Name] {
			t.Errorf("row %s: String is %q, or the name is there twice", row.Name, zero)
		}
		seen[row.Name] = true
	}
}

func FuzzParse(f *testing.F) {
	for _, row := range catalogue {
		f.Add(row.Name)
		f.Add(row.New(0.1).String())
	}
	for _, text := range []string{"", "(", "atan(", "atan()", "atan(0)", "atan(1,2)", " atan( 0x1p-1074 ) ", "atan(nan)", "atan(1e19)"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text)
		if err != nil {
			if !errors.Is(err, ErrParse) || s != nil {
				t.Fatalf("Parse(%q) = %v, %v", text, s, err)
			}
			return
		}
		again, err := Parse(s.String())
		if err != nil || again.String() != s.String() || again.Peak() != s.Peak() || Check(s) != nil {
			t.Fatalf("Parse(%q) = %v, which reads back as %v, %v", text, s, again, err)
		}
	})
}
