package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/surge-snn/surge/eventprop/equation"
)

func main() {
	nets := flag.Int("nets", 200, "networks of each neuron")
	only := flag.String("neuron", "", "one neuron alone")
	asJSON := flag.Bool("json", false, "print JSON")
	flag.Parse()
	if err := run(os.Stdout, *nets, *only, *asJSON); err != nil {
		fmt.Fprintln(os.Stderr, "neurons:", err)
		os.Exit(1)
	}
}

// Bounds of the relative differences.
const (
	mostMedian = 1e-9
	mostOf999  = 1e-6
)

var errBound = errors.New("a bound is not met")

// row is what was measured of a neuron.
type row struct {
	Neuron      string  `json:"neuron"`
	Nets        int     `json:"nets"`
	Silent      int     `json:"silent"` // networks without a spike
	Spikes      int     `json:"spikes"`
	Derivatives int     `json:"derivatives"`
	Skipped     int     `json:"skipped"` // not smooth within the difference
	Median      float64 `json:"median"`
	Of99        float64 `json:"of_99"`
	Of999       float64 `json:"of_99_9"`
	Largest     float64 `json:"largest"`
	Worst       string  `json:"worst"`
}

func run(w io.Writer, nets int, only string, asJSON bool) error {
	if nets < 1 {
		return fmt.Errorf("%d networks, want at least 1", nets)
	}
	var rows []row
	var failed error
	for _, p := range population {
		if only != "" && p.name != only {
			continue
		}
		r, err := p.measure(nets)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		if !(r.Median <= mostMedian && r.Of999 <= mostOf999) {
			failed = fmt.Errorf("%w: %s has a median of %.1e, want %.0e, and 99.9 %% below %.1e, want %.0e", errBound, p.name, r.Median, mostMedian, r.Of999, mostOf999)
		}
		rows = append(rows, r)
		if !asJSON {
			if len(rows) == 1 {
				fmt.Fprintf(w, "%-11s %6s %7s %12s %8s %9s %9s %9s %9s  %s\n", "neuron", "nets", "spikes", "derivatives", "skipped", "median", "99 %", "99.9 %", "largest", "at")
			}
			fmt.Fprintf(w, "%-11s %6d %7d %12d %8d %9.1e %9.1e %9.1e %9.1e  %s\n", r.Neuron, r.Nets, r.Spikes, r.Derivatives, r.Skipped, r.Median, r.Of99, r.Of999, r.Largest, r.Worst)
		}
	}
	if rows == nil {
		return fmt.Errorf("no neuron is called %q, want one of %v", only, equation.Builtins())
	}
	if asJSON {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		if err := e.Encode(rows); err != nil {
			return err
		}
	}
	return failed
}

// summarize fills in the statistics of differences.
func (r *row) summarize(differences []difference) {
	r.Derivatives = len(differences)
	if r.Derivatives == 0 {
		return
	}
	slices.SortFunc(differences, func(a, b difference) int {
		switch {
		case a.size < b.size:
			return -1
		case a.size > b.size:
			return 1
		}
		return 0
	})
	at := func(part float64) float64 { return differences[int(part*float64(len(differences)-1))].size }
	last := differences[len(differences)-1]
	r.Median, r.Of99, r.Of999, r.Largest, r.Worst = at(0.5), at(0.99), at(0.999), last.size, last.name
}
