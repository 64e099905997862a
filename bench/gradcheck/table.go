package gradcheck

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/random"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
)

// Table returns all cases.
func Table() []Case {
	return slices.Concat(
		elementwiseCases(),
		sequenceCases(),
		normCases(),
		readoutCases(),
		lossCases(),
		costCases(),
		surrogateCases(),
		linearCases(),
		imageCases(),
		delayCases(),
		lifCases(),
		neuronCases(),
		unitCases(),
		expSynCases(),
		alphaCases(),
		wtasCases(),
		coupledCases(),
		dynapseCases(),
		eventCases(),
		equationCases(),
		customCases(),
		gorgoniaCases(),
	)
}

// probe sets the loss to a weighted sum of all elements of the nodes,
//
//	L = Σ_k Σ_i w_k[i] x_k[i]
//
// with random weights, so that every element gets a gradient of its own. The nodes are
// outputs, too.
func probe(b *graph.Builder, nodes ...*G.Node) {
	var loss *G.Node
	for k, x := range nodes {
		b.Output(fmt.Sprintf("probe/%d", k), x)
		w := weights(k, x.Shape().TotalSize())
		var term *G.Node
		if x.IsScalar() {
			term = b.Check(ops.Affine(x, w[0], 0))
		} else {
			term = b.Check(G.Sum(b.Check(G.HadamardProd(x, b.Const(fmt.Sprintf("probe/%d", k), w, x.Shape()...)))))
		}
		if loss == nil {
			loss = term
		} else {
			loss = b.Check(G.Add(loss, term))
		}
	}
	b.Loss(loss)
}

// weights returns w_k of [probe].
func weights(k, n int) []float64 {
	rng := random.New(0, "probe", uint64(k))
	w := make([]float64, n)
	for i := range w {
		w[i] = random.Normal(rng)
	}
	return w
}

// numbers initialises a parameter with numbers.
func numbers(v ...float64) graph.Init {
	return models.Values(v)
}
