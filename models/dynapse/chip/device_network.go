package chip

import (
	"fmt"
	"slices"

	"github.com/surge-snn/surge/models/dynapse"
)

// Network returns the network that the configuration stands for, to be simulated: the neurons in
// the order of their ids, each with the currents that its core is really set to, and the weights
// that the codes really have. What is connected is found by following the tags from the
// destinations to the synapses. It is the inverse of [Deploy], but for the rounding of currents;
// parameters that are no bias currents have their defaults. WRec is nil where no neuron listens to
// another.
//
// A configuration with synapses of AMPA and GABA alone is taken for what Deploy makes of neurons
// with one synapse: its currents are those of AMPA, and GABA weights are negative. One with NMDA or
// SHUNT becomes a network of [Device.FourSynapses]. Idc is 0 where the constant current of a neuron
// is switched off, and Iw_ahp where its adaptation is. A neuron of the type [Exponential] is
// simulated as the other one, which has a threshold.
//
// Errors: those of [Device.Check]; [ErrDevice] for ids that are not 0, 1, 2, ..., a core without a
// parameter that is simulated, and a tag that nothing sends; [ErrGraph] for tags that two sources
// send to a core (an event would count for both).
func (d *Device) Network() (n dynapse.Network, in Weights, err error) {
	if d == nil {
		return d.network(false) // says so
	}
	for _, chip := range d.Chips {
		for _, core := range chip.Cores {
			for _, cell := range core.Neurons {
				for _, s := range cell.Synapses {
					if s.Dendrite == NMDA || s.Dendrite == SHUNT {
						return d.FourSynapses()
					}
				}
			}
		}
	}
	return d.network(false)
}

// FourSynapses is [Device.Network] with the four dendrites of the chip, whatever the configuration
// uses: a network with [dynapse.Network.FourSynapses], input weights [Pre, 4N] and recurrent
// weights [N, 4N], none of them negative.
//
// Errors: those of Network.
func (d *Device) FourSynapses() (n dynapse.Network, in Weights, err error) { return d.network(true) }

// column is the place of a dendrite in the weights of a neuron, of four types or of one, and the
// sign of its weight.
func (d Dendrite) column(four bool) (at int, sign float64) {
	switch {
	case !four && d == GABA:
		return 0, -1
	case !four:
		return 0, 1
	}
	return slices.Index(dendrites[:], d), 1
}

func (d *Device) network(four bool) (n dynapse.Network, in Weights, err error) {
	if err := d.Check(); err != nil {
		return n, in, err
	}
	r, err := d.receivers()
	if err != nil {
		return n, in, err
	}
	n.N, n.FourSynapses = r.n, four
	n.Params[dynapse.Iscale] = []float64{d.Iscale}
	types := 1
	if four {
		types = dynapse.SynapseTypes
	}
	width := r.n * types
	in = Weights{len(d.Inputs), width, make([]float64, len(d.Inputs)*width)}
	for p := range n.Params {
		if dynapse.Param(p).CurrentOf(four) {
			n.Params[p] = make([]float64, r.n)
		}
	}
	for _, chip := range d.Chips {
		for _, core := range chip.Cores {
			where := fmt.Sprintf("chip %d core %d", chip.Chip, core.Core)
			currents, base, err := core.currents(where, four)
			if err != nil {
				return n, in, err
			}
			for _, cell := range core.Neurons {
				for p, x := range currents {
					if dynapse.Param(p).CurrentOf(four) {
						n.Params[p][cell.ID] = x
					}
				}
				if !cell.DC {
					n.Params[dynapse.Idc][cell.ID] = 0
				}
				if !cell.Adaptation {
					n.Params[dynapse.IwAHP][cell.ID] = 0
				}
				for _, s := range cell.Synapses {
					source, ok := r.source[arrival{[2]int{chip.X, chip.Y}, core.Core, s.Tag}]
					if !ok {
						return n, in, fmt.Errorf("%w: %s neuron %d (id %d) listens to tag %d, which nothing sends there", ErrDevice, where, cell.Neuron, cell.ID, s.Tag)
					}
					column, sign := s.Dendrite.column(four)
					at, w := cell.ID*types+column, sign*base.sum(s.Weight)/d.Iscale
					if source < 0 {
						in.W[^source*width+at] += w
					} else {
						if n.WRec == nil {
							n.WRec = make([]float64, r.n*width)
						}
						n.WRec[source*width+at] += w
					}
				}
			}
		}
	}
	return n, in, nil
}

// currents returns the bias currents of neurons with four synapse types, or one, and the base
// currents of the core.
func (c Core) currents(where string, four bool) (currents [dynapse.NumParams]float64, base BaseCurrents, err error) {
	for p := range currents {
		if !dynapse.Param(p).CurrentOf(four) {
			continue
		}
		if currents[p], err = c.current(where, dynapse.Param(p).String()); err != nil {
			return currents, base, err
		}
	}
	for k, name := range baseNames {
		if base[k], err = c.current(where, name); err != nil {
			return currents, base, err
		}
	}
	return currents, base, nil
}

func (c Core) current(where, name string) (float64, error) {
	parameter, err := DeviceParameter(name)
	if err != nil {
		return 0, err
	}
	p, ok := c.Parameters[parameter]
	if !ok {
		return 0, fmt.Errorf("%w: %s has no %s (%s)", ErrDevice, where, parameter, name)
	}
	return p.Current, nil
}

// arrival is an event at a core of the chip at a place.
type arrival struct {
	chip [2]int
	core int
	tag  int
}

// receivers says what sends the events that arrive at the cores.
type receivers struct {
	n      int             // number of neurons
	source map[arrival]int // neuron id, or ^index of an input
}

func (d *Device) receivers() (r receivers, err error) {
	r.source = map[arrival]int{}
	add := func(source int, from [2]int, list []Destination) error {
		for _, to := range list {
			if to.Monitors() {
				continue
			}
			for core, reached := range to.Cores {
				a := arrival{[2]int{from[0] + to.XHop, from[1] + to.YHop}, core, to.Tag}
				if other, twice := r.source[a]; reached && twice && other != source {
					return fmt.Errorf("%w: two sources send tag %d to core %d of the chip at (%d, %d)", ErrGraph, to.Tag, core, a.chip[0], a.chip[1])
				}
				if reached {
					r.source[a] = source
				}
			}
		}
		return nil
	}
	var ids []int
	for _, chip := range d.Chips {
		for _, core := range chip.Cores {
			for _, cell := range core.Neurons {
				ids = append(ids, cell.ID)
				if err := add(cell.ID, [2]int{chip.X, chip.Y}, cell.Destinations); err != nil {
					return r, err
				}
			}
		}
	}
	slices.Sort(ids)
	for i, id := range ids {
		if i != id {
			return r, fmt.Errorf("%w: %d neurons, but the id %d does not occur", ErrDevice, len(ids), i)
		}
	}
	r.n = len(ids)
	for i, c := range d.Inputs {
		if c.Channel != i {
			return r, fmt.Errorf("%w: input %d has the channel number %d, want %d", ErrDevice, i, c.Channel, i)
		}
		if err := add(^i, d.origin(), c.Destinations); err != nil {
			return r, err
		}
	}
	return r, nil
}

// origin is the place of chip 0, from where the hops of the inputs count.
func (d *Device) origin() [2]int {
	for _, chip := range d.Chips {
		if chip.Chip == 0 {
			return [2]int{chip.X, chip.Y}
		}
	}
	return [2]int{1, 0} // where Deploy puts it
}
