package experiment

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/hostile"
	"github.com/surge-snn/surge/models/dynapse"
)

// TestLies: a recording or an experiment that says other counts than it has takes no memory for
// what is not there.
func TestLies(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.npz")
	if err := files.WriteArrays(path, []files.Array{array("input", 2), array("imem", 2), array("spikes", 2)}); err != nil {
		t.Fatal(err)
	}
	npz, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	nwb, err := os.ReadFile("testdata/scope.nwb")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		content []byte
		target  Target
		n       int
	}{
		"a.npz":      {npz, Target{}, 2},
		"events.csv": {[]byte("time,neuron,trial\n0.0010,0,0\n0.0124,1,3\n"), Target{Input: "none"}, 2},
		"table.txt":  {[]byte("# x\nt;vmem\nms;mV\n0,1;2,5\n0,2;3\n1,2;3\n"), Target{Input: "none"}, 1},
		"dc.csv":     {[]byte("time,trial,dc,imem\n0,0,1e-9,1e-9\n0.02,0,,2e-9\n0,1,0,3e-9\n0.002,1,0,3e-9\n"), Target{}, 1},
		"trials.csv": {[]byte("time,trial,input,imem\n0,0,1,1e-9\n0.002,0,0,2e-9\n0,1,0,3e-9\n0.002,1,0,3e-9\n"), Target{}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			hostile.Lies(t, c.content, func(b []byte) (decoded int, err error) {
				r, err := ParseRecording(name, b, dynapse.Network{N: c.n}, c.target)
				if err != nil {
					return 0, err
				}
				return 8 * (len(r.Input) + len(r.Weight) + len(r.DC) + r.T*r.B*(c.n+1)), nil
			})
		})
	}
	t.Run("a.nwb", func(t *testing.T) {
		hostile.Lies(t, nwb, func(b []byte) (decoded int, err error) {
			d := data{path: "a.nwb", network: dynapse.Network{N: 2}, dt: 1e-3, target: &Target{}}
			c, err := d.parse("a.nwb", b)
			if err != nil {
				return 0, err
			}
			for _, a := range c.arrays {
				decoded += 8 * len(a.Data)
			}
			return decoded, nil
		})
	})
	t.Run("fit.toml", func(t *testing.T) {
		hostile.Lies(t, []byte(whole), func(b []byte) (int, error) {
			_, _, err := ParseNetwork("fit.toml", string(b))
			_, _ = Parse("fit.toml", string(b), Options{ReadFile: func(string) ([]byte, error) { return npz, nil }})
			return 0, err
		})
	})
	t.Run("input.npz", func(t *testing.T) {
		input := filepath.Join(t.TempDir(), "input.npz")
		if err := files.WriteArrays(input, []files.Array{array("input", 2)}); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(input)
		if err != nil {
			t.Fatal(err)
		}
		hostile.Lies(t, b, func(b []byte) (int, error) {
			if err := os.WriteFile(input, b, 0o600); err != nil {
				t.Fatal(err)
			}
			in, _, err := ReadInput(input, dynapse.Network{N: 2}, nil)
			if err != nil {
				return 0, err
			}
			return 8 * len(in.Counts), nil
		})
	})
}

// TestHole: a file that is longer than an experiment is refused by its length, before it is read.
func TestHole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fit.toml")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, files.MaxText+1); err != nil {
		t.Skip(err)
	}
	if _, err := Read(path, Options{}); !errors.Is(err, files.ErrTooLarge) {
		t.Errorf("%v, want ErrTooLarge", err)
	}
}
