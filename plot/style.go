package plot

import (
	"image/color"
	"math"

	bold "codeberg.org/go-fonts/liberation/liberationsansbold"
	regular "codeberg.org/go-fonts/liberation/liberationsansregular"
	xfont "golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// palette holds the colours of Okabe and Ito in the order of use, for both kinds of paper but their
// black; their yellow is left out, it is too light for lines on white.
var palette = []tint{
	blue,
	both(0xD5, 0x5E, 0x00), // vermillion
	both(0x00, 0x9E, 0x73), // bluish green
	both(0xCC, 0x79, 0xA7), // reddish purple
	both(0xE6, 0x9F, 0x00), // orange
	both(0x56, 0xB4, 0xE9), // sky blue
	ink,
}

// dashes are the patterns of the first, second, ... seven lines.
var dashes = [][]vg.Length{nil, {4, 2}, {1, 1.5}, {5, 1.5, 1, 1.5}}

var (
	paper = tint{color.RGBA{0xFF, 0xFF, 0xFF, 0xFF}, color.RGBA{0x14, 0x17, 0x1A, 0xFF}}
	ink   = tint{color.RGBA{0x22, 0x22, 0x22, 0xFF}, color.RGBA{0xDF, 0xE4, 0xEA, 0xFF}} // text and axes
	grey  = tint{color.RGBA{0x77, 0x77, 0x77, 0xFF}, color.RGBA{0x9A, 0xA0, 0xA6, 0xFF}} // thresholds
	pale  = tint{color.RGBA{0xE4, 0xE4, 0xE4, 0xFF}, color.RGBA{0x2C, 0x32, 0x38, 0xFF}} // grid
	blue  = both(0x00, 0x72, 0xB2)
	white = both(0xFF, 0xFF, 0xFF) // text on blue
)

// tint is a colour of a figure, on light and on dark paper.
type tint struct{ light, dark color.RGBA }

// both is the same colour on either paper.
func both(r, g, b uint8) tint { return tint{color.RGBA{r, g, b, 0xFF}, color.RGBA{r, g, b, 0xFF}} }

// RGBA returns the colour on light paper.
func (t tint) RGBA() (r, g, b, a uint32) { return t.light.RGBA() }

// on is the colour on one of the papers.
func (t tint) on(dark bool) color.RGBA {
	if dark {
		return t.dark
	}
	return t.light
}

// share is the colour mixed with the paper: 0 is the paper, 1 the colour.
func (t tint) share(s float64) tint {
	mix := func(from, to color.RGBA) color.RGBA {
		part := func(from, to uint8) uint8 { return uint8(float64(from) + math.Round(s*(float64(to)-float64(from)))) }
		return color.RGBA{part(from.R, to.R), part(from.G, to.G), part(from.B, to.B), 0xFF}
	}
	return tint{mix(paper.light, t.light), mix(paper.dark, t.dark)}
}

// darkPaper is a canvas on which tints are those on dark paper.
type darkPaper struct{ vg.CanvasSizer }

// SetColor sets the colour of what is drawn next.
func (d darkPaper) SetColor(c color.Color) {
	if t, ok := c.(tint); ok {
		c = t.dark
	}
	d.CanvasSizer.SetColor(c)
}

var (
	axisLine  = draw.LineStyle{Color: ink, Width: 0.6}
	gridLine  = draw.LineStyle{Color: pale, Width: 0.5}
	thresLine = draw.LineStyle{Color: grey, Width: 0.8, Dashes: []vg.Length{4, 2.5}}
)

// lineStyle is the style of the i-th line of a panel.
func lineStyle(i int) draw.LineStyle {
	n := len(palette)
	return draw.LineStyle{Color: palette[i%n], Width: 1.2, Dashes: dashes[i/n%len(dashes)]}
}

// behind is the style of a line that others are drawn on.
func behind(s draw.LineStyle) draw.LineStyle {
	return draw.LineStyle{Color: s.Color.(tint).share(0.4), Width: 4.5}
}

// typeface is a font at a size.
type typeface struct{ font.Face }

var (
	fonts     = font.NewCache(font.Collection{face(xfont.WeightNormal, regular.TTF), face(xfont.WeightBold, bold.TTF)})
	titleFont = newTypeface(10, xfont.WeightBold)
	boldFont  = newTypeface(8.5, xfont.WeightBold)
	textFont  = newTypeface(8.5, xfont.WeightNormal)
	tickFont  = newTypeface(8, xfont.WeightNormal)
	supFont   = newTypeface(6, xfont.WeightNormal)
)

// face is one of the two fonts that figures have. (gonum.org/v1/plot/font/liberation would put
// twelve into every program.)
func face(weight xfont.Weight, ttf []byte) font.Face {
	f, err := opentype.Parse(ttf)
	if err != nil {
		panic("plot: a font that is part of the program: " + err.Error())
	}
	return font.Face{Font: font.Font{Typeface: "Liberation", Variant: "Sans", Weight: weight}, Face: f}
}

func newTypeface(size vg.Length, weight xfont.Weight) typeface {
	return typeface{fonts.Lookup(font.Font{Typeface: "Liberation", Variant: "Sans", Weight: weight}, size)}
}

// capHeight is the height of a capital letter or digit: 0.72 of the size in Liberation Sans.
func (f typeface) capHeight() vg.Length { return 0.72 * f.Font.Size }

// lineHeight is the distance of two baselines.
func (f typeface) lineHeight() vg.Length { return 1.25 * f.Font.Size }
