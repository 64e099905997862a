package nir

import (
	"fmt"
	"math"
	"slices"
)

// Net is a graph with a meaning: it runs in time steps.
type Net struct {
	Convention string
	Dt         float64
	Notes      []Note // what the convention does not take as the graph says
	Inputs     []string
	Outputs    []string

	rest    bool       // see Convention
	strayed bool       // an output is not that of the graph
	left    []string   // remarks on nodes that do not run
	ahead   []string   // weights that see the spikes of the next step, see chain
	nodes   []*runNode // in the order of a time step
	index   map[string]int
}

// Note is a remark on a node.
type Note struct{ Node, Text string }

// runNode is a node that runs.
type runNode struct {
	*Node
	name    string
	in, out []int     // shapes
	sources []int     // indices of the nodes whose outputs are added up
	step    Step      // of neurons
	delay   []float64 // steps
	weight  []float64
	groups  int
	window  window
	ahead   bool // sees the spikes of the next step
	lastly  bool // a Flatten with the channels last
}

// Compile gives a graph the meaning of a convention, with a time step in the unit of its time
// constants; 0 is that of the convention.
//
// Errors: [ErrGraph]; [ErrMeaning] where the convention refuses the graph (as its simulator would),
// no time step is known, or a delay is not a whole number of steps; that of surge interpolates
// between two steps, as models.Delay.
func Compile(g *Graph, c Convention, dt float64) (*Net, error) {
	if g == nil {
		return nil, fmt.Errorf("%w: no graph", ErrGraph)
	}
	if c.step == nil {
		return nil, fmt.Errorf("%w: no convention: expected that of [Surge], [Writer] or [Peers]", ErrMeaning)
	}
	if dt == 0 {
		dt = c.Dt
	}
	if !(dt > 0) && c.Name != "rockpool" {
		return nil, fmt.Errorf("%w: the time step is not known: the file does not say it (metadata dt)", ErrMeaning)
	}
	net := &Net{rest: c.rest, Convention: c.Name, Dt: dt, Inputs: g.of("Input"), Outputs: g.of("Output"), index: map[string]int{}}
	order := c.order
	if order == nil {
		order = byEquations
	}
	flat, names, err := order(net, g, c)
	if err != nil {
		return nil, err
	}
	shapes, err := flat.shapes(names)
	if err != nil {
		return nil, err
	}
	for i, name := range names {
		net.index[name] = i
	}
	for _, name := range names {
		r := &runNode{Node: flat.Nodes[name], name: name, out: shapes[name], ahead: slices.Contains(net.ahead, name)}
		c.looped = false
		if !c.reads(r.Kind) {
			return nil, fmt.Errorf("%w: node %q: %s does not read a node of kind %s", ErrMeaning, name, c.Name, r.Kind)
		}
		for _, e := range flat.Edges {
			if e.To != name {
				continue
			}
			r.in = shapes[e.From]
			loop := net.index[e.From] >= net.index[name]
			switch {
			case loop && c.sequences:
				net.Notes = append(net.Notes, Note{name, fmt.Sprintf("runs node after node over all time steps: nothing comes back from %q", e.From)})
			default:
				c.looped = c.looped || loop
				r.sources = append(r.sources, net.index[e.From])
			}
		}
		slices.Sort(r.sources)
		notes, err := r.prepare(c, dt)
		if err != nil {
			return nil, fmt.Errorf("node %q (%s): %w", name, r.Kind, err)
		}
		for _, text := range notes {
			net.Notes = append(net.Notes, Note{name, text})
		}
		net.nodes = append(net.nodes, r)
	}
	return net, nil
}

// byEquations is the order of a time step of [Graph.schedule].
func byEquations(_ *Net, g *Graph, _ Convention) (*Graph, []string, error) {
	flat, err := g.Flat()
	if err != nil {
		return nil, nil, err
	}
	order, err := flat.schedule()
	return flat, order, err
}

func size(shape []int) int {
	n := 1
	for _, k := range shape {
		n *= k
	}
	return n
}

// prepare computes what does not change from step to step.
func (r *runNode) prepare(c Convention, dt float64) (notes []string, err error) {
	n := size(r.out)
	switch r.Kind {
	case "LIF", "IF", "LI", "I", "CubaLIF", "CubaLI", "Threshold":
		c.node = r.name
		r.step, notes, err = c.step(c, r.Node, dt, n)
	case "Flatten":
		if r.lastly = c.lastly && len(r.in) == 3 && r.in[0] > 1; r.lastly {
			notes = []string{"takes pictures as [height, width, channels], and their elements in this order"}
		}
	case "Delay":
		for j, d := range r.values("delay", n, 0) {
			steps := math.Round(d / dt)
			switch whole := math.Abs(d-steps*dt) <= 1e-6*dt; {
			case !(steps >= 0 && steps <= 1<<16):
				return nil, fmt.Errorf("%w: delay[%d] = %g, expected 0 to 65536 steps of %g", ErrMeaning, j, d, dt)
			case !whole && c.Name != "surge":
				return nil, fmt.Errorf("%w: delay[%d] = %g is not a whole number of steps of %g", ErrMeaning, j, d, dt)
			case !whole:
				steps = d / dt
			}
			r.delay = append(r.delay, steps)
		}
	case "Linear", "Affine":
		w := r.Values["weight"]
		r.weight = w.Data
		if c.transposed && w.Shape[0] != w.Shape[1] {
			return nil, fmt.Errorf("%w: %s uses the weight [%d, %d] as [in, out], and fails", ErrMeaning, c.Name, w.Shape[0], w.Shape[1])
		}
		if c.transposed {
			r.weight = transpose(w.Data, w.Shape[0], w.Shape[1])
			if !slices.Equal(r.weight, w.Data) {
				notes = []string{"uses the weight as [in, out]: it is square, so that nothing fails"}
			}
		}
	case "Conv1d", "Conv2d":
		r.groups = r.Values["groups"].ints()[0]
		r.window, err = r.Node.window(r.in, r.Values["weight"].Shape[2:])
	case "SumPool2d", "AvgPool2d":
		var kernel []int
		if kernel, err = r.sizes("kernel_size", 2); err == nil {
			r.window, err = r.Node.window(r.in, kernel)
		}
	}
	return notes, err
}

