package plot

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/surge-snn/surge/internal/files"
)

// dpi is the resolution of PNG files: 900 pixels are 6 inches, the width of a page of text.
const dpi = 150

// dark stands before the ending of the name of a figure on dark paper.
const dark = ".dark"

// Size is the size of a figure in pixels (of 1/150 inch). A zero stands for the default: a width of
// 900, and the height that suits the panels and their legends, 600 for one or two usual ones. Both
// must be within 300..10000, and the height sufficient.
type Size struct{ Width, Height int }

// figure is a column of panels with one x axis.
type figure struct {
	title  string
	xlabel string
	x      axis
	panels []panel
	size   Size
	height int // pixels, where size has none and the panels do not need more
}

// panel is one coordinate system.
type panel struct {
	caption string // above the panel, at the left
	keys    []key  // above the panel, after the caption
	ylabel  string
	y       axis
	weight  float64 // share of the height
	bands   int     // rows for ticks above the data area
	noGrid  bool
	marks   []mark
}

// key is an entry of the legend.
type key struct {
	name  string
	style draw.LineStyle
}

// equal reports whether two entries look the same.
func (k key) equal(o key) bool {
	return k.name == o.name && k.style.Color == o.style.Color && slices.Equal(k.style.Dashes, o.style.Dashes)
}

func equalKeys(a, b []key) bool { return slices.EqualFunc(a, b, key.equal) }

// mark is something drawn in a panel.
type mark interface{ draw(f *frame) }

// frame is where a panel's marks are drawn.
type frame struct {
	*draw.Canvas
	area vg.Rectangle // of the data; bands lie above it
	x, y axis
}

// bandHeight is the height of a row of ticks above the data.
const bandHeight vg.Length = 7

// at returns the place of the point (x, y).
func (f *frame) at(x, y float64) vg.Point {
	return vg.Point{
		X: f.area.Min.X + vg.Length(f.x.at(x))*f.area.Size().X,
		Y: f.area.Min.Y + vg.Length(f.y.at(y))*f.area.Size().Y,
	}
}

// write draws the figure into a file.
func (g figure) write(path string) error {
	l, err := g.layout()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	w, h := l.width, l.height
	ext := strings.ToLower(filepath.Ext(path))
	onDark := strings.HasSuffix(strings.ToLower(path), dark+ext)
	drawOn := func(c vg.CanvasSizer) {
		if onDark {
			c = darkPaper{c}
		}
		dc := draw.New(c)
		dc.SetColor(paper)
		dc.Fill(dc.Rectangle.Path())
		l.draw(dc)
	}
	var encode func(io.Writer) error
	switch ext {
	case ".png":
		c := vgimg.NewWith(vgimg.UseWH(w, h), vgimg.UseDPI(dpi), vgimg.UseBackgroundColor(paper.on(onDark)))
		drawOn(c)
		encode = func(out io.Writer) error {
			_, err := vgimg.PngCanvas{Canvas: c}.WriteTo(out)
			return err
		}
	case ".svg":
		c := vgsvg.New(w, h)
		drawOn(c)
		encode = func(out io.Writer) error {
			var b bytes.Buffer
			if _, err := c.WriteTo(&b); err != nil {
				return err
			}
			_, err := out.Write(bytes.ReplaceAll(b.Bytes(), []byte("font-family:Liberation Sans;"),
				[]byte("font-family:'Liberation Sans',Arial,Helvetica,sans-serif;")))
			return err
		}
	default:
		return fmt.Errorf("%s: %w: expected .png or .svg, found %q", path, ErrFormat, filepath.Ext(path))
	}
	return files.WriteAtomic(path, encode)
}
