package nir

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/surge-snn/surge/internal/fmath"
)

// Express returns a graph that a reader takes to mean what a net does: with the parameters that
// give the same steps under its convention. dt is the reader's time step; 0 is that of its
// convention, or where it has none, that of the net. reader is a name of [Peers], or "surge", whose
// files say time step, method, reset and threshold as metadata.
//
// A reader that spikes at the threshold where the net does above it gets the next threshold among
// the float32, in which it computes.
//
// Nothing is guessed: each node is discretised by the reader's convention again and compared.
//
// Errors: [ErrMeaning] with all that the reader would do differently; the graph is returned all the
// same, for those who can do with less.
func Express(g *Graph, net *Net, reader string, dt float64) (*Graph, error) {
	c, own := Peers[reader], reader == "surge"
	if own {
		c = Convention{Name: "surge", Method: Exact, step: plain, rest: true}
	} else if c.Name == "" {
		return nil, fmt.Errorf("%w: no convention %q, expected surge or one of %s", ErrMeaning, reader, strings.Join(PeerNames, ", "))
	}
	if dt == 0 {
		dt = c.Dt
	}
	if dt == 0 {
		dt = net.Dt
	}
	if dt == 0 {
		dt = 1e-3 // the steps of rockpool do not say theirs
	}
	g = g.Clone()
	g.Metadata = nil
	var problems []string
	m := Metadata{Dt: dt, Unit: "s", Method: c.Method, Producer: "surge"}
	for _, r := range net.nodes {
		if r.step.Alpha == nil || r.Kind == "Threshold" {
			continue
		}
		n := g.at(r.name)
		want := r.step
		if own && want.Spikes { // the metadata are of the whole graph
			if m.Reset != "" && (m.Reset != want.Reset || m.AtThreshold != want.AtThreshold) {
				return nil, fmt.Errorf("%w: node %q: neurons that reset or spike in different ways", ErrMeaning, r.name)
			}
			m.Reset, m.AtThreshold = want.Reset, want.AtThreshold
		}
		if err := n.set(want, c, dt, r.out); err != nil {
			problems = append(problems, fmt.Sprintf("node %q: %v", r.name, err))
			continue
		}
		if c.step == nil || !c.reads(n.Kind) {
			continue // below
		}
		got, _, err := c.step(c, n, dt, size(r.out))
		if err != nil {
			problems = append(problems, fmt.Sprintf("node %q: %v", r.name, err))
			continue
		}
		if own {
			got.Reset, got.AtThreshold = m.Reset, m.AtThreshold
		} else if got.AtThreshold != want.AtThreshold {
			n.nudge(want.AtThreshold)
			got.AtThreshold = want.AtThreshold
		}
		for j := range got.Alpha {
			if why := want.differ(got, j); len(why) > 0 {
				problems = append(problems, fmt.Sprintf("node %q, neuron %d: with %s, %s", r.name, j, c.Name, strings.Join(why, "; ")))
				break
			}
		}
	}
	if loop := net.biased(); loop != "" && net.rest != c.rest {
		problems = append(problems, fmt.Sprintf("node %q: its bias comes back into the first step, or does not, where %s has it the other way", loop, c.Name))
	}
	if problem := g.arrange(net, c); problem != "" {
		problems = append(problems, problem)
	}
	if own {
		m.Set(g)
	} else {
		problems = append(problems, g.unread(c)...)
	}
	if len(problems) > 0 {
		return g, fmt.Errorf("%w: %s", ErrMeaning, strings.Join(problems, ". "))
	}
	return g, g.Check()
}

// unread lists what of the structure of a graph a reader does not take, and turns weights around
// for one that takes them the other way.
func (g *Graph) unread(c Convention) (problems []string) {
	if nested := g.of("NIRGraph"); c.flat && len(nested) > 0 {
		problems = append(problems, fmt.Sprintf("node %q: %s does not read nested graphs", nested[0], c.Name))
	}
	flat, err := g.Flat()
	if err != nil {
		return []string{err.Error()}
	}
	order, err := flat.schedule()
	if err != nil {
		return []string{err.Error()}
	}
	for _, e := range flat.Edges {
		if c.loopless && slices.Index(order, e.From) >= slices.Index(order, e.To) {
			problems = append(problems, fmt.Sprintf("edge %q to %q: %s does not follow loops", e.From, e.To, c.Name))
		}
	}
	for _, name := range flat.names() {
		n := flat.Nodes[name]
		if !c.reads(n.Kind) {
			problems = append(problems, fmt.Sprintf("node %q: %s does not read a node of kind %s", name, c.Name, n.Kind))
		}
		if w := n.Values["weight"]; c.transposed && len(w.Shape) == 2 {
			if w.Shape[0] != w.Shape[1] {
				problems = append(problems, fmt.Sprintf("node %q: %s takes the weight [%d, %d] as [in, out]", name, c.Name, w.Shape[0], w.Shape[1]))
				continue
			}
			w.Data = transpose(w.Data, w.Shape[0], w.Shape[1])
			n.Values["weight"] = w
		}
	}
	return problems
}

// at returns the node of a name that may be in a nested graph.
func (g *Graph) at(name string) *Node {
	if n := g.Nodes[name]; n != nil {
		return n
	}
	outer, inner, _ := strings.Cut(name, "/")
	return g.Nodes[outer].Graph.at(inner)
}

