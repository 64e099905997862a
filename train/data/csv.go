package data

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/surge-snn/surge/internal/files"
)

// CSV reads samples from a text file of rows, whatever the separator and the decimal point (see the
// errors for what it finds). Each row is a sample of features, or with Sample a step of a sequence:
// the rows of a sequence stand together and have the same value in the column Sample. All columns
// but those that are named below are features.
type CSV struct {
	Files
	Y      string // column of the targets, or several with commas between them; empty: y, else label or class
	Target string // "class", "vector" or "sequence"; empty: classes where it is one column of texts or whole numbers, else a vector
	Sample string // column that numbers or names the sequences; empty: each row is a sample
	// Ignore are columns that are not used, such as a time or an index. "index" is one of them.
	Ignore []string
}

func newCSV(p *Params) Source {
	return CSV{
		Files:  readFiles(p),
		Y:      p.String("y", "", "column of the targets, or several, as \"y1, y2\"; nothing: y, label or class"),
		Target: p.Choice("target", "", "what y is; nothing: classes where it is one column of texts or whole numbers, else a vector; sequence: one in each row of a sequence", "class", "vector", "sequence"),
		Sample: p.String("sample", "", "column that is the same in all rows of a sequence; nothing: each row is a sample"),
		Ignore: p.Strings("ignore", nil, "columns that are not used"),
	}
}

// Load reads the files.
func (s CSV) Load() (Parts, error) { return s.load(s.read) }

// Open reads a file to predict, see [Opener].
func (s CSV) Open(path string, trained Dataset) (Dataset, error) {
	free := s
	free.untargeted, free.Group = true, ""
	free.Ignore = append(slices.Clone(s.Ignore), s.Group)
	return open(path, trained, free.read)
}

// table is the columns of a file.
type table struct {
	path    string
	columns []files.Column
}

func (t table) get(name string) *files.Column {
	i := slices.IndexFunc(t.columns, func(c files.Column) bool { return c.Name == name })
	if i < 0 {
		return nil
	}
	return &t.columns[i]
}

func (t table) names() string {
	var names []string
	for _, c := range t.columns {
		names = append(names, c.Name)
	}
	return strings.Join(names, ", ")
}

func (t table) bad(column, expected string, args ...any) error {
	if column != "" {
		column = fmt.Sprintf(" column %q:", column)
	}
	return fmt.Errorf("%s:%s %w: expected %s", t.path, column, ErrFormat, fmt.Sprintf(expected, args...))
}

// want returns a column that must be there.
func (t table) want(name, what string) (*files.Column, error) {
	c := t.get(name)
	if c == nil {
		return nil, t.bad("", "a column %q, %s; found %s", name, what, t.names())
	}
	return c, nil
}

// noNumber returns the first text of a column that is no number, and its row.
func noNumber(c *files.Column) string {
	for row, code := range c.Codes {
		if _, err := strconv.ParseFloat(c.Texts[code], 64); err != nil {
			return fmt.Sprintf("%.40q in row %d", c.Texts[code], row+1)
		}
	}
	return fmt.Sprintf("%.40q", c.Texts)
}

// code returns the number of the value in a row of a column.
func codes(c *files.Column) []int32 {
	if c.Codes != nil {
		return c.Codes
	}
	out, index := make([]int32, len(c.Data)), map[float64]int32{}
	for i, v := range c.Data {
		code, ok := index[v]
		if !ok {
			code = int32(len(index))
			index[v] = code
		}
		out[i] = code
	}
	return out
}

// read reads one file.
func (s CSV) read(path string) (*recorded, error) {
	columns, err := files.ReadTable(path)
	if err != nil {
		return nil, err
	}
	t := table{path, columns}
	rows := columns[0].Len()
	name := s.Y
	for _, usual := range []string{"y", "label", "class"} {
		if name == "" && t.get(usual) != nil {
			name = usual
		}
	}
	if name == "" && !s.untargeted {
		return nil, t.bad("", "data.y, the column of the targets: none of y, label, class is among %s", t.names())
	}
	names := strings.Split(name, ",")
	var ys []*files.Column
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
		if y := t.get(names[i]); y != nil {
			ys = append(ys, y)
		} else if !s.untargeted {
			if _, err := t.want(names[i], "the targets (data.y)"); err != nil {
				return nil, err
			}
		}
	}
	if len(ys) < len(names) {
		ys = nil // to predict
	}
	// first is the first row of each sample, and one more.
	first := upTo(rows + 1)
	if s.Sample != "" {
		c, err := t.want(s.Sample, "the sequences (data.sample)")
		if err != nil {
			return nil, err
		}
		if first, err = t.sequences(c); err != nil {
			return nil, err
		}
	}
	r := &recorded{path: path, n: len(first) - 1}
	not := append(append([]string{s.Sample, s.Group, "set", "index"}, names...), s.Ignore...)
	var features []*files.Column
	for i := range t.columns {
		c := &t.columns[i]
		if slices.Contains(not, c.Name) {
			continue
		}
		if c.Codes != nil {
			return nil, t.bad(c.Name, "numbers, found %s; data.ignore names columns that are no features", noNumber(c))
		}
		if row := slices.IndexFunc(c.Data, func(v float64) bool { return v-v != 0 }); row >= 0 {
			return nil, t.bad(c.Name, "finite numbers, found %v in row %d", c.Data[row], row+1)
		}
		features = append(features, c)
	}
	if len(features) == 0 {
		return nil, t.bad("", "columns of features beside %q; found %s", name, t.names())
	}
	r.form, r.features = Form{Channels: len(features)}, features
	if s.Sample != "" {
		r.form.Input = Sequence
		for i := range r.n {
			r.form.Steps = max(r.form.Steps, first[i+1]-first[i])
		}
	}
	r.input = func(dst *Sample, i int) {
		x := dst.Features(len(features))
		if s.Sample != "" {
			x = dst.Sequence(first[i+1]-first[i], len(features))
		}
		for row := first[i]; row < first[i+1]; row++ {
			for k, c := range features {
				x[(row-first[i])*len(features)+k] = c.Data[row]
			}
		}
	}
	return r, s.rest(t, r, ys, first)
}

