package speed

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/random"
)

// Workload is a network that is measured.
type Workload struct {
	Name string
	Text string // what it is, for help
	// Size is the shape that it has by default.
	Size  Size
	sized bool // Options.Hidden and Options.Recurrent apply
	model func(b *graph.Builder, s Size)
	// fill writes the inputs.
	fill func(p *graph.Program, s Size, rng *rand.Rand) error
	// rate is the name of an output [B, N] that counts spikes, empty for none; weight is that of
	// the parameter that is scaled until they have the rate of Size.
	rate, weight string
}

// Size is the shape of a workload.
type Size struct {
	Steps  int `json:"T"`
	Batch  int `json:"B"`
	Inputs int `json:"inputs"`
	Hidden int `json:"hidden"`
	// Outputs is 0 where the layer is all there is.
	Outputs   int     `json:"outputs,omitzero"`
	Recurrent bool    `json:"recurrent,omitzero"`
	Active    float64 `json:"active"`        // share of the inputs that are not 0
	Rate      float64 `json:"rate,omitzero"` // spikes per hidden neuron and step that are aimed at
	Analog    bool    `json:"analog,omitzero"`
}

// String returns the shape as "700-256-20, B=64, T=100".
func (s Size) String() string {
	layers := []string{fmt.Sprint(s.Inputs), fmt.Sprint(s.Hidden)}
	if s.Outputs > 0 {
		layers = append(layers, fmt.Sprint(s.Outputs))
	}
	text := strings.Join(layers, "-")
	if s.Recurrent {
		text += " recurrent"
	}
	return fmt.Sprintf("%s, B=%d, T=%d", text, s.Batch, s.Steps)
}

// All returns the workloads.
func All() []Workload {
	return []Workload{lif, dense, dynapSim, dynapSimLearned, expSyn, alphaSynapse, wtas, long}
}

// Job is a workload with a size.
type Job struct {
	Workload Workload
	Options  Options
}

// Compared returns the workloads in the sizes that are compared with other systems.
func Compared() []Job {
	return []Job{
		{lif, Options{}}, {lif, Options{Hidden: 1024}}, {lif, Options{Recurrent: true}}, {lif, Options{Hidden: 1024, Recurrent: true}},
		{dense, Options{}}, {dense, Options{Active: 0.2}},
		{dynapSim, Options{}}, {dynapSim, Options{Float64: true}}, {dynapSimLearned, Options{}},
		{expSyn, Options{}}, {alphaSynapse, Options{}}, {wtas, Options{}}, {long, Options{}}, {long, Options{Checkpoint: 50}},
	}
}

// Find returns the workload of a name. The error lists the names.
func Find(name string) (Workload, error) {
	var names []string
	for _, w := range All() {
		if w.Name == name {
			return w, nil
		}
		names = append(names, w.Name)
	}
	return Workload{}, fmt.Errorf("expected one of %s, found %q", strings.Join(names, ", "), name)
}

// Options change a workload.
type Options struct {
	// Hidden replaces the number of hidden neurons where it is > 0, and Recurrent adds recurrent
	// weights: of the workloads of LIF neurons.
	Hidden    int
	Recurrent bool
	// Active replaces the share of the inputs that are not 0 where it is > 0.
	Active float64
	// Float64 computes in double precision.
	Float64 bool
	// Runs is how often each pass is measured; 0 means 20.
	Runs int
	// Checkpoint is that of graph.Settings.
	Checkpoint int
}

// size returns the shape with the options. An option without effect is an error.
func (w Workload) size(o Options) (Size, error) {
	s := w.Size
	if (o.Hidden != 0 || o.Recurrent) && !w.sized {
		return s, fmt.Errorf("the workload %s has one size: found Hidden %d, Recurrent %v", w.Name, o.Hidden, o.Recurrent)
	}
	if o.Hidden < 0 || o.Active < 0 || o.Active > 1 {
		return s, fmt.Errorf("expected Hidden > 0 and Active in [0, 1], found %d and %v", o.Hidden, o.Active)
	}
	if o.Hidden > 0 {
		s.Hidden = o.Hidden
	}
	if o.Active > 0 {
		s.Active = o.Active
	}
	s.Recurrent = s.Recurrent || o.Recurrent
	return s, nil
}

// settings are those of its programs.
func (o Options) settings() graph.Settings {
	s := graph.Settings{Checkpoint: o.Checkpoint}
	if o.Float64 {
		s.DType = tensor.Float64
	}
	return s
}

// build makes a program for a shape, with its inputs.
func (w Workload) build(params *graph.Params, s graph.Settings, size Size) (*graph.Program, error) {
	p, err := graph.Build(params, s, func(b *graph.Builder) { w.model(b, size) })
	if err != nil {
		return nil, fmt.Errorf("%s: %w", w.Name, err)
	}
	if err := w.fill(p, size, random.New(1, "speed/"+w.Name)); err != nil {
		p.Close()
		return nil, fmt.Errorf("%s: %w", w.Name, err)
	}
	return p, nil
}

// firing returns the spikes per neuron and step of a program that has run.
func (w Workload) firing(p *graph.Program, s Size) float64 {
	if w.rate == "" {
		return 0
	}
	sum := 0.0
	count := p.Output(w.rate)
	for i := range count.DataSize() {
		sum += element(count, i)
	}
	return sum / float64(count.DataSize()*s.Steps)
}

// calibrate scales the weights until the hidden neurons fire as often as Size says, with a few
// rows: the rate decides the cost.
func (w Workload) calibrate(params *graph.Params, g graph.Settings, size Size) error {
	if w.weight == "" {
		return nil
	}
	g.NoGrad = true
	size.Batch = min(size.Batch, 4)
	p, err := w.build(params, g, size)
	if err != nil {
		return err
	}
	defer p.Close()
	weight := params.Value(w.weight)
	low, high, now := 0.0, 0.0, 1.0
	for range 24 {
		if err := p.Run(); err != nil {
			return err
		}
		next := 0.0
		if w.firing(p, size) < size.Rate {
			low = now
			next = 2 * now
		} else {
			high = now
			next = now / 2
		}
		if low > 0 && high > 0 {
			next = (low + high) / 2
		}
		if weight.Dtype() == tensor.Float32 {
			for i, v := range weight.Float32s() {
				weight.Float32s()[i] = v * float32(next/now)
			}
		} else {
			for i, v := range weight.Float64s() {
				weight.Float64s()[i] = v * (next / now)
			}
		}
		now = next
	}
	return nil
}

func element(d *tensor.Dense, i int) float64 {
	if d.Dtype() == tensor.Float32 {
		return float64(d.Float32s()[i])
	}
	return d.Float64s()[i]
}

// set fills an input of n numbers of a program by a function of the index.
func set(p *graph.Program, name string, n int, value func(i int) float64) error {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(value(i))
	}
	return p.Set(name, x)
}
