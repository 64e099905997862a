package chip

import (
	"errors"
	"fmt"
	"slices"

	"github.com/surge-snn/surge/models/dynapse"
)

// DeploySettings are the settings of [Deploy]. The zero value is usable.
type DeploySettings struct {
	// Unmonitored leaves out the destination by which the spikes of each neuron are recorded. It
	// frees one of the four.
	Unmonitored bool
}

// Deploy lays a network out on the chip: currents become codes of the bias generator, weights
// entries in the memories of the neurons, and each input and neuron gets the tag of its events. q
// are the quantised weights and the cores of the neurons, see [Quantise]; n gives the currents,
// which must be equal within a core, see [Tie].
//
// While the tags suffice, each source has a tag of its own on the whole board, as other programs
// expect it. Beyond, a tag is unique at each core that its events reach, and no more than that:
// sources that share no core may share a tag. Each gets the smallest that is free. A weight of code
// 0 is no connection. The currents of a single synapse go to all four dendrites; positive weights
// are AMPA, negative ones GABA. Of a network with four synapse types each has its own, and no
// weight is negative: a dendrite has one sign. Neurons whose Iw_ahp is above Io, which stands for
// none, adapt: their latch is set, and the [Cascode] of their core.
//
// Currents below the smallest that can be set get that, see [Device.Deviations]. Errors: [ErrFit]
// with everything that is too large for the chip (synapses, destinations, tags, neurons of a core,
// currents above the largest that can be set), one a line; [dynapse.ErrParameter] for weights and
// currents that do not belong together.
func Deploy(n dynapse.Network, q *Quantised, s DeploySettings) (*Device, error) {
	params, err := n.Params.Expand(n.N)
	if err != nil {
		return nil, err
	}
	types := 1
	if n.FourSynapses {
		types = dynapse.SynapseTypes
	}
	if err := q.check(n.N, types); err != nil {
		return nil, err
	}
	l := layout{q: q, types: types, members: make([][]int, MaxCores), place: make([]int, n.N)}
	for j, c := range q.Core {
		l.place[j] = len(l.members[c])
		l.members[c] = append(l.members[c], j)
	}
	l.apart = senders(q.In.Pre, q.In)+senders(n.N, q.Rec) <= Tags
	l.inputs = l.route(q.In.Pre, q.In)
	l.neurons = l.route(n.N, q.Rec)

	d := &Device{Format: DeviceFormat, Iscale: q.Iscale, Chips: []Chip{}, Inputs: []Channel{}}
	for c, members := range l.members {
		if len(members) == 0 {
			continue
		}
		if i := len(d.Chips); i == 0 || d.Chips[i-1].Chip != c/CoresPerChip {
			chip := c / CoresPerChip
			d.Chips = append(d.Chips, Chip{Chip: chip, X: chip + 1, Y: 0})
		}
		parameters, err := l.parameters(params, c)
		if err != nil {
			return nil, fmt.Errorf("core %d: %w", c, err)
		}
		core := Core{Core: c % CoresPerChip, Parameters: parameters, Neurons: []Cell{}}
		for _, j := range members {
			cell := l.cell(j, params[dynapse.Idc][j] > 0, !s.Unmonitored)
			cell.Adaptation = params[dynapse.IwAHP][j] > params[dynapse.Io][j]
			if core.Neurons = append(core.Neurons, cell); cell.Adaptation {
				if parameters[Cascode], err = cascode(); err != nil {
					return nil, err
				}
			}
		}
		chip := &d.Chips[len(d.Chips)-1]
		chip.Cores = append(chip.Cores, core)
	}
	for i, r := range l.inputs {
		d.Inputs = append(d.Inputs, Channel{i, r.destinations(0)})
	}
	if !s.Unmonitored && n.N > Tags {
		l.exceeds("board: %d neurons to be recorded, there are %d tags; leave some unmonitored", n.N, Tags)
	}
	if err := errors.Join(l.err(), d.Check()); err != nil {
		return nil, err
	}
	return d, nil
}

