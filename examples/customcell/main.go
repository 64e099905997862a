// Command customcell trains a network of a neuron model that surge does not have: adaptive LIF
// neurons, whose threshold rises with each spike, with a surrogate of their own. The model is one
// time step written with Gorgonia's operations; surge repeats it over time, and Gorgonia
// differentiates it.
//
//	go run ./examples/customcell
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"math"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/data"
)

// alif is the step of an adaptive LIF neuron (Bellec et al. 2018, arXiv:1803.09574), with
// decays alpha and rho per step and a jump of the threshold by beta:
//
//	v[t] = alpha v[t-1] (1 - s[t-1]) + x[t]
//	a[t] = rho a[t-1] + s[t-1]
//	s[t] = H(v[t] - 1 - beta a[t])
//
// beta is learned, one for each neuron.
type alif struct {
	n          int
	alpha, rho float64
}

func (alif) Kind() string      { return "alif" }
func (alif) Outputs() []string { return []string{"spikes"} }
func (c alif) State() []graph.StateSpec {
	return []graph.StateSpec{{Name: "v", Width: c.n}, {Name: "a", Width: c.n}, {Name: "s", Width: c.n}}
}

func (c alif) Step(b *graph.Builder, x, params, state []*G.Node) (out, next []*G.Node) {
	v, a, s, beta := state[0], state[1], state[2], params[0]
	silent := b.Check(ops.Affine(s, -1, 1)) // 1 - s
	v = b.Check(G.Add(b.Check(ops.Affine(b.Check(G.HadamardProd(v, silent)), c.alpha, 0)), x[0]))
	a = b.Check(G.Add(b.Check(ops.Affine(a, c.rho, 0)), s))
	above := b.Check(G.Sub(b.Check(ops.Affine(v, 1, -1)), b.Check(G.HadamardProd(beta, a))))
	s = models.Spike(b, above, tent{width: 0.6})
	return []*G.Node{s}, []*G.Node{v, a, s}
}

// tent is a surrogate: a triangle of height 1 over [-width, width].
type tent struct{ width float64 }

func (t tent) Slope(x float64) float64 { return max(0, 1-math.Abs(x)/t.width) }
func (t tent) Antiderivative(x float64) float64 {
	x = min(max(x, -t.width), t.width)
	return t.width/2 + x - x*math.Abs(x)/(2*t.width)
}
func (t tent) Peak() float64  { return 1 }
func (t tent) Area() float64  { return t.width }
func (t tent) String() string { return fmt.Sprintf("tent(%g)", t.width) }

func model(b *graph.Builder, x *G.Node) train.Outputs {
	const n = 60
	current := models.Linear{Out: n, Init: models.FanIn(1, 1)}.Apply(b, "hidden/w", x)
	beta := b.Param("hidden/beta", models.Constant(0.2), n)
	out, _ := b.Scan("hidden", alif{n: n, alpha: 0.95, rho: 0.9}, []*G.Node{current}, []*G.Node{beta})
	y := models.LI{}.Apply(b, "out", models.Linear{Out: 3}.Apply(b, "out/w", out[0]))
	return train.Outputs{Logits: b.Check(ops.MaxOverTime(y.Vmem))}
}

func main() {
	epochs := flag.Int("epochs", 12, "how often the training set is learned")
	flag.Parse()
	accuracy, err := run(*epochs)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("test accuracy %.1f %%\n", 100*accuracy)
}

func run(epochs int) (accuracy float64, err error) {
	const steps, batch = 31, 100
	net, err := train.BPTT{Model: model}.Build(graph.NewParams(1), train.Shape{Steps: steps, Batch: batch, Channels: 5})
	if err != nil {
		return 0, err
	}
	defer net.Close()
	batches := data.Batches{Encoder: data.TTFSBias{}, Steps: steps, Size: batch, Seed: 1}
	sets := train.Data{Train: batches, Valid: batches, Test: batches}
	sets.Train.Data, sets.Valid.Data, sets.Test.Data = data.StandardYinYang()
	result, err := train.Run(context.Background(), net, sets, train.Settings{
		Epochs:    epochs,
		Optimizer: optim.Adam{LR: optim.Cosine{Init: 5e-3, Steps: uint64(epochs * sets.Train.Len())}},
		AfterEpoch: func(e train.Epoch) error {
			fmt.Printf("epoch %2d  loss %.3f  validation accuracy %.1f %%\n", e.Epoch, e.TrainLoss, 100*e.ValidAccuracy)
			return nil
		},
	})
	if err != nil {
		return 0, err
	}
	return result.Test.Accuracy, nil
}
