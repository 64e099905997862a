package experiment

import (
	"slices"
	"strings"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/surrogate"
	"github.com/surge-snn/surge/train/data"
)

// Neuron is what a row of [Neurons] makes: a layer of spiking neurons.
type Neuron struct {
	// Uses are the keys of [model] that it has, among tau_mem, tau_syn, v_th, reset, detach_reset
	// and recurrent.
	Uses []string
	// Learns are the keys of the row that model.learn can name, besides those of Uses.
	Learns []string
	// Endless tells that tau_mem may be +Inf, where it is not learned: no leak.
	Endless bool
	// Apply adds the layer for a current [T, B, N].
	Apply func(c Cells, b *graph.Builder, name string, x *G.Node) models.Neurons
}

// Cells is what the section [model] says of neurons of all kinds.
type Cells struct {
	TauMem, TauSyn, VTh    models.Value
	Reset                  models.Reset
	DetachReset, Recurrent bool
	RecInit                graph.Init // nil unless Recurrent
	Surrogate              surrogate.Surrogate

	model *Model
}

// Value returns the value of a parameter, which is learned where model.learn names it.
func (c Cells) Value(name string, v float64) models.Value {
	switch {
	case c.model == nil || !slices.Contains(c.model.Learn, name):
		return models.Fixed(v)
	case c.model.PerNeuron:
		return models.Learned(v).PerNeuron()
	}
	return models.Learned(v)
}

// common are the keys of [model] of leaky integrate-and-fire neurons.
var common = []string{"tau_mem", "v_th", "reset", "detach_reset", "recurrent"}

