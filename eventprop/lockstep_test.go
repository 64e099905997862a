package eventprop

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/surge-snn/surge/internal/random"
)

// TestLockstepOfMany compares the lockstep of more neurons than one word of the mask holds with the
// steps of the general engine, for many spikes between inputs and few, and simultaneous ones of
// twins.
func TestLockstepOfMany(t *testing.T) {
	const n, sources = 70, 3
	for k := range 24 {
		r := random.New(uint64(k), "eventprop/lockstep")
		rec := NewDense(n, n)
		l := &Layer{Params: LIFParameters{TauMem: []float64{10}, TauSyn: []float64{[]float64{5, 10, 3.3}[k%3]}}, In: NewDense(sources, n), Rec: &rec}
		for s := range l.In.Weight {
			l.In.Weight[s] = []float64{0.3, 1.5, 4}[k/3%3] + random.Normal(r)
		}
		for s := range rec.Weight {
			rec.Weight[s] = 0.1*random.Normal(r) - 0.05
		}
		if k%2 == 1 { // neurons 3 and 66 are twins
			for i := range sources {
				l.In.Weight[i*n+66] = l.In.Weight[i*n+3]
			}
			for i := range n {
				rec.Weight[i*n+66] = rec.Weight[i*n+3]
			}
		}
		var input []Spike
		for range 9 {
			input = append(input, Spike{Time: 20 * r.Float64(), Neuron: r.IntN(sources)})
		}
		SortSpikes(input)
		fast := forward(t, l, input, 30)
		var slow Tape
		if err := slow.Begin(l, input, 30); err != nil {
			t.Fatal(err)
		}
		for {
			more, err := slow.Step()
			if err != nil {
				t.Fatal(err)
			}
			if !more {
				break
			}
		}
		if fast.engine != &fast.lockstep || slow.engine != &slow.events {
			t.Fatal("the two passes are of one engine")
		}
		if len(fast.Spikes) != len(slow.Spikes) {
			t.Errorf("net %d: %d spikes, by steps %d", k, len(fast.Spikes), len(slow.Spikes))
			continue
		}
		cot := make([]float64, len(fast.Spikes))
		// The rounding of a spike time grows with the inverse slope of it and of the spikes before.
		steep := 1.0
		for i, s := range fast.Spikes {
			o := slow.Spikes[i]
			steep = max(steep, 1/(s.Current-1))
			if s.Neuron != o.Neuron || math.Abs(s.Time-o.Time) > 1e-11*steep {
				t.Fatalf("net %d: spike %d of %d is %v, by steps %v", k, i, len(cot), s, o)
			}
			if i < len(cot)/2 { // later spikes have no part in the loss
				cot[i] = random.Normal(r)
			}
		}
		got, want := l.NewWeightGradients(), l.NewWeightGradients()
		if err := fast.Backward(got, &Cotangent{Time: cot}); err != nil {
			t.Fatal(err)
		}
		if err := slow.Backward(want, &Cotangent{Time: cot}); err != nil {
			t.Fatal(err)
		}
		undone := l.NewWeightGradients()
		arrivals := slices.Clone(slow.InputTime)
		if err := slow.BeginBackward(undone, &Cotangent{Time: cot}); err != nil {
			t.Fatal(err)
		}
		for more := true; more; {
			var err error
			if more, err = slow.StepBackward(); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(undone.In, want.In) || !slices.Equal(undone.Rec, want.Rec) || !slices.Equal(slow.InputTime, arrivals) {
			t.Errorf("net %d: the gradients are others jump by jump", k)
		}
		if _, err := slow.StepBackward(); !errors.Is(err, ErrShape) {
			t.Errorf("net %d: a jump before the first: %v", k, err)
		}
		for name, g := range map[string][2][]float64{"In": {got.In, want.In}, "Rec": {got.Rec, want.Rec}, "InputTime": {fast.InputTime, slow.InputTime}} {
			largest := 0.0
			for _, x := range g[1] {
				largest = max(largest, math.Abs(x))
			}
			for i, x := range g[0] {
				if math.Abs(x-g[1][i]) > 1e-10*steep*largest {
					t.Errorf("net %d: %s[%d] is %v, by steps %v", k, name, i, x, g[1][i])
				}
			}
		}
		if k == 4 {
			t.Logf("net %d: %d spikes", k, len(fast.Spikes))
		}
	}
}
