package plot

import (
	"bytes"
	"errors"
	"fmt"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"
	"pgregory.net/rapid"

	"github.com/surge-snn/surge/internal/race"
)

const (
	hexBlue       = "#0072B2"
	hexVermillion = "#D55E00"
	hexGreen      = "#009E73"
)

func wave(n int, scale float64) []float64 {
	y := make([]float64, n)
	for i := range y {
		y[i] = scale * (1.5 + math.Sin(float64(i)/7))
	}
	return y
}

func testCurves() Curves {
	return Curves{
		Title: "Yin-Yang <120> & friends",
		Panels: []Panel{
			{YLabel: "loss", Log: true, Lines: []Line{{Name: "training", Y: wave(40, 0.1)}, {Name: "validation", Y: wave(40, 0.2)}}},
			{YLabel: "accuracy (%)", Lines: []Line{{Name: "training", Y: wave(40, 30)}, {Name: "test", Y: []float64{50, 60}, X: []float64{20, 40}}}},
		},
	}
}

func testRaster() Raster {
	return Raster{Title: "sample 7, class 3", Duration: 0.1, Layers: []RasterLayer{
		{Name: "input", Neurons: 100, Spikes: []Spike{{0, 0}, {0.05, 99}, {0.1, 50}, {0.07, 3}}},
		{Name: "hidden", Neurons: 1, Spikes: []Spike{{0.01, 0}}},
		{Name: "output", Neurons: 10},
	}}
}

func testTraces() Traces {
	return Traces{Title: "two neurons", Dt: 1e-3, Panels: []TracePanel{
		{Name: "membrane potential", Unit: "V", Thresholds: []float64{-0.05}, Traces: []Trace{
			{Name: "neuron 0", Y: wave(200, -0.03), Spikes: []float64{0.01, 0.1, 0.2}},
			{Name: "neuron 1", Y: wave(150, -0.02), Spikes: []float64{0.05}},
		}},
		{Name: "membrane current", Unit: "A", Log: true, Traces: []Trace{{Name: "neuron 0", Y: wave(200, 1e-9)}}},
		{Name: "rate", Traces: []Trace{{Y: wave(200, 1)}}},
	}}
}

func TestCurves(t *testing.T) {
	p := svg(t, testCurves())
	for _, s := range []string{"Yin-Yang <120> & friends", "loss", "accuracy (%)", "training", "validation", "test", "epoch", "40", "0.1"} {
		if !p.has(s) {
			t.Errorf("no text %q in %v", s, p.texts)
		}
	}
	// Two lines and, in each of the legends, which differ, one sample.
	if n := len(p.lines(hexBlue)); n != 4 {
		t.Errorf("%d blue lines, want 4", n)
	}
	// The line of two points shows them as dots: filled paths of arcs.
	dots := 0
	for _, q := range p.paths {
		if strings.Contains(q.style, "fill:"+hexVermillion) {
			dots++
		}
	}
	if dots != 2 {
		t.Errorf("%d dots, want 2", dots)
	}
	// 900 x 600 pixels at 150 per inch.
	if p.width != 432 || p.height != 288 {
		t.Errorf("size %g x %g points", p.width, p.height)
	}
}

// The same legend twice would be noise: the panel below leaves it out.
func TestCurvesOneLegend(t *testing.T) {
	c := testCurves()
	c.Panels[1].Lines = c.Panels[0].Lines
	n := 0
	for _, s := range svg(t, c).texts {
		if s.s == "training" {
			n++
		}
	}
	if n != 1 {
		t.Errorf("the legend is there %d times", n)
	}
}

func TestRaster(t *testing.T) {
	p := svg(t, testRaster())
	for _, s := range []string{"sample 7, class 3", "input: 100 neurons, 4 spikes", "hidden: 1 neuron, 1 spike", "output: 10 neurons, 0 spikes", "time (ms)", "0", "100"} {
		if !p.has(s) {
			t.Errorf("no text %q in %v", s, p.texts)
		}
	}
	for color, want := range map[string]int{hexBlue: 4, hexVermillion: 1, hexGreen: 0} {
		if n := p.shapes(color); n != want {
			t.Errorf("%d bars of colour %s, want %d", n, color, want)
		}
	}
}

