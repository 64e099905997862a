package models

import (
	"fmt"
	"math/rand/v2"
	"slices"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/ops"
)

// Conv is a convolution of images with learned kernels, in each time step:
//
//	y[t][o, p] = bias[o] + Σ_c Σ_k W[o, c, k] x[t][c, p·Stride - Padding + k·Dilation]
//
// with places p and k of two coordinates; x is 0 outside of the image. It is Conv2d of PyTorch and
// of NIR, with the same order of the weights, and Conv1d where the height is 1. With Groups, output
// channel o sees the input channels of its group alone. Parameters: name (W) [Out, Channels/Groups,
// KernelHeight, KernelWidth] and name/bias [Out].
//
// Cost of the fused kernel, forward and for dW: Out/Groups multiply-adds for each input that is not
// zero and each place that sees it; where many are, a dense product, with the same bits. The
// gradient of x is a dense product. The unrolled engine makes a matrix [N, outputs] of the weights:
// it is the definition, for small images.
type Conv struct {
	In  Image
	Out int // channels
	Window
	Groups int // 0: 1
	// Bias adds a learned bias, which BiasInit initialises; nil means 0.
	Bias     bool
	BiasInit graph.Init
	// Init initialises W; nil means FanIn(0, 1). For it W is a matrix [inputs of a neuron, Out].
	Init graph.Init
}

// Shape returns the shape of the output images. Errors wrap [ErrParameter].
func (c Conv) Shape() (Image, error) {
	w, err := c.window()
	if err != nil {
		return Image{}, err
	}
	return Image{c.Out, w.height, w.width}, nil
}

func (c Conv) window() (*window, error) {
	if g := max(c.Groups, 1); c.Groups < 0 || c.Out <= 0 || c.Out%g != 0 || c.In.Channels%g != 0 {
		return nil, fmt.Errorf("%w: convolution of %d channels to %d in %d groups", ErrParameter, c.In.Channels, c.Out, g)
	}
	return c.Window.with([2]int{1, 1}).on(c.In)
}

// Apply adds the layer. x is a sequence [T, B, In.Size()] or [T, B, C, H, W]; the result is [T, B,
// Shape().Size()].
func (c Conv) Apply(b *graph.Builder, name string, x *G.Node) *G.Node {
	w, err := c.window()
	if err != nil {
		b.Fail(fmt.Errorf("Conv %q: %w", name, err))
	}
	x = images(b, fmt.Sprintf("Conv %q", name), x, c.In)
	init := c.Init
	if init == nil {
		init = FanIn(0, 1)
	}
	cell := convCell{window: w, out: c.Out, groups: max(c.Groups, 1)}
	params := []*G.Node{b.Param(name, func(dst []float64, _ []int, rng *rand.Rand) {
		init(dst, []int{cell.inputs(), c.Out}, rng)
	}, c.Out, c.In.Channels/cell.groups, c.Kernel[0], c.Kernel[1])}
	if c.Bias {
		params = append(params, bias(b, name, c.BiasInit, c.Out))
	}
	out, _ := b.Scan(name, cell, []*G.Node{x}, params)
	return out[0]
}

// convCell is one step of Conv.
type convCell struct {
	*window
	out, groups int
}

// inputs returns how many inputs a neuron has.
func (c convCell) inputs() int { return c.in.Channels / c.groups * c.kernel }

func (convCell) Kind() string             { return "conv" }
func (convCell) State() []graph.StateSpec { return nil }
func (convCell) Outputs() []string        { return []string{"y"} }

// mostElements is how many elements of a matrix the unrolled engine makes of a convolution.
const mostElements = 1 << 26

// Step multiplies with the matrix M[c, i; o, p] = W[o, c, k] where p sees i through k, else 0.
func (c convCell) Step(b *graph.Builder, x, params, _ []*G.Node) (out, next []*G.Node) {
	n, m, places := c.in.Size(), c.out*c.places(), c.places()
	if n > mostElements/m {
		b.Fail(fmt.Errorf("%w: a convolution of %v to %d channels is too large for the unrolled engine", ErrParameter, c.in, c.out))
	}
	at := slices.Repeat([]int32{-1}, n*m)
	perGroup, outs := c.in.Channels/c.groups, c.out/c.groups
	for o := range c.out {
		for ch := range perGroup {
			for i := range c.area() {
				for _, s := range c.of(i) {
					input := (o/outs*perGroup+ch)*c.area() + i
					at[input*m+o*places+int(s.out)] = int32((o*perGroup+ch)*c.kernel) + s.kernel
				}
			}
		}
	}
	y := b.Check(G.Mul(x[0], b.Check(ops.Take(params[0], at, n, m))))
	if len(params) > 1 { // [B, Out]
		rows := params[1].Shape()[0]
		at := make([]int32, 0, rows*m)
		for i := range rows * c.out {
			at = append(at, slices.Repeat([]int32{int32(i)}, places)...)
		}
		y = b.Check(G.Add(y, b.Check(ops.Take(params[1], at, rows, m))))
	}
	return []*G.Node{y}, nil
}

func (c convCell) Kernel(*graph.Builder) ops.Kernels {
	return ops.Kernels{Float32: &convKernel[float32]{convCell: c}, Float64: &convKernel[float64]{convCell: c}}
}
