// Command loop trains 120 spiking neurons on the Yin-Yang data set with a training loop of its own,
// for those who want every step in sight; examples/yinyang does the same with package train.
//
//	go run ./examples/loop
package main

import (
	"flag"
	"fmt"
	"log"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/surrogate"
	"github.com/surge-snn/surge/train/data"
)

func main() {
	epochs := flag.Int("epochs", 12, "how often the training set is learned")
	flag.Parse()
	accuracy, err := run(*epochs)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("test accuracy %.1f %%\n", 100*accuracy)
}

const steps, batch = 31, 50 // T and B

// model is a hidden layer of LIF neurons and a readout that does not spike.
func model(b *graph.Builder) {
	x := b.Input("x", steps, batch, 5)
	current := models.Linear{Out: 120, Init: models.FanIn(1, 1)}.Apply(b, "hidden/w", x)
	hidden := models.LIF{Surrogate: surrogate.FastSigmoid{Sharpness: 5}}.Apply(b, "hidden", current)
	out := models.LI{}.Apply(b, "out", models.Linear{Out: 3}.Apply(b, "out/w", hidden.Spikes))
	logits := b.Check(ops.MaxOverTime(out.Vmem))
	b.Output("logits", logits)
	b.Loss(b.Check(ops.SoftmaxCrossEntropy(logits, b.Input("class", batch))))
}

func run(epochs int) (accuracy float64, err error) {
	learn, _, test := data.StandardYinYang()
	batches := data.Batches{Data: learn, Encoder: data.TTFSBias{}, Steps: steps, Size: batch, Seed: 1}

	params := graph.NewParams(1)
	prog, err := graph.Build(params, graph.Settings{}, model)
	if err != nil {
		return 0, err
	}
	defer prog.Close()
	var weights, grads optim.Tree // views of the parameters and of their gradients
	for _, name := range prog.Report().Trained {
		weights = append(weights, optim.Leaf{Name: name, F32: params.Value(name).Float32s()})
		grads = append(grads, optim.Leaf{Name: name, F32: prog.Grad(name).Float32s()})
	}
	adam := optim.Adam{LR: optim.Cosine{Init: 5e-3, Steps: uint64(epochs * batches.Len())}}
	state := adam.Init(weights)

	var b data.Batch
	for epoch := range epochs {
		loss := 0.0
		for k := range batches.Len() {
			if err := forward(prog, batches, &b, epoch, k); err != nil {
				return 0, err
			}
			if err := adam.Update(grads, weights, &state); err != nil {
				return 0, err
			}
			if err := optim.Apply(weights, grads); err != nil {
				return 0, err
			}
			loss += prog.Loss() / float64(batches.Len())
		}
		fmt.Printf("epoch %2d  loss %.3f\n", epoch+1, loss)
	}

	batches.Data, batches.Sequential = test, true
	correct := 0
	for k := range batches.Len() {
		if err := forward(prog, batches, &b, 0, k); err != nil {
			return 0, err
		}
		logits := prog.Output("logits").Float32s() // [B, 3]
		for i, class := range b.Labels[:b.Valid] {
			row := logits[3*i : 3*i+3]
			if row[class] == max(row[0], row[1], row[2]) {
				correct++
			}
		}
	}
	return float64(correct) / float64(test.Len()), nil
}

// forward runs the program on one batch.
func forward(prog *graph.Program, batches data.Batches, b *data.Batch, epoch, k int) error {
	if err := batches.Fill(b, uint64(epoch), k); err != nil {
		return err
	}
	class := make([]float64, batch) // -1 in rows that are not in use
	for i, l := range b.Labels {
		class[i] = float64(l)
	}
	if err := prog.Set("x", b.Input); err != nil {
		return err
	}
	if err := prog.Set("class", class); err != nil {
		return err
	}
	return prog.Run()
}
