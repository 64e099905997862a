package cells

import (
	"math"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const guard = 20 // elements behind each slice, which must stay as they are

// draw fills the slices of a struct with n numbers of the kind that their names stand for, and its
// numbers.
func draw(r *rapid.T, loop any, n int) {
	v := reflect.ValueOf(loop).Elem()
	var fill func(v reflect.Value)
	fill = func(v reflect.Value) {
		for k := range v.NumField() {
			f, name := v.Field(k), v.Type().Field(k).Name
			switch f.Kind() {
			case reflect.Struct:
				fill(f)
			case reflect.Slice:
				s := reflect.MakeSlice(f.Type(), n+guard, n+guard)
				for j := range n + guard {
					s.Index(j).SetFloat(number(r, name))
				}
				f.Set(s.Slice3(0, n, n+guard))
			default:
				f.SetFloat(number(r, name))
			}
		}
	}
	fill(v)
}

func number(r *rapid.T, name string) float64 {
	switch {
	case name == "Timer0":
		return rapid.SampledFrom([]float64{0, 0, 0, 0.5, 1, 2.5}).Draw(r, name)
	case name == "S" || name == "S0":
		return rapid.SampledFrom([]float64{0, 0, 0, 1, 2}).Draw(r, name)
	case name == "Tick" || name == "Gate":
		return rapid.SampledFrom([]float64{0, 1}).Draw(r, name)
	case name == "Most":
		return rapid.SampledFrom([]float64{1, 4, math.Inf(1)}).Draw(r, name)
	case name == "InvWidth" || name == "Fall":
		return rapid.SampledFrom([]float64{0.25, 0.7}).Draw(r, name)
	case name == "Post0" || name == "Pre0" || name == "Pre" || name == "Threshold" || name == "V":
		return rapid.OneOf(rapid.SampledFrom([]float64{0, 5, 79}), rapid.Float64Range(0, 14)).Draw(r, name)
	case name == "M" || name == "Iahp0":
		return math.Exp(rapid.Float64Range(0, 14).Draw(r, name))
	case strings.HasPrefix(name, "D") && !strings.HasPrefix(name, "Decay") || strings.HasPrefix(name, "G") && !strings.HasPrefix(name, "Gain") || name == "W" || name == "Shift":
		return rapid.OneOf(rapid.Just(0.), rapid.Float64Range(-3, 3)).Draw(r, name)
	}
	return rapid.OneOf(rapid.Just(1.), rapid.Float64Range(0.01, 3)).Draw(r, name)
}

// clone copies a struct with its slices and what is behind them.
func clone[A any](loop *A) *A {
	c := *loop
	v := reflect.ValueOf(&c).Elem()
	var copies func(v reflect.Value)
	copies = func(v reflect.Value) {
		for k := range v.NumField() {
			f := v.Field(k)
			switch f.Kind() {
			case reflect.Struct:
				copies(f)
			case reflect.Slice:
				s := reflect.MakeSlice(f.Type(), f.Cap(), f.Cap())
				reflect.Copy(s, f.Slice3(0, f.Cap(), f.Cap()))
				f.Set(s.Slice3(0, f.Len(), f.Cap()))
			}
		}
	}
	copies(v)
	return &c
}

// same compares bits; one NaN is as good as another.
func same(t *rapid.T, got, want any) {
	t.Helper()
	var compare func(a, b reflect.Value)
	compare = func(a, b reflect.Value) {
		for k := range a.NumField() {
			x, y, name := a.Field(k), b.Field(k), a.Type().Field(k).Name
			switch x.Kind() {
			case reflect.Struct:
				compare(x, y)
			case reflect.Slice:
				n := x.Len()
				x, y = x.Slice(0, x.Cap()), y.Slice(0, y.Cap())
				for j := range x.Len() {
					p, q := x.Index(j).Float(), y.Index(j).Float()
					if math.Float64bits(p) != math.Float64bits(q) && (p == p || q == q) {
						t.Fatalf("%s[%d] of %d is %v, want %v", name, j, n, p, q)
					}
				}
			}
		}
	}
	compare(reflect.ValueOf(got).Elem(), reflect.ValueOf(want).Elem())
}

// check compares a loop in vector instructions with its specification.
func check[A any](t *testing.T, name string, loop, generic func(*A, *Scratch) bool) {
	t.Run(name, func(t *testing.T) {
		s := NewScratch()
		rapid.Check(t, func(r *rapid.T) {
			a := new(A)
			draw(r, a, rapid.IntRange(0, 37).Draw(r, "n"))
			b := clone(a)
			if got, want := loop(a, s), generic(b, s); got != want {
				t.Fatalf("%v, want %v", got, want)
			}
			same(r, a, b)
		})
	})
}

func checkAll[T Float](t *testing.T) {
	yes := true
	check(t, "Currents", func(a *Currents[T], s *Scratch) bool { a.Run(s); return yes }, func(a *Currents[T], _ *Scratch) bool { a.generic(len(a.W)); return yes })
	check(t, "Membrane", func(a *Membrane[T], s *Scratch) bool { return a.Run(s) }, func(a *Membrane[T], _ *Scratch) bool { return a.generic(len(a.M)) })
	check(t, "Forced", func(a *Forced[T], s *Scratch) bool { return a.Run(s) }, func(a *Forced[T], _ *Scratch) bool { return a.generic(len(a.M)) })
	check(t, "Slopes", func(a *Slopes[T], s *Scratch) bool { a.Run(s); return yes }, func(a *Slopes[T], _ *Scratch) bool { a.generic(len(a.Pre)); return yes })
	check(t, "Local", func(a *Local[T], s *Scratch) bool { a.Run(s); return yes }, func(a *Local[T], _ *Scratch) bool { a.generic(len(a.Pre), false); return yes })
	check(t, "LocalSoft", func(a *LocalSoft[T], s *Scratch) bool { a.Run(s); return yes }, func(a *LocalSoft[T], _ *Scratch) bool { a.generic(len(a.Pre), true); return yes })
	check(t, "SpikeS", func(a *SpikeS[T], s *Scratch) bool { a.Run(s); return yes }, func(a *SpikeS[T], _ *Scratch) bool { a.generic(len(a.Pre)); return yes })
	check(t, "SpikeT", func(a *SpikeT[T], s *Scratch) bool { a.Run(s); return yes }, func(a *SpikeT[T], _ *Scratch) bool { a.generic(len(a.Pre)); return yes })
	check(t, "SpikeForced", func(a *SpikeForced[T], s *Scratch) bool { a.Run(s); return yes }, func(a *SpikeForced[T], _ *Scratch) bool { a.generic(len(a.S)); return yes })
	check(t, "SpikeRockpool", func(a *SpikeRockpool[T], s *Scratch) bool { a.Run(s); return yes }, func(a *SpikeRockpool[T], _ *Scratch) bool { a.generic(len(a.Pre)); return yes })
	check(t, "Linear", func(a *Linear[T], s *Scratch) bool { a.Run(s); return yes }, func(a *Linear[T], _ *Scratch) bool { a.generic(len(a.Gy)); return yes })
	check(t, "ExpSyn", func(a *ExpSyn[T], s *Scratch) bool { a.Run(s); return yes }, func(a *ExpSyn[T], _ *Scratch) bool { a.generic(len(a.X)); return yes })
	check(t, "ExpSynBack", func(a *ExpSynBack[T], s *Scratch) bool { a.Run(s); return yes }, func(a *ExpSynBack[T], _ *Scratch) bool { a.generic(len(a.Out)); return yes })
	check(t, "Alpha", func(a *Alpha[T], s *Scratch) bool { a.Run(s); return yes }, func(a *Alpha[T], _ *Scratch) bool { a.generic(len(a.O), false); return yes })
	check(t, "AlphaExact", func(a *AlphaExact[T], s *Scratch) bool { a.Run(s); return yes }, func(a *AlphaExact[T], _ *Scratch) bool { a.generic(len(a.O), true); return yes })
	check(t, "AlphaBack", func(a *AlphaBack[T], s *Scratch) bool { a.Run(s); return yes }, func(a *AlphaBack[T], _ *Scratch) bool { a.generic(len(a.O)); return yes })
	check(t, "Softmax", func(a *Softmax[T], s *Scratch) bool { a.Run(s); return yes }, func(a *Softmax[T], _ *Scratch) bool { a.generic(len(a.V)); return yes })
	check(t, "Larger", func(a *Larger[T], s *Scratch) bool { a.Run(s); return yes }, func(a *Larger[T], _ *Scratch) bool { a.generic(len(a.X)); return yes })
	check(t, "Drive", func(a *Drive[T], s *Scratch) bool { a.Run(s); return yes }, func(a *Drive[T], _ *Scratch) bool { a.generic(len(a.J)); return yes })
	check(t, "Compete", func(a *Compete[T], s *Scratch) bool { a.Run(s); return yes }, func(a *Compete[T], _ *Scratch) bool { a.generic(len(a.E)); return yes })
	check(t, "Settle", func(a *Settle[T], s *Scratch) bool { a.Run(s); return yes }, func(a *Settle[T], _ *Scratch) bool { a.generic(len(a.S)); return yes })
}

// TestRegisters: kernels for AVX2 use none of the registers that only AVX-512 has, which this
// processor might not notice.
func TestRegisters(t *testing.T) {
	text, err := os.ReadFile("cells_amd64.s")
	if err != nil {
		t.Fatal(err)
	}
	more, kernel := regexp.MustCompile(`\b(Z\d+|K\d|[XY](1[6-9]|[23]\d))\b`), ""
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "TEXT") {
			kernel = line
		}
		if strings.Contains(kernel, "AVX2F") && more.MatchString(line) {
			t.Errorf("%s has %s", kernel, line)
		}
	}
}
