package chip

import (
	"errors"
	"fmt"
	"slices"

	"github.com/surge-snn/surge/models/dynapse"
)

// DeviceFormat is the value of the member "format" of a device file. Files of version 1 have
// neither adaptation latches nor types of neurons; [ReadDevice] reads them as they were meant, with
// adaptation as its currents make it, and with a threshold.
const DeviceFormat = "surge-dynapse2/2"

// formerFormat is version 1.
const formerFormat = "surge-dynapse2/1"

// Device is the configuration of a board of DynapSE-2 chips: the codes of the bias generators, and
// for each neuron its incoming connections (a memory of tags to listen to) and its outgoing ones (a
// memory of places to send tags to). It is written and read as JSON by [Device.Write] and
// [ReadDevice], and made from a network by [Deploy].
//
// Things that the network does not use are left out.
type Device struct {
	Format string    `json:"format"` // [DeviceFormat]
	Iscale float64   `json:"iscale"` // current of a weight of 1, A: of the simulation alone
	Chips  []Chip    `json:"chips"`
	Inputs []Channel `json:"inputs"`
}

// Chip is a chip of the board at a place of the grid over which events are routed.
type Chip struct {
	Chip  int    `json:"chip"` // 0 to 3
	X     int    `json:"x"`
	Y     int    `json:"y"`
	Cores []Core `json:"cores"`
}

// Core is a core of a chip. Its neurons share its parameters.
type Core struct {
	Core       int                      `json:"core"`       // 0 to 3
	Parameters map[string]CoreParameter `json:"parameters"` // by device name: SOIF_LEAK_N
	Neurons    []Cell                   `json:"neurons"`
}

// CoreParameter is a setting of the bias generator with the current that it stands for.
type CoreParameter struct {
	Setting
	Wanted float64 `json:"wanted"` // current of the network, A, to which Current is the nearest that can be set
}

// Cell is a neuron on the chip.
type Cell struct {
	Neuron       int           `json:"neuron"` // place in the core, 0 to 255
	ID           int           `json:"id"`     // index in the network
	DC           bool          `json:"dc"`     // the constant current Idc flows into the membrane
	Adaptation   bool          `json:"adaptation"`
	Type         CellType      `json:"type"`
	Synapses     []Synapse     `json:"synapses"`
	Destinations []Destination `json:"destinations"`
}

// CellType is the kind of a neuron, one of two that a latch chooses between.
type CellType string

// The kinds: that of DynapSim, which spikes where Imem exceeds Ispkthr, and the exponential neuron
// without that threshold, which is not simulated.
const (
	Thresholded CellType = "thresholded"
	Exponential CellType = "exponential"
)

// Cascode is the device parameter of the cascode transistor of the adaptation, and CascodeCode what
// it is set to where a neuron of the core adapts: nearly all that it can be, as published programs
// for the chip do. It is not simulated; without it the adaptation currents of the chip do nothing.
const Cascode = "SOAD_CASC_P"

// CascodeCode is the setting of [Cascode].
var CascodeCode = Code{Coarse: 5, Fine: 254}

// Synapse is an entry in the memory of incoming connections.
type Synapse struct {
	Tag      int      `json:"tag"`    // of the events to listen to, 0 to 2047
	Weight   uint8    `json:"weight"` // bit k adds the base current Iw_k, 0 to 15
	Dendrite Dendrite `json:"dendrite"`
}

// Dendrite is the circuit that a synapse drives.
type Dendrite string

// The dendrites: two that excite and two that inhibit.
const (
	AMPA  Dendrite = "ampa"
	GABA  Dendrite = "gaba"
	NMDA  Dendrite = "nmda"
	SHUNT Dendrite = "shunt"
)

// dendrites are all, in the order of the columns of weights with four synapse types.
var dendrites = [dynapse.SynapseTypes]Dendrite{AMPA, GABA, NMDA, SHUNT}

// Destination is an entry in the memory of outgoing connections: an event with this tag goes to
// some cores of one chip.
type Destination struct {
	Cores [CoresPerChip]bool `json:"cores"`
	XHop  int                `json:"x_hop"` // chips to the right, -7 to 7
	YHop  int                `json:"y_hop"` // chips up, -7 to 7
	Tag   int                `json:"tag"`   // 0 to 2047
}

// maxHop is how far an event travels; an event that goes so far to the left and down leaves the
// board and is recorded.
const maxHop = 7

// Monitors says whether the destination is the way out of the board.
func (d Destination) Monitors() bool { return d.XHop == -maxHop && d.YHop == -maxHop }

// Channel says where the events of an input of the network go; hops count from chip 0.
type Channel struct {
	Channel      int           `json:"channel"`
	Destinations []Destination `json:"destinations"`
}

// ErrDevice signifies a device configuration that contradicts itself or the chip; the message names
// all places.
var ErrDevice = errors.New("chip: bad device configuration")

