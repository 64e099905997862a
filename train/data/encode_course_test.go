package data

import (
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestCourseOfLine: a straight course, of any length, is the same straight image, in all steps.
func TestCourseOfLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := Course{Points: rapid.IntRange(2, 40).Draw(t, "points"), Scale: 2}
		steps, channels := rapid.IntRange(1, 90).Draw(t, "steps"), rapid.IntRange(1, 3).Draw(t, "channels")
		x := make([]float64, steps*channels)
		for s := range steps {
			for c := range channels {
				x[s*channels+c] = float64(c)
				if steps > 1 {
					x[s*channels+c] += float64(s) / float64(steps-1)
				}
			}
		}
		b := NewBlock(rapid.IntRange(1, 4).Draw(t, "block"), e.Channels(channels))
		if err := e.EncodeWhole(b, x, channels); err != nil {
			t.Fatal(err)
		}
		for k := range b.Steps {
			for i, v := range b.Step(k) {
				want := 2 * float64(i/e.Points)
				if steps > 1 {
					want += 2 * float64(i%e.Points) / float64(e.Points-1)
				}
				if math.Abs(float64(v)-want) > 1e-6 { // float32 of numbers up to 6
					t.Fatalf("step %d, point %d: %g, want %g", k, i, v, want)
				}
			}
		}
	})
}

// TestCourseTurns: a closed course that begins at another of its points is the image turned, and
// what follows its end is its beginning.
func TestCourseTurns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		points, every := rapid.IntRange(2, 20).Draw(t, "points"), rapid.IntRange(1, 4).Draw(t, "every")
		e := Course{Points: points, Wrap: rapid.IntRange(1, 9).Draw(t, "wrap")}
		x := rapid.SliceOfN(rapid.Float64Range(-9, 9), points*every, points*every).Draw(t, "x")
		by := rapid.IntRange(0, points-1).Draw(t, "by")
		a, b := NewBlock(1, e.Channels(1)), NewBlock(1, e.Channels(1))
		if err := errors.Join(e.EncodeWhole(a, x, 1), e.EncodeWhole(b, append(slices.Clone(x[by*every:]), x[:by*every]...), 1)); err != nil {
			t.Fatal(err)
		}
		for i := range points + e.Wrap {
			if b.Data[i] != a.Data[(i+by)%points] || a.Data[i] != float32(x[i%points*every]) {
				t.Fatalf("point %d of %v turned by %d is %g", i, a.Data, by, b.Data[i])
			}
		}
	})
}

// TestCourseInBatches: sequences of different lengths fill all steps of a batch, and targets in
// each step of a sequence are refused.
func TestCourseInBatches(t *testing.T) {
	d := given{form: Form{Input: Sequence, Channels: 1, Steps: 3, Target: Target{Kind: ClassTarget, Size: 2}}, samples: []Sample{
		{X: []float64{1}, Steps: 1}, {X: []float64{0, 2, 4}, Steps: 3},
	}}
	s := Batches{Data: d, Encoder: Course{Points: 5}, Size: 2, Steps: 7, Hold: 2, Sequential: true}
	var b Batch
	if err := s.Fill(&b, 0, 0); err != nil {
		t.Fatal(err)
	}
	if s.MinSteps() != 0 || !slices.Equal(b.Lengths, []int{7, 7}) {
		t.Errorf("%d steps at least, lengths %v", s.MinSteps(), b.Lengths)
	}
	for k := range 7 {
		if got := slices.Concat(b.row(0).Step(k), b.row(1).Step(k)); !slices.Equal(got, []float32{1, 1, 1, 1, 1, 0, 1, 2, 3, 4}) {
			t.Errorf("step %d: %v", k, got)
		}
	}
	d.form.Target.Kind = SequenceTarget
	s.Data = d
	if err := s.Fill(&b, 0, 0); !errors.Is(err, ErrSettings) {
		t.Error(err)
	}
	s.Data = given{form: Form{Input: Static, Channels: 1}, samples: []Sample{{X: []float64{1}}}}
	if err := s.Fill(&b, 0, 0); !errors.Is(err, ErrSettings) {
		t.Error(err)
	}
	one := NewBlock(1, 5)
	for name, err := range map[string]error{
		"NaN":    (Course{Points: 5}).EncodeWhole(one, []float64{math.NaN()}, 1),
		"length": (Course{Points: 5}).EncodeWhole(one, []float64{1, 2, 3}, 2),
		"points": (Course{Points: 1}).EncodeWhole(one, []float64{1}, 1),
		"wrap":   (Course{Points: 6, Wrap: -1}).EncodeWhole(one, []float64{1}, 1),
		"block":  (Course{Points: 6}).EncodeWhole(one, []float64{1}, 1),
	} {
		if err == nil {
			t.Error(name)
		}
	}
}
