// Command catalogue writes docs/catalogue.md with its figures, and docs/experiment.md, from the
// code: every surrogate, neuron, synapse, loss, readout, encoder, initialiser, optimizer and
// schedule, of time steps and of events, with formula, plot and source.
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
	"reflect"
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
		drawn, err := figure.draw()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for _, paper := range papers {
			if err := drawn.Write(filepath.Join(dir, name+paper)); err != nil {
				return err
			}
		}
	}
	return nil
}

// page returns the page.
func page(root string) ([]byte, error) {
	s, err := load(root)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	surrogates(&b)
	s.section(&b, "Spikes", "What neurons fire at x above the threshold, in time steps.\n\n"+figureOf("spikes", "ops.StepPWL is ops.Firing of a logarithm; ops.SmoothSpike over the area is the mean of ops.StochasticSpike."), "ops", function("spike.go", "firing.go", "stochastic.go", "step_pwl.go"))
	s.section(&b, "Neurons", figureOf("neurons", "Under a constant current, with the default parameters.")+figureOf("winners", "Three units that compete."), "models", neurons)
	peers(&b)
	s.section(&b, "Synapses and other layers", figureOf("synapses", "What one input of 1 makes, with the default parameters. Linear, DelayedLinear, Conv and Pool are sums of their inputs in each step, BatchNorm a straight line and Dropout a mask: they need no figure."), "models", otherLayers)
	s.section(&b, "Losses and regularisers", figureOf("losses", "")+figureOf("counts", "")+figureOf("voltages", ""), "models", losses)
	s.list(&b, "ops", function("loss.go", "regularise.go"))
	s.list(&b, "train", trained)
	s.section(&b, "Readouts (decoders)", figureOf("readouts", "The first steps of a voltage, and of spikes, read out."), "ops", function("readout.go", "until.go"))
	s.encoders(&b)
	s.events(&b)
	s.section(&b, "Initialisers", figureOf("initialisers", "Weights of 100 inputs and 50 outputs, sorted; FluctuationDriven of inputs at 20 Hz."), "models", initialisers)
	s.section(&b, "Optimizers and what stands around them", figureOf("optimizers", "A valley a hundred times steeper across than along, (x² + 100 y²)/2, from (1, 1)."), "optim", transforms)
	s.section(&b, "Schedules", figureOf("schedules", ""), "optim", methods("At"))
	return append([]byte(head(b.Bytes())), linked(b.Bytes())...), nil
}

// head is the beginning of the page, with links to its sections.
func head(page []byte) string {
	var links []string
	for line := range strings.Lines(string(page)) {
		if title, ok := strings.CutPrefix(strings.TrimSpace(line), "## "); ok {
			anchor := strings.NewReplacer(" ", "-", "(", "", ")", "").Replace(strings.ToLower(title))
			links = append(links, fmt.Sprintf("[%s](#%s)", title, anchor))
		}
	}
	return `# Catalogue

` + strings.Join(links, " · ") + `

Written by ` + "`go generate ./docs/catalogue`" + ` from the code and its comments; a test compares.

Sequences are [T, B, N]: time steps, batch rows, neurons. H is the step function with H(0) = 0, x = v - VTh.

`
}

// figureOf shows a figure with a sentence below it.
func figureOf(name, caption string) string {
	text := fmt.Sprintf("![%s](%s.svg)\n", figures[name].alt, name)
	if caption != "" {
		text += "\n" + caption + "\n"
	}
	return text + "\n"
}

func surrogates(b *bytes.Buffer) {
	b.WriteString("## Surrogates\n\n" + figureOf("surrogates", ""))
	b.WriteString("`surrogate.Parse` reads a name, or a name with parameters, as `fast_sigmoid(25)`. Peak, area and support are those of the defaults.\n\n")
	b.WriteString("| name, parameters | slope | antiderivative | peak | area | support | source |\n|---|---|---|---|---|---|---|\n")
	for _, row := range surrogate.Catalogue() {
		surrogateRow(b, row, true)
	}
	b.WriteString("\n### Rules of other libraries\n\n`surrogate.Compat(name, parameters...)`: what their backward pass computes, faults included.\n\n" + figureOf("peers", "Over their peaks, with the default parameters."))
	b.WriteString("| name, parameters | slope | peak | area | support | source |\n|---|---|---|---|---|---|\n")
	for _, row := range surrogate.Peers() {
		surrogateRow(b, row, false)
	}
	b.WriteString("\n")
}

