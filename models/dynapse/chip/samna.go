package chip

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/surge-snn/surge/models/dynapse"
)

// samnaDendrites are the numbers of dendrites in samna.
var samnaDendrites = map[Dendrite]int{AMPA: 1024, GABA: 512, NMDA: 256, SHUNT: 128}

// object is a JSON object.
type object map[string]any

// values is a list as samna's serialisation (cereal) has it: value0, value1 and so on.
func values[T any](list []T) object {
	o := object{}
	for i, v := range list {
		o["value"+strconv.Itoa(i)] = v
	}
	return o
}

// WriteSamna writes the configuration as samna's Dynapse2Configuration.to_json does, which its
// from_json and Rockpool's samna_alias have: {"value0": {"chips": [...]}}, with all neurons,
// synapses and destinations of the chips that are used, biases with type 78 (N) or 80 (P), and
// latches. Of what surge knows nothing of (sensor interface, amplifiers, calibration of the
// monitors) there is nothing: merge the file into the JSON of a default configuration of samna. A
// member "surge" beside value0 keeps what that form cannot say: iscale, the ids of neurons, and
// where input goes.
//
// Source: Rockpool 3.1.0, devices.dynapse.samna_alias. The file has some 10 MB for each chip.
// Errors: those of [Device.Check], and of w.
func (d *Device) WriteSamna(w io.Writer) error {
	if err := d.Check(); err != nil {
		return err
	}
	var chips []object
	var ids [][4]int // chip, core, neuron, id
	most := 0
	for _, chip := range d.Chips {
		most = max(most, chip.Chip+1)
	}
	for c := range most {
		cores := make([]object, CoresPerChip)
		for k := range cores {
			cores[k] = samnaCore(Core{}, k)
		}
		for _, chip := range d.Chips {
			if chip.Chip != c {
				continue
			}
			for _, core := range chip.Cores {
				cores[core.Core] = samnaCore(core, core.Core)
				for _, cell := range core.Neurons {
					ids = append(ids, [4]int{c, core.Core, cell.Neuron, cell.ID})
				}
			}
		}
		chips = append(chips, object{"cores": values(cores)})
	}
	more := object{"iscale": d.Iscale, "ids": ids, "inputs": d.Inputs}
	text, err := json.Marshal(object{"value0": object{"chips": chips}, "surge": more})
	if err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

func samnaCore(c Core, id int) object {
	parameters := []object{}
	for _, name := range sortedKeys(c.Parameters) {
		p := c.Parameters[name]
		kind := name[len(name)-1:]
		parameters = append(parameters, object{"key": name, "value": object{"type": int(kind[0]), "coarseValue": p.Coarse, "fineValue": p.Fine,
			"_address": 0, "_cookie": 0, "_initialType": kind, "_switchableType": false}})
	}
	neurons := make([]object, NeuronsPerCore)
	for i := range neurons {
		neurons[i] = samnaNeuron(Cell{})
	}
	for _, cell := range c.Neurons {
		neurons[cell.Neuron] = samnaNeuron(cell)
	}
	enables := object{}
	for _, name := range []string{"SoifMem", "SoifRefectory", "SoadDpi", "SocaDpi", "DeamEdpi", "DeamIdpi", "DenmEdpi", "DenmIdpi", "DegaIdpi", "DescIdpi", "SyW42", "SyW21", "SohoSogain", "SohoDegain"} {
		enables[name] = false
	}
	return object{"neurons": values(neurons), "parameters": parameters, "neuronMonitoringOn": false, "monitoredNeuron": 0, "sadcEnables": enables,
		"enableSyawStdbufAn": false, "enablePulseExtenderMonitor1": false, "enablePulseExtenderMonitor2": false, "_id": id, "_cookie": 0}
}

func samnaNeuron(c Cell) object {
	synapses := make([]object, SynapsesPerNeuron)
	for i := range synapses {
		var s Synapse
		if i < len(c.Synapses) {
			s = c.Synapses[i]
		}
		var bits []bool
		for k := range WeightBits {
			bits = append(bits, s.Weight>>k&1 == 1)
		}
		synapses[i] = object{"dendrite": samnaDendrites[s.Dendrite], "stp": false, "weight": values(bits), "preciseDelay": false, "mismatchedDelay": false, "tag": s.Tag}
	}
	destinations := make([]object, DestinationsPerNeuron)
	for i := range destinations {
		var to Destination
		if i < len(c.Destinations) {
			to = c.Destinations[i]
		}
		destinations[i] = object{"core": values(to.Cores[:]), "xHop": to.XHop, "yHop": to.YHop, "tag": to.Tag}
	}
	o := object{"synapses": values(synapses), "destinations": values(destinations)}
	for _, name := range []string{"SoDc", "SoAdaptation", "SoifKill", "CohoCaMem", "HoEnable", "HoSoDe", "DeamAmpa", "DenmNmda", "DeConductance", "DeamAlpha", "DenmAlpha", "DeMux", "SoifType", "HoActive"} {
		o["latch"+name] = name == "SoDc" && c.DC || name == "SoAdaptation" && c.Adaptation || name == "SoifType" && c.Type == Exponential
	}
	return o
}

// samna is what is read of a configuration.
type samna struct {
	Value0 struct {
		Chips []struct {
			Cores map[string]samnaCoreIn `json:"cores"`
		} `json:"chips"`
	} `json:"value0"`
	Surge *struct {
		Iscale float64   `json:"iscale"`
		IDs    [][4]int  `json:"ids"`
		Inputs []Channel `json:"inputs"`
	} `json:"surge"`
}

type samnaCoreIn struct {
	Neurons    map[string]samnaCell `json:"neurons"`
	Parameters []struct {
		Key   string `json:"key"`
		Value struct {
			Coarse uint8 `json:"coarseValue"`
			Fine   uint8 `json:"fineValue"`
		} `json:"value"`
	} `json:"parameters"`
}

type samnaSynapse struct {
	Dendrite int             `json:"dendrite"`
	Weight   map[string]bool `json:"weight"`
	Tag      int             `json:"tag"`
}

type samnaDestination struct {
	Core map[string]bool `json:"core"`
	XHop int             `json:"xHop"`
	YHop int             `json:"yHop"`
	Tag  int             `json:"tag"`
}

type samnaCell struct {
	Synapses     map[string]samnaSynapse     `json:"synapses"`
	Destinations map[string]samnaDestination `json:"destinations"`
	DC           bool                        `json:"latchSoDc"`
	Adaptation   bool                        `json:"latchSoAdaptation"`
	Type         bool                        `json:"latchSoifType"`
}

// ordered calls f for the elements of a list of cereal's, in their order.
func ordered[T any](list map[string]T, f func(i int, v T)) error {
	for _, i := range slices.Sorted(indices(list)) {
		f(i, list["value"+strconv.Itoa(i)])
	}
	for key := range list {
		i, err := strconv.Atoi(strings.TrimPrefix(key, "value"))
		if err != nil || i < 0 || key != "value"+strconv.Itoa(i) {
			return fmt.Errorf("%w: member %q, want value0, value1 and so on", ErrDevice, key)
		}
	}
	return nil
}

func indices[T any](list map[string]T) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for key := range maps.Keys(list) {
			if i, err := strconv.Atoi(strings.TrimPrefix(key, "value")); err == nil && key == "value"+strconv.Itoa(i) && !yield(i) {
				return
			}
		}
	}
}

