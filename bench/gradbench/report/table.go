// Package report writes what the gradient benchmark found: a table, CSV, JSON, figures, and one
// HTML page.
package report

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"text/tabwriter"

	"github.com/surge-snn/surge/bench/gradbench"
	"github.com/surge-snn/surge/bench/gradbench/answer"
	"github.com/surge-snn/surge/bench/gradbench/suite"
	"github.com/surge-snn/surge/internal/given"
)

// Result is everything that was found.
type Result struct {
	Settings  suite.Settings    `json:"settings"`
	Rows      []suite.Row       `json:"rows"`
	Questions []answer.Question `json:"questions"`

	costs []suite.Cost // see MeasureCosts
}

// New returns the result of the rows.
func New(s suite.Settings, rows []suite.Row) *Result {
	return &Result{Settings: s, Rows: rows, Questions: answer.All(rows)}
}

// JSON writes the result.
func (r *Result) JSON(w io.Writer) error {
	if err := given.Need("a Result of New", r, "w", w); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(r)
}

// columns of the CSV file.
var columns = []string{
	"suite", "network", "vary", "x", "estimator", "kind", "slope", "area", "class", "cosine", "cosine_se", "ratio", "ratio_se",
	"signs", "counted", "bias", "bias_se", "spread", "truth_error", "step_change", "step_change_se", "step_length",
	"lead", "lead_se", "note", "wrong",
}

