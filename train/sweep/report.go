package sweep

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/plot"
)

// WriteTable prints the points, the best first.
func (s *Sweep) WriteTable(w io.Writer, rows []Row) error {
	if err := s.writable(w); err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	head := []string{"point"}
	for _, k := range s.Keys {
		head = append(head, k.Name)
	}
	fmt.Fprintln(t, strings.Join(append(head, s.Score, "sd", "runs", "behind the best"), "\t"))
	for i, r := range rows {
		line := []string{fmt.Sprint(r.Point.Index + 1)}
		for _, v := range r.Point.Values {
			line = append(line, Text(v))
		}
		line = append(line, number(r.Mean), number(r.SD), fmt.Sprintf("%d of %d", r.N, len(s.Seeds)))
		behind := ""
		if i > 0 && !math.IsNaN(r.Behind) {
			behind = number(r.Behind)
			if !math.IsNaN(r.BehindSE) {
				behind += " ± " + number(r.BehindSE)
			}
		}
		fmt.Fprintln(t, strings.Join(append(line, behind), "\t"))
	}
	return t.Flush()
}

// writable returns an error where there is no sweep or nowhere to write.
func (s *Sweep) writable(w io.Writer) error {
	if err := s.check(); err != nil {
		return err
	}
	if err := given.Need("w", w); err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	return nil
}

func number(x float64) string {
	if math.IsNaN(x) {
		return "-"
	}
	return fmt.Sprintf("%.4g", x)
}

// rowJSON is a point as JSON.
type rowJSON struct {
	Point    int            `json:"point"`
	Keys     map[string]any `json:"keys"`
	Scores   []*float64     `json:"scores"` // of the seeds; null where a run failed
	Mean     *float64       `json:"mean"`
	SD       *float64       `json:"sd"`
	Behind   *float64       `json:"behind"`
	BehindSE *float64       `json:"behind_se"`
}

// WriteJSON prints a JSON object for each point.
func (s *Sweep) WriteJSON(w io.Writer, rows []Row) error {
	if err := s.writable(w); err != nil {
		return err
	}
	for _, r := range rows {
		if err := json.NewEncoder(w).Encode(s.json(r)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Sweep) json(r Row) rowJSON {
	j := rowJSON{Point: r.Point.Index + 1, Keys: map[string]any{}, Mean: finite(r.Mean), SD: finite(r.SD), Behind: finite(r.Behind), BehindSE: finite(r.BehindSE)}
	for i, k := range s.Keys {
		j.Keys[k.Name] = r.Point.value(i)
	}
	for _, x := range r.Scores {
		j.Scores = append(j.Scores, finite(x))
	}
	return j
}

func finite(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}

// mostLines is how many lines of a picture a person can tell apart.
const mostLines = 8

// Figure shows the mean score over the values of the key that has the most, a line for each
// combination of the others, on a logarithmic axis where the values are spaced so; of random
// points, and where no key is a number, the scores by rank.
func (s *Sweep) Figure(rows []Row) plot.Curves {
	if s == nil {
		return plot.Curves{}
	}
	rows = slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return r.N == 0 })
	key, most := -1, 1
	varies := make([]bool, len(s.Keys))
	for i := range s.Keys {
		values, numeric := map[string]bool{}, true
		for _, r := range rows {
			_, ok := numeral(r.Point.value(i))
			values[Text(r.Point.value(i))], numeric = true, numeric && ok
		}
		varies[i] = len(values) > 1
		if numeric && len(values) > most {
			key, most = i, len(values)
		}
	}
	if key < 0 || s.Points > 0 {
		line := plot.Line{}
		for _, r := range rows {
			line.Y = append(line.Y, r.Mean)
		}
		return plot.Curves{Title: s.Name, XLabel: "rank of the point", Panels: []plot.Panel{{YLabel: s.Score, Lines: []plot.Line{line}}}}
	}
	lines := map[string]*plot.Line{}
	var names []string
	sorted := slices.SortedFunc(slices.Values(rows), func(a, b Row) int { return a.Point.Index - b.Point.Index })
	for _, r := range sorted {
		var rest []string
		for i, k := range s.Keys {
			if i != key && varies[i] {
				rest = append(rest, k.Name+" "+Text(r.Point.value(i)))
			}
		}
		name := strings.Join(rest, ", ")
		if lines[name] == nil {
			lines[name] = &plot.Line{Name: name}
			names = append(names, name)
		}
		x, _ := numeral(r.Point.value(key))
		lines[name].X, lines[name].Y = append(lines[name].X, x), append(lines[name].Y, r.Mean)
	}
	title := s.Name
	if len(names) > mostLines {
		title += fmt.Sprintf(": the first %d of %d lines", mostLines, len(names))
		names = names[:mostLines]
	}
	panel := plot.Panel{YLabel: s.Score}
	for _, n := range names {
		panel.Lines = append(panel.Lines, *lines[n])
	}
	return plot.Curves{Title: title, XLabel: s.Keys[key].Name, LogX: s.Keys[key].log(panel.Lines), Panels: []plot.Panel{panel}}
}

// log tells whether the values that lines have of a key belong on a logarithmic axis: an interval
// says so; of a list they do where they span a decade, and the middle one is nearer to the
// geometric than to the arithmetic mean of the ends.
func (k Key) log(lines []plot.Line) bool {
	var all []float64
	for _, l := range lines {
		all = append(all, l.X...)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	lo, hi, middle := all[0], all[len(all)-1], all[len(all)/2]
	if lo <= 0 || k.Range != nil {
		return lo > 0 && k.Range.Log
	}
	return hi >= 10*lo && math.Abs(middle-math.Sqrt(lo*hi)) < math.Abs(middle-(lo+hi)/2)
}

// numeral returns a value as a number, if it is one.
func numeral(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}
