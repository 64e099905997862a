package benchcmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/bench/speed"
	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/kernel"
)

// Speed is surge bench speed.
type Speed struct {
	Workload   []string `placeholder:"NAME,..." complete:"workloads" help:"The workloads; default all."`
	Hidden     int      `placeholder:"H" help:"Hidden neurons of the workloads of LIF neurons."`
	Rec        bool     `help:"Add recurrent weights to the workloads of LIF neurons."`
	Active     float64  `placeholder:"P" help:"Share of the inputs that are not 0, 0 to 1."`
	DType      string   `name:"dtype" default:"float32" enum:"float32,float64" help:"Arithmetic: ${enum}."`
	Checkpoint int      `placeholder:"K" help:"Keep every K-th state only."`
	Runs       int      `default:"20" help:"Runs of each pass; default ${default}."`
	Peer       string   `placeholder:"PYTHON" help:"Measure the same workload of other systems in turns, with this Python, which has what bench/speed/peers/requirements.txt and ngclearn.txt list."`
	Table      bool     `help:"Measure all workloads in the sizes that are compared with other systems, and print a table in Markdown; with --peer it has their times."`
	Crossover  bool     `help:"Compare dense with sparse products by the share of inputs that are not 0 and the size."`
	Sizes      []int    `default:"64,256,1024,4096" help:"Sizes of --crossover; default ${default}."`
	Out        string   `placeholder:"FILE" help:"Write the picture of --crossover, .png or .svg, and beside it the numbers as .csv."`
	JSON       bool     `help:"Print a JSON object per workload or point."`
}

// Help is the text under the usage of the command.
func (Speed) Help() string {
	var b strings.Builder
	b.WriteString("Times forward pass, and forward and backward pass, of networks with fixed random inputs. Times are those of this machine, now: compare ratios within one run.\n\n")
	for _, w := range speed.All() {
		fmt.Fprintf(&b, "  %-18s %s\n", w.Name, w.Text)
	}
	b.WriteString(`
Examples:

  surge bench speed
  surge bench speed --workload lif --hidden 1024 --rec
  surge bench speed --workload lif --peer ~/peers/bin/python
  surge bench speed --table --peer ~/peers/bin/python
  surge bench speed --crossover --out crossover.png`)
	return b.String()
}

// Run measures.
func (c *Speed) Run(ctx context.Context, k *kong.Context) error {
	if c.Runs < 1 {
		return &exit.BadInput{File: "--runs", Expected: "a number > 0", Found: fmt.Sprint(c.Runs)}
	}
	if c.Crossover {
		return c.crossover(ctx, k.Stdout)
	}
	list, err := c.list()
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(k.Stdout, 0, 8, 2, ' ', 0)
	switch {
	case c.JSON:
	case c.Table:
		fmt.Fprintln(k.Stdout, speed.Heading)
	default:
		fmt.Fprintf(t, "workload\tshape\tforward (ms)\tforward + backward (ms)\tbuild (s)\tallocs\tpeak (MB)\theld (MB)\tfiring (%%)\n")
	}
	for _, job := range list {
		measured, peers, err := c.measure(ctx, job.Workload, job.Options)
		switch {
		case err != nil:
			return err
		case c.JSON:
			err = json.NewEncoder(k.Stdout).Encode(struct {
				*speed.Result
				Peers []speed.PeerResult `json:"peers,omitempty"`
			}{measured, peers})
		case c.Table:
			err = measured.Markdown(k.Stdout, peers)
		default:
			err = measured.Row(t, peers)
		}
		if err != nil {
			return err
		}
	}
	switch {
	case c.JSON:
		return nil
	case c.Table:
		_, err := fmt.Fprintf(k.Stdout, "\n(least times of %d runs, three of each by turns, on %d cores, %s)\n", c.Runs, runtime.GOMAXPROCS(0), kernel.Instructions())
		return err
	}
	fmt.Fprintf(t, "minimum / median of %d runs on %d cores, %s\n", c.Runs, runtime.GOMAXPROCS(0), kernel.Instructions())
	return t.Flush()
}

// list returns what is to be measured.
func (c *Speed) list() (list []speed.Job, err error) {
	o := speed.Options{Hidden: c.Hidden, Recurrent: c.Rec, Active: c.Active, Float64: c.DType == "float64", Runs: c.Runs, Checkpoint: c.Checkpoint}
	switch {
	case c.Table && (c.Workload != nil || o != speed.Options{Runs: c.Runs}):
		return nil, &exit.BadInput{File: "--table", Expected: "no workload and no size beside it, as the table has its own", Found: "one"}
	case c.Table:
		for _, job := range speed.Compared() {
			job.Options.Runs = c.Runs
			list = append(list, job)
		}
	case c.Workload != nil:
		for _, name := range c.Workload {
			w, err := speed.Find(name)
			if err != nil {
				return nil, &exit.BadInput{File: "--workload", Err: err}
			}
			list = append(list, speed.Job{Workload: w, Options: o})
		}
	default:
		for _, w := range speed.All() {
			list = append(list, speed.Job{Workload: w, Options: o})
		}
	}
	return list, nil
}

// measure measures a workload, alone or beside its peers.
func (c *Speed) measure(ctx context.Context, w speed.Workload, o speed.Options) (*speed.Result, []speed.PeerResult, error) {
	if c.Peer == "" {
		r, err := speed.Measure(ctx, w, o)
		return r, nil, c.failed(err)
	}
	r, peers, err := speed.Beside(ctx, w, o, c.Peer)
	return r, peers, c.failed(err)
}

func (c *Speed) failed(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return &exit.BadInput{File: "surge bench speed", Err: err}
}

// crossover prints the table and draws the picture.
func (c *Speed) crossover(ctx context.Context, out io.Writer) error {
	for _, n := range c.Sizes {
		if n < 1 || n > 1<<14 {
			return &exit.BadInput{File: "--sizes", Expected: "numbers from 1 to 16384", Found: fmt.Sprint(n)}
		}
	}
	var points []speed.Point
	if !c.JSON {
		fmt.Fprintf(out, "%6s %9s %12s %8s\n", "size", "not 0 (%)", "time (ms)", "speed-up")
	}
	err := speed.Crossover(ctx, c.Sizes, speed.Shares, c.Runs, func(p speed.Point) error {
		points = append(points, p)
		if c.JSON {
			return json.NewEncoder(out).Encode(p)
		}
		_, err := fmt.Fprintf(out, "%6d %9.1f %12.3f %8.2f\n", p.N, 100*p.Active, 1e3*p.Seconds, p.Speedup())
		return err
	})
	if err != nil {
		return c.failed(err)
	}
	if c.Out == "" {
		return nil
	}
	if err := speed.WriteCrossover(c.Out, points); err != nil {
		return &exit.BadInput{File: "--out " + c.Out, Err: err}
	}
	return nil
}
