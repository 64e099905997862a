// Command network trains a small recurrent network of the chip on frozen noise: 20 patterns of
// Poisson spikes at 20 inputs for 100 ms, one half of them of each of two classes, by chance. The
// network must recognise a pattern although each of its spikes comes some milliseconds earlier or
// later. All happens on the chip: the class is that of the group of neurons that spikes more.
//
// Weights and bias currents are trained together, by backpropagation through time with the rule
// that surge has for these neurons, and go to the chip as 4-bit codes, base currents and codes of
// the bias generator. The program prints the accuracy on spikes that the network has not seen: as
// trained, with the codes, and with the codes on chips whose neurons differ by 10 %, to which
// nothing was adapted. It draws raster.png.
//
//	go run ./examples/network
package main

import (
	"flag"
	"fmt"
	"log"
	"math"
	"math/rand/v2"

	"gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/plot"
)

const (
	inputs, neurons, classes = 20, 20, 2
	patterns, copies         = 20, 2             // noisy copies of each pattern in a batch
	batch                    = patterns * copies // B
	steps, dt                = 100, 1e-3         // T; s
	group                    = 5                 // neurons that speak for each class, the first ones
	jitter                   = 3.0               // steps, standard deviation
)

// pattern are the times of the spikes of each input, in steps.
type pattern [inputs][]float64

// draw makes a pattern of Poisson spikes of 20 Hz.
func draw(rng *rand.Rand) (p pattern) {
	for i := range p {
		for t := range steps {
			if rng.Float64() < 0.02 {
				p[i] = append(p[i], float64(t))
			}
		}
	}
	return p
}

// class is that of pattern i.
func class(i int) int { return i % classes }

// noisy returns a batch [T, B, inputs] of copies of the patterns with every spike moved; row b has
// pattern b/copies.
func noisy(all []pattern, rng *rand.Rand) []float64 {
	x := make([]float64, steps*batch*inputs)
	for b := range batch {
		for i, spikes := range all[b/copies] {
			for _, t := range spikes {
				moved := min(max(math.Round(t+jitter*rng.NormFloat64()), 0), steps-1)
				x[(int(moved)*batch+b)*inputs+i]++
			}
		}
	}
	return x
}

// learned are the trained currents, which all neurons share as those of a core do.
var learned = []dynapse.Param{dynapse.ItauMem, dynapse.IgainMem, dynapse.ItauSyn, dynapse.IgainSyn, dynapse.Iref}

// model is the network, and its loss.
func model(b *graph.Builder) {
	x := b.Input("x", steps, batch, inputs)
	current := models.Linear{Out: neurons, Init: models.FanIn(0.5, 1)}.Apply(b, "in", x)
	chip := dynapse.Neurons{Learn: learned, Recurrent: true, RecInit: models.FanIn(0, 0.3), Clip: 10}.Apply(b, "chip", current)
	votes := make([]float64, neurons*classes) // one half for each spike of the class's group
	for j := range group * classes {
		votes[j*classes+j/group] = 0.5
	}
	logits := b.Check(gorgonia.Mul(b.Check(ops.SumOverTime(chip.Spikes)), b.Const("votes", votes, neurons, classes)))
	b.Output("spikes", chip.Spikes)
	b.Loss(b.Check(ops.SoftmaxCrossEntropy(logits, b.Input("class", batch))))
}

// train returns the network and the weights of its inputs.
func train(all []pattern, updates int) (n dynapse.Network, in chip.Weights, err error) {
	params := graph.NewParams(1)
	prog, err := graph.Build(params, graph.Settings{Dt: dt}, model)
	if err != nil {
		return n, in, err
	}
	defer prog.Close()
	labels := make([]float64, batch)
	for b := range labels {
		labels[b] = float64(class(b / copies))
	}
	if err := prog.Set("class", labels); err != nil {
		return n, in, err
	}
	var values, grads optim.Tree // views of the parameters and of their gradients
	for _, name := range prog.Report().Trained {
		values = append(values, optim.Leaf{Name: name, F32: params.Value(name).Float32s()})
		grads = append(grads, optim.Leaf{Name: name, F32: prog.Grad(name).Float32s()})
	}
	adam := optim.Adam{LR: optim.Cosine{Init: 0.02, Steps: uint64(updates)}}
	state := adam.Init(values)
	rng := rand.New(rand.NewPCG(1, 0))
	for i := range updates {
		if err := prog.Set("x", noisy(all, rng)); err != nil {
			return n, in, err
		}
		if err := prog.Run(); err != nil {
			return n, in, err
		}
		if i%50 == 0 {
			fmt.Printf("update %3d  loss %.3f\n", i, prog.Loss())
		}
		if err := adam.Update(grads, values, &state); err != nil {
			return n, in, err
		}
		if err := optim.Apply(values, grads); err != nil {
			return n, in, err
		}
	}
	wide := func(name string) (v []float64) {
		for _, x := range params.Value(name).Float32s() {
			v = append(v, float64(x))
		}
		return v
	}
	n = dynapse.Network{N: neurons, WRec: wide("chip/w_rec")}
	for _, p := range learned {
		n.Params[p] = []float64{math.Exp(wide("chip/log_" + p.String())[0])}
	}
	return n, chip.Weights{Pre: inputs, Post: neurons, W: wide("in")}, nil
}

