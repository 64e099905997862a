package event

import (
	"fmt"
	"math"

	"github.com/surge-snn/surge/bench/gradbench"
	"github.com/surge-snn/surge/bench/gradbench/lif"
	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/surrogate"
)

// Exact is the gradient by EventProp (Wunderlich and Pehle 2021, doi:10.1038/s41598-021-91786-z),
// or by implicit derivatives of the spike times ([eventprop.Tape.Analytical]): exact as long as no
// spike appears or vanishes.
func (n *Net) Exact(method eventprop.Method) gradbench.Estimator {
	name := "eventprop"
	if method != eventprop.Adjoint {
		name = "analytical"
	}
	return gradbench.Estimator{Name: name, Random: true, Gradient: func(g, p []float64, _ int, draw uint64) error {
		if len(g) != len(p) {
			return fmt.Errorf("event: a gradient of %d numbers for %d parameters", len(g), len(p))
		}
		s, err := n.sample(draw)
		if err != nil {
			return err
		}
		r, err := n.forward(new(run), p, s.input)
		if err != nil {
			return err
		}
		return n.backward(r, s, method, g)
	}}
}

func (n *Net) backward(r *run, s sample, method eventprop.Method, g []float64) error {
	time := make([]float64, len(r.last()))
	n.loss(r, s, time)
	weights := 0
	for _, l := range r.layers {
		weights += len(l.In.Weight)
	}
	other := weights + 3*len(r.layers)
	for l := len(r.layers) - 1; l >= 0; l-- {
		layer, tape := r.layers[l], &r.tapes[l]
		var c eventprop.Cotangent
		c.Reset(tape)
		copy(c.Time, time)
		grads := layer.NewGradients()
		var err error
		if method == eventprop.Adjoint {
			err = tape.Backward(grads, &c)
		} else {
			err = tape.Analytical(grads, &c)
		}
		if err != nil {
			return err
		}
		weights -= len(grads.In)
		for k, x := range grads.In {
			g[weights+k] += x
		}
		if time = tape.InputTime; n.Model != nil {
			continue
		}
		other -= 3
		g[other] += grads.TauMem[0] * layer.Params.TauMem[0]
		g[other+1] += grads.TauSyn[0] * layer.Params.TauSyn[0]
		g[other+2] += grads.VTh[0]
	}
	return nil
}

// Steps is surrogate BPTT of the same network in steps of 1 ms over perStep, with the target and
// the loss of the event network. The gradient is that of the surrogate times scale.
func (n *Net) Steps(perMs int, s surrogate.Surrogate, scale float64, detach bool) gradbench.Estimator {
	dt := grid / float64(perMs)
	if s == nil || perMs < 1 {
		return gradbench.Estimator{Name: "bptt", Gradient: func(_, _ []float64, _ int, _ uint64) error {
			return fmt.Errorf("event: %d steps per ms of a rule with the surrogate %v", perMs, s)
		}}
	}
	layout := n.Layout(dt)
	name := fmt.Sprintf("bptt/%s/dt %.4g ms", s, 1e3*dt)
	if scale != 1 {
		name += fmt.Sprintf("/area %.3g", scale*s.Area())
	}
	if detach {
		name += "/detached"
	}
	return gradbench.Estimator{Name: name, Random: true, Gradient: func(g, p []float64, _ int, draw uint64) error {
		if len(g) != len(p) {
			return fmt.Errorf("event: a gradient of %d numbers for %d parameters", len(g), len(p))
		}
		sample, err := n.sample(draw)
		if err != nil {
			return err
		}
		prob := &lif.Problem{Title: name, Net: layout, Steps: int(math.Round(n.End / dt))}
		input := make([]float64, prob.Steps*n.Sizes[0])
		for _, spike := range sample.input {
			input[int(math.Round(spike.Time/dt))*n.Sizes[0]+spike.Neuron]++
		}
		prob.Input = [][]float64{input}
		prob.Data = steps{distance{n.Tau, n.End}, dt, sample.target, float64(n.outputs())}
		return prob.BPTT(lif.Rule{Surrogate: scaled{s, scale}, Detach: detach}).Gradient(g, p, 0, 0)
	}}
}

// scaled is a surrogate times a factor.
type scaled struct {
	surrogate.Surrogate
	factor float64
}

func (s scaled) Slope(x float64) float64 { return s.factor * s.Surrogate.Slope(x) }
func (s scaled) Peak() float64           { return s.factor * s.Surrogate.Peak() }
func (s scaled) Area() float64           { return s.factor * s.Surrogate.Area() }

// Mismatch returns the share of output spikes of the event network that the network in steps lacks
// or has too many of, for so many draws: mean and standard error.
func (n *Net) Mismatch(perMs int, draws int) (gradbench.Estimate, error) {
	if perMs < 1 {
		return gradbench.Estimate{}, fmt.Errorf("event: %d steps per ms, want at least 1", perMs)
	}
	if err := n.check(n.Params()); err != nil {
		return gradbench.Estimate{}, err
	}
	dt := grid / float64(perMs)
	var s, ss float64
	for draw := range draws {
		input := n.input(uint64(draw))
		r, err := n.forward(new(run), n.P, input)
		if err != nil {
			return gradbench.Estimate{}, err
		}
		prob := &lif.Problem{Net: n.Layout(dt), Steps: int(math.Round(n.End / dt))}
		x := make([]float64, prob.Steps*n.Sizes[0])
		for _, spike := range input {
			x[int(math.Round(spike.Time/dt))*n.Sizes[0]+spike.Neuron]++
		}
		prob.Input = [][]float64{x}
		y := prob.Output(n.P, 0)
		wrong, all := 0.0, 0.0
		for j, times := range byNeuron(r.last(), n.outputs()) {
			count := 0.0
			for at := j; at < len(y); at += n.outputs() {
				count += y[at]
			}
			wrong += math.Abs(count - float64(len(times)))
			all += float64(len(times))
		}
		v := wrong / max(all, 1)
		s, ss = s+v, ss+v*v
	}
	c := float64(draws)
	return gradbench.Estimate{Value: s / c, SE: math.Sqrt(max(ss/c-s*s/c/c, 0) / c)}, nil
}
