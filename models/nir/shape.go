package nir

import (
	"fmt"
	"slices"
)

// shapes returns the shape of what each node gives out.
func (g *Graph) shapes(order []string) (map[string][]int, error) {
	out := map[string][]int{}
	for _, name := range order { // what is known without an input
		out[name] = g.Nodes[name].ownOutput()
	}
	for range 2 { // in loops, what comes from behind is known the second time
		for _, name := range order {
			n := g.Nodes[name]
			var in []int
			for _, e := range g.Edges {
				from := out[e.From]
				if e.To != name || from == nil {
					continue
				}
				if in != nil && !slices.Equal(in, from) {
					return nil, fmt.Errorf("%w: node %q gets shapes %v and, from %q, %v", ErrGraph, name, in, e.From, from)
				}
				in = from
			}
			if in == nil {
				continue
			}
			shape, err := n.output(in)
			if err != nil {
				return nil, fmt.Errorf("%w: node %q (%s): %w", ErrGraph, name, n.Kind, err)
			}
			out[name] = shape
		}
	}
	for _, name := range order {
		if out[name] == nil {
			return nil, fmt.Errorf("%w: node %q (%s): its shape is not known: no edge leads to it", ErrGraph, name, g.Nodes[name].Kind)
		}
	}
	return out, nil
}

// ownOutput is the shape of the output where the parameters tell it, else nil.
func (n *Node) ownOutput() []int {
	switch n.Kind {
	case "Input", "Output":
		return n.Values["shape"].ints()
	case "Affine", "Linear":
		return n.Values["weight"].Shape[:1]
	}
	if shape, ok := n.neurons(); ok && len(shape) > 0 {
		return shape
	}
	return nil
}

// output is the shape of the output for an input.
func (n *Node) output(in []int) ([]int, error) {
	switch n.Kind {
	case "Input", "Output":
		given, ok := n.Values["shape"]
		if !ok {
			return in, nil // see trail
		}
		shape := given.ints()
		if k := ones(shape); k > 0 && slices.Equal(in, shape[k:]) {
			return in, nil
		}
		return in, fits(in, shape)
	case "Affine", "Linear":
		w := n.Values["weight"].Shape
		if err := fits(in[ones(in):], w[1:]); err != nil { // norse and sinabs write a batch of one
			if slices.Equal(in[ones(in):], w[:1]) {
				err = fmt.Errorf("%w: the weight looks transposed, [in, out]", err)
			}
			return nil, err
		}
		return w[:1], nil
	case "Scale":
		if s := n.Values["scale"]; len(s.Shape) > 0 {
			return in, fits(in, s.Shape)
		}
		return in, nil
	case "Flatten":
		return n.flatten(in)
	case "Conv1d", "Conv2d":
		return n.convolved(in)
	case "SumPool2d", "AvgPool2d":
		return n.pooled(in)
	}
	if shape, ok := n.neurons(); ok && len(shape) > 0 {
		return in, fits(in, shape)
	}
	return in, nil // one value for all
}

// ones returns the number of dimensions of 1 in front of the last.
func ones(in []int) (n int) {
	for n < len(in)-1 && in[n] == 1 {
		n++
	}
	return n
}

func fits(in, want []int) error {
	if !slices.Equal(in, want) {
		return fmt.Errorf("expected an input of shape %v, found %v", want, in)
	}
	return nil
}

// flatten joins dimensions. NIR has no batch, so that 0 is the first dimension of a sample.
func (n *Node) flatten(in []int) ([]int, error) {
	start, end := n.Values["start_dim"].ints()[0], n.Values["end_dim"].ints()[0]
	if start < 0 {
		start += len(in)
	}
	if end < 0 {
		end += len(in)
	}
	if start == len(in) && end == len(in)-1 {
		return in, nil
	}
	if start < 0 || end >= len(in) || start > end {
		return nil, fmt.Errorf("dimensions %d to %d of an input of shape %v", start, end, in)
	}
	size := 1
	for _, k := range in[start : end+1] {
		size *= k
	}
	return slices.Concat(in[:start], []int{size}, in[end+1:]), nil
}

// window is a convolution or pooling over the last dimensions of an input [channels, ...].
type window struct {
	kernel, stride, dilation []int
	before                   []int // zeros in front of each dimension
	out                      []int
}

// window returns the geometry of a node for an input.
func (n *Node) window(in []int, kernel []int) (w window, err error) {
	dims := len(kernel)
	w = window{kernel: kernel, dilation: slices.Repeat([]int{1}, dims), before: make([]int, dims)}
	if w.stride, err = n.sizes("stride", dims); err != nil {
		return w, err
	}
	if _, ok := n.Values["dilation"]; ok {
		if w.dilation, err = n.sizes("dilation", dims); err != nil {
			return w, err
		}
	}
	padding, err := n.sizes("padding", dims)
	if err != nil {
		return w, err
	}
	for i, k := range kernel {
		span, both := w.dilation[i]*(k-1), 2*padding[i]
		w.before[i] = padding[i]
		if n.Texts["padding"] == "same" {
			if w.stride[i] != 1 {
				return w, fmt.Errorf("padding \"same\" with the stride %d", w.stride[i])
			}
			both, w.before[i] = span, span/2
		}
		room := in[len(in)-dims+i] + both - span - 1
		if room < 0 {
			return w, fmt.Errorf("a kernel over %d of an input of shape %v", span+1, in)
		}
		w.out = append(w.out, room/w.stride[i]+1)
	}
	return w, nil
}

func (n *Node) convolved(in []int) ([]int, error) {
	w := n.Values["weight"].Shape
	if len(in) != len(w)-1 {
		return nil, fmt.Errorf("expected an input [channels, ...] of %d dimensions, found %v", len(w)-1, in)
	}
	if channels := w[1] * n.Values["groups"].ints()[0]; in[0] != channels {
		return nil, fmt.Errorf("expected %d channels, found an input of shape %v", channels, in)
	}
	if s := n.Values["input_shape"]; len(s.Data) > 0 && !slices.Equal(s.ints(), in[1:]) {
		return nil, fmt.Errorf("input_shape is %v, found an input of shape %v", s.ints(), in)
	}
	win, err := n.window(in, w[2:])
	return append([]int{w[0]}, win.out...), err
}

func (n *Node) pooled(in []int) ([]int, error) {
	if len(in) != 3 {
		return nil, fmt.Errorf("expected an input [channels, height, width], found %v", in)
	}
	kernel, err := n.sizes("kernel_size", 2)
	if err != nil {
		return nil, err
	}
	win, err := n.window(in, kernel)
	return append([]int{in[0]}, win.out...), err
}
