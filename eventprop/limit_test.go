package eventprop

import (
	"errors"
	"runtime"
	"testing"

	"pgregory.net/rapid"
)

// alikeWeights connects one source with n neurons, all by the weight w.
func alikeWeights(w float64, n int) Synapses {
	s := NewDense(1, n)
	for k := range s.Weight {
		s.Weight[k] = w
	}
	return s
}

// TestLimitBeforeMemory: a neuron whose current is so large that it would have more spikes than the
// limit is an error before their memory is taken, 100 MB a tape, in all engines of layers without
// recurrence.
func TestLimitBeforeMemory(t *testing.T) {
	layers := map[string]func(l *Layer){
		"sweep of few":  func(*Layer) {},
		"sweep of many": func(l *Layer) { l.In = alikeWeights(1e30, few+1) },
		"sweep, tau":    func(l *Layer) { l.Params.TauMem = []float64{3} },
		"events":        func(l *Layer) { l.In.Delay = []float64{0} },
	}
	for name, change := range layers {
		t.Run(name, func(t *testing.T) {
			l := &Layer{In: alikeWeights(1e30, 1)}
			l.Params.TauMem, l.Params.TauSyn, l.Params.VReset = []float64{2}, []float64{1}, []float64{-1000}
			change(l)
			b := Batch{Net: Serial{l}, End: 3}
			inputs := make([][]Spike, 32)
			for k := range inputs {
				inputs[k] = []Spike{{}}
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, _, err := b.Step(nil, inputs, func(int, *Pass) (float64, error) { return 0, nil })
			runtime.ReadMemStats(&after)
			if !errors.Is(err, ErrLimit) {
				t.Errorf("error %v", err)
			}
			if taken := after.TotalAlloc - before.TotalAlloc; taken > 1<<20 {
				t.Errorf("took %d bytes", taken)
			}
		})
	}
}

// TestLimitIsExact: a pass is an error if and only if it has more spikes than the limit, found
// ahead or not.
func TestLimitIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := &Layer{In: alikeWeights(rapid.Float64Range(1, 300).Draw(t, "w"), rapid.SampledFrom([]int{1, few + 1}).Draw(t, "n"))}
		l.Params.TauMem = []float64{rapid.SampledFrom([]float64{0.3, 1, 2}).Draw(t, "tau_mem")}
		l.Params.TauSyn = []float64{1}
		l.Params.VReset = []float64{rapid.Float64Range(-5, 0.9).Draw(t, "v_reset")}
		l.Params.VLeak = []float64{rapid.Float64Range(-1, 0.9).Draw(t, "v_leak")}
		if rapid.Bool().Draw(t, "delays") {
			l.In.Delay = make([]float64, len(l.In.Weight))
		}
		input := []Spike{{}, {Time: rapid.Float64Range(0, 3).Draw(t, "second")}}
		l.MaxSpikes = 1 << 12
		var tape Tape
		if err := tape.Forward(l, input, 4); errors.Is(err, ErrLimit) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		spikes := len(tape.Spikes)
		for _, limit := range []int{spikes, spikes - 1, spikes / 2, spikes / 10} {
			l.MaxSpikes = max(limit, 1)
			if err := tape.Forward(l, input, 4); errors.Is(err, ErrLimit) != (spikes > l.MaxSpikes) {
				t.Errorf("%d spikes, limit %d: %v", spikes, l.MaxSpikes, err)
			}
		}
	})
}
