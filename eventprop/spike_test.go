package eventprop

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestAppendSorted holds sorted spikes, and where each has gone, to what sorting means: the same
// spikes, by time and then by neuron, equal ones in the order in which they were.
func TestAppendSorted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		found := make([]Spike, rapid.IntRange(0, 20).Draw(t, "spikes"))
		for k := range found {
			found[k] = Spike{Time: float64(rapid.IntRange(0, 3).Draw(t, "time")), Neuron: rapid.IntRange(0, 2).Draw(t, "neuron"), Current: float64(k)}
		}
		before := slices.Clone(found)
		first, behind := []Spike{{Time: 9}}, []int32{7}
		sorted, place := AppendSorted(first, behind, found)
		if !slices.Equal(found, before) || len(sorted) != 1+len(found) || sorted[0].Time != 9 || len(place) != 1+len(found) || place[0] != 7 {
			t.Fatalf("%v and %v of %v", sorted, place, found)
		}
		sorted, place = sorted[1:], place[1:]
		for k, s := range found {
			if sorted[place[k]] != s {
				t.Errorf("spike %d is not at its place %d of %v", k, place[k], sorted)
			}
		}
		if !slices.IsSortedFunc(sorted, func(a, b Spike) int {
			return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Neuron, b.Neuron), cmp.Compare(a.Current, b.Current))
		}) {
			t.Errorf("%v are not sorted", sorted)
		}
	})
}

// TestFan holds the synapses of each source, and their neurons, to those that were asked for, and
// to nothing beyond them.
func TestFan(t *testing.T) {
	dense := NewDense(2, 3)
	sparse, err := NewSparse(3, 4, []float64{
		0, 0, 0, 1,
		0, 0, 0, 0,
		2, 3, 0, 0,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		s    *Synapses
		want [][]int // neurons of each source
	}{
		{&dense, [][]int{{0, 1, 2}, {0, 1, 2}}},
		{&sparse, [][]int{{3}, nil, {0, 1}}},
		{nil, nil},
	} {
		for source := -1; source <= len(c.want); source++ {
			var got, want []int
			if source >= 0 && source < len(c.want) {
				want = c.want[source]
			}
			lo, hi := c.s.Fan(source)
			for k := lo; k < hi; k++ {
				got = append(got, c.s.Target(source, k))
			}
			slices.Sort(got)
			if !slices.Equal(got, want) || c.s.Target(source, lo-1) != -1 || c.s.Target(source, hi) != -1 {
				t.Errorf("source %d reaches %v, want %v", source, got, want)
			}
		}
	}
}

func TestCheckInput(t *testing.T) {
	for _, c := range []struct {
		input []Spike
		end   float64
		want  error
	}{
		{[]Spike{{Time: 0}, {Time: 1, Neuron: 1}, {Time: 1}}, 1, nil},
		{nil, 0, ErrParameter},
		{nil, math.NaN(), ErrParameter},
		{[]Spike{{Time: 1}, {Time: 0.5}}, 1, ErrSpikes},
		{[]Spike{{Time: -1}}, 1, ErrSpikes},
		{[]Spike{{Time: 0, Neuron: 2}}, 1, ErrSpikes},
	} {
		if err := CheckInput(c.input, 2, c.end); !errors.Is(err, c.want) {
			t.Errorf("CheckInput(%v, 2, %g) = %v, want %v", c.input, c.end, err, c.want)
		}
	}
}
