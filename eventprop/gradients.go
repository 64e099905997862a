package eventprop

import (
	"fmt"
	"math"
)

// Gradients are the derivatives of a loss with respect to the parameters of a layer, summed over
// the passes that were added. A nil slice is not computed; weights alone are the cheapest. The
// lengths are those of the parameters: one per synapse, and for the parameters of neurons 1 (shared
// by all) or N.
type Gradients struct {
	In, InDelay   []float64
	Rec, RecDelay []float64

	TauMem, TauSyn, VTh, VLeak, VReset, VInit, IInit []float64

	Neuron [][]float64 // of each of the parameters of Layer.Neuron
}

// NewWeightGradients returns zero gradients for the weights of l.
func (l *Layer) NewWeightGradients() *Gradients {
	if l == nil {
		return &Gradients{}
	}
	g := &Gradients{In: make([]float64, len(l.In.Weight))}
	if l.Rec != nil {
		g.Rec = make([]float64, len(l.Rec.Weight))
	}
	return g
}

// NewGradients returns zero gradients for everything in l. VInit is left out where it is nil in the
// parameters: V then starts at VLeak, whose gradient has it.
func (l *Layer) NewGradients() *Gradients {
	g := l.NewWeightGradients()
	if l == nil {
		return g
	}
	if l.In.Delay != nil {
		g.InDelay = make([]float64, len(l.In.Delay))
	}
	if l.Rec != nil && l.Rec.Delay != nil {
		g.RecDelay = make([]float64, len(l.Rec.Delay))
	}
	if l.Neuron != nil {
		for _, p := range l.Neuron.Parameters() {
			g.Neuron = append(g.Neuron, make([]float64, len(p.Values)))
		}
		return g
	}
	like := func(v []float64) []float64 { return make([]float64, max(len(v), 1)) }
	p := &l.Params
	g.TauMem, g.TauSyn, g.VTh, g.VLeak, g.VReset, g.IInit = like(p.TauMem), like(p.TauSyn), like(p.VTh), like(p.VLeak), like(p.VReset), like(p.IInit)
	if p.VInit != nil {
		g.VInit = like(p.VInit)
	}
	return g
}

// part is one slice of Gradients.
type part struct {
	name   string
	values []float64
	most   int  // length where it is not per neuron
	neuron bool // 1 or N
}

// parts are in the order in which [Gradients.All] goes.
func (g *Gradients) parts(l *Layer) [11]part {
	rec, recDelay := 0, 0
	if l.Rec != nil {
		rec, recDelay = len(l.Rec.Weight), len(l.Rec.Delay)
	}
	return [...]part{
		{"In", g.In, len(l.In.Weight), false}, {"InDelay", g.InDelay, len(l.In.Delay), false},
		{"Rec", g.Rec, rec, false}, {"RecDelay", g.RecDelay, recDelay, false},
		{"TauMem", g.TauMem, 0, true}, {"TauSyn", g.TauSyn, 0, true}, {"VTh", g.VTh, 0, true}, {"VLeak", g.VLeak, 0, true},
		{"VReset", g.VReset, 0, true}, {"VInit", g.VInit, 0, true}, {"IInit", g.IInit, 0, true},
	}
}

func (g *Gradients) check(l *Layer) error {
	if g == nil {
		return fmt.Errorf("%w: no gradients", ErrShape)
	}
	n := l.Neurons()
	for _, p := range g.parts(l) {
		switch {
		case p.values == nil:
		case p.neuron && len(p.values) != 1 && len(p.values) != n:
			return fmt.Errorf("%w: gradient of %s has length %d, want 1 or %d", ErrShape, p.name, len(p.values), n)
		case !p.neuron && len(p.values) != p.most:
			return fmt.Errorf("%w: gradient of %s has length %d, want %d", ErrShape, p.name, len(p.values), p.most)
		}
	}
	if g.Neuron == nil {
		return nil
	}
	var params []NeuronParameter
	if l.Neuron != nil {
		params = l.Neuron.Parameters()
	}
	if len(params) != len(g.Neuron) {
		return fmt.Errorf("%w: gradients of %d parameters of the neuron, want %d", ErrShape, len(g.Neuron), len(params))
	}
	for k, p := range params {
		if have := len(g.Neuron[k]); have != 0 && have != len(p.Values) {
			return fmt.Errorf("%w: gradient of %s has length %d, want %d", ErrShape, p.Name, have, len(p.Values))
		}
	}
	return nil
}

// Add adds other, which must have the same slices (ErrShape), to g.
func (g *Gradients) Add(other *Gradients) error {
	if g == nil || other == nil {
		return fmt.Errorf("%w: no gradients to add", ErrShape)
	}
	var l Layer
	theirs := other.parts(&l)
	for k, p := range g.parts(&l) {
		if len(p.values) != len(theirs[k].values) {
			return fmt.Errorf("%w: gradients of %s of the lengths %d and %d", ErrShape, p.name, len(p.values), len(theirs[k].values))
		}
	}
	for k := range max(len(g.Neuron), len(other.Neuron)) {
		if len(g.Neuron) != len(other.Neuron) || len(g.Neuron[k]) != len(other.Neuron[k]) {
			return fmt.Errorf("%w: gradients of different parameters of neurons", ErrShape)
		}
	}
	for k, p := range g.parts(&l) {
		for i := range p.values {
			p.values[i] += theirs[k].values[i]
		}
	}
	for k, v := range g.Neuron {
		for i := range v {
			v[i] += other.Neuron[k][i]
		}
	}
	return nil
}

// Reset sets all values to zero.
func (g *Gradients) Reset() {
	if g == nil {
		return
	}
	var l Layer
	for _, p := range g.parts(&l) {
		clear(p.values)
	}
	for _, v := range g.Neuron {
		clear(v)
	}
}

