package gradbench_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/surge-snn/surge/bench/gradbench"
)

// neuron is a network of one's own: it spikes where w·x and logistic noise are above 1, and its
// loss is 1 where it should not have.
type neuron struct{ x [][]float64 }

func (neuron) Name() string               { return "neuron" }
func (neuron) Classes() []gradbench.Class { return []gradbench.Class{{Name: "w", From: 0, To: 2}} }
func (neuron) Params() []float64          { return []float64{0.5, 0.8} }
func (n neuron) Inputs() int              { return len(n.x) }

func (n neuron) Loss(w []float64, input int, draw uint64) (gradbench.Outcome, error) {
	a := rand.New(rand.NewPCG(uint64(input), draw)).Float64()
	if w[0]*n.x[input][0]+w[1]*n.x[input][1]+0.2*math.Log(a/(1-a)) > 1 {
		return gradbench.Outcome{Loss: 1, Spikes: 1}, nil
	}
	return gradbench.Outcome{}, nil
}

// An estimator of one's own on a network of one's own: the derivative of the probability of the
// spike is the gradient of the expected loss; with a slope of half the height it has its direction.
func Example() {
	ctx, net := context.Background(), neuron{[][]float64{{1, 0.5}, {0.3, 1}}}
	mine := gradbench.Estimator{Name: "mine", Gradient: func(g, w []float64, input int, _ uint64) error {
		for k, x := range net.x[input] {
			p := 1 / (1 + math.Exp((1-w[0]*net.x[input][0]-w[1]*net.x[input][1])/0.2))
			g[k] += p * (1 - p) / 0.2 / 2 * x
		}
		return nil
	}}
	truth, err := gradbench.Until(ctx, net, gradbench.Differences(net, 0.1), 0, 256, 0.01, 4096)
	if err != nil {
		fmt.Println(err)
		return
	}
	g, err := gradbench.Sample(ctx, net, mine, 1, 16, 4)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range gradbench.Compare(g, truth, net.Classes()) {
		fmt.Printf("%s: cosine %.2f, norm ratio %.1f, signs %g\n", r.Class, r.Cosine.Value, r.Ratio.Value, r.Signs)
	}
	// Output:
	// all: cosine 1.00, norm ratio 0.5, signs 1
	// w: cosine 1.00, norm ratio 0.5, signs 1
}
