package nircmd

import (
	"fmt"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/models/nir"
)

// stimulus is what goes into a graph.
type stimulus struct {
	Input string  `placeholder:"FILE" help:"Values of the inputs in .npz, .npy or .csv: arrays [T, ...] by the names of the Input nodes; where there is one of each, the name does not matter. Default: random spikes."`
	Steps int     `default:"100" help:"Steps of random input; default ${default}."`
	Rate  float64 `default:"0.2" help:"Probability of a spike in a step, random input; default ${default}."`
	Seed  uint64  `default:"1" help:"Of the random input; default ${default}."`
}

// values returns the values of the inputs and the number of steps.
func (s stimulus) values(net *nir.Net) (map[string][]float64, int, error) {
	if s.Input == "" {
		if s.Steps <= 0 || s.Steps > 1<<24 {
			return nil, 0, &exit.BadInput{File: "--steps", Expected: "1 to 16777216", Found: fmt.Sprint(s.Steps)}
		}
		if !(s.Rate >= 0 && s.Rate <= 1) {
			return nil, 0, &exit.BadInput{File: "--rate", Expected: "a probability", Found: fmt.Sprint(s.Rate)}
		}
		return nir.RandomInput(net, s.Steps, s.Rate, s.Seed), s.Steps, nil
	}
	arrays, err := files.ReadArrays(s.Input)
	if err != nil {
		return nil, 0, &exit.BadInput{File: s.Input, Err: err}
	}
	inputs, steps := map[string][]float64{}, -1
	for _, name := range net.Inputs {
		a := files.Array{}
		if len(net.Inputs) == 1 && len(arrays) == 1 {
			a = arrays[0]
		} else if a, err = files.Lookup(arrays, name); err != nil {
			return nil, 0, &exit.BadInput{File: s.Input, Err: err}
		}
		shape, width := net.Shape(name), 1
		for _, k := range shape {
			width *= k
		}
		bad := &exit.BadInput{File: s.Input, Member: a.Name, Expected: fmt.Sprintf("shape [T, ...] with %v elements in a step, as the input %q has", shape, name), Found: fmt.Sprint(a.Shape)}
		if len(a.Shape) == 0 || width == 0 || len(a.Data) != a.Shape[0]*width {
			return nil, 0, bad
		}
		if steps >= 0 && a.Shape[0] != steps {
			bad.Expected = fmt.Sprintf("%d steps, as the input before", steps)
			return nil, 0, bad
		}
		inputs[name], steps = a.Data, a.Shape[0]
	}
	return inputs, max(steps, 0), nil
}