// CSV writes a line for every estimator and class of parameters.
func (r *Result) CSV(w io.Writer) error {
	if err := given.Need("a Result of New", r, "w", w); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	c := csv.NewWriter(w)
	if err := c.Write(columns); err != nil {
		return err
	}
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', 8, 64) }
	for _, row := range r.Rows {
		if row.Class == "" {
			continue
		}
		line := []string{
			row.Suite, row.Network, row.Vary, number(row.X), row.Estimator, row.Kind, number(row.Slope), number(row.Area), row.Class,
			number(row.Cosine.Value), number(row.Cosine.SE), number(row.Ratio.Value), number(row.Ratio.SE), number(row.Signs),
			strconv.Itoa(row.Counted), number(row.Bias.Value), number(row.Bias.SE), number(row.Spread), number(row.TruthError), "", "", "",
			"", "", row.Note, row.Wrong,
		}
		if d := row.Descent; d != nil {
			copy(line[len(line)-7:], []string{number(d.Change.Value), number(d.Change.SE), number(d.Length)})
		}
		if l := row.Lead; l != nil {
			copy(line[len(line)-4:], []string{number(l.Value), number(l.SE)})
		}
		if err := c.Write(line); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// values writes a line for every quantity that is no comparison of gradients, and for the parts of
// predictions.
func (r *Result) values(w io.Writer) error {
	c := csv.NewWriter(w)
	if err := c.Write([]string{"suite", "network", "vary", "x", "estimator", "name", "value", "se"}); err != nil {
		return err
	}
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', 8, 64) }
	for _, row := range r.Rows {
		all := maps.Clone(row.Values)
		if p := row.Prediction; p != nil {
			if all == nil {
				all = map[string]gradbench.Estimate{}
			}
			all["predicted change, spikes stay"], all["real change, spikes stay"] = p.Same.Predicted, p.Same.Real
			all["predicted change, spikes differ"], all["real change, spikes differ"] = p.Changed.Predicted, p.Changed.Real
			all["missed change, spikes stay"], all["missed change, spikes differ"] = p.Same.Missed, p.Changed.Missed
			all["share of samples with other spikes"] = gradbench.Estimate{Value: p.ChangedShare, SE: math.Sqrt(p.ChangedShare * (1 - p.ChangedShare) / float64(p.Samples))}
			all["length of the step"] = gradbench.Estimate{Value: p.Length}
		}
		for _, name := range slices.Sorted(maps.Keys(all)) {
			e := all[name]
			if err := c.Write([]string{row.Suite, row.Network, row.Vary, number(row.X), row.Estimator, name, number(e.Value), number(e.SE)}); err != nil {
				return err
			}
		}
	}
	c.Flush()
	return c.Error()
}

// trials writes a line for every seed of every rule.
func (r *Result) trials(w io.Writer) error {
	c := csv.NewWriter(w)
	if err := c.Write([]string{"suite", "estimator", "trial", "updates", "limit"}); err != nil {
		return err
	}
	for _, row := range r.Rows {
		for k, x := range row.Trials {
			if err := c.Write([]string{row.Suite, row.Estimator, strconv.Itoa(k), fmt.Sprint(x), fmt.Sprint(row.Limit)}); err != nil {
				return err
			}
		}
	}
	c.Flush()
	return c.Error()
}

// table is one point of a suite, ranked.
type table struct {
	Suite, Network, Vary string
	X, TruthError        float64
	Rows                 []suite.Row
}

// tables returns the points of all suites, each with the rows of the class that ranks, in the order
// of [suite.Rank].
func (r *Result) tables() []table {
	var all []table
	for _, row := range r.Rows {
		n := len(all)
		if n == 0 || all[n-1].Suite != row.Suite || all[n-1].Network != row.Network || all[n-1].X != row.X && row.Suite != "sweeps" {
			all = append(all, table{Suite: row.Suite, Network: row.Network, Vary: row.Vary, X: row.X, TruthError: row.TruthError})
			n++
		}
		if row.Main {
			all[n-1].Rows = append(all[n-1].Rows, row)
		}
	}
	for _, t := range all {
		suite.Rank(t.Rows)
	}
	return all
}

// wrong says what is wrong with every surrogate that is wrong in itself.
func (r *Result) wrong() []string {
	var lines []string
	for _, row := range r.Rows {
		if row.Wrong != "" && !slices.Contains(lines, row.Wrong) {
			lines = append(lines, row.Wrong)
		}
	}
	return lines
}

// Text writes the tables for a terminal: of each point the best so many estimators and the worst,
// 0: all. Then come what is wrong with those that are wrong, and the answers.
func (r *Result) Text(w io.Writer, most int) error {
	if err := given.Need("a Result of New", r, "w", w); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for _, one := range r.tables() {
		if len(one.Rows) == 0 {
			continue
		}
		fmt.Fprintf(t, "%s: %s, %s = %g; the truth is known to %.1f %%\n", one.Suite, one.Network, one.Vary, one.X, 100*one.TruthError)
		fmt.Fprintln(t, "  rank\testimator\tcosine of weights\tratio\tsigns\tbias\tbest step")
		for i, row := range one.Rows {
			if most > 0 && i >= most && i < len(one.Rows)-4 {
				if i == most {
					fmt.Fprintf(t, "  ...\t%d more\t\t\t\t\t\n", len(one.Rows)-4-most)
				}
				continue
			}
			step, name := "", row.Estimator
			if row.Wrong != "" {
				name += " (wrong)"
			}
			if row.Note != "" {
				fmt.Fprintf(t, "  %d\t%s\t%s\t\t\t\t\n", i+1, name, row.Note)
				continue
			}
			if row.Descent != nil {
				step = fmt.Sprintf("%+.1f ± %.1f %%", 100*row.Descent.Change.Value, 100*row.Descent.Change.SE)
			}
			fmt.Fprintf(t, "  %d\t%s\t%.4f ± %.4f\t%.3g ± %.2g\t%.2f\t%.3g\t%s\n", i+1, name,
				row.Cosine.Value, row.Cosine.SE, row.Ratio.Value, row.Ratio.SE, row.Signs, row.Bias.Value, step)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, line := range r.wrong() {
		fmt.Fprintf(w, "wrong: %s\n", line)
	}
	for _, q := range r.Questions {
		if len(q.Findings) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n%s\n", q.Text)
		for _, f := range q.Findings {
			if _, err := fmt.Fprintf(w, "  - %s\n", f.Text); err != nil {
				return err
			}
		}
	}
	return nil
}
