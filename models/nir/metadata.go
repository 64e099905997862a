package nir

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// Metadata are what surge says in a file beside the equations, as metadata of the graph:
//
//	dt              the time step, in time_unit
//	time_unit       of dt and of all time constants: "s", "ms" or "us"
//	discretisation  "exact" or "euler", see [Method]
//	reset           "value" or "subtract", see [Reset]; NIR has no word for the second
//	spike           "above" or "at" the threshold
//	spikes          "pulse": a spike is one of area 1, in time_unit, at an instant; else it is an
//	                input of 1 that is held for a time step
//	producer        "surge"
//
// A reader that does not know them takes the equations as they stand.
type Metadata struct {
	Dt          float64 // 0: not said
	Unit        string  // empty: not said
	Method      Method
	Reset       Reset
	AtThreshold bool
	Pulses      bool
	Producer    string
}

// units are the units of time, in seconds.
var units = map[string]float64{"s": 1, "ms": 1e-3, "us": 1e-6}

// ReadMetadata returns what the metadata of a graph say.
//
// Errors: [ErrMeaning] for a word or a number that is none of those above.
func ReadMetadata(g *Graph) (Metadata, error) {
	var m Metadata
	if g == nil {
		return m, fmt.Errorf("%w: no graph", ErrGraph)
	}
	word := func(key string, known ...string) (string, error) {
		v, ok := g.Metadata[key]
		if !ok {
			return "", nil
		}
		if s, ok := v.(string); ok && (len(known) == 0 || slices.Contains(known, s)) {
			return s, nil
		}
		return "", fmt.Errorf("%w: metadata %s: expected one of %s, found %v", ErrMeaning, key, strings.Join(known, ", "), v)
	}
	switch v := g.Metadata["dt"].(type) {
	case nil:
	case float64:
		m.Dt = v
	case int64:
		m.Dt = float64(v)
	case []float64:
		if len(v) == 1 {
			m.Dt = v[0]
		}
	default:
		m.Dt = math.NaN()
	}
	if _, said := g.Metadata["dt"]; said && !(m.Dt > 0 && m.Dt < math.Inf(1)) {
		return m, fmt.Errorf("%w: metadata dt: expected a positive number, found %v", ErrMeaning, g.Metadata["dt"])
	}
	var err error
	get := func(key string, known ...string) string {
		if err != nil {
			return ""
		}
		var s string
		s, err = word(key, known...)
		return s
	}
	m.Unit = get("time_unit", slices.Sorted(maps.Keys(units))...)
	m.Method = Method(get("discretisation", string(Exact), string(Euler)))
	m.Reset = Reset(get("reset", string(ToValue), string(Subtract), string(NoReset)))
	m.AtThreshold = get("spike", "above", "at") == "at"
	m.Pulses = get("spikes", "pulse") == "pulse"
	if s, ok := g.Metadata["producer"].(string); ok {
		m.Producer = s
	}
	return m, err
}

// Set writes m into the metadata of a graph. What is zero is left out.
func (m Metadata) Set(g *Graph) {
	if g == nil {
		return
	}
	if g.Metadata == nil {
		g.Metadata = map[string]any{}
	}
	if m.Dt > 0 {
		g.Metadata["dt"] = m.Dt
	}
	for key, s := range map[string]string{
		"time_unit": m.Unit, "discretisation": string(m.Method), "reset": string(m.Reset), "producer": m.Producer,
	} {
		if s != "" {
			g.Metadata[key] = s
		}
	}
	if m.Pulses {
		g.Metadata["spikes"] = "pulse"
	}
	if m.Method != "" {
		g.Metadata["spike"] = map[bool]string{false: "above", true: "at"}[m.AtThreshold]
	}
}

