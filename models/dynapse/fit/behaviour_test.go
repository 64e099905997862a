package fit

import (
	"math"
	"testing"

	"github.com/surge-snn/surge/models/dynapse"
)

// TestRecord: a recording shows gain · v + offset + drift · t/T of what the network does, and the
// other traces as they are; compared with itself it is off by nothing.
func TestRecord(t *testing.T) {
	const gain, offset, drift = 1.1, 3e-3, 2e-3
	e, truth := draw(t, 2, 2, 80, 2, Core, false)
	r := &e.Recordings[0]
	run, err := truth.Simulate(dynapse.Input{T: r.T, B: r.B, Counts: r.Input})
	if err != nil {
		t.Fatal(err)
	}
	r.Target, r.Use = [numQuantities][]float64{Vmem: make([]float64, len(run.Vmem)), Spikes: run.Spikes}, [numQuantities]bool{Vmem: true, Spikes: true}
	for i, v := range run.Vmem {
		r.Target[Vmem][i] = gain*v + offset + drift*float64(i/(r.B*2))/float64(r.T)
	}
	r.Gain, r.Offset, r.Drift = Nuisance{Mean: gain}, Nuisance{Mean: offset}, Nuisance{Mean: drift}
	got, err := e.Record(0, truth, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range got.Vmem {
		if math.Abs(v-r.Target[Vmem][i]) > 1e-15 || got.Imem[i] != run.Imem[i] { // rounding of half a volt
			t.Fatalf("sample %d: %v, want %v", i, v, r.Target[Vmem][i])
		}
	}
	list, err := e.Compare(truth, nil)
	if err != nil || len(list) != 2 || list[0].RMS[Vmem] > 1e-15 || list[1].Met != 1 {
		t.Errorf("%+v, %v", list, err)
	}
}