// finite returns an error that names a value that is not finite.
func (g *Gradients) finite(l *Layer) error {
	for _, p := range g.parts(l) {
		for i, x := range p.values {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return fmt.Errorf("%w: gradient of %s[%d] is %g", ErrNonFinite, p.name, i, x)
			}
		}
	}
	for k, v := range g.Neuron {
		for i, x := range v {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return fmt.Errorf("%w: gradient of %s[%d] is %g", ErrNonFinite, l.Neuron.Parameters()[k].Name, i, x)
			}
		}
	}
	return nil
}

// accumulate adds x to the gradient of a parameter of neuron j.
func accumulate(p []float64, j int, x float64) {
	switch len(p) {
	case 0:
	case 1:
		p[0] += float64(x) // the conversion keeps a product from being fused with the sum
	default:
		p[j] += float64(x)
	}
}

// Cotangent is the derivative of a loss with respect to what a pass puts out. Begin with
// [Cotangent.Reset].
type Cotangent struct {
	Time     []float64 // dL/d(time) of each spike of the layer
	Integral []float64 // dL/d([Tape.Integral]) of each neuron; nil for none
	Decay    float64   // s, of the weight of these integrals

	probes   []probe
	first    []int     // memory of First
	integral []float64 // and of Integral
	numbers  []float64 // and of Loss
}

// probe is a derivative with respect to a voltage at a time or to a peak.
type probe struct {
	neuron          int32
	source, synapse int32 // as in Peak
	moves           int32 // touch it moves with in the general engine, -1 for none; set by sortProbes
	kind            kind
	time            float64
	slope           float64
	grad            float64
}

// Reset makes c zero for the spikes of t. It keeps its memory. Where there is no cotangent, this
// and the two below do nothing.
func (c *Cotangent) Reset(t *Tape) {
	if c == nil {
		return
	}
	c.Time = c.Time[:0]
	if t != nil {
		c.Time = zeroed(c.Time, len(t.Spikes))
	}
	c.Integral, c.Decay, c.probes = nil, 0, c.probes[:0]
}

// AddVoltage adds g dV for the voltage of neuron j at the fixed time s, see [Tape.Voltage].
func (c *Cotangent) AddVoltage(j int, s, g float64) {
	c.add(probe{neuron: int32(j), kind: still, time: s, grad: g})
}

// AddPeak adds g d(p.Value). A maximum between events does not change to first order as its time
// does; one in a kink moves with the arrival that makes it.
func (c *Cotangent) AddPeak(p Peak, g float64) {
	c.add(probe{neuron: p.neuron, source: p.source, synapse: p.synapse, kind: p.kind, time: p.Time, slope: p.slope, grad: g})
}

func (c *Cotangent) add(p probe) {
	if c != nil {
		c.probes = append(c.probes, p)
	}
}

func (c *Cotangent) checkTimes(t *Tape) error {
	if c == nil {
		return fmt.Errorf("%w: no cotangent", ErrShape)
	}
	if len(c.Time) != len(t.Spikes) {
		return fmt.Errorf("%w: cotangent has %d times, want %d, one per spike", ErrShape, len(c.Time), len(t.Spikes))
	}
	return nil
}

func (c *Cotangent) check(t *Tape) error {
	if c == nil {
		return fmt.Errorf("%w: no cotangent", ErrShape)
	}
	if !t.plan.fits() {
		return fmt.Errorf("%w: the layer has changed since the forward pass", ErrShape)
	}
	if err := c.checkTimes(t); err != nil {
		return err
	}
	n := len(t.plan.cells)
	if c.Integral != nil && len(c.Integral) != n {
		return fmt.Errorf("%w: cotangent has %d integrals, want %d, one per neuron", ErrShape, len(c.Integral), n)
	}
	for k, p := range c.probes {
		if p.neuron < 0 || int(p.neuron) >= n || !(p.time >= 0 && p.time <= t.end) ||
			p.kind == arrivalIn && int(p.source) >= t.head || p.kind == arrivalRec && int(p.source) >= len(t.Spikes) {
			return fmt.Errorf("%w: cotangent %d is of the voltage of neuron %d of %d at %g s of %g s", ErrShape, k, p.neuron, n, p.time, t.end)
		}
	}
	_, err := decayRate(c.Decay)
	return err
}

// zeroCopy returns zero gradients with the slices of g, in the memory of dst if it fits. Those of
// synapses are arbitrary.
func (g *Gradients) zeroCopy(dst *Gradients) *Gradients {
	if dst == nil {
		dst = new(Gradients)
	}
	var l Layer
	from, to := g.parts(&l), dst.slices()
	for k, p := range from {
		switch {
		case p.values == nil:
			*to[k] = nil
		case p.neuron:
			*to[k] = zeroed(*to[k], len(p.values))
		default:
			*to[k] = resize(*to[k], len(p.values))
		}
	}
	if dst.Neuron = resize(dst.Neuron, len(g.Neuron)); g.Neuron == nil {
		dst.Neuron = nil
	}
	for k, v := range g.Neuron {
		dst.Neuron[k] = zeroed(dst.Neuron[k], len(v))
	}
	return dst
}

// slices are in the order of parts.
func (g *Gradients) slices() [11]*[]float64 {
	return [...]*[]float64{
		&g.In, &g.InDelay, &g.Rec, &g.RecDelay, &g.TauMem, &g.TauSyn, &g.VTh, &g.VLeak, &g.VReset, &g.VInit, &g.IInit,
	}
}

// perNeuron returns the slices of g that are not of synapses.
func (g *Gradients) perNeuron() Gradients {
	n := *g
	n.In, n.InDelay, n.Rec, n.RecDelay = nil, nil, nil, nil
	return n
}
