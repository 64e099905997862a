package models

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
)

// Image is the shape of images [C, H, W] in a sequence [T, B, N]: N = Channels·Height·Width,
// row-major, so that neurons and a [Linear] need nothing else. A sequence in space, for a
// convolution in one dimension, has the height 1.
type Image struct{ Channels, Height, Width int }

// Size returns N.
func (i Image) Size() int { return i.Channels * i.Height * i.Width }

// String returns the shape as "channels×height×width".
func (i Image) String() string { return fmt.Sprintf("%d×%d×%d", i.Channels, i.Height, i.Width) }

// Flatten returns a sequence [T, B, ...] as [T, B, N], row-major: images [T, B, C, H, W] as the
// layers of this package take them. It is no layer: nothing is computed.
func Flatten(b *graph.Builder, x *G.Node) *G.Node {
	if x.Dims() < 3 {
		b.Fail(fmt.Errorf("%w: Flatten of %v, want [T, B, ...]", ErrParameter, x.Shape()))
	}
	if x.Dims() == 3 {
		return x
	}
	s := x.Shape()
	return b.Check(G.Reshape(x, []int{s[0], s[1], s.TotalSize() / (s[0] * s[1])}))
}

// Window is what a place of the output of a [Conv] or [Pool] sees of the image, in height and
// width.
type Window struct {
	Kernel  [2]int
	Stride  [2]int // 0: 1 for a Conv, Kernel for a Pool
	Padding [2]int // zeros around the image
	// Dilation is the distance of neighbours in the kernel; 0: 1.
	Dilation [2]int
	// Same pads so that strides of 1 keep the size; where the zeros are odd in number, there is one
	// more behind.
	Same bool
}

// window is a Window on an image.
type window struct {
	in            Image
	kernel        int      // elements
	height, width int      // of the output
	from          []int32  // [places, kernel]: the place in the image, -1 outside of it
	spans         [][]span // of each element of the kernel
	step          int      // of a span
	starts        []int32  // [area of the image + 1]: where the entries of a place of the image begin
	seen          []sight
}

// span says that places of the output from out on see n places of the image, from in on.
type span struct{ out, in, n int32 }

// sight says that a place of the output sees one of the image through an element of the kernel.
type sight struct{ kernel, out int32 }

func (w Window) with(stride [2]int) Window {
	for i := range 2 {
		if w.Stride[i] == 0 {
			w.Stride[i] = stride[i]
		}
		if w.Dilation[i] == 0 {
			w.Dilation[i] = 1
		}
	}
	return w
}

// size returns how many places a window has along an axis of n, and the zeros in front.
func (w Window) size(axis, n int) (places, before int, err error) {
	k, stride, padding, dilation := w.Kernel[axis], w.Stride[axis], w.Padding[axis], w.Dilation[axis]
	if k <= 0 || stride <= 0 || padding < 0 || dilation <= 0 || n <= 0 || w.Same && padding != 0 {
		return 0, 0, fmt.Errorf("%w: kernel %v, stride %v, padding %v (same: %v) and dilation %v on %d", ErrParameter, w.Kernel, w.Stride, w.Padding, w.Same, w.Dilation, n)
	}
	span, both := dilation*(k-1), 2*padding
	if w.Same {
		both, padding = span, span/2
	}
	if n+both <= span {
		return 0, 0, fmt.Errorf("%w: a kernel over %d on an image of %d with %d zeros", ErrParameter, span+1, n, both)
	}
	return (n+both-span-1)/stride + 1, padding, nil
}

// on returns the window on an image.
func (w Window) on(in Image) (*window, error) {
	if in.Channels <= 0 || in.Height <= 0 || in.Width <= 0 {
		return nil, fmt.Errorf("%w: images of %v", ErrParameter, in)
	}
	g := &window{in: in, step: w.Stride[1], kernel: w.Kernel[0] * w.Kernel[1]}
	var before [2]int
	var err error
	if g.height, before[0], err = w.size(0, in.Height); err != nil {
		return nil, err
	}
	if g.width, before[1], err = w.size(1, in.Width); err != nil {
		return nil, err
	}
	counts := make([]int32, in.Height*in.Width+1)
	for p := range g.height * g.width {
		for k := range g.kernel {
			y := p/g.width*w.Stride[0] + k/w.Kernel[1]*w.Dilation[0] - before[0]
			x := p%g.width*w.Stride[1] + k%w.Kernel[1]*w.Dilation[1] - before[1]
			at := int32(-1)
			if y >= 0 && x >= 0 && y < in.Height && x < in.Width {
				at = int32(y*in.Width + x)
				counts[at+1]++
			}
			g.from = append(g.from, at)
		}
	}
	for i := range in.Height * in.Width {
		counts[i+1] += counts[i]
	}
	g.starts = append([]int32(nil), counts...)
	g.seen = make([]sight, counts[len(counts)-1])
	for i, at := range g.from {
		if at >= 0 {
			g.seen[counts[at]] = sight{int32(i % g.kernel), int32(i / g.kernel)}
			counts[at]++
		}
	}
	g.spans = make([][]span, g.kernel)
	for k := range g.spans {
		for p := range g.places() {
			at := g.from[p*g.kernel+k]
			if last := len(g.spans[k]) - 1; last >= 0 {
				if r := &g.spans[k][last]; int(r.out+r.n) == p && int(at) == int(r.in)+int(r.n)*g.step {
					r.n++
					continue
				}
			}
			if at >= 0 {
				g.spans[k] = append(g.spans[k], span{int32(p), at, 1})
			}
		}
	}
	return g, nil
}

// of returns what sees a place of the image.
func (w *window) of(place int) []sight { return w.seen[w.starts[place]:w.starts[place+1]] }

func (w *window) area() int   { return w.in.Height * w.in.Width }
func (w *window) places() int { return w.height * w.width }

// images ends the build where x is no sequence of images; one [T, B, C, H, W] is flattened.
func images(b *graph.Builder, layer string, x *G.Node, in Image) *G.Node {
	if s := x.Shape(); s.Dims() < 3 || s.TotalSize() != s[0]*s[1]*in.Size() {
		b.Fail(fmt.Errorf("%w: %s: input of shape %v, want [T, B, N] with images of %v", ErrParameter, layer, s, in))
	}
	return Flatten(b, x)
}