// A hundred thousand spikes on a small area are drawn once per pixel, and a spike far from them is
// still there.
func TestRasterThins(t *testing.T) {
	r := Raster{Duration: 1, Layers: []RasterLayer{{Name: "input", Neurons: 1000}}}
	for i := range 100000 {
		r.Layers[0].Spikes = append(r.Layers[0].Spikes, Spike{0.5 + 1e-7*float64(i%1000), 500 + i/1000%2})
	}
	r.Layers[0].Spikes = append(r.Layers[0].Spikes, Spike{0.9, 10})
	// 0.1 ms is 0.04 points and two neurons less than half a point: up to 2 x 2 pixels of half a
	// point, and the other spike.
	if n := svg(t, r).shapes(hexBlue); n < 2 || n > 5 {
		t.Errorf("%d bars", n)
	}
}

func TestDenseLayer(t *testing.T) {
	l, err := DenseLayer("h", []float32{0, 1, 0, 0, 2, 1}, 3, 2, 0.5)
	if err != nil {
		t.Fatal(err)
	}
	want := []Spike{{0, 1}, {1, 0}, {1, 1}}
	if l.Name != "h" || l.Neurons != 2 || len(l.Spikes) != 3 || l.Spikes[0] != want[0] || l.Spikes[1] != want[1] || l.Spikes[2] != want[2] {
		t.Errorf("found %+v, want %v", l, want)
	}
	nan := math.NaN()
	for _, c := range []struct {
		spikes     []float64
		steps, n   int
		dt         float64
		is         error
		namesIndex string
	}{
		{[]float64{1}, 1, 2, 1, ErrShape, "[1, 2]"},
		{[]float64{1, 2, 3}, 1, 2, 1, ErrShape, "found 3"},
		{nil, 0, 2, 1, ErrShape, "[0, 2]"},
		{[]float64{1}, 1, 0, 1, ErrShape, "[1, 0]"},
		{[]float64{1}, 1, 1, 0, ErrShape, "dt"},
		{[]float64{1}, 1, 1, nan, ErrShape, "dt"},
		{[]float64{0, nan}, 1, 2, 1, ErrNotFinite, "[0, 1]"},
		{[]float64{0, 0, -1, 0}, 2, 2, 1, ErrShape, "[1, 0]"},
	} {
		if _, err := DenseLayer("h", c.spikes, c.steps, c.n, c.dt); !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.namesIndex) {
			t.Errorf("%+v: error %v", c, err)
		}
	}
}

func TestTraces(t *testing.T) {
	p := svg(t, testTraces())
	for _, s := range []string{"membrane potential (mV)", "membrane current (A)", "rate", "threshold", "neuron 0", "time (ms)", "200", "10", "−9", "−40"} {
		if !p.has(s) {
			t.Errorf("no text %q in %v", s, p.texts)
		}
	}
	for color, want := range map[string]int{hexBlue: 3, hexVermillion: 1} {
		if n := p.shapes(color); n != want {
			t.Errorf("%d spikes of colour %s, want %d", n, color, want)
		}
	}
}

// bad returns a copy of the data with one value replaced.
func bad(y []float64, i int, v float64) []float64 {
	y = append([]float64(nil), y...)
	y[i] = v
	return y
}