// Neurons are the choices of model.neuron with surrogate gradients, and kinds of [[layer]]. A new
// one is a row here.
var Neurons = data.Catalogue[Neuron]{
	{Name: "lif", Doc: "leaky integrate-and-fire with delta synapses, see models.LIF", New: newLIF(false)},
	{Name: "cuba", Doc: "the same with exponential synaptic currents, held over a step as in snnTorch and NIR: after a spike the voltage is 10 % above that of events, for 20 ms, 5 ms and steps of 1 ms", New: newLIF(true)},
	{Name: "if", Doc: "integrate-and-fire without leak, see models.IF", New: func(p *data.Params) Neuron {
		most := p.Int("max", 1, "largest number of spikes in a step")
		p.Want("max", most > 0, "> 0")
		return Neuron{Uses: common[1:], Apply: func(c Cells, b *graph.Builder, name string, x *G.Node) models.Neurons {
			l := models.IF{VTh: c.VTh, Reset: c.Reset, DetachReset: c.DetachReset, Recurrent: c.Recurrent, RecInit: c.RecInit, Surrogate: c.Surrogate}
			if most > 1 {
				l.Max = float64(most)
			}
			return l.Apply(b, name, x)
		}}
	}},
	{Name: "plif", Doc: "leaky integrate-and-fire whose decay is learned as a sigmoid, see models.PLIF", New: func(p *data.Params) Neuron {
		tau := p.Float("init_tau", 2, "time constant at first, in steps")
		p.Want("init_tau", tau > 1 && tau < 1e9, "> 1 step")
		return Neuron{Uses: common[1:], Apply: func(c Cells, b *graph.Builder, name string, x *G.Node) models.Neurons {
			return models.PLIF{
				InitTau: tau, PerNeuron: c.model.PerNeuron, VTh: c.VTh, Soft: c.Reset != models.ToValue,
				DetachReset: c.DetachReset, Recurrent: c.Recurrent, RecInit: c.RecInit, Surrogate: c.Surrogate,
			}.Apply(b, name, x)
		}}
	}},
	{Name: "alif", Doc: "leaky integrate-and-fire that adapts its threshold, and by a current, see models.ALIF", New: func(p *data.Params) Neuron {
		tauAdapt := p.Float("tau_adapt", 200e-3, "s, of the threshold")
		beta := p.Float("beta", 0.2, "by which a spike raises the threshold")
		tauW := p.Float("tau_w", 200e-3, "s, of the adaptation current")
		jump := p.Float("b", 0, "by which a spike raises that current")
		p.Want("tau_adapt", tauAdapt > 0, "> 0 s")
		p.Want("tau_w", tauW > 0, "> 0 s")
		return Neuron{Uses: common, Endless: true, Learns: []string{"tau_adapt", "beta", "tau_w", "b"}, Apply: func(c Cells, b *graph.Builder, name string, x *G.Node) models.Neurons {
			return models.ALIF{
				TauMem: c.TauMem, VTh: c.VTh, TauAdapt: c.Value("tau_adapt", tauAdapt), Beta: c.Value("beta", beta),
				TauW: c.Value("tau_w", tauW), B: c.Value("b", jump), Reset: c.Reset, DetachReset: c.DetachReset,
				Recurrent: c.Recurrent, RecInit: c.RecInit, Surrogate: c.Surrogate,
			}.Apply(b, name, x)
		}}
	}},
	{Name: "double_exp", Doc: "lif behind synapses whose current rises and falls, see models.DoubleExp; it falls with tau_syn", New: func(p *data.Params) Neuron {
		rise := p.Float("tau_rise", 1e-3, "s, other than tau_syn")
		p.Want("tau_rise", rise > 0, "> 0 s")
		return Neuron{Uses: []string{"tau_mem", "tau_syn", "v_th", "reset", "detach_reset"}, Endless: true, Learns: []string{"tau_rise"}, Apply: func(c Cells, b *graph.Builder, name string, x *G.Node) models.Neurons {
			x = models.DoubleExp{TauDecay: c.TauSyn, TauRise: c.Value("tau_rise", rise)}.Apply(b, name+"/synapse", x).Isyn
			return models.LIF{TauMem: c.TauMem, VTh: c.VTh, Reset: c.Reset, DetachReset: c.DetachReset, Surrogate: c.Surrogate}.Apply(b, name, x)
		}}
	}},
	{Name: "eif", Doc: "exponential integrate-and-fire in V and A, for steps of 0.1 ms, see models.EIF", New: func(p *data.Params) Neuron {
		f := readExponential(p)
		r := p.Float("r", 33.3e6, "Ohm")
		p.Want("r", r > 0, "> 0 Ohm")
		return Neuron{Uses: []string{"tau_mem", "recurrent"}, Learns: append([]string{"r"}, f.learns()...), Apply: func(c Cells, b *graph.Builder, name string, x *G.Node) models.Neurons {
			return models.EIF{
				TauMem: c.TauMem, R: c.Value("r", r), EL: c.Value("el", f.el), VT: c.Value("vt", f.vt), DeltaT: c.Value("delta_t", f.delta),
				VPeak: c.Value("v_peak", f.peak), VReset: c.Value("v_reset", f.reset), Recurrent: c.Recurrent, RecInit: f.scaled(c), Surrogate: c.Surrogate,
			}.Apply(b, name, f.input(b, x))
		}}
	}},
	{Name: "adex", Doc: "adaptive exponential integrate-and-fire in V and A, for steps of 0.1 ms, see models.AdEx", New: func(p *data.Params) Neuron {
		f := readExponential(p)
		v := []float64{p.Float("c", 281e-12, "F"), p.Float("gl", 30e-9, "S"), p.Float("tau_w", 144e-3, "s"), p.Float("a", 4e-9, "S"), p.Float("b", 80.5e-12, "A")}
		for i, name := range []string{"c", "gl", "tau_w"} {
			p.Want(name, v[i] > 0, "> 0")
		}
		return Neuron{Uses: []string{"recurrent"}, Learns: append([]string{"c", "gl", "tau_w", "a", "b"}, f.learns()...), Apply: func(c Cells, b *graph.Builder, name string, x *G.Node) models.Neurons {
			return models.AdEx{
				C: c.Value("c", v[0]), GL: c.Value("gl", v[1]), TauW: c.Value("tau_w", v[2]), A: c.Value("a", v[3]), B: c.Value("b", v[4]),
				EL: c.Value("el", f.el), VT: c.Value("vt", f.vt), DeltaT: c.Value("delta_t", f.delta), VPeak: c.Value("v_peak", f.peak), VReset: c.Value("v_reset", f.reset),
				Recurrent: c.Recurrent, RecInit: f.scaled(c), Surrogate: c.Surrogate,
			}.Apply(b, name, f.input(b, x))
		}}
	}},
	{Name: "izhikevich", Doc: "Izhikevich's, in mV and ms, see models.Izhikevich", New: func(p *data.Params) Neuron {
		names := []string{"a", "b", "c", "d", "v_peak"}
		v := []float64{
			p.Float("a", 0.02, "1/ms, rate of the recovery"), p.Float("b", 0.2, "its sensitivity"), p.Float("c", -65, "mV, after a spike"),
			p.Float("d", 8, "by which a spike raises the recovery"), p.Float("v_peak", 30, "mV, of a spike"),
		}
		gain := readGain(p, 10, "current of an input of 1, which is of a step")
		return Neuron{Uses: []string{"recurrent"}, Learns: names, Apply: func(c Cells, b *graph.Builder, name string, x *G.Node) models.Neurons {
			value := func(i int) models.Value { return c.Value(names[i], v[i]) }
			return models.Izhikevich{
				A: value(0), B: value(1), C: value(2), D: value(3), VPeak: value(4),
				Recurrent: c.Recurrent, RecInit: gain.scaled(c), Surrogate: c.Surrogate,
			}.Apply(b, name, gain.input(b, x))
		}}
	}},
}

