package experiment

import (
	"fmt"
	"slices"
	"strings"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/models/nir"
	"github.com/surge-snn/surge/surrogate"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/data"
)

// LayerSpec is an entry of the list [[layer]]: the layers between input and readout, in place of
// model.hidden.
type LayerSpec struct {
	Kind string     `toml:"kind" doc:"what the layer is"`
	Keys data.Table // the keys of that kind
}

// LayerKind is what a row of [Layers] makes: it adds its layer to a network.
type LayerKind interface{ add(n *stack, name string) }

// stack is a network while it is built.
type stack struct {
	*graph.Builder
	e         *Experiment
	surrogate surrogate.Surrogate
	x         *G.Node
	image     models.Image // the shape of x; zero: not known
	spiking   bool         // x are spikes
	outputs   train.Outputs
	behind    *Experiment // with the [model] of the next neurons; nil where there are none
	key       string      // of the initialiser of the layer at hand, for messages
}

// Layers are the kinds of layers that an experiment can name, all [Neurons] among them. What is 0
// of the neurons is that of [model].
var Layers = slices.Concat(data.Catalogue[LayerKind]{
	{Name: "linear", Doc: "weights from all to all, perhaps with a delay of each connection", New: newLinear},
	{Name: "conv2d", Doc: "a convolution of images", New: newConv(2)},
	{Name: "conv1d", Doc: "a convolution of rows", New: newConv(1)},
	{Name: "sum_pool", Doc: "sums over windows of images", New: newPool(false)},
	{Name: "avg_pool", Doc: "means over windows of images", New: newPool(true)},
	{Name: "flatten", Doc: "forgets that the inputs are images", New: func(*data.Params) LayerKind { return flattenLayer{} }},
	{Name: "batch_norm", Doc: "batch normalisation, of each channel of images", New: newBatchNorm},
	{Name: "dropout", Doc: "leaves out a random part while the network learns", New: newDropout},
	{Name: "delay", Doc: "hands on each channel later", New: newDelay},
	{Name: "alpha", Doc: "weights with synapses whose conductance rises and falls, see models.AlphaSynapse", New: newAlpha},
	{Name: "exp_syn", Doc: "exponential synaptic currents, see models.ExpSyn", New: newExpSyn},
	{Name: "li", Doc: "leaky integrators, which do not spike, see models.LI", New: newLI},
	{Name: "nir", Doc: "the layers of a NIR file, with its weights", New: newNIR},
}, neuronLayers())

// weightKeys reads the keys of initial weights.
type weightKeys struct {
	mean, gain float64
	bias       bool
	init       string
}

func readWeights(p *data.Params, bias bool) weightKeys {
	w := weightKeys{
		mean: p.Float("w_mean", 0, "weights start as N(w_mean/in, w_gain²/in) of in inputs"), gain: p.Float("w_gain", 1, "see w_mean"),
		bias: p.Bool("bias", bias, "a learned constant input"),
		init: p.String("init", "", "how the weights start, as kaiming(gain = 1), see model.init; default fan_in, with w_mean and w_gain"),
	}
	p.Want("w_gain", w.gain >= 0, ">= 0")
	name, _, err := parseInit(w.init)
	p.Want("init", err == nil, "one of "+strings.Join(Inits.Names(), ", ")+", as kaiming(gain = 1)")
	p.Want("w_gain", name == fanIn || w.gain == 1, "nothing: it has an effect only where init is "+fanIn)
	p.Want("w_mean", name == fanIn || w.mean == 0, "nothing: it has an effect only where init is "+fanIn)
	return w
}

// of returns the initialiser of weights from so many inputs of each neuron.
func (w weightKeys) of(n *stack, inputs int) graph.Init {
	init, err := n.e.weights(n.key, w.init, inputs, Weights{w.mean, w.gain, n.behind})
	if err != nil {
		n.Fail(err)
	}
	return init
}

type linearLayer struct {
	weightKeys
	size     int
	maxDelay float64
	learn    bool
}

func newLinear(p *data.Params) LayerKind {
	l := linearLayer{size: p.Int("size", 0, "outputs"), weightKeys: readWeights(p, false),
		maxDelay: p.Float("max_delay", 0, "s, longest delay of a connection; 0: no delays"), learn: p.Bool("learn_delay", false, "delays are learned, from random ones on")}
	p.Want("size", l.size > 0, "> 0 outputs")
	p.Want("max_delay", l.maxDelay >= 0, ">= 0 s")
	p.Want("learn_delay", !l.learn || l.maxDelay > 0, "nothing: max_delay is 0")
	return l
}

