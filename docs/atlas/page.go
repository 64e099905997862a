package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/surge-snn/surge/plot"
)

// chips is the number of mismatched chips that are simulated.
const chips = 200

// outcome is what the neuron of an entry does.
type outcome struct {
	entry
	pattern   *pattern
	responses []response
	missing   float64   // of the codes
	share     float64   // of mismatched chips that show the pattern
	point     []float64 // ln of the currents, and these
	values    []float64 // A
}

// judge simulates an entry, and mismatched chips.
func judge(e entry) (outcome, error) {
	o, err := nominal(e)
	if err != nil {
		return o, err
	}
	o.share, _, err = share(o.pattern, wirings[e.Wiring], o.point, chips, 2) // other chips than those of the search
	return o, err
}

// nominal simulates an entry.
func nominal(e entry) (o outcome, err error) {
	i := slices.IndexFunc(patterns, func(p pattern) bool { return p.letter == e.Letter })
	if i < 0 || e.Wiring < 0 || e.Wiring >= len(wirings) || len(e.Codes) != len(currents) {
		return o, fmt.Errorf("entry %q has wiring %d and %d codes", e.Letter, e.Wiring, len(e.Codes))
	}
	o.entry, o.pattern = e, &patterns[i]
	for k, c := range currents {
		b, err := bias(c.Param)
		if err != nil {
			return o, err
		}
		v, err := b.Current(e.Codes[k])
		if err != nil {
			return o, err
		}
		o.point, o.values = append(o.point, math.Log(v)), append(o.values, v)
	}
	w := wirings[e.Wiring]
	err = respond(o.pattern, w, networks(w, o.point), func(_ int, r []response) { o.responses, o.missing = r, o.pattern.lacks(r) })
	return o, err
}

// write writes the page and the figures of entries.
func write(dir string, list []entry) error {
	var b strings.Builder
	b.WriteString(head)
	var reached []string
	var outcomes []outcome
	for _, e := range list {
		o, err := judge(e)
		if err != nil {
			return err
		}
		outcomes = append(outcomes, o)
		if o.missing == 0 {
			reached = append(reached, o.Letter)
		}
	}
	fmt.Fprintf(&b, "%d of %d: %s. The share is that of %d chips, none of which the search has seen, whose currents and constants all differ by 20 %% (standard deviation).\n\n", len(reached), len(patterns), strings.Join(reached, ", "), chips)
	b.WriteString("| | pattern | with | share of chips |\n|---|---|---|---|\n")
	for _, o := range outcomes {
		with, of := wirings[o.Wiring].Name, fmt.Sprintf("%.0f %%", 100*o.share)
		if o.missing > 0 {
			with, of = "not found", "–"
		}
		fmt.Fprintf(&b, "| %s | [%s](#%s) | %s | %s |\n", o.Letter, o.pattern.name, strings.ReplaceAll(o.pattern.name, " ", "-"), with, of)
	}
	for i, o := range outcomes {
		fmt.Fprintf(&b, "\n## %s\n\nAsked for: %s.\n\n", capital(o.pattern.name), o.pattern.words)
		switch {
		case o.missing == 0:
			fmt.Fprintf(&b, "%.0f %% of mismatched chips; %s.", 100*o.share, wirings[o.Wiring].Name)
		default:
			fmt.Fprintf(&b, "Not found: the best attempt misses %.2f (0 is the pattern), with %s.", o.missing, wirings[o.Wiring].Name)
		}
		if o.pattern.wall != "" {
			fmt.Fprintf(&b, " %s.", o.pattern.wall)
		}
		name := "atlas-" + strings.ToLower(o.Letter)
		if err := draw(filepath.Join(dir, name), outcomes[i]); err != nil {
			return err
		}
		fmt.Fprintf(&b, "\n\n![%s](%s.svg)\n\n", capital(o.pattern.name), name)
		var cells []string
		for k, c := range currents {
			cells = append(cells, fmt.Sprintf("%s %v (%.3g A)", c.Param, o.Codes[k], o.values[k]))
		}
		fmt.Fprintf(&b, "%s\n", strings.Join(cells, ", "))
	}
	return os.WriteFile(filepath.Join(dir, "atlas.md"), []byte(b.String()), 0o666)
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// draw shows Imem of each row with its spikes, on both papers.
func draw(file string, o outcome) error {
	f := plot.Traces{Dt: 1e-3, Size: plot.Size{Width: 900, Height: 120 + 180*len(o.responses)}}
	for row, r := range o.responses {
		var y []float64
		for _, v := range r.y {
			y = append(y, math.Exp(v))
		}
		var at []float64
		for _, t := range r.spikes {
			at = append(at, float64(t)*1e-3)
		}
		name := "Imem"
		if len(o.responses) > 1 {
			name = fmt.Sprintf("Imem, stimulus %d", row+1)
		}
		f.Panels = append(f.Panels, plot.TracePanel{Name: name, Unit: "A", Log: true, Traces: []plot.Trace{{Y: y, Spikes: at}}})
	}
	for _, paper := range []string{".svg", ".dark.svg"} {
		if err := f.Write(file + paper); err != nil {
			return err
		}
	}
	return nil
}

const head = `# Atlas of firing patterns

Which of the twenty patterns of Izhikevich 2004 (doi:10.1109/TNN.2004.832719) the neuron of the DynapSE-2 has, in the model that
surge fits. Each is a question with numbers; currents are looked for that answer it, first random ones, then by evolution, then for
many chips, and then codes of the bias generator. Inputs are events in bins of 1 ms, of an exciting and an inhibiting input; weights
are 1. Written by ` + "`go run ./docs/atlas`" + `, which simulates the codes; with ` + "`-search`" + ` it looks for them anew.

A response in which Imem falls by more than 2 e-folds in a bin without a spike does not count: steps of 0.25 ms are too long for
it. *Not found* is what a search of some 5,000 points with each wiring says (of C, E and S it found answers that fall so),
and no proof but where a reason is given.

`
