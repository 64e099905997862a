package experiment

import (
	"fmt"
	"slices"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
)

// data turns the arrays of a file into a recording, a task or input.
type data struct {
	path       string // of the file
	owner, key string // the file that names it, and the path of the keys of target there
	network    dynapse.Network
	dt         float64 // s
	target     *Target
	arrays     []files.Array

	rows, steps int
	neurons     []int    // that were recorded
	unused      []string // arrays that nothing uses
	wIn         *chip.Weights
	channels    []float64 // counts of the channels of wIn, [T, B, C]
	converted   []string  // arrays that are in SI units already, as the file says their units
	absolute    bool      // times of the file are those of another one
	wRec        []float64
	given       *chip.Weights // w_in under [init]
	codes       *chip.Codes
}

// wrong is an error in an array of the file.
func (d *data) wrong(array, expected string, found any) error {
	return &Error{File: d.path, Member: array, Expected: expected, Found: fmt.Sprint(found)}
}

// bad is an error in a key of the target.
func (d *data) bad(key, expected string, found any) error {
	return &Error{File: d.owner, Member: d.key + key, Expected: expected, Found: fmt.Sprint(found)}
}

// types is the number of columns of input of a neuron.
func (d *data) types() int { return types(d.network) }

// known are the arrays that a recording may have, the first sampled of them with samples.
var known = []string{"input", inputWeights, "imem", "isyn", "iahp", "vmem", "spikes", "weight", dcName, recurrentWeights, recurrentCodes}

const sampled = 9

// others collects the arrays that nothing uses. One that seems to be a known array with a letter
// changed, where there is none of that name, is an error.
func (d *data) others(known []string) error {
	for _, a := range d.arrays {
		if slices.Contains(known, a.Name) {
			continue
		}
		if near := exit.Nearest(a.Name, known); near != "" && len(near) > 3 {
			if _, there := d.find(near); !there {
				return &Error{File: d.path, Member: a.Name, Expected: "one of " + joined(known), Found: "an unknown array", Nearest: near}
			}
		}
		d.unused = append(d.unused, a.Name)
	}
	return nil
}

// find returns an array, with one row where it has none.
func (d *data) find(name string) (files.Array, bool) {
	i := slices.IndexFunc(d.arrays, func(a files.Array) bool { return a.Name == name })
	if i < 0 {
		return files.Array{}, false
	}
	a := d.arrays[i]
	if len(a.Shape) == 2 && !slices.Contains([]string{recurrentWeights, recurrentCodes, inputWeights}, name) {
		a.Shape = append([]int{1}, a.Shape...)
	}
	return a, true
}

// flattened returns a shape of so many axes whose last axis, the four synapse types of a neuron, is
// joined to that before, where it has one more.
func flattened(shape []int, axes int) []int {
	if len(shape) != axes+1 || shape[axes] != dynapse.SynapseTypes {
		return shape
	}
	return append(slices.Clone(shape[:axes-1]), dynapse.SynapseTypes*shape[axes-1])
}

// inputs reads the input with its weights: weighted spike counts [T, B, N], or [T, B, 4N].
func (d *data) inputs() ([]float64, error) {
	x, ok := d.find("input")
	if !ok {
		return nil, d.wrong("input", `an array of spike counts, or in the target input = "FILE", or input = "none"`, "none")
	}
	width := d.network.N * d.types()
	found := fmt.Sprint(x.Shape)
	if d.types() > 1 {
		x.Shape = flattened(x.Shape, 3)
	}
	if len(x.Shape) != 3 || slices.Min(x.Shape) < 1 {
		return nil, d.wrong("input", fmt.Sprintf("shape [B, T, %d], none of them 0", width), found)
	}
	d.rows, d.steps = x.Shape[0], x.Shape[1]
	if w, ok := d.find(inputWeights); ok {
		in, err := d.inputWeights(w, x.Shape[2])
		if err != nil {
			return nil, err
		}
		d.wIn = in
	} else if d.given != nil {
		if x.Shape[2] != d.given.Pre {
			return nil, d.wrong("input", fmt.Sprintf("shape [B, T, %d], the channels of w_in under [init]", d.given.Pre), found)
		}
		d.wIn = d.given
	} else if x.Shape[2] != width {
		what := fmt.Sprintf("as there are %d neurons", d.network.N)
		if d.types() > 1 {
			what += " with four columns each: AMPA, GABA, NMDA, SHUNT"
		}
		return nil, d.wrong("input", fmt.Sprintf("shape [B, T, %d], %s, or weights w_in for its channels", width, what), found)
	}
	if d.wIn != nil {
		d.channels = weighted(x, nil, x.Shape[2])
	}
	return weighted(x, d.wIn, width), nil
}

// inputWeights reads w_in for so many channels.
func (d *data) inputWeights(w files.Array, channels int) (*chip.Weights, error) {
	width := d.network.N * d.types()
	found := fmt.Sprint(w.Shape)
	if d.types() > 1 {
		w.Shape = flattened(w.Shape, 2)
	}
	if len(w.Shape) != 2 || w.Shape[0] != channels || w.Shape[1] != width {
		return nil, d.wrong(inputWeights, fmt.Sprintf("shape [%d, %d], as the input has %d channels", channels, width, channels), found)
	}
	if err := d.finite(inputWeights, w); err != nil {
		return nil, err
	}
	return &chip.Weights{Pre: channels, Post: width, W: w.Data}, nil
}

// recurrence reads w_rec and w_rec_code.
func (d *data) recurrence() error {
	n := d.network.N
	if c, ok := d.find(recurrentCodes); ok {
		codes, good := codesOf(c.Data, n)
		if !good || !slices.Equal(c.Shape, []int{n, n}) || d.types() > 1 {
			return d.wrong(recurrentCodes, fmt.Sprintf("whole numbers from -15 to 15 of shape [%d, %d]", n, n), fmt.Sprintf("shape %v", c.Shape))
		}
		d.codes = codes
	}
	w, ok := d.find(recurrentWeights)
	if !ok {
		return nil
	}
	found := fmt.Sprint(w.Shape)
	if d.types() > 1 {
		w.Shape = flattened(w.Shape, 2)
	}
	if !slices.Equal(w.Shape, []int{n, n * d.types()}) {
		return d.wrong(recurrentWeights, fmt.Sprintf("shape [%d, %d]", n, n*d.types()), found)
	}
	if err := d.finite(recurrentWeights, w); err != nil {
		return err
	}
	d.wRec = w.Data
	return nil
}

// finite checks that a matrix has numbers.
func (d *data) finite(name string, w files.Array) error {
	for i, x := range w.Data {
		if x-x != 0 {
			return d.wrong(fmt.Sprintf("%s[%d][%d]", name, i/w.Shape[1], i%w.Shape[1]), "a finite number", x)
		}
	}
	return nil
}

// weighted returns x·w as [T, B, N] for x [B, T, channels]; without weights the channels are the
// neurons.
func weighted(x files.Array, w *chip.Weights, n int) []float64 {
	rows, steps, channels := x.Shape[0], x.Shape[1], x.Shape[2]
	out := make([]float64, rows*steps*n)
	for b := range rows {
		for t := range steps {
			from := x.Data[(b*steps+t)*channels:][:channels]
			to := out[(t*rows+b)*n:][:n]
			if w == nil {
				copy(to, from)
				continue
			}
			for i, count := range from {
				if count == 0 {
					continue
				}
				for j, v := range w.W[i*n : (i+1)*n] {
					to[j] += float64(count * v)
				}
			}
		}
	}
	return out
}
