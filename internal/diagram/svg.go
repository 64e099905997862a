package diagram

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Lengths in pixels.
const (
	fontSize  = 11
	charWidth = 6.5 // of an average letter
	margin    = 20
	padding   = 14 // within the frame of a group
	caption   = 22 // height of a group's or the diagram's label
	loopLane  = 12 // width of the lane of a loop at the right of a group
)

// WriteSVG writes the diagram as an image.
func (d *Diagram) WriteSVG(w io.Writer) error {
	l := d.layout()
	b := bufio.NewWriter(w)
	width, height := l.size.w+2*margin, l.size.h+2*margin+caption
	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f" font-family="Helvetica,Arial,'Liberation Sans',sans-serif" font-size="%d">`+"\n", width, height, width, height, fontSize)
	fmt.Fprintf(b, `<rect width="100%%" height="100%%" fill="#ffffff"/>`+"\n")
	text(b, point{margin, margin + 4}, "start", `font-size="13" font-weight="bold" fill="#222222"`, d.Title)
	for g, f := range l.frames {
		x, y := f.at.x+margin, f.at.y+margin+caption
		fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="8" fill="#fafafa" stroke="#aaaaaa"/>`+"\n", x, y, f.size.w, f.size.h)
		text(b, point{x + 10, y + 15}, "start", `font-weight="bold" fill="#444444"`, d.Groups[g])
	}
	for k, e := range d.Edges {
		if !e.Loop {
			curve(b, l.paths[k])
		}
	}
	for k, e := range d.Edges {
		if e.Loop {
			loop(b, l.paths[k])
		}
	}
	for i, n := range d.Nodes {
		c, s, look := l.center[i].shifted(), box(n), looks[n.Kind]
		fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="%.0f" fill="%s" stroke="%s"/>`+"\n", c.x-s.w/2, c.y-s.h/2, s.w, s.h, look.radius, look.fill, look.line)
		if n.Detail == "" {
			text(b, point{c.x, c.y + 4}, "middle", `fill="#222222"`, n.Label)
			continue
		}
		text(b, point{c.x, c.y - 2}, "middle", `fill="#222222"`, n.Label)
		text(b, point{c.x, c.y + 10}, "middle", `font-size="9" fill="#666666"`, n.Detail)
	}
	fmt.Fprintln(b, "</svg>")
	return b.Flush()
}

func (p point) shifted() point { return point{p.x + margin, p.y + margin + caption} }

// box is the size of a node.
func box(n Node) size {
	chars := max(float64(utf8.RuneCountInString(n.Label)), 0.85*float64(utf8.RuneCountInString(n.Detail)))
	s := size{w: max(chars*charWidth+16, 30), h: 22}
	if n.Detail != "" {
		s.h = 32
	}
	return s
}

var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")

func text(b io.Writer, at point, anchor, style, s string) {
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="%s" %s>%s</text>`+"\n", at.x, at.y, anchor, style, escape.Replace(s))
}

// curve draws an edge through points that lie below each other, with an arrow at its end.
func curve(b io.Writer, path []point) {
	p := path[0].shifted()
	fmt.Fprintf(b, `<path d="M%.1f %.1f`, p.x, p.y)
	for k, q := range path[1:] {
		q := q.shifted()
		end := q
		if k == len(path)-2 {
			end.y -= 5
		}
		mid := (p.y + end.y) / 2
		fmt.Fprintf(b, " C%.1f %.1f %.1f %.1f %.1f %.1f", p.x, mid, q.x, mid, end.x, end.y)
		p = q
	}
	fmt.Fprintf(b, `" fill="none" stroke="#777777"/>`+"\n")
	fmt.Fprintf(b, `<path d="M%.1f %.1f l-3 -6 h6 z" fill="#777777"/>`+"\n", p.x, p.y)
}

// loop draws an edge that leads back: from the right side of a node along a lane to the right
// side of another. path holds both ends and a point in the lane.
func loop(b io.Writer, path []point) {
	from, lane, to := path[0].shifted(), path[1].shifted(), path[2].shifted()
	const r = 6
	up := float64(r)
	if to.y > from.y {
		up = -r
	}
	fmt.Fprintf(b, `<path d="M%.1f %.1f H%.1f Q%.1f %.1f %.1f %.1f V%.1f Q%.1f %.1f %.1f %.1f H%.1f" fill="none" stroke="%s" stroke-dasharray="4 2.5"/>`+"\n",
		from.x, from.y, lane.x-r, lane.x, from.y, lane.x, from.y-up, to.y+up, lane.x, to.y, lane.x-r, to.y, to.x+5, loopColor)
	fmt.Fprintf(b, `<path d="M%.1f %.1f l6 -3 v6 z" fill="%s"/>`+"\n", to.x, to.y, loopColor)
}
