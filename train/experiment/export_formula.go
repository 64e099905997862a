package experiment

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/models/nir"
	"github.com/surge-snn/surge/surrogate"
	"github.com/surge-snn/surge/train/export"
)

// cells adds the layers of what apply adds for an input of size numbers to n, where they are
// written as formulas, with the constants that the program has, bit for bit. l is the first of
// them, with its map; each other one that is not a formula are LIF neurons of the name of l. gained
// says that the input is that of apply, but for a factor.
func (x *exporter) cells(n *export.Network, l export.Layer, size int, gained bool, apply func(b *graph.Builder, in *G.Node) *G.Node) {
	found := x.scan(size, x.double, apply)
	exact := found
	if gained && !x.double {
		exact = x.scan(size, true, apply)
	}
	if x.err != nil {
		return
	}
	for i, c := range found {
		if i > 0 {
			l = export.Layer{N: size}
		}
		l.Name = c.name
		f, err := models.FormulaOf(c.cell)
		if err != nil { // what is no formula has one of its own
			l.Spikes = true
			x.neurons(&l)
			n.Layers = append(n.Layers, l)
			continue
		}
		l.Formula = &export.Formula{Formula: f, Values: c.params}
		if f.Recurrent {
			last := len(c.params) - 1
			l.Formula.Values, l.Formula.WRec = c.params[:last], c.params[last]
		}
		if gain := exact[i].input; gained && i == 0 && slices.ContainsFunc(gain, func(v float64) bool { return v != 1 }) {
			l.Formula.Gain = gain
		}
		n.Layers = append(n.Layers, l)
	}
	if len(found) == 0 && x.err == nil {
		x.err = fmt.Errorf("%w: layer %s has no neurons", export.ErrNetwork, l.Name)
	}
}

// scanned is a layer of a program.
type scanned struct {
	name   string
	cell   graph.Cell
	input  []float64 // for an input of ones
	params [][]float64
}

// scan runs what apply adds on ones, in float64 or float32, and returns its layers but linear ones.
func (x *exporter) scan(size int, double bool, apply func(b *graph.Builder, in *G.Node) *G.Node) (found []scanned) {
	if x.err != nil {
		return nil
	}
	s := graph.Settings{DType: tensor.Float32, Dt: x.e.Encode.Dt, NoGrad: true, Partial: true}
	if double {
		s.DType = tensor.Float64
	}
	s.Scanned = func(b *graph.Builder, name string, c graph.Cell, xs, params []*G.Node) {
		if c.Kind() == "linear" {
			return
		}
		b.Output(name+"/input", xs[0])
		for i, p := range params {
			b.Output(fmt.Sprintf("%s/param%d", name, i), p)
		}
		found = append(found, scanned{name: name, cell: c, params: make([][]float64, len(params))})
	}
	params, err := x.params.As(s.DType)
	if err != nil {
		x.err = fmt.Errorf("%w: %w", export.ErrNetwork, err)
		return nil
	}
	p, err := graph.Build(params, s, func(b *graph.Builder) {
		found = nil // a program is built twice
		b.Output("/out", apply(b, b.Input("/ones", 1, 1, size)))
	})
	if err == nil {
		defer p.Close()
		for _, name := range params.Names() {
			if x.params.Value(name) == nil {
				err = fmt.Errorf("no parameter %s", name)
			}
		}
	}
	if err == nil {
		err = p.Set("/ones", slices.Repeat([]float64{1}, size))
	}
	if err == nil {
		err = p.Run()
	}
	if err != nil {
		x.err = fmt.Errorf("%w: %w", export.ErrNetwork, err)
		return nil
	}
	for i := range found {
		c := &found[i]
		c.input = floats(p.Output(c.name + "/input"))
		for k := range c.params {
			c.params[k] = floats(p.Output(fmt.Sprintf("%s/param%d", c.name, k)))
		}
	}
	return found
}

// floats returns the elements of a tensor.
func floats(t *tensor.Dense) []float64 {
	if t.Dtype() == tensor.Float64 {
		return slices.Clone(t.Float64s())
	}
	var v []float64
	for _, f := range t.Float32s() {
		v = append(v, float64(f))
	}
	return v
}

// spiking adds neurons of a row with what [model] says behind the map of l; own says that the row
// has keys of its own.
func (x *exporter) spiking(n *export.Network, l export.Layer, row Neuron, own bool) {
	m := &x.e.Model
	if !own && (m.Neuron == "lif" || m.Neuron == "cuba") {
		l.Spikes = true
		x.neurons(&l)
		n.Layers = append(n.Layers, l)
		return
	}
	s, err := surrogate.Parse(m.Surrogate)
	if err != nil {
		x.err = err
		return
	}
	name := l.Name
	x.cells(n, l, l.N, true, func(b *graph.Builder, in *G.Node) *G.Node {
		return row.Apply(overSteps{x.e}.cells(m, s), b, name, in).Spikes
	})
}

// filter adds synapses, or integrators, that do not spike, for an input of in numbers.
func (w *graphWriter) filter(name string, in int, apply func(b *graph.Builder, in *G.Node) *G.Node) error {
	found := w.scan(in, w.double, apply)
	if w.err != nil {
		return w.err
	}
	f, err := models.FormulaOf(found[0].cell)
	if err != nil {
		return err
	}
	value := func(name string) []float64 { return found[0].params[slices.Index(f.Params, name)] }
	one := slices.Repeat([]float64{1}, w.size())
	switch f.Kind {
	case "li":
		return w.integrator(name, value("alpha"), one)
	case "expsyn": // what comes in decays in its own step
		return w.integrator(name, value("beta"), value("beta"))
	}
	// The two equations of alpha synapses, and the sign of their current.
	if err := w.integrator(name+".h", value("a"), value("g_syn_bar")); err != nil {
		return err
	}
	if err := w.integrator(name+".g", value("a"), one); err != nil {
		return err
	}
	scale := value("resist_scale")
	for i := range scale {
		scale[i] = -scale[i]
	}
	w.link(name, nir.New("Scale", "scale", nir.Array{Shape: slices.Clone(w.shape), Data: scale}))
	return nil
}

// integrator adds leaky integrators v = alpha v + gain x.
func (w *graphWriter) integrator(name string, alpha, gain []float64) error {
	zero := make([]float64, len(alpha))
	node, err := nir.Step{Alpha: alpha, Gain: gain, Offset: zero, VTh: zero, VReset: zero}.Node("LI", w.e.Encode.Dt)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", export.ErrNetwork, name, err)
	}
	for key, a := range node.Values {
		a.Shape = slices.Clone(w.shape)
		node.Values[key] = a
	}
	w.link(name, node)
	return nil
}
