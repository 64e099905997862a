package experiment

import (
	"fmt"
	"math"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
	"github.com/surge-snn/surge/models/dynapse/fit"
)

// File is an experiment file, key by key. A list with one value for all neurons, or one for each,
// is written as a number or a list.
type File struct {
	Model   string         `toml:"model"` // "dynapsim"
	Dt      float64        `toml:"dt"`    // s, of a bin
	Seed    uint64         `toml:"seed"`
	Network Network        `toml:"network"`
	Init    map[string]any `toml:"init"` // numbers or lists by name of a parameter, w_rec, w_rec_code
	Fit     Fit            `toml:"fit"`
	Target  []Target       `toml:"target"`
}

// Network is the table [network].
type Network struct {
	Neurons   int     `toml:"neurons"`
	Synapses  int     `toml:"synapses"`  // 1, or 4: AMPA, GABA, NMDA, SHUNT
	Recurrent *bool   `toml:"recurrent"` // nil: as weights are given
	Core      []int   `toml:"core"`
	MaxSpikes float64 `toml:"max_spikes_per_dt"`
	Substeps  *int    `toml:"substeps"`
}

// Fit is the table [fit].
type Fit struct {
	Parameters []string             `toml:"parameters"`
	Tie        string               `toml:"tie"`
	Method     string               `toml:"method"`
	Starts     *int                 `toml:"starts"`
	DAC        *bool                `toml:"dac"`      // nil: true, but where every neuron has values of its own
	Mismatch   any                  `toml:"mismatch"` // a number, or "infer"
	GivenSD    float64              `toml:"given_sd"` // of ln of what is not fitted, where mismatch is inferred
	Samples    int                  `toml:"samples"`
	Bounds     map[string][]float64 `toml:"bounds"` // [low, high], A
	Prior      map[string]fit.Prior `toml:"prior"`
	Noise      float64              `toml:"noise"`
}

// Target is a table [[target]]: a recording or a task in a file, a curve, or statistics.
type Target struct {
	File         string             `toml:"file"`
	Arrays       map[string]string  `toml:"arrays"` // names in the file of arrays or columns: {vmem = "CH1"}
	Input        string             `toml:"input"`  // a file of the input, or "none"
	Use          []string           `toml:"use"`
	Neurons      []int              `toml:"neurons"`
	Unit         map[string]string  `toml:"unit"`
	Scale        map[string]float64 `toml:"scale"`
	TauSpikes    float64            `toml:"tau_spikes"` // s
	Gain         any                `toml:"gain"`       // a number, "fit", or {mean, sd}
	Offset       any                `toml:"offset"`     // likewise, V or A
	Drift        any                `toml:"drift"`      // likewise, over the recording
	Latency      any                `toml:"latency"`    // likewise, s
	Start        string             `toml:"start"`      // "fit", or "rest"
	Stage        string             `toml:"stage"`      // of the protocol that it was recorded in
	DC           any                `toml:"dc"`         // A, in place of Idc; a list of one for each row; or steps [[s, A], ...]
	FI           *FI                `toml:"fi"`
	Classes      []int              `toml:"classes"`
	Statistics   map[string]float64 `toml:"statistics"`
	InputRate    float64            `toml:"input_rate"`    // Hz
	InputCurrent float64            `toml:"input_current"` // A
	Seconds      float64            `toml:"seconds"`       // of simulation, or of a recording of events
}

// FI is a curve of rates against input rates.
type FI struct {
	InputRate []float64 `toml:"input_rate"` // Hz
	Rate      []float64 `toml:"rate"`       // Hz
	Seconds   float64   `toml:"seconds"`
	Inputs    int       `toml:"inputs"` // draws of the input at each rate; default 4
}

// model is the only value of the key model.
const model = "dynapsim"

// Names of what is no parameter of a neuron.
const (
	recurrentWeights = "w_rec"
	recurrentCodes   = "w_rec_code"
	inputWeights     = "w_in"
)

