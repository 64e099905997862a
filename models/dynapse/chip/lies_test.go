package chip

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/hostile"
)

// TestLies: a configuration that says other counts than it has takes no memory for what is not
// there, when it is read and when a network is made of it.
func TestLies(t *testing.T) {
	d := deployed(t)
	var device, rockpool bytes.Buffer
	for _, err := range []error{d.Write(&device), d.WriteRockpool(&rockpool)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	network := func(d *Device, err error) (int, error) {
		if err == nil {
			_, _, _ = d.Network()
			_, _, _ = d.FourSynapses()
		}
		return 0, err
	}
	specified := func(s *Specification, err error) (int, error) {
		if err == nil {
			_, _ = s.Network.Params.Expand(s.Network.N)
			if s.Codes != nil {
				_, _ = Deploy(s.Network, s.Codes, DeploySettings{})
			}
		}
		return 0, err
	}
	t.Run("device.json", func(t *testing.T) {
		hostile.Lies(t, device.Bytes(), func(b []byte) (int, error) { return network(ReadDevice(bytes.NewReader(b))) })
	})
	t.Run("samna", func(t *testing.T) {
		samna := `{"value0": {"chips": [{"cores": {"value0": {"neurons": {"value3": {"synapses": {"value0": {"dendrite": 512, "weight": {"value1": true}, "tag": 4}}}}, "parameters": [{"key": "SOIF_LEAK_N", "value": {"coarseValue": 1, "fineValue": 3}}]}}}]}}`
		hostile.Lies(t, []byte(samna), func(b []byte) (int, error) { return network(ReadSamna(bytes.NewReader(b))) })
	})
	t.Run("Rockpool", func(t *testing.T) {
		hostile.Lies(t, rockpool.Bytes(), func(b []byte) (int, error) { return specified(ReadRockpool(bytes.NewReader(b))) })
	})
	neurons := []byte(`{"Itau_mem": [1e-12, 2e-12], "w_rec": [[0, 1], [1, 0]], "n_neurons": 2, "core_map": [0, 1]}`)
	t.Run("neurons", func(t *testing.T) {
		hostile.Lies(t, []byte(`{"Itau_mem": [1e-12, 2e-12], "w_rec": [[0, 1], [1, 0]]}`), func(b []byte) (int, error) { return specified(ReadRockpool(bytes.NewReader(b))) })
	})
	hostile.Takes(t, "neurons with more", neurons, func(b []byte) (int, error) { return specified(ReadRockpool(bytes.NewReader(b))) })
	path := filepath.Join(t.TempDir(), "a.npz")
	if err := files.WriteArrays(path, []files.Array{{Name: "Itau_mem", Shape: []int{2}, Data: []float64{1e-12, 2e-12}}, {Name: "w_rec", Shape: []int{2, 2}, Data: make([]float64, 4)}}); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	parse := func(b []byte) (int, error) { return specified(ParseRockpool("a.npz", b)) }
	t.Run("npz", func(t *testing.T) { hostile.Lies(t, b, parse) })
	for _, shape := range [][]int{{0, 1 << 20}, {1 << 26, 0}} {
		if err := files.WriteArrays(path, []files.Array{{Name: "Itau_mem", Shape: []int{2}, Data: []float64{1e-12, 2e-12}}, {Name: "w_rec", Shape: shape}}); err != nil {
			continue // it cannot be written, and not be read
		}
		if b, err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
		hostile.Takes(t, "npz of an empty array", b, parse)
	}
}
