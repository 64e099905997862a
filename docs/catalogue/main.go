// Command catalogue writes docs/catalogue.md with its figures, and docs/experiment.md, from the
// code: every surrogate, neuron, synapse, loss, readout, encoder, initialiser, optimizer and
// schedule, with formula, plot and source.
//
//	go generate ./docs/catalogue
//
// The test of the package fails where the files are not what the code says.
package main

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/surrogate"
	"github.com/surge-snn/surge/train/data"
	"github.com/surge-snn/surge/train/experiment"
)

//go:generate go run . ../..

func main() {
	root := "."
	if len(os.Args) > 1 {
		root = os.Args[1]
	}
	if err := write(root, filepath.Join(root, "docs")); err != nil {
		fmt.Fprintln(os.Stderr, "catalogue:", err)
		os.Exit(1)
	}
}

// write writes the page and its figures into a folder, from the module at root.
func write(root, dir string) error {
	page, err := page(root)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "catalogue.md"), page, 0o644); err != nil {
		return err
	}
	keys := "# Experiments\n\nAll that a file of `surge train --config` can say: what `surge train --help-config` prints. Written by `go generate ./docs/catalogue`; a test compares.\n\n```toml\n" + experiment.Help() + "```\n"
	if err := os.WriteFile(filepath.Join(dir, "experiment.md"), []byte(keys), 0o644); err != nil {
		return err
	}
	for name, figure := range figures {
		c, err := figure()
		if err != nil {
			return err
		}
		for _, paper := range papers {
			if err := c.Write(filepath.Join(dir, name+paper)); err != nil {
				return err
			}
		}
	}
	return nil
}

// page returns the page.
func page(root string) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(`# Catalogue

Written by ` + "`go generate ./docs/catalogue`" + ` from the code and its comments; a test compares.

Sequences are [T, B, N]: time steps, batch rows, neurons. H is the step function with H(0) = 0, x = v - VTh.

`)
	surrogates(&b)
	s, err := load(root)
	if err != nil {
		return nil, err
	}
	s.section(&b, "Neurons", "![Voltages under a constant current](neurons.svg)\n\nUnder a constant current, with the default parameters.", "models", neurons)
	peers(&b)
	s.section(&b, "Synapses and other layers", "", "models", otherLayers)
	s.section(&b, "Losses and regularisers", "", "models", inFile("losses.go"))
	s.list(&b, "ops", inFile("loss.go", "regularise.go"))
	s.list(&b, "train", inFile("target.go", "distance.go"))
	s.section(&b, "Readouts (decoders)", "", "ops", inFile("readout.go", "until.go"))
	encoders(&b)
	s.section(&b, "Initialisers", "", "models", inFile("init.go", "init_scaled.go"))
	s.section(&b, "Optimizers and what stands around them", "", "optim", methods("Init", "Update"))
	s.section(&b, "Schedules", "![Schedules](schedules.svg)", "optim", methods("At"))
	return b.Bytes(), nil
}

func surrogates(b *bytes.Buffer) {
	b.WriteString("## Surrogates\n\n![Slopes](surrogates.svg)\n\n")
	b.WriteString("`surrogate.Parse` reads a name, or a name with parameters, as `fast_sigmoid(25)`. Peak, area and support are those of the defaults.\n\n")
	b.WriteString("| name | slope | antiderivative | parameters | peak | area | support | source |\n|---|---|---|---|---|---|---|---|\n")
	for _, row := range surrogate.Catalogue() {
		surrogateRow(b, row, true)
	}
	b.WriteString("\n### Rules of other libraries\n\n`surrogate.Compat(name, parameters...)`: what their backward pass computes, faults included.\n\n")
	b.WriteString("| name | slope | parameters | peak | area | support | source |\n|---|---|---|---|---|---|---|\n")
	for _, row := range surrogate.Peers() {
		surrogateRow(b, row, false)
	}
	b.WriteString("\n")
}

func surrogateRow(b *bytes.Buffer, row surrogate.Row, antiderivative bool) {
	s := row.New()
	var params []string
	for _, p := range row.Params {
		params = append(params, fmt.Sprintf("%s = %s", p.Symbol, number(p.Default)))
	}
	lo, hi := surrogate.Support(s)
	cells := []string{"`" + row.Name + "`", row.Slope}
	if antiderivative {
		cells = append(cells, row.Antiderivative)
	}
	cells = append(cells, strings.Join(params, ", "), number(s.Peak()), number(s.Area()), "["+number(lo)+", "+number(hi)+"]", row.Source)
	tableRow(b, cells)
}

func tableRow(b *bytes.Buffer, cells []string) {
	for _, c := range cells {
		c = strings.ReplaceAll(c, "|", `\|`)
		b.WriteString("| " + strings.ReplaceAll(c, "*", `\*`) + " ")
	}
	b.WriteString("|\n")
}

// number prints four digits.
func number(v float64) string {
	switch {
	case math.IsInf(v, 1):
		return "∞"
	case math.IsInf(v, -1):
		return "−∞"
	}
	return strings.Replace(strconv.FormatFloat(v, 'g', 4, 64), "-", "−", 1)
}

func peers(b *bytes.Buffer) {
	b.WriteString("### Neurons of other libraries\n\n`models.Compat(name, parameters...)`: equal to the library's step by step.\n\n")
	b.WriteString("| name | what is particular | parameters | source |\n|---|---|---|---|\n")
	for _, n := range models.PeerNeurons() {
		var params []string
		for _, p := range n.Params {
			params = append(params, fmt.Sprintf("%s = %s", p.Name, number(p.Value)))
		}
		tableRow(b, []string{"`" + n.Name + "`", n.Doc, strings.Join(params, ", "), n.Source})
	}
	b.WriteString("\n")
}

func encoders(b *bytes.Buffer) {
	b.WriteString("## Encoders\n\n`encode.kind` of an experiment; types of package train/data.\n\n| name | what it does | parameters |\n|---|---|---|\n")
	for _, row := range data.Encoders {
		var params []string
		for _, p := range row.Params() {
			params = append(params, fmt.Sprintf("%s = %v (%s)", p.Name, p.Default, p.Doc))
		}
		tableRow(b, []string{"`" + row.Name + "`", row.Doc, strings.Join(params, "; ")})
	}
	b.WriteString("\n")
}
