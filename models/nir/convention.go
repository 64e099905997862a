package nir

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Convention is what a simulator takes a NIR file to mean.
type Convention struct {
	Name   string
	Source string  // version that was looked at, or the paper
	Dt     float64 // its time step in the unit of the file where the user does not give one; 0: must be given
	Method Method

	// step discretises a node; the notes say what of the node it does not take as it stands. An
	// error is that of a simulator that refuses it.
	step func(c Convention, n *Node, dt float64, size int) (Step, []string, error)
	// transposed tells that weights are used as [in, out].
	transposed bool
	// sequences tells that each node runs over all time steps before the next one, so that a loop
	// passes on nothing.
	sequences bool
	// order returns the nodes without nested graphs, in the order in which a step runs them; nil:
	// that of the equations.
	order func(n *Net, g *Graph, c Convention) (*Graph, []string, error)
	// flat tells that it reads some nested graphs alone, loopless loops, of which snntorch makes
	// nested graphs.
	flat, loopless bool
	// drops tells that it leaves out a node of a kind that it does not read.
	drops bool
	// lastly tells that channels come last in it, so that a Flatten has another order.
	lastly bool
	// kinds that it reads; nil: all
	kinds []string
	// from turns the parameters that its own exporter writes into those that its importer would
	// need; nil: as they are
	from func(n *Node, dt float64)
	// rest tells that a loop begins with what nodes give at rest, a bias for one; else with zeros.
	rest bool
	// node is the name of the node for which step is called; looped tells that its own spikes come
	// back to it.
	node   string
	looped bool
}

// plain is the convention of the equations.
func plain(c Convention, n *Node, dt float64, size int) (Step, []string, error) {
	return n.step(c.Method, dt, size), nil, nil
}

// same tells whether all elements are equal.
func same(v []float64) bool {
	return !slices.ContainsFunc(v, func(x float64) bool { return x != v[0] })
}

// near is numpy.allclose with its defaults.
func near(v []float64, want func(j int) float64) bool {
	for j, x := range v {
		if w := want(j); !(math.Abs(x-w) <= 1e-8+1e-5*math.Abs(w)) {
			return false
		}
	}
	return true
}

func constant(c float64) func(int) float64 { return func(int) float64 { return c } }

// Surge returns the convention of surge: the equations, in seconds, discretised exactly, with what
// the metadata of a graph say. A time step of 0 is that of the metadata.
//
// Errors: [ErrMeaning] where the metadata contradict themselves.
func Surge(g *Graph) (Convention, error) {
	c := Convention{Name: "surge", Source: "surge", Method: Exact, step: plain, rest: true}
	m, err := ReadMetadata(g)
	if err != nil {
		return c, err
	}
	c.Dt = m.Dt
	if m.Method != "" {
		c.Method = m.Method
	}
	reset, at := m.Reset, m.AtThreshold
	c.step = func(c Convention, n *Node, dt float64, size int) (Step, []string, error) {
		s := n.step(c.Method, dt, size)
		if reset != "" && s.Reset != NoReset {
			s.Reset = reset
		}
		s.AtThreshold = at
		if m.Pulses {
			s.pulses(n)
		}
		return s, nil, nil
	}
	return c, nil
}

