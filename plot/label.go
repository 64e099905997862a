package plot

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// label is a line of text: text, tail, sup as an exponent, end. Only the text is shortened where
// there is little room.
type label struct{ text, tail, sup, end string }

// width of the label in font f; the exponent is in supFont.
func (l label) width(f typeface) vg.Length {
	w := f.Width(l.text + l.tail)
	if l.sup != "" {
		w += supFont.Width(l.sup) + f.Width(l.end)
	}
	return w
}

// fit returns l with its text shortened so that the whole is at most width wide.
func (l label) fit(f typeface, width vg.Length) label {
	if w := l.width(f); w > width {
		l.text = shorten(f, l.text, f.Width(l.text)-(w-width))
	}
	return l
}

// drawText draws l with its baseline through pt; align 0, -0.5, -1 puts pt at the left end, the
// middle, the right end.
func drawText(c *draw.Canvas, f typeface, pt vg.Point, align vg.Length, l label) {
	c.SetColor(ink)
	pt.X += align * l.width(f)
	show := func(f typeface, s string, raise vg.Length) {
		if s != "" {
			c.FillString(f.Face, vg.Point{X: pt.X, Y: pt.Y + raise}, s)
			pt.X += f.Width(s)
		}
	}
	show(f, l.text+l.tail, 0)
	if l.sup != "" {
		show(supFont, l.sup, 0.42*f.Font.Size)
		show(f, l.end, 0)
	}
}

// drawUpright draws l from bottom to top, its middle at pt and its baseline on the line x = pt.X.
func drawUpright(c *draw.Canvas, f typeface, pt vg.Point, l label) {
	c.Push()
	c.Translate(pt)
	c.Rotate(quarterTurn)
	drawText(c, f, vg.Point{}, -0.5, l)
	c.Pop()
}

// printable replaces what has no glyph, such as a line feed, by spaces: an SVG file must not hold
// it.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, s)
}

// wrap breaks s at spaces into lines that are at most width wide; a word that is wider is cut and
// ends in "…".
func wrap(f typeface, s string, width vg.Length) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		word = shorten(f, word, width)
		switch {
		case line == "":
			line = word
		case f.Width(line+" "+word) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// shorten returns s, or its longest beginning that fits into width together with "…".
func shorten(f typeface, s string, width vg.Length) string {
	if f.Width(s) <= width {
		return s
	}
	r := []rune(s)
	for len(r) > 1 && f.Width(string(r)+"…") > width {
		r = r[:len(r)-1]
	}
	return string(r) + "…"
}
