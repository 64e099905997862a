package experiment

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/models/nir"
	"github.com/surge-snn/surge/train/export"
)

// NIR returns the network of a list [[layer]] with trained parameters as a graph with surge's
// metadata. Batch normalisation is in the weights in front of it; dropout is nothing.
//
// Errors: export.ErrNetwork for what a graph cannot say (delays of connections, a normalisation
// behind neurons), and where parameters are missing or have other shapes.
func (e *Experiment) NIR(params *graph.Params, channels int) (*nir.Graph, error) {
	if err := e.usable(); err != nil {
		return nil, err
	}
	kinds, err := e.kinds()
	if err != nil {
		return nil, err
	}
	if len(kinds) == 0 {
		return nil, fmt.Errorf("%w: there is no list [[layer]]: see Export", export.ErrNetwork)
	}
	if n, ok := kinds[0].(*nirLayer); ok && len(kinds) == 1 && e.Model.Output == "none" {
		g, err := n.model.Graph(params, n.graph)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", export.ErrNetwork, err)
		}
		g.Metadata["readout"] = e.Model.Readout
		return g, nil
	}
	w := graphWriter{exporter: exporter{e: e, params: params, double: e.Train.DType == "float64"}, g: nir.Chain(), last: "input", shape: []int{channels}}
	w.meta = nir.Metadata{Dt: e.Encode.Dt, Unit: "s", Method: nir.Exact, Producer: "surge"}
	for i, k := range kinds {
		next := LayerKind(nil)
		if i+1 < len(kinds) {
			next = kinds[i+1]
		}
		if i == 0 {
			w.begin(k)
		}
		if err := w.layer(fmt.Sprintf("layer%d", i+1), k, next, fmt.Sprintf("layer%d", i+2)); err != nil {
			return nil, err
		}
	}
	if e.Model.Output != "none" {
		out := w.params.Value("out/w")
		if out == nil {
			return nil, fmt.Errorf("%w: no weights out/w", export.ErrNetwork)
		}
		size := out.Shape()[1]
		w.linear("out/w", "out.w", size, e.Model.Bias, nil, "")
		l := export.Layer{Name: "out", N: size, Spikes: e.Model.readout().Spiking}
		if l.Spikes {
			w.neurons(&l)
		} else {
			l.Alpha = w.decay("out", "", e.Model.TauOut, size)
		}
		if err := w.neuron(&l); err != nil {
			return nil, err
		}
	}
	w.link("output", nir.New("Output", "shape", nir.Integers(w.shape...)))
	if w.err != nil {
		return nil, w.err
	}
	w.meta.Set(w.g)
	w.g.Metadata["readout"] = e.Model.Readout
	return w.g, w.g.Check()
}

// graphWriter is a chain of nodes while it is written.
type graphWriter struct {
	exporter
	g     *nir.Graph
	meta  nir.Metadata
	last  string
	shape []int
}

// begin adds the input, in the shape of the first layer.
func (w *graphWriter) begin(k LayerKind) {
	switch k := k.(type) {
	case convLayer:
		w.reshape(k.in, k.window)
	case poolLayer:
		w.reshape(k.in, models.Window{})
	}
	w.g.Nodes["input"] = nir.New("Input", "shape", nir.Integers(w.shape...))
}

// reshape takes the shape of images that a layer says, if it does.
func (w *graphWriter) reshape(in models.Image, window models.Window) bool {
	switch {
	case in == (models.Image{}):
		return false
	case in.Height == 1 && window.Kernel[0] == 1:
		w.shape = []int{in.Channels, in.Width}
	default:
		w.shape = []int{in.Channels, in.Height, in.Width}
	}
	return true
}

func (w *graphWriter) link(name string, n *nir.Node) {
	w.g.Nodes[name] = n
	w.g.Edges = append(w.g.Edges, nir.Edge{From: w.last, To: name})
	w.last = name
}

func (w *graphWriter) size() int {
	n := 1
	for _, k := range w.shape {
		n *= k
	}
	return n
}

// flatten adds a Flatten where the shape has several dimensions.
func (w *graphWriter) flatten(name string) {
	if len(w.shape) > 1 {
		w.link(name, nir.New("Flatten", "start_dim", nir.Array{Data: []float64{0}, Type: "int64"}, "end_dim", nir.Array{Data: []float64{-1}, Type: "int64"},
			"input_type", nir.Integers(w.shape...)))
		w.shape = []int{w.size()}
	}
}

