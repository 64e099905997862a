package optim

import (
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// A Box is never left, whatever the updates are.
func TestBoxHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lo := rapid.Float64Range(-1e3, 1e3).Draw(t, "low")
		b := Box{lo, lo + math.Pow(10, rapid.Float64Range(-6, 3).Draw(t, "log width"))}
		p := Tree{f64("p", rapid.Float64Range(b.Low, b.High).Draw(t, "p")), f32("q", float32(rapid.Float64Range(-2e3, 2e3).Draw(t, "q")))}
		u := Tree{f64("p", rapid.Float64Range(-1e4, 1e4).Draw(t, "u")), f32("q", float32(rapid.Float64Range(-1e4, 1e4).Draw(t, "v")))}
		free := p[0].F64[0] + u[0].F64[0]
		if float64(float32(b.High)) < b.Low || float64(math.Nextafter32(float32(b.Low), math.MaxFloat32)) > b.High {
			return // no float32 between the bounds
		}
		largest := float32(max(math.Abs(b.Low), math.Abs(b.High), math.Abs(p[1].at(0))))
		if b.High-b.Low < 2*float64(math.Nextafter32(largest, math.MaxFloat32)-largest) {
			return // what is added to a q that far outside is too coarse for the box
		}
		state := b.Init(p)
		if err := errors.Join(b.Update(u, p, &state), Apply(p, u)); err != nil {
			t.Fatal(err)
		}
		for _, l := range p {
			if x := l.at(0); !(x >= b.Low && x <= b.High) {
				t.Fatalf("%s is %v, out of [%v, %v]", l.Name, x, b.Low, b.High)
			}
		}
		if free >= b.Low && free <= b.High && p[0].F64[0] != free {
			t.Fatalf("an update that stays inside was changed: %v, want %v", p[0].F64[0], free)
		}
	})
	p := Tree{f64("p", 1)}
	for _, b := range []Box{{}, {2, 1}, {math.NaN(), 1}} {
		state := b.Init(p)
		if err := b.Update(Tree{f64("p", 1)}, p, &state); !errors.Is(err, ErrSettings) {
			t.Errorf("%+v: %v", b, err)
		}
	}
}

var maps = []struct {
	m      Map
	points []float64
}{
	{LogMap{}, []float64{1e-12, 1e-3, 1, 1e9}},
	{SoftplusMap{}, []float64{1e-12, 1e-3, 1, 30, 1e3}},
	{BoxMap{-2, 3}, []float64{-1.999, -1, 0, 0.5, 2.9}},
}

func TestMaps(t *testing.T) {
	for _, c := range maps {
		for _, p := range c.points {
			theta := c.m.inverse(p)
			// The inverse, to the roundings of theta that forward multiplies by its slope.
			back := c.m.forward(theta)
			if tol := 4e-16 * (math.Abs(p) + math.Abs(theta)*c.m.slope(p) + 5); math.Abs(back-p) > tol {
				t.Errorf("%s: %v becomes %v", c.m.kind(), p, back)
			}
			// Order 2 with h = 1e-5: h^2 p'''/6 is below 1e-10 of the slope, rounding 2 u p/h,
			// 5e-11 p.
			const h = 1e-5
			if d := (c.m.forward(theta+h) - c.m.forward(theta-h)) / (2 * h); !near(d, c.m.slope(p), 1e-9, 1e-10+5e-11*math.Abs(p)) {
				t.Errorf("%s at %v: slope %v, difference %v", c.m.kind(), p, c.m.slope(p), d)
			}
		}
		for _, p := range []float64{-5, math.NaN()} {
			if x := c.m.inverse(p); x == x {
				t.Errorf("%s: inverse of %v is %v", c.m.kind(), p, x)
			}
		}
	}
}

