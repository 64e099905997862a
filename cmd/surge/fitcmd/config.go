package fitcmd

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
	"github.com/surge-snn/surge/models/dynapse/fit"
)

// config is the experiment file.
type config struct {
	Model   string
	Dt      float64
	Seed    uint64
	Network struct {
		Neurons   int
		Recurrent bool
		Core      []int
		MaxSpikes float64 `toml:"max_spikes_per_dt"`
		Substeps  int
	}
	Init map[string]any
	Fit  struct {
		Parameters []string
		Tie        string
		Method     string
		Starts     int
		DAC        bool
		Mismatch   float64
		Samples    int
		Bounds     map[string][]float64
		Prior      map[string]struct{ Mean, SD float64 }
		Noise      float64
	}
	Target []target
}

// target is a recording, a task, a curve or statistics.
type target struct {
	File      string
	Use       []string
	Neurons   []int
	Unit      map[string]string
	Scale     map[string]float64
	TauSpikes float64 `toml:"tau_spikes"`
	FI        *struct {
		InputRate []float64 `toml:"input_rate"`
		Rate      []float64
		Seconds   float64
	} `toml:"fi"`
	Classes      []int
	Statistics   map[string]float64
	InputRate    float64 `toml:"input_rate"`
	InputCurrent float64 `toml:"input_current"`
	Seconds      float64
}

const (
	model            = "dynapsim"
	recurrentWeights = "w_rec"
	recurrentCodes   = "w_rec_code"
)

// experiment is an experiment file that has been read.
type experiment struct {
	file, text string
	folder     string // of the files that it names
	config     config
	meta       toml.MetaData
	fit.Experiment
	settings fit.Settings
	data     []byte // of the targets, hashed
}

// bad is an error in the experiment file.
func (e *experiment) bad(member, expected string, found any) error {
	return &exit.BadInput{File: e.file, Member: member, Expected: expected, Found: fmt.Sprint(found)}
}

// readExperiment reads an experiment file and its targets.
func readExperiment(path string, seed *uint64) (*experiment, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		if p := (*os.PathError)(nil); errors.As(err, &p) {
			err = p.Err
		}
		return nil, &exit.BadInput{File: path, Err: err}
	}
	e := &experiment{file: path, folder: filepath.Dir(path)}
	if err := e.parse(string(text)); err != nil {
		return nil, err
	}
	if seed != nil {
		e.config.Seed = *seed
	}
	return e, e.build(os.ReadFile)
}

// parse reads and checks the text of the file, without the targets.
func (e *experiment) parse(text string) (err error) {
	e.text = text
	c := &e.config
	c.Model, c.Dt, c.Fit.DAC = model, dynapse.Dt.Default(), true
	e.meta, err = toml.Decode(text, c)
	if p := (toml.ParseError{}); errors.As(err, &p) && p.Message != "" {
		return &exit.BadInput{File: e.file, Member: fmt.Sprintf("line %d", p.Position.Line), Err: errors.New(p.Message)}
	}
	if err != nil {
		return &exit.BadInput{File: e.file, Err: err}
	}
	if keys := e.meta.Undecoded(); len(keys) > 0 {
		return e.bad(keys[0].String(), "one of "+keysOf(keys[0][0]), "an unknown key")
	}
	n := c.Network.Neurons
	switch {
	case c.Model != model:
		return e.bad("model", model, c.Model)
	case !(c.Dt > 0) || math.IsInf(c.Dt, 0):
		return e.bad("dt", "a time in seconds > 0", c.Dt)
	case n < 1 || n > 1024:
		return e.bad("network.neurons", "1 to 1024", n)
	case c.Network.Core != nil && len(c.Network.Core) != n:
		return e.bad("network.core", fmt.Sprintf("a core for each of the %d neurons", n), len(c.Network.Core))
	case !(c.Network.MaxSpikes >= 0):
		return e.bad("network.max_spikes_per_dt", "a number >= 0", c.Network.MaxSpikes)
	case c.Network.Substeps < 0 || c.Network.Substeps > 1000 || e.meta.IsDefined("network", "substeps") && c.Network.Substeps == 0:
		return e.bad("network.substeps", "1 to 1000", c.Network.Substeps)
	case !(c.Fit.Noise >= 0) || math.IsInf(c.Fit.Noise, 0):
		return e.bad("fit.noise", "a standard deviation >= 0", c.Fit.Noise)
	case c.Fit.Starts < 0 || c.Fit.Starts > 10000 || e.meta.IsDefined("fit", "starts") && c.Fit.Starts == 0:
		return e.bad("fit.starts", "1 to 10000", c.Fit.Starts)
	case !(c.Fit.Mismatch >= 0) || c.Fit.Mismatch > 0.3:
		return e.bad("fit.mismatch", "a relative standard deviation, 0 to 0.3", c.Fit.Mismatch)
	case c.Fit.Samples < 0 || c.Fit.Samples > 4096:
		return e.bad("fit.samples", "0 to 4096", c.Fit.Samples)
	case len(c.Target) == 0:
		return e.bad("target", "at least one [[target]]", "none")
	case len(c.Fit.Parameters) == 0:
		return e.bad("fit.parameters", "a list of currents", "none")
	}
	for i, core := range c.Network.Core {
		if core < 0 || core >= chip.MaxCores {
			return e.bad(fmt.Sprintf("network.core[%d]", i), fmt.Sprintf("0 to %d", chip.MaxCores-1), core)
		}
	}
	return nil
}

