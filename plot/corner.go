package plot

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
)

// Corner draws samples of a distribution of several quantities: on the diagonal the histogram of
// each, with the ends of its central 95 %, and below it how often two of them occur together, the
// bluer the more often. Each cell spans the central 99 % of its quantities, to the right and up.
type Corner struct {
	Title  string
	Names  []string
	Values [][]float64 // of each name as many, at least one
	Size   Size        // zero: 900 pixels wide, and as high
}

// Write draws the figure into the file at path, which ends in .png or .svg.
//
// Errors: [ErrEmpty], [ErrShape], [ErrNotFinite], [ErrFormat], or that of the file system.
func (c Corner) Write(path string) error {
	n := len(c.Names)
	if n == 0 || len(c.Values) != n || len(c.Values[0]) == 0 {
		return fmt.Errorf("%w: %s: %d names, %d lists of values", ErrEmpty, path, n, len(c.Values))
	}
	cells := make(corner, n)
	for i, v := range c.Values {
		if len(v) != len(c.Values[0]) {
			return fmt.Errorf("%w: %s: %q: expected %d values, found %d", ErrShape, path, c.Names[i], len(c.Values[0]), len(v))
		}
		if at := slices.IndexFunc(v, func(x float64) bool { return x-x != 0 }); at >= 0 {
			return fmt.Errorf("%w: %s: %q: value %d is %v", ErrNotFinite, path, c.Names[i], at, v[at])
		}
		cells[i] = newMarginal(v)
	}
	up := slices.Clone(c.Names)
	slices.Reverse(up)
	g := figure{title: c.Title, size: c.Size, height: 900}
	g.x = axis{min: -0.5, max: float64(n) - 0.5, names: c.Names}
	g.panels = []panel{{ylabel: " ", y: axis{min: -0.5, max: float64(n) - 0.5, names: up}, weight: 1, noGrid: true, marks: []mark{cells}}}
	return g.write(path)
}

// marginal are the values of a quantity, as bins of the range that is shown.
type marginal struct {
	bins      []int // -1 outside
	low, high float64
}

const cornerBins = 24

func newMarginal(values []float64) marginal {
	sorted := slices.Sorted(slices.Values(values))
	at := func(p float64) float64 { return sorted[int(math.Round(p*float64(len(sorted)-1)))] }
	first, last := at(0.005), at(0.995)
	m := marginal{low: at(0.025), high: at(0.975)}
	for _, v := range values {
		b := 0
		if last > first {
			b = int(float64(cornerBins) * (v - first) / (last - first))
		}
		switch {
		case v < first || v > last:
			b = -1
		case b >= cornerBins:
			b = cornerBins - 1
		}
		m.bins = append(m.bins, b)
	}
	return m
}

// corner are the quantities of a Corner.
type corner []marginal

func (m corner) draw(f *frame) {
	const side = 0.86 // of a cell
	n := len(m)
	box := func(i, j int, x0, y0, x1, y1 float64, c tint) { // parts of the cell of row i and column j
		at := func(x, y float64) vg.Point { return f.at(float64(j)+side*(x-0.5), float64(n-1-i)+side*(y-0.5)) }
		f.SetColor(c)
		var p vg.Path
		for k, corner := range []vg.Point{at(x0, y0), at(x1, y0), at(x1, y1), at(x0, y1)} {
			if k == 0 {
				p.Move(corner)
			} else {
				p.Line(corner)
			}
		}
		p.Close()
		f.Fill(p)
	}
	for i := range m {
		counts := make([]int, cornerBins)
		for _, b := range m[i].bins {
			if b >= 0 {
				counts[b]++
			}
		}
		most := float64(max(slices.Max(counts), 1))
		for b, count := range counts {
			if count > 0 {
				box(i, i, float64(b)/cornerBins, 0, float64(b+1)/cornerBins, 0.8*float64(count)/most, blue)
			}
		}
		for j := range i {
			joint, most := make([]int, cornerBins*cornerBins), 1
			for k, a := range m[j].bins {
				if b := m[i].bins[k]; a >= 0 && b >= 0 {
					joint[b*cornerBins+a]++
					most = max(most, joint[b*cornerBins+a])
				}
			}
			for at, count := range joint {
				if count > 0 {
					x, y := float64(at%cornerBins), float64(at/cornerBins)
					box(i, j, x/cornerBins, y/cornerBins, (x+1)/cornerBins, (y+1)/cornerBins, blue.share(math.Sqrt(float64(count)/float64(most))))
				}
			}
		}
	}
	for i, q := range m { // over the cells
		drawText(f.Canvas, tickFont, f.at(float64(i), float64(n-1-i)+0.5*side-0.1), -0.5, label{text: fmt.Sprintf("%.4g to %.4g", q.low, q.high)})
	}
}
