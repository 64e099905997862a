package eventprop

import (
	"math"
	"slices"
	"testing"

	"github.com/surge-snn/surge/internal/random"
)

// TestInputNearSpike: an input a rounding before, at or after a spike comes before or after it in
// both engines alike, so that their gradients agree, of neurons that differ or are alike, with
// delays and with recurrence.
func TestInputNearSpike(t *testing.T) {
	const end, ulps = 30e-3, 3
	met := 0
	for seed := range uint64(40) {
		r := random.New(seed, "eventprop/tie")
		l := &Layer{In: NewDense(5, 4)}
		for k := range l.In.Weight {
			l.In.Weight[k] = 1.5 + random.Normal(r)
		}
		if seed%2 == 0 { // neurons that differ
			l.Params.TauMem, l.Params.TauSyn = make([]float64, 4), make([]float64, 4)
			for j := range 4 {
				l.Params.TauMem[j], l.Params.TauSyn[j] = 5e-3+10e-3*r.Float64(), 2e-3+6e-3*r.Float64()
			}
		}
		delay := 0.0
		if seed%4 >= 2 {
			delay = 1e-3
			l.In.Delay = slices.Repeat([]float64{delay}, len(l.In.Weight))
		}
		if seed%8 >= 4 {
			rec := NewDense(4, 4)
			for k := range rec.Weight {
				rec.Weight[k] = 0.3 * random.Normal(r)
			}
			l.Rec = &rec
		}
		var input []Spike
		for i := range 5 {
			input = append(input, Spike{Time: 5e-3 * r.Float64(), Neuron: i})
		}
		SortSpikes(input)
		var tape Tape
		if err := tape.Forward(l, input, end); err != nil {
			t.Fatal(err)
		}
		for _, s := range tape.Spikes[:min(4, len(tape.Spikes))] {
			at := s.Time - delay
			if at < 0 {
				continue
			}
			for range ulps {
				at = math.Nextafter(at, 0)
			}
			for range 2*ulps + 1 {
				more := append(slices.Clone(input), Spike{Time: at})
				SortSpikes(more)
				compareEngines(t, l, more, end)
				at = math.Nextafter(at, 1)
				met++
			}
		}
	}
	if met == 0 {
		t.Error("no spikes")
	}
}

// compareEngines compares the two gradients of a sum of spike times.
func compareEngines(t *testing.T, l *Layer, input []Spike, end float64) {
	t.Helper()
	var g [2]*Gradients
	var times [2][]float64
	for k := range g {
		var tape Tape
		if err := tape.Forward(l, input, end); err != nil {
			t.Fatal(err)
		}
		var c Cotangent
		c.Reset(&tape)
		for i := range c.Time {
			c.Time[i] = 1 + float64(i%3)
		}
		g[k] = l.NewGradients()
		back := tape.Backward
		if k == 1 {
			back = tape.Analytical
		}
		if err := back(g[k], &c); err != nil {
			t.Fatal(err)
		}
		times[k] = tape.InputTime
	}
	for name, x := range map[string][2][]float64{
		"w": {g[0].In, g[1].In}, "tau_mem": {g[0].TauMem, g[1].TauMem}, "tau_syn": {g[0].TauSyn, g[1].TauSyn}, "v_th": {g[0].VTh, g[1].VTh}, "time": {times[0], times[1]},
	} {
		size := 0.0
		for _, v := range x[1] {
			size = max(size, math.Abs(v))
		}
		for i := range x[0] {
			if d := math.Abs(x[0][i] - x[1][i]); d > 1e-9*size { // roundings, over slopes that may be small
				t.Errorf("%s[%d] is %v, by implicit derivatives %v", name, i, x[0][i], x[1][i])
			}
		}
	}
}
