package export

import "github.com/surge-snn/surge/models"

// Map is what a layer makes of the outputs of the layer before, in each step: a [Linear],
// [Delayed], [Conv], [Pool], [Norm] or [Delay].
type Map interface {
	// outputs returns how many there are, and an error where it is no map of in inputs.
	outputs(in int) (int, error)
	// arrays adds its arrays, for in inputs.
	arrays(add func(name string, v []float64, shape ...int), in int)
	// constants writes those of layer id in C.
	constants(c cWriter, id string)
	// state writes what is kept from step to step in C, reset what is not 0 before the first step.
	state(c cWriter, id string)
	reset(c cWriter, id string)
	// code writes the C that computes the outputs u of the inputs x; spikes: the inputs are 0 or 1.
	code(c cWriter, id string, spikes bool)
}

// Linear is the map of models.Linear: u = x W + Bias.
type Linear struct {
	none
	In, Out int
	W       []float64 // [In, Out], row-major
	Bias    []float64 // nil: none
}

func (m *Linear) arrays(add func(string, []float64, ...int), in int) {
	add("w", m.W, in, m.Out)
	add("b", m.Bias, m.Out)
}

// Delayed is the map of models.DelayedLinear: an input arrives Whole steps later with Now of the
// weight, and with Later a step after that.
type Delayed struct {
	In, Out, Steps int       // of the longest delay
	W              []float64 // [In, Out], as are the others
	Delay          []float64 // in steps
	Whole          []int
	Now, Later     []float64 // (1-f) W and f W; f is the rest of the delay
	Bias           []float64
}

func (m *Delayed) arrays(add func(string, []float64, ...int), in int) {
	add("w", m.W, in, m.Out)
	add("delay", m.Delay, in, m.Out)
	add("b", m.Bias, m.Out)
}

// Conv is the map of models.Conv.
type Conv struct {
	none
	In, Out models.Image
	Window  models.Window // no stride and no dilation is 0
	Groups  int
	W       []float64 // [channels, channels of the input in a group, height, width]
	Bias    []float64
}

func (m *Conv) arrays(add func(string, []float64, ...int), _ int) {
	k := m.Window.Kernel
	add("w", m.W, m.Out.Channels, m.In.Channels/m.Groups, k[0], k[1])
	add("b", m.Bias, m.Out.Channels)
	windowArrays(add, m.In, m.Window)
	add("dilation", pair(m.Window.Dilation), 2)
	add("groups", []float64{float64(m.Groups)})
}

// windowArrays adds the shape of the input, and what a window is.
func windowArrays(add func(string, []float64, ...int), in models.Image, w models.Window) {
	add("image", []float64{float64(in.Channels), float64(in.Height), float64(in.Width)}, 3)
	add("stride", pair(w.Stride), 2)
	add("padding", pair(w.Padding), 2)
}

func pair(v [2]int) []float64 { return []float64{float64(v[0]), float64(v[1])} }

// Pool is the map of models.Pool.
type Pool struct {
	none
	In, Out models.Image
	Window  models.Window // no stride and no dilation is 0
	Scale   float64       // of the sum
}

func (m *Pool) arrays(add func(string, []float64, ...int), _ int) {
	add("kernel", pair(m.Window.Kernel), 2)
	windowArrays(add, m.In, m.Window)
	add("scale", []float64{m.Scale})
}

// Norm is the map of a trained models.BatchNorm: u = Scale (x - Mean) R + Shift, of each of C
// channels of N/C neurons, with R = 1/sqrt(variance + eps).
type Norm struct {
	none
	N                     int
	Scale, Mean, R, Shift []float64 // [C]; R is float64 in float32 networks, too
}

func (m *Norm) arrays(add func(string, []float64, ...int), _ int) {
	c := len(m.Scale)
	add("scale", m.Scale, c)
	add("mean", m.Mean, c)
	add("r", m.R, c)
	add("shift", m.Shift, c)
}

// Delay is the map of models.Delay: u_j = Now x_j[t - Whole] + Later x_j[t - Whole - 1].
type Delay struct {
	N, Steps   int       // of the longest delay
	Delay      []float64 // in steps, [N]
	Whole      []int
	Now, Later []float64 // 1-f and f
}

func (m *Delay) arrays(add func(string, []float64, ...int), _ int) { add("delay", m.Delay, m.N) }
