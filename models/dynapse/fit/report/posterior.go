package report

import (
	"fmt"

	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/plot"
)

// posterior has a table of what the samples of the posterior say of each parameter, and how far
// they are to be trusted.
func (o *Outcome) posterior() []Table {
	p := o.Posterior
	if p == nil {
		return nil
	}
	c := Table{Name: fmt.Sprintf("Posterior: the second half of %d steps of %d walkers; %.0f %% of the moves were accepted", p.Steps, p.Walkers, 100*p.Acceptance),
		Header: []string{"parameter", "median", "mean", "SD", "95 %", "effective samples", "R-hat"}}
	for _, m := range p.Parameters {
		c.Rows = append(c.Rows, []string{m.Name, fmt.Sprintf("%.4g", m.Median), fmt.Sprintf("%.4g", m.Mean), fmt.Sprintf("%.2g", m.SD),
			fmt.Sprintf("%.4g to %.4g", m.Interval[0], m.Interval[1]), fmt.Sprintf("%.0f", m.ESS), fmt.Sprintf("%.3f", m.RHat)})
	}
	return []Table{c}
}

// writeSamples writes the samples of the posterior, an array [steps, walkers] for each parameter,
// and log_density.
func (o *Outcome) writeSamples(path string) error {
	p := o.Posterior
	if p == nil {
		return nil
	}
	var arrays []files.Array
	add := func(name string, v []float64) {
		arrays = append(arrays, files.Array{Name: name, Shape: []int{len(v) / p.Walkers, p.Walkers}, Data: v})
	}
	for i, m := range p.Parameters {
		add(m.Name, p.Samples[i])
	}
	add("log_density", p.LogDensity)
	return files.WriteArrays(path, arrays)
}

// mostCorner is how many parameters a picture of the posterior shows.
const mostCorner = 8

// corner draws the samples.
func (o *Outcome) corner() plot.Corner {
	p := o.Posterior
	c := plot.Corner{Title: o.experiment.Path + ": posterior"}
	for i, m := range p.Parameters[:min(mostCorner, len(p.Parameters))] {
		c.Names, c.Values = append(c.Names, m.Name), append(c.Values, p.Samples[i])
	}
	return c
}
