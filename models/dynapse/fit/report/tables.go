package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/surge-snn/surge/models/dynapse/fit"
)

// Table is a target that is no trace, as a table of what is wanted and what the fit does.
type Table struct {
	Name   string
	Header []string
	Rows   [][]string
}

// print writes the table for a terminal.
func (c Table) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for _, row := range append([][]string{c.Header}, c.Rows...) {
		if _, err := fmt.Fprintf(t, "  %s\n", strings.Join(row, "\t")); err != nil {
			return err
		}
	}
	return t.Flush()
}

// Achieved is a statistic that was wanted of a neuron, with the one that it has: null where it
// spikes too rarely for one.
type Achieved struct {
	Target    string   `json:"target"`
	Statistic string   `json:"statistic"`
	Neuron    int      `json:"neuron"`
	Wanted    float64  `json:"wanted"` // Hz, s, or 1
	Found     *float64 `json:"found"`
}

// Solved says how many patterns of a task the network gets right.
type Solved struct {
	Target   string  `json:"target"`
	Patterns int     `json:"patterns"`
	Right    float64 `json:"right"` // the share, 0 to 1
}

// compare makes the tables, and the numbers in them for the result, of what the settable network
// does.
func (o *Outcome) compare() error {
	var wanted []Table
	for _, s := range o.experiment.Statistics {
		c, err := o.statisticsTable(s)
		if err != nil {
			return err
		}
		wanted = append(wanted, c)
	}
	for _, t := range o.experiment.Tasks {
		c, err := o.taskTable(t)
		if err != nil {
			return err
		}
		wanted = append(wanted, c)
	}
	neurons, err := o.neurons()
	o.Tables = slices.Concat(o.posterior(), o.mismatches(), neurons, wanted, o.given())
	return err
}

// given has a table of what the determined currents owe to the nominal values of parameters that
// were not fitted, in the mean over the groups of a current; result.json has each.
func (o *Outcome) given() []Table {
	if len(o.Given) == 0 {
		return nil
	}
	c := Table{Name: "Taken as given: by how many % a current moves where a parameter that is not fitted is 1 % larger than its nominal value", Header: []string{"not fitted"}}
	groups := map[string][]string{}
	for _, p := range o.Parameters {
		if _, ok := o.Given[0].Moves[p.Name]; !ok {
			continue
		}
		if groups[p.Param] == nil {
			c.Header = append(c.Header, p.Param)
		}
		groups[p.Param] = append(groups[p.Param], p.Name)
	}
	for _, g := range o.Given {
		row := []string{g.Name}
		for _, param := range c.Header[1:] {
			mean := 0.0
			for _, name := range groups[param] {
				mean += g.Moves[name] / float64(len(groups[param]))
			}
			text := "0"
			if math.Abs(mean) >= 0.005 {
				text = fmt.Sprintf("%+.2f", mean)
			}
			row = append(row, text)
		}
		c.Rows = append(c.Rows, row)
	}
	return []Table{c}
}

// mostPatterns is how many patterns a table shows.
const mostPatterns = 20

func (o *Outcome) taskTable(t fit.Task) (Table, error) {
	c := Table{Header: []string{"spikes of", "pattern", "target", "fit"}}
	counts, right, err := t.Measure(o.Settable)
	if err != nil {
		return c, err
	}
	o.Tasks = append(o.Tasks, Solved{o.member(t.Name), t.B, right})
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

func (o *Outcome) statisticsTable(s fit.Statistics) (Table, error) {
	c := Table{Name: "Statistics", Header: []string{"statistic", "neuron", "target", "fit"}}
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
			a, text := Achieved{o.member(s.Name), q.String(), j, s.Want[q], &v}, fmt.Sprintf("%.4g", v)
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
func (o *Outcome) member(name string) string { return strings.TrimPrefix(name, o.experiment.Path+": ") }