// Peers are the conventions of other simulators, by name, as they read a file: their importers with
// default arguments.
var Peers = map[string]Convention{
	"norse":        {Name: "norse", Source: "norse 1.1.0, from_nir", Dt: 1e-3, Method: Euler, step: norse, from: fromNorse, order: inTrail, kinds: []string{"Affine", "Linear", "Conv2d", "Flatten", "SumPool2d", "IF", "LIF", "CubaLIF"}},
	"snntorch":     {Name: "snntorch", Source: "snntorch 1.0.0, import_from_nir", Dt: 1e-4, Method: Euler, step: snntorch, order: inLoops, flat: true, loopless: true, kinds: []string{"Affine", "Linear", "Conv2d", "Flatten", "AvgPool2d", "IF", "LIF", "CubaLIF"}},
	"spikingjelly": {Name: "spikingjelly", Source: "spikingjelly 2.0.0, import_from_nir", Dt: 1e-4, Method: Euler, step: spikingjelly, order: inQueue, flat: true, kinds: []string{"Affine", "Linear", "Conv1d", "Conv2d", "AvgPool2d", "Flatten", "IF", "LIF", "CubaLIF"}},
	"sinabs":       {Name: "sinabs", Source: "sinabs 3.1.3, from_nir", Dt: 1, Method: Exact, step: sinabs, sequences: true, drops: true, order: inTrail, kinds: []string{"Affine", "Conv1d", "Conv2d", "SumPool2d", "Flatten", "IF", "LIF", "LI"}},
	"spyx":         {Name: "spyx", Source: "spyx 1.0.0, from_nir", Dt: 1, Method: Euler, step: spyx, order: inChain, lastly: true, kinds: []string{"Affine", "Linear", "Conv2d", "SumPool2d", "Flatten", "IF", "LIF", "CubaLIF", "LI", "Threshold"}},
	"lava-dl":      {Name: "lava-dl", Source: "paper/nir_to_lava.py of NIR", Dt: 1e-4, Method: Euler, step: lava, order: inRow, kinds: []string{"Affine", "Conv2d", "SumPool2d", "Flatten", "IF", "CubaLIF"}},
	"rockpool":     {Name: "rockpool", Source: "rockpool 3.1.0, from_nir", Method: Exact, step: rockpool, from: fromRockpool, kinds: []string{"Affine", "Linear", "CubaLIF"}},
	"jaxsnn":       {Name: "jaxsnn", Source: "jaxsnn 0.3.0, from_nir", Method: Exact, step: jaxsnn, transposed: true, kinds: []string{"Linear", "CubaLIF"}},
}

// PeerNames are the names of [Peers] in the order in which they are listed.
var PeerNames = []string{"norse", "snntorch", "spikingjelly", "sinabs", "spyx", "lava-dl", "rockpool", "jaxsnn"}

// reads tells whether a convention knows a kind of node.
func (c Convention) reads(kind string) bool {
	return c.kinds == nil || kind == "Input" || kind == "Output" || slices.Contains(c.kinds, kind)
}

func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMeaning, fmt.Sprintf(format, args...))
}

// norse takes dt as 1 ms and time constants as seconds, and neither r nor v_reset of a LIF.
func norse(c Convention, n *Node, dt float64, size int) (Step, []string, error) {
	s := n.step(Euler, dt, size)
	var notes []string
	ignore := func(name string, byDefault float64) {
		if !near(n.values(name, size, byDefault), constant(byDefault)) {
			notes = append(notes, fmt.Sprintf("ignores %s and takes %g", name, byDefault))
		}
	}
	ignore("v_reset", 0)
	for j := range s.VReset {
		s.VReset[j] = 0
	}
	if n.Kind == "LIF" || n.Kind == "IF" {
		ignore("r", 1)
	}
	leak := n.values("v_leak", size, 0)
	for j := range s.Gain {
		switch n.Kind {
		case "IF": // v += x
			s.Gain[j] = 1
		case "LIF":
			s.Gain[j] = 1 - s.Alpha[j]
		case "CubaLIF": // the synapse has the leak of the membrane, too; at rest it passes on r·v_leak
			if leak[j] != 0 {
				return s, nil, refuse("v_leak of a CubaLIF, which acts on the synaptic current, too")
			}
		}
	}
	if n.Kind != "IF" {
		s.Start = leak
	}
	return s, notes, nil
}

// fromNorse undoes that norse 1.1.0 writes dt·tau for tau, and no w_in: an input of its LIFCell
// raises the current by 1, in steps of dt.
func fromNorse(n *Node, dt float64) {
	for _, name := range []string{"tau", "tau_mem", "tau_syn"} {
		if a, ok := n.Values[name]; ok {
			for i := range a.Data {
				a.Data[i] /= dt
			}
		}
	}
	if syn, ok := n.Values["tau_syn"]; ok {
		w := Array{Shape: syn.Shape, Type: syn.Type, Data: make([]float64, len(syn.Data))}
		for i, tau := range syn.Data {
			w.Data[i] = tau / dt
		}
		n.Values["w_in"] = w
	}
}

