package fit

import (
	"fmt"

	"github.com/surge-snn/surge/models/dynapse/fit"
)

// comparison is a target that is no trace, as a table of what is wanted and what the fit does.
type comparison struct {
	Name   string
	Header []string
	Rows   [][]string
}

// compare makes the tables of what the settable network does.
func (e *experiment) compare(o *outcome) (list []comparison, err error) {
	for _, s := range e.Statistics {
		c, err := statisticsTable(s, o)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	for _, t := range e.Tasks {
		c, err := taskTable(t, o)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}

// mostPatterns is how many patterns a table shows.
const mostPatterns = 20

func taskTable(t fit.Task, o *outcome) (comparison, error) {
	c := comparison{Header: []string{"spikes of", "pattern", "target", "fit"}}
	counts, right, err := t.Measure(o.Settable)
	if err != nil {
		return c, err
	}
	c.Name = fmt.Sprintf("Task: %.4g %% of %d patterns are right", 100*right, t.B)
	for i, n := range counts[:min(mostPatterns, t.B)*len(t.Neurons)] {
		want := "silent"
		if t.Fire[i] {
			want = "fires"
		}
		c.Rows = append(c.Rows, []string{fmt.Sprintf("neuron %d", t.Neurons[i%len(t.Neurons)]), fmt.Sprint(i / len(t.Neurons)), want, fmt.Sprint(n)})
	}
	return c, nil
}

func statisticsTable(s fit.Statistics, o *outcome) (comparison, error) {
	c := comparison{Name: "Statistics", Header: []string{"statistic", "neuron", "target", "fit"}}
	got, err := s.Measure(o.Settable)
	if err != nil {
		return c, err
	}
	for q := range fit.Refractory + 1 {
		for i, v := range got[q] {
			j := i
			if s.Neurons != nil {
				j = s.Neurons[i]
			}
			text := fmt.Sprintf("%.4g", v)
			if v != v {
				text = "too few spikes"
			}
			c.Rows = append(c.Rows, []string{q.String(), fmt.Sprint(j), fmt.Sprintf("%.4g", s.Want[q]), text})
		}
	}
	return c, nil
}
