package nircmd

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
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

// recorded is what a node gave out.
type recorded struct {
	Name   string    `json:"name"`
	Size   int       `json:"size"`
	Total  float64   `json:"total"`
	Active int       `json:"active"` // elements that were not always 0
	Sums   []float64 `json:"sums"`   // over time, of each element
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
	var arrays []files.Array
	var nodes []recorded
	for _, name := range net.Names() {
		v, ok := trace.Values[name]
		if !ok {
			continue
		}
		n := recorded{Name: name, Size: len(v) / max(steps, 1)}
		n.Sums = make([]float64, n.Size)
		seen := make([]bool, n.Size)
		for i, x := range v {
			n.Sums[i%n.Size] += x
			n.Total += x
			seen[i%n.Size] = seen[i%n.Size] || x != 0
		}
		for _, s := range seen {
			if s {
				n.Active++
			}
		}
		nodes = append(nodes, n)
		arrays = append(arrays, columns(c.Out, name, v, steps, n.Size)...)
	}
	if c.Out != "" {
		if err := files.WriteArrays(c.Out, arrays); err != nil {
			return &exit.BadInput{File: "--out " + c.Out, Err: err}
		}
	}
	if c.JSON {
		return json.NewEncoder(k.Stdout).Encode(struct {
			Convention string     `json:"convention"`
			Dt         float64    `json:"dt"`
			Steps      int        `json:"steps"`
			Nodes      []recorded `json:"nodes"`
		}{net.Convention, net.Dt, steps, nodes})
	}
	fmt.Fprintf(k.Stdout, "%d steps of %g, convention of %s\n", steps, net.Dt, net.Convention)
	t := tabwriter.NewWriter(k.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "node\telements\tactive\ttotal")
	for _, n := range nodes {
		fmt.Fprintf(t, "%s\t%d\t%d\t%g\n", n.Name, n.Size, n.Active, n.Total)
	}
	return t.Flush()
}

// columns is the output of a node as arrays of a file: of a .csv, one per element.
func columns(path, name string, v []float64, steps, n int) []files.Array {
	if !strings.HasSuffix(strings.ToLower(path), ".csv") {
		return []files.Array{{Name: name, Shape: []int{steps, n}, Data: v}}
	}
	all := map[int]files.Array{}
	for j := range n {
		a := files.Array{Name: fmt.Sprintf("%s.%d", name, j), Shape: []int{steps}}
		for t := range steps {
			a.Data = append(a.Data, v[t*n+j])
		}
		all[j] = a
	}
	var arrays []files.Array
	for _, j := range slices.Sorted(maps.Keys(all)) {
		arrays = append(arrays, all[j])
	}
	return arrays
}
