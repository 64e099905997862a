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

// draw fills the slices of a struct with numbers of the kind that their names stand for, of so many
// neurons and rows, and its numbers.
func draw(r *rapid.T, loop any, neurons, rows int) {
	v := reflect.ValueOf(loop).Elem()
	var fill func(v reflect.Value)
	fill = func(v reflect.Value) {
		for k := range v.NumField() {
			f, name := v.Field(k), v.Type().Field(k).Name
			switch f.Kind() {
			case reflect.Struct:
				fill(f)
			case reflect.Slice:
				n := neurons
				if !strings.HasPrefix(f.Type().Name(), "OfNeurons") {
					n *= rows
				}
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
	case rapid.IntRange(0, 15).Draw(r, "vanishing") == 0 && (strings.HasPrefix(name, "D") && !strings.HasPrefix(name, "Decay") || strings.Contains("I H G X", name)):
		return rapid.SampledFrom([]float64{0x1p-100, -0x1p-100, 0x1.000002p-100, 0x1p-140, 0x1p-960, -0x1.0000000000001p-960}).Draw(r, name)
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
func check[A any](t *testing.T, name string, loop, generic func(a *A, s *Scratch, n, rows int) bool) {
	t.Run(name, func(t *testing.T) {
		s := NewScratch()
		rapid.Check(t, func(r *rapid.T) {
			a := new(A)
			n, rows := rapid.IntRange(0, 37).Draw(r, "n"), rapid.IntRange(1, 3).Draw(r, "rows")
			draw(r, a, n, rows)
			b := clone(a)
			if got, want := loop(a, s, n, rows), generic(b, s, n, rows); got != want {
				t.Fatalf("%v, want %v", got, want)
			}
			same(r, a, b)
		})
	})
}

// share makes the parts of a have one memory for what they hand on, and for what both rules read.
func share[T Float](a *Mixed[T]) {
	l, t, s := &a.Local, &a.T, &a.S
	t.Pre, t.Timer0, t.Post0, s.Pre, s.Timer0 = l.Pre, l.Timer0, l.Post0, l.Pre, l.Timer0
	s.Threshold, s.GPost, s.GPre = t.Threshold, t.GPost, t.GPre
	a.LinearT.Gy, a.LinearT.DTimer, a.LinearT.DPost, a.LinearT.DPre, a.LinearT.DS = t.Gy, t.DTimer, t.DPost, t.DPre, t.DS
	a.LinearS.Gy, a.LinearS.DTimer, a.LinearS.DPost, a.LinearS.DPre, a.LinearS.DS = s.Gy, s.DTimer, s.DPost, s.DPre, s.DS
	for _, v := range []*Linear[T]{&a.LinearT, &a.LinearS} {
		v.F, v.Drive, v.Iin, v.M0, v.InvUnder, v.Gain, v.Inner, v.Open = l.F, l.Drive, l.Iin, l.M0, l.InvUnder, l.Gain, l.Inner, l.Open
		v.SlopeAHP, v.Jump, v.Leak, v.Pre0, v.Iahp0, v.S0 = l.SlopeAHP, l.Jump, l.Leak, l.Pre0, l.Iahp0, l.S0
		v.RateMem, v.Feedback, v.GainMem, v.InvLeak, v.DecayAHP, v.JumpAHP = l.RateMem, l.Feedback, l.GainMem, l.InvLeak, l.DecayAHP, l.JumpAHP
	}
	v, w := &a.LinearS, &a.LinearT
	v.Isyn0, v.W, v.ChargeAHP, v.GainAHP, v.DecaySyn, v.ChargeSyn, v.GainSyn = w.Isyn0, w.W, w.ChargeAHP, w.GainAHP, w.DecaySyn, w.ChargeSyn, w.GainSyn
	v.GIsyn, v.GIahp = w.GIsyn, w.GIahp
}

// forget takes away what is arbitrary after a run.
func forget[T Float](a *Mixed[T]) {
	l := &a.Local
	for _, x := range []*[]T{&l.F, &l.Drive, &l.Iin, &l.M0, &l.InvUnder, &l.Gain, &l.Inner, &l.Open, &l.SlopeAHP, &l.Leak} {
		*x = nil
	}
	a.T.Gy, a.S.Gy = nil, nil
	for _, v := range []*Linear[T]{&a.LinearT, &a.LinearS} {
		v.Gy, v.F, v.Drive, v.Iin, v.M0, v.InvUnder, v.Gain, v.Inner, v.Open = nil, nil, nil, nil, nil, nil, nil, nil, nil
		v.SlopeAHP, v.Leak, v.Gsyn, v.Gleak = nil, nil, nil, nil
	}
}

func checkAll[T Float](t *testing.T) {
	yes := true
	check(t, "Currents", func(a *Currents[T], s *Scratch, n, rows int) bool { a.Run(s, n, rows); return yes }, func(a *Currents[T], _ *Scratch, n, rows int) bool { a.generic(n, rows); return yes })
	check(t, "Membrane", func(a *Membrane[T], s *Scratch, n, rows int) bool { return a.Run(s, n, rows) }, func(a *Membrane[T], _ *Scratch, n, rows int) bool { return a.generic(n, rows) })
	check(t, "Forced", func(a *Forced[T], s *Scratch, n, rows int) bool { return a.Run(s, n, rows) }, func(a *Forced[T], _ *Scratch, n, rows int) bool { return a.generic(n, rows) })
	check(t, "Spiked", func(a *Spiked[T], s *Scratch, n, rows int) bool { a.Run(s, n, rows); return yes }, func(a *Spiked[T], _ *Scratch, n, rows int) bool { a.generic(n, rows); return yes })
	check(t, "Slopes", func(a *Slopes[T], s *Scratch, n, rows int) bool { a.Run(s, n, rows); return yes }, func(a *Slopes[T], _ *Scratch, n, rows int) bool { a.generic(n, rows); return yes })
	check(t, "Local", func(a *Local[T], s *Scratch, n, rows int) bool { a.Run(s, n, rows); return yes }, func(a *Local[T], _ *Scratch, n, rows int) bool { a.generic(n, rows, false); return yes })
	check(t, "LocalSoft", func(a *Local[T], s *Scratch, n, rows int) bool { a.RunSoft(s, n, rows); return yes }, func(a *Local[T], _ *Scratch, n, rows int) bool { a.generic(n, rows, true); return yes })
	check(t, "SpikeS", func(a *SpikeS[T], s *Scratch, n, rows int) bool { a.Run(s, n, rows); return yes }, func(a *SpikeS[T], _ *Scratch, n, rows int) bool { a.generic(n, rows); return yes })
	check(t, "SpikeT", func(a *SpikeT[T], s *Scratch, n, rows int) bool { a.Run(s, n, rows); return yes }, func(a *SpikeT[T], _ *Scratch, n, rows int) bool { a.generic(n, rows); return yes })
	check(t, "SpikeForced", func(a *SpikeForced[T], s *Scratch, n, rows int) bool { a.Run(s, n, rows); return yes }, func(a *SpikeForced[T], _ *Scratch, n, rows int) bool { a.generic(n, rows); return yes })
	check(t, "SpikeRockpool", func(a *SpikeRockpool[T], s *Scratch, n, rows int) bool { a.Run(s, n, rows); return yes }, func(a *SpikeRockpool[T], _ *Scratch, n, rows int) bool { a.generic(n, rows); return yes })
	check(t, "Linear", func(a *Linear[T], s *Scratch, n, rows int) bool { a.Run(s, n, rows); return yes }, func(a *Linear[T], _ *Scratch, n, rows int) bool { a.generic(n, rows); return yes })
	check(t, "Mixed", func(a *Mixed[T], s *Scratch, n, rows int) bool {
		share(a)
		a.Run(s, n, rows)
		forget(a)
		return yes
	}, func(a *Mixed[T], _ *Scratch, n, rows int) bool {
		share(a)
		a.generic(n, rows)
		forget(a)
		return yes
	})
	check(t, "ExpSyn", func(a *ExpSyn[T], s *Scratch, _, _ int) bool { a.Run(s); return yes }, func(a *ExpSyn[T], _ *Scratch, _, _ int) bool { a.generic(len(a.X)); return yes })
	check(t, "ExpSynBack", func(a *ExpSynBack[T], s *Scratch, _, _ int) bool { a.Run(s); return yes }, func(a *ExpSynBack[T], _ *Scratch, _, _ int) bool { a.generic(len(a.Out)); return yes })
	check(t, "Alpha", func(a *Alpha[T], s *Scratch, _, _ int) bool { a.Run(s); return yes }, func(a *Alpha[T], _ *Scratch, _, _ int) bool { a.generic(len(a.O), false); return yes })
	check(t, "AlphaExact", func(a *AlphaExact[T], s *Scratch, _, _ int) bool { a.Run(s); return yes }, func(a *AlphaExact[T], _ *Scratch, _, _ int) bool { a.generic(len(a.O), true); return yes })
	check(t, "AlphaBack", func(a *AlphaBack[T], s *Scratch, _, _ int) bool { a.Run(s); return yes }, func(a *AlphaBack[T], _ *Scratch, _, _ int) bool { a.generic(len(a.O)); return yes })
	check(t, "Softmax", func(a *Softmax[T], s *Scratch, n, rows int) bool { a.Run(s, n, rows); return yes }, func(a *Softmax[T], _ *Scratch, n, rows int) bool { a.generic(n, rows); return yes })
	check(t, "Larger", func(a *Larger[T], s *Scratch, _, _ int) bool { a.Run(s); return yes }, func(a *Larger[T], _ *Scratch, _, _ int) bool { a.generic(len(a.X)); return yes })
	check(t, "Drive", func(a *Drive[T], s *Scratch, n, rows int) bool { return a.Run(s, n, rows) }, func(a *Drive[T], _ *Scratch, n, rows int) bool { return a.generic(n, rows) })
	check(t, "Compete", func(a *Compete[T], s *Scratch, _, _ int) bool { a.Run(s); return yes }, func(a *Compete[T], _ *Scratch, _, _ int) bool { a.generic(len(a.E)); return yes })
	check(t, "Settle", func(a *Settle[T], s *Scratch, _, _ int) bool { a.Run(s); return yes }, func(a *Settle[T], _ *Scratch, _, _ int) bool { a.generic(len(a.S)); return yes })
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