// Guess names the library that probably wrote a graph, and why it looks so. An empty name: no idea.
func Guess(g *Graph) (name, why string) {
	if m, err := ReadMetadata(g); err == nil && m.Producer != "" {
		return m.Producer, "the metadata say so"
	}
	flat, err := g.Flat()
	if err != nil {
		return "", ""
	}
	all := func(test func(n *Node) bool) bool {
		found := false
		for _, name := range flat.names() {
			if n := flat.Nodes[name]; n.Values["r"].Data != nil {
				if found = test(n); !found {
					return false
				}
			}
		}
		return found
	}
	tau := func(n *Node) float64 { return n.values("tau", 1, n.values("tau_mem", 1, math.NaN())[0])[0] }
	r := func(n *Node) float64 { return n.values("r", 1, 1)[0] }
	close := func(a, b float64) bool { return math.Abs(a-b) <= 1e-4*math.Abs(b) }
	switch {
	case flat.Nodes["input_1"] != nil && slices.ContainsFunc(flat.names(), func(s string) bool { return strings.HasPrefix(s, "_") }):
		return "spikingjelly", "nodes are named _0, _1, input_1"
	case all(func(n *Node) bool { return close(r(n), tau(n)/1e-4) }):
		return "snntorch", "r is tau/1e-4 in every neuron"
	case all(func(n *Node) bool { return r(n) == 1 && tau(n) < 1e-4 }):
		return "norse", "tau is below 0.1 ms and r is 1: norse 1.1.0 writes dt·tau"
	case all(func(n *Node) bool { return close(r(n), 1-1/tau(n)) }):
		return "spyx", "r is 1-1/tau: the decay of a step, with a time step of 1"
	case all(func(n *Node) bool { return r(n) == 1 && tau(n) >= 1 }):
		return "sinabs", "tau is 1 or more and r is 1: time constants in steps"
	case all(func(n *Node) bool { return n.Kind == "CubaLIF" && r(n) > 1 && rockpoolDt(tau(n), r(n)) > 0 }):
		return "rockpool", "r is tau/dt·e^(-dt/tau) for a dt of a round number of microseconds"
	}
	return "", ""
}

// rockpoolDt returns the time step for which tau/dt·e^(-dt/tau) is r, where it is a round number of
// microseconds, else 0.
func rockpoolDt(tau, r float64) float64 {
	f := func(dt float64) float64 { return tau/dt*math.Exp(-dt/tau) - r }
	lo, hi := tau*1e-6, tau
	if !(f(lo) > 0 && f(hi) < 0) {
		return 0
	}
	for range 100 {
		if mid := (lo + hi) / 2; f(mid) > 0 {
			lo = mid
		} else {
			hi = mid
		}
	}
	if us := lo * 1e6; math.Abs(us-math.Round(us)) < 1e-4*us && math.Round(us) > 0 {
		return lo
	}
	return 0
}

// Warnings lists what a reader of the graph could take for something else, with the numbers in it.
func Warnings(g *Graph) []string {
	var w []string
	m, err := ReadMetadata(g)
	if err != nil {
		return []string{err.Error()}
	}
	if m.Dt == 0 {
		w = append(w, "the file does not say its time step (metadata dt): each reader takes its own")
	}
	if m.Pulses {
		w = append(w, "a spike is a pulse of area 1 (metadata spikes), for networks without time steps: readers that hold an input of 1 for a step of dt take it as dt of that")
	}
	if m.Reset == Subtract {
		w = append(w, "a spike subtracts the threshold, for which NIR has no word: readers that do not know the metadata reset to v_reset")
	}
	unit := units["s"]
	if m.Unit != "" {
		unit = units[m.Unit]
	}
	flat, err := g.Flat()
	if err != nil {
		return append(w, err.Error())
	}
	for _, name := range flat.names() {
		n := flat.Nodes[name]
		for _, f := range []string{"tau", "tau_mem", "tau_syn"} {
			a, ok := n.Values[f]
			if !ok {
				continue
			}
			lo, hi := slices.Min(a.Data), slices.Max(a.Data)
			if hi*unit > 1 {
				w = append(w, fmt.Sprintf("node %q: %s up to %g s: milliseconds or steps?", name, f, hi*unit))
			}
			if m.Dt > 0 && lo < 2*m.Dt {
				w = append(w, fmt.Sprintf("node %q: %s down to %g, less than 2 steps of %g: Euler's method fails there", name, f, lo, m.Dt))
			} else if m.Dt == 0 && lo*unit < 2e-4 {
				w = append(w, fmt.Sprintf("node %q: %s down to %g s: less than 2 steps of 0.1 ms, the time step of most readers", name, f, lo*unit))
			}
		}
		w = append(w, n.weightWarnings(name)...)
	}
	return w
}

// weightWarnings names weights that are easily taken for their transpose.
func (n *Node) weightWarnings(name string) []string {
	w := n.Values["weight"]
	if (n.Kind != "Linear" && n.Kind != "Affine") || w.Shape[0] != w.Shape[1] || w.Shape[0] == 1 {
		return nil
	}
	for i := range w.Shape[0] {
		for j := range i {
			if w.Data[i*w.Shape[1]+j] != w.Data[j*w.Shape[1]+i] {
				return []string{fmt.Sprintf("node %q: the weight is square, so that a reader that takes it as [in, out] does not notice; it is [out, in]", name)}
			}
		}
	}
	return nil
}
