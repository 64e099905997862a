package models

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/surrogate"
)

// drawFormula draws lines over small whole numbers, of which all results are exact, so that the
// order of sums does not matter.
func drawFormula(r *rapid.T) *formula {
	f := newFormula(rapid.IntRange(1, 3).Draw(r, "params"), rapid.IntRange(1, 3).Draw(r, "states"))
	for range rapid.IntRange(1, 14).Draw(r, "lines") {
		any := func(name string) term { return term(rapid.IntRange(0, len(f.lines)-1).Draw(r, name)) }
		number := func(name string) float64 { return float64(rapid.IntRange(-2, 2).Draw(r, name)) }
		switch a := any("a"); rapid.IntRange(0, 9).Draw(r, "op") {
		case 0:
			f.add(a, any("b"))
		case 1:
			f.sub(a, any("b"))
		case 2:
			f.mul(a, any("b"))
		case 3:
			f.affine(a, number("c"), number("d"))
		case 4:
			f.affine(a, number("c"), 0)
		case 5:
			f.max(a, number("c"))
		case 6:
			f.min(a, number("c"))
		case 7:
			f.mix(a, any("b"), any("c"))
		case 8:
			f.detach(f.atLeast(a, number("c")))
		case 9:
			f.fire(a, ops.Firing{}, surrogate.StepPWL{})
		}
	}
	pick := func() term { return term(rapid.IntRange(f.leaves(), len(f.lines)-1).Draw(r, "result")) }
	next := make([]term, f.states)
	for i := range next {
		next[i] = pick()
	}
	f.end([]term{pick(), pick()}, next...)
	f.feedback = pick()
	return f
}

// values computes the lines one by one.
func (f *formula) values(v []float64) []float64 {
	for _, l := range f.lines[len(v):] {
		var y float64
		switch a := v[l.a]; l.op {
		case add:
			y = a + v[l.b]
		case sub:
			y = a - v[l.b]
		case mul:
			y = a * v[l.b]
		case affine:
			y = l.c*a + l.d
		case floor:
			y = max(a, l.c)
		case detach:
			y = a
		case atLeast:
			if a >= l.c {
				y = 1
			}
		case fire:
			if a > 0 {
				y = 1
			}
		}
		v = append(v, y)
	}
	return v
}

// gradients is the adjoint of values, line by line, for gradients d of the lines.
func (f *formula) gradients(v, d []float64) []float64 {
	for i := len(v) - 1; i >= f.leaves(); i-- {
		l, g := &f.lines[i], d[i]
		switch a := v[l.a]; l.op {
		case add:
			d[l.a] += g
			d[l.b] += g
		case sub:
			d[l.a] += g
			d[l.b] -= g
		case mul:
			d[l.a] += g * v[l.b]
			d[l.b] += g * a
		case affine:
			d[l.a] += l.c * g
		case floor:
			d[l.a] += g * ops.FloorSlope(a, l.c)
		case fire:
			d[l.a] += g * l.sharper.Slope(a)
		}
	}
	return d
}

// TestCode: the code of a formula computes what its lines say, and its adjoint, whichever gradients
// arrive and are asked for, and whether or not lines are constant.
func TestCode(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		f := drawFormula(r)
		constants := f.constants()
		at := f.adjointVectors(constants)
		small := func() float64 { return float64(rapid.IntRange(-2, 2).Draw(r, "x")) }
		w := wanted{x: rapid.Bool().Draw(r, "dx"), feedback: rapid.Bool().Draw(r, "feedback")}
		for range f.params {
			w.params = append(w.params, rapid.Bool().Draw(r, "dp"))
		}
		for range f.outputs {
			w.outputs = append(w.outputs, rapid.Bool().Draw(r, "dy"))
		}
		var leaves []float64
		for range f.leaves() {
			leaves = append(leaves, small())
		}
		v := f.values(slices.Clone(leaves))
		for _, y := range v {
			if y > 1<<20 || y < -1<<20 {
				r.Skip("too large for exact sums")
			}
		}

		// A vector of one number each; what nobody has written is -77.
		vectors := func(c *code, common []float64) [][]float64 {
			x := make([][]float64, c.vectors)
			for i := range x {
				x[i] = []float64{-77}
				if i < len(common) {
					x[i][0] = common[i]
				}
			}
			return x
		}
		c := f.constantCode(constants)
		x := vectors(c, leaves)
		runCode(c, x, false)
		common := leaves
		for i, line := range constants {
			if got := x[f.leaves()+i][0]; got != v[line] {
				r.Fatalf("constant line %d is %v, want %v", line, got, v[line])
			}
			common = append(common, v[line])
		}
		c = f.stepCode(constants, true)
		x = vectors(c, common)
		runCode(c, x, false)
		for i, line := range slices.Concat(f.outputs, f.next, []term{f.feedback}) {
			if got := x[len(common)+i][0]; got != v[line] {
				r.Fatalf("result %d, line %d, is %v, want %v", i, line, got, v[line])
			}
		}

		d := make([]float64, len(v))
		c = f.adjointCode(constants, w)
		x = vectors(c, common)
		give := func(vector int, line term, there bool) {
			if there {
				x[vector][0] = small()
				d[line] += x[vector][0]
			}
		}
		for i, line := range f.outputs {
			x[at.outputs+i][0] = v[line]
			give(at.arriving+i, line, w.outputs[i])
		}
		for i, line := range f.next {
			give(at.next+i, line, true)
		}
		give(at.feedback, f.feedback, w.feedback)
		for i := at.sums; i < at.x; i++ {
			x[i][0] = 0
		}
		runCode(c, x, false)
		last := f.constantAdjointCode(constants, w)
		for len(x) < last.vectors {
			x = append(x, []float64{-77})
		}
		runCode(last, x, false)
		d = f.gradients(v, d)
		if got := x[at.x][0]; w.x && got != d[0] {
			r.Fatalf("the gradient of x is %v, want %v", got, d[0])
		}
		for i, is := range w.params {
			if got := x[at.sums+i][0]; is && got != d[f.param(i)] {
				r.Fatalf("the gradient of parameter %d is %v, want %v", i, got, d[f.param(i)])
			}
		}
		for i := range f.states {
			if got := x[at.states+i][0]; got != d[f.state(i)] {
				r.Fatalf("the gradient of state %d is %v, want %v", i, got, d[f.state(i)])
			}
		}
	})
}
