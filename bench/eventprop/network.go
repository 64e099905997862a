package main

import (
	"fmt"
	"math"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/eventprop/equation"
	"github.com/surge-snn/surge/internal/random"
	"github.com/surge-snn/surge/train/data"
)

// Neurons of all networks: TauMem = 2 TauSyn is what all versions of jaxsnn can do, and it compares
// V with 1, not with the threshold, for simultaneous spikes.
const (
	tauMem, tauSyn = 10e-3, 5e-3 // s
	vTh            = 1.0
	end            = 2 * tauMem // s
)

// kind is how the layers are arranged.
type kind string

const (
	feedForward kind = "feed-forward" // two layers
	recurrent   kind = "recurrent"    // two layers, the hidden one with dense recurrence
	quadrants   kind = "quadrants"    // one recurrent layer that holds both
	quadratic   kind = "qif"          // two layers of quadratic neurons, which spike at infinity
)

// rival returns the name of the library that has such networks.
func (k kind) rival() string {
	if k == quadratic {
		return "eventax"
	}
	return "jaxsnn"
}

// network is a network and a batch for it.
type network struct {
	name                    string
	kind                    kind
	inputs, hidden, outputs int
	batch                   int
	vReset                  float64
	weights                 [2]eventprop.Normal // of the two layers
	recurrence              eventprop.Normal
}

// networks are those of the table. The distributions of the weights of Yin-Yang are those of
// jaxsnn's example, where VReset is so low that no neuron spikes twice; the sum over the hidden
// neurons is kept where they are more.
func networks() []network {
	yinyang := func(name string, k kind, hidden, batch int) network {
		scale := 100 / float64(hidden)
		return network{
			name: name, kind: k, inputs: 5, hidden: hidden, outputs: 3, batch: batch, vReset: -1000,
			weights:    [2]eventprop.Normal{{Mean: 3, Std: 1.6}, {Mean: 0.5 * scale, Std: 0.8 * scale}},
			recurrence: eventprop.Normal{Std: 0.2},
		}
	}
	mnist := network{
		name: "mnist", kind: feedForward, inputs: 784, hidden: 350, outputs: 10, batch: 32,
		weights: [2]eventprop.Normal{{Mean: 0.035, Std: 0.05}, {Mean: 0.02, Std: 0.05}},
	}
	qif := network{
		name: "qif-100", kind: quadratic, inputs: 5, hidden: 100, outputs: 3, batch: 64,
		weights: [2]eventprop.Normal{{Mean: 3, Std: 1.6}, {Mean: 0.5, Std: 0.8}},
	}
	return []network{
		yinyang("yinyang-100", feedForward, 100, 64),
		yinyang("yinyang-100", feedForward, 100, 1),
		yinyang("yinyang-100", feedForward, 100, 512),
		yinyang("yinyang-200", feedForward, 200, 64),
		yinyang("yinyang-200", feedForward, 200, 1),
		yinyang("yinyang-200", feedForward, 200, 512),
		yinyang("yinyang-quadrants-100", quadrants, 100, 64),
		yinyang("yinyang-recurrent-100", recurrent, 100, 64),
		mnist,
		qif,
	}
}

// problem is a network with numbers.
type problem struct {
	network
	net    eventprop.Serial
	spikes [][]eventprop.Spike // [batch]
	target [][]float64         // [batch][outputs], s
}

// build draws the weights and the batch.
func (n network) build() (*problem, error) {
	p := &problem{network: n}
	if err := p.layers(); err != nil {
		return nil, err
	}
	if n.inputs == 784 {
		p.pixels()
		return p, nil
	}
	return p, p.yinYang()
}

func (p *problem) layers() error {
	rng := random.New(1, "bench/eventprop/weights")
	params := eventprop.LIFParameters{
		TauMem: []float64{tauMem}, TauSyn: []float64{tauSyn}, VTh: []float64{vTh}, VReset: []float64{p.vReset},
	}
	if p.kind == quadrants {
		n := p.hidden + p.outputs
		rec := eventprop.NewDense(n, n)
		l := &eventprop.Layer{Params: params, In: eventprop.NewDense(p.inputs, n), Rec: &rec}
		p.net = eventprop.Serial{l}
		return l.InitLayers([]int{p.hidden, p.outputs}, p.weights[:], 1, rng)
	}
	hidden := &eventprop.Layer{Params: params, In: eventprop.NewDense(p.inputs, p.hidden)}
	output := &eventprop.Layer{Params: params, In: eventprop.NewDense(p.hidden, p.outputs)}
	p.net = eventprop.Serial{hidden, output}
	if p.kind == quadratic {
		if err := p.quadratic(); err != nil {
			return err
		}
	}
	for k, l := range p.net {
		if err := l.In.Init(p.weights[k], 1, rng); err != nil {
			return err
		}
	}
	if p.kind == recurrent {
		rec := eventprop.NewDense(p.hidden, p.hidden)
		hidden.Rec = &rec
		return rec.Init(p.recurrence, 1, rng)
	}
	return nil
}

