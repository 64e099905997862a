package simcmd

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
)

// config is the configuration file: what it says of the neurons. Fit, Target and Seed are of surge fit.
type config struct {
	Model   string  `toml:"model"`
	Dt      float64 `toml:"dt"` // s
	Network struct {
		Neurons   int     `toml:"neurons"`
		Recurrent bool    `toml:"recurrent"`
		Core      []int   `toml:"core"`
		MaxSpikes float64 `toml:"max_spikes_per_dt"`
		Synapses  *int    `toml:"synapses"`
	} `toml:"network"`
	Init   map[string]any `toml:"init"` // numbers or lists of numbers by the name of a parameter; w_rec is a list of rows
	Seed   any            `toml:"seed"`
	Fit    any            `toml:"fit"`
	Target any            `toml:"target"`
}

// model is the value of the member model, and recurrentWeights the name of those weights in [init] and in input files.
const (
	model            = "dynapsim"
	recurrentWeights = "w_rec"
)

// ReadConfig reads the network of a configuration file; its N is 0 where the file does not say it. Errors are *exit.BadInput.
func ReadConfig(path string) (dynapse.Network, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		if p := (*os.PathError)(nil); errors.As(err, &p) {
			err = p.Err // BadInput names the file
		}
		return dynapse.Network{}, &exit.BadInput{File: path, Err: err}
	}
	return parseConfig(path, string(text))
}

// parseConfig reads a network from a text; file names it in errors, which are *exit.BadInput.
func parseConfig(file, text string) (n dynapse.Network, err error) {
	bad := func(member, expected string, found any) (dynapse.Network, error) {
		return dynapse.Network{}, &exit.BadInput{File: file, Member: member, Expected: expected, Found: fmt.Sprint(found)}
	}
	c := config{Model: model}
	meta, err := toml.Decode(text, &c)
	if p := (toml.ParseError{}); errors.As(err, &p) && p.Message != "" {
		return n, &exit.BadInput{File: file, Member: fmt.Sprintf("line %d", p.Position.Line), Err: errors.New(p.Message)}
	}
	if err != nil {
		return n, &exit.BadInput{File: file, Err: err}
	}
	for _, key := range meta.Undecoded() {
		if top := key[0]; top != "seed" && top != "fit" && top != "target" {
			return bad(key.String(), "one of model, dt, network.neurons, network.recurrent, network.core, network.max_spikes_per_dt, network.synapses, init.NAME", "an unknown key")
		}
	}
	n.N, n.MaxSpikes = c.Network.Neurons, c.Network.MaxSpikes
	switch {
	case c.Model != model:
		return bad("model", model, c.Model)
	case c.Network.Synapses != nil && *c.Network.Synapses != 1 && *c.Network.Synapses != 4:
		return bad("network.synapses", "1 or 4", *c.Network.Synapses)
	case n.N < 0:
		return bad("network.neurons", "a number > 0", n.N)
	case c.Network.Core != nil && n.N > 0 && len(c.Network.Core) != n.N:
		return bad("network.core", fmt.Sprintf("a core for each of the %d neurons", n.N), len(c.Network.Core))
	}
	n.FourSynapses = c.Network.Synapses != nil && *c.Network.Synapses == 4
	known := parameters(n.FourSynapses)
	for _, name := range slices.Sorted(maps.Keys(c.Init)) {
		if name == recurrentWeights {
			if n.WRec, err = matrix(c.Init[name], types(n)); err != nil {
				return bad("init."+name, fmt.Sprintf("a list of N lists of %s numbers", []string{"N", "4N"}[types(n)/4]), err)
			}
			continue
		}
		p, err := dynapse.ParseParam(name)
		if err != nil || !slices.Contains(known, name) {
			return bad("init."+name, "one of "+strings.Join(append(known, recurrentWeights), " "), "an unknown name")
		}
		values, ok := numbers(c.Init[name])
		if !ok || len(values) == 0 {
			return bad("init."+name, "a number or a list of numbers", c.Init[name])
		}
		n.Params[p] = values
	}
	if n.WRec != nil && !c.Network.Recurrent && meta.IsDefined("network", "recurrent") {
		return bad("network.recurrent", "true, as init.w_rec is given", "false")
	}
	if meta.IsDefined("dt") {
		n.Params[dynapse.Dt] = []float64{c.Dt}
	}
	return n, nil
}

// types is the number of synapse types of the neurons.
func types(n dynapse.Network) int {
	if n.FourSynapses {
		return 4
	}
	return 1
}

// parameters returns the names that [init] may have, with four synapse types or one.
func parameters(four bool) (names []string) {
	for p := range dynapse.Param(dynapse.NumParams) {
		if p != dynapse.Dt && (four || int(p) < dynapse.NumSingle) {
			names = append(names, p.String())
		}
	}
	return names
}

// numbers returns a TOML number, or a list of them.
func numbers(value any) ([]float64, bool) {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	var out []float64
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

// matrix returns a TOML list of N lists of N times columns numbers, row-major.
func matrix(value any, columns int) ([]float64, error) {
	list, ok := value.([]any)
	if !ok || len(list) == 0 {
		return nil, fmt.Errorf("%v", value)
	}
	var out []float64
	for i, row := range list {
		values, ok := numbers(row)
		if _, isList := row.([]any); !ok || !isList || len(values) != len(list)*columns {
			return nil, fmt.Errorf("%d rows, of which row %d is %v", len(list), i, row)
		}
		out = append(out, values...)
	}
	return out, nil
}

// readDevice reads the network that a chip is configured as, with four synapse types where it says so or dendrites asks for them.
func readDevice(path string, dendrites bool) (dynapse.Network, chip.Weights, error) {
	f, err := os.Open(path)
	if err != nil {
		if p := (*os.PathError)(nil); errors.As(err, &p) {
			err = p.Err
		}
		return dynapse.Network{}, chip.Weights{}, &exit.BadInput{File: path, Err: err}
	}
	defer f.Close()
	d, err := chip.ReadDevice(f)
	if err == nil {
		var n dynapse.Network
		var in chip.Weights
		network := d.Network
		if dendrites {
			network = d.FourSynapses
		}
		if n, in, err = network(); err == nil {
			return n, in, nil
		}
	}
	return dynapse.Network{}, chip.Weights{}, &exit.BadInput{File: path, Err: err}
}
