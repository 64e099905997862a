package fit

import (
	"fmt"
	"math"
	"slices"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
	"github.com/surge-snn/surge/optim/minimize"
)

// Tie says which neurons share a value of a fitted parameter.
type Tie uint8

// The ties.
const (
	Core   Tie = iota // those of a core, as on the chip
	Neuron            // none: every neuron has its own; for simulation only
	All               // all
)

// ParseTie reads what String prints.
func ParseTie(name string) (Tie, error) {
	for t, n := range tieNames {
		if n == name {
			return Tie(t), nil
		}
	}
	return 0, fmt.Errorf("%w: tie %q, want core, neuron or all", ErrExperiment, name)
}

var tieNames = [...]string{Core: "core", Neuron: "neuron", All: "all"}

// String returns "core", "neuron" or "all".
func (t Tie) String() string {
	if int(t) < len(tieNames) {
		return tieNames[t]
	}
	return fmt.Sprintf("Tie(%d)", uint8(t))
}

// Range bounds a current in amperes, or a weight; the zero value stands for the default.
type Range struct{ Low, High float64 }

// Space says what is fitted: a network to start from, whose other parameters stay, and the
// parameters that move.
//
// A point of the space is a vector x with a coordinate for each parameter and group of neurons that
// share it: ln I for a current I in amperes, and for a recurrent weight its ratio to the largest of
// the start.
type Space struct {
	// Network is the start. Its Samples must be 0 or 1.
	Network dynapse.Network
	// Core is the core of each neuron, [N]; nil puts all on core 0.
	Core []int
	// Params are the fitted parameters: bias currents and Iscale.
	Params []dynapse.Param
	// Weights fits the recurrent weights too, each by itself. Those that are 0 are connections that
	// do not exist, and stay.
	Weights bool
	// Codes are 4-bit codes of the recurrent weights, [N, N]: the weights are then what they and
	// the Bases make, whatever Network.WRec is. Nil means none.
	Codes *chip.Codes
	// Bases are the base currents Iw_0 to Iw_3 of the codes.
	Bases [chip.WeightBits]Base
	Tie   Tie
	// Bounds of the fitted parameters. Default: the currents that the bias generator has, of those
	// that act as Io below Io not less than Io; two decades around the start for Iscale.
	Bounds [dynapse.NumParams]Range
	// Shift says of fitted currents, by the names that they have in a [Result], by how much ln of
	// what acts on a chip is known to be above ln of what it is set to. Codes are chosen by it:
	// Settable has what acts.
	Shift map[string]float64
	// inCodes are those of the weights of the input channels, [C, N], where these follow from the
	// Bases as the recurrent ones do; nil: Input of the recordings is what comes in.
	inCodes *chip.Codes
	// deviates are parameters that deviate from their values, with a prior of which deviateSD is
	// the standard deviation of the logarithm: of a neuron that is fitted by itself, see deviating.
	deviates  []dynapse.Param
	deviateSD float64
	// Priors are what is known of the parameters beforehand.
	Priors [dynapse.NumParams]Prior
	// WeightBounds are those of recurrent weights; default -100 to 100.
	WeightBounds Range
}

// space is a checked Space.
type space struct {
	Space
	start  dynapse.Params // [N] each
	coords []coordinate
	box    minimize.Box
	x      []float64 // the start
	moved  []string  // what had to be moved into the bounds
	colour int       // how many
	// probes are what is known of the measurement of each recording, and colours those of its
	// nuisances.
	probes  []probe
	colours [len(probeNames)]int
}