func (l linearLayer) add(n *stack, name string) {
	init := l.of(n, n.x.Shape()[2])
	if l.maxDelay > 0 {
		n.x = models.DelayedLinear{Out: l.size, Bias: l.bias, Init: init, Max: l.maxDelay, Learn: l.learn}.Apply(n.Builder, name+"/w", n.x)
	} else {
		n.x = models.Linear{Out: l.size, Bias: l.bias, Init: init}.Apply(n.Builder, name+"/w", n.x)
	}
	n.image, n.spiking = models.Image{}, false
}

// alphaLayer is weights with synapses of their own.
type alphaLayer struct {
	weightKeys
	size int
	tau  float64
}

func newAlpha(p *data.Params) LayerKind {
	l := alphaLayer{size: p.Int("size", 0, "outputs"), tau: p.Float("tau_decay", 5e-3, "s, of the conductance and of what drives it"), weightKeys: readWeights(p, false)}
	p.Want("size", l.size > 0, "> 0 outputs")
	p.Want("tau_decay", l.tau > 0, "> 0 s")
	return l
}

func (l alphaLayer) apply(b *graph.Builder, name string, x *G.Node, init graph.Init) *G.Node {
	return models.AlphaSynapse{Out: l.size, TauDecay: models.Fixed(l.tau), Init: init, Bias: l.bias}.Apply(b, name, x).Isyn
}

func (l alphaLayer) add(n *stack, name string) {
	n.x = l.apply(n.Builder, name, n.x, l.of(n, n.x.Shape()[2]))
	n.image, n.spiking = models.Image{}, false
}

// filterLayer is a filter of each channel.
type filterLayer struct {
	tau   float64
	apply func(b *graph.Builder, name string, tau float64, x *G.Node) *G.Node
}

func newExpSyn(p *data.Params) LayerKind {
	tau := p.Float("tau_syn", 5e-3, "s")
	p.Want("tau_syn", tau > 0, "> 0 s")
	return filterLayer{tau, func(b *graph.Builder, name string, tau float64, x *G.Node) *G.Node {
		return models.ExpSyn{TauSyn: models.Fixed(tau)}.Apply(b, name, x).Isyn
	}}
}

func newLI(p *data.Params) LayerKind {
	tau := p.Time("tau_mem", 20e-3, "s; inf: no leak")
	p.Want("tau_mem", tau > 0, "> 0 s")
	return filterLayer{tau, func(b *graph.Builder, name string, tau float64, x *G.Node) *G.Node {
		return models.LI{TauMem: models.Fixed(tau)}.Apply(b, name, x).Vmem
	}}
}

func (l filterLayer) add(n *stack, name string) {
	n.x, n.spiking = l.apply(n.Builder, name, l.tau, n.x), false
}

// imageKey reads the shape of the input, of two or three numbers.
func imageKey(p *data.Params, dims int) models.Image {
	names := "[channels, height, width]"
	if dims == 1 {
		names = "[channels, width]"
	}
	v := p.Floats("image", nil, "the shape of the input, "+names+"; nothing: that of the layer before, or of the data")
	whole := !slices.ContainsFunc(v, func(x float64) bool { return x != float64(int(x)) || x < 1 || x > 1<<20 })
	p.Want("image", v == nil || whole && len(v) == dims+1, names+", whole numbers > 0")
	if !whole || len(v) != dims+1 {
		return models.Image{}
	}
	if dims == 1 {
		return models.Image{Channels: int(v[0]), Height: 1, Width: int(v[1])}
	}
	return models.Image{Channels: int(v[0]), Height: int(v[1]), Width: int(v[2])}
}

// shaped returns the shape of the input of a layer.
func (n *stack) shaped(given models.Image, name string) models.Image {
	if given == (models.Image{}) {
		given = n.image
	}
	if given == (models.Image{}) {
		n.Fail(fmt.Errorf("%w: %s: the shape of its input is not known: image = [channels, height, width]", models.ErrParameter, name))
	}
	return given
}