// Check says what is wrong with the configuration: [ErrFit] for what exceeds the chip (64 synapses
// and 4 destinations of a neuron, 256 neurons of a core, 4 cores of a chip, 4 chips, tags of 11
// bits), [ErrDevice] for everything else (names that the chip does not have, codes and currents
// that disagree, things that occur twice). All faults are in the error, one a line.
func (d *Device) Check() error {
	if d == nil {
		return fmt.Errorf("%w: none", ErrDevice)
	}
	var f faults
	if d.Format != DeviceFormat {
		f.bad("format %q, want %q", d.Format, DeviceFormat)
	}
	if _, err := positive(d.Iscale, "iscale"); err != nil {
		f.bad("%v", err)
	}
	f.limit("board", "chips", len(d.Chips), MaxChips)
	chips, ids, places := unique{}, unique{}, map[[2]int]bool{}
	for _, chip := range d.Chips {
		where := fmt.Sprintf("chip %d", chip.Chip)
		chips.add(&f, "board", "chip", chip.Chip, MaxChips)
		if places[[2]int{chip.X, chip.Y}] {
			f.bad("%s: another one is at (%d, %d), too", where, chip.X, chip.Y)
		}
		places[[2]int{chip.X, chip.Y}] = true
		cores := unique{}
		for _, core := range chip.Cores {
			cores.add(&f, where, "core", core.Core, CoresPerChip)
			core.check(&f, fmt.Sprintf("%s core %d", where, core.Core), ids)
		}
	}
	channels := unique{}
	for _, c := range d.Inputs {
		channels.add(&f, "inputs", "channel", c.Channel, 0)
		checkDestinations(&f, fmt.Sprintf("input %d", c.Channel), c.Destinations)
	}
	return f.err()
}

func (c Core) check(f *faults, where string, ids unique) {
	for _, name := range sortedKeys(c.Parameters) {
		p := c.Parameters[name]
		b, err := BiasOf(name)
		if err != nil {
			f.bad("%s: %v", where, err)
			continue
		}
		if current, err := b.Current(p.Code); err != nil {
			f.bad("%s: %v", where, err)
		} else if current != p.Current {
			f.bad("%s: %s is set to %v, %v A, but the file says %v A", where, name, p.Code, current, p.Current)
		}
		if err := dynapse.Idc.Check(p.Wanted); err != nil { // any current >= 0
			f.bad("%s: %s: wanted %v A", where, name, p.Wanted)
		}
	}
	f.limit(where, "neurons", len(c.Neurons), NeuronsPerCore)
	neurons := unique{}
	for _, n := range c.Neurons {
		neurons.add(f, where, "neuron", n.Neuron, NeuronsPerCore)
		ids.add(f, where, "neuron with id", n.ID, 0)
		n.check(f, fmt.Sprintf("%s neuron %d (id %d)", where, n.Neuron, n.ID))
	}
}

func (n Cell) check(f *faults, where string) {
	if n.Type != Thresholded && n.Type != Exponential {
		f.bad("%s: type %q, want %s or %s", where, n.Type, Thresholded, Exponential)
	}
	f.limit(where, "synapses", len(n.Synapses), SynapsesPerNeuron)
	for i, s := range n.Synapses {
		if s.Tag < 0 || s.Tag >= Tags {
			f.exceeds("%s: synapse %d has tag %d, want 0 to %d", where, i, s.Tag, Tags-1)
		}
		if s.Weight >= 1<<WeightBits {
			f.exceeds("%s: synapse %d has weight %d, want 0 to %d", where, i, s.Weight, 1<<WeightBits-1)
		}
		if !slices.Contains(dendrites[:], s.Dendrite) {
			f.bad("%s: synapse %d has dendrite %q, want %s, %s, %s or %s", where, i, s.Dendrite, AMPA, GABA, NMDA, SHUNT)
		}
	}
	f.limit(where, "destinations", len(n.Destinations), DestinationsPerNeuron)
	checkDestinations(f, where, n.Destinations)
}

func checkDestinations(f *faults, where string, list []Destination) {
	for i, d := range list {
		if d.Tag < 0 || d.Tag >= Tags {
			f.exceeds("%s: destination %d has tag %d, want 0 to %d", where, i, d.Tag, Tags-1)
		}
		if max(d.XHop, -d.XHop, d.YHop, -d.YHop) > maxHop {
			f.exceeds("%s: destination %d is %d, %d chips away, want %d at most", where, i, d.XHop, d.YHop, maxHop)
		}
	}
}

// Deviation is a parameter of the chip whose setting is not what the network wants.
type Deviation struct {
	Chip, Core int
	Parameter  string
	CoreParameter
}

// Deviations returns the parameters whose currents are off by more than the given ratio:
//
//	|Current - Wanted| > ratio·Wanted
//
// in the order of chips, cores and names. A wanted current of 0 is always among them: the smallest
// that can be set is some 0.3 pA.
func (d *Device) Deviations(ratio float64) []Deviation {
	var list []Deviation
	if d == nil {
		return nil
	}
	for _, chip := range d.Chips {
		for _, core := range chip.Cores {
			for _, name := range sortedKeys(core.Parameters) {
				p := core.Parameters[name]
				if max(p.Current-p.Wanted, p.Wanted-p.Current) > ratio*p.Wanted {
					list = append(list, Deviation{chip.Chip, core.Core, name, p})
				}
			}
		}
	}
	return list
}
