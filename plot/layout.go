package plot

import (
	"fmt"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Distances in points.
const (
	margin      vg.Length = 8
	rightMargin vg.Length = 14 // room for half of the last number of the x axis
	tickLen     vg.Length = 3
	gap         vg.Length = 3  // between text and what it belongs to
	labelRoom   vg.Length = 50 // of the y axis and its labels, when legends are laid out; legends begin no further right
	leastPanel  vg.Length = 50 // height of a data area
)

// layout is a figure with the places of its parts. Everything but the places within a panel follows
// from the width.
type layout struct {
	figure
	width, height vg.Length
	title         []string
	legends       []legend
	panelsHeight  vg.Length // of all data areas together
}

// layout finds the size of the figure and of its parts.
func (g figure) layout() (layout, error) {
	if g.size.Width == 0 {
		g.size.Width = 900
	}
	if w := g.size.Width; w < 300 || w > 10000 {
		return layout{}, fmt.Errorf("%w: width expected 300..10000 pixels, found %d", ErrShape, w)
	}
	g.title, g.xlabel = printable(g.title), printable(g.xlabel)
	for i := range g.panels {
		p := &g.panels[i]
		p.caption, p.ylabel = printable(p.caption), printable(p.ylabel)
		for j := range p.keys {
			p.keys[j].name = printable(p.keys[j].name)
		}
	}
	l := layout{figure: g, width: points(g.size.Width)}
	l.title = wrap(titleFont, g.title, l.width-2*margin)
	frame := l.top() + l.bottom() // all that is not data
	weights, least := 0.0, math.Inf(1)
	for i, p := range g.panels {
		keys := p.keys
		if i > 0 && equalKeys(keys, g.panels[i-1].keys) {
			keys = nil // the panel above says it
		}
		l.legends = append(l.legends, layLegend(p.caption, keys, l.width-margin-rightMargin-labelRoom))
		frame += l.above(i)
		weights += p.weight
		least = math.Min(least, p.weight)
	}
	share := vg.Length(weights / least) // in units of the smallest panel
	need := pixels(frame + leastPanel*share)
	if l.size.Height == 0 {
		l.size.Height = max(g.height, need)
	}
	if h := l.size.Height; h < max(300, need) || h > 10000 {
		return layout{}, fmt.Errorf("%w: height expected %d..10000 pixels for %d panels with their legends, found %d", ErrShape, max(300, need), len(g.panels), h)
	}
	l.height = points(l.size.Height)
	l.panelsHeight = l.height - frame
	for i := range l.panels {
		l.panels[i].weight /= weights
	}
	return l, nil
}

// points and pixels convert lengths.
func points(px int) vg.Length     { return vg.Length(px) * vg.Inch / dpi }
func pixels(length vg.Length) int { return int(math.Ceil(float64(length * dpi / vg.Inch))) }

// top is the height of the title with the margin.
func (l layout) top() vg.Length {
	h := margin + vg.Length(len(l.title))*titleFont.lineHeight()
	if len(l.title) > 0 {
		h += gap
	}
	return h
}

// bottom is the height of the x axis with its labels and the margin.
func (l layout) bottom() vg.Length {
	h := margin + gap + tickFont.capHeight() + gap + tickLen
	if l.xlabel != "" {
		h += textFont.lineHeight()
	}
	return h
}

// above is the height of what is above the data area of panel i and below the panel before it.
func (l layout) above(i int) vg.Length {
	h := l.legends[i].height() + vg.Length(l.panels[i].bands)*bandHeight
	if i > 0 {
		h += 2 * gap
	}
	return h
}

// draw draws the figure.
func (l layout) draw(c draw.Canvas) {
	for i, line := range l.title {
		drawText(&c, titleFont, vg.Point{X: l.width / 2, Y: l.height - margin - vg.Length(i+1)*titleFont.lineHeight() + gap}, -0.5, label{text: line})
	}
	frames := make([]frame, len(l.panels))
	yticks := make([][]tick, len(l.panels))
	left := vg.Length(0) // the widest number
	y := l.height - l.top()
	for i, p := range l.panels {
		y -= l.above(i)
		h := l.panelsHeight * vg.Length(p.weight)
		frames[i] = frame{Canvas: &c, x: l.x, y: p.y, area: vg.Rectangle{Min: vg.Point{Y: y - h}, Max: vg.Point{X: l.width - rightMargin, Y: y}}}
		yticks[i] = spread(p.y, p.y.ticks(max(2, min(8, int(h/(1.4*tickFont.lineHeight()))))), h, yRoom)
		for _, t := range yticks[i] {
			left = max(left, t.label.width(tickFont))
		}
		y -= h
	}
	left += margin + textFont.lineHeight() + gap + gap + tickLen
	right := l.width - rightMargin
	xticks := spread(l.x, l.x.ticks(max(2, min(11, int((right-left)/40)))), right-left, xRoom)
	for i, p := range l.panels {
		f := &frames[i]
		f.area.Min.X = left
		l.legends[i].draw(&c, vg.Point{X: min(left, margin+labelRoom), Y: f.area.Max.Y + vg.Length(p.bands)*bandHeight})
		f.axes(p, xticks, yticks[i], l.above(i), i == len(l.panels)-1)
		for _, m := range p.marks {
			m.draw(f)
		}
	}
	if l.xlabel != "" {
		name := l.x.name(l.xlabel).fit(textFont, right-left)
		drawText(&c, textFont, vg.Point{X: (left + right) / 2, Y: margin}, -0.5, name)
	}
}

// yRoom is the distance that a number on the y axis needs from the next.
func yRoom(label) vg.Length { return tickFont.lineHeight() }

// xRoom is the distance that a number on the x axis needs from the next, which moves inwards where
// it would leave the figure.
func xRoom(t label) vg.Length {
	w := t.width(tickFont)
	return w + max(0, w/2-rightMargin+gap) + 2*gap
}

// spread takes labels away, of every second, third, ... tick, until none needs more room than it
// has on an axis of this length; such a tick becomes a minor one.
func spread(a axis, ts []tick, length vg.Length, room func(label) vg.Length) []tick {
	var labelled []int
	need, have := vg.Length(0), length
	for i, t := range ts {
		if t.label.text == "" {
			continue
		}
		need = max(need, room(t.label))
		if n := len(labelled); n > 0 {
			have = min(have, vg.Length(a.at(t.value)-a.at(ts[labelled[n-1]].value))*length)
		}
		labelled = append(labelled, i)
	}
	every := max(1, int(math.Ceil(float64(need/have))))
	for n, i := range labelled {
		if n%every != 0 {
			ts[i].label = label{}
		}
	}
	return ts
}

// axes draws the grid, the axes with their ticks, and the label of the y axis; the labels of the x
// axis in the last panel. A long label of the y axis goes on into the room above the data.
func (f *frame) axes(p panel, xticks, yticks []tick, above vg.Length, last bool) {
	a := f.area
	for _, t := range xticks {
		x := f.at(t.value, f.y.min).X
		if !p.noGrid && t.label.text != "" {
			f.StrokeLine2(gridLine, x, a.Min.Y, x, a.Max.Y)
		}
		f.StrokeLine2(axisLine, x, a.Min.Y, x, a.Min.Y-tickLen*tickShare(t))
		if last {
			// A wide number at the end moves inwards rather than out of the figure.
			x = min(x, a.Max.X+rightMargin-gap-t.label.width(tickFont)/2)
			drawText(f.Canvas, tickFont, vg.Point{X: x, Y: a.Min.Y - tickLen - gap - tickFont.capHeight()}, -0.5, t.label)
		}
	}
	for _, t := range yticks {
		y := f.at(f.x.min, t.value).Y
		if !p.noGrid && t.label.text != "" {
			f.StrokeLine2(gridLine, a.Min.X, y, a.Max.X, y)
		}
		f.StrokeLine2(axisLine, a.Min.X-tickLen*tickShare(t), y, a.Min.X, y)
		drawText(f.Canvas, tickFont, vg.Point{X: a.Min.X - tickLen - gap, Y: y - tickFont.capHeight()/2}, -1, t.label)
	}
	f.StrokeLines(axisLine, []vg.Point{{X: a.Min.X, Y: a.Max.Y}, a.Min, {X: a.Max.X, Y: a.Min.Y}})
	low, high := a.Min.Y, a.Max.Y
	name := f.y.name(p.ylabel).fit(textFont, high-low+above-gap)
	if name.width(textFont) > high-low {
		high += above - gap
	}
	drawUpright(f.Canvas, textFont, vg.Point{X: margin + textFont.capHeight(), Y: (low + high) / 2}, name)
}

// tickShare is the length of a tick in units of tickLen.
func tickShare(t tick) vg.Length {
	if t.label.text == "" {
		return 0.6
	}
	return 1
}
