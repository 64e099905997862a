package experiment

import (
	"strings"
	"testing"

	"github.com/surge-snn/surge/models/dynapse/fit"
)

// TestMeasurement: how a recording was measured is a number, "fit", or a prior.
func TestMeasurement(t *testing.T) {
	config := func(keys string) string {
		return "[network]\nneurons = 1\n[fit]\nparameters = [\"Itau_mem\"]\n[[target]]\nfile = \"target.npz\"\nuse = [\"imem\"]\n" + keys
	}
	read := func(keys string) (*Experiment, error) {
		folder(t, config(keys), array("input", 1), array("imem", 1))
		return Read("fit.toml", Options{})
	}
	e, err := read("gain = \"fit\"\noffset = {mean = 1e-13, sd = 2e-13}\ndrift = 3e-13\nlatency = 0\nstart = \"fit\"")
	if err != nil {
		t.Fatal(err)
	}
	r := e.Recordings[0]
	if r.Gain != (fit.Nuisance{Fit: true}) || r.Offset != (fit.Nuisance{Fit: true, Mean: 1e-13, SD: 2e-13}) || r.Drift != (fit.Nuisance{Mean: 3e-13}) || r.Latency != (fit.Nuisance{}) || !r.Start {
		t.Errorf("%+v %+v %+v %+v %v", r.Gain, r.Offset, r.Drift, r.Latency, r.Start)
	}
	for _, keys := range []string{"gain = \"yes\"", "gain = 0", "gain = nan", "offset = {mean = 1}", "offset = {mean = 1, sd = 0}", "drift = [1]", "latency = -1e-3", "start = \"now\""} {
		name, _, _ := strings.Cut(keys, " ")
		if _, err := read(keys); err == nil || !strings.Contains(err.Error(), "target[0]."+name) {
			t.Errorf("%s: %v", keys, err)
		}
	}
}
