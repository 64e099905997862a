package eventprop

import (
	"fmt"
	"math"
	"testing"

	"github.com/surge-snn/surge/internal/random"
)

// BenchmarkParameters is a gradient step of the networks of [BenchmarkGradient] and
// [BenchmarkImages] with neurons that are alike (double: with TauMem = 2 TauSyn), with parameters
// of each neuron, with delays, and with the gradients to all that is so.
func BenchmarkParameters(b *testing.B) {
	for _, images := range []bool{false, true} {
		for _, kind := range []string{"double", "alike", "each", "delays", "each,delays"} {
			for _, learned := range []bool{false, true} {
				name := fmt.Sprintf("images=%v/%s/learned=%v", images, kind, learned)
				b.Run(name, func(b *testing.B) {
					r := random.New(1, "eventprop/benchmark")
					s := Settings{MinSlope: 1e-3}
					net, inputs, o := Serial{{In: NewDense(5, 100), Settings: s}, {In: NewDense(100, 3), Settings: s}}, yinYangLike(r), Observable(First{})
					tau, ratio := 10e-3, 1.9
					if kind == "double" {
						ratio = 2
					}
					hidden, out := Normal{1.5, 1}, Normal{0.15, 0.25}
					if images {
						net = Serial{{In: NewDense(784, 350)}, {In: NewDense(350, 10)}}
						tau, inputs, o = 20e-3, imagesLike(r, 32), Max{}
						hidden, out = Normal{0.0765, 0.0464}, Normal{0.02, 0.04}
						net[1].Params.VTh = []float64{math.Inf(1)}
					}
					for k, l := range net {
						if err := l.In.Init([]Normal{hidden, out}[k], 1, r); err != nil {
							b.Fatal(err)
						}
						each := func(x float64) []float64 {
							if kind[0] != 'e' {
								return []float64{x}
							}
							v := make([]float64, l.Neurons())
							for j := range v {
								v[j] = x * (0.8 + 0.4*r.Float64())
							}
							return v
						}
						l.Params.TauMem, l.Params.TauSyn = []float64{tau}, []float64{tau / 1.9}
						if !images || k == 0 {
							l.Params.TauMem, l.Params.TauSyn, l.Params.VTh = each(tau), each(tau/ratio), each(1)
						}
						if kind[len(kind)-1] == 's' {
							l.In.Delay = make([]float64, len(l.In.Weight))
							for i := range l.In.Delay {
								l.In.Delay[i] = 3e-3 * r.Float64()
							}
						}
					}
					grads := net.NewWeightGradients()
					if learned {
						grads = net.NewGradients()
						if images { // readouts do not learn time constants
							grads[1].TauMem, grads[1].TauSyn = nil, nil
						}
					}
					benchmarkInto(b, net, grads, inputs, 40e-3, 0, o)
				})
			}
		}
	}
}
