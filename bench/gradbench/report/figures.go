package report

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/surge-snn/surge/bench/gradbench/suite"
	"github.com/surge-snn/surge/plot"
)

// figure is a drawing with its caption.
type figure struct {
	name, caption string
	curves        plot.Curves
}

// figures returns those for which there are rows.
func (r *Result) figures() []figure {
	var all []figure
	add := func(name, caption string, c plot.Curves) {
		c.Panels = slices.DeleteFunc(c.Panels, func(p plot.Panel) bool { return len(p.Lines) == 0 })
		if len(c.Panels) > 0 {
			all = append(all, figure{name, caption, c})
		}
	}
	var widths []float64
	for _, row := range r.Rows {
		if row.Suite == "surrogate" && !slices.Contains(widths, row.X) {
			widths = append(widths, row.X)
		}
	}
	for _, w := range widths {
		at := func(kinds ...string) func(suite.Row) bool {
			return func(row suite.Row) bool {
				return row.Suite == "surrogate" && row.X == w && slices.Contains(kinds, row.Kind) && row.Ratio.Value > 0
			}
		}
		steep := func(row suite.Row) float64 { return math.Log10(row.Slope / row.Area) }
		cosine := func(row suite.Row) float64 { return row.Cosine.Value }
		add(fmt.Sprintf("slope-%g", w), fmt.Sprintf("Cosine to the gradient of the expected loss, noise of width %g: on the run without noise, with the reset detached and kept, and on runs with noise (a logistic surrogate of that width has peak over area %.3g: log10 %.2f)", w, 0.25/w, math.Log10(0.25/w)), plot.Curves{
			Title: fmt.Sprintf("cosine against slope, noise of width %g", w), XLabel: "log10 of peak slope over area (1/threshold)", Size: plot.Size{Width: 900, Height: 1200},
			Panels: []plot.Panel{
				{YLabel: "quiet, detached", Lines: lines(r.Rows, at("quiet detached"), shape, steep, cosine)},
				{YLabel: "quiet, with reset", Lines: lines(r.Rows, at("quiet"), shape, steep, cosine)},
				{YLabel: "noisy, logistic", Lines: lines(r.Rows, at("noisy", "noisy detached", "surrogate", "detached"), func(row suite.Row) string {
					switch {
					case !strings.HasPrefix(row.Estimator, "bptt/sigmoid"):
						return ""
					case strings.Contains(row.Estimator, "/detached"):
						return "detached"
					}
					return "with reset"
				}, steep, cosine)},
			},
		})
		add(fmt.Sprintf("area-%g", w), fmt.Sprintf("Norm over that of the truth against the area under the surrogate, noise of width %g", w), plot.Curves{
			Title: fmt.Sprintf("scale against area, noise of width %g", w), XLabel: "log10 of the area",
			Panels: []plot.Panel{{YLabel: "norm ratio, detached", Log: true, Lines: lines(r.Rows, at("quiet detached"), shape, func(row suite.Row) float64 { return math.Log10(row.Area) }, func(row suite.Row) float64 { return row.Ratio.Value })}},
		})
	}
	for _, v := range []struct{ suite, label string }{
		{"depth", "layers"}, {"steps", "time steps"}, {"rate", "drive"}, {"tau", "membrane time constant (ms)"},
	} {
		is := func(row suite.Row) bool { return row.Suite == v.suite && row.Cosine.SE < 0.3 && row.Ratio.Value > 0 }
		x := func(row suite.Row) float64 { return row.X }
		add(v.suite, "Cosine to the gradient of the expected loss against "+v.label, plot.Curves{
			Title: "cosine against " + v.label, XLabel: v.label,
			Panels: []plot.Panel{
				{YLabel: "cosine", Lines: lines(r.Rows, is, rule, x, func(row suite.Row) float64 { return row.Cosine.Value })},
				{YLabel: "norm ratio", Log: true, Lines: lines(r.Rows, is, rule, x, func(row suite.Row) float64 { return row.Ratio.Value })},
			},
		})
	}
	kindOf := func(row suite.Row) string { return row.Kind }
	grid := func(row suite.Row) bool {
		return row.Suite == "dt" && row.Kind != "eventprop" && row.Cosine.SE < 0.3 && row.Ratio.Value > 0 && row.Ratio.SE < row.Ratio.Value
	}
	fine := func(row suite.Row) float64 { return math.Log2(row.X) }
	add("dt", "Surrogate BPTT in ever smaller steps, against the gradient of the expected loss of the same weights from event to event; points whose error is as large as they are left out", plot.Curves{
		Title: "cosine against dt", XLabel: "log2 of steps per ms",
		Panels: []plot.Panel{
			{YLabel: "cosine", Lines: lines(r.Rows, grid, kindOf, fine, func(row suite.Row) float64 { return row.Cosine.Value })},
			{YLabel: "norm ratio", Log: true, Lines: lines(r.Rows, grid, kindOf, fine, func(row suite.Row) float64 { return row.Ratio.Value })},
		},
	})
	add("birth", "EventProp against the gradient of the expected loss over random inputs; what it misses of the change of the loss by a small step, in percent of the change, of samples whose spikes stay and of the others", r.birth())
	is := func(row suite.Row) bool { return row.Suite == "sweeps" }
	network := func(row suite.Row) string { return row.Network }
	x := func(row suite.Row) float64 { return row.X }
	add("sweeps", "Fixed-point sweeps of the reset against the sequential neuron", plot.Curves{
		Title: "sweeps", XLabel: "sweeps K",
		Panels: []plot.Panel{
			{YLabel: "share of wrong spikes", Lines: lines(r.Rows, is, network, x, func(row suite.Row) float64 { return row.Values["spike mismatch"].Value })},
			{YLabel: "cosine to the sequential gradient", Lines: lines(r.Rows, is, network, x, func(row suite.Row) float64 { return row.Cosine.Value })},
		},
	})
	add("lines", "Loss of one input along one random line through the weights, in units of their norm, under exact gradients; the suite counts the jumps on many such lines", r.along())
	add("learn", "Share of the seeds whose test accuracy is 90 % after so many updates; a curve that ends below 1 has seeds that were not there at the limit", r.learned())
	chip := func(loss string) []plot.Line {
		of := func(row suite.Row) bool { return row.Suite == "chip" && strings.HasSuffix(row.Network, ", "+loss) }
		return lines(r.Rows, of, kindOf, func(row suite.Row) float64 { return row.X + 1 }, func(row suite.Row) float64 { return row.Cosine.Value })
	}
	add("chip", "DynapSim, cosine to the gradient of the expected loss by ln I in the settings of the tables, which are numbered in their order; mixture is the best sum of S and T for the truth at hand, which no rule can know", plot.Curves{
		Title: "rules of DynapSim", XLabel: "setting",
		Panels: []plot.Panel{
			{YLabel: "count", Lines: chip("count")}, {YLabel: "van Rossum", Lines: chip("van_rossum")}, {YLabel: "trace", Lines: chip("trace")},
		},
	})
	add("costs", fmt.Sprintf("Cosine to the gradient of the expected loss, noise of width %g, against the time of one gradient, forward and backward, on this machine", suite.CostWidth), r.quality())
	return all
}

