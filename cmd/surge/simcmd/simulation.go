package simcmd

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
	"github.com/surge-snn/surge/plot"
)

// simulation is what is to be simulated.
type simulation struct {
	file        string // names the network in errors
	network     dynapse.Network
	dt          float64 // s
	rows, steps int
	input       []float64 // weighted spike counts [T, B, N], or [T, B, N, 4]
}

// readInput reads the arrays of the input file. The columns of a .csv, and the array of a .npy, become the array input.
func readInput(path string) ([]files.Array, error) {
	arrays, err := files.ReadArrays(path)
	if err != nil {
		return nil, &exit.BadInput{File: path, Err: err}
	}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".npy":
		arrays[0].Name = "input"
	case ".csv":
		if len(arrays) == 0 {
			return nil, &exit.BadInput{File: path, Expected: "a column for each neuron", Found: "none"}
		}
		input := files.Array{Name: "input", Shape: []int{len(arrays[0].Data), len(arrays)}}
		for t := range len(arrays[0].Data) {
			for _, column := range arrays {
				input.Data = append(input.Data, column.Data[t])
			}
		}
		arrays = []files.Array{input}
	}
	return arrays, nil
}

// simulation puts the network of the configuration and the arrays of the input file together.
func (c *DynapSim) simulation(arrays []files.Array) (*simulation, error) {
	bad := func(array, expected, found string) error {
		return &exit.BadInput{File: c.Input, Member: array, Expected: expected, Found: found}
	}
	find := func(name string) (a files.Array, ok bool) {
		i := slices.IndexFunc(arrays, func(a files.Array) bool { return a.Name == name })
		if i < 0 {
			return a, false
		}
		return arrays[i], true
	}
	for _, a := range arrays {
		if !slices.Contains([]string{"input", "w_in", recurrentWeights}, a.Name) {
			return nil, bad(a.Name, "one of input, w_in, w_rec", "an unknown array")
		}
	}
	x, ok := find("input")
	if !ok {
		return nil, bad("input", "an array", "none")
	}
	if len(x.Shape) == 2 {
		x.Shape = append([]int{1}, x.Shape...)
	}
	found := fmt.Sprint(x.Shape)
	x.Shape = joined(x.Shape, 3)
	if len(x.Shape) != 3 || slices.Min(x.Shape) == 0 {
		return nil, bad("input", "shape [B, T, N] or [T, N], none of them 0", found)
	}
	s := &simulation{file: c.Config, rows: x.Shape[0], steps: x.Shape[1]}
	channels := x.Shape[2]
	var in chip.Weights
	var err error
	if c.Device != "" {
		s.file = c.Device
		if s.network, in, err = readDevice(c.Device, c.Dendrites); err != nil {
			return nil, err
		}
		if len(arrays) > 1 {
			return nil, bad("w_in, w_rec", "only input, as the device says the weights", "weights")
		}
		if in.Pre != channels {
			return nil, bad("input", fmt.Sprintf("%d channels, as the device has", in.Pre), fmt.Sprint(channels))
		}
	} else if s.network, err = ReadConfig(c.Config); err != nil {
		return nil, err
	}
	types := types(s.network)
	if c.Dendrites && types == 1 {
		return nil, &exit.BadInput{File: "--dendrites", Expected: "--device, or network.synapses = 4 in " + c.Config, Found: "one synapse"}
	}
	if w, ok := find("w_in"); ok {
		w.Shape = joined(w.Shape, 2)
		if len(w.Shape) != 2 || w.Shape[0] != channels || w.Shape[1] == 0 {
			return nil, bad("w_in", fmt.Sprintf("shape [%d, N], the input has %d channels", channels, channels), fmt.Sprint(w.Shape))
		}
		in = chip.Weights{Pre: w.Shape[0], Post: w.Shape[1], W: w.Data}
	}
	width := channels
	if in.W != nil {
		width = in.Post
	}
	n := width / types
	if n*types != width {
		return nil, bad("input", "four columns for each neuron: AMPA, GABA, NMDA, SHUNT", fmt.Sprintf("%d columns", width))
	}
	if s.network.N == 0 {
		s.network.N = n
	}
	if s.network.N != n {
		return nil, bad("input", fmt.Sprintf("input for %d neurons", s.network.N), fmt.Sprint(n))
	}
	if w, ok := find(recurrentWeights); ok {
		if s.network.WRec != nil {
			return nil, bad(recurrentWeights, "weights here or in "+c.Config, "both")
		}
		if found := fmt.Sprint(w.Shape); !slices.Equal(joined(w.Shape, 2), []int{n, width}) {
			return nil, bad(recurrentWeights, fmt.Sprintf("shape [%d, %d]", n, width), found)
		}
		s.network.WRec = w.Data
	}
	s.input = weighted(x, in, width)
	s.dt = dynapse.Dt.Default()
	if dt := s.network.Params[dynapse.Dt]; len(dt) > 0 {
		s.dt = dt[0]
	}
	return s, nil
}

