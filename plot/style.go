package plot

import (
	"image/color"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/font/liberation"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// palette holds the colours of Okabe and Ito in the order of use; their yellow is left out, it is
// too light for lines on white.
var palette = []color.Color{
	color.RGBA{0x00, 0x72, 0xB2, 0xFF}, // blue
	color.RGBA{0xD5, 0x5E, 0x00, 0xFF}, // vermillion
	color.RGBA{0x00, 0x9E, 0x73, 0xFF}, // bluish green
	color.RGBA{0xCC, 0x79, 0xA7, 0xFF}, // reddish purple
	color.RGBA{0xE6, 0x9F, 0x00, 0xFF}, // orange
	color.RGBA{0x56, 0xB4, 0xE9, 0xFF}, // sky blue
	color.RGBA{0x22, 0x22, 0x22, 0xFF}, // black
}

// dashes are the patterns of the first, second, ... seven lines.
var dashes = [][]vg.Length{nil, {4, 2}, {1, 1.5}, {5, 1.5, 1, 1.5}}

var (
	ink  = color.RGBA{0x22, 0x22, 0x22, 0xFF} // text and axes
	grey = color.RGBA{0x77, 0x77, 0x77, 0xFF} // thresholds
	pale = color.RGBA{0xE4, 0xE4, 0xE4, 0xFF} // grid
)

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
	r, g, b, _ := s.Color.RGBA()
	mix := func(x uint32) uint8 { return uint8((2*x>>8 + 3*0xFF) / 5) } // two parts of the colour, three of white
	return draw.LineStyle{Color: color.RGBA{mix(r), mix(g), mix(b), 0xFF}, Width: 4.5}
}

// typeface is a font at a size.
type typeface struct{ font.Face }

var (
	fonts     = font.NewCache(liberation.Collection())
	titleFont = newTypeface(10, xfont.WeightBold)
	boldFont  = newTypeface(8.5, xfont.WeightBold)
	textFont  = newTypeface(8.5, xfont.WeightNormal)
	tickFont  = newTypeface(8, xfont.WeightNormal)
	supFont   = newTypeface(6, xfont.WeightNormal)
)

func newTypeface(size vg.Length, weight xfont.Weight) typeface {
	return typeface{fonts.Lookup(font.Font{Typeface: "Liberation", Variant: "Sans", Weight: weight}, size)}
}

// capHeight is the height of a capital letter or digit: 0.72 of the size in Liberation Sans.
func (f typeface) capHeight() vg.Length { return 0.72 * f.Font.Size }

// lineHeight is the distance of two baselines.
func (f typeface) lineHeight() vg.Length { return 1.25 * f.Font.Size }