// compile checks s.
func (s Space) compile() (*space, error) {
	c := &space{Space: s}
	n := s.Network.N
	if n < 1 {
		return nil, fmt.Errorf("%w: %d neurons, want at least 1", ErrExperiment, n)
	}
	if s.Network.Samples > 1 {
		return nil, fmt.Errorf("%w: a network of %d samples, want 1", ErrExperiment, s.Network.Samples)
	}
	if c.Core == nil {
		c.Core = make([]int, n)
	}
	if len(c.Core) != n {
		return nil, fmt.Errorf("%w: cores of %d neurons, want %d", ErrExperiment, len(c.Core), n)
	}
	for i, v := range s.Network.Params {
		if len(v) == 0 {
			v = []float64{dynapse.Param(i).Default()}
		}
		if len(v) != 1 && len(v) != n {
			return nil, fmt.Errorf("%w: %v has %d values, want 1 or %d", ErrExperiment, dynapse.Param(i), len(v), n)
		}
		c.start[i] = make([]float64, n)
		for j := range n {
			c.start[i][j] = v[j%len(v)]
		}
	}
	if len(s.Params) == 0 && !s.Weights && !slices.ContainsFunc(s.Bases[:], func(b Base) bool { return b.Fit }) {
		return nil, fmt.Errorf("%w: no parameter to fit", ErrExperiment)
	}
	group := c.groups()
	for k, p := range s.Params {
		if four := s.Network.FourSynapses; !p.CurrentOf(four) && p != dynapse.Iscale || p == dynapse.IfNMDA && !four {
			return nil, fmt.Errorf("%w: %v cannot be fitted, want a bias current that acts on the synapses that there are, or Iscale", ErrExperiment, p)
		}
		if slices.Contains(s.Params[:k], p) {
			return nil, fmt.Errorf("%w: %v is there twice", ErrExperiment, p)
		}
		if err := c.addCurrent(current{p}, c.start[p], s.Bounds[p], group); err != nil {
			return nil, err
		}
	}
	for _, p := range s.deviates {
		v := c.start[p][0]
		if err := c.addCurrent(current{p}, c.start[p], Range{v * fmath.Exp(-givenBound*s.deviateSD), v * fmath.Exp(givenBound*s.deviateSD)}, group); err != nil {
			return nil, err
		}
		c.coords[len(c.coords)-1].given = true
		c.Priors[p] = Prior{v, s.deviateSD}
	}
	if err := c.addBases(group); err != nil {
		return nil, err
	}
	return c, c.addWeights()
}

// givenBound is how many standard deviations given parameters may be away.
const givenBound = 3

// deviating are what a membrane depends on otherwise than on the currents that are fitted: a
// capacitance of the synapse is as good as another Itau_syn and Igain_syn, and Ut, which acts in
// time constants alone, as another C_mem. Of the adaptation, where it acts, and of Idc those that
// are not fitted count.
func (s *space) deviating() []dynapse.Param {
	list := []dynapse.Param{dynapse.Io, dynapse.KappaN, dynapse.CMem}
	given := []dynapse.Param{dynapse.Idc}
	if slices.Max(s.start[dynapse.IwAHP]) > slices.Min(s.start[dynapse.Io]) {
		given = append(given, dynapse.ItauAHP, dynapse.IgainAHP)
	}
	for _, p := range given {
		if !slices.Contains(s.Params, p) && slices.Min(s.start[p]) > 0 {
			list = append(list, p)
		}
	}
	return list
}

// moving are the parameters that coordinates give a value.
func (s *Space) moving() []dynapse.Param { return slices.Concat(s.Params, s.deviates) }

// types is the number of columns of input, and of weights, that a neuron has.
func (s *Space) types() int {
	if s.Network.FourSynapses {
		return dynapse.SynapseTypes
	}
	return 1
}

// groups returns the group of each neuron.
func (s *space) groups() []int {
	g := make([]int, s.Network.N)
	for j := range g {
		switch s.Tie {
		case Neuron:
			g[j] = j
		case Core:
			g[j] = s.Core[j]
		}
	}
	return g
}