// defaults is a file without keys.
func defaults() File {
	return File{Model: model, Dt: dynapse.Dt.Default(), Network: Network{Synapses: 1}}
}

// mostNeurons is the largest network of a fit, mostSimulated that of a simulation: four chips.
const (
	mostNeurons   = 1024
	mostSimulated = 4 * mostNeurons
)

// checkNeurons checks what the file says of the neurons.
func (r *reader) checkNeurons() error {
	c := &r.file
	n := c.Network.Neurons
	switch {
	case c.Model != model:
		return r.bad("model", model, c.Model)
	case !(c.Dt > 0) || math.IsInf(c.Dt, 0):
		return r.bad("dt", "a time in seconds > 0", c.Dt)
	case n < 0 || n > mostSimulated:
		return r.bad("network.neurons", fmt.Sprintf("1 to %d", mostSimulated), n)
	case c.Network.Synapses != 1 && c.Network.Synapses != dynapse.SynapseTypes:
		return r.bad("network.synapses", "1 or 4", c.Network.Synapses)
	case c.Network.Core != nil && n > 0 && len(c.Network.Core) != n:
		return r.bad("network.core", fmt.Sprintf("a core for each of the %d neurons", n), len(c.Network.Core))
	case !(c.Network.MaxSpikes >= 0):
		return r.bad("network.max_spikes_per_dt", "a number >= 0", c.Network.MaxSpikes)
	case c.Network.Substeps != nil && (*c.Network.Substeps < 1 || *c.Network.Substeps > 1000):
		return r.bad("network.substeps", "1 to 1000", *c.Network.Substeps)
	}
	for i, core := range c.Network.Core {
		if core < 0 || core >= chip.MaxCores {
			return r.bad(fmt.Sprintf("network.core[%d]", i), fmt.Sprintf("0 to %d", chip.MaxCores-1), core)
		}
	}
	return nil
}

// mismatch reads a standard deviation, or that the mismatch of the neurons is to be inferred; ok is
// false where it is neither.
func (f *Fit) mismatch() (sd float64, infer, ok bool) {
	switch x := f.Mismatch.(type) {
	case nil:
		return 0, false, true
	case string:
		return 0, true, x == "infer"
	case int64:
		sd = float64(x)
	case float64:
		sd = x
	default:
		return 0, false, false
	}
	return sd, false, sd >= 0 && sd <= 0.3
}

// checkFit checks what the file says of the fit.
func (r *reader) checkFit() error {
	c := &r.file
	_, infer, mismatched := c.Fit.mismatch()
	switch {
	case c.Network.Neurons < 1 || c.Network.Neurons > mostNeurons:
		return r.bad("network.neurons", fmt.Sprintf("1 to %d", mostNeurons), c.Network.Neurons)
	case !(c.Fit.Noise >= 0) || math.IsInf(c.Fit.Noise, 0):
		return r.bad("fit.noise", "a standard deviation >= 0", c.Fit.Noise)
	case c.Fit.Starts != nil && (*c.Fit.Starts < 1 || *c.Fit.Starts > 10000):
		return r.bad("fit.starts", "1 to 10000", *c.Fit.Starts)
	case !mismatched:
		return r.bad("fit.mismatch", `a relative standard deviation, 0 to 0.3, or "infer"`, fmt.Sprint(c.Fit.Mismatch))
	case !(c.Fit.GivenSD >= 0) || c.Fit.GivenSD > 1:
		return r.bad("fit.given_sd", "a standard deviation of the logarithm, > 0 and at most 1", c.Fit.GivenSD)
	case c.Fit.GivenSD > 0 && !infer:
		return r.bad("fit.given_sd", `mismatch = "infer", which it belongs to`, "another mismatch")
	case c.Fit.Samples < 0 || c.Fit.Samples > 4096:
		return r.bad("fit.samples", "0 to 4096", c.Fit.Samples)
	case len(c.Target) == 0:
		return r.bad("target", "at least one [[target]]", "none")
	case len(c.Fit.Parameters) == 0:
		return r.bad("fit.parameters", "a list of currents", "none")
	}
	return nil
}
