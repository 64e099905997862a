package inspectcmd

import (
	"io"
	"path/filepath"
	"strings"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/train/experiment"
)

// checkGraph checks --graph and --whole.
func (c *Command) checkGraph() error {
	ext := strings.ToLower(filepath.Ext(c.Graph))
	switch {
	case c.Graph == "" && c.Whole:
		return &exit.BadInput{File: "--whole", Expected: "--graph FILE.dot with it", Found: "nothing"}
	case c.Graph == "":
		return nil
	case c.Config == "":
		return &exit.BadInput{File: "--graph", Expected: "--config FILE, whose program is drawn", Found: "nothing"}
	case ext != ".dot" && ext != ".svg":
		return &exit.BadInput{File: "--graph", Expected: "a file .dot or .svg", Found: c.Graph}
	case ext == ".svg" && c.Whole:
		return &exit.BadInput{File: "--whole", Expected: "--graph FILE.dot: the whole graph is too large for a picture", Found: c.Graph}
	}
	return nil
}

// drawGraph writes the graph of a network into a file, in the format that its name asks for.
func drawGraph(path string, net experiment.Network, whole bool) error {
	n, ok := net.(interface{ Program() *graph.Program })
	if !ok {
		return &exit.BadInput{File: "--graph", Expected: "an experiment that goes through time steps", Found: "one from event to event, which has no graph"}
	}
	p := n.Program()
	write := p.WriteSVG
	if strings.EqualFold(filepath.Ext(path), ".dot") {
		write = func(w io.Writer) error { return p.WriteDOT(w, !whole) }
	}
	if err := files.WriteAtomic(path, write); err != nil {
		return &exit.BadInput{File: "--graph " + path, Err: err}
	}
	return nil
}