// addCurrent adds the coordinates of a current with a start for each neuron.
func (s *space) addCurrent(q quantity, start []float64, bounds Range, group []int) error {
	bounds, err := s.bounds(q, bounds)
	if err != nil {
		return err
	}
	labels := slices.Compact(slices.Sorted(slices.Values(group)))
	for _, g := range labels {
		k := coordinate{quantity: q, name: q.parameter(), group: g, label: -1, colour: s.colour}
		if len(labels) > 1 {
			k.name, k.label = fmt.Sprintf("%s[%d]", k.name, g), g
		}
		for j := range group {
			if group[j] == g {
				k.neurons = append(k.neurons, j)
			}
		}
		x := 0.0
		for _, j := range k.neurons { // the geometric mean
			x += fmath.Log(max(start[j], bounds.Low*1e-6)) / float64(len(k.neurons))
		}
		lo, hi := fmath.Log(bounds.Low), fmath.Log(bounds.High)
		in := min(max(x, lo), hi)
		if math.Abs(in-x) > 1e-9 {
			s.moved = append(s.moved, fmt.Sprintf("%s starts at %.4g A, its bound, in place of %.4g A", k.name, fmath.Exp(in), start[k.neurons[0]]))
		}
		s.add(k, in, lo, hi)
	}
	s.colour++
	return nil
}

func (s *space) add(k coordinate, x, lo, hi float64) {
	s.coords, s.x = append(s.coords, k), append(s.x, x)
	s.box.Lower, s.box.Upper = append(s.box.Lower, lo), append(s.box.Upper, hi)
}

// bounds returns the bounds of a current in amperes: b, or the default.
func (s *space) bounds(q quantity, b Range) (Range, error) {
	p := dynapse.Param(dynapse.NumParams)
	if c, ok := q.(current); ok {
		p = c.param
	}
	if b == (Range{}) && p == dynapse.Iscale {
		b = Range{slices.Min(s.start[p]) / 100, slices.Max(s.start[p]) * 100}
	}
	if b == (Range{}) {
		bias, err := biasOf(q)
		if err != nil {
			return b, err
		}
		if b.Low, b.High, err = bias.Range(); err != nil {
			return b, err
		}
		switch p {
		case dynapse.ItauMem, dynapse.IgainMem, dynapse.ItauSyn, dynapse.IgainSyn, dynapse.ItauAHP, dynapse.IgainAHP,
			dynapse.ItauGABA, dynapse.IgainGABA, dynapse.ItauNMDA, dynapse.IgainNMDA, dynapse.ItauSHUNT, dynapse.IgainSHUNT:
			b.Low = max(b.Low, slices.Max(s.start[dynapse.Io]))
		}
	}
	if !(b.Low > 0) || !(b.High > b.Low) || math.IsInf(b.High, 0) {
		return b, fmt.Errorf("%w: bounds of %s are [%v, %v], want 0 < low < high", ErrExperiment, q.parameter(), b.Low, b.High)
	}
	return b, nil
}

func (s *space) addWeights() error {
	n := s.Network.N
	if !s.Weights {
		return nil
	}
	if s.Network.FourSynapses {
		return fmt.Errorf("%w: weights of four synapse types cannot be fitted, but their currents can", ErrExperiment)
	}
	if len(s.Network.WRec) != n*n {
		return fmt.Errorf("%w: %d recurrent weights to fit, want %d", ErrExperiment, len(s.Network.WRec), n*n)
	}
	b := s.WeightBounds
	if b == (Range{}) {
		b = Range{-100, 100}
	}
	if !(b.Low < b.High) {
		return fmt.Errorf("%w: bounds of w_rec are [%v, %v], want low < high", ErrExperiment, b.Low, b.High)
	}
	largest := 0.0
	for _, w := range s.Network.WRec {
		largest = max(largest, math.Abs(w))
	}
	for i, w := range s.Network.WRec {
		if w != 0 {
			s.add(coordinate{quantity: weight{i, largest}, name: fmt.Sprintf("%s[%d][%d]", weightName, i/n, i%n), label: -1, neurons: []int{i % n}, colour: s.colour + i/n},
				min(max(w, b.Low), b.High)/largest, b.Low/largest, b.High/largest)
		}
	}
	s.colour += n
	return nil
}

// smooths lists the coordinates that act smoothly.
func (s *space) smooths() (list []int) {
	for k, c := range s.coords {
		if !c.steps() {
			list = append(list, k)
		}
	}
	return list
}

func (s *space) names() (names []string) {
	for _, k := range s.coords {
		names = append(names, k.name)
	}
	return names
}

// network returns the network at the points xs, side by side as samples.
func (s *space) network(xs ...[]float64) dynapse.Network { return s.system(xs...).Network }

