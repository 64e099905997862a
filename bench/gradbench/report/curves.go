package report

import (
	"math"
	"slices"

	"github.com/surge-snn/surge/bench/gradbench"
	"github.com/surge-snn/surge/bench/gradbench/suite"
	"github.com/surge-snn/surge/plot"
)

// birth are the numbers of EventProp against the time constant of the loss.
func (r *Result) birth() plot.Curves {
	is := func(row suite.Row) bool { return row.Suite == "birth" && row.Prediction != nil }
	of := func(name string, y func(suite.Row) float64) []plot.Line {
		return lines(r.Rows, is, func(suite.Row) string { return name }, func(row suite.Row) float64 { return row.X }, y)
	}
	missed := func(p gradbench.Part) float64 { return 100 * p.Missed.Value / p.Real.Value }
	return plot.Curves{
		Title: "EventProp and spikes that appear or vanish", XLabel: "time constant of the loss (ms)", LogX: true,
		Panels: []plot.Panel{
			{YLabel: "cosine", Lines: of("EventProp", func(row suite.Row) float64 { return row.Cosine.Value })},
			{YLabel: "norm ratio", Lines: of("EventProp", func(row suite.Row) float64 { return row.Ratio.Value })},
			{YLabel: "missed (%)", Lines: slices.Concat(
				of("spikes stay", func(row suite.Row) float64 { return missed(row.Prediction.Same) }),
				of("a spike appears, vanishes or moves past an arrival", func(row suite.Row) float64 { return missed(row.Prediction.Changed) }))},
		},
	}
}

// along is the loss along a line, in a panel for each neuron.
func (r *Result) along() plot.Curves {
	c := plot.Curves{Title: "loss along a line through the weights", XLabel: "length (norm of the weights)"}
	for _, row := range r.Rows {
		if row.Suite != "lines" || len(row.Profile) == 0 {
			continue
		}
		var l plot.Line
		for _, p := range row.Profile {
			l.X, l.Y = append(l.X, p[0]), append(l.Y, p[1])
		}
		c.Panels = append(c.Panels, plot.Panel{YLabel: row.Estimator, Lines: []plot.Line{l}})
	}
	return c
}

// learned is the share of the seeds of each rule that were there after so many updates.
func (r *Result) learned() plot.Curves {
	c := plot.Curves{Title: "updates to 90 %", XLabel: "updates", LogX: true, Panels: []plot.Panel{{YLabel: "share of seeds"}}}
	for _, row := range r.Rows {
		if row.Suite != "learn" {
			continue
		}
		l := plot.Line{Name: row.Estimator}
		sorted := slices.Sorted(slices.Values(row.Trials))
		for k, x := range sorted {
			if x >= row.Limit {
				break
			}
			l.X, l.Y = append(l.X, x, x), append(l.Y, float64(k)/float64(len(sorted)), float64(k+1)/float64(len(sorted)))
		}
		if len(l.X) > 0 {
			c.Panels[0].Lines = append(c.Panels[0].Lines, l)
		}
	}
	return c
}

// quality is the cosine of each rule that was timed against the time that it takes, for the point
// of the suite surrogate that has these rules.
func (r *Result) quality() plot.Curves {
	c := plot.Curves{Title: "quality against cost", XLabel: "ms for a gradient", LogX: true, Panels: []plot.Panel{{YLabel: "cosine"}}, Size: plot.Size{Width: 900, Height: 800}}
	for _, cost := range r.costs {
		for _, row := range r.Rows {
			if row.Main && row.Suite == "surrogate" && row.X == suite.CostWidth && row.Estimator == cost.Estimator && row.Ratio.Value > 0 && row.Cosine.SE < 0.3 && !math.IsInf(row.Ratio.Value, 0) {
				c.Panels[0].Lines = append(c.Panels[0].Lines, plot.Line{Name: cost.Estimator, X: []float64{1e3 * cost.Seconds}, Y: []float64{row.Cosine.Value}})
			}
		}
	}
	return c
}
