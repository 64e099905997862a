package experiment

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
)

// Input is input for a simulation.
type Input struct {
	T, B   int
	Counts []float64 // weighted spike counts, [T, B, N] or with four synapse types [T, B, N, 4]

	// Given is the array input of the file, [B, T, channels], where the weights of the channels
	// are not in it.
	Given *files.Array
}

// ReadSimulation reads what [ReadNetwork] does and the input in a file as [ReadInput] does, and
// holds both to network.recurrent. Errors are [*Error].
func ReadSimulation(path, input string) (*Input, dynapse.Network, error) {
	r, text, err := open(path, Options{})
	if err != nil {
		return nil, dynapse.Network{}, err
	}
	n, in, err := r.network(text)
	if err != nil {
		return nil, n, err
	}
	x, n, err := ReadInput(input, n, in)
	if err != nil {
		return nil, n, err
	}
	if n.WRec != nil {
		err = r.isRecurrent(input + " has " + recurrentWeights)
	} else if yes := r.file.Network.Recurrent; yes != nil && *yes {
		err = r.bad("network.recurrent", "w_rec or w_rec_code under [init], or w_rec in "+input+", as it is true", "none")
	}
	return x, n, err
}

// ReadInput reads input for a network from the array input, [B, T, N] or [T, N], of spike counts of
// weight 1; with weights w_in [channels, N], of the file or in, it is [B, T, channels] or
// [T, channels]. It returns the network with its N, where that was 0, and with w_rec of the file.
// In a .csv each column is a neuron or channel, and a .npy is the array input.
//
// in are the weights of input channels that are known already, or nil; the file then has neither
// w_in nor w_rec. Errors are [*Error].
func ReadInput(path string, n dynapse.Network, in *chip.Weights) (*Input, dynapse.Network, error) {
	d := data{path: path, network: n, dt: timeStep(n)}
	var err error
	if err = d.readInput(n, in); err != nil {
		return nil, n, err
	}
	names := []string{"input", inputWeights, recurrentWeights}
	for _, a := range d.arrays {
		if !slices.Contains(names, a.Name) {
			return nil, n, &Error{File: path, Member: a.Name, Expected: "one of input, w_in, w_rec", Found: "an unknown array", Nearest: exit.Nearest(a.Name, names)}
		}
	}
	x, ok := d.find("input")
	if !ok {
		return nil, n, d.wrong("input", "an array", "none")
	}
	found := fmt.Sprint(x.Shape)
	x.Shape = flattened(x.Shape, 3)
	if len(x.Shape) != 3 || slices.Min(x.Shape) == 0 {
		return nil, n, d.wrong("input", "shape [B, T, N] or [T, N], none of them 0", found)
	}
	channels := x.Shape[2]
	if in != nil {
		if len(d.arrays) > 1 {
			return nil, n, d.wrong("w_in, w_rec", "only input, as the weights of its channels are known", "weights")
		}
		if in.Pre != channels {
			return nil, n, d.wrong("input", fmt.Sprintf("%d channels, those of w_in", in.Pre), channels)
		}
	}
	if w, ok := d.find(inputWeights); ok {
		w.Shape = flattened(w.Shape, 2)
		if len(w.Shape) != 2 || w.Shape[0] != channels || w.Shape[1] == 0 {
			return nil, n, d.wrong(inputWeights, fmt.Sprintf("shape [%d, N], the input has %d channels", channels, channels), fmt.Sprint(w.Shape))
		}
		in = &chip.Weights{Pre: w.Shape[0], Post: w.Shape[1], W: w.Data}
	}
	width, known := channels, in != nil && len(d.arrays) == 1
	if in != nil {
		width = in.Post
	}
	size := width / d.types()
	if size*d.types() != width {
		return nil, n, d.wrong("input", "four columns for each neuron: AMPA, GABA, NMDA, SHUNT", fmt.Sprintf("%d columns", width))
	}
	if n.N == 0 {
		n.N = size
	}
	if n.N != size {
		return nil, n, d.wrong("input", fmt.Sprintf("input for %d neurons", n.N), size)
	}
	if w, ok := d.find(recurrentWeights); ok {
		if n.WRec != nil {
			return nil, n, d.wrong(recurrentWeights, "weights here or in the configuration", "both")
		}
		if found := fmt.Sprint(w.Shape); !slices.Equal(flattened(w.Shape, 2), []int{size, width}) {
			return nil, n, d.wrong(recurrentWeights, fmt.Sprintf("shape [%d, %d]", size, width), found)
		}
		n.WRec = w.Data
	}
	i := &Input{T: x.Shape[1], B: x.Shape[0], Counts: weighted(x, in, width)}
	if known {
		i.Given = &x
	}
	return i, n, nil
}

// readInput reads the array input, and w_in and w_rec beside it. A list of events is put into bins
// up to the last one; other columns of a table are the neurons or channels, and a .npy is the array
// input.
func (d *data) readInput(n dynapse.Network, in *chip.Weights) error {
	if isTable(d.path) {
		columns, err := files.ReadTable(d.path)
		if err != nil {
			return failed(d.path, err)
		}
		e, err := d.eventsOf(d.path, slices.Clone(columns))
		if err != nil {
			return err
		}
		if e != nil && !isName(columns[0].Name, "0") {
			width := slices.Max(e.index) + 1
			if in != nil {
				width = max(width, in.Pre)
			} else {
				width = max(width, n.N*d.types())
			}
			a, err := d.counts(e, "input", e.rows(), e.bins(d.dt), width)
			d.arrays = []files.Array{a}
			return err
		}
		return d.inputOf(columns)
	}
	var err error
	if d.arrays, err = files.ReadArrays(d.path); err == nil && strings.EqualFold(filepath.Ext(d.path), ".npy") {
		d.arrays[0].Name = "input"
	}
	if err != nil {
		return failed(d.path, err)
	}
	return nil
}

// inputOf makes the array input of the columns of a table.
func (d *data) inputOf(columns []files.Column) error {
	arrays, err := files.Numbers(columns)
	if err != nil {
		return &Error{File: d.path, Err: err}
	}
	steps, n := len(arrays[0].Data), len(arrays)
	input := files.Array{Name: "input", Shape: []int{steps, n}, Data: make([]float64, steps*n)}
	for j, column := range arrays {
		for t, x := range column.Data {
			input.Data[t*n+j] = x
		}
	}
	d.arrays = []files.Array{input}
	return nil
}
