package fmath

import "testing"

func BenchmarkFunctions(b *testing.B) {
	for _, f := range functions {
		x := make([]float64, 1024)
		for i := range x {
			x[i] = 0.01 * float64(i+1)
			if f.name[0] == 'E' {
				x[i] = -x[i]
			}
		}
		sum := 0.0
		run := func(name string, g func(float64) float64) {
			b.Run(f.name+"/"+name, func(b *testing.B) {
				for i := 0; b.Loop(); i++ {
					sum += g(x[i%len(x)])
				}
			})
		}
		run("fmath", f.f)
		run("math", f.std)
		_ = sum
	}
}