// folded returns weights and bias of an output or channel, with the normalisation behind them.
func (w *graphWriter) folded(weights string, n, out int, biased bool, next LayerKind, norm string) (x, bias []float64) {
	if b, ok := next.(batchNormLayer); ok {
		x, bias, err := models.BatchNorm{Momentum: b.momentum}.Fold(w.params, norm, weights)
		if err != nil && w.err == nil {
			w.err = fmt.Errorf("%w: %w", export.ErrNetwork, err)
		}
		return x, bias
	}
	x = w.values(weights, n)
	if biased {
		bias = w.values(weights+"/bias", out)
	}
	return x, bias
}

func (w *graphWriter) linear(weights, name string, size int, biased bool, next LayerKind, norm string) {
	w.flatten(name + ".flat")
	in := w.size()
	x, bias := w.folded(weights, in*size, size, biased, next, norm)
	if w.err != nil {
		return
	}
	t := make([]float64, len(x))
	for i, v := range x {
		t[i%size*in+i/size] = v
	}
	kind, node := "Linear", nir.Matrix(size, in, t)
	if bias != nil {
		w.link(name, nir.New("Affine", "weight", node, "bias", nir.Vector(bias...)))
	} else {
		w.link(name, nir.New(kind, "weight", node))
	}
	w.shape = []int{size}
}

func (w *graphWriter) layer(name string, k, next LayerKind, after string) error {
	refuse := func(what string) error {
		return fmt.Errorf("%w: %s: NIR does not say %s", export.ErrNetwork, name, what)
	}
	switch k := k.(type) {
	case linearLayer:
		if k.maxDelay > 0 {
			return refuse("delays of connections")
		}
		w.linear(name+"/w", name+".w", k.size, k.bias, next, after)
	case convLayer:
		if before := w.shape; w.reshape(k.in, k.window) && !slices.Equal(before, w.shape) && w.last != "input" {
			return refuse("images made of rows")
		}
		w.conv(name, k, next, after)
	case poolLayer:
		if before := w.shape; w.reshape(k.in, models.Window{}) && !slices.Equal(before, w.shape) && w.last != "input" {
			return refuse("images made of rows")
		}
		w.pool(name, k)
	case flattenLayer:
		w.flatten(name)
	case dropoutLayer:
	case batchNormLayer:
		if n := w.g.Nodes[w.last]; n.Values["weight"].Data == nil {
			return refuse("a batch normalisation that is not behind weights")
		}
	case delayLayer:
		d := slices.Repeat([]float64{k.delay}, w.size())
		if k.learn {
			d = w.fromLog(name+"/log_delay", k.delay, w.size())
		}
		w.link(name, nir.New("Delay", "delay", nir.Array{Shape: slices.Clone(w.shape), Data: d, Type: "float64"}))
	case neuronLayer:
		if k.own {
			return refuse("neurons of the kind " + k.kind + " with keys of their own")
		}
		if err := w.e.exportable(k.kind, nil); err != nil {
			return err
		}
		l := export.Layer{Name: name, N: w.size(), Spikes: true}
		e := k.settings(w.e)
		inner := exporter{e: e, params: w.params, double: w.double}
		inner.neurons(&l)
		if w.err == nil {
			w.err = inner.err
		}
		return w.neuron(&l)
	case filterLayer:
		return w.filter(name, w.size(), func(b *graph.Builder, in *G.Node) *G.Node { return k.apply(b, name, k.tau, in) })
	case alphaLayer:
		if k.bias {
			return refuse("a bias behind alpha synapses")
		}
		w.linear(name+"/w", name+".w", k.size, false, nil, "")
		in := w.params.Value(name + "/w").Shape()[0] // linear says where there is none
		return w.filter(name, in, func(b *graph.Builder, in *G.Node) *G.Node { return k.apply(b, name, in, nil) })
	default:
		return refuse("a layer that is a graph, beside others")
	}
	return w.err
}