// check holds the weights against the number of neurons, and against themselves.
func (q *Quantised) check(n, types int) error {
	if q == nil {
		return fmt.Errorf("%w: no weights, see Quantise", dynapse.ErrParameter)
	}
	cores, err := checkNetwork(Weights{}, Weights{}, q.Core)
	if err != nil {
		return err
	}
	if len(q.Core) != n || len(q.Bases) < cores {
		return fmt.Errorf("%w: quantised weights are for %d neurons and %d cores, want %d and %d", dynapse.ErrParameter, len(q.Core), len(q.Bases), n, cores)
	}
	for i, c := range []Codes{q.In, q.Rec} {
		name := []string{"w_in", "w_rec"}[i]
		if c.Pre >= 0 && len(c.Code) == 0 && len(c.Sign) == 0 {
			continue
		}
		width := n * types
		if c.Pre < 0 || c.Post != width || name == "w_rec" && c.Pre != n || len(c.Code) != c.Pre*c.Post || len(c.Sign) != len(c.Code) {
			return fmt.Errorf("%w: %s has %d codes and %d signs for %d x %d, want %d columns", dynapse.ErrParameter, name, len(c.Code), len(c.Sign), c.Pre, c.Post, width)
		}
		for k, code := range c.Code {
			if code != 0 && c.Sign[k] != 1 && c.Sign[k] != -1 {
				return fmt.Errorf("%w: %s[%d][%d] has code %d and sign %d, want 1 or -1", dynapse.ErrParameter, name, k/width, k%width, code, c.Sign[k])
			}
			if code != 0 && types > 1 && c.Sign[k] < 0 {
				return fmt.Errorf("%w: %s[%d][%d] is negative; of four synapse types AMPA and NMDA excite, GABA and SHUNT inhibit, with weights >= 0", dynapse.ErrParameter, name, k/width, k%width)
			}
		}
	}
	return nil
}

// layout is a network that is being laid out.
type layout struct {
	faults
	q               *Quantised
	types           int     // columns of weights for each neuron
	members         [][]int // neurons of each core
	place           []int   // of each neuron in its core
	inputs, neurons []route
	used            [MaxCores][Tags]bool // tags at each core
	apart           bool                 // no two sources share a tag
}

// senders counts the sources of a matrix of weights that have a connection.
func senders(sources int, w Codes) (n int) {
	if len(w.Code) == 0 {
		return 0
	}
	for i := range sources {
		if slices.ContainsFunc(w.Code[i*w.Post:(i+1)*w.Post], func(c uint8) bool { return c != 0 }) {
			n++
		}
	}
	return n
}

// cascode is the setting of [Cascode].
func cascode() (CoreParameter, error) {
	bias, err := BiasOf(Cascode)
	if err != nil {
		return CoreParameter{}, err
	}
	current, err := bias.Current(CascodeCode)
	return CoreParameter{Setting{CascodeCode, current}, current}, err
}

// route is where the events of an input or a neuron go.
type route struct {
	tag   int
	cores [MaxCores]bool
}

// route gives tags to the sources of a matrix of weights.
func (l *layout) route(sources int, w Codes) []route {
	routes := make([]route, sources)
	if len(w.Code) == 0 {
		return routes
	}
	for i := range routes {
		r := &routes[i]
		for j, code := range w.Code[i*w.Post : (i+1)*w.Post] {
			if code != 0 {
				r.cores[l.q.Core[j/l.types]] = true
			}
		}
		free := func(tag int) bool {
			for c, reached := range r.cores {
				if (reached || l.apart && r.cores != [MaxCores]bool{}) && l.used[c][tag] {
					return false
				}
			}
			return true
		}
		for r.tag < Tags && !free(r.tag) {
			r.tag++
		}
		if r.tag == Tags {
			l.exceeds("no tag is left for source %d of %d: more than %d sources send to one of its cores", i, sources, Tags)
			continue
		}
		for c, reached := range r.cores {
			if reached {
				l.used[c][r.tag] = true
			}
		}
	}
	return routes
}

