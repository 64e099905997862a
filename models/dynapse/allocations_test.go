package dynapse

import (
	"math/rand/v2"
	"testing"

	"gorgonia.org/tensor"
)

// TestAllocations: after the first, a run and its adjoint allocate nothing.
func TestAllocations(t *testing.T) {
	const steps, rows, n = 20, 9, 5
	for _, rule := range []Rule{Surge, SurgeS, SurgeT, Rockpool, SurgeMixed} {
		for _, four := range []bool{false, true} {
			m, err := Settings{Rule: rule}.mode(0)
			if err != nil {
				t.Fatal(err)
			}
			m.recurrent, m.four = true, four
			k := &neuronKernel[float32]{mode: m, trained: true}
			in, out, gin, gout := operands(t, k, steps, rows, n)
			runs := func() {
				if err := k.Forward(in, out); err != nil {
					t.Fatal(err)
				}
				if err := k.Backward(in, out, gout, gin); err != nil {
					t.Fatal(err)
				}
			}
			runs()
			if a := testing.AllocsPerRun(5, runs); a > 0 {
				t.Errorf("%v, four types %v: %v allocations in a run", rule, four, a)
			}
		}
	}
}

// operands are those of neurons at the defaults with random input and weights, and of a loss of
// spikes and membranes.
func operands(t *testing.T, k *neuronKernel[float32], steps, rows, n int) (in, out, gin, gout [][]float32) {
	var v [NumParams]float64
	for p := range v {
		v[p] = Param(p).Default()
	}
	c := coefficients(&v)
	rng := rand.New(rand.NewPCG(1, 1))
	width := n * k.types()
	a := neuronIn[tensor.Shape]{x: tensor.Shape{steps, rows, width}, wrec: tensor.Shape{n, width}}
	for i := range a.coef {
		a.coef[i] = tensor.Shape{n}
	}
	for _, s := range a.states() {
		*s = tensor.Shape{rows, n}
	}
	shapes := joinIn(k.mode, &a)
	outputs, err := k.Shapes(shapes)
	if err != nil {
		t.Fatal(err)
	}
	memory := func(shapes []tensor.Shape) (x [][]float32) {
		for _, s := range shapes {
			x = append(x, make([]float32, s.TotalSize()))
		}
		return x
	}
	in, gin, out, gout = memory(shapes), memory(shapes), memory(outputs), memory(outputs)
	b := splitIn(k.mode, in)
	for i := range b.coef[:k.coefs()] {
		for j := range b.coef[i] {
			b.coef[i][j] = float32(c[i])
		}
	}
	for i := range b.x {
		b.x[i] = float32(rng.IntN(3))
	}
	for i := range b.wrec {
		b.wrec[i] = rng.Float32()
	}
	for i := range gout {
		for j := range gout[i] {
			gout[i][j] = float32(rng.NormFloat64())
		}
	}
	return in, out, gin, gout
}