// ReadSamna reads a configuration that [Device.WriteSamna], samna or Rockpool's samna_alias wrote.
// Of a file without the member "surge", neurons are those with a synapse or a destination on the
// board, with ids in their order; iscale is that of [dynapse.Iscale]; and a tag that a neuron
// listens to and that no neuron sends is an input channel, in the order of tags.
//
// Errors: [ErrDevice] for what is not of that form, and those of [Device.Check].
func ReadSamna(r io.Reader) (*Device, error) {
	var s samna
	if err := document(r, &s); err != nil {
		return nil, err
	}
	if n := len(s.Value0.Chips); n > MaxChips {
		return nil, fmt.Errorf("%w: %d chips, want at most %d", ErrDevice, n, MaxChips)
	}
	d := &Device{Format: DeviceFormat, Iscale: dynapse.Iscale.Default(), Chips: []Chip{}, Inputs: []Channel{}}
	ids := map[[3]int]int{}
	if s.Surge != nil {
		d.Iscale, d.Inputs = s.Surge.Iscale, s.Surge.Inputs
		for _, p := range s.Surge.IDs {
			ids[[3]int(p[:3])] = p[3]
		}
	}
	next := 0
	var failed error
	note := func(err error) {
		if failed == nil {
			failed = err
		}
	}
	for c, from := range s.Value0.Chips {
		chip := Chip{Chip: c, X: c + 1}
		note(ordered(from.Cores, func(k int, in samnaCoreIn) {
			core := Core{Core: k, Parameters: map[string]CoreParameter{}, Neurons: []Cell{}}
			note(ordered(in.Neurons, func(i int, n samnaCell) {
				cell, err := n.cell(i)
				note(err)
				id, known := ids[[3]int{c, k, i}]
				if !known && (s.Surge != nil || len(cell.Synapses) == 0 && !slices.ContainsFunc(cell.Destinations, func(to Destination) bool { return !to.Monitors() })) {
					return
				}
				if cell.ID = id; !known {
					cell.ID = next
				}
				next++
				core.Neurons = append(core.Neurons, cell)
			}))
			if len(core.Neurons) == 0 {
				return
			}
			for _, p := range in.Parameters {
				bias, err := BiasOf(p.Key)
				if err != nil {
					continue // of a part of the chip that is not configured
				}
				code := Code{p.Value.Coarse, p.Value.Fine}
				current, err := bias.Current(code)
				note(err)
				core.Parameters[p.Key] = CoreParameter{Setting{code, current}, current}
			}
			chip.Cores = append(chip.Cores, core)
		}))
		if len(chip.Cores) > 0 {
			d.Chips = append(d.Chips, chip)
		}
	}
	if failed == nil && s.Surge == nil {
		d.inferInputs()
	}
	if failed == nil {
		failed = d.Check()
	}
	if failed != nil {
		return nil, failed
	}
	return d, nil
}