// system returns the networks at the points xs, and how they are measured.
func (s *space) system(xs ...[]float64) system {
	n, m := s.Network.N, len(xs)
	net, all := s.Network, system{}
	if m > 1 {
		net.Samples = m
	}
	for _, p := range s.moving() {
		net.Params[p] = make([]float64, m*n)
	}
	if s.Weights || s.Codes != nil {
		net.WRec = slices.Repeat(s.Network.WRec, m)
	}
	for i, x := range xs {
		one := s.sample(&net, i)
		s.apply(one, x)
		if s.Codes != nil {
			s.decode(one.weights, s.Codes, one)
		}
		if s.inCodes != nil {
			w := make([]float64, len(s.inCodes.Code))
			s.decode(w, s.inCodes, one)
			all.in = append(all.in, w)
		}
		all.probes = append(all.probes, one.probes)
	}
	all.Network = net
	return all
}

// sample returns sample i of what is fitted of a network, which shares its memory; base currents
// are those of the start.
func (s *space) sample(net *dynapse.Network, i int) *sample {
	n := s.Network.N
	one := &sample{probes: slices.Clone(s.probes)}
	for k := range one.probes {
		for q, list := range s.probes[k].state {
			one.probes[k].state[q] = slices.Clone(list)
		}
	}
	for _, p := range s.moving() {
		one.params[p] = net.Params[p][i*n : (i+1)*n]
	}
	if s.Weights || s.Codes != nil {
		size := n * n * s.types()
		one.weights = net.WRec[i*size : (i+1)*size]
	}
	if s.coded() {
		for k, b := range s.Bases {
			one.bases[k] = slices.Clone(b.Start)
		}
	}
	return one
}

// apply gives a sample what the coordinates say.
func (s *space) apply(one *sample, x []float64) {
	for k, c := range s.coords {
		c.apply(one, c.neurons, x[k])
	}
}

// pull adds to grad, [n], the gradient with respect to x, of the network net at x, that belongs to
// one with respect to the parameters of a network with any number of samples, and to those with
// respect to how each is measured, if there are.
func (s *space) pull(grad, x []float64, net dynapse.Network, g *dynapse.Gradient, probes [][]probe) {
	n := s.Network.N
	for i := range max(net.Samples, 1) {
		one, by := s.sample(&net, i), new(sample)
		for _, p := range s.moving() {
			if d := g.Params[p]; len(d) > 0 {
				by.params[p] = d[i*n : (i+1)*n]
			}
		}
		if g.WRec != nil && one.weights != nil {
			size := n * n * s.types()
			by.weights = g.WRec[i*size : (i+1)*size]
		}
		if i < len(probes) {
			by.probes = probes[i]
			for k, c := range s.coords {
				if _, ok := c.quantity.(nuisance); ok {
					c.apply(one, c.neurons, x[k])
				}
			}
		}
		if s.Codes != nil {
			for k, c := range s.coords {
				if _, ok := c.quantity.(base); ok {
					c.apply(one, c.neurons, x[k])
				}
			}
			s.pullCodes(one, by)
		}
		for k, c := range s.coords {
			c.pull(&grad[k], one, by, c.neurons)
		}
	}
}

// value returns the parameter of coordinate k: a current in amperes, or a weight.
func (s *space) value(k int, x float64) float64 { return s.coords[k].value(x) }

// index returns the coordinates of a current of the neuron.
func (s *space) index(p dynapse.Param) []int {
	return s.where(func(c coordinate) bool { return c.is(p) })
}

// where returns the coordinates for which is holds.
func (s *space) where(is func(coordinate) bool) (list []int) {
	for k, c := range s.coords {
		if is(c) {
			list = append(list, k)
		}
	}
	return list
}

// biasOf returns the bias parameter that sets a current.
func biasOf(q quantity) (chip.Bias, error) {
	name, ok := q.bias()
	if !ok {
		return chip.Bias{}, fmt.Errorf("%w: the bias generator has no current for %s", ErrExperiment, q.parameter())
	}
	return chip.BiasOf(name)
}