// keysOf lists the keys under a member of the file.
func keysOf(top string) string {
	switch top {
	case "network":
		return "network.neurons, network.recurrent, network.core, network.max_spikes_per_dt, network.substeps"
	case "fit":
		return "fit.parameters, fit.tie, fit.method, fit.starts, fit.dac, fit.mismatch, fit.samples, fit.bounds, fit.prior, fit.noise"
	case "target":
		return "target.file, target.use, target.neurons, target.unit, target.scale, target.tau_spikes, target.classes, target.fi, target.statistics, target.input_rate, target.input_current, target.seconds"
	}
	return "model, dt, seed, network, init, fit, target"
}

// build makes the experiment; read reads the target files.
func (e *experiment) build(read func(string) ([]byte, error)) error {
	c := &e.config
	e.Space = fit.Space{Core: c.Network.Core, Network: dynapse.Network{N: c.Network.Neurons, MaxSpikes: c.Network.MaxSpikes, Substeps: c.Network.Substeps}}
	e.Noise = c.Fit.Noise
	e.Space.Network.Params[dynapse.Dt] = []float64{c.Dt}
	if err := e.init(); err != nil {
		return err
	}
	if err := e.parameters(); err != nil {
		return err
	}
	if err := e.priors(); err != nil {
		return err
	}
	for i := range c.Target {
		if err := e.target(i, read); err != nil {
			return err
		}
	}
	if c.Network.Recurrent && e.Space.Network.WRec == nil && e.Space.Codes == nil {
		return e.bad("network.recurrent", "w_rec or w_rec_code under [init] or in a target file, as it is true", "none")
	}
	if e.Space.Network.WRec != nil && e.Space.Codes != nil {
		return e.bad("network.recurrent", "either w_rec or w_rec_code", "both")
	}
	for k, b := range e.Space.Bases {
		if b.Fit && e.Space.Codes == nil {
			return e.bad("fit.parameters", "w_rec_code under [init] or in a target file, as base currents of weights are fitted", fmt.Sprintf("Iw_%d alone", k))
		}
	}
	e.settings = fit.Settings{Method: fit.Method(c.Fit.Method), Starts: c.Fit.Starts, Seed: c.Seed, DAC: c.Fit.DAC, Mismatch: c.Fit.Mismatch, Samples: c.Fit.Samples}
	if e.settings.Method != "" && !slices.Contains(fit.Methods(), e.settings.Method) {
		return e.bad("fit.method", "one of "+strings.Trim(fmt.Sprint(fit.Methods()), "[]"), c.Fit.Method)
	}
	return nil
}