// windowKeys reads a window; allOf says what 0 as its side stands for, nothing that it is an error.
func windowKeys(p *data.Params, dims, stride int, allOf string) models.Window {
	square := func(v int) [2]int {
		if dims == 1 {
			return [2]int{min(v, 1), v}
		}
		return [2]int{v, v}
	}
	kernel := p.Int("kernel", 0, "side of the window"+allOf)
	w := models.Window{Kernel: square(kernel), Stride: square(p.Int("stride", stride, "distance of windows; 0: they do not overlap"))}
	w.Padding = square(p.Int("padding", 0, "zeros around the image"))
	if dims == 1 {
		w.Padding[0] = 0
	}
	if allOf == "" {
		p.Want("kernel", kernel > 0, "> 0")
	}
	p.Want("kernel", kernel >= 0, ">= 0")
	return w
}

type convLayer struct {
	weightKeys
	in     models.Image
	out    int
	window models.Window
	groups int
}

func newConv(dims int) func(p *data.Params) LayerKind {
	return func(p *data.Params) LayerKind {
		c := convLayer{in: imageKey(p, dims), out: p.Int("channels", 0, "of the output"), window: windowKeys(p, dims, 1, ""), weightKeys: readWeights(p, true)}
		d := p.Int("dilation", 1, "distance of neighbours in the window")
		c.window.Dilation = [2]int{d, d}
		c.groups = p.Int("groups", 1, "of channels, each of which sees its own inputs alone")
		p.Want("channels", c.out > 0, "> 0")
		p.Want("groups", c.groups > 0, "> 0")
		p.Want("dilation", d > 0, "> 0")
		return c
	}
}

func (c convLayer) add(n *stack, name string) {
	in := n.shaped(c.in, name)
	l := models.Conv{
		In: in, Out: c.out, Window: c.window, Groups: c.groups, Bias: c.bias,
		Init: c.of(n, max(in.Channels/max(c.groups, 1), 1)*c.window.Kernel[0]*c.window.Kernel[1]),
	}
	n.x = l.Apply(n.Builder, name+"/w", n.x)
	n.image, _ = l.Shape()
	n.spiking = false
}

type poolLayer struct {
	in      models.Image
	window  models.Window
	average bool
}

func newPool(average bool) func(p *data.Params) LayerKind {
	return func(p *data.Params) LayerKind {
		return poolLayer{in: imageKey(p, 2), window: windowKeys(p, 2, 0, "; 0: all of the image"), average: average}
	}
}

// over returns the pool of images; of rows, as those of conv1d, it goes along them.
func (l poolLayer) over(in models.Image) models.Pool {
	p := models.Pool{In: in, Window: l.window, Average: l.average}
	switch w := &p.Window; {
	case w.Kernel[0] == 0:
		w.Kernel = [2]int{in.Height, in.Width}
	case in.Height == 1:
		w.Kernel[0], w.Stride[0], w.Padding[0] = 1, 1, 0
	}
	for i, stride := range p.Window.Stride {
		if stride == 0 {
			p.Window.Stride[i] = p.Window.Kernel[i]
		}
	}
	return p
}

func (l poolLayer) add(n *stack, name string) {
	pool := l.over(n.shaped(l.in, name))
	n.x = pool.Apply(n.Builder, name, n.x)
	n.image, _ = pool.Shape()
	n.spiking = false
}

type flattenLayer struct{}

func (flattenLayer) add(n *stack, _ string) { n.image = models.Image{} }

type batchNormLayer struct{ momentum float64 }

func newBatchNorm(p *data.Params) LayerKind {
	l := batchNormLayer{p.Float("momentum", 0.1, "share by which a batch moves the running mean and variance")}
	p.Want("momentum", l.momentum > 0 && l.momentum <= 1, "in (0, 1]")
	return l
}

func (l batchNormLayer) add(n *stack, name string) {
	norm := models.BatchNorm{Channels: n.image.Channels, Momentum: l.momentum}
	if n.Training() && !n.e.static() { // samples may be shorter than the window
		norm.Length = train.Lengths(n.Builder, n.x.Shape()[1])
	}
	n.x = norm.Apply(n.Builder, name, n.x)
	n.spiking = false
}

type dropoutLayer struct {
	p    float64
	each bool
}

func newDropout(p *data.Params) LayerKind {
	l := dropoutLayer{p.Float("p", 0.5, "probability of leaving out an element"), p.Bool("each_step", false, "others in each time step")}
	p.Want("p", l.p >= 0 && l.p < 1, "in [0, 1)")
	return l
}

func (l dropoutLayer) add(n *stack, name string) {
	n.x = models.Dropout{P: l.p, EachStep: l.each}.Apply(n.Builder, name, n.x)
}

type delayLayer struct {
	delay, longest  float64
	learn, channels bool
}

