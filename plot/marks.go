package plot

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// pixel is the distance in points below which two marks count as one place: a little less than
// 1/150 inch.
const pixel vg.Length = 0.5

// dash is the length that a line is drawn where others go through the same points.
const dash vg.Length = 5

// curve is a line through points; a single point is drawn as a dot. Of several (turns) through the
// same points, each draws its turn: dashes, and a ring around
// the dots of the later ones.
type curve struct {
	x, y        []float64
	style       draw.LineStyle
	turn, turns int
}

func (m curve) draw(f *frame) {
	pts := make([]vg.Point, len(m.y))
	for i := range pts {
		pts[i] = f.at(m.x[i], m.y[i])
	}
	if len(pts) <= 12 { // few points, such as epochs: show where they are
		dot := draw.GlyphStyle{Color: m.style.Color, Radius: m.radius(), Shape: draw.CircleGlyph{}}
		for _, p := range pts {
			f.DrawGlyphNoClip(dot, p)
		}
	}
	if len(pts) > 1 {
		style := m.style
		if n := vg.Length(m.turns); n > 1 {
			style.Dashes = []vg.Length{dash, (n - 1) * dash}
			style.DashOffs = (n - vg.Length(m.turn)) * dash
		}
		f.StrokeLines(style, thin(pts))
	}
}

// radius is that of a dot.
func (m curve) radius() vg.Length {
	n := vg.Length(max(1, m.turns))
	return 2 + max(0, n-1-vg.Length(m.turn))*min(1.2, 6/n)
}

// thin reduces every run of points that lie in the same column, one pixel wide, to the first, the
// lowest, the highest and the last in their order. Lines with few points per column are left alone.
func thin(pts []vg.Point) []vg.Point {
	column := func(p vg.Point) int { return int(math.Floor(float64(p.X / pixel))) }
	var out []vg.Point
	for i := 0; i < len(pts); {
		j, lo, hi := i, i, i
		for ; j < len(pts) && column(pts[j]) == column(pts[i]); j++ {
			if pts[j].Y < pts[lo].Y {
				lo = j
			}
			if pts[j].Y > pts[hi].Y {
				hi = j
			}
		}
		if j-i <= 4 {
			out = append(out, pts[i:j]...)
		} else {
			last := -1
			for _, k := range [4]int{i, min(lo, hi), max(lo, hi), j - 1} {
				if k > last {
					out = append(out, pts[k])
					last = k
				}
			}
		}
		i = j
	}
	return out
}

// rule is a horizontal line over the whole panel.
type rule struct {
	y     float64
	style draw.LineStyle
}

func (m rule) draw(f *frame) {
	y := f.at(f.x.min, m.y).Y
	f.StrokeLine2(m.style, f.area.Min.X, y, f.area.Max.X, y)
}

// events are the spikes of a layer: upright bars as high as 0.8 of a neuron's row, within 1.2 .. 9
// points.
type events struct {
	spikes  []Spike
	neurons int
	color   color.Color
}

func (m events) draw(f *frame) {
	row := f.area.Size().Y / vg.Length(m.neurons)
	h := min(max(0.8*row, 1.2), 9)
	var bars []vg.Point
	for _, s := range m.spikes {
		bars = append(bars, f.at(s.Time, float64(s.Neuron)))
	}
	f.bars(bars, 1, h, m.color)
}

// band is a row of ticks above the data area, for the spikes of a trace.
type band struct {
	times []float64 // s
	row   int
	color color.Color
}

func (m band) draw(f *frame) {
	y := f.area.Max.Y + (vg.Length(m.row)+0.5)*bandHeight
	var bars []vg.Point
	for _, t := range m.times {
		bars = append(bars, vg.Point{X: f.at(t, f.y.min).X, Y: y})
	}
	f.bars(bars, 0.9, 0.75*bandHeight, m.color)
}

// bars fills rectangles of width w and height h around the points, as one path; of points in the
// same pixel only the first.
func (f *frame) bars(pts []vg.Point, w, h vg.Length, c color.Color) {
	type cell struct{ x, y int }
	seen := make(map[cell]bool, len(pts))
	var path vg.Path
	for _, p := range pts {
		at := cell{int(math.Round(float64(p.X / pixel))), int(math.Round(float64(p.Y / pixel)))}
		if seen[at] {
			continue
		}
		seen[at] = true
		path.Move(vg.Point{X: p.X - w/2, Y: p.Y - h/2})
		path.Line(vg.Point{X: p.X + w/2, Y: p.Y - h/2})
		path.Line(vg.Point{X: p.X + w/2, Y: p.Y + h/2})
		path.Line(vg.Point{X: p.X - w/2, Y: p.Y + h/2})
		path.Close()
	}
	if len(path) > 0 {
		f.SetColor(c)
		f.Fill(path)
	}
}