// shape names the type of the surrogate of a row: "atan".
func shape(row suite.Row) string {
	name := strings.TrimPrefix(row.Estimator, "bptt/")
	name, _, _ = strings.Cut(name, "(")
	return name
}

// rule names the rule of a row, without the surrogate: "e-prop".
func rule(row suite.Row) string {
	name, rest, _ := strings.Cut(row.Estimator, "/")
	if name != "bptt" {
		return name
	}
	surrogate, more, _ := strings.Cut(rest, "/")
	if !strings.HasPrefix(surrogate, "sigmoid") {
		more = surrogate
	}
	if more == "" {
		more = "without noise"
	}
	return name + " " + more
}

// lines groups the rows of the class that ranks by name; an empty name leaves a row out.
func lines(rows []suite.Row, is func(suite.Row) bool, name func(suite.Row) string, x, y func(suite.Row) float64) []plot.Line {
	var list []plot.Line
	for _, row := range rows {
		if !row.Main || row.Note != "" || row.Wrong != "" || !is(row) {
			continue
		}
		n, x, y := name(row), x(row), y(row)
		if n == "" || math.IsInf(x, 0) || math.IsNaN(x) || math.IsInf(y, 0) || math.IsNaN(y) {
			continue
		}
		i := slices.IndexFunc(list, func(l plot.Line) bool { return l.Name == n })
		if i < 0 {
			i = len(list)
			list = append(list, plot.Line{Name: n})
		}
		list[i].X, list[i].Y = append(list[i].X, x), append(list[i].Y, y)
	}
	for i := range list {
		sortByX(&list[i])
	}
	// The same names have the same colours in all panels.
	slices.SortFunc(list, func(a, b plot.Line) int { return strings.Compare(a.Name, b.Name) })
	return list
}

func sortByX(l *plot.Line) {
	order := make([]int, len(l.X))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case l.X[a] < l.X[b]:
			return -1
		case l.X[a] > l.X[b]:
			return 1
		}
		return 0
	})
	x, y := make([]float64, len(order)), make([]float64, len(order))
	for i, from := range order {
		x[i], y[i] = l.X[from], l.Y[from]
	}
	l.X, l.Y = x, y
}

// draw writes the figures into a folder, as SVG, on light and on dark paper.
func (r *Result) draw(dir string) ([]figure, error) {
	all := r.figures()
	for _, f := range all {
		for _, paper := range papers {
			if err := f.curves.Write(filepath.Join(dir, f.name+paper)); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// papers are the endings of a figure: on light and on dark paper.
var papers = [2]string{".svg", ".dark.svg"}
