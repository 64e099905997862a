package fitcmd

import (
	"embed"
	"path/filepath"

	"github.com/surge-snn/surge/models/dynapse/experiment"
)

// example is a recording of a neuron with other currents than the experiment starts from. It was
// made from neuron.toml and input.csv in the same folder by
//
//	surge sim dynapsim --config neuron.toml --input input.csv --out target.npz \
//	  --record input,imem,spikes
//
//go:embed example
var example embed.FS

// demo is the experiment that comes with the program.
func demo(seed *uint64) (*subject, error) {
	e, err := experiment.Read("demo.toml", experiment.Options{Seed: seed, ReadFile: func(path string) ([]byte, error) {
		return example.ReadFile("example/" + filepath.ToSlash(path))
	}})
	if err != nil {
		return nil, err
	}
	return &subject{e}, nil
}
