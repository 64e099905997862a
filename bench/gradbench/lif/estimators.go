package lif

import (
	"fmt"

	"github.com/surge-snn/surge/bench/gradbench"
	"github.com/surge-snn/surge/surrogate"
)

// Rule says how a surrogate gradient is taken.
type Rule struct {
	Surrogate surrogate.Surrogate
	// Noisy takes it on a run with escape noise; false: on the run without.
	Noisy bool
	// Detach stops what flows through the spikes in the reset.
	Detach bool
	// Window cuts time into windows of so many steps, through whose ends nothing flows; 0: one
	// window.
	Window int
	// Sweeps, where it is not 0, is the number of fixed-point sweeps that solve the reset.
	Sweeps int
}

// String names the rule.
func (r Rule) String() string {
	if r.Surrogate == nil {
		return "no rule"
	}
	name := "bptt/" + r.Surrogate.String()
	if r.Detach {
		name += "/detached"
	}
	if r.Window > 0 {
		name += fmt.Sprintf("/window %d", r.Window)
	}
	if r.Sweeps > 0 {
		name += fmt.Sprintf("/sweeps %d", r.Sweeps)
	}
	if r.Noisy {
		name += "/noisy"
	}
	return name
}

// estimator returns an estimator that runs the network, with noise or without, and passes the
// derivative of the loss back.
func (p *Problem) estimator(name string, noisy bool, back func(tp *tape, d, g []float64)) gradbench.Estimator {
	noisy = noisy && p != nil && p.Width > 0
	return p.checked(gradbench.Estimator{Name: name, Random: noisy, Gradient: func(g, params []float64, input int, draw uint64) error {
		quiet := *p
		if !noisy {
			quiet.Width = 0
		}
		tp := quiet.run(params, input, draw)
		d := make([]float64, len(tp.out()))
		p.loss(tp, input, d)
		back(tp, d, g)
		return nil
	}}, "")
}

// BPTT is backpropagation through time with a surrogate (Neftci, Mostafa and Zenke 2019,
// doi:10.1109/MSP.2019.2931595).
func (p *Problem) BPTT(r Rule) gradbench.Estimator {
	if r.Surrogate == nil || r.Window < 0 || r.Sweeps < 0 {
		return none(r.String(), "a rule without a surrogate, or with a window or sweeps below 0")
	}
	b := backward{slope: r.Surrogate.Slope, detach: r.Detach, window: r.Window, sweeps: r.Sweeps}
	return p.estimator(r.String(), r.Noisy, func(tp *tape, d, g []float64) { tp.adjoint(b, d, g) })
}

// EProp is e-prop for LIF (Bellec et al. 2020, doi:10.1038/s41467-020-17236-y) with the weights of
// the layers above as feedback: the trace of a neuron leaks and knows no reset, and no recurrent
// path. In feed-forward networks of delta synapses it equals OTTT (Xiao et al. 2022, arXiv
// 2210.04195) with the exact error of the output. Its gradients of all but weights and biases are
// 0.
func (p *Problem) EProp(s surrogate.Surrogate, noisy bool) gradbench.Estimator {
	if s == nil {
		return none("e-prop", noSurrogate)
	}
	return p.online("e-prop/"+s.String(), noisy, online{slope: s.Slope})
}

// OSTL is the online rule that is exact within a feed-forward layer (Bohnstingl et al. 2023,
// doi:10.1109/TNNLS.2022.3153985): its trace knows the reset.
func (p *Problem) OSTL(s surrogate.Surrogate, noisy bool) gradbench.Estimator {
	if s == nil {
		return none("ostl", noSurrogate)
	}
	return p.online("ostl/"+s.String(), noisy, online{slope: s.Slope, reset: true})
}

// OTPE carries the error of a layer through the leak of the next one, too (Summe, Schaefer and
// Joshi 2023, arXiv 2311.16151).
func (p *Problem) OTPE(s surrogate.Surrogate, noisy bool) gradbench.Estimator {
	if s == nil {
		return none("otpe", noSurrogate)
	}
	return p.online("otpe/"+s.String(), noisy, online{slope: s.Slope, postsynaptic: true})
}

const noSurrogate = "no surrogate"

func (p *Problem) online(name string, noisy bool, o online) gradbench.Estimator {
	if noisy && p != nil && p.Width > 0 {
		name += "/noisy"
	}
	return p.estimator(name, noisy, func(tp *tape, d, g []float64) { tp.online(o, d, g) })
}

// Instant is a loss that is a sum over time steps. Now adds to d the derivative of the part of each
// step with respect to the output in that step.
type Instant interface {
	Now(y []float64, n, input int, d []float64)
}

// OTTT is online training through time (Xiao et al. 2022, arXiv 2210.04195): the trace of EProp,
// and the error of a step is that of the loss of the same step. It is defined for losses that are a
// sum over steps; false for others.
func (p *Problem) OTTT(s surrogate.Surrogate, noisy bool) (gradbench.Estimator, bool) {
	if p == nil || s == nil {
		return gradbench.Estimator{}, false
	}
	now, ok := p.Data.(Instant)
	if !ok {
		return gradbench.Estimator{}, false
	}
	e := p.online("ottt/"+s.String(), noisy, online{slope: s.Slope})
	noisy = e.Random
	return p.checked(gradbench.Estimator{Name: e.Name, Random: noisy, Gradient: func(g, params []float64, input int, draw uint64) error {
		run := *p
		if !noisy {
			run.Width = 0
		}
		tp := run.run(params, input, draw)
		d := make([]float64, len(tp.out()))
		now.Now(tp.out(), p.Net.layers[len(p.Net.layers)-1].N, input, d)
		tp.online(online{slope: s.Slope}, d, g)
		return nil
	}}, ""), true
}

// Forward is the directional derivative of the surrogate network times the direction, a random sign
// for every parameter, averaged over directions (Baydin et al. 2022, arXiv 2202.08587): unbiased
// for the gradient of BPTT.
func (p *Problem) Forward(s surrogate.Surrogate, directions int) gradbench.Estimator {
	if s == nil {
		return none("forward", noSurrogate)
	}
	name := fmt.Sprintf("forward %d/%s", directions, s)
	return p.checked(gradbench.Estimator{Name: name, Random: true, Gradient: func(g, params []float64, input int, draw uint64) error {
		quiet := *p
		quiet.Width = 0
		tp := quiet.run(params, input, draw)
		d := make([]float64, len(tp.out()))
		p.loss(tp, input, d)
		rng := p.random("direction", input, draw)
		u := make([]float64, len(params))
		for range directions {
			for k := range u {
				u[k] = float64(2*rng.IntN(2) - 1)
			}
			slope := 0.0
			for at, y := range tp.tangent(s.Slope, u) {
				slope += y * d[at]
			}
			for k := range u {
				g[k] += slope * u[k] / float64(directions)
			}
		}
		return nil
	}}, "")
}
