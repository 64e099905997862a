package speed

import (
	"encoding/csv"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/plot"
)

// Shares are the shares of inputs that are not 0 at which products are compared.
var Shares = []float64{0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.5}

// Row prints a result, and beside it those of peers, as a row of a table.
func (r *Result) Row(t io.Writer, peers []PeerResult) error {
	if err := given.Need("a Result of Measure", r, "t", t); err != nil {
		return fmt.Errorf("speed: %w", err)
	}
	ms := func(x Times) string { return fmt.Sprintf("%.2f / %.2f", 1e3*x.Min, 1e3*x.Median) }
	_, err := fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%.2f\t%.0f\t%.0f\t%.2f\t%.1f\n", r.Workload, r.Size, ms(r.Forward), ms(r.Gradient), r.Build, r.Allocs,
		float64(r.Peak)/1e6, float64(r.Held)/1e6, 100*r.Firing)
	if err != nil {
		return err
	}
	for _, p := range peers {
		if p.Error != "" {
			_, err = fmt.Fprintf(t, "  %s\t%s\n", p.Name, p.Error)
		} else {
			gradient := "none"
			if p.Gradient.Runs > 0 {
				gradient = ms(p.Gradient)
			}
			_, err = fmt.Fprintf(t, "  %s\tsurge is %.2f times as fast\t%s\t%s\n", p.Name, p.Speedup(r), ms(p.Forward), gradient)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Heading is that of the table of [Result.Markdown].
const Heading = "| workload | forward (ms) | and backward (ms) | memory (MB) | others in the same run: forward and backward (ms), surge is faster by |\n|---|---|---|---|---|"

// Markdown prints a result, with its least times, and beside it those of peers, as a row of a table
// in Markdown.
func (r *Result) Markdown(out io.Writer, peers []PeerResult) error {
	if err := given.Need("a Result of Measure", r, "out", out); err != nil {
		return fmt.Errorf("speed: %w", err)
	}
	name := fmt.Sprintf("%s, %s", r.Workload, r.Size)
	if r.DType != "float32" {
		name += ", " + r.DType
	}
	if r.Checkpoint > 0 {
		name += fmt.Sprintf(", checkpoints every %d steps", r.Checkpoint)
	}
	if r.Active < 1 {
		name += fmt.Sprintf(", %g %% of the inputs", 100*r.Active)
	}
	if r.Firing > 0 {
		name += fmt.Sprintf(", %.1f %% spike", 100*r.Firing)
	}
	var beside []string
	for _, p := range peers {
		switch {
		case p.Error != "":
			beside = append(beside, p.Name+": not measured, "+p.Error)
		case p.Gradient.Runs == 0:
			beside = append(beside, fmt.Sprintf("%s: forward alone %.1f, **%.1f**", p.Name, 1e3*p.Forward.Min, p.Speedup(r)))
		default:
			beside = append(beside, fmt.Sprintf("%s: %.1f, **%.1f**", p.Name, 1e3*p.Gradient.Min, p.Speedup(r)))
		}
	}
	_, err := fmt.Fprintf(out, "| %s | %.1f | %.1f | %.1f | %s |\n", name, 1e3*r.Forward.Min, 1e3*r.Gradient.Min, float64(r.Held)/1e6, strings.Join(beside, "; "))
	return err
}

// WriteCrossover draws points into a file, .png or .svg, and writes the numbers beside it as .csv.
func WriteCrossover(path string, points []Point) error {
	panel := plot.Panel{YLabel: "times as fast as dense", Log: true}
	rows := [][]string{{"n", "active", "seconds", "dense_seconds"}}
	for _, p := range points {
		name := fmt.Sprintf("%d x %d", p.N, p.N)
		if len(panel.Lines) == 0 || panel.Lines[len(panel.Lines)-1].Name != name {
			panel.Lines = append(panel.Lines, plot.Line{Name: name})
		}
		l := &panel.Lines[len(panel.Lines)-1]
		l.X, l.Y = append(l.X, 100*p.Active), append(l.Y, p.Speedup())
		rows = append(rows, []string{fmt.Sprint(p.N), fmt.Sprint(p.Active), fmt.Sprint(p.Seconds), fmt.Sprint(p.Dense)})
	}
	err := files.WriteAtomic(strings.TrimSuffix(path, filepath.Ext(path))+".csv", func(w io.Writer) error { return csv.NewWriter(w).WriteAll(rows) })
	if err != nil {
		return err
	}
	return plot.Curves{
		Title: "Where sparse inputs pay: a linear layer, forward and backward, " + kernel.Instructions(), XLabel: "inputs that are not 0 (%)",
		LogX:   true,
		Panels: []plot.Panel{panel},
	}.Write(path)
}
