package nircmd

import (
	"fmt"

	"github.com/surge-snn/surge/internal/exit"
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
	return nir.ReadInputs(net, s.Input)
}
