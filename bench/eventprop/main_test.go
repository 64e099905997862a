package main

import (
	"math"
	"testing"
)

func TestDifference(t *testing.T) {
	a := [][]float64{{1, -4}, {0.5}}
	for _, c := range []struct {
		b    [][]float64
		want float64
		ok   bool
	}{
		{[][]float64{{1, -4}, {0.5}}, 0, true},
		{[][]float64{{2, -4}, {0.5}}, 0.25, true}, // 1 of 4
		{[][]float64{{1, -4}, {0.75}}, 0.5, true}, // 0.25 of 0.5
		{[][]float64{{1, math.NaN()}, {0.5}}, math.NaN(), true},
		{[][]float64{{math.NaN(), 100}, {0.5}}, math.NaN(), true},
		{[][]float64{{1, -4}}, 0, false},
		{[][]float64{{1}, {0.5}}, 0, false},
	} {
		got, err := difference(a, c.b)
		if (err == nil) != c.ok || c.ok && got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("difference to %v is %g, %v; want %g", c.b, got, err, c.want)
		}
	}
}

// TestSlots: the hidden layer needs all input and hidden spikes until the outputs have spiked, and
// no more of the later ones.
func TestSlots(t *testing.T) {
	n := networks()[0]
	n.batch = 4
	p, err := n.build()
	if err != nil {
		t.Fatal(err)
	}
	slots, err := p.slots()
	if err != nil {
		t.Fatal(err)
	}
	if most := n.inputs + n.hidden; slots[0] > most || slots[1] > n.hidden+n.outputs || slots[1] < n.outputs {
		t.Errorf("slots %v, want at most %d and %d", slots, most, n.hidden+n.outputs)
	}
	for i := range p.net[1].In.Weight {
		p.net[1].In.Weight[i] = -1 // the outputs are silent: all spikes count
	}
	silent, err := p.slots()
	if err != nil {
		t.Fatal(err)
	}
	s := p.stepper()
	if err := s.step(); err != nil {
		t.Fatal(err)
	}
	if silent[0] < slots[0] || silent[1] > s.report.Spikes || 4*silent[1] < s.report.Spikes {
		t.Errorf("slots %v with silent outputs, %v before; %d spikes of 4 samples", silent, slots, s.report.Spikes)
	}
}