// cell is a neuron of ours.
func (n samnaCell) cell(place int) (Cell, error) {
	c := Cell{Neuron: place, DC: n.DC, Adaptation: n.Adaptation, Type: Thresholded, Synapses: []Synapse{}, Destinations: []Destination{}}
	if n.Type {
		c.Type = Exponential
	}
	var failed error
	err := ordered(n.Synapses, func(i int, s samnaSynapse) {
		if s.Dendrite == 0 {
			return
		}
		synapse := Synapse{Tag: s.Tag}
		for name := range samnaDendrites {
			if samnaDendrites[name] == s.Dendrite {
				synapse.Dendrite = name
			}
		}
		if synapse.Dendrite == "" {
			failed = fmt.Errorf("%w: synapse %d has the dendrite %d, want 1024, 512, 256, 128 or 0", ErrDevice, i, s.Dendrite)
		}
		for k := range WeightBits {
			if s.Weight["value"+strconv.Itoa(k)] {
				synapse.Weight |= 1 << k
			}
		}
		c.Synapses = append(c.Synapses, synapse)
	})
	if err == nil {
		err = ordered(n.Destinations, func(_ int, to samnaDestination) {
			d := Destination{XHop: to.XHop, YHop: to.YHop, Tag: to.Tag}
			for k := range d.Cores {
				d.Cores[k] = to.Core["value"+strconv.Itoa(k)]
			}
			if d.Cores != ([CoresPerChip]bool{}) {
				c.Destinations = append(c.Destinations, d)
			}
		})
	}
	if err == nil {
		err = failed
	}
	return c, err
}

// inferInputs makes an input channel of each tag that is listened to and that no neuron sends.
func (d *Device) inferInputs() {
	sent := map[arrival]bool{}
	for _, chip := range d.Chips {
		for _, core := range chip.Cores {
			for _, cell := range core.Neurons {
				for _, to := range cell.Destinations {
					for k, yes := range to.Cores {
						if yes && !to.Monitors() {
							sent[arrival{[2]int{chip.X + to.XHop, chip.Y + to.YHop}, k, to.Tag}] = true
						}
					}
				}
			}
		}
	}
	from := d.origin()
	routes := map[int]map[int]*Destination{} // by tag and chip
	for _, chip := range d.Chips {
		for _, core := range chip.Cores {
			for _, cell := range core.Neurons {
				for _, s := range cell.Synapses {
					if sent[arrival{[2]int{chip.X, chip.Y}, core.Core, s.Tag}] || core.Core < 0 || core.Core >= CoresPerChip {
						continue
					}
					if routes[s.Tag] == nil {
						routes[s.Tag] = map[int]*Destination{}
					}
					if routes[s.Tag][chip.Chip] == nil {
						routes[s.Tag][chip.Chip] = &Destination{XHop: chip.X - from[0], YHop: chip.Y - from[1], Tag: s.Tag}
					}
					routes[s.Tag][chip.Chip].Cores[core.Core] = true
				}
			}
		}
	}
	for i, tag := range sortedKeysInt(routes) {
		c := Channel{Channel: i, Destinations: []Destination{}}
		for _, chip := range sortedKeysInt(routes[tag]) {
			c.Destinations = append(c.Destinations, *routes[tag][chip])
		}
		d.Inputs = append(d.Inputs, c)
	}
}

func sortedKeysInt[T any](m map[int]T) []int { return slices.Sorted(maps.Keys(m)) }
