package nir

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
)

// Activity is what a model gives.
type Activity struct {
	Y       *G.Node // [T, B, N], of the node that leads to the Output
	Spiking bool    // Y are spikes, else voltages or currents
	Layers  []Spikes
}

// Spikes are those of the neurons of a node, [T, B, N], and their voltages before the reset.
type Spikes struct {
	Name         string
	Spikes, Vmem *G.Node
}

// Apply adds the layers for an input x [T, B, N] in the order of the elements of the Input, or of
// its shape. Time constants are such that a step of the program decays as one of the net, whatever
// its length.
func (m *Model) Apply(b *graph.Builder, x *G.Node) Activity {
	var a Activity
	out := make([]*G.Node, len(m.net.nodes))
	spiking := make([]bool, len(out))
	for i, r := range m.net.nodes {
		d := m.nodes[r.name]
		if d.folded {
			continue
		}
		var in *G.Node
		for _, s := range r.sources {
			if s >= i {
				continue // recurrent weights
			}
			x := out[s]
			if slices.Contains(d.scaled, s) {
				x = b.Check(ops.ScaleUnits(x, b.Const(fmt.Sprintf("%s/gain/%d", r.name, s), d.gain, len(d.gain))))
			}
			if spiking[i] = spiking[s]; in == nil {
				in = x
			} else {
				in = b.Check(G.Add(in, x))
			}
		}
		if r.Kind == "Input" && in == nil { // not that of a nested graph
			in = models.Flatten(b, x)
			if n := size(r.out); in.Shape()[2] != n {
				b.Fail(fmt.Errorf("%w: input of shape %v for a node %q of shape %v", ErrGraph, x.Shape(), r.name, r.out))
			}
		}
		if in == nil {
			b.Fail(fmt.Errorf("%w: node %q: nothing leads to it", ErrGraph, r.name))
		}
		var v *G.Node
		out[i], v = m.layer(b, r, d, in)
		if r.step.Alpha != nil {
			spiking[i] = r.step.Spikes
		} else if r.Kind != "Output" && r.Kind != "Input" && r.Kind != "Flatten" && r.Kind != "Delay" {
			spiking[i] = false
		}
		if r.step.Alpha != nil && r.step.Spikes {
			a.Layers = append(a.Layers, Spikes{r.name, out[i], v})
		}
		if r.name == m.net.Outputs[0] {
			a.Y, a.Spiking = out[i], spiking[i]
		}
	}
	return a
}

// start initialises with given numbers.
func start(v []float64) graph.Init {
	return func(dst []float64, _ []int, _ *rand.Rand) { copy(dst, v) }
}

// image is the shape of an input of a convolution or pool.
func image(shape []int) models.Image {
	if len(shape) == 2 {
		return models.Image{Channels: shape[0], Height: 1, Width: shape[1]}
	}
	return models.Image{Channels: shape[0], Height: shape[1], Width: shape[2]}
}

// window returns the window of a convolution or pool.
func (r *runNode) view() models.Window {
	pair := func(v []int) [2]int {
		if len(v) == 1 {
			return [2]int{1, v[0]}
		}
		return [2]int{v[0], v[1]}
	}
	w := models.Window{Kernel: pair(r.window.kernel), Stride: pair(r.window.stride), Dilation: pair(r.window.dilation)}
	if r.Texts["padding"] == "same" {
		w.Same = true
	} else if w.Padding = pair(r.window.before); len(r.window.before) == 1 {
		w.Padding[0] = 0
	}
	return w
}

