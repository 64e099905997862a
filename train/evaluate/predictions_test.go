package evaluate_test

import (
	"path/filepath"
	"reflect"
	"testing"

	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/data"
	"github.com/surge-snn/surge/train/evaluate"
)

// Recordings of samples of different lengths are arrays that say where each ends.
func TestRecordedArrays(t *testing.T) {
	for name, c := range map[string]struct {
		samples []train.Recorded
		want    map[string][]float64
	}{
		"steps": {
			[]train.Recorded{{Name: "h.v", Neurons: 2, Values: []float64{1, 2}}, {Name: "h.v", Neurons: 2, Values: []float64{3, 4, 5, 6}}},
			map[string][]float64{"h.v": {1, 2, 0, 0, 3, 4, 5, 6}, "steps": {1, 2}},
		},
		"events": {
			[]train.Recorded{{Name: "h.spikes", Neurons: 2, Spikes: []data.Spike{{Time: 1, Channel: 1}}}, {Name: "h.spikes", Neurons: 2}, {Name: "h.spikes", Neurons: 2, Spikes: []data.Spike{{Time: 2}, {Time: 3, Channel: 1}}}},
			map[string][]float64{"h.spikes.times": {1, 2, 3}, "h.spikes.neurons": {1, 0, 1}, "h.spikes.offsets": {0, 1, 1, 3}},
		},
	} {
		var all evaluate.Predictions
		for _, r := range c.samples {
			all.Add(&train.Prediction{Class: -1, Recorded: []train.Recorded{r}})
		}
		dir := t.TempDir()
		path := filepath.Join(dir, "y.npz")
		if err := all.Write(path, nil); err != nil {
			t.Fatal(err)
		}
		arrays, err := files.ReadArrays(path)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string][]float64{}
		for _, a := range arrays[2:] { // behind class and out
			got[a.Name] = a.Data
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		if err := all.Write(filepath.Join(dir, "y.csv"), nil); err == nil {
			t.Errorf("%s: no error of a .csv", name)
		}
	}
}
