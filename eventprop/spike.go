package eventprop

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Spike is an event: a spike of a neuron of a layer, or of a source of its input.
type Spike struct {
	Time    float64 // s
	Neuron  int     // index in its layer, or of the source
	Current float64 // synaptic current of the neuron just before the spike; 0 in an input
}

// SortSpikes sorts by time, and spikes at one time by neuron.
func SortSpikes(s []Spike) {
	slices.SortStableFunc(s, compareSpikes)
}

// compareSpikes compares spikes by time, and those at one time by neuron.
func compareSpikes(a, b Spike) int {
	return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Neuron, b.Neuron))
}

// AppendSorted appends spikes to dst in the order of [SortSpikes], and to place where each of them
// is then, counted from the first that is appended. found stays as it is.
func AppendSorted(dst []Spike, place []int32, found []Spike) ([]Spike, []int32) {
	order := make([]int32, len(found))
	for k := range order {
		order[k] = int32(k)
	}
	slices.SortStableFunc(order, func(a, b int32) int { return compareSpikes(found[a], found[b]) })
	first := len(place)
	place = append(place, order...) // for its length
	for k, i := range order {
		place[first+int(i)] = int32(k)
		dst = append(dst, found[i])
	}
	return dst, place
}

// CheckInput returns an error that wraps [ErrSpikes] unless the spikes are sorted by time, with
// finite times >= 0 and sources below sources, and one that wraps [ErrParameter] unless the end is
// finite and > 0.
func CheckInput(input []Spike, sources int, end float64) error {
	if !(end > 0) || math.IsInf(end, 1) {
		return fmt.Errorf("%w: the end is %g s, want a positive number", ErrParameter, end)
	}
	return checkSpikes("input", input, sources)
}

// checkSpikes returns an error (ErrSpikes) unless s is sorted by time, with times >= 0
// and sources below n.
func checkSpikes(what string, s []Spike, n int) error {
	before := 0.0
	for k, e := range s {
		switch {
		case !(e.Time >= 0) || math.IsInf(e.Time, 1):
			return fmt.Errorf("%w: %s spike %d is at %g s, want a finite time >= 0", ErrSpikes, what, k, e.Time)
		case e.Time < before:
			return fmt.Errorf("%w: %s spike %d is at %g s, after one at %g s: want rising times", ErrSpikes, what, k, e.Time, before)
		case e.Neuron < 0 || e.Neuron >= n:
			return fmt.Errorf("%w: %s spike %d is of %d, want 0 to %d", ErrSpikes, what, k, e.Neuron, n-1)
		}
		before = e.Time
	}
	return nil
}

// checkRecorded is checkSpikes of what a layer of n neurons fired: none fires twice at one time.
func checkRecorded(s []Spike, n int) error {
	if err := checkSpikes("recorded", s, n); err != nil {
		return err
	}
	latest := make([]int, n) // the number of the spike, from 1
	for k, e := range s {
		if before := latest[e.Neuron]; before > 0 && s[before-1].Time == e.Time {
			return fmt.Errorf("%w: recorded spikes %d and %d are both of neuron %d at %g s", ErrSpikes, before-1, k, e.Neuron, e.Time)
		}
		latest[e.Neuron] = k + 1
	}
	return nil
}