func TestErrors(t *testing.T) {
	dir := t.TempDir()
	y := wave(5, 1)
	line := func(l Line) drawing { return Curves{Panels: []Panel{{YLabel: "loss", Lines: []Line{l}}}} }
	layer := func(l RasterLayer) drawing { return Raster{Duration: 1, Layers: []RasterLayer{l}} }
	trace := func(p TracePanel) drawing { return Traces{Dt: 1, Panels: []TracePanel{p}} }
	for _, c := range []struct {
		name  string
		d     drawing
		is    error
		parts string
	}{
		{"no panel", Curves{}, ErrEmpty, "panel"},
		{"no line", Curves{Panels: []Panel{{YLabel: "loss"}}}, ErrEmpty, `"loss"`},
		{"no point", line(Line{Name: "training"}), ErrEmpty, `"training"`},
		{"x and y", line(Line{Name: "training", X: y[:4], Y: y}), ErrShape, "= 4, found 5"},
		{"NaN", line(Line{Name: "training", Y: bad(y, 3, math.NaN())}), ErrNotFinite, `"training"): y[3]`},
		{"infinite x", line(Line{Name: "training", X: bad(y, 2, math.Inf(1)), Y: y}), ErrNotFinite, "x[2]"},
		{"log x of zero", Curves{LogX: true, Panels: []Panel{{Lines: []Line{{X: []float64{0, 1}, Y: []float64{1, 2}}}}}}, ErrLog, "x[0] is 0"},
		{"log of zero", Curves{Panels: []Panel{{YLabel: "loss", Log: true, Lines: []Line{{Y: bad(y, 1, 0)}}}}}, ErrLog, "y[1] is 0"},
		{"too low", Curves{Size: Size{900, 50}, Panels: []Panel{{Lines: []Line{{Y: y}}}}}, ErrShape, "found 50"},
		{"too wide", Curves{Size: Size{20000, 600}, Panels: []Panel{{Lines: []Line{{Y: y}}}}}, ErrShape, "20000"},
		{"negative size", Curves{Size: Size{-1, -1}, Panels: []Panel{{Lines: []Line{{Y: y}}}}}, ErrShape, "-1"},
		{"many panels in little room", Curves{Size: Size{900, 300}, Panels: slices.Repeat([]Panel{{Lines: []Line{{Y: y}}}}, 9)}, ErrShape, "for 9 panels"},
		{"no layer", Raster{}, ErrEmpty, "layer"},
		{"no neurons", layer(RasterLayer{Name: "h"}), ErrShape, `"h"`},
		{"neuron", layer(RasterLayer{Name: "h", Neurons: 2, Spikes: []Spike{{0, 0}, {0, 2}}}), ErrShape, "0 .. 1, found 2"},
		{"negative neuron", layer(RasterLayer{Name: "h", Neurons: 2, Spikes: []Spike{{0, -1}}}), ErrShape, "found -1"},
		{"time NaN", layer(RasterLayer{Name: "h", Neurons: 2, Spikes: []Spike{{math.NaN(), 0}}}), ErrNotFinite, "spike 0"},
		{"late", layer(RasterLayer{Name: "h", Neurons: 2, Spikes: []Spike{{1.5, 0}}}), ErrShape, "found 1.5"},
		{"early", layer(RasterLayer{Name: "h", Neurons: 2, Spikes: []Spike{{-1, 0}}}), ErrShape, "found -1"},
		{"duration", Raster{Duration: -1, Layers: []RasterLayer{{Neurons: 1}}}, ErrShape, "-1"},
		{"silent, without duration", Raster{Layers: []RasterLayer{{Neurons: 1}}}, ErrEmpty, "duration"},
		{"no trace panel", Traces{Dt: 1}, ErrEmpty, "panel"},
		{"no dt", Traces{Panels: []TracePanel{{Traces: []Trace{{Y: y}}}}}, ErrShape, "dt"},
		{"no trace", trace(TracePanel{Name: "vmem"}), ErrEmpty, `"vmem"`},
		{"no sample", trace(TracePanel{Traces: []Trace{{Name: "n0"}}}), ErrEmpty, `"n0"`},
		{"sample NaN", trace(TracePanel{Traces: []Trace{{Name: "n0", Y: bad(y, 4, math.NaN())}}}), ErrNotFinite, "[4]"},
		{"log sample", trace(TracePanel{Log: true, Traces: []Trace{{Name: "n0", Y: bad(y, 4, -1)}}}), ErrLog, "[4] is -1"},
		{"log threshold", trace(TracePanel{Log: true, Thresholds: []float64{0}, Traces: []Trace{{Y: y}}}), ErrLog, "threshold 0"},
		{"late spike", trace(TracePanel{Traces: []Trace{{Name: "n0", Y: y, Spikes: []float64{1, 6}}}}), ErrShape, "found 6"},
	} {
		name := filepath.Join(dir, "a.svg")
		if err := c.d.Write(name); !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.parts) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v, want %v with %q", c.name, err, c.is, c.parts)
		}
	}
	for _, name := range []string{"a", "a.pdf", "a.jpg"} {
		if err := testCurves().Write(filepath.Join(dir, name)); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := testCurves().Write(filepath.Join(dir, "none", "a.png")); err == nil {
		t.Error("a missing folder is no error")
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 0 {
		t.Errorf("failed writes left %v (%v)", files, err)
	}
}

func TestSameBytes(t *testing.T) {
	dir := t.TempDir()
	for name, d := range map[string]func() drawing{
		"curves": func() drawing { return testCurves() },
		"raster": func() drawing { return testRaster() },
		"traces": func() drawing { return testTraces() },
	} {
		for _, ext := range []string{".png", ".svg"} {
			var files [2][]byte
			for i := range files {
				path := filepath.Join(dir, name+ext)
				if err := d().Write(path); err != nil {
					t.Fatal(err)
				}
				b, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				files[i] = b
			}
			if !bytes.Equal(files[0], files[1]) {
				t.Errorf("%s%s: two drawings differ", name, ext)
			}
		}
	}
}

// The PNG has the size asked for, a white corner, and pixels of the colour of the first line.
func TestPNG(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.PNG")
	c := testCurves()
	c.Size = Size{750, 450}
	if err := c.Write(path); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	if b := m.Bounds(); b.Dx() != 750 || b.Dy() != 450 {
		t.Errorf("%v", b)
	}
	if r, g, b, _ := m.At(0, 0).RGBA(); r != 0xffff || g != 0xffff || b != 0xffff {
		t.Errorf("corner %x %x %x", r, g, b)
	}
	n := 0
	for y := range 450 {
		for x := range 750 {
			if r, g, b, _ := m.At(x, y).RGBA(); r>>8 == 0x00 && g>>8 == 0x72 && b>>8 == 0xB2 {
				n++
			}
		}
	}
	if n < 500 { // two lines of more than 600 pixels, at the core of which the colour is pure
		t.Errorf("%d pixels of the first colour", n)
	}
}

// Any finite data, names and sizes give a legible figure or an error, never a panic or a drawing
// outside of the figure.
func TestAnything(t *testing.T) {
	if race.Detector {
		t.Skip("a figure is drawn by one goroutine")
	}
	name := filepath.Join(t.TempDir(), "a.svg")
	value := rapid.OneOf(rapid.Float64(), rapid.Float64Range(-10, 10), rapid.Float64Range(1e6, 1e6+1), rapid.Just(0.0), rapid.Just(5e-324))
	word := rapid.OneOf(rapid.StringMatching(`[a-zA-Z0-9_<& µ²-]{0,30}`), rapid.StringMatching(`[a\x00-\x1f\x{fffe}\x{fffd}]{0,5}`))
	rapid.Check(t, func(t *rapid.T) {
		size := Size{rapid.SampledFrom([]int{0, 300, 500, 900}).Draw(t, "width"), rapid.SampledFrom([]int{0, 0, 300, 600}).Draw(t, "height")}
		var d drawing
		switch rapid.IntRange(0, 2).Draw(t, "figure") {
		case 0:
			c := Curves{Title: word.Draw(t, "title"), XLabel: word.Draw(t, "xlabel"), LogX: rapid.Bool().Draw(t, "log x"), Size: size}
			for range rapid.IntRange(1, 3).Draw(t, "panels") {
				p := Panel{YLabel: word.Draw(t, "ylabel"), Log: rapid.Bool().Draw(t, "log")}
				for range rapid.IntRange(1, 9).Draw(t, "lines") {
					l := Line{Name: word.Draw(t, "name"), Y: rapid.SliceOfN(value, 1, 20).Draw(t, "y")}
					if rapid.Bool().Draw(t, "hasX") {
						l.X = rapid.SliceOfN(value, len(l.Y), len(l.Y)).Draw(t, "x")
						for i := range l.X {
							if c.LogX {
								l.X[i] = math.Abs(l.X[i])
							}
						}
					}
					if p.Log {
						for i := range l.Y {
							l.Y[i] = math.Abs(l.Y[i])
						}
					}
					p.Lines = append(p.Lines, l)
				}
				c.Panels = append(c.Panels, p)
			}
			d = c
		case 1:
			r := Raster{Title: word.Draw(t, "title"), Size: size}
			for range rapid.IntRange(1, 4).Draw(t, "layers") {
				n := rapid.IntRange(1, 3000).Draw(t, "neurons")
				l := RasterLayer{Name: word.Draw(t, "name"), Neurons: n}
				for range rapid.IntRange(0, 20).Draw(t, "spikes") {
					l.Spikes = append(l.Spikes, Spike{math.Abs(value.Draw(t, "time")), rapid.IntRange(0, n-1).Draw(t, "neuron")})
				}
				r.Layers = append(r.Layers, l)
			}
			d = r
		case 2:
			tr := Traces{Title: word.Draw(t, "title"), Dt: rapid.SampledFrom([]float64{1e-6, 1e-3, 1}).Draw(t, "dt"), Size: size}
			for range rapid.IntRange(1, 3).Draw(t, "panels") {
				p := TracePanel{Name: word.Draw(t, "name"), Unit: rapid.SampledFrom([]string{"", "V", "A"}).Draw(t, "unit"), Thresholds: rapid.SliceOfN(value, 0, 2).Draw(t, "thresholds")}
				for range rapid.IntRange(1, 3).Draw(t, "traces") {
					p.Traces = append(p.Traces, Trace{Name: word.Draw(t, "trace"), Y: rapid.SliceOfN(value, 1, 50).Draw(t, "y"), Spikes: []float64{0}})
				}
				tr.Panels = append(tr.Panels, p)
			}
			d = tr
		}
		if err := d.Write(name); err != nil {
			for _, e := range []error{ErrEmpty, ErrShape, ErrLog} {
				if errors.Is(err, e) {
					return
				}
			}
			t.Fatal(err)
		}
		p := readSVG(t, name)
		if err := p.legible(); err != nil {
			t.Fatalf("%v in %#v", err, d)
		}
		for _, q := range p.paths {
			if strings.Contains(q.d, "NaN") || strings.Contains(q.d, "Inf") {
				t.Fatalf("path %.100s", q.d)
			}
		}
	})
}

// thin keeps the first and the last point and the extremes of every column, in order, and leaves
// sparse lines alone.
func TestThin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 300).Draw(t, "n")
		step := rapid.SampledFrom([]float64{0.01, 0.1, 1}).Draw(t, "step")
		pts := make([]vg.Point, n)
		for i := range pts {
			pts[i] = vg.Point{X: vg.Length(float64(i) * step), Y: vg.Length(rapid.IntRange(-50, 50).Draw(t, "y"))}
		}
		got := thin(pts)
		if step == 1 && len(got) != n {
			t.Fatalf("%d of %d points of a sparse line", len(got), n)
		}
		if got[0] != pts[0] || got[len(got)-1] != pts[n-1] {
			t.Fatalf("the ends are not kept")
		}
		type extremes struct{ lo, hi vg.Length }
		columns := func(pts []vg.Point) map[int]extremes {
			m := map[int]extremes{}
			for _, p := range pts {
				c := int(math.Floor(float64(p.X / pixel)))
				e, ok := m[c]
				if !ok {
					e = extremes{p.Y, p.Y}
				}
				m[c] = extremes{min(e.lo, p.Y), max(e.hi, p.Y)}
			}
			return m
		}
		want, found := columns(pts), columns(got)
		if len(want) != len(found) || len(got) > 4*len(want)+n/1000 {
			t.Fatalf("%d points in %d columns, want %d columns", len(got), len(found), len(want))
		}
		for c, e := range want {
			if found[c] != e {
				t.Fatalf("column %d: found %v, want %v", c, found[c], e)
			}
		}
		for i := 1; i < len(got); i++ {
			if got[i].X < got[i-1].X {
				t.Fatal("out of order")
			}
		}
	})
}

