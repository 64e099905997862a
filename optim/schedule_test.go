package optim

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestSchedules(t *testing.T) {
	warm := Join{
		{Steps: 10, Schedule: Linear{Init: 0, End: 1, Steps: 10}},
		{Steps: 4, Schedule: Constant(1)},
		{Schedule: Cosine{Init: 1, End: 0.5, Steps: 100}},
	}
	for _, c := range []struct {
		s    Schedule
		step uint64
		want float64
	}{
		{Constant(0.3), 0, 0.3},
		{Constant(0.3), math.MaxUint64, 0.3},
		{Linear{2, 1, 4}, 0, 2},
		{Linear{2, 1, 4}, 1, 1.75},
		{Linear{2, 1, 4}, 4, 1},
		{Linear{2, 1, 4}, 1e6, 1},
		{Linear{2, 1, 0}, 0, 1},
		{Cosine{2, 1, 12}, 0, 2},
		{Cosine{2, 1, 12}, 3, 1 + (1+math.Sqrt2/2)/2}, // cos(pi/4)
		{Cosine{2, 1, 12}, 4, 1.75},                   // cos(pi/3) = 1/2
		{Cosine{2, 1, 12}, 6, 1.5},
		{Cosine{2, 1, 12}, 8, 1.25},
		{Cosine{2, 1, 12}, 12, 1},
		{Cosine{2, 1, 12}, 13, 1},
		{Cosine{2, 1, 0}, 0, 1},
		{Exponential{Init: 8, Rate: 0.5, Every: 10}, 0, 8},
		{Exponential{Init: 8, Rate: 0.5, Every: 10}, 10, 4},
		{Exponential{Init: 8, Rate: 0.5, Every: 10}, 5, 8 / math.Sqrt2},
		{Exponential{Init: 8, Rate: 0.5, Every: 10}, 30, 1},
		{Exponential{Init: 8, Rate: 0.5, Every: 10, Staircase: true}, 9, 8},
		{Exponential{Init: 8, Rate: 0.5, Every: 10, Staircase: true}, 29, 2},
		{Exponential{Init: 8, Rate: 0.5}, 3, 1},
		{Exponential{Init: 8, Rate: 2, Every: 2}, 6, 64},
		{Exponential{Init: 8}, 1000, 8},
		{Exponential{Init: 8, Rate: 0.5}, 1e9, 0},
		{warm, 0, 0},
		{warm, 5, 0.5},
		{warm, 10, 1},
		{warm, 13, 1},
		{warm, 14, 1},
		{warm, 64, 0.75},
		{warm, 114, 0.5},
		{warm, 1e9, 0.5},
		{Join{{Steps: 3, Schedule: Constant(1)}}, 99, 1}, // the last has no end
	} {
		// sqrt(2)/2 in the test, five roundings in the schedule
		if got := c.s.At(c.step); !near(got, c.want, 1e-15, 1e-15) {
			t.Errorf("%+v at %d is %v, want %v", c.s, c.step, got, c.want)
		}
	}
	for _, s := range []Schedule{Join{}, Join{{}}, Join{{Steps: 1, Schedule: Constant(1)}, {}}, Exponential{Init: 1, Rate: -1}, Exponential{Init: 1, Rate: math.NaN()}} {
		if got := s.At(1); got == got {
			t.Errorf("%+v: %v, want NaN", s, got)
		}
	}
}

func TestExponentialEqualsPow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := Exponential{
			Init:  rapid.Float64Range(1e-6, 1).Draw(t, "init"),
			Rate:  rapid.Float64Range(0.01, 1.5).Draw(t, "rate"),
			Every: rapid.Uint64Range(1, 1000).Draw(t, "every"),
		}
		step := rapid.Uint64Range(0, 20000).Draw(t, "step")
		got, want := e.At(step), e.Init*math.Pow(e.Rate, float64(step)/float64(e.Every))
		if want < 1e-280 || want > 1e280 {
			return // underflow on the way
		}
		// Squaring carries u per factor, math.Pow the u of its exponent n times
		// ln Rate, and the root 60 u.
		n := float64(step) / float64(e.Every)
		if !near(got, want, 0x1p-53*(100+3*n*(1+math.Abs(math.Log(e.Rate)))), 0) {
			t.Fatalf("%+v at %d: %v, want %v", e, step, got, want)
		}
	})
}

func TestCosineEqualsCos(t *testing.T) {
	for x := 0.0; x <= math.Pi/2; x += 0.001 {
		if got, want := cos(x), math.Cos(x); !near(got, want, 0, 1e-15) {
			t.Fatalf("cos(%g) = %v, want %v", x, got, want)
		}
	}
	for step := uint64(0); step <= 1000; step++ {
		got, want := Cosine{Init: 1, Steps: 1000}.At(step), (1+math.Cos(math.Pi*float64(step)/1000))/2
		if !near(got, want, 0, 1e-15) {
			t.Fatalf("at %d: %v, want %v", step, got, want)
		}
	}
}

// Schedules between two values stay between them and do not turn.
func TestMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lo := rapid.Float64Range(0, 1).Draw(t, "lo")
		hi := lo + rapid.Float64Range(0, 1).Draw(t, "range")
		steps := rapid.Uint64Range(1, 1000).Draw(t, "steps")
		a := rapid.Uint64Range(0, 1200).Draw(t, "a")
		b := a + rapid.Uint64Range(0, 100).Draw(t, "b-a")
		const tol = 1e-15 // four roundings of values up to 2
		for _, s := range []Schedule{Linear{hi, lo, steps}, Cosine{hi, lo, steps}} {
			x, y := s.At(a), s.At(b)
			if x < y-tol || x > hi+tol || y < lo-tol {
				t.Fatalf("%+v: %v at %d, %v at %d", s, x, a, y, b)
			}
		}
	})
}