// layer returns what a node gives out, and the voltage of neurons.
func (m *Model) layer(b *graph.Builder, r *runNode, d *modelNode, x *G.Node) (y, v *G.Node) {
	switch r.Kind {
	case "Scale":
		n := size(r.out)
		return b.Check(ops.ScaleUnits(x, b.Const(r.name, r.values("scale", n, 1), n))), nil
	case "Linear", "Affine":
		return models.Linear{Out: r.out[0], Bias: d.bias != nil, Init: start(d.weight), BiasInit: start(d.bias)}.Apply(b, r.name, x), nil
	case "Conv1d", "Conv2d":
		return models.Conv{In: image(r.in), Out: r.out[0], Window: r.view(), Groups: r.groups, Bias: d.bias != nil, Init: start(d.weight), BiasInit: start(d.bias)}.Apply(b, r.name, x), nil
	case "SumPool2d", "AvgPool2d":
		return models.Pool{In: image(r.in), Window: r.view(), Average: r.Kind == "AvgPool2d"}.Apply(b, r.name, x), nil
	case "Delay":
		l := models.Delay{Delay: models.Fixed(r.steps(b.Dt())...)}
		if slices.Contains(m.Learn, "delay") {
			v := r.steps(b.Dt())
			l = models.Delay{Delay: models.Learned(v...).PerNeuron(), Max: 2 * slices.Max(v)}
		}
		return l.Apply(b, r.name, x), nil
	}
	if r.step.Alpha == nil {
		return x, nil
	}
	if d.offset != nil {
		s := x.Shape().Clone()
		rows := b.Check(ops.Rows(b.Const(r.name+"/offset", d.offset, len(d.offset)), s[0]*s[1], s[2]))
		x = b.Check(G.Add(x, b.Check(G.Reshape(rows, tensor.Shape(s)))))
	}
	return m.neurons(b, r, d, x)
}

// steps returns the delays of a node for a program with steps of dt.
func (r *runNode) steps(dt float64) []float64 {
	v := make([]float64, len(r.delay))
	for j, k := range r.delay {
		v[j] = k * dt
	}
	return v
}

// neurons adds the neurons of a node.
func (m *Model) neurons(b *graph.Builder, r *runNode, d *modelNode, x *G.Node) (y, v *G.Node) {
	s := r.step
	value := func(name string, v []float64) models.Value {
		if slices.Contains(m.Learn, name) {
			return models.Learned(v...).PerNeuron()
		}
		return models.Fixed(v...)
	}
	mem := value("tau_mem", taus(s.Alpha, b.Dt()))
	if !s.Spikes {
		l := models.LI{TauMem: mem}
		if s.Synapse {
			l.TauSyn, l.Hold = value("tau_syn", taus(s.Beta, b.Dt())), true
		}
		v = l.Apply(b, r.name, x).Vmem
		return v, v
	}
	th := s.VTh
	if s.AtThreshold {
		th = below(th, b.DType())
	}
	l := models.LIF{TauMem: mem, VTh: value("v_th", th), Surrogate: m.Surrogate}
	if s.Synapse {
		l.TauSyn, l.Hold = value("tau_syn", taus(s.Beta, b.Dt())), true
	}
	if s.Reset == ToValue {
		l.Reset, l.VReset = models.ToValue, models.Fixed(s.VReset...)
	}
	if d.rec != "" {
		l.Recurrent, l.RecInit = true, start(m.nodes[d.rec].weight)
	}
	n := l.Apply(b, r.name, x)
	return n.Spikes, n.Vmem
}

// taus returns the time constants of decays in a step of dt; one of 0 is a thousandth of a step.
func taus(decay []float64, dt float64) []float64 {
	v := make([]float64, len(decay))
	for j, a := range decay {
		switch {
		case a >= 1:
			v[j] = math.Inf(1)
		case a < 1e-300:
			v[j] = dt / 1000
		default:
			v[j] = -dt / fmath.Log(a)
		}
	}
	return v
}

// below returns the next numbers below: v >= th is v > the one below th.
func below(th []float64, dtype tensor.Dtype) []float64 {
	v := make([]float64, len(th))
	for j, x := range th {
		if dtype == tensor.Float32 {
			v[j] = float64(math.Nextafter32(float32(x), 0))
		} else {
			v[j] = math.Nextafter(x, 0)
		}
	}
	return v
}