// init reads [init].
func (e *experiment) init() error {
	c, n := &e.config, &e.Space.Network
	for _, name := range slices.Sorted(maps.Keys(c.Init)) {
		member := "init." + name
		if name == recurrentWeights {
			if !c.Network.Recurrent {
				return e.bad("network.recurrent", "true, as init.w_rec is given", "false")
			}
			w, ok := matrix(c.Init[name], n.N)
			if !ok {
				return e.bad(member, fmt.Sprintf("%d lists of %d numbers", n.N, n.N), c.Init[name])
			}
			n.WRec = w
			continue
		}
		if name == recurrentCodes {
			if !c.Network.Recurrent {
				return e.bad("network.recurrent", "true, as init.w_rec_code is given", "false")
			}
			list, ok := matrix(c.Init[name], n.N)
			codes, good := codesOf(list, n.N)
			if !ok || !good {
				return e.bad(member, fmt.Sprintf("%d lists of %d codes, whole numbers from -15 to 15", n.N, n.N), c.Init[name])
			}
			e.Space.Codes = codes
			continue
		}
		p, err := dynapse.ParseParam(name)
		base := baseOf(name)
		if base < 0 && (err != nil || p == dynapse.Dt) {
			return e.bad(member, "a parameter of the neuron, such as Itau_mem or C_mem, Iw_0 to Iw_3, w_rec or w_rec_code", "an unknown name")
		}
		v, ok := numbers(c.Init[name])
		if !ok || len(v) != 1 && len(v) != n.N {
			return e.bad(member, fmt.Sprintf("a number or a list of %d numbers", n.N), c.Init[name])
		}
		for _, x := range v {
			if !(x > 0) && !(x == 0 && base < 0 && p.MayBeZero()) || math.IsInf(x, 0) {
				return e.bad(member, "finite numbers > 0", x)
			}
			if (base >= 0 || p.IsCurrent()) && x > 1e-3 {
				return e.bad(member, "a current of at most 1e-3 A: values are in ampere", x)
			}
		}
		if base >= 0 {
			e.Space.Bases[base].Start = v
			continue
		}
		n.Params[p] = v
	}
	return nil
}

// baseOf returns the bit of a base current Iw_0 to Iw_3 of weights, or -1.
func baseOf(name string) int {
	for k := range chip.WeightBits {
		if name == fmt.Sprintf("Iw_%d", k) {
			return k
		}
	}
	return -1
}

// codesOf turns numbers from -15 to 15, [N, N], into codes with signs.
func codesOf(list []float64, n int) (*chip.Codes, bool) {
	c := &chip.Codes{Pre: n, Post: n, Code: make([]uint8, len(list)), Sign: make([]int8, len(list))}
	for i, x := range list {
		if x != math.Trunc(x) || math.Abs(x) >= 1<<chip.WeightBits {
			return nil, false
		}
		c.Code[i], c.Sign[i] = uint8(math.Abs(x)), 1
		if x < 0 {
			c.Sign[i] = -1
		}
	}
	return c, true
}

