package plot

import (
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// legend is the strip above a panel: a caption, then the keys, in as many rows as they need.
type legend struct {
	caption string
	rows    [][]key
	column  vg.Length // width of a column; 0: entries follow one another
}

const (
	sampleLen vg.Length = 16 // of the line in front of a name
	keyGap    vg.Length = 12 // between entries
)

func keyWidth(k key) vg.Length { return sampleLen + gap + textFont.Width(k.name) }

// layLegend breaks caption and keys into rows at most width wide: one row, or columns. A name that
// is wider than a row is shortened.
func layLegend(caption string, keys []key, width vg.Length) legend {
	l := legend{caption: shorten(boldFont, caption, width)}
	if len(keys) == 0 {
		if caption != "" {
			l.rows = [][]key{nil}
		}
		return l
	}
	total := l.indent()
	for i := range keys {
		w := keyWidth(keys[i])
		total += w + keyGap
		l.column = max(l.column, w)
	}
	if total-keyGap <= width {
		l.column, l.rows = 0, [][]key{keys}
		return l
	}
	l.column = min(l.column, width)
	perRow := max(1, int((width+keyGap)/(l.column+keyGap)))
	if caption != "" {
		l.rows = append(l.rows, nil)
	}
	for row := range slices.Chunk(keys, perRow) {
		row = slices.Clone(row)
		for i := range row {
			row[i].name = shorten(textFont, row[i].name, l.column-sampleLen-gap)
		}
		l.rows = append(l.rows, row)
	}
	return l
}

// indent is the room that the caption takes in the first row.
func (l legend) indent() vg.Length {
	if l.caption == "" {
		return 0
	}
	return boldFont.Width(l.caption) + keyGap
}

// height of the strip.
func (l legend) height() vg.Length {
	if len(l.rows) == 0 {
		return 2 * gap
	}
	return vg.Length(len(l.rows))*1.1*textFont.lineHeight() + gap
}

// draw draws the strip; its lower left corner is at pt.
func (l legend) draw(c *draw.Canvas, pt vg.Point) {
	y := pt.Y + gap + textFont.capHeight()/3
	for i := len(l.rows) - 1; i >= 0; i-- {
		x := pt.X
		if i == 0 && l.caption != "" {
			drawText(c, boldFont, vg.Point{X: x, Y: y}, 0, label{text: l.caption})
			x += l.indent()
		}
		for _, k := range l.rows[i] {
			c.StrokeLine2(k.style, x, y+textFont.capHeight()/2, x+sampleLen, y+textFont.capHeight()/2)
			drawText(c, textFont, vg.Point{X: x + sampleLen + gap, Y: y}, 0, label{text: k.name})
			x += max(l.column, keyWidth(k)) + keyGap
		}
		y += 1.1 * textFont.lineHeight()
	}
}
