package report

import (
	"fmt"
	"slices"

	"github.com/surge-snn/surge/models/dynapse/fit"
	"github.com/surge-snn/surge/plot"
)

// mismatches has a table of the currents that neurons share, with their spread, and one of what
// each of the neurons has of them.
func (o *Outcome) mismatches() []Table {
	if len(o.Populations) == 0 {
		return nil
	}
	shared := Table{Name: "Shared currents, and the mismatch of the neurons", Header: []string{"current", "mean, A", "interval of 95 %", "spread, %", "interval of 95 %", "least", "most"}}
	single := Table{Name: "Single neurons, deviation from the shared current in %", Header: []string{"neuron"}}
	rows := map[int]int{}
	for k, p := range o.Populations {
		least, most := slices.Min(p.Value), slices.Max(p.Value)
		shared.Rows = append(shared.Rows, []string{p.Name, fmt.Sprintf("%.4g", p.Mean), fmt.Sprintf("%.4g to %.4g", p.Interval[0], p.Interval[1]), fmt.Sprintf("%.1f", 100*p.Spread),
			fmt.Sprintf("%.1f to %.1f", 100*p.SpreadInterval[0], 100*p.SpreadInterval[1]), fmt.Sprintf("%+.1f %%", deviation(p, least)), fmt.Sprintf("%+.1f %%", deviation(p, most))})
		single.Header = append(single.Header, p.Name)
		for i, j := range p.Neurons {
			at, ok := rows[j]
			if !ok {
				if len(rows) == mostNeurons {
					continue
				}
				at = len(single.Rows)
				rows[j] = at
				single.Rows = append(single.Rows, slices.Repeat([]string{""}, len(o.Populations)+1))
				single.Rows[at][0] = fmt.Sprint(j)
			}
			single.Rows[at][k+1] = fmt.Sprintf("%+.1f", deviation(p, p.Value[i]))
		}
	}
	if n := len(o.Populations[0].Neurons); n > mostNeurons {
		single.Name += fmt.Sprintf(" (the first %d; result.json has all)", mostNeurons)
	}
	return []Table{shared, single}
}

// deviation is that of a value from the mean, in percent.
func deviation(p fit.Population, value float64) float64 { return 100 * (value/p.Mean - 1) }

// mismatchMap draws what each neuron has of each shared current, with the interval of the mean.
func (o *Outcome) mismatchMap(title string) plot.Curves {
	c := plot.Curves{Title: title + ": each neuron's deviation from the shared current", XLabel: "neuron"}
	for _, p := range o.Populations {
		panel := plot.Panel{YLabel: p.Name + " (%)"}
		for i, j := range p.Neurons { // a point each
			panel.Lines = append(panel.Lines, plot.Line{Name: "neurons", X: []float64{float64(j)}, Y: []float64{deviation(p, p.Value[i])}})
		}
		ends := []float64{float64(p.Neurons[0]), float64(p.Neurons[len(p.Neurons)-1])}
		for _, end := range p.Interval {
			d := deviation(p, end)
			panel.Lines = append(panel.Lines, plot.Line{Name: "shared current, 95 %", X: ends, Y: []float64{d, d}})
		}
		c.Panels = append(c.Panels, panel)
	}
	return c
}
