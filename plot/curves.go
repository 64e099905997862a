package plot

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot/vg/draw"
)

// Curves draws lines over epochs or steps, in one or more panels one above the other, for example
// the loss and the accuracy of the training and the validation set.
type Curves struct {
	Title  string // above the figure; empty: none
	XLabel string // empty: "epoch"
	LogX   bool   // logarithmic x axis; all X must be > 0
	Panels []Panel
	Size   Size // zero: 900 x 600 pixels, and 200 more in height for each panel after the second
}

// Panel is one coordinate system of [Curves].
type Panel struct {
	YLabel string // name of the quantity, with its unit in parentheses
	Log    bool   // logarithmic y axis; all values must be > 0
	Lines  []Line // at least one
}

// Line is a curve through the points (X[i], Y[i]). The n-th line of every panel has the same
// colour. Lines of a panel that share a name are parts of one line: they share its colour and its
// entry in the legend. None hides another: lines through the same points are drawn in turns, each
// with dashes of its colour, and shorter ones on longer ones.
type Line struct {
	Name string    // in the legend; empty: no entry
	X    []float64 // nil: 1, 2, 3, ...
	Y    []float64 // at least one point
}

// Write draws the figure into the file at path, which ends in .png or .svg.
//
// Errors: [ErrEmpty], [ErrNotFinite], [ErrShape], [ErrLog], [ErrFormat], or that of the file
// system.
func (c Curves) Write(path string) error {
	g := figure{title: c.Title, xlabel: c.XLabel, size: c.Size, height: 600 + 200*max(0, len(c.Panels)-2)}
	if g.xlabel == "" {
		g.xlabel = "epoch"
	}
	if len(c.Panels) == 0 {
		return fmt.Errorf("%w: %s: the figure has no panel", ErrEmpty, path)
	}
	xs := newExtent(c.LogX)
	whole := true
	for i, p := range c.Panels {
		q := panel{ylabel: p.YLabel, weight: 1}
		ys := newExtent(p.Log)
		styles, lines := map[string]draw.LineStyle{}, 0
		if len(p.Lines) == 0 {
			return fmt.Errorf("%w: %s: panel %d (%q) has no line", ErrEmpty, path, i, p.YLabel)
		}
		for j, l := range p.Lines {
			where := fmt.Sprintf("%s: panel %d (%q), line %d (%q)", path, i, p.YLabel, j, l.Name)
			x := l.X
			if x == nil {
				x = count(len(l.Y))
			}
			if len(x) != len(l.Y) {
				return fmt.Errorf("%w: %s: expected as many y as x = %d, found %d", ErrShape, where, len(x), len(l.Y))
			}
			if err := xs.add(where+": x", x); err != nil {
				return err
			}
			if err := ys.add(where+": y", l.Y); err != nil {
				return err
			}
			for _, v := range x {
				whole = whole && v == math.Trunc(v)
			}
			style, known := styles[l.Name]
			if !known || l.Name == "" {
				style = lineStyle(lines)
				styles[l.Name] = style
				lines++
				if l.Name != "" {
					q.keys = append(q.keys, key{l.Name, style})
				}
			}
			q.marks = append(q.marks, curve{x: x, y: l.Y, style: style})
		}
		q.y = newAxis(ys.min, ys.max, p.Log, 0.05, "")
		share(q.marks, q.y)
		g.panels = append(g.panels, q)
	}
	g.x = newAxis(xs.min, xs.max, c.LogX, 0.02, "")
	g.x.integer = whole && g.x.exponent == 0 && !c.LogX
	return g.write(path)
}

// share lets lines through the same points, to a fraction of the width of a line, take turns, and
// puts the lines of fewer points on top, as they may be the beginning of others.
func share(marks []mark, y axis) {
	same := func(a, b curve) bool {
		return slices.Equal(a.x, b.x) && slices.EqualFunc(a.y, b.y, func(v, w float64) bool { return math.Abs(y.at(v)-y.at(w)) < 0.002 })
	}
	first := make([]int, len(marks)) // the first mark through the same points
	size := make([]int, len(marks))
	for i := range marks {
		first[i] = slices.IndexFunc(marks[:i+1], func(m mark) bool { return same(m.(curve), marks[i].(curve)) })
		size[first[i]]++
	}
	turn := make([]int, len(marks))
	for i, m := range marks {
		c := m.(curve)
		c.turn, c.turns = turn[first[i]], size[first[i]]
		turn[first[i]]++
		marks[i] = c
	}
	slices.SortStableFunc(marks, func(a, b mark) int { return len(b.(curve).x) - len(a.(curve).x) })
}

// count returns 1, 2, ... n.
func count(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(i + 1)
	}
	return x
}

// extent is the range of the values seen so far.
type extent struct {
	min, max float64
	log      bool
}

func newExtent(log bool) extent { return extent{min: math.Inf(1), max: math.Inf(-1), log: log} }

// add takes in values, of which there must be some, all finite, and positive where the axis is
// logarithmic.
func (e *extent) add(where string, values []float64) error {
	if len(values) == 0 {
		return fmt.Errorf("%w: %s has no values", ErrEmpty, where)
	}
	for i, v := range values {
		switch {
		case math.IsNaN(v) || math.IsInf(v, 0):
			return fmt.Errorf("%w: %s[%d] is %g", ErrNotFinite, where, i, v)
		case e.log && v <= 0:
			return fmt.Errorf("%w: %s[%d] is %g", ErrLog, where, i, v)
		}
		e.min, e.max = math.Min(e.min, v), math.Max(e.max, v)
	}
	return nil
}
