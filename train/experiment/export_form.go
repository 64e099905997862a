package experiment

import (
	"fmt"
	"io"
	"strings"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/models/nir"
	"github.com/surge-snn/surge/train/data"
	"github.com/surge-snn/surge/train/export"
)

// Formats are the names of the formats in which a network leaves: a NIR graph, NumPy arrays, a file
// in C.
var Formats = []string{"nir", "npz", "c"}

// Form is a trained network in one of [Formats].
type Form struct {
	Inputs int
	Layers []string // name and number of neurons, "hidden1 (20)"
	Notes  []string // what other readers could take for something else

	write func(path string) error
}

// Write writes the network to a file.
func (f *Form) Write(path string) error {
	if f == nil || f.write == nil {
		return fmt.Errorf("%w: nothing to write, want a Form of ExportForm", export.ErrNetwork)
	}
	return f.write(path)
}

// ExportForm returns the network of the experiment with trained parameters in a format. reader is
// the simulator of nir.Peers that reads the graph, whose parameters are then those that make it
// give the same spikes; "" and "surge" leave them as they are.
//
// Errors: export.ErrNetwork where the format cannot hold the network, nir.ErrMeaning where the
// reader would do something else or takes steps of a network without some, and those of data that
// say how many inputs there are.
func (e *Experiment) ExportForm(format, reader string, params *graph.Params) (*Form, error) {
	if err := e.usable(); err != nil {
		return nil, err
	}
	var channels int
	var target data.Target
	list := len(e.Layer) > 0
	events := e.events()
	if list || events {
		var err error
		if channels, target, err = e.Sizes(); err != nil {
			return nil, err
		}
	}
	if list && format == "nir" {
		f := &Form{Inputs: channels}
		for _, l := range e.Layer {
			f.Layers = append(f.Layers, l.Kind)
		}
		g, err := e.NIR(params, channels)
		return f.graph(g, reader, err)
	}
	n, in := &export.Network{Inputs: channels}, network(nil)
	if events {
		if reader != "" && reader != "surge" {
			return nil, fmt.Errorf("%w: the network has no time steps, and %s takes some: expected the graph for surge, of which surge nir convert FILE --to %s --dt STEP --out NEW makes one with steps", nir.ErrMeaning, reader, reader)
		}
		x, err := e.ExportEvents(params, channels, target)
		if err != nil {
			return nil, err
		}
		n.Layers, in = x.Summary(), x
	} else {
		var err error
		if n, err = e.Export(params, channels); err != nil {
			return nil, err
		}
		in = n
	}
	f := &Form{Inputs: n.Inputs, Layers: n.Names()}
	switch format {
	case "nir":
		g, err := in.NIR()
		return f.graph(g, reader, err)
	case "npz":
		f.write = func(path string) error { return files.WriteArrays(path, in.NPZ()) }
	case "c":
		f.write = func(path string) error { return files.WriteAtomic(path, in.C) }
	default:
		return nil, fmt.Errorf("%w: format %q: expected one of %s", export.ErrNetwork, format, strings.Join(Formats, ", "))
	}
	return f, nil
}

// network is what export.Network and export.Events have in common.
type network interface {
	NPZ() []files.Array
	NIR() (*nir.Graph, error)
	C(w io.Writer) error
}

// graph makes f that of a NIR graph, for a reader.
func (f *Form) graph(g *nir.Graph, reader string, err error) (*Form, error) {
	if err != nil {
		return nil, err
	}
	if reader == "" || reader == "surge" {
		f.Notes = nir.Warnings(g)
	} else {
		convention, err := nir.Surge(g)
		if err != nil {
			return nil, err
		}
		net, err := nir.Compile(g, convention, 0)
		if err != nil {
			return nil, err
		}
		if g, err = nir.Express(g, net, reader, 0); err != nil {
			return nil, err
		}
	}
	f.write = func(path string) error { return nir.Write(path, g) }
	return f, nil
}
