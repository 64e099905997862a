package models

import (
	"fmt"
	"math/rand/v2"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
)

// Dropout leaves out a random part of its input while a program is trained:
//
//	y = x m/(1 - P),   m = 0 with probability P, else 1
//
// In a program without gradient (graph.Settings.NoGrad) it is y = x. The masks are drawn anew
// for each run, from a source that is named by the seed of the parameters, the name of the
// layer and the number of the run ([graph.Program.SetRun]). Source: Srivastava et al. 2014,
// JMLR 15, 1929; one mask for all time steps: Lee et al. 2020, doi:10.3389/fnins.2020.00119.
type Dropout struct {
	// P is the probability of leaving out an element, in [0, 1).
	P float64
	// EachStep draws another mask for each time step of a sequence [T, B, N]. Without it all
	// steps have one mask.
	EachStep bool
}

// Apply adds the layer. x has any shape; one of three axes is a sequence [T, B, N]. P outside of
// [0, 1) is an error that wraps [ErrParameter].
func (d Dropout) Apply(b *graph.Builder, name string, x *G.Node) *G.Node {
	if !(d.P >= 0 && d.P < 1) {
		b.Fail(fmt.Errorf("%w: Dropout %q: P is %v, want a number in [0, 1)", ErrParameter, name, d.P))
	}
	if !b.Training() || d.P == 0 {
		return x
	}
	keep := func(dst []float64, _ []int, rng *rand.Rand) {
		for i := range dst {
			dst[i] = 0
			if rng.Float64() >= d.P {
				dst[i] = 1 / (1 - d.P)
			}
		}
	}
	if x.Dims() != 3 || d.EachStep {
		return b.Check(G.HadamardProd(x, b.Draw(name, keep, x.Shape()...)))
	}
	return b.Check(G.BroadcastHadamardProd(x, b.Draw(name, keep, x.Shape()[1:]...), nil, []byte{0}))
}
