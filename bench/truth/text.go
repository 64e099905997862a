package truth

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/models/dynapse"
)

// Text prints the report for people.
func (r *Report) Text(w io.Writer) error {
	if err := given.Need("a Report of Measure", r, "w", w); err != nil {
		return fmt.Errorf("truth: %w", err)
	}
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for _, loss := range r.Settings.Losses {
		l, settled := r.Losses[loss], ""
		if !l.Settled {
			settled = ": not settled"
		}
		fmt.Fprintf(t, "%s = %.6g +- %.2g; h/2 against h: cosine %.4f +- %.4f, ratio %.3f +- %.3f%s\n", loss, l.Value, l.ValueSE, l.HCheck.Cosine, l.HCheck.CosineSE, l.HCheck.Ratio, l.HCheck.RatioSE, settled)
		fmt.Fprintf(t, "  parameter\ttruth\t+-\t%s\t\n", strings.Join(r.Settings.Rules, "\t"))
		for _, name := range r.Params {
			value, note := l.Truth[name], l.Effect[name]
			if note == dynapse.Active.String() {
				note = ""
			}
			if name == dynapse.Iref.String() {
				if l.IrefOneBin == nil {
					continue
				}
				value, note = *l.IrefOneBin, "difference over one step"
			}
			fmt.Fprintf(t, "  %s\t%.4g\t%.2g\t", name, value.Value, value.SE)
			for _, rule := range r.Settings.Rules {
				fmt.Fprintf(t, "%.4g\t", l.Rules[rule].Gradient[name].Value)
			}
			fmt.Fprintf(t, "%s\n", note)
		}
		for _, line := range []struct {
			name string
			of   func(Judgement) float64
		}{
			{"cosine", func(j Judgement) float64 { return j.Cosine }},
			{"+-", func(j Judgement) float64 { return j.CosineSE }},
			{"ratio", func(j Judgement) float64 { return j.Ratio }},
			{"+-", func(j Judgement) float64 { return j.RatioSE }},
			{"right signs", func(j Judgement) float64 { return j.Signs }},
		} {
			fmt.Fprintf(t, "  %s\t\t\t", line.name)
			for _, rule := range r.Settings.Rules {
				fmt.Fprintf(t, "%.4f\t", line.of(l.Rules[rule]))
			}
			fmt.Fprintln(t)
		}
	}
	return t.Flush()
}
