package gradcheck

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/given"
)

// List prints what rows are, for people or as JSON.
func List(w io.Writer, rows []Case, asJSON bool) error {
	if err := given.Need("w", w); err != nil {
		return fmt.Errorf("gradcheck: %w", err)
	}
	if asJSON {
		e := json.NewEncoder(w)
		for _, r := range rows {
			if err := e.Encode(struct {
				Case    string   `json:"case"`
				Covers  []string `json:"covers"`
				Inexact string   `json:"inexact,omitempty"`
			}{r.Name, append([]string{}, r.Covers...), r.Inexact}); err != nil {
				return err
			}
		}
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "row\tcovers\tno finite differences because")
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%s\t%s\n", r.Name, strings.Join(r.Covers, " "), r.Inexact)
	}
	return t.Flush()
}

// Printer prints results as they come.
type Printer struct {
	w     io.Writer
	json  bool
	width int // of the names of the rows
	// ByParameter says that a check has a result for each parameter.
	ByParameter bool
	seen        int
	over        []string
}

const columns = "%-*s  %-14s  %10s  %10s  %-6s  %s\n"

// NewPrinter prints results of the named rows.
func NewPrinter(w io.Writer, asJSON bool, rows []string) *Printer {
	p := &Printer{w: w, json: asJSON, width: len("row")}
	for _, name := range rows {
		p.width = max(p.width, len(name))
	}
	return p
}

// Print prints results.
func (p *Printer) Print(results []Result) error {
	if p == nil || p.w == nil {
		return fmt.Errorf("gradcheck: %w: a Printer of NewPrinter, with a writer", given.ErrNil)
	}
	if p.seen == 0 && !p.json {
		if _, err := fmt.Fprintf(p.w, columns, p.width, "row", "check", "error", "limit", "", "largest in"); err != nil {
			return err
		}
	}
	for _, r := range results {
		p.seen++
		state := "ok"
		if !r.Passed {
			state = "FAILED"
			name := r.Case + " " + r.Check
			if p.ByParameter {
				name = r.Check + " " + r.Where
			}
			p.over = append(p.over, name)
		}
		var err error
		if p.json {
			err = json.NewEncoder(p.w).Encode(r)
		} else {
			_, err = fmt.Fprintf(p.w, columns, p.width, r.Case, r.Check, fmt.Sprintf("%.2e", r.Error), fmt.Sprintf("%.2e", r.Limit), state, r.Where)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Verdict is the negative answer, or nil.
func (p *Printer) Verdict() error {
	if p == nil || len(p.over) == 0 {
		return nil
	}
	return &exit.Negative{Reason: fmt.Sprintf("gradcheck: %d of %d checks over the limit: %s", len(p.over), p.seen, strings.Join(p.over, ", "))}
}