func transpose(w []float64, rows, cols int) []float64 {
	t := make([]float64, len(w))
	for i := range rows {
		for j := range cols {
			t[j*rows+i] = w[i*cols+j]
		}
	}
	return t
}

// Names returns the names of the nodes in the order in which a time step computes them; those of
// nested graphs as "outer/inner".
func (n *Net) Names() []string {
	if n == nil {
		return nil
	}
	var names []string
	for _, r := range n.nodes {
		names = append(names, r.name)
	}
	return names
}

// biased returns the name of a node of a loop that gives something before the first step where it
// begins at rest; empty: none.
func (n *Net) biased() string {
	for i, r := range n.nodes {
		for _, s := range r.sources {
			if from := n.nodes[s]; s >= i && from.step.Alpha == nil && !zero(from.Values["bias"].Data) {
				return from.name
			}
		}
	}
	return ""
}

// Shape returns the shape of the output of a node, nil for a name that is none.
func (n *Net) Shape(name string) []int {
	if n == nil {
		return nil
	}
	if i, ok := n.index[name]; ok {
		return n.nodes[i].out
	}
	return nil
}

// Spiking returns the names of the nodes that give out spikes, in the order of a time step.
func (n *Net) Spiking() []string {
	if n == nil {
		return nil
	}
	var names []string
	for _, r := range n.nodes {
		if r.Spikes() {
			names = append(names, r.name)
		}
	}
	return names
}

// Step returns the step of the neurons of a node; ok is false where the node has none.
func (n *Net) Step(name string) (s Step, ok bool) {
	if n == nil {
		return Step{}, false
	}
	i, known := n.index[name]
	if !known || n.nodes[i].step.Alpha == nil {
		return Step{}, false
	}
	return n.nodes[i].step, true
}

// Trace is what the nodes gave out: by name, [T, N] with the N elements of a node in row-major
// order.
type Trace struct {
	Steps  int
	Values map[string][]float64
}

// Run runs steps time steps from rest. inputs has the values [T, N] of each Input by its name. The
// result has the outputs of the nodes named in record; no names stand for the Outputs and the nodes
// that spike.
//
// Errors: [ErrGraph] where an input is missing or of another size, [ErrMeaning] where a number
// overflows.
func (n *Net) Run(inputs map[string][]float64, steps int, record ...string) (*Trace, error) {
	if n == nil || steps < 0 {
		return nil, fmt.Errorf("%w: %d steps of a net, want >= 0 of one of Compile", ErrGraph, steps)
	}
	for _, name := range n.Inputs {
		if want := steps * size(n.Shape(name)); len(inputs[name]) != want {
			return nil, fmt.Errorf("%w: input %q: expected %d values, %d steps of %v, found %d", ErrGraph, name, want, steps, n.Shape(name), len(inputs[name]))
		}
	}
	if len(record) == 0 {
		record = append(slices.Clone(n.Outputs), n.Spiking()...)
	}
	t := &Trace{Steps: steps, Values: map[string][]float64{}}
	for _, name := range record {
		if n.Shape(name) == nil {
			return nil, fmt.Errorf("%w: there is no node %q", ErrGraph, name)
		}
		t.Values[name] = make([]float64, 0, steps*size(n.Shape(name)))
	}
	states := make([]*state, len(n.nodes))
	for i, r := range n.nodes {
		states[i] = r.start()
	}
	for i, r := range n.nodes {
		if n.rest && r.step.Alpha == nil && r.Kind != "Delay" {
			r.collect(states, i)
			r.run(states[i])
		}
	}
	for k := range steps {
		for i, r := range n.nodes {
			s := states[i]
			r.collect(states, i)
			if given, ok := inputs[r.name]; ok && r.Kind == "Input" {
				width := len(s.y)
				copy(s.x, given[k*width:(k+1)*width])
			}
			r.run(s)
			for j, v := range s.y {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					return nil, fmt.Errorf("%w: node %q, step %d, element %d: %v", ErrMeaning, r.name, k, j, v)
				}
			}
		}
		for name := range t.Values {
			t.Values[name] = append(t.Values[name], states[n.index[name]].y...)
		}
	}
	return t, nil
}
