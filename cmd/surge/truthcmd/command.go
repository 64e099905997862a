// Package truthcmd is the command surge truth: it measures the gradient of the expected loss of a
// network, without any rule for spikes, and how good the rules are.
package truthcmd

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/bench/truth"
	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/experiment"
)

// Command is surge truth.
type Command struct {
	Config     string    `required:"" placeholder:"FILE" help:"The neurons, in TOML, as of surge sim dynapsim."`
	Out        string    `placeholder:"FILE" help:"Write the report there, .json."`
	JSON       bool      `help:"Print the report as JSON in place of a table."`
	Rows       int       `default:"1024" help:"Number of inputs; default ${default}. Truth has standard errors of 1/sqrt of it."`
	Steps      int       `default:"300" help:"Length of an input in time steps; default ${default}."`
	Rate       []float64 `default:"40" placeholder:"HZ,..." help:"Rate of the Poisson input of each neuron, or of each of its four synapse types; default ${default}."`
	Weight     []float64 `default:"1" placeholder:"W,..." help:"Weight of the input, or of each of the four types; default ${default}."`
	Jitter     float64   `default:"0" help:"Standard deviation of ln of the weight of each spike that comes in; default none."`
	Seed       uint64    `default:"1" help:"Determines the inputs and the target; default ${default}."`
	Change     float64   `default:"0.03" help:"The difference h in ln I; default ${default}."`
	Target     float64   `default:"0.3" help:"The target is the same network with ln I of all currents moved by a number from -x to x; default ${default}."`
	Losses     []string  `default:"count,van_rossum,trace" enum:"count,van_rossum,trace" help:"Losses; default ${default}."`
	Rules      []string  `default:"surge-S,surge-T,surge" enum:"rockpool,surge-S,surge-T,surge-mixed,surge" help:"Rules to be judged; default ${default}."`
	Params     []string  `placeholder:"NAME,..." complete:"parameters" help:"Parameters; default all bias currents."`
	SoftFloors bool      `help:"Soft slopes of the bounds in the rules."`
	Clip       float64   `default:"0" help:"Bound of the gradients of rows in surge-T, in medians; default none."`
}

// Help is the text under the usage of the command.
func (Command) Help() string {
	return `The truth is the central difference of the loss over ln I, one current at a time in all neurons, on the same Poisson inputs, and its mean over them: the gradient of the expected loss. It is found for the difference h and for h/2, as a loss may not be settled: where the two disagree (cosine below 0.99, or norms that differ by more than a tenth), it says so, and no rule can be judged more closely than that. With 0.1, van Rossum distance and traces at the defaults are not settled (norm ratio 1.66 and 1.64); with 0.06 it is 1.12 and 1.10, with 0.03 1.006 and 1.002 at errors of 2 %; below, errors grow and nothing else does.

  count        number of spikes
  van_rossum   van Rossum distance to the spikes of the target, 10 time steps
  trace        mean of (ln Imem - ln Imem*)² against the membrane of the target

A rule stands to the truth by the cosine of the angle, the ratio of norms and the share of right signs, over the currents whose truth is larger than three of its standard errors. Iref is judged apart: the loss is a staircase in it, and its truth is the difference over one time step to either side. A current is "inactive here" where its derivatives are exactly zero.

Examples:

  surge truth --config neurons.toml --rows 4096 --out truth.json
  surge truth --config neurons.toml --losses count --rules surge-S --params Itau_mem,Igain_mem --json`
}

// Run measures.
func (c *Command) Run(ctx context.Context, k *kong.Context) error {
	settings, err := c.settings()
	if err != nil {
		return err
	}
	r, err := truth.Measure(ctx, settings)
	if ctx.Err() != nil {
		return exit.ErrInterrupted
	}
	if err != nil {
		return &exit.BadInput{File: c.Config, Err: err}
	}
	if c.Out != "" {
		err := files.WriteAtomic(c.Out, func(w io.Writer) error {
			e := json.NewEncoder(w)
			e.SetIndent("", "  ")
			return e.Encode(r)
		})
		if err != nil {
			return &exit.BadInput{File: "--out " + c.Out, Err: err}
		}
	}
	if c.JSON {
		return json.NewEncoder(k.Stdout).Encode(r)
	}
	return r.Text(k.Stdout)
}

// settings reads the flags.
func (c *Command) settings() (truth.Settings, error) {
	bad := func(flag, expected string, found any) error {
		return &exit.BadInput{File: "--" + flag, Expected: expected, Found: fmt.Sprint(found)}
	}
	net, _, err := experiment.ReadNetwork(c.Config)
	if err != nil {
		return truth.Settings{}, err
	}
	if net.N == 0 {
		net.N = 1
	}
	net.SoftFloors, net.Clip = c.SoftFloors, c.Clip
	types := 1
	if net.FourSynapses {
		types = 4
	}
	const most = 1 << 40 // elements; far beyond any memory, and their product is a number
	switch {
	case c.Rows < 1 || c.Rows > most/max(c.Steps, 1):
		return truth.Settings{}, bad("rows", "a number > 0", c.Rows)
	case c.Steps < 1:
		return truth.Settings{}, bad("steps", "a number > 0", c.Steps)
	case !(c.Jitter >= 0) || c.Jitter > 10:
		return truth.Settings{}, bad("jitter", "a number >= 0, 10 at most", c.Jitter)
	case !(c.Change > 0) || c.Change > 10:
		return truth.Settings{}, bad("change", "a number > 0, 10 at most", c.Change)
	case !(c.Target >= 0) || c.Target > 10:
		return truth.Settings{}, bad("target", "a number >= 0, 10 at most", c.Target)
	}
	s := truth.Settings{
		Config: c.Config, Rows: c.Rows, Steps: c.Steps, Rate: c.Rate, Weight: c.Weight, Jitter: c.Jitter, Seed: c.Seed, Change: c.Change, Target: c.Target,
		SoftFloors: c.SoftFloors, Clip: c.Clip, Losses: c.Losses, Rules: c.Rules, Net: net,
	}
	for _, l := range []struct {
		flag string
		v    []float64
		dst  *[]float64
	}{{"rate", c.Rate, &s.Rate}, {"weight", c.Weight, &s.Weight}} {
		if len(l.v) != 1 && len(l.v) != types {
			return truth.Settings{}, bad(l.flag, fmt.Sprintf("1 or %d numbers", types), l.v)
		}
		for _, x := range l.v {
			if x-x != 0 || l.flag == "rate" && x < 0 {
				return truth.Settings{}, bad(l.flag, "finite numbers, and rates >= 0", l.v)
			}
		}
		if len(l.v) < types {
			*l.dst = slices.Repeat(l.v, types)
		}
	}
	for _, name := range c.Params {
		p, err := dynapse.ParseParam(name)
		if err != nil {
			return truth.Settings{}, bad("params", "names of parameters", name)
		}
		s.Params = append(s.Params, p)
	}
	if s.Params == nil {
		for p := range dynapse.Param(dynapse.NumParams) {
			if p.IsCurrent() && (net.FourSynapses || int(p) < dynapse.NumSingle) {
				s.Params = append(s.Params, p)
			}
		}
	}
	for _, name := range c.Rules {
		if _, err := dynapse.ParseRule(name); err != nil {
			return truth.Settings{}, bad("rules", "names of rules", name)
		}
	}
	return s, nil
}
