package data

import (
	"errors"
	"math"
	"slices"
	"testing"
)

// counting is a data set whose sample i has the features (i, i+1) / n and the label i
// mod 3, so that tests recognise a sample.
type counting int

func (d counting) Len() int   { return int(d) }
func (d counting) Form() Form { return Form{Channels: 2, Target: Classes(3)} }
func (d counting) Sample(s *Sample, i int) error {
	if err := checkIndex(d, i); err != nil {
		return err
	}
	x := s.Features(2)
	x[0], x[1] = float64(i)/float64(d), float64(i+1)/float64(d)
	s.Label = i % 3
	return nil
}

func numbers(t *testing.T, d Dataset, n int) []int {
	t.Helper()
	var s Sample
	out := make([]int, d.Len())
	for i := range out {
		if err := d.Sample(&s, i); err != nil {
			t.Fatal(err)
		}
		out[i] = int(s.X[0]*float64(n) + 0.5)
		if s.Label != out[i]%3 {
			t.Fatalf("sample %d: label %d, want %d", i, s.Label, out[i]%3)
		}
	}
	return out
}

func TestSubset(t *testing.T) {
	index := []int{4, 0, 4, 9}
	d, err := Subset(counting(10), index)
	if err != nil {
		t.Fatal(err)
	}
	index[0] = 1 // the view has its own copy
	if got, want := numbers(t, d, 10), []int{4, 0, 4, 9}; !slices.Equal(got, want) {
		t.Errorf("samples %v, want %v", got, want)
	}
	if f := d.Form(); f.Channels != 2 || f.Target.Size != 3 {
		t.Errorf("form %+v", f)
	}
	for _, bad := range []int{-1, 10} {
		if _, err := Subset(counting(10), []int{0, bad}); !errors.Is(err, ErrIndex) {
			t.Errorf("index %d: error %v, want ErrIndex", bad, err)
		}
	}
	if err := d.Sample(&Sample{}, 4); !errors.Is(err, ErrIndex) {
		t.Errorf("sample beyond the view: error %v, want ErrIndex", err)
	}
}

func TestSplit(t *testing.T) {
	const n = 100
	parts, err := Split(counting(n), 1, 60, 0, 30)
	if err != nil {
		t.Fatal(err)
	}
	var all []int
	for k, size := range []int{60, 0, 30} {
		got := numbers(t, parts[k], n)
		if len(got) != size {
			t.Errorf("part %d has %d samples, want %d", k, len(got), size)
		}
		all = append(all, got...)
	}
	if slices.IsSorted(all) {
		t.Error("samples are in order, want a random choice")
	}
	slices.Sort(all)
	if u := slices.Compact(slices.Clone(all)); len(u) != len(all) {
		t.Errorf("%d samples are in two parts", len(all)-len(u))
	}
	// The first part does not depend on what follows.
	alone, err := Split(counting(n), 1, 60)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(numbers(t, alone[0], n), numbers(t, parts[0], n)) {
		t.Error("the first part depends on the sizes of the later ones")
	}
	for _, sizes := range [][]int{{101}, {50, 51}, {-1}, {math.MaxInt, math.MaxInt}} {
		if _, err := Split(counting(n), 1, sizes...); !errors.Is(err, ErrSettings) {
			t.Errorf("sizes %v: error %v, want ErrSettings", sizes, err)
		}
	}
}
