package experiment

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/train/export"
)

// list adds the layers of the list [[layer]] to n. Dropout and flattening are nothing.
func (x *exporter) list(n *export.Network) error {
	kinds, err := x.e.kinds()
	if err != nil {
		return err
	}
	image := models.Image{} // of the outputs so far
	for i, k := range kinds {
		name := fmt.Sprintf("layer%d", i+1)
		size := n.Inputs
		if len(n.Layers) > 0 {
			size = n.Layers[len(n.Layers)-1].N
		}
		l := export.Layer{Name: name}
		before := image
		switch k := k.(type) {
		case linearLayer:
			l.Map, image = x.linear(n, name+"/w", k.bias), models.Image{}
			l.N = l.Map.(*export.Linear).Out
			if k.maxDelay > 0 {
				l.Map = x.delayed(name+"/w", l.Map.(*export.Linear), k.maxDelay)
			}
		case convLayer:
			l.Map, image, l.N = x.conv(name+"/w", k, before)
		case poolLayer:
			l.Map, image, l.N = x.pool(name, k, before)
		case batchNormLayer:
			l.Map, l.N = x.norm(name, size), size
		case delayLayer:
			l.Map, l.N = x.delay(name, k, size), size
		case neuronLayer:
			l.N = size
			inner := exporter{e: k.settings(x.e), params: x.params, double: x.double}
			if inner.spiking(n, l, k.neuron, k.own); inner.err != nil {
				return inner.err
			}
			continue
		case filterLayer:
			l.N = size
			if x.cells(n, l, size, false, func(b *graph.Builder, in *G.Node) *G.Node { return k.apply(b, name, k.tau, in) }); x.err != nil {
				return x.err
			}
			continue
		case alphaLayer:
			l.Map, image = x.linear(n, name+"/w", false), models.Image{}
			l.N = l.Map.(*export.Linear).Out
			if x.cells(n, l, l.Map.(*export.Linear).In, false, func(b *graph.Builder, in *G.Node) *G.Node { return k.apply(b, name, in, nil) }); x.err != nil {
				return x.err
			}
			continue
		case flattenLayer:
			image = models.Image{}
			continue
		case dropoutLayer:
			continue
		default:
			return fmt.Errorf("%w: %s is a graph of a NIR file: the network leaves as NIR alone", export.ErrNetwork, name)
		}
		if x.err != nil {
			return x.err
		}
		if in := l.Map; len(n.Layers) == 0 {
			switch m := in.(type) {
			case *export.Conv:
				n.Inputs = m.In.Size()
			case *export.Pool:
				n.Inputs = m.In.Size()
			}
		}
		n.Layers = append(n.Layers, l)
	}
	return nil
}

func (x *exporter) conv(name string, k convLayer, in models.Image) (export.Map, models.Image, int) {
	c := models.Conv{In: k.in, Out: k.out, Window: k.window, Groups: k.groups}
	if c.In == (models.Image{}) {
		c.In = in
	}
	out, err := c.Shape()
	if err != nil {
		x.err = fmt.Errorf("%w: %s: %w", export.ErrNetwork, name, err)
		return nil, out, 0
	}
	m := &export.Conv{In: c.In, Out: out, Window: c.Window, Groups: c.Groups}
	m.W = x.values(name, c.Out*c.In.Channels/c.Groups*c.Kernel[0]*c.Kernel[1])
	if k.bias {
		m.Bias = x.values(name+"/bias", c.Out)
	}
	return m, out, out.Size()
}

func (x *exporter) pool(name string, k poolLayer, in models.Image) (export.Map, models.Image, int) {
	if k.in != (models.Image{}) {
		in = k.in
	}
	p := k.over(in)
	out, err := p.Shape()
	if err != nil {
		x.err = fmt.Errorf("%w: %s: %w", export.ErrNetwork, name, err)
		return nil, out, 0
	}
	w := p.Window
	for i := range 2 {
		w.Dilation[i] = max(w.Dilation[i], 1)
	}
	m := &export.Pool{In: p.In, Out: out, Window: w, Scale: 1}
	if k.average {
		m.Scale = x.round(1 / float64(w.Kernel[0]*w.Kernel[1]))
	}
	return m, out, out.Size()
}

func (x *exporter) norm(name string, size int) *export.Norm {
	scale := x.params.Value(name + "/scale")
	if scale == nil {
		x.err = fmt.Errorf("%w: no parameter %s/scale", export.ErrNetwork, name)
		return nil
	}
	c := scale.DataSize()
	m := &export.Norm{N: size, Scale: x.values(name+"/scale", c), Mean: x.values(name+"/mean", c), R: x.values(name+"/variance", c), Shift: x.values(name+"/shift", c)}
	for i, v := range m.R {
		m.R[i] = 1 / math.Sqrt(v+models.BatchNormEps)
	}
	return m
}

// steps returns delays in seconds in steps, as the program rounds them.
func (x *exporter) steps(delays []float64) []float64 {
	dt := x.e.Encode.Dt
	for i, d := range delays {
		delays[i] = x.round(float64(d * (1 / dt)))
	}
	return delays
}

// taps splits delays into whole steps and the weights of the step and the one after.
func (x *exporter) taps(delays []float64, steps int) (whole []int, now, later []float64) {
	for _, d := range delays {
		n, f := 0, 0.0
		if x.double {
			n, f = ops.TapOf(d, steps)
			now = append(now, 1-f)
		} else {
			of, rest := ops.TapOf(float32(d), steps)
			n, f = of, float64(rest)
			now = append(now, float64(1-rest))
		}
		whole, later = append(whole, n), append(later, f)
	}
	return whole, now, later
}

// longest is how many steps a delay has at most.
func (x *exporter) longest(delay float64) int {
	return max(int(math.Ceil(models.InSteps([]float64{delay}, x.e.Encode.Dt)[0])), 1)
}

func (x *exporter) delay(name string, k delayLayer, size int) *export.Delay {
	m := &export.Delay{N: size}
	if k.learn {
		m.Steps, m.Delay = x.longest(k.longest), x.steps(x.fromLog(name+"/log_delay", k.delay, size))
	} else {
		m.Steps, m.Delay = x.longest(k.delay), x.constant(models.InSteps([]float64{k.delay}, x.e.Encode.Dt)[0], size)
	}
	m.Whole, m.Now, m.Later = x.taps(m.Delay, m.Steps)
	return m
}

func (x *exporter) delayed(name string, w *export.Linear, longest float64) *export.Delayed {
	m := &export.Delayed{In: w.In, Out: w.Out, Steps: x.longest(longest), W: w.W, Bias: w.Bias}
	delays := x.values(name+"/log_delay", len(w.W))
	for i, log := range delays {
		delays[i] = x.round(fmath.Exp(log))
	}
	m.Delay = x.steps(delays)
	m.Whole, m.Now, m.Later = x.taps(m.Delay, m.Steps)
	for i, v := range m.W {
		m.Now[i], m.Later[i] = x.round(m.Now[i]*v), x.round(m.Later[i]*v)
	}
	return m
}