// deploy sends the network to the chip, and returns what the chip will compute.
func deploy(n dynapse.Network, in chip.Weights) (dynapse.Network, chip.Weights, error) {
	core := make([]int, neurons)
	q, err := chip.Quantise(in, chip.Weights{Pre: neurons, Post: neurons, W: n.WRec}, core, chip.QuantiseSettings{DAC: true})
	if err != nil {
		return n, in, err
	}
	device, err := chip.Deploy(n, q, chip.DeploySettings{})
	if err != nil {
		return n, in, err
	}
	return device.Network()
}

// simulate returns the spikes [T, B, neurons] for an input [T, B, inputs].
func simulate(n dynapse.Network, in chip.Weights, x []float64) ([]float64, error) {
	weighted := make([]float64, steps*batch*neurons)
	for row := range steps * batch {
		for i, s := range x[row*inputs : (row+1)*inputs] {
			for j, w := range in.W[i*neurons : (i+1)*neurons] {
				weighted[row*neurons+j] += float64(s * w)
			}
		}
	}
	run, err := n.Simulate(dynapse.Input{T: steps, B: batch, Counts: weighted})
	if err != nil {
		return nil, err
	}
	return run.Spikes, nil
}

// accuracy is the share of noisy patterns, in 20 fresh batches, whose class has more spikes than
// the other. Each batch is on a chip of its own, whose neurons differ by mismatch, a relative
// standard deviation.
func accuracy(n dynapse.Network, in chip.Weights, all []pattern, mismatch float64) (float64, error) {
	rng := rand.New(rand.NewPCG(2, 0))
	right := 0
	for range 20 {
		chip, err := dynapse.Mismatch{Percent: mismatch}.Frozen(n, 1, rng)
		if err != nil {
			return 0, err
		}
		spikes, err := simulate(chip, in, noisy(all, rng))
		if err != nil {
			return 0, err
		}
		for b := range batch {
			var count [classes]float64
			for t := range steps {
				for j := range group * classes {
					count[j/group] += spikes[(t*batch+b)*neurons+j]
				}
			}
			c := class(b / copies)
			if count[c] > count[1-c] {
				right++
			}
		}
	}
	return float64(right) / (20 * batch), nil
}

// result are accuracies: of the trained network, of its codes, and of its codes on chips whose
// neurons differ by 10 %.
type result struct {
	trained, codes, mismatched float64
	chip                       dynapse.Network
	in                         chip.Weights
	patterns                   []pattern
}

// run trains with so many updates, and goes to the chip.
func run(updates int) (r result, err error) {
	rng := rand.New(rand.NewPCG(0, 0))
	for range patterns {
		r.patterns = append(r.patterns, draw(rng))
	}
	if r.chip, r.in, err = train(r.patterns, updates); err != nil {
		return r, err
	}
	if r.trained, err = accuracy(r.chip, r.in, r.patterns, 0); err != nil {
		return r, err
	}
	if r.chip, r.in, err = deploy(r.chip, r.in); err != nil {
		return r, err
	}
	if r.codes, err = accuracy(r.chip, r.in, r.patterns, 0); err != nil {
		return r, err
	}
	r.mismatched, err = accuracy(r.chip, r.in, r.patterns, 0.1)
	return r, err
}

// paint draws a pattern of each class and what the chip makes of it.
func (r *result) paint(file string) error {
	x := noisy(r.patterns, rand.New(rand.NewPCG(3, 0)))
	spikes, err := simulate(r.chip, r.in, x)
	if err != nil {
		return err
	}
	figure := plot.Raster{Duration: steps * dt}
	for c := range classes {
		for _, part := range []struct {
			name string
			v    []float64
			n    int
		}{{"input", x, inputs}, {"neurons", spikes, neurons}} {
			var row []float64 // [T, n]
			for t := range steps {
				at := (t*batch + c*copies) * part.n
				row = append(row, part.v[at:at+part.n]...)
			}
			layer, err := plot.DenseLayer(fmt.Sprintf("class %d, %s", c, part.name), row, steps, part.n, dt)
			if err != nil {
				return err
			}
			figure.Layers = append(figure.Layers, layer)
		}
	}
	return figure.Write(file)
}

func main() {
	updates := flag.Int("updates", 300, "steps of the optimizer")
	picture := flag.String("picture", "raster.png", "file to draw")
	flag.Parse()
	r, err := run(*updates)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("accuracy %.1f %%; with codes %.1f %%; on chips with 10 %% mismatch %.1f %%\n", 100*r.trained, 100*r.codes, 100*r.mismatched)
	for _, p := range learned {
		fmt.Printf("%-9s %.3g A, from %.3g A\n", p, r.chip.Params[p][0], p.Default())
	}
	if err := r.paint(*picture); err != nil {
		log.Fatal(err)
	}
}