func newLIF(synapses bool) func(p *data.Params) Neuron {
	return func(p *data.Params) Neuron {
		refractory := p.Float("refractory", 0, "s, a whole number of steps after a spike in which the voltage stays")
		p.Want("refractory", refractory >= 0, ">= 0 s")
		n := Neuron{Uses: common, Endless: !synapses}
		if synapses {
			n.Uses = append([]string{"tau_syn"}, common...)
		}
		n.Apply = func(c Cells, b *graph.Builder, name string, x *G.Node) models.Neurons {
			l := models.LIF{
				TauMem: c.TauMem, VTh: c.VTh, Reset: c.Reset, DetachReset: c.DetachReset, Refractory: refractory,
				Recurrent: c.Recurrent, RecInit: c.RecInit, Surrogate: c.Surrogate,
			}
			if synapses {
				l.TauSyn, l.Hold = c.TauSyn, true // as the C and NIR that are exported have it
			}
			return l.Apply(b, name, x)
		}
		return n
	}
}

// gain is the current of an input of 1, so that weights are near 1 whatever the unit of currents
// is.
type gain float64

func readGain(p *data.Params, byDefault float64, doc string) gain {
	g := p.Float("gain", byDefault, doc)
	p.Want("gain", g > 0, "> 0")
	return gain(g)
}

func (g gain) input(b *graph.Builder, x *G.Node) *G.Node {
	return b.Check(ops.Affine(x, float64(g), 0))
}

// scaled returns recurrent weights at first, which act on the current itself.
func (g gain) scaled(c Cells) graph.Init {
	if !c.Recurrent {
		return nil
	}
	return models.FanIn(0, float64(g)*c.model.RecGain)
}

// exponential holds the keys that eif and adex have in common.
type exponential struct {
	gain
	el, vt, delta, peak, reset float64
}

func readExponential(p *data.Params) exponential {
	f := exponential{
		gain: readGain(p, 10e-9, "A, of an input of 1, which is of a step"), el: p.Float("el", -70.6e-3, "V, of the leak"), vt: p.Float("vt", -50.4e-3, "V, threshold of the exponential"),
		delta: p.Float("delta_t", 2e-3, "V, slope factor"), peak: p.Float("v_peak", 0, "V, of a spike"), reset: p.Float("v_reset", -70.6e-3, "V, after it"),
	}
	p.Want("delta_t", f.delta > 0, "> 0 V")
	p.Want("v_reset", f.reset < f.peak, "< v_peak")
	return f
}

func (exponential) learns() []string { return []string{"el", "vt", "delta_t", "v_peak", "v_reset"} }

// cells returns what [model] says of neurons.
func (e overSteps) cells(m *Model, s surrogate.Surrogate) Cells {
	c := Cells{DetachReset: m.DetachReset, Recurrent: m.Recurrent, Surrogate: s, model: m}
	c.TauMem, c.TauSyn, c.VTh = c.Value("tau_mem", m.TauMem), c.Value("tau_syn", m.TauSyn), c.Value("v_th", m.VTh)
	if m.Reset == "zero" {
		c.Reset = models.ToValue
	}
	if m.Recurrent {
		c.RecInit = models.FanIn(0, m.RecGain)
	}
	return c
}

// neurons adds the layer that the section [model] describes. The experiment passes Check.
func (e overSteps) neurons(b *graph.Builder, name string, x *G.Node, s surrogate.Surrogate) models.Neurons {
	n, _, err := Neurons.New(e.Model.Neuron, e.Model.NeuronKeys)
	if err != nil {
		b.Fail(err) // Check says so
	}
	return n.Apply(e.cells(&e.Model, s), b, name, x)
}

// rowsInUse returns the neurons of [model] and of the list of layers.
func (e *Experiment) rowsInUse() (all []Neuron) {
	n, _, _ := Neurons.New(e.Model.Neuron, e.Model.NeuronKeys)
	all = append(all, n)
	for _, l := range e.Layer {
		if n, _, err := Neurons.New(l.Kind, nil); err == nil {
			all = append(all, n)
		}
	}
	return all
}

// uses tells which keys of [model] have an effect, among those that only some neurons have.
func (e *Experiment) uses() map[string]bool {
	used := map[string]bool{}
	if e.events() {
		return map[string]bool{"tau_mem": true, "tau_syn": true, "v_th": true}
	}
	for _, n := range e.rowsInUse() {
		for _, key := range n.Uses {
			used[key] = true
		}
	}
	return used
}

// learnable are the names that model.learn can have.
func (e checks) learnable() (names []string) {
	used := e.uses()
	for _, key := range []string{"tau_mem", "tau_syn", "v_th"} {
		if used[key] {
			names = append(names, key)
		}
	}
	for _, n := range e.rowsInUse() {
		for _, key := range n.Learns {
			if !slices.Contains(names, key) {
				names = append(names, key)
			}
		}
	}
	return names
}