// snntorch has a time step of 1e-4, one threshold per layer, and resets to 0.
func snntorch(c Convention, n *Node, dt float64, size int) (Step, []string, error) {
	s := n.step(Euler, dt, size)
	var notes []string
	if !near(n.values("v_leak", size, 0), constant(0)) {
		return s, nil, refuse("v_leak not supported")
	}
	if !near(s.VReset, constant(0)) {
		notes = append(notes, "ignores v_reset and takes 0")
		clear(s.VReset)
	}
	switch n.Kind {
	case "IF":
		if !same(s.VTh) || !near(n.values("r", size, 1), constant(1)) {
			return s, nil, refuse("v_threshold must be the same for all neurons, and r 1")
		}
		notes = append(notes, "an IF becomes a Leaky with beta = 0.9, which subtracts the threshold")
		for j := range s.Alpha {
			s.Alpha[j], s.Gain[j] = 0.9, 1
		}
		s.Reset, s.Carry = Subtract, true
	case "LIF":
		for j := range s.Gain {
			s.VTh[j] /= s.Gain[j]
			s.Gain[j] = 1
		}
		if !same(n.values("v_threshold", size, 0)) {
			return s, nil, refuse("v_threshold must be the same for all neurons")
		}
	case "CubaLIF":
		tau := n.values("tau_mem", size, 0)
		if !near(n.values("r", size, 1), func(j int) float64 { return tau[j] / dt }) {
			return s, nil, refuse("r not supported in CubaLIF, expected tau_mem/dt = %g", tau[0]/dt)
		}
		for j := range s.Gain {
			s.VTh[j] /= s.GainIn[j]
			s.Gain[j], s.GainIn[j] = 1, 1
		}
	}
	if !same(s.VTh) {
		return s, nil, refuse("v_threshold must be the same for all neurons")
	}
	return s, notes, nil
}

// spikingjelly takes only the parameters that its own neurons have, and spikes at the threshold.
func spikingjelly(c Convention, n *Node, dt float64, size int) (Step, []string, error) {
	s := n.step(Euler, dt, size)
	s.AtThreshold, s.Start = true, s.VReset
	for _, f := range Kinds[n.Kind] {
		if !same(n.values(f.Name, size, 0)) {
			return s, nil, refuse("nir.%s.%s must be the same for all neurons", n.Kind, f.Name)
		}
	}
	r, leak := n.values("r", size, 1), n.values("v_leak", size, 0)
	switch n.Kind {
	case "IF":
		if !near(r, constant(1/dt)) {
			return s, nil, refuse("nir.IF.r must equal 1 / dt, %g with the time step %g; it is %g, as with %g", 1/dt, dt, r[0], 1/r[0])
		}
	case "LIF":
		tau := n.values("tau", size, 0)[0] / dt
		if tau <= 1 {
			return s, nil, refuse("nir.LIF.tau / dt must be greater than 1")
		}
		if !near(r, constant(1)) && !near(r, constant(tau)) {
			return s, nil, refuse("nir.LIF.r must equal 1 or tau / dt, %g", tau)
		}
		if !near(leak, constant(s.VReset[0])) {
			return s, nil, refuse("nir.LIF.v_leak must equal v_reset")
		}
	case "CubaLIF":
		mem, syn := n.values("tau_mem", size, 0)[0]/dt, n.values("tau_syn", size, 0)[0]/dt
		if mem < 1 || syn < 1 {
			return s, nil, refuse("nir.CubaLIF time constants must be at least dt")
		}
		if !near(r, constant(mem)) || !near(n.values("w_in", size, 1), constant(syn)) || !near(leak, constant(0)) {
			return s, nil, refuse("nir.CubaLIF: r must equal tau_mem/dt (%g), w_in tau_syn/dt (%g), v_leak 0", mem, syn)
		}
	}
	return s, nil, nil
}

