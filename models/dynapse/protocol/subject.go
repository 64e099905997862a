package protocol

import (
	"fmt"
	"math"
	"slices"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
)

// Subject is what is measured: neurons whose currents are those that a chip is to be set to.
type Subject struct {
	// Network has the currents, equal within a core, and the time step, in which everything is
	// recorded. Recurrent weights are left out: the neurons are measured each by itself.
	Network dynapse.Network
	// Core is the core of each neuron, [N]; nil puts all on core 0.
	Core []int
	// In are the weights of the input channels, [C, N]; nil: each neuron has a channel of weight 1.
	In *chip.Weights
	// Seed is that of the input of [Check].
	Seed uint64
}

// subject is a checked Subject.
type subject struct {
	Subject
	n         int
	dt        float64
	quantised *chip.Quantised
	channels  int
	in        chip.Weights   // as the chip has them
	idc       []float64      // that is wanted, A: the one whose factors recordings have
	set       dynapse.Params // currents of the codes, [N], with adaptation as it is set, and the constants
}

// mostNeurons is that of a chip.
const mostNeurons = chip.CoresPerChip * 256

func (s Subject) compile() (*subject, error) {
	n := s.Network.N
	switch {
	case n < 1 || n > mostNeurons:
		return nil, fmt.Errorf("%w: %d neurons, want 1 to %d", ErrSubject, n, mostNeurons)
	case s.Network.Samples > 1 || s.Network.FourSynapses:
		return nil, fmt.Errorf("%w: the procedure is for neurons with a single synapse, of one chip", ErrSubject)
	}
	s.Network.WRec = nil
	if s.Core == nil {
		s.Core = make([]int, n)
	}
	if s.In == nil {
		s.In = &chip.Weights{Pre: n, Post: n, W: make([]float64, n*n)}
		for j := range n {
			s.In.W[j*n+j] = 1
		}
	}
	if len(s.Core) != n || s.In.Post != n || len(s.In.W) != s.In.Pre*n || s.In.Pre < 1 {
		return nil, fmt.Errorf("%w: cores of %d neurons and weights of %d x %d, want %d neurons", ErrSubject, len(s.Core), s.In.Pre, s.In.Post, n)
	}
	params, err := s.Network.Params.Expand(n)
	if err != nil {
		return nil, err
	}
	s.Network.Params = params
	c := &subject{Subject: s, n: n, dt: params[dynapse.Dt][0], channels: s.In.Pre}
	if c.quantised, err = chip.Quantise(*s.In, chip.Weights{}, s.Core, chip.QuantiseSettings{Iscale: params[dynapse.Iscale][0], Seed: s.Seed, DAC: true}); err != nil {
		return nil, err
	}
	c.set, c.idc = params, params[dynapse.Idc]
	d, err := c.device(nil, true)
	if err != nil {
		return nil, err
	}
	net, in, err := d.Network()
	if err != nil {
		return nil, err
	}
	c.in = in
	for p := range dynapse.Param(dynapse.NumParams) {
		if net.Params[p] != nil {
			c.set[p] = net.Params[p]
			for len(c.set[p]) < n {
				c.set[p] = append(c.set[p], c.set[p][0])
			}
		}
	}
	return c, nil
}

// device is the configuration with constant currents, [N] in A or nil for those of the subject, and
// with adaptation or without it.
func (c *subject) device(idc []float64, adapts bool) (*chip.Device, error) {
	n := c.Network
	n.Params = c.set
	if idc != nil {
		n.Params[dynapse.Idc] = idc
	}
	if !adapts {
		n.Params[dynapse.IwAHP] = make([]float64, c.n)
	}
	return chip.Deploy(n, c.quantised, chip.DeploySettings{})
}

// adapts says whether the subject has adaptation.
func (c *subject) adapts() bool {
	for j, x := range c.set[dynapse.IwAHP] {
		if x > c.set[dynapse.Io][j] {
			return true
		}
	}
	return false
}

// bins is a time in bins.
func (c *subject) bins(seconds float64) int { return max(int(math.Round(seconds/c.dt)), 10) }

// network is the network of some currents without adaptation, or with it.
func (c *subject) network(params dynapse.Params, adapts bool) dynapse.Network {
	n := c.Network
	n.Params = params
	if !adapts {
		n.Params[dynapse.IwAHP] = make([]float64, c.n)
	}
	return n
}

// rheobase returns of each neuron the least constant current with which it spikes within a second,
// A: the median of those of its core.
func (c *subject) rheobase(params dynapse.Params) ([]float64, error) {
	const levels, least, most = 60, 1, 100 // in units of the leak
	steps := c.bins(1)
	net := c.network(params, false)
	net.Params[dynapse.Idc] = slices.Clone(params[dynapse.ItauMem])
	in := dynapse.Input{T: steps, B: levels, Counts: make([]float64, steps*levels*c.n)}
	level := func(b int) float64 { return least * math.Pow(most/least, float64(b)/(levels-1)) }
	for range steps {
		for b := range levels {
			in.DC = append(in.DC, slices.Repeat([]float64{level(b)}, c.n)...)
		}
	}
	run, err := net.Simulate(in)
	if err != nil {
		return nil, err
	}
	own := slices.Repeat([]float64{math.NaN()}, c.n)
	for b := levels - 1; b >= 0; b-- {
		fired := make([]bool, c.n)
		for i, s := range run.Spikes {
			if i/c.n%levels == b && s > 0 {
				fired[i%c.n] = true
			}
		}
		for j, yes := range fired {
			if yes {
				own[j] = level(b) * params[dynapse.ItauMem][j]
			}
		}
	}
	of := map[int][]float64{}
	for j, x := range own {
		if x == x {
			of[c.Core[j]] = append(of[c.Core[j]], x)
		}
	}
	for j := range own {
		list := slices.Sorted(slices.Values(of[c.Core[j]]))
		if len(list) == 0 { // which nobody would measure at its highest
			own[j] = most / 10 * params[dynapse.ItauMem][j]
			continue
		}
		own[j] = list[len(list)/2]
	}
	return own, nil
}