// joined returns the shape with its last axis, the four synapse types of a neuron, joined to that before, where there is one too many.
func joined(shape []int, axes int) []int {
	if len(shape) != axes+1 || shape[axes] != 4 {
		return shape
	}
	return append(slices.Clone(shape[:axes-1]), 4*shape[axes-1])
}

// weighted returns x·w_in as [T, B, N] for x [B, T, channels]; without weights the channels are the neurons.
func weighted(x files.Array, in chip.Weights, n int) []float64 {
	rows, steps, channels := x.Shape[0], x.Shape[1], x.Shape[2]
	out := make([]float64, rows*steps*n)
	for b := range rows {
		for t := range steps {
			from := x.Data[(b*steps+t)*channels:][:channels]
			to := out[(t*rows+b)*n:][:n]
			if in.W == nil {
				copy(to, from)
				continue
			}
			for i, count := range from {
				if count == 0 {
					continue
				}
				for j, w := range in.W[i*n : (i+1)*n] {
					to[j] += float64(count * w)
				}
			}
		}
	}
	return out
}

// traces returns the records as arrays [B, T, N].
func (s *simulation) traces(run *dynapse.Run) []files.Array {
	n := s.network.N
	var list []files.Array
	for _, r := range []struct {
		name string
		x    []float64
	}{
		{"input", s.input}, {"imem", run.Imem}, {"isyn", run.Isyn}, {"iahp", run.Iahp}, {"vmem", run.Vmem}, {"spikes", run.Spikes},
		{"igaba", run.Igaba}, {"inmda", run.Inmda}, {"ishunt", run.Ishunt},
	} {
		if r.x == nil {
			continue
		}
		shape := []int{s.rows, s.steps, n}
		if r.name == "input" && s.network.FourSynapses {
			shape = append(shape, 4)
		}
		data := make([]float64, len(r.x))
		width := len(data) / s.rows / s.steps
		for t := range s.steps {
			for b := range s.rows {
				copy(data[(b*s.steps+t)*width:][:width], r.x[(t*s.rows+b)*width:])
			}
		}
		list = append(list, files.Array{Name: r.name, Shape: shape, Data: data})
	}
	return list
}

// figure shows membrane and synaptic currents of one row.
func (c *DynapSim) figure(s *simulation, run *dynapse.Run) (plot.Traces, error) {
	n := s.network.N
	if c.Row < 0 || c.Row >= s.rows {
		return plot.Traces{}, &exit.BadInput{File: "--row", Expected: fmt.Sprintf("0 to %d", s.rows-1), Found: fmt.Sprint(c.Row)}
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
		for t := range s.steps {
			i := (t*s.rows+c.Row)*n + j
			imem.Y = append(imem.Y, run.Imem[i])
			if run.Spikes[i] > 0 {
				imem.Spikes = append(imem.Spikes, float64(t)*s.dt)
			}
		}
		membrane.Traces = append(membrane.Traces, imem)
		for k, current := range currents {
			isyn := plot.Trace{Name: name}
			for t := range s.steps {
				// An idle GABA, NMDA or SHUNT carries no current, which a logarithmic axis cannot show.
				y := current[(t*s.rows+c.Row)*n+j]
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