func newDelay(p *data.Params) LayerKind {
	l := delayLayer{p.Float("delay", 0, "s"), p.Float("max_delay", 0, "s, longest that can be learned"), p.Bool("learn", false, "the delay is learned"), p.Bool("per_channel", false, "one for each channel; false: one for all")}
	p.Want("delay", l.delay > 0, "> 0 s")
	p.Want("max_delay", l.learn == (l.longest > 0) && (!l.learn || l.longest >= l.delay), "at least delay, where learn is true, else nothing")
	p.Want("per_channel", !l.channels || l.learn, "nothing: it has an effect only where learn is true")
	return l
}

func (l delayLayer) add(n *stack, name string) {
	d := models.Delay{Delay: models.Fixed(l.delay), Max: l.longest}
	if l.learn {
		if d.Delay = models.Learned(l.delay); l.channels {
			d.Delay = d.Delay.PerNeuron()
		}
	}
	n.x = d.Apply(n.Builder, name, n.x)
}

type nirLayer struct {
	file, dialect, reset string
	dt                   float64
	said, learn          []string
	model                *nir.Model // once it is read
	graph                *nir.Graph
}

func newNIR(p *data.Params) LayerKind {
	l := &nirLayer{file: p.String("file", "", "the NIR file"),
		dialect: p.Choice("dialect", "", "who wrote the file, where it is not surge", nir.PeerNames...),
		reset:   p.Choice("reset", "", "of the neurons, where the file does not say", string(nir.ToValue), string(nir.Subtract)),
		said:    p.Strings("said", nil, "what else its writer does not write, as NAME=VALUE, see nir.Writer"),
		dt:      p.Float("net_dt", 0, "time step of the file in its unit; 0: as the file or its writer has it"),
		learn:   p.Strings("learn", nil, "besides weights: tau_mem, tau_syn, v_th, delay")}
	p.Want("file", l.file != "", "the name of a file")
	for _, name := range l.learn {
		p.Want("learn", slices.Contains([]string{"tau_mem", "tau_syn", "v_th", "delay"}, name), "names among tau_mem, tau_syn, v_th, delay")
	}
	return l
}

// load reads the file.
func (l *nirLayer) load() error {
	g, err := nir.Read(l.file)
	if err != nil {
		return err
	}
	var c nir.Convention
	if l.dialect == "" {
		c, err = nir.Surge(g)
	} else {
		c, err = nir.Writer(l.dialect, nir.Reset(l.reset), l.said...)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", l.file, err)
	}
	net, err := nir.Compile(g, c, l.dt)
	if err == nil {
		l.model, err = net.Model()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", l.file, err)
	}
	l.graph, l.model.Learn = g, l.learn
	return nil
}

func (l *nirLayer) add(n *stack, _ string) {
	l.model.Surrogate = n.surrogate
	a := l.model.Apply(n.Builder, n.x)
	n.x, n.spiking, n.image = a.Y, a.Spiking, models.Image{}
	for _, s := range a.Layers {
		n.outputs.Layers = append(n.outputs.Layers, train.Layer{Name: s.Name, Spikes: s.Spikes, Vmem: s.Vmem, Rate: overSteps{n.e}.rate()})
	}
}

// kinds makes the layers of the list, and reads their files.
func (e *Experiment) kinds() ([]LayerKind, error) {
	var all []LayerKind
	for i, l := range e.Layer {
		k, _, err := Layers.New(l.Kind, l.Keys)
		if err != nil {
			return nil, err // Check names the key
		}
		if n, ok := k.(*nirLayer); ok {
			if err := n.load(); err != nil {
				return nil, e.bad(fmt.Sprintf("layer[%d].file", i), "a NIR graph that can be trained", err.Error())
			}
		}
		all = append(all, k)
	}
	return all, nil
}

// stacked adds the layers of the list.
func (e overSteps) stacked(b *graph.Builder, x *G.Node, s surrogate.Surrogate, kinds []LayerKind) *stack {
	n := &stack{Builder: b, e: e.Experiment, surrogate: s, x: x}
	for i, k := range kinds {
		n.key, n.behind = fmt.Sprintf("layer[%d].init", i), nil
		for _, next := range kinds[i:] {
			if l, ok := next.(neuronLayer); ok {
				n.behind = l.settings(e.Experiment)
				break
			}
		}
		k.add(n, fmt.Sprintf("layer%d", i+1))
	}
	return n
}
