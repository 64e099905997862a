package models

import (
	"slices"

	"github.com/surge-snn/surge/internal/kernel"
)

func (k *convKernel[T]) Backward(in, _, gout, gin [][]T) error {
	switch k.noGradient = false; {
	case gout[0] != nil:
		k.g = kernel.RowMajor(gout[0], k.rows, k.m)
	case k.gradient != nil:
		k.g = k.gradient.Panels()
	default:
		k.noGradient = true
		for _, d := range gin {
			clear(d)
		}
		return nil
	}
	if k.dx = gin[0]; k.dx != nil {
		kernel.Blocks(k.rows, 4, k.backward)
	}
	k.wantBias = len(gin) > 2 && gin[2] != nil
	if gin[1] == nil && !k.wantBias {
		return nil
	}
	if k.parts == nil {
		k.parts = make([]kernel.CountedSum[T], convParts)
	}
	kernel.Blocks(convParts, 1, k.learn)
	sum := k.parts[0].Part
	for i := range k.parts[1:] { // in the order of the samples
		kernel.Add(sum, sum, k.parts[1+i].Part)
	}
	inputs, _ := k.group()
	if gin[1] != nil {
		copy(gin[1], sum[:k.out*inputs])
	}
	if k.wantBias {
		copy(gin[2], sum[k.out*inputs:])
	}
	return nil
}

// gradientOf returns row r of the gradient of the output.
func (k *convKernel[T]) gradientOf(r int, row *[]T) []T {
	if k.g.Width >= k.m {
		g, _ := k.g.From(r, 0)
		return g[:k.m]
	}
	*row = resized(*row, k.m)
	for from := 0; from < k.m; from += k.g.Width {
		g, ld := k.g.From(r, from)
		copy((*row)[from:], g[:ld])
	}
	return *row
}

// learnParts sums the gradients of weights and bias over ranges of samples, in each by the steps:
// zeros behind the end of a sequence have no influence on the bits.
func (k *convKernel[T]) learnParts(lo, hi int) {
	inputs, _ := k.group()
	w := k.takeWork()
	for part := lo; part < hi; part++ {
		sum := &k.parts[part]
		sum.Begin(k.out*inputs + k.out)
		// [groups, inputs of a neuron, channels of a group], transposed at the end.
		dw, db := sum.Part[:k.out*inputs], sum.Part[k.out*inputs:]
		for b := part * k.batch / convParts; b < (part+1)*k.batch/convParts; b++ {
			for r := b; r < k.rows; {
				d := k.gradientOf(r, &w.row)
				next := r + k.batch
				if next < k.rows && k.first[next] == k.first[r] { // equal inputs: one product with the sum
					w.sum = resized(w.sum, k.m)
					copy(w.sum, d)
					for ; next < k.rows && k.first[next] == k.first[r]; next += k.batch {
						kernel.Add(w.sum, w.sum, k.gradientOf(next, &w.row))
					}
					d = w.sum
				}
				k.learnRow(dw, db, d, r, w)
				if slices.ContainsFunc(d, func(v T) bool { return v != 0 }) {
					sum.Row() // what is behind the end of a sequence is not counted
				}
				r = next
			}
		}
		sum.End()
		k.toGiven(dw, w)
	}
	k.work.Keep(w)
}

// toGiven brings a gradient of the weights into their order.
func (k *convKernel[T]) toGiven(dw []T, w *convWork[T]) {
	inputs, channels := k.group()
	w.sum = resized(w.sum, len(dw))
	copy(w.sum, dw)
	for g := range k.groups {
		size := inputs * channels
		transposeInto(dw[g*size:(g+1)*size], w.sum[g*size:], inputs, channels)
	}
}

// learnRow adds what row r, whose output has the gradient d, adds to the gradients of weights and
// bias.
func (k *convKernel[T]) learnRow(dw, db, d []T, r int, w *convWork[T]) {
	inputs, channels := k.group()
	places, size := k.places(), inputs*channels
	if k.wantBias {
		for o := range db {
			for _, v := range d[o*places : (o+1)*places] {
				db[o] += v
			}
		}
	}
	at := 0
	for g := range k.groups {
		mine, of := dw[g*size:(g+1)*size], d[g*channels*places:][:channels*places]
		if k.dense {
			at = k.unfold(w, r, g, at)
			w.packed.PackTransposed(of, channels, places)
			w.seen.Times(mine, &w.packed, &w.scratch)
			continue
		}
		w.tile = resized(w.tile, places*channels)
		at = k.list(w, r, g, at, true)
		transposeInto(w.tile, of, channels, places)
		w.lists.Gather(mine, channels, mine, channels, 0, inputs, channels, w.tile, channels)
	}
}

func (k *convKernel[T]) backwardRows(lo, hi int) {
	k.gradientRows(k.dx[lo*k.n:], k.n, lo, hi-lo, 0, k.n, nil)
}

// gradientRows computes rows of the gradient of x: what each place sees of it, added up.
func (k *convKernel[T]) gradientRows(dst []T, ld, first, rows, from, to int, _ *kernel.Scratch[T]) {
	w := k.takeWork()
	for i := range rows {
		dx := dst[i*ld:][:to-from]
		if k.noGradient {
			clear(dx)
			continue
		}
		if from != 0 || to != k.n {
			w.vals = resized(w.vals, k.n)
			k.gradientRow(w.vals, first+i, w)
			copy(dx, w.vals[from:to])
			continue
		}
		k.gradientRow(dx, first+i, w)
	}
	k.work.Keep(w)
}

func (k *convKernel[T]) gradientRow(dx []T, r int, w *convWork[T]) {
	inputs, channels := k.group()
	places, area, perGroup, size := k.places(), k.area(), k.in.Channels/k.groups, inputs*channels
	d := k.gradientOf(r, &w.row)
	clear(dx)
	w.tile = resized(w.tile, inputs*places)
	for g := range k.groups {
		w.packed.Pack(kernel.RowMajor(d[g*channels*places:][:channels*places], channels, places))
		of := kernel.RowMajor(k.given[g*size:(g+1)*size], channels, inputs)
		w.packed.Product(w.tile, places, 0, inputs, 0, places, kernel.Matrix[T]{X: of, Transposed: true}, false, &w.scratch)
		for c := range perGroup {
			image := dx[(g*perGroup+c)*area:][:area]
			for i, spans := range k.spans {
				of := w.tile[(c*k.kernel+i)*places:][:places]
				for _, s := range spans {
					addSpan(image[s.in:], of[s.out:][:s.n], k.step)
				}
			}
		}
	}
}
