package data

import (
	"errors"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// Every shifted image equals the definition for one pair of shifts, and all pairs
// occur.
func TestShift(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(1, 6).Draw(t, "width"), rapid.IntRange(1, 6).Draw(t, "height")
		s := Shift{Width: w, Pixels: rapid.IntRange(0, min(w, h)-1).Draw(t, "pixels")}
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		image := make([]float64, w*h)
		for i := range image {
			image[i] = float64(i + 1) // no two pixels alike, none 0
		}
		got := append([]float64(nil), image...)
		if err := s.Augment(&Sample{X: got}, Form{}, rng); err != nil {
			t.Fatal(err)
		}
		matches := 0
		for a := -s.Pixels; a <= s.Pixels; a++ {
			for b := -s.Pixels; b <= s.Pixels; b++ {
				equal := true
				for i := range h {
					for j := range w {
						want := 0.0
						if i-a >= 0 && i-a < h && j-b >= 0 && j-b < w {
							want = image[(i-a)*w+j-b]
						}
						equal = equal && got[i*w+j] == want
					}
				}
				if equal {
					matches++
				}
			}
		}
		if matches != 1 {
			t.Fatalf("%+v of %dx%d gave %v, which is %d shifts, want 1", s, h, w, got, matches)
		}
	})
}

func TestShiftIsUniform(t *testing.T) {
	s := Shift{Width: 5, Pixels: 1}
	rng := rand.New(rand.NewPCG(1, 2))
	count := map[int]int{}
	const n = 9000
	for range n {
		x := make([]float64, 25)
		x[12] = 1
		if err := s.Augment(&Sample{X: x}, Form{}, rng); err != nil {
			t.Fatal(err)
		}
		for i, v := range x {
			if v == 1 {
				count[i]++
			}
		}
	}
	// Each of 9 places expects 1000 with a standard deviation of 30; 5 of them miss
	// once in a million.
	if len(count) != 9 {
		t.Fatalf("the pixel went to %d places, want 9", len(count))
	}
	for i, c := range count {
		if c < 850 || c > 1150 {
			t.Errorf("place %d: %d of %d, want 1000 +- 150", i, c, n)
		}
	}
}

func TestShiftErrors(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, s := range []Shift{{}, {Width: 4}, {Width: 5, Pixels: -1}, {Width: 5, Pixels: 2}, {Width: -5}} {
		if err := s.Augment(&Sample{X: make([]float64, 10)}, Form{}, rng); !errors.Is(err, ErrSettings) {
			t.Errorf("%+v: %v, want ErrSettings", s, err)
		}
	}
	if err := (Shift{Width: 5, Pixels: 1}).Augment(&Sample{X: make([]float64, 10), Steps: 1}, Form{Input: Sequence}, rng); !errors.Is(err, ErrSettings) {
		t.Errorf("a sequence: %v, want ErrSettings", err)
	}
}

func rngOf(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }
