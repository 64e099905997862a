package report

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"path/filepath"
	"text/tabwriter"

	"github.com/surge-snn/surge/bench/gradbench/suite"
	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/given"
)

// MeasureCosts times the rules, prints what they cost, and writes it into a folder as costs.csv;
// without a folder it prints only. What [Result.Write] writes after it has the costs, too.
func (r *Result) MeasureCosts(ctx context.Context, w io.Writer, dir string) error {
	if err := given.Need("a Result of New", r, "ctx", ctx, "w", w); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	all, err := suite.Costs(ctx, r.Settings)
	if ctx.Err() != nil {
		return exit.ErrInterrupted
	}
	if err != nil {
		return err
	}
	r.costs = all
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "estimator\tms\tof the first\tkB allocated")
	for _, x := range all {
		fmt.Fprintf(t, "%s\t%.3g\t%.2f\t%d\n", x.Estimator, 1e3*x.Seconds, x.Seconds/all[0].Seconds, x.Bytes/1000)
	}
	if err := t.Flush(); err != nil || dir == "" {
		return err
	}
	return files.WriteAtomic(filepath.Join(dir, "costs.csv"), func(w io.Writer) error {
		table := csv.NewWriter(w)
		lines := [][]string{{"estimator", "seconds", "bytes"}}
		for _, x := range all {
			lines = append(lines, []string{x.Estimator, fmt.Sprint(x.Seconds), fmt.Sprint(x.Bytes)})
		}
		return table.WriteAll(lines)
	})
}