// destinations returns the entries of a source on the given chip: one for each chip that it
// reaches.
func (r route) destinations(chip int) []Destination {
	list := []Destination{}
	for to := range MaxChips {
		cores := [CoresPerChip]bool(r.cores[to*CoresPerChip:])
		if cores != ([CoresPerChip]bool{}) {
			list = append(list, Destination{Cores: cores, XHop: to - chip, Tag: r.tag})
		}
	}
	return list
}

// cell lays neuron j out.
func (l *layout) cell(j int, dc, monitored bool) Cell {
	cell := Cell{Neuron: l.place[j], ID: j, DC: dc, Type: Thresholded, Synapses: []Synapse{}}
	for _, m := range []struct {
		c       Codes
		sources []route
	}{{l.q.In, l.inputs}, {l.q.Rec, l.neurons}} {
		if len(m.c.Code) == 0 {
			continue
		}
		for i := range m.c.Pre {
			for t := range l.types {
				k := i*m.c.Post + j*l.types + t
				if m.c.Code[k] == 0 {
					continue
				}
				dendrite := dendrites[t]
				if m.c.Sign[k] < 0 {
					dendrite = GABA
				}
				cell.Synapses = append(cell.Synapses, Synapse{m.sources[i].tag, m.c.Code[k], dendrite})
			}
		}
	}
	if monitored {
		cell.Destinations = append(cell.Destinations, Destination{
			Cores: [CoresPerChip]bool{true, true, true, true}, XHop: -maxHop, YHop: -maxHop, Tag: j,
		})
	}
	cell.Destinations = append(cell.Destinations, l.neurons[j].destinations(l.q.Core[j]/CoresPerChip)...)
	if cell.Destinations == nil {
		cell.Destinations = []Destination{}
	}
	return cell
}

// parameters returns the codes of core c.
func (l *layout) parameters(params dynapse.Params, c int) (map[string]CoreParameter, error) {
	members := l.members[c]
	current := func(name string) (float64, error) {
		if k := slices.Index(baseNames[:], name); k >= 0 {
			return l.q.Bases[c][k], nil
		}
		p, err := dynapse.ParseParam(combined(name, l.types > 1))
		if err != nil {
			return 0, err
		}
		first := params[p][members[0]]
		for _, j := range members {
			if x := params[p][j]; x != first {
				return 0, fmt.Errorf("%w: %v of neurons %d and %d is %v and %v A, want one value for all neurons of a core", dynapse.ErrParameter, p, members[0], j, first, x)
			}
		}
		return first, nil
	}
	all := map[string]CoreParameter{}
	for _, s := range simulated {
		wanted, err := current(s.current)
		if err != nil {
			return nil, err
		}
		bias, err := BiasOf(s.parameter)
		if err != nil {
			return nil, err
		}
		_, most, err := bias.Range()
		if err != nil {
			return nil, err
		}
		if wanted > most*(1+1e-12) { // the largest setting is some ulp larger when it comes from its logarithm
			l.exceeds("core %d: %s is %v A, %s reaches %.3g A", c, s.current, wanted, s.parameter, most)
		}
		setting, err := bias.Lookup(wanted)
		if err != nil {
			return nil, err
		}
		all[s.parameter] = CoreParameter{setting, wanted}
	}
	return all, nil
}

// baseNames are the names of [BaseCurrents].
var baseNames = [WeightBits]string{"Iw_0", "Iw_1", "Iw_2", "Iw_3"}

// combined returns the name of the parameter of the network for a current of the chip: that of the
// single synapse for one of a dendrite, with four of them that of AMPA.
func combined(current string, four bool) string {
	switch current {
	case "Itau_ampa":
		return "Itau_syn"
	case "Igain_ampa":
		return "Igain_syn"
	}
	switch {
	case four:
	case slices.Contains([]string{"Itau_gaba", "Itau_nmda", "Itau_shunt"}, current):
		return "Itau_syn"
	case slices.Contains([]string{"Igain_gaba", "Igain_nmda", "Igain_shunt"}, current):
		return "Igain_syn"
	}
	return current
}
