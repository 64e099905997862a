package simcmd

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
	"github.com/surge-snn/surge/models/dynapse/experiment"
	"github.com/surge-snn/surge/plot"
)

// simulation is what is to be simulated.
type simulation struct {
	file    string // names the network in errors
	network dynapse.Network
	dt      float64 // s
	input   *experiment.Input
}

// simulation puts the network and the input together.
func (c *DynapSim) simulation() (s *simulation, err error) {
	s = &simulation{file: c.Config}
	var n dynapse.Network
	var in *chip.Weights
	if c.Device != "" {
		s.file = c.Device
		n, in, err = readDevice(c.Device, c.Dendrites)
	} else {
		n, err = experiment.ReadNetwork(c.Config)
	}
	if err != nil {
		return nil, err
	}
	if c.Dendrites && !n.FourSynapses {
		return nil, &exit.BadInput{File: "--dendrites", Expected: "--device, or network.synapses = 4 in " + c.Config, Found: "one synapse"}
	}
	if s.input, s.network, err = experiment.ReadInput(c.Input, n, in); err != nil {
		return nil, err
	}
	s.dt = dynapse.Dt.Default()
	if dt := s.network.Params[dynapse.Dt]; len(dt) > 0 {
		s.dt = dt[0]
	}
	return s, nil
}

// readDevice reads the network that a chip is configured as, with four synapse types where it says so or dendrites asks for them.
func readDevice(path string, dendrites bool) (dynapse.Network, *chip.Weights, error) {
	f, err := files.Open(path)
	if err != nil {
		if p := (*os.PathError)(nil); errors.As(err, &p) {
			err = p.Err
		}
		return dynapse.Network{}, nil, &exit.BadInput{File: path, Err: err}
	}
	defer f.Close()
	d, err := chip.ReadDevice(f)
	if err == nil {
		network := d.Network
		if dendrites {
			network = d.FourSynapses
		}
		var n dynapse.Network
		var in chip.Weights
		if n, in, err = network(); err == nil {
			return n, &in, nil
		}
	}
	return dynapse.Network{}, nil, &exit.BadInput{File: path, Err: err}
}

// traces returns the records as arrays [B, T, N].
func (s *simulation) traces(run *dynapse.Run) []files.Array {
	n := s.network.N
	var list []files.Array
	for _, r := range []struct {
		name string
		x    []float64
	}{
		{"input", s.input.Counts}, {"imem", run.Imem}, {"isyn", run.Isyn}, {"iahp", run.Iahp}, {"vmem", run.Vmem}, {"spikes", run.Spikes},
		{"igaba", run.Igaba}, {"inmda", run.Inmda}, {"ishunt", run.Ishunt},
	} {
		if r.x == nil {
			continue
		}
		shape := []int{s.input.B, s.input.T, n}
		if r.name == "input" && s.network.FourSynapses {
			shape = append(shape, 4)
		}
		data := make([]float64, len(r.x))
		width := len(data) / s.input.B / s.input.T
		for t := range s.input.T {
			for b := range s.input.B {
				copy(data[(b*s.input.T+t)*width:][:width], r.x[(t*s.input.B+b)*width:])
			}
		}
		list = append(list, files.Array{Name: r.name, Shape: shape, Data: data})
	}
	return list
}

// figure shows membrane and synaptic currents of one row.
func (c *DynapSim) figure(s *simulation, run *dynapse.Run) (plot.Traces, error) {
	n := s.network.N
	if c.Row < 0 || c.Row >= s.input.B {
		return plot.Traces{}, &exit.BadInput{File: "--row", Expected: fmt.Sprintf("0 to %d", s.input.B-1), Found: fmt.Sprint(c.Row)}
	}
	show := c.Show
	if show == nil {
		const most = 7 // colours of the figure
		for j := range min(n, most) {
			show = append(show, j)
		}
	}
	membrane := plot.TracePanel{Name: "membrane current", Unit: "A", Log: true}
	synapses := []plot.TracePanel{{Name: "synaptic current", Unit: "A", Log: true}}
	currents := [][]float64{run.Isyn}
	if s.network.FourSynapses {
		synapses, currents = nil, [][]float64{run.Isyn, run.Igaba, run.Inmda, run.Ishunt}
		for _, name := range []string{"AMPA", "GABA", "NMDA", "SHUNT"} {
			synapses = append(synapses, plot.TracePanel{Name: name, Unit: "A", Log: true})
		}
	}
	for _, j := range show {
		if j < 0 || j >= n {
			return plot.Traces{}, &exit.BadInput{File: "--show", Expected: fmt.Sprintf("neurons 0 to %d", n-1), Found: fmt.Sprint(j)}
		}
		name := fmt.Sprintf("neuron %d", j)
		imem := plot.Trace{Name: name}
		for t := range s.input.T {
			i := (t*s.input.B+c.Row)*n + j
			imem.Y = append(imem.Y, run.Imem[i])
			if run.Spikes[i] > 0 {
				imem.Spikes = append(imem.Spikes, float64(t)*s.dt)
			}
		}
		membrane.Traces = append(membrane.Traces, imem)
		for k, current := range currents {
			isyn := plot.Trace{Name: name}
			for t := range s.input.T {
				// An idle GABA, NMDA or SHUNT carries no current, which a logarithmic axis cannot show.
				y := current[(t*s.input.B+c.Row)*n+j]
				if y <= 0 {
					y = leastShown
				}
				isyn.Y = append(isyn.Y, y)
			}
			synapses[k].Traces = append(synapses[k].Traces, isyn)
		}
		threshold := dynapse.Ispkthr.Default()
		switch list := s.network.Params[dynapse.Ispkthr]; len(list) {
		case 0:
		case 1:
			threshold = list[0]
		default:
			threshold = list[j]
		}
		if !slices.Contains(membrane.Thresholds, threshold) {
			membrane.Thresholds = append(membrane.Thresholds, threshold)
		}
	}
	return plot.Traces{Dt: s.dt, Panels: append([]plot.TracePanel{membrane}, synapses...)}, nil
}

// leastShown stands for no current in figures, A: a hundredth of the dark current.
const leastShown = 5e-15
