package chip

import (
	"errors"
	"fmt"
	"math"

	"github.com/surge-snn/surge/models/dynapse"
)

// The size of the chip: a DynapSE-2 board has up to 4 chips.
const (
	MaxChips              = 4
	CoresPerChip          = 4
	MaxCores              = MaxChips * CoresPerChip
	NeuronsPerCore        = 256
	SynapsesPerNeuron     = 64   // entries in the memory of incoming connections (CAM)
	DestinationsPerNeuron = 4    // entries in the memory of outgoing connections (SRAM)
	Tags                  = 2048 // 11 bits
)

// ErrFit signifies a network that is larger than the chip in some respect; the message names all of
// them.
var ErrFit = errors.New("chip: does not fit")

// Cores gives each neuron a core. All neurons of a core share their bias currents, so that neurons
// come to the same core if all their currents are equal; cores are filled in the order of the
// neurons, up to 256 each.
//
// The error is [ErrFit] where that takes more than 16 cores: many neurons, or neurons that differ.
// [SpreadCores] and [Tie] force them together.
func Cores(n dynapse.Network) ([]int, error) {
	full, err := n.Params.Expand(n.N)
	if err != nil {
		return nil, err
	}
	type currents [dynapse.NumParams]float64
	var kinds []currents // of each core
	var count []int
	core := make([]int, n.N)
	for j := range core {
		var mine currents
		for p := range mine {
			if dynapse.Param(p).CurrentOf(n.FourSynapses) {
				mine[p] = full[p][j]
			}
		}
		c := 0
		for c < len(kinds) && (kinds[c] != mine || count[c] == NeuronsPerCore) {
			c++
		}
		if c == MaxCores {
			return nil, fmt.Errorf("%w: %d neurons of different bias currents need more than %d cores; neuron %d finds no place", ErrFit, n.N, MaxCores, j)
		}
		if c == len(kinds) {
			kinds, count = append(kinds, mine), append(count, 0)
		}
		core[j] = c
		count[c]++
	}
	return core, nil
}

// SpreadCores gives n neurons cores in their order, the same number on each of the given number of
// cores up to 1. With 0 cores it takes as few as possible. It is the greedy clustering of Rockpool.
// The error is [ErrFit] where they do not fit, and [dynapse.ErrParameter] for numbers that are
// negative.
func SpreadCores(n, cores int) ([]int, error) {
	if n < 0 || cores < 0 {
		return nil, fmt.Errorf("%w: %d neurons on %d cores", dynapse.ErrParameter, n, cores)
	}
	if cores == 0 {
		cores = (n-1)/NeuronsPerCore + 1
	}
	if cores > MaxCores || n > cores*NeuronsPerCore {
		return nil, fmt.Errorf("%w: %d neurons on %d cores, there are %d cores of %d neurons", ErrFit, n, cores, MaxCores, NeuronsPerCore)
	}
	core := make([]int, n)
	for j := range core {
		core[j] = j * cores / n
	}
	return core, nil
}

// Tied says how far the neurons of a core were from its common value of a current.
type Tied struct {
	Core   int
	Param  dynapse.Param
	Value  float64 // A
	Spread float64 // largest ratio of a neuron's current to the value, or the value to it, minus 1
}

// Tie returns the network with the currents of each core tied to one value, their geometric mean
// (the arithmetic mean where one of them is 0). core[j] is the core of neuron j. The second result
// lists the currents that changed.
//
// The error is [dynapse.ErrParameter] for a core that is not 0 to 15, or parameters that do not
// fit.
func Tie(n dynapse.Network, core []int) (dynapse.Network, []Tied, error) {
	full, err := n.Params.Expand(n.N)
	if err != nil {
		return n, nil, err
	}
	cores, err := checkNetwork(Weights{}, Weights{}, core)
	if err == nil && len(core) != n.N {
		err = fmt.Errorf("%w: cores of %d neurons, want %d", dynapse.ErrParameter, len(core), n.N)
	}
	if err != nil {
		return n, nil, err
	}
	members := make([][]int, cores)
	for j, c := range core {
		members[c] = append(members[c], j)
	}
	var changed []Tied
	for p := range dynapse.Param(dynapse.NumParams) {
		if len(n.Params[p]) <= 1 || !p.CurrentOf(n.FourSynapses) {
			continue // equal already
		}
		values := make([]float64, n.N)
		for c, list := range members {
			if len(list) == 0 {
				continue
			}
			value := mean(full[p], list)
			spread := 0.0
			for _, j := range list {
				values[j] = value
				if x := full[p][j]; x != value {
					spread = max(spread, x/value-1, value/x-1)
				}
			}
			if spread > 0 {
				changed = append(changed, Tied{c, p, value, spread})
			}
		}
		n.Params[p] = values
	}
	return n, changed, nil
}

// mean returns the geometric mean of the values in list, relative to the first so that equal values
// give exactly that; the arithmetic one where a value is 0.
func mean(values []float64, list []int) float64 {
	first := values[list[0]]
	sum, logs := 0.0, 0.0
	for _, j := range list {
		sum += values[j]
		logs += math.Log(values[j] / first)
	}
	if first > 0 && !math.IsInf(logs, 0) {
		return first * math.Exp(logs/float64(len(list)))
	}
	return sum / float64(len(list))
}