// Equal lines hide none of their kind: every part of the way is drawn in one of the colours, and in
// each of them; a line that is the beginning of another is drawn on it.
func TestCurvesEqualLines(t *testing.T) {
	y := wave(30, 1)
	p := svg(t, Curves{Panels: []Panel{{Lines: []Line{{Name: "a", Y: y}, {Name: "part", Y: y[:15]}, {Name: "b", Y: slices.Clone(y)}, {Name: "c", Y: y}}}}})
	var dashes, period float64
	var offsets []float64
	last := -1
	for i, q := range p.paths {
		for _, color := range []string{hexBlue, hexGreen, "#CC79A7"} {
			if !strings.Contains(q.style, "stroke:"+color) || !strings.Contains(q.style, "dasharray") {
				continue
			}
			var gap, offset float64
			for _, s := range strings.Split(q.style, ";") {
				if _, err := fmt.Sscanf(s, "stroke-dasharray:%g,%g", &dashes, &gap); err == nil {
					period = dashes + gap
				}
				fmt.Sscanf(s, "stroke-dashoffset:%g", &offset)
			}
			offsets = append(offsets, offset)
			last = i
		}
	}
	if len(offsets) != 3 {
		t.Fatalf("%d dashed lines, want 3", len(offsets))
	}
	for s := dashes / 4; s < period; s += dashes / 2 {
		n := 0
		for _, o := range offsets {
			if math.Mod(s+o, period) < dashes {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d lines are drawn %g points behind the start, want 1", n, s)
		}
	}
	if q := slices.IndexFunc(p.paths[last:], func(q path) bool { return strings.Contains(q.style, "stroke:"+hexVermillion) }); q < 0 {
		t.Error("the shorter line is not on the longer ones")
	}
}

// One epoch of equal runs is one point: their dots are rings in one another.
func TestCurvesEqualPoints(t *testing.T) {
	marks := make([]mark, 3)
	for i := range marks {
		marks[i] = curve{x: []float64{1}, y: []float64{1}}
	}
	share(marks, newAxis(0, 2, false, 0, ""))
	for i := 1; i < len(marks); i++ {
		if a, b := marks[i-1].(curve).radius(), marks[i].(curve).radius(); !(a > b) {
			t.Errorf("dot %d has a radius of %g, the one before it of %g", i, b, a)
		}
	}
}