// sinabs takes time constants as numbers of steps, and neither r nor v_reset; it subtracts, and
// counts several spikes.
func sinabs(c Convention, n *Node, dt float64, size int) (Step, []string, error) {
	s := n.step(Exact, dt, size)
	var notes []string
	if !near(n.values("v_leak", size, 0), constant(0)) {
		return s, nil, refuse("v_leak must be 0")
	}
	if n.Kind == "LI" && !near(n.values("r", size, 1), constant(1)) {
		return s, nil, refuse("r must be 1")
	}
	if s.Spikes {
		notes = append(notes, "ignores v_reset and subtracts the threshold")
	}
	if !near(s.Gain, constant(1)) {
		notes = append(notes, "ignores r: an input of 1 raises the voltage by 1")
	}
	for j := range s.Gain {
		s.Gain[j] = 1
	}
	if n.Kind == "IF" {
		notes = append(notes, "takes -v_threshold as the least voltage of an IF, of which its exporter writes nothing")
		s.Floor = make([]float64, size)
		for j, v := range s.VTh {
			s.Floor[j] = -v
		}
	}
	s.Reset, s.AtThreshold, s.Several = Subtract, true, true
	return s, notes, nil
}

// spyx takes dt as 1 unless told, and neither r, v_leak nor v_reset; it subtracts, and spikes a
// step later.
func spyx(c Convention, n *Node, dt float64, size int) (Step, []string, error) {
	s := n.step(Euler, dt, size)
	notes := []string{"ignores r, v_leak, w_in and v_reset: an input of 1 raises the voltage by 1, a spike subtracts the threshold"}
	for j := range s.Gain {
		s.Gain[j], s.GainIn[j], s.Offset[j] = 1, 1, 0
		if n.Kind != "IF" && (s.Alpha[j] < 0 || s.Synapse && s.Beta[j] < 0) {
			notes = append(notes[:1], fmt.Sprintf("dt = %g is larger than a time constant: a negative decay is clipped to 0", dt))
		}
		s.Alpha[j] = min(max(s.Alpha[j], 0), 1)
		s.Beta[j] = min(max(s.Beta[j], 0), 1)
	}
	if !s.Spikes { // with a Threshold behind it
		return s, notes[1:], nil
	}
	if n.Kind == "Threshold" {
		return s, nil, nil
	}
	s.Reset, s.Late, s.Undecayed = Subtract, true, n.Kind != "CubaLIF"
	return s, notes, nil
}

// lava has a time step of 1e-4 and resets to 0; its numbers are those before the rounding to the
// chip.
func lava(c Convention, n *Node, dt float64, size int) (Step, []string, error) {
	s := n.step(Euler, dt, size)
	notes := []string{"its numbers have 12 bits on the chip; here they are not rounded"}
	if !near(s.VReset, constant(0)) {
		notes = append(notes, "ignores v_reset and takes 0")
		clear(s.VReset)
	}
	s.AtThreshold = true
	switch n.Kind {
	case "IF":
		r := n.values("r", size, 1)
		if !near(r, constant(1)) {
			notes = append(notes, "multiplies the threshold of an IF by r, where an input of 1 raises the voltage by r·dt")
		}
		for j := range s.Gain {
			s.Gain[j] = 1
			s.VTh[j] *= r[j]
		}
		if !same(r) || !same(s.VTh) {
			return s, nil, refuse("v_threshold and r must be the same for all neurons")
		}
	case "CubaLIF":
		tau := n.values("tau_mem", size, 0)
		if !near(n.values("v_leak", size, 0), constant(0)) {
			return s, nil, refuse("v_leak not supported in CubaLIF")
		}
		if size != 7 && !c.looped {
			return s, nil, refuse("%d neurons: a CubaLIF without weights that lead back to it has 7 neurons there", size)
		}
		for _, v := range [][]float64{s.Alpha, s.Beta, s.VTh} {
			if !same(v) {
				return s, nil, refuse("tau_mem, tau_syn and v_threshold of a CubaLIF must be the same for all neurons")
			}
		}
		if !near(n.values("r", size, 1), func(j int) float64 { return tau[j] / dt }) {
			return s, nil, refuse("r not supported in CubaLIF, expected tau_mem/dt = %g", tau[0]/dt)
		}
	}
	return s, notes, nil
}

