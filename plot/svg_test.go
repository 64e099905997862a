package plot

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// failer is a *testing.T or a *rapid.T.
type failer interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// picture is what a test sees of an SVG file.
type picture struct {
	width, height float64
	texts         []text
	paths         []path
}

// text is a piece of text with the box of its capitals, in points, y upwards.
type text struct {
	s                      string
	minX, minY, maxX, maxY float64
}

// path is a drawn path: its data and style.
type path struct{ d, style string }

// shapes counts the closed parts of the filled paths of one colour, such as "#0072B2".
func (p picture) shapes(color string) int {
	n := 0
	for _, q := range p.paths {
		if strings.Contains(q.style, "fill:"+color) {
			n += strings.Count(q.d, "Z")
		}
	}
	return n
}

// lines returns the stroked paths of one colour.
func (p picture) lines(color string) []path {
	var out []path
	for _, q := range p.paths {
		if strings.Contains(q.style, "stroke:"+color) {
			out = append(out, q)
		}
	}
	return out
}

// has reports whether one of the texts is s.
func (p picture) has(s string) bool {
	for _, t := range p.texts {
		if t.s == s {
			return true
		}
	}
	return false
}

// affine maps (x, y) to (a x + c y + e, b x + d y + f).
type affine struct{ a, b, c, d, e, f float64 }

func (m affine) mul(n affine) affine {
	return affine{
		m.a*n.a + m.c*n.b, m.b*n.a + m.d*n.b,
		m.a*n.c + m.c*n.d, m.b*n.c + m.d*n.d,
		m.a*n.e + m.c*n.f + m.e, m.b*n.e + m.d*n.f + m.f,
	}
}

func (m affine) apply(x, y float64) (float64, float64) {
	return m.a*x + m.c*y + m.e, m.b*x + m.d*y + m.f
}

// transform reads translate, rotate and scale.
func transform(t failer, s string) affine {
	m := affine{a: 1, d: 1}
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		name, rest, _ := strings.Cut(s, "(")
		args, after, ok := strings.Cut(rest, ")")
		if !ok {
			t.Fatalf("transform %q", s)
		}
		var v []float64
		for _, a := range strings.FieldsFunc(args, func(r rune) bool { return r == ',' || r == ' ' }) {
			v = append(v, float(t, a))
		}
		switch name {
		case "translate":
			m = m.mul(affine{1, 0, 0, 1, v[0], v[1]})
		case "rotate":
			sin, cos := math.Sincos(v[0] * math.Pi / 180)
			m = m.mul(affine{cos, sin, -sin, cos, 0, 0})
		case "scale":
			m = m.mul(affine{v[0], 0, 0, v[1], 0, 0})
		default:
			t.Fatalf("transform %q", name)
		}
		s = after
	}
	return m
}

func float(t failer, s string) float64 {
	v, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSuffix(s, "pt"), "px"), 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// readSVG reads the file at name, which must be well-formed XML.
func readSVG(t failer, name string) picture {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var p picture
	stack := []affine{{a: 1, d: 1}}
	in := xml.NewDecoder(f)
	size := map[string]typeface{"10px": titleFont, "8.5px": textFont, "8px": tickFont, "6px": supFont}
	for {
		token, err := in.Token()
		if errors.Is(err, io.EOF) {
			return p
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			at := map[string]string{}
			for _, a := range e.Attr {
				at[a.Name.Local] = a.Value
			}
			m := stack[len(stack)-1].mul(transform(t, at["transform"]))
			stack = append(stack, m)
			switch e.Name.Local {
			case "svg":
				p.width, p.height = float(t, at["width"]), float(t, at["height"])
			case "path":
				p.paths = append(p.paths, path{at["d"], at["style"]})
			case "text":
				_, after, _ := strings.Cut(at["style"], "font-size:")
				px, _, _ := strings.Cut(after, ";")
				face, ok := size[px]
				if !ok {
					t.Fatalf("font size %q", px)
				}
				if face == textFont && strings.Contains(at["style"], "bold") {
					face = boldFont
				}
				content, err := in.Token()
				if err != nil {
					t.Fatal(err)
				}
				s := string(content.(xml.CharData))
				x, y := float(t, at["x"]), float(t, at["y"])
				x0, y0 := m.apply(x, y)
				x1, y1 := m.apply(x+float64(face.Width(s)), y-float64(face.capHeight()))
				p.texts = append(p.texts, text{s, min(x0, x1), p.height - max(y0, y1), max(x0, x1), p.height - min(y0, y1)})
			}
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		}
	}
}

// legible reports text that leaves the figure or covers other text. Half a point of contact is
// allowed: an exponent touches its base, and coordinates in the file have five digits.
func (p picture) legible() error {
	const touch = 0.5
	for i, a := range p.texts {
		if a.minX < 0 || a.minY < 0 || a.maxX > p.width || a.maxY > p.height {
			return fmt.Errorf("text %q leaves the figure: %+v of %g x %g", a.s, a, p.width, p.height)
		}
		for _, b := range p.texts[:i] {
			if min(a.maxX, b.maxX)-max(a.minX, b.minX) > touch && min(a.maxY, b.maxY)-max(a.minY, b.minY) > touch {
				return fmt.Errorf("text %+v covers %+v", a, b)
			}
		}
	}
	return nil
}

// drawing is one of the figures.
type drawing interface{ Write(path string) error }

// svg draws d and reads it back.
func svg(t testing.TB, d drawing) picture {
	t.Helper()
	name := filepath.Join(t.TempDir(), "a.svg")
	if err := d.Write(name); err != nil {
		t.Fatal(err)
	}
	p := readSVG(t, name)
	if err := p.legible(); err != nil {
		t.Error(err)
	}
	return p
}
