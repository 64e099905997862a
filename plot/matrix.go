package plot

import (
	"fmt"
	"math"
	"strconv"

	"gonum.org/v1/plot/vg"
)

// Matrix draws a table of counts as a picture, such as the confusion matrix of a classifier: a cell
// for each row, from the top, and column, the bluer the larger its share of its row, with its
// number where there is room.
type Matrix struct {
	Title          string
	XLabel, YLabel string   // of columns and rows
	Rows, Columns  []string // names
	Values         [][]int  // [row][column], >= 0
	Size           Size     // zero: 900 pixels wide, and cells as high as wide
}

// Write draws the figure into the file at path, which ends in .png or .svg.
//
// Errors: [ErrEmpty], [ErrShape] (rows of another length than Columns, a value below 0),
// [ErrFormat], or that of the file system.
func (m Matrix) Write(path string) error {
	if len(m.Rows) == 0 || len(m.Columns) == 0 {
		return fmt.Errorf("%w: %s: a matrix of %d rows and %d columns", ErrEmpty, path, len(m.Rows), len(m.Columns))
	}
	if len(m.Values) != len(m.Rows) {
		return fmt.Errorf("%w: %s: %d rows of values for %d names", ErrShape, path, len(m.Values), len(m.Rows))
	}
	for i, row := range m.Values {
		if len(row) != len(m.Columns) {
			return fmt.Errorf("%w: %s: row %d (%q) expected %d values, found %d", ErrShape, path, i, m.Rows[i], len(m.Columns), len(row))
		}
		for j, v := range row {
			if v < 0 {
				return fmt.Errorf("%w: %s: row %d (%q), column %d (%q): expected a count, found %d", ErrShape, path, i, m.Rows[i], j, m.Columns[j], v)
			}
		}
	}
	rows := make([]string, len(m.Rows)) // the axis goes up
	for i, name := range m.Rows {
		rows[len(rows)-1-i] = name
	}
	g := figure{title: m.Title, xlabel: m.XLabel, size: m.Size}
	g.x = axis{min: -0.5, max: float64(len(m.Columns)) - 0.5, names: m.Columns}
	g.panels = []panel{{
		ylabel: m.YLabel, y: axis{min: -0.5, max: float64(len(rows)) - 0.5, names: rows}, weight: 1, noGrid: true, marks: []mark{cells(m.Values)},
	}}
	g.height = min(max(120+780*len(rows)/len(m.Columns), 400), 3000)
	return g.write(path)
}

// cells are the values of a Matrix.
type cells [][]int

func (m cells) draw(f *frame) {
	for i, row := range m {
		sum := 0
		for _, v := range row {
			sum += v
		}
		y := float64(len(m) - 1 - i)
		for j, v := range row {
			share := float64(v) / math.Max(float64(sum), 1)
			lo, hi := f.at(float64(j)-0.5, y-0.5), f.at(float64(j)+0.5, y+0.5)
			f.SetColor(blue.share(share))
			var p vg.Path
			p.Move(lo)
			p.Line(vg.Point{X: hi.X, Y: lo.Y})
			p.Line(hi)
			p.Line(vg.Point{X: lo.X, Y: hi.Y})
			p.Close()
			f.Fill(p)
			text := label{text: strconv.Itoa(v)}
			if v == 0 || text.width(tickFont) > 0.9*(hi.X-lo.X) || tickFont.lineHeight() > hi.Y-lo.Y {
				continue
			}
			middle := vg.Point{X: (lo.X + hi.X) / 2, Y: (lo.Y+hi.Y)/2 - 0.35*tickFont.Font.Size}
			if share < 0.5 {
				drawText(f.Canvas, tickFont, middle, -0.5, text)
				continue
			}
			f.SetColor(white)
			f.FillString(tickFont.Face, vg.Point{X: middle.X - text.width(tickFont)/2, Y: middle.Y}, text.text)
		}
	}
}
