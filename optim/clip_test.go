package optim

import (
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func drawTree(t *rapid.T) Tree {
	limit := math.Pow(10, rapid.Float64Range(-30, 30).Draw(t, "log10 size"))
	var u Tree
	for _, v := range rapid.SliceOfN(rapid.Float64Range(-limit, limit), 1, 8).Draw(t, "float64") {
		u = append(u, f64("a", v, -v/3))
	}
	for _, v := range rapid.SliceOfN(rapid.Float64Range(-limit, limit), 0, 8).Draw(t, "float32") {
		u = append(u, f32("b", float32(v)))
	}
	return u
}

func elements(t Tree) []float64 {
	var x []float64
	for _, l := range t {
		for i := range l.Len() {
			x = append(x, l.at(i))
		}
	}
	return x
}

func bigNorm(x []float64) *big.Float {
	sum := new(big.Float).SetPrec(4000)
	for _, v := range x {
		b := new(big.Float).SetPrec(4000).SetFloat64(v)
		sum.Add(sum, b.Mul(b, b))
	}
	return sum.SetPrec(200).Sqrt(sum)
}

func TestClipByGlobalNorm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u := drawTree(t)
		c := ClipByGlobalNorm{Max: math.Pow(10, rapid.Float64Range(-10, 10).Draw(t, "log10 max"))}
		before, text := elements(u), bits(u)
		state := c.Init(u)
		if err := c.Update(u, nil, &state); err != nil {
			t.Fatal(err)
		}
		old, _ := bigNorm(before).Float64()
		after, _ := bigNorm(elements(u)).Float64()
		if old <= c.Max*(1-1e-14) && bits(u) != text {
			t.Fatalf("norm %v is below %v, but the gradient changed", old, c.Max)
		}
		if old > c.Max*(1+1e-14) {
			// float32 elements are rounded to 2^-24, subnormal ones to 2^-149
			if !near(after, c.Max, 0x1p-23, 0x1p-140) {
				t.Fatalf("norm %v, want %v", after, c.Max)
			}
			for i, v := range elements(u) {
				if want := before[i] * (c.Max / old); !near(v, want, 0x1p-23, 0x1p-148) {
					t.Fatalf("element %d is %v, want %v: the direction changed", i, v, want)
				}
			}
		}
	})
}

// Squares of these overflow or underflow in float64.
func TestClipByGlobalNormExtremes(t *testing.T) {
	for _, c := range []struct {
		max  float64
		x, y float64
		want float64
	}{
		{5, 3e200, 4e200, 3},
		{5, 1.5e308, 1.5e308, 5 / math.Sqrt2},
		{1e-250, 3e-200, 4e-200, 6e-251},
		{1e-320, 3e-300, 4e-300, 6e-321},
		{1e-300, 1.2e308, 1.6e308, 6e-301}, // a factor of 5e-609
		{1, 3e-200, 4e-200, 3e-200},
		{1, 0, 0, 0},
		{0, 3, 4, 0.6}, // the default
	} {
		u := Tree{f64("x", c.x), f64("y", c.y)}
		clip := ClipByGlobalNorm{Max: c.max}
		state := clip.Init(u)
		if err := clip.Update(u, nil, &state); err != nil {
			t.Fatal(err)
		}
		// five roundings; subnormal results are multiples of 2^-1074
		if got := u[0].F64[0]; !near(got, c.want, 1e-15, 0x1p-1073) {
			t.Errorf("clip of (%g, %g) to %g gives x = %g, want %g", c.x, c.y, c.max, got, c.want)
		}
	}
}

func TestClipByValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u := drawTree(t)
		c := ClipByValue{Max: math.Pow(10, rapid.Float64Range(-10, 10).Draw(t, "log10 max"))}
		before := elements(u)
		state := c.Init(u)
		if err := c.Update(u, nil, &state); err != nil {
			t.Fatal(err)
		}
		for i, v := range elements(u) {
			switch {
			case math.Abs(v) > c.Max:
				t.Fatalf("element %d is %v, Max %v", i, v, c.Max)
			case math.Abs(before[i]) <= float64(downTo32(c.Max)) && v != before[i]:
				t.Fatalf("element %d was %v, is %v", i, before[i], v)
			case math.Abs(before[i]) > c.Max && !near(v, math.Copysign(c.Max, before[i]), 0x1p-23, 0):
				t.Fatalf("element %d was %v, is %v", i, before[i], v)
			}
		}
	})
	u := Tree{f64("x", -3, 0.5, 3)}
	state := ClipByValue{}.Init(u)
	if err := (ClipByValue{}).Update(u, nil, &state); err != nil || u[0].F64[0] != -1 || u[0].F64[1] != 0.5 || u[0].F64[2] != 1 {
		t.Errorf("default: %v, %v", u, err)
	}
}

func TestClipErrors(t *testing.T) {
	for name, g := range bad() {
		if strings.HasSuffix(name, "squared") {
			continue
		}
		for _, c := range []Transform{ClipByValue{}, ClipByGlobalNorm{}} {
			u, state := clone(g), c.Init(g)
			if err := c.Update(u, nil, &state); !errors.Is(err, ErrNonFinite) || bits(u) != bits(g) || state.Step != 0 {
				t.Errorf("%T, %s: %v", c, name, err)
			}
		}
	}
	for _, limit := range []float64{-1, math.NaN(), math.Inf(1)} {
		for _, c := range []Transform{ClipByValue{Max: limit}, ClipByGlobalNorm{Max: limit}} {
			u := Tree{f64("x", 3)}
			state := c.Init(u)
			if err := c.Update(u, nil, &state); !errors.Is(err, ErrSettings) || u[0].F64[0] != 3 {
				t.Errorf("%+v: %v", c, err)
			}
		}
	}
}