// One step of gradient descent in the coordinate, by hand; and no step leaves the range.
func TestReparam(t *testing.T) {
	r := Reparam{Map: LogMap{}, Inner: SGD{LR: Constant(0.5)}}
	p := Tree{f64("i", 1e-9, 2), f32("j", 0.25)}
	state := r.Init(p)
	g := Tree{f64("i", 1e9, -0.25), f32("j", 4)}
	if err := errors.Join(r.Update(g, p, &state), Apply(p, g)); err != nil {
		t.Fatal(err)
	}
	// theta - 0.5 g p: factors exp(-0.5), exp(0.25), exp(-0.5)
	want := []float64{1e-9 * math.Exp(-0.5), 2 * math.Exp(0.25)}
	for i, w := range want {
		if !near(p[0].F64[i], w, 1e-14, 0) {
			t.Errorf("i[%d] is %v, want %v", i, p[0].F64[i], w)
		}
	}
	if w := 0.25 * math.Exp(-0.5); !near(float64(p[1].F32[0]), w, 3e-7, 0) {
		t.Errorf("j is %v, want %v", p[1].F32[0], w)
	}
	// However large the steps are, none reaches a bound, from which there would be no next one.
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom(maps).Draw(t, "map")
		r := Reparam{Map: c.m, Inner: SGD{LR: Constant(1)}}
		start := rapid.SampledFrom(c.points).Draw(t, "p")
		p := Tree{f64("p", start), f32("q", float32(start))}
		low, high := c.m.bounds()
		if q := p[1].at(0); !(q > low && q < high) {
			t.Skip("float32 has no such number")
		}
		state := r.Init(p)
		for range 4 {
			g := rapid.Float64Range(-1e4, 1e4).Draw(t, "g")
			u := Tree{f64("p", g), f32("q", float32(g))}
			err := r.Update(u, p, &state)
			if err == nil {
				err = Apply(p, u)
			}
			if math.IsInf(high, 1) && errors.Is(err, ErrNonFinite) {
				return // no bound above: it has diverged
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range p {
				if x := l.at(0); !(x > low && x < high) {
					t.Fatalf("%s: moved to %v, want between %v and %v", c.m.kind(), x, low, high)
				}
			}
		}
	})
	bad := Tree{f64("i", -1), f32("j", 1)}
	state = r.Init(Tree{f64("i", 1), f32("j", 1)})
	u := Tree{f64("i", 1), f32("j", 1)}
	if err := r.Update(u, bad, &state); !errors.Is(err, ErrNonFinite) || u[0].F64[0] != 1 {
		t.Errorf("a parameter out of range: %v, update %v", err, u[0].F64)
	}
}

func TestGroupsAndClipByNorm(t *testing.T) {
	g := Groups{
		{Match: isTau, Inner: Chain{ClipByGlobalNorm{Max: 1}, SGD{LR: Constant(1)}}},
		{Inner: ClipByNorm{Max: 2}},
	}
	p := Tree{f64("tau_mem", 0, 0), f64("w", 0, 0), f64("b", 0), f64("tau_syn", 0)}
	state := g.Init(p)
	u := Tree{f64("tau_mem", 0, 3), f64("w", 3, 4), f64("b", 1), f64("tau_syn", 4)}
	if err := g.Update(u, p, &state); err != nil {
		t.Fatal(err)
	}
	// The taus have the norm 5 together, w has 5, b 1.
	for i, want := range [][]float64{{0, -0.6}, {1.2, 1.6}, {1}, {-0.8}} {
		for j, w := range want {
			if !near(u[i].F64[j], w, 1e-15, 0) {
				t.Errorf("%s[%d] is %v, want %v", u[i].Name, j, u[i].F64[j], w)
			}
		}
	}
	none := Groups{{Match: isTau, Inner: SGD{}}}
	state = none.Init(p)
	if err := none.Update(u, p, &state); !errors.Is(err, ErrTree) {
		t.Errorf("a leaf that no group takes: %v", err)
	}
	empty := Groups{{Inner: SGD{}}, {Match: isTau, Inner: SGD{}}}
	state = empty.Init(p)
	if err := empty.Update(u, p, &state); !errors.Is(err, ErrTree) {
		t.Errorf("a group of nothing: %v", err)
	}
}
