package fitcmd

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/surge-snn/surge/models/dynapse/fit"
)

// comparison is a target that is no trace, as a table of what is wanted and what the fit does.
type comparison struct {
	Name   string
	Header []string
	Rows   [][]string
}

// print writes the table for a terminal.
func (c comparison) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for _, row := range append([][]string{c.Header}, c.Rows...) {
		if _, err := fmt.Fprintf(t, "  %s\n", strings.Join(row, "\t")); err != nil {
			return err
		}
	}
	return t.Flush()
}

// achieved is a statistic that was wanted of a neuron, with the one that it has: null where it spikes too rarely for one.
type achieved struct {
	Target    string   `json:"target"`
	Statistic string   `json:"statistic"`
	Neuron    int      `json:"neuron"`
	Wanted    float64  `json:"wanted"` // Hz, s, or 1
	Found     *float64 `json:"found"`
}

// solved says how many patterns of a task the network gets right.
type solved struct {
	Target   string  `json:"target"`
	Patterns int     `json:"patterns"`
	Right    float64 `json:"right"` // the share, 0 to 1
}

// compare makes the tables, and the numbers in them for the result, of what the settable network does.
func (e *subject) compare(o *outcome) (list []comparison, err error) {
	for _, s := range e.Statistics {
		c, err := e.statisticsTable(s, o)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	for _, t := range e.Tasks {
		c, err := e.taskTable(t, o)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}

// mostPatterns is how many patterns a table shows.
const mostPatterns = 20

func (e *subject) taskTable(t fit.Task, o *outcome) (comparison, error) {
	c := comparison{Header: []string{"spikes of", "pattern", "target", "fit"}}
	counts, right, err := t.Measure(o.Settable)
	if err != nil {
		return c, err
	}
	o.Tasks = append(o.Tasks, solved{e.member(t.Name), t.B, right})
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

func (e *subject) statisticsTable(s fit.Statistics, o *outcome) (comparison, error) {
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
			a, text := achieved{e.member(s.Name), q.String(), j, s.Want[q], &v}, fmt.Sprintf("%.4g", v)
			if v != v {
				a.Found, text = nil, "too few spikes"
			}
			o.Statistics = append(o.Statistics, a)
			c.Rows = append(c.Rows, []string{q.String(), fmt.Sprint(j), fmt.Sprintf("%.4g", s.Want[q]), text})
		}
	}
	return c, nil
}

// member is the name of a target without that of the experiment.
func (e *subject) member(name string) string { return strings.TrimPrefix(name, e.Path+": ") }
