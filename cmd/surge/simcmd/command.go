// Package simcmd is the command surge sim: it simulates neurons on recorded or made-up input and
// writes their traces.
package simcmd

import (
	"github.com/surge-snn/surge/models/dynapse/simulate"

	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
)

// Command is surge sim.
type Command struct {
	DynapSim DynapSim `cmd:"" name:"dynapsim" help:"Neurons of the DynapSE-2 chip, for example: surge sim dynapsim --config neurons.toml --input spikes.npz --plot traces.png"`
}

// DynapSim is surge sim dynapsim.
type DynapSim struct {
	Config    string   `xor:"network" required:"" placeholder:"FILE" help:"The neurons, in TOML."`
	Device    string   `xor:"network" required:"" placeholder:"FILE" help:"The neurons and their connections as a chip is configured, in JSON: simulates what its codes stand for."`
	Input     string   `required:"" placeholder:"FILE" help:"Spikes that come in, .npz, .npy or .csv."`
	Out       string   `placeholder:"FILE" help:"Write the traces there, .npz."`
	Plot      string   `placeholder:"FILE" help:"Draw the traces there, .png or .svg."`
	Record    []string `default:"input,imem,isyn,iahp,vmem,spikes,igaba,inmda,ishunt" enum:"input,imem,isyn,iahp,vmem,spikes,igaba,inmda,ishunt" help:"What --out holds, as far as the neurons have it; default ${default}."`
	Row       int      `default:"0" help:"Row of the batch to draw; default ${default}."`
	Show      []int    `placeholder:"N,..." help:"Neurons to draw; default the first seven."`
	Dendrites bool     `help:"Simulate the four dendrites of the chip with --device, also where it uses AMPA and GABA alone, which is one synapse with signed weights otherwise."`
	JSON      bool     `help:"Print a JSON object that says what came out."`
}

// Help is the text under the usage of the command.
func (DynapSim) Help() string {
	return `The configuration is that of surge fit, whose file can be used as it is; what it says of a fit is checked and not used:

  dt = 1e-3                  # s
  [network]
  neurons = 4                # default: as many as the input has
  substeps = 1               # steps of the simulation in a bin
  max_spikes_per_dt = 0      # bound of the spikes of a neuron in a step; 0: none
  synapses = 1               # 4: AMPA, GABA, NMDA and SHUNT, each with weights of its own
  [init]                     # a number for all neurons, or a list of one each; what is not named has its default
  Itau_mem = 5e-12           # A
  C_mem = 3e-12              # F
  w_rec = [[0, 1], [1, 0]]   # recurrent weights, w_rec[pre][post]; default: none; or 4-bit codes w_rec_code from -15 to 15
  Iw_0 = 1e-9                # A, base currents Iw_0 to Iw_3 of the codes

The array "input" of the input file, [B, T, N] or [T, N], holds spike counts of each step that are multiplied with weights of 1; with the weights "w_in" [channels, N] in the same file it is [B, T, channels] or [T, channels]. "w_rec" [N, N] are recurrent weights, here or in the configuration. In a .csv each column is a neuron; a .npy is the array "input".

With synapses = 4 a neuron has four columns in place of one, in the order AMPA, GABA, NMDA, SHUNT: an input without w_in is [B, T, 4N] or [B, T, N, 4], w_in is [channels, 4N] or [channels, N, 4], and w_rec [N, 4N] or [N, N, 4]. Itau_syn, Igain_syn and C_syn are those of AMPA; the others are Itau_gaba, Igain_nmda, C_shunt and so on, and If_nmda is the membrane current at which half of NMDA passes. isyn is then the current of AMPA, with igaba, inmda and ishunt beside it. A chip with NMDA or SHUNT synapses is simulated so too.

The traces are arrays [B, T, N]: imem (A, after the reset), isyn and iahp (A), vmem (V, before the reset), spikes (counts), and the weighted input (with w_in under [init]: the input as it came). They can be a target of surge fit. The figure shows the membrane and synaptic currents of one row on logarithmic axes, with spikes and thresholds.

Examples:

  surge sim dynapsim --config neurons.toml --input spikes.npz --out traces.npz --plot traces.png
  surge sim dynapsim --device chip.json --input spikes.csv --plot traces.svg --show 0,5`
}

// Run simulates.
func (c *DynapSim) Run(ctx context.Context, k *kong.Context) error {
	s, err := c.simulation()
	if err != nil {
		return err
	}
	run, err := s.Run()
	if err != nil {
		return &exit.BadInput{File: c.Config + c.Device, Err: err}
	}
	if ctx.Err() != nil {
		return exit.ErrInterrupted
	}
	traces := s.Traces(run)
	if c.Out != "" {
		kept := slices.DeleteFunc(slices.Clone(traces), func(a files.Array) bool { return !slices.Contains(c.Record, a.Name) })
		if err := files.WriteArrays(c.Out, kept); err != nil {
			return &exit.BadInput{File: "--out " + c.Out, Err: err}
		}
	}
	if c.Plot != "" {
		figure, err := s.Figure(run, c.Row, c.Show)
		if err == nil {
			err = figure.Write(c.Plot)
		}
		if bad := (*exit.BadInput)(nil); errors.As(err, &bad) {
			return err
		}
		if err != nil {
			return &exit.BadInput{File: "--plot " + c.Plot, Err: err}
		}
	}
	r := s.Report(run)
	if c.JSON {
		return json.NewEncoder(k.Stdout).Encode(r)
	}
	_, err = fmt.Fprintf(k.Stdout, "%d rows, %d steps of %v s, %d neurons: %v spikes, %.4g Hz in the mean\n", r.Rows, r.Steps, r.Dt, r.Neurons, r.Spikes, r.Rate)
	return err
}

// simulation puts the network and the input together.
func (c *DynapSim) simulation() (*simulate.Simulation, error) {
	if c.Device == "" {
		s, err := simulate.Of(c.Config, c.Input)
		if err == nil && c.Dendrites && !s.Network.FourSynapses {
			err = &exit.BadInput{File: "--dendrites", Expected: "--device, or network.synapses = 4 in " + c.Config, Found: "one synapse"}
		}
		return s, err
	}
	n, in, err := simulate.ReadDevice(c.Device, c.Dendrites)
	if err != nil {
		return nil, err
	}
	return simulate.New(n, in, c.Input)
}