// parameters reads [fit].
func (e *experiment) parameters() error {
	c := &e.config
	for i, name := range c.Fit.Parameters {
		member := fmt.Sprintf("fit.parameters[%d]", i)
		if slices.Contains(c.Fit.Parameters[:i], name) {
			return e.bad(member, "each parameter once", name+" again")
		}
		if name == recurrentWeights {
			if !c.Network.Recurrent {
				return e.bad("network.recurrent", "true, as w_rec is to be fitted", "false")
			}
			e.Space.Weights = true
			continue
		}
		if base := baseOf(name); base >= 0 {
			e.Space.Bases[base].Fit = true
			continue
		}
		p, err := dynapse.ParseParam(name)
		if err != nil || !p.IsCurrent() && p != dynapse.Iscale {
			return e.bad(member, "a bias current of the simulated neuron, Iw_0 to Iw_3, Iscale or w_rec", name)
		}
		if p == dynapse.IfNMDA {
			return e.bad(member, "a current that acts on a neuron with a single synapse", name)
		}
		e.Space.Params = append(e.Space.Params, p)
	}
	if c.Fit.Tie != "" {
		tie, err := fit.ParseTie(c.Fit.Tie)
		if err != nil {
			return e.bad("fit.tie", "core, neuron or all", c.Fit.Tie)
		}
		e.Space.Tie = tie
	}
	if e.Space.Tie == fit.Neuron {
		if !e.meta.IsDefined("fit", "dac") {
			c.Fit.DAC = false
		}
		if c.Fit.DAC {
			return e.bad("fit.tie", "core or all, as fit.dac is true: neurons of a core share their currents", "neuron")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Fit.Bounds)) {
		b := c.Fit.Bounds[name]
		member := "fit.bounds." + name
		if !slices.Contains(c.Fit.Parameters, name) {
			return e.bad(member, "a fitted parameter", name)
		}
		if name == recurrentWeights && len(b) == 2 && b[0] < b[1] {
			e.Space.WeightBounds = fit.Range{Low: b[0], High: b[1]}
			continue
		}
		if len(b) != 2 || !(b[0] > 0) || !(b[0] < b[1]) || math.IsInf(b[1], 0) {
			return e.bad(member, "[low, high] in ampere, 0 < low < high", b)
		}
		var start []float64
		if base := baseOf(name); base >= 0 {
			e.Space.Bases[base].Bounds, start = fit.Range{Low: b[0], High: b[1]}, e.Space.Bases[base].Start
		} else {
			p, err := dynapse.ParseParam(name)
			if err != nil {
				return e.bad(member, "a fitted parameter", name)
			}
			e.Space.Bounds[p], start = fit.Range{Low: b[0], High: b[1]}, e.Space.Network.Params[p]
		}
		for _, x := range start {
			if x < b[0] || x > b[1] {
				return e.bad("init."+name, fmt.Sprintf("a start within fit.bounds, %v to %v A", b[0], b[1]), x)
			}
		}
	}
	return nil
}

// priors reads fit.prior.
func (e *experiment) priors() error {
	for _, name := range slices.Sorted(maps.Keys(e.config.Fit.Prior)) {
		prior := e.config.Fit.Prior[name]
		member := "fit.prior." + name
		base := baseOf(name)
		p, err := dynapse.ParseParam(name)
		if !slices.Contains(e.config.Fit.Parameters, name) || base < 0 && err != nil {
			return e.bad(member, "a fitted current", name)
		}
		if !(prior.Mean > 0) || prior.Mean > 1e-3 || !(prior.SD > 0) || math.IsInf(prior.SD, 0) {
			return e.bad(member, "{mean = a current in ampere, sd = a standard deviation of its logarithm > 0}", fmt.Sprintf("{mean = %v, sd = %v}", prior.Mean, prior.SD))
		}
		if base >= 0 {
			e.Space.Bases[base].Prior = fit.Prior{Mean: prior.Mean, SD: prior.SD}
		} else {
			e.Space.Priors[p] = fit.Prior{Mean: prior.Mean, SD: prior.SD}
		}
	}
	return nil
}

// numbers returns a TOML number, or a list of them.
func numbers(value any) (out []float64, ok bool) {
	list, isList := value.([]any)
	if !isList {
		list = []any{value}
	}
	for _, x := range list {
		switch x := x.(type) {
		case float64:
			out = append(out, x)
		case int64:
			out = append(out, float64(x))
		default:
			return nil, false
		}
	}
	return out, true
}

// matrix returns a square TOML list of n lists, row-major.
func matrix(value any, n int) (out []float64, ok bool) {
	list, _ := value.([]any)
	for _, row := range list {
		v, ok := numbers(row)
		if !ok || len(v) != n {
			return nil, false
		}
		out = append(out, v...)
	}
	return out, len(list) == n
}