func (w *graphWriter) conv(name string, k convLayer, next LayerKind, norm string) {
	l := models.Conv{In: image(w.shape), Out: k.out, Window: k.window, Groups: k.groups}
	out, err := l.Shape()
	if err != nil {
		w.err = err
		return
	}
	per := l.In.Channels / k.groups
	kernel := k.window.Kernel[0] * k.window.Kernel[1]
	x, bias := w.folded(name+"/w", k.out*per*kernel, k.out, k.bias, next, norm)
	if bias == nil {
		bias = make([]float64, k.out)
	}
	kind, from := "Conv2d", 0
	if len(w.shape) == 2 {
		kind, from = "Conv1d", 1
	}
	pair := func(v [2]int) nir.Array { return nir.Integers(v[from:]...) }
	shape := append([]int{k.out, per}, k.window.Kernel[from:]...)
	w.link(name+".w", nir.New(kind, "input_shape", nir.Integers(w.shape[1:]...), "weight", nir.Array{Shape: shape, Data: x, Type: "float64"},
		"stride", pair(k.window.Stride), "padding", pair(k.window.Padding), "dilation", pair(k.window.Dilation),
		"groups", nir.Array{Data: []float64{float64(k.groups)}, Type: "int64"}, "bias", nir.Vector(bias...)))
	w.shape = []int{out.Channels, out.Height, out.Width}
	if from == 1 {
		w.shape = []int{out.Channels, out.Width}
	}
}

// image is a shape as that of images.
func image(shape []int) models.Image {
	switch len(shape) {
	case 2:
		return models.Image{Channels: shape[0], Height: 1, Width: shape[1]}
	case 3:
		return models.Image{Channels: shape[0], Height: shape[1], Width: shape[2]}
	}
	return models.Image{}
}

// pool adds a pool; NIR has those of images alone, so that one of rows is a convolution of each
// channel with equal weights.
func (w *graphWriter) pool(name string, k poolLayer) {
	p := k.over(image(w.shape))
	out, err := p.Shape()
	if err != nil {
		w.err = err
		return
	}
	if win := p.Window; len(w.shape) == 2 {
		weight := 1.0
		if k.average {
			weight = 1 / float64(win.Kernel[1])
		}
		channels := out.Channels
		w.link(name, nir.New("Conv1d", "input_shape", nir.Integers(w.shape[1:]...),
			"weight", nir.Array{Shape: []int{channels, 1, win.Kernel[1]}, Data: slices.Repeat([]float64{weight}, channels*win.Kernel[1]), Type: "float64"},
			"stride", nir.Integers(win.Stride[1:]...), "padding", nir.Integers(win.Padding[1:]...), "dilation", nir.Integers(1),
			"groups", nir.Array{Data: []float64{float64(channels)}, Type: "int64"}, "bias", nir.Vector(make([]float64, channels)...)))
		w.shape = []int{channels, out.Width}
		return
	}
	kind := "SumPool2d"
	if k.average {
		kind = "AvgPool2d"
	}
	w.link(name, nir.New(kind, "kernel_size", nir.Integers(p.Window.Kernel[:]...), "stride", nir.Integers(p.Window.Stride[:]...), "padding", nir.Integers(p.Window.Padding[:]...)))
	w.shape = []int{out.Channels, out.Height, out.Width}
}

// neuron adds neurons in the shape at hand.
func (w *graphWriter) neuron(l *export.Layer) error {
	node, err := l.Node(w.e.Encode.Dt)
	if err != nil {
		return err
	}
	for name, a := range node.Values {
		a.Shape = slices.Clone(w.shape)
		node.Values[name] = a
	}
	if l.Spikes {
		w.meta.Reset = nir.Subtract
		if l.ToZero {
			w.meta.Reset = nir.ToValue
		}
	}
	if l.WRec != nil && len(w.shape) > 1 {
		return fmt.Errorf("%w: %s: NIR does not say weights between the neurons of images", export.ErrNetwork, l.Name)
	}
	w.link(l.Name, node)
	if l.WRec != nil {
		t := make([]float64, len(l.WRec))
		for i, v := range l.WRec {
			t[i%l.N*l.N+i/l.N] = v
		}
		rec := l.Name + ".w_rec"
		w.g.Nodes[rec] = nir.New("Linear", "weight", nir.Matrix(l.N, l.N, t))
		w.g.Edges = append(w.g.Edges, nir.Edge{From: l.Name, To: rec}, nir.Edge{From: rec, To: l.Name})
	}
	return nil
}
