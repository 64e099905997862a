package nircmd

import (
	"encoding/json"
	"fmt"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/models/nir"
)

// Check is surge nir check.
type Check struct {
	source
	stimulus
	Peer   []string `placeholder:"NAME,..." complete:"simulators" help:"Simulators to compare with; default all: norse, snntorch, spikingjelly, sinabs, spyx, lava-dl, rockpool, jaxsnn."`
	Strict bool     `help:"End with status 1 where a simulator refuses the file or gives other spikes."`
	JSON   bool     `help:"Print a JSON object."`
}

// Help is the text under the usage of the command.
func (Check) Help() string {
	return `Simulates a NIR graph as the file means it, and as each of the other simulators takes it with its own defaults, and prints the first step and neuron whose spikes are not the same, and why; or why a simulator does not read the file at all. The simulators themselves are not needed.

Examples:

  surge nir check network.nir
  surge nir check network.nir --input spikes.npz --peer norse,snntorch --strict
  surge nir check network.nir --from snntorch --reset subtract --json`
}

// Run checks.
func (c *Check) Run(k *kong.Context) error {
	g, net, err := c.compile()
	if err != nil {
		return err
	}
	inputs, steps, err := c.values(net)
	if err != nil {
		return err
	}
	peers := c.Peer
	if len(peers) == 0 {
		peers = nir.PeerNames
	}
	all, err := nir.Compare(g, net, peers, inputs, steps)
	if err != nil {
		return &exit.BadInput{File: c.File, Err: err}
	}
	differ := 0
	for _, r := range all {
		if !r.Same {
			differ++
		}
	}
	if c.JSON {
		err = json.NewEncoder(k.Stdout).Encode(struct {
			Convention string           `json:"convention"`
			Dt         float64          `json:"dt"`
			Steps      int              `json:"steps"`
			Warnings   []string         `json:"warnings"`
			Peers      []nir.Comparison `json:"peers"`
		}{net.Convention, net.Dt, steps, append(nir.Warnings(g), notes(net)...), all})
	} else {
		err = writeComparisons(k, g, net, steps, all)
	}
	if err == nil && c.Strict && differ > 0 {
		return &exit.Negative{Reason: fmt.Sprintf("%s: %d of %d simulators do something else", c.File, differ, len(all))}
	}
	return err
}

func writeComparisons(k *kong.Context, g *nir.Graph, net *nir.Net, steps int, all []nir.Comparison) error {
	fmt.Fprintf(k.Stdout, "%d steps of %g, convention of %s\n", steps, net.Dt, net.Convention)
	for _, w := range append(nir.Warnings(g), notes(net)...) {
		fmt.Fprintln(k.Stdout, "note:", w)
	}
	for _, r := range all {
		var err error
		switch {
		case r.Refuses != "":
			_, err = fmt.Fprintf(k.Stdout, "%-13s does not read it: %s\n", r.Peer, r.Refuses)
		case r.Same:
			_, err = fmt.Fprintf(k.Stdout, "%-13s the same spikes\n", r.Peer)
		default:
			_, err = fmt.Fprintf(k.Stdout, "%-13s step %d, node %q, neuron %d: %g, here %g\n", r.Peer, r.Step, r.Node, r.Neuron, r.There, r.Here)
			for _, why := range r.Why {
				fmt.Fprintf(k.Stdout, "%-13s   %s\n", "", why)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}
