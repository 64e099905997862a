package plot

import (
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCorner: the picture has the names and the ends of the central 95 %.
func TestCorner(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	c := Corner{Title: "samples", Names: []string{"alpha", "beta", "constant"}, Values: make([][]float64, 3)}
	for i := range 1001 {
		a := float64(i)
		c.Values[0], c.Values[1], c.Values[2] = append(c.Values[0], a), append(c.Values[1], a+rng.NormFloat64()), append(c.Values[2], 7)
	}
	path := filepath.Join(t.TempDir(), "a.svg")
	if err := c.Write(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"samples", "alpha", "beta", "25 to 975", "7 to 7"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q", want)
		}
	}
	for _, test := range []struct {
		c    Corner
		want error
	}{
		{Corner{}, ErrEmpty}, {Corner{Names: []string{"a"}, Values: [][]float64{{}}}, ErrEmpty},
		{Corner{Names: []string{"a", "b"}, Values: [][]float64{{1}, {1, 2}}}, ErrShape}, {Corner{Names: []string{"a"}, Values: [][]float64{{math.NaN()}}}, ErrNotFinite},
	} {
		if err := test.c.Write(path); !errors.Is(err, test.want) {
			t.Errorf("%v, want %v", err, test.want)
		}
	}
}