// quadratic makes the neurons those of Eventax, TauMem dV/dt = V (V - 1) + I, which begin at V = 0:
// U = V - 1/2 is that of a theta neuron, with a constant current of -1/4.
func (p *problem) quadratic() error {
	model, err := equation.Parse(equation.Theta)
	if err != nil {
		return err
	}
	values := map[string][]float64{"tau_mem": {tauMem}, "tau_syn": {tauSyn}, "i_ext": {-0.25}, "theta_init": {2 * math.Atan(-0.5)}}
	for _, l := range p.net {
		l.Params, l.Neuron = eventprop.LIFParameters{}, equation.Neurons{Model: model, Params: values, Tolerance: 1e-9}
	}
	return nil
}

// yinYang takes points of the training set, with the times and targets of jaxsnn's example.
func (p *problem) yinYang() error {
	set, err := data.NewYinYang(data.YinYangSettings{Size: p.batch, Seed: 42})
	if err != nil {
		return err
	}
	var s data.Sample
	for i := range p.batch {
		if err := set.Sample(&s, i); err != nil {
			return err
		}
		spikes := []eventprop.Spike{{Neuron: len(s.X)}} // the bias, at 0
		for j, v := range s.X {
			spikes = append(spikes, eventprop.Spike{Time: v * 2 * tauSyn, Neuron: j})
		}
		p.add(spikes, s.Label)
	}
	return nil
}

// pixels draws images of which a fifth is not black, as in MNIST, each of these pixels with one
// spike.
func (p *problem) pixels() {
	rng := random.New(1, "bench/eventprop/pixels")
	for i := range p.batch {
		var spikes []eventprop.Spike
		for j := range p.inputs {
			if rng.Float64() < 0.2 {
				spikes = append(spikes, eventprop.Spike{Time: rng.Float64() * 2 * tauSyn, Neuron: j})
			}
		}
		p.add(spikes, i%p.outputs)
	}
}

func (p *problem) add(spikes []eventprop.Spike, label int) {
	eventprop.SortSpikes(spikes)
	target := make([]float64, p.outputs)
	for j := range target {
		target[j] = 1.1 * tauSyn
	}
	target[label] = 0.9 * tauSyn
	p.spikes, p.target = append(p.spikes, spikes), append(p.target, target)
}

// stepper makes gradient steps with package eventprop.
type stepper struct {
	problem *problem
	batch   eventprop.Batch
	grads   []*eventprop.Gradients
	report  eventprop.Report
	loss    float64 // mean over the samples
}

func (p *problem) stepper() *stepper {
	return &stepper{problem: p, batch: eventprop.Batch{Net: p.net, End: end}, grads: p.net.NewWeightGradients()}
}

// step computes loss and gradients, which are of the sum over the samples.
func (s *stepper) step() error {
	for _, g := range s.grads {
		g.Reset()
	}
	loss, report, err := s.batch.Step(s.grads, s.problem.spikes, s.sample)
	s.loss, s.report = loss/float64(s.problem.batch), report
	return err
}

func (s *stepper) sample(k int, p *eventprop.Pass) (float64, error) {
	tape, c := p.Last()
	return c.Add(tape, eventprop.First{Horizon: 2 * tauMem}, eventprop.MSE{Target: s.problem.target[k], Scale: tauMem}, s.problem.outputs)
}

// gradients returns those of the mean loss, in the order in which jaxsnn has the weights.
func (s *stepper) gradients() [][]float64 {
	var all [][]float64
	for k, g := range s.grads {
		parts := [][]float64{g.In}
		if s.problem.net[k].Rec != nil {
			parts = append(parts, g.Rec)
		}
		for _, part := range parts {
			mean := make([]float64, len(part))
			for i, x := range part {
				mean[i] = x / float64(s.problem.batch)
			}
			all = append(all, mean)
		}
	}
	return all
}

// slots returns the smallest number of events of each layer with which jaxsnn computes the right
// loss of each sample: up to the last first spike of an output, or to the end where an output is
// silent.
func (p *problem) slots() ([]int, error) {
	slots := make([]int, len(p.net))
	var pass eventprop.Pass
	for i, input := range p.spikes {
		if err := p.net.Forward(&pass, input, end); err != nil {
			return nil, fmt.Errorf("sample %d: %w", i, err)
		}
		last, _ := pass.Last()
		until := 0.0
		first := last.First(nil)
		for _, k := range first[len(first)-p.outputs:] {
			if k < 0 {
				until = math.Inf(1)
				break
			}
			until = max(until, last.Spikes[k].Time)
		}
		before := input
		for k := range pass.Tapes {
			slots[k] = max(slots[k], count(before, until)+count(pass.Tapes[k].Spikes, until))
			before = pass.Tapes[k].Spikes
		}
	}
	return slots, nil
}

// count returns the number of spikes until a time.
func count(spikes []eventprop.Spike, until float64) (n int) {
	for _, s := range spikes {
		if s.Time <= until {
			n++
		}
	}
	return n
}