// leaks says why tau_mem is finite; empty: it need not be.
func (e checks) leaks() string {
	if slices.Contains(e.Model.Learn, "tau_mem") {
		return "it is learned"
	}
	if e.events() {
		return "neurons go from event to event"
	}
	for i, n := range e.rowsInUse() {
		if slices.Contains(n.Uses, "tau_mem") && !n.Endless && (i > 0 || len(e.Layer) == 0 || e.Model.Output != "none") {
			return "a neuron needs its leak"
		}
	}
	return ""
}

// idle wants a key of [model] left out that no neuron in use has.
func (e checks) idle(key string, found any, leftOut bool) rule {
	var have []string
	for _, row := range Neurons {
		if n, _, _ := Neurons.New(row.Name, nil); slices.Contains(n.Uses, key) {
			have = append(have, row.Name)
		}
	}
	return unless(e.uses()[key], "model."+key, found, leftOut, "a neuron is one of "+strings.Join(have, ", "))
}

// forget takes back the defaults of keys of [model] that no neuron in the table of a file has.
func (e filling) forget(table map[string]any) {
	probe := Experiment{Train: e.Train, Model: Model{Neuron: e.Model.Neuron}}
	if model, ok := table["model"].(map[string]any); ok {
		if name, ok := model["neuron"].(string); ok {
			probe.Model.Neuron = name
		}
	}
	if _, ok := Neurons.Row(probe.Model.Neuron); !ok {
		return // Check says so
	}
	layers, _ := table["layer"].([]map[string]any)
	for _, l := range layers {
		kind, _ := l["kind"].(string)
		probe.Layer = append(probe.Layer, LayerSpec{Kind: kind})
	}
	used := probe.uses()
	if !used["tau_mem"] {
		e.Model.TauMem = 0
	}
	if !used["v_th"] {
		e.Model.VTh = 0
	}
	if !used["reset"] {
		e.Model.Reset = ""
	}
}

// neuronLayer is a layer of a list with neurons of one of the rows of [Neurons].
type neuronLayer struct {
	kind                string
	neuron              Neuron
	own                 bool // some of its own keys are not at their default of nothing
	tauMem, tauSyn, vth float64
	recurrent           bool
}

// neuronLayers makes a kind of layer of each row of [Neurons].
func neuronLayers() (rows data.Catalogue[LayerKind]) {
	for _, row := range Neurons {
		rows = append(rows, data.Row[LayerKind]{Name: row.Name, Doc: row.Doc, New: func(p *data.Params) LayerKind { return newNeuronLayer(row, p) }})
	}
	return rows
}

func newNeuronLayer(row data.Row[Neuron], p *data.Params) LayerKind {
	l := neuronLayer{kind: row.Name, neuron: row.New(p)}
	l.own = len(p.Effective()) > 0
	read := func(name, doc, unit string) (v float64) {
		if slices.Contains(l.neuron.Uses, name) {
			v = p.Float(name, 0, doc)
			p.Want(name, v >= 0, ">= 0"+unit)
		}
		return v
	}
	if l.vth = read("v_th", "threshold; 0: that of [model]", ""); l.neuron.Endless {
		l.tauMem = p.Time("tau_mem", 0, "s; 0: that of [model]; inf: no leak")
		p.Want("tau_mem", l.tauMem >= 0, ">= 0 s")
	} else {
		l.tauMem = read("tau_mem", "s; 0: that of [model]", " s")
	}
	if slices.Contains(l.neuron.Uses, "recurrent") {
		l.recurrent = p.Bool("recurrent", false, "weights between the neurons")
	}
	l.tauSyn = read("tau_syn", "s; 0: that of [model]", " s")
	return l
}

// settings returns the experiment with those of the layer as [model].
func (l neuronLayer) settings(of *Experiment) *Experiment {
	e := *of
	e.Model.Neuron, e.Model.Recurrent = l.kind, l.recurrent
	for _, o := range []struct {
		dst   *float64
		value float64
	}{{&e.Model.TauMem, l.tauMem}, {&e.Model.TauSyn, l.tauSyn}, {&e.Model.VTh, l.vth}} {
		if o.value > 0 {
			*o.dst = o.value
		}
	}
	if e.Model.RecGain == 0 {
		e.Model.RecGain = 0.5
	}
	return &e
}

func (l neuronLayer) add(n *stack, name string) {
	e := l.settings(n.e)
	neurons := l.neuron.Apply(overSteps{e}.cells(&e.Model, n.surrogate), n.Builder, name, n.x)
	n.outputs.Layers = append(n.outputs.Layers, overSteps{e}.hidden(name, n.x, neurons))
	n.x, n.spiking = neurons.Spikes, true
}