// sequences returns the first row of each run of equal values, and the number of rows.
func (t table) sequences(c *files.Column) ([]int, error) {
	all := codes(c)
	var first []int
	seen := map[int32]bool{}
	for row, code := range all {
		if row > 0 && code == all[row-1] {
			continue
		}
		if seen[code] {
			return nil, t.bad(c.Name, "the rows of a sequence to stand together, found one of an earlier sequence in row %d", row+1)
		}
		seen[code] = true
		first = append(first, row)
	}
	return append(first, len(all)), nil
}

// rest takes targets, groups and parts, which are the same in all rows of a sample, but for targets
// that are sequences.
func (s CSV) rest(t table, r *recorded, ys []*files.Column, first []int) error {
	each := func(c *files.Column) ([]int32, error) {
		all := codes(c)
		out := make([]int32, r.n)
		for i := range out {
			out[i] = all[first[i]]
			for row := first[i]; row < first[i+1]; row++ {
				if all[row] != out[i] {
					return nil, t.bad(c.Name, "one value in all rows of a sequence, found another in row %d", row+1)
				}
			}
		}
		return out, nil
	}
	if len(ys) == 0 {
		return nil // to predict
	}
	kind, y := s.Target, ys[0]
	if kind == "sequence" && s.Sample == "" {
		return t.bad(y.Name, "sequences (data.sample), for target = \"sequence\"")
	}
	for _, c := range ys {
		if _, err := each(c); err != nil && kind != "sequence" {
			return err
		}
	}
	if kind == "class" && len(ys) > 1 {
		return t.bad(y.Name, "one column, for target = \"class\", found %d", len(ys))
	}
	if kind == "" && len(ys) > 1 {
		kind = "vector"
	}
	if kind == "" {
		kind = "class"
		for _, v := range y.Data {
			if v != float64(int64(v)) {
				kind = "vector"
			}
		}
	}
	switch {
	case kind != "class":
		for _, y := range ys {
			if y.Data == nil {
				return t.bad(y.Name, "numbers, for target = %q, found %s", kind, noNumber(y))
			}
			for row, v := range y.Data {
				if v-v != 0 {
					return t.bad(y.Name, "finite numbers, found %v in row %d", v, row+1)
				}
			}
		}
		last := func(i int) int { return first[i] + 1 }
		r.form.Target = Target{Kind: VectorTarget, Size: len(ys)}
		if kind == "sequence" {
			r.form.Target.Kind = SequenceTarget
			last = func(i int) int { return first[i+1] }
		}
		r.target = func(dst *Sample, i int) {
			dst.Y = dst.Y[:0]
			for row := first[i]; row < last(i); row++ {
				for _, y := range ys {
					dst.Y = append(dst.Y, y.Data[row])
				}
			}
		}
	case y.Data == nil && r.n > 0:
		picked, _ := each(y)
		for i, code := range picked {
			if y.Texts[code] == "" {
				return t.bad(y.Name, "a class in each row, found none in row %d", first[i]+1)
			}
		}
		r.labels = &labels{y.Texts, picked}
	default:
		l, err := numberLabels(r.n, func(i int) (int64, error) {
			v := y.Data[first[i]]
			if v != float64(int64(v)) {
				return 0, t.bad(y.Name, "whole numbers, the classes, found %v in row %d", v, first[i]+1)
			}
			return int64(v), nil
		})
		if err != nil {
			return err
		}
		r.labels = &l
	}
	var err error
	if s.Group != "" {
		c, err := t.want(s.Group, "the groups of samples (data.group)")
		if err != nil {
			return err
		}
		if r.groups, err = each(c); err != nil {
			return err
		}
	}
	if c := t.get("set"); c != nil {
		if c.Data == nil {
			return t.bad("set", "0, 1 or 2, found %s", noNumber(c))
		}
		if _, err = each(c); err != nil {
			return err
		}
		r.set = make([]int32, r.n)
		for i := range r.set {
			if v := c.Data[first[i]]; v == 0 || v == 1 || v == 2 {
				r.set[i] = int32(v)
			} else {
				return t.bad("set", "0, 1 or 2, found %v in row %d", v, first[i]+1)
			}
		}
	}
	return nil
}
