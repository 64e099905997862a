package dynapse

import (
	"math/rand/v2"
	"testing"

	"gorgonia.org/tensor"
)

// BenchmarkKernel is a recurrent layer of 128 neurons, 32 rows, 1000 steps in float32, forward and
// backward by SurgeS.
func BenchmarkKernel(b *testing.B) {
	const n, rows, steps = 128, 32, 1000
	rng := rand.New(rand.NewPCG(1, 1))
	m, err := Settings{Rule: SurgeS}.mode(1)
	if err != nil {
		b.Fatal(err)
	}
	m.recurrent = true
	k := &neuronKernel[float32]{mode: m, trained: true}
	shapes := []tensor.Shape{{steps, rows, n}}
	in := [][]float32{convert[float32](poisson(rng, n*rows*steps, 0.03, 1))}
	var v [NumParams]float64
	for p := range v {
		v[p] = Param(p).Default()
	}
	c := coefficients(&v)
	for i := range m.coefs() {
		x := make([]float32, n)
		for j := range x {
			x[j] = float32(c[i])
		}
		in, shapes = append(in, x), append(shapes, tensor.Shape{n})
	}
	w := make([]float32, n*n)
	for i := range w {
		w[i] = 0.002 * rng.Float32()
	}
	in, shapes = append(in, w), append(shapes, tensor.Shape{n, n})
	for range m.states() {
		in, shapes = append(in, make([]float32, rows*n)), append(shapes, tensor.Shape{rows, n})
	}
	outShapes, err := k.Shapes(shapes)
	if err != nil {
		b.Fatal(err)
	}
	out, gout, gin := make([][]float32, len(outShapes)), make([][]float32, len(outShapes)), make([][]float32, len(in))
	for i, s := range outShapes {
		out[i] = make([]float32, s.TotalSize())
	}
	gout[0] = make([]float32, len(out[0]))
	for i := range gout[0] {
		gout[0][i] = rng.Float32()
	}
	for i := range gin {
		gin[i] = make([]float32, len(in[i]))
	}
	b.Run("forward", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			if err := k.Forward(in, out); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("backward", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			if err := k.Backward(in, out, gout, gin); err != nil {
				b.Fatal(err)
			}
		}
	})
}
