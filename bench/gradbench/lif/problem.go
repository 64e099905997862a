package lif

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/surge-snn/surge/bench/gradbench"
	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/internal/random"
)

// Problem is a network with inputs and a loss: a [gradbench.Network].
type Problem struct {
	Title string
	Net   *Net
	Steps int
	Input [][]float64 // [T, channels] of each
	Data  Loss
	// Width is that of the escape noise, in the unit of the threshold; 0: none.
	Width float64
	Seed  uint64
}

// ErrProblem signifies a problem without a network, a loss or an input of the right size, and
// estimators of settings that make none.
var ErrProblem = errors.New("lif: no such problem")

// check returns an error unless there is a network with these parameters, and this input.
func (p *Problem) check(params []float64, input int) error {
	switch {
	case p == nil || p.Net == nil || len(p.Net.layers) == 0:
		return fmt.Errorf("%w: want a network of New", ErrProblem)
	case len(params) != p.Net.size():
		return fmt.Errorf("%w: %d parameters, want %d", ErrProblem, len(params), p.Net.size())
	case p.Steps < 1 || input < 0 || input >= len(p.Input):
		return fmt.Errorf("%w: input %d of %d, of %d steps", ErrProblem, input, len(p.Input), p.Steps)
	case len(p.Input[input]) != p.Steps*p.Net.layers[0].in:
		return fmt.Errorf("%w: input %d has %d elements, want %d steps of %d channels", ErrProblem, input, len(p.Input[input]), p.Steps, p.Net.layers[0].in)
	}
	return nil
}

// compares is check, and that there is a loss.
func (p *Problem) compares(params []float64, input int) error {
	if err := p.check(params, input); err != nil {
		return err
	}
	if p.Data == nil {
		return fmt.Errorf("%w: want a loss", ErrProblem)
	}
	return nil
}

// checked makes an estimator that looks at its arguments first. wrong, where it is not empty, says
// why there is none.
func (p *Problem) checked(e gradbench.Estimator, wrong string) gradbench.Estimator {
	gradient := e.Gradient
	e.Gradient = func(g, params []float64, input int, draw uint64) error {
		if wrong != "" {
			return fmt.Errorf("%w: %s", ErrProblem, wrong)
		}
		if err := p.compares(params, input); err != nil {
			return err
		}
		if len(g) != len(params) {
			return fmt.Errorf("%w: a gradient of %d numbers for %d parameters", ErrProblem, len(g), len(params))
		}
		return gradient(g, params, input, draw)
	}
	return e
}

// none is an estimator that cannot be made.
func none(name, wrong string) gradbench.Estimator {
	return (*Problem)(nil).checked(gradbench.Estimator{Name: name}, wrong)
}

// Name returns the title.
func (p *Problem) Name() string {
	if p == nil {
		return ""
	}
	return p.Title
}

// Classes returns the groups of parameters.
func (p *Problem) Classes() []gradbench.Class {
	if p == nil || p.Net == nil {
		return nil
	}
	return p.Net.Classes
}

// Params returns the parameters.
func (p *Problem) Params() []float64 {
	if p == nil || p.Net == nil {
		return nil
	}
	return p.Net.Params
}

// Inputs returns the number of inputs.
func (p *Problem) Inputs() int {
	if p == nil {
		return 0
	}
	return len(p.Input)
}

// Loss simulates one input, with the random numbers of one draw.
func (p *Problem) Loss(params []float64, input int, draw uint64) (gradbench.Outcome, error) {
	if err := p.compares(params, input); err != nil {
		return gradbench.Outcome{}, err
	}
	tp := p.run(params, input, draw)
	return gradbench.Outcome{Loss: p.loss(tp, input, nil), Spikes: tp.signature()}, nil
}

func (p *Problem) run(params []float64, input int, draw uint64) *tape {
	f := fire{width: p.Width}
	if p.Width > 0 {
		f.noise = p.noise(input, draw)
	}
	return p.Net.run(params, p.Input[input], p.Steps, f)
}

// noise draws what is added to the thresholds, w ln(a/(1-a)) of uniform numbers a: it is below x
// with the probability σ(x/w).
func (p *Problem) noise(input int, draw uint64) [][]float64 {
	rng := p.random("noise", input, draw)
	noise := make([][]float64, len(p.Net.layers))
	for l, ly := range p.Net.layers {
		if ly.Readout {
			continue
		}
		noise[l] = make([]float64, p.Steps*ly.N)
		for i := range noise[l] {
			a := rng.Float64()
			noise[l][i] = p.Width * (fmath.Log(a) - fmath.Log1p(-a))
		}
	}
	return noise
}

func (p *Problem) random(what string, input int, draw uint64) *rand.Rand {
	return random.New(p.Seed, "gradbench/"+what, uint64(input), draw)
}

func (p *Problem) loss(tp *tape, input int, d []float64) float64 {
	return p.Data.Of(tp.out(), tp.net.layers[len(tp.net.layers)-1].N, input, d)
}

// signature returns a number that depends on which neurons spiked at which steps.
func (tp *tape) signature() uint64 {
	const offset, prime = 14695981039346656037, 1099511628211 // FNV-1a
	h := uint64(offset)
	for l, tr := range tp.traces {
		if tp.net.layers[l].Readout {
			continue
		}
		for at, s := range tr.s {
			if s != 0 {
				h = (h ^ uint64(at+1)) * prime
			}
		}
		h = (h ^ uint64(l)) * prime
	}
	return h
}

// Rates returns the share of steps in which a neuron of each spiking layer spikes, over the inputs;
// nil of a problem that cannot be simulated.
func (p *Problem) Rates() []float64 {
	var rates []float64
	for input := range p.Inputs() {
		if p.check(p.Params(), input) != nil {
			return nil
		}
		tp := p.run(p.Net.Params, input, 0)
		at := 0
		for l, tr := range tp.traces {
			if p.Net.layers[l].Readout {
				continue
			}
			if at == len(rates) {
				rates = append(rates, 0)
			}
			for _, s := range tr.s {
				rates[at] += s / float64(len(tr.s)) / float64(len(p.Input))
			}
			at++
		}
	}
	return rates
}

// Output returns what the last layer does on an input with given parameters and no noise, [T, N];
// nil where there is no such input.
func (p *Problem) Output(params []float64, input int) []float64 {
	if p.check(params, input) != nil {
		return nil
	}
	return p.Net.run(params, p.Input[input], p.Steps, fire{}).out()
}

// Poisson draws inputs of independent channels that spike with a probability in every step; none
// where a number is below 0.
func Poisson(seed uint64, inputs, steps, channels int, probability float64) [][]float64 {
	if min(inputs, steps, channels) < 0 {
		return nil
	}
	all := make([][]float64, inputs)
	for i := range all {
		rng := random.New(seed, "gradbench/input", uint64(i))
		all[i] = make([]float64, steps*channels)
		for k := range all[i] {
			if rng.Float64() < probability {
				all[i][k] = 1
			}
		}
	}
	return all
}