// nudge moves thresholds to the next float32: for float32, v > th is v >= the one above, and v >=
// th is v > the one below.
func (n *Node) nudge(at bool) {
	direction := float32(math.Inf(1))
	if at {
		direction = float32(math.Inf(-1))
	}
	th := n.Values["v_threshold"]
	for j, v := range th.Data {
		th.Data[j] = float64(math.Nextafter32(float32(v), direction))
	}
}

// invert returns the time constant and 1 minus the decay for a decay of a step.
func (m Method) invert(decay, dt float64) (tau, rest float64, err error) {
	switch {
	case decay >= 1 || m == Exact && decay <= 0 || decay != decay:
		return 0, 0, fmt.Errorf("a decay of %g in a step has no time constant", decay)
	case m == Euler:
		return dt / (1 - decay), 1 - decay, nil
	}
	return -dt / fmath.Log(decay), 1 - decay, nil
}

// set gives the neurons of a node the parameters that a convention discretises to a step. The unit
// of the voltage is free: it is that in which an input of 1 raises it by 1, if the reader does not
// insist on another.
func (n *Node) set(s Step, c Convention, dt float64, shape []int) error {
	k := len(s.Alpha)
	unit := make([]float64, k) // of the voltage, in units of s
	for j := range unit {
		if unit[j] = s.Gain[j]; s.Synapse {
			unit[j] *= s.GainIn[j]
		}
		if !(unit[j] > 0) {
			return fmt.Errorf("an input of 1 raises the voltage by %g", unit[j])
		}
	}
	if c.Name == "surge" { // keeps the unit
		for j := range unit {
			unit[j] = 1
		}
	}
	if err := n.parameters(s, c, dt, shape, unit); err != nil {
		return err
	}
	if c.step == nil || !c.reads(n.Kind) {
		return nil
	}
	got, _, err := c.step(c, n, dt, k)
	if err != nil {
		return err
	}
	for j := range unit { // the rise that it takes instead, whatever r says
		rise, want := got.Gain[j], s.Gain[j]/unit[j]
		if s.Synapse {
			rise, want = rise*got.GainIn[j], want*s.GainIn[j]
		}
		rise /= got.VTh[j] / (s.VTh[j] / unit[j]) // some put r into the threshold
		if s.Spikes && rise > 0 && !math.IsInf(rise, 0) {
			unit[j] *= want / rise
		}
	}
	return n.parameters(s, c, dt, shape, unit)
}

// parameters writes the parameters of a step with voltages in some unit.
func (n *Node) parameters(s Step, c Convention, dt float64, shape []int, unit []float64) error {
	k := len(s.Alpha)
	values := map[string][]float64{}
	put := func(name string, j int, v float64) {
		if values[name] == nil {
			values[name] = make([]float64, k)
		}
		values[name][j] = v
	}
	factor := 1.0 // of time constants
	if c.Name == "jaxsnn" {
		factor = 1e3
	}
	for j := range k {
		put("v_threshold", j, s.VTh[j]/unit[j])
		put("v_reset", j, s.VReset[j]/unit[j])
		gain := s.Gain[j] / unit[j]
		if s.Synapse {
			tau, rest, err := c.Method.invert(s.Beta[j], dt)
			if err != nil {
				return err
			}
			put("tau_syn", j, tau*factor)
			if c.Name == "surge" {
				put("w_in", j, s.GainIn[j]/rest)
			} else {
				put("w_in", j, 1/rest)
				gain *= s.GainIn[j]
			}
		}
		if n.Kind == "IF" || n.Kind == "I" {
			put("r", j, gain/dt)
			continue
		}
		tau, rest, err := c.Method.invert(s.Alpha[j], dt)
		if err != nil {
			return err
		}
		put("tau", j, tau*factor)
		put("tau_mem", j, tau*factor)
		put("r", j, gain/rest)
		if c.Name == "rockpool" { // says the time step
			put("r", j, tau/dt-1)
		}
		put("v_leak", j, s.Offset[j]/unit[j]/rest)
	}
	for _, f := range Kinds[n.Kind] {
		if v, ok := values[f.Name]; ok {
			n.Values[f.Name] = Array{Shape: slices.Clone(shape), Data: v, Type: "float64"}
		}
	}
	return nil
}

// Node returns a node of a kind (LIF, CubaLIF, LI, CubaLI; IF and I where Alpha is 1) whose step
// under surge's convention, discretised exactly with the time step dt, is s.
//
// Errors: [ErrMeaning] where a decay is not between 0 and 1, or lists have different lengths.
func (s Step) Node(kind string, dt float64) (*Node, error) {
	lists := map[string][]float64{"Gain": s.Gain, "Offset": s.Offset, "VTh": s.VTh, "VReset": s.VReset}
	if s.Synapse {
		lists["Beta"], lists["GainIn"] = s.Beta, s.GainIn
	}
	for _, name := range slices.Sorted(maps.Keys(lists)) {
		v := lists[name]
		if len(v) != len(s.Alpha) {
			return nil, fmt.Errorf("%w: a step with %d Alpha and %d %s, want one of each for each neuron", ErrMeaning, len(s.Alpha), len(v), name)
		}
	}
	n := &Node{Kind: kind, Values: map[string]Array{}}
	one := make([]float64, len(s.Alpha))
	for j := range one {
		one[j] = 1
	}
	if err := n.parameters(s, Convention{Name: "surge", Method: Exact}, dt, []int{len(one)}, one); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMeaning, err)
	}
	return n, nil
}
