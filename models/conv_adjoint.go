package models

import "github.com/surge-snn/surge/internal/kernel"

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
	inputs, channels := k.group()
	size := inputs * channels
	if gin[0] != nil || k.streamed {
		for g := range k.groups {
			k.back[g].PackTransposed(k.w[g*size:(g+1)*size], inputs, channels)
		}
	}
	if k.dx = gin[0]; k.dx != nil {
		kernel.Blocks(k.rows, 4, k.backward)
	}
	k.wantBias = len(gin) > 2 && gin[2] != nil
	if gin[1] == nil && !k.wantBias {
		return nil
	}
	if k.parts == nil {
		k.parts, k.biases = make([][]T, convParts), make([][]T, convParts)
	}
	kernel.Blocks(convParts, 1, k.learn)
	for i := 1; i < convParts; i++ { // in the order of the rows
		kernel.Add(k.parts[0], k.parts[0], k.parts[i])
		kernel.Add(k.biases[0], k.biases[0], k.biases[i])
	}
	for g := range k.groups {
		if gin[1] != nil {
			transposeInto(gin[1][g*size:(g+1)*size], k.parts[0][g*size:], inputs, channels)
		}
	}
	if k.wantBias {
		copy(gin[2], k.biases[0])
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

// learnParts sums the gradients of weights and bias over ranges of rows.
func (k *convKernel[T]) learnParts(lo, hi int) {
	inputs, channels := k.group()
	places, size := k.places(), inputs*channels
	w := k.takeWork()
	w.tile = resized(w.tile, places*channels)
	for part := lo; part < hi; part++ {
		k.parts[part], k.biases[part] = resized(k.parts[part], k.out*inputs), resized(k.biases[part], k.out)
		dw, db := k.parts[part], k.biases[part]
		clear(dw)
		clear(db)
		for r := part * k.rows / convParts; r < (part+1)*k.rows/convParts; r++ {
			d := k.gradientOf(r, &w.row)
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
					w.packed.Product(mine, channels, 0, inputs, 0, channels, kernel.Matrix[T]{X: kernel.RowMajor(w.seen, places, inputs), Transposed: true}, true, &w.scratch)
					continue
				}
				at = k.list(w, r, g, at, true)
				transposeInto(w.tile, of, channels, places)
				w.lists.Gather(mine, channels, mine, channels, 0, inputs, channels, w.tile, channels)
			}
		}
	}
	k.work.Keep(w)
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
	places, area, perGroup := k.places(), k.area(), k.in.Channels/k.groups
	d := k.gradientOf(r, &w.row)
	clear(dx)
	w.seen = resized(w.seen, places*inputs)
	for g := range k.groups {
		of := kernel.RowMajor(d[g*channels*places:][:channels*places], channels, places)
		k.back[g].Product(w.seen, inputs, 0, places, 0, inputs, kernel.Matrix[T]{X: of, Transposed: true}, false, &w.scratch)
		for p := range places {
			from := k.from[p*k.kernel : (p+1)*k.kernel]
			for c := range perGroup {
				image := dx[(g*perGroup+c)*area:][:area]
				for j, v := range w.seen[p*inputs+c*k.kernel:][:len(from)] {
					if i := from[j]; i >= 0 {
						image[i] += v
					}
				}
			}
		}
	}
}
