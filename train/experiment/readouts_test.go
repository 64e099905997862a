package experiment

import (
	"math"
	"testing"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/train/data"
)

// TestFirstSpikeInWindow: a silent neuron has its first spike at the end of the sample, however
// long the window is, and spikes behind the end do not count.
func TestFirstSpikeInWindow(t *testing.T) {
	r, _, err := Readouts.New("first_spike", data.Table{"readout_tau": 4e-3})
	if err != nil {
		t.Fatal(err)
	}
	for _, steps := range []int{5, 50} {
		p, err := graph.Build(graph.NewParams(1), graph.Settings{NoGrad: true, DType: tensor.Float64}, func(b *graph.Builder) {
			y, err := r.Over(b.Input("x", steps, 2, 2), b.Input("length", 2), b.Dt())
			b.Output("y", b.Check(y, err))
		})
		if err != nil {
			t.Fatal(err)
		}
		x := make([]float64, steps*4)
		x[1*4+0], x[3*4+1], x[4*4+3] = 1, 1, 1 // step, sample, neuron: 1 0 0, 3 0 1, 4 1 1
		if err := p.Set("x", x); err != nil {
			t.Fatal(err)
		}
		if err := p.Set("length", []float64{3, 5}); err != nil {
			t.Fatal(err)
		}
		if err := p.Run(); err != nil {
			t.Fatal(err)
		}
		for i, step := range []float64{1, 3, 5, 4} {
			if got, want := p.Output("y").Float64s()[i], -step/4; math.Abs(got-want) > 1e-14 {
				t.Errorf("%d steps: neuron %d: %v, want %v", steps, i, got, want)
			}
		}
		p.Close()
	}
}
