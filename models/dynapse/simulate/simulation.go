// Package simulate is what is recorded and drawn of a simulation of DynapSE-2 neurons: its input,
// its traces as arrays and as a figure, and the rates.
package simulate

import (
	"fmt"
	"slices"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
	"github.com/surge-snn/surge/models/dynapse/experiment"
	"github.com/surge-snn/surge/plot"
)

// Simulation is what is to be simulated.
type Simulation struct {
	Network dynapse.Network
	Dt      float64 // s
	Input   *experiment.Input

	config bool // the network is that of an experiment
}

// Of puts the network of an experiment and the input in a file together, see
// [experiment.ReadSimulation], whose errors it returns.
func Of(config, input string) (s *Simulation, err error) {
	s = &Simulation{config: true}
	if s.Input, s.Network, err = experiment.ReadSimulation(config, input); err != nil {
		return nil, err
	}
	s.step()
	return s, nil
}

// New puts a network and the input in a file together; in are the weights of input channels that
// are known already, or nil, see [experiment.ReadInput], whose errors it returns.
func New(n dynapse.Network, in *chip.Weights, input string) (s *Simulation, err error) {
	s = new(Simulation)
	if s.Input, s.Network, err = experiment.ReadInput(input, n, in); err != nil {
		return nil, err
	}
	s.step()
	return s, nil
}

// step sets Dt to that of the network.
func (s *Simulation) step() {
	if s.Dt = dynapse.Dt.Default(); len(s.Network.Params[dynapse.Dt]) > 0 {
		s.Dt = s.Network.Params[dynapse.Dt][0]
	}
}

// Run simulates. The error is that of [dynapse.Network.Simulate].
func (s *Simulation) Run() (*dynapse.Run, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	return s.Network.Simulate(dynapse.Input{T: s.Input.T, B: s.Input.B, Counts: s.Input.Counts})
}

// check returns an error where there is nothing to simulate.
func (s *Simulation) check() error {
	if err := given.Need("a Simulation of New", s); err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	if err := given.Need("Simulation.Input", s.Input); err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	return nil
}

// fits returns an error where a run is none of the simulation.
func (s *Simulation) fits(run *dynapse.Run) error {
	if err := s.check(); err != nil {
		return err
	}
	if err := given.Need("a run", run); err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	n := s.Network.N
	if n < 1 || s.Input.T < 1 || s.Input.B < 1 {
		return fmt.Errorf("simulate: %d steps, %d rows, %d neurons, want at least 1 of each", s.Input.T, s.Input.B, n)
	}
	if list := s.Network.Params[dynapse.Ispkthr]; len(list) > 1 && len(list) != n {
		return fmt.Errorf("simulate: Ispkthr has %d values, want 1 or %d", len(list), n)
	}
	size, types := s.Input.T*s.Input.B*n, 1
	if s.Network.FourSynapses {
		types = 4
	}
	if len(s.Input.Counts) != size*types {
		return fmt.Errorf("simulate: input of %d elements, want %d", len(s.Input.Counts), size*types)
	}
	for _, x := range [][]float64{run.Imem, run.Isyn, run.Spikes} {
		if len(x) != size {
			return fmt.Errorf("simulate: a run with traces of %d elements, want %d", len(x), size)
		}
	}
	for _, x := range [][]float64{run.Iahp, run.Vmem, run.Igaba, run.Inmda, run.Ishunt} {
		if len(x) != size && (x != nil || s.Network.FourSynapses) {
			return fmt.Errorf("simulate: a run with traces of %d elements, want %d", len(x), size)
		}
	}
	return nil
}

// ReadDevice reads the network that a chip is configured as, with four synapse types where it says
// so or dendrites asks for them. Errors are [*exit.BadInput].
func ReadDevice(path string, dendrites bool) (dynapse.Network, *chip.Weights, error) {
	f, err := files.OpenWhole(path)
	if err != nil {
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

// Traces returns the records as arrays [B, T, N]; none of a run that is not of the simulation. The
// array input has the weighted input, but where the experiment gives the weights of its channels
// what came in, [B, T, channels]: with that experiment, all of them are a target of a fit.
func (s *Simulation) Traces(run *dynapse.Run) []files.Array {
	if s.fits(run) != nil {
		return nil
	}
	n := s.Network.N
	var list []files.Array
	for _, r := range []struct {
		name string
		x    []float64
	}{
		{"input", s.Input.Counts}, {"imem", run.Imem}, {"isyn", run.Isyn}, {"iahp", run.Iahp}, {"vmem", run.Vmem}, {"spikes", run.Spikes},
		{"igaba", run.Igaba}, {"inmda", run.Inmda}, {"ishunt", run.Ishunt},
	} {
		if r.x == nil {
			continue
		}
		if r.name == "input" && s.config && s.Input.Given != nil {
			list = append(list, *s.Input.Given)
			continue
		}
		shape := []int{s.Input.B, s.Input.T, n}
		if r.name == "input" && s.Network.FourSynapses {
			shape = append(shape, 4)
		}
		data := make([]float64, len(r.x))
		width := len(data) / s.Input.B / s.Input.T
		for t := range s.Input.T {
			for b := range s.Input.B {
				copy(data[(b*s.Input.T+t)*width:][:width], r.x[(t*s.Input.B+b)*width:])
			}
		}
		list = append(list, files.Array{Name: r.name, Shape: shape, Data: data})
	}
	return list
}

// Figure shows membrane and synaptic currents of some neurons in one row; nil stands for the first
// seven.
//
// Errors are [*exit.BadInput], of --row and --show.
func (s *Simulation) Figure(run *dynapse.Run, row int, show []int) (plot.Traces, error) {
	if err := s.fits(run); err != nil {
		return plot.Traces{}, err
	}
	n := s.Network.N
	if row < 0 || row >= s.Input.B {
		return plot.Traces{}, &exit.BadInput{File: "--row", Expected: fmt.Sprintf("0 to %d", s.Input.B-1), Found: fmt.Sprint(row)}
	}
	if show == nil {
		const most = 7 // colours of the figure
		for j := range min(n, most) {
			show = append(show, j)
		}
	}
	membrane := plot.TracePanel{Name: "membrane current", Unit: "A", Log: true}
	synapses := []plot.TracePanel{{Name: "synaptic current", Unit: "A", Log: true}}
	currents := [][]float64{run.Isyn}
	if s.Network.FourSynapses {
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
		for t := range s.Input.T {
			i := (t*s.Input.B+row)*n + j
			imem.Y = append(imem.Y, run.Imem[i])
			if run.Spikes[i] > 0 {
				imem.Spikes = append(imem.Spikes, float64(t)*s.Dt)
			}
		}
		membrane.Traces = append(membrane.Traces, imem)
		for k, current := range currents {
			isyn := plot.Trace{Name: name}
			for t := range s.Input.T {
				// An idle GABA, NMDA or SHUNT carries no current, which a logarithmic axis cannot
				// show.
				y := current[(t*s.Input.B+row)*n+j]
				if y <= 0 {
					y = leastShown
				}
				isyn.Y = append(isyn.Y, y)
			}
			synapses[k].Traces = append(synapses[k].Traces, isyn)
		}
		threshold := dynapse.Ispkthr.Default()
		switch list := s.Network.Params[dynapse.Ispkthr]; len(list) {
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
	return plot.Traces{Dt: s.Dt, Panels: append([]plot.TracePanel{membrane}, synapses...)}, nil
}

// leastShown stands for no current in figures, A: a hundredth of the dark current.
const leastShown = 5e-15
