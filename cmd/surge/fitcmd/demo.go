package fitcmd

import (
	"embed"
	"os"
	"path/filepath"
)

// example is a recording of a neuron with other currents than the experiment starts from. It was made from neuron.toml and input.csv in the same folder by
//
//	surge sim dynapsim --config neuron.toml --input input.csv --out target.npz --record input,imem,spikes
//
//go:embed example
var example embed.FS

// demo is the experiment that comes with the program.
func demo(seed *uint64) (*experiment, error) {
	dir, err := os.MkdirTemp("", "surge-fit-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	for _, name := range []string{"demo.toml", "target.npz"} {
		raw, err := example.ReadFile("example/" + name)
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o600); err != nil {
			return nil, err
		}
	}
	e, err := readExperiment(filepath.Join(dir, "demo.toml"), seed)
	if err != nil {
		return nil, err
	}
	e.file = "demo.toml"
	return e, nil
}
