package inspect

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/train/experiment"
)

// Program describes the training program of an experiment.
type Program struct {
	Name       string      `json:"name"`
	Steps      int         `json:"steps"`             // time steps; 0: from event to event
	Duration   float64     `json:"duration,omitzero"` // s, from event to event
	Batch      int         `json:"batch"`
	Channels   int         `json:"channels"`
	Nodes      int         `json:"nodes"` // of the graph, gradient included
	Layers     []Layer     `json:"layers"`
	Parameters []Parameter `json:"parameters"`
	Size       int         `json:"size"` // elements of all parameters
}

// Layer is a layer and the engine that runs it.
type Layer struct {
	Name     string `json:"name"`
	Kind     string `json:"kind"`
	Engine   string `json:"engine"`
	Fallback bool   `json:"fallback"` // there is no kernel for the engine that was asked for
}

// Parameter is a tensor that is learned.
type Parameter struct {
	Name  string `json:"name"`
	DType string `json:"dtype"`
	Shape []int  `json:"shape"`
}

// Describe describes the program of an experiment; without an experiment or a network, an empty
// one.
func Describe(e *experiment.Experiment, net experiment.Network, channels int) *Program {
	if given.Need("e", e, "net", net) != nil {
		return &Program{}
	}
	r := net.Report()
	p := &Program{
		Name: e.Name, Steps: e.Encode.Steps, Duration: e.Encode.Duration, Batch: e.Train.Batch, Channels: channels, Nodes: r.Nodes,
	}
	for _, l := range r.Layers {
		p.Layers = append(p.Layers, Layer(l))
	}
	for _, name := range net.Params().Names() {
		v := net.Params().Value(name)
		p.Parameters = append(p.Parameters, Parameter{name, v.Dtype().String(), v.Shape()})
		p.Size += v.DataSize()
	}
	return p
}

// Write prints the program for people.
func (p *Program) Write(w io.Writer) error {
	if err := given.Need("a Program of Describe", p, "w", w); err != nil {
		return fmt.Errorf("inspect: %w", err)
	}
	if p.Steps > 0 {
		fmt.Fprintf(w, "%s: input [%d, %d, %d], %d parameters, %d nodes\n", p.Name, p.Steps, p.Batch, p.Channels, p.Size, p.Nodes)
	} else {
		fmt.Fprintf(w, "%s: %g ms from event to event, %d samples, %d channels, %d parameters\n", p.Name, 1e3*p.Duration, p.Batch, p.Channels, p.Size)
	}
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "layer\tkind\tengine")
	for _, l := range p.Layers {
		engine := l.Engine
		if l.Fallback {
			engine += " (it has no kernel)"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\n", l.Name, l.Kind, engine)
	}
	fmt.Fprintln(t, "parameter\ttype\tshape")
	for _, q := range p.Parameters {
		fmt.Fprintf(t, "%s\t%s\t%v\n", q.Name, q.DType, q.Shape)
	}
	return t.Flush()
}