// rockpool takes the time step from r, and v_leak as a bias; its synapse decays after the input.
func rockpool(c Convention, n *Node, _ float64, size int) (Step, []string, error) {
	mem, r := n.values("tau_mem", size, 0), n.values("r", size, 1)
	dt := math.Inf(1)
	for j := range mem {
		dt = min(dt, mem[j]/(1+r[j]))
	}
	if !(dt > 0) || math.IsInf(dt, 0) {
		return Step{}, nil, refuse("r = %g gives no time step tau_mem/(1+r)", r[0])
	}
	s := n.step(Exact, dt, size)
	notes := []string{fmt.Sprintf("takes the time step from r: tau_mem/(1+r) = %.6g s", dt), "ignores w_in and v_reset; subtracts the threshold"}
	for j, leak := range n.values("v_leak", size, 0) {
		s.Gain[j], s.GainIn[j], s.Offset[j] = 1, s.Beta[j], leak
	}
	s.Reset, s.Several, s.AtThreshold = Subtract, true, true
	return s, notes, nil
}

// fromRockpool turns tau/dt·e^(-dt/tau), which rockpool 3.1.0 writes for r, into tau/dt-1, which it
// reads.
func fromRockpool(n *Node, _ float64) {
	r, tau := n.Values["r"], n.values("tau_mem", len(n.Values["r"].Data), 0)
	for j, v := range r.Data {
		if dt := rockpoolDt(tau[j], v); dt > 0 {
			r.Data[j] = tau[j]/dt - 1
		}
	}
}

// jaxsnn takes time constants as milliseconds, and neither r nor w_in; it is exact in time. Here
// the current of the spikes of a step acts exactly on the voltage, and spikes of the neurons come
// at the ends of steps.
func jaxsnn(c Convention, n *Node, dt float64, size int) (Step, []string, error) {
	ms := n.scaled(1e-3)
	s := ms.step(Exact, dt, size)
	notes := []string{"takes time constants as milliseconds", "ignores r and w_in: a spike raises the synaptic current by the weight", "uses weights as [in, out]"}
	for _, f := range []string{"tau_mem", "tau_syn", "v_leak", "v_reset", "v_threshold"} {
		if !same(n.values(f, size, 0)) {
			notes = append(notes, "takes "+f+" of the first neuron for all")
		}
	}
	for j := range s.Gain {
		for _, v := range [][]float64{s.Alpha, s.Beta, s.VTh, s.VReset} {
			v[j] = v[0]
		}
		s.GainIn[j] = 1
		if m, y := ms.values("tau_mem", size, 0)[0], ms.values("tau_syn", size, 0)[0]; m != y {
			s.Gain[j] = y / (y - m) * (s.Beta[j] - s.Alpha[j])
		} else {
			s.Gain[j] = dt / m * s.Alpha[j]
		}
		s.Offset[j] = n.values("v_leak", size, 0)[0] * (1 - s.Alpha[j])
	}
	return s, notes, nil
}

// scaled returns a node whose time constants are multiplied with a factor.
func (n *Node) scaled(factor float64) *Node {
	m := &Node{Kind: n.Kind, Values: map[string]Array{}}
	for name, a := range n.Values {
		a.Data = slices.Clone(a.Data)
		for i := range a.Data {
			if strings.HasPrefix(name, "tau") {
				a.Data[i] *= factor
			}
		}
		m.Values[name] = a
	}
	return m
}
