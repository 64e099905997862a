package surrogate

import (
	"errors"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// altered is a surrogate with another slope.
type altered struct {
	Surrogate
	slope func(x float64) float64
}

func (a altered) Slope(x float64) float64 { return a.slope(x) }

// TestDeviation: of a surrogate with another slope the deviation is what was done to it; those of
// the package have none, for any sharpness of which the grid sees the slope.
func TestDeviation(t *testing.T) {
	s := Sigmoid{Sharpness: 2}
	for name, test := range map[string]struct {
		slope func(x float64) float64
		want  float64 // of the scale
	}{
		"factor":   {func(x float64) float64 { return 3 * s.Slope(x) }, 2. / 3},
		"sign":     {func(x float64) float64 { return -s.Slope(x) }, 2},
		"clipped":  {func(x float64) float64 { return min(s.Slope(x), 0.75*s.Peak()) }, 0.25},
		"constant": {func(x float64) float64 { return s.Slope(x) + 0.01*s.Peak() }, 0.01 / 1.01},
	} {
		off, at := Deviation(altered{s, test.slope})
		if math.Abs(off-test.want) > 1e-4*test.want { // the peak is between two points
			t.Errorf("%s: %v at %v, want %v", name, off, at, test.want)
		}
		if Wrong(altered{s, test.slope}) == "" {
			t.Errorf("%s: nothing is wrong", name)
		}
	}
	if off, _ := Deviation(altered{s, func(float64) float64 { return math.NaN() }}); off != 1 {
		t.Errorf("of no number: %v", off)
	}
	rapid.Check(t, func(t *rapid.T) {
		row := rapid.SampledFrom(catalogue).Draw(t, "row")
		s := row.New(math.Pow(10, rapid.Float64Range(-1, 3).Draw(t, "ln k")))
		if row.Name == "leaky_straight_through" {
			s = row.New()
		}
		if off, at := Deviation(s); off > DeviationLimit {
			t.Fatalf("%s: %v at %v", s, off, at)
		}
		if wrong := Wrong(s); wrong != "" {
			t.Fatalf("%s: %s", s, wrong)
		}
	})
}

// TestContradiction: methods that contradict each other are an error of Check, which a layer asks,
// and a row of the catalogue that has them is read.
func TestContradiction(t *testing.T) {
	s := Sigmoid{}
	catalogue = append(catalogue, Row{Name: "negative", of: func([]float64) Surrogate {
		return altered{s, func(x float64) float64 { return -s.Slope(x) }}
	}})
	defer func() { catalogue = catalogue[:len(catalogue)-1] }()
	got, err := Parse("negative")
	if err != nil || got == nil {
		t.Fatal(err)
	}
	if err := Check(got); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "slope at 0") {
		t.Error(err)
	}
}
