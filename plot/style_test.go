package plot

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// contrast is that of WCAG 2.2, from 1 to 21: (L1 + 0.05)/(L2 + 0.05) of the relative luminances.
func contrast(a, b color.RGBA) float64 {
	luminance := func(c color.RGBA) float64 {
		linear := func(x uint8) float64 {
			if v := float64(x) / 255; v > 0.04045 {
				return math.Pow((v+0.055)/1.055, 2.4)
			} else {
				return v / 12.92
			}
		}
		return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
	}
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// TestContrast: text and lines are to be seen on both papers. WCAG 2.2 asks for 4.5 of text (we for
// 7, the text is small) and for 3 of graphics; the orange and the sky blue of Okabe and Ito, which
// are chosen for readers with colour deficiencies, have 2.2 and 2.3 on white.
func TestContrast(t *testing.T) {
	for _, onDark := range []bool{false, true} {
		ground := paper.on(onDark)
		if c := contrast(ink.on(onDark), ground); c < 7 {
			t.Errorf("dark %t: text has a contrast of %.2f", onDark, c)
		}
		for name, least := range map[tint]float64{grey: 3, pale: 1.2} {
			if c := contrast(name.on(onDark), ground); c < least {
				t.Errorf("dark %t: %v has a contrast of %.2f, want %g", onDark, name.on(onDark), c, least)
			}
		}
		least := 3.0
		if !onDark {
			least = 2.2
		}
		for i, p := range palette {
			if c := contrast(p.on(onDark), ground); c < least {
				t.Errorf("dark %t: colour %d of the palette has a contrast of %.2f, want %g", onDark, i, c, least)
			}
		}
		// Numbers in the cells of a matrix: dark or light text, whichever the share asks for.
		for _, share := range []float64{0, 0.25, 0.49} {
			if c := contrast(ink.on(onDark), blue.share(share).on(onDark)); c < 4.5 {
				t.Errorf("dark %t: text on a cell of share %g has a contrast of %.2f", onDark, share, c)
			}
		}
		if c := contrast(white.on(onDark), blue.on(onDark)); c < 4.5 {
			t.Errorf("dark %t: text on a full cell has a contrast of %.2f", onDark, c)
		}
	}
}

// figures are one of each kind.
func figures() map[string]drawing {
	return map[string]drawing{
		"curves": testCurves(), "raster": testRaster(), "traces": testTraces(),
		"matrix": Matrix{Rows: []string{"a", "b"}, Columns: []string{"a", "b"}, Values: [][]int{{9, 1}, {4, 6}}},
		"corner": Corner{Names: []string{"x", "y"}, Values: [][]float64{wave(50, 1), wave(50, 2)}},
	}
}

// TestDark: a figure NAME.dark.svg is the one NAME.svg with other colours: none of the light paper
// is left, all text and lines are where they were.
func TestDark(t *testing.T) {
	dir := t.TempDir()
	read := func(name string, d drawing) (string, picture) {
		path := filepath.Join(dir, name)
		if err := d.Write(path); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(b), readSVG(t, path)
	}
	hex := func(c color.RGBA) string { return fmt.Sprintf("#%02X%02X%02X", c.R, c.G, c.B) }
	for name, d := range figures() {
		_, light := read(name+".svg", d)
		text, dark := read(name+".Dark.SVG", d)
		if !slices.Equal(light.texts, dark.texts) || len(light.paths) != len(dark.paths) {
			t.Errorf("%s: the dark figure has other text or another number of paths", name)
			continue
		}
		for i := range light.paths {
			if light.paths[i].d != dark.paths[i].d {
				t.Errorf("%s: path %d is elsewhere", name, i)
			}
		}
		if !strings.Contains(dark.paths[0].style, hex(paper.dark)) || !strings.Contains(light.paths[0].style, hex(paper.light)) {
			t.Errorf("%s: the first paths are %v and %v, want the paper", name, light.paths[0], dark.paths[0])
		}
		for _, c := range []tint{ink, pale, grey} {
			if strings.Contains(text, hex(c.light)) {
				t.Errorf("%s: the dark figure has the light colour %s", name, hex(c.light))
			}
		}
	}
}

// TestDarkPNG: every pixel at the border is paper, without a seam, for sizes that are no whole
// number of points.
func TestDarkPNG(t *testing.T) {
	for _, ext := range []string{".png", ".dark.png"} {
		c := testCurves()
		c.Size = Size{751, 601}
		path := filepath.Join(t.TempDir(), "a"+ext)
		if err := c.Write(path); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		m, err := png.Decode(f)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		want, b := paper.on(ext != ".png"), m.Bounds()
		for _, p := range []image.Point{b.Min, {b.Max.X - 1, b.Min.Y}, {b.Min.X, b.Max.Y - 1}, b.Max.Sub(image.Pt(1, 1)), {b.Max.X - 1, b.Max.Y / 2}, {b.Max.X / 2, b.Max.Y - 1}} {
			if got := color.RGBAModel.Convert(m.At(p.X, p.Y)); got != want {
				t.Errorf("%s at %v: %v, want %v", ext, p, got, want)
			}
		}
	}
}