func surrogateRow(b *bytes.Buffer, row surrogate.Row, antiderivative bool) {
	s := row.New()
	var params []string
	for _, p := range row.Params {
		params = append(params, fmt.Sprintf("%s\u00a0=\u00a0%s", p.Symbol, number(p.Default)))
	}
	lo, hi := surrogate.Support(s)
	cells := []string{strings.TrimSpace("`" + row.Name + "` " + strings.Join(params, ", ")), row.Slope}
	if antiderivative {
		cells = append(cells, row.Antiderivative)
	}
	cells = append(cells, number(s.Peak()), number(s.Area()), "["+number(lo)+",\u00a0"+number(hi)+"]", row.Source)
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
	b.WriteString("### Neurons of other libraries\n\n`models.Compat(name, parameters...)`: equal to the library's step by step, for an input x and spikes s, with the names of the library. ")
	b.WriteString("Θ is H with Θ(0) = 1. What is not given at -1 is 0 before the first step. A test computes these lines and compares them with the layers, and the layers with what the packages gave.\n\n")
	b.WriteString(figureOf("libraries", "An input of one form, as strong as the library needs it, with the default parameters: voltages after the step, ticks for steps with a spike."))
	for _, n := range models.PeerNeurons() {
		var params []string
		for _, p := range n.Params {
			params = append(params, fmt.Sprintf("%s\u00a0=\u00a0%s", p.Name, number(p.Value)))
		}
		fmt.Fprintf(b, "#### `%s`\n\n%s: %s.\n\n%s\n%s.\n\n", n.Name, markdown.Replace(strings.Join(params, ", ")), markdown.Replace(n.Doc), formula(n.Equations), markdown.Replace(n.Source))
	}
}

// markdown escapes what stands in names.
var markdown = strings.NewReplacer("_", `\_`, "*", `\*`)

// events writes what networks that go from event to event are made of.
func (c *comments) events(b *bytes.Buffer) {
	b.WriteString("## Events\n\nNetworks without time steps, see [From time steps to events](events.md). Their synapses are those of the neurons' equations, input: w is the weight of a spike that arrives, and initialisers and optimizers are those above and below.\n\n")
	b.WriteString("Neurons, as `equation.Parse` reads them: derivatives, a spike where the threshold is crossed from below, resets, what is held for the refractory time, what an arrival does, starts that are not 0. Those of `eventprop.Layer`, which have a closed form, are equation.LIF with t\\_ref = 0.\n\n" + figureOf("events", "As models.Equations computes them in steps of 0.1 ms: voltages, ticks for spikes; of qif and theta y, where \\|x\\| + \\|y\\| = 1."))
	rows(b, "model.neuron", experiment.EventNeurons)
	c.constants(b, "eventprop/equation")
	b.WriteString("### Readouts of events\n\nOne number of each neuron. No figure: they read the voltages and spikes of the others.\n\n")
	rows(b, "model.readout", experiment.EventReadouts)
	c.list(b, "eventprop", methods("Observe", "Pull"))
	b.WriteString("### Losses of events\n\nOf those numbers; [train.TrainDistance](#traintraindistance) is of all spikes.\n\n" + figureOf("objectives", "Two neurons, one at its target of 10 ms, and the time of the other."))
	c.list(b, "eventprop", methods("Value"))
	b.WriteString("### Silent neurons\n\nWhat brings spikes back that events have no gradient for.\n\n")
	c.list(b, "eventprop", inFile("silence.go"))
}

// rows lists the rows of a catalogue, the choices of a key.
func rows[T any](b *bytes.Buffer, key string, all data.Catalogue[T]) {
	for _, row := range all {
		fmt.Fprintf(b, "- `%s = %q`: %s\n", key, row.Name, markdown.Replace(row.Doc))
	}
	b.WriteString("\n")
}

// encoders writes the encoders in the order of their rows, with the comments of their types.
func (c *comments) encoders(b *bytes.Buffer) {
	b.WriteString("## Encoders\n\n" + figureOf("encoders", "Features from 0 to 1, a row each, and a sine for `delta`, up above, down below. `current`, `taps`, `course` and `none` hand on their values as they are, and need no figure."))
	for _, row := range data.Encoders {
		e, _, err := data.Encoders.New(row.Name, nil)
		if err != nil {
			continue // a test of package data says so
		}
		name := reflect.TypeOf(e).Name()
		c.list(b, "train/data", func(e entry) bool { return e.name == name })
		fmt.Fprintf(b, "`encode.kind = %q`: %s.", row.Name, row.Doc)
		for i, p := range row.Params() {
			fmt.Fprintf(b, "%s `%s = %v` (%s)", map[bool]string{true: " Keys:", false: ","}[i == 0], p.Name, p.Default, p.Doc)
		}
		b.WriteString("\n\n")
	}
}
