package nircmd

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/models/nir"
)

// Run is surge nir run.
type Run struct {
	source
	stimulus
	Record []string `placeholder:"NODE,..." help:"Nodes whose outputs are written; default: the Output nodes and all that spike."`
	Out    string   `placeholder:"FILE" help:"Write the outputs into .npz (arrays [T, N] by the names of the nodes) or .csv."`
	JSON   bool     `help:"Print a JSON object."`
}

// Help is the text under the usage of the command.
func (Run) Help() string {
	return `Simulates a NIR graph in time steps, in float64, and prints the sum and the spikes of each node. In a loop, the neurons take what comes back in the next step.

Examples:

  surge nir run network.nir --input spikes.npz --out output.npz
  surge nir run network.nir --dt 0.001 --rate 0.1 --steps 1000
  surge nir run network.nir --from snntorch --reset subtract`
}

// Run simulates.
func (c *Run) Run(k *kong.Context) error {
	_, net, err := c.compile()
	if err != nil {
		return err
	}
	inputs, steps, err := c.values(net)
	if err != nil {
		return err
	}
	trace, err := net.Run(inputs, steps, c.Record...)
	if err != nil {
		return &exit.BadInput{File: c.File, Err: err}
	}
	nodes := trace.Activity(net)
	if c.Out != "" {
		if err := files.WriteArrays(c.Out, trace.Arrays(net, strings.HasSuffix(strings.ToLower(c.Out), ".csv"))); err != nil {
			return &exit.BadInput{File: "--out " + c.Out, Err: err}
		}
	}
	if c.JSON {
		return json.NewEncoder(k.Stdout).Encode(struct {
			Convention string         `json:"convention"`
			Dt         float64        `json:"dt"`
			Steps      int            `json:"steps"`
			Notes      []string       `json:"notes"`
			Nodes      []nir.Recorded `json:"nodes"`
		}{net.Convention, net.Dt, steps, append([]string{}, notes(net)...), nodes})
	}
	fmt.Fprintf(k.Stdout, "%d steps of %g, convention of %s\n", steps, net.Dt, net.Convention)
	for _, note := range notes(net) {
		fmt.Fprintln(k.Stdout, "note:", note)
	}
	t := tabwriter.NewWriter(k.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "node\telements\tactive\ttotal")
	for _, n := range nodes {
		fmt.Fprintf(t, "%s\t%d\t%d\t%g\n", n.Name, n.Size, n.Active, n.Total)
	}
	return t.Flush()
}
